"""Moments: all that are kept are in UTC."""

from datetime import datetime, timedelta, timezone

SKEW = timedelta(minutes=5)
"""By how much clocks may differ, and what was kept may lie in the future, before somebody is told."""


def utc_now() -> datetime:
    """Give this moment, by the clock of the machine."""
    return datetime.now(timezone.utc)


def seen(moment: datetime) -> datetime:
    """Give a stored moment its time zone: SQLite keeps none, and all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
