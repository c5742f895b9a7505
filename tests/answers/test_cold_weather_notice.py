"""What people are told while emergency beds are open: where, until when and whom to call, and nothing that nobody knows."""

import re
from dataclasses import replace
from datetime import datetime

import pytest

from bot.answers.catalogue import Catalogues
from bot.answers.cold_weather import beds_for, cold_weather_notices
from bot.answers.composer import Composer
from bot.answers.dialogue import ANYWHERE
from bot.answers.replies import Answer, Reply, Understood
from bot.answers.urgent import OfficeHours
from bot.codes import NEEDS, REPLY_LANGUAGES
from bot.directory.cold_weather import ColdSpell
from bot.directory.records import Directory
from tests.builders import Talk, a_cold_spell, british, replies, shown

OFFICE = OfficeHours("09:00", "17:00")
MONDAY_EVENING, TUESDAY_NOON = british(2026, 11, 23, 19), british(2026, 11, 24, 12)
FENLAND, SOUTH_CAMBS_AT_NIGHT, SHELTER = "01354 654321", "01253 501117", "0808 800 4444"
LONG = {"starts_at": british(2026, 11, 23, 18), "ends_at": british(2026, 11, 26, 9)}
PHONE = re.compile(r"\d{4,5} \d{3,6}( \d{3,4})?")


def talk_with(composer: Composer, *spells: ColdSpell, moment: datetime = MONDAY_EVENING, language: str = "en") -> Talk:
    return Talk(Composer(composer.directory, composer.catalogues, composer.office, cold_spells=spells), moment, language)


def told(answer: Answer) -> list[str]:
    """Give what is said of beds."""
    return [reply.text for reply in replies(answer, "notice") if "beds" in reply.text]


def notices(
    directory: Directory,
    catalogues: Catalogues,
    place: str | None,
    *spells: ColdSpell,
    moment: datetime = MONDAY_EVENING,
    language: str = "en",
) -> list[Reply]:
    where = directory.places[place] if place else None
    return cold_weather_notices(spells, where, language, moment, directory, OFFICE, catalogues)


def where_open(directory: Directory, place: str | None, *spells: ColdSpell) -> list[str]:
    here = directory.places[place] if place else None
    return [where.key for _, where in beds_for(spells, here, MONDAY_EVENING, directory)]


def test_a_housing_answer_says_where_until_when_and_whom_to_call(composer: Composer) -> None:
    answer = talk_with(composer, a_cold_spell("fenland", **LONG), moment=TUESDAY_NOON).say("housing", place="wisbech")
    assert told(answer) == [
        "Emergency beds are open tonight in Fenland because of the cold, until Thursday, 26 November 2026, 09:00. "
        f"Call {FENLAND} (Fenland District Council) and say that you have nowhere to sleep tonight."
    ]
    assert shown(answer)[0] == "Fenland District Council, housing options"


def test_somebody_with_nowhere_to_sleep_reads_it_right_after_the_urgent_words(composer: Composer) -> None:
    answer = talk_with(composer, a_cold_spell("south_cambridgeshire")).say("housing", urgent="homeless_tonight", place="cambourne")
    assert [reply.kind for reply in answer.replies[:2]] == ["urgent", "notice"]
    assert f"Call {SOUTH_CAMBS_AT_NIGHT} (South Cambridgeshire District Council)" in answer.replies[1].text


@pytest.mark.parametrize("topic", [topic for topic in NEEDS if topic != "housing"])
def test_answers_about_anything_else_are_left_alone(composer: Composer, topic: str) -> None:
    assert told(talk_with(composer, a_cold_spell("fenland")).say(topic, place="wisbech")) == []


def test_nowhere_to_sleep_is_heard_below_another_topic_too(composer: Composer) -> None:
    talk = talk_with(composer, a_cold_spell("fenland"))
    assert len(told(talk.say("food", place="wisbech", urgent="homeless_tonight"))) == 1
    assert len(told(talk.say("food", place="wisbech", also=("housing",)))) == 1


@pytest.mark.parametrize("follow_up", ["more", "hours", "contact", "closer"])
def test_it_is_said_in_whatever_comes_next_about_housing(composer: Composer, follow_up: str) -> None:
    talk = talk_with(composer)
    assert told(talk.say("housing", place="wisbech")) == []
    talk.composer.cold_spells = (a_cold_spell("fenland"),)
    assert len(told(talk.say(follow_up))) == 1


@pytest.mark.parametrize(("hour", "times"), [(17, 0), (18, 1), (23, 1)])
def test_it_is_said_while_it_is_on_only(composer: Composer, hour: int, times: int) -> None:
    talk = talk_with(composer, a_cold_spell("fenland"), moment=british(2026, 11, 23, hour))
    assert len(told(talk.say("housing", place="wisbech"))) == times


def test_it_is_said_no_more_after_its_end_or_once_switched_off(composer: Composer) -> None:
    over = talk_with(composer, a_cold_spell("fenland"), moment=british(2026, 11, 24, 9))
    off = talk_with(composer, a_cold_spell("fenland", ended_at=british(2026, 11, 23, 18, 30)))
    assert told(over.say("housing", place="wisbech")) == told(off.say("housing", place="wisbech")) == []


def test_beds_of_another_district_are_not_said_to_somebody_who_said_where_they_are(composer: Composer) -> None:
    assert told(talk_with(composer, a_cold_spell("fenland")).say("housing", place="cambourne")) == []


