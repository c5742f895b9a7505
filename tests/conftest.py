"""What tests of several parts share: the real Cambridgeshire directory, and an empty database of each kind."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import Engine, make_url

from bot.database import Base, migrate, open_database, wipe_freed_pages
from bot.directory.records import Directory
from bot.settings import ROOT
from tests.builders import cambridgeshire
from tests.servers import POSTGRES_URL, a_schema, postgres_answers

# The same examples every time, however long one takes on a busy machine: what fails once fails for everybody.
settings.register_profile("the same every time", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("the same every time")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the largest file that needs models, so that one process trains while the other tests what needs none.

    The rest that needs models comes last, of that first what waits; besides, files come by size, as pytest-xdist would have them.
    """
    sizes = Counter(item.path for item in items)
    need_models = {item.path for item in items if "prepared" in getattr(item, "fixturenames", ())}
    # Of two as large the same in every process: pytest-xdist runs nothing where orders differ.
    first = max(need_models, key=lambda path: (sizes[path], path), default=None)
    wait = {item.path for item in items if item.get_closest_marker("waits")}
    items.sort(key=lambda item: (item.path != first, item.path in need_models, item.path not in wait, -sizes[item.path], item.path))


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """The directory of Cambridgeshire, read from ``data/`` through a temporary SQLite file."""
    return cambridgeshire(tmp_path_factory.mktemp("directory"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every table and no row, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    wipe_freed_pages(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_schema() -> Iterator[str]:
    """The URL of a PostgreSQL schema of our own with every table and no row; whoever fills it empties it again."""
    if not postgres_answers():
        pytest.skip(f"no PostgreSQL answers at {make_url(POSTGRES_URL)!r}: set TEST_POSTGRES_URL to test with one")
    with a_schema() as address:
        database = open_database(address)
        migrate(database)
        database.dispose()
        yield address


@pytest.fixture
def postgresql(migrated_schema: str) -> Iterator[Engine]:
    """An empty PostgreSQL schema with every table, where one answers."""
    database = open_database(migrated_schema)
    try:
        yield database
    finally:
        with database.begin() as connection:
            # For few rows this is many times faster than TRUNCATE, which makes every table's file anew.
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
            connection.exec_driver_sql(
                "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace"
            )
        database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with every table: an SQLite file, and a PostgreSQL schema where one answers."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgresql")
        return
    path = tmp_path / "test.db"
    shutil.copyfile(request.getfixturevalue("migrated_file"), path)
    database = open_database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def prepared() -> None:
    """Train and build whatever is due, once."""
    subprocess.run([sys.executable, "-m", "bot", "prepare"], cwd=ROOT, check=True)
