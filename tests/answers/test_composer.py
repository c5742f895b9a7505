"""An answer as it is put together: notices, guidance, services and choices, page by page, in the reader's language."""

import re
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.answers.catalogue import LOCALES, Catalogues, locale_folder
from bot.answers.composer import Composer, Heard
from bot.answers.dialogue import ANYWHERE
from bot.answers.replies import Answer
from bot.answers.urgent import OfficeHours
from bot.codes import CIRCUMSTANCES, NEEDS, REPLY_LANGUAGES
from bot.directory.records import Directory
from bot.directory.search import find_services
from tests.builders import Talk, british, offered, replies, shown

DISTRICTS = ["cambridge", "east_cambridgeshire", "fenland", "huntingdonshire", "south_cambridgeshire"]
PLEDGE = ("rf168", "rf169", "rf170")
TODAY = date(2026, 11, 26)
MONDAY_NIGHT = british(2026, 11, 23, 22)


def pages(talk: Talk, first: list[str]) -> list[list[str]]:
    """Ask for more until there is no more; give the names on each page, the ``first`` among them."""
    found = [first]
    while len(found) < 20:
        names = shown(talk.say("more"))
        if not names:
            return found
        found.append(names)
    raise AssertionError("there is always more")


def serving(directory: Directory, names: list[str]) -> set[str]:
    """Give the areas that services serve which serve nothing wider than the county."""
    services = [service for service in directory.services if service.name in names]
    return {area for service in services for area in service.serves if not set(service.serves) & {"England", "UK", "East of England"}}


def test_housing_in_wisbech_shows_its_council_then_shelter(talk: Talk) -> None:
    answer = talk.say("housing", place="wisbech")
    assert shown(answer)[:2] == ["Fenland District Council, housing options", "Shelter emergency helpline"]
    assert (answer.understood.topic, answer.understood.place) == ("housing", "Wisbech")


def test_the_place_is_asked_once_with_a_button_for_each_district_and_one_for_anywhere(talk: Talk) -> None:
    first = talk.say("housing")
    assert [value for value in offered(first) if value.startswith("place:")] == [f"place:{key}" for key in [*DISTRICTS, ANYWHERE]]
    assert replies(first, "choices")[0].text.startswith("Which part of the county are you in?")
    assert not any(value.startswith("place:") for value in offered(talk.say("food")))


def test_while_the_place_is_asked_what_helps_everywhere_is_shown_already(talk: Talk, directory: Directory) -> None:
    names = shown(talk.say("housing"))
    assert "Shelter emergency helpline" in names
    assert serving(directory, names) <= {"Cambridgeshire", "Peterborough"}


def test_anywhere_shows_services_of_every_district_and_asks_no_more(talk: Talk, directory: Directory) -> None:
    answer = talk.say("housing", place=ANYWHERE)
    assert answer.understood.place is None
    assert not any(value.startswith("place:") for value in offered(answer))
    names = [name for page in pages(talk, shown(answer)) for name in page]
    assert {"Fenland", "Cambridge", "Huntingdonshire"} <= serving(directory, names)


def test_topic_and_place_carry_over_and_can_be_corrected(talk: Talk) -> None:
    talk.say("housing", place="wisbech")
    corrected = talk.say("inform", place="cambourne")
    assert (corrected.understood.topic, corrected.understood.place) == ("housing", "Cambourne")
    assert shown(corrected)[0] == "South Cambridgeshire District Council, homelessness advice"
    other = talk.say("library")
    assert (other.understood.topic, other.understood.place) == ("library", "Cambourne")
    assert shown(other)[0] == "Cambourne Library"


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_a_place_outside_is_told_as_outside_and_no_place_is_in_effect(composer: Composer, directory: Directory, language: str) -> None:
    talk = Talk(composer, language=language)
    talk.say("housing", place="wisbech")
    answer = talk.say("inform", outside="Norwich")
    norwich = directory.place_named("Norwich")
    assert norwich is not None
    (notice,) = replies(answer, "notice")
    assert norwich.local_name(language) in notice.text
    assert directory.area.local_name(language) in notice.text
    assert answer.understood.place is None
    assert answer.understood.topic == "housing"
    assert serving(directory, shown(answer)) == set()


def test_a_place_outside_that_no_gazetteer_has_is_told_by_its_name(talk: Talk) -> None:
    (notice,) = replies(talk.say("housing", outside="Ankh-Morpork"), "notice")
    assert "Ankh-Morpork" in notice.text


