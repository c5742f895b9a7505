"""What happens around a database that does not answer, takes nothing or fails in the middle; a real one, made to misbehave."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.database import is_fault_of_database, migrate, open_database, stay_open, try_to_read
from bot.jobs import Jobs
from bot.web.storage import READS, WRITES, Storage, StorageGuard, needs_database


class Hanging(Storage):
    """A database whose answers can be held back."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(self.read, Jobs(engine).try_to_write)
        self.engine = engine
        self.answers = threading.Event()
        self.answers.set()

    def read(self) -> None:
        self.answers.wait(20)
        try_to_read(self.engine)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Hanging]:
    engine = open_database(f"sqlite:///{tmp_path / 'a.db'}", patience=0.5)
    migrate(engine)
    stay_open(engine)
    found = Hanging(engine)
    yield found
    found.answers.set()
    engine.dispose()


async def until(true: Callable[[], bool], within: float = 15.0) -> None:
    limit = time.monotonic() + within
    while not true():
        assert time.monotonic() < limit
        await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(storage: Storage) -> AsyncIterator[None]:
    task = asyncio.create_task(storage.watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@contextmanager
def written_by_somebody(folder: Path) -> Iterator[None]:
    """Hold the only writer of the database in ``folder``."""
    with closing(sqlite3.connect(folder / "a.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.execute("ROLLBACK")


def test_a_database_that_does_not_answer_is_away_until_it_does(storage: Hanging) -> None:
    async def go() -> None:
        async with watched(storage):
            await asyncio.sleep(0.5)
            assert not storage.away.is_set()
            storage.answers.clear()
            await until(storage.away.is_set)
            assert set(storage.since) == {READS}
            storage.answers.set()
            await until(lambda: not storage.away.is_set())
            assert storage.since == {}

    asyncio.run(go())


def test_a_database_that_takes_nothing_is_away_once_somebody_failed_to_write(storage: Hanging, tmp_path: Path) -> None:
    async def go() -> None:
        async with watched(storage):
            await asyncio.sleep(0.5)
            with written_by_somebody(tmp_path):
                storage.suspect()
                await until(storage.away.is_set)
                assert set(storage.since) == {WRITES}
            await until(lambda: not storage.away.is_set())

    asyncio.run(go())


@pytest.mark.parametrize("patience", [0.5, 8.0])
def test_a_look_that_waits_its_turn_among_many_who_write_finds_nothing_broken(storage: Hanging, tmp_path: Path, patience: float) -> None:
    """A crowd keeps SQLite's one writer busy: that was told as a fault, and everybody was turned away."""
    storage = Hanging(open_database(str(storage.engine.url), patience))

    async def go() -> None:
        async with watched(storage):
            await asyncio.sleep(0.5)
            with written_by_somebody(tmp_path):
                storage.suspect()
                for _ in range(40):
                    storage.written()
                    assert not storage.away.is_set()
                    await asyncio.sleep(0.1)
                await until(storage.away.is_set)
            await until(lambda: not storage.away.is_set())

    asyncio.run(go())


def test_the_proof_that_something_can_be_written_leaves_nothing_behind(storage: Hanging, tmp_path: Path) -> None:
    Jobs(storage.engine).try_to_write()
    with sqlite3.connect(tmp_path / "a.db") as database:
        assert database.execute("SELECT count(*) FROM job").fetchone() == (0,)


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/", False),
        ("GET", "/directory", False),
        ("POST", "/directory", False),
        ("POST", "/privacy", False),
        ("GET", "/static/desk.css", False),
        ("GET", "/healthz", False),
        ("POST", "/", True),
        ("POST", "/said", True),
        ("GET", "/staff", True),
        ("GET", "/officer/history", True),
        ("GET", "/api/v1/chat/events", True),
        ("DELETE", "/api/v1/chat", True),
        ("GET", "/openreferral/services", True),
    ],
)
def test_what_is_made_of_memory_needs_no_database(method: str, path: str, needed: bool) -> None:
    assert needs_database(method, path) is needed


def test_what_was_asked_wrongly_is_no_fault_of_the_database() -> None:
    assert is_fault_of_database(OperationalError("x", {}, Exception()))
    assert not is_fault_of_database(ProgrammingError("x", {}, Exception()))
    assert not is_fault_of_database(IntegrityError("x", {}, Exception()))
    assert not is_fault_of_database(RuntimeError())


class Pages:
    """An application of a few pages behind the guard; each says what it does."""

    def __init__(self, storage: Storage) -> None:
        self.done: list[str] = []
        self.go_on = asyncio.Event()
        routes = [
            Route("/", self.slow, methods=["GET", "POST"]),
            Route("/failing", self.failing, methods=["POST"]),
            Route("/wrong", self.wrong, methods=["POST"]),
            Route("/stream", self.stream, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes)
        self.app.add_middleware(StorageGuard, storage=storage, answer=self.away)

    async def slow(self, request: Request) -> Response:
        said = (await request.body()).decode()
        if request.method == "POST":
            await self.go_on.wait()
        self.done.append(said)
        return PlainTextResponse(f"answered {said}")

    async def failing(self, request: Request) -> Response:
        await request.body()
        raise OperationalError("disk full", {}, Exception())

    async def wrong(self, request: Request) -> Response:
        raise ProgrammingError("x", {}, Exception())

    async def stream(self, request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "one "
            await self.go_on.wait()
            yield "two"

        return StreamingResponse(parts())

    async def away(self, request: Request) -> Response:
        return PlainTextResponse(f"away {(await request.body()).decode()}", 503)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://x")


def test_whoever_waits_is_answered_when_the_database_goes_and_what_had_begun_is_finished(storage: Hanging) -> None:
    async def go() -> None:
        pages = Pages(storage)
        async with pages.client() as client:
            asked = asyncio.create_task(client.post("/", content="hello"))
            await asyncio.sleep(0.1)
            storage.away.set()
            answer = await asked
            assert (answer.status_code, answer.text) == (503, "away hello")
            assert pages.done == []
            pages.go_on.set()
            await until(lambda: pages.done == ["hello"])

    asyncio.run(go())


def test_while_it_is_away_nothing_is_begun_but_what_needs_no_database(storage: Hanging) -> None:
    async def go() -> None:
        pages = Pages(storage)
        storage.away.set()
        async with pages.client() as client:
            answer = await client.post("/", content="hello")
            assert (answer.status_code, answer.text) == (503, "away hello")
            assert (await client.get("/")).text == "answered "
            assert pages.done == [""]

    asyncio.run(go())


def test_a_request_that_the_database_failed_is_told_so_and_one_that_is_wrong_is_not_hidden(storage: Hanging) -> None:
    async def go() -> None:
        pages = Pages(storage)
        async with pages.client() as client:
            answer = await client.post("/failing", content="hello")
            assert (answer.status_code, answer.text) == (503, "away hello")
            assert storage._again.is_set(), "it is looked at now"
            assert (await client.post("/wrong")).status_code == 500

    asyncio.run(go())


def test_an_answer_that_has_begun_is_not_broken_off(storage: Hanging) -> None:
    async def go() -> None:
        pages = Pages(storage)
        async with pages.client() as client:
            asked = asyncio.create_task(client.post("/stream"))
            await asyncio.sleep(0.2)
            storage.away.set()
            await asyncio.sleep(0.1)
            pages.go_on.set()
            answer = await asked
            assert (answer.status_code, answer.text) == (200, "one two")

    asyncio.run(go())


def test_a_page_that_can_do_without_waits_for_no_database_and_hears_what_is_wrong_with_the_visit(storage: Hanging) -> None:
    async def go() -> None:
        held = threading.Event()

        def wait() -> None:
            held.wait(20)

        doing = asyncio.create_task(storage.try_in_thread(wait))
        await asyncio.sleep(0.1)
        assert not doing.done()
        storage.away.set()
        await asyncio.wait_for(doing, 5)
        held.set()
        storage.away.clear()

        def wrong() -> None:
            raise KeyError

        with pytest.raises(KeyError):
            await storage.try_in_thread(wrong)

        def fails() -> None:
            raise OperationalError("x", {}, Exception())

        await storage.try_in_thread(fails)

    asyncio.run(go())
