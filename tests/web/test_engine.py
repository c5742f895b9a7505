"""Talking to a Rasa that is now quick and now slow: whoever stops waiting for it leaves nothing behind that is missed later."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest

from bot.answers.dialogue import Decision
from bot.errors import EngineAway
from bot.web.engine import Engine
from bot.wire import DECISION

STATE = {"ready": True, "model": "m", "sql_tracker_store": True, "status": "ok"}
ANSWER: dict[str, Any] = {**STATE, DECISION: msgspec.to_builtins(Decision(kind="need", topic="library", confidence=1.0))}


class SlowServer:
    """Answers whatever it is asked as Rasa and the action server do, in two parts, each after up to ``slowness`` seconds."""

    def __init__(self) -> None:
        self.slowness = 0.0
        self.url = ""
        self._random = random.Random(8)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = msgspec.json.encode(ANSWER)
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                for part in (b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body), body):
                    await asyncio.sleep(self._random.uniform(0, self.slowness))
                    writer.write(part)
                    await writer.drain()
                if self.slowness and self._random.random() < 0.5:
                    break
        writer.close()


def test_after_a_time_in_which_many_were_given_up_all_is_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.engine.BEAT_EVERY", 0.0)

    def have_patience(seconds: float) -> None:
        monkeypatch.setattr("bot.web.patience.TICK", seconds / 5)
        monkeypatch.setattr("bot.web.engine.BEAT_PATIENCE", seconds)

    async def talk() -> tuple[int, int, bool]:
        server, given_up, answered = SlowServer(), 0, 0
        async with server.running():
            engine = Engine([server.url], server.url, timeout=5)
            watching = asyncio.create_task(engine.watch())
            await engine.first_look()
            server.slowness = 0.01
            have_patience(0.01)
            until = asyncio.get_running_loop().time() + 6

            async def ask() -> None:
                nonlocal answered, given_up
                while asyncio.get_running_loop().time() < until:
                    try:
                        await engine.ask("c", "food in Ely", {}, None, None)
                        answered += 1
                    except EngineAway:
                        given_up += 1
                        await asyncio.sleep(0.005)

            await asyncio.gather(*(ask() for _ in range(8)))
            server.slowness = 0.0
            have_patience(3.0)
            await asyncio.sleep(3)
            ready = engine.ready
            for _ in range(20):
                assert (await engine.ask("c", "food in Ely", {}, None, None)).topic == "library"
            watching.cancel()
            pool = engine._client._transport._pool  # type: ignore[attr-defined]
            held, limit = ["not looked at"], time.monotonic() + 20
            while held and time.monotonic() < limit:
                # A heartbeat may be under way.
                await asyncio.sleep(0.1)
                held = [connection.info() for connection in pool.connections if not (connection.is_idle() or connection.is_closed())]
            await engine.close()
        assert held == [], "nothing is being asked"
        return given_up, answered, ready

    given_up, answered, ready = asyncio.run(talk())
    assert given_up > 50
    assert answered > 0
    assert ready
