"""Asking for web addresses, politely and safely: the only part of the check that touches the network.

Polite: ``robots.txt`` is kept to (RFC 9309), a site is asked one thing at a time with a pause between, and told who asks. Safe: a record
cannot make this computer call inside the council's network, no cookie is kept, and no more is read than is needed.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from bot.links.verdicts import Finding, Outcome, Step, Verdict, judge

NAME = "WelcomeDesk"
"""How ``robots.txt`` may call us."""
PAUSE = 1.0
"""Seconds between two questions to one site, where it does not ask for more."""
LONGEST_PAUSE = 30.0
TIMEOUT = 15.0
"""Seconds for one question, from finding the site to its answer."""
REDIRECTS_AT_MOST = 5
ROBOTS_AT_MOST = 500 * 1024
"""Bytes of ``robots.txt`` that are read: RFC 9309, section 2.5."""
AT_ONCE = 4
"""Sites that are asked at the same time."""
TOO_MANY_REQUESTS = 429

Resolve = Callable[[str, int], Awaitable[list[str]]]


class Broken(Exception):
    """The way to an address is broken off; ``verdict`` says by what."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


BROKEN = (Broken, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, asyncio.TimeoutError)
"""All that can go wrong on the way to an address."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the internet at large: not of this computer, a private network or a tunnel into one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in NAT64):
        return False
    return ip.is_global and not ip.is_multicast


NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that a gateway turns into IPv4 ones (RFC 6052)."""


async def resolve(host: str, port: int) -> list[str]:
    """Give the IP addresses of a name. Raises socket.gaierror."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def failure_of(error: BaseException) -> Verdict:
    """Say what an error on the way means, from it and all that caused it."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, Broken):
            return link.verdict
        if isinstance(link, ssl.SSLCertVerificationError):
            # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h.
            return Verdict.CERTIFICATE_EXPIRED if link.verify_code == 10 else Verdict.CERTIFICATE
        if isinstance(link, ssl.SSLError):
            return Verdict.CERTIFICATE
        if isinstance(link, (httpx.TimeoutException, asyncio.TimeoutError, TimeoutError)):
            return Verdict.TOO_SLOW
        if isinstance(link, socket.gaierror):
            return Verdict.NO_SUCH_NAME if link.errno in (socket.EAI_NONAME, socket.EAI_NODATA) else Verdict.NO_ANSWER
        if isinstance(link, (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError)):
            return Verdict.UNUSABLE
        link = link.__cause__ or link.__context__
    return Verdict.NO_ANSWER


@dataclass
class Site:
    """One site: whose turn it is, when it was last asked, and how long it wants to be left alone between two questions."""

    pause: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: float = float("-inf")


