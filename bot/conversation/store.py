"""Keeping conversations: start, find, accept a message, record its answer, erase, expire."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Access, Conversation, Feedback, Message, PendingErasure, SpentMessage
from bot.conversation.tally import NOTHING_COUNTED, Counts, add
from bot.database import insert_into, wipe_freed_pages
from bot.errors import ConversationLeft, UnknownConversation
from bot.handover.models import Handover
from bot.moments import seen, utc_now

CHOICE = "choice:"
"""How a button that was pressed stands among the messages."""
MADE_BY_A_PAGE = re.compile("[0-9a-f]{32}")
"""A message's id as our pages make it: 128 random bits."""


@dataclass(frozen=True)
class Chat:
    """A conversation as one device sees it; ``token`` is known only to the visitor there.

    On a device that came ``by_code`` only what is written there is shown, and what the desk says after its number ``after_desk``.
    ``rasa_id`` is the name inside Rasa of what is said on this device.
    ``writes_to_desk`` says that the next text is a message for the desk, ``blocked`` that the desk does not take this visitor's messages.
    """

    id: int
    token: str
    rasa_id: str
    language: str | None
    pinned: str | None
    access_id: int = 0
    by_code: bool = False
    after_desk: int = 0
    writes_to_desk: bool = False
    blocked: bool = False


@dataclass(frozen=True)
class Exchange:
    """A message and its answer (None while there is none); ``for_desk`` says that staff answer it."""

    message_id: str
    text: str
    answer: dict[str, Any] | None
    for_desk: bool
    translation: str | None
    received_at: datetime


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def ticket_of(token: str) -> str:
    """Give what may stand in an address for a while in place of ``token``: it is worth one change of the token, by a form."""
    return _hash(f"ticket:{token}")[:32]


def _token_for(ticket: str) -> str:
    """Give the token that ``ticket`` is changed for: always the same, so that an answer lost on the way can be asked for again."""
    return _hash(f"token:{ticket}")[:32]


