"""When a service is open, by the clock on a British wall."""

from datetime import date, datetime, timedelta, timezone

import pytest

from bot.codes import REPLY_LANGUAGES
from bot.directory.hours import HoursWords, Opening, bank_holidays, describe, is_all_hours, is_office_hours, notes_of, opening_at
from bot.directory.records import ScheduleRecord
from tests.builders import a_schedule, all_hours, british

MONDAY = (2026, 11, 23)
CHRISTMAS_DAY = (2026, 12, 25)
"""A Friday."""
DAY = date(2026, 10, 5)
"""A day of the autumn, when what is described is read."""


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("hour", "minute", "opening"),
    [
        (8, 59, Opening.CLOSED),
        (9, 0, Opening.OPEN),
        (16, 59, Opening.OPEN),
        (17, 0, Opening.CLOSED),
        (23, 0, Opening.CLOSED),
    ],
)
def test_a_service_is_open_from_the_minute_it_opens_until_the_minute_it_closes(hour: int, minute: int, opening: Opening) -> None:
    assert opening_at((a_schedule("MO"),), british(*MONDAY, hour, minute)) is opening


def test_a_day_that_is_not_listed_is_closed() -> None:
    assert opening_at((a_schedule("MO;WE"),), british(2026, 11, 24, 11)) is Opening.CLOSED


def test_a_day_listed_without_times_is_unknown() -> None:
    schedules = (a_schedule("MO", opens="", closes=""),)
    assert opening_at(schedules, british(*MONDAY, 11)) is Opening.UNKNOWN
    assert opening_at(schedules, british(2026, 11, 24, 11)) is Opening.CLOSED


@pytest.mark.parametrize(("opens", "closes"), [("09:00", ""), ("", "17:00")])
def test_a_day_of_which_only_half_the_times_are_given_is_unknown(opens: str, closes: str) -> None:
    assert opening_at((a_schedule("MO", opens, closes),), british(*MONDAY, 11)) is Opening.UNKNOWN


@pytest.mark.parametrize(
    "schedules", [(), (a_schedule("", "", "", "Outside office hours"),)], ids=["no rows", "a remark that names no day"]
)
def test_without_days_nothing_is_known(schedules: tuple[()]) -> None:
    assert opening_at(schedules, british(*MONDAY, 11)) is Opening.UNKNOWN


def test_between_two_openings_of_a_day_a_service_is_closed() -> None:
    schedules = (a_schedule("MO", "09:00", "12:00"), a_schedule("MO", "14:00", "17:00"))
    opened = [opening_at(schedules, british(*MONDAY, hour)) for hour in (10, 13, 15)]
    assert opened == [Opening.OPEN, Opening.CLOSED, Opening.OPEN]


@pytest.mark.parametrize("day", [MONDAY, (2026, 11, 29), CHRISTMAS_DAY, (2026, 12, 31), (2028, 2, 29)])
@pytest.mark.parametrize(("hour", "minute"), [(0, 0), (3, 30), (12, 0), (23, 59)])
def test_day_and_night_is_open_at_every_minute_of_every_day(day: tuple[int, int, int], hour: int, minute: int) -> None:
    assert opening_at((all_hours(),), british(*day, hour, minute)) is Opening.OPEN


def test_all_days_without_the_whole_day_is_not_day_and_night() -> None:
    assert is_all_hours(all_hours())
    assert not is_all_hours(a_schedule("MO;TU;WE;TH;FR;SA;SU"))
    assert not is_all_hours(a_schedule("MO", "00:00", "23:59"))


@pytest.mark.parametrize(
    ("day", "name"),
    [((2026, 12, 25), "Christmas Day"), ((2026, 12, 28), "Boxing Day, moved"), ((2026, 4, 6), "Easter Monday"), ((2026, 8, 31), "Summer")],
)
def test_on_a_bank_holiday_what_opens_on_that_day_of_the_week_is_closed(day: tuple[int, int, int], name: str) -> None:
    assert date(*day) in bank_holidays(), name
    assert opening_at((a_schedule(),), british(*day, 11)) is Opening.CLOSED
    assert opening_at((a_schedule(),), british(*day, 11) - timedelta(days=7)) is Opening.OPEN


