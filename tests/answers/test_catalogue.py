"""The words by language: what is missing or out of date is said in English and marked as English; officers' words come first."""

import shutil
import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.answers.catalogue import LOCALES, Catalogues, Said, isolated, locale_folder, numbers_out, read_catalogue
from bot.answers.wording import Draft, Wordings
from bot.codes import REPLY_LANGUAGES, direction
from bot.directory.records import Directory
from bot.errors import SetUpError
from tests.builders import Clock

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


@pytest.mark.parametrize("language", ["fr", "", "xx-YY"])
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
    assert (f"{FIRST_STRONG}0345 045 5225{POP}" in text) == (direction(language) == "rtl")
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


HELLO, HELLO_EN = "phrase.start.hello", "Hello, and welcome."


@pytest.fixture
def wordings(engine: Engine) -> Wordings:
    return Wordings(engine, Clock())


@pytest.fixture
def changed(wordings: Wordings) -> Catalogues:
    """Catalogues over which officers write."""
    return Catalogues(wordings=wordings)


def put_in_force(wordings: Wordings, draft: Draft) -> None:
    (kept,) = wordings.propose([draft], "Olga", 1)
    if kept.state == "waiting":
        wordings.approve(kept.id, "Pavlo", 2)


def test_a_changed_text_is_said_after_a_refresh_and_by_a_process_that_starts_later(changed: Catalogues, wordings: Wordings) -> None:
    before = changed.say("uk", HELLO)
    put_in_force(wordings, Draft("phrases", "uk", HELLO, "Вітаю!", HELLO_EN, "reviewed", "Olena", date(2026, 11, 29)))
    assert changed.say("uk", HELLO) == before
    assert changed.refresh()
    assert not changed.refresh()
    for catalogues in (changed, Catalogues(wordings=wordings)):
        assert catalogues.said("uk", HELLO) == Said("Вітаю!", "uk")
        assert catalogues.is_reviewed("uk", HELLO)
        assert catalogues.say("ar", HELLO) != "Вітаю!"


def test_what_waits_is_not_said_before_it_is_approved(changed: Catalogues, wordings: Wordings) -> None:
    before = changed.say("uk", "urgent.emergency", phone="999")
    (kept,) = wordings.propose(
        [Draft("messages", "uk", "urgent.emergency", "{phone}: телефонуйте!", changed.english("messages")["urgent.emergency"].text)],
        "Olga",
        1,
    )
    assert not changed.refresh()
    assert changed.say("uk", "urgent.emergency", phone="999") == before
    wordings.approve(kept.id, "Pavlo", 2)
    assert changed.refresh()
    assert changed.say("uk", "urgent.emergency", phone="999") == "999: телефонуйте!"
    assert not changed.is_reviewed("uk", "urgent.emergency")


def test_the_last_version_in_force_is_said(changed: Catalogues, wordings: Wordings) -> None:
    for text in ("Вітаю!", "Привіт!"):
        put_in_force(wordings, Draft("phrases", "uk", HELLO, text, HELLO_EN))
    changed.refresh()
    assert changed.say("uk", HELLO) == "Привіт!"


def test_a_translation_made_from_another_english_gives_way_to_the_catalogue_s_own(changed: Catalogues, wordings: Wordings) -> None:
    own = changed.say("uk", "topic.esol")
    put_in_force(wordings, Draft("messages", "uk", "topic.esol", "Мова", "English lessons"))
    changed.refresh()
    assert changed.said("uk", "topic.esol") == Said(own, "uk")
    assert [entry.text for entry in changed.candidates("uk", "messages", "topic.esol")] == ["Мова", own]


def test_when_the_english_of_a_phrase_changes_its_translations_give_way_to_the_english(changed: Catalogues, wordings: Wordings) -> None:
    put_in_force(wordings, Draft("phrases", "en", HELLO, "Welcome!", HELLO_EN, "reviewed"))
    changed.refresh()
    assert changed.said("uk", HELLO) == Said("Welcome!", "en")
    assert not changed.knows("uk", HELLO)
    put_in_force(wordings, Draft("phrases", "uk", HELLO, "Ласкаво просимо!", "Welcome!"))
    changed.refresh()
    assert changed.said("uk", HELLO) == Said("Ласкаво просимо!", "uk")
    put_in_force(wordings, Draft("phrases", "en", HELLO, HELLO_EN, "Welcome!", "reviewed"))
    changed.refresh()
    assert changed.said("uk", HELLO).lang == "uk"


