"""Noticing that nothing is erased any more, or that a clock is wrong: every front door looks, whoever does the jobs."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation
from bot.directory.ledger import Revision
from bot.jobs import STOPPED_AFTER, TIDYING, WIPING, JobRow, Jobs
from bot.moments import SKEW, seen, utc_now
from bot.sharing.memory import SharedMemory

CLOCK = "clock"
ALARMS = (TIDYING, WIPING, CLOCK)
"""What can be found: nothing is erased; what was erased is not overwritten; a clock is wrong."""
LOOK_EVERY = 30.0
FIRST_DONE = 120.0
"""Seconds after its start within which a front door has done what was due while it did not run."""
JUMP_TOLD = 3600.0
"""Seconds for which a clock that jumped is told."""


def since_boot() -> float:
    """Give seconds that only ever grow, sleep of the machine included where the system counts it (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def apart_from_database(engine: Engine, clock: Callable[[], datetime] = utc_now) -> timedelta:
    """Give by how much the database's clock is ahead of ours; nothing on SQLite, which has none of its own."""
    if engine.dialect.name == "sqlite":
        return timedelta(0)
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


class Watch:
    """What one front door has found: ``found`` are the ALARMS of its last look. The clock gives UTC, ``ticks`` seconds that only ever grow.

    ``alert`` is called with each at every look; it is on whoever tells people not to tell them all the time.
    """

    def __init__(
        self,
        engine: Engine,
        jobs: Jobs,
        memory: SharedMemory,
        alert: Callable[[str], None],
        clock: Callable[[], datetime] = utc_now,
        ticks: Callable[[], float] = since_boot,
    ) -> None:
        self._engine = engine
        self._jobs = jobs
        self._memory = memory
        self._alert = alert
        self._clock = clock
        self._ticks = ticks
        self._started, self._started_at = ticks(), clock()
        self._looked, self._jumped = float("-inf"), float("-inf")
        self._booted = clock() - timedelta(seconds=ticks())
        self.found: tuple[str, ...] = ()

    def look(self) -> None:
        """Look, unless it was done lately."""
        if self._ticks() - self._looked < LOOK_EVERY:
            return
        self._looked = self._ticks()
        wrong = {TIDYING: self._has_stopped(TIDYING), WIPING: self._has_stopped(WIPING), CLOCK: self._is_clock_wrong()}
        self.found = tuple(kind for kind in ALARMS if wrong[kind])
        for kind in self.found:
            self._alert(kind)

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
        return (
            self._ticks() - self._jumped < JUMP_TOLD
            or (shared is not None and abs(shared - self._clock()) > SKEW)
            or abs(apart_from_database(self._engine, self._clock)) > SKEW
            or (newest_kept(self._engine) or now) > now + SKEW
        )
