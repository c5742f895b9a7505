"""Restoring a backup: all of it or nothing, only where it fits, and nothing back that may not come back."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from bot.backup import postgres, restoring
from bot.backup.archive import DATABASE, MANIFEST, UNFINISHED, digest_of, read_manifest
from bot.backup.checksums import table_names
from bot.backup.making import make_backup
from bot.backup.restoring import Restored, restore
from bot.conversation.store import ConversationStore
from bot.database import migrate, newest_schema, open_database
from bot.directory.records import read_directory
from bot.errors import BackupError
from bot.handover.accounts import Accounts
from bot.handover.callback import KEY_FILE
from bot.settings import ROOT
from tests.backup.conftest import WORDS, Installation
from tests.builders import PASSWORD, a_desk
from tests.servers import an_ordinary_user
from tests.waiting import soon

NOW = datetime.now(timezone.utc)


def back_up(place: Installation, path: Path, conversations: bool = True, now: datetime = NOW) -> Path:
    place.close()
    return make_backup(place.settings, path, conversations, None, now).path


def bring_back(place: Installation, path: Path, conversations: bool = True, replace: bool = False) -> Restored:
    place.close()
    try:
        return restore(place.settings, path, conversations, replace, NOW)
    finally:
        place.close()


def state(place: Installation, folder: Path) -> str:
    """Give the checksum of all that is kept now."""
    path = back_up(place, folder / f"state-{time.monotonic_ns()}.zip")
    return read_manifest(path).checksum


def rewritten(path: Path, **changed: Any) -> Path:
    """Give a copy of a backup that says other things of itself."""
    target = path.with_name("rewritten.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            made.writestr(name, json.dumps({**json.loads(content), **changed}) if name == MANIFEST else content)
    return target


def test_what_was_lost_comes_back_with_the_same_checksum(filled: Installation, tmp_path: Path) -> None:
    path, manifest = back_up(filled, tmp_path / "a.zip"), None
    manifest = read_manifest(path)
    kept = filled.chats()
    done = bring_back(filled.lose(), path)
    assert done.checksum == manifest.checksum
    assert (done.expired, done.erased, done.unreadable) == (0, 0, 0)
    assert filled.chats() == filled.remembered() == kept
    assert filled.scalar("SELECT count(*) FROM message WHERE text LIKE '" + WORDS + "%'") == 1
    assert [service.name for service in read_directory(filled.open()).services] == ["Advice Desk"]
    assert list(filled.settings.var.glob(f"{UNFINISHED}*")) == []


def test_restored_once_and_backed_up_again_nothing_has_changed_but_who_is_signed_in(filled: Installation, tmp_path: Path) -> None:
    before = read_manifest(back_up(filled, tmp_path / "a.zip"))
    bring_back(filled.lose(), tmp_path / "a.zip")
    after = read_manifest(back_up(filled, tmp_path / "b.zip"))
    assert {name for name in before.tables if before.tables[name] != after.tables[name]} == {"staff_session"}
    assert after.tables["staff_session"].rows == 0
    assert after.tracker == before.tracker


def test_the_product_goes_on_where_it_was(filled: Installation, tmp_path: Path) -> None:
    store = ConversationStore(filled.open(), 15)
    chat = store.start()
    filled.say(a_desk(filled.open(), filled.settings.var), chat, "still here?")
    path = back_up(filled, tmp_path / "a.zip")
    bring_back(filled.lose(), path)
    store = ConversationStore(filled.open(), 15)
    assert [exchange.text for exchange in store.exchanges(store.find(chat.token))] == ["still here?"]
    assert Accounts(filled.open()).sign_in("anna", PASSWORD, "127.0.0.1")


def test_a_number_once_given_out_is_never_given_out_again(filled: Installation, tmp_path: Path) -> None:
    store = ConversationStore(filled.open(), 15)
    highest = store.start()
    store.erase([highest.rasa_id])
    path = back_up(filled, tmp_path / "a.zip")
    bring_back(filled.lose(), path)
    assert ConversationStore(filled.open(), 15).start().id > highest.id


def test_what_look_ups_need_in_postgresql_comes_back_with_the_tables(filled: Installation, tmp_path: Path) -> None:
    if filled.on_sqlite:
        pytest.skip("on SQLite look-ups need nothing in the database")
    path = back_up(filled, tmp_path / "a.zip")
    bring_back(filled.lose(), path)
    assert filled.scalar("SELECT to_tsvector('desk_stems', 'housing houses')::text") == "'hous':1,2"
    assert filled.scalar("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'") == 1
    # And again over what is there.
    assert bring_back(filled, path, replace=True).checksum == read_manifest(path).checksum


def test_a_backup_from_before_look_ups_were_in_postgresql_is_restored_over_a_database_that_has_them(
    place: Installation, older: Callable[[str], None], tmp_path: Path
) -> None:
    older("0002")
    path = back_up(place, tmp_path / "a.zip")
    migrate(place.open())
    assert bring_back(place, path, replace=True).schema == newest_schema()


def test_a_database_that_holds_something_is_replaced_only_where_that_is_said(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    filled.change("UPDATE service SET name = 'Changed since'")
    before = state(filled, tmp_path)
    with pytest.raises(BackupError, match=r"holds data already.*--replace"):
        bring_back(filled, path)
    assert state(filled, tmp_path) == before
    bring_back(filled, path, replace=True)
    assert filled.scalar("SELECT name FROM service") == "Advice Desk"


def test_tables_without_a_row_are_nothing_to_lose(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    filled.lose()
    migrate(filled.open())
    assert bring_back(filled, path).checksum == read_manifest(path).checksum


def test_a_chat_that_was_erased_since_does_not_come_back_over_a_database_that_knows(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    erased, *_ = filled.chats()
    ConversationStore(filled.open(), 15).erase([erased])
    done = bring_back(filled, path, replace=True)
    assert (done.erased, done.lost_track) == (1, False)
    assert erased not in filled.chats() | filled.remembered()
    assert len(filled.chats()) == 1


@pytest.mark.parametrize("taken_back", [True, False])
def test_a_number_to_call_back_that_was_taken_back_since_does_not_come_back(filled: Installation, tmp_path: Path, taken_back: bool) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    if taken_back:
        filled.change("DELETE FROM callback")
    bring_back(filled, path, replace=True)
    assert filled.scalar("SELECT count(*) FROM callback") == (0 if taken_back else 1)
    assert filled.scalar("SELECT count(*) FROM handover") == 1


def test_where_nothing_tells_what_was_erased_that_is_said(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    assert bring_back(filled.lose(), path).lost_track
    # A fresh start after the loss has a database, and knows as little.
    filled.lose()
    migrate(filled.open())
    ConversationStore(filled.open(), 15).start()
    done = bring_back(filled, path, replace=True)
    assert (done.erased, done.lost_track, len(filled.chats())) == (0, True, 2)


def test_the_way_back_from_a_newer_version_leaves_none_of_its_tables_behind(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    filled.change("CREATE TABLE only_the_newer_version_knows (id INTEGER)")
    filled.change("UPDATE alembic_version SET version_num = '9999'")
    if filled.on_sqlite:
        bring_back(filled, path, replace=True)
        with filled.open().connect() as connection:
            assert "only_the_newer_version_knows" not in table_names(connection)
        return
    with pytest.raises(BackupError, match="newer version: make an empty one"):
        bring_back(filled, path, replace=True)
    assert filled.scalar("SELECT version_num FROM alembic_version") == "9999"


def test_a_chat_past_its_days_is_erased_at_once_and_what_was_thought_of_it_stays(filled: Installation, tmp_path: Path) -> None:
    (old,) = (name for name in filled.chats() if name == filled.scalar("SELECT rasa_id FROM conversation ORDER BY id DESC LIMIT 1"))
    filled.change(f"UPDATE conversation SET last_seen_at = '{NOW - timedelta(days=8):%Y-%m-%d %H:%M:%S}' WHERE rasa_id = '{old}'")
    path = back_up(filled, tmp_path / "a.zip", now=NOW - timedelta(days=1))
    done = bring_back(filled.lose(), path)
    assert done.expired == 1
    assert old not in filled.chats() | filled.remembered()
    assert filled.scalar("SELECT comment FROM feedback WHERE conversation_id IS NULL") == "thank you"


def test_what_rasa_remembers_of_a_chat_that_is_not_kept_does_not_come_back(filled: Installation, tmp_path: Path) -> None:
    with filled.tracker().begin() as connection:
        filled.remember(connection, "a-chat-that-nobody-has")
    path = back_up(filled, tmp_path / "a.zip")
    bring_back(filled.lose(), path)
    assert filled.remembered() == filled.chats()


@pytest.mark.parametrize("left_out", ["when it was made", "when it is restored"])
def test_conversations_can_be_left_out(filled: Installation, tmp_path: Path, left_out: str) -> None:
    path = back_up(filled, tmp_path / "a.zip", conversations=left_out != "when it was made")
    done = bring_back(filled.lose(), path, conversations=left_out != "when it is restored")
    assert done.checksum == read_manifest(path).checksum
    for table in ("conversation", "message", "handover", "callback", "feedback", "staff_session"):
        assert filled.scalar(f"SELECT count(*) FROM {table}") == 0
    assert filled.scalar("SELECT name FROM service") == "Advice Desk"
    assert filled.scalar("SELECT username FROM staff") == "anna"
    if filled.on_sqlite:
        assert [file for file in filled.settings.var.glob("*.db*") if WORDS.encode() in file.read_bytes()] == []


def test_numbers_that_the_key_does_not_open_are_counted(filled: Installation, tmp_path: Path) -> None:
    path, key = back_up(filled, tmp_path / "a.zip"), filled.settings.var / KEY_FILE
    kept = key.read_bytes()
    key.unlink()
    assert bring_back(filled.lose(), path).unreadable == 1
    assert not key.exists()
    key.write_bytes(kept)
    assert bring_back(filled, path, replace=True).unreadable == 0


def test_a_backup_of_another_area_or_kind_or_of_a_newer_version_is_refused_in_words(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    other = replace(filled.settings, area="lewisham")
    with pytest.raises(BackupError, match="backup of cambridgeshire, and AREA is lewisham"):
        restore(other, path, True, True, NOW)
    for changed, said in (
        ({"kind": "mysql"}, "mysql database"),
        ({"schema": "9999"}, "made by a newer version .*9999.*install that version first"),
        ({"format": 2, "version": "7.0"}, r"newer version of Welcome Desk \(7\.0\)"),
        ({"product": "another"}, "is no backup of Welcome Desk"),
        ({"files": 3}, "is no backup, or a damaged one"),
    ):
        with pytest.raises(BackupError, match=said):
            bring_back(filled, rewritten(path, **changed), replace=True)


@pytest.mark.parametrize("damage", ["cut short", "another byte", "another dump", "empty", "text"])
def test_a_damaged_backup_changes_nothing(filled: Installation, tmp_path: Path, damage: str) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    before, content = state(filled, tmp_path), path.read_bytes()
    bad = tmp_path / "bad.zip"
    if damage == "cut short":
        bad.write_bytes(content[: len(content) // 2])
    elif damage == "another byte":
        middle = len(content) // 3
        bad.write_bytes(content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :])
    elif damage == "another dump":
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(bad, "w") as made:
            made.writestr(MANIFEST, source.read(MANIFEST))
            for name in source.namelist()[1:]:
                made.writestr(name, b"x" * 5000)
    else:
        bad.write_bytes(b"" if damage == "empty" else b"not a backup\n" * 100)
    with pytest.raises(BackupError, match="damaged"):
        bring_back(filled, bad, replace=True)
    assert state(filled, tmp_path) == before


def test_rows_that_are_not_those_of_the_backup_change_nothing(filled: Installation, tmp_path: Path) -> None:
    """As where a database loads other values than were dumped: the checksum is of what was read back."""
    path = back_up(filled, tmp_path / "a.zip")
    before, manifest = state(filled, tmp_path), read_manifest(path)
    with pytest.raises(BackupError, match="not what was backed up"):
        bring_back(filled, rewritten(path, checksum=manifest.checksum[::-1]), replace=True)
    assert state(filled, tmp_path) == before


@pytest.mark.parametrize("step", ["_end_what_is_over", "_unreadable"])
def test_a_restore_that_fails_late_changes_nothing(
    filled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    filled.change("UPDATE service SET name = 'Changed since'")
    before = state(filled, tmp_path)

    def fail(*_given: Any) -> None:
        raise BackupError("the disk is full")

    monkeypatch.setattr(restoring, step, fail)
    with pytest.raises(BackupError, match="the disk is full"):
        bring_back(filled, path, replace=True)
    monkeypatch.undo()
    assert state(filled, tmp_path) == before
    assert filled.scalar("SELECT name FROM service") == "Changed since"


KILLED = """
import os, signal, sys
from bot.backup import restoring
setattr(restoring, sys.argv[1], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
from bot.__main__ import main
main(["restore", sys.argv[2], "--replace"])
"""


@pytest.mark.parametrize("step", ["_compared", "_unreadable"])
def test_a_restore_that_is_killed_changes_nothing_and_can_be_done_again(filled: Installation, tmp_path: Path, step: str) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    filled.change("UPDATE service SET name = 'Changed since'")
    before = state(filled, tmp_path)
    environment = {**os.environ, "VAR_DIR": str(filled.settings.var), "DATABASE_URL": filled.settings.database_url, "PORT": "8341"}
    done = subprocess.run([sys.executable, "-c", KILLED, step, str(path)], cwd=ROOT, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert state(filled, tmp_path) == before
    bring_back(filled, path, replace=True)
    assert filled.scalar("SELECT name FROM service") == "Advice Desk"


@contextmanager
def waiting_little() -> Iterator[None]:
    """Nobody is about to close a connection: do not wait for it as long as where somebody may be."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(postgres, "_CLOSING", 0.3)
        yield


def test_a_connection_that_is_about_to_close_is_waited_for(filled: Installation, tmp_path: Path) -> None:
    """As of a program that was killed a moment ago: PostgreSQL notices later."""
    if filled.on_sqlite:
        pytest.skip("of a killed program's files SQLite keeps none open")
    path = back_up(filled, tmp_path / "a.zip")
    other = filled.open()
    with other.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM service").scalar()
    with filled.open().connect() as own:
        assert soon(lambda: postgres.others_connected(own) == 1), "the one that is about to close"
        own.detach()
    closes = threading.Timer(1.5, other.dispose)
    closes.start()
    try:
        restore(filled.settings, path, True, True, NOW)
    finally:
        closes.join()
    assert filled.scalar("SELECT name FROM service") == "Advice Desk"


def test_while_something_has_the_database_open_nothing_is_restored(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    other = filled.open()
    with other.connect() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM service").scalar()
        with waiting_little(), pytest.raises(BackupError, match="stop the product first"):
            restore(filled.settings, path, True, True, NOW)
    bring_back(filled, path, replace=True)


def test_who_restores_as_an_ordinary_user_sees_connections_of_others(filled: Installation, tmp_path: Path) -> None:
    """As where Rasa has a database user of its own: of others' connections PostgreSQL tells them little more than whose they are."""
    if filled.on_sqlite:
        pytest.skip("SQLite knows no users")
    path = back_up(filled, tmp_path / "a.zip")
    with an_ordinary_user() as user:
        address = user.set(database=make_url(filled.settings.database_url).database).render_as_string(hide_password=False)
        engine = open_database(address)
        with engine.connect() as own:
            assert soon(lambda: postgres.others_connected(own) == 0), "what the backup was made over is closed by now"
        engine.dispose()
        with filled.open().connect() as other:
            assert soon(lambda: postgres.others_connected(other) == 0)
            with waiting_little(), pytest.raises(BackupError, match="1 other connections"):
                restore(replace(filled.settings, database_url=address), path, True, True, NOW)


def test_while_rasa_has_its_own_database_open_nothing_is_restored(filled: Installation, tmp_path: Path) -> None:
    if not filled.on_sqlite:
        pytest.skip("on PostgreSQL Rasa's events are in the same database")
    path = back_up(filled, tmp_path / "a.zip")
    with closing(sqlite3.connect(filled.settings.tracker_file)) as rasa:
        rasa.execute("PRAGMA journal_mode=WAL")
        rasa.execute("SELECT count(*) FROM events").fetchall()
        with pytest.raises(BackupError, match=r"rasa-cambridgeshire\.db is in use: stop the product first"):
            bring_back(filled, path, replace=True)


HOLDS = """
import sys
from pathlib import Path
from bot.running import hold
hold(Path(sys.argv[1]))
print("runs", flush=True)
sys.stdin.read()
"""


def test_while_the_product_runs_nothing_is_restored_and_once_it_is_killed_it_is(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    command = [sys.executable, "-c", HOLDS, str(filled.settings.var)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as product:
        assert product.stdout is not None
        assert product.stdout.readline() == b"runs\n"
        with pytest.raises(BackupError, match="The product is running"):
            bring_back(filled, path, replace=True)
        product.kill()
    bring_back(filled, path, replace=True)


def test_a_damaged_database_is_replaced_where_that_is_said(filled: Installation, tmp_path: Path) -> None:
    if not filled.on_sqlite:
        pytest.skip("PostgreSQL looks after its own pages")
    path, file = back_up(filled, tmp_path / "a.zip"), filled.settings.var / "cambridgeshire.db"
    file.write_bytes(b"no database at all" * 1000)
    with pytest.raises(BackupError, match="--replace"):
        bring_back(filled, path)
    done = bring_back(filled, path, replace=True)
    assert (done.lost_track, len(filled.chats())) == (True, 2)


@pytest.fixture
def older(place: Installation) -> Callable[[str], None]:
    """Make the database one of an older version, with one chat in it."""

    def make(revision: str) -> None:
        migrate(place.open(), revision)
        moment = f"{NOW:%Y-%m-%d %H:%M:%S}"
        place.change(
            "INSERT INTO conversation (id, token_hash, rasa_id, started_at, last_seen_at) "
            f"VALUES (41, '{'a' * 64}', 'the-one', '{moment}', '{moment}')"
        )
        place.change(
            "INSERT INTO message (id, conversation_id, message_id, text, received_at) "
            f"VALUES (7, 41, 'm', 'before the upgrade', '{moment}')"
        )

    return make


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_backup_of_an_older_version_is_brought_up_to_this_one(
    place: Installation, older: Callable[[str], None], revision: str, tmp_path: Path
) -> None:
    older(revision)
    path = back_up(place, tmp_path / "a.zip")
    assert read_manifest(path).schema == revision
    done = bring_back(place.lose(), path)
    assert (done.checksum, done.schema) == (read_manifest(path).checksum, newest_schema())
    assert place.scalar("SELECT text FROM message WHERE access_id IS NOT NULL") == "before the upgrade"
    assert place.scalar("SELECT version_num FROM alembic_version") == newest_schema()


def test_lines_for_psql_alone_are_left_out_of_what_is_loaded(filled: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer versions of ``pg_restore`` begin and end their script with ``\\restrict`` and ``\\unrestrict``."""
    if filled.on_sqlite:
        pytest.skip("SQLite needs no program")
    path = back_up(filled, tmp_path / "a.zip")
    real = postgres._program("pg_restore")
    (tmp_path / "pg_restore").write_text(f"#!/bin/sh\ncat <<'E'\n\\restrict abc\nE\n{real} \"$@\"\ncat <<'E'\n\\unrestrict abc\nE\n")
    (tmp_path / "pg_restore").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert bring_back(filled.lose(), path).checksum == read_manifest(path).checksum


def test_the_files_of_a_backup_are_named_with_their_digests(filled: Installation, tmp_path: Path) -> None:
    path = back_up(filled, tmp_path / "a.zip")
    with zipfile.ZipFile(path) as packed:
        packed.extract(DATABASE, tmp_path)
    assert read_manifest(path).files[DATABASE] == digest_of(tmp_path / DATABASE)
