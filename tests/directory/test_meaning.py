"""Search by meaning: what is never shown, however near it is."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.directory.meaning import MeaningIndex
from bot.directory.records import Directory, GuidanceRecord, ServiceRecord
from bot.understanding.embedding import Embedder
from tests.builders import a_place, a_service, a_statement

TODAY = date(2026, 11, 26)
OLD = date(2024, 1, 1)
WOLDSHIRE = a_place("woldshire", "Woldshire", "county")
FIRM = replace(a_service("firm", topics=("legal",), regulated_by="SRA", serves=("Woldshire",)), checked_on=TODAY)
RIGHT = replace(a_statement("right", topics={"legal": 1}), checked_on=TODAY)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def nearest(embedder: Embedder, folder: Path, service: ServiceRecord, statement: GuidanceRecord) -> list[str]:
    """Give what is found by a message that means what a service and a statement say."""
    places = {"woldshire": WOLDSHIRE}
    directory = Directory(area=WOLDSHIRE, services=(service,), guidance=(statement,), places=places, outcodes={}, digest="x")
    index = MeaningIndex(directory, embedder, folder / "meaning.npz")
    found = [index.closest(vector, directory, None, TODAY) for vector in index.vectors]
    return [found[0].services[0].key if found[0].services else "", found[1].guidance[0].key if found[1].guidance else ""]


def test_overdue_help_with_the_law_and_what_is_not_in_force_is_not_shown_for_being_near(embedder: Embedder, tmp_path: Path) -> None:
    assert nearest(embedder, tmp_path, FIRM, RIGHT) == ["firm", "right"]
    assert nearest(embedder, tmp_path, replace(FIRM, checked_on=OLD), RIGHT) == ["", "right"]
    assert nearest(embedder, tmp_path, FIRM, replace(RIGHT, checked_on=OLD)) == ["firm", ""]
    assert nearest(embedder, tmp_path, FIRM, replace(RIGHT, valid_until=OLD)) == ["firm", ""]
