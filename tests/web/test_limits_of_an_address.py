"""What counts as one address, and what is counted of a message that is refused."""

import asyncio

import pytest
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.requests import Request

from bot.settings import read_settings
from bot.sharing.limiter import Limiter
from bot.sharing.memory import NOTHING_SHARED
from bot.web.api import too_many
from bot.web.limits import RateLimits, address_of


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_address_is_one_of_ipv4_or_a_network_of_ipv6(host: str, counted: str) -> None:
    assert address_of(Request({"type": "http", "client": (host, 1), "headers": []})) == counted


def test_without_a_client_there_is_no_address() -> None:
    assert address_of(Request({"type": "http", "client": None, "headers": []})) == ""


def test_a_message_that_its_address_is_refused_for_is_not_counted_for_its_chat() -> None:
    limits = RateLimits(read_settings({"SESSION_LIMIT": "2/minute", "ADDRESS_LIMIT": "1/minute"}), Limiter(NOTHING_SHARED, b""))
    assert limits.wait("192.0.2.1", "a") == 0
    assert all(limits.wait("192.0.2.1", "a") for _ in range(5))
    assert limits.wait("192.0.2.2", "a") == 0
    assert limits.wait("192.0.2.3", "a") > 0


def test_a_request_that_is_answered_twice_is_counted_once() -> None:
    """A message to a chat that is unknown, or which the database fails, is refused by something that counts, too."""
    limits = RateLimits(read_settings({"SESSION_LIMIT": "9/minute", "ADDRESS_LIMIT": "2/minute"}), Limiter(NOTHING_SHARED, b""))

    async def waits() -> list[list[int]]:
        app = Starlette()
        app.state.limits, app.state.counting = limits, CapacityLimiter(1)
        found = []
        for _ in range(3):
            request = Request({"type": "http", "client": ("192.0.2.1", 1), "headers": [], "app": app})
            found.append([await too_many(request, "a"), await too_many(request, None)])
        return found

    first, second, third = asyncio.run(waits())
    assert first == second == [0, 0]
    assert third[0] == third[1] > 0
