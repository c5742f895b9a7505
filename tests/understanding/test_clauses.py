"""The parts of a message that may each tell a need."""

import pytest

from bot.understanding.clauses import MOST, split, without_denied


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("i need a doctor and i want to learn english", ["i need a doctor", "i want to learn english"]),
        ("шукаю роботу, а ще де садочок для сина", ["шукаю роботу", "де садочок для сина"]),
        ("我想搵屋，同埋學英文", ["我想搵屋", "學英文"]),
        ("where is the library", []),
        ("school and doctor", ["school", "doctor"]),
        ("oh and hi", []),
        ("پول کارتم نیومده، وکیل هم میخوام", ["پول کارتم نیومده", "وکیل", "میخوام"]),
        ("بدي شغل وكمان مكان اتعلم", ["بدي شغل", "مكان اتعلم"]),
        ("我係bno簽證 想搵工", ["我係bno簽證", "想搵工"]),
        ("ሓኪምን ነጻ ዋይፋይን እደሊ", ["ሓኪምን", "ነጻ ዋይፋይን"]),
    ],
)
def test_a_message_is_split_where_it_says_two_things(text: str, parts: list[str]) -> None:
    assert [part.removeprefix("а").strip() for part in split(text)] == parts


def test_a_message_of_very_many_parts_costs_no_more_than_a_few() -> None:
    assert len(split("one two. " * 100)) == MOST


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("no sorry i need a doctor not a school", "no sorry i need a doctor"),
        ("no, English class in Ely not for Wisbech", "no, English class in Ely"),
        ("ні, мені потрібен лікар, а не школа", "ні, мені потрібен лікар"),
        ("nu, imi trebuie doctor nu scoala", "nu, imi trebuie doctor"),
        ("ні, мені не школу, мені лікаря треба", "мені лікаря треба"),
        ("no, not a school, i need a doctor", "i need a doctor"),
    ],
)
def test_what_a_correction_says_is_not_meant_is_left_out(text: str, meant: str) -> None:
    assert without_denied(text) == meant


@pytest.mark.parametrize("text", ["i do not understand", "я це не розумію", "no not this", "why not a school", "nu inteleg"])
def test_other_denials_stay(text: str) -> None:
    assert without_denied(text) == text
