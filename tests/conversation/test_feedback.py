"""What visitors thought: taken while somebody reads it, kept once, and gone after its days."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.feedback import NO_OFFICER, UNREAD, FeedbackBook
from bot.conversation.models import Feedback
from bot.conversation.store import Chat, ConversationStore
from bot.errors import UnknownConversation
from bot.handover.desk import Desk
from tests.builders import PASSWORD, Clock, a_desk, the_catalogues

UNREAD_DAYS, DAYS = 28, 90
FOODBANK = "65a4c7ea-6c6d-54d5-b9f5-a53c5031016e"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(engine: Engine, tmp_path: Path, clock: Clock) -> Desk:
    """A desk with an officer."""
    desk = a_desk(engine, tmp_path, clock=clock)
    desk.accounts.add("olga", "Olga", "officer", PASSWORD)
    return desk


@pytest.fixture
def store(engine: Engine) -> ConversationStore:
    return ConversationStore(engine, idle_minutes=15)


@pytest.fixture
def book(engine: Engine, clock: Clock, desk: Desk) -> FeedbackBook:
    return FeedbackBook(engine, UNREAD_DAYS, DAYS, clock)


@pytest.fixture
def chat(store: ConversationStore) -> Chat:
    return store.start()


def kept(engine: Engine) -> list[tuple[int, str | None, str]]:
    with Session(engine, future=True) as session:
        rows = session.execute(select(Feedback).order_by(Feedback.id)).scalars()
        return [(row.helped, row.about, row.comment) for row in rows]


def test_feedback_is_kept_with_what_it_is_about_and_the_language_of_the_chat(
    book: FeedbackBook, store: ConversationStore, chat: Chat, clock: Clock
) -> None:
    store.pin(chat, "uk")
    assert book.give(store.find(chat.token), False, FOODBANK, "зачинено")
    (opinion,) = book.all()
    assert (opinion.helped, opinion.about, opinion.comment, opinion.language) == (False, FOODBANK, "зачинено", "uk")
    assert (opinion.given_at, opinion.read_at, opinion.read_by) == (clock.now, None, "")


def test_without_an_officer_who_may_sign_in_none_is_taken(book: FeedbackBook, desk: Desk, chat: Chat, engine: Engine) -> None:
    desk.accounts.add("anna", "Anna", "staff", PASSWORD)
    assert book.closed() == ""
    desk.accounts.disable("olga")
    assert book.closed() == NO_OFFICER
    assert not book.give(chat, True, None, "")
    assert kept(engine) == []


def test_what_lies_unread_stops_more_until_it_is_read(book: FeedbackBook, chat: Chat, clock: Clock, store: ConversationStore) -> None:
    book.give(chat, True, None, "")
    clock.pass_by(days=UNREAD_DAYS - 0.01)
    assert book.closed() == ""
    clock.pass_by(days=0.02)
    assert book.closed() == UNREAD
    assert not book.give(store.start(), True, None, "late")
    book.mark_read(book.all()[0].id, "Olga")
    assert book.closed() == ""
    assert book.give(store.start(), True, None, "heard")


def test_the_same_said_twice_in_a_chat_is_kept_once(book: FeedbackBook, store: ConversationStore, chat: Chat, engine: Engine) -> None:
    for _ in range(2):
        book.give(chat, True, None, "")
    assert kept(engine) == [(1, None, "")]
    for _ in range(2):
        book.give(chat, True, FOODBANK, "friendly")
    assert kept(engine) == [(1, FOODBANK, "friendly")]
    book.give(chat, False, None, "")
    book.give(store.start(), True, None, "")
    assert kept(engine) == [(1, FOODBANK, "friendly"), (0, None, ""), (1, None, "")]


def test_what_an_officer_has_read_is_not_written_over(book: FeedbackBook, chat: Chat, engine: Engine) -> None:
    book.give(chat, True, None, "")
    book.mark_read(book.all()[0].id, "Olga")
    book.give(chat, True, None, "more")
    assert kept(engine) == [(1, None, ""), (1, None, "more")]


def test_nothing_is_kept_of_a_chat_that_is_gone(book: FeedbackBook, store: ConversationStore, chat: Chat, engine: Engine) -> None:
    store.erase([chat.rasa_id])
    with pytest.raises(UnknownConversation):
        book.give(chat, True, None, "late")
    assert kept(engine) == []


def test_who_read_it_first_stays(book: FeedbackBook, chat: Chat, clock: Clock) -> None:
    book.give(chat, True, None, "")
    number, first = book.all()[0].id, clock.now
    book.mark_read(number, "Olga")
    clock.pass_by(days=1)
    book.mark_read(number, "Petra")
    assert [(one.read_at, one.read_by) for one in book.all()] == [(first, "Olga")]
    assert book.unread() == 0


def test_what_nobody_has_read_comes_first_and_the_oldest_of_it(book: FeedbackBook, store: ConversationStore, clock: Clock) -> None:
    for words in ("first", "second", "third"):
        book.give(store.start(), True, None, words)
        clock.pass_by(minutes=1)
    assert [one.comment for one in book.all()] == ["first", "second", "third"]
    book.mark_read(book.all()[0].id, "Olga")
    assert [one.comment for one in book.all()] == ["second", "third", "first"]
    assert book.unread() == 2


def test_a_record_has_what_was_thought_of_it_and_nothing_else(book: FeedbackBook, store: ConversationStore) -> None:
    for about, words in ((FOODBANK, "old"), ("another", "not this"), (None, "nor this"), (FOODBANK, "new")):
        book.give(store.start(), True, about, words)
    assert [one.comment for one in book.about(FOODBANK)] == ["new", "old"]


def test_what_was_read_goes_after_its_days_and_of_what_was_not_the_words(
    book: FeedbackBook, store: ConversationStore, clock: Clock, engine: Engine
) -> None:
    for words in ("read", "unread"):
        book.give(store.start(), False, None, words)
    book.mark_read(book.all()[0].id, "Olga")
    clock.now += timedelta(days=DAYS - 0.01)
    book.forget()
    assert [comment for _, _, comment in kept(engine)] == ["read", "unread"]
    clock.now += timedelta(days=0.02)
    book.forget()
    assert kept(engine) == [(0, None, "")]
    assert book.closed() == UNREAD, "that it was never read is not forgotten"


def test_the_privacy_page_says_that_erasing_reaches_what_was_said_only_while_the_chat_is_kept() -> None:
    says = the_catalogues().say("en", "privacy.feedback", days=28)
    assert "If you erase your chat while we keep it" in says
    assert "Once your chat is gone, we cannot tell which words were yours." in says
