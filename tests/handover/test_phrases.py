"""The checked phrases: enough of them, answerable by a button, and sayable in every language with what is put in."""

from datetime import datetime

import pytest
from sqlalchemy.engine import Engine

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer
from bot.answers.handover import HandoverWords
from bot.answers.urgent import OfficeHours
from bot.answers.wording import Draft, Wordings
from bot.codes import REPLY_LANGUAGES
from bot.directory.hours import BRITISH_TIME
from bot.directory.records import Directory
from bot.errors import WordingRefused
from bot.handover.phrases import (
    SLOTS,
    Phrase,
    changed_phrase,
    groups,
    new_phrase,
    phrases,
    retired_phrases,
    retirement,
    return_to_use,
)
from tests.builders import Clock, the_catalogues

MOMENT = datetime(2026, 11, 30, 10, 0, tzinfo=BRITISH_TIME).isoformat()
VALUES = {"time": MOMENT, "place": "Ely Library", "service": "Ely Foodbank", "phone": "01353 000000", "reference": "482 915 0375"}


@pytest.fixture(scope="module")
def offered() -> dict[str, Phrase]:
    return phrases(the_catalogues())


@pytest.fixture(scope="module")
def words(directory: Directory) -> HandoverWords:
    return HandoverWords(Composer(directory, the_catalogues(), OfficeHours("09:00", "17:00")), 7)


def test_there_are_at_least_sixty_in_several_groups(offered: dict[str, Phrase]) -> None:
    assert len(offered) >= 60
    assert len(groups(offered)) >= 6


def test_every_question_can_be_answered_by_a_button_and_nothing_else_can(offered: dict[str, Phrase]) -> None:
    for phrase in offered.values():
        assert bool(phrase.answers) == ("?" in phrase.english), phrase.key


def test_a_time_and_a_place_can_be_arranged(offered: dict[str, Phrase]) -> None:
    slots = {slot for phrase in offered.values() for slot in phrase.slots}
    assert {"time", "place", "service"} <= slots <= set(SLOTS)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_phrase_is_said_in_every_language_with_what_is_put_in_and_its_english(
    words: HandoverWords, offered: dict[str, Phrase], language: str
) -> None:
    for phrase in offered.values():
        reply = words.phrase(language, phrase.key, {slot: VALUES[slot] for slot in phrase.slots}, phrase.answers)
        assert reply.lang == language, phrase.key
        assert "{" not in reply.text + reply.text_en
        assert [choice.value for choice in reply.choices] == [f"answer:{name}" for name in phrase.answers]
        assert all(choice.label for choice in reply.choices)
        for slot in phrase.slots:
            if slot != "time":
                assert VALUES[slot] in reply.text, phrase.key
        if language != "en":
            assert reply.text_en
            assert reply.text_en != reply.text


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Monday, 30 November 2026, 10:00"),
        ("uk", "понеділок, 30 листопада 2026\u202fр., 10:00"),
        ("zh-Hant", "2026年11月30日 星期一, 10:00"),
    ],
)
def test_a_time_is_written_as_readers_of_the_language_do(
    words: HandoverWords, offered: dict[str, Phrase], language: str, written: str
) -> None:
    timed = next(phrase for phrase in offered.values() if phrase.slots == ("time",))
    assert written in words.phrase(language, timed.key, {"time": MOMENT}).text


@pytest.fixture
def wordings(engine: Engine) -> Wordings:
    return Wordings(engine, Clock())


@pytest.fixture
def changed(wordings: Wordings) -> Catalogues:
    """Catalogues over which officers write."""
    return Catalogues(wordings=wordings)


def keep(wordings: Wordings, catalogues: Catalogues, drafts: list[Draft]) -> None:
    for kept in wordings.propose(drafts, "Olga", 1):
        if kept.state == "waiting":
            wordings.approve(kept.id, "Pavlo", 2)
    catalogues.refresh()


