"""Asking for addresses: every case against a real server, politely, and never inside the network of who asks."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.links.fetching import REDIRECTS_AT_MOST, Broken, Checker, failure_of, is_public, look_at_all
from bot.links.verdicts import Finding, Verdict
from tests.links.sites import Site, certificate, endless, hangs_up, only_get, running, slow, status

AGENT = "WelcomeDesk/0.1 link check (+https://desk.example.org)"


async def on_loopback(host: str, port: int) -> list[str]:
    """Find every name on this computer; what begins with "no" is not there."""
    if host.startswith("no"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return ["127.0.0.1"]


def looks(*urls: str, **more: Any) -> list[Finding]:
    """Look at addresses, loopback allowed and without a pause unless ``more`` says otherwise."""

    async def look() -> list[Finding]:
        settings = {"pause": 0.0, "timeout": 5.0, "may_reach": lambda address: True, "find": on_loopback, **more}
        async with Checker(AGENT, **settings) as checker:
            found = await look_at_all(checker, list(urls))
            return [found[url] for url in urls]

    return asyncio.run(look())


def verdict(*urls: str, **more: Any) -> Verdict:
    return looks(*urls, **more)[-1].verdict


@pytest.fixture
def site() -> Iterator[Site]:
    with running(Site({"/": status(200), "/page": status(200)})) as one:
        yield one


def test_what_answers_works_and_is_asked_for_without_its_page(site: Site) -> None:
    assert verdict(site.url("/page")) is Verdict.WORKS
    assert site.asked == [("GET", "/robots.txt"), ("HEAD", "/page")]


@pytest.mark.parametrize("code", [403, 404, 405, 500, 501])
def test_what_does_not_answer_well_without_its_page_is_asked_for_with_it(site: Site, code: int) -> None:
    site.pages["/page"] = only_get(code)
    assert verdict(site.url("/page")) is Verdict.WORKS
    assert site.asked[1:] == [("HEAD", "/page"), ("GET", "/page")]


def test_a_site_that_hangs_up_is_asked_once_more_and_then_given_up(site: Site) -> None:
    site.pages["/page"] = hangs_up
    assert verdict(site.url("/page")) is Verdict.NO_ANSWER
    assert [method for method, _ in site.asked[1:]] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("code", "meant"), [(404, Verdict.NOT_FOUND), (410, Verdict.NOT_FOUND), (403, Verdict.REFUSED), (500, Verdict.FAULT)]
)
def test_what_is_not_there_is_told_apart_from_what_is_refused_and_what_is_broken(site: Site, code: int, meant: Verdict) -> None:
    site.pages["/page"] = status(code)
    assert verdict(site.url("/page")) is meant


def test_a_site_that_has_had_enough_is_not_asked_again(site: Site) -> None:
    site.pages["/page"] = status(429)
    assert verdict(site.url("/page")) is Verdict.REFUSED
    assert len(site.asked) == 2


def test_a_move_for_good_is_followed_and_suggested(site: Site) -> None:
    site.pages["/old"] = status(301, Location="/page#top")
    assert looks(site.url("/old")) == [Finding(Verdict.MOVED, site.url("/page"))]


def test_a_move_to_another_site_keeps_to_the_rules_of_that_site(site: Site) -> None:
    with running(Site({"/new": status(200), "/robots.txt": status(200, "User-agent: *\nDisallow: /")})) as other:
        site.pages["/old"] = status(301, Location=other.url("/new"))
        assert verdict(site.url("/old")) is Verdict.ROBOTS
        assert other.asked == [("GET", "/robots.txt")]


def test_a_way_without_end_is_left(site: Site) -> None:
    site.pages["/a"], site.pages["/b"] = status(302, Location="/b"), status(302, Location="/a")
    assert verdict(site.url("/a")) is Verdict.ROUND_AND_ROUND
    assert len(site.asked) == 1 + REDIRECTS_AT_MOST + 1


def test_a_site_that_is_too_slow_is_not_waited_for(site: Site) -> None:
    site.pages["/page"] = slow(1.5)
    assert verdict(site.url("/page"), timeout=0.3) is Verdict.TOO_SLOW


def test_no_body_is_read_however_long_it_is(site: Site) -> None:
    site.pages["/page"] = lambda request: (status(405) if request.command == "HEAD" else endless)(request)
    assert verdict(site.url("/page")) is Verdict.WORKS


def test_rules_without_end_are_read_to_a_limit(site: Site) -> None:
    site.pages["/robots.txt"] = endless
    assert verdict(site.url("/page")) is Verdict.WORKS


def test_what_a_site_does_not_let_programs_look_at_is_not_looked_at(site: Site) -> None:
    site.pages["/robots.txt"] = status(200, "User-agent: *\nDisallow: /private\n")
    site.pages["/private/x"] = status(200)
    assert [found.verdict for found in looks(site.url("/private/x"), site.url("/page"))] == [Verdict.ROBOTS, Verdict.WORKS]
    assert ("HEAD", "/private/x") not in site.asked


def test_rules_for_us_by_name_are_ours(site: Site) -> None:
    site.pages["/robots.txt"] = status(200, "User-agent: WelcomeDesk\nDisallow: /\n\nUser-agent: *\nDisallow:\n")
    assert verdict(site.url("/page")) is Verdict.ROBOTS


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_site_without_rules_allows_everything(site: Site, code: int) -> None:
    site.pages["/robots.txt"] = status(code)
    assert verdict(site.url("/page")) is Verdict.WORKS


def test_a_site_whose_rules_cannot_be_read_for_a_fault_is_left_alone(site: Site) -> None:
    site.pages["/robots.txt"] = status(503)
    assert [found.verdict for found in looks(site.url("/page"), site.url("/"))] == [Verdict.FAULT] * 2
    assert site.asked == [("GET", "/robots.txt")]


def test_rules_may_have_moved(site: Site) -> None:
    site.pages["/robots.txt"] = status(301, Location="/rules")
    site.pages["/rules"] = status(200, "User-agent: *\nDisallow: /")
    assert verdict(site.url("/page")) is Verdict.ROBOTS


def test_one_thing_at_a_time_and_a_pause_between(site: Site) -> None:
    site.pages |= {f"/{number}": slow(0.05) for number in range(4)}
    looks(*(site.url(f"/{number}") for number in range(4)), pause=0.2)
    assert site.busiest == 1
    assert len(site.at) == 5
    assert all(later - earlier >= 0.2 for earlier, later in zip(site.at, site.at[1:], strict=False))


def test_a_site_that_asks_for_a_longer_pause_is_given_it(site: Site) -> None:
    site.pages["/robots.txt"] = status(200, "User-agent: *\nCrawl-delay: 1\n")
    looks(site.url("/page"))
    assert site.at[1] - site.at[0] >= 1


def test_the_same_address_is_asked_for_once(site: Site) -> None:
    assert looks(site.url("/page"), site.url("/page")) == [Finding(Verdict.WORKS)] * 2
    assert len(site.asked) == 2


def test_the_site_is_told_who_asks_and_no_cookie_goes_back(site: Site) -> None:
    site.pages["/old"] = status(302, Location="/page", Set_Cookie="id=1; Path=/")
    looks(site.url("/old"), site.url("/"))
    assert len(site.headers) == 4
    assert {headers["User-Agent"] for headers in site.headers} == {AGENT}
    assert not any("Cookie" in headers for headers in site.headers)


def test_what_stands_behind_the_hash_is_not_sent(site: Site) -> None:
    assert verdict(site.url("/page#part")) is Verdict.WORKS
    assert site.asked[-1] == ("HEAD", "/page")


def test_a_name_that_is_not_there_is_said_to_be_so() -> None:
    assert verdict("https://nobody.example/") is Verdict.NO_SUCH_NAME


def test_a_site_that_is_not_there_does_not_answer() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert verdict(f"http://127.0.0.1:{port}/") is Verdict.NO_ANSWER


@pytest.mark.parametrize("url", ["http://", "http://user:secret@site.example/", "ftp://site.example/", "http://[::1/"])
def test_what_is_no_address_to_open_is_not_opened(url: str) -> None:
    assert verdict(url) is Verdict.UNUSABLE


def test_a_redirect_out_of_the_web_is_not_followed(site: Site) -> None:
    site.pages["/old"] = status(301, Location="file:///etc/passwd")
    assert verdict(site.url("/old")) is Verdict.UNUSABLE


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Site, ssl.SSLContext]]:
    """A site over TLS as shop.example, and what trusts its certificate."""
    server, trust = certificate(tmp_path, "shop.example", 30)
    one = Site({"/": status(200)})
    one.socket = server.wrap_socket(one.socket, server_side=True)
    with running(one):
        yield one, trust


def test_a_certificate_is_checked_against_the_name_though_the_number_is_called(shop: tuple[Site, ssl.SSLContext]) -> None:
    one, trust = shop
    assert verdict(one.url(host="shop.example", scheme="https"), trust=trust) is Verdict.WORKS
    assert one.headers[0]["Host"] == f"shop.example:{one.server_address[1]}"
    assert verdict(one.url(host="other.example", scheme="https"), trust=trust) is Verdict.CERTIFICATE
    assert verdict(one.url(host="shop.example", scheme="https")) is Verdict.CERTIFICATE, "nobody trusts it by default"


def test_a_certificate_that_has_expired_is_told_apart(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "shop.example", -1)
    one = Site({"/": status(200)})
    one.socket = server.wrap_socket(one.socket, server_side=True)
    with running(one):
        assert verdict(one.url(host="shop.example", scheme="https"), trust=trust) is Verdict.CERTIFICATE_EXPIRED


def test_by_default_nothing_on_this_computer_is_called(site: Site) -> None:
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"):
        assert verdict(site.url(host=host), may_reach=is_public) is Verdict.NOT_PUBLIC
    assert site.asked == []


def test_a_site_cannot_send_us_inside(site: Site) -> None:
    site.pages["/old"] = status(301, Location="http://10.0.0.1/admin")

    async def find(host: str, port: int) -> list[str]:
        return [host]

    found = verdict(site.url("/old"), find=find, may_reach=lambda address: address == "127.0.0.1" or is_public(address))
    assert found is Verdict.NOT_PUBLIC


def test_a_name_with_one_private_address_among_others_is_not_called(site: Site) -> None:
    async def find(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "192.168.1.1"]

    assert verdict(site.url(host="both.example"), find=find, may_reach=lambda address: address == "127.0.0.1") is Verdict.NOT_PUBLIC
    assert site.asked == []


def test_a_name_is_found_once_for_each_question_so_it_cannot_change_its_meaning_in_between(site: Site) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])

    async def find(host: str, port: int) -> list[str]:
        return next(answers)

    found = verdict(site.url("/page", host="turns.example"), find=find, may_reach=lambda address: address == "127.0.0.1")
    assert found is Verdict.NOT_PUBLIC
    assert site.asked == [("GET", "/robots.txt")]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:4009::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", False),
        ("2002:0a00:0001::1", False),
        ("2001:0:4136:e378::1", False),
        ("64:ff9b::a00:1", False),
        ("ff02::1", False),
    ],
)
def test_only_the_internet_at_large_is_called(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), Verdict.NO_SUCH_NAME),
        (socket.gaierror(socket.EAI_AGAIN, ""), Verdict.NO_ANSWER),
        (ConnectionRefusedError(), Verdict.NO_ANSWER),
        (asyncio.TimeoutError(), Verdict.TOO_SLOW),
        (ssl.SSLError(), Verdict.CERTIFICATE),
        (Broken(Verdict.ROBOTS), Verdict.ROBOTS),
        (ValueError(), Verdict.UNUSABLE),
    ],
)
def test_every_error_means_something(error: Exception, meant: Verdict) -> None:
    assert failure_of(error) is meant
