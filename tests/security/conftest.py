"""The front door with everything but Rasa, on a port of its own, over the real directory; strangers, staff and officers before it."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from bot.database import open_database
from bot.directory.pack import load_pack
from bot.handover.desk import Desk
from bot.runner import listening
from bot.settings import read_settings
from bot.web.app import make_app
from bot.web.staff.door import COOKIE
from tests.builders import ALWAYS_OPEN, PASSWORD
from tests.serving import served
from tests.stack.running_stack import KEPT_SHORTLY, free_port

SIGN_IN = "/staff/sign-in"
STAFF, OFFICERS = "anna", ("olga", "zoe")


class Signed:
    """Somebody signed in, whose forms have the mark of their session."""

    def __init__(self, url: str, token: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False, headers={"Cookie": f"{COOKIE}={token}"}, limits=KEPT_SHORTLY)
        self.token = token
        found = re.search(r'name="csrf" value="(\w+)"', self.client.get("/staff").text)
        assert found
        self.csrf = found[1]

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, **more)

    def post(self, path: str, files: Any = None, **fields: Any) -> httpx.Response:
        return self.client.post(path, data={"csrf": self.csrf, **fields}, files=files)


@dataclass
class Front:
    """The running front door; ``people`` are its members of staff by user name."""

    app: Starlette
    url: str
    stranger: httpx.Client
    people: dict[str, Signed] = field(default_factory=dict)

    @property
    def desk(self) -> Desk:
        desk: Desk = self.app.state.pipeline.desk
        return desk

    def sign_in(self, username: str) -> Signed:
        """Give ``username`` in a new session."""
        return Signed(self.url, self.desk.accounts.sign_in(username, PASSWORD, "127.0.0.1"))

    def routes(self) -> list[Route]:
        """Give every route that is no folder of files."""
        return [route for route in self.app.routes if isinstance(route, Route)]


SAMPLES = {"number": "1", "kind": "service"}
PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def address_of(route: Route) -> str:
    """Give an address that a route answers, with something in place of each parameter."""
    return PARAMETER.sub(lambda match: SAMPLES.get(match[2] or "", "x"), route.path)


@pytest.fixture(scope="session")
def filled_file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the real directory, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    shutil.copyfile(migrated_file, path)
    database = open_database(f"sqlite:///{path}")
    load_pack(database, "cambridgeshire")
    with database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(scope="module")
def front(prepared: None, filled_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The front door of this module, with Anna of the library, and Olga and Zoe, officers."""
    var = tmp_path_factory.mktemp("front")
    shutil.copyfile(filled_file, var / "cambridgeshire.db")
    settings = read_settings(
        {
            "VAR_DIR": str(var),
            "DESK_HOURS": ALWAYS_OPEN,
            "SESSION_LIMIT": "100000/minute",
            "ADDRESS_LIMIT": "100000/minute",
            "RASA_PORT": str(free_port()),
            "ACTIONS_PORT": str(free_port()),
        }
    )
    app = make_app(settings)
    with (
        served(app, **{**listening(settings), "port": 0}) as url,
        httpx.Client(base_url=url, timeout=60, trust_env=False, limits=KEPT_SHORTLY) as stranger,
    ):
        running = Front(app, url, stranger)
        for username in (STAFF, *OFFICERS):
            running.desk.accounts.add(username, username.title(), "staff" if username == STAFF else "officer", PASSWORD)
            running.people[username] = running.sign_in(username)
        assert running.people[STAFF].post("/staff/here", here="1").status_code < 400
        yield running


@pytest.fixture
def stranger(front: Front) -> httpx.Client:
    return front.stranger


@pytest.fixture
def anna(front: Front) -> Signed:
    return front.people[STAFF]


@pytest.fixture
def olga(front: Front) -> Signed:
    return front.people[OFFICERS[0]]


class Visitor:
    """A visitor over the API, whose chat Anna has: Rasa is not needed for what is said there."""

    def __init__(self, front: Front, text: str = "I need food in Ely") -> None:
        self.front = front
        first = front.stranger.post("/api/v1/chat", json={"text": text})
        assert first.status_code == 503, first.text
        self.session: str = first.json()["session"]
        self.chat = front.app.state.pipeline.store.find(self.session)

    def be_taken(self) -> int:
        """Wait for a person and be taken by Anna; give the number of the handover."""
        view = self.front.desk.ask(self.chat, "asked")
        number = self.front.desk.find(str(view.reference))
        assert number is not None
        assert self.front.people[STAFF].post(f"/staff/chat/{number}", do="claim").status_code == 303
        return number

    def say(self, text: str, **more: str) -> httpx.Response:
        return self.front.stranger.post("/api/v1/chat", json={"text": text, "session": self.session, **more})

    def page(self, path: str = "/", **fields: str) -> httpx.Response:
        """Post the chat's page."""
        sent = {"session": self.session, "action": "show", "page_language": "en", **fields}
        return self.front.stranger.post(path, data=sent)


def now() -> datetime:
    return datetime.now(timezone.utc)
