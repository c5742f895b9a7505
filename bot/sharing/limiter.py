"""Counting against a limit, in all processes together."""

import hashlib
import threading
import time

from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from bot.moments import SKEW
from bot.sharing.memory import SharedMemory

FORGET_EVERY = 60.0
"""Seconds between two times that names for which nothing is counted any more are forgotten."""


def _clock_began() -> float:
    """Give the time of day at which this machine's steady clock began: another one each time that somebody sets the clock."""
    return time.time() - time.monotonic()


class Limiter:
    """Counts in Redis and in this process; whichever is full first refuses, so what was counted here holds while Redis is away.

    What is counted is forgotten with its window. An address or a name stands only as a digest made with ``secret``, in this process as in
    Redis, where the secret is not: so a copy of Redis' memory tells no address. The clock is the machine's; what a process has counted
    is forgotten when it jumps, or counts of days to come would hold until then (Redis forgets after seconds that it counts itself).
    """

    def __init__(self, memory: SharedMemory, secret: bytes) -> None:
        self._memory = memory
        self._secret = hashlib.sha256(secret).digest()
        # Of two threads that use it at once, one may start the thread that forgets what is over a second time, which is an error
        # (limits 2.4: storage/memory.py, __schedule_expiry).
        self._alone = threading.Lock()
        self._count_anew()
        self._forget_at = 0.0
        self._shared = None
        if memory.client is not None:
            self._shared_storage = RedisStorage(memory.url, connection_pool=memory.client.connection_pool)
            self._shared = MovingWindowRateLimiter(self._shared_storage)

    def _count_anew(self) -> None:
        # A limiter itself holds its storage only weakly.
        self._storage = MemoryStorage()
        self._own = MovingWindowRateLimiter(self._storage)
        self._clock_began = _clock_began()

    def _notice_a_jump(self) -> None:
        began = _clock_began()
        if abs(began - self._clock_began) > SKEW.total_seconds():
            self._count_anew()
        self._clock_began = began

    def _named(self, names: tuple[str, ...]) -> tuple[str, str]:
        """Give what ``names`` are called where they are counted."""
        said = hashlib.blake2b("\0".join(names).encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16)
        return self._memory.key("limit"), said.hexdigest()

    def _forget(self) -> None:
        """Forget the names for which nothing is counted any more: limits keeps them for ever (2.4: storage/memory.py, events)."""
        # While its thread goes through the names, none may be taken from under it.
        if time.monotonic() < self._forget_at or self._storage.timer.is_alive():
            return
        for name in [name for name, counted in self._storage.events.items() if not counted]:
            self._storage.clear(name)
        self._forget_at = time.monotonic() + FORGET_EVERY

    def hit(self, limit: RateLimitItem, *names: str) -> bool:
        """Count one for ``names``; give False, and count nothing more, where the limit is reached."""
        named = self._named(names)
        with self._alone:
            self._notice_a_jump()
            self._forget()
            if not self._own.test(limit, *named):
                return False
        shared = self._shared
        if shared is not None and not self._memory.attempt(lambda _: bool(shared.hit(limit, *named)), True):
            return False
        with self._alone:
            return bool(self._own.hit(limit, *named))

    def test(self, limit: RateLimitItem, *names: str) -> bool:
        """Tell whether one more may be counted for ``names``, without counting it."""
        named = self._named(names)
        with self._alone:
            self._notice_a_jump()
            free = self._own.test(limit, *named)
        if not free:
            return False
        shared = self._shared
        return shared is None or self._memory.attempt(lambda _: bool(shared.test(limit, *named)), True)

    def wait(self, limit: RateLimitItem, *names: str) -> float:
        """Give the seconds until the window of ``names`` has moved on by one, which is never longer than the window."""
        named = self._named(names)
        with self._alone:
            self._notice_a_jump()
            resets = [self._own.get_window_stats(limit, *named)[0]]
        if self._shared is not None:
            shared = self._shared
            resets.append(self._memory.attempt(lambda _: float(shared.get_window_stats(limit, *named)[0]), 0.0))
        return float(min(limit.get_expiry(), max(0.0, max(resets) - time.time())))
