"""All that is worked out of a message before Rasa sees it."""

import time

import numpy as np
import pytest

from bot.understanding.embedding import Embedder
from bot.understanding.reading import Reader
from bot.understanding.redaction import MARK


def test_a_message_is_read_in_one_go(reader: Reader) -> None:
    reading = reader.read("  де в\u200b Вісбічі знайти лікаря?  мій номер +380 67 123 45 67 ")
    assert reading.text == f"де в Вісбічі знайти лікаря? мій номер {MARK}"
    assert reading.redacted
    assert reading.language == "uk"
    assert reading.place.inside is not None
    assert reading.place.inside.name == "Wisbech"
    assert reading.urgent is None
    assert reading.names_language is None


def test_a_message_without_personal_data_is_kept_as_it_is(reader: Reader) -> None:
    reading = reader.read("is there a playgroup in Ely on Tuesdays")
    assert reading.text == "is there a playgroup in Ely on Tuesdays"
    assert not reading.redacted


@pytest.mark.parametrize("text", ["I stay at CB5 8QP", "cb58qp", "my address is CB5 8QP, help"])
def test_a_postcode_gives_the_place_although_its_last_half_is_taken_out(reader: Reader, text: str) -> None:
    reading = reader.read(text)
    assert "8qp" not in reading.text.casefold()
    assert reading.place.inside is not None
    assert reading.place.inside.name == "Cambridge"


def test_what_is_embedded_holds_no_personal_data(reader: Reader, embedder: Embedder) -> None:
    with_number = reader.read("call me back on 07911 123456 please")
    assert np.array_equal(with_number.vector, embedder.embed(with_number.text))
    assert np.array_equal(with_number.vector, reader.read("call me back on 07922 654321 please").vector)


def test_urgent_need_is_read_although_a_number_stands_in_the_message(reader: Reader) -> None:
    reading = reader.read("i have nowhere to sleep tonight with my baby, my number is 07911 123456")
    assert reading.urgent == "homeless_tonight"
    assert reading.redacted


def test_the_chosen_language_wins_over_the_message_the_conversation_and_the_page(reader: Reader) -> None:
    text = "where can I get a library card"
    assert reader.read(text, "fa", "uk", "ar").language == "fa"
    assert reader.read("ok", None, "uk", "ar").language == "uk"
    assert reader.read("ok", None, None, "ar").language == "ar"
    assert reader.read(text, None, None, None).language == "en"


def test_the_language_a_message_asks_for_is_read(reader: Reader) -> None:
    assert reader.read("can somebody write to me in Ukrainian").names_language == "uk"


def test_a_place_outside_is_read_as_such(reader: Reader) -> None:
    reading = reader.read("I live in Norwich")
    assert reading.place.inside is None
    assert reading.place.outside == "Norwich"


@pytest.mark.parametrize(
    "text",
    ["\x00\u202e\ud800", "🏴" * 500, "\u0301" * 900, "a" * 1000, "ﷺ" * 900, "0" * 1000, "@" * 1000, "CB1 " * 250],
    ids=["controls", "flags", "accents", "letters", "ligatures", "digits", "at signs", "postcodes"],
)
def test_the_oddest_message_is_read_without_an_error(reader: Reader, text: str) -> None:
    reading = reader.read(text)
    assert reading.vector.shape == (384,)
    assert np.all(np.isfinite(reading.vector))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("ok and what about St Neots then?", "ok and what about then"),
        ("doctor in Hantingdon", "doctor in"),
        ("我係bno簽證 想搵工", "我係想搵工"),
        ("Ely", ""),
        ("where is a school, CB5 8QP", None),
        ("where is the food bank", None),
    ],
)
def test_what_is_left_without_places_and_circumstances(reader: Reader, text: str, rest: str | None) -> None:
    assert reader.read(text).rest == rest


def test_nothing_personal_is_left_either(reader: Reader) -> None:
    rest = reader.read("i am in Ely call me on 07911 123456 please").rest
    assert rest is not None
    assert "123456" not in rest


ODD_MESSAGES = {
    "U+FDFA, which becomes eighteen letters": "ﷺ" * 1000,
    "letters that become six": "㌔" * 1000,
    "ideographs that nobody uses": "".join(chr(0x20000 + number) for number in range(1000)),
    "a character each from everywhere": "".join(chr(0x0400 + number * 31 % 0xC000) for number in range(1000)),
    "people joined to families": "👨‍👩‍👧‍👦" * 142,
    "accents without a letter": "e" + "\u0301" * 999,
    "letter and digit": "a1" * 500,
    "digits and dots": "1." * 500,
    "signs of addresses": "a@" * 500,
    "signs of numbers": "+1(" * 333,
    "words of two letters": "ab " * 333,
    "misspelt places": "wisbich cambrige huntigdon " * 37,
}
LONGEST_WORK = 3.0
"""Seconds of work; the worst of these takes 1.0, of which the engine's C code 0.7. U+FDFA once took 3.8, and 17 by the clock."""


@pytest.mark.parametrize("text", ODD_MESSAGES.values(), ids=ODD_MESSAGES)
def test_no_message_keeps_the_reader_busy(reader: Reader, text: str) -> None:
    reader.read("What is loaded with the first message is loaded now.")
    began = time.thread_time()
    reader.read(text[:1000])
    assert time.thread_time() - began < LONGEST_WORK
