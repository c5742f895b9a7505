"""Uploaded files on their way into the directory: checked, previewed, imported as previewed, and forgotten."""

from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory.changes import Changes
from bot.directory.files import write_csv
from bot.directory.importing import Choices, Importer, Progress
from bot.directory.ledger import Officer
from bot.directory.records import read_directory
from bot.directory.uploads import CHECKING, DEAD_AFTER, IMPORTED, LARGEST, READY, STOPPED, Upload, Uploads
from bot.directory.writer import SERVICE
from bot.errors import FeedError, PackError
from tests.builders import Clock, Pack

OLGA, PETER = Officer(1, "Olga"), Officer(2, "Peter")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uploads(tmp_path: Path, engine: Engine, clock: Clock) -> Uploads:
    Pack(tmp_path / "packs").service(phone="01223 555123").service(key="tea_room", name="Tea Room").load(engine)
    return Uploads(engine, clock)


def a_sheet(*keys: str, **cells: str) -> bytes:
    sound = {"organisation": "trust", "description": "Help.", "status": "active", "service_types": "housing", "area": "Woldshire"}
    return write_csv("services.csv", [{"key": key, "name": key, "source": "x", "public": "yes", **sound, **cells} for key in keys])


def put(uploads: Uploads, content: bytes, choices: Choices = Choices(), name: str = "new.csv") -> str:
    number = uploads.add(name, content, OLGA)
    uploads.check(number, choices)
    return number


def state(uploads: Uploads, number: str) -> str:
    staged = uploads.staged(number)
    assert staged
    return staged.state


def test_a_file_is_checked_previewed_and_imported_as_previewed(uploads: Uploads, engine: Engine) -> None:
    number = uploads.add("new.csv", a_sheet("crown", "mill"), OLGA)
    assert state(uploads, number) == CHECKING
    uploads.check(number, Choices())
    staged = uploads.staged(number)
    assert staged
    assert (staged.state, staged.report["counts"], staged.report["blocked"]) == (READY, [["service", "added", 2]], False)
    assert read_directory(engine).service("crown") is None
    uploads.carry_out(number, OLGA)
    assert state(uploads, number) == IMPORTED
    assert read_directory(engine).service("crown") is not None
    assert {one["by"] for one in Changes(engine).history()} == {"Olga"}


def test_nothing_is_kept_of_a_file_once_it_is_imported(uploads: Uploads, engine: Engine) -> None:
    number = put(uploads, a_sheet("crown"))
    uploads.carry_out(number, OLGA)
    with Session(engine, future=True) as session:
        assert session.execute(select(Upload.content)).scalars().all() == [b""]


def test_what_changed_since_the_preview_is_shown_and_not_imported(uploads: Uploads, engine: Engine) -> None:
    number = put(uploads, a_sheet("crown", "tea_room"))
    changes = Changes(engine)
    rows = changes.record(SERVICE, "tea_room").rows
    assert rows
    changes.save(PETER, SERVICE, {**rows, "services.csv": [{**rows["services.csv"][0], "alert": "Closed today"}]}, 0)
    uploads.carry_out(number, OLGA)
    staged = uploads.staged(number)
    assert staged
    assert (staged.state, staged.report["changed"]) == (READY, True)
    assert read_directory(engine).service("crown") is None
    uploads.carry_out(number, OLGA)
    assert state(uploads, number) == IMPORTED


def test_a_blocked_file_is_not_imported_and_its_problems_are_told(uploads: Uploads, engine: Engine) -> None:
    number = put(uploads, a_sheet("crown", phone="1223555123"))
    staged = uploads.staged(number)
    assert staged
    assert staged.report["blocked"]
    assert "column phone" in staged.report["problems"][0]
    uploads.carry_out(number, OLGA)
    assert state(uploads, number) == READY
    assert read_directory(engine).service("crown") is None


