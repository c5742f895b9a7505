"""The desk: every change of state, who may make it, and what happens where two want the same or somebody is gone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation
from bot.conversation.store import CHOICE, Chat, ConversationStore
from bot.conversation.tally import Tally
from bot.errors import AlreadyTaken, DeskOff, NotHeard, NotTheirs, UnknownConversation
from bot.handover.accounts import Member
from bot.handover.desk import Desk
from bot.handover.models import Callback, DeskMessage, Escalation, Handover, Note, Transition, WrongRecord
from bot.handover.states import WAITING, WITH_STAFF
from tests.builders import PASSWORD, Clock, a_desk, a_member

WORDS = "I want to talk to somebody"
AN_ANSWER = {"understood": {"topic": "housing", "urgent": None}, "replies": [{"kind": "text", "text": "Hello"}]}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alerts() -> list[str]:
    return []


@pytest.fixture
def desk(engine: Engine, tmp_path: Path, clock: Clock, alerts: list[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk on a clock that stands; conversations begin on the same clock."""
    monkeypatch.setattr("bot.conversation.store.utc_now", clock)
    return a_desk(engine, tmp_path, clock=clock, alert=alerts.append)


@pytest.fixture
def store(engine: Engine) -> ConversationStore:
    return ConversationStore(engine, idle_minutes=15)


@pytest.fixture
def chat(store: ConversationStore, desk: Desk) -> Chat:
    """A visitor who wrote one message, which the bot has answered."""
    chat = store.start()
    desk.accept(chat, "m1", WORDS)
    store.record(chat, "m1", AN_ANSWER, "ar", None)
    return chat


@pytest.fixture
def anna(desk: Desk) -> Member:
    return a_member(desk, "Anna")


@pytest.fixture
def ben(desk: Desk) -> Member:
    return a_member(desk, "Ben")


def id_of(engine: Engine, chat: Chat) -> int:
    with Session(engine, future=True) as session:
        return int(session.execute(select(Handover.id).where(Handover.conversation_id == chat.id)).scalar())


def changes(engine: Engine) -> list[tuple[str, str, str]]:
    with Session(engine, future=True) as session:
        rows = session.execute(select(Transition).order_by(Transition.id)).scalars()
        return [(row.from_state, row.to_state, row.actor) for row in rows]


def rows(engine: Engine, model: Any) -> list[Any]:
    with Session(engine, future=True) as session:
        return list(session.execute(select(model)).scalars())


@pytest.fixture
def waiting(desk: Desk, engine: Engine, chat: Chat) -> int:
    """The handover of the chat, which waits."""
    desk.ask(chat, "asked")
    return id_of(engine, chat)


@pytest.fixture
def claimed(desk: Desk, waiting: int, anna: Member) -> int:
    """The handover of the chat, which Anna has."""
    desk.claim(waiting, anna)
    return waiting


# ---- Asking, waiting, giving up


def test_a_chat_that_was_never_handed_over_has_no_state_and_no_code(desk: Desk, chat: Chat) -> None:
    view = desk.view(chat.id)
    assert (view.state, view.reference, view.place) == ("none", None, 0)


def test_who_asks_waits_with_a_code_and_staff_are_told(desk: Desk, chat: Chat, alerts: list[str]) -> None:
    view = desk.ask(chat, "asked")
    assert (view.state, view.place) == ("waiting", 1)
    assert view.reference
    assert alerts == ["waiting"]


def test_asking_twice_is_waiting_once(desk: Desk, engine: Engine, chat: Chat, alerts: list[str]) -> None:
    assert desk.ask(chat, "asked") == desk.ask(chat, "asked")
    assert changes(engine) == [("none", "waiting", "visitor")]
    assert alerts == ["waiting"]


def test_the_place_in_the_queue_is_the_true_one_and_urgent_goes_first(desk: Desk, store: ConversationStore, clock: Clock) -> None:
    chats = [store.start() for _ in range(3)]
    for one in chats:
        desk.ask(one, "asked")
        clock.pass_by(seconds=10)
    assert [desk.view(one.id).place for one in chats] == [1, 2, 3]
    desk.accept(chats[2], "m", "he hits me", "domestic_abuse")
    assert [desk.view(one.id).place for one in chats] == [2, 3, 1]
    assert [entry.reference for entry in desk.queue()] == [desk.view(one.id).reference for one in (chats[2], chats[0], chats[1])]


def test_an_urgent_need_said_before_asking_puts_the_chat_first(desk: Desk, store: ConversationStore, clock: Clock) -> None:
    calm, urgent = store.start(), store.start()
    desk.ask(calm, "asked")
    clock.pass_by(seconds=10)
    desk.accept(urgent, "m", "help", "self_harm")
    store.record(urgent, "m", {"understood": {"topic": None, "urgent": "self_harm"}, "replies": []}, "en", None)
    desk.ask(urgent, "asked")
    assert desk.view(urgent.id).place == 1


def test_the_bot_answers_while_a_chat_waits(desk: Desk, waiting: int, chat: Chat) -> None:
    assert not desk.accept(chat, "m2", "and where is the library").for_desk


def test_who_stops_waiting_is_with_the_bot_again(desk: Desk, engine: Engine, waiting: int, chat: Chat) -> None:
    assert desk.stop(chat).state == "none"
    assert changes(engine)[-1] == ("waiting", "none", "visitor")
    assert desk.queue() == []


def test_who_asks_again_keeps_the_code(desk: Desk, waiting: int, chat: Chat) -> None:
    before = desk.view(chat.id).reference
    desk.stop(chat)
    assert desk.ask(chat, "asked").reference == before


# ---- Taking a chat


def test_from_the_claim_to_the_end_what_the_visitor_writes_is_for_staff(desk: Desk, claimed: int, chat: Chat, anna: Member) -> None:
    assert desk.accept(chat, "m2", "hello?").for_desk
    desk.hand_back(claimed, anna)
    assert not desk.accept(chat, "m3", "where can I eat").for_desk


