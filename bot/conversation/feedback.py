"""What visitors thought of an answer, for the officers: taken only while somebody reads it, and not kept for ever."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Feedback
from bot.conversation.store import Chat, lock
from bot.errors import UnknownConversation
from bot.handover.accounts import OFFICER
from bot.handover.models import Staff
from bot.moments import seen, utc_now

NO_OFFICER, UNREAD = "no_officer", "unread"
"""Why no feedback is taken: nobody has an officer's account that may be used, or some has lain unread for too long."""
SHOWN_AT_MOST = 200


@dataclass(frozen=True)
class Opinion:
    """What one visitor thought. ``about`` is a service's id, empty where it is about an answer; ``comment`` is redacted.

    ``read_at`` is None while no officer has read it, ``read_by`` the name of the one who has.
    """

    id: int
    helped: bool
    about: str
    comment: str
    language: str
    given_at: datetime
    read_at: datetime | None
    read_by: str


class FeedbackBook:
    """The feedback in the database; every method is one transaction.

    What nobody has read for ``unread_days`` days stops more from being taken. What was read is deleted ``days`` days later; of what was
    not, the comment is deleted ``days`` days after it was given.
    """

    def __init__(self, engine: Engine, unread_days: int, days: int, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self.unread_days = unread_days
        self.days = days
        self._clock = clock

    def _session(self) -> Session:
        return Session(self._engine, future=True)

    def closed(self) -> str:
        """Say why no feedback is taken now; empty where it is."""
        with self._session() as session:
            return self._closed(session)

    def _closed(self, session: Session) -> str:
        officers = (Staff.role == OFFICER, Staff.disabled_at.is_(None))
        if not session.execute(select(func.count(Staff.id)).where(*officers)).scalar():
            return NO_OFFICER
        oldest = session.execute(select(func.min(Feedback.given_at)).where(Feedback.read_at.is_(None))).scalar()
        return UNREAD if oldest and seen(oldest) < self._clock() - timedelta(days=self.unread_days) else ""

    def give(self, chat: Chat, helped: bool, about: str | None, comment: str) -> bool:
        """Keep what a visitor thought (``comment`` comes redacted); give False where nobody reads it, and it is not kept.

        The same said twice in a chat is kept once, and a comment joins what was said without one. Raises UnknownConversation.
        """
        with self._session() as session:
            if not lock(session, chat):
                raise UnknownConversation()
            if self._closed(session):
                return False
            said = (Feedback.conversation_id == chat.id, Feedback.helped == int(helped), Feedback.read_at.is_(None))
            rows = session.execute(select(Feedback).where(*said).order_by(Feedback.id.desc())).scalars().all()
            same = next((row for row in rows if row.about in (None, about) and not row.comment), None)
            if any((row.about, row.comment) == (about, comment) for row in rows):
                pass
            elif same is not None and comment:
                same.about, same.comment = about, comment
            else:
                session.add(
                    Feedback(
                        conversation_id=chat.id,
                        helped=int(helped),
                        about=about,
                        comment=comment,
                        language=chat.language or "",
                        given_at=self._clock(),
                    )
                )
            session.commit()
            return True

    def all(self) -> list[Opinion]:
        """Give what visitors thought: what nobody has read first, the oldest of it first; then what was read, the newest first."""
        with self._session() as session:
            unread = select(Feedback).where(Feedback.read_at.is_(None)).order_by(Feedback.id).limit(SHOWN_AT_MOST)
            read = select(Feedback).where(Feedback.read_at.is_not(None)).order_by(Feedback.read_at.desc(), Feedback.id)
            return [_opinion(row) for asked in (unread, read.limit(SHOWN_AT_MOST)) for row in session.execute(asked).scalars()]

    def about(self, service_id: str) -> list[Opinion]:
        """Give what visitors thought of a service, the newest first."""
        with self._session() as session:
            rows = session.execute(select(Feedback).where(Feedback.about == service_id).order_by(Feedback.id.desc()).limit(SHOWN_AT_MOST))
            return [_opinion(row) for row in rows.scalars()]

    def unread(self) -> int:
        """Give how much nobody has read yet."""
        with self._session() as session:
            return session.execute(select(func.count(Feedback.id)).where(Feedback.read_at.is_(None))).scalar() or 0

    def mark_read(self, feedback_id: int, by: str) -> None:
        """Note that ``by`` has read something; who read it first stays."""
        with self._session() as session:
            unread = (Feedback.id == feedback_id, Feedback.read_at.is_(None))
            session.execute(update(Feedback).where(*unread).values(read_at=self._clock(), read_by=by))
            session.commit()

    def forget(self) -> None:
        """Delete what was read ``days`` days ago, and the comments that nobody has read for as long."""
        limit = self._clock() - timedelta(days=self.days)
        with self._session() as session:
            session.execute(delete(Feedback).where(Feedback.read_at < limit))
            old = (Feedback.read_at.is_(None), Feedback.given_at < limit, Feedback.comment != "")
            session.execute(update(Feedback).where(*old).values(comment=""))
            session.commit()


def _opinion(row: Any) -> Opinion:
    return Opinion(
        id=row.id,
        helped=bool(row.helped),
        about=row.about or "",
        comment=row.comment,
        language=row.language,
        given_at=seen(row.given_at),
        read_at=seen(row.read_at) if row.read_at else None,
        read_by=row.read_by,
    )