class ConversationStore:
    """Conversations in the database; every method is one transaction. The clock is the machine's.

    A conversation that nobody has touched for ``idle_minutes`` is found no more, as if it were unknown; what was said in it is
    erased later, by the retention setting. ``kept`` is called each time an answer has been kept, in the thread that kept it.
    """

    def __init__(self, engine: Engine, idle_minutes: int, kept: Callable[[], None] = lambda: None) -> None:
        self._engine = engine
        self._idle = timedelta(minutes=idle_minutes)
        self._kept = kept

    def _session(self) -> Session:
        return Session(self._engine, future=True)

    def start(self) -> Chat:
        """Start a conversation with a token that cannot be guessed."""
        rasa_id, now = str(uuid.uuid4()), utc_now()
        with self._session() as session:
            row = Conversation(rasa_id=rasa_id, started_at=now, last_seen_at=now)
            session.add(row)
            session.flush()
            chat = _open(session, row)
            session.commit()
            return chat

    def _live(self, row: Any) -> Any:
        """Give an access back if its conversation goes on there. Raises ConversationLeft or UnknownConversation."""
        if row is not None and row.left_at is not None:
            raise ConversationLeft()
        if row is None or seen(row.last_seen_at) < utc_now() - self._idle:
            raise UnknownConversation()
        return row

    def find(self, token: str, even_ended: bool = False) -> Chat:
        """Find the conversation of ``token``; to erase it, also one that has ended. Raises ConversationLeft or UnknownConversation."""
        with self._session() as session:
            row = session.execute(select(Access).where(Access.token_hash == _hash(token))).scalars().first()
            if row is None or not even_ended:
                row = self._live(row)
            return _chat(row, _conversation(session, row.conversation_id), token)

    def stay(self, token: str) -> None:
        """Note that the visitor of ``token`` is still there. Raises as ``find``."""
        with self._session() as session:
            row = self._live(session.execute(select(Access).where(Access.token_hash == _hash(token))).scalars().first())
            now = utc_now()
            session.execute(update(Conversation).where(Conversation.id == row.conversation_id).values(last_seen_at=now))
            row.last_seen_at, row.unused_token = now, False
            session.commit()

    def resume(self, ticket: str) -> Chat:
        """Go on with the conversation of ``ticket`` under a new token; the old one ends. Raises as ``find``.

        Asked again it gives the same token, until that has been used.
        """
        with self._session() as session:
            given = select(Access).where(Access.token_hash == _hash(_token_for(ticket)), Access.unused_token.is_(True))
            row = session.execute(given).scalars().first()
            if row is None:
                row = session.execute(select(Access).where(Access.ticket_hash == _hash(ticket))).scalars().first()
            token = _token_for(ticket)
            _give_token(self._live(row), token)
            row.last_seen_at, row.unused_token = utc_now(), True
            chat = _chat(row, _conversation(session, row.conversation_id), token)
            session.commit()
            return chat

    def open_again(self, reference: str) -> Chat:
        """Open the conversation of a handover's ``reference`` on another device. Raises UnknownConversation where there is none.

        Nothing that was said before is shown there, but what the desk said that has not reached the visitor yet.
        """
        with self._session() as session:
            handover = session.execute(select(Handover).where(Handover.reference == reference)).scalars().first()
            if handover is None:
                raise UnknownConversation()
            own = {"by_code": True, "rasa_id": str(uuid.uuid4()), "after_desk": handover.seen}
            conversation = _conversation(session, handover.conversation_id)
            conversation.last_seen_at = utc_now()
            chat = _open(session, conversation, **own)
            session.commit()
            return chat

    def leave(self, chat: Chat) -> None:
        """End a conversation for good on this device: nobody can open it there again."""
        with self._session() as session:
            session.execute(update(Access).where(Access.id == chat.access_id).values(left_at=utc_now()))
            session.commit()

    def is_over(self, message_id: str) -> bool:
        """Tell whether a message with this id belongs to no conversation that goes on: its visitor left, idled out or erased it.

        A browser that goes back may send its form once more; what was in it is not to be shown again then.
        """
        with self._session() as session:
            if session.get(SpentMessage, _hash(message_id)):
                return True
            found = select(Access).join(Message, Message.access_id == Access.id).where(Message.message_id == message_id)
            rows = session.execute(found).scalars().all()
            return bool(rows) and not any(row.left_at is None and seen(row.last_seen_at) >= utc_now() - self._idle for row in rows)

    def record(
        self,
        chat: Chat,
        message_id: str,
        answer: dict[str, Any],
        language: str,
        pinned: str | None,
        by_desk: bool = False,
        counts: Counts = NOTHING_COUNTED,
    ) -> bool:
        """Keep the answer to a message and the language of the conversation, and count what is to be counted of it.

        Gives False, and keeps no answer of the bot's, where a member of staff has claimed the chat meanwhile; ``by_desk`` answers are
        kept in any case. A message is counted with its first answer only, and a practice chat never.
        """
        with self._session() as session:
            if not lock(session, chat, language=language, pinned=pinned):
                # Erased while it was being answered: Rasa may have noted it after it was told to forget, and has to forget once more.
                session.merge(PendingErasure(rasa_id=chat.rasa_id, asked_at=utc_now()))
                session.commit()
                return True
            known = message_of(session, chat, message_id)
            stands = known is None or by_desk or not known.for_desk
            if known is not None and stands:
                if not known.answer and not session.execute(_practice_of(chat.id)).scalar():
                    add(session, utc_now(), counts)
                known.answer = answer
                if by_desk and not known.text.startswith(CHOICE):
                    # A message for staff, taken or turned away, has its answer now: the next words are not another.
                    lock(session, chat, writes_to_desk=False)
            session.commit()
        self._kept()
        return stands

    def write_to_desk(self, chat: Chat, writes: bool) -> None:
        """Note whether the next text of this conversation is a message for the desk."""
        with self._session() as session:
            lock(session, chat, writes_to_desk=writes)
            session.commit()

    def pin(self, chat: Chat, language: str) -> None:
        """Keep the language that the person chose."""
        with self._session() as session:
            lock(session, chat, language=language, pinned=language)
            session.commit()

    def exchanges(self, chat: Chat) -> list[Exchange]:
        """Give the conversation so far, as far as it is shown on this device, oldest first."""
        with self._session() as session:
            asked = select(Message).where(Message.conversation_id == chat.id).order_by(Message.id)
            if chat.by_code:
                asked = asked.where(Message.access_id == chat.access_id)
            return [exchange_of(row) for row in session.execute(asked).scalars()]

    def answers(self, chat: Chat) -> list[dict[str, Any]]:
        """Give the answers so far that showed something, newest first."""
        return [exchange.answer for exchange in reversed(self.exchanges(chat)) if exchange.answer and exchange.answer.get("replies")]

    def offered(self, chat: Chat) -> set[str]:
        """Give every choice that was offered in this conversation."""
        return {
            choice["value"]
            for exchange in self.exchanges(chat)
            for reply in (exchange.answer or {}).get("replies", [])
            for choice in reply.get("choices", [])
        }

    def rasa_ids(self, chat: Chat) -> list[str]:
        """Give every name inside Rasa of a conversation, its own first and then those of the devices that typed its code."""
        with self._session() as session:
            own = session.execute(select(Conversation.rasa_id).where(Conversation.id == chat.id)).scalars().all()
            return [*own, *session.execute(_of_devices([chat.id])).scalars()]

    def twins(self, chat: Chat) -> list[str]:
        """Give the Rasa ids of conversations that hold nothing but messages of this one.

        A first message whose answer was lost on its way is sent again without a session, and so begins a second conversation. Ids that
        pages make are meant, which nobody could know of anybody else.
        """
        with self._session() as session:
            sent = select(Message.message_id).where(Message.conversation_id == chat.id)
            ours = {one for one in session.execute(sent).scalars() if MADE_BY_A_PAGE.fullmatch(one)}
            others = select(Message.conversation_id).where(Message.message_id.in_(ours), Message.conversation_id != chat.id)
            found = []
            for other in set(session.execute(others).scalars()):
                theirs = session.execute(select(Message.message_id).where(Message.conversation_id == other)).scalars()
                if ours.issuperset(theirs):
                    found += session.execute(select(Conversation.rasa_id).where(Conversation.id == other)).scalars()
            return found

    def erase(self, rasa_ids: list[str], unused_days: int | None = None) -> None:
        """Erase conversations (by their own names) here, and put all their names on the list of what Rasa still has to erase.

        With ``unused_days`` only those are erased that are still without a message for so many days: somebody may have taken one up since
        they were listed. What was thought of their answers stays then, with nothing that leads to them.
        """
        if not rasa_ids:
            return
        with self._session() as session:
            which = [Conversation.rasa_id.in_(rasa_ids)]
            if unused_days is not None:
                which.append(_unused_for(unused_days))
                # From here on nobody else takes one up: each begins with a change to this row.
                session.execute(
                    update(Conversation)
                    .where(*which)
                    .values(last_seen_at=Conversation.last_seen_at)
                    .execution_options(synchronize_session=False)
                )
            found = session.execute(select(Conversation.id, Conversation.rasa_id).where(*which)).all()
            ids = [row.id for row in found]
            rasa_ids = [
                *(rasa_ids if unused_days is None else [row.rasa_id for row in found]),
                *session.execute(_of_devices(ids)).scalars(),
            ]
            sent = set(session.execute(select(Message.message_id).where(Message.conversation_id.in_(ids))).scalars())
            _spend(session, sent)
            if unused_days is not None:
                session.execute(
                    update(Feedback)
                    .where(Feedback.conversation_id.in_(ids))
                    .values(conversation_id=None)
                    .execution_options(synchronize_session=False)
                )
            # What belongs to a conversation, its handover too, goes with it: every foreign key to it cascades.
            session.execute(delete(Conversation).where(Conversation.id.in_(ids)))
            waiting = set(session.execute(select(PendingErasure.rasa_id)).scalars())
            session.add_all([PendingErasure(rasa_id=rasa_id, asked_at=utc_now()) for rasa_id in rasa_ids if rasa_id not in waiting])
            session.commit()
        wipe_freed_pages(self._engine)

    def pending_erasures(self) -> list[str]:
        """Give the Rasa ids that Rasa still has to erase."""
        with self._session() as session:
            return list(session.execute(select(PendingErasure.rasa_id)).scalars())

    def erased(self, rasa_id: str, asked_at: datetime) -> None:
        """Note that Rasa has erased a conversation, having been asked at ``asked_at`` (UTC); what is to be erased since then still is."""
        with self._session() as session:
            done = PendingErasure.rasa_id == rasa_id, PendingErasure.asked_at <= asked_at
            session.execute(delete(PendingErasure).where(*done).execution_options(synchronize_session=False))
            session.commit()
        wipe_freed_pages(self._engine)

    def unknown(self, rasa_ids: list[str]) -> list[str]:
        """Give those of these Rasa ids that are neither a conversation's nor a device's; each is kept here before Rasa hears of it."""
        with self._session() as session:
            known = {*session.execute(select(Conversation.rasa_id)).scalars(), *session.execute(select(Access.rasa_id)).scalars()}
        return [rasa_id for rasa_id in rasa_ids if rasa_id not in known]

    def spend(self, message_id: str) -> None:
        """Note that what was sent, or was to be sent, under this id is never to be shown again."""
        with self._session() as session:
            _spend(session, {message_id})
            session.commit()

    def forget_spent(self, days: int) -> None:
        """Forget the ids of messages that were spent more than ``days`` days ago."""
        with self._session() as session:
            session.execute(delete(SpentMessage).where(SpentMessage.erased_at < utc_now() - timedelta(days=days)))
            session.commit()

    def expired(self, days: int) -> list[str]:
        """Give the Rasa ids of conversations without a message for ``days`` days."""
        with self._session() as session:
            return list(session.execute(select(Conversation.rasa_id).where(_unused_for(days))).scalars())


