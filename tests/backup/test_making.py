"""Making a backup: whole, readable by its owner alone, at one moment, and no longer than may be."""

import os
import stat
import threading
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import parse_dsn
from sqlalchemy import MetaData, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from bot.backup import sqlite
from bot.backup.archive import DATABASE, TRACKER, UNFINISHED, read_manifest
from bot.backup.checksums import table_names
from bot.backup.contents import KEEP_DAYS, LONG_LIVED, SHORT_LIVED
from bot.backup.making import Made, make_backup
from bot.backup.postgres import place as place_for_programs
from bot.backup.restoring import RASA_EVENTS, check
from bot.conversation.store import ConversationStore
from bot.database import newest_schema
from bot.errors import BackupError, SetUpError
from bot.handover.callback import KEY_FILE
from bot.settings import read_settings
from tests.backup.conftest import WORDS, Installation
from tests.builders import a_desk

NOW = datetime.now(timezone.utc)


def back_up(place: Installation, target: Path, conversations: bool = True, keep_days: int | None = None, now: datetime = NOW) -> Made:
    return make_backup(place.settings, target, conversations, keep_days, now)


def inside(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_every_table_is_known_to_live_short_or_long(filled: Installation) -> None:
    with filled.open().connect() as connection:
        found = table_names(connection)
    assert found | {RASA_EVENTS} == SHORT_LIVED | LONG_LIVED
    assert not SHORT_LIVED & LONG_LIVED


def test_whatever_leads_to_a_visitor_lives_short(filled: Installation) -> None:
    """A table that goes with a conversation must not be in a backup that is kept for a year."""
    found = MetaData()
    found.reflect(bind=filled.open())
    bound, more = {"conversation"}, {"conversation"}
    while more:
        more = {name for name, table in found.tables.items() if bound & {key.column.table.name for key in table.foreign_keys}} - bound
        bound |= more
    assert bound > {"message", "handover_note", "callback"}
    assert bound <= SHORT_LIVED


def test_a_backup_says_what_is_in_it_and_nobody_else_may_read_it(filled: Installation, tmp_path: Path) -> None:
    made = back_up(filled, tmp_path / "a.zip")
    manifest = made.manifest
    assert stat.S_IMODE(os.stat(made.path).st_mode) == 0o600
    assert (manifest.area, manifest.schema, manifest.made_at) == ("cambridgeshire", newest_schema(), NOW)
    assert manifest.tables["message"].rows == 2
    assert manifest.keep_until == NOW + timedelta(days=filled.settings.retention_days)
    assert "callback.key" in manifest.note
    assert check(made.path) == read_manifest(made.path) == manifest
    assert list(tmp_path.glob(f"{UNFINISHED}*")) == []


def test_the_key_of_call_backs_is_in_no_backup(filled: Installation, tmp_path: Path) -> None:
    key = (filled.settings.var / KEY_FILE).read_bytes()
    files = inside(back_up(filled, tmp_path / "a.zip").path)
    assert set(files) <= {"manifest.json", DATABASE, TRACKER}
    assert [name for name, content in files.items() if key in content] == []


def test_the_same_rows_have_the_same_checksum_and_others_another(filled: Installation, tmp_path: Path) -> None:
    first = back_up(filled, tmp_path / "a.zip").manifest
    assert back_up(filled, tmp_path / "b.zip").manifest.checksum == first.checksum
    filled.change("UPDATE service SET description = 'Other advice.'")
    second = back_up(filled, tmp_path / "c.zip").manifest
    assert second.checksum != first.checksum
    assert {name for name in first.tables if first.tables[name] != second.tables[name]} == {"service"}


def test_without_conversations_no_byte_of_a_visitor_s_words_is_in_the_file(filled: Installation, tmp_path: Path) -> None:
    whole, rest = back_up(filled, tmp_path / "a.zip"), back_up(filled, tmp_path / "b.zip", conversations=False)
    assert not set(rest.manifest.tables) & SHORT_LIVED
    assert rest.manifest.tables["service"] == whole.manifest.tables["service"]
    assert (rest.manifest.conversations, rest.manifest.keep_until) == (False, NOW + timedelta(days=KEEP_DAYS))
    files = inside(rest.path)
    assert TRACKER not in files
    assert WORDS.encode() not in files[DATABASE]
    if filled.on_sqlite:
        # PostgreSQL packs its rows, so that there is nothing to be found there.
        assert WORDS.encode() in inside(whole.path)[DATABASE]


def test_a_backup_with_conversations_is_kept_no_longer_than_conversations(filled: Installation, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"7 days at most.*--without-conversations"):
        back_up(filled, tmp_path / "a.zip", keep_days=8)
    with pytest.raises(BackupError, match="a day at least"):
        back_up(filled, tmp_path / "a.zip", keep_days=0)
    assert not (tmp_path / "a.zip").exists()
    assert back_up(filled, tmp_path / "a.zip", conversations=False, keep_days=800).manifest.keep_until == NOW + timedelta(days=800)


def test_in_a_folder_backups_past_their_time_are_removed_and_nothing_else_is(filled: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    # The folder is made by the first.
    old = back_up(filled, folder, now=NOW - timedelta(days=8)).path
    (folder / "welcome-desk-cambridgeshire-notes.zip").write_text("not a backup")
    young = back_up(filled, folder, now=NOW - timedelta(days=2)).path
    long_lived = back_up(filled, folder, conversations=False, now=NOW - timedelta(days=30)).path
    made = back_up(filled, folder)
    assert made.removed == (old,)
    assert set(folder.iterdir()) == {folder / "welcome-desk-cambridgeshire-notes.zip", young, long_lived, made.path}


def test_tonight_s_backup_removes_the_one_of_a_week_ago_though_it_begins_a_little_earlier(filled: Installation, tmp_path: Path) -> None:
    week_ago = back_up(filled, tmp_path / "backups", now=NOW - timedelta(days=7) + timedelta(minutes=1)).path
    later = back_up(filled, tmp_path / "backups", now=NOW - timedelta(days=6)).path
    assert back_up(filled, tmp_path / "backups").removed == (week_ago,)
    assert later.exists()


def test_what_is_left_out_never_reaches_the_folder_of_the_backup(
    filled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    there: list[Path] = []
    empty = sqlite.empty

    def look_first(*given: Any) -> None:
        there.extend(path for path in folder.rglob("*") if path.is_file())
        empty(*given)

    monkeypatch.setattr(sqlite, "empty", look_first)
    made = back_up(filled, folder, conversations=False)
    assert there == []
    assert list(folder.iterdir()) == [made.path]
    assert not list(filled.settings.var.glob(f"{UNFINISHED}*"))


def test_a_file_that_is_there_is_never_written_over(filled: Installation, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("something of mine")
    with pytest.raises(BackupError, match="is there already"):
        back_up(filled, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_text() == "something of mine"


def test_a_backup_made_while_people_write_is_of_one_moment(filled: Installation, tmp_path: Path) -> None:
    stop = threading.Event()
    store, desk = ConversationStore(filled.open(), 15), a_desk(filled.open(), filled.settings.var)

    def write() -> None:
        while not stop.is_set():
            filled.say(desk, store.start(), "words")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests = [back_up(filled, tmp_path / f"{n}.zip").manifest for n in range(3)]
    finally:
        stop.set()
        writer.join(30)
    for manifest in manifests:
        # A chat is started and written in by two transactions: one of them may be between the two.
        assert 0 <= manifest.tables["conversation"].rows - manifest.tables["message"].rows <= 1
        assert manifest.tables["conversation"].rows == manifest.tables["access"].rows
    assert manifests[0].tables["message"].rows < manifests[-1].tables["message"].rows


def test_what_a_cut_off_backup_left_behind_is_removed_by_the_next(filled: Installation, tmp_path: Path) -> None:
    left, running = tmp_path / f"{UNFINISHED}old", tmp_path / f"{UNFINISHED}new"
    for folder in (left, running):
        folder.mkdir()
        (folder / "database").write_text(WORDS)
    os.utime(left, (0, 0))
    back_up(filled, tmp_path / "a.zip")
    assert (left.exists(), running.exists()) == (False, True)


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(filled: Installation, tmp_path: Path) -> None:
    if not filled.on_sqlite:
        pytest.skip("PostgreSQL looks after its own pages")
    path = Path(filled.open().url.database)
    with Session(filled.engines[-1], future=True) as session:
        session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    filled.close()
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises(BackupError, match="damaged"):
        back_up(filled, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_where_there_is_no_database_none_is_made(tmp_path: Path) -> None:
    settings = read_settings({"VAR_DIR": str(tmp_path / "var")})
    with pytest.raises(SetUpError, match=r"no database .*cambridgeshire\.db"):
        make_backup(settings, tmp_path / "a.zip", True, None, NOW)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("password", ["sesame77", "a b%40:/ü"])
def test_postgresql_s_programs_get_the_password_in_their_environment_and_in_no_command_line(password: str) -> None:
    url = URL.create("postgresql+psycopg2", "desk", password, "db.example", 5433, "desk", {"sslmode": "require"})
    address, environment = place_for_programs(url)
    told = {"user": "desk", "host": "db.example", "port": "5433", "dbname": "desk", "sslmode": "require"}
    assert parse_dsn(address) == told, "a password here, be it asterisks, would be taken instead of that of the environment"
    assert environment["PGPASSWORD"] == password


def test_without_postgresql_s_programs_the_package_is_named(filled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if filled.on_sqlite:
        pytest.skip("SQLite needs no program")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is not there.*apt install postgresql-client"):
        back_up(filled, tmp_path / "a.zip")


def test_programs_of_another_version_are_said_to_be_so(filled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if filled.on_sqlite:
        pytest.skip("SQLite needs no program")
    said = "pg_dump: error: aborting because of server version mismatch"
    (tmp_path / "pg_dump").write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BackupError, match=r"versions of pg_dump and of the server.*server version mismatch"):
        back_up(filled, tmp_path / "a.zip")
