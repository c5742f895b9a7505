"""The open data feed, ``/openreferral``: the directory as Open Referral UK 3.0, read-only, for everybody."""

import hashlib
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bot import __version__
from bot.answers.catalogue import Catalogues
from bot.directory.feed import COLLECTIONS, Asked, Feed, Near
from bot.directory.openreferral import LOCAL, VERSION, FeedWords, Json
from bot.directory.sheets import DAYS, TIME
from bot.errors import MessageRefused
from bot.settings import ROOT
from bot.web.api import pipeline_of, problem

STUB = "/openreferral"
PROFILE = "https://github.com/OpenReferralUK/uk-profile/blob/main/docs/index.md"
OPENAPI = "https://openreferraluk.org/specifications/3.0/openapi.json"
"""Both as the standard's own description of ``/`` and its validator name them."""
PER_PAGE, PER_PAGE_AT_MOST, PAGES_AT_MOST = 50, 1000, 1_000_000
LONGEST = 200
"""Characters of a parameter; nothing that the standard asks with is longer."""
FRESH = 60
"""Seconds for which a copy may be used without asking: as long as the product itself takes to notice a change."""
TAXONOMIES = ("topic", "circumstance")
POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?(\d[A-Z]{2})?", re.IGNORECASE)
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d))?(?:\.(\d{1,9}))?)?(Z|[+ -]\d\d:?\d\d)?", re.IGNORECASE)
WRITTEN_BY = hashlib.sha256(
    b"".join((ROOT / "bot" / "directory" / f"{name}.py").read_bytes() for name in ("openreferral", "feed")) + __version__.encode()
).hexdigest()
"""Names the code that writes the answers: another program writes other answers of the same directory."""

Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


def open_feed_words(catalogues: Catalogues) -> FeedWords:
    """Give what the feed says in words of its own, in English."""
    taxonomies = {
        name: (catalogues.say("en", f"feed.taxonomy.{name}"), catalogues.say("en", f"feed.taxonomy.{name}.about")) for name in TAXONOMIES
    }
    return FeedWords(catalogues.say("en", "card.check_first"), catalogues.say("en", "feed.closed"), taxonomies)


async def _apart(request: Request, work: Callable[..., T], *given: Any) -> T:
    """Do work of the database on the feed's own few threads: no copying of the feed keeps visitors waiting."""
    lane: CapacityLimiter = request.app.state.feed_lane
    return await to_thread.run_sync(work, *given, limiter=lane)


def _feed_of(request: Request) -> Feed:
    found: Feed = request.app.state.feed
    return found


def for_everybody(endpoint: Endpoint) -> Endpoint:
    """Let the pages of every site read what ``endpoint`` answers, and answer what cannot be taken as a problem."""

    async def answer(request: Request) -> Response:
        try:
            response = Response(status_code=204) if request.method == "OPTIONS" else await endpoint(request)
        except MessageRefused as refused:
            response = problem(request, refused.key, refused.status, "en", **refused.values)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "ETag"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        return response

    return answer


def unless_known(endpoint: Endpoint) -> Endpoint:
    """Answer 304 where the asker has what ``endpoint`` would answer: the same directory, written by the same program, asked the same."""

    async def answer(request: Request) -> Response:
        version = await _apart(request, _feed_of(request).version)
        asked = f"{version}\0{WRITTEN_BY}\0{_site(request)}\0{request.url.path}\0{request.url.query}"
        tag = f'W/"{hashlib.sha256(asked.encode()).hexdigest()[:32]}"'
        known = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
        response = Response(status_code=304) if {tag, tag[2:]} & known else await endpoint(request)
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = f"public, max-age={FRESH}"
        return response

    return answer


def _site(request: Request) -> str:
    return pipeline_of(request).settings.public_url or str(request.base_url).rstrip("/")


def _json(body: Json) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")


async def about(request: Request) -> Response:
    """Say what this feed is, and where the whole of it is to be had with our local fields."""
    more = f"{_site(request)}{STUB}/services?full=true&local=true"
    return _json({"version": VERSION, "profile": PROFILE, "openapi_url": OPENAPI, f"{LOCAL}local_fields": more})


def _kind(request: Request) -> str:
    """Give the collection that is asked for. Raises MessageRefused where there is none of this name."""
    kind: str = request.path_params["kind"]
    if kind not in COLLECTIONS:
        raise MessageRefused("feed.no_address", 404)
    return kind


async def show_list(request: Request) -> Response:
    """Give a page of a list, or with ``format=ndjson`` all of it, one record a line."""
    kind, given = _kind(request), Given(request)
    number, per_page = given.whole("page", 1, PAGES_AT_MOST), given.whole("per_page", PER_PAGE, PER_PAGE_AT_MOST)
    form = given.one_of("format", "json", "ndjson")
    asked = await _apart(request, given.asked, _feed_of(request))
    if form == "ndjson":
        return StreamingResponse(_lines(request, _feed_of(request).batches(kind, asked)), media_type="application/x-ndjson")
    page = await _apart(request, _feed_of(request).page, kind, asked, number, per_page)
    return _json(page.as_json())


