"""How each text stands in each language, what waits, and who has read what."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.engine import Engine

from bot.answers.catalogue import TRANSLATED, Catalogues, numbers_out
from bot.answers.standing import count, find_line, lines, reviewers, waiting
from bot.answers.wording import Draft, Wordings
from bot.directory.records import Directory
from tests.builders import Clock

HELLO, HELLO_EN = "phrase.start.hello", "Hello, and welcome."


@pytest.fixture
def wordings(engine: Engine) -> Wordings:
    return Wordings(engine, Clock())


@pytest.fixture
def changed(wordings: Wordings) -> Catalogues:
    return Catalogues(wordings=wordings)


def keep(wordings: Wordings, catalogues: Catalogues, *drafts: Draft) -> None:
    wordings.propose(drafts, "Olga", 1)
    catalogues.refresh()


def standing(catalogues: Catalogues, directory: Directory, key: str = HELLO, domain: str = "phrases") -> str:
    line = find_line(catalogues, directory, "uk", domain, key)
    assert line
    return line.standing


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_of_the_product_is_out_of_date_and_only_services_lack_some(
    catalogues: Catalogues, directory: Directory, language: str
) -> None:
    listed = lines(catalogues, directory, language)
    counted = count(listed)
    assert sum(counted.values()) > 800
    assert counted["stale"] == 0
    assert {line.domain for line in listed if line.standing == "missing"} == {"services"}


def test_a_text_stands_as_it_was_last_read(changed: Catalogues, wordings: Wordings, directory: Directory) -> None:
    assert standing(changed, directory) == "machine-drafted"
    keep(wordings, changed, Draft("phrases", "uk", HELLO, "Вітаю!", HELLO_EN))
    assert standing(changed, directory) == "unreviewed"
    keep(wordings, changed, Draft("phrases", "uk", HELLO, "Вітаю!", HELLO_EN, "reviewed", "Olena", date(2026, 11, 29)))
    assert standing(changed, directory) == "reviewed"
    assert reviewers(lines(changed, directory, "uk")) == [("Olena", 1, date(2026, 11, 29))]
    keep(wordings, changed, Draft("phrases", "en", HELLO, "Welcome!", HELLO_EN, "reviewed"))
    assert standing(changed, directory) == "stale"
    assert reviewers(lines(changed, directory, "uk")) == []
    line = find_line(changed, directory, "uk", "phrases", HELLO)
    assert line
    assert line.said is None
    assert line.newest
    assert (line.english, line.newest.english) == ("Welcome!", HELLO_EN)


def test_a_new_phrase_is_missing_everywhere_and_a_retired_one_is_not_counted(
    changed: Catalogues, wordings: Wordings, directory: Directory
) -> None:
    before = len(lines(changed, directory, "uk"))
    lacking = {language: count(lines(changed, directory, language))["missing"] for language in TRANSLATED}
    new = Draft("phrases", "en", "phrase.ask.own_bus", "Do you need a bus?", "Do you need a bus?", "reviewed")
    keep(wordings, changed, new)
    for language in TRANSLATED:
        assert count(lines(changed, directory, language))["missing"] == lacking[language] + 1
    keep(wordings, changed, replace(new, text=""))
    assert len(lines(changed, directory, "uk")) == before


def test_a_statement_that_changed_is_out_of_date_and_a_new_one_is_missing(catalogues: Catalogues, directory: Directory) -> None:
    first, *rest = directory.guidance
    now = replace(directory, guidance=(replace(first, statement="Something else."), *rest, replace(first, key="new", statement="New.")))
    assert standing(catalogues, now, first.key, "guidance") == "stale"
    assert standing(catalogues, now, "new", "guidance") == "missing"
    assert find_line(catalogues, directory, "uk", "guidance", "new") is None
    assert find_line(catalogues, directory, "tlh", "phrases", HELLO) is None
    assert find_line(catalogues, directory, "uk", "staff", "staff.desk") is None


def test_what_waits_is_shown_with_what_it_changes_and_whether_its_english_is_gone(
    changed: Catalogues, wordings: Wordings, directory: Directory
) -> None:
    first = next(g for g in directory.guidance if not numbers_out(g.statement)[1])
    keep(wordings, changed, Draft("guidance", "uk", first.key, "Так.", first.statement))
    (one,) = waiting(wordings, changed, directory)
    assert (one.english, one.outdated, one.version.text) == (first.statement, False, "Так.")
    assert one.old == changed.guidance("uk", first.key, first.statement).text
    now = replace(directory, guidance=tuple(replace(g, statement="Else.") if g is first else g for g in directory.guidance))
    (one,) = waiting(wordings, changed, now)
    assert (one.english, one.old, one.outdated) == ("Else.", "", True)
    gone = replace(directory, guidance=())
    (one,) = waiting(wordings, changed, gone)
    assert one.outdated


def test_a_waiting_english_phrase_and_its_answers_are_shown(changed: Catalogues, wordings: Wordings, directory: Directory) -> None:
    english = changed.english("phrases")["phrase.safety.child"].text
    keep(wordings, changed, Draft("phrases", "en", "phrase.safety.child", "Is a child hurt now?", english, "reviewed"))
    keep(wordings, changed, Draft("answers", "en", "phrase.safety.child", "yes no", english, "reviewed"))
    text, answers = waiting(wordings, changed, directory)
    assert (text.old, text.version.text, text.outdated) == (english, "Is a child hurt now?", False)
    assert (answers.english, answers.version.text) == (english, "yes no")
