"""The desk: who answers a chat, and everything that happens between a visitor and staff.

The row in ``handover`` is the truth. Whatever changes it is one transaction that locks the conversation first, changes the row only from
the state it was thought to be in, and writes down who did it and when; so of two who claim at once one wins, and a process that dies
in the middle leaves all or nothing behind.
"""

import hashlib
import logging
import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.codes import NEEDS
from bot.conversation.models import Access, Conversation, Message
from bot.conversation.store import CHOICE, Chat, exchange_of, lock, message_of
from bot.conversation.tally import LEFT, WAITED, Count, add, language_counted
from bot.errors import AlreadyTaken, DeskOff, NotHeard, NotTheirs, UnknownConversation
from bot.handover.accounts import STAFF as LIBRARIAN
from bot.handover.accounts import Accounts, Member
from bot.handover.callback import Vault
from bot.handover.hours import DeskHours
from bot.handover.models import Callback, DeskMessage, Escalation, Handover, Note, Staff, Transition
from bot.handover.reference import new_reference
from bot.handover.reports import Reports
from bot.handover.states import ANSWERED, CLOSED, MESSAGE_LEFT, NONE, OPEN, STAFF, SYSTEM, TRANSITIONS, VISITOR, WAITING, WITH_STAFF
from bot.handover.views import Accepted, Change, DeskStatus, Entry, File, Remark, Said, View
from bot.moments import SKEW, seen, utc_now

log = logging.getLogger(__name__)
SENT_TWICE = timedelta(minutes=5)
"""Within so long the same note or record of one member of staff is one, sent again because its page did not come."""
LAST_ANSWERS = 12
"""How far back a chat is looked at for what it is about."""


