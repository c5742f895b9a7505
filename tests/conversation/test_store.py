"""Keeping conversations: found by their token alone, answered once, erased without a trace."""

import re
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Access, Conversation, Feedback, Message, SpentMessage
from bot.conversation.store import Chat, ConversationStore, ticket_of
from bot.conversation.tally import ASKED, Count, Tally
from bot.errors import ConversationLeft, UnknownConversation
from bot.handover.desk import Desk
from bot.moments import utc_now
from tests.builders import a_desk, a_member

IDLE_MINUTES = 15
CANARY = "canary-7f3b-the-words-somebody-wrote"


@pytest.fixture
def store(engine: Engine) -> ConversationStore:
    return ConversationStore(engine, IDLE_MINUTES)


@pytest.fixture
def desk(engine: Engine, tmp_path: Path) -> Desk:
    """A desk that nobody works at: messages come in through it."""
    return a_desk(engine, tmp_path)


def an_answer(*choices: str) -> dict[str, Any]:
    """An answer with a reply that offers ``choices``."""
    replies = [{"kind": "choices", "choices": [{"label": value.title(), "value": value} for value in choices]}]
    return {"understood": {"topic": "housing"}, "replies": replies}


def last_seen(engine: Engine, rasa_id: str, days_ago: float) -> None:
    """Put the last sign of a conversation into the past."""
    moment = datetime.now(timezone.utc) - timedelta(days=days_ago)
    with Session(engine, future=True) as session:
        session.execute(update(Conversation).where(Conversation.rasa_id == rasa_id).values(last_seen_at=moment))
        of_it = select(Conversation.id).where(Conversation.rasa_id == rasa_id).scalar_subquery()
        devices = update(Access).where(Access.conversation_id == of_it).values(last_seen_at=moment)
        session.execute(devices.execution_options(synchronize_session=False))
        session.commit()


def rows(engine: Engine, model: Any) -> list[Any]:
    with Session(engine, future=True) as session:
        return list(session.execute(select(model)).scalars())


def opinion_of(engine: Engine, chat: Chat, comment: str) -> None:
    """Keep what a visitor thought of an answer."""
    with Session(engine, future=True) as session:
        session.add(Feedback(conversation_id=chat.id, helped=1, comment=comment, given_at=datetime.now(timezone.utc)))
        session.commit()


def counted(engine: Engine) -> dict[str, int]:
    return {row.what: row.count for row in rows(engine, Tally)}


def test_a_conversation_is_found_by_its_token(store: ConversationStore) -> None:
    chat, other = store.start(), store.start()
    assert store.find(chat.token) == chat
    assert chat.rasa_id != other.rasa_id


def test_a_token_cannot_be_guessed(store: ConversationStore) -> None:
    tokens = {store.start().token for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"[\w-]{32}", token) for token in tokens)


@pytest.mark.parametrize("wrong", ["", "nothing", "%", "' OR 1=1 --"])
def test_another_token_finds_nothing(store: ConversationStore, wrong: str) -> None:
    store.start()
    with pytest.raises(UnknownConversation):
        store.find(wrong)


def test_neither_the_number_nor_the_inner_name_of_a_conversation_opens_it(store: ConversationStore) -> None:
    chat = store.start()
    for wrong in (str(chat.id), chat.rasa_id, chat.token[:-1], chat.token.swapcase()):
        with pytest.raises(UnknownConversation):
            store.find(wrong)


def test_the_database_does_not_hold_the_token(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "a question")
    with engine.connect() as connection:
        for table in ("conversation", "message", "feedback", "pending_erasure", "spent_message"):
            held = [str(value) for row in connection.execute(text(f"SELECT * FROM {table}")) for value in row]
            assert not any(chat.token in value for value in held)


def test_a_conversation_that_nobody_uses_is_found_no_more_until_then_it_is(store: ConversationStore, engine: Engine) -> None:
    chat = store.start()
    last_seen(engine, chat.rasa_id, (IDLE_MINUTES - 1) / 24 / 60)
    assert store.find(chat.token) == chat
    last_seen(engine, chat.rasa_id, (IDLE_MINUTES + 1) / 24 / 60)
    for attempt in (store.find, store.stay):
        with pytest.raises(UnknownConversation):
            attempt(chat.token)
    with pytest.raises(UnknownConversation):
        store.resume(ticket_of(chat.token))