def test_a_place_outside_said_alone_is_told_as_outside_and_the_need_is_asked(talk: Talk) -> None:
    answer = talk.say("inform", outside="Norwich")
    assert [reply.kind for reply in answer.replies] == ["notice", "choices"]
    assert answer.understood.place is None
    assert "topic:housing" in offered(answer)


def test_a_place_said_alone_brings_the_question_what_is_needed_there(talk: Talk) -> None:
    answer = talk.say("inform", place="ely")
    assert answer.understood.place == "Ely"
    assert {"topic:housing", "topic:esol", "topic:nrpf", "topic:legal", "topic:library"} <= set(offered(answer))


@pytest.mark.parametrize(
    ("need", "place"), [("housing", "wisbech"), ("library", "ely"), ("work", None), ("health", "cambridge"), ("legal", None)]
)
def test_more_pages_through_everything_once(talk: Talk, directory: Directory, need: str, place: str | None) -> None:
    found = find_services(directory, need, directory.places[place] if place else None, TODAY).services
    answer = talk.say(need, place=place)
    names = [name for page in pages(talk, shown(answer)) for name in page]
    assert names == [service.name for service in found]


def test_more_is_offered_while_there_is_more_and_its_end_is_said(talk: Talk) -> None:
    answer = talk.say("food", place="wisbech")
    while "more" in offered(answer):
        answer = talk.say("more")
        assert shown(answer)
    assert "there is nothing more in our list" in replies(talk.say("more"), "services")[0].text


def test_more_repeats_neither_guidance_nor_who_was_left_out(talk: Talk) -> None:
    first, second = talk.say("legal"), talk.say("more")
    assert replies(first, "guidance")
    assert replies(first, "services")[0].left_out
    assert not replies(second, "guidance")
    assert replies(second, "services")[0].left_out == ()


@pytest.mark.parametrize("moment", [british(2026, 11, 23, 11), MONDAY_NIGHT, british(2026, 11, 22, 12)])
@pytest.mark.parametrize("place", [None, "wisbech", "cambridge"])
def test_more_after_an_urgent_answer_neither_repeats_nor_leaves_anything_out(
    composer: Composer, directory: Directory, moment: datetime, place: str | None
) -> None:
    talk = Talk(composer, moment)
    answer = talk.say("nlu_fallback", urgent="homeless_tonight", place=place)
    names = [name for page in pages(talk, shown(answer)) for name in page]
    found = find_services(directory, "housing", directory.places[place] if place else None, TODAY).services
    assert sorted(names) == sorted(service.name for service in found)


def test_more_after_a_place_outside_stays_with_that_place(talk: Talk, directory: Directory) -> None:
    answer = talk.say("housing", outside="Norwich")
    names = [name for page in pages(talk, shown(answer)) for name in page]
    norwich = directory.place_named("Norwich")
    assert names == [service.name for service in find_services(directory, "housing", norwich, TODAY).services]


def test_a_second_need_of_the_same_message_gets_its_services_too(talk: Talk) -> None:
    answer = talk.say("housing", place="wisbech", confidence=0.5, ranking=(("housing", 0.5), ("esol", 0.4)))
    housing, esol = replies(answer, "services")
    assert answer.understood.also == ("esol",)
    assert housing.text.startswith("Housing and homelessness: ")
    assert esol.text.startswith("Learning English: ")
    assert esol.services
    assert {card.topics for card in esol.services if "esol" not in card.topics} == set()
    assert len(replies(answer, "guidance")) == 2


def test_the_registers_lead_legal_help_and_the_law_is_said(talk: Talk) -> None:
    answer = talk.say("legal", place="wisbech")
    (services,) = replies(answer, "services")
    assert [card.regulated_by for card in services.services[:2]] == ["IAA", "SRA"]
    assert "only people who are registered may give immigration advice" in services.text
    assert "Rosmini Centre" not in shown(answer)
    assert 0 < len(services.left_out) <= 5
    assert all("could not see that it is registered" in left["reason"] for left in services.left_out)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_the_pledge_and_its_limit_are_one_reply_in_every_language(
    composer: Composer, directory: Directory, catalogues: Catalogues, language: str
) -> None:
    said = {g.key: catalogues.guidance(language, g.key, g.statement).text for g in directory.guidance if g.key in PLEDGE}
    guidance = replies(Talk(composer, language=language).say("trust"), "guidance")
    (pledge,) = [reply for reply in guidance if said["rf168"] in reply.text]
    assert pledge.text == " ".join(said[key] for key in PLEDGE)
    assert pledge.lang == language
    assert pledge.source