class Desk:
    """The desk over the database. ``gone_after`` is how long a holder may be away before the chat goes back to the queue.

    ``changed`` is called after whatever may be seen somewhere else, ``alert`` with ``waiting``, ``message`` or ``urgent`` where staff
    should know of it; ``district`` gives the key of the district that a place (by its English name) is in; ``is_off`` tells whether
    officers have switched the handover off. The clock can be another in tests.
    """

    def __init__(
        self,
        engine: Engine,
        accounts: Accounts,
        hours: DeskHours,
        vault: Vault,
        idle: timedelta,
        gone_after: timedelta,
        changed: Callable[[], None] = lambda: None,
        alert: Callable[[str], None] = lambda kind: None,
        clock: Callable[[], datetime] = utc_now,
        district: Callable[[str | None], str] = lambda place: "",
        is_off: Callable[[], bool] = lambda: False,
    ) -> None:
        self._engine = engine
        self.accounts = accounts
        self.hours = hours
        self._vault = vault
        self._idle = idle
        self._gone_after = gone_after
        self._changed = changed
        self._alert = alert
        self._clock = clock
        self._district = district
        self._is_off = is_off
        self.reports = Reports(engine, clock)
        # Nobody could say "I am here" while this process was down.
        self._started = clock()

    def _session(self) -> Session:
        return Session(self._engine, future=True)

    # ---- What anybody may know

    def status(self) -> DeskStatus:
        """Give whether somebody is at the desk now, and when otherwise."""
        moment = self._clock()
        is_open = self.hours.is_open(moment)
        with self._session() as session:
            librarians = (Staff.disabled_at.is_(None), Staff.role == LIBRARIAN)
            staffed = session.execute(select(func.count(Staff.id)).where(*librarians)).scalar() or 0
            queue = session.execute(select(func.count(Handover.id)).where(Handover.state == WAITING, Handover.practice.is_(False))).scalar()
        return DeskStatus(
            staffed=bool(staffed),
            open=is_open,
            present=len(self.accounts.present()) if is_open else 0,
            closes_at=self.hours.closes_at(moment),
            opens_at=self.hours.opens_at(moment),
            queue=queue or 0,
            off=self._is_off(),
        )

    # ---- What a visitor does

    def view(self, chat_id: int) -> View:
        """Give the handover of a conversation as its visitor may know it."""
        with self._session() as session:
            row = _row(session, chat_id)
            if row is None:
                return View()
            holder = session.get(Staff, row.staff_id).name if row.staff_id and row.state == WITH_STAFF else ""
            place = 0
            if row.state == WAITING:
                waiting = select(Handover.id).where(Handover.state == WAITING, Handover.practice == row.practice)
                before = list(session.execute(_queue(waiting)).scalars())
                # Somebody may have taken it between the two looks.
                place = before.index(row.id) + 1 if row.id in before else 0
            translated = select(func.count(DeskMessage.translation)).where(DeskMessage.conversation_id == chat_id)
            return View(
                state=row.state,
                reference=row.reference,
                holder=holder,
                place=place,
                asked_at=seen(row.asked_at),
                callback=session.get(Callback, row.id) is not None,
                translations=session.execute(translated).scalar() or 0,
            )

    def accept(
        self, chat: Chat, message_id: str, text: str, urgent: str | None = None, choice: bool = False, to_desk: bool = False
    ) -> Accepted:
        """Keep a message before it is answered; say who answers it, and give the answer where this ``message_id`` already has one.

        It is staff's to answer while one of them has the chat, and where the visitor has asked to leave a message and this is no
        ``choice``, or where ``to_desk`` says so. While the handover is off, nothing is left that is not part of an open one.
        Raises UnknownConversation where the conversation was erased meanwhile.
        """
        alerts = []
        with self._session() as session:
            if not lock(session, chat):
                raise UnknownConversation()
            conversation, row = session.get(Conversation, chat.id), _row(session, chat.id)
            state = row.state if row else NONE
            known = message_of(session, chat, message_id)
            words = text.split()
            if known is not None and known.answer and known.text.split() != words:
                # Other words under the id of words that were answered unseen: they are a message of their own, one however often sent.
                # (Only white space may differ of the same words: a form ends its lines otherwise than a script.)
                message_id = f"{message_id[:47]}-{hashlib.sha256(' '.join(words).encode()).hexdigest()[:16]}"
                known = message_of(session, chat, message_id)
            elif known is not None and not known.answer and known.text.startswith(CHOICE) != choice:
                # A button that was pressed under the id of words that nobody has answered yet: both are kept.
                message_id = f"{message_id[:62]}-{'c' if choice else 't'}"
                known = message_of(session, chat, message_id)
            left = turned_away = False
            writes_to_desk = bool(conversation.writes_to_desk) and not choice
            said_before = known.urgent if known is not None else None
            if known is None:
                left = state != WITH_STAFF and not conversation.blocked and (to_desk or writes_to_desk)
                turned_away = left and state not in OPEN and self._is_off()
                left = left and not turned_away
                # Sent again before its answer is kept, it is for staff still.
                conversation.writes_to_desk = turned_away and writes_to_desk
                known = Message(
                    conversation_id=chat.id,
                    access_id=chat.access_id,
                    message_id=message_id,
                    text=text,
                    urgent=urgent,
                    for_desk=state == WITH_STAFF or left,
                    received_at=self._clock(),
                )
                session.add(known)
            elif not known.answer:
                # Sent again before it was answered, perhaps in other words: the answer to come is to these.
                known.text, known.urgent = text, urgent or known.urgent
                if not known.for_desk and (to_desk or writes_to_desk) and state not in OPEN and not conversation.blocked:
                    # It was turned away, and nobody knows whether that was read.
                    turned_away = self._is_off()
                    known.for_desk, conversation.writes_to_desk = not turned_away, turned_away and writes_to_desk
                else:
                    # Staff who were to answer it have gone since: it is the bot's.
                    known.for_desk = known.for_desk and state in OPEN
                left = known.for_desk and state != WITH_STAFF
            if left:
                row = row or self._new_row(session, chat.id, "message")
                if row.state in (NONE, ANSWERED, CLOSED):
                    self._begin(session, row, "message")
                    self._move(session, row, MESSAGE_LEFT, VISITOR, None, "message")
                    alerts.append("message")
            if not known.answer and urgent and urgent != said_before and row and row.state in OPEN:
                row.urgent, row.urgent_at = urgent, self._clock()
                alerts.append("urgent")
            accepted = Accepted(dict(known.answer) if known.answer else None, known.for_desk, message_id, left, turned_away)
            concerns_desk, practice = row is not None and row.state in OPEN, bool(row and row.practice)
            session.commit()
        if concerns_desk:
            self._tell(*([] if practice else alerts))
        return accepted

    def ask(self, chat: Chat, reason: str) -> View:
        """Put a chat into the queue, where it is not there or with staff already. A blocked visitor's is left as it is.

        Raises DeskOff where it would be a new one and the handover is off.
        """
        moved = False
        with self._session() as session:
            if not lock(session, chat, writes_to_desk=False):
                raise UnknownConversation()
            row = _row(session, chat.id) or self._new_row(session, chat.id, reason)
            if row.state not in (WAITING, WITH_STAFF) and not session.get(Conversation, chat.id).blocked:
                self._check_on(row.state)
                self._begin(session, row, reason)
                self._move(session, row, WAITING, VISITOR, None, reason)
                moved = True
            session.commit()
        if moved:
            self._tell("waiting")
        return self.view(chat.id)

    def stop(self, chat: Chat) -> View:
        """Take a chat back from the queue or from staff, or a message that nobody has answered: the bot answers again."""
        with self._session() as session:
            lock(session, chat, writes_to_desk=False)
            row = _row(session, chat.id)
            if row is not None and row.state in OPEN:
                if row.state == WITH_STAFF:
                    self._say(session, chat.id, None, "returned", {"by": VISITOR})
                self._move(session, row, NONE, VISITOR, None, "stopped")
                session.execute(delete(Callback).where(Callback.handover_id == row.id))
            session.commit()
        self._tell()
        return self.view(chat.id)

    def wait_as_message(self, chat: Chat) -> View:
        """Turn waiting into a message that is answered later."""
        with self._session() as session:
            lock(session, chat)
            row = _row(session, chat.id)
            if row is not None and row.state == WAITING:
                self._move(session, row, MESSAGE_LEFT, VISITOR, None, "message")
            session.commit()
        self._tell()
        return self.view(chat.id)

    def leave_callback(self, chat: Chat, contact: str) -> bool:
        """Keep, encrypted, how a visitor wants to be called back; give False where no handover is open."""
        with self._session() as session:
            lock(session, chat)
            row = _row(session, chat.id)
            kept = row is not None and row.state in OPEN
            if kept:
                session.merge(Callback(handover_id=row.id, contact=self._vault.lock(contact), left_at=self._clock()))
            session.commit()
        self._tell()
        return kept

    def said(self, chat_id: int, after: int) -> list[Said]:
        """Give what the desk said in a conversation after number ``after``, in order."""
        with self._session() as session:
            return _said(session, chat_id, after)

    def acknowledge(self, chat: Chat, number: int) -> None:
        """Note that what the desk said up to ``number`` has reached the visitor."""
        with self._session() as session:
            session.execute(
                update(Handover).where(Handover.conversation_id == chat.id, Handover.seen < number).values(seen=_at_most(chat.id, number))
            )
            session.commit()

    # ---- What staff do

    def queue(self, practice_of: int | None = None) -> list[Entry]:
        """Give every open handover: urgent first, then the oldest. Practice chats are shown to the one who practises alone."""
        with self._session() as session:
            shown = Handover.practice.is_(False) | (Handover.practice & (Handover.staff_id == practice_of))
            return _entries(session, Handover.state.in_(OPEN), shown)

    def find(self, reference: str) -> int | None:
        """Give the id of the handover with this reference code, or None."""
        with self._session() as session:
            found: int | None = session.execute(select(Handover.id).where(Handover.reference == reference)).scalar()
            return found

    def file(self, handover_id: int) -> File | None:
        """Give everything of a handover, or None where it is gone. The caller decides who may see it."""
        with self._session() as session:
            # First, and in one query: of two, the second would know a chat that is put back meanwhile as with staff and with nobody.
            entries = _entries(session, Handover.id == handover_id)
            row = session.get(Handover, handover_id)
            conversation = session.get(Conversation, row.conversation_id) if row else None
            if not entries or conversation is None:
                return None
            names = dict(session.execute(select(Staff.id, Staff.name)).all())
            messages = session.execute(select(Message).where(Message.conversation_id == row.conversation_id).order_by(Message.id)).scalars()
            changes = session.execute(select(Transition).where(Transition.handover_id == row.id).order_by(Transition.id)).scalars()
            notes = session.execute(select(Note).where(Note.handover_id == row.id).order_by(Note.id)).scalars()
            return File(
                entry=entries[0],
                exchanges=tuple(exchange_of(message) for message in messages),
                said=tuple(_said(session, row.conversation_id, 0)),
                changes=tuple(Change(seen(c.at), c.from_state, c.to_state, c.actor, names.get(c.staff_id, ""), c.reason) for c in changes),
                notes=tuple(Remark(note.text, names[note.staff_id], seen(note.written_at)) for note in notes),
                seen=row.seen,
                blocked=conversation.blocked,
                gone=not self._visitor_is_there(session, row.conversation_id),
                opened=_was_opened(session, row.conversation_id),
                scenario=row.scenario,
            )

    def claim(self, handover_id: int, member: Member, by_code: bool = False) -> None:
        """Take a chat that waits, or a message; ``by_code``, with its code shown, also one that is over or with the bot.

        Raises AlreadyTaken with who has it, UnknownConversation where it is gone, DeskOff where it would begin anew while the handover is
        off.
        What the visitor has written and the bot has not answered yet is staff's from now on.
        """
        with self._staff_move(handover_id) as (session, row):
            if row.state == WITH_STAFF and row.staff_id == member.id:
                return
            if row.state == WITH_STAFF or (row.state not in (WAITING, MESSAGE_LEFT) and not by_code):
                raise AlreadyTaken(session.get(Staff, row.staff_id).name if row.staff_id else "", row.state)
            self._check_on(row.state)
            self._move(session, row, WITH_STAFF, STAFF, member.id, "by_code" if by_code else "claimed")
            row.staff_id, row.claimed_at = member.id, self._clock()
            session.execute(
                update(Message).where(Message.conversation_id == row.conversation_id, Message.answer.is_(None)).values(for_desk=True)
            )
            self._say(session, row.conversation_id, member.id, "joined", {})
            session.commit()
        self._tell()

    def say(self, handover_id: int, member: Member, message_id: str, kind: str, body: dict[str, Any]) -> int:
        """Say something to the visitor, once for each ``message_id``; give its number. Raises NotTheirs or UnknownConversation.

        Something else under an id that was used is said too: its answer was lost, and the words were changed before they were sent again.
        """
        with self._staff_move(handover_id, member) as (session, row):
            sent = select(DeskMessage).where(DeskMessage.conversation_id == row.conversation_id, DeskMessage.message_id == message_id)
            known = session.execute(sent).scalars().first()
            if known is not None and (known.kind, dict(known.body)) == (kind, body):
                number = known.number
            else:
                under = message_id if known is None else uuid.uuid4().hex
                number = self._say(session, row.conversation_id, member.id, kind, body, under)
            session.commit()
        self._tell()
        return int(number)

    def conversation_of(self, handover_id: int, member: Member) -> int:
        """Give the id of the conversation of a chat that ``member`` has. Raises as ``say``."""
        with self._session() as session:
            row = session.get(Handover, handover_id)
            if row is None:
                raise UnknownConversation()
            if row.state != WITH_STAFF or row.staff_id != member.id:
                raise NotTheirs(row.state)
            return int(row.conversation_id)

    def mark(self, handover_id: int) -> str:
        """Give a text that changes with whatever a page that shows this handover would show otherwise."""
        with self._session() as session:
            row = session.get(Handover, handover_id)
            if row is None:
                return ""
            there = Message.conversation_id == row.conversation_id
            counted = select(func.count(Message.id), func.count(Message.answer), func.count(Message.translation)).where(there)
            messages = session.execute(counted).one()
            said = select(func.count(DeskMessage.id), func.count(DeskMessage.translation)).where(
                DeskMessage.conversation_id == row.conversation_id
            )
            notes = session.execute(select(func.count(Note.id)).where(Note.handover_id == row.id)).scalar()
            parts = (row.state, row.seen, *messages, *session.execute(said).one(), notes)
            return "-".join(str(part) for part in parts)

    def hand_back(self, handover_id: int, member: Member, heard: int | None = None) -> None:
        """Give a chat back to the bot. Raises as ``say``, and NotHeard where the visitor wrote more than the ``heard`` messages."""
        with self._staff_move(handover_id, member) as (session, row):
            _check_heard(session, row, heard)
            self._say(session, row.conversation_id, member.id, "returned", {"by": STAFF})
            self._move(session, row, NONE, STAFF, member.id, "handed_back")
            session.execute(delete(Callback).where(Callback.handover_id == row.id))
            session.commit()
        self._tell()

    def put_back(self, handover_id: int, member: Member) -> None:
        """Put a chat back into the queue for somebody else. Raises as ``say``."""
        with self._staff_move(handover_id, member) as (session, row):
            self._move(session, row, WAITING, STAFF, member.id, "put_back")
            self._say(session, row.conversation_id, member.id, "waiting", {})
            practice = row.practice
            session.commit()
        self._tell(*([] if practice else ["waiting"]))

    def close(
        self, handover_id: int, member: Member, outcome: str, topic: str | None, block: bool = False, heard: int | None = None
    ) -> None:
        """End a handover with its outcome; how to call the visitor back is deleted. ``block`` takes no more messages of this visitor's.

        A message that was left counts as answered where the outcome says so. Raises as ``hand_back``.
        """
        with self._staff_move(handover_id, member) as (session, row):
            _check_heard(session, row, heard)
            self._say(session, row.conversation_id, member.id, "closed", {"outcome": outcome})
            self._move(session, row, ANSWERED if outcome == "answered" else CLOSED, STAFF, member.id, outcome)
            row.outcome, row.topic = outcome, topic or row.topic
            session.execute(delete(Callback).where(Callback.handover_id == row.id))
            if block:
                session.execute(update(Conversation).where(Conversation.id == row.conversation_id).values(blocked=True))
            session.commit()
        self._tell()

    def note(self, handover_id: int, member: Member, text: str) -> None:
        """Keep a note, redacted already, for the next member of staff. Raises as ``say``."""
        with self._staff_move(handover_id, member) as (session, row):
            now = self._clock()
            same = (Note.handover_id == row.id, Note.staff_id == member.id, Note.text == text, Note.written_at > now - SENT_TWICE)
            if not session.execute(select(Note.id).where(*same)).first():
                session.add(Note(handover_id=row.id, staff_id=member.id, text=text, written_at=now))
            session.commit()
        self._tell()

    def escalate(self, handover_id: int, member: Member, concern: str, contact: str, done: str) -> None:
        """Record that a safeguarding concern was passed to ``contact``. Raises as ``say``."""
        with self._staff_move(handover_id, member) as (session, row):
            said, since = {"staff_id": member.id, "concern": concern, "contact": contact, "done": done}, self._clock() - SENT_TWICE
            same = select(Escalation.id).where(Escalation.at > since, *(getattr(Escalation, name) == value for name, value in said.items()))
            # A record does not tell of which chat it is; the chat tells that one was made.
            made = (Transition.handover_id == row.id, Transition.reason == "escalated", Transition.at > since)
            if session.execute(same).first() and session.execute(select(Transition.id).where(*made)).first():
                return
            if not row.practice:
                session.add(Escalation(at=self._clock(), **said))
            self._record(session, row, row.state, STAFF, member.id, "escalated")
            session.commit()
        self._tell()

    def show_code(self, handover_id: int, member: Member) -> None:
        """Record that a chat was brought up with its code. Raises UnknownConversation."""
        with self._staff_move(handover_id) as (session, row):
            self._record(session, row, row.state, STAFF, member.id, "code_shown")
            session.commit()

    def contact(self, handover_id: int, member: Member) -> str | None:
        """Give how to call the visitor back, to who has the chat alone; that it was looked at is recorded. Raises as ``say``."""
        with self._staff_move(handover_id, member) as (session, row):
            kept = session.get(Callback, row.id)
            if kept is None:
                return None
            self._record(session, row, row.state, STAFF, member.id, "contact_seen")
            contact = self._vault.unlock(kept.contact)
            session.commit()
            return contact

    def start(self, member: Member, language: str, rasa_id: str, scenario: str = "") -> int:
        """Start a chat for somebody who stands at the desk, or, with a ``scenario``, to practise with nobody; give the handover's id.

        Raises DeskOff where the handover is off; practising goes on.
        """
        if not scenario:
            self._check_on(NONE)
        now = self._clock()
        with self._session() as session:
            conversation = Conversation(rasa_id=rasa_id, language=language, pinned=language, started_at=now, last_seen_at=now)
            session.add(conversation)
            session.flush()
            row = self._new_row(session, conversation.id, "practice" if scenario else "at_desk")
            row.practice, row.scenario, row.staff_id = bool(scenario), scenario, member.id
            if scenario:
                self._move(session, row, WAITING, VISITOR, None, "practice")
                row.staff_id = member.id
            else:
                self._move(session, row, WITH_STAFF, STAFF, member.id, "at_desk")
                row.staff_id, row.claimed_at = member.id, now
                self._say(session, conversation.id, member.id, "joined", {})
            found = int(row.id)
            session.commit()
        self._tell()
        return found

    def practise(self, handover_id: int, message_id: str, text: str) -> None:
        """Let the made-up visitor of a practice chat write something."""
        with self._staff_move(handover_id) as (session, row):
            known = session.execute(
                select(Message.id).where(Message.conversation_id == row.conversation_id, Message.message_id == message_id)
            ).scalar()
            if row.practice and known is None:
                session.add(
                    Message(conversation_id=row.conversation_id, message_id=message_id, text=text, for_desk=True, received_at=self._clock())
                )
                row.seen = _last_number(session, row.conversation_id)
            session.commit()
        self._tell()

    def translated(self, handover_id: int, number: int, text: str) -> None:
        """Put a translation beside what the desk said."""
        with self._session() as session:
            row = session.get(Handover, handover_id)
            if row is not None:
                session.execute(
                    update(DeskMessage)
                    .where(DeskMessage.conversation_id == row.conversation_id, DeskMessage.number == number)
                    .values(translation=text)
                )
            session.commit()
        self._tell()

    def translated_message(self, chat: Chat, message_id: str, text: str) -> None:
        """Put the English beside what a visitor wrote."""
        with self._session() as session:
            session.execute(
                update(Message).where(Message.conversation_id == chat.id, Message.message_id == message_id).values(translation=text)
            )
            session.commit()
        self._tell()

    # ---- What happens by itself

    def sweep(self) -> None:
        """Give back the chats of staff who are gone; make of waiting a message where the visitor, or the desk's day, is gone."""
        now = self._clock()
        # What lies ahead, this process' own start too, was noted by a clock that was wrong.
        if self._started > now + SKEW:
            self._started = now
        changed = []
        with self._session() as session:
            held = session.execute(select(Handover.id, Handover.staff_id, Handover.claimed_at).where(Handover.state == WITH_STAFF)).all()
            waiting = session.execute(select(Handover.id).where(Handover.state == WAITING, Handover.practice.is_(False))).scalars().all()
        for handover_id, staff_id, claimed_at in held:
            last = self.accounts.last_here(staff_id)
            here = max(moment for moment in (last, seen(claimed_at), self._started) if moment and moment <= now + SKEW)
            if now - here > self._gone_after:
                changed.append(self._one(handover_id, self._return, staff_id))
        for handover_id in waiting:
            changed.append(self._one(handover_id, self._stop_waiting, now))
        if any(changed):
            self._tell()

    def _one(self, handover_id: int, work: Callable[[int, Any], bool], value: Any) -> bool:
        """Do one part of the sweep; what goes wrong with one chat keeps no other waiting."""
        try:
            return work(handover_id, value)
        except UnknownConversation:  # erased just now
            return False
        except Exception as error:
            log.error("A chat could not be looked over and will be again: %s", type(error).__name__)
            return False

    def _return(self, handover_id: int, staff_id: int) -> bool:
        with self._staff_move(handover_id) as (session, row):
            if row.state != WITH_STAFF or row.staff_id != staff_id:
                return False
            if row.reason == "at_desk" and not _was_opened(session, row.conversation_id):
                self._move(session, row, NONE, SYSTEM, None, "nobody_came")
            else:
                self._move(session, row, WAITING, SYSTEM, None, "holder_gone")
                self._say(session, row.conversation_id, None, "waiting", {})
            somebody_waits = row.state == WAITING and not row.practice
            session.commit()
        if somebody_waits:
            self._alert("waiting")
        return True

    def _stop_waiting(self, handover_id: int, now: datetime) -> bool:
        with self._staff_move(handover_id) as (session, row):
            there, is_open = self._visitor_is_there(session, row.conversation_id), self.hours.is_open(now)
            if row.state != WAITING or (is_open and there):
                return False
            why = "desk_closed" if there else "visitor_gone"
            opens_at = None if is_open else self.hours.opens_at(now)
            self._move(session, row, MESSAGE_LEFT, SYSTEM, None, why)
            self._say(session, row.conversation_id, None, "kept", {"reason": why, "opens_at": opens_at.isoformat() if opens_at else ""})
            session.commit()
            return True

    # ---- The parts of a transaction

    def _tell(self, *alerts: str) -> None:
        self._changed()
        for kind in alerts:
            self._alert(kind)

    def _check_on(self, state: str) -> None:
        """Raise DeskOff where a handover in ``state`` would begin while officers have switched it off."""
        if state not in OPEN and self._is_off():
            raise DeskOff()

    def _staff_move(self, handover_id: int, member: Member | None = None) -> "_Move":
        return _Move(self._session(), handover_id, member)

    def _new_row(self, session: Session, conversation_id: int, reason: str) -> Any:
        """Add the handover of a conversation, with a code that no other has; the caller holds the conversation's lock."""
        while True:
            row = Handover(
                conversation_id=conversation_id, state=NONE, reference=new_reference(), reason=reason, asked_at=self._clock(), seen=0
            )
            try:
                with session.begin_nested():
                    session.add(row)
            except IntegrityError:
                continue
            return row

    def _begin(self, session: Session, row: Any, reason: str) -> None:
        """Note why and when a chat is passed to the desk, what it is about, and what urgent need was said in it last."""
        row.reason, row.asked_at, row.outcome = reason, self._clock(), None
        row.topic = _last_topic(session, row.conversation_id)
        row.urgent = _last_urgent(session, row.conversation_id)
        row.urgent_at = self._clock() if row.urgent else None

    def _move(self, session: Session, row: Any, to: str, actor: str, staff_id: int | None, reason: str) -> None:
        """Change a state as TRANSITIONS allows and write it down; the caller holds the conversation's lock."""
        if actor not in TRANSITIONS.get((row.state, to), ()):
            raise NotTheirs(row.state)
        self._count(session, row, to, actor)
        self._record(session, row, to, actor, staff_id, reason)
        row.state = to
        if to != WITH_STAFF:
            row.staff_id = row.staff_id if row.practice else None

    def _count(self, session: Session, row: Any, to: str, actor: str) -> None:
        """Count a visitor who begins to wait, and a message that is left, both once, however often staff take it and let it go."""
        what = {WAITING: WAITED, MESSAGE_LEFT: LEFT}.get(to)
        last = select(Transition.actor).where(Transition.handover_id == row.id).order_by(Transition.id.desc()).limit(1)
        of_visitor = actor == VISITOR or (to == MESSAGE_LEFT and session.execute(last).scalar() == VISITOR)
        if what is None or row.practice or not of_visitor:
            return
        language = session.execute(select(Conversation.language).where(Conversation.id == row.conversation_id)).scalar()
        place = self._district(_last_place(session, row.conversation_id))
        add(session, self._clock(), {Count(what, row.topic or "", place, language_counted(language)): 1})

    def _record(self, session: Session, row: Any, to: str, actor: str, staff_id: int | None, reason: str) -> None:
        change = Transition(
            handover_id=row.id, at=self._clock(), from_state=row.state, to_state=to, actor=actor, staff_id=staff_id, reason=reason
        )
        session.add(change)

    def _say(
        self, session: Session, conversation_id: int, staff_id: int | None, kind: str, body: dict[str, Any], message_id: str = ""
    ) -> int:
        """Add what the desk says; the caller holds the conversation's lock. It counts as a sign of life for the visitor's devices."""
        number = _last_number(session, conversation_id) + 1
        session.add(
            DeskMessage(
                conversation_id=conversation_id,
                number=number,
                message_id=message_id or uuid.uuid4().hex,
                kind=kind,
                body=body,
                staff_id=staff_id,
                sent_at=self._clock(),
            )
        )
        now = self._clock()
        live = (Access.conversation_id == conversation_id, Access.left_at.is_(None), Access.last_seen_at >= now - self._idle)
        session.execute(update(Access).where(*live).values(last_seen_at=now))
        session.execute(update(Conversation).where(Conversation.id == conversation_id).values(last_seen_at=now))
        return number

    def _visitor_is_there(self, session: Session, conversation_id: int) -> bool:
        """Tell whether a device has this conversation open that its visitor has not left and that has not idled out."""
        since = self._clock() - self._idle
        live = (Access.conversation_id == conversation_id, Access.left_at.is_(None), Access.last_seen_at >= since)
        return bool(session.execute(select(func.count(Access.id)).where(*live)).scalar())


