"""How a text sounds is the same however it is spelt."""

import pytest

from bot.understanding.sounds import consonants, latin


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("кембридж", "kembridzh"),
        ("соціальний", "sotsialny"),
        ("visa", "viza"),
        ("ቪዛ", "viza"),
        ("وکیل", "wakil"),
        ("libbrary", "library"),
        ("uchyty", "uchiti"),
    ],
)
def test_two_spellings_of_a_word_sound_alike(one: str, other: str) -> None:
    first, second = ("".join(consonants(latin(text))).replace("s", "z") for text in (one, other))
    assert first == second


@pytest.mark.parametrize(("one", "other"), [("doctor", "dentist"), ("школа", "работа"), ("Ely", "Wisbech")])
def test_different_words_sound_different(one: str, other: str) -> None:
    assert consonants(latin(one)) != consonants(latin(other))


@pytest.mark.parametrize("text", ["", "…", "!!! 123", "\u202e\u0000x", "a" * 5000, "ﷺ" * 50])
def test_no_text_upsets_it(text: str) -> None:
    assert latin(text).isascii()
    assert all(consonants(latin(text)))
