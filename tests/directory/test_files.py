"""Files in and out: what a directory is written to can be read again, byte for byte, in every form."""

import io
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory import workbook
from bot.directory.files import export, gather, is_feed, read_files, read_sheets, sheet_of, write_csv, write_zip
from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS
from bot.directory.sheets import Problem, Row
from bot.directory.workbook import read_workbook, write_workbook
from bot.errors import PackError
from tests.builders import Pack

NASTY = [
    "=1+1",
    "+44 1223 555123",
    "-lunch",
    "@SUM(A1)",
    "'=1",
    "01223 555123",
    "a;b",
    'with "quotes", and\nlines',
    "Кав'ярня",
    "٣",
    "1e5",
    "TRUE",
]


def plain(rows: list[Row]) -> list[dict[str, str]]:
    return [{column: cell for column, cell in row.cells.items() if cell} for row in rows]


@pytest.mark.parametrize("form", ["folder", "book.xlsx", "sheets.zip"])
def test_what_is_written_is_read_as_it_was(tmp_path: Path, engine: Engine, form: str) -> None:
    load_pack(engine, "cambridgeshire")
    with Session(engine, future=True) as session:
        sheets = read_sheets(session)
        export(session, tmp_path / form)
    problems: list[Problem] = []
    read = read_files(gather(tmp_path / form), problems)
    assert problems == []
    assert {sheet: plain(rows) for sheet, rows in read.items()} == sheets


@pytest.mark.parametrize("write", [write_workbook, write_zip])
def test_the_same_rows_give_the_same_bytes(write: object, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets = {"organisations.csv": [{"key": "a", "name": "A"}]}
    first = write(sheets)  # type: ignore[operator]
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert write(sheets) == first  # type: ignore[operator]


@pytest.mark.parametrize("cell", NASTY)
def test_a_cell_comes_back_as_it_was_however_a_spreadsheet_would_take_it(cell: str) -> None:
    rows = [{"key": "a", "name": "A", "note": cell}]
    for name, content in (
        ("organisations.csv", write_csv("organisations.csv", rows)),
        ("b.xlsx", write_workbook({"organisations.csv": rows})),
    ):
        problems: list[Problem] = []
        assert plain(read_files([(name, content)], problems)["organisations.csv"]) == rows
        assert problems == []


@pytest.mark.parametrize("cell", NASTY[:4])
def test_no_cell_is_a_formula_in_a_workbook_or_at_the_start_of_a_csv_cell(cell: str) -> None:
    rows = [{"key": "a", "name": cell}]
    book = load_workbook(io.BytesIO(write_workbook({"organisations.csv": rows})))
    written = book["organisations"]["B2"]
    assert (written.data_type, written.value) == ("s", f"'{cell}")
    assert f",'{cell}," in write_csv("organisations.csv", rows).decode("utf-8-sig")


@pytest.mark.parametrize("mark", ["\x0b", "\0", "\ud800", "\ufffe"], ids=ascii)
def test_a_control_character_does_not_keep_a_directory_from_being_written_as_a_workbook(mark: str) -> None:
    problems: list[Problem] = []
    content = write_workbook({"organisations.csv": [{"key": "a", "name": f"Tea{mark}Room"}]})
    assert plain(read_workbook("b.xlsx", content, problems)["organisations.csv"]) == [{"key": "a", "name": "Tea Room"}]


def a_book(sheet: str, **cells: object) -> bytes:
    """A workbook as Excel keeps it: days, times and numbers as such."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    columns = COLUMNS[f"{sheet}.csv"]
    page.append(list(columns))
    page.append([cells.get(column) for column in columns])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def test_days_times_and_numbers_of_excel_are_read_as_the_sheets_have_them() -> None:
    cells = {
        "service": "a",
        "date": datetime.fromisoformat("2026-12-25"),
        "opens": time(9, 30),
        "closes": time(17),
        "public": "yes",
        "from": date(2027, 1, 1),
    }
    problems: list[Problem] = []
    [row] = read_workbook("t.xlsx", a_book("times", **cells), problems)["times.csv"]
    assert (row.day("date"), row.time("opens"), row.time("closes"), row.day("from")) == (
        date(2026, 12, 25),
        "09:30",
        "17:00",
        date(2027, 1, 1),
    )
    assert problems == []


def test_a_number_that_lost_its_zero_in_excel_is_told_and_not_guessed() -> None:
    problems: list[Problem] = []
    [row] = read_workbook("t.xlsx", a_book("services", key="a", phone=1223555123), problems)["services.csv"]
    row.phone("phone")
    assert "t.xlsx, sheet services, row 2, column phone: '1223555123'" in problems[0]
    assert "leading 0" in problems[0]


def test_a_formula_in_a_workbook_is_told() -> None:
    problems: list[Problem] = []
    read_workbook("t.xlsx", a_book("services", key="a", name="=A2"), problems)
    assert "column name: '=A2': this is a formula" in problems[0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"not a workbook", write_zip({"organisations.csv": []})[:-40]])
def test_a_broken_workbook_or_zip_is_told_and_is_no_crash(content: bytes) -> None:
    for name in ("t.xlsx", "t.zip"):
        problems: list[Problem] = []
        assert read_files([(name, content)], problems) == {}
        assert problems[0].startswith(f"{name}: ")


def packed(**files: str | bytes) -> bytes:
    """A zip file; ``__`` in a name stands for a dot."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(name.replace("__", "."), content)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [packed(), packed(readme__txt="hello"), packed(book__xlsx=write_workbook({"organisations.csv": []}))],
    ids=["empty", "a letter", "a workbook"],
)
def test_a_zip_with_nothing_of_use_is_told(content: bytes) -> None:
    problems: list[Problem] = []
    assert read_files([("t.zip", content)], problems) == {}
    assert problems == [
        "t.zip: no CSV and no JSON file is in this zip file: put the sheets or the feed's pages in it, or give a workbook by itself."
    ]