class _Move:
    """A transaction of staff's on one handover: locks its conversation, then gives the row as it is now.

    Raises UnknownConversation where it is gone, and NotTheirs where ``member`` is given and does not have the chat.
    """

    def __init__(self, session: Session, handover_id: int, member: Member | None) -> None:
        self._session = session
        self._id = handover_id
        self._member = member

    def __enter__(self) -> tuple[Session, Any]:
        try:
            return self._session, self._locked()
        except BaseException:
            self._session.close()
            raise

    def _locked(self) -> Any:
        found = self._session.execute(select(Handover.conversation_id).where(Handover.id == self._id)).scalar()
        touched = update(Conversation).where(Conversation.id == found).values(last_seen_at=Conversation.last_seen_at)
        if found is None or not self._session.execute(touched).rowcount:
            raise UnknownConversation()
        row = self._session.get(Handover, self._id)
        if row is None:
            raise UnknownConversation()
        if self._member and (row.state != WITH_STAFF or row.staff_id != self._member.id):
            raise NotTheirs(row.state)
        return row

    def __exit__(self, *error: object) -> None:
        self._session.close()


def _row(session: Session, conversation_id: int) -> Any:
    return session.execute(select(Handover).where(Handover.conversation_id == conversation_id)).scalars().first()


def _was_opened(session: Session, conversation_id: int) -> bool:
    """Tell whether any device of a visitor's ever had a conversation open."""
    return bool(session.execute(select(func.count(Access.id)).where(Access.conversation_id == conversation_id)).scalar())


