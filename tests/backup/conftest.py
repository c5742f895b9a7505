"""Installations to be backed up: an SQLite file, and a PostgreSQL database of its own where one answers."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation, Feedback
from bot.conversation.store import Chat, ConversationStore
from bot.database import migrate, open_database
from bot.handover.desk import Desk
from bot.settings import Settings, read_settings
from tests.builders import Pack, a_desk, a_member
from tests.servers import POSTGRES_URL, a_database, postgres_answers

WORDS = "canary-3c1d-what-a-visitor-wrote"
EVENTS = "CREATE TABLE events (id {serial} PRIMARY KEY, sender_id VARCHAR(255) NOT NULL, type_name VARCHAR(255) NOT NULL, data TEXT)"
"""As Rasa makes it (rasa/core/tracker_store.py, SQLTrackerStore.SQLEvent), its further columns apart."""


@dataclass
class Installation:
    """A product that is not running, in a folder and a database of its own."""

    settings: Settings
    engines: list[Engine] = field(default_factory=list)

    @property
    def on_sqlite(self) -> bool:
        return self.settings.database_url.startswith("sqlite")

    def open(self) -> Engine:
        """Open the database; ``close`` closes all that were opened."""
        self.engines.append(open_database(self.settings.database_url))
        return self.engines[-1]

    def tracker(self) -> Engine:
        """Open the database that Rasa keeps its events in."""
        if not self.on_sqlite:
            return self.open()
        self.engines.append(open_database(f"sqlite:///{self.settings.tracker_file}"))
        return self.engines[-1]

    def close(self) -> None:
        while self.engines:
            self.engines.pop().dispose()

    def fill(self, packs: Path) -> tuple[Chat, Chat]:
        """Give it a directory, an account, and two chats: one that waits for a call back, one with an opinion; Rasa remembers both."""
        engine = self.open()
        migrate(engine)
        Pack(packs).service(phone="01223 555123").load(engine)
        desk = a_desk(engine, self.settings.var)
        a_member(desk)
        store = ConversationStore(engine, 15)
        first, second = store.start(), store.start()
        self.say(desk, first, f"{WORDS} \\. \t سلام")
        desk.ask(first, "asked")
        desk.wait_as_message(first)
        assert desk.leave_callback(first, "07700 900123")
        self.say(desk, second, "x" * 70_000)
        with Session(engine, future=True) as session:
            session.add(Feedback(conversation_id=second.id, helped=1, comment="thank you", given_at=datetime.now(timezone.utc)))
            session.commit()
        with self.tracker().begin() as connection:
            serial = "INTEGER" if self.on_sqlite else "SERIAL"
            connection.exec_driver_sql(EVENTS.format(serial=serial))
            for chat in (first, second):
                self.remember(connection, chat.rasa_id)
        self.close()
        return first, second

    def say(self, desk: Desk, chat: Chat, words: str) -> None:
        desk.accept(chat, uuid.uuid4().hex, words)

    def remember(self, connection: Any, sender: str) -> None:
        asked = text("INSERT INTO events (sender_id, type_name, data) VALUES (:sender, 'slot', '{}')")
        connection.execute(asked, {"sender": sender})

    def remembered(self) -> set[str]:
        """Give whose events Rasa has."""
        with self.tracker().connect() as connection:
            found = set(connection.execute(text("SELECT sender_id FROM events")).scalars())
        self.close()
        return found

    def chats(self) -> set[str]:
        """Give the names of the chats that are kept."""
        with Session(self.open(), future=True) as session:
            found = set(session.execute(select(Conversation.rasa_id)).scalars())
        self.close()
        return found

    def scalar(self, asked: str) -> Any:
        with self.open().connect() as connection:
            found = connection.execute(text(asked)).scalar()
        self.close()
        return found

    def change(self, asked: str) -> None:
        with self.open().begin() as connection:
            connection.execute(text(asked))
        self.close()

    def lose(self) -> "Installation":
        """Lose the database, as when a disk breaks; the key for call backs was kept elsewhere."""
        self.close()
        if self.on_sqlite:
            for file in self.settings.var.glob("*.db*"):
                file.unlink()
        else:
            with self.open().begin() as connection:
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
            self.close()
        return self


def _sqlite(folder: Path) -> Installation:
    return Installation(read_settings({"VAR_DIR": str(folder), "PORT": "8341"}))


def _postgres(folder: Path, name: str) -> Installation:
    url = make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)
    return Installation(replace(_sqlite(folder).settings, database_url=url))


@contextlib.contextmanager
def _database(like: str = "template1") -> Iterator[str]:
    """Make a PostgreSQL database as a copy of another, which nobody has open, and drop it afterwards; gives its name."""
    if not postgres_answers():
        pytest.skip(f"no PostgreSQL answers at {make_url(POSTGRES_URL)!r}: set TEST_POSTGRES_URL to test with one")
    if not shutil.which("pg_dump"):
        pytest.skip("pg_dump is not there: install PostgreSQL's client programs")
    with a_database(like) as url:
        yield str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation with nothing in it."""
    with contextlib.ExitStack() as ends:
        made = _sqlite(tmp_path / "var") if request.param == "sqlite" else _postgres(tmp_path / "var", ends.enter_context(_database()))
        yield made
        made.close()


@pytest.fixture(scope="session")
def model_on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """What ``filled`` copies."""
    folder = tmp_path_factory.mktemp("model")
    made = _sqlite(folder / "var")
    made.fill(folder / "packs")
    return made


@pytest.fixture(scope="session")
def model_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str]]:
    """What ``filled`` copies, and the name of its database."""
    folder = tmp_path_factory.mktemp("model")
    with _database() as name:
        made = _postgres(folder / "var", name)
        made.fill(folder / "packs")
        yield made, name


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation with a directory, an account and two chats, as ``Installation.fill`` has them."""
    with contextlib.ExitStack() as ends:
        if request.param == "sqlite":
            model, made = request.getfixturevalue("model_on_sqlite"), _sqlite(tmp_path / "var")
        else:
            model, name = request.getfixturevalue("model_on_postgres")
            made = _postgres(tmp_path / "var", ends.enter_context(_database(like=name)))
        shutil.copytree(model.settings.var, tmp_path / "var")
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGDATABASE", "PGPASSWORD"):
        if name in os.environ:
            monkeypatch.delenv(name)
