"""Keeping conversations: start, find, accept a message, record its answer, erase, expire."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation, Feedback, Message, PendingErasure
from bot.database import wipe_freed_pages
from bot.errors import UnknownConversation


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


def _now() -> datetime:
    return datetime.now(timezone.utc)


class ConversationStore:
    """Conversations in the database; every method is one transaction. The clock is the machine's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _session(self) -> Session:
        return Session(self._engine, future=True)

    def start(self) -> Chat:
        """Start a conversation with a token that cannot be guessed."""
        token, rasa_id, now = secrets.token_urlsafe(24), str(uuid.uuid4()), _now()
        with self._session() as session:
            row = Conversation(token_hash=_hash(token), rasa_id=rasa_id, started_at=now, last_seen_at=now)
            session.add(row)
            session.commit()
            return Chat(row.id, token, rasa_id, None, None)

    def find(self, token: str) -> Chat:
        """Find the conversation of ``token``. Raises UnknownConversation."""
        with self._session() as session:
            row = session.execute(select(Conversation).where(Conversation.token_hash == _hash(token))).scalars().first()
            if row is None:
                raise UnknownConversation()
            return Chat(row.id, token, row.rasa_id, row.language, row.pinned)

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
                return dict(known.answer) if known.answer else None
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
            session.execute(update(Conversation).where(Conversation.id == chat.id).values(language=language, pinned=language))
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

    def expired(self, days: int) -> list[str]:
        """Give the Rasa ids of conversations without a message for ``days`` days."""
        with self._session() as session:
            limit = _now() - timedelta(days=days)
            return list(session.execute(select(Conversation.rasa_id).where(Conversation.last_seen_at < limit)).scalars())
