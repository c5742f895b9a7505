"""Overwriting what erased rows leave behind: a database that deletes a row gives its place free, and its bytes stay there until it is used.

SQLite is opened so that it writes zeros over what is deleted (``bot.database``). Two places are left: its write-ahead log, and the gap in a
page whose rows were moved to others as it was filled, where a copy of a row can stay behind. PostgreSQL keeps the bytes of deleted rows
and of every version of a changed one before its last, in a table's pages and its indexes', after ``VACUUM`` too; and a sample of each
column's values for its planner. On both, only what is written anew (``VACUUM``; on PostgreSQL ``VACUUM FULL``) is free of all that.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.backup.contents import SHORT_LIVED
from bot.database import open_database, wipe_freed_pages
from bot.directory.hours import BRITISH_TIME
from bot.jobs import WIPING, Jobs
from bot.moments import utc_now

log = logging.getLogger(__name__)
WIPED = SHORT_LIVED | {"escalation", "staff", "staff_identity", "wrong_record"}
"""The tables from which people's words, codes and digests are erased; the rest is the directory and its history."""
WIPE_EVERY = timedelta(hours=1)
"""How often a file of SQLite, or a table of PostgreSQL in which something changed, is written anew."""
WIPE_AGAIN = timedelta(minutes=5)
"""After how long it is tried again where somebody used a table, or still saw what was erased."""
WAIT_AT_MOST = 0.3
"""Seconds that writing a table anew waits for those who use it; whoever comes meanwhile waits behind it."""
LONGEST, LONGEST_BY_NIGHT = 1.0, 5.0
"""Seconds that it may take, while nobody else can use the table (on SQLite: write): by night more, but less than visitors wait for Rasa."""
NIGHT = range(2, 5)
"""Hours on a British clock."""
STEPS = 10_000
"""Steps of SQLite between looks at how long it takes: some milliseconds."""
SETTLE = 1.0
"""Seconds within which whoever saw the rows that were erased just now is done with them."""

_STORED = ("bpchar", "bytea", "json", "jsonb", "text", "varchar")
"""The types of PostgreSQL that can hold words."""
_SAMPLED = text(
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), s.attname IS NOT NULL FROM pg_attribute a "
    "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_stats s ON s.schemaname = current_schema() AND s.tablename = c.relname AND s.attname = a.attname "
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname IN :tables AND t.typname IN :types "
    "AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget IS DISTINCT FROM 0 ORDER BY 1, 2"
).bindparams(bindparam("tables", expanding=True), bindparam("types", expanding=True))
_CHANGES = text(
    "SELECT relname, oid, pg_stat_get_tuples_inserted(oid), pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_deleted(oid) "
    "FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname IN :tables ORDER BY relname"
).bindparams(bindparam("tables", expanding=True))
_NEWER = text("SELECT age(relfrozenxid) <= age(CAST(:since AS xid)) FROM pg_class WHERE oid = CAST(:name AS regclass)")