def _unused_for(days: int) -> Any:
    """Give the condition that a conversation is without a message for ``days`` days."""
    return Conversation.last_seen_at < utc_now() - timedelta(days=days)


def _conversation(session: Session, number: int) -> Any:
    """Give a conversation by its number. Raises UnknownConversation where it was erased just now."""
    found = session.get(Conversation, number)
    if found is None:
        raise UnknownConversation()
    return found


def _spend(session: Session, message_ids: set[str]) -> None:
    """Note ids as spent; another request may do so with the same ones at the same moment."""
    for spent in sorted({_hash(message_id) for message_id in message_ids}):
        session.execute(insert_into(session, SpentMessage).values(message_hash=spent, erased_at=utc_now()).on_conflict_do_nothing())


def _give_token(row: Any, token: str) -> None:
    """Give an access a new token, and with it a new ticket."""
    row.token_hash, row.ticket_hash = _hash(token), _hash(ticket_of(token))


def _open(session: Session, conversation: Any, **values: Any) -> Chat:
    """Open a conversation on one more device."""
    token = secrets.token_urlsafe(24)
    row = Access(conversation_id=conversation.id, last_seen_at=utc_now(), **values)
    _give_token(row, token)
    session.add(row)
    session.flush()
    return _chat(row, conversation, token)


