"""No file that an officer opens in Excel or LibreOffice holds a formula, whoever filled its cells."""

import csv
import io
import re
import zipfile

import httpx
import pytest
from openpyxl import load_workbook

from bot.directory.files import read_files, write_zip
from bot.directory.sheets import Problem, armed, disarmed
from tests.security.conftest import Front, Signed, address_of
from tests.security.test_injected_text import hostile_rows, upload

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a cell a formula: OWASP, "CSV Injection"; the wide ones do in Excel set to Japanese or Chinese."""
COMMAND = "1+cmd|' /C calc'!A0"
PLAIN = re.compile(r"-?\d+(\.\d+)?")


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet takes a cell of a CSV file for a formula; a number is none."""
    return cell.startswith(STARTS) and not PLAIN.fullmatch(cell)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("quotes", ["", "'", "''"])
def test_what_would_be_a_formula_is_text_and_comes_back_as_it_was(start: str, quotes: str) -> None:
    cell = f"{quotes}{start}{COMMAND}"
    assert not is_formula(disarmed(cell))
    assert armed(disarmed(cell)) == cell


@pytest.fixture(scope="module")
def dangerous(front: Front) -> Front:
    """A front door into whose directory somebody has put formulas wherever text can be: through a feed's text, not a sheet's."""
    olga = front.people["olga"]
    for number, start in enumerate(s for s in STARTS if s not in "\r\n\t"):
        rows = hostile_rows(text=f"{start}{COMMAND}")
        for sheet, own in rows.items():
            for column, cell in own[0].items():
                own[0][column] = cell.replace("hostile_", f"formula_{number}_")
            if sheet == "guidance.csv":
                own[0]["key"] = f"formula_{number}_statement"
        upload(olga, f"{start}{COMMAND}.zip".replace("/", ""), write_zip(rows))
    return front


def downloads(front: Front) -> list[httpx.Response]:
    """Give every file that officers can take, by following each address that gives one."""
    olga = front.people["olga"]
    found = [olga.get(f"/officer/files/directory.{ending}") for ending in ("xlsx", "zip")]
    pages = "".join(olga.get(path).text for path in ("/officer/insights", "/officer/insights?language=pl", "/officer/files"))
    for address in sorted(set(re.findall(r'href="(/officer/[^"]+\.csv[^"]*)"', pages))):
        found.append(olga.get(address.replace("&amp;", "&")))
    return found


