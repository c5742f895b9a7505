"""The directory in memory: what may be shown is in it, and what may not is nowhere in it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.directory.records import Directory, directory_version, read_directory
from tests.builders import Pack, a_place, a_schedule, a_statement


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path / "packs")


SECRETS: list[tuple[str, Callable[[Pack], Pack]]] = [
    ("service", lambda p: p.service(key="hidden", name="SECRET", public="no")),
    ("statement", lambda p: p.statement(statement="SECRET", public="no")),
    ("address", lambda p: p.address(name="SECRET", public="no")),
    ("opening", lambda p: p.times(notes="SECRET", public="no")),
    ("organisation", lambda p: p.organisation(key="hush", name="SECRET", public="no").service(key="open", organisation="hush")),
    ("note of a service", lambda p: p.service(key="open", note="SECRET")),
    ("note of a statement", lambda p: p.statement(note="SECRET")),
    ("note of an address", lambda p: p.address(note="SECRET")),
    ("note of an opening", lambda p: p.times(note="SECRET")),
    ("person to contact", lambda p: p.service(key="open", contact_name="SECRET", contact_email="SECRET@example.org")),
    ("officer who checked", lambda p: p.service(key="open", checked_by="SECRET@example.org")),
    ("postal address", lambda p: p.address(location_type="postal", address_1="SECRET")),
    ("defunct service", lambda p: p.service(key="gone", name="SECRET", status="defunct")),
    ("inactive service", lambda p: p.service(key="rests", name="SECRET", status="inactive")),
    ("unsure telephone number", lambda p: p.service(key="open", phone="01223 555123", phone_note="SECRET", unsure="phone")),
    (
        "unsure number beside another unsure field",
        lambda p: p.service(key="open", phone="01223 555123", phone_note="SECRET", unsure="hours;phone"),
    ),
    (
        "unsure night number",
        lambda p: p.service(key="open", out_of_hours_phone="01223 555123", out_of_hours_note="SECRET", unsure="out_of_hours_phone"),
    ),
]


@pytest.mark.parametrize("write", [secret[1] for secret in SECRETS], ids=[secret[0] for secret in SECRETS])
def test_what_is_not_for_the_public_never_reaches_the_directory(pack: Pack, engine: Engine, write: Callable[[Pack], Pack]) -> None:
    directory = write(pack.service()).read(engine)
    assert directory.service("advice_desk") is not None
    assert "SECRET" not in repr(directory)


def test_an_unsure_telephone_number_takes_nothing_else_of_its_service_away(pack: Pack, engine: Engine) -> None:
    service = pack.service(phone="01223 555123", url="https://example.org", unsure="phone").read(engine).service("advice_desk")
    assert service is not None
    assert service.phones == ()
    assert service.url == "https://example.org"


def test_a_service_has_all_that_its_sheets_say(pack: Pack, engine: Engine) -> None:
    pack.service(
        phone="01223 555123",
        phone_note="ask for the desk",
        out_of_hours_phone="01223 555124",
        service_types="housing;food;homeless_tonight",
        area="Northwold;Brigg",
        languages="uk;ar",
        cost="free",
        eligibility_text="Everybody.",
        regulated_by="IAA level 1",
        checked_on="20/11/2026",
    )
    pack.address(name="Old Mill", city="Brigg", postcode="DN20 8AA").times(opens="09:30", closes="12:00", notes="term time")
    pack.times(date="2026-12-24", days="", freq="", opens="", closes="").lead("food", "2")
    service = pack.read(engine).service("advice_desk")
    assert service is not None
    assert [(phone.number, phone.description, phone.out_of_hours) for phone in service.phones] == [
        ("01223 555123", "ask for the desk", False),
        ("01223 555124", "", True),
    ]
    assert service.topics == {"housing", "food", "homeless_tonight"}
    assert service.serves == ("Northwold", "Brigg")
    assert service.languages == ("uk", "ar")
    assert service.organization == "Advice Desk Trust"
    assert service.regulated_by == "IAA level 1"
    assert service.checked_on == date(2026, 11, 20)
    assert service.leads == {"food": 2}
    assert [(address.text, address.city) for address in service.addresses] == [("Old Mill, 1 Mill Lane, Brigg, DN20 8AA", "Brigg")]
    assert [(opening.days, opening.opens, opening.notes, opening.on) for opening in service.schedules] == [
        (("MO", "WE"), "09:30", "term time", None),
        ((), "", "", date(2026, 12, 24)),
    ]


def test_no_address_says_the_same_thing_twice(directory: Directory) -> None:
    for service in directory.services:
        for address in service.addresses:
            parts = address.text.split(", ")
            assert len(parts) == len(set(parts)), address.text


def test_before_anything_is_loaded_the_version_is_empty_and_afterwards_it_follows_the_sheets(pack: Pack, engine: Engine) -> None:
    assert directory_version(engine) == ""
    first = pack.service().read(engine)
    assert directory_version(engine) == first.digest != ""
    pack.service(key="tea_room")
    assert directory_version(engine) == first.digest


def test_a_place_names_all_that_contains_it_nearest_first(pack: Pack, engine: Engine) -> None:
    pack.place_name("york", "York", "city", "england", pack="england").place_name("fulford", "Fulford", "village", "york", pack="england")
    directory = pack.read(engine)
    brigg, fulford = directory.place_named("Brigg"), directory.place_named("Fulford")
    assert brigg is not None
    assert fulford is not None
    assert brigg.within == ("Brigg", "Northwold", "Woldshire", "England")
    assert brigg.inside
    assert not fulford.inside
    assert directory.place_named("Atlantis") is None


def test_a_neighbour_that_the_area_lists_as_its_own_is_inside_with_all_it_contains(pack: Pack, engine: Engine) -> None:
    pack.place_name("york", "York", "district", "england").place_name("fulford", "Fulford", "village", "york", pack="england")
    fulford = pack.read(engine).place_named("Fulford")
    assert fulford is not None
    assert fulford.inside
    assert "Woldshire" not in fulford.within


def test_places_that_contain_each_other_by_mistake_do_not_hang_the_reading(pack: Pack, engine: Engine) -> None:
    pack.place_name("left", "Left", "town", "right").place_name("right", "Right", "town", "left")
    left = pack.read(engine).place_named("Left")
    assert left is not None
    assert left.within == ("Left", "Right")


def test_the_districts_of_an_area_come_in_the_order_of_their_names(directory: Directory) -> None:
    assert [district.name for district in directory.districts()] == [
        "Cambridge",
        "East Cambridgeshire",
        "Fenland",
        "Huntingdonshire",
        "South Cambridgeshire",
    ]


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "Wisbech"),
        ("uk", "Вісбіч"),
        ("fa", "ویسبچ"),
        ("zh-Hant", "威斯貝奇"),
        ("fr", "Wisbech"),
        ("", "Wisbech"),
        ("pl", "Wisbech"),
        ("so", "Wisbech"),
    ],
)
def test_a_place_is_called_as_its_readers_write_it_or_by_its_english_name(directory: Directory, language: str, name: str) -> None:
    wisbech = directory.place_named("Wisbech")
    assert wisbech is not None
    assert wisbech.local_name(language) == name


def test_it_is_said_by_its_english_name_with_the_local_one_after_it(directory: Directory) -> None:
    wisbech, london = directory.place_named("Wisbech"), directory.place_named("London")
    assert wisbech is not None
    assert london is not None
    assert [wisbech.said_in(language) for language in ("en", "uk", "ro")] == ["Wisbech", "Wisbech (Вісбіч)", "Wisbech"]
    assert [london.said_in(language) for language in ("en", "pl", "ro")] == ["London", "London (Londyn)", "London (Londra)"]


def test_a_place_without_spellings_keeps_its_english_name_in_every_language() -> None:
    assert a_place("brigg", "Brigg", "town").local_name("ar") == "Brigg"


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 8, 31), False), (date(2026, 9, 1), True), (date(2026, 12, 18), True), (date(2026, 12, 19), False)],
)
def test_the_first_and_the_last_day_belong_to_the_time_something_holds(day: date, holds: bool) -> None:
    opening = a_schedule(valid_from=date(2026, 9, 1), valid_to=date(2026, 12, 18))
    statement = a_statement(valid_from=date(2026, 9, 1), valid_until=date(2026, 12, 18))
    assert opening.in_force(day) is holds
    assert statement.in_force(day) is holds


def test_what_has_no_dates_always_holds() -> None:
    assert a_schedule().in_force(date(1990, 1, 1))
    assert a_statement().in_force(date(2090, 1, 1))


def test_a_directory_read_twice_is_the_same_and_in_the_same_order(pack: Pack, engine: Engine) -> None:
    for key in ("b_desk", "a_desk", "c_desk"):
        pack.service(key=key).statement(key=f"st_{key}")
    first = pack.read(engine)
    assert read_directory(engine) == first
    assert [service.name for service in first.services] == ["A Desk", "B Desk", "C Desk"]


def test_a_place_is_in_one_district_or_in_none_that_can_be_said(engine: Engine, pack: Pack) -> None:
    directory = pack.read(engine)
    names = ("Brigg", "Northwold", "Woldshire", "England", "Atlantis", "", None)
    assert [directory.district_of(name) for name in names] == ["northwold", "northwold", "", "", "", "", ""]
