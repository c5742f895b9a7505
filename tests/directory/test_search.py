"""Which services answer a need in a place, and in what order."""

from dataclasses import replace
from datetime import date

import pytest

from bot.codes import NEEDS
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import Directory, PlaceRecord, ServiceRecord
from bot.directory.search import find_services, search_words
from tests.builders import a_place, a_service

DISTRICTS = ("Cambridge", "East Cambridgeshire", "Fenland", "Huntingdonshire", "South Cambridgeshire")

TODAY = date(2026, 11, 26)
ENGLAND = a_place("england", "England", "nation", inside=False)
WOLDSHIRE = a_place("woldshire", "Woldshire", "county", ENGLAND)
NORTHWOLD = a_place("northwold", "Northwold", "district", WOLDSHIRE)
SOUTHWOLD = a_place("southwold", "Southwold", "district", WOLDSHIRE)
BRIGG = a_place("brigg", "Brigg", "town", NORTHWOLD)
CAISTOR = a_place("caistor", "Caistor", "town", NORTHWOLD)


def woldshire(*services: ServiceRecord) -> Directory:
    """A small county with two districts and two towns in one of them."""
    places = {place.key: place for place in (ENGLAND, WOLDSHIRE, NORTHWOLD, SOUTHWOLD, BRIGG, CAISTOR)}
    return Directory(area=WOLDSHIRE, services=services, guidance=(), places=places, outcodes={}, digest="")


def place(directory: Directory, name: str) -> PlaceRecord:
    found = directory.place_named(name)
    assert found is not None, name
    return found


def keys(services: tuple[ServiceRecord, ...] | list[ServiceRecord]) -> list[str]:
    return [service.key for service in services]


def found(directory: Directory, topic: str, where: PlaceRecord | None, anywhere: bool = False, tonight: bool = False) -> list[str]:
    return keys(find_services(directory, topic, where, TODAY, anywhere, tonight).services)


@pytest.mark.parametrize("district", DISTRICTS)
@pytest.mark.parametrize("topic", NEEDS)
def test_every_need_has_help_in_every_district(directory: Directory, topic: str, district: str) -> None:
    assert find_services(directory, topic, place(directory, district), TODAY).services


@pytest.mark.parametrize("topic", NEEDS)
@pytest.mark.parametrize("name", ["Wisbech", "Cambourne", "Arbury", "Peterborough", "Fenland", "Norwich"])
def test_nothing_is_given_that_serves_only_somewhere_else(directory: Directory, topic: str, name: str) -> None:
    where = place(directory, name)
    for service in find_services(directory, topic, where, TODAY).services:
        inside = {other.name for other in directory.places.values() if where.kind in ("district", "county") and where.name in other.within}
        assert set(service.serves) & {*where.within, *inside}, service.key


@pytest.mark.parametrize("topic", NEEDS)
def test_without_a_place_only_what_serves_the_whole_county_is_given(directory: Directory, topic: str) -> None:
    for service in find_services(directory, topic, None, TODAY).services:
        assert set(service.serves) & {"Cambridgeshire", "East of England", "England", "UK"}, service.key


def test_housing_in_wisbech_leads_with_its_council_and_then_shelter(directory: Directory) -> None:
    services = find_services(directory, "housing", place(directory, "Wisbech"), TODAY).services
    assert services[0].organization == "Fenland District Council"
    assert services[1].organization == "Shelter"


@pytest.mark.parametrize(
    ("town", "council"),
    [
        ("Cambourne", "South Cambridgeshire District Council"),
        ("Ely", "East Cambridgeshire District Council"),
        ("St Neots", "Huntingdonshire District Council"),
        ("Arbury", "Cambridge City Council"),
        ("March", "Fenland District Council"),
    ],
)
def test_housing_leads_with_the_council_of_the_town_and_names_no_other_council_s_housing_team(
    directory: Directory, town: str, council: str
) -> None:
    services = find_services(directory, "housing", place(directory, town), TODAY).services
    leading = [service.organization for service in services if service.kind == "council" and "housing" in service.leads]
    assert services[0].organization == council
    assert leading == [council]


