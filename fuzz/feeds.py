"""Open Referral UK as JSON: read, and made into the rows of our sheets and their objects."""

import json
from collections.abc import Iterator
from datetime import datetime, timezone

from bot.directory.files import read_files
from bot.directory.reader import RowReader
from bot.directory.sheets import Problem
from bot.settings import ROOT

EXAMPLE = ROOT / "tests" / "directory" / "openreferral_schemas" / "uk-3.0" / "examples" / "service_full.json"


def seeds() -> Iterator[bytes]:
    whole = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    yield json.dumps(whole).encode()
    for key, value in whole.items():
        yield json.dumps({"id": "a", "name": "b", key: value}).encode()
    yield b'{"contents": [{"id": 1, "name": "x"}], "total_pages": 1}'
    yield b'{"id": "a", "name": "b"}\n{"id": "c", "name": "d"}\n'


def try_one(data: bytes) -> None:
    problems: list[Problem] = []
    rows = read_files([("x.json", data)], problems)
    RowReader(rows, problems, datetime.now(timezone.utc)).read()
