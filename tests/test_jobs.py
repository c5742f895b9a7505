"""Jobs: one process at a time does them, and what became of them shows, on both databases."""

import threading
from datetime import timedelta

from sqlalchemy.engine import Engine

from bot.jobs import TIDYING, Jobs
from bot.web.officer.office import LEARNT_WITHIN, Learning
from tests.builders import Clock

MINUTE = timedelta(minutes=1)


def test_a_job_is_begun_by_one_process_and_by_the_next_only_when_it_is_due(engine: Engine) -> None:
    clock = Clock()
    one, other = Jobs(engine, clock), Jobs(engine, clock)
    assert one.claim(TIDYING, MINUTE)
    assert not other.claim(TIDYING, MINUTE)
    clock.pass_by(seconds=59)
    assert not one.claim(TIDYING, MINUTE)
    clock.pass_by(seconds=1)
    assert other.claim(TIDYING, MINUTE)
    assert not one.claim(TIDYING, MINUTE)


def test_of_many_that_claim_at_once_one_has_it(engine: Engine) -> None:
    start = threading.Barrier(8)
    got: list[bool] = []

    def claim() -> None:
        jobs = Jobs(engine)
        start.wait()
        got.append(jobs.claim(TIDYING, MINUTE))

    for _ in range(3):
        threads = [threading.Thread(target=claim) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(got) == 24
    assert got.count(True) == 1


def test_it_shows_whether_a_job_goes_was_done_or_failed(engine: Engine) -> None:
    clock = Clock()
    jobs = Jobs(engine, clock)
    assert jobs.look(TIDYING) is None
    begun = clock.now
    jobs.claim(TIDYING, MINUTE)
    job = jobs.look(TIDYING)
    assert job is not None
    assert (job.begun_at, job.is_going, job.has_failed) == (begun, True, False)
    clock.pass_by(seconds=5)
    jobs.ended(TIDYING, failed=True)
    job = jobs.look(TIDYING)
    assert job is not None
    assert (job.is_going, job.has_failed, job.failed_at, job.done_at) == (False, True, clock.now, None)
    clock.pass_by(minutes=1)
    jobs.claim(TIDYING, MINUTE)
    clock.pass_by(seconds=5)
    jobs.ended(TIDYING)
    job = jobs.look(TIDYING)
    assert job is not None
    assert (job.is_going, job.has_failed, job.done_at) == (False, False, clock.now)


def test_a_clock_that_is_set_back_stops_no_job(engine: Engine) -> None:
    clock = Clock()
    jobs = Jobs(engine, clock)
    jobs.claim(TIDYING, MINUTE)
    clock.pass_by(days=-3)
    assert jobs.claim(TIDYING, MINUTE)
    assert not jobs.claim(TIDYING, MINUTE)


def test_learning_goes_in_one_process_and_every_process_sees_it(engine: Engine) -> None:
    one, other = Learning(Jobs(engine)), Learning(Jobs(engine))
    assert one.state == Learning.NONE
    assert one.begin()
    assert not other.begin()
    assert other.state == Learning.GOING
    one.ended(failed=True)
    assert other.state == Learning.FAILED
    assert other.begin()
    other.ended(failed=False)
    assert one.state == Learning.NONE


def test_learning_that_died_with_its_process_can_be_begun_again(engine: Engine) -> None:
    clock = Clock()
    clock.pass_by(days=-365)
    Jobs(engine, clock).claim("places", timedelta(0))
    learning = Learning(Jobs(engine))
    assert timedelta(days=365) > LEARNT_WITHIN
    assert learning.state == Learning.FAILED
    assert learning.begin()
    assert learning.state == Learning.GOING