SERVICE = '{"id": "1", "name": "Tea", "status": "active"}'


@pytest.mark.parametrize("ending", [".json", ".ndjson", ".jsonl", ".JSONL"])
def test_a_feed_is_read_whatever_its_pages_are_called(tmp_path: Path, ending: str) -> None:
    problems: list[Problem] = []
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / f"page{ending}").write_text(SERVICE)
    for files in ([("t.zip", packed(**{f"page{ending}": SERVICE}))], [(f"page{ending}", SERVICE.encode())], gather(tmp_path / "feed")):
        assert all(is_feed(name, content) for name, content in files)
        assert [row.text("key") for row in read_files(files, problems)["services.csv"]] == ["or_1"]
    assert problems == []


HEADER = ",".join(COLUMNS["leads.csv"])


def test_a_sheet_with_the_line_ends_of_old_macs_is_read() -> None:
    problems: list[Problem] = []
    content = f"{HEADER}\rhousing,1,desk\rfood,2,desk\r".encode()
    rows = read_files([("export.csv", content)], problems)["leads.csv"]
    assert problems == []
    assert [row.text("topic") for row in rows] == ["housing", "food"]


@pytest.mark.parametrize("name", ["leads.csv", "export.csv", "t/leads.csv"])
@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\nhousing,1,d\0\n",
        "topic\0,position,service\nhousing,1,d\n",
        f"{'x' * 140_000},{HEADER}\n",
        f"{HEADER}\n{'x' * 140_000},1,d\n",
    ],
    ids=["NUL", "NUL in the first row", "a huge first row", "a huge cell"],
)
def test_a_sheet_that_no_reader_of_csv_takes_is_told(name: str, content: str) -> None:
    problems: list[Problem] = []
    read_files([(name, content.encode())], problems)
    assert [problem.file for problem in problems] == [name]


def in_a_book(old: bytes, new: bytes) -> bytes:
    """A workbook whose worksheet has ``new`` for ``old``."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(a_book("leads", topic="housing"))) as before, zipfile.ZipFile(made, "w") as after:
        for entry in before.infolist():
            data = before.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                assert old in data
                data = data.replace(old, new)
            after.writestr(entry, data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'<row r="2"', b'<row r="x"'), (b"</sheetData>", b""), (b'<row r="2"', b'<row r="99999999999"'), (b'<c r="A2"', b'<c r="!"')],
    ids=["no number", "cut off", "the last of billions", "no cell"],
)
def test_a_worksheet_that_is_damaged_is_told(old: bytes, new: bytes) -> None:
    problems: list[Problem] = []
    read_files([("t.xlsx", in_a_book(old, new))], problems)
    assert problems
    assert problems[0].startswith("t.xlsx")
    assert ".xlsx" in problems[0].want


@pytest.mark.parametrize(
    ("name", "content", "within"),
    [
        ("t.zip", packed(leads__csv=f"{HEADER}\n" * 50), b"leads.csv"),
        ("t.zip", packed(page__json=SERVICE), b"page.json"),
        ("t.xlsx", a_book("leads", topic="housing"), b"xl/worksheets/sheet1.xml"),
        ("t.xlsx", a_book("leads", topic="housing"), b"xl/workbook.xml"),
    ],
    ids=["sheet", "feed", "worksheet", "workbook"],
)
def test_damage_within_what_is_packed_is_told(name: str, content: bytes, within: bytes) -> None:
    start = content.index(within) + len(within)
    problems: list[Problem] = []
    assert read_files([(name, content[:start] + b"\xff" * 20 + content[start + 20 :])], problems) == {}
    assert [problem.file for problem in problems] == [name]


def test_what_unpacks_to_more_than_any_directory_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "LARGEST", 1000)
    monkeypatch.setattr("bot.directory.files.LARGEST", 1000)
    rows = [{"key": "a", "name": "A" * 2000}]
    for name, content in (("t.zip", write_zip({"organisations.csv": rows})), ("t.xlsx", write_workbook({"organisations.csv": rows}))):
        problems: list[Problem] = []
        assert read_files([(name, content)], problems) == {}
        assert "too large" in problems[0]


@pytest.mark.parametrize(
    ("name", "sheet"), [("services (2).csv", "services.csv"), ("Times.csv", "times.csv"), ("export/places.csv", "places.csv")]
)
def test_a_file_is_known_by_its_first_row_whatever_it_is_called(name: str, sheet: str) -> None:
    assert sheet_of(name, write_csv(sheet, [])) == sheet


def test_a_file_that_is_no_sheet_is_told() -> None:
    problems: list[Problem] = []
    assert read_files([("contacts.csv", b"name,number\n"), ("letter.docx", b"hello")], problems) == {}
    assert [problem.file for problem in problems] == ["contacts.csv", "letter.docx"]


def test_a_worksheet_with_a_name_of_its_own_is_told() -> None:
    problems: list[Problem] = []
    book = io.BytesIO()
    made = Workbook()
    made.save(book)
    assert read_workbook("t.xlsx", book.getvalue(), problems) == {}
    assert "no sheet has this name" in problems[0]


def test_a_path_with_nothing_at_it_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(PackError, match="no such file"):
            gather(path)


def test_a_pack_folder_can_be_given_as_it_is(tmp_path: Path) -> None:
    pack = Pack(tmp_path).service()
    problems: list[Problem] = []
    read = read_files(gather(pack.directory / Pack.AREA), problems)
    assert problems == []
    assert read["services.csv"][0].file == "woldshire/services.csv"
