"""What is kept: the database and Rasa's own, whether they are whole and up to date, and whether old conversations are erased."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.backup.sqlite import faults_of
from bot.conversation.models import Conversation, PendingErasure
from bot.database import is_known_schema, knows_all_letters, newest_schema, open_database, schema_of
from bot.doctor.findings import Finding, Installation, Level, judged
from bot.jobs import STOPPED_AFTER, TIDYING, WIPING, Jobs
from bot.moments import SKEW, utc_now
from bot.sharing.memory import SharedMemory
from bot.timekeeping import apart_from_database, newest_kept

CHECK = "Database"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
LATE = timedelta(days=1)
"""How long after its time something may still be there: the product may have been stopped over a night."""
DAMAGED = "Stop the product and restore the last backup: `.venv/bin/python -m bot restore FILE --replace`."


def database(case: Installation) -> tuple[Installation, list[Finding]]:
    """Look at whether the database can be used; give the installation with it where it can."""
    try:
        url = make_url(case.settings.database_url)
        if url.get_backend_name() == "sqlite":
            path = Path(url.database or "")
            if not path.exists():
                return case, [Finding(CHECK, Level.LOOK, f"There is no {path} yet.", "It is made at the first start: `make run`.")]
            damage = _damage(path)
            if damage:
                return case, [Finding(CHECK, Level.BROKEN, f"{path} is damaged ({damage}).", DAMAGED)]
        engine = open_database(case.settings.database_url)
        with engine.connect() as connection:
            schema = schema_of(connection)
    except (DBAPIError, OSError) as error:
        found = f"The database cannot be reached ({type(getattr(error, 'orig', error)).__name__})."
        return case, [Finding(CHECK, Level.BROKEN, found, "Is PostgreSQL running? Check the host, name and password in DATABASE_URL.")]
    if schema and not is_known_schema(schema):
        found = f"The database is of a newer version (schema {schema}; this one knows {newest_schema()})."
        return case, [Finding(CHECK, Level.BROKEN, found, "Install that version again, or restore a backup from before it.")]
    if schema != newest_schema():
        found = f"The database is of an older version (schema {schema or 'none'}; the newest is {newest_schema()})."
        return case, [Finding(CHECK, Level.LOOK, found, "Make a backup, then start the product: it is brought up to date by itself.")]
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            all_letters = knows_all_letters(connection)
        if not all_letters:
            found = "PostgreSQL knows English letters alone in this database (its locale is C): misspelt words are compared in memory."
            do = "Make a backup, and restore it into a database made with `createdb --locale C.UTF-8 --template template0`."
            return Installation(case.settings, case.now, engine), [Finding(CHECK, Level.LOOK, found, do)]
    whole = Finding(CHECK, Level.OK, f"{NAMES.get(engine.dialect.name, engine.dialect.name)}, reached and whole, schema {schema}.")
    return Installation(case.settings, case.now, engine), [whole]


def _damage(path: Path) -> str:
    """Give what SQLite finds wrong first; empty where a file is whole. It is opened to be read only."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return "; ".join(faults_of(connection)[:1])
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) else str(error)
    except sqlite3.DatabaseError as error:
        return str(error)


def tracker(case: Installation) -> list[Finding]:
    """Look at what Rasa keeps, where that is in a file of its own."""
    path = case.settings.tracker_file
    if not case.settings.on_sqlite or not path.exists():
        return []
    damage = _damage(path)
    if damage:
        found = f"{path}, in which Rasa remembers the running chats, is damaged ({damage})."
        return [Finding("Rasa's memory", Level.BROKEN, found, "Stop the product, delete that file, and start: chats begin anew in it.")]
    return [Finding("Rasa's memory", Level.OK, "The file is whole.")]


