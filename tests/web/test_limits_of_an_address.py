"""What counts as one address, and what is counted of a message that is refused."""

import pytest
from starlette.requests import Request

from bot.settings import read_settings
from bot.sharing.limiter import Limiter
from bot.sharing.memory import NOTHING_SHARED
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
