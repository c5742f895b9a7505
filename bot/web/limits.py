"""Rate limits: tight for one conversation, far looser for one address, since a library or a hotel shares one."""

from ipaddress import IPv6Network, ip_address

from limits import RateLimitItem, parse
from starlette.requests import Request

from bot.errors import SettingsError
from bot.settings import Settings
from bot.sharing.limiter import Limiter

CODES_OF_AN_ADDRESS, CODES_OF_STAFF, CODES_OF_ALL = "10/15minutes", "120/15minutes", "200/hour"
"""Reference codes that may be tried: ``bot.handover.reference`` says how many there are."""
RETURNS_OF_AN_ADDRESS = "60/15minutes"
"""How often people may come back from the council's sign-in, which makes us ask it: a library shares an address."""


def address_of(request: Request) -> str:
    """Give what counts as one address: that of IPv4, or of IPv6 the network of 64 bits, of which everybody has a whole one."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return str(address)
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))


class RateLimits:
    """Counts messages and codes; addresses are forgotten with their window and never written down."""

    def __init__(self, settings: Settings, limiter: Limiter) -> None:
        self._limiter = limiter
        try:
            self._session = parse(settings.session_limit)
            self._address = parse(settings.address_limit)
        except ValueError as error:
            raise SettingsError("SESSION_LIMIT and ADDRESS_LIMIT are written as 30/minute.") from error
        self._codes, self._all_codes = parse(CODES_OF_AN_ADDRESS), parse(CODES_OF_ALL)
        self._codes_of_staff, self._returns = parse(CODES_OF_STAFF), parse(RETURNS_OF_AN_ADDRESS)

    def wait(self, address: str, session: str | None) -> int:
        """Count a message; give 0 where it may pass, otherwise the seconds to wait."""
        counts = [(limit, kind, name) for limit, kind, name in self._counts(address, session) if name]
        # What one of them refuses is counted for neither.
        for look in (self._limiter.test, self._limiter.hit):
            for count in counts:
                if not look(*count):
                    return max(1, int(self._limiter.wait(*count)) + 1)
        return 0

    def _counts(self, address: str, session: str | None) -> tuple[tuple[RateLimitItem, str, str], ...]:
        return (self._session, "session", session or ""), (self._address, "address", address)

    def try_code(self, address: str) -> tuple[int, bool]:
        """Count a try of a reference code from ``address``, before it is looked up.

        Gives the minutes to wait (0 where it may be looked up), and whether so many are tried everywhere that it is to be done slowly.
        """
        if not self._limiter.hit(self._codes, "code", address):
            return max(1, int(self._limiter.wait(self._codes, "code", address) // 60) + 1), False
        return 0, not self._limiter.hit(self._all_codes, "code", "all")

    def come_back(self, address: str) -> int:
        """Count somebody who comes back from the council's sign-in; give 0 where it may be asked, otherwise the minutes to wait."""
        if self._limiter.hit(self._returns, "return", address):
            return 0
        return max(1, int(self._limiter.wait(self._returns, "return", address) // 60) + 1)

    def staff_may_try_code(self, staff_id: int) -> bool:
        """Count a code that a member of staff types; tell whether it may be looked up."""
        return self._limiter.hit(self._codes_of_staff, "staff code", str(staff_id))
