"""Whatever is in an uploaded file, it is taken as a whole or refused in words: never half of it, and never a broken import."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy.engine import Engine

from bot.database import Base, open_database
from bot.directory.files import write_csv
from bot.directory.importing import Choices
from bot.directory.ledger import Officer
from bot.directory.reader import COLUMNS
from bot.directory.uploads import IMPORTED, READY, STOPPED, Uploads
from tests.builders import Pack

OLGA = Officer(1, "Olga")
ODD = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Mn", "Nd")), max_size=10),
    st.sampled_from(
        ["=1+1", "'=x", "\0", "9" * 5000, "-1", "1e999", "nan", "٣", "²", "2026-02-30", "31/02/2026", "24:00", "a;a", ";;;", "{phone1}"]
    ),
    st.sampled_from(
        ["javascript:x", "https://", "x" * 5000, "\u202e", "\ud800", "new", "NULL", "yes;no", "MO;MO", "8MO", "0 0", "http://[::1"]
    ),
)
SOUND = {
    "key": ["advice_desk", "tea_room", "one", "two", "northwold", "st1"],
    "organisation": ["trust"],
    "service": ["advice_desk", "tea_room", "one"],
    "place": ["", "advice_desk_room", "room"],
    "name": ["Name"],
    "status": ["active"],
    "service_types": ["housing", "food;esol"],
    "area": ["Woldshire", "Northwold"],
    "kind": ["charity", "town", "district"],
    "parent": ["", "woldshire"],
    "source": ["their letter"],
    "public": ["yes", "no"],
    "days": ["MO;TU", ""],
    "freq": ["WEEKLY", ""],
    "opens": ["09:00"],
    "closes": ["17:00"],
    "topic": ["housing"],
    "topics": ["housing"],
    "position": ["1"],
    "positions": ["1"],
    "location_type": ["physical"],
    "address_1": ["1 Mill Lane"],
    "taxonomy": ["topic"],
    "description": ["Help."],
    "statement": ["Libraries are warm."],
    "outcode": ["CB1"],
    "districts": ["northwold"],
}


def cells(sheet: str) -> st.SearchStrategy[dict[str, str]]:
    """A row of a sheet, most of it sound."""
    return st.fixed_dictionaries({column: st.one_of(*[st.sampled_from(SOUND.get(column, [""]))] * 7, ODD) for column in COLUMNS[sheet]})


SHEETS = st.sampled_from(sorted(COLUMNS)).flatmap(lambda sheet: st.tuples(st.just(sheet), st.lists(cells(sheet), min_size=1, max_size=3)))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ODD),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD, inner, max_size=3)),
    max_leaves=8,
)
FIELDS = (
    *("description", "url", "email", "status", "organization", "phones", "schedules", "service_at_locations", "languages"),
    *(
        "attributes",
        "fees",
        "cost_options",
        "service_areas",
        "eligibility_description",
        "minimum_age",
        "contacts",
        "assured_date",
        "alert",
        "accreditations",
    ),
)


@st.composite
def feeds(draw: st.DrawFn) -> bytes:
    """A feed of one service whose fields may hold anything."""
    service: dict[str, Any] = {"id": draw(st.sampled_from(["a", "b", 3])), "name": draw(ODD) or "x"}
    service |= draw(
        st.dictionaries(
            st.sampled_from(FIELDS),
            st.one_of(JSON, st.lists(st.dictionaries(st.sampled_from(WITHIN), JSON, max_size=4), max_size=2)),
            max_size=6,
        )
    )
    return json.dumps([service]).encode("utf-8", "surrogatepass")


WITHIN = (
    *("id", "name", "number", "url", "description", "location", "freq", "byday", "opens_at", "closes_at", "valid_from", "dtstart"),
    *(
        "value",
        "taxonomy_term",
        "code",
        "link_entity",
        "schedules",
        "addresses",
        "postal_code",
        "latitude",
        "longitude",
        "organization",
        "amount",
        "phones",
    ),
)


@pytest.fixture(scope="module")
def directory_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("any_sheet")
    shutil.copyfile(migrated_file, folder / "any.db")
    engine = open_database(f"sqlite:///{folder / 'any.db'}")
    Pack(folder / "packs").service(phone="01223 555123").address().times(place="advice_desk_room").lead().statement().load(engine)
    engine.dispose()
    return folder / "any.db"


@pytest.fixture(scope="module")
def engine(directory_file: Path) -> Iterator[Engine]:
    """A small directory for all that is made up; what one import leaves is what the next one finds."""
    engine = open_database(f"sqlite:///{directory_file}")
    yield engine
    engine.dispose()


def held(engine: Engine) -> dict[str, list[str]]:
    """Give all that the directory holds; uploads are beside it."""
    with engine.connect() as connection:
        tables = [table for table in Base.metadata.sorted_tables if table.name != "upload"]
        return {table.name: sorted(map(repr, connection.execute(table.select()).all())) for table in tables}


def takes_all_or_nothing(engine: Engine, name: str, content: bytes, choices: Choices) -> None:
    uploads = Uploads(engine)
    before = held(engine)
    number = uploads.add(name, content or b" ", OLGA)
    uploads.check(number, choices)
    staged = uploads.staged(number)
    assert staged is not None
    assert "broke" not in staged.report, (staged.report, content[:2000])
    assert staged.state in (READY, STOPPED)
    assert held(engine) == before, "a check has changed something"
    if staged.state == READY:
        uploads.carry_out(number, OLGA)
        staged = uploads.staged(number)
        assert staged is not None
        assert "broke" not in staged.report, (staged.report, content[:2000])
    if staged.state != IMPORTED:
        assert held(engine) == before, "half of a file was taken"


MANY = settings(max_examples=60)
CHOICES = st.builds(Choices, leave_out=st.booleans(), end_missing=st.booleans())


@MANY
@given(sheets=st.lists(SHEETS, min_size=1, max_size=3), choices=CHOICES)
def test_any_cells_in_our_sheets(engine: Engine, sheets: list[tuple[str, list[dict[str, str]]]], choices: Choices) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for sheet, rows in dict(sheets).items():
            clean = [{column: cell.encode("utf-8", "replace").decode().replace("\0", "") for column, cell in row.items()} for row in rows]
            archive.writestr(sheet, write_csv(sheet, clean))
    takes_all_or_nothing(engine, "x.zip", packed.getvalue(), choices)


@MANY
@given(
    sheet=SHEETS,
    choices=CHOICES,
    numbers=st.lists(st.one_of(st.floats(), st.integers(), st.booleans(), st.datetimes(), st.times()), max_size=3),
)
def test_any_cells_in_a_workbook(engine: Engine, sheet: tuple[str, list[dict[str, str]]], choices: Choices, numbers: list[Any]) -> None:
    name, rows = sheet
    book = Workbook()
    book.active.title = name.removesuffix(".csv")
    book.active.append(list(COLUMNS[name]))
    from openpyxl.utils.exceptions import IllegalCharacterError

    try:
        for row in rows:
            book.active.append([*numbers, *row.values()][: len(COLUMNS[name])])
        saved = io.BytesIO()
        book.save(saved)
    except (IllegalCharacterError, UnicodeEncodeError, ValueError, OverflowError):
        return  # no workbook can hold it
    takes_all_or_nothing(engine, "x.xlsx", saved.getvalue(), choices)


@MANY
@given(content=feeds(), choices=CHOICES)
def test_any_fields_in_a_feed(engine: Engine, content: bytes, choices: Choices) -> None:
    takes_all_or_nothing(engine, "x.json", content, choices)


@MANY
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-16"))),
    name=st.sampled_from(["services.csv", "x.zip", "x.xlsx", "x.json", "x.ndjson", "x", ".csv", "a\0.csv"]),
)
def test_any_bytes_at_all(engine: Engine, content: bytes, name: str) -> None:
    takes_all_or_nothing(engine, name, content, Choices())


@MANY
@given(data=st.data())
def test_a_sound_file_with_some_bytes_changed(engine: Engine, data: st.DataObject) -> None:
    sound = write_csv(
        "services.csv",
        [
            {
                "key": "one",
                "organisation": "trust",
                "name": "One",
                "description": "Help.",
                "status": "active",
                "service_types": "housing",
                "area": "Woldshire",
                "source": "x",
                "public": "yes",
            }
        ],
    )
    content = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    takes_all_or_nothing(engine, data.draw(st.sampled_from(["services.csv", "x.csv"])), bytes(content), Choices())