def test_a_new_phrase_can_be_sent_at_once_in_english_and_then_in_its_translation(
    directory: Directory, changed: Catalogues, wordings: Wordings
) -> None:
    keep(wordings, changed, new_phrase(changed, "ask", "Do you need help at {place}?", ("yes", "no")))
    *_, phrase = phrases(changed).values()
    assert phrase == Phrase("phrase.ask.own_do_you_need_help_at_place", "ask", "Do you need help at {place}?", ("place",), ("yes", "no"))
    words = HandoverWords(Composer(directory, changed, OfficeHours("09:00", "17:00")), 7)
    reply = words.phrase("uk", phrase.key, {"place": "Ely"}, phrase.answers)
    assert (reply.lang, reply.text) == ("en", "Do you need help at Ely?")
    keep(wordings, changed, [Draft("phrases", "uk", phrase.key, "Допомога? {place}", phrase.english)])
    reply = words.phrase("uk", phrase.key, {"place": "Ely"}, phrase.answers)
    assert (reply.lang, reply.text, reply.text_en) == ("uk", "Допомога? Ely", "Do you need help at Ely?")


@pytest.mark.parametrize(
    ("group", "english", "answers", "fault"),
    [
        ("ask", "Do you need a bus?", (), "answers"),
        ("ask", "You need a bus.", ("yes",), "no_answers"),
        ("ask", "Do you need a bus?", ("perhaps",), "unknown"),
        ("nowhere", "You need a bus.", (), "unknown"),
        ("ask", "Hello {name}.", (), "slots"),
        ("ask", "Hello {place.", (), "braces"),
        ("ask", "…", (), "same"),
    ],
)
def test_what_cannot_be_a_phrase_is_refused(changed: Catalogues, group: str, english: str, answers: tuple[str, ...], fault: str) -> None:
    with pytest.raises(WordingRefused) as refused:
        new_phrase(changed, group, english, answers)
    assert refused.value.key.rpartition(".")[2] == fault


def test_the_same_phrase_is_not_added_twice_even_when_it_is_out_of_use(changed: Catalogues, wordings: Wordings) -> None:
    keep(wordings, changed, new_phrase(changed, "end", "See you soon.", ()))
    *_, phrase = phrases(changed).values()
    keep(wordings, changed, [retirement(phrase)])
    with pytest.raises(WordingRefused, match="same"):
        new_phrase(changed, "end", "See you soon.", ())


def test_a_phrase_out_of_use_is_not_offered_still_shown_where_it_was_sent_and_can_come_back(
    directory: Directory, changed: Catalogues, wordings: Wordings
) -> None:
    phrase = phrases(changed)["phrase.start.ready"]
    keep(wordings, changed, [retirement(phrase)])
    assert phrase.key not in phrases(changed)
    assert retired_phrases(changed) == {phrase.key: phrase}
    words = HandoverWords(Composer(directory, changed, OfficeHours("09:00", "17:00")), 7)
    assert words.phrase("uk", phrase.key, {}, phrase.answers).lang == "uk"
    keep(wordings, changed, [return_to_use(phrase)])
    assert phrases(changed)[phrase.key] == phrase


def test_english_and_answers_of_a_phrase_change_and_what_is_put_in_stays(changed: Catalogues, wordings: Wordings) -> None:
    phrase = phrases(changed)["phrase.arrange.time_and_place"]
    assert changed_phrase(changed, phrase, phrase.english, phrase.answers) == []
    keep(wordings, changed, changed_phrase(changed, phrase, "Is {time} good, at {place}?", ("yes", "no")))
    now = phrases(changed)[phrase.key]
    assert (now.english, now.answers, set(now.slots)) == ("Is {time} good, at {place}?", ("yes", "no"), {"time", "place"})
    with pytest.raises(WordingRefused, match="lacks"):
        wordings.propose(changed_phrase(changed, now, "Is it good at {place}?", ("yes", "no")), "Olga", 1)
    with pytest.raises(WordingRefused, match="answers"):
        changed_phrase(changed, now, "Is {time} good, at {place}?", ())
