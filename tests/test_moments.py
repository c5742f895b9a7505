"""In which order moments are told."""

from datetime import datetime, timedelta, timezone

from bot.moments import in_order

NOON = datetime(2026, 11, 27, 12, tzinfo=timezone.utc)


def at(item: tuple[str, float]) -> datetime:
    return NOON + timedelta(minutes=item[1])


def test_lines_are_merged_by_time_and_the_first_goes_first() -> None:
    assert in_order([("a", 0), ("c", 2)], [("b", 1), ("d", 2)], at=at) == [("a", 0), ("b", 1), ("c", 2), ("d", 2)]


def test_what_came_after_a_clock_was_set_back_stays_last() -> None:
    assert [name for name, _ in in_order([("a", 0), ("b", 3), ("c", -7)], [("d", 1)], at=at)] == ["a", "d", "b", "c"]