def test_where_the_limit_is_not_translated_the_pledge_is_made_in_english_with_its_limit(tmp_path: Path, directory: Directory) -> None:
    locales = tmp_path / "locales"
    shutil.copytree(LOCALES, locales)
    path = locale_folder("fa", locales) / "guidance.po"
    path.write_text(re.sub(r'(msgid "rf170"\n)msgstr "[^\n]*"', r'\1msgstr ""', path.read_text(encoding="utf-8")), encoding="utf-8")
    talk = Talk(Composer(directory, Catalogues(locales), OfficeHours("09:00", "17:00")), language="fa")
    (pledge,) = [reply for reply in replies(talk.say("trust"), "guidance") if "Place of Safety" in reply.text]
    assert pledge.lang == "en"
    assert "must still give information to the Home Office" in pledge.text


@pytest.mark.parametrize("need", NEEDS)
def test_every_statement_has_its_source_and_there_are_at_most_two(talk: Talk, need: str) -> None:
    guidance = replies(talk.say(need, place="wisbech"), "guidance")
    assert 1 <= len(guidance) <= 2
    assert all(reply.source for reply in guidance)


@pytest.mark.parametrize("need", NEEDS)
@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_need_is_answered_in_every_language_with_no_placeholder_left(composer: Composer, need: str, language: str) -> None:
    answer = Talk(composer, language=language).say(need)
    assert shown(answer)
    for reply in answer.replies:
        assert reply.lang == language
        assert reply.text
        assert not re.search(r"\{\w*\}", reply.text)
        assert all(choice.label for choice in reply.choices)


@pytest.mark.parametrize(
    ("written", "read"), [("prs", "prs"), ("yue", "zh-Hant"), ("zh-Hans", "zh-Hant"), ("fr", "en"), ("am", "en"), ("", "en")]
)
def test_readers_of_other_languages_get_the_one_of_ours_they_can_read(composer: Composer, written: str, read: str) -> None:
    assert {reply.lang for reply in Talk(composer, language=written).say("housing").replies} == {read}


def test_what_nobody_has_checked_says_so_once_under_its_list(talk: Talk) -> None:
    (services,) = replies(talk.say("housing", place="wisbech"), "services")
    assert services.text.count("has not checked these details yet") == 1


def test_where_the_list_has_nothing_that_is_said(directory: Directory, catalogues: Catalogues) -> None:
    empty = Composer(replace(directory, services=()), catalogues, OfficeHours("09:00", "17:00"))
    (services,) = replies(Talk(empty).say("food"), "services")
    assert services.services == ()
    assert "our list has nothing for this yet" in services.text


@pytest.mark.parametrize("moment", [british(2026, 11, 23, 11), MONDAY_NIGHT, british(2026, 11, 22, 12)])
@pytest.mark.parametrize("place", [None, "wisbech", "cambridge", "cambourne", "huntingdon"])
def test_the_service_whose_number_the_urgent_words_give_leads_the_list(composer: Composer, moment: datetime, place: str | None) -> None:
    answer = Talk(composer, moment).say("nlu_fallback", urgent="homeless_tonight", place=place)
    (services,) = replies(answer, "services")
    assert services.services[0].phone == answer.replies[0].phone


def test_at_night_help_that_is_shut_comes_after_help_that_may_be_open(composer: Composer) -> None:
    talk = Talk(composer, MONDAY_NIGHT)
    assert "Shelter emergency helpline" not in shown(talk.say("housing", urgent="homeless_tonight", place="wisbech"))


def test_what_is_not_understood_brings_likely_topics_and_a_person(talk: Talk) -> None:
    answer = talk.say("nlu_fallback", confidence=0.2, ranking=(("food", 0.2), ("work", 0.15)))
    assert [reply.kind for reply in answer.replies] == ["choices"]
    assert offered(answer) == ["topic:food", "topic:work", "human"]
    assert answer.understood.topic is None


def test_what_is_not_understood_twice_brings_a_person_first(talk: Talk) -> None:
    talk.say("nlu_fallback", confidence=0.2)
    answer = talk.say("nlu_fallback", confidence=0.2)
    assert [reply.kind for reply in answer.replies] == ["text", "choices"]
    assert "0345 045 5225" in answer.replies[0].text
    assert "your.library@cambridgeshire.gov.uk" in answer.replies[0].text


