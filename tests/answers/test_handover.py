"""What is said around a handover: who reads, what is promised and when, and how what the desk said looks to a visitor."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.answers.composer import Composer
from bot.answers.handover import BOT, KEEP, MESSAGE, WAIT, HandoverWords
from bot.answers.replies import Reply
from bot.answers.urgent import OfficeHours
from bot.codes import REPLY_LANGUAGES
from bot.directory.records import Directory
from bot.handover.views import DeskStatus, Said, View
from bot.switches.off_switches import ASSISTANT, HANDOVER, Off
from tests.builders import british, the_catalogues

NOON = british(2026, 11, 30, 12, 0)
LIVE = DeskStatus(staffed=True, open=True, present=1, closes_at=british(2026, 11, 30, 16, 0))
EMPTY = replace(LIVE, present=0)
CLOSED = DeskStatus(staffed=True, opens_at=british(2026, 12, 1, 10, 0))
UNKNOWN = DeskStatus(staffed=True)


@pytest.fixture(scope="module")
def words(directory: Directory) -> HandoverWords:
    return HandoverWords(Composer(directory, the_catalogues(), OfficeHours("09:00", "17:00")), 7)


def offered(replies: list[Reply]) -> list[str]:
    return [choice.value for reply in replies for choice in reply.choices]


def texts(replies: list[Reply]) -> str:
    return " ".join(reply.text for reply in replies)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("status", [LIVE, EMPTY, CLOSED, UNKNOWN])
def test_who_will_read_the_chat_is_said_before_anything_can_be_chosen(words: HandoverWords, language: str, status: DeskStatus) -> None:
    replies = words.offer(language, status, None, None, NOON)
    says = words.composer.catalogues.say(language, "desk.who_reads")
    at = next(number for number, reply in enumerate(replies) if reply.text == says)
    assert all(not reply.choices for reply in replies[: at + 1])
    assert {reply.lang for reply in replies} == {language}


def test_a_chat_is_offered_only_while_somebody_is_there(words: HandoverWords) -> None:
    assert offered(words.offer("en", LIVE, None, None, NOON)) == [WAIT, MESSAGE]
    for status in (EMPTY, CLOSED, UNKNOWN):
        assert offered(words.offer("en", status, None, None, NOON)) == [MESSAGE]


def test_how_many_wait_and_until_when_is_said(words: HandoverWords) -> None:
    said = texts(words.offer("en", replace(LIVE, queue=3), None, None, NOON))
    assert "16:00" in said
    assert "waiting before you: 3" in said


def test_outside_hours_it_is_said_when_the_desk_opens_and_no_chat_is_offered(words: HandoverWords) -> None:
    said = texts(words.offer("en", CLOSED, None, None, NOON))
    assert "Tuesday, 1 December 2026, 10:00" in said
    assert "now" in said


def test_with_nobody_there_it_says_so(words: HandoverWords) -> None:
    assert "nobody is there just now" in texts(words.offer("en", EMPTY, None, None, NOON))


def test_where_nobody_works_no_message_is_taken_that_nobody_would_read(words: HandoverWords) -> None:
    replies = words.offer("en", DeskStatus(), None, None, NOON)
    assert offered(replies) == []
    assert "0345 045 5225" in texts(replies)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_the_library_can_be_called_and_written_to_as_well(words: HandoverWords, language: str) -> None:
    said = texts(words.offer(language, CLOSED, None, None, NOON))
    assert "0345 045 5225" in said
    assert "your.library@cambridgeshire.gov.uk" in said


def test_while_the_desk_is_closed_what_is_open_now_is_shown(words: HandoverWords) -> None:
    night = british(2026, 11, 30, 23, 0)
    cards = [card for reply in words.offer("en", CLOSED, "domestic_abuse", None, night) for card in reply.services]
    assert cards
    assert all(card.open_now and card.phone for card in cards)


def test_waiting_says_the_place_and_the_code_in_groups(words: HandoverWords) -> None:
    replies = words.waiting("en", View("waiting", "4829150375", "", 2))
    assert "2" in replies[0].text
    assert "482\u00a0915\u00a00375" in replies[0].text
    assert offered(replies) == [KEEP, BOT]


@pytest.mark.parametrize(
    ("status", "promised"), [(LIVE, "open until 16:00"), (CLOSED, "Tuesday, 1 December 2026, 10:00"), (UNKNOWN, "kept for the staff")]
)
def test_a_message_that_is_kept_is_promised_no_more_than_is_known(words: HandoverWords, status: DeskStatus, promised: str) -> None:
    (reply,) = words.message_kept("en", View("message_left", "4829150375"), status, NOON)
    assert promised in reply.text
    assert "482\u00a0915\u00a00375" in reply.text


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("why", ["own_case", "complaint", "death", "child_alone", "urgent"])
def test_what_is_for_a_person_is_said_with_the_button_for_one(words: HandoverWords, language: str, why: str) -> None:
    reply = words.leave_to_a_person(language, why)
    assert (reply.lang, offered([reply])) == (language, ["human"])


def said(kind: str, body: dict[str, object] | None = None, translation: str | None = None) -> Said:
    return Said(1, kind, dict(body or {}), "Anna", NOON, translation)


def test_what_staff_wrote_is_marked_as_the_english_it_is(words: HandoverWords) -> None:
    (reply,) = words.said("ar", said("text", {"text": "One moment", "lang": "en"}), NOON)
    assert (reply.lang, reply.text) == ("en", "One moment")


def test_a_translation_has_the_original_beside_it(words: HandoverWords) -> None:
    translation, original, mark = words.said("uk", said("text", {"text": "One moment", "lang": "en"}, "Хвилинку"), NOON)
    assert (translation.lang, translation.text) == ("uk", "Хвилинку")
    assert (original.lang, original.text) == ("en", "One moment")
    assert mark.text == words.composer.catalogues.say("uk", "desk.translated")


def test_no_message_is_taken_that_would_be_deleted_before_the_desk_opens(words: HandoverWords) -> None:
    far = DeskStatus(staffed=True, opens_at=NOON + timedelta(days=8))
    assert offered(words.offer("en", far, None, None, NOON)) == []


@pytest.mark.parametrize(("days", "in_time"), [(6, True), (8, False)])
def test_of_a_message_that_is_deleted_before_the_desk_opens_other_ways_are_told(words: HandoverWords, days: int, in_time: bool) -> None:
    opens_at = NOON + timedelta(days=days)
    far = DeskStatus(staffed=True, opens_at=opens_at)
    kept = words.message_kept("en", View("message_left", "4829150375"), far, NOON)
    closing = words.said("en", said("kept", {"reason": "desk_closed", "opens_at": opens_at.isoformat()}), NOON)
    for replies in (kept, closing):
        assert ("0345 045 5225" in texts(replies)) is not in_time
    assert ("staff will read it" in texts(closing)) is in_time
    assert f"{opens_at.day} December 2026, 12:00" in texts(kept)


@pytest.mark.parametrize("why", ["own_case", "complaint", "death", "child_alone", "urgent"])
def test_while_the_handover_is_off_other_ways_to_a_person_are_told_and_no_button(words: HandoverWords, why: str) -> None:
    off = replace(words, off=(an_off(HANDOVER),))
    reply = off.leave_to_a_person("en", why)
    assert offered([reply]) == []
    assert "0345 045 5225" in reply.text
    assert ("talk to a person from the library" in reply.text) is False


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("joined", {}),
        ("waiting", {}),
        ("returned", {"by": "staff"}),
        ("returned", {"by": "visitor"}),
        ("closed", {"outcome": "helped"}),
        ("closed", {"outcome": "answered"}),
        ("kept", {"reason": "desk_closed"}),
        ("kept", {"reason": "visitor_gone"}),
    ],
)
def test_what_happened_is_told_in_the_visitors_language(words: HandoverWords, language: str, kind: str, body: dict[str, object]) -> None:
    (reply,) = words.said(language, said(kind, body), NOON)
    assert (reply.kind, reply.lang) == ("notice", language)


def test_a_service_is_shown_as_a_card_and_one_that_is_gone_not_at_all(words: HandoverWords) -> None:
    service = words.composer.directory.services[0]
    (reply,) = words.said("uk", said("service", {"id": service.id}), NOON)
    assert [card.name for card in reply.services] == [service.name]
    assert words.said("uk", said("service", {"id": "gone"}), NOON) == []


def test_hours_in_summer_are_written_on_british_time(words: HandoverWords) -> None:
    summer = replace(CLOSED, opens_at=datetime.fromisoformat("2026-07-01T09:00:00+00:00"))
    assert "10:00" in texts(words.offer("en", summer, None, None, NOON + timedelta(days=1)))


def an_off(what: str, message: str = "") -> Off:
    return Off(what, NOON, "Olga", "a secret reason", message)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
@pytest.mark.parametrize("status", [LIVE, CLOSED, DeskStatus()])
def test_while_the_handover_is_off_nothing_can_be_chosen_and_other_ways_are_told(
    words: HandoverWords, language: str, status: DeskStatus
) -> None:
    off = replace(words, off=(an_off(HANDOVER, "Back on Monday."),))
    replies = off.offer(language, replace(status, off=True), None, None, NOON)
    assert offered(replies) == []
    assert (replies[0].kind, replies[0].lang) == ("notice", language)
    assert replies[0].text == words.composer.catalogues.say(language, "off.handover")
    assert replies[0].text_en == ("" if language == "en" else words.composer.catalogues.say("en", "off.handover"))
    assert (replies[1].kind, replies[1].lang, replies[1].text) == ("notice", "en", "Back on Monday.")
    assert "0345 045 5225" in texts(replies)
    assert "secret" not in texts(replies)


def test_without_a_message_the_fixed_sentence_stands_alone(words: HandoverWords) -> None:
    off = replace(words, off=(an_off(ASSISTANT),))
    assert [reply.text for reply in off.switched_off("en", ASSISTANT)] == [words.composer.catalogues.say("en", "off.assistant")]
    assert off.switched_off("en", HANDOVER) == words.switched_off("en", ASSISTANT) == []


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_nothing_is_promised_of_an_assistant_that_is_off(words: HandoverWords, language: str) -> None:
    off = replace(words, off=(an_off(ASSISTANT),))
    notice = words.composer.catalogues.say(language, "off.assistant")
    ends = [
        Said(1, "returned", {"by": "staff"}, "Anna", NOON),
        Said(1, "closed", {"outcome": "helped"}, "Anna", NOON),
        Said(1, "closed", {"outcome": "abusive"}, "Anna", NOON),
    ]
    for said in ends:
        (before,), (after, told) = words.said(language, said, NOON), off.said(language, said, NOON)
        assert after.text != before.text
        assert "answers you again" not in after.text_en
        assert "still answers" not in after.text_en
        assert after.lang == language
        assert told.text == notice
    assert [reply.text for reply in off.back(language)][1:] == [notice]
    assert off.waiting(language, View(state="waiting", reference="4829150375", place=1))[1].text == notice
    assert off.blocked(language)[1].text == notice


def test_nothing_is_promised_of_a_desk_that_is_off(words: HandoverWords) -> None:
    off = replace(words, off=(an_off(HANDOVER),))
    for outcome in ("helped", "answered"):
        (told,) = off.said("en", Said(1, "closed", {"outcome": outcome}, "Anna", NOON), NOON)
        assert told.text == "Anna has left this chat."
    (told,) = off.said("en", Said(1, "returned", {"by": "staff"}, "Anna", NOON), NOON)
    assert "The assistant answers you again" in told.text