def test_guidance_is_given_in_translation_only_while_its_english_is_the_one_it_was_made_from(
    directory: Directory, catalogues: Catalogues, changed: Catalogues, wordings: Wordings
) -> None:
    statement = next(g for g in directory.guidance if numbers_out(g.statement)[1])
    marked, numbers = numbers_out(statement.statement)
    text = "Ось: " + ", ".join(f"{{{name}}}" for name in numbers)
    put_in_force(wordings, Draft("guidance", "uk", statement.key, text, marked))
    changed.refresh()
    assert changed.guidance("uk", statement.key, statement.statement).text == text.format(**numbers)
    another = f"{statement.statement} Ask at a library."
    for words in (catalogues, changed):
        assert words.guidance("uk", statement.key, another) == Said(another, "en")
    number = next(iter(numbers.values()))
    moved = statement.statement.replace(number, "01223 000111")
    assert "01223 000111" in changed.guidance("uk", statement.key, moved).text


def test_a_retired_phrase_is_not_offered_and_still_said_in_chats_that_have_it(changed: Catalogues, wordings: Wordings) -> None:
    put_in_force(wordings, Draft("phrases", "en", HELLO, "", HELLO_EN, "reviewed"))
    changed.refresh()
    assert HELLO not in changed.english("phrases")
    assert list(changed.retired()) == [HELLO]
    assert changed.say("en", HELLO) == HELLO_EN
    assert changed.said("uk", HELLO).lang == "uk"
    put_in_force(wordings, Draft("phrases", "en", HELLO, HELLO_EN, HELLO_EN, "reviewed"))
    changed.refresh()
    assert HELLO in changed.english("phrases")


def test_a_text_is_said_as_text_whatever_is_in_it(changed: Catalogues, wordings: Wordings) -> None:
    put_in_force(wordings, Draft("phrases", "uk", HELLO, "<b>Вітаю</b> & 100%", HELLO_EN))
    changed.refresh()
    assert changed.say("uk", HELLO) == "<b>Вітаю</b> & 100%"


def test_reading_goes_on_while_officers_change_words(changed: Catalogues, wordings: Wordings) -> None:
    """Every reader sees a whole state: a phrase and its translation fit each other at every moment."""
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            said = changed.said("uk", HELLO)
            if said.lang == "en" and said.text not in (HELLO_EN, "Welcome!"):
                wrong.append(said)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for text, before in (("Welcome!", HELLO_EN), (HELLO_EN, "Welcome!")) * 2:
        put_in_force(wordings, Draft("phrases", "en", HELLO, text, before, "reviewed"))
        changed.refresh()
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_catalogue_that_names_a_reviewer_without_a_day_is_not_started_with(tmp_path: Path) -> None:
    shutil.copytree(LOCALES, tmp_path / "locales")
    path = locale_folder("uk", tmp_path / "locales") / "phrases.po"
    path.write_text(path.read_text(encoding="utf-8").replace("# machine-drafted", "# reviewed by Olena", 1), encoding="utf-8")
    with pytest.raises(SetUpError, match="YYYY-MM-DD"):
        Catalogues(tmp_path / "locales")


def test_an_entry_marked_as_fuzzy_is_not_said(tmp_path: Path) -> None:
    shutil.copytree(LOCALES, tmp_path / "locales")
    path = locale_folder("uk", tmp_path / "locales") / "messages.po"
    path.write_text(path.read_text(encoding="utf-8").replace('msgid "ask_topic"', '#, fuzzy\nmsgid "ask_topic"'), encoding="utf-8")
    assert Catalogues(tmp_path / "locales").said("uk", "ask_topic").lang == "en"
