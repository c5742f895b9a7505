"""Restoring a backup: all of it or nothing, while the product does not run."""

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, inspect, select, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from bot.backup import postgres, sqlite
from bot.backup.archive import DATABASE, TRACKER, Manifest, read_manifest, unpack, workplace
from bot.backup.checksums import TableSum, sum_of_all, table_names, table_sums
from bot.backup.contents import LONG_LIVED, SHORT_LIVED
from bot.conversation.feedback import FeedbackBook
from bot.conversation.models import Access, Conversation, Feedback
from bot.conversation.store import ConversationStore
from bot.database import is_known_schema, migrate, newest_schema, open_database, schema_of, upgrade, wipe_freed_pages
from bot.errors import BackupError, SetUpError
from bot.handover.callback import KEY_FILE, Vault
from bot.handover.models import Callback, Handover, StaffSession
from bot.running import alone
from bot.settings import Settings

RASA_EVENTS = "events"
"""The table in which Rasa keeps what it remembers of conversations."""


@dataclass(frozen=True)
class Restored:
    """What was restored: ``checksum`` as read back from it, before anything was brought up to date or erased.

    ``schema`` is the migration it is at now; ``expired`` counts the chats erased because their time was over, ``erased`` those that the
    database before no longer had; ``unreadable`` the numbers to call back that the key of this installation does not open.
    ``lost_track`` says that there was no database before that could tell which chats visitors have erased since.
    """

    manifest: Manifest
    checksum: str
    schema: str
    expired: int
    erased: int
    unreadable: int
    lost_track: bool


@dataclass(frozen=True)
class _Before:
    """The conversations of the database before: the names of those it has, and the highest number it ever gave to one.

    ``to_call_back`` has the names of those whose visitors wait to be called back; None where it is too old to know of such.
    """

    names: frozenset[str]
    highest: int
    to_call_back: frozenset[str] | None


def check(path: Path) -> Manifest:
    """Read a whole backup and compare it with its checksums, changing nothing. Raises BackupError where it is not whole."""
    manifest = read_manifest(path)
    unpack(path, manifest)
    return manifest


def restore(settings: Settings, path: Path, conversations: bool, replace: bool, now: datetime) -> Restored:
    """Put what a backup holds in the place of the database. ``now`` is UTC.

    Raises BackupError, with nothing changed, where the product runs, the backup is not whole or not for this installation, or the database
    holds something and ``replace`` does not allow to lose it.
    """
    manifest = read_manifest(path)
    engine = open_database(settings.database_url)
    try:
        _refuse_unfit(settings, manifest, str(engine.dialect.name))
        with alone(settings.var) as nobody_else:
            if not nobody_else:
                raise BackupError("The product is running: stop it first, then restore, then start it again.")
            if manifest.kind == "sqlite":
                return _restore_sqlite(settings, path, manifest, conversations, replace, engine)
            with workplace(settings.var) as work:
                return _restore_postgres(settings, unpack(path, manifest, work)[DATABASE], manifest, conversations, replace, engine)
    except DBAPIError as error:
        raise SetUpError(f"The database cannot be used ({type(error.orig).__name__}): check DATABASE_URL, and that it runs.") from error
    finally:
        engine.dispose()


def _refuse_unfit(settings: Settings, manifest: Manifest, kind: str) -> None:
    if manifest.area != settings.area:
        raise BackupError(f"This is a backup of {manifest.area}, and AREA is {settings.area}: set AREA={manifest.area}.")
    if manifest.kind != kind:
        raise BackupError(f"This is a backup of a {manifest.kind} database, and DATABASE_URL leads to {kind}: they do not fit.")
    if not is_known_schema(manifest.schema):
        raise BackupError(
            f"This backup was made by a newer version ({manifest.version}, schema {manifest.schema}; this one knows {newest_schema()}): "
            "install that version first."
        )