def test_the_visitor_is_told_who_is_there(desk: Desk, claimed: int, chat: Chat) -> None:
    view = desk.view(chat.id)
    assert (view.state, view.holder) == ("with_staff", "Anna")
    assert [(said.kind, said.sender) for said in desk.said(chat.id, 0)] == [("joined", "Anna")]


def test_what_the_bot_has_not_answered_at_the_claim_is_staffs_and_the_bots_answer_comes_too_late(
    desk: Desk, store: ConversationStore, waiting: int, chat: Chat, anna: Member
) -> None:
    accepted = desk.accept(chat, "m2", "and food?")
    assert not accepted.for_desk
    desk.claim(waiting, anna)
    assert not store.record(chat, "m2", {"understood": {}, "replies": []}, "en", None)
    (late,) = [exchange for exchange in store.exchanges(chat) if exchange.message_id == "m2"]
    assert (late.answer, late.for_desk) == (None, True)


def test_a_button_pressed_under_the_id_of_unanswered_words_keeps_both(
    desk: Desk, store: ConversationStore, waiting: int, chat: Chat
) -> None:
    desk.accept(chat, "m2", "he is going to kill me", "emergency")
    pressed = desk.accept(chat, "m2", "choice:human", choice=True)
    assert pressed.message_id != "m2"
    assert [exchange.text for exchange in store.exchanges(chat)][1:] == ["he is going to kill me", "choice:human"]


def test_an_urgent_message_that_nobody_has_answered_makes_the_chat_urgent(desk: Desk, store: ConversationStore) -> None:
    calm, urgent = store.start(), store.start()
    desk.ask(calm, "asked")
    desk.accept(urgent, "m", "he is going to kill me", "emergency")
    desk.ask(urgent, "asked")
    assert [entry.urgent for entry in desk.queue()] == ["emergency", None]


def test_other_words_under_the_id_of_answered_ones_are_a_message_of_their_own(desk: Desk, store: ConversationStore, chat: Chat) -> None:
    """The answer to the first may never have been seen: the page then keeps the id, and its visitor changes the words."""
    accepted = desk.accept(chat, "m1", "my husband is hitting me", "domestic_abuse")
    assert accepted.answer is None
    assert accepted.message_id != "m1"
    store.record(chat, accepted.message_id, {"replies": [{"kind": "urgent", "text": "999"}]}, "en", None)
    again = desk.accept(chat, "m1", "my husband is hitting me", "domestic_abuse")
    assert again.answer == {"replies": [{"kind": "urgent", "text": "999"}]}, "and the same one however often it is sent"
    assert (desk.accept(chat, "m1", WORDS).answer or {})["replies"][0]["text"] == "Hello"
    assert [exchange.text for exchange in store.exchanges(chat)] == [WORDS, "my husband is hitting me"]


def test_a_button_under_the_id_of_answered_words_is_pressed(desk: Desk, chat: Chat) -> None:
    accepted = desk.accept(chat, "m1", "choice:human", choice=True)
    assert (accepted.answer, accepted.message_id != "m1") == (None, True)


def test_words_sent_again_as_urgent_ones_before_they_were_answered_are_urgent(
    desk: Desk, store: ConversationStore, chat: Chat, alerts: list[str]
) -> None:
    desk.accept(chat, "m2", "hello")
    desk.accept(chat, "m2", "he is going to kill me", "domestic_abuse")
    desk.ask(chat, "asked")
    assert [entry.urgent for entry in desk.queue()] == ["domestic_abuse"]
    desk.accept(chat, "m3", "hello")
    alerts.clear()
    desk.accept(chat, "m3", "I want to die", "suicide")
    assert alerts == ["urgent"]
    desk.accept(chat, "m3", "I want to die", "suicide")
    assert alerts == ["urgent"], "sent once more it rings no more"
    desk.accept(chat, "m3", "never mind")
    assert [entry.urgent for entry in desk.queue()] == ["suicide"], "what was said stays said"


def test_an_urgent_need_said_before_makes_a_message_urgent(desk: Desk, store: ConversationStore, chat: Chat) -> None:
    desk.accept(chat, "m2", "I want to die", "self_harm")
    store.write_to_desk(chat, True)
    desk.accept(chat, "m3", "please call me")
    assert [entry.urgent for entry in desk.queue()] == ["self_harm"]


def test_a_message_sent_as_staff_hand_back_is_the_bots_when_it_comes_again(
    desk: Desk, store: ConversationStore, claimed: int, chat: Chat, anna: Member
) -> None:
    assert desk.accept(chat, "m2", "and food?").for_desk
    desk.hand_back(claimed, anna)
    assert not desk.accept(chat, "m2", "and food?").for_desk
    assert store.record(chat, "m2", {"understood": {}, "replies": []}, "en", None)


@pytest.mark.parametrize("end", ["close", "hand_back"])
def test_a_chat_is_not_ended_while_staff_have_not_been_shown_what_was_written(
    desk: Desk, claimed: int, chat: Chat, anna: Member, end: str
) -> None:
    desk.accept(chat, "m2", "one more thing")
    with pytest.raises(NotHeard):
        desk.close(claimed, anna, "helped", None, heard=1) if end == "close" else desk.hand_back(claimed, anna, 1)
    assert desk.view(chat.id).state == "with_staff"
    desk.close(claimed, anna, "helped", None, heard=2) if end == "close" else desk.hand_back(claimed, anna, 2)
    assert desk.view(chat.id).state != "with_staff"


def test_other_words_under_an_id_that_was_used_are_said_too(desk: Desk, claimed: int, chat: Chat, anna: Member) -> None:
    desk.say(claimed, anna, "s1", "text", {"text": "helo"})
    desk.say(claimed, anna, "s1", "text", {"text": "hello"})
    desk.say(claimed, anna, "s1", "phrase", {"key": "phrase.start.hello"})
    assert [said.kind for said in desk.said(chat.id, 1)] == ["text", "text", "phrase"]