def test_where_no_number_of_a_person_is_known_the_nearest_library_is_named_and_no_gap_is_left(
    directory: Directory, catalogues: Catalogues
) -> None:
    services = tuple(replace(service, phones=()) for service in directory.services)
    talk = Talk(Composer(replace(directory, services=services), catalogues, OfficeHours("09:00", "17:00")))
    talk.say("nlu_fallback")
    assert "nearest library" in replies(talk.say("nlu_fallback"), "text")[0].text


def test_who_wants_a_person_is_offered_one_by_the_desk_and_not_here(talk: Talk) -> None:
    answer = talk.say("human")
    assert (answer.replies, answer.understood.topic) == ((), "human")


def test_a_language_we_write_is_switched_to_in_its_own_words(talk: Talk, catalogues: Catalogues) -> None:
    (reply,) = talk.say("language", names_language="uk").replies
    assert (reply.kind, reply.lang, reply.text) == ("text", "uk", catalogues.say("uk", "language.switched"))


@pytest.mark.parametrize("named", ["am", None])
def test_a_language_we_do_not_write_brings_how_to_ask_for_an_interpreter_and_a_person(talk: Talk, named: str | None) -> None:
    answer = talk.say("language", names_language=named)
    assert [reply.kind for reply in answer.replies] == ["text", "guidance", "text"]
    assert "interpreter" in answer.replies[1].text
    assert answer.understood.topic == "language"


def test_what_is_said_of_interpreters_ends_on_its_last_day(directory: Directory, catalogues: Catalogues) -> None:
    ended = tuple(replace(g, valid_until=date(2026, 11, 1)) for g in directory.guidance)
    composer = Composer(replace(directory, guidance=ended), catalogues, OfficeHours("09:00", "17:00"))
    assert not replies(Talk(composer).say("language", names_language="am"), "guidance")


@pytest.mark.parametrize("intent", ["smalltalk", "out_of_scope", "start_again", "more"])
def test_talk_that_is_no_need_brings_the_topics_there_are(talk: Talk, intent: str) -> None:
    answer = talk.say(intent)
    assert [reply.kind for reply in answer.replies] == ["choices"]
    assert {"topic:housing", "topic:legal", "topic:library"} <= set(offered(answer))


def test_each_kind_of_reply_is_written_with_its_own_fields_and_no_others(composer: Composer) -> None:
    talk = Talk(composer, language="uk")
    answers = [
        talk.say("housing", urgent="homeless_tonight"),
        talk.say("legal", outside="Norwich"),
        talk.say("language", names_language="uk"),
    ]
    written = [reply for answer in answers for reply in answer.as_json()["replies"]]
    fields = {reply["kind"]: set(reply) - {"kind", "lang", "text", "text_en"} for reply in written}
    assert all("text_en" in reply for reply in written)
    assert fields == {
        "urgent": {"phone", "reviewed"},
        "notice": set(),
        "guidance": {"source", "source_date", "checked_on", "freshness"},
        "services": {"services", "left_out"},
        "choices": {"choices"},
        "text": set(),
    }


@pytest.mark.parametrize("language", [code for code in REPLY_LANGUAGES if code != "en"])
def test_every_reply_comes_with_the_english_that_an_english_reader_gets(composer: Composer, language: str) -> None:
    said: list[dict[str, Any]] = [
        {"intent": "housing", "urgent": "homeless_tonight"},
        {"intent": "legal", "outside": "Norwich"},
        {"intent": "esol", "place": "ely"},
        {"intent": "human"},
        {"intent": "smalltalk"},
    ]
    for one in said:
        there, english = Talk(composer, language=language).say(**one), Talk(composer, language="en").say(**one)
        for own, other in zip(there.replies, english.replies, strict=True):
            assert own.text_en == other.text
            assert [choice.label_en for choice in own.choices] == [choice.label for choice in other.choices]
            assert [card.hours_en for card in own.services] == [card.hours for card in other.services]
            assert [left["reason_en"] for left in own.left_out] == [left["reason"] for left in other.left_out]
            assert other.text_en == ""


def test_what_was_understood_is_written_with_every_field(talk: Talk) -> None:
    understood = talk.say("housing", place="wisbech", confidence=0.8765).as_json()["understood"]
    assert understood == {
        "topic": "housing",
        "also": (),
        "urgent": None,
        "place": "Wisbech",
        "circumstances": (),
        "confidence": 0.88,
    }


