"""The off switches: an officer, or the operator, stops the assistant or the handover to staff at once, and says why.

They are a brake, so one person is enough, and both ways are written down.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Boolean, Column, DateTime, Integer, String, Text, delete, func, or_, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.database import Base
from bot.errors import SwitchRefused
from bot.moments import seen, utc_now

ASSISTANT, HANDOVER = "assistant", "handover"
SWITCHES = (ASSISTANT, HANDOVER)
"""What can be switched off: answers of the assistant; new chats with staff and new messages to them. Urgent words never can."""
LONGEST_REASON, LONGEST_MESSAGE = 500, 300
"""Characters."""
HISTORY_SHOWN = 100


class Switching(Base):  # type: ignore[misc,valid-type]
    """One time that something was switched off or on. Rows are only added, and forgotten after their years: the last one says how it is.

    ``what`` is one of SWITCHES, ``why`` is for officers, ``message`` (English, may be empty) for visitors while it is off.
    """

    __tablename__ = "switching"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    what = Column(String(16), nullable=False, index=True)
    off = Column(Boolean, nullable=False)
    why = Column(Text, nullable=False)
    message = Column(Text, nullable=False)
    by = Column(String(80), nullable=False)
    at = Column(DateTime(timezone=True), nullable=False)


@dataclass(frozen=True)
class Switched:
    """A line of the history, as ``Switching`` has it; ``at`` is UTC."""

    what: str
    off: bool
    why: str
    message: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Off:
    """What is off: ``since`` when (UTC) and by whom; the reason and the message to visitors are those that were given last."""

    what: str
    since: datetime
    by: str
    why: str
    message: str


class OffSwitches:
    """The switches over the database; what is off is kept in memory and read again by ``refresh``.

    When the database cannot be read, what was last read goes on. The clock gives UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._reading = threading.Lock()
        self._off: dict[str, Off] = {}
        self.refresh()

    def current(self) -> tuple[Off, ...]:
        """Give what is off, as last read, in the order of SWITCHES."""
        off = self._off
        return tuple(off[what] for what in SWITCHES if what in off)

    def off(self, what: str) -> Off | None:
        """Give since when and by whom ``what`` is off, as last read; None where it is on."""
        return self._off.get(what)

    def refresh(self) -> None:
        """Read what is off."""
        # One at a time, so that an earlier look never takes the place of a later one.
        with self._reading, Session(self._engine, future=True) as session:
            found = {what: _off(session, what) for what in SWITCHES}
            self._off = {what: off for what, off in found.items() if off}

    def switch_off(self, what: str, by: str, why: str, message: str = "") -> None:
        """Switch off; where it is off already, the reason and the message are new. Raises SwitchRefused, and changes nothing then."""
        self._add(what, True, by, why, message)

    def switch_on(self, what: str, by: str, why: str) -> bool:
        """Switch on again; give False, and write nothing, where it is on. Raises SwitchRefused."""
        self.refresh()
        was_off = self.off(what) is not None
        if was_off:
            self._add(what, False, by, why, "")
        return was_off

    def _add(self, what: str, off: bool, by: str, why: str, message: str) -> None:
        if not why.strip():
            raise SwitchRefused("reason")
        if len(why) > LONGEST_REASON or len(message) > LONGEST_MESSAGE:
            raise SwitchRefused("length", reason=LONGEST_REASON, message=LONGEST_MESSAGE)
        with Session(self._engine, future=True) as session:
            session.add(Switching(what=what, off=off, why=why.strip(), message=message.strip(), by=by, at=self._clock()))
            session.commit()
        self.refresh()

    def history(self) -> list[Switched]:
        """Give the last times that something was switched, newest first."""
        with Session(self._engine, future=True) as session:
            rows = session.execute(select(Switching).order_by(Switching.id.desc()).limit(HISTORY_SHOWN)).scalars()
            return [Switched(row.what, row.off, row.why, row.message, row.by, seen(row.at)) for row in rows]

    def forget(self, years: int) -> None:
        """Delete what was switched more than ``years`` ago, but never what says that something is off now.

        By two machines' clocks what switched something on may look older than what had switched it off: nothing is deleted before that.
        """
        limit = self._clock() - timedelta(days=365.25 * years)
        with Session(self._engine, future=True) as session:
            for what in SWITCHES:
                kept = [row.id for row in _since_on(session, what)]
                stays = or_(Switching.at >= limit, Switching.id.in_(kept))
                first = select(func.min(Switching.id)).where(Switching.what == what, stays)
                older = or_(first.scalar_subquery().is_(None), Switching.id < first.scalar_subquery())
                session.execute(delete(Switching).where(Switching.what == what, older).execution_options(synchronize_session=False))
            session.commit()


def _since_on(session: Session, what: str) -> list[Switching]:
    """Give the rows by which something is off, oldest first; none where it is on."""
    last_on = select(func.coalesce(func.max(Switching.id), 0)).where(Switching.what == what, Switching.off.is_(False)).scalar_subquery()
    return list(session.execute(select(Switching).where(Switching.what == what, Switching.id > last_on).order_by(Switching.id)).scalars())


def _off(session: Session, what: str) -> Off | None:
    rows = _since_on(session, what)
    return Off(what, seen(rows[0].at), rows[0].by, rows[-1].why, rows[-1].message) if rows else None
