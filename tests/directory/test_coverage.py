"""What a pack still lacks: each gap is seen where it is, and only there."""

from dataclasses import replace
from datetime import date

import pytest

from bot.codes import REPLY_LANGUAGES
from bot.directory.coverage import CORE_TOPICS, Gap, gaps, own_services
from bot.directory.records import Directory, OutcodeRecord, PlaceRecord, ServiceRecord
from tests.builders import a_place, a_service, the_catalogues

TODAY = date(2026, 11, 26)
ENGLAND = a_place("england", "England", "nation", inside=False)


def spelt(place: PlaceRecord) -> PlaceRecord:
    return replace(place, spellings=dict.fromkeys(REPLY_LANGUAGES, (place.name,)))


WOLDSHIRE = spelt(a_place("woldshire", "Woldshire", "county", ENGLAND))
NORTHWOLD, SOUTHWOLD = (spelt(a_place(name.lower(), name, "district", WOLDSHIRE)) for name in ("Northwold", "Southwold"))
WHOLE = (
    a_service("library", topics=CORE_TOPICS, serves=("Woldshire",), regulated_by="IAA level 1", leads={"human": 1}),
    a_service("north", kind="council", serves=("Northwold",), leads={"housing": 1}),
    a_service("south", kind="council", serves=("Southwold",), leads={"housing": 1}),
)


def a_directory(*services: ServiceRecord, places: tuple[PlaceRecord, ...] = (WOLDSHIRE, NORTHWOLD, SOUTHWOLD)) -> Directory:
    checked = tuple(replace(service, checked_on=date(2026, 11, 1)) for service in services)
    outcodes = {"WO1": OutcodeRecord("WO1", ("northwold",), ())}
    return Directory(WOLDSHIRE, checked, (), {place.key: place for place in (ENGLAND, *places)}, outcodes, "digest")


def test_a_whole_pack_lacks_nothing() -> None:
    assert gaps(a_directory(*WHOLE), TODAY) == []


def test_a_topic_without_a_service_names_the_districts() -> None:
    only_north = replace(WHOLE[0], topics=frozenset(CORE_TOPICS) - {"esol"})
    services = (only_north, *WHOLE[1:], a_service("class", topics=("esol",), serves=("Northwold",)))
    assert gaps(a_directory(*services), TODAY) == [Gap("topic_nothing", {"topic": "esol", "places": "Southwold"})]


def test_help_for_the_whole_nation_is_told_apart_from_help_nearby() -> None:
    national = a_service("helpline", topics=CORE_TOPICS, serves=("England",), regulated_by="SRA")
    found = gaps(a_directory(*WHOLE[1:], national, a_service("desk", topics=(), serves=("Woldshire",), leads={"human": 1})), TODAY)
    assert [gap.values["topic"] for gap in found] == ["esol", "nrpf", "legal", "library"]
    assert {gap.what for gap in found} == {"topic_national"}
    assert own_services(a_directory(national)) == []


def test_nobody_to_send_people_to_is_a_gap_and_so_is_somebody_who_cannot_be_reached() -> None:
    nobody = replace(WHOLE[0], leads={})
    assert gaps(a_directory(nobody, *WHOLE[1:]), TODAY) == [Gap("no_person")]
    silent = replace(WHOLE[0], phones=(), email="")
    assert gaps(a_directory(silent, *WHOLE[1:]), TODAY) == [Gap("person_unreachable", {"name": silent.name})]


@pytest.mark.parametrize(
    "south", [replace(WHOLE[2], leads={}), replace(WHOLE[2], kind="charity"), replace(WHOLE[2], phones=())], ids=["lead", "kind", "phone"]
)
def test_a_district_without_a_housing_team_to_call_is_a_gap(south: ServiceRecord) -> None:
    assert gaps(a_directory(*WHOLE[:2], south), TODAY) == [Gap("no_council", {"places": "Southwold"})]


def test_a_county_without_districts_and_postcodes_is_a_gap() -> None:
    county = replace(a_directory(WHOLE[0], replace(WHOLE[1], serves=("Woldshire",)), places=(WOLDSHIRE,)), outcodes={})
    assert gaps(county, TODAY) == [Gap("no_districts"), Gap("no_postcodes")]
    elsewhere = replace(a_directory(*WHOLE), outcodes={"XX1": OutcodeRecord("XX1", ("outside",), ())})
    assert gaps(elsewhere, TODAY) == [Gap("no_postcodes")]


def test_places_that_are_not_spelt_are_counted_by_language() -> None:
    bare = replace(SOUTHWOLD, spellings={**SOUTHWOLD.spellings, "ar": ()})
    assert gaps(a_directory(*WHOLE, places=(WOLDSHIRE, NORTHWOLD, bare)), TODAY) == [
        Gap("no_spellings", {"code": "ar", "count": 1, "all": 3})
    ]


def test_services_that_nobody_sees_reaches_or_checked_are_named_or_counted() -> None:
    hidden = a_service("hidden", "Hidden", topics=("legal",), serves=("Woldshire",))
    silent = replace(a_service("silent", "Silent", phone="", serves=("Woldshire",)), email="", url="")
    directory = a_directory(*WHOLE, hidden, silent)
    unchecked = replace(directory, services=(replace(directory.services[0], checked_on=None), *directory.services[1:]))
    assert gaps(unchecked, TODAY) == [
        Gap("legal_hidden", {"names": "Hidden"}),
        Gap("unreachable", {"names": "Silent"}),
        Gap("unchecked", {"count": 1, "all": 5}),
    ]


def test_every_gap_has_words() -> None:
    empty = Directory(WOLDSHIRE, (), (), {"woldshire": replace(WOLDSHIRE, spellings={})}, {}, "digest")
    kinds = {gap.what: gap for gap in gaps(empty, TODAY)}
    assert "no_services" in kinds
    for gap in kinds.values():
        assert "{" not in the_catalogues().say("en", f"officer.area.gap.{gap.what}", **gap.values)
