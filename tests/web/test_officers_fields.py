"""From an officer's form to rows: what was not touched stays as it was, and what is new gets what a row needs."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from bot.database import migrate, open_database
from bot.directory.changes import Changes
from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE, SHEETS_OF, Rows, read_rows
from bot.web.officer.fields import PARTS, SEVERAL, key_from, rows_of_form, stem


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Rows]]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('fields') / 'fields.db'}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    with Session(engine, future=True) as session:
        return {kind: dict(read_rows(session, kind)) for kind in PARTS}


def as_form(kind: str, rows: Rows) -> FormData:
    """Give what a browser sends of the form of a record that nobody touched."""
    fields: list[tuple[str, UploadFile | str]] = []
    for part in PARTS[kind]:
        for number, row in enumerate(rows.get(part.sheet, [])):
            if part.many and "key" in row:
                fields.append((f"{stem(part.sheet)}.{number}.key", row["key"]))
            for one in part.fields:
                cell = row.get(one.column, "")
                for value in cell.split(";") if one.kind == SEVERAL and cell else [cell]:
                    fields.append((f"{stem(part.sheet)}.{number}.{one.column}", value.replace("\n", "\r\n")))
    return FormData(fields)


@pytest.mark.parametrize("kind", PARTS)
def test_a_form_that_nobody_touched_stands_for_the_same_rows(records: dict[str, dict[str, Rows]], kind: str) -> None:
    for key, rows in records[kind].items():
        assert rows_of_form(kind, as_form(kind, rows), rows) == rows, key


@pytest.mark.parametrize("kind", PARTS)
def test_every_cell_is_asked_for_or_kept(kind: str) -> None:
    for sheet in SHEETS_OF[kind]:
        asked = {one.column for part in PARTS[kind] if part.sheet == sheet for one in part.fields}
        kept = {"key", "service", "country", "source_seen", "confidence", "note", "checked_on", "checked_by", "unsure"}
        assert set(COLUMNS[sheet]) - asked - kept == set(), sheet


def test_a_form_holds_as_many_rows_as_a_service_has_and_cuts_nothing() -> None:
    times = [{"service": "van", "date": f"2027-01-{day:02}", "source": "x", "public": "yes"} for day in range(1, 32)] * 3
    rows: Rows = {
        "services.csv": [{"key": "van", "name": "Van", "cost": "free " * 200 + "x", "source": "x", "public": "yes"}],
        "times.csv": times,
    }
    assert rows_of_form(SERVICE, as_form(SERVICE, rows), rows) == rows


def test_a_new_place_gets_a_key_and_what_is_not_said_is_as_for_the_service() -> None:
    form = FormData(
        [
            ("services.0.name", "Café Łódź & Friends"),
            ("services.0.source", "their letter"),
            ("places.0.address_1", "1 Mill Lane"),
            ("places.1.city", ""),
            ("times.0.days", "MO"),
            ("times.0.days", "2TU"),
            ("leads.0.topic", "food"),
            ("leads.0.position", "1"),
        ]
    )
    rows = rows_of_form(SERVICE, form, None)
    assert rows["services.csv"][0]["key"] == "cafe_lodz_friends"
    assert [(row["key"], row["source"], row["public"], row["location_type"]) for row in rows["places.csv"]] == [
        ("cafe_lodz_friends_place1", "their letter", "yes", "physical")
    ]
    assert rows["times.csv"][0]["freq"] == "MONTHLY"
    assert rows["leads.csv"] == [{"topic": "food", "position": "1", "service": "cafe_lodz_friends"}]


def test_a_row_can_be_taken_away_and_the_rest_stays(records: dict[str, dict[str, Rows]]) -> None:
    rows = next(rows for rows in records[SERVICE].values() if len(rows.get("times.csv", [])) > 1)
    form = FormData([*as_form(SERVICE, rows).multi_items(), ("times.0.remove", "1")])
    assert rows_of_form(SERVICE, form, rows)["times.csv"] == rows["times.csv"][1:]


@pytest.mark.parametrize(
    ("name", "key"), [("Ely Foodbank", "ely_foodbank"), ("  !! ", ""), ("Бібліотека", "biblioteka"), ("x" * 99, "x" * 60), ("New", "new_1")]
)
def test_a_key_is_made_of_latin_letters(name: str, key: str) -> None:
    assert key_from(name) == key


def test_what_a_browser_sends_for_every_record_is_sound(records: dict[str, dict[str, Rows]], tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'sound.db'}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    changes = Changes(engine)
    for kind in (SERVICE, ORGANIZATION, GUIDANCE, PLACE):
        for key in list(records[kind])[:5]:
            rows = rows_of_form(kind, as_form(kind, records[kind][key]), records[kind][key])
            assert changes.check(kind, rows) == []
