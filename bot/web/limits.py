"""Rate limits: tight for one conversation, far looser for one address, since a library or a hotel shares one."""

import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.errors import SettingsError
from bot.settings import Settings


class RateLimits:
    """Counts messages in memory; addresses are forgotten with their window and never written down."""

    def __init__(self, settings: Settings) -> None:
        # The limiter itself holds its storage only weakly.
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        try:
            self._session = parse(settings.session_limit)
            self._address = parse(settings.address_limit)
        except ValueError as error:
            raise SettingsError("SESSION_LIMIT and ADDRESS_LIMIT are written as 30/minute.") from error

    def wait(self, address: str, session: str | None) -> int:
        """Count a message; give 0 where it may pass, otherwise the seconds to wait."""
        for limit, kind, name in ((self._session, "session", session), (self._address, "address", address)):
            if name and not self._limiter.hit(limit, kind, name):
                reset = self._limiter.get_window_stats(limit, kind, name)[0]
                return max(1, int(reset - time.time()) + 1)
        return 0
