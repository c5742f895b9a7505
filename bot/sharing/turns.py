"""Letting through one at a time, in the order in which they came, in whichever process they are."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

from redis import RedisError

from bot.sharing.memory import SharedMemory

ALIVE, SAY_SO_EVERY = 2000, 0.5
"""Milliseconds after which whoever has not said that they are alive loses their place, and seconds between saying so."""
LOOK_EVERY = 0.02
"""Seconds between looks at whose turn it is."""


class Turns:
    """Turns by name. Those of other processes are kept in order by a list in Redis, those of this one by a lock, while Redis is away too.

    A process that dies loses its turn within ALIVE. ``kind`` keeps turns apart that may be held inside one
    another; in Redis a name stands only as a digest.
    """

    def __init__(self, memory: SharedMemory, kind: str) -> None:
        self._memory = memory
        self._kind = kind
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def one_at_a_time(self, name: str) -> AsyncIterator[None]:
        """Wait for the turn of ``name``, and have it inside."""
        async with self._in_line(name):
            # A lock is in the dictionary for as long as somebody refers to it, as here.
            lock = self._own.setdefault(name, asyncio.Lock())
            async with lock:
                yield

    @asynccontextmanager
    async def _in_line(self, name: str) -> AsyncIterator[None]:
        if not self._memory.here:
            yield
            return
        line, ticket = self._memory.key("turn", self._kind, hashlib.sha256(name.encode()).hexdigest()), uuid.uuid4().hex
        left = asyncio.Event()
        alive = asyncio.create_task(self._stay_alive(line, ticket, left))
        try:
            try:
                await self._wait(line, ticket)
                self._memory.answered()
            except RedisError as error:
                self._memory.failed(error)
            yield
        finally:
            # Not cancelled: that can be lost in the client's own timeouts, and whoever then stayed alive would hold up everybody.
            left.set()
            await asyncio.gather(alive, self._leave(line, ticket), return_exceptions=True)

    async def _wait(self, line: str, ticket: str) -> None:
        client = self._memory.waiting_client
        assert client is not None
        async with client.pipeline(transaction=True) as asked:
            asked.set(f"{line}:{ticket}", 1, px=ALIVE)
            asked.rpush(line, ticket)
            asked.pexpire(line, 10 * ALIVE)
            asked.lindex(line, 0)
            first = (await asked.execute())[-1]
        # Where the line itself is gone, Redis has forgotten everything, and nobody is before us.
        while first is not None and first.decode() != ticket:
            if await client.exists(f"{line}:{first.decode()}"):
                await asyncio.sleep(LOOK_EVERY)
            else:
                await client.lrem(line, 1, first)
            first = await client.lindex(line, 0)

    async def _stay_alive(self, line: str, ticket: str, left: asyncio.Event) -> None:
        client = self._memory.waiting_client
        assert client is not None
        while True:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(left.wait(), SAY_SO_EVERY)
            if left.is_set():
                return
            with suppress(RedisError):
                async with client.pipeline(transaction=True) as asked:
                    asked.set(f"{line}:{ticket}", 1, px=ALIVE)
                    asked.pexpire(line, 10 * ALIVE)
                    await asked.execute()

    async def _leave(self, line: str, ticket: str) -> None:
        client = self._memory.waiting_client
        assert client is not None
        if not self._memory.here:
            return
        try:
            async with client.pipeline(transaction=True) as asked:
                asked.lrem(line, 1, ticket)
                asked.delete(f"{line}:{ticket}")
                await asked.execute()
        except RedisError as error:
            self._memory.failed(error)
