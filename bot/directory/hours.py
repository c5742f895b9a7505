"""When a service is open: plain functions over schedules and a moment in British time."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_day_names
from govuk_bank_holidays.bank_holidays import BankHolidays

from bot.codes import locale_of
from bot.directory.records import ScheduleRecord
from bot.directory.sheets import DAYS

BRITISH_TIME = ZoneInfo("Europe/London")


class Opening(Enum):
    """What is known of a service at a moment; UNKNOWN where no times are given."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@lru_cache(maxsize=1)
def bank_holidays() -> frozenset[date]:
    """Give the bank holidays of England and Wales from the copy inside govuk-bank-holidays; nothing is fetched."""
    holidays = BankHolidays(use_cached_holidays=True)
    return frozenset(h["date"] for h in holidays.get_holidays(division=BankHolidays.ENGLAND_AND_WALES))


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _falls_on(code: str, day: date) -> bool:
    """Tell whether RFC 5545 day ``code`` (``MO``, ``2TU``, ``-1FR``) falls on ``day``."""
    match = re.fullmatch(r"(-?\d)?([A-Z]{2})", code)
    if match is None or DAYS.index(match[2]) != day.weekday():
        return False
    if not match[1]:
        return True
    nth = int(match[1])
    if nth > 0:
        return (day.day - 1) // 7 + 1 == nth
    return (monthrange(day.year, day.month)[1] - day.day) // 7 + 1 == -nth


def _minutes(text: str) -> int:
    """Give a clock time in minutes; 23:59 stands for the end of the day."""
    return 24 * 60 if text == "23:59" else _clock(text).hour * 60 + _clock(text).minute


def opening_at(schedules: tuple[ScheduleRecord, ...], moment: datetime) -> Opening:
    """Say whether a service with ``schedules`` is open at ``moment`` (any time zone).

    A schedule for a date outweighs the weekly ones. A day listed without times is UNKNOWN; a day not listed is CLOSED.
    Bank holidays count as closed for services that do not open all day every day.
    """
    local = moment.astimezone(BRITISH_TIME)
    minute = local.hour * 60 + local.minute
    today = _of_day(schedules, local.date())
    if today is None:
        return Opening.UNKNOWN
    for schedule in today:
        if not (schedule.opens and schedule.closes) and (schedule.days or schedule.opens or schedule.closes):
            return Opening.UNKNOWN
        if schedule.opens and schedule.closes:
            opens, closes = _minutes(schedule.opens), _minutes(schedule.closes)
            if opens <= minute < (closes if closes > opens else 24 * 60):
                return Opening.OPEN
    for schedule in _of_day(schedules, local.date() - timedelta(days=1)) or []:
        # Open past midnight: the last hours belong to the day before.
        if (
            schedule.opens
            and schedule.closes
            and _minutes(schedule.closes) <= _minutes(schedule.opens)
            and minute < _minutes(schedule.closes)
        ):
            return Opening.OPEN
    return Opening.CLOSED


def _of_day(schedules: tuple[ScheduleRecord, ...], day: date) -> list[ScheduleRecord] | None:
    """Give the openings of a day, none where it is closed; None where no days are known at all."""
    dated = [s for s in schedules if s.on == day]
    if dated:
        return dated
    weekly = [s for s in schedules if s.days and not s.on and s.in_force(day)]
    if not weekly:
        return None
    if day in bank_holidays() and not all(is_all_hours(s) for s in weekly):
        return []
    return [s for s in weekly if any(_falls_on(code, day) for code in s.days)]


def opens_on(schedules: tuple[ScheduleRecord, ...], code: str, today: date) -> Opening:
    """Say whether a service opens at all on the next day ``code`` (``MO`` to ``SU``) from ``today`` on."""
    day = today + timedelta(days=(DAYS.index(code) - today.weekday()) % 7)
    openings = _of_day(schedules, day)
    if openings is None:
        return Opening.UNKNOWN
    return Opening.OPEN if openings else Opening.CLOSED


