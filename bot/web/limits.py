"""Rate limits: tight for one conversation, far looser for one address, since a library or a hotel shares one."""

import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.errors import SettingsError
from bot.settings import Settings

CODES_OF_AN_ADDRESS, CODES_OF_ALL = "10/15minutes", "200/hour"
"""Wrong reference codes that are borne: ``bot.handover.reference`` says how many codes there are."""


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
        self._codes = ((parse(CODES_OF_AN_ADDRESS), True), (parse(CODES_OF_ALL), False))

    def wait(self, address: str, session: str | None) -> int:
        """Count a message; give 0 where it may pass, otherwise the seconds to wait."""
        for limit, kind, name in ((self._session, "session", session), (self._address, "address", address)):
            if name and not self._limiter.hit(limit, kind, name):
                reset = self._limiter.get_window_stats(limit, kind, name)[0]
                return max(1, int(reset - time.time()) + 1)
        return 0

    def wait_for_code(self, address: str) -> int:
        """Give the minutes until another reference code may be tried from ``address``; 0 where one may be now."""
        for limit, of_address in self._codes:
            name = address if of_address else "all"
            if not self._limiter.test(limit, "code", name):
                reset = self._limiter.get_window_stats(limit, "code", name)[0]
                return max(1, int((reset - time.time()) // 60) + 1)
        return 0

    def wrong_code(self, address: str) -> None:
        """Count a reference code that does not exist."""
        for limit, of_address in self._codes:
            self._limiter.hit(limit, "code", address if of_address else "all")
