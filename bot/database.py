"""The database: one engine for directory and conversations, SQLite by default, PostgreSQL by ``DATABASE_URL``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.pool import NullPool

from bot.errors import SetUpError
from bot.settings import ROOT

Base = declarative_base()
"""What every table of the product is declared on; ``migrations/`` creates them."""


WAIT = 30.0
"""Seconds that a command of the operator's waits for another writer, or for a connection."""
NOTICE_A_DEAD_LINE = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's own settings, in seconds and the last in milliseconds: without them a server that has lost its power is waited for for hours."""


def open_database(url: str, patience: float | None = None) -> Engine:
    """Open the database at an SQLAlchemy ``url``; a missing SQLite file and its folder are made.

    ``patience`` is the seconds within which each statement must be done, for processes that people wait for.

    A failing statement never names its values (``hide_parameters``): they may be a visitor's words, and errors are logged.
    On SQLite, deleted rows are overwritten with zeros (``secure_delete``), so that erasure leaves no bytes behind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername == "postgresql":
            # SQLAlchemy 2.1 takes another driver where none is named.
            parsed = parsed.set(drivername="postgresql+psycopg2")
        lines = NOTICE_A_DEAD_LINE if parsed.get_backend_name() == "postgresql" else {}
        engine = create_engine(
            parsed, future=True, pool_pre_ping=True, pool_timeout=patience or WAIT, hide_parameters=True, connect_args=lines
        )

        @event.listens_for(engine, "connect")
        def limit(connection: Any, _record: Any) -> None:
            if patience is not None and engine.dialect.name == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET statement_timeout = {int(patience * 1000)}")
                connection.commit()

        return engine
    pool: dict[str, Any] = {}
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # A connection is for one use, in SQLAlchemy 2 as in 1.4: what somebody has set on it (PRAGMA) binds nobody else.
        pool["poolclass"] = NullPool
    waits = {"timeout": patience or WAIT, "check_same_thread": False}
    engine = create_engine(url, future=True, hide_parameters=True, connect_args=waits, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def stay_open(engine: Engine) -> None:
    """Keep SQLite's file open until ``engine`` is disposed of, for processes that use it again and again.

    With the last connection to a file SQLite folds the write-ahead log into it, waits for the disk and deletes the log
    (https://www.sqlite.org/wal.html#the_wal_file), and the next one makes it anew: with connections for one use, for every message.
    """
    if engine.dialect.name == "sqlite":
        kept = engine.raw_connection()
        # Only who has read belongs to it.
        kept.cursor().execute("SELECT count(*) FROM sqlite_master").fetchall()
        event.listen(engine, "engine_disposed", lambda _engine: kept.close(), once=True)


def is_fault_of_database(error: BaseException) -> bool:
    """Tell whether the database could not do what it was asked, whatever that was; not that it was asked something wrong."""
    broken = (exc.OperationalError, exc.InternalError, exc.InterfaceError, exc.TimeoutError)
    return isinstance(error, broken) or type(error) is exc.DatabaseError


def try_to_read(engine: Engine) -> None:
    """Ask the database for anything. Raises what ``is_fault_of_database`` knows."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")


def knows_all_letters(connection: Connection) -> bool:
    """Tell whether this PostgreSQL database can tell letters and capitals of every script: one made in the locale C knows English alone."""
    ours = "SELECT datctype FROM pg_database WHERE datname = current_database()"
    return connection.exec_driver_sql(ours).scalar() not in ("C", "POSIX")


def see_one_moment(connection: Connection) -> None:
    """Have all queries of the transaction that begins here see the same moment, whatever others write between them. It is to read with.

    Else each query of PostgreSQL's sees what is there when it begins, and so does each of SQLite's before anything is written.
    """
    begin = {"sqlite": "BEGIN", "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"}
    connection.exec_driver_sql(begin[connection.dialect.name])


@contextmanager
def one_moment(engine: Engine) -> Iterator[Session]:
    """Open a session to read with, whose queries all see the same moment."""
    with Session(engine, future=True) as session:
        see_one_moment(session.connection())
        yield session


def migrations() -> Config:
    """Give Alembic's view of ``migrations/``."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def newest_schema() -> str:
    """Give the newest migration in ``migrations/``."""
    return str(ScriptDirectory.from_config(migrations()).get_current_head())


def schema_of(connection: Connection) -> str:
    """Give the newest migration that a database has had; empty where it has had none."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def is_known_schema(revision: str) -> bool:
    """Tell whether a database of this migration can be brought up to ours: one of a newer version cannot."""
    return revision in {script.revision for script in ScriptDirectory.from_config(migrations()).walk_revisions()}


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the tables up to a migration in ``migrations/``, the newest where nothing is said. Raises SetUpError as ``upgrade`` does."""
    with engine.connect() as connection:
        # A table that SQLite makes anew must not take the rows with it that belong to its own (https://www.sqlite.org/lang_altertable.html).
        on_sqlite = engine.dialect.name == "sqlite"
        if on_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        with connection.begin():
            if on_sqlite:
                # Its driver begins none before the first row: tables made until then would stay where this is cut off.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            upgrade(connection, to)
        if on_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables up to a migration within the transaction that ``connection`` is in.

    Raises SetUpError where they are of a newer version than this one, and where the database cannot hold every language.
    """
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise SetUpError(
                f"The database has the encoding {encoding}, which cannot hold every language: make another in UTF8 "
                "(createdb --encoding UTF8 --locale C.UTF-8 --template template0 NAME) and name it in DATABASE_URL."
            )
    schema = schema_of(connection)
    if schema and not is_known_schema(schema):
        raise SetUpError(
            f"The database is of a newer version (schema {schema}; this one knows {newest_schema()}): "
            "install that version again, or restore a backup from before it."
        )
    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def insert_into(session: Session, table: Any) -> Any:
    """Begin an INSERT that can say what to do where the row is there already (``on_conflict_do_nothing``, ``on_conflict_do_update``)."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[session.get_bind().dialect.name](table)


def wipe_freed_pages(engine: Engine) -> bool:
    """On SQLite, fold the write-ahead log into the file and empty it, so that no erased text stays in the log.

    Gives False where somebody still read from the log, so that it could not be emptied. On PostgreSQL ``bot.wiping`` sees to it.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        # While it waits for readers nobody can write.
        connection.exec_driver_sql("PRAGMA busy_timeout=1000")
        return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
