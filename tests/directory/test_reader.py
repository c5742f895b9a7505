"""Rows that become the directory's objects: what no database could hold, or no page could show, is told before anything is written."""

from datetime import datetime, timezone
from typing import Any

import pytest

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


def read(sheet: str = "", **cells: str) -> tuple[list[Any], list[Problem]]:
    """Read a sound row of every sheet, with ``cells`` in that of ``sheet``."""
    problems: list[Problem] = []
    rows = {}
    for name, sound in SOUND.items():
        whole = {**dict.fromkeys(COLUMNS[name], ""), "source": "their letter", "public": "yes", **sound, **(cells if name == sheet else {})}
        rows[name] = [Row(name, 2, {column: whole[column] for column in COLUMNS[name]}, problems)]
    return RowReader(rows, problems, NOW).read(), problems


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