def test_a_conversation_that_has_ended_is_still_there_to_be_erased(store: ConversationStore, engine: Engine) -> None:
    chat = store.start()
    last_seen(engine, chat.rasa_id, 1)
    assert store.find(chat.token, even_ended=True) == chat
    with pytest.raises(UnknownConversation):
        store.find("another", even_ended=True)


@pytest.mark.parametrize("sign", ["stay", "accept", "pin"])
def test_every_sign_of_the_visitor_keeps_the_conversation_open(store: ConversationStore, engine: Engine, sign: str, desk: Desk) -> None:
    chat = store.start()
    last_seen(engine, chat.rasa_id, (IDLE_MINUTES - 1) / 24 / 60)
    {"stay": lambda: store.stay(chat.token), "accept": lambda: desk.accept(chat, "m1", "words"), "pin": lambda: store.pin(chat, "uk")}[
        sign
    ]()
    (row,) = rows(engine, Conversation)
    seen = row.last_seen_at if row.last_seen_at.tzinfo else row.last_seen_at.replace(tzinfo=timezone.utc)
    assert datetime.now(timezone.utc) - seen < timedelta(minutes=1)


def test_a_ticket_changes_the_token_once_and_the_old_one_ends(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "words")
    fresh = store.resume(ticket_of(chat.token))
    assert (fresh.id, fresh.rasa_id) == (chat.id, chat.rasa_id)
    assert fresh.token != chat.token
    assert [exchange.text for exchange in store.exchanges(store.find(fresh.token))] == ["words"]
    with pytest.raises(UnknownConversation):
        store.find(chat.token)
    assert store.resume(ticket_of(chat.token)) == fresh, "the answer was lost on the way and is asked for again"
    store.stay(fresh.token)
    with pytest.raises(UnknownConversation):
        store.resume(ticket_of(chat.token))
    assert store.resume(ticket_of(fresh.token)).id == chat.id


def test_neither_a_ticket_opens_a_conversation_nor_a_token_is_a_ticket(store: ConversationStore) -> None:
    chat = store.start()
    with pytest.raises(UnknownConversation):
        store.find(ticket_of(chat.token))
    with pytest.raises(UnknownConversation):
        store.resume(chat.token)


