"""How true a record still is: when it has to be looked at again, and what that means for what is shown. Plain functions over records.

A record that nobody has assured yet is UNCHECKED, never overdue: a directory fresh from its pack works, and says so.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from bot.codes import URGENT
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import GuidanceRecord, ServiceRecord

REVIEW_DAYS = {
    "urgent": 91,
    "legal_guidance": 91,
    "legal": 91,
    "guidance": 182,
    "service": 182,
    "library": 365,
}
"""After how many days a record of each kind is due. Open Referral UK recommends three months for every service."""
SOONER = frozenset({"legal", "nrpf"})
"""Topics whose rules change often and harm when they are wrong."""
NATIONWIDE = frozenset({"England", "UK"})
"""Whom the official registers of advisers serve."""
LONG = 2
"""How many times its days a record may be old before people are asked to phone first."""


class Freshness(Enum):
    """How long ago a record was assured."""

    UNCHECKED = "unchecked"
    FRESH = "fresh"
    OVERDUE = "overdue"
    LONG_OVERDUE = "long_overdue"


@dataclass(frozen=True)
class Review:
    """When a record has to be looked at: its ``kind`` of REVIEW_DAYS, and the day it is ``due`` (None where nobody has assured it yet)."""

    kind: str
    due: date | None
    freshness: Freshness


def is_urgent(record: ServiceRecord | GuidanceRecord) -> bool:
    """Tell whether urgent answers are made of a record: then it is never withheld for its age."""
    if isinstance(record, GuidanceRecord):
        return bool(record.urgent) or "emergency" in record.topics
    return bool(set(record.leads) & set(URGENT)) or bool({"emergency", HOMELESS_TONIGHT} & record.topics)


def kind_of(record: ServiceRecord | GuidanceRecord) -> str:
    """Give the kind of REVIEW_DAYS that a record is."""
    if is_urgent(record):
        return "urgent"
    if isinstance(record, GuidanceRecord):
        return "legal_guidance" if SOONER & set(record.topics) else "guidance"
    if record.regulated_by or "legal" in record.topics:
        return "legal"
    return "library" if record.kind == "library" else "service"


def review_of(record: ServiceRecord | GuidanceRecord, today: date) -> Review:
    """Say when a record is due, and how it stands ``today`` (a British day)."""
    kind = kind_of(record)
    if record.checked_on is None:
        return Review(kind, None, Freshness.UNCHECKED)
    days = timedelta(days=REVIEW_DAYS[kind])
    due = record.checked_on + days
    freshness = (
        Freshness.FRESH if today <= due else Freshness.OVERDUE if today <= record.checked_on + LONG * days else Freshness.LONG_OVERDUE
    )
    return Review(kind, due, freshness)


def is_overdue(record: ServiceRecord | GuidanceRecord, today: date) -> bool:
    """Tell whether a record was assured too long ago."""
    return review_of(record, today).freshness in (Freshness.OVERDUE, Freshness.LONG_OVERDUE)


def gives_way(record: ServiceRecord | GuidanceRecord, topic: str, today: date) -> bool:
    """Tell whether a record is too old to be shown for ``topic``: legal help that is overdue gives way to the official registers.

    The registers themselves lead the topic for the whole nation. What urgent answers are made of is shown however old it is.
    """
    if topic != "legal" or is_urgent(record) or not is_overdue(record, today):
        return False
    return isinstance(record, GuidanceRecord) or not (topic in record.leads and bool(NATIONWIDE & set(record.serves)))
