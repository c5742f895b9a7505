"""The map of gaps: what there is for each topic in each district, and in a language, by the records alone."""

from dataclasses import replace
from datetime import date

import pytest

from bot.codes import INTERPRETER_FOR, NEEDS
from bot.directory.gaps import BY_INTERPRETER, FROM_AFAR, NONE, SOME, Cell, gap_map
from bot.directory.records import Directory, ServiceRecord
from bot.directory.search import find_services
from tests.builders import a_place, a_service

TODAY = date(2026, 11, 26)
ENGLAND = a_place("england", "England", "nation", inside=False)
COUNTY = a_place("woldshire", "Woldshire", "county", ENGLAND)
NORTH, SOUTH = a_place("north", "Northwold", "district", COUNTY), a_place("south", "Southwold", "district", COUNTY)
BRIGG = a_place("brigg", "Brigg", "town", NORTH)


def a_directory(*services: ServiceRecord) -> Directory:
    places = {place.key: place for place in (ENGLAND, COUNTY, NORTH, SOUTH, BRIGG)}
    return Directory(COUNTY, services, (), places, {}, "digest")


def cells(directory: Directory, topic: str, language: str = "") -> tuple[Cell, ...]:
    return gap_map(directory, language)[NEEDS.index(topic)]


def states(directory: Directory, topic: str, language: str = "") -> list[str]:
    return [cell.state for cell in cells(directory, topic, language)]


@pytest.mark.parametrize(
    ("serves", "told"),
    [
        (("Northwold",), [SOME, NONE]),
        (("Brigg",), [SOME, NONE]),
        (("Woldshire",), [SOME, SOME]),
        (("England",), [FROM_AFAR, FROM_AFAR]),
        (("Elsewhere",), [NONE, NONE]),
        (("England", "Southwold"), [FROM_AFAR, SOME]),
    ],
)
def test_a_square_tells_whether_what_there_is_is_near(serves: tuple[str, ...], told: list[str]) -> None:
    assert states(a_directory(a_service(serves=serves)), "housing") == told


def test_what_is_closed_for_a_while_or_may_not_be_shown_fills_no_gap() -> None:
    closed = a_service(status="temporarily closed", serves=("Woldshire",))
    unregulated = a_service(topics=("legal",), serves=("Woldshire",))
    assert states(a_directory(closed), "housing") == [NONE, NONE]
    assert states(a_directory(unregulated), "legal") == [NONE, NONE]
    assert states(a_directory(a_service(topics=("legal",), serves=("Woldshire",), regulated_by="SRA")), "legal") == [SOME, SOME]


def test_in_a_language_what_speaks_it_counts_and_what_has_interpreters() -> None:
    speaks = replace(a_service("speaks", serves=("Northwold",)), languages=("uk",))
    interprets = replace(a_service("interprets", serves=("Woldshire",)), interpretation_services="telephone interpreters")
    neither = a_service("neither", serves=("Woldshire",))
    directory = a_directory(speaks, interprets, neither)
    north, south = cells(directory, "housing", "uk")
    assert (north.state, north.services, north.speak) == (SOME, 2, 1)
    assert (south.state, south.services, south.speak) == (BY_INTERPRETER, 1, 0)
    assert states(a_directory(neither), "housing", "uk") == [NONE, NONE]
    assert states(a_directory(neither), "housing", "en") == [SOME, SOME]


def test_the_numbers_are_those_of_the_services_that_a_visitor_is_shown(directory: Directory) -> None:
    for row in gap_map(directory):
        for cell in row:
            found = find_services(directory, cell.topic, cell.district, TODAY).services
            assert cell.services == sum(service.status == "active" for service in found), (cell.topic, cell.district.name)


def test_the_real_directory_has_every_topic_and_district_and_gaps_in_some_language(directory: Directory) -> None:
    told = gap_map(directory)
    assert [row[0].topic for row in told] == list(NEEDS)
    assert {len(row) for row in told} == {len(directory.districts())}
    assert any(cell.state == NONE for code in INTERPRETER_FOR for row in gap_map(directory, code) for cell in row)
