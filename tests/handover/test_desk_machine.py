"""The desk under whatever visitors, staff, the clock and the sweep do in whatever order: what always holds, tried on many made-up days."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation, Message
from bot.conversation.store import Chat, ConversationStore
from bot.database import open_database
from bot.errors import AlreadyTaken, DeskOff, NotHeard, NotTheirs, UnknownConversation
from bot.handover.accounts import Member
from bot.handover.models import Callback, DeskMessage, Handover, Transition
from bot.handover.states import NONE, OPEN, TRANSITIONS, WAITING, WITH_STAFF
from tests.builders import PASSWORD, Clock, a_desk, a_member

ANSWER: dict[str, Any] = {"understood": {"topic": "housing", "urgent": None}, "replies": [{"kind": "text", "text": "Hello"}]}
REFUSED = (AlreadyTaken, NotTheirs, NotHeard, UnknownConversation)
URGENT = st.sampled_from([None, None, None, "domestic_abuse"])


class DeskDays(RuleBasedStateMachine):
    """Days at a desk that is open from ten to four, with Anna and Ben; ``written`` is what each visitor has written, in order."""

    chats = Bundle("chats")
    members = Bundle("members")
    unanswered = Bundle("unanswered")
    empty: Path

    @initialize(target=members)
    def open_the_desk(self) -> Any:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copyfile(self.empty, self.folder / "desk.db")
        self.engine = open_database(f"sqlite:///{self.folder / 'desk.db'}")
        self.clock = Clock()
        self.off = False
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("bot.conversation.store.utc_now", self.clock)
        self.desk = a_desk(self.engine, self.folder, hours="Mo-Fr 10:00-16:00", clock=self.clock, is_off=lambda: self.off)
        self.store = ConversationStore(self.engine, idle_minutes=15)
        self.written: dict[int, list[str]] = {}
        self.kept_from_the_bot: set[tuple[int, str]] = set()
        self.number = 0
        return multiple(*(a_member(self.desk, name) for name in ("Anna", "Ben")))

    def teardown(self) -> None:
        self.engine.dispose()
        self.patch.undo()
        shutil.rmtree(self.folder)

    def _rows(self, model: Any, *which: Any) -> list[Any]:
        with Session(self.engine, future=True) as session:
            return list(session.execute(select(model).where(*which).order_by(model.id)).scalars())

    def _handover(self, chat: Chat) -> Any:
        return next(iter(self._rows(Handover, Handover.conversation_id == chat.id)), None)

    def _state(self, chat: Chat) -> str:
        row = self._handover(chat)
        return str(row.state) if row else NONE

    def _new(self) -> str:
        self.number += 1
        return f"m{self.number}"

    # ---- Visitors

    @rule(target=chats)
    def begin(self) -> Chat:
        chat = self.store.start()
        self.written[chat.id] = []
        return chat

    @rule(target=unanswered, chat=chats, urgent=URGENT, to_desk=st.booleans())
    def write(self, chat: Chat, urgent: str | None, to_desk: bool) -> Any:
        state, name = self._state(chat), self._new()
        if to_desk:
            self.store.write_to_desk(chat, True)
        accepted = self.desk.accept(chat, name, f"words {name}", urgent)
        self.written[chat.id].append(f"words {name}")
        if self.off and state not in OPEN:
            assert not accepted.for_desk, "a message was taken while the handover is off"
            assert accepted.turned_away or not to_desk or self._blocked(chat)
        if state == WITH_STAFF:
            assert accepted.for_desk, "the bot would answer a chat that staff have"
        if accepted.for_desk:
            self.kept_from_the_bot.add((chat.id, accepted.message_id))
            return multiple()
        return chat, accepted.message_id

    @rule(one=consumes(unanswered))
    def the_bot_answers(self, one: tuple[Chat, str]) -> None:
        chat, name = one
        row = next(iter(self._rows(Message, Message.conversation_id == chat.id, Message.message_id == name)))
        claimed = row.for_desk
        stands = self.store.record(chat, name, {**ANSWER, "by": "bot"}, "ar", None)
        assert stands is not claimed, "the bot's answer stands just where nobody has taken the chat meanwhile"

    @rule(one=unanswered)
    def send_again(self, one: tuple[Chat, str]) -> None:
        chat, name = one
        state = self._state(chat)
        accepted = self.desk.accept(chat, name, f"words {name}")
        if state == WITH_STAFF and accepted.answer is None:
            assert accepted.for_desk

    @rule(chat=chats)
    def ask_for_a_person(self, chat: Chat) -> None:
        before = self._state(chat)
        try:
            view = self.desk.ask(chat, "asked")
        except DeskOff:
            assert self.off
            assert self._state(chat) == before not in OPEN
            return
        assert view.state == (before if before == WITH_STAFF else WAITING) or self._blocked(chat)

    def _blocked(self, chat: Chat) -> bool:
        return bool(self._rows(Conversation, Conversation.id == chat.id)[0].blocked)

    @rule(chat=chats)
    def stop(self, chat: Chat) -> None:
        assert self.desk.stop(chat).state not in OPEN

    @rule(chat=chats)
    def wait_no_longer(self, chat: Chat) -> None:
        self.desk.wait_as_message(chat)

    @rule(chat=chats)
    def leave_a_number(self, chat: Chat) -> None:
        assert self.desk.leave_callback(chat, "07700 900123") is (self._state(chat) in OPEN)

    @rule(chat=chats, number=st.integers(0, 6))
    def hear(self, chat: Chat, number: int) -> None:
        self.desk.acknowledge(chat, number)

    @rule(chat=chats)
    def stay(self, chat: Chat) -> None:
        with suppress(UnknownConversation):
            self.store.stay(chat.token)

    @rule(chat=chats)
    def leave(self, chat: Chat) -> None:
        self.store.leave(chat)

    @rule(target=chats, chat=chats)
    def open_by_code(self, chat: Chat) -> Any:
        row = self._handover(chat)
        if row is None:
            return multiple()
        again = self.store.open_again(row.reference)
        assert again.id == chat.id
        return again

    # ---- Staff

    @rule(chat=chats, member=members, by_code=st.booleans())
    def claim(self, chat: Chat, member: Member, by_code: bool) -> None:
        row = self._handover(chat)
        if row is None:
            return
        try:
            self.desk.claim(row.id, member, by_code)
        except AlreadyTaken:
            assert row.state not in (WAITING,) or row.staff_id
            return
        except DeskOff:
            assert self.off
            assert row.state not in OPEN
            return
        now = self._handover(chat)
        assert (now.state, now.staff_id) == (WITH_STAFF, member.id)
        assert row.state != WITH_STAFF or row.staff_id == member.id, "taken away from its holder"

    @rule(
        chat=chats,
        member=members,
        deed=st.sampled_from(["say", "hand_back", "put_back", "close", "answer", "block", "note", "escalate", "contact"]),
        heard_all=st.booleans(),
    )
    def do(self, chat: Chat, member: Member, deed: str, heard_all: bool) -> None:
        row = self._handover(chat)
        if row is None:
            return
        holds = row.state == WITH_STAFF and row.staff_id == member.id
        heard = len(self.written[chat.id]) if heard_all else max(0, len(self.written[chat.id]) - 1)
        deeds = {
            "say": lambda: self.desk.say(row.id, member, self._new(), "text", {"text": "Hello", "lang": "en"}),
            "hand_back": lambda: self.desk.hand_back(row.id, member, heard),
            "put_back": lambda: self.desk.put_back(row.id, member),
            "close": lambda: self.desk.close(row.id, member, "other", None, heard=heard),
            "answer": lambda: self.desk.close(row.id, member, "answered", "food", heard=heard),
            "block": lambda: self.desk.close(row.id, member, "abusive", None, block=True),
            "note": lambda: self.desk.note(row.id, member, "a note"),
            "escalate": lambda: self.desk.escalate(row.id, member, "child", "Olga", "called"),
            "contact": lambda: self.desk.contact(row.id, member),
        }
        try:
            deeds[deed]()
        except NotTheirs:
            assert not holds
        except NotHeard:
            assert holds
            assert not heard_all
        else:
            assert holds, "done by somebody who does not have the chat"

    @rule(member=members)
    def be_there(self, member: Member) -> None:
        session = self.desk.accounts.who(self.desk.accounts.sign_in(member.username, PASSWORD, "127.0.0.1"))
        self.desk.accounts.beat(session.id)

    @rule(member=members)
    def start_at_the_desk(self, member: Member) -> None:
        if self.off:
            with pytest.raises(DeskOff):
                self.desk.start(member, "uk", f"rasa-{self._new()}")
            return
        number = self.desk.start(member, "uk", f"rasa-{self._new()}")
        row = self._rows(Handover, Handover.id == number)[0]
        self.written[row.conversation_id] = []
        assert (row.state, row.staff_id) == (WITH_STAFF, member.id)

    @rule(member=members)
    def practise(self, member: Member) -> None:
        number = self.desk.start(member, "ar", f"rasa-{self._new()}", scenario="housing_arabic")
        self.written[self._rows(Handover, Handover.id == number)[0].conversation_id] = []
        assert number not in [entry.id for entry in self.desk.queue()]
        assert number in [entry.id for entry in self.desk.queue(member.id)]

    # ---- Officers

    @rule()
    def switch(self) -> None:
        self.off = not self.off

    # ---- Time

    @rule(minutes=st.sampled_from([0.5, 1, 3, 14, 16, 60, 300, 1500]))
    def time_passes(self, minutes: float) -> None:
        self.clock.pass_by(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        self.desk.sweep()
        is_open = self.desk.hours.is_open(self.clock())
        for row in self._rows(Handover, Handover.practice.is_(False)):
            if row.state == WAITING:
                assert is_open, "somebody waits at a desk that is closed"
        before = [(row.id, row.state, row.staff_id) for row in self._rows(Handover)]
        self.desk.sweep()
        assert [(row.id, row.state, row.staff_id) for row in self._rows(Handover)] == before, "a second sweep finds nothing to do"

    # ---- What always holds

    @invariant()
    def one_holder(self) -> None:
        if not hasattr(self, "engine"):
            return
        for row in self._rows(Handover):
            assert (row.staff_id is not None) == (row.state == WITH_STAFF or row.practice), (row.state, row.staff_id)

    @invariant()
    def only_changes_that_there_are(self) -> None:
        if not hasattr(self, "engine"):
            return
        state: dict[int, str] = {}
        for change in self._rows(Transition):
            assert change.from_state == state.get(change.handover_id, NONE)
            assert change.from_state == change.to_state or change.actor in TRANSITIONS[change.from_state, change.to_state]
            state[change.handover_id] = change.to_state
        for row in self._rows(Handover):
            assert row.state == state.get(row.id, NONE)

    @invariant()
    def nothing_is_lost_and_nothing_is_there_twice(self) -> None:
        if not hasattr(self, "engine"):
            return
        found: dict[int, list[str]] = {number: [] for number in self.written}
        for message in self._rows(Message):
            found[message.conversation_id].append(message.text)
        assert found == self.written
        said: dict[int, list[int]] = {}
        for one in self._rows(DeskMessage):
            said.setdefault(one.conversation_id, []).append(one.number)
        assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in said.values())

    @invariant()
    def the_bot_answers_nothing_that_was_staffs(self) -> None:
        if not hasattr(self, "engine"):
            return
        for message in self._rows(Message):
            if (message.conversation_id, message.message_id) in self.kept_from_the_bot:
                assert not (message.answer or {}).get("by")

    @invariant()
    def codes_are_unique_and_the_queue_is_what_is_open(self) -> None:
        if not hasattr(self, "engine"):
            return
        rows = self._rows(Handover)
        assert len({row.reference for row in rows}) == len(rows)
        assert {entry.id for entry in self.desk.queue()} == {row.id for row in rows if row.state in OPEN and not row.practice}

    @invariant()
    def a_number_to_call_is_kept_no_longer_than_it_is_needed(self) -> None:
        if not hasattr(self, "engine"):
            return
        is_open = {row.id for row in self._rows(Handover) if row.state in OPEN}
        with Session(self.engine, future=True) as session:
            assert set(session.execute(select(Callback.handover_id)).scalars()) <= is_open


def test_whatever_happens_at_the_desk_in_whatever_order(migrated_file: Path) -> None:
    DeskDays.empty = migrated_file
    case = DeskDays.TestCase()
    case.settings = settings(max_examples=25, stateful_step_count=30)
    case.runTest()
