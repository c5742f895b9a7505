"""Reference codes: read aloud, typed in any digits, a wrong digit noticed."""

import pytest

from bot.handover.reference import new_reference, read_reference, spoken


def test_a_code_is_ten_digits_and_reads_back_however_it_is_typed() -> None:
    code = new_reference()
    assert code.isdecimal()
    assert len(code) == 10
    arabic = "".join("٠١٢٣٤٥٦٧٨٩"[int(digit)] for digit in code)
    persian = "".join("۰۱۲۳۴۵۶۷۸۹"[int(digit)] for digit in code)
    for typed in (code, spoken(code), f" {code[:5]}-{code[5:]}\n", arabic, persian):
        assert read_reference(typed) == code


def test_a_code_is_written_in_groups_as_it_is_read_aloud() -> None:
    assert spoken("4829150375") == "482\u00a0915\u00a00375"


def test_every_wrong_digit_and_every_two_that_changed_places_are_noticed() -> None:
    code = new_reference()
    for at in range(10):
        for digit in "0123456789":
            wrong = code[:at] + digit + code[at + 1 :]
            assert (read_reference(wrong) is None) == (wrong != code)
    for at in range(9):
        swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        assert (read_reference(swapped) is None) == (swapped != code)


@pytest.mark.parametrize("typed", ["", "482", "48291503751", "four eight two", "²³⁴⁵⁶⁷⁸⁹⁰¹"])
def test_what_is_no_code_is_not_taken_for_one(typed: str) -> None:
    assert read_reference(typed) is None


def test_codes_do_not_repeat_nor_follow_each_other() -> None:
    codes = [new_reference() for _ in range(200)]
    assert len(set(codes)) == 200
    assert len({code[:3] for code in codes}) > 100
