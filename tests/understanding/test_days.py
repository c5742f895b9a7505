"""The day of the week that a message asks about, in fourteen languages."""

import pytest

from bot.understanding.days import find_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        *(("open on saturday?", "SA"), ("в суботу відкрито?", "SA"), ("по субботам", "SA"), ("الجمعة مفتوح؟", "FR")),
        *(("شنبه باز است", "SA"), ("پنجشنبه چی", "TH"), ("星期六開唔開", "SA"), ("禮拜日", "SU"), ("sambata e deschis", "SA")),
        *(("šeštadienį", "SA"), ("czynne w niedzielę", "SU"), ("sabti ma furan yahay", "SA"), ("ቀዳም ክፉት ድዩ", "SA"), ("شەممە", "SA")),
        *(("are you open mondays", "MO"), ("Wednesday or Thursday", "WE")),
    ],
)
def test_a_day_is_found_in_any_case(text: str, day: str) -> None:
    assert find_day(text) == day


@pytest.mark.parametrize("text", ["what time do they open", "today", "my son is sad", "", "now"])
def test_where_no_day_is_named_none_is_found(text: str) -> None:
    assert find_day(text) is None