def test_choices_are_part_of_the_preview_and_of_the_import(uploads: Uploads, engine: Engine) -> None:
    number = put(uploads, a_sheet("crown"))
    uploads.check(number, Choices(end_missing=True))
    uploads.carry_out(number, OLGA)
    assert [service.key for service in read_directory(engine).services] == ["crown"]


def test_work_that_died_is_seen_and_can_be_begun_again(uploads: Uploads, engine: Engine, clock: Clock) -> None:
    number = uploads.add("new.csv", a_sheet("crown"), OLGA)
    clock.pass_by(seconds=DEAD_AFTER.total_seconds() + 1)
    assert state(uploads, number) == STOPPED
    uploads.check(number, Choices())
    assert state(uploads, number) == READY


def test_an_import_that_fails_in_the_middle_says_so_and_can_be_begun_again(
    uploads: Uploads, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    number = put(uploads, a_sheet("crown"))

    def cut(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO service "):
            raise ConnectionError("the cable was pulled")

    event.listen(engine, "before_cursor_execute", cut)
    uploads.carry_out(number, OLGA)
    event.remove(engine, "before_cursor_execute", cut)
    staged = uploads.staged(number)
    assert staged
    assert (staged.state, staged.report["broke"], staged.report["count"]) == (READY, "ConnectionError", 1)
    assert [record.getMessage() for record in caplog.records] == ["An upload could not be imported: ConnectionError"]
    assert read_directory(engine).service("crown") is None
    uploads.carry_out(number, OLGA)
    assert state(uploads, number) == IMPORTED


def test_a_check_that_fails_in_the_middle_says_so(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_given: object) -> None:
        raise MemoryError

    number = uploads.add("new.csv", a_sheet("crown"), OLGA)
    with monkeypatch.context() as patch:
        patch.setattr(Importer, "plan", cut)
        uploads.check(number, Choices())
    staged = uploads.staged(number)
    assert staged
    assert (staged.state, staged.report) == (STOPPED, {"broke": "MemoryError"})
    uploads.check(number, Choices())
    assert state(uploads, number) == READY


def test_one_upload_is_imported_once(uploads: Uploads) -> None:
    number = put(uploads, a_sheet("crown"))
    uploads.carry_out(number, OLGA)
    with pytest.raises(PackError, match="being worked on"):
        uploads.carry_out(number, PETER)


@pytest.mark.parametrize("content", [b"", b"x" * (LARGEST + 1)], ids=["empty", "too large"])
def test_an_empty_or_a_huge_file_is_refused_at_the_door(uploads: Uploads, content: bytes) -> None:
    with pytest.raises(PackError, match=r"new\.csv"):
        uploads.add("new.csv", content, OLGA)


def test_uploads_are_forgotten_after_a_day(uploads: Uploads, clock: Clock) -> None:
    put(uploads, a_sheet("crown"))
    clock.pass_by(hours=23)
    uploads.forget()
    assert len(uploads.recent()) == 1
    clock.pass_by(hours=2)
    uploads.forget()
    assert uploads.recent() == []


def test_the_whole_directory_can_be_taken_out_and_brought_in_again(uploads: Uploads) -> None:
    for ending in ("zip", "xlsx"):
        number = put(uploads, uploads.download(ending), name=f"directory.{ending}")
        staged = uploads.staged(number)
        assert staged
        assert (staged.report["count"], staged.report["problems"]) == (0, [])


def test_json_that_is_no_feed_is_told_and_is_no_crash(uploads: Uploads) -> None:
    for content in (b"{}", b"[1]", b"not json", b'{"contents": 5}'):
        number = put(uploads, content, name="feed.json")
        staged = uploads.staged(number)
        assert staged
        assert staged.report["blocked"]
        assert staged.report["problems"][0].startswith("feed.json")


def test_a_preview_says_what_would_differ_and_how_much_more_than_it_shows(
    uploads: Uploads, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.directory.preview.COMPARED_AT_MOST", 2)
    monkeypatch.setattr("bot.directory.preview.CELLS_AT_MOST", 3)
    number = put(uploads, a_sheet("crown", "mill", "tea_room", description="x" * 500))
    staged = uploads.staged(number)
    assert staged
    crown, _mill = staged.report["differences"]
    assert [cell["column"] for cell in crown["cells"]] == ["key", "organisation", "name"]
    assert crown["count"] > 3
    monkeypatch.undo()
    uploads.check(number, Choices(end_missing=True))
    staged = uploads.staged(number)
    assert staged
    by_key = {key: found for (_, key, _), found in zip(staged.report["changes"], staged.report["differences"], strict=True)}
    assert by_key["advice_desk"] == {"cells": [], "count": 0}
    (name,) = [cell for cell in by_key["tea_room"]["cells"] if cell["column"] == "name"]
    assert (name["before"], name["after"]) == ("Tea Room", "tea_room")
    (description,) = [cell for cell in by_key["tea_room"]["cells"] if cell["column"] == "description"]
    assert len(description["after"]) == 401


def test_a_look_at_uploads_does_not_read_their_content(uploads: Uploads, engine: Engine) -> None:
    number = uploads.add("new.csv", a_sheet("crown"), OLGA)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_more: asked.append(statement))
    uploads.recent()
    uploads.staged(number)
    assert len(asked) == 2
    assert not any("upload.content" in statement for statement in asked)


def test_another_process_sees_that_long_work_goes_on(
    uploads: Uploads, engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Uploads(engine, clock)
    seen: list[object] = []

    def slowly(self: Importer, rows: object, problems: object, choices: object, progress: Progress) -> None:
        for done in range(4):
            clock.pass_by(minutes=9)
            progress(done, 4)
            staged = other.staged(number)
            seen.append((staged.state, staged.progress.done) if staged else None)
        raise InterruptedError

    number = uploads.add("new.csv", a_sheet("crown"), OLGA)
    with monkeypatch.context() as patch:
        patch.setattr(Importer, "plan", slowly)
        uploads.check(number, Choices())
    assert seen == [(CHECKING, 0), (CHECKING, 1), (CHECKING, 2), (CHECKING, 3)]


def test_an_import_goes_on_being_told_where_others_can_write(uploads: Uploads, engine: Engine, clock: Clock) -> None:
    number = put(uploads, a_sheet("crown"))
    written: list[str] = []

    def watch(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO revision"):
            clock.pass_by(minutes=1)
        if statement.startswith("UPDATE upload SET done"):
            written.append(statement)

    event.listen(engine, "before_cursor_execute", watch)
    uploads.carry_out(number, OLGA)
    assert state(uploads, number) == IMPORTED
    assert len(written) == (0 if engine.dialect.name == "sqlite" else 1)


def test_a_feed_is_read_first_and_only_once(uploads: Uploads) -> None:
    asked: list[str] = []

    def fetch(address: str, _tell: Progress) -> bytes:
        asked.append(address)
        return b"[]"

    address = f"https://feed.example/{'x' * 300}"
    number = uploads.expect(address, OLGA)
    assert state(uploads, number) == CHECKING
    for _ in range(2):
        uploads.check(number, Choices(), fetch=fetch)
        assert state(uploads, number) == READY
    assert asked == [address]


def test_a_feed_that_cannot_be_read_is_told_and_can_be_tried_again(uploads: Uploads) -> None:
    def fetch(address: str, _tell: Progress) -> bytes:
        raise FeedError(f"{address} answers 500: try later.")

    number = uploads.expect("https://feed.example", OLGA)
    uploads.check(number, Choices(), fetch=fetch)
    staged = uploads.staged(number)
    assert staged
    assert (staged.state, staged.report["refused"]) == (STOPPED, "https://feed.example answers 500: try later.")
    uploads.check(number, Choices(), fetch=lambda _address, _tell: b"[]")
    assert state(uploads, number) == READY
