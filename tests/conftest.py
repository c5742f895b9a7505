"""What tests of several parts share: the real Cambridgeshire directory in a database of its own."""

import pytest

from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.directory.records import Directory, read_directory


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """The directory of Cambridgeshire, read from ``data/`` through a temporary SQLite file."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('directory') / 'cambridgeshire.db'}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    try:
        return read_directory(engine)
    finally:
        engine.dispose()
