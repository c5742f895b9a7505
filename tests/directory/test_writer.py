"""Objects as rows again: what was read from the sheets is written as it stood."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS
from bot.directory.writer import KEY_COLUMN, KIND_OF, PLACE, SERVICE, SHEETS_OF, Cells, read_rows
from bot.settings import ROOT
from tests.builders import Pack

DATA = ROOT / "data"


def rows_on_disk(sheet: str, area: str) -> Iterator[Cells]:
    """Give the rows of a sheet as they stand in the product's own packs, empty cells left out."""
    folders = [DATA / "directory" / "england", DATA / "directory" / area]
    paths = sorted((DATA / "guidance").glob("*.csv")) if sheet == "guidance.csv" else [folder / sheet for folder in folders]
    for path in paths:
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    yield {column: cell.strip() for column, cell in row.items() if cell.strip()}


@pytest.mark.parametrize("area", ["cambridgeshire", "lewisham"])
def test_the_real_packs_are_written_as_they_were_read(engine: Engine, area: str) -> None:
    load_pack(engine, area)
    written: dict[str, list[Cells]] = {}
    with Session(engine, future=True) as session:
        for kind in SHEETS_OF:
            for _, rows in read_rows(session, kind):
                for sheet, cells in rows.items():
                    written.setdefault(sheet, []).extend(cells)
    for sheet in set(COLUMNS) - {"gazetteer.csv"}:
        on_disk = list(rows_on_disk(sheet, area))
        assert sorted(map(repr, (sorted(row.items()) for row in written.get(sheet, [])))) == sorted(
            map(repr, (sorted(row.items()) for row in on_disk))
        ), sheet


def test_of_the_gazetteer_what_is_inside_the_area_is_written(tmp_path: Path, engine: Engine) -> None:
    Pack(tmp_path).load(engine)
    with Session(engine, future=True) as session:
        assert [key for key, _ in read_rows(session, PLACE)] == ["brigg", "northwold", "southwold", "woldshire"]


def test_cells_are_written_in_one_form_however_they_were_typed(tmp_path: Path, engine: Engine) -> None:
    pack = Pack(tmp_path).service(checked_on="22/11/2026", min_age="16.0", languages="uk; ar ", area="Woldshire;Brigg", area_code="")
    pack.address(latitude="52.20530", longitude="-0.50").times(date="1/1/2027", days="", freq="").load(engine)
    with Session(engine, future=True) as session:
        [(key, rows)] = read_rows(session, SERVICE)
    service = rows["services.csv"][0]
    assert key == "advice_desk"
    assert (service["checked_on"], service["min_age"], service["languages"], service["area"]) == (
        "2026-11-22",
        "16",
        "uk;ar",
        "Woldshire;Brigg",
    )
    assert (rows["places.csv"][0]["latitude"], rows["places.csv"][0]["longitude"]) == ("52.2053", "-0.5")
    assert rows["times.csv"][0]["date"] == "2027-01-01"


def test_some_records_can_be_asked_for(tmp_path: Path, engine: Engine) -> None:
    Pack(tmp_path).service().service(key="tea_room").service(key="late_desk").load(engine)
    with Session(engine, future=True) as session:
        assert [key for key, _ in read_rows(session, SERVICE, ["tea_room", "advice_desk", "nothing"])] == ["advice_desk", "tea_room"]


def test_every_sheet_belongs_to_one_kind_and_has_its_key() -> None:
    assert set(KIND_OF) == set(COLUMNS)
    for sheet, column in KEY_COLUMN.items():
        assert column in COLUMNS[sheet]