def _chat(row: Any, conversation: Any, token: str) -> Chat:
    return Chat(
        id=conversation.id,
        token=token,
        rasa_id=row.rasa_id or conversation.rasa_id,
        language=conversation.language,
        pinned=conversation.pinned,
        access_id=row.id,
        by_code=row.by_code,
        after_desk=row.after_desk,
        writes_to_desk=conversation.writes_to_desk,
        blocked=conversation.blocked,
    )


def lock(session: Session, chat: Chat, **values: Any) -> bool:
    """Lock a conversation for this transaction, noting that it is used; give whether it is still there.

    Whatever changes a conversation or its handover begins with this: two who do so at once come one after the other.
    """
    now = utc_now()
    done = session.execute(update(Conversation).where(Conversation.id == chat.id).values(last_seen_at=now, **values))
    session.execute(update(Access).where(Access.id == chat.access_id).values(last_seen_at=now))
    return bool(done.rowcount)


def message_of(session: Session, chat: Chat, message_id: str) -> Any:
    """Give the row of a message of ``chat``, or None."""
    return session.execute(select(Message).where(Message.conversation_id == chat.id, Message.message_id == message_id)).scalars().first()


def _practice_of(conversation_id: int) -> Any:
    """Select whether a conversation is one to practise with."""
    return select(Handover.practice).where(Handover.conversation_id == conversation_id)


def _of_devices(ids: list[int]) -> Any:
    """Select the names inside Rasa of the devices of conversations."""
    return select(Access.rasa_id).where(Access.conversation_id.in_(ids), Access.rasa_id.is_not(None))


def exchange_of(row: Any) -> Exchange:
    """Give a message's row as an exchange."""
    return Exchange(row.message_id, row.text, row.answer, row.for_desk, row.translation, seen(row.received_at))
