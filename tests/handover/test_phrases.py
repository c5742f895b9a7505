"""The checked phrases: enough of them, answerable by a button, and sayable in every language with what is put in."""

from datetime import datetime

import pytest

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer
from bot.answers.handover import HandoverWords
from bot.answers.urgent import OfficeHours
from bot.codes import REPLY_LANGUAGES
from bot.directory.hours import BRITISH_TIME
from bot.directory.records import Directory
from bot.handover.phrases import SLOTS, Phrase, groups, phrases

MOMENT = datetime(2026, 11, 30, 10, 0, tzinfo=BRITISH_TIME).isoformat()
VALUES = {"time": MOMENT, "place": "Ely Library", "service": "Ely Foodbank", "phone": "01353 000000", "reference": "482 915 0375"}


@pytest.fixture(scope="module")
def offered() -> dict[str, Phrase]:
    return phrases(Catalogues())


@pytest.fixture(scope="module")
def words(directory: Directory) -> HandoverWords:
    return HandoverWords(Composer(directory, Catalogues(), OfficeHours("09:00", "17:00")), 7)


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
