"""Excel workbooks, in and out: one worksheet a sheet, every cell as text."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from bot.directory.reader import COLUMNS
from bot.directory.sheets import Problem, Row, check_header, cleaned, disarmed, row_of
from bot.directory.writer import Cells
from bot.directory.zips import as_it_says, unpacked_size

LARGEST = 200 * 1024 * 1024
"""Bytes that a workbook may hold unpacked: a small file can be made that unpacks to far more than any directory has."""
MOST_ROWS = 1_048_576
"""Rows of a sheet in Excel: a file can say that its only row is the billionth, and openpyxl gives every empty one before it."""
_MOMENT = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
_THEN = (1980, 1, 1, 0, 0, 0)


def read_workbook(name: str, content: bytes, problems: list[Problem]) -> dict[str, list[Row]]:
    """Give the rows of each worksheet whose name is that of a sheet; what cannot be read is recorded as a problem."""
    try:
        if unpacked_size(content) > LARGEST:
            problems.append(Problem(name, 0, "", "", "this workbook is too large: save the sheets as CSV UTF-8, one file each."))
            return {}
        return _sheets_of(name, load_workbook(io.BytesIO(as_it_says(content)), read_only=True, keep_links=False), problems)
    # openpyxl documents no errors, and raises whatever it stumbles over in a damaged file, while its rows are read too.
    except Exception:
        problems.append(Problem(name, 0, "", "", "this is not an Excel workbook that can be read: save it again as .xlsx."))
        return {}


def _sheets_of(name: str, book: Any, problems: list[Problem]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for worksheet in book.worksheets:
        sheet = f"{worksheet.title.strip().lower()}.csv"
        where = f"{name}, sheet {worksheet.title}"
        if sheet not in COLUMNS:
            known = ", ".join(known.removesuffix(".csv") for known in COLUMNS)
            problems.append(Problem(where, 0, "", "", f"no sheet has this name: give it one of {known}, or delete it."))
            continue
        found[sheet] = list(_rows(where, worksheet, COLUMNS[sheet], problems))
    return found


def _rows(where: str, worksheet: Any, columns: Sequence[str], problems: list[Problem]) -> Iterator[Row]:
    # What a file says of its own size may be wrong, and rows beyond it would be lost.
    worksheet.reset_dimensions()
    lines = worksheet.iter_rows()
    header = [_text(cell.value) for cell in next(lines, ())]
    if not check_header(where, header, columns, problems):
        return
    for number, cells in enumerate(lines, 2):
        if number > MOST_ROWS:
            problems.append(Problem(where, number, "", "", "no Excel sheet has as many rows: save the workbook again as .xlsx."))
            return
        texts = [_text(cell.value) for cell in cells][: len(header)]
        texts += [""] * (len(header) - len(texts))
        yield from row_of(where, number, header, texts, problems)


def _text(value: object) -> str:
    """Write what a cell holds as text: Excel keeps days, times and numbers as such."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def write_workbook(sheets: Mapping[str, Sequence[Cells]]) -> bytes:
    """Give a workbook with a worksheet for each sheet: the same rows give the same bytes."""
    book = Workbook(write_only=True)
    for sheet, rows in sheets.items():
        worksheet = book.create_sheet(sheet.removesuffix(".csv"))
        worksheet.freeze_panes = "A2"
        for cells in [list(COLUMNS[sheet]), *([row.get(column, "") for column in COLUMNS[sheet]] for row in rows)]:
            worksheet.append([_cell(worksheet, text) for text in cells])
    written = io.BytesIO()
    book.save(written)
    return _without_time(written.getvalue())


def _cell(worksheet: Any, text: str) -> Any:
    """Give a cell that holds text and no formula, number or date, whatever it looks like."""
    cell = WriteOnlyCell(worksheet, value=disarmed(cleaned(text)) or None)
    cell.number_format = "@"
    if text:
        cell.data_type = "s"
    return cell


def _without_time(content: bytes) -> bytes:
    """Give a workbook that does not say when it was written."""
    plain = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            data = before.read(entry)
            if entry.filename == "docProps/core.xml":
                data = _MOMENT.sub(rb"\g<1>1980-01-01T00:00:00Z", data)
            made = zipfile.ZipInfo(entry.filename, _THEN)
            made.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(made, data)
    return plain.getvalue()
