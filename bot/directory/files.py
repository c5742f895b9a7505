"""The files that a directory comes in and goes out by: our sheets as CSV, one by one, in a folder or a zip file, or one Excel workbook.

In comes Open Referral UK as well: pages of JSON, one by one or in a zip file (``bot.directory.feed_files``).
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from bot.directory.feed_files import ENDINGS, read_json_pages
from bot.directory.openreferral_import import rows_of_feed
from bot.directory.reader import COLUMNS
from bot.directory.sheets import Problem, Row, decoded, delimiter_of, disarmed, read_csv
from bot.directory.workbook import LARGEST, read_workbook, write_workbook
from bot.directory.writer import SHEETS_OF, Cells, read_rows
from bot.directory.zips import UNREADABLE, endings_in, read_member, unpacked_size
from bot.errors import PackError

CSV, WORKBOOK, ZIP, JSON = ".csv", ".xlsx", ".zip", ".json"
BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel takes a CSV file for one of the old Windows encoding."""
EXPORT_ORDER = {
    "places.csv": ("service", "key"),
    "times.csv": ("service",),
    "leads.csv": ("topic", "position", "service"),
}
"""What the rows of a sheet are ordered by where it is not the key of their record."""
_THEN = (1980, 1, 1, 0, 0, 0)


def gather(path: Path) -> list[tuple[str, bytes]]:
    """Give names and contents of a file, or of every CSV and JSON file below a folder. Raises PackError where there is none."""
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in (CSV, *ENDINGS)) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise PackError([Problem(str(path), 0, "", "", "there is no such file, and no folder with CSV or JSON files.")])
    return [("/".join(file.parts[-2:]) if path.is_dir() else file.name, file.read_bytes()) for file in files]


def read_files(files: Iterable[tuple[str, bytes]], problems: list[Problem]) -> dict[str, list[Row]]:
    """Give the rows of each sheet that is in ``files``, given as name and content; what cannot be read is recorded as a problem."""
    found: dict[str, list[Row]] = {}
    for name, content in files:
        ending = PurePosixPath(name.lower()).suffix
        if is_feed(name, content):
            more = read_services(name, content, problems)
        elif ending == ZIP:
            more = read_files(_unzipped(name, content, problems), problems)
        elif ending == WORKBOOK or content.startswith(b"PK\x03\x04"):
            more = read_workbook(name, content, problems)
        elif ending == CSV:
            sheet = sheet_of(name, content)
            more = {sheet: list(read_csv(name, content, COLUMNS[sheet], problems))} if sheet else {}
            if not sheet:
                known = ", ".join(COLUMNS)
                problems.append(
                    Problem(name, 0, "", "", f"neither its name nor its first row is that of a sheet: name it as one of {known}.")
                )
        else:
            problems.append(
                Problem(name, 0, "", "", "give CSV files, an Excel workbook (.xlsx), Open Referral UK as JSON, or a zip file of either.")
            )
            continue
        for sheet, rows in more.items():
            found.setdefault(sheet, []).extend(rows)
    return found


def is_feed(name: str, content: bytes) -> bool:
    """Tell whether a file is Open Referral UK: JSON, or a zip file with nothing but JSON that is of use."""
    ending = PurePosixPath(name.lower()).suffix
    if ending != ZIP:
        return ending in ENDINGS
    try:
        inside = endings_in(content)
    except UNREADABLE:
        return False
    return not inside.isdisjoint(ENDINGS) and CSV not in inside


def read_services(name: str, content: bytes, problems: list[Problem]) -> dict[str, list[Row]]:
    """Give the rows of Open Referral UK services; the line of a row is its number among those of its sheet."""
    try:
        services = read_json_pages(name, content)
    except PackError as error:
        problems += [one if isinstance(one, Problem) else Problem(name, 0, "", "", one) for one in error.problems]
        return {}
    found = rows_of_feed(services, name)
    return {sheet: [Row(f"{name}, {sheet}", n, dict(cells), problems) for n, cells in enumerate(rows, 2)] for sheet, rows in found.items()}


def sheet_of(name: str, content: bytes) -> str:
    """Say which sheet a CSV file is: by its first row, or else by its name; empty where neither tells."""
    text = decoded(content) or ""
    for sheet, columns in COLUMNS.items():
        try:
            first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text, columns)), [])
        except csv.Error:
            # What is wrong with it is told when it is read as the sheet that its name says.
            break
        if {cell.strip() for cell in first if cell.strip()} == set(columns):
            return sheet
    own = PurePosixPath(name).name.lower()
    return own if own in COLUMNS else ""


def _unzipped(name: str, content: bytes, problems: list[Problem]) -> list[tuple[str, bytes]]:
    try:
        if unpacked_size(content) > LARGEST:
            problems.append(Problem(name, 0, "", "", "this zip file is too large: give its files one by one."))
            return []
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            inside = [entry for entry in packed.infolist() if entry.filename.lower().endswith(CSV)]
            if not inside:
                wanted = (
                    "no CSV and no JSON file is in this zip file: put the sheets or the feed's pages in it, or give a workbook by itself."
                )
                problems.append(Problem(name, 0, "", "", wanted))
            return [(f"{name}/{entry.filename}", read_member(packed, entry)) for entry in inside]
    except UNREADABLE:
        problems.append(Problem(name, 0, "", "", "this zip file cannot be read: make it again, without a password."))
        return []


def read_sheets(session: Session) -> dict[str, list[Cells]]:
    """Give the rows of every sheet as the directory holds them, in an order that depends on nothing else."""
    sheets: dict[str, list[Cells]] = {sheet: [] for sheet in COLUMNS}
    for kind in SHEETS_OF:
        for _, rows in read_rows(session, kind):
            for sheet, cells in rows.items():
                sheets[sheet].extend(cells)
    for sheet, columns in EXPORT_ORDER.items():
        sheets[sheet].sort(key=lambda row: tuple(_in_order(row.get(column, "")) for column in columns))
    return sheets


def _in_order(cell: str) -> tuple[int, str]:
    return (int(cell), "") if cell.isdecimal() else (0, cell)


def write_csv(sheet: str, rows: Sequence[Cells]) -> bytes:
    """Give a sheet as CSV UTF-8, with a byte-order mark for Excel; no cell is taken for a formula there."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS[sheet])
    writer.writerows([disarmed(row.get(column, "")) for column in COLUMNS[sheet]] for row in rows)
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def write_zip(sheets: Mapping[str, Sequence[Cells]]) -> bytes:
    """Give every sheet as CSV in one zip file: the same rows give the same bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for sheet, rows in sheets.items():
            made = zipfile.ZipInfo(sheet, _THEN)
            made.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(made, write_csv(sheet, rows))
    return written.getvalue()


def export(session: Session, path: Path) -> list[Path]:
    """Write the directory to ``path``: a workbook or a zip file by its ending, otherwise CSV files in a folder; give what was written."""
    sheets = read_sheets(session)
    if path.suffix.lower() in (WORKBOOK, ZIP):
        path.write_bytes(write_workbook(sheets) if path.suffix.lower() == WORKBOOK else write_zip(sheets))
        return [path]
    path.mkdir(parents=True, exist_ok=True)
    for sheet, rows in sheets.items():
        (path / sheet).write_bytes(write_csv(sheet, rows))
    return [path / sheet for sheet in sheets]
