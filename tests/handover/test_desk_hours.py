"""The desk's hours: to the minute, on British time, closed on bank holidays, closed by default."""

from datetime import datetime, timezone

import pytest

from bot.errors import SettingsError
from bot.handover.hours import DeskHours
from tests.builders import british

WEEK = "Mo-Fr 10:00-16:00; Sa 10:00-13:00"


def test_without_hours_the_desk_is_never_open_and_nobody_says_when() -> None:
    hours = DeskHours("")
    assert not hours.is_open(british(2026, 11, 30))
    assert hours.opens_at(british(2026, 11, 30)) is None
    assert hours.closes_at(british(2026, 11, 30)) is None


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (british(2026, 11, 30, 9, 59), False),
        (british(2026, 11, 30, 10, 0), True),
        (british(2026, 11, 30, 15, 59), True),
        (british(2026, 11, 30, 16, 0), False),
        (british(2026, 12, 5, 12, 59), True),  # a Saturday
        (british(2026, 12, 6, 12, 0), False),  # a Sunday
    ],
)
def test_the_desk_opens_and_closes_to_the_minute(moment: datetime, is_open: bool) -> None:
    assert DeskHours(WEEK).is_open(moment) is is_open


def test_hours_are_those_of_british_clocks_in_summer_too() -> None:
    assert DeskHours(WEEK).is_open(datetime(2026, 7, 1, 9, 0, tzinfo=timezone.utc))
    assert not DeskHours(WEEK).is_open(datetime(2026, 7, 1, 15, 0, tzinfo=timezone.utc))


@pytest.mark.parametrize("day", [(2026, 12, 25), (2026, 12, 28), (2027, 3, 26), (2026, 12, 26), (2027, 1, 1)])
def test_the_desk_is_closed_on_bank_holidays_and_on_the_days_they_stand_for(day: tuple[int, int, int]) -> None:
    assert not DeskHours("Mo-Su 10:00-16:00").is_open(british(*day))


def test_it_opens_next_after_the_holidays() -> None:
    assert DeskHours(WEEK).opens_at(british(2026, 12, 24, 16, 0)) == british(2026, 12, 29, 10, 0)


def test_a_date_that_the_operator_names_is_as_they_say() -> None:
    hours = DeskHours(f"{WEEK}; 2026 Dec 25 11:00-12:00; 2026 Dec 01 off")
    assert hours.is_open(british(2026, 12, 25, 11, 30))
    assert not hours.is_open(british(2026, 12, 25, 12, 30))
    assert not hours.is_open(british(2026, 12, 1, 12, 0))


def test_it_says_when_it_closes_and_when_it_opens() -> None:
    hours = DeskHours(WEEK)
    assert hours.closes_at(british(2026, 11, 30, 15, 59)) == british(2026, 11, 30, 16, 0)
    assert hours.opens_at(british(2026, 11, 30, 16, 0)) == british(2026, 12, 1, 10, 0)
    assert hours.opens_at(british(2026, 11, 30, 12, 0)) is None


def test_what_cannot_be_read_says_how_it_is_written() -> None:
    with pytest.raises(SettingsError, match="Mo-Fr 10:00-16:00"):
        DeskHours("Monday 10 to 4")
