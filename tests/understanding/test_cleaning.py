"""What is taken off a message before anything looks at it."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.cleaning import INVISIBLE, clean, has_words


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  where \t is\n\n the library  ", "where is the library"),
        ("where\x00is\x07it", "where is it"),
        ("one\u2028two\u2029three", "one two three"),
        ("\u202eevil\u202c text", "evil text"),
        ("\u200fسلام\u200e", "سلام"),
        ("\u2067مرحبا\u2069", "مرحبا"),
        ("\ufeffhello", "hello"),
        ("079\u200b11", "07911"),
        ("half \ud83d emoji", "half emoji"),
        ("Cafe\u0301", "Café"),
        ("і\u0308жа", "їжа"),
        ("劍　橋", "劍 橋"),
        ("", ""),
        ("\u200c \u200c", ""),
    ],
)
def test_what_nobody_typed_on_purpose_goes(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_the_zero_width_non_joiner_inside_a_persian_word_stays() -> None:
    assert clean("می\u200cخواهم") == "می\u200cخواهم"


def test_a_message_without_anything_to_clean_is_unchanged() -> None:
    assert clean("Де знайти лікаря? 我想學英文 👍") == "Де знайти лікаря? 我想學英文 👍"


@settings(max_examples=300)
@given(st.text(st.characters(), max_size=60))
def test_cleaned_text_is_composed_free_of_invisible_marks_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(ord(c) in INVISIBLE or unicodedata.category(c) in ("Cc", "Cs") for c in cleaned)
    cleaned.encode("utf-8")


@pytest.mark.parametrize("text", ["help", "допоможіть", "مرحبا", "你", "7", "٣", "👍", "... so?"])
def test_letters_numbers_and_emoji_are_a_message(text: str) -> None:
    assert has_words(text)


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "—", "؟", "。。", "()"])
def test_punctuation_alone_is_no_message(text: str) -> None:
    assert not has_words(text)