def retention(case: Installation) -> list[Finding]:
    """Look at whether conversations are gone when visitors are told that they are."""
    if case.database is None:
        return []
    days, faults = case.settings.retention_days, []
    with Session(case.database, future=True) as session:
        old = session.execute(
            select(func.count()).select_from(Conversation).where(Conversation.last_seen_at < case.now - timedelta(days=days) - LATE)
        ).scalar()
        waiting = session.execute(
            select(func.count()).select_from(PendingErasure).where(PendingErasure.asked_at < case.now - LATE)
        ).scalar()
    if old:
        found = f"{old} conversations are older than {days} days and were not erased: the job that does it has not run."
        faults.append((Level.BROKEN, found, "Start the product; it erases them within a minute. Where it runs, its log says why it fails."))
    job = Jobs(case.database).look(TIDYING)
    if job and job.has_failed:
        faults.append((Level.BROKEN, "The job that erases what is due failed when it last ran.", "The log of the front door says why."))
    if job and job.done_at and job.done_at < case.now - LATE:
        found = f"The job that erases what is due was last done on {job.done_at:%d %B %Y at %H:%M} UTC."
        faults.append((Level.LOOK, found, "Start the product: it is done every minute while that runs."))
    wiped = Jobs(case.database).look(WIPING)
    if wiped and wiped.has_failed and not wiped.done_at:
        found = "What was erased has never been overwritten: the job that does it fails."
        faults.append((Level.BROKEN, found, "The log of the front door names the table; docs/operating.md says what may keep it."))
    if wiped and wiped.done_at and wiped.done_at < case.now - STOPPED_AFTER[WIPING] - LATE:
        found = f"What was erased was last overwritten on {wiped.done_at:%d %B %Y at %H:%M} UTC."
        do = "Where the product runs, its log names the table, and docs/operating.md says what may keep it."
        faults.append((Level.BROKEN, found, do))
    if waiting:
        found = f"Rasa still has to erase {waiting} conversations that were erased more than a day ago."
        faults.append((Level.BROKEN, found, "See that Rasa runs: it is tried again every minute."))
    return judged("Erasing", faults, f"No conversation is older than {days} days.")


def clock(case: Installation) -> list[Finding]:
    """Look at whether this computer's clock agrees with the database's, and with what is kept."""
    if case.database is None:
        return []
    do = "Set the clock (`timedatectl`) of whichever computer is wrong: until then chats may end too early or be kept too long."
    faults = []
    apart = apart_from_database(case.database, utc_now)
    if apart is not None and abs(apart) > SKEW:
        minutes = abs(apart).total_seconds() / 60
        faults.append((Level.BROKEN, f"The database's clock and this one differ by {minutes:.0f} minutes.", do))
    newest = newest_kept(case.database)
    if newest is not None and newest > case.now + SKEW:
        found = f"Something was kept on {newest:%d %B %Y %H:%M} UTC, which is still to come: the clock is behind, or was ahead."
        faults.append((Level.BROKEN, found, do))
    return judged("Clock and database", faults, "They agree.")


def written_by_postgresql(case: Installation) -> list[Finding]:
    """Look at whether PostgreSQL writes down what people wrote where nothing is erased: in its log, and in its write-ahead log."""
    if case.database is None or case.database.dialect.name == "sqlite":
        return []
    with case.database.connect() as connection:
        # Seconds and megabytes are those that PostgreSQL counts in, without a unit.
        said = {row.name: row.setting for row in connection.exec_driver_sql("SELECT name, setting FROM pg_settings")}
        slots = connection.exec_driver_sql("SELECT count(*) FROM pg_replication_slots").scalar()
    faults = []
    if said["log_min_error_statement"] not in ("log", "fatal", "panic"):
        found = "PostgreSQL's log has the statements that fail, with the words in them."
        do = "Have its superuser run: ALTER DATABASE ... SET log_min_error_statement = panic, for the database in DATABASE_URL."
        faults.append((Level.LOOK, found, do))
    if said["log_statement"] in ("mod", "all") or said["log_min_duration_statement"] != "-1":
        found = "PostgreSQL's log has statements, with the words in them."
        do = "Set log_statement to none and log_min_duration_statement to -1, for the user in DATABASE_URL at least."
        faults.append((Level.LOOK, found, do))
    if said["wal_recycle"] != "off" or not 0 < int(said["archive_timeout"]) <= 3600:
        found = "PostgreSQL keeps old files of its write-ahead log, in which words stand that were erased."
        faults.append((Level.LOOK, found, "Set wal_recycle = off and archive_timeout = 1h: docs/operating.md says what for."))
    if said["archive_mode"] != "off" or int(said["wal_keep_size"]) or slots:
        found = "PostgreSQL's write-ahead log, with words that were erased, is copied (archive_mode, wal_keep_size or a replication slot)."
        do = "Have the copies go within RETENTION_DAYS, or say in the data protection sheet how long they stay."
        faults.append((Level.LOOK, found, do))
    return judged(
        "What PostgreSQL writes down", faults, "No statements in its log, and no old write-ahead log for longer than it needs it."
    )


def shared_memory(case: Installation) -> list[Finding]:
    """Look at whether Redis answers, where there is one."""
    if not case.settings.redis_url:
        return []
    if not SharedMemory(case.settings.redis_url, "").answers():
        return [Finding("Redis", Level.BROKEN, "Redis does not answer.", "Is it running? Check REDIS_URL.")]
    return [Finding("Redis", Level.OK, "It answers.")]