class Checker:
    """Asks for addresses as ``agent``; to be entered with ``async with``.

    Tests give another ``may_reach``, which says of an IP address whether it may be called, another ``find`` for names, and ``trust``.
    """

    def __init__(
        self,
        agent: str,
        pause: float = PAUSE,
        timeout: float = TIMEOUT,
        may_reach: Callable[[str], bool] = is_public,
        find: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._pause = pause
        self._timeout = timeout
        self._may_reach = may_reach
        self._find = find
        self._sites: dict[str, Site] = {}
        self._rules: dict[str, RobotFileParser | Verdict] = {}
        self._client = httpx.AsyncClient(
            headers={"User-Agent": agent, "Accept": "*/*"},
            timeout=timeout,
            verify=trust or True,
            trust_env=False,
            # Connections are made to IP addresses: one must never serve another name of the same computer.
            limits=httpx.Limits(max_keepalive_connections=0),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def __aenter__(self) -> "Checker":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def look(self, url: str) -> Finding:
        """Ask for an address and give what became of it; whatever goes wrong is a finding."""
        steps: list[Step] = []
        try:
            at = url.partition("#")[0]
            while at:
                if len(steps) > REDIRECTS_AT_MOST:
                    raise Broken(Verdict.ROUND_AND_ROUND)
                steps.append(await self._step(at))
                at = steps[-1].leads_to
        except BROKEN as error:
            return judge(Outcome(tuple(steps), failure_of(error)))
        return judge(Outcome(tuple(steps)))

    async def _step(self, url: str) -> Step:
        """Ask for one address, if its site lets programs: first without the page, then, where that is not answered well, with it."""
        where = _parsed(url)
        if not await self._lets_programs(where):
            raise Broken(Verdict.ROBOTS)
        try:
            step = await self._ask("HEAD", where)
            answered = step.status < 400 or step.status == TOO_MANY_REQUESTS
        except (httpx.RemoteProtocolError, httpx.ReadError):
            answered = False
        return step if answered else await self._ask("GET", where)

    async def _lets_programs(self, where: httpx.URL) -> bool:
        """Tell whether a site's ``robots.txt``, which is read once, allows an address; without one everything is allowed.

        Raises Broken where the site does not answer, without asking it again.
        """
        origin = f"{where.scheme}://{where.netloc.decode()}"
        if origin not in self._rules:
            try:
                self._rules[origin] = _read_rules(await self._robots(httpx.URL(f"{origin}/robots.txt")))
            except BROKEN as error:
                self._rules[origin] = failure_of(error)
        rules = self._rules[origin]
        if isinstance(rules, Verdict):
            raise Broken(rules)
        asked = rules.crawl_delay(NAME)
        site = self._site(where)
        site.pause = max(site.pause, min(float(asked or 0), LONGEST_PAUSE))
        return rules.can_fetch(NAME, str(where))

    async def _robots(self, where: httpx.URL) -> str:
        for _ in range(REDIRECTS_AT_MOST + 1):
            async with self._answer("GET", where) as answer:
                if answer.status_code >= 500:
                    raise Broken(Verdict.FAULT)
                leads_to = Step(str(where), answer.status_code, answer.headers.get("location", "")).leads_to
                if not leads_to:
                    return await _text(answer) if answer.status_code == 200 else ""
            where = _parsed(leads_to)
        return ""

    async def _ask(self, method: str, where: httpx.URL) -> Step:
        async with self._answer(method, where) as answer:
            return Step(str(where), answer.status_code, answer.headers.get("location", ""))

    def _site(self, where: httpx.URL) -> Site:
        return self._sites.setdefault(where.host, Site(self._pause))

    @asynccontextmanager
    async def _answer(self, method: str, where: httpx.URL) -> AsyncIterator[httpx.Response]:
        """Give the answer to one question, its body unread, when it is the site's turn; it is closed afterwards."""
        site = self._site(where)
        async with site.turn:
            await asyncio.sleep(max(0.0, site.asked_at + site.pause - time.monotonic()))
            try:
                response = await asyncio.wait_for(self._send(method, where), self._timeout)
                try:
                    yield response
                finally:
                    await response.aclose()
            finally:
                site.asked_at = time.monotonic()

    async def _send(self, method: str, where: httpx.URL) -> httpx.Response:
        """Ask the very IP address that was found to be a public one, so that a name cannot change its meaning in between."""
        name = where.raw_host.decode("ascii")
        addresses = await self._find(name, where.port or {"http": 80, "https": 443}[where.scheme])
        if not addresses or not all(self._may_reach(address) for address in addresses):
            raise Broken(Verdict.NOT_PUBLIC)
        request = self._client.build_request(
            method,
            where.copy_with(host=addresses[0]),
            headers={"Host": where.netloc.decode("ascii")},
            extensions={"sni_hostname": name},
        )
        return await self._client.send(request, stream=True)


def _parsed(url: str) -> httpx.URL:
    """Read an address that may be asked for: http or https, a host, no password. Raises Broken."""
    where = httpx.URL(url)
    if where.scheme not in ("http", "https") or not where.host or where.userinfo:
        raise Broken(Verdict.UNUSABLE)
    return where


def _read_rules(text: str) -> RobotFileParser:
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    return rules


async def _text(answer: httpx.Response) -> str:
    """Give the beginning of an answer as text."""
    found = bytearray()

    async def read() -> None:
        async for part in answer.aiter_bytes():
            found.extend(part[: ROBOTS_AT_MOST - len(found)])
            if len(found) >= ROBOTS_AT_MOST:
                return

    await asyncio.wait_for(read(), TIMEOUT)
    return found.decode("utf-8", "replace")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


async def look_at_all(checker: Checker, urls: list[str], done: Callable[[str], None] = lambda url: None) -> dict[str, Finding]:
    """Ask for every address once, a few sites at the same time; ``done`` is told of each address that was asked for."""
    by_host: dict[str, list[str]] = {}
    for url in dict.fromkeys(urls):
        by_host.setdefault(_host_of(url), []).append(url)
    found: dict[str, Finding] = {}
    free = asyncio.Semaphore(AT_ONCE)

    async def one_site(own: list[str]) -> None:
        async with free:
            for url in own:
                found[url] = await checker.look(url)
                done(url)

    await asyncio.gather(*(one_site(own) for own in by_host.values()))
    return found