def test_what_is_about_no_handover_wakes_nobody(engine: Engine, tmp_path: Path, store: ConversationStore) -> None:
    told: list[int] = []
    desk = a_desk(engine, tmp_path, changed=lambda: told.append(1))
    chat = store.start()
    desk.accept(chat, "m1", WORDS)
    assert told == []
    desk.ask(chat, "asked")
    desk.accept(chat, "m2", WORDS)
    assert len(told) == 2


def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(
    desk: Desk, engine: Engine, waiting: int, anna: Member, ben: Member
) -> None:
    start, told = Barrier(2), []

    def claim(member: Member) -> None:
        start.wait()
        try:
            desk.claim(waiting, member)
            told.append("won")
        except AlreadyTaken as taken:
            told.append(taken.holder)

    threads = [Thread(target=claim, args=(member,)) for member in (anna, ben)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (entry,) = desk.queue()
    assert entry.holder is not None
    assert sorted(told) == sorted(["won", entry.holder.name])
    assert changes(engine).count(("waiting", "with_staff", "staff")) == 1


def test_a_chat_that_was_claimed_by_a_clock_that_was_ahead_goes_back_to_the_queue(
    desk: Desk, engine: Engine, waiting: int, anna: Member, clock: Clock
) -> None:
    clock.now += timedelta(days=9)
    desk.claim(waiting, anna)
    clock.now -= timedelta(days=9)
    desk.sweep()
    clock.now += timedelta(minutes=10)
    desk.sweep()
    assert changes(engine)[-1][:2] == ("with_staff", "waiting")


def test_a_desk_that_was_started_by_a_clock_that_was_ahead_gives_chats_back_too(
    engine: Engine, tmp_path: Path, desk: Desk, waiting: int, anna: Member, clock: Clock
) -> None:
    clock.now += timedelta(days=9)
    started_ahead = a_desk(engine, tmp_path, clock=clock)
    started_ahead.claim(waiting, anna)
    clock.now -= timedelta(days=9)
    started_ahead.sweep()
    clock.now += timedelta(minutes=10)
    started_ahead.sweep()
    assert changes(engine)[-1][:2] == ("with_staff", "waiting")


def test_a_number_to_call_goes_where_staff_hand_the_chat_back(desk: Desk, engine: Engine, claimed: int, chat: Chat, anna: Member) -> None:
    assert desk.leave_callback(chat, "07700 900123")
    desk.hand_back(claimed, anna)
    assert rows(engine, Callback) == []


def test_a_note_and_a_record_that_were_sent_twice_are_kept_once(
    desk: Desk, engine: Engine, claimed: int, anna: Member, clock: Clock, store: ConversationStore
) -> None:
    for _ in range(2):
        desk.note(claimed, anna, "speaks Farsi, too")
        desk.escalate(claimed, anna, "child", "Ms Lee", "rang her")
    assert (len(rows(engine, Note)), len(rows(engine, Escalation))) == (1, 1)
    other = store.start()
    desk.ask(other, "asked")
    desk.claim(id_of(engine, other), anna)
    desk.escalate(id_of(engine, other), anna, "child", "Ms Lee", "rang her")
    assert len(rows(engine, Escalation)) == 2, "of another chat it is another record"
    clock.now += timedelta(minutes=6)
    desk.note(claimed, anna, "speaks Farsi, too")
    desk.escalate(claimed, anna, "child", "Ms Lee", "rang her")
    assert (len(rows(engine, Note)), len(rows(engine, Escalation))) == (2, 3)


def test_who_has_a_chat_may_claim_it_again_without_a_change(desk: Desk, engine: Engine, claimed: int, anna: Member) -> None:
    desk.claim(claimed, anna)
    assert len(changes(engine)) == 2


@pytest.mark.parametrize("deed", ["say", "hand_back", "put_back", "close", "note", "escalate", "contact"])
def test_nobody_but_the_holder_can_do_anything_in_a_chat(desk: Desk, engine: Engine, claimed: int, ben: Member, deed: str) -> None:
    before = changes(engine)
    arguments: dict[str, tuple[Any, ...]] = {
        "say": ("x", "text", {"text": "hello"}),
        "close": ("helped", None),
        "note": ("a note",),
        "escalate": ("child", "Olga", "called"),
    }
    with pytest.raises(NotTheirs):
        getattr(desk, deed)(claimed, ben, *arguments.get(deed, ()))
    assert changes(engine) == before
    assert [row.kind for row in rows(engine, DeskMessage)] == ["joined"]


def test_what_staff_say_comes_in_order_without_gaps_and_once_for_each_id(desk: Desk, claimed: int, chat: Chat, anna: Member) -> None:
    assert desk.say(claimed, anna, "s1", "text", {"text": "hello"}) == 2
    assert desk.say(claimed, anna, "s1", "text", {"text": "hello"}) == 2
    assert desk.say(claimed, anna, "s2", "text", {"text": "how are you"}) == 3
    assert [said.number for said in desk.said(chat.id, 0)] == [1, 2, 3]
    assert [said.body["text"] for said in desk.said(chat.id, 1)] == ["hello", "how are you"]


def test_many_who_write_at_once_leave_no_gap_and_lose_nothing(desk: Desk, claimed: int, chat: Chat, anna: Member) -> None:
    def write(number: int) -> None:
        desk.say(claimed, anna, f"s{number}", "text", {"text": str(number)})

    threads = [Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = desk.said(chat.id, 1)
    assert [one.number for one in said] == list(range(2, 10))
    assert sorted(one.body["text"] for one in said) == [str(number) for number in range(8)]


def test_a_chat_handed_back_is_the_bots_and_its_visitor_is_told(desk: Desk, engine: Engine, claimed: int, chat: Chat, anna: Member) -> None:
    desk.hand_back(claimed, anna)
    assert desk.view(chat.id).state == "none"
    assert desk.said(chat.id, 1)[0].kind == "returned"
    assert changes(engine)[-1] == ("with_staff", "none", "staff")


def test_the_visitor_can_go_back_to_the_bot_at_any_time(desk: Desk, claimed: int, chat: Chat, anna: Member) -> None:
    assert desk.stop(chat).state == "none"
    with pytest.raises(NotTheirs):
        desk.say(claimed, anna, "late", "text", {"text": "are you there"})


def test_a_chat_put_back_waits_for_somebody_else(desk: Desk, claimed: int, chat: Chat, anna: Member, ben: Member) -> None:
    desk.put_back(claimed, anna)
    assert desk.view(chat.id).state == "waiting"
    desk.claim(claimed, ben)
    assert desk.view(chat.id).holder == "Ben"


@pytest.mark.parametrize("asked_before", range(6))
def test_a_chat_put_back_while_it_is_looked_up_is_with_its_holder_or_waits(
    desk: Desk, engine: Engine, claimed: int, anna: Member, asked_before: int
) -> None:
    """Not with staff and nobody: who looked then could neither write nor take it."""
    asked: list[str] = []

    def put_back(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)
        if len(asked) == asked_before + 1:
            desk.put_back(claimed, anna)

    event.listen(engine, "before_cursor_execute", put_back)
    try:
        file = desk.file(claimed)
    finally:
        event.remove(engine, "before_cursor_execute", put_back)
    assert len(asked) > asked_before
    assert file
    assert (file.entry.state, file.entry.holder) in {(WITH_STAFF, anna), (WAITING, None)}


def test_a_chat_is_closed_with_its_outcome_and_topic(desk: Desk, engine: Engine, claimed: int, chat: Chat, anna: Member) -> None:
    desk.close(claimed, anna, "helped", "housing")
    assert desk.view(chat.id).state == "closed"
    (row,) = rows(engine, Handover)
    assert (row.outcome, row.topic) == ("helped", "housing")
    assert desk.ask(chat, "asked").state == "waiting"


def test_a_blocked_visitor_reaches_nobody_and_is_answered_by_the_bot(
    desk: Desk, store: ConversationStore, claimed: int, chat: Chat, anna: Member
) -> None:
    desk.close(claimed, anna, "abusive", None, block=True)
    assert store.find(chat.token).blocked
    store.write_to_desk(chat, True)
    assert not desk.accept(chat, "m9", "me again").for_desk
    assert desk.ask(chat, "asked").state == "closed"


def test_the_history_tells_who_did_what(desk: Desk, claimed: int, anna: Member) -> None:
    desk.close(claimed, anna, "helped", None)
    file = desk.file(claimed)
    assert file is not None
    assert [(change.reason, change.by) for change in file.changes] == [("asked", ""), ("claimed", "Anna"), ("helped", "Anna")]


# ---- Leaving a message


def test_the_next_text_after_asking_to_is_a_message_for_the_desk(
    desk: Desk, store: ConversationStore, chat: Chat, alerts: list[str]
) -> None:
    store.write_to_desk(chat, True)
    accepted = desk.accept(chat, "m2", "please help me with a letter")
    assert (accepted.for_desk, accepted.left) == (True, True)
    assert desk.view(chat.id).state == "message_left"
    assert alerts == ["message"]
    assert not desk.accept(chat, "m3", "where can I eat").for_desk


def test_a_choice_pressed_instead_is_no_message(desk: Desk, store: ConversationStore, chat: Chat) -> None:
    store.write_to_desk(chat, True)
    assert not desk.accept(chat, "m2", "choice:topic:food", choice=True).for_desk
    assert not desk.accept(chat, "m3", "where can I eat").for_desk
    assert desk.view(chat.id).state == "none"


def test_a_message_can_be_taken_back_with_the_number_left(desk: Desk, engine: Engine, store: ConversationStore, chat: Chat) -> None:
    store.write_to_desk(chat, True)
    desk.accept(chat, "m2", "a letter")
    desk.leave_callback(chat, "07700 900123")
    assert desk.stop(chat).state == "none"
    assert desk.queue() == []
    assert rows(engine, Callback) == []


def test_a_message_sent_again_is_left_once(desk: Desk, engine: Engine, store: ConversationStore, chat: Chat) -> None:
    store.write_to_desk(chat, True)
    assert desk.accept(chat, "m2", "a letter").left
    assert desk.accept(chat, "m2", "a letter").left
    assert changes(engine) == [("none", "message_left", "visitor")]


def test_a_message_is_taken_answered_and_found_with_its_code(
    desk: Desk, engine: Engine, store: ConversationStore, chat: Chat, anna: Member, clock: Clock
) -> None:
    store.write_to_desk(chat, True)
    desk.accept(chat, "m2", "a letter")
    reference = desk.view(chat.id).reference
    assert reference
    clock.pass_by(days=1)
    handover = id_of(engine, chat)
    desk.claim(handover, anna)
    desk.say(handover, anna, "s1", "text", {"text": "come on Monday"})
    desk.close(handover, anna, "answered", "housing")
    assert desk.view(chat.id).state == "answered"
    again = store.open_again(reference)
    assert [said.kind for said in desk.said(again.id, again.after_desk)] == ["joined", "text", "closed"]
    assert store.exchanges(again) == []


def test_an_answer_to_a_phrase_reaches_the_desk_after_staff_have_gone(
    desk: Desk, engine: Engine, store: ConversationStore, chat: Chat, anna: Member
) -> None:
    store.write_to_desk(chat, True)
    desk.accept(chat, "m2", "a letter")
    desk.claim(id_of(engine, chat), anna)
    desk.close(id_of(engine, chat), anna, "answered", None)
    assert desk.accept(chat, "m3", "choice:answer:yes", choice=True, to_desk=True).left
    assert desk.view(chat.id).state == "message_left"


# ---- The code


def test_on_another_device_nothing_is_shown_that_was_said_before(
    desk: Desk, store: ConversationStore, claimed: int, chat: Chat, anna: Member
) -> None:
    desk.say(claimed, anna, "s1", "text", {"text": "seen already"})
    desk.acknowledge(chat, 2)
    desk.say(claimed, anna, "s2", "text", {"text": "new"})
    again = store.open_again(str(desk.view(chat.id).reference))
    assert again.token != chat.token
    assert [said.body["text"] for said in desk.said(again.id, again.after_desk)] == ["new"]
    assert store.exchanges(again) == []
    desk.accept(again, "m5", "I am here now")
    assert [exchange.text for exchange in store.exchanges(again)] == ["I am here now"]


def test_the_first_device_goes_on_and_sees_all(desk: Desk, store: ConversationStore, claimed: int, chat: Chat) -> None:
    again = store.open_again(str(desk.view(chat.id).reference))
    desk.accept(again, "m5", "from the other phone")
    assert [exchange.text for exchange in store.exchanges(store.find(chat.token))] == [WORDS, "from the other phone"]


def test_what_is_written_on_one_device_is_not_shown_on_one_that_typed_the_code(
    desk: Desk, store: ConversationStore, claimed: int, chat: Chat
) -> None:
    again = store.open_again(str(desk.view(chat.id).reference))
    desk.accept(chat, "m5", "a secret written afterwards")
    assert store.exchanges(again) == []
    assert again.rasa_id != chat.rasa_id, "nor does the assistant remember it there"


def test_erasing_from_any_device_erases_every_name_inside_rasa(desk: Desk, store: ConversationStore, claimed: int, chat: Chat) -> None:
    again = store.open_again(str(desk.view(chat.id).reference))
    names = store.rasa_ids(again)
    assert set(names) == {chat.rasa_id, again.rasa_id}
    store.erase(names[:1])
    assert set(store.pending_erasures()) == set(names)


def test_what_rasa_remembers_of_nobody_here_is_told_from_what_it_remembers_of_a_device(
    desk: Desk, store: ConversationStore, claimed: int, chat: Chat
) -> None:
    again, gone = store.open_again(str(desk.view(chat.id).reference)), store.start()
    store.erase([gone.rasa_id])
    assert store.unknown([chat.rasa_id, again.rasa_id, gone.rasa_id, "a-stranger"]) == [gone.rasa_id, "a-stranger"]


def test_what_has_arrived_is_never_more_than_there_is(desk: Desk, store: ConversationStore, claimed: int, chat: Chat, anna: Member) -> None:
    desk.acknowledge(chat, 999)
    desk.say(claimed, anna, "s1", "text", {"text": "new"})
    again = store.open_again(str(desk.view(chat.id).reference))
    assert [said.kind for said in desk.said(again.id, again.after_desk)] == ["text"]


def test_a_code_that_nobody_has_opens_nothing(store: ConversationStore, desk: Desk, waiting: int) -> None:
    with pytest.raises(UnknownConversation):
        store.open_again("0000000000")


def test_a_code_shown_at_the_desk_takes_a_chat_that_is_with_the_bot(desk: Desk, waiting: int, chat: Chat, anna: Member) -> None:
    desk.stop(chat)
    with pytest.raises(AlreadyTaken):
        desk.claim(waiting, anna)
    desk.claim(waiting, anna, by_code=True)
    assert desk.view(chat.id).holder == "Anna"


def test_a_code_takes_no_chat_from_somebody_else(desk: Desk, claimed: int, ben: Member) -> None:
    with pytest.raises(AlreadyTaken, match="Anna"):
        desk.claim(claimed, ben, by_code=True)


def test_a_chat_begun_at_the_desk_is_opened_with_its_code_and_shows_what_was_written_for_it(
    desk: Desk, store: ConversationStore, anna: Member
) -> None:
    handover = desk.start(anna, "uk", "rasa-id")
    desk.say(handover, anna, "s1", "text", {"text": "welcome"})
    (entry,) = desk.queue()
    again = store.open_again(entry.reference)
    assert again.language == "uk"
    assert [said.kind for said in desk.said(again.id, again.after_desk)] == ["joined", "text"]


# ---- Calling back


def test_a_number_is_unreadable_in_the_database_and_shown_to_the_holder_alone(
    desk: Desk, engine: Engine, claimed: int, chat: Chat, anna: Member, ben: Member
) -> None:
    assert desk.leave_callback(chat, "07700 900123")
    with engine.connect() as connection:
        kept = str(connection.execute(text("SELECT contact FROM callback")).scalar())
    assert "900123" not in kept
    with pytest.raises(NotTheirs):
        desk.contact(claimed, ben)
    assert desk.contact(claimed, anna) == "07700 900123"
    file = desk.file(claimed)
    assert file is not None
    assert file.changes[-1].reason == "contact_seen"


@pytest.mark.parametrize("end", ["close", "stop"])
def test_a_number_is_deleted_at_the_end(desk: Desk, engine: Engine, claimed: int, chat: Chat, anna: Member, end: str) -> None:
    desk.leave_callback(chat, "07700 900123")
    {
        "close": lambda: desk.close(claimed, anna, "helped", None),
        "stop": lambda: desk.stop(chat),
    }[end]()
    assert rows(engine, Callback) == []


def test_a_number_is_taken_only_where_somebody_is_asked_for(desk: Desk, engine: Engine, chat: Chat) -> None:
    assert not desk.leave_callback(chat, "07700 900123")
    assert rows(engine, Callback) == []


# ---- Who is gone


def test_a_chat_goes_back_to_the_queue_when_its_holder_has_been_gone_for_long_enough(
    desk: Desk,
    engine: Engine,
    store: ConversationStore,
    claimed: int,
    chat: Chat,
    anna: Member,
    clock: Clock,
    alerts: list[str],
) -> None:
    clock.pass_by(seconds=119)
    store.stay(chat.token)
    desk.sweep()
    assert desk.view(chat.id).state == "with_staff"
    alerts.clear()
    clock.pass_by(seconds=2)
    for _ in range(2):
        desk.sweep()
    assert alerts == ["waiting"], "whoever else is on duty is fetched, once"
    assert desk.view(chat.id).state == "waiting"
    assert changes(engine)[-1] == ("with_staff", "waiting", "system")
    assert desk.said(chat.id, 1)[-1].kind == "waiting"
    with pytest.raises(NotTheirs):
        desk.say(claimed, anna, "late", "text", {"text": "I am back"})


@pytest.mark.parametrize(("minutes", "state"), [(19, "with_staff"), (24, "waiting")])
def test_a_holder_keeps_the_chat_while_the_page_is_open_and_not_idle_for_too_long(
    desk: Desk, store: ConversationStore, claimed: int, chat: Chat, clock: Clock, minutes: int, state: str
) -> None:
    session = desk.accounts.who(desk.accounts.sign_in("anna", PASSWORD, "127.0.0.1"))
    for _ in range(minutes):
        clock.pass_by(seconds=60)
        desk.accounts.beat(session.id)
        store.stay(chat.token)
        desk.sweep()
    assert desk.view(chat.id).state == state


def test_a_chat_begun_at_the_desk_that_nobody_opened_ends_with_its_holder_and_waits_for_nobody(
    desk: Desk, engine: Engine, anna: Member, clock: Clock
) -> None:
    desk.start(anna, "uk", "rasa-id")
    clock.pass_by(minutes=3)
    desk.sweep()
    assert desk.queue() == []
    assert changes(engine)[-1] == ("with_staff", "none", "system")


def test_one_chat_that_cannot_be_looked_over_keeps_no_other_waiting(
    desk: Desk, engine: Engine, store: ConversationStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = store.start(), store.start()
    desk.ask(broken, "asked")
    desk.ask(other, "asked")
    clock.pass_by(minutes=16)
    stop, wrong = desk._stop_waiting, id_of(engine, broken)

    def failing(handover_id: int, now: datetime) -> bool:
        if handover_id == wrong:
            raise RuntimeError("broken")
        return stop(handover_id, now)

    monkeypatch.setattr(desk, "_stop_waiting", failing)
    desk.sweep()
    assert desk.view(other.id).state == "message_left"


def test_after_a_start_holders_have_time_to_come_back(
    desk: Desk, engine: Engine, tmp_path: Path, store: ConversationStore, claimed: int, chat: Chat, clock: Clock
) -> None:
    clock.pass_by(hours=1)
    store_later = a_desk(engine, tmp_path, clock=clock)
    store_later.sweep()
    assert store_later.view(chat.id).state == "with_staff"
    clock.pass_by(seconds=121)
    store_later.sweep()
    assert store_later.view(chat.id).state != "with_staff"


@pytest.mark.parametrize("gone", ["left", "idle"])
def test_of_a_visitor_who_is_gone_waiting_stays_a_message(
    desk: Desk, engine: Engine, store: ConversationStore, waiting: int, chat: Chat, clock: Clock, gone: str
) -> None:
    desk.sweep()
    assert desk.view(chat.id).state == "waiting"
    if gone == "left":
        store.leave(chat)
    else:
        clock.pass_by(minutes=16)
    desk.sweep()
    assert desk.view(chat.id).state == "message_left"
    assert changes(engine)[-1] == ("waiting", "message_left", "system")


def test_when_the_desk_closes_waiting_stays_a_message_and_the_visitor_is_told(
    engine: Engine, tmp_path: Path, store: ConversationStore, clock: Clock, desk: Desk, chat: Chat
) -> None:
    closing = a_desk(engine, tmp_path, "Mo-Fr 10:00-12:01", clock)
    closing.ask(chat, "asked")
    closing.sweep()
    assert closing.view(chat.id).state == "waiting"
    clock.pass_by(minutes=1)
    closing.sweep()
    assert closing.view(chat.id).state == "message_left"
    # The clock of these tests stands on a Monday.
    assert closing.said(chat.id, 0)[-1].body == {"reason": "desk_closed", "opens_at": "2026-12-01T10:00:00+00:00"}


def test_what_staff_write_keeps_the_visitors_page_open_and_puts_off_the_end_of_what_is_kept(
    desk: Desk, engine: Engine, store: ConversationStore, claimed: int, chat: Chat, anna: Member, clock: Clock
) -> None:
    clock.pass_by(minutes=14)
    desk.say(claimed, anna, "s1", "text", {"text": "one moment"})
    clock.pass_by(minutes=14)
    assert store.find(chat.token).id == chat.id
    (row,) = rows(engine, Conversation)
    assert row.last_seen_at.replace(tzinfo=clock.now.tzinfo) == clock.now - timedelta(minutes=14)


# ---- What is promised


@pytest.mark.parametrize(
    ("hours", "present", "live"),
    [("Mo-Fr 10:00-16:00", True, True), ("Mo-Fr 10:00-16:00", False, False), ("Mo-Fr 13:00-16:00", True, False), ("", True, False)],
)
def test_a_chat_is_live_only_in_hours_and_with_somebody_there(
    engine: Engine, tmp_path: Path, clock: Clock, hours: str, present: bool, live: bool
) -> None:
    desk = a_desk(engine, tmp_path, hours, clock)
    desk.accounts.add("ben", "Ben", "staff", PASSWORD)
    if present:
        a_member(desk, "Anna")
    status = desk.status()
    assert status.live is live
    assert status.staffed


@pytest.mark.parametrize(
    "gone", [lambda desk, session: desk.accounts.set_at_desk(session, False), lambda desk, session: desk.accounts.disable("anna")]
)
def test_who_says_to_be_away_or_may_not_sign_in_is_not_there(
    engine: Engine, tmp_path: Path, clock: Clock, gone: Callable[[Desk, int], None]
) -> None:
    desk = a_desk(engine, tmp_path, clock=clock)
    desk.accounts.add("anna", "Anna", "staff", PASSWORD)
    session = desk.accounts.who(desk.accounts.sign_in("anna", PASSWORD, "127.0.0.1")).id
    desk.accounts.beat(session)
    assert desk.status().live
    gone(desk, session)
    assert not desk.status().live


def test_without_accounts_nobody_will_ever_read_a_message(desk: Desk) -> None:
    assert not desk.status().staffed


# ---- Practice, safeguarding, what is wrong


def test_a_practice_chat_is_shown_to_its_owner_alone_and_counts_nowhere(desk: Desk, anna: Member, ben: Member, alerts: list[str]) -> None:
    handover = desk.start(anna, "ar", "rasa-id", "housing_arabic")
    desk.practise(handover, "line-0", "مرحبا")
    assert [entry.practice for entry in desk.queue(anna.id)] == [True]
    assert desk.queue(ben.id) == []
    assert desk.status().queue == 0
    assert alerts == []
    desk.claim(handover, anna)
    file = desk.file(handover)
    assert file is not None
    assert [exchange.text for exchange in file.exchanges] == ["مرحبا"]


def test_a_line_of_practice_is_said_once(desk: Desk, anna: Member) -> None:
    handover = desk.start(anna, "ar", "rasa-id", "housing_arabic")
    desk.practise(handover, "line-0", "مرحبا")
    desk.practise(handover, "line-0", "مرحبا")
    file = desk.file(handover)
    assert file is not None
    assert len(file.exchanges) == 1


def test_nobody_can_put_words_into_a_real_visitors_mouth(desk: Desk, claimed: int, chat: Chat, store: ConversationStore) -> None:
    desk.practise(claimed, "line-0", "made up")
    assert [exchange.text for exchange in store.exchanges(chat)] == [WORDS]


def test_the_record_of_a_concern_outlives_the_chat(
    desk: Desk, engine: Engine, store: ConversationStore, claimed: int, chat: Chat, anna: Member
) -> None:
    desk.escalate(claimed, anna, "child", "Olga, 01223 555123", "called her at once")
    store.erase([chat.rasa_id])
    (record,) = rows(engine, Escalation)
    assert (record.concern, record.contact, record.staff_id) == ("child", "Olga, 01223 555123", anna.id)
    assert rows(engine, Handover) == []


def test_a_record_reported_twice_is_told_once_until_it_is_settled(desk: Desk, anna: Member, ben: Member) -> None:
    desk.reports.report_wrong(anna, "service", "s-1", "moved")
    desk.reports.report_wrong(ben, "service", "s-1", "and the number is old")
    (report,) = desk.reports.wrong_records()
    assert report["note"] == "moved\nand the number is old"
    assert not desk.reports.settle_wrong(report["id"], len("moved")), "somebody has added to it since"
    assert desk.reports.wrong_records() == [report]
    assert desk.reports.settle_wrong(report["id"], len(report["note"]))
    assert desk.reports.wrong_records() == []
    desk.reports.report_wrong(ben, "service", "s-1", "")
    assert len(desk.reports.wrong_records()) == 1


def test_a_report_is_forgotten_years_after_it_was_settled_and_never_before(desk: Desk, engine: Engine, anna: Member, clock: Clock) -> None:
    desk.reports.report_wrong(anna, "service", "s-1", "moved")
    clock.pass_by(days=8 * 366)
    desk.reports.forget_settled(7)
    (report,) = desk.reports.wrong_records()
    desk.reports.settle_wrong(report["id"], len(report["note"]))
    clock.pass_by(days=7 * 365)
    desk.reports.forget_settled(7)
    assert len(rows(engine, WrongRecord)) == 1
    clock.pass_by(days=3)
    desk.reports.forget_settled(7)
    assert rows(engine, WrongRecord) == []


# ---- The end


def test_erasing_a_chat_erases_its_handover_and_all_that_was_said(
    desk: Desk, engine: Engine, store: ConversationStore, claimed: int, chat: Chat, anna: Member
) -> None:
    desk.say(claimed, anna, "s1", "text", {"text": "hello"})
    desk.note(claimed, anna, "a note")
    desk.leave_callback(chat, "07700 900123")
    store.erase([chat.rasa_id])
    with engine.connect() as connection:
        for table in ("conversation", "access", "message", "desk_message", "handover", "handover_transition", "handover_note", "callback"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
    assert desk.file(claimed) is None
    for deed in (lambda: desk.claim(claimed, anna), lambda: desk.say(claimed, anna, "s2", "text", {"text": "hello"})):
        with pytest.raises(UnknownConversation):
            deed()


def counted(engine: Engine) -> dict[tuple[str, str, str, str], int]:
    with Session(engine, future=True) as session:
        rows = session.execute(select(Tally)).scalars()
        return {(row.what, row.topic, row.place, row.language): row.count for row in rows}


def test_who_begins_to_wait_is_counted_with_what_the_chat_was_about_and_where(
    engine: Engine, tmp_path: Path, clock: Clock, store: ConversationStore
) -> None:
    desk = a_desk(engine, tmp_path, clock=clock, district=lambda place: {"Ely": "east_cambridgeshire"}.get(place or "", ""))
    chat = store.start()
    desk.accept(chat, "m1", WORDS)
    store.record(chat, "m1", {"understood": {"topic": "housing", "place": "Ely"}, "replies": []}, "ar", None)
    for _ in range(2):
        desk.ask(chat, "asked")
    assert counted(engine) == {("waited", "housing", "east_cambridgeshire", "ar"): 1}


def test_a_message_that_is_left_is_counted_once_however_it_came_about(
    engine: Engine, desk: Desk, store: ConversationStore, chat: Chat, clock: Clock
) -> None:
    desk.accept(chat, "m2", WORDS, to_desk=True)
    desk.accept(chat, "m3", WORDS, to_desk=True)
    assert counted(engine) == {("left", "housing", "", "ar"): 1}
    desk.ask(chat, "asked")
    clock.pass_by(minutes=60)
    desk.sweep()
    assert desk.view(chat.id).state == "message_left"
    assert counted(engine) == {("left", "housing", "", "ar"): 2, ("waited", "housing", "", "ar"): 1}


def test_a_message_that_staff_took_and_let_go_of_is_not_counted_again(
    engine: Engine, desk: Desk, chat: Chat, anna: Member, clock: Clock
) -> None:
    desk.accept(chat, "m2", WORDS, to_desk=True)
    desk.claim(id_of(engine, chat), anna)
    clock.pass_by(minutes=60)
    for _ in range(2):
        desk.sweep()
    assert [change[1:] for change in changes(engine)[-2:]] == [("waiting", "system"), ("message_left", "system")]
    assert counted(engine) == {("left", "housing", "", "ar"): 1}


def test_what_staff_do_with_a_chat_is_not_counted(engine: Engine, desk: Desk, waiting: int, anna: Member) -> None:
    before = counted(engine)
    desk.claim(waiting, anna)
    desk.put_back(waiting, anna)
    desk.claim(waiting, anna)
    desk.close(waiting, anna, "answered", None)
    assert counted(engine) == before


def test_practice_is_not_counted(engine: Engine, desk: Desk, anna: Member) -> None:
    desk.start(anna, "fa", "a-rasa-id", "worried_farsi")
    assert counted(engine) == {}


# ---- While the handover is switched off


class Brake:
    """An off switch of the handover."""

    off = False

    def __call__(self) -> bool:
        return self.off


@pytest.fixture
def brake() -> Brake:
    return Brake()


@pytest.fixture
def braked(engine: Engine, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, brake: Brake) -> Desk:
    """A desk with an off switch."""
    monkeypatch.setattr("bot.conversation.store.utc_now", clock)
    return a_desk(engine, tmp_path, clock=clock, is_off=brake)


def test_while_it_is_off_no_new_chat_begins_and_no_message_is_left(
    engine: Engine, braked: Desk, store: ConversationStore, brake: Brake
) -> None:
    anna = a_member(braked, "Anna")
    assert braked.status().takes_chats
    brake.off = True
    status = braked.status()
    assert (status.live, status.takes_chats, status.takes_messages) == (True, False, False)
    chat = store.start()
    with pytest.raises(DeskOff):
        braked.ask(chat, "asked")
    store.write_to_desk(chat, True)
    accepted = braked.accept(chat, "m1", WORDS)
    assert (accepted.for_desk, accepted.left, accepted.turned_away) == (False, False, True)
    store.record(chat, "m1", AN_ANSWER, "en", None, by_desk=True)
    assert not braked.accept(chat, "m2", WORDS).turned_away, "the next words are not a message to staff"
    with pytest.raises(DeskOff):
        braked.start(anna, "uk", "rasa-1")
    assert braked.start(anna, "ar", "rasa-2", scenario="housing_arabic"), "practising goes on"
    assert changes(engine) == [("none", "waiting", "visitor")], "the made-up visitor's alone"


@pytest.mark.parametrize("button", [False, True])
def test_what_was_turned_away_and_not_answered_is_for_staff_still_when_it_is_sent_again(
    engine: Engine, braked: Desk, store: ConversationStore, brake: Brake, button: bool
) -> None:
    a_member(braked, "Anna")
    words = f"{CHOICE}answer:yes" if button else WORDS
    chat = store.start()
    store.write_to_desk(chat, not button)
    brake.off = True
    for _ in range(2):
        accepted = braked.accept(chat, "m1", words, choice=button, to_desk=button)
        assert (accepted.for_desk, accepted.turned_away) == (False, True)
    brake.off = False
    accepted = braked.accept(chat, "m1", words, choice=button, to_desk=button)
    assert (accepted.for_desk, accepted.left, accepted.turned_away) == (True, True, False)
    assert braked.view(chat.id).state == "message_left"
    assert changes(engine) == [("none", "message_left", "visitor")]
    assert not store.record(chat, "m1", AN_ANSWER, "en", None)
    assert store.record(chat, "m1", AN_ANSWER, "en", None, by_desk=True)
    braked.stop(chat)
    assert not braked.accept(chat, "m2", WORDS).for_desk


def test_while_it_is_off_who_waited_and_what_was_left_is_still_answered(
    engine: Engine, braked: Desk, store: ConversationStore, brake: Brake
) -> None:
    anna = a_member(braked, "Anna")
    waits, left, over = store.start(), store.start(), store.start()
    braked.ask(waits, "asked")
    store.write_to_desk(left, True)
    braked.accept(left, "m1", WORDS)
    braked.ask(over, "asked")
    braked.claim(id_of(engine, over), anna)
    braked.close(id_of(engine, over), anna, "helped", None)
    brake.off = True
    for chat in (waits, left):
        braked.claim(id_of(engine, chat), anna)
        braked.say(id_of(engine, chat), anna, "s1", "text", {"text": "Hello", "lang": "en"})
    braked.put_back(id_of(engine, waits), anna)
    assert braked.wait_as_message(waits).state == "message_left"
    with pytest.raises(DeskOff):
        braked.claim(id_of(engine, over), anna, by_code=True)
    brake.off = False
    braked.claim(id_of(engine, over), anna, by_code=True)
    assert braked.view(over.id).state == "with_staff"
