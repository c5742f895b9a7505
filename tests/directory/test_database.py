"""Opening a database and bringing it up to date."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

import bot.conversation.models
import bot.directory.models  # noqa: F401
from bot.database import Base, migrate, open_database, stay_open, wipe_freed_pages
from tests.builders import Pack


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'new' / 'deep' / 'desk.db'}")
    engine.connect().close()
    engine.dispose()
    assert (tmp_path / "new" / "deep" / "desk.db").exists()


def test_the_migrations_make_exactly_the_tables_that_the_product_declares(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        changes = compare_metadata(context, Base.metadata)
        # SQLite keeps the ids it has given out in a table of its own.
        assert [change for change in changes if getattr(change[1], "name", "") != "sqlite_sequence"] == []


def test_migrating_twice_changes_nothing_and_loses_nothing(engine: Engine, tmp_path: Path) -> None:
    tables = set(inspect(engine).get_table_names())
    pack = Pack(tmp_path / "packs").service()
    pack.load(engine)
    migrate(engine)
    assert set(inspect(engine).get_table_names()) == tables
    assert pack.load(engine) is False


def test_an_upgrade_that_is_cut_off_changes_nothing_and_can_be_done_again(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'cut_off.db'}")

    def fail(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("UPDATE alembic_version SET version_num='0003'"):
            raise OSError("the disk is full")

    event.listen(engine, "before_cursor_execute", fail)
    with pytest.raises(OSError, match="full"):
        migrate(engine)
    event.remove(engine, "before_cursor_execute", fail)
    assert inspect(engine).get_table_names() == []
    migrate(engine)
    assert set(Base.metadata.tables) < set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_row_that_points_nowhere_is_refused_by_every_database(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO lead (id, service_id, topic, position) VALUES ('1', 'nowhere', 'housing', 1)")


def test_a_failing_statement_does_not_name_its_values(engine: Engine) -> None:
    with pytest.raises(SQLAlchemyError) as raised, engine.begin() as connection:
        connection.execute(text("INSERT INTO no_such_table (words) VALUES (:words)"), {"words": "what a visitor wrote"})
    assert "no_such_table" in str(raised.value)
    assert "what a visitor wrote" not in str(raised.value)


def test_a_file_that_is_used_again_and_again_keeps_its_log(tmp_path: Path) -> None:
    """Where it goes with each use, each use waits for the disk and makes it anew."""
    log = tmp_path / "desk.db-wal"
    engine = open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    migrate(engine)
    assert not log.exists()
    stay_open(engine)
    made = log.stat().st_ino
    for _ in range(3):
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE conversation SET rasa_id = rasa_id")
        assert log.stat().st_ino == made
    assert wipe_freed_pages(engine), "who only has it open is in nobody's way"
    engine.dispose()
    assert not log.exists()