def _restore_sqlite(settings: Settings, path: Path, manifest: Manifest, conversations: bool, replace: bool, engine: Engine) -> Restored:
    target, tracker = Path(engine.url.database), settings.tracker_file
    before: _Before | None = None
    if target.exists():
        before, holds = _look_at(engine)
        engine.dispose()
        if holds and not replace:
            raise BackupError(_HOLDS.format(where=target))
    for file in (target, tracker):
        if file.exists() and not sqlite.fold(file):
            raise BackupError(f"{file} is in use: stop the product first, then restore, then start it again.")
    with workplace(target.parent) as work, workplace(tracker.parent) as beside:
        files = unpack(path, manifest, work)
        if TRACKER in files:
            # Beside its place, which may be on another disk: put there at one stroke as well.
            files[TRACKER] = Path(shutil.move(files[TRACKER], beside / TRACKER))
        staged = open_database(f"sqlite:///{files[DATABASE]}")
        memory = open_database(f"sqlite:///{files[TRACKER]}") if TRACKER in files else None
        try:
            with staged.connect() as connection:
                found = table_sums(connection, manifest.tables)
            of_rasa: dict[str, TableSum] = {}
            if memory:
                with memory.connect() as connection:
                    of_rasa = table_sums(connection, manifest.tracker)
            checksum = _compared(manifest, found, of_rasa)
            migrate(staged)
            expired, erased, lost_track = _end_what_is_over(staged, settings, manifest, conversations, before)
            if memory:
                with staged.connect() as connection, memory.begin() as remembered:
                    _forget_strangers(remembered, _names(connection))
                wipe_freed_pages(memory)
            unreadable = _unreadable(staged, settings)
        finally:
            staged.dispose()
            if memory:
                memory.dispose()
        for file in files.values():
            sqlite.fold(file)
        # What Rasa remembered goes first and comes last: cut off in between, a chat is forgotten by Rasa, and none is kept that was erased.
        sqlite.remove(tracker)
        sqlite.put_in_place(files[DATABASE], target)
        if memory:
            sqlite.put_in_place(files[TRACKER], tracker)
    return Restored(manifest, checksum, newest_schema(), expired, erased, unreadable, lost_track)


def _restore_postgres(settings: Settings, dump: Path, manifest: Manifest, conversations: bool, replace: bool, engine: Engine) -> Restored:
    with engine.connect() as connection, connection.begin():
        others = postgres.others_stay(connection)
        if others:
            raise BackupError(f"{others} other connections to the database are open: stop the product first, and whatever else reads it.")
        before, holds = _look_at(connection)
        if holds and not replace:
            raise BackupError(_HOLDS.format(where="The database"))
        schema = schema_of(connection)
        if schema and not is_known_schema(schema):
            # Tables that only it knows would stay, and stand in the way of the next upgrade.
            raise BackupError(_NEWER)
        postgres.clear(connection, table_names(connection) & (LONG_LIVED | SHORT_LIVED | set(manifest.tables)))
        postgres.bring_extensions(connection, manifest.extensions)
        postgres.load(connection, dump)
        checksum = _compared(manifest, table_sums(connection, manifest.tables), {})
        upgrade(connection)
        expired, erased, lost_track = _end_what_is_over(connection, settings, manifest, conversations, before)
        if RASA_EVENTS in table_names(connection):
            _forget_strangers(connection, _names(connection))
        unreadable = _unreadable(connection, settings)
    return Restored(manifest, checksum, newest_schema(), expired, erased, unreadable, lost_track)


_NEWER = "The database is of a newer version: make an empty one, name that in DATABASE_URL, and restore into it."
_HOLDS = "{where} holds data already: back it up first, then restore with --replace, which puts the backup in its place."


def _look_at(bind: Any) -> tuple[_Before | None, bool]:
    """Give the conversations of the database as it is (None where it cannot tell), and whether it holds any row."""
    try:
        with contextlib.nullcontext(bind) if isinstance(bind, Connection) else bind.connect() as connection:
            names = table_names(connection)
            quote = connection.dialect.identifier_preparer.quote
            holds = any(
                connection.exec_driver_sql(f"SELECT 1 FROM {quote(table)} LIMIT 1").first()  # noqa: S608 - the database's own name
                for table in sorted(names - {"alembic_version"})
            )
            if "conversation" not in names:
                return None, holds
            rows = connection.execute(text("SELECT rasa_id FROM conversation")).scalars()
            return _Before(frozenset(rows), _highest_given(connection), _to_call_back(connection) if "callback" in names else None), holds
    except SQLAlchemyError:
        if isinstance(bind, Connection):
            raise
        # A damaged file: it may hold anything.
        return None, True


