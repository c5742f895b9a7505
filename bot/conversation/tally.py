"""How often what was asked, by week: counts without a word, a time or a name, which outlive the conversations.

A count is added in the transaction that keeps what it counts, so it is there once or not at all; nothing leads from it to a conversation.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, Date, Integer, String, update
from sqlalchemy.orm import Session

from bot.answers.dialogue import SAME_QUESTION, TOLD_WHERE, Decision
from bot.codes import ENGLISH_NAMES, NEEDS
from bot.database import Base, insert_into
from bot.directory.hours import BRITISH_TIME

ASKED, NOT_UNDERSTOOD, NO_SERVICE, WITHHELD = "asked", "not_understood", "no_service", "withheld"
HANDED_OVER, WAITED, LEFT = "handed_over", "waited", "left"
WHATS = (ASKED, NOT_UNDERSTOOD, NO_SERVICE, WITHHELD, HANDED_OVER, WAITED, LEFT)
"""What is counted: a need was answered; a message was not understood; nothing was found for a need; services were left out of its answer;
a person was asked for; a chat began to wait for one; a message was left for staff."""
OTHER_LANGUAGE = "other"
"""Every language that has no name of its own in ENGLISH_NAMES: one that few people speak here would point at them."""


class Tally(Base):  # type: ignore[misc,valid-type]
    """A count of one week (``week`` is its Monday).

    ``what`` is what happened (such as ``asked`` or ``no_service``), ``topic`` a code of ``bot.codes.TOPICS``, ``place`` the key of a
    district, ``language`` BCP 47 or OTHER_LANGUAGE; each empty where it is not known.
    """

    __tablename__ = "tally"
    week = Column(Date, primary_key=True)
    what = Column(String(24), primary_key=True)
    topic = Column(String(40), primary_key=True)
    place = Column(String(80), primary_key=True)
    language = Column(String(16), primary_key=True)
    count = Column(Integer, nullable=False)


@dataclass(frozen=True, order=True)
class Count:
    """What is counted, apart from its week: the columns of a Tally."""

    what: str
    topic: str
    place: str
    language: str


Counts = Mapping[Count, int]
"""How much is added to each count; less than nothing where an earlier question turns out to be the same."""
NOTHING_COUNTED: Counts = MappingProxyType({})


def week_of(moment: datetime) -> date:
    """Give the Monday of a moment's week, on British time."""
    day = moment.astimezone(BRITISH_TIME).date()
    return day - timedelta(days=day.weekday())


def language_counted(code: str | None) -> str:
    """Give what a language is counted as."""
    if not code:
        return ""
    return code if code in ENGLISH_NAMES else OTHER_LANGUAGE


def counts_of(answer: Mapping[str, Any], decision: Decision, district: str) -> Counts:
    """Give what an answer of the assistant's adds, from the answer as the API has it, the decision on it and the key of its district.

    Each need of a message is a question. Who asks, and is then asked where, has put one question: the one without a place is taken back.
    Going on about the same need (more services, their hours, a circumstance told) is none. Whether nothing was found is told once the
    place was asked for.
    """
    understood, language = answer["understood"], language_counted(answer["language"])
    needs = [topic for topic in (understood["topic"], *understood["also"]) if topic in NEEDS]
    if decision.kind == NOT_UNDERSTOOD and not needs:
        return {Count(NOT_UNDERSTOOD, "", district, language): 1}
    if decision.kind == "repeat" or decision.question == SAME_QUESTION:
        return {}
    found: Counter[Count] = Counter()
    shown = [reply for reply in answer["replies"] if reply["kind"] == "services"]
    for topic, reply in zip(needs, shown, strict=False):
        found[Count(ASKED, topic, district, language)] += 1
        if decision.ask:
            continue
        if not reply["services"]:
            found[Count(NO_SERVICE, topic, district, language)] += 1
        if reply["left_out"]:
            found[Count(WITHHELD, topic, district, language)] += 1
    if found and decision.question == TOLD_WHERE:
        found[Count(ASKED, needs[0], "", language)] -= 1
    return {count: number for count, number in found.items() if number}


def add(session: Session, moment: datetime, counts: Counts) -> None:
    """Add to the counts of a moment's week, within the caller's transaction; none goes below nothing.

    The caller has locked the conversation first, and every transaction takes the counts in the same order, so that none waits for another
    that waits for it.
    """
    week = week_of(moment)
    for one, number in sorted(counts.items()):
        key = {"what": one.what, "topic": one.topic, "place": one.place, "language": one.language}
        if number > 0:
            row = insert_into(session, Tally).values(week=week, count=number, **key)
            session.execute(row.on_conflict_do_update(index_elements=["week", *key], set_={"count": Tally.count + number}))
        else:
            same = (Tally.week == week, Tally.count >= -number, *(getattr(Tally, name) == value for name, value in key.items()))
            session.execute(update(Tally).where(*same).values(count=Tally.count + number).execution_options(synchronize_session=False))