def cells_of(answer: httpx.Response) -> list[str]:
    """Give every cell of a CSV file, or of every CSV file in a zip file."""
    if answer.headers["content-type"].startswith("application/zip"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            texts = [packed.read(name).decode("utf-8-sig") for name in packed.namelist()]
    else:
        texts = [answer.content.decode("utf-8-sig")]
    return [cell for text in texts for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


def test_the_formulas_are_really_in_the_directory(dangerous: Front) -> None:
    # What officers see is read anew for each page of theirs.
    dangerous.people["olga"].get("/officer")
    names = [service.name for service in dangerous.app.state.pipeline.live.current().services]
    assert sum(COMMAND in name for name in names) == 8


def test_no_cell_of_any_file_that_officers_take_is_a_formula(dangerous: Front) -> None:
    answers = downloads(dangerous)
    assert len(answers) >= 4
    seen = 0
    for answer in answers:
        assert answer.status_code == 200, answer.url
        assert "attachment" in answer.headers["content-disposition"]
        if "spreadsheetml" in answer.headers["content-type"]:
            book = load_workbook(io.BytesIO(answer.content))
            for worksheet in book.worksheets:
                for row in worksheet.iter_rows():
                    assert all(cell.data_type in ("s", "n") and cell.hyperlink is None for cell in row)
                    seen += sum(COMMAND in str(cell.value) for cell in row)
            continue
        cells = cells_of(answer)
        assert [cell for cell in cells if is_formula(cell)] == [], answer.url
        seen += sum(COMMAND in cell for cell in cells)
    assert seen > 100


def test_every_route_that_gives_a_csv_file_is_among_them(front: Front) -> None:
    csv_routes = [address_of(route) for route in front.routes() if ".csv" in route.path or "directory.{" in route.path]
    assert csv_routes == ["/officer/files/directory.x", "/officer/insights/x.csv"], "a new file: add it to downloads()"


# ---- What is uploaded

BOMB = "\n".join(
    ['<?xml version="1.0"?>', "<!DOCTYPE b [", '<!ENTITY a0 "dos">']
    + [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)]
    + ["]>", '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr">']
    + ["<is><t>&a11;</t></is></c></row></sheetData></worksheet>"]
)
OUTSIDE = BOMB.replace('<!ENTITY a0 "dos">', '<!ENTITY a0 SYSTEM "file:///etc/passwd">').replace("&a11;", "&a0;")


def workbook_with(part: str, content: str) -> bytes:
    """Give a workbook of ours with one of its parts replaced."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "services"
    before, after = io.BytesIO(), io.BytesIO()
    book.save(before)
    with zipfile.ZipFile(before) as source, zipfile.ZipFile(after, "w") as target:
        for name in source.namelist():
            target.writestr(name, content.encode() if name == part else source.read(name))
    return after.getvalue()


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "[Content_Types].xml", "xl/styles.xml"]
)
@pytest.mark.parametrize("content", [BOMB, OUTSIDE], ids=["grows", "reads a file"])
def test_a_workbooks_xml_neither_grows_without_end_nor_reads_a_file(part: str, content: str) -> None:
    problems: list[Problem] = []
    rows = read_files([("x.xlsx", workbook_with(part, content))], problems)
    assert problems
    assert all("root:" not in str(one) for one in problems)
    assert not any(rows.values())


def zip_of(*members: tuple[str, bytes], claims: int | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    content = made.getvalue()
    if claims is not None:
        # The size that the directory at the end says; the one before each member stays.
        at = content.index(b"PK\x01\x02")
        content = content[: at + 24] + claims.to_bytes(4, "little") + content[at + 28 :]
    return content


def test_the_names_in_an_archive_lead_nowhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = [
        "../../../../tmp/welcome-desk-escaped.csv",
        "/tmp/welcome-desk-escaped.csv",
        "..\\..\\escaped.csv",
        "a/../services.csv",
        "C:\\services.csv",
    ]
    problems: list[Problem] = []
    read_files([("x.zip", zip_of(*((name, b"key,name\n1,2\n") for name in names)))], problems)
    assert problems
    from pathlib import Path

    assert not Path("/tmp/welcome-desk-escaped.csv").exists()


@pytest.mark.parametrize("name", ["x.zip", "x.xlsx"])
@pytest.mark.parametrize("claims", [None, 10, 0])
def test_an_archive_that_unpacks_to_far_more_is_refused_whatever_it_says_of_its_size(name: str, claims: int | None) -> None:
    import tracemalloc

    content = zip_of(("services.csv", b"a" * (300 * 1024 * 1024)), claims=claims)
    problems: list[Problem] = []
    tracemalloc.start()
    try:
        rows = read_files([(name, content)], problems)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert problems
    assert not any(rows.values())
    assert most < 256 * 1024 * 1024


def test_a_workbook_whose_part_says_less_than_it_holds_is_not_unpacked_whole() -> None:
    import tracemalloc

    from openpyxl import Workbook

    book, saved = Workbook(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as source:
        parts = [(name, source.read(name)) for name in source.namelist() if name != "xl/sharedStrings.xml"]
    # It comes first, because ``zip_of`` changes what is said of the first.
    content = zip_of(("xl/sharedStrings.xml", b"<sst>" + b" " * (300 * 1024 * 1024)), *parts, claims=10)
    tracemalloc.start()
    try:
        assert not any(read_files([("x.xlsx", content)], []).values())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 * 1024 * 1024


def test_an_archive_in_an_archive_in_an_archive_is_not_unpacked_for_ever(olga: Signed) -> None:
    content = zip_of(("services.csv", b"key\n"))
    for _ in range(50):
        content = zip_of(("x.zip", content))
    problems: list[Problem] = []
    read_files([("x.zip", content)], problems)
    assert problems