def _to_call_back(connection: Connection) -> frozenset[str]:
    """Give the name of every conversation whose visitor waits to be called back."""
    asked = "SELECT rasa_id FROM conversation JOIN handover ON conversation_id = conversation.id JOIN callback ON handover_id = handover.id"
    return frozenset(connection.execute(text(asked)).scalars())


def _highest_given(connection: Connection) -> int:
    """Give the highest number that a conversation ever had, also of those that are erased."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT seq FROM sqlite_sequence WHERE name = 'conversation'"
    else:
        asked = "SELECT last_value FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = 'conversation_id_seq'"
    return int(connection.execute(text(asked)).scalar() or 0)


def _compared(manifest: Manifest, tables: dict[str, TableSum], tracker: dict[str, TableSum]) -> str:
    """Give the checksum of what was loaded. Raises BackupError where it is not that of the backup."""
    checksum = sum_of_all(tables, tracker)
    if checksum != manifest.checksum:
        other = [name for name in manifest.tables if tables[name] != manifest.tables[name]]
        raise BackupError(
            f"What was read back is not what was backed up ({', '.join(other) or TRACKER}): nothing was changed. Use another."
        )
    return checksum


def _end_what_is_over(
    bind: Any, settings: Settings, manifest: Manifest, conversations: bool, before: _Before | None
) -> tuple[int, int, bool]:
    """Erase what may not come back: chats past their time, those that were erased since, everybody's sign-in.

    Gives how many chats were past their time, how many had been erased, and whether nobody could tell the latter.
    """
    store = ConversationStore(bind, settings.idle_minutes)
    with Session(bind, future=True) as session:
        session.execute(delete(StaffSession))
        highest = session.execute(select(func.max(Conversation.id))).scalar() or 0
        session.commit()
    expired = store.expired(settings.retention_days)
    store.erase(expired, settings.retention_days)
    with Session(bind, future=True) as session:
        left = list(session.execute(select(Conversation.rasa_id)).scalars())
    # Another database than the one that was backed up has not given out so many numbers: it cannot tell what was erased.
    knows = before is not None and before.highest >= highest
    gone = [name for name in left if before and knows and name not in before.names] if conversations else left
    store.erase(gone)
    if knows and before and before.to_call_back is not None:
        # Taken back since, or the chat is closed: nobody may be rung who does not wait for it.
        with Session(bind, future=True) as session:
            wanted = select(Conversation.id).where(Conversation.rasa_id.in_(before.to_call_back))
            of_them = select(Handover.id).where(Handover.conversation_id.in_(wanted))
            session.execute(delete(Callback).where(Callback.handover_id.not_in(of_them)).execution_options(synchronize_session=False))
            session.commit()
    if not conversations:
        with Session(bind, future=True) as session:
            session.execute(delete(Feedback))
            session.commit()
    store.forget_spent(settings.retention_days)
    FeedbackBook(bind, settings.feedback_unread_days, settings.feedback_days).forget()
    return len(expired), len(gone), bool(left) and conversations and not knows


def _names(connection: Connection) -> frozenset[str]:
    """Give every name that a conversation has inside Rasa."""
    own = connection.execute(select(Conversation.rasa_id)).scalars().all()
    return frozenset([*own, *connection.execute(select(Access.rasa_id).where(Access.rasa_id.is_not(None))).scalars()])


def _forget_strangers(connection: Connection, names: Iterable[str]) -> None:
    """Delete what Rasa remembers of conversations that there are no more."""
    if RASA_EVENTS in inspect(connection).get_table_names():
        known = set(names)
        remembered = connection.execute(text("SELECT DISTINCT sender_id FROM events")).scalars().all()
        for sender in set(remembered) - known:
            connection.execute(text("DELETE FROM events WHERE sender_id = :sender"), {"sender": sender})


def _unreadable(bind: Any, settings: Settings) -> int:
    """Count the numbers to call back that the key in ``VAR_DIR`` does not open; it is not made here."""
    with Session(bind, future=True) as session:
        contacts = session.execute(select(Callback.contact)).scalars().all()
    if not contacts or not (settings.var / KEY_FILE).exists():
        return len(contacts)
    vault = Vault(settings.var)
    return sum(vault.unlock(contact) is None for contact in contacts)