def test_a_scottish_bank_holiday_closes_nothing_in_england() -> None:
    assert opening_at((a_schedule(),), british(2026, 11, 30, 11)) is Opening.OPEN


@pytest.mark.parametrize(
    ("special", "opening"),
    [
        (a_schedule("", "10:00", "12:00", on=date(*MONDAY)), Opening.OPEN),
        (a_schedule("", "14:00", "16:00", on=date(*MONDAY)), Opening.CLOSED),
        (a_schedule("", "", "", "stocktaking", on=date(*MONDAY)), Opening.CLOSED),
    ],
    ids=["short day", "other hours", "shut"],
)
def test_hours_for_one_date_outweigh_those_of_the_week(special: ScheduleRecord, opening: Opening) -> None:
    schedules = (a_schedule("MO", "09:00", "17:00"), special)
    assert opening_at(schedules, british(*MONDAY, 11)) is opening
    assert opening_at(schedules, british(2026, 11, 30, 11)) is Opening.OPEN


def test_hours_for_a_bank_holiday_outweigh_the_holiday() -> None:
    schedules = (a_schedule(), a_schedule("", "10:00", "14:00", on=date(*CHRISTMAS_DAY)))
    assert opening_at(schedules, british(*CHRISTMAS_DAY, 11)) is Opening.OPEN
    assert opening_at(schedules, british(*CHRISTMAS_DAY, 15)) is Opening.CLOSED


def test_hours_of_the_term_do_not_count_outside_it() -> None:
    term = a_schedule("MO", valid_from=date(2026, 9, 1), valid_to=date(2026, 12, 18))
    summer = a_schedule("MO", "10:00", "12:00", valid_from=date(2027, 1, 1))
    assert opening_at((term, summer), british(*MONDAY, 15)) is Opening.OPEN
    assert opening_at((term, summer), british(2027, 1, 11, 15)) is Opening.CLOSED
    assert opening_at((term, summer), british(2027, 1, 11, 11)) is Opening.OPEN


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (utc(2026, 7, 6, 8, 30), Opening.OPEN),
        (utc(2026, 7, 6, 16, 30), Opening.CLOSED),
        (utc(2026, 11, 23, 8, 30), Opening.CLOSED),
        (utc(2026, 11, 23, 16, 30), Opening.OPEN),
    ],
    ids=["summer morning", "summer evening", "winter morning", "winter evening"],
)
def test_hours_are_by_summer_time_in_summer_whatever_the_clock_of_the_machine(moment: datetime, opening: Opening) -> None:
    schedules = (a_schedule("MO", "09:00", "17:00"),)
    assert opening_at(schedules, moment) is opening
    assert opening_at(schedules, moment.astimezone(timezone(timedelta(hours=9)))) is opening


def test_late_on_sunday_by_utc_in_summer_it_is_already_monday_in_london() -> None:
    assert opening_at((a_schedule("MO", "00:00", "01:00"),), utc(2026, 7, 5, 23, 30)) is Opening.OPEN
    assert opening_at((a_schedule("SU", "23:00", "23:59"),), utc(2026, 7, 5, 23, 30)) is Opening.CLOSED


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (british(*MONDAY, 19), Opening.CLOSED),
        (british(*MONDAY, 23), Opening.OPEN),
        (british(2026, 11, 24, 2), Opening.OPEN),
        (british(2026, 11, 24, 12), Opening.CLOSED),
        (british(*MONDAY, 2), Opening.CLOSED),
    ],
    ids=["before", "at night", "after midnight", "next noon", "the night before"],
)
def test_a_night_that_goes_past_midnight_is_open_on_both_sides_of_it(moment: datetime, opening: Opening) -> None:
    assert opening_at((a_schedule("MO", "20:00", "08:00"),), moment) is opening


