"""Work that one process does for all. The database says when it was begun and done: so none is done twice, and what has stopped shows."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, String, delete, insert, or_, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Base
from bot.moments import seen, utc_now

TIDYING, PLACES = "tidying", "places"
"""Erasing what is due; learning the place names."""


class JobRow(Base):  # type: ignore[misc,valid-type]
    """One job. ``done_at`` is when it was last done without a failure, ``failed_at`` when it last failed."""

    __tablename__ = "job"
    name = Column(String(40), primary_key=True)
    begun_at = Column(DateTime(timezone=True), nullable=False)
    done_at = Column(DateTime(timezone=True))
    failed_at = Column(DateTime(timezone=True))


@dataclass(frozen=True)
class Job:
    """When a job was begun, last done, and last failed (UTC)."""

    begun_at: datetime
    done_at: datetime | None
    failed_at: datetime | None

    @property
    def is_going(self) -> bool:
        """Whether it has been begun and has not ended since."""
        return all(ended is None or ended < self.begun_at for ended in (self.done_at, self.failed_at))

    @property
    def has_failed(self) -> bool:
        """Whether it failed when it was last done."""
        return not self.is_going and (self.done_at is None or self.done_at < self.begun_at)


class Jobs:
    """The jobs of all processes on one database. The clock gives UTC."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._trial = f"trial {uuid.uuid4().hex}"

    def claim(self, name: str, every: timedelta) -> bool:
        """Begin a job unless some process has begun it less than ``every`` ago; tell whether it is ours to do.

        A beginning that lies ahead, because a clock was set back, counts as long ago.
        """
        now = self._clock()
        due = or_(JobRow.begun_at <= now - every, JobRow.begun_at > now + every)
        with Session(self._engine, future=True) as session:
            begun = update(JobRow).where(JobRow.name == name, due).values(begun_at=now).execution_options(synchronize_session=False)
            ours = bool(session.execute(begun).rowcount)
            if not ours and session.get(JobRow, name) is None:
                session.add(JobRow(name=name, begun_at=now))
                ours = True
            try:
                session.commit()
            except IntegrityError:  # another process was first
                return False
        return ours

    def ended(self, name: str, failed: bool = False) -> None:
        """Note that a job was done, or ``failed``."""
        values = {"failed_at" if failed else "done_at": self._clock()}
        with Session(self._engine, future=True) as session:
            session.execute(update(JobRow).where(JobRow.name == name).values(**values).execution_options(synchronize_session=False))
            session.commit()

    def try_to_write(self) -> None:
        """Write a row and take it out again. Raises SQLAlchemy's errors where the database takes no changes."""
        with self._engine.begin() as connection:
            connection.execute(insert(JobRow).values(name=self._trial, begun_at=self._clock()))
            connection.execute(delete(JobRow).where(JobRow.name == self._trial))

    def look(self, name: str) -> Job | None:
        """Give how a job goes; None where it was never begun."""
        with Session(self._engine, future=True) as session:
            row = session.execute(select(JobRow).where(JobRow.name == name)).scalars().first()
            if row is None:
                return None
            return Job(seen(row.begun_at), row.done_at and seen(row.done_at), row.failed_at and seen(row.failed_at))
