"""Moments: all that are kept are in UTC."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import TypeVar

Item = TypeVar("Item")
SKEW = timedelta(minutes=5)
"""By how much clocks may differ, and what was kept may lie in the future, before somebody is told."""


def utc_now() -> datetime:
    """Give this moment, by the clock of the machine."""
    return datetime.now(timezone.utc)


def seen(moment: datetime) -> datetime:
    """Give a stored moment its time zone: SQLite keeps none, and all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def in_order(*lines: Iterable[Item], at: Callable[[Item], datetime]) -> list[Item]:
    """Merge lines that are each in their own order into one, by the moment of each item.

    What came later in its line stays later, also where a clock was set back in between.
    """
    merged = []
    for line in lines:
        newest: datetime | None = None
        for item in line:
            newest = max(newest, at(item)) if newest else at(item)
            merged.append((newest, item))
    return [item for _, item in sorted(merged, key=lambda dated: dated[0])]
