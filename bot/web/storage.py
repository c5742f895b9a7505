"""Knowing within a second that the database cannot be used, so that no visitor waits for it and everybody gets what needs none."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.database import is_fault_of_database
from bot.web.api import LARGEST_BODY
from bot.web.patience import is_done_within

log = logging.getLogger(__name__)
READS, WRITES = "database", "database_writes"
"""What may be broken: the database does not answer, or it takes nothing."""
AT_MOST_EVERY = 0.3
"""Seconds between two looks, however much is wrong."""
SLOW = 0.5
"""Seconds after which a request that is not answered yet has the database looked at."""
NEEDS_NO_DATABASE = ("/static/", "/directory", "/privacy", "/accessibility", "/healthz", "/readyz", "/metrics", "/favicon.ico")
"""Pages that are made of what is in memory, whatever they are sent."""
NEED_IT = ("/staff", "/officer", "/api/", "/openreferral")
"""Of the rest, what needs the database even for a page that sends nothing."""


@dataclass(frozen=True)
class _Look:
    """Something that is tried again and again: ``patience`` in seconds until it counts as broken, ``every`` while it goes well."""

    what: str
    work: Callable[[], None]
    patience: float
    every: float


class Storage:
    """Tries the database for ever, and says of itself when it cannot be read or written.

    Each look has a thread of its own, one at a time: a database that never answers holds up nothing else. A look that comes to
    nothing while something else was written proves no fault: SQLite's writers queue, in no order, and a crowd may be before it.
    """

    def __init__(self, read: Callable[[], None], write: Callable[[], None]) -> None:
        """``read`` and ``write`` try the database; they use connections of their own: a queue for those of others is no fault of its."""
        self.away = asyncio.Event()
        self.since: dict[str, float] = {}
        """What is broken, and since when by the clock of ``time.monotonic``."""
        self._written_at = -math.inf
        self._again = asyncio.Event()
        self._looks = (
            _Look(READS, read, patience=0.7, every=AT_MOST_EVERY),
            # On SQLite a big import may hold the only writer for a moment, which is no fault.
            _Look(WRITES, write, patience=1.5, every=5.0),
        )

    async def watch(self) -> None:
        """Look for ever; runs as a task."""
        await asyncio.gather(*(self._keep_looking(look) for look in self._looks))

    async def _keep_looking(self, look: _Look) -> None:
        lane, trying = CapacityLimiter(1), None
        while True:
            began = time.monotonic()
            trying = trying or asyncio.ensure_future(to_thread.run_sync(look.work, limiter=lane))
            if not await is_done_within(trying, look.patience):
                self._note(look.what, "" if self._written_at > began else "no answer")
                continue
            error, trying = trying.exception(), None
            self._note(look.what, type(error).__name__ if error and self._written_at <= began else "")
            self._again.clear()
            await asyncio.sleep(AT_MOST_EVERY)
            if not error:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._again.wait(), look.every - AT_MOST_EVERY)

    def _note(self, what: str, fault: str) -> None:
        if fault and what not in self.since:
            self.since[what] = time.monotonic()
            log.error("The database cannot be used (%s: %s): visitors get emergency numbers and the directory until it can.", what, fault)
        elif not fault and what in self.since:
            seconds = time.monotonic() - self.since.pop(what)
            log.warning("The database can be used again (%s), after %.1f s.", what, seconds)
        if self.since:
            self.away.set()
        else:
            self.away.clear()

    def written(self) -> None:
        """Note that something was written just now; from any thread."""
        self._written_at = time.monotonic()

    def suspect(self) -> None:
        """Have the database looked at now, because it did not do something."""
        self._again.set()

    async def try_in_thread(self, work: Callable[..., None], *given: Any) -> None:
        """Do ``work`` in a thread for a page that can do without it: once the database is away it is not waited for any more."""
        if self.away.is_set():
            return
        doing = asyncio.ensure_future(to_thread.run_sync(work, *given))
        gone = asyncio.create_task(self.away.wait())
        await asyncio.wait({doing, gone}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        try:
            if doing.done():
                doing.result()
            else:
                doing.add_done_callback(lambda done: done.exception())
        except Exception as error:
            if not is_fault_of_database(error):
                raise
            self.suspect()


Answer = Callable[[Request], Awaitable[Response]]


class StorageGuard:
    """Answers in the place of pages that need the database as soon as it is known that it cannot be used, and where it failed them.

    What had begun goes on by itself, and its outcome is kept if it has one: a message that is sent again is not answered twice.
    """

    def __init__(self, app: ASGIApp, storage: Storage, answer: Answer) -> None:
        """``answer`` makes what is told instead; the request that it is given can be read from the beginning."""
        self._app = app
        self._storage = storage
        self._answer = answer
        self._behind: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not needs_database(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return
        call = _Call(receive, send)
        if not self._storage.away.is_set() and await self._went_through(scope, call):
            return
        call.is_over = True
        response = await self._answer(Request(scope, call.from_the_beginning))
        await response(scope, receive, send)

    async def _went_through(self, scope: Scope, call: "_Call") -> bool:
        """Give False where the application has answered nothing, because the database is away."""

        async def through() -> None:
            await self._app(scope, call.receive, call.send)

        work = asyncio.create_task(through())
        gone = asyncio.create_task(self._storage.away.wait())
        try:
            done, _ = await asyncio.wait({work, gone}, timeout=SLOW, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._storage.suspect()
                await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not call.has_begun:
                self._behind.add(work)
                work.add_done_callback(self._left_behind)
                return False
            await work
        except asyncio.CancelledError:
            work.cancel()
            raise
        except Exception as error:
            if call.has_begun or not is_fault_of_database(error):
                raise
            log.error("The database failed a request: %s", type(error).__name__)
            self._storage.suspect()
            return False
        finally:
            gone.cancel()
        return True

    def _left_behind(self, work: "asyncio.Task[None]") -> None:
        self._behind.discard(work)
        error = None if work.cancelled() else work.exception()
        if error is not None and not is_fault_of_database(error):
            log.error("What had begun before the database was away failed: %s", type(error).__name__)


class _Call:
    """One request while it is not known who answers it: what was read of it is kept, so that it can be read once more."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._heard: list[Message] = []
        self._length = 0
        self.has_begun = False
        self.is_over = False

    async def receive(self) -> Message:
        message = await self._receive()
        # Officers' files are not answered from here.
        self._length += len(message.get("body", b""))
        if message["type"] == "http.request" and self._length <= 4 * LARGEST_BODY:
            self._heard.append(message)
        return message

    async def send(self, message: Message) -> None:
        if not self.is_over:
            self.has_begun = True
            await self._send(message)

    async def from_the_beginning(self) -> Message:
        return self._heard.pop(0) if self._heard else await self._receive()


def needs_database(method: str, path: str) -> bool:
    """Tell whether a request cannot be answered from memory alone."""
    if path.startswith(NEEDS_NO_DATABASE):
        return False
    return method not in ("GET", "HEAD") or path.startswith(NEED_IT)
