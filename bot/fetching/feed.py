"""Fetches the services of an Open Referral UK 3.0 feed, from addresses that the operator has listed in ``FEED_ALLOW`` and no other.

One request at a time, with a pause between them; whoever asks for more time gets it. Nothing is sent but the request.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpx

from bot.directory.feed_files import LARGEST
from bot.directory.openreferral import LOCAL
from bot.errors import FeedError

TIMEOUT = 20.0
LARGEST_ANSWER = 16 * 1024 * 1024
LARGEST_FEED = LARGEST
"""Bytes of one answer and of all together: as much as can be imported, some 20,000 services."""
SERVICES_AT_MOST, PAGES_AT_MOST = 30_000, 30_000
REDIRECTS_AT_MOST, TRIES_AT_MOST = 3, 3
WAIT_AT_MOST = 60
"""Seconds that a server may ask us to wait before we try again."""
PAUSE = 0.1
"""Seconds between requests."""
PER_PAGE = 100
AGENT = "Welcome Desk (reads Open Referral UK feeds)"
NESTED = ("schedules", "service_areas", "service_at_locations", "languages", "cost_options", "contacts", "attributes")
"""What a service written out has several of; none of it stands in a list."""

Json = dict[str, Any]


def is_allowed(address: str, allowed: Sequence[str]) -> bool:
    """Tell whether an address lies at or under one of ``allowed``: the same scheme, host and port, and a path that leads there straight."""
    try:
        asked = urlsplit(address)
        if asked.username or asked.password or "\\" in address or any(part in ("..", ".") for part in unquote(asked.path).split("/")):
            return False
        for prefix in map(urlsplit, allowed):
            same = (asked.scheme, asked.hostname, asked.port) == (prefix.scheme, prefix.hostname, prefix.port)
            if same and f"{asked.path.rstrip('/')}/".startswith(f"{prefix.path.rstrip('/')}/"):
                return True
    except ValueError:
        return False
    return False


def fetch_feed(
    address: str,
    allowed: Sequence[str],
    client: httpx.Client | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Json]:
    """Give every service of the feed at ``address`` (what ``/services`` hangs from) with all that hangs from it.

    ``allowed`` is the setting FEED_ALLOW; ``progress`` is told how many services of how many are read. A feed of our own is asked for its
    local fields too. Raises FeedError.
    """
    if not is_allowed(address, allowed):
        raise FeedError(f"{address} may not be fetched: ask the operator to add it to FEED_ALLOW.")
    with client or httpx.Client(timeout=TIMEOUT, trust_env=False) as opened:
        return _Fetch(address.rstrip("/"), allowed, opened, progress, sleep).services()


class _Fetch:
    def __init__(
        self,
        base: str,
        allowed: Sequence[str],
        client: httpx.Client,
        progress: Callable[[int, int], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.base, self.allowed, self.client = base, allowed, client
        self.progress, self.sleep = progress, sleep
        self.size = 0

    def services(self) -> list[Json]:
        about = self.get("/")
        version = str(about.get("version", "")) if isinstance(about, Mapping) else ""
        if not re.search(r"(?<![\d.])3\.\d", version):
            raise FeedError(f"{self.base} says that it is {version or 'nothing'}, not Open Referral UK 3.0: ask its owner for that.")
        more = {"local": "true"} if f"{LOCAL}local_fields" in about else {}
        found: list[Json] = []
        for entry, total in self.entries(more):
            if len(found) >= SERVICES_AT_MOST:
                raise FeedError(f"{self.base} has more than {SERVICES_AT_MOST} services: that is too much for one import.")
            found.append(entry if any(isinstance(entry.get(name), list) for name in NESTED) else self.record(entry, more))
            self.progress(len(found), total)
        return found

    def entries(self, more: Mapping[str, str]) -> Iterator[tuple[Json, int]]:
        """Give what stands on each page of the list, with how many there are in all. Written out, where the feed does that when asked."""
        for number in range(1, PAGES_AT_MOST):
            page = self.get("/services", page=str(number), per_page=str(PER_PAGE), full="true", **more)
            contents = page.get("contents") if isinstance(page, dict) else None
            if not isinstance(contents, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in contents):
                raise FeedError(f"{self.base}/services, page {number}, is no page of Open Referral UK 3.0: tell its owner.")
            total = page.get("total_items")
            for one in contents:
                yield one, total if isinstance(total, int) else len(contents)
            pages = page.get("total_pages")
            if not contents or page.get("last_page") is True or (isinstance(pages, int) and number >= pages):
                return

    def record(self, entry: Json, more: Mapping[str, str]) -> Json:
        """Give a service by its id, where the list does not write it out."""
        found = self.get(f"/services/{quote(entry['id'], safe='')}", **more)
        if not isinstance(found, dict) or found.get("id") != entry["id"]:
            raise FeedError(f"{self.base}/services/{entry['id']} is no service of Open Referral UK 3.0: tell the feed's owner.")
        return found

    def get(self, path: str, **query: str) -> Any:
        """Give the JSON at ``path`` under the feed's address."""
        where = f"{self.base}{path}"
        for _ in range(TRIES_AT_MOST):
            status, wait, body = self.answer(where, query)
            if status == 200:
                try:
                    return json.loads(body)
                except (ValueError, RecursionError):
                    raise FeedError(f"{where} does not answer with JSON: check the address.") from None
            if status not in (429, 503) or wait > WAIT_AT_MOST:
                break
            self.sleep(wait)
        raise FeedError(f"{where} answers {status}: check the address, or try later.")

    def answer(self, where: str, query: Mapping[str, str]) -> tuple[int, int, bytes]:
        """Ask once; give status, seconds to wait and body. Redirects are followed to where fetching is allowed."""
        self.sleep(PAUSE)
        try:
            address = httpx.URL(where, params=dict(query)) if query else httpx.URL(where)
            for _ in range(REDIRECTS_AT_MOST + 1):
                headers = {"Accept": "application/json", "User-Agent": AGENT}
                with self.client.stream("GET", address, headers=headers, follow_redirects=False) as response:
                    if not response.is_redirect:
                        return response.status_code, _seconds(response), self.body(response, where)
                    address = httpx.URL(urljoin(str(address), response.headers["location"]))
                if not is_allowed(str(address), self.allowed):
                    raise FeedError(
                        f"{where} leads to another address, which may not be fetched: ask the operator to add it to FEED_ALLOW."
                    )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise FeedError(f"{where} cannot be reached ({type(error).__name__}): check the address, or try later.") from error
        raise FeedError(f"{where} leads from one address to the next: check the address.")

    def body(self, response: httpx.Response, where: str) -> bytes:
        parts = bytearray()
        for part in response.iter_bytes():
            parts += part
            if len(parts) > LARGEST_ANSWER or self.size + len(parts) > LARGEST_FEED:
                raise FeedError(f"{where} answers with more than can be read at once: import its files instead.")
        self.size += len(parts)
        return bytes(parts)


def _seconds(response: httpx.Response) -> int:
    """Give how long a server wants us to wait; one that does not say so in seconds gets one."""
    text = response.headers.get("retry-after", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 1
