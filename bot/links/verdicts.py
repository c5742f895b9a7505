"""What an officer is told of a web address, from what happened when it was asked for: plain functions, no network."""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urljoin, urlsplit

PERMANENT = frozenset({301, 308})
REDIRECTS = PERMANENT | {302, 303, 307}
"""RFC 9110, section 15.4: of these, only the first two say that the address itself is another from now on."""
GONE = frozenset({404, 410})
NOT_FOR_PROGRAMS = frozenset({401, 403, 406, 429, 451})
"""What sites answer to a program that they would answer otherwise to a person."""


class Verdict(Enum):
    """What became of an address; ``officer.link.<value>`` are the words with what to do."""

    WORKS = "works"
    MOVED = "moved"
    FRONT_PAGE = "front_page"
    NOT_FOUND = "not_found"
    FAULT = "fault"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE = "certificate"
    NO_SUCH_NAME = "no_such_name"
    NO_ANSWER = "no_answer"
    TOO_SLOW = "too_slow"
    REFUSED = "refused"
    ROBOTS = "robots"
    ROUND_AND_ROUND = "round_and_round"
    NOT_PUBLIC = "not_public"
    UNUSABLE = "unusable"


@dataclass(frozen=True)
class Step:
    """One answer on the way: the address asked for, the HTTP status, and where a redirect leads (empty otherwise)."""

    url: str
    status: int
    location: str = ""

    @property
    def leads_to(self) -> str:
        """The next address, whole and without the part after ``#``; empty where this is the end."""
        if self.status not in REDIRECTS or not self.location:
            return ""
        return urljoin(self.url, self.location).partition("#")[0]


@dataclass(frozen=True)
class Outcome:
    """What happened: the answers in order, and what broke the way off (None where the last answer is the end)."""

    steps: tuple[Step, ...] = ()
    failure: Verdict | None = None


@dataclass(frozen=True)
class Finding:
    """A verdict and, where the address has moved for good, the one to put in its place."""

    verdict: Verdict
    new_url: str = ""


def judge(outcome: Outcome) -> Finding:
    """Say what an outcome means.

    An address has moved where permanent redirects lead from it to something that works; what a temporary redirect adds is the site's
    own business. One that led to a page and now leads to a site's front page has lost its page.
    """
    if outcome.failure:
        return Finding(outcome.failure)
    first, last = outcome.steps[0], outcome.steps[-1]
    if last.status in GONE:
        return Finding(Verdict.NOT_FOUND)
    if last.status in NOT_FOR_PROGRAMS:
        return Finding(Verdict.REFUSED)
    if not 200 <= last.status < 300:
        return Finding(Verdict.FAULT)
    new_url = _moved_to(outcome.steps)
    if _is_page(first.url) and len(outcome.steps) > 1 and not _is_page(last.url):
        return Finding(Verdict.FRONT_PAGE)
    return Finding(Verdict.MOVED, new_url) if new_url else Finding(Verdict.WORKS)


def _moved_to(steps: tuple[Step, ...]) -> str:
    """Give where the permanent redirects at the beginning of the way lead; empty where there are none."""
    reached = ""
    for step in steps:
        if step.status not in PERMANENT:
            break
        reached = step.leads_to
    return reached


def _is_page(url: str) -> bool:
    """Tell whether an address is of a page inside a site, and not of its front page."""
    parts = urlsplit(url)
    return bool(parts.path.strip("/") or parts.query)