def _queue(asked: Any) -> Any:
    """Order handovers as they are to be taken: the most urgent and then the oldest first."""
    return asked.order_by(case((Handover.urgent.is_(None), 1), else_=0), Handover.asked_at, Handover.id)


def _last_number(session: Session, conversation_id: int) -> int:
    found = session.execute(select(func.max(DeskMessage.number)).where(DeskMessage.conversation_id == conversation_id)).scalar()
    return int(found or 0)


def _at_most(conversation_id: int, number: int) -> Any:
    """Give ``number``, or the last number there is where that is less."""
    last = select(func.coalesce(func.max(DeskMessage.number), 0)).where(DeskMessage.conversation_id == conversation_id).scalar_subquery()
    return case((last < number, last), else_=number)


def _said(session: Session, conversation_id: int, after: int) -> list[Said]:
    rows = session.execute(
        select(DeskMessage, Staff.name)
        .outerjoin(Staff, Staff.id == DeskMessage.staff_id)
        .where(DeskMessage.conversation_id == conversation_id, DeskMessage.number > after)
        .order_by(DeskMessage.number)
    )
    return [Said(row.number, row.kind, dict(row.body), name or "", seen(row.sent_at), row.translation) for row, name in rows]


def _answers(session: Session, conversation_id: int) -> Collection[dict[str, Any]]:
    """Give the last answers of a conversation, newest first."""
    asked = select(Message.answer).where(Message.conversation_id == conversation_id).order_by(Message.id.desc()).limit(LAST_ANSWERS)
    return [answer for answer in session.execute(asked).scalars() if answer]


