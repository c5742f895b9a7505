"""Which statements are made about a need in a place: never a pledge without its limit, nothing local elsewhere."""

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.codes import NEEDS
from bot.directory.records import Directory, GuidanceRecord, PlaceRecord
from bot.directory.search import find_guidance
from bot.settings import ROOT
from tests.builders import Pack, a_place, a_statement

PLEDGE = ["rf168", "rf169", "rf170"]
"""What the pledge is, for whom it is, and its limit: the council still gives information where the law says so."""
PLACES = (None, "Cambridgeshire", "Cambridge", "Fenland", "Wisbech", "Cambourne", "Ely", "Huntingdon", "Peterborough", "Norwich")

TODAY = date(2026, 11, 26)
ENGLAND = a_place("england", "England", "nation", inside=False)
WOLDSHIRE = a_place("woldshire", "Woldshire", "county", ENGLAND)
NORTHWOLD = a_place("northwold", "Northwold", "district", WOLDSHIRE)
SOUTHWOLD = a_place("southwold", "Southwold", "district", WOLDSHIRE)


def saying(*statements: GuidanceRecord) -> Directory:
    places = {place.key: place for place in (ENGLAND, WOLDSHIRE, NORTHWOLD, SOUTHWOLD)}
    return Directory(area=WOLDSHIRE, services=(), guidance=statements, places=places, outcodes={}, digest="")


def place(directory: Directory, name: str | None) -> PlaceRecord | None:
    found = directory.place_named(name) if name else None
    assert bool(found) == bool(name)
    return found


def keys(statements: tuple[GuidanceRecord, ...]) -> list[str]:
    return [statement.key for statement in statements]


def pledged(statements: tuple[GuidanceRecord, ...]) -> list[str]:
    return [key for key in keys(statements) if key in PLEDGE]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("topic", [*NEEDS, "language"])
@pytest.mark.parametrize("tonight", [False, True])
def test_the_pledge_comes_whole_and_in_order_with_nothing_between_or_not_at_all(
    directory: Directory, topic: str, name: str | None, tonight: bool
) -> None:
    found = keys(find_guidance(directory, topic, place(directory, name), TODAY, tonight=tonight))
    if set(found) & set(PLEDGE):
        start = found.index(PLEDGE[0])
        assert found[start : start + 3] == PLEDGE


def test_somebody_in_the_county_who_asks_whether_it_is_safe_is_told_the_pledge_and_its_limit(directory: Directory) -> None:
    assert pledged(find_guidance(directory, "trust", place(directory, "Wisbech"), TODAY)) == PLEDGE
    assert pledged(find_guidance(directory, "trust", None, TODAY)) == PLEDGE


def test_somebody_outside_the_county_is_not_told_its_pledge(directory: Directory) -> None:
    assert pledged(find_guidance(directory, "trust", place(directory, "Peterborough"), TODAY)) == []


def test_when_the_limit_is_out_of_date_the_pledge_is_not_made_without_it(directory: Directory) -> None:
    ended = tuple(replace(g, valid_until=date(2026, 1, 1)) if g.key == "rf170" else g for g in directory.guidance)
    found = find_guidance(replace(directory, guidance=ended), "trust", None, date(2026, 11, 23))
    assert pledged(found) == []


def test_when_an_officer_takes_the_limit_back_the_pledge_goes_with_it(tmp_path: Path, engine: Engine) -> None:
    pack = Pack(tmp_path / "packs").statement("aim", topics="trust", positions="1", statement="An aim.", together="pledge")
    pack.statement("limit", topics="trust", positions="2", statement="Its limit.", together="pledge", public="no")
    assert find_guidance(pack.read(engine), "trust", None, TODAY) == ()


def test_another_statement_never_comes_between_those_that_belong_together() -> None:
    directory = saying(
        a_statement("aim", topics={"trust": 2}, together="pledge"),
        a_statement("other", topics={"trust": 2}),
        a_statement("limit", topics={"trust": 4}, together="pledge"),
        a_statement("first", topics={"trust": 1}),
    )
    found = keys(find_guidance(directory, "trust", None, TODAY))
    assert found[0] == "first"
    assert found.index("limit") == found.index("aim") + 1


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("topic", [*NEEDS, "language"])
def test_a_local_statement_is_made_only_in_its_area(directory: Directory, topic: str, name: str | None) -> None:
    where = place(directory, name) or directory.area
    for statement in find_guidance(directory, topic, where, TODAY, tonight=True):
        assert not statement.area or statement.area in where.within, statement.key


def test_a_statement_of_one_district_is_not_made_for_the_county_nor_for_another_district() -> None:
    directory = saying(a_statement(area="Northwold"))
    assert keys(find_guidance(directory, "housing", NORTHWOLD, TODAY)) == ["st1"]
    for where in (None, WOLDSHIRE, SOUTHWOLD, ENGLAND):
        assert find_guidance(directory, "housing", where, TODAY) == ()


def test_a_statement_kept_from_the_public_is_made_nowhere(directory: Directory) -> None:
    kept_back = set()
    for path in (ROOT / "data" / "guidance").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            kept_back |= {row["key"] for row in csv.DictReader(file) if row["public"] != "yes"}
    assert kept_back
    made = {g.key for p in PLACES for t in NEEDS for g in find_guidance(directory, t, place(directory, p), TODAY, tonight=True)}
    assert made
    assert not made & kept_back


def test_statements_come_in_the_order_of_the_topic_that_is_asked_about() -> None:
    directory = saying(
        a_statement("a", topics={"housing": 2, "food": 1}),
        a_statement("b", topics={"housing": 1, "food": 2}),
        a_statement("c", topics={"work": 1}),
    )
    assert keys(find_guidance(directory, "housing", None, TODAY)) == ["b", "a"]
    assert keys(find_guidance(directory, "food", None, TODAY)) == ["a", "b"]


def test_a_statement_is_made_only_while_it_holds() -> None:
    directory = saying(a_statement(valid_from=date(2026, 11, 1), valid_until=date(2026, 11, 30)))
    assert find_guidance(directory, "housing", None, date(2026, 10, 31)) == ()
    assert len(find_guidance(directory, "housing", None, date(2026, 11, 30))) == 1
    assert find_guidance(directory, "housing", None, date(2026, 12, 1)) == ()


def test_what_is_for_tonight_comes_first_the_nearest_ahead_and_on_other_days_not_at_all() -> None:
    directory = saying(
        a_statement("always", topics={"housing": 1}),
        a_statement("tonight", topics={"housing": 3}, urgent="homeless_tonight"),
        a_statement("tonight_here", topics={"housing": 9}, urgent="homeless_tonight", area="Northwold"),
    )
    assert keys(find_guidance(directory, "housing", NORTHWOLD, TODAY, tonight=True)) == ["tonight_here", "tonight", "always"]
    assert keys(find_guidance(directory, "housing", NORTHWOLD, TODAY)) == ["always"]


def test_every_need_has_something_to_say_in_the_county(directory: Directory) -> None:
    assert [topic for topic in NEEDS if not find_guidance(directory, topic, None, TODAY)] == []