def test_a_conversation_that_was_left_is_found_by_nothing_but_its_end(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    chat, other = store.start(), store.start()
    desk.accept(chat, "m1", "words")
    store.leave(chat)
    for attempt in (lambda: store.find(chat.token), lambda: store.stay(chat.token), lambda: store.resume(ticket_of(chat.token))):
        with pytest.raises(ConversationLeft):
            attempt()
    assert store.find(other.token) == other
    last_seen(engine, chat.rasa_id, 8)
    assert store.expired(7) == [chat.rasa_id], "what was said in it is erased as the retention setting says"


def test_a_message_is_over_once_its_conversation_is_left_idle_or_erased(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    left, idle, erased, going = (store.start() for _ in range(4))
    for number, chat in enumerate((left, idle, erased, going)):
        desk.accept(chat, f"m{number}", "words")
    assert not any(store.is_over(f"m{number}") for number in range(5))
    store.leave(left)
    last_seen(engine, idle.rasa_id, 1)
    store.erase([erased.rasa_id])
    assert [store.is_over(f"m{number}") for number in range(5)] == [True, True, True, False, False]
    store.erase([left.rasa_id])
    assert store.is_over("m0")


def test_ids_of_erased_messages_are_kept_as_hashes_and_not_for_ever(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "an-id-of-a-message", "words")
    store.erase([chat.rasa_id])
    store.forget_spent(7)
    (row,) = rows(engine, SpentMessage)
    assert "an-id" not in row.message_hash
    with Session(engine, future=True) as session:
        session.execute(update(SpentMessage).values(erased_at=datetime.now(timezone.utc) - timedelta(days=8)))
        session.commit()
    store.forget_spent(7)
    assert rows(engine, SpentMessage) == []


def test_a_message_is_kept_before_it_is_answered(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    assert desk.accept(chat, "m1", "where can I sleep").answer is None
    (exchange,) = store.exchanges(chat)
    assert (exchange.message_id, exchange.text, exchange.answer) == ("m1", "where can I sleep", None)


def test_a_message_sent_again_gets_the_answer_it_had_and_is_not_kept_twice(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "where can\nI sleep")
    store.record(chat, "m1", an_answer("more"), "uk", None)
    assert desk.accept(chat, "m1", "where can\r\nI sleep").answer == an_answer("more")
    assert [exchange.text for exchange in store.exchanges(chat)] == ["where can\nI sleep"]


def test_a_message_sent_again_before_it_was_answered_is_not_kept_twice_and_may_be_asked_again(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "where can I sleep")
    assert desk.accept(chat, "m1", "where can I sleep").answer is None
    assert len(store.exchanges(chat)) == 1


def test_a_message_sent_again_in_other_words_before_it_was_answered_is_kept_in_these(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "where can I slep")
    assert desk.accept(chat, "m1", "where can I sleep").answer is None
    assert [exchange.text for exchange in store.exchanges(chat)] == ["where can I sleep"]


def test_what_was_spent_is_over_though_it_belongs_to_no_conversation(store: ConversationStore) -> None:
    store.spend("refused")
    store.spend("refused")
    assert store.is_over("refused")


def test_two_people_may_use_the_same_message_id(store: ConversationStore, desk: Desk) -> None:
    first, second = store.start(), store.start()
    desk.accept(first, "m1", "mine")
    store.record(first, "m1", an_answer(), "en", None)
    assert desk.accept(second, "m1", "also mine").answer is None
    assert [exchange.text for exchange in store.exchanges(second)] == ["also mine"]
    assert [exchange.text for exchange in store.exchanges(first)] == ["mine"]


def test_exchanges_come_in_the_order_they_were_sent_in_whatever_script(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    sent = ["одне", "دو", "三", "four 🏴", "а" * 4000]
    for number, words in enumerate(sent):
        desk.accept(chat, f"m{9 - number}", words)
    store.record(chat, "m9", {"replies": [{"text": "відповідь ⁨999⁩"}]}, "uk", None)
    assert [exchange.text for exchange in store.exchanges(chat)] == sent
    assert store.exchanges(chat)[0].answer == {"replies": [{"text": "відповідь ⁨999⁩"}]}


def test_the_language_of_the_talk_and_the_one_that_was_chosen_are_remembered(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "привіт")
    store.record(chat, "m1", an_answer(), "uk", None)
    assert (store.find(chat.token).language, store.find(chat.token).pinned) == ("uk", None)
    store.pin(chat, "ar")
    assert (store.find(chat.token).language, store.find(chat.token).pinned) == ("ar", "ar")


def test_only_what_was_offered_in_this_conversation_counts_as_offered(store: ConversationStore, desk: Desk) -> None:
    chat, other = store.start(), store.start()
    for number, choices in enumerate([("more", "place:fenland"), ("topic:food",)]):
        desk.accept(chat, f"m{number}", "words")
        store.record(chat, f"m{number}", an_answer(*choices), "en", None)
    desk.accept(chat, "unanswered", "words")
    assert store.offered(chat) == {"more", "place:fenland", "topic:food"}
    assert store.offered(other) == set()


def test_an_erased_conversation_is_gone_with_its_messages_and_feedback_and_others_stay(
    store: ConversationStore, engine: Engine, desk: Desk
) -> None:
    chat, other = store.start(), store.start()
    for one in (chat, other):
        desk.accept(one, "m1", "words")
        opinion_of(engine, one, "good")
    store.erase([chat.rasa_id])
    with pytest.raises(UnknownConversation):
        store.find(chat.token)
    assert store.exchanges(chat) == []
    assert [row.id for row in rows(engine, Conversation)] == [other.id]
    assert [row.conversation_id for row in rows(engine, Message)] == [other.id]
    assert [row.conversation_id for row in rows(engine, Feedback)] == [other.id]


def test_what_was_erased_stays_on_the_list_until_rasa_has_erased_it_too(store: ConversationStore) -> None:
    first, second = store.start(), store.start()
    store.erase([first.rasa_id, second.rasa_id])
    assert set(store.pending_erasures()) == {first.rasa_id, second.rasa_id}
    store.erased(first.rasa_id, utc_now())
    assert store.pending_erasures() == [second.rasa_id]


def test_erasing_twice_or_nothing_is_no_fault(store: ConversationStore) -> None:
    chat = store.start()
    store.erase([])
    store.erase([chat.rasa_id])
    store.erase([chat.rasa_id])
    assert store.pending_erasures() == [chat.rasa_id]


def test_a_message_that_comes_while_its_conversation_is_erased_is_not_kept(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    chat = store.start()
    store.erase([chat.rasa_id])
    with pytest.raises(UnknownConversation):
        desk.accept(chat, "late", "words")
    store.record(chat, "late", an_answer(), "uk", None)
    assert rows(engine, Message) == []


def test_what_arrives_late_for_an_erased_conversation_never_lands_in_a_newer_one(store: ConversationStore, desk: Desk) -> None:
    erased = store.start()
    desk.accept(erased, "m1", "words")
    store.erase([erased.rasa_id])
    newer = store.start()
    store.record(erased, "m1", an_answer(), "ar", "ar")
    assert store.find(newer.token).language is None
    with pytest.raises(UnknownConversation):
        desk.accept(erased, "m2", "a secret of somebody else")
    assert store.exchanges(newer) == []


def test_a_conversation_that_holds_only_what_was_sent_in_another_is_its_twin(store: ConversationStore, desk: Desk) -> None:
    first, second, other = (store.start() for _ in range(3))
    sent, more = uuid.uuid4().hex, uuid.uuid4().hex
    desk.accept(first, sent, "my secret")
    desk.accept(second, sent, "my secret")
    desk.accept(second, more, "and in March?")
    assert store.twins(second) == [first.rasa_id]
    assert store.twins(first) == [], "the other one holds more than this one"
    desk.accept(other, "m1", "words")
    desk.accept(second, "m1", "words")
    assert store.twins(second) == [first.rasa_id], "an id that anybody could have is no sign"


def test_what_rasa_noted_of_a_conversation_while_it_was_erased_is_to_be_erased_too(store: ConversationStore, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "words")
    store.erase([chat.rasa_id])
    store.erased(chat.rasa_id, utc_now())
    assert store.pending_erasures() == []
    store.record(chat, "m1", an_answer(), "en", None)
    assert store.pending_erasures() == [chat.rasa_id]


def test_what_rasa_noted_after_it_was_asked_to_forget_is_still_to_be_erased(store: ConversationStore) -> None:
    chat = store.start()
    store.erase([chat.rasa_id])
    asked_at = utc_now()
    store.record(chat, "m1", an_answer(), "en", None)
    store.erased(chat.rasa_id, asked_at)
    assert store.pending_erasures() == [chat.rasa_id]
    store.erased(chat.rasa_id, utc_now())
    assert store.pending_erasures() == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_byte_of_an_erased_message_stays_in_the_files(store: ConversationStore, engine: Engine, tmp_path: Path, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", CANARY)
    store.record(chat, "m1", {"replies": [{"text": f"about {CANARY}"}]}, "en", None)
    opinion_of(engine, chat, CANARY)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(CANARY.encode() in path.read_bytes() for path in files), "it was there before"
    store.erase([chat.rasa_id])
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert CANARY.encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize(("days_ago", "gone"), [(6.9, False), (7.1, True), (400, True)])
def test_a_conversation_expires_when_it_has_been_silent_for_the_days_set(
    store: ConversationStore, engine: Engine, days_ago: float, gone: bool
) -> None:
    chat, fresh = store.start(), store.start()
    last_seen(engine, chat.rasa_id, days_ago)
    assert store.expired(7) == ([chat.rasa_id] if gone else [])
    assert fresh.rasa_id not in store.expired(7)


def test_a_message_keeps_a_conversation_from_expiring_even_while_it_waits_for_an_answer(
    store: ConversationStore, engine: Engine, desk: Desk
) -> None:
    answered, waiting = store.start(), store.start()
    for chat in (answered, waiting):
        last_seen(engine, chat.rasa_id, 8)
        desk.accept(chat, "m1", "still here")
    store.record(answered, "m1", an_answer(), "en", None)
    assert store.expired(7) == []


def test_what_was_taken_up_since_it_was_listed_is_not_erased_as_unused(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    taken_up, unused = store.start(), store.start()
    for chat in (taken_up, unused):
        last_seen(engine, chat.rasa_id, 8)
    listed = store.expired(7)
    assert set(listed) == {taken_up.rasa_id, unused.rasa_id}
    desk.accept(taken_up, "m1", "still here")
    store.erase(listed, 7)
    assert [row.rasa_id for row in rows(engine, Conversation)] == [taken_up.rasa_id]
    assert store.pending_erasures() == [unused.rasa_id]


FOOD = {Count(ASKED, "food", "ely", "en"): 1}


def test_a_message_is_counted_once_however_often_it_is_answered(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", "words")
    for _ in range(3):
        store.record(chat, "m1", an_answer(), "en", None, counts=FOOD)
    assert counted(engine) == {ASKED: 1}
    desk.accept(chat, "m2", "words")
    store.record(chat, "m2", an_answer(), "en", None, counts=FOOD)
    assert counted(engine) == {ASKED: 2}


def test_what_is_not_kept_is_not_counted(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    gone, taken = store.start(), store.start()
    desk.accept(gone, "m1", "words")
    store.erase([gone.rasa_id])
    store.record(gone, "m1", an_answer(), "en", None, counts=FOOD)
    store.record(taken, "never-accepted", an_answer(), "en", None, counts=FOOD)
    desk.ask(taken, "asked")
    desk.accept(taken, "m1", "words")
    desk.claim(desk.queue()[0].id, a_member(desk))
    assert not store.record(taken, "m1", an_answer(), "en", None, counts=FOOD)
    assert ASKED not in counted(engine)


def test_a_chat_that_was_opened_with_its_code_just_now_is_not_erased_as_unused(
    store: ConversationStore, engine: Engine, desk: Desk
) -> None:
    chat = store.start()
    desk.ask(chat, "asked")
    last_seen(engine, chat.rasa_id, 8)
    assert store.expired(7) == [chat.rasa_id]
    store.open_again(desk.queue()[0].reference)
    assert store.expired(7) == []


def test_a_practice_chat_is_never_counted_even_where_its_code_opens_it(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    anna = a_member(desk)
    desk.start(anna, "en", "a-rasa-id", "worried_farsi")
    chat = store.open_again(desk.queue(anna.id)[0].reference)
    desk.accept(chat, "m1", "words")
    store.record(chat, "m1", an_answer(), "en", None, counts=FOOD)
    desk.stop(chat)
    desk.ask(chat, "asked")
    assert rows(engine, Tally) == []


def test_counts_outlive_what_was_counted_and_nothing_in_them_leads_to_it(store: ConversationStore, engine: Engine, desk: Desk) -> None:
    chat = store.start()
    desk.accept(chat, "m1", CANARY)
    store.record(chat, "m1", an_answer(), "en", None, counts=FOOD)
    store.erase([chat.rasa_id])
    assert counted(engine) == {ASKED: 1}
    assert {column.name for column in Tally.__table__.columns} == {"week", "what", "topic", "place", "language", "count"}
    assert not Tally.__table__.foreign_keys


def test_feedback_outlives_the_days_of_its_conversation_without_a_link_to_it(store: ConversationStore, engine: Engine) -> None:
    expired, erased = store.start(), store.start()
    opinion_of(engine, expired, "of one whose days were over")
    opinion_of(engine, erased, "of one that its visitor erased")
    last_seen(engine, expired.rasa_id, 8)
    store.erase([expired.rasa_id], unused_days=7)
    store.erase([erased.rasa_id])
    assert [(row.conversation_id, row.comment) for row in rows(engine, Feedback)] == [(None, "of one whose days were over")]