def _last_topic(session: Session, conversation_id: int) -> str | None:
    """Give the need that a conversation was about last; talk is none."""
    found = (answer["understood"].get("topic") for answer in _answers(session, conversation_id))
    return next((topic for topic in found if topic in NEEDS), None)


def _last_place(session: Session, conversation_id: int) -> str | None:
    """Give the English name of the place that a conversation was about last."""
    found = (answer["understood"].get("place") for answer in _answers(session, conversation_id))
    return next((place for place in found if place), None)


def _last_urgent(session: Session, conversation_id: int) -> str | None:
    """Give the last urgent need that was said in a conversation, answered or not."""
    asked = select(Message.urgent).where(Message.conversation_id == conversation_id, Message.urgent.is_not(None))
    found: str | None = session.execute(asked.order_by(Message.id.desc()).limit(1)).scalar()
    return found


def _check_heard(session: Session, row: Any, heard: int | None) -> None:
    """Raise NotHeard where there are more messages of the visitor's than staff have been shown."""
    there = session.execute(select(func.count(Message.id)).where(Message.conversation_id == row.conversation_id)).scalar()
    if heard is not None and (there or 0) > heard:
        raise NotHeard()


def _entries(session: Session, *which: Any) -> list[Entry]:
    """Give the lines of handovers, in the order in which they are to be taken, in one query."""
    asked = (
        select(Handover, Conversation.language, Conversation.last_seen_at, Staff, Callback.handover_id)
        .join(Conversation, Conversation.id == Handover.conversation_id)
        .outerjoin(Staff, Staff.id == Handover.staff_id)
        .outerjoin(Callback, Callback.handover_id == Handover.id)
    )
    return [
        Entry(
            id=row.id,
            state=row.state,
            reference=row.reference,
            language=language or "en",
            topic=row.topic,
            urgent=row.urgent,
            urgent_at=seen(row.urgent_at) if row.urgent_at else None,
            asked_at=seen(row.asked_at),
            last_used_at=seen(used),
            holder=Member(holder.id, holder.username, holder.name, holder.role) if holder else None,
            reason=row.reason,
            callback=callback is not None,
            practice=row.practice,
        )
        for row, language, used, holder, callback in session.execute(_queue(asked.where(*which)))
    ]