@pytest.mark.parametrize("name", [None, *DISTRICTS, "Wisbech", "Peterborough"])
@pytest.mark.parametrize("anywhere", [False, True])
def test_legal_help_is_the_registers_and_never_a_body_whose_regulator_is_unknown(
    directory: Directory, name: str | None, anywhere: bool
) -> None:
    answer = find_services(directory, "legal", place(directory, name) if name else None, TODAY, anywhere)
    assert keys(answer.services)[:3] == ["find_immigration_adviser", "law_society_find_solicitor", "govuk_find_legal_aid"]
    for service in answer.services[3:]:
        assert service.regulated_by, service.key


def test_an_unregulated_body_is_left_out_of_legal_help_with_the_reason_and_stays_in_other_answers() -> None:
    directory = woldshire(a_service(topics=("legal", "housing"), serves=("Woldshire",)))
    legal = find_services(directory, "legal", None, TODAY)
    assert legal.services == ()
    assert [(left.service.key, left.reason) for left in legal.left_out] == [("advice_desk", "left_out.regulation_unknown")]
    assert found(directory, "housing", None) == ["advice_desk"]


def test_a_body_that_left_out_would_not_even_serve_the_place_is_not_named() -> None:
    directory = woldshire(a_service(topics=("legal",), serves=("Southwold",)))
    assert find_services(directory, "legal", BRIGG, TODAY).left_out == ()


@pytest.mark.parametrize("name", [None, "Cambridge", "Wisbech", "Ely"])
def test_looking_through_the_directory_for_legal_help_shows_no_unregulated_body_either(directory: Directory, name: str | None) -> None:
    hits = search_words(directory, "", TODAY, "legal", place(directory, name) if name else None)
    unknown = [service.key for service in hits if not service.regulated_by and "legal" not in service.leads]
    assert unknown == []


def test_leads_come_first_then_what_is_nearest_then_by_name() -> None:
    directory = woldshire(
        a_service("nation", "A nation", serves=("England",)),
        a_service("county", "A county", serves=("Woldshire",)),
        a_service("district", "A district", serves=("Northwold",)),
        a_service("town_b", "B town", serves=("Brigg",)),
        a_service("town_a", "A town", serves=("Brigg",)),
        a_service("second", "Second", serves=("England",), leads={"housing": 2}),
        a_service("first", "Zebra", serves=("England",), leads={"housing": 1}),
    )
    assert found(directory, "housing", BRIGG) == ["first", "second", "town_a", "town_b", "district", "county", "nation"]


def test_a_lead_of_another_district_does_not_come_at_all() -> None:
    directory = woldshire(a_service("south", serves=("Southwold",), leads={"housing": 1}), a_service("north", serves=("Northwold",)))
    assert found(directory, "housing", BRIGG) == ["north"]


def test_a_service_of_the_neighbouring_town_does_not_come() -> None:
    directory = woldshire(a_service("caistor", serves=("Caistor",)), a_service("both", serves=("Caistor", "Brigg")))
    assert found(directory, "housing", BRIGG) == ["both"]


def test_for_a_district_the_services_of_its_towns_come_after_those_of_the_whole_district() -> None:
    directory = woldshire(a_service("town", "A", serves=("Brigg",)), a_service("district", "B", serves=("Northwold",)))
    assert found(directory, "housing", NORTHWOLD) == ["district", "town"]
    assert found(directory, "housing", SOUTHWOLD) == []


def test_anywhere_takes_every_service_the_distant_ones_last() -> None:
    directory = woldshire(a_service("south", "A", serves=("Southwold",)), a_service("county", "B", serves=("Woldshire",)))
    assert found(directory, "housing", None) == ["county"]
    assert found(directory, "housing", None, anywhere=True) == ["county", "south"]


def test_tonight_those_who_help_people_with_nowhere_to_sleep_come_before_leads() -> None:
    directory = woldshire(
        a_service("lead", leads={"housing": 1}, serves=("Woldshire",)),
        a_service("bed", topics=(HOMELESS_TONIGHT,), serves=("Woldshire",)),
        a_service("bed_lead", topics=("housing", HOMELESS_TONIGHT), leads={"housing": 2}, serves=("Woldshire",)),
    )
    assert found(directory, "housing", BRIGG, tonight=True) == ["bed_lead", "bed", "lead"]
    assert found(directory, "housing", BRIGG)[0] == "lead"