class Wiper:
    """Sees to it that what was erased is gone from the files of a database; ``tracker_file`` is Rasa's own on SQLite.

    The database says when it was last done, so that one process does it for all. The clock gives UTC.
    """

    def __init__(self, engine: Engine, jobs: Jobs, tracker_file: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._jobs = jobs
        self._tracker_file = tracker_file
        self._clock = clock
        self._samples_due = True
        self._written: dict[str, tuple[Any, datetime]] = {}

    def wipe(self) -> None:
        """Do it if it is due. What could not be done is noted as failed, and done another time."""
        on_sqlite = self._engine.dialect.name == "sqlite"
        if on_sqlite:
            self._files(wipe_freed_pages)
        else:
            self._forget_samples()
        job, now = self._jobs.look(WIPING), self._clock()
        if job and _is_within(WIPE_AGAIN if job.has_failed or job.is_going else WIPE_EVERY, job.begun_at, now):
            return
        changed = {} if on_sqlite else self._changed(now)
        if job and not on_sqlite and not changed:
            # Not begun, so that what is erased next is not kept waiting.
            self._jobs.ended(WIPING)
        elif self._jobs.claim(WIPING, WIPE_AGAIN):
            whole = False
            try:
                by_night = now.astimezone(BRITISH_TIME).hour in NIGHT
                longest = LONGEST_BY_NIGHT if by_night else LONGEST
                whole = self._files(lambda file: _rebuild(file, longest)) if on_sqlite else self._write_anew(changed, longest, now)
            finally:
                self._jobs.ended(WIPING, failed=not whole)

    def _files(self, work: Callable[[Engine], bool]) -> bool:
        """Do something with each file of SQLite; tell whether it was done with all."""
        done = work(self._engine)
        if self._tracker_file.exists():
            tracker = open_database(f"sqlite:///{self._tracker_file}")
            try:
                done = work(tracker) and done
            finally:
                tracker.dispose()
        return done

    def _forget_samples(self) -> None:
        """Keep PostgreSQL from taking samples of what people write, and have it forget those that it has.

        A column whose type is given anew, even as it is, loses its sample; nothing is written anew for it. Only the owner of a table can
        do it, and only the database's owner can write the samples anew: ``docs/operating.md`` says what to do where that is not us.
        """
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            found = connection.execute(_SAMPLED, {"tables": sorted(WIPED), "types": _STORED}).all()
            quote = connection.dialect.identifier_preparer.quote
            had_any = False
            for table in sorted({name for name, _column, _kind, _had in found}):
                parts = []
                for _table, column, kind, had in (one for one in found if one[0] == table):
                    parts.append(f"ALTER {quote(column)} SET STATISTICS 0")
                    if had:
                        parts.append(f"ALTER {quote(column)} TYPE {kind}")
                        had_any = True
                _alone(connection, f"ALTER TABLE {quote(table)} {', '.join(parts)}", LONGEST)
            self._samples_due = self._samples_due or had_any
            if self._samples_due:
                since = _now_at(connection)
                self._samples_due = not _without_old_rows(connection, "pg_catalog.pg_statistic", since, LONGEST)

    def _changed(self, now: datetime) -> dict[str, Any]:
        """Give the tables in which anything has changed since this process last wrote them anew, an hour ago, and how much ever has."""
        with self._engine.connect() as connection:
            found = {name: tuple(counts) for name, *counts in connection.execute(_CHANGES, {"tables": sorted(WIPED)})}
        for name, (counts, at) in self._written.items():
            if found.get(name) == counts or _is_within(WIPE_EVERY, at, now):
                found.pop(name, None)
        return found

    def _write_anew(self, changed: dict[str, Any], longest: float, now: datetime) -> bool:
        """Write tables anew, each in ``longest`` seconds at most; tell whether nothing that was erased from them is left."""
        whole = True
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            since = _now_at(connection)
            time.sleep(SETTLE)
            for name, counts in changed.items():
                if _without_old_rows(connection, connection.dialect.identifier_preparer.quote(name), since, longest):
                    self._written[name] = (counts, now)
                else:
                    log.warning("What was erased from the table %s may still be in its file; it is tried again.", name)
                    whole = False
        return whole


def _is_within(period: timedelta, at: datetime, now: datetime) -> bool:
    """Tell whether a moment is less than ``period`` ago; one that lies ahead, because a clock was set back, counts as long ago."""
    return now - period < at <= now


def _rebuild(engine: Engine, longest: float) -> bool:
    """Build a file of SQLite anew; tell whether it was done, and the log emptied. It is not while somebody writes, or reads from before."""
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(WAIT_AT_MOST * 1000)}")
            # Nothing of it goes into a file elsewhere.
            connection.exec_driver_sql("PRAGMA temp_store=MEMORY")
            driver, limit = connection.connection.driver_connection, time.monotonic() + longest
            driver.set_progress_handler(lambda: time.monotonic() > limit, STEPS)
            try:
                connection.exec_driver_sql("VACUUM")
            finally:
                driver.set_progress_handler(None, STEPS)
    except OperationalError as error:
        log.warning("A file of the database could not be built anew (%s).", type(error.orig).__name__)
        return False
    return wipe_freed_pages(engine)


def _now_at(connection: Connection) -> Any:
    """Give the number that PostgreSQL is at with its transactions."""
    return connection.exec_driver_sql("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)").scalar()


def _without_old_rows(connection: Connection, table: str, since: Any, longest: float) -> bool:
    """Write a table anew; tell whether it was done and no row that was erased before the transaction ``since`` is in it any more."""
    # A row that somebody might still see is written anew, too. How far back PostgreSQL looked for such is the table's relfrozenxid
    # now (its src/backend/commands/cluster.c, copy_table_data).
    done = _alone(connection, f"VACUUM (FULL) {table}", longest)
    return done and bool(connection.execute(_NEWER, {"since": since, "name": table}).scalar())


def _alone(connection: Connection, statement: str, longest: float) -> bool:
    """Run a statement that needs a table for itself, unless others would wait too long for it; tell whether it was done."""
    limits = {"lock_timeout": WAIT_AT_MOST, "statement_timeout": longest}
    before = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in limits}
    for name, seconds in limits.items():
        connection.exec_driver_sql(f"SET {name} = {int(seconds * 1000)}")
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        log.warning("A table could not be had alone (%s).", type(error.orig).__name__)
        return False
    finally:
        if not connection.invalidated:
            for name, value in before.items():
                connection.exec_driver_sql(f"SET {name} = '{value}'")
    return True
