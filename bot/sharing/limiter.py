"""Counting against a limit, in all processes together."""

import hashlib
import threading
import time

from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from bot.sharing.memory import SharedMemory


class Limiter:
    """Counts in Redis and in this process; whichever is full first refuses, so what was counted here holds while Redis is away.

    What is counted is forgotten with its window. In Redis an address or a name stands only as a digest made with ``secret``, which is
    not there: so a copy of Redis' memory tells no address. The clock is the machine's.
    """

    def __init__(self, memory: SharedMemory, secret: bytes) -> None:
        self._memory = memory
        self._secret = hashlib.sha256(secret).digest()
        # Of two threads that use it at once, one may start the thread that forgets what is over a second time, which is an error
        # (limits 2.4: storage/memory.py, __schedule_expiry).
        self._alone = threading.Lock()
        # A limiter itself holds its storage only weakly.
        self._storages = [MemoryStorage()]
        self._own = MovingWindowRateLimiter(self._storages[0])
        self._shared = None
        if memory.client is not None:
            self._storages.append(RedisStorage(memory.url, connection_pool=memory.client.connection_pool))
            self._shared = MovingWindowRateLimiter(self._storages[1])

    def _named(self, names: tuple[str, ...]) -> tuple[str, str]:
        """Give what ``names`` are called in Redis."""
        said = hashlib.blake2b("\0".join(names).encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16)
        return self._memory.key("limit"), said.hexdigest()

    def hit(self, limit: RateLimitItem, *names: str) -> bool:
        """Count one for ``names``; give False, and count nothing more, where the limit is reached."""
        with self._alone:
            counted = self._own.hit(limit, *names)
        if not counted:
            return False
        shared = self._shared
        return shared is None or self._memory.attempt(lambda _: bool(shared.hit(limit, *self._named(names))), True)

    def test(self, limit: RateLimitItem, *names: str) -> bool:
        """Tell whether one more may be counted for ``names``, without counting it."""
        with self._alone:
            free = self._own.test(limit, *names)
        if not free:
            return False
        shared = self._shared
        return shared is None or self._memory.attempt(lambda _: bool(shared.test(limit, *self._named(names))), True)

    def wait(self, limit: RateLimitItem, *names: str) -> float:
        """Give the seconds until the window of ``names`` has moved on by one."""
        with self._alone:
            resets = [self._own.get_window_stats(limit, *names)[0]]
        if self._shared is not None:
            shared = self._shared
            resets.append(self._memory.attempt(lambda _: float(shared.get_window_stats(limit, *self._named(names))[0]), 0.0))
        return float(max(0.0, max(resets) - time.time()))
