"""Who changed what in the directory, when and why: every change as the record before and after.

What takes a second officer waits here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, Column, DateTime, Integer, String, Text, func, select
from sqlalchemy.orm import Session

from bot.database import Base
from bot.directory.writer import Rows

CREATED, CHANGED, ENDED, ASSURED, UNDONE, IMPORTED = "created", "changed", "ended", "assured", "undone", "imported"
"""How a revision came about."""
WAITING, APPROVED, REFUSED, TAKEN_BACK = "waiting", "approved", "refused", "taken_back"


class Revision(Base):  # type: ignore[misc,valid-type]
    """One change of one record.

    ``kind`` and ``key`` name the record; ``before`` and ``after`` are its rows as the sheets have them, null where there was or is none.
    ``action`` says how it came about, ``approved_by`` who the second officer was, ``batch`` binds the changes of one import together.
    Names are kept as they were: an account may be gone by then.
    """

    __tablename__ = "revision"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    key = Column(String(80), nullable=False, index=True)
    action = Column(String(16), nullable=False)
    before = Column(JSON(none_as_null=True))
    after = Column(JSON(none_as_null=True))
    by = Column(String(80), nullable=False)
    approved_by = Column(String(80), nullable=False, default="")
    at = Column(DateTime(timezone=True), nullable=False, index=True)
    why = Column(Text, nullable=False, default="")
    batch = Column(String(36), nullable=False, default="", index=True)


class Proposal(Base):  # type: ignore[misc,valid-type]
    """A change that a second officer has to approve: ``state`` is waiting, approved, refused or taken back.

    ``base`` is the number of the record's last revision that the proposer saw, 0 where there was none.
    """

    __tablename__ = "proposal"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    key = Column(String(80), nullable=False, index=True)
    action = Column(String(16), nullable=False)
    base = Column(Integer, nullable=False)
    after = Column(JSON(none_as_null=True))
    by = Column(String(80), nullable=False)
    staff_id = Column(Integer)
    at = Column(DateTime(timezone=True), nullable=False)
    why = Column(Text, nullable=False, default="")
    state = Column(String(16), nullable=False, default="waiting", index=True)
    decided_by = Column(String(80), nullable=False, default="")
    decided_at = Column(DateTime(timezone=True))
    reason = Column(Text, nullable=False, default="")


@dataclass(frozen=True)
class Officer:
    """Who changes something: the id of the account, and the name that is kept with the change."""

    id: int
    name: str


@dataclass(frozen=True)
class Record:
    """A record as it stands: its rows by sheet (None where there is no such record), and the number of its last revision (0: none)."""

    kind: str
    key: str
    rows: Rows | None
    revision: int


def is_overtaken(session: Session, kind: str, key: str, base: int) -> bool:
    """Tell whether a record has been changed since revision ``base``; that somebody said it is still true is no change."""
    last = select(func.max(Revision.id)).where(Revision.kind == kind, Revision.key == key, Revision.action != ASSURED)
    return (session.execute(last).scalar() or 0) > base


def propose(session: Session, by: Officer, before: Record, after: Rows | None, action: str, now: datetime, why: str) -> int:
    """Put a change before a second officer; give its number.

    The same one is not put twice, and one's own newer one takes the older's place.
    """
    waiting = select(Proposal).where(Proposal.kind == before.kind, Proposal.key == before.key, Proposal.state == WAITING)
    for row in session.execute(waiting).scalars().all():
        if row.after == after and not is_overtaken(session, row.kind, row.key, row.base):
            return int(row.id)
        if row.staff_id == by.id:
            row.state, row.decided_by, row.decided_at = TAKEN_BACK, by.name, now
    values = {"kind": before.kind, "key": before.key, "action": action, "base": before.revision, "after": after}
    row = Proposal(**values, by=by.name, staff_id=by.id or None, at=now, why=why, state=WAITING)
    session.add(row)
    session.flush()
    return int(row.id)


def revision_of(
    by: str,
    before: Record,
    after: Rows | None,
    action: str,
    now: datetime,
    why: str = "",
    approved_by: str = "",
    batch: str = "",
) -> Revision:
    """Give the revision of a change, to be added to a session."""
    return Revision(
        kind=before.kind,
        key=before.key,
        action=action,
        before=before.rows,
        after=after,
        by=by,
        approved_by=approved_by,
        at=now,
        why=why,
        batch=batch,
    )


def keep(session: Session, revision: Revision) -> int:
    """Keep a revision; give its number."""
    session.add(revision)
    session.flush()
    return int(revision.id)


def last_revisions(session: Session) -> dict[tuple[str, str], int]:
    """Give the number of the last revision of every record that has one."""
    rows = session.execute(select(Revision.kind, Revision.key, func.max(Revision.id)).group_by(Revision.kind, Revision.key))
    return {(kind, key): number for kind, key, number in rows}
