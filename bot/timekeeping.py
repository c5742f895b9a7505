"""Whether what is due is done on time, and whether clocks are right: every front door looks by itself, whoever does the jobs."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Access, Conversation, Feedback, SpentMessage
from bot.directory.ledger import Revision
from bot.handover.models import Escalation, Handover, SignIn, StaffSession, WrongRecord
from bot.jobs import STOPPED_AFTER, TIDYING, WIPING, JobRow, Jobs
from bot.moments import SKEW, seen, utc_now
from bot.sharing.memory import SharedMemory

CLOCK = "clock"
LATE_OR_WRONG = (TIDYING, WIPING, CLOCK)
"""What can be found: nothing is erased; what was erased is not overwritten; a clock is wrong."""
BROUGHT_BACK = (
    *(Conversation.last_seen_at, Access.last_seen_at, SpentMessage.erased_at, Feedback.given_at, Feedback.read_at),
    *(StaffSession.signed_in_at, StaffSession.last_seen_at, StaffSession.beat_at, SignIn.at),
    *(Handover.claimed_at, Handover.urgent_at, Escalation.at, WrongRecord.settled_at),
)
"""Moments from which on something lasts or is kept: none may lie ahead, or it would last longer than others."""
LOOK_EVERY = 5.0
FIRST_DONE = 120.0
"""Seconds after its start within which a front door has done what was due while it did not run."""
JUMP_TOLD = 3600.0
"""Seconds for which a clock that jumped is told."""


def since_boot() -> float:
    """Give seconds that only ever grow, sleep of the machine included where the system counts it (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def apart_from_database(engine: Engine, clock: Callable[[], datetime] = utc_now) -> timedelta | None:
    """Give by how much the database's clock is ahead of ours; None on SQLite, which has none of its own."""
    if engine.dialect.name == "sqlite":
        return None
    with engine.connect() as connection:
        # Connecting takes a while, and is over.
        theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar()
        return theirs - clock()


def newest_kept(engine: Engine) -> datetime | None:
    """Give the newest moment at which anything was kept, by the clock of whoever kept it."""
    with Session(engine, future=True) as session:
        columns = (Conversation.last_seen_at, Revision.at, JobRow.done_at)
        kept = [session.execute(select(func.max(column))).scalar() for column in columns]
    return max((seen(moment) for moment in kept if moment), default=None)


class Timekeeping:
    """What one front door has found: ``found`` has those of LATE_OR_WRONG that its last look found.

    ``is_sure`` says that this machine's clock agreed with another one, and did not jump lately; ``is_in_doubt`` that it disagreed with
    one, or jumped lately: by such a clock nothing is erased.

    The clock gives UTC, ``ticks`` seconds that only ever grow.
    """

    def __init__(
        self,
        engine: Engine,
        jobs: Jobs,
        memory: SharedMemory,
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = since_boot,
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self._memory = memory
        self._clock = clock
        self._ticks = ticks
        self._started, self._started_at = ticks(), clock()
        self._looked, self._jumped = float("-inf"), float("-inf")
        self._booted = clock() - timedelta(seconds=ticks())
        self.found: tuple[str, ...] = ()
        self.is_sure = self.is_in_doubt = False

    def look(self) -> None:
        """Look, unless it was done lately."""
        if self._ticks() - self._looked >= LOOK_EVERY:
            self.look_now()

    def look_now(self) -> None:
        """Look, before something is done by the clock that cannot be undone."""
        self._looked = self._ticks()
        wrong = {TIDYING: self._has_stopped(TIDYING), WIPING: self._has_stopped(WIPING), CLOCK: self._is_clock_wrong()}
        self.found = tuple(kind for kind in LATE_OR_WRONG if wrong[kind])

    def bring_back(self) -> None:
        """Have what was noted for a moment that is still to come, by a clock that was ahead, count as done now."""
        now = self._clock()
        with Session(self._engine, future=True) as session:
            for column in BROUGHT_BACK:
                ahead = update(column.class_).where(column > now + SKEW).values({column: now})
                session.execute(ahead.execution_options(synchronize_session=False))
            session.commit()

    def _has_stopped(self, name: str) -> bool:
        job, now = self._jobs.look(name), self._clock()
        done_at = job.done_at if job and job.done_at and job.done_at <= now + SKEW else self._started_at
        return self._ticks() - self._started > FIRST_DONE and now - done_at > STOPPED_AFTER[name]

    def _is_clock_wrong(self) -> bool:
        now, booted = self._clock(), self._clock() - timedelta(seconds=self._ticks())
        if abs(booted - self._booted) > SKEW:
            self._jumped = self._ticks()
        self._booted = booted
        shared = self._memory.moment()
        apart = [shared - self._clock() if shared else None, apart_from_database(self._engine, self._clock)]
        others = [abs(one) <= SKEW for one in apart if one is not None]
        steady = self._ticks() - self._jumped >= JUMP_TOLD
        self.is_sure = steady and bool(others) and all(others)
        self.is_in_doubt = not steady or not all(others)
        if self.is_in_doubt or self.is_sure:
            # What was kept at a moment still to come was kept by a clock that was wrong then.
            return self.is_in_doubt
        newest = newest_kept(self._engine)
        return newest is not None and newest > now + SKEW