@pytest.mark.parametrize(
    ("day", "on"),
    [
        ("1TU", date(2026, 11, 3)),
        ("2TU", date(2026, 11, 10)),
        ("5MO", date(2026, 11, 30)),
        ("-1FR", date(2026, 11, 27)),
        ("-2FR", date(2026, 11, 20)),
        ("-1SA", date(2026, 2, 28)),
    ],
)
def test_a_day_of_the_month_comes_once_a_month(day: str, on: date) -> None:
    schedules = (a_schedule(day),)
    first = on.replace(day=1)
    month = [first + timedelta(days=n) for n in range(31) if (first + timedelta(days=n)).month == on.month]
    assert [d for d in month if opening_at(schedules, british(d.year, d.month, d.day, 11)) is Opening.OPEN] == [on]


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        (british(*MONDAY, 8, 59), False),
        (british(*MONDAY, 9), True),
        (british(*MONDAY, 16, 59), True),
        (british(*MONDAY, 17), False),
        (british(2026, 11, 21, 11), False),
        (british(2026, 11, 22, 11), False),
        (british(*CHRISTMAS_DAY, 11), False),
        (utc(2026, 7, 6, 8, 30), True),
    ],
)
def test_a_council_office_is_open_on_weekdays_that_are_no_holidays(moment: datetime, open_: bool) -> None:
    assert is_office_hours(moment, "09:00", "17:00") is open_


def test_opening_times_are_written_in_the_order_of_the_week() -> None:
    schedules = (a_schedule("SA", "10:00", "12:00"), a_schedule("TU;FR", "14:00", "17:00"), a_schedule("MO", "09:00", "17:00"))
    assert (
        describe(schedules, "en", HoursWords("day and night", "closed", ""), DAY)
        == "Mon 09:00–17:00; Tue, Fri 14:00–17:00; Sat 10:00–12:00"
    )


def test_day_and_night_is_said_in_words_and_not_as_a_list_of_days() -> None:
    assert describe((all_hours(),), "en", HoursWords("day and night", "closed", ""), DAY) == "day and night"


def test_a_remark_is_said_once_and_what_is_unsure_says_so() -> None:
    schedules = (a_schedule("MO", notes="2020 list"), a_schedule("TU", notes="2020 list"))
    assert (
        describe(schedules, "en", HoursWords("", "closed", "please check first"), DAY)
        == "Mon 09:00–17:00; Tue 09:00–17:00 – please check first"
    )
    assert notes_of(schedules, DAY) == "2020 list"
    assert notes_of((all_hours(), *schedules), DAY) == ""


def test_days_without_times_and_remarks_without_days_are_said_as_they_are() -> None:
    assert describe((a_schedule("MO;TH", "", ""),), "en", HoursWords("", "closed", ""), DAY) == "Mon, Thu"
    remark = (a_schedule("", "", "", "online any time"),)
    assert describe(remark, "en", HoursWords("", "closed", ""), DAY) == ""
    assert describe(remark, "en", HoursWords("", "closed", "please check first"), DAY) == "please check first"
    assert notes_of(remark, DAY) == "online any time"


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert describe((), "en", HoursWords("day and night", "closed", "please check first"), DAY) == ""


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_the_days_are_named_in_every_language_and_the_times_stay_in_the_digits_of_the_door(language: str) -> None:
    text = describe((a_schedule("MO"),), language, HoursWords("", "closed", ""), DAY)
    assert "09:00–17:00" in text
    assert ("Mon" in text) == (language == "en")


def test_the_exceptions_of_the_next_two_weeks_are_told_after_the_week_and_no_others() -> None:
    closed = a_schedule("", "", "", on=date(2026, 12, 25))
    short = a_schedule("", "10:00", "12:00", on=date(2026, 12, 24))
    later = a_schedule("", "10:00", "12:00", on=date(2027, 1, 20))
    past = a_schedule("", "10:00", "12:00", on=date(2026, 12, 10))
    words = HoursWords("day and night", "closed", "")
    schedules = (a_schedule("MO"), closed, short, later, past)
    assert describe(schedules, "en", words, date(2026, 12, 20)) == "Mon 09:00–17:00; 24 Dec: 10:00–12:00; 25 Dec: closed"
    assert describe((all_hours(), closed), "en", words, date(2026, 12, 20)) == "day and night; 25 Dec: closed"


def test_hours_of_another_part_of_the_year_are_not_told() -> None:
    summer = a_schedule("SA", valid_from=date(2026, 6, 1), valid_to=date(2026, 8, 31))
    assert describe((a_schedule("MO"), summer), "en", HoursWords("", "closed", ""), DAY) == "Mon 09:00–17:00"