def test_help_for_tonight_belongs_to_housing_and_to_no_other_topic() -> None:
    directory = woldshire(a_service("bed", topics=(HOMELESS_TONIGHT,), serves=("Woldshire",)))
    assert found(directory, "housing", None) == ["bed"]
    for topic in set(NEEDS) - {"housing"}:
        assert found(directory, topic, None) == []


def test_words_are_found_whatever_their_case_and_accents(directory: Directory) -> None:
    assert "library_bassingbourn" in keys(search_words(directory, "CAFÉ", TODAY))
    assert search_words(directory, "cafe", TODAY) == search_words(directory, "CAFÉ", TODAY)


def test_all_the_words_must_be_there_and_a_name_comes_before_a_description() -> None:
    directory = woldshire(
        a_service("described", "A room", description="Warm soup kitchen."),
        a_service("named", "Soup Kitchen", description="Warm."),
        a_service("half", "Kitchen fitters", description="No broth."),
    )
    assert keys(search_words(directory, "soup kitchen", TODAY)) == ["named", "described"]


def test_where_nothing_holds_a_word_what_is_spelt_alike_is_found() -> None:
    directory = woldshire(
        a_service("named", "Soup Kitchen", description="Warm."),
        a_service("described", "A room", description="A kitchen."),
        a_service("kitshen", "Old spelling", description="Kitshen."),
    )

    def alike(word: str) -> tuple[str, ...]:
        return {"kithen": ("kitchen", "kitshen"), "soup": ("broth",)}.get(word, ())

    assert search_words(directory, "kithen", TODAY) == []
    assert keys(search_words(directory, "kithen", TODAY, alike=alike)) == ["named", "described", "kitshen"]
    assert keys(search_words(directory, "soup kithen", TODAY, alike=alike)) == ["named"]
    assert keys(search_words(directory, "kitchen", TODAY, alike=lambda word: ("room",))) == ["named", "described"]
    assert search_words(directory, "room warm", TODAY, alike=lambda word: ("kitchen",)) == [], "each word is held by something"


def test_words_are_narrowed_by_topic_and_place() -> None:
    directory = woldshire(
        a_service("north", serves=("Northwold",), topics=("food",)),
        a_service("south", serves=("Southwold",), topics=("food",)),
        a_service("other", serves=("Northwold",), topics=("work",)),
    )
    assert keys(search_words(directory, "advice", TODAY, "food", BRIGG)) == ["north"]
    assert set(keys(search_words(directory, "advice", TODAY))) == {"north", "south", "other"}
    assert search_words(directory, "submarine", TODAY) == []


def test_a_service_is_found_by_the_place_it_serves() -> None:
    directory = woldshire(a_service("north", serves=("Northwold",)))
    assert keys(search_words(directory, "northwold", TODAY)) == ["north"]


def test_a_body_with_a_known_regulator_is_shown_for_legal_help(directory: Directory) -> None:
    service = directory.service("citizens_advice_rural_cambs")
    assert service is not None
    regulated = replace(service, regulated_by="IAA level 1")
    changed = replace(directory, services=tuple(regulated if s.key == service.key else s for s in directory.services))
    assert service.key in found(changed, "legal", place(directory, "Wisbech"))
    assert service.key not in found(changed, "legal", place(directory, "Cambridge"))


def test_help_with_the_law_that_is_overdue_is_not_found_by_words_where_it_answers_nothing_else() -> None:
    several = {"firm": ("legal",), "centre": ("legal", "food")}
    services = [a_service(key, topics=topics, regulated_by="SRA", serves=("Woldshire",)) for key, topics in several.items()]
    directory = woldshire(*(replace(service, checked_on=date(2024, 1, 1)) for service in services))
    assert keys(search_words(directory, "", TODAY)) == ["centre"]
    assert keys(search_words(directory, "", TODAY, "food")) == ["centre"]
    assert search_words(directory, "", TODAY, "legal") == []
    assert set(keys(search_words(directory, "", date(2024, 1, 2), "legal"))) == {"firm", "centre"}