def is_all_hours(schedule: ScheduleRecord) -> bool:
    """Tell whether a schedule means day and night, every day."""
    return set(schedule.days) == set(DAYS) and schedule.opens == "00:00" and schedule.closes == "23:59"


def is_office_hours(moment: datetime, opens: str, closes: str) -> bool:
    """Tell whether a council office is likely to be open: Monday to Friday from ``opens`` to ``closes``, no bank holiday."""
    local = moment.astimezone(BRITISH_TIME)
    if local.weekday() >= 5 or local.date() in bank_holidays():
        return False
    return _clock(opens) <= local.time() < _clock(closes)


EXCEPTIONS_WITHIN = timedelta(days=14)
"""How long before it an exception to the usual hours is told."""


@dataclass(frozen=True)
class HoursWords:
    """The catalogue's words for hours: day and night, closed, and (may be empty) that they should be asked for first."""

    all_hours: str
    closed: str
    please_check: str


def day_names(language: str, width: str) -> dict[int, str]:
    """Give the names of days as readers of ``language`` say them, Monday as 0; ``width`` is wide or abbreviated.

    CLDR's Pashto names are the Academy's; most Afghans say the Persian ones in both languages.
    """
    return dict(get_day_names(width, locale=locale_of("prs" if language == "ps" else language)))


def notes_of(schedules: tuple[ScheduleRecord, ...], today: date) -> str:
    """Give what the record says of its times in words, as it is, in English."""
    notes = dict.fromkeys(s.notes for s in schedules if not s.on and s.in_force(today) and s.notes and s.notes != "24/7")
    return "" if any(is_all_hours(s) for s in schedules if not s.on and s.in_force(today)) else "; ".join(notes)


def describe(schedules: tuple[ScheduleRecord, ...], language: str, words: HoursWords, today: date) -> str:
    """Write the opening times in ``language`` (BCP 47), in the order of the week, with the exceptions of the next two weeks.

    Empty where nothing is known. What applies to another part of the year is left out, and so are notes (``notes_of``).
    """
    locale = Locale.parse(locale_of(language))
    names = day_names(language, "abbreviated")
    parts: list[tuple[int, str]] = []
    weekly = [s for s in schedules if not s.on and s.in_force(today)]
    exceptions = _exceptions(schedules, locale, words.closed, today)
    for schedule in weekly:
        if is_all_hours(schedule):
            return "; ".join((words.all_hours, *exceptions))
        order = 7
        text = ""
        if schedule.days:
            indexes = [DAYS.index(code[-2:]) for code in schedule.days]
            order = min(indexes)
            numbers = [code[:-2] for code in schedule.days]
            text = ", ".join(f"{number}{names[index]}" for number, index in zip(numbers, indexes, strict=True))
            if schedule.opens and schedule.closes:
                times = [format_time(_clock(t), "HH:mm", locale=locale) for t in (schedule.opens, schedule.closes)]
                text += f" {times[0]}–{times[1]}"
            parts.append((order, text))
    text = "; ".join([*(text for _, text in sorted(parts, key=lambda part: part[0])), *exceptions])
    if words.please_check and (text or notes_of(schedules, today)):
        text = " – ".join(filter(None, (text, words.please_check)))
    return text


def _exceptions(schedules: tuple[ScheduleRecord, ...], locale: Locale, closed: str, today: date) -> list[str]:
    """Write what is different on days of the next two weeks, each day once."""
    days: dict[date, list[str]] = {}
    for one in sorted((s for s in schedules if s.on and today <= s.on <= today + EXCEPTIONS_WITHIN), key=lambda s: (s.on, s.opens)):
        assert one.on
        times = [format_time(_clock(t), "HH:mm", locale=locale) for t in (one.opens, one.closes) if t]
        days.setdefault(one.on, []).append("–".join(times) if len(times) == 2 else closed)
    return [f"{format_date(day, 'd MMM', locale=locale)}: {', '.join(said)}" for day, said in days.items()]