async def _lines(request: Request, batches: Iterator[list[Json]]) -> AsyncIterator[bytes]:
    while batch := await _apart(request, next, batches, []):
        yield b"".join(msgspec.json.encode(one) + b"\n" for one in batch)


async def show_record(request: Request) -> Response:
    """Give one record with all that hangs from it."""
    kind, wanted, given = _kind(request), request.path_params["id"], Given(request)
    asked = Asked(local=given.yes("local"), full_service=given.yes("full_service"))
    found = None if "\0" in wanted else await _apart(request, _feed_of(request).record, kind, wanted, asked)
    if found is None:
        raise MessageRefused("feed.no_record", 404)
    return _json(found)


async def nothing(request: Request) -> Response:
    """Answer an address that the feed does not have."""
    raise MessageRefused("feed.no_address", 404)


class Given:
    """The parameters of a request. Every method raises MessageRefused for what cannot be used; parameters nobody knows are passed over."""

    def __init__(self, request: Request) -> None:
        self._given = dict(request.query_params)
        for name, value in self._given.items():
            if len(value) > LONGEST or "\0" in value:
                raise MessageRefused("feed.too_long", 400, name=name[:40], longest=LONGEST)

    def text(self, name: str) -> str:
        return self._given.get(name, "").strip()

    def whole(self, name: str, default: int, most: int) -> int:
        text = self.text(name)
        if text and not (re.fullmatch(r"[0-9]{1,9}", text) and 1 <= int(text) <= most):
            raise MessageRefused("feed.whole", 400, name=name, most=most)
        return int(text or default)

    def yes(self, name: str) -> bool:
        return self.one_of(name, "false", "true") == "true"

    def one_of(self, name: str, default: str, other: str) -> str:
        text = self.text(name).lower() or default
        if text not in (default, other):
            raise MessageRefused("feed.one_of", 400, name=name, one=other, other=default)
        return text

    def matching(self, name: str, pattern: re.Pattern[str], example: str) -> str:
        text = self.text(name)
        if text and not pattern.fullmatch(text):
            raise MessageRefused("feed.form", 400, name=name, example=example)
        return text

    def number(self, name: str, example: str) -> float | None:
        text = self.matching(name, re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?"), example)
        return float(text) if text else None

    def moment(self, name: str) -> datetime | None:
        """Read a moment; one without a time zone is in UTC, and a ``+`` that came as a space is one."""
        match = MOMENT.fullmatch(self.text(name))
        if not self.text(name):
            return None
        try:
            if match is None:
                raise ValueError
            day, minute, second, fraction, zone = match.groups()
            found = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}+00:00")
            found += timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
            if zone and zone.upper() != "Z":
                offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
                found += offset if zone[0] == "-" else -offset
        except (ValueError, OverflowError):
            raise MessageRefused("feed.form", 400, name=name, example="2026-11-22T09:30:00Z") from None
        return found.astimezone(timezone.utc)

    def asked(self, source: Feed) -> Asked:
        """Read everything that narrows a list; where a postcode lies is asked of the directory."""
        asked = Asked(
            words=tuple(self.text("search").split()),
            taxonomy_term_id=self.text("taxonomy_term_id"),
            taxonomy_id=self.text("taxonomy_id"),
            organization_id=self.text("organization_id"),
            modified_after=self.moment("modified_after"),
            minimum_age=self.number("minimum_age", "16"),
            maximum_age=self.number("maximum_age", "25"),
            starts=self.matching("start_time", TIME, "09:30"),
            ends=self.matching("end_time", TIME, "17:00"),
            day=self.matching("day", re.compile("|".join(DAYS), re.IGNORECASE), "MO").upper(),
            top_only=self.yes("top_only"),
            parent_id=self.text("parent_id"),
            full=self.yes("full"),
            minimal=self.yes("minimal"),
            full_service=self.yes("full_service"),
            local=self.yes("local"),
        )
        postcode = self.matching("postcode", POSTCODE, "CB7 4EE")
        metres = self.number("proximity", "1000")
        if metres is None:
            return replace(asked, areas=source.areas_of(postcode)) if postcode else asked
        position = source.position_of(postcode) if postcode else None
        if position is None or not math.isfinite(metres):
            raise MessageRefused("feed.position", 400)
        return replace(asked, near=Near(*position, metres))


def _route(path: str, endpoint: Endpoint) -> Route:
    return Route(f"{STUB}{path}", for_everybody(endpoint), methods=["GET", "OPTIONS"])


routes = [
    _route("", unless_known(about)),
    _route("/", unless_known(about)),
    _route("/{kind}", unless_known(show_list)),
    _route("/{kind}/{id}", unless_known(show_record)),
    _route("/{rest:path}", nothing),
]
