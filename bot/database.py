"""The database: one engine for directory and conversations, SQLite by default, PostgreSQL by ``DATABASE_URL``."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.orm import declarative_base

from bot.settings import ROOT

Base = declarative_base()
"""What every table of the product is declared on; ``migrations/`` creates them."""


def open_database(url: str) -> Engine:
    """Open the database at an SQLAlchemy ``url``; a missing SQLite file and its folder are made.

    A failing statement never names its values (``hide_parameters``): they may be a visitor's words, and errors are logged.
    On SQLite, deleted rows are overwritten with zeros (``secure_delete``), so that erasure leaves no bytes behind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, future=True, pool_pre_ping=True, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, future=True, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


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
    """Bring the tables up to a migration in ``migrations/``, the newest where nothing is said."""
    with engine.connect() as connection:
        # A table that SQLite makes anew must not take the rows with it that belong to its own (https://www.sqlite.org/lang_altertable.html).
        on_sqlite = engine.dialect.name == "sqlite"
        if on_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        with connection.begin():
            upgrade(connection, to)
        if on_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables up to a migration within the transaction that ``connection`` is in."""
    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


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
