"""Files that officers upload: CSV, workbooks, zip files; read, and made into objects."""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, timezone

from openpyxl import Workbook

from bot.directory.files import read_files, write_csv
from bot.directory.reader import COLUMNS, RowReader
from bot.directory.sheets import Problem

NAMES = ("services.csv", "x.csv", "x.xlsx", "x.zip", "times.csv", "gazetteer.csv", "guidance.csv", "x")
ROW = {
    **{"key": "one", "organisation": "trust", "name": "One", "description": "Help.", "status": "active", "service_types": "housing"},
    **{"area": "Woldshire", "source": "x", "public": "yes", "phone": "01223 555123", "url": "https://example.org", "languages": "en;uk"},
}


def seeds() -> Iterator[bytes]:
    for number, name in enumerate(NAMES):
        if name in COLUMNS:
            yield bytes([number]) + write_csv(name, [ROW])
    book, saved, packed = Workbook(), io.BytesIO(), io.BytesIO()
    book.active.title = "leads"
    book.active.append(list(COLUMNS["leads.csv"]))
    book.active.append(["housing", 1, "one"])
    book.save(saved)
    yield b"\2" + saved.getvalue()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("leads.csv", write_csv("leads.csv", [{"topic": "housing", "position": "1", "service": "one"}]))
    yield b"\3" + packed.getvalue()


def try_one(data: bytes) -> None:
    problems: list[Problem] = []
    rows = read_files([(NAMES[data[0] % len(NAMES)] if data else "x", data[1:])], problems)
    RowReader(rows, problems, datetime.now(timezone.utc)).read()
    for problem in problems:
        assert str(problem)
