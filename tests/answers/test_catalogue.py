"""The words by language: what is missing is said in English and marked as English; numbers come from the English alone."""

import shutil
from pathlib import Path

import pytest

from bot.answers.catalogue import LOCALES, Catalogues, isolated, locale_folder, numbers_out, read_catalogue
from bot.codes import REPLY_LANGUAGES
from bot.directory.records import Directory

FIRST_STRONG, POP = "\u2068", "\u2069"


def without(locales: Path, language: str, domain: str, key: str) -> Catalogues:
    """Copy the catalogues and empty one text."""
    shutil.copytree(LOCALES, locales)
    path = locale_folder(language, locales) / f"{domain}.po"
    before, msgid, rest = path.read_text(encoding="utf-8").partition(f'msgid "{key}"\n')
    assert msgid
    _, blank, after = rest.partition("\n\n")
    path.write_text(f'{before}{msgid}msgstr ""{blank}{after}', encoding="utf-8")
    return Catalogues(locales)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_a_text_is_given_in_its_language_and_marked_as_such(catalogues: Catalogues, language: str) -> None:
    said = catalogues.said(language, "ask_topic")
    assert said.lang == language
    assert (said.text == catalogues.say("en", "ask_topic")) == (language == "en")


def test_a_text_that_a_language_lacks_is_given_in_english_and_marked_as_english(tmp_path: Path, catalogues: Catalogues) -> None:
    lacking = without(tmp_path / "locales", "ar", "messages", "ask_topic")
    said = lacking.said("ar", "ask_topic")
    assert (said.text, said.lang) == (catalogues.say("en", "ask_topic"), "en")
    assert lacking.said("uk", "ask_topic").lang == "uk"
    assert not lacking.is_reviewed("ar", "ask_topic")


@pytest.mark.parametrize("language", ["pl", "", "xx-YY"])
def test_a_language_without_a_catalogue_gets_english(catalogues: Catalogues, language: str) -> None:
    assert catalogues.said(language, "ask_topic") == catalogues.said("en", "ask_topic")


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_a_key_that_nobody_wrote_is_an_error_and_never_shown(catalogues: Catalogues, language: str) -> None:
    with pytest.raises(KeyError):
        catalogues.say(language, "no.such.key")


def test_values_are_put_in(catalogues: Catalogues) -> None:
    assert catalogues.say("en", "notice.outside", place="Norwich", area="Cambridgeshire").startswith("Norwich is outside Cambridgeshire.")


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_a_number_in_right_to_left_text_keeps_the_order_of_its_groups(catalogues: Catalogues, language: str) -> None:
    text = catalogues.say(language, "human.how", phone="0345 045 5225", email="desk@example.org")
    assert (f"{FIRST_STRONG}0345 045 5225{POP}" in text) == (language in ("ar", "fa"))
    assert "0345 045 5225" in text


def test_left_to_right_values_stay_as_they_are() -> None:
    assert isolated({"phone": "999"}, "uk") == {"phone": "999"}


@pytest.mark.parametrize(
    ("statement", "marked", "numbers"),
    [
        ("Call 999 or 01354 000111.", "Call {phone1} or {phone2}.", ["999", "01354 000111"]),
        ("In the day 07700 900123; at night 116 123", "In the day {phone1}; at night {phone2}", ["07700 900123", "116 123"]),
        ("Ring 0345 345 4 345!", "Ring {phone1}!", ["0345 345 4 345"]),
        ("Within 28 days, from 2026, section 17.", "Within 28 days, from 2026, section 17.", []),
        ("Press 55. It costs 1110 pounds.", "Press 55. It costs 1110 pounds.", []),
    ],
)
def test_telephone_numbers_are_taken_out_of_a_statement_and_nothing_else_is(statement: str, marked: str, numbers: list[str]) -> None:
    assert numbers_out(statement) == (marked, {f"phone{n + 1}": number for n, number in enumerate(numbers)})
    assert marked.format(**numbers_out(statement)[1]) == statement


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_statement_is_given_with_the_numbers_of_its_english(directory: Directory, catalogues: Catalogues, language: str) -> None:
    for statement in directory.guidance:
        said = catalogues.guidance(language, statement.key, statement.statement)
        assert said.lang == language
        for number in numbers_out(statement.statement)[1].values():
            assert number in said.text, statement.key
        assert "{" not in said.text


def test_a_statement_that_is_not_translated_is_given_in_english(tmp_path: Path, directory: Directory) -> None:
    lacking = without(tmp_path / "locales", "fa", "guidance", "rf170")
    statement = next(g for g in directory.guidance if g.key == "rf170")
    said = lacking.guidance("fa", "rf170", statement.statement)
    assert (said.text, said.lang) == (statement.statement, "en")


def test_nothing_counts_as_reviewed_before_somebody_has_reviewed_it(catalogues: Catalogues) -> None:
    for language in REPLY_LANGUAGES:
        reviewed = {m.id for m in read_catalogue(language, "messages") if any(c.startswith("reviewed by") for c in m.user_comments)}
        for key in ("urgent.emergency", "ask_topic"):
            assert catalogues.is_reviewed(language, key) is (language == "en" or key in reviewed)
