"""Fetching a feed: from a real server, from where it is allowed and nowhere else, and no more than can be taken."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import Engine

from bot.directory.feed import Asked, Feed
from bot.directory.openreferral import FeedWords
from bot.errors import FeedError
from bot.fetching import feed
from bot.fetching.feed import fetch_feed, is_allowed
from bot.settings import ROOT as CHECKOUT
from tests.builders import Pack
from tests.serving import a_feed_app, served

ADDRESS = "https://data.example.org/openreferral"
ROOT = {"version": "HSDS-UK-3.0"}
Answers = dict[str, Any]


def fetched(answers: Callable[[httpx.Request], httpx.Response], allowed: tuple[str, ...] = (ADDRESS,), **more: Any) -> list[Any]:
    client = httpx.Client(transport=httpx.MockTransport(answers))
    return fetch_feed(ADDRESS, allowed, client, **{"sleep": lambda seconds: None, **more})


def by_path(answers: Answers) -> Callable[[httpx.Request], httpx.Response]:
    """A feed that answers as ``answers`` says for each path under its address."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path.removeprefix("/openreferral"), 404)
        return (
            found
            if isinstance(found, httpx.Response)
            else httpx.Response(found)
            if isinstance(found, int)
            else httpx.Response(200, json=found)
        )

    return answer


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_our_own_feed_is_fetched_page_by_page_with_its_local_fields(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PER_PAGE", 2)
    pack = Pack(tmp_path / "packs")
    for number in range(5):
        pack.service(key=f"desk_{number}")
    pack.load(engine)
    told: list[tuple[int, int]] = []
    with served(a_feed_app(engine)) as url:
        found = fetch_feed(f"{url}/openreferral", [url], progress=lambda done, total: told.append((done, total)), sleep=lambda _: None)
    wanted = Feed(engine, FeedWords("please check first", "closed on this day", {})).page("services", Asked(full=True, local=True), 1, 10)
    assert [one["desk_key"] for one in found] == [one["desk_key"] for one in wanted.contents]
    assert found[0]["attributes"]
    assert told == [(number, 5) for number in range(1, 6)]


def test_services_that_the_list_does_not_write_out_are_asked_for_one_by_one() -> None:
    thin = {"total_items": 1, "total_pages": 1, "contents": [{"id": "a/b", "name": "Tea"}]}
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        whole = {"id": "a/b", "name": "Tea", "schedules": []}
        found = {"/openreferral/": ROOT, "/openreferral/services": thin}.get(request.url.path, whole)
        return httpx.Response(200, json=found)

    assert fetched(answer) == [{"id": "a/b", "name": "Tea", "schedules": []}]
    assert asked[-1] == "/openreferral/services/a%2Fb"
    assert not any("local" in path for path in asked), "only a feed of ours has local fields"


@pytest.mark.parametrize(
    ("address", "allowed", "may"),
    [
        (ADDRESS, (), False),
        (ADDRESS, (ADDRESS,), True),
        (f"{ADDRESS}/", (ADDRESS,), True),
        (ADDRESS, ("https://data.example.org",), True),
        (f"{ADDRESS}2", (ADDRESS,), False),
        ("https://data.example.org", (ADDRESS,), False),
        ("https://data.example.org.evil.org/openreferral", (ADDRESS,), False),
        ("https://data.example.org@evil.org/openreferral", (ADDRESS,), False),
        ("https://somebody@data.example.org/openreferral", (ADDRESS,), False),
        ("http://data.example.org/openreferral", (ADDRESS,), False),
        ("https://data.example.org:8443/openreferral", (ADDRESS,), False),
        (f"{ADDRESS}/../other", (ADDRESS,), False),
        (f"{ADDRESS}/%2e%2e/other", (ADDRESS,), False),
        ("https://DATA.example.org/openreferral", (ADDRESS,), True),
        ("file:///etc/passwd", (ADDRESS,), False),
        ("https://[bad", (ADDRESS,), False),
    ],
)
def test_only_what_lies_under_an_allowed_address_may_be_fetched(address: str, allowed: tuple[str, ...], may: bool) -> None:
    assert is_allowed(address, allowed) is may
    if not may:

        def nobody(request: httpx.Request) -> httpx.Response:
            raise AssertionError("something was fetched")

        with pytest.raises(FeedError, match="FEED_ALLOW"):
            fetch_feed(address, allowed, httpx.Client(transport=httpx.MockTransport(nobody)))


def test_a_redirect_is_followed_where_fetching_is_allowed_and_nowhere_else() -> None:
    def moved(to: str) -> Callable[[httpx.Request], httpx.Response]:
        page = {"total_pages": 1, "contents": [{"id": "1", "name": "Tea", "schedules": []}]}

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.host != "data.example.org":
                raise AssertionError(f"{request.url} was fetched")
            paths = {"/openreferral/": ROOT, "/openreferral/v3/services": page}
            found = paths.get(request.url.path)
            return httpx.Response(200, json=found) if found else httpx.Response(302, headers={"location": to})

        return answer

    assert len(fetched(moved("/openreferral/v3/services"))) == 1
    for to in ("https://evil.example.org/openreferral", "http://169.254.169.254/", "//evil.example.org", "/elsewhere"):
        with pytest.raises(FeedError, match="may not be fetched"):
            fetched(moved(to))
    with pytest.raises(FeedError, match="from one address to the next"):
        fetched(moved("/openreferral/services"))


PAGE = {"total_items": 1, "total_pages": 1, "contents": [{"id": "1", "name": "Tea", "schedules": []}]}
NO_FEEDS: list[tuple[str, Answers, str]] = [
    ("not there", {}, "answers 404"),
    ("not JSON", {"/": httpx.Response(200, text="<html>")}, "does not answer with JSON"),
    ("another version", {"/": {"version": "HSDS-UK-1.0"}}, "HSDS-UK-1.0, not Open Referral UK 3.0"),
    ("1.3", {"/": {"version": "1.3.0"}}, "not Open Referral UK 3.0"),
    ("no version", {"/": []}, "not Open Referral UK 3.0"),
    ("no page", {"/": ROOT, "/services": {"content": []}}, "page 1, is no page"),
    ("no services", {"/": ROOT, "/services": {"contents": ["Tea"]}}, "page 1, is no page"),
    ("another record", {"/": ROOT, "/services": {"contents": [{"id": "1"}]}, "/services/1": {"id": "2"}}, "services/1 is no service"),
    ("broken", {"/": ROOT, "/services": 500}, "answers 500"),
]


@pytest.mark.parametrize(("answers", "told"), [case[1:] for case in NO_FEEDS], ids=[case[0] for case in NO_FEEDS])
def test_what_is_no_feed_is_told_with_its_address(answers: Answers, told: str) -> None:
    with pytest.raises(FeedError, match=told) as raised:
        fetched(by_path(answers))
    assert ADDRESS in str(raised.value)


def test_a_server_that_asks_for_time_gets_it() -> None:
    waited: list[float] = []
    answers = iter([httpx.Response(429, headers={"retry-after": "7"}), httpx.Response(200, json=ROOT), httpx.Response(200, json=PAGE)])
    assert len(fetched(lambda request: next(answers), sleep=waited.append)) == 1
    assert 7 in waited
    with pytest.raises(FeedError, match="answers 503"):
        fetched(lambda request: httpx.Response(503, headers={"retry-after": "86400"}))


def test_a_server_that_is_away_is_told_by_its_address() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("too slow")

    with pytest.raises(FeedError, match="cannot be reached"):
        fetched(away)


def test_more_than_can_be_taken_is_refused_and_a_list_without_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = {"/": ROOT, "/services": {"contents": PAGE["contents"]}}
    monkeypatch.setattr(feed, "SERVICES_AT_MOST", 20)
    with pytest.raises(FeedError, match="more than 20 services"):
        fetched(by_path(endless))
    monkeypatch.setattr(feed, "LARGEST_ANSWER", len(json.dumps(PAGE)) - 20)
    with pytest.raises(FeedError, match="more than can be read at once"):
        fetched(by_path({"/": ROOT, "/services": PAGE}))


def test_what_the_desk_s_page_says_of_calling_out_names_feeds() -> None:
    told = " ".join((CHECKOUT / "docs/desk.md").read_text(encoding="utf-8").split())
    (sentence,) = re.findall(r"[^.]*only ways in which this product calls anybody", told)
    assert all(f"`{name}`" in sentence for name in ("TRANSLATE_URL", "LINK_CHECK", "FEED_ALLOW"))
