"""Plural forms: the one that a number takes in each language, kept apart in files and together within."""

import pytest
from babel.messages.catalog import Message

from bot.answers.catalogue import UNITS, Catalogues
from bot.answers.plurals import FORMS, as_in_a_file, key_and_text, plural_rule
from bot.answers.proofreading import check_text
from bot.codes import REPLY_LANGUAGES
from bot.errors import WordingRefused

ENGLISH = f"{{count}} day{FORMS}{{count}} days"


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("en", {1: "1 day", 2: "2 days"}),
        ("uk", {1: "1 день", 2: "2 дні", 5: "5 днів", 11: "11 днів", 21: "21 день", 22: "22 дні"}),
        ("ru", {1: "1 день", 3: "3 дня", 7: "7 дней", 21: "21 день", 112: "112 дней"}),
        ("pl", {1: "1 dzień", 2: "2 dni", 5: "5 dni", 22: "22 dni"}),
        ("lt", {1: "1 dieną", 2: "2 dienas", 10: "10 dienų", 21: "21 dieną"}),
        ("ro", {1: "1 zi", 2: "2 zile", 20: "20 de zile", 101: "101 zile"}),
    ],
)
def test_a_number_takes_its_form(catalogues: Catalogues, language: str, days: dict[int, str]) -> None:
    for number, words in days.items():
        assert words in catalogues.say(language, "privacy.retention", days=number)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("unit", UNITS)
def test_every_number_can_be_said(catalogues: Catalogues, language: str, unit: str) -> None:
    keys = {"seconds": "error.too_many", "minutes": "ended.why", "days": "privacy.retention", "years": "privacy.escalation"}
    for number in (0, 1, 2, 3, 5, 7, 11, 15, 20, 21, 22, 90, 100, 101, 365):
        said = catalogues.said(language, keys[unit], **{unit: number})
        assert said.lang == language
        assert str(number) in said.text
        assert "{" not in said.text
        assert FORMS not in said.text


def test_arabic_has_six_forms(catalogues: Catalogues) -> None:
    assert plural_rule("ar")[0] == 6
    said = {catalogues.say("ar", "privacy.retention", days=number).replace(str(number), "#") for number in (1, 2, 5, 15, 100)}
    assert len(said) >= 3


def test_a_text_with_forms_goes_into_a_file_and_comes_back() -> None:
    key, text = as_in_a_file("number.days", ENGLISH)
    assert (key, text) == (("number.days", "number.days"), ("{count} day", "{count} days"))
    assert key_and_text(Message(key, text)) == ("number.days", ENGLISH)
    assert key_and_text(Message("ask_topic", "What?")) == ("ask_topic", "What?")
    assert key_and_text(Message(key, ("{count} day", ""))) == ("number.days", "")


def test_a_language_has_as_many_forms_as_it_counts_in() -> None:
    check_text("messages", "pl", "number.days", FORMS.join(["{count} dzień", "{count} dni", "{count} dni"]), ENGLISH)
    with pytest.raises(WordingRefused, match="forms"):
        check_text("messages", "pl", "number.days", FORMS.join(["{count} dzień", "{count} dni"]), ENGLISH)
    with pytest.raises(WordingRefused, match="lacks"):
        check_text("messages", "pl", "number.days", FORMS.join(["{count} dzień", "dni", "{count} dni"]), ENGLISH)


def test_a_mark_in_an_ordinary_text_makes_no_plural_of_it() -> None:
    check_text("services", "uk", "kite.name", "Допомога | Кембридж", "Refugee help | Cambridge")
    assert as_in_a_file("kite.name", "Refugee help | Cambridge") == ("kite.name", "Refugee help | Cambridge")
