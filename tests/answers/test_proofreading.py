"""What a text must be before it is kept: whole, with the placeholders of its English, without a number typed in."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answers.catalogue import TRANSLATED, TRANSLATED_DOMAINS, Catalogues
from bot.answers.proofreading import check_text, holds_number, placeholders, tidy
from bot.errors import WordingRefused

ENGLISH = "Call {phone} or go to {place}. It is free."


def refusal(text: str, english: str = ENGLISH, language: str = "uk", domain: str = "messages", key: str = "human.how") -> str:
    with pytest.raises(WordingRefused) as refused:
        check_text(domain, language, key, text, english)
    return refused.value.key.rpartition(".")[2]


def test_a_text_with_the_placeholders_of_its_english_is_taken_in_any_order() -> None:
    check_text("messages", "uk", "human.how", "{place}: ідіть сюди, або {phone}.", ENGLISH)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        (" \u200f ", "empty"),
        ("{phone}", "lacks"),
        ("{phone} {place} {name}", "more"),
        ("{phone} {place} {", "braces"),
        ("{phone} {place} {{x}}", "braces"),
        ("{phone.__class__} {place}", "braces"),
        ("{phone[0]} {place}", "braces"),
        ("{phone!r} {place}", "braces"),
        ("{phone:>9} {place}", "braces"),
        ("{0} {phone} {place}", "braces"),
        ("{} {phone} {place}", "braces"),
        ("{phone} {place}\u202e", "unseen"),
        ("{phone} {place}\u2066", "unseen"),
        ("{phone} {place}\x00", "unseen"),
        ("{phone}\n{place}", "unseen"),
        ("{phone} {place} 01223 555123", "number"),
        ("{phone} {place} ٠١٢٢٣ ٥٥٥١٢٣", "number"),
        ("{phone} {place} ۹۹۹", "number"),
        ("{phone} {place} 9\u200f99", "number"),
        ("{phone} {place} (01223) 555-123", "number"),
        ("{phone} {place} 116 123", "number"),
        ("{phone} {place} " + "а" * 200, "long"),
    ],
)
def test_what_cannot_be_said_is_refused_with_what_to_do(catalogues: Catalogues, text: str, fault: str) -> None:
    assert refusal(text) == fault
    with pytest.raises(WordingRefused) as refused:
        check_text("messages", "uk", "human.how", text, ENGLISH)
    assert catalogues.say("en", refused.value.key, **refused.value.values)


def test_an_urgent_text_begins_with_its_number() -> None:
    english = "{phone}: {name}, a free call."
    assert refusal("Телефонуйте {phone}: {name}", english, key="urgent.detention") == "number_first"
    check_text("messages", "uk", "urgent.detention", "{phone}: {name}, безкоштовно", english)


@pytest.mark.parametrize("text", ["30.11.2026", "1/2/2026", "2026-11-30", "2025-2026", "400%", "28 days", "section 17", "1999", "£1 000"])
def test_dates_years_and_amounts_are_no_telephone_numbers(text: str) -> None:
    assert not holds_number(text)


@given(
    st.lists(st.sampled_from(string.digits), min_size=10, max_size=11), st.sampled_from(["", " ", "-", "\u200c"]), st.sampled_from("0٠۰０०")
)
def test_a_number_of_ten_digits_or_more_is_found_in_any_script(digits: list[str], between: str, zero: str) -> None:
    typed = between.join(chr(ord(zero) + int(digit)) for digit in ["0", "7", *digits])
    assert holds_number(f"а {typed} б")


def test_what_spelling_needs_stays_and_line_breaks_become_spaces() -> None:
    assert tidy(" می\u200cخواهم\r\n\u200fرا\t ") == "می\u200cخواهم \u200fرا"
    assert tidy("e\u0301") == "é"


def test_every_text_of_the_catalogues_would_be_taken(catalogues: Catalogues) -> None:
    for language in TRANSLATED:
        for domain in TRANSLATED_DOMAINS:
            for key, entry in catalogues.own(language, domain).items():
                check_text(domain, language, key, entry.text, entry.english)
                assert tidy(entry.text) == entry.text, key
    for key, entry in catalogues.english("phrases").items():
        check_text("phrases", "en", key, entry.text, entry.text)


def test_placeholders_are_names_in_braces() -> None:
    assert placeholders("{phone1} and {time}, 100 %") == {"phone1", "time"}