def ids(answer: Answer) -> tuple[str, ...]:
    """Give the ids of the services shown."""
    return tuple(card.id for reply in replies(answer, "services") for card in reply.services)


def test_their_phone_shows_the_same_services_and_nothing_else_again(talk: Talk) -> None:
    first = talk.say("esol", place="wisbech")
    again = talk.say("contact", heard=Heard(shown=(ids(first),)))
    assert set(ids(again)) == set(ids(first))
    assert replies(again, "guidance") == []
    assert again.understood.topic == "esol"


def test_their_phone_says_of_whom_our_list_has_none(talk: Talk) -> None:
    first = talk.say("esol", place="wisbech")
    again = replies(talk.say("contact", heard=Heard(shown=(ids(first),))), "services")[0]
    without = [card.name for card in again.services if not (card.phone or card.email or card.url)]
    _, _, said = again.text.partition("Our list has no phone, e-mail or website for: ")
    assert without
    assert all(name in said for name in without)
    assert not any(card.name in said for card in again.services if card.name not in without)


def test_a_day_brings_what_is_open_then(talk: Talk) -> None:
    first = talk.say("library", place="wisbech")
    saturday = talk.say("hours", heard=Heard(day="SA", shown=(ids(first),)))
    assert "Saturday" in replies(saturday, "services")[0].text
    assert "Wisbech Library" in shown(saturday)
    sunday = talk.say("hours", heard=Heard(day="SU", shown=(ids(saturday), ids(first))))
    assert "We know of none" not in replies(sunday, "services")[0].text or shown(sunday)


def test_something_closer_shows_only_what_was_not_shown(talk: Talk) -> None:
    first = talk.say("food", place="wisbech")
    closer = talk.say("closer", heard=Heard(shown=(ids(first),)))
    assert not set(ids(first)) & set(ids(closer))


def test_something_closer_asks_for_the_place_where_nobody_knows_it(talk: Talk) -> None:
    first = talk.say("legal")
    closer = talk.say("closer", heard=Heard(shown=(ids(first),)))
    assert any(value.startswith("place:") for value in offered(closer))


def test_a_service_named_is_shown_alone(talk: Talk, directory: Directory) -> None:
    answer = talk.say("hours", heard=Heard(names_service="library_ely"))
    assert shown(answer) == ["Ely Library"]
    assert answer.understood.topic == "library"


def test_a_service_named_in_passing_does_not_hide_the_answer(talk: Talk) -> None:
    answer = talk.say("housing", heard=Heard(names_service="library_ely"), place="ely")
    assert len(shown(answer)) > 1


def test_what_is_for_others_is_left_out_with_the_reason(talk: Talk) -> None:
    answer = talk.say("ukraine", said=("hong_kong_bno",), place="cambourne")
    (services,) = replies(answer, "services")
    assert any("Homes for Ukraine" in left["reason"] for left in services.left_out)
    assert not {left["name"] for left in services.left_out} & set(shown(answer))


def test_what_is_for_adults_is_left_out_for_a_child(talk: Talk) -> None:
    talk.say("esol", said=("unaccompanied_child",), place="cambridge")
    answer = talk.say("esol", place="cambridge")
    reasons = [left["reason"] for reply in replies(answer, "services") for left in reply.left_out]
    assert any("aged 19 and over" in reason for reason in reasons)


def test_the_situation_kept_in_mind_is_shown_and_can_be_taken_back(talk: Talk) -> None:
    answer = talk.say("housing", said=("nrpf", "family"))
    assert answer.understood.circumstances == ("nrpf", "family")
    assert {"forget:nrpf", "forget:family"} <= set(offered(answer))


@pytest.mark.parametrize("code", CIRCUMSTANCES)
@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_circumstance_has_a_name_in_every_language(composer: Composer, code: str, language: str) -> None:
    answer = Talk(composer, language=language).say("housing", said=(code,))
    (kept,) = [choice for reply in replies(answer, "choices") for choice in reply.choices if choice.value == f"forget:{code}"]
    assert kept.label
    assert "_" not in kept.label


def test_between_two_needs_both_and_a_person_are_offered(talk: Talk) -> None:
    answer = talk.say("school", confidence=0.4, ranking=(("school", 0.4), ("young_people", 0.35)))
    assert offered(answer) == ["topic:school", "topic:young_people", "human"]
    assert shown(answer) == []