def test_beds_of_the_whole_area_are_for_every_town_in_it_with_its_own_council_to_call(composer: Composer) -> None:
    talk = talk_with(composer, a_cold_spell("cambridgeshire", **LONG), moment=TUESDAY_NOON)
    (text,) = told(talk.say("housing", place="wisbech"))
    assert "open tonight in Cambridgeshire" in text
    assert f"Call {FENLAND} (Fenland District Council)" in text


def test_the_nearest_of_two_is_told(directory: Directory) -> None:
    both = a_cold_spell("cambridgeshire"), a_cold_spell("fenland")
    assert where_open(directory, "wisbech", *both) == ["fenland"]
    assert where_open(directory, "cambourne", *both) == ["cambridgeshire"]


def test_where_the_place_is_not_known_each_place_with_beds_is_told(composer: Composer, directory: Directory) -> None:
    spells = a_cold_spell("fenland"), a_cold_spell("cambridge"), a_cold_spell("peterborough")
    assert where_open(directory, None, *spells) == ["cambridge", "fenland", "peterborough"]
    assert where_open(directory, "cambridgeshire", *spells) == ["cambridge", "fenland"]
    assert len(told(talk_with(composer, *spells).say("housing"))) == 3
    assert len(told(talk_with(composer, *spells).say("housing", place=ANYWHERE))) == 3


def test_where_the_whole_area_is_on_it_is_told_once_and_beside_it_what_lies_beyond(directory: Directory) -> None:
    spells = a_cold_spell("fenland"), a_cold_spell("cambridgeshire"), a_cold_spell("peterborough")
    assert where_open(directory, None, *spells) == ["cambridgeshire", "peterborough"]
    assert where_open(directory, "peterborough", *spells) == ["peterborough"]


def test_somebody_who_is_elsewhere_is_told_nothing_of_beds_here(composer: Composer) -> None:
    talk = talk_with(composer, a_cold_spell("cambridgeshire"))
    assert told(talk.say("housing", outside="Norwich", urgent="homeless_tonight")) == []


def test_a_place_that_the_directory_has_no_more_is_not_told(directory: Directory) -> None:
    assert where_open(directory, None, a_cold_spell("atlantis")) == []


def test_with_no_number_that_is_answered_none_is_told_and_none_invented(directory: Directory, catalogues: Catalogues) -> None:
    (notice,) = notices(directory, catalogues, "wisbech", a_cold_spell("fenland"), moment=british(2026, 11, 23, 22))
    assert notice.text.endswith("We have no number that is answered at this hour. Ask the council or a library how to get a bed.")
    assert not PHONE.search(notice.text)
    bare = replace(directory, services=())
    (notice,) = notices(bare, catalogues, "wisbech", a_cold_spell("fenland", **LONG), moment=TUESDAY_NOON)
    assert not PHONE.search(notice.text)


def test_while_a_housing_helpline_is_open_it_is_the_one_to_call_for_a_council_that_is_closed(
    directory: Directory, catalogues: Catalogues
) -> None:
    sunday = a_cold_spell("fenland", british(2026, 11, 22, 8), british(2026, 11, 23, 9))
    (notice,) = notices(directory, catalogues, "wisbech", sunday, moment=british(2026, 11, 22, 12))
    assert f"Call {SHELTER}" in notice.text


@pytest.mark.parametrize("language", [language for language in REPLY_LANGUAGES if language != "en"])
@pytest.mark.parametrize("moment", [TUESDAY_NOON, british(2026, 11, 24, 23)])
def test_every_language_says_the_place_the_end_and_the_number_with_the_english_beside_it(
    directory: Directory, catalogues: Catalogues, language: str, moment: datetime
) -> None:
    spell = a_cold_spell("fenland", **LONG)
    (notice,) = notices(directory, catalogues, "wisbech", spell, moment=moment, language=language)
    (english,) = notices(directory, catalogues, "wisbech", spell, moment=moment)
    assert (notice.lang, notice.text_en) == (language, english.text)
    assert directory.places["fenland"].local_name(language) in notice.text
    assert re.search(r"(26|۲۶|٢٦)", notice.text)
    assert (FENLAND in notice.text) == (FENLAND in english.text) == (moment == TUESDAY_NOON)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_in_a_whole_answer_the_english_stands_beside_it(composer: Composer, language: str) -> None:
    answer = talk_with(composer, a_cold_spell("fenland"), language=language).say("housing", place="wisbech", urgent="homeless_tonight")
    assert (answer.replies[1].kind, answer.replies[1].lang) == ("notice", language)
    assert bool(answer.replies[1].text_en) == (language != "en")


def test_while_rasa_is_away_it_is_known_too(composer: Composer) -> None:
    cold = talk_with(composer, a_cold_spell("fenland")).composer
    homeless = Understood(urgent="homeless_tonight", place="Wisbech")
    (notice,) = cold.cold_weather(homeless, "prs", MONDAY_EVENING)
    assert notice.lang == "prs"
    assert cold.cold_weather(Understood(urgent="emergency", place="Wisbech"), "en", MONDAY_EVENING) == []
    assert cold.cold_weather(Understood(urgent="homeless_tonight", place="Cambourne"), "en", MONDAY_EVENING) == []
