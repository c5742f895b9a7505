"""Moments as readers of each language write them, on British time."""

from dataclasses import dataclass, replace
from datetime import datetime

from babel.dates import format_date, format_time

from bot.codes import locale_of
from bot.directory.hours import BRITISH_TIME, day_names


@dataclass(frozen=True)
class Moment:
    """A moment that writes itself in a language when it is put into a sentence: the time, or the day with it."""

    moment: datetime | None
    language: str
    with_day: bool

    @property
    def english(self) -> str:
        return str(replace(self, language="en"))

    def __str__(self) -> str:
        if self.moment is None:
            return ""
        return day_and_time(self.moment, self.language) if self.with_day else clock_time(self.moment, self.language)

    def __format__(self, _spec: str) -> str:
        return str(self)


def day_and_time(moment: datetime, language: str) -> str:
    """Write a moment as readers of ``language`` do, on British time: ``Monday, 30 November 2026, 10:00``."""
    local = moment.astimezone(BRITISH_TIME) if moment.tzinfo else moment
    if language == "ps":
        day = f"{day_names(language, 'wide')[local.weekday()]}، {format_date(local.date(), 'long', locale=locale_of(language))}"
    else:
        day = format_date(local.date(), "full", locale=locale_of(language))
    return f"{day}, {clock_time(local, language)}"


def clock_time(moment: datetime, language: str) -> str:
    """Write the time of a moment on British time, by the clock of 24 hours."""
    local = moment.astimezone(BRITISH_TIME) if moment.tzinfo else moment
    return str(format_time(local.time(), "HH:mm", locale=locale_of(language)))
