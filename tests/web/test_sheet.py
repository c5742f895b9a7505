"""Lines of a picture: broken where the reader's script can be broken, and never wider than the picture."""

import pytest

from bot.directory.records import Directory
from bot.web.rendering import SHORT_ID, short_id
from bot.web.sheet import find_by_short_ids, wrap


def test_the_short_names_of_services_are_all_different(directory: Directory) -> None:
    assert len({short_id(service.id) for service in directory.services}) == len(directory.services)


def test_services_are_found_in_the_order_chosen_each_once_and_unknown_names_are_left_out(directory: Directory) -> None:
    first, second = directory.services[3], directory.services[1]
    names = (short_id(first.id), "00000000", short_id(second.id), short_id(first.id), "", "../../etc", first.id)
    assert find_by_short_ids(directory, names) == [first, second]
    assert len(short_id(first.id)) == SHORT_ID


@pytest.mark.parametrize(
    ("text", "size", "width", "lines"),
    [
        ("Ely Foodbank", 20, 656, ["Ely Foodbank"]),
        ("Ely Foodbank", 20, 120, ["Ely", "Foodbank"]),
        ("圖書館今天開放時間", 40, 200, ["圖書館今天", "開放時間"]),
        ("ቤተመጻሕፍቲ ኤሊ", 20, 150, ["ቤተመጻሕፍቲ", "ኤሊ"]),
        ("", 20, 656, [""]),
    ],
)
def test_a_line_is_broken_where_it_must_be(text: str, size: int, width: int, lines: list[str]) -> None:
    assert wrap(text, size, width) == lines


def test_a_word_longer_than_a_line_is_broken_rather_than_cut_off() -> None:
    assert "".join(wrap("a" * 200, 26, 656)) == "a" * 200
    assert len(wrap("a" * 200, 26, 656)) > 1
