"""What tests of several parts share: the real Cambridgeshire directory, and an empty database of each kind."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError

from bot.database import migrate, open_database
from bot.directory.records import Directory
from bot.settings import ROOT
from tests.builders import cambridgeshire

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL") or "postgresql://postgres@127.0.0.1:5432/test"


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """The directory of Cambridgeshire, read from ``data/`` through a temporary SQLite file."""
    return cambridgeshire(tmp_path_factory.mktemp("directory"))


@lru_cache(maxsize=1)
def postgres_answers() -> bool:
    """Tell whether a PostgreSQL can be reached for tests."""
    engine = open_database(make_url(POSTGRES_URL).update_query_dict({"connect_timeout": "3"}).render_as_string(hide_password=False))
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database with every table: an SQLite file, and a PostgreSQL schema of its own where one answers."""
    if request.param == "sqlite":
        database = open_database(f"sqlite:///{tmp_path / 'test.db'}")
        migrate(database)
        yield database
        database.dispose()
        return
    if not postgres_answers():
        pytest.skip(f"no PostgreSQL answers at {make_url(POSTGRES_URL)!r}: set TEST_POSTGRES_URL to test with one")
    schema = f"test_{uuid.uuid4().hex}"
    owner = open_database(POSTGRES_URL)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = make_url(POSTGRES_URL).update_query_dict({"options": f"-csearch_path={schema}"})
    database = open_database(url.render_as_string(hide_password=False))
    try:
        migrate(database)
        yield database
    finally:
        database.dispose()
        with owner.begin() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        owner.dispose()


@pytest.fixture(scope="session")
def prepared() -> None:
    """Train and build whatever is due, once."""
    subprocess.run([sys.executable, "-m", "bot", "prepare"], cwd=ROOT, check=True)
