"""What staff tell the officers: records that are wrong, and that a safeguarding concern was passed on. Both outlive the chat."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.handover.accounts import Member
from bot.handover.models import Escalation, Staff, WrongRecord
from bot.moments import seen


class Reports:
    """The reports in the database; every method is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def _session(self) -> Session:
        return Session(self._engine, future=True)

    def report_wrong(self, member: Member, kind: str, about: str, note: str) -> None:
        """Tell the officers that a record (``kind`` is ``service`` or ``guidance``) is wrong; each is told once until it is settled."""
        with self._session() as session:
            same = select(WrongRecord).where(WrongRecord.kind == kind, WrongRecord.about == about, WrongRecord.settled_at.is_(None))
            known = session.execute(same).scalars().first()
            is_new = known is None
            if known is not None and note and note not in known.note:
                # In one statement: another member of staff may add to it at this moment, and an officer settle it.
                added = WrongRecord.note + (f"\n{note}" if known.note else note)
                still = update(WrongRecord).where(WrongRecord.id == known.id, WrongRecord.settled_at.is_(None))
                is_new = not session.execute(still.values(note=added).execution_options(synchronize_session=False)).rowcount
            if is_new:
                session.add(WrongRecord(kind=kind, about=about, note=note, staff_id=member.id, at=self._clock()))
            session.commit()

    def wrong_records(self) -> list[dict[str, Any]]:
        """Give what was reported wrong and is not settled, oldest first: id, kind, about, note, by, at."""
        with self._session() as session:
            rows = session.execute(
                select(WrongRecord, Staff.name)
                .join(Staff, Staff.id == WrongRecord.staff_id)
                .where(WrongRecord.settled_at.is_(None))
                .order_by(WrongRecord.id)
            )
            return [
                {"id": row.id, "kind": row.kind, "about": row.about, "note": row.note, "by": name, "at": seen(row.at)} for row, name in rows
            ]

    def escalations(self) -> list[dict[str, Any]]:
        """Give the records of safeguarding concerns, newest first: id, at, by, concern, contact, done."""
        with self._session() as session:
            rows = session.execute(
                select(Escalation, Staff.name).join(Staff, Staff.id == Escalation.staff_id).order_by(Escalation.id.desc())
            )
            return [
                {
                    "id": row.id,
                    "at": seen(row.at),
                    "by": name,
                    "concern": row.concern,
                    "contact": row.contact,
                    "done": row.done,
                }
                for row, name in rows
            ]

    def forget_escalations(self, years: int) -> None:
        """Delete the records of safeguarding concerns that are older than ``years``."""
        with self._session() as session:
            session.execute(delete(Escalation).where(Escalation.at < self._clock() - timedelta(days=365.25 * years)))
            session.commit()

    def forget_settled(self, years: int) -> None:
        """Delete the reports that officers settled more than ``years`` ago."""
        with self._session() as session:
            session.execute(delete(WrongRecord).where(WrongRecord.settled_at < self._clock() - timedelta(days=365.25 * years)))
            session.commit()

    def settle_wrong(self, report_id: int, seen_of_it: int) -> bool:
        """Note that an officer has settled a report, of whose note they saw so many characters; False where staff have added to it."""
        with self._session() as session:
            as_seen = (WrongRecord.id == report_id, func.length(WrongRecord.note) == seen_of_it)
            settled = update(WrongRecord).where(*as_seen).values(settled_at=self._clock())
            done = session.execute(settled.execution_options(synchronize_session=False))
            session.commit()
            return bool(done.rowcount)
