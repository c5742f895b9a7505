"""What people ask for and do not find, by topic, district, language and week: the counts, as they may be shown to officers."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.codes import ENGLISH_NAMES, NEEDS
from bot.conversation.disclosure import Figure, tables, totals
from bot.conversation.tally import ASKED, NO_SERVICE, NOT_UNDERSTOOD, OTHER_LANGUAGE, WHATS, WITHHELD, Tally, week_of
from bot.moments import utc_now

PERIODS = (4, 12, 52)
"""Weeks that can be looked at, with the one that is going on."""
TOPIC, PLACE, LANGUAGE, WEEK = "topic", "place", "language", "week"
PARTS = {NO_SERVICE: ASKED, WITHHELD: ASKED}
"""What is part of what: an answer without a service is an answer."""
UNKNOWN = ""
"""The row of what has no topic, or no place that is known."""


@dataclass(frozen=True)
class Report:
    """The counts of one thing over a period.

    ``totals`` has every thing that is counted; ``by`` a table for each of TOPIC, PLACE, LANGUAGE and WEEK, as far as there is one: pairs of
    a key (a code, or a Monday) and the figure, in an order that does not depend on the figures.
    """

    what: str
    weeks: int
    first: date
    totals: dict[str, Figure]
    by: dict[str, tuple[tuple[Any, Figure], ...]]


@dataclass(frozen=True)
class _Sums:
    """What was counted, by key and for each period's own part: the last four weeks, the eight before, the forty before those."""

    total: list[int]
    by: dict[str, dict[Any, list[int]]]

    def parts(self, column: str, keys: Iterable[Any]) -> list[list[int]]:
        """Give the counts of ``keys`` for each period's own part."""
        return [[self.by[column][key][at] for key in keys] for at in range(len(PERIODS))]

    def until(self, column: str, keys: Iterable[Any]) -> list[list[int]]:
        """Give the counts of ``keys`` for each period, until now."""
        return [[sum(self.by[column][key][: at + 1]) for key in keys] for at in range(len(PERIODS))]


class Insights:
    """The counts in the database."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def report(self, what: str, weeks: int, districts: Sequence[str]) -> Report:
        """Give the counts of ``what`` (one of WHATS) over the last ``weeks`` (one of PERIODS); ``districts`` are the keys of the area's."""
        period = PERIODS.index(weeks)
        this_week = week_of(self._clock())
        sums = self._sums(this_week, districts)
        own = sums[what]
        rows = {TOPIC: [*NEEDS, *([] if what in (ASKED, *PARTS) else [UNKNOWN])], PLACE: [*districts, UNKNOWN]}
        rows[LANGUAGE] = [*ENGLISH_NAMES, OTHER_LANGUAGE]
        if what == NOT_UNDERSTOOD:
            del rows[TOPIC]
        by: dict[str, tuple[tuple[Any, Figure], ...]] = {
            column: tuple(zip(keys, _figures(sums, what, column, keys)[period], strict=True)) for column, keys in rows.items()
        }
        by[WEEK] = _weeks(own, this_week, period)
        return Report(
            what=what,
            weeks=weeks,
            first=this_week - timedelta(weeks=weeks - 1),
            totals={one: totals(sums[one].total)[period] for one in WHATS},
            by=by,
        )

    def _sums(self, this_week: date, districts: Sequence[str]) -> dict[str, _Sums]:
        starts = [this_week - timedelta(weeks=weeks - 1) for weeks in PERIODS]
        part = case((Tally.week >= starts[0], 0), (Tally.week >= starts[1], 1), else_=2)
        known: dict[str, tuple[Any, ...]] = {TOPIC: NEEDS, PLACE: tuple(districts), LANGUAGE: tuple(ENGLISH_NAMES)}
        found = {what: _Sums([0, 0, 0], defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))) for what in WHATS}
        since = (Tally.week >= starts[-1], Tally.week <= this_week, Tally.what.in_(WHATS))
        with Session(self._engine, future=True) as session:
            for column in (TOPIC, PLACE, LANGUAGE, WEEK):
                key = getattr(Tally, column)
                counted = select(Tally.what, key, part, func.sum(Tally.count)).where(*since).group_by(Tally.what, key, part)
                for what, value, at, count in session.execute(counted):
                    if column in known and value not in known[column]:
                        value = OTHER_LANGUAGE if column == LANGUAGE else UNKNOWN
                    found[what].by[column][value][at] += count
                    if column == WEEK:
                        found[what].total[at] += count
        return found

    def forget(self, years: int) -> None:
        """Delete the counts of weeks that began more than ``years`` ago."""
        limit = week_of(self._clock() - timedelta(days=365.25 * years))
        with Session(self._engine, future=True) as session:
            session.execute(delete(Tally).where(Tally.week < limit))
            session.commit()


def _figures(sums: dict[str, _Sums], what: str, column: str, keys: Sequence[Any]) -> tuple[tuple[Figure, ...], ...]:
    """Give the figures of a table for every period, knowing what tables tell of the parts of this, and of what it is part of."""
    parts = [sums[part].until(column, keys) for part, whole in PARTS.items() if whole == what]
    least = [[max(each) for each in zip(*lines, strict=True)] for lines in zip(*parts, strict=True)] if parts else None
    most = sums[PARTS[what]].until(column, keys) if what in PARTS else None
    return tables(sums[what].parts(column, keys), least, most)


def _weeks(sums: _Sums, this_week: date, period: int) -> tuple[tuple[date, Figure], ...]:
    """Give the weeks of a period, the oldest first: those of each period's own part as a table, so that every period tells them alike."""
    rows: list[tuple[date, Figure]] = []
    begins = 0
    for at, weeks in enumerate(PERIODS[: period + 1]):
        keys = [this_week - timedelta(weeks=back) for back in range(begins, weeks)]
        rows += zip(keys, tables([[sums.by[WEEK][key][at] for key in keys]])[0], strict=True)
        begins = weeks
    return tuple(sorted(rows, key=lambda row: row[0]))
