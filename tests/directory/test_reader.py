"""Rows that become the directory's objects: what no database could hold, or no page could show, is told before anything is written."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from sqlalchemy import String, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.database import Base
from bot.directory import models
from bot.directory.models import ID
from bot.directory.pack import DIRECTORY_TABLES
from bot.directory.reader import COLUMNS, RowReader
from bot.directory.sheets import Problem, Row
from bot.directory.writer import Cells

NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)
SOUND: dict[str, Cells] = {
    "organisations.csv": {"key": "trust", "name": "Trust"},
    "services.csv": {
        **{"key": "desk", "organisation": "trust", "name": "Desk", "description": "Advice.", "status": "active"},
        **{"service_types": "housing", "area": "Woldshire", "phone": "01223 555123", "languages": "uk"},
    },
    "places.csv": {"service": "desk", "key": "hall", "location_type": "physical"},
    "times.csv": {"service": "desk", "place": "hall", "days": "MO"},
    "leads.csv": {"topic": "housing", "position": "1", "service": "desk"},
    "terms.csv": {"key": "topic:housing", "taxonomy": "topic", "name": "Housing", "description": "Housing"},
    "gazetteer.csv": {"key": "woldshire", "name": "Woldshire", "kind": "county"},
    "postcodes.csv": {"outcode": "DN20", "districts": "woldshire"},
    "guidance.csv": {"key": "warm", "topics": "housing", "positions": "1", "statement": "Libraries are warm."},
}
"""A row of every sheet with which nothing is wrong."""


def read_all(cells: Mapping[str, Cells]) -> tuple[list[Any], list[Problem]]:
    """Read a sound row of every sheet, with ``cells`` in those of their sheets."""
    problems: list[Problem] = []
    rows = {}
    for name, sound in SOUND.items():
        whole = {**dict.fromkeys(COLUMNS[name], ""), "source": "their letter", "public": "yes", **sound, **cells.get(name, {})}
        rows[name] = [Row(name, 2, {column: whole[column] for column in COLUMNS[name]}, problems)]
    return RowReader(rows, problems, NOW).read(), problems


def read(sheet: str = "", **cells: str) -> tuple[list[Any], list[Problem]]:
    """Read a sound row of every sheet, with ``cells`` in that of ``sheet``."""
    return read_all({sheet: cells})


def test_a_sound_row_of_every_sheet_has_nothing_wrong() -> None:
    assert read()[1] == []


KEYED = [sheet for sheet, columns in COLUMNS.items() if "key" in columns]


@pytest.mark.parametrize("sheet", KEYED)
@pytest.mark.parametrize("key", ["new", "a b", "a/b", "a?b", "a;b", "кухня", "a\nb", "<b>", "a#b"])
def test_a_key_that_no_address_can_have_is_told(sheet: str, key: str) -> None:
    told = [problem for problem in read(sheet, key=key)[1] if problem.column == "key"]
    assert [(problem.file, problem.value) for problem in told] == [(sheet, key)]
    assert "letters a to z" in told[0]


@pytest.mark.parametrize("key", ["topic:housing", "or_1-2.3", "News", "renew"])
def test_a_key_of_letters_digits_and_marks_is_none_to_tell(key: str) -> None:
    assert read("guidance.csv", key=key)[1] == []


FILLED: dict[tuple[str, str], tuple[str, str]] = {
    ("organization", "key"): ("organisations.csv", "key"),
    ("organization", "kind"): ("organisations.csv", "kind"),
    ("organization", "charity_number"): ("organisations.csv", "charity_number"),
    ("organization", "company_number"): ("organisations.csv", "company_number"),
    ("service", "key"): ("services.csv", "key"),
    ("service", "status"): ("services.csv", "status"),
    ("service", "regulated_by"): ("services.csv", "regulated_by"),
    ("phone", "number"): ("services.csv", "phone"),
    ("language", "code"): ("services.csv", "languages"),
    ("service_area", "name"): ("services.csv", "area"),
    ("taxonomy_term", "key"): ("terms.csv", "key"),
    ("taxonomy_term", "taxonomy"): ("terms.csv", "taxonomy"),
    ("taxonomy_term", "parent"): ("terms.csv", "parent"),
    ("taxonomy_term", "code"): ("terms.csv", "code"),
    ("location", "key"): ("places.csv", "key"),
    ("location", "location_type"): ("places.csv", "location_type"),
    ("location", "uprn"): ("places.csv", "uprn"),
    ("location", "postal_code"): ("places.csv", "postcode"),
    ("location", "country"): ("places.csv", "country"),
    ("schedule", "freq"): ("times.csv", "freq"),
    ("schedule", "opens_at"): ("times.csv", "opens"),
    ("schedule", "closes_at"): ("times.csv", "closes"),
    ("lead", "topic"): ("leads.csv", "topic"),
    ("guidance", "key"): ("guidance.csv", "key"),
    ("guidance", "area"): ("guidance.csv", "area"),
    ("guidance", "urgent"): ("guidance.csv", "urgent"),
    ("guidance", "together"): ("guidance.csv", "together"),
    ("place", "key"): ("gazetteer.csv", "key"),
    ("place", "name"): ("gazetteer.csv", "name"),
    ("place", "kind"): ("gazetteer.csv", "kind"),
    ("place", "parent"): ("gazetteer.csv", "parent"),
    ("place", "ambiguous"): ("gazetteer.csv", "ambiguous"),
    ("outcode", "outcode"): ("postcodes.csv", "outcode"),
    **{
        (table, "confidence"): (sheet, "confidence")
        for table, sheet in (
            *(("organization", "organisations.csv"), ("service", "services.csv"), ("location", "places.csv")),
            *(("schedule", "times.csv"), ("taxonomy_term", "terms.csv"), ("guidance", "guidance.csv")),
        )
    },
}
"""The cell that fills each column of a limited length."""
OURS = {("attribute", "link_type"), ("loaded_pack", "area"), ("loaded_pack", "digest")}
"""Such columns that no cell fills, ids apart."""


def limits() -> dict[tuple[str, str], int]:
    """Give the length of every column that has one, but for ids."""
    return {
        (table.name, column.name): column.type.length
        for table in Base.metadata.sorted_tables
        if table.name in DIRECTORY_TABLES
        for column in table.columns
        if isinstance(column.type, String) and column.type.length and column.type is not ID
    }


def test_every_column_of_a_limited_length_is_tried() -> None:
    assert set(limits()) == {*FILLED, *OURS}


@pytest.mark.parametrize(("table", "column"), FILLED)
def test_a_cell_that_is_longer_than_its_column_is_told(table: str, column: str) -> None:
    sheet, cell = FILLED[table, column]
    length = limits()[table, column]
    # A telephone number may have any number of spaces.
    for value in ("x" * (length + 1), f"01223{' ' * length}555123"):
        assert cell in [problem.column for problem in read(sheet, **{cell: value})[1] if problem.file == sheet]


def whole_cells(longer: int) -> dict[str, Cells]:
    """Give cells of free text as long as their columns, and ``longer``."""
    free = ("kind", "charity_number", "company_number", "taxonomy", "code", "uprn", "together", "country")
    found: dict[str, Cells] = {}
    for name, (sheet, cell) in FILLED.items():
        if cell in free:
            found.setdefault(sheet, {})[cell] = "x" * (limits()[name] + longer)
    return found


def test_cells_as_long_as_their_columns_are_held_by_every_database_and_longer_ones_are_told(engine: Engine) -> None:
    with Session(engine, future=True) as session:
        objects, problems = read_all({**whole_cells(0), "leads.csv": {"position": "2147483647"}})
        assert problems == []
        session.add_all([one for one in objects if not isinstance(one, models.Service)])
        session.flush()
        session.add_all(objects)
        session.commit()
        assert session.execute(select(models.Location.uprn)).scalar_one() == "x" * 20
        assert session.execute(select(models.Lead.position)).scalar_one() == 2147483647
    told = {(problem.file, problem.column) for problem in read_all({**whole_cells(1), "leads.csv": {"position": "2147483648"}})[1]}
    assert told == {("leads.csv", "position"), *((sheet, cell) for sheet, cells in whole_cells(1).items() for cell in cells)}


@pytest.mark.parametrize("position", ["2147483648", "9" * 5000, "-1"])
@pytest.mark.parametrize(("sheet", "column"), [("leads.csv", "position"), ("guidance.csv", "positions")])
def test_a_position_that_no_column_holds_is_told(sheet: str, column: str, position: str) -> None:
    assert [problem.column for problem in read(sheet, **{column: position})[1]] == [column]
