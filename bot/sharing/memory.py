"""The memory that the processes of one product share: a Redis that the operator has switched on, or none."""

import hashlib
import logging
import socket
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

import redis
from redis import asyncio as redis_asyncio
from sqlalchemy.engine import make_url

log = logging.getLogger(__name__)
TIMEOUT, LOOP_TIMEOUT = 0.5, 1.0
"""Seconds that Redis, which is near, may take for an answer; more where the loop that waits for it may itself be held up."""
ASK_AGAIN = 2.0
"""Seconds for which a Redis that did not answer is not asked, so that nobody waits for it at every message."""
NOTICE_A_DEAD_LINE: dict[str, Any] = {"health_check_interval": 10}
"""Who only listens says nothing by itself: without a word now and then, a line whose other end has lost its power is kept for ever."""
if hasattr(socket, "TCP_USER_TIMEOUT"):
    NOTICE_A_DEAD_LINE |= {"socket_keepalive": True, "socket_keepalive_options": {socket.TCP_USER_TIMEOUT: 10_000}}

T = TypeVar("T")


def name_of_product(database_url: str) -> str:
    """Give what the keys of one product begin with: the same in all processes on one database, another on another."""
    url = make_url(database_url)
    where = f"{url.host or ''}:{url.port or ''}/{url.database or ''}?{sorted(url.query.items())}"
    return f"welcome-desk:{hashlib.sha256(where.encode()).hexdigest()[:16]}"


class SharedMemory:
    """Redis at ``url``; with none, or while it does not answer, ``attempt`` and ``here`` say so and callers do without.

    ``name`` is what all keys begin with.
    """

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self._name = name
        self._away_until = 0.0 if url else float("inf")
        self._told = False
        self.client, self.waiting_client = None, None
        if url:
            # Neither opens a connection before it is used.
            self.client = redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
            self.waiting_client = redis_asyncio.Redis.from_url(
                url, socket_timeout=LOOP_TIMEOUT, socket_connect_timeout=LOOP_TIMEOUT, **NOTICE_A_DEAD_LINE
            )

    @property
    def here(self) -> bool:
        """Whether Redis is likely to answer now."""
        return time.monotonic() >= self._away_until

    def key(self, *parts: str) -> str:
        """Give the key of something of this product's."""
        return ":".join((self._name, *parts))

    def attempt(self, work: Callable[["redis.Redis[bytes]"], T], otherwise: T) -> T:
        """Give what ``work`` gives, or ``otherwise`` where there is no Redis or it does not answer."""
        if self.client is None or not self.here:
            return otherwise
        try:
            found = work(self.client)
        except redis.RedisError as error:
            self.failed(error)
            return otherwise
        self.answered()
        return found

    @property
    def is_silent(self) -> bool:
        """Whether Redis, where there is to be one, did not answer when it was last asked."""
        return self._told

    def answers(self) -> bool:
        """Tell whether Redis answers now; nothing is noted of it."""
        try:
            return self.client is not None and bool(self.client.ping())
        except redis.RedisError:
            return False

    def failed(self, error: Exception) -> None:
        """Note that Redis did not answer; it is left alone for a while."""
        self._away_until = time.monotonic() + ASK_AGAIN
        if not self._told:
            log.error("Redis does not answer (%s): each process goes on by itself until it does.", type(error).__name__)
        self._told = True

    def answered(self) -> None:
        """Note that Redis has answered."""
        if self._told:
            log.warning("Redis answers again.")
        self._told = False

    def first(self, what: str, seconds: float) -> bool:
        """Tell whether this is the first process that asks for ``what`` within ``seconds``; every one is where there is no Redis."""
        return self.attempt(lambda client: bool(client.set(self.key("first", what), 1, nx=True, px=int(seconds * 1000))), True)

    def moment(self) -> datetime | None:
        """Give what the clock of Redis' machine says (UTC), or None where there is no Redis or it does not answer."""
        told = self.attempt(lambda client: client.time(), None)
        return told and datetime.fromtimestamp(told[0] + told[1] / 1e6, timezone.utc)

    async def close(self) -> None:
        """Close the connections."""
        if self.client is not None and self.waiting_client is not None:
            self.client.close()
            await self.waiting_client.close()


NOTHING_SHARED = SharedMemory("", "")
"""For a process that is alone."""
