"""A job that has stopped and a clock that is wrong are noticed by every front door, on both databases."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import Engine

from bot.conversation.models import Access, Conversation, SpentMessage
from bot.conversation.store import ConversationStore
from bot.handover.models import Handover, SignIn, StaffSession
from bot.jobs import STOPPED_AFTER, TIDYING, WIPING, Jobs
from bot.moments import SKEW, seen, utc_now
from bot.sharing.memory import NOTHING_SHARED, SharedMemory
from bot.timekeeping import BROUGHT_BACK, CLOCK, FIRST_DONE, JUMP_TOLD, LOOK_EVERY, Timekeeping
from tests.builders import Clock, a_desk, a_member
from tests.servers import REDIS_URL, redis_answers


class Machine:
    """A computer with a clock that can be wrong, and what counts the seconds since it was started."""

    def __init__(self, engine: Engine, later: timedelta = timedelta(0)) -> None:
        self.clock = Clock(utc_now() + later)
        self.ticks = 1000.0
        self.jobs = Jobs(engine, self.clock)
        self.timekeeping = Timekeeping(engine, self.jobs, NOTHING_SHARED, self.clock, lambda: self.ticks)

    def pass_by(self, time: timedelta) -> None:
        self.clock.now += time
        self.ticks += time.total_seconds()

    def look(self) -> tuple[str, ...]:
        self.timekeeping.look()
        return self.timekeeping.found

    def do(self, name: str) -> None:
        self.jobs.claim(name, timedelta(0))
        self.jobs.ended(name)


@pytest.fixture
def machine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(engine)
    # The database's clock is the real one, and these tests move only the machine's: what they are about is not that.
    monkeypatch.setattr("bot.timekeeping.apart_from_database", lambda engine, clock: None)
    return found


@pytest.mark.parametrize("name", [TIDYING, WIPING])
def test_a_job_that_is_not_done_any_more_is_told(machine: Machine, name: str) -> None:
    for job in (TIDYING, WIPING):
        machine.do(job)
    machine.pass_by(STOPPED_AFTER[name])
    other = TIDYING if name == WIPING else WIPING
    machine.do(other)
    assert machine.look() == ()
    machine.pass_by(timedelta(seconds=LOOK_EVERY))
    assert machine.look() == (name,)
    machine.do(name)
    machine.pass_by(timedelta(seconds=LOOK_EVERY))
    assert machine.look() == ()


def test_what_was_noted_by_a_clock_that_was_ahead_lasts_no_longer_than_other_things(
    machine: Machine, engine: Engine, tmp_path: Path
) -> None:
    desk, now = a_desk(engine, tmp_path), machine.clock()
    anna = a_member(desk, "Anna")
    store = ConversationStore(engine, idle_minutes=15)
    chat, other = store.start(), store.start()
    store.spend("m1")
    desk.accept(chat, "m1", "hello")
    desk.ask(chat, "asked")
    desk.claim(desk.queue()[0].id, anna)
    kept: dict[Any, set[datetime]] = {column: set() for column in BROUGHT_BACK}
    with engine.begin() as connection:
        for column in BROUGHT_BACK:
            connection.execute(update(column.class_).where(column.is_not(None)).values({column: now + timedelta(days=9)}))
        connection.execute(update(Conversation).where(Conversation.id == other.id).values(last_seen_at=now + timedelta(minutes=4)))
    machine.timekeeping.bring_back()
    with engine.connect() as connection:
        for column in kept:
            kept[column] = {seen(moment) for moment in connection.execute(select(column)).scalars() if moment}
    assert set().union(*kept.values()) == {now, now + timedelta(minutes=4)}
    filled = {column.class_ for column, moments in kept.items() if moments}
    assert filled >= {Conversation, Access, SpentMessage, StaffSession, SignIn, Handover}


def test_a_job_that_fails_is_not_done(machine: Machine) -> None:
    machine.do(TIDYING)
    for _ in range(16):
        machine.pass_by(timedelta(minutes=1))
        machine.jobs.claim(TIDYING, timedelta(0))
        machine.jobs.ended(TIDYING, failed=True)
    assert machine.look() == (TIDYING,)


def test_a_job_that_was_never_done_is_told_and_not_at_the_start(machine: Machine) -> None:
    assert machine.look() == ()
    machine.pass_by(STOPPED_AFTER[TIDYING] + timedelta(seconds=LOOK_EVERY))
    assert machine.look() == (TIDYING,)


def test_a_product_that_was_stopped_over_night_has_time_to_begin(engine: Engine, machine: Machine) -> None:
    machine.do(TIDYING)
    machine.do(WIPING)
    morning = Machine(engine, timedelta(hours=12))
    assert morning.look() == ()
    morning.pass_by(timedelta(seconds=FIRST_DONE + 1))
    assert morning.look() == (TIDYING,)


def test_it_looks_now_and_then_only(machine: Machine) -> None:
    machine.look()
    machine.pass_by(timedelta(seconds=LOOK_EVERY - 1))
    machine.clock.pass_by(days=1)
    assert machine.look() == ()


@pytest.mark.parametrize("jump", [timedelta(minutes=6), timedelta(minutes=-6), timedelta(days=400)])
def test_a_clock_that_jumps_is_told_for_a_while(machine: Machine, jump: timedelta) -> None:
    machine.look()
    machine.pass_by(timedelta(seconds=LOOK_EVERY))
    machine.clock.now += jump
    machine.do(TIDYING)
    machine.do(WIPING)
    assert machine.look() == (CLOCK,)
    machine.ticks += JUMP_TOLD - 1
    machine.clock.now += timedelta(seconds=JUMP_TOLD - 1)
    machine.do(TIDYING)
    machine.do(WIPING)
    assert machine.look() == (CLOCK,)
    machine.pass_by(timedelta(seconds=LOOK_EVERY))
    assert machine.look() == ()


def test_a_clock_is_in_doubt_from_the_moment_it_jumps(machine: Machine) -> None:
    machine.look()
    assert not machine.timekeeping.is_in_doubt
    machine.clock.now += timedelta(days=9)
    machine.timekeeping.look_now()
    assert machine.timekeeping.is_in_doubt
    machine.clock.now -= timedelta(days=9)
    machine.timekeeping.look_now()
    assert machine.timekeeping.is_in_doubt, "it jumped again"
    machine.pass_by(timedelta(seconds=JUMP_TOLD))
    machine.timekeeping.look_now()
    assert not machine.timekeeping.is_in_doubt


def test_who_has_nobody_to_ask_or_jumped_lately_is_not_sure_of_the_time(engine: Engine) -> None:
    machine = Machine(engine)
    machine.look()
    assert machine.timekeeping.is_sure == (engine.dialect.name == "postgresql")
    machine.ticks += LOOK_EVERY + 2 * SKEW.total_seconds()
    machine.look()
    assert not machine.timekeeping.is_sure


def test_a_clock_that_is_put_right_bit_by_bit_is_not_told(machine: Machine) -> None:
    for _ in range(20):
        machine.pass_by(timedelta(seconds=LOOK_EVERY))
        machine.clock.now += timedelta(seconds=20)
        machine.do(TIDYING)
        assert machine.look() == ()


def test_what_is_kept_from_the_future_is_told(engine: Engine, machine: Machine) -> None:
    ConversationStore(engine, 15).start()
    machine.clock.now -= SKEW / 2
    assert machine.look() == ()
    behind = Machine(engine, -2 * SKEW)
    assert behind.look() == (CLOCK,)


@pytest.mark.parametrize("wrong", [2 * SKEW, -2 * SKEW])
def test_a_clock_that_is_not_the_database_s_is_told(postgresql: Engine, wrong: timedelta) -> None:
    for later, found in ((timedelta(0), ()), (wrong, (CLOCK,))):
        machine = Machine(postgresql, later)
        assert machine.look() == found
        assert machine.timekeeping.is_sure == (not found)


@pytest.mark.skipif(not redis_answers(), reason="no Redis answers: set TEST_REDIS_URL")
@pytest.mark.parametrize("wrong", [2 * SKEW, -2 * SKEW])
def test_a_clock_that_is_not_the_one_of_redis_is_told(engine: Engine, wrong: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.timekeeping.apart_from_database", lambda engine, clock: None)
    memory = SharedMemory(REDIS_URL, "test-timekeeping")
    for clock, found in ((utc_now, ()), (Clock(utc_now() + wrong), (CLOCK,))):
        timekeeping = Timekeeping(engine, Jobs(engine), memory, clock, lambda: 1.0)
        timekeeping.look()
        assert timekeeping.found == found


def test_while_the_database_is_away_what_was_found_stays(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.pass_by(STOPPED_AFTER[TIDYING] + timedelta(seconds=LOOK_EVERY))
    assert machine.look() == (TIDYING,)

    def away(*_: Any) -> None:
        raise OSError

    monkeypatch.setattr(machine.jobs, "look", away)
    machine.pass_by(timedelta(seconds=LOOK_EVERY))
    with pytest.raises(OSError):
        machine.look()
    assert machine.timekeeping.found == (TIDYING,)
