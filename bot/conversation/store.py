"""Keeping conversations: start, find, accept a message, record its answer, erase, expire."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation, Feedback, Message, PendingErasure, SpentMessage
from bot.database import wipe_freed_pages
from bot.errors import ConversationLeft, UnknownConversation


@dataclass(frozen=True)
class Chat:
    """A conversation as the pipeline sees it; ``token`` is known only to the visitor."""

    id: int
    token: str
    rasa_id: str
    language: str | None
    pinned: str | None


@dataclass(frozen=True)
class Exchange:
    """A message and its answer (None while there is none)."""

    message_id: str
    text: str
    answer: dict[str, Any] | None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def ticket_of(token: str) -> str:
    """Give what may stand in an address for a while in place of ``token``: it is worth one change of the token, by a form."""
    return _hash(f"ticket:{token}")[:32]


def _token_for(ticket: str) -> str:
    """Give the token that ``ticket`` is changed for: always the same, so that an answer lost on the way can be asked for again."""
    return _hash(f"token:{ticket}")[:32]


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _seen(moment: datetime) -> datetime:
    """Give a stored moment its time zone: SQLite keeps none, and all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


class ConversationStore:
    """Conversations in the database; every method is one transaction. The clock is the machine's.

    A conversation that nobody has touched for ``idle_minutes`` is found no more, as if it were unknown; what was said in it is
    erased later, by the retention setting.
    """

    def __init__(self, engine: Engine, idle_minutes: int) -> None:
        self._engine = engine
        self._idle = timedelta(minutes=idle_minutes)

    def _session(self) -> Session:
        return Session(self._engine, future=True)

    def start(self) -> Chat:
        """Start a conversation with a token that cannot be guessed."""
        rasa_id, now = str(uuid.uuid4()), _now()
        with self._session() as session:
            row = Conversation(rasa_id=rasa_id, started_at=now, last_seen_at=now)
            chat = self._give_token(row, secrets.token_urlsafe(24))
            session.add(row)
            session.commit()
            return replace(chat, id=row.id)

    def _give_token(self, row: Any, token: str) -> Chat:
        """Give a conversation a new token, and with it a new ticket."""
        row.token_hash, row.ticket_hash = _hash(token), _hash(ticket_of(token))
        return Chat(row.id, token, row.rasa_id, row.language, row.pinned)

    def _live(self, row: Any) -> Any:
        """Give the row back if its conversation goes on. Raises ConversationLeft or UnknownConversation."""
        if row is not None and row.left_at is not None:
            raise ConversationLeft()
        if row is None or _seen(row.last_seen_at) < _now() - self._idle:
            raise UnknownConversation()
        return row

    def find(self, token: str, even_ended: bool = False) -> Chat:
        """Find the conversation of ``token``; to erase it, also one that has ended. Raises ConversationLeft or UnknownConversation."""
        with self._session() as session:
            row = session.execute(select(Conversation).where(Conversation.token_hash == _hash(token))).scalars().first()
            if row is None or not even_ended:
                row = self._live(row)
            return Chat(row.id, token, row.rasa_id, row.language, row.pinned)

    def stay(self, token: str) -> None:
        """Note that the visitor of ``token`` is still there. Raises as ``find``."""
        with self._session() as session:
            row = self._live(session.execute(select(Conversation).where(Conversation.token_hash == _hash(token))).scalars().first())
            row.last_seen_at, row.unused_token = _now(), False
            session.commit()

    def resume(self, ticket: str) -> Chat:
        """Go on with the conversation of ``ticket`` under a new token; the old one ends. Raises as ``find``.

        Asked again it gives the same token, until that has been used.
        """
        with self._session() as session:
            given = select(Conversation).where(Conversation.token_hash == _hash(_token_for(ticket)), Conversation.unused_token.is_(True))
            row = session.execute(given).scalars().first()
            if row is None:
                row = session.execute(select(Conversation).where(Conversation.ticket_hash == _hash(ticket))).scalars().first()
            chat = self._give_token(self._live(row), _token_for(ticket))
            row.last_seen_at, row.unused_token = _now(), True
            session.commit()
            return chat

    def leave(self, chat: Chat) -> None:
        """End a conversation for good: nobody can open it again."""
        with self._session() as session:
            session.execute(update(Conversation).where(Conversation.id == chat.id).values(left_at=_now()))
            session.commit()

    def is_over(self, message_id: str) -> bool:
        """Tell whether a message with this id belongs to no conversation that goes on: its visitor left, idled out or erased it.

        A browser that goes back may send its form once more; what was in it is not to be shown again then.
        """
        with self._session() as session:
            if session.get(SpentMessage, _hash(message_id)):
                return True
            found = select(Conversation).join(Message, Message.conversation_id == Conversation.id).where(Message.message_id == message_id)
            rows = session.execute(found).scalars().all()
            return bool(rows) and not any(row.left_at is None and _seen(row.last_seen_at) >= _now() - self._idle for row in rows)

    def accept(self, chat: Chat, message_id: str, text: str) -> dict[str, Any] | None:
        """Keep a message before it is answered; give the answer where this ``message_id`` already has one."""
        with self._session() as session:
            message = Message(conversation_id=chat.id, message_id=message_id, text=text, received_at=_now())
            session.execute(update(Conversation).where(Conversation.id == chat.id).values(last_seen_at=_now()))
            session.add(message)
            try:
                session.commit()
            except IntegrityError:
                session.rollback()
                known = (
                    session.execute(select(Message).where(Message.conversation_id == chat.id, Message.message_id == message_id))
                    .scalars()
                    .first()
                )
                if known is None:
                    raise UnknownConversation() from None
                if known.answer:
                    return dict(known.answer)
                # Sent again before it was answered, perhaps in other words: the answer to come is to these.
                known.text = text
                session.commit()
        return None

    def record(self, chat: Chat, message_id: str, answer: dict[str, Any], language: str, pinned: str | None) -> None:
        """Keep the answer to a message and the language of the conversation."""
        with self._session() as session:
            session.execute(
                update(Message).where(Message.conversation_id == chat.id, Message.message_id == message_id).values(answer=answer)
            )
            session.execute(
                update(Conversation).where(Conversation.id == chat.id).values(language=language, pinned=pinned, last_seen_at=_now())
            )
            session.commit()

    def pin(self, chat: Chat, language: str) -> None:
        """Keep the language that the person chose."""
        with self._session() as session:
            session.execute(
                update(Conversation).where(Conversation.id == chat.id).values(language=language, pinned=language, last_seen_at=_now())
            )
            session.commit()

    def exchanges(self, chat: Chat) -> list[Exchange]:
        """Give the conversation so far, oldest first."""
        with self._session() as session:
            rows = session.execute(select(Message).where(Message.conversation_id == chat.id).order_by(Message.id)).scalars()
            return [Exchange(row.message_id, row.text, row.answer) for row in rows]

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

    def give_feedback(self, chat: Chat, helped: bool, about: str | None, comment: str) -> None:
        """Keep what a visitor thought; ``comment`` comes redacted."""
        with self._session() as session:
            session.add(Feedback(conversation_id=chat.id, helped=int(helped), about=about, comment=comment, given_at=_now()))
            session.commit()

    def erase(self, rasa_ids: list[str]) -> None:
        """Erase conversations here and put them on the list of what Rasa still has to erase."""
        if not rasa_ids:
            return
        with self._session() as session:
            ids = session.execute(select(Conversation.id).where(Conversation.rasa_id.in_(rasa_ids))).scalars().all()
            sent = set(session.execute(select(Message.message_id).where(Message.conversation_id.in_(ids))).scalars())
            for spent in {_hash(message_id) for message_id in sent}:
                session.merge(SpentMessage(message_hash=spent, erased_at=_now()))
            for model in (Message, Feedback):
                session.execute(delete(model).where(model.conversation_id.in_(ids)))
            session.execute(delete(Conversation).where(Conversation.id.in_(ids)))
            waiting = set(session.execute(select(PendingErasure.rasa_id)).scalars())
            session.add_all([PendingErasure(rasa_id=rasa_id, asked_at=_now()) for rasa_id in rasa_ids if rasa_id not in waiting])
            session.commit()
        wipe_freed_pages(self._engine)

    def pending_erasures(self) -> list[str]:
        """Give the Rasa ids that Rasa still has to erase."""
        with self._session() as session:
            return list(session.execute(select(PendingErasure.rasa_id)).scalars())

    def erased(self, rasa_id: str) -> None:
        """Note that Rasa has erased a conversation."""
        with self._session() as session:
            session.execute(delete(PendingErasure).where(PendingErasure.rasa_id == rasa_id))
            session.commit()
        wipe_freed_pages(self._engine)

    def spend(self, message_id: str) -> None:
        """Note that what was sent, or was to be sent, under this id is never to be shown again."""
        with self._session() as session:
            session.merge(SpentMessage(message_hash=_hash(message_id), erased_at=_now()))
            session.commit()

    def forget_spent(self, days: int) -> None:
        """Forget the ids of messages that were spent more than ``days`` days ago."""
        with self._session() as session:
            session.execute(delete(SpentMessage).where(SpentMessage.erased_at < _now() - timedelta(days=days)))
            session.commit()

    def expired(self, days: int) -> list[str]:
        """Give the Rasa ids of conversations without a message for ``days`` days."""
        with self._session() as session:
            limit = _now() - timedelta(days=days)
            return list(session.execute(select(Conversation.rasa_id).where(Conversation.last_seen_at < limit)).scalars())
