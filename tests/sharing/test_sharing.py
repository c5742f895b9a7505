"""What processes share through a real Redis, and how each goes on without it."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
from limits import parse

from bot.sharing.limiter import Limiter
from bot.sharing.memory import ASK_AGAIN, NOTHING_SHARED, SharedMemory, name_of_product
from bot.sharing.signals import Signals
from bot.sharing.turns import ALIVE, Turns
from tests.servers import REDIS_NOWHERE, REDIS_URL, a_silent_redis, redis_answers
from tests.waiting import soon

Open = Callable[[], SharedMemory]
THREE = parse("3/minute")
ONE_IN_TEN_SECONDS = parse("1/10 second")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the memory of one product, as each of its processes does; what it holds is deleted afterwards."""
    if not redis_answers():
        pytest.skip("no Redis answers: set TEST_REDIS_URL to test with one")
    # What a product gives up as too late a busy machine may well do.
    for name in ("TIMEOUT", "LOOP_TIMEOUT"):
        monkeypatch.setattr(f"bot.sharing.memory.{name}", 20.0)
    name = f"test:{uuid.uuid4().hex}"
    yield lambda: SharedMemory(f"{REDIS_URL}?client_name={name}", name)
    client = redis.Redis.from_url(REDIS_URL)
    for key in client.scan_iter(f"*{name}*"):
        client.delete(key)
    client.close()


@pytest.fixture(params=["refusing", "silent", "none"])
def alone(request: pytest.FixtureRequest) -> Iterator[SharedMemory]:
    """The memory of a process whose Redis is not there, does not answer, or was never switched on."""
    if request.param == "silent":
        with a_silent_redis() as url:
            yield SharedMemory(url, "test")
    else:
        yield SharedMemory(REDIS_NOWHERE if request.param == "refusing" else "", "test")


# ---- The memory itself


def test_products_on_other_databases_have_other_names_and_a_password_makes_no_difference() -> None:
    one = name_of_product("postgresql://desk:old@db.example.org/desk")
    assert name_of_product("postgresql://web:new@db.example.org/desk") == one
    assert name_of_product("postgresql://desk:old@db.example.org/other") != one
    assert name_of_product("postgresql://desk:old@db.example.org/desk?options=-csearch_path%3Dtwo") != one


def test_what_is_asked_of_a_redis_that_is_away_is_answered_otherwise_and_at_once_the_second_time(alone: SharedMemory) -> None:
    assert alone.attempt(lambda client: client.get("x"), b"otherwise") == b"otherwise"
    started = time.monotonic()
    for _ in range(100):
        assert alone.attempt(lambda client: client.get("x"), b"otherwise") == b"otherwise"
    assert time.monotonic() - started < 0.4


def test_that_redis_is_away_is_logged_once_and_so_is_that_it_is_back(shared: Open, caplog: pytest.LogCaptureFixture) -> None:
    memory = shared()
    with caplog.at_level(logging.WARNING):
        memory.failed(redis.ConnectionError("gone"))
        memory.failed(redis.ConnectionError("gone"))
        assert not memory.here
        memory._away_until = 0.0
        assert memory.attempt(lambda client: client.ping(), False)
        assert memory.attempt(lambda client: client.ping(), False)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_of_several_processes_one_is_first_until_the_time_is_over(shared: Open) -> None:
    one, other = shared(), shared()
    assert [one.first("x", 60), other.first("x", 60), one.first("x", 60), other.first("y", 60)] == [True, False, False, True]
    assert one.first("z", 0.3)
    assert soon(lambda: other.first("z", 60))


def test_without_redis_everybody_is_first(alone: SharedMemory) -> None:
    assert alone.first("x", 60)
    assert alone.first("x", 60)


# ---- Limits


def test_processes_count_against_one_limit(shared: Open) -> None:
    one, other = (Limiter(shared(), b"secret") for _ in range(2))
    assert [limiter.hit(THREE, "address", "192.0.2.1") for limiter in (one, other, one, other, one)] == [True, True, True, False, False]
    assert not one.test(THREE, "address", "192.0.2.1")
    assert one.test(THREE, "address", "192.0.2.2")
    assert 0 < other.wait(THREE, "address", "192.0.2.1") <= 61


def test_what_a_process_has_counted_holds_while_redis_is_away(shared: Open) -> None:
    memory = shared()
    limiter = Limiter(memory, b"secret")
    assert all(limiter.hit(THREE, "x") for _ in range(3))
    memory.failed(redis.ConnectionError("gone"))
    assert not limiter.hit(THREE, "x")
    assert not limiter.test(THREE, "x")


def test_a_process_without_redis_counts_by_itself(alone: SharedMemory) -> None:
    limiter = Limiter(alone, b"secret")
    assert [limiter.hit(THREE, "x") for _ in range(5)] == [True, True, True, False, False]
    assert not limiter.test(THREE, "x")
    assert 0 < limiter.wait(THREE, "x") <= 61


def test_redis_is_told_no_address_and_forgets_what_was_counted(shared: Open) -> None:
    limiter = Limiter(memory := shared(), b"secret")
    limiter.hit(THREE, "address", "192.0.2.77")
    client = redis.Redis.from_url(REDIS_URL)
    keys = list(client.scan_iter(f"*{memory.key('limit')}*"))
    assert keys
    assert all(b"192.0.2.77" not in key for key in keys)
    assert all(0 < client.ttl(key) <= 60 for key in keys)
    client.close()


def test_this_process_keeps_no_address_either_and_no_name_longer_than_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that limits keeps for ever would tell of everybody who ever came, and fill the memory over the years."""
    monkeypatch.setattr("bot.sharing.limiter.FORGET_EVERY", 0.0)
    limiter = Limiter(NOTHING_SHARED, b"secret")
    for number in range(50):
        assert limiter.hit(ONE_IN_TEN_SECONDS, "address", f"192.0.2.{number}")
    assert not limiter.hit(ONE_IN_TEN_SECONDS, "address", "192.0.2.49")
    kept = limiter._storage.events
    assert len(kept) == 50
    assert not any("192.0.2" in name for name in kept)
    patience = time.monotonic() + 60
    while len(kept) > 1:
        assert time.monotonic() < patience
        time.sleep(0.1)
        limiter.hit(ONE_IN_TEN_SECONDS, "address", "192.0.2.99")
    assert limiter.hit(ONE_IN_TEN_SECONDS, "address", "192.0.2.49")


@pytest.mark.parametrize("with_redis", [False, True])
def test_a_clock_that_was_ahead_turns_nobody_away_once_it_is_right(shared: Open, with_redis: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole library has one address: it is not to wait for nine days."""
    limiter, right = Limiter(shared() if with_redis else NOTHING_SHARED, b"secret"), time.time
    with monkeypatch.context() as ahead:
        ahead.setattr("time.time", lambda: right() + timedelta(days=9).total_seconds())
        assert limiter.hit(ONE_IN_TEN_SECONDS, "address", "192.0.2.1")
        assert not limiter.hit(ONE_IN_TEN_SECONDS, "address", "192.0.2.1"), "a limit holds by a wrong clock, too"
    wait = limiter.wait(ONE_IN_TEN_SECONDS, "address", "192.0.2.1")
    assert wait <= 10
    time.sleep(wait + 0.1)
    assert limiter.hit(ONE_IN_TEN_SECONDS, "address", "192.0.2.1")


# ---- Turns


class Line:
    """Tasks that want the same turn, in processes of ``turns`` one after the other, while somebody else still holds it."""

    def __init__(self, turns: list[Turns]) -> None:
        self.turns = turns
        self.order: list[int] = []
        self.inside, self.most = 0, 0

    async def hold(self, number: int) -> None:
        async with self.turns[number % len(self.turns)].one_at_a_time("visitor"):
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.005)
            self.order.append(number)
            self.inside -= 1

    async def take_turns(self, count: int, in_line: Callable[[], int] | None = None) -> None:
        """Let ``count`` tasks get in line, each when ``in_line`` counts all before it, and then take their turns."""
        async with self.turns[0].one_at_a_time("visitor"):
            tasks = []
            for number in range(count):
                tasks.append(asyncio.create_task(self.hold(number)))
                await asyncio.sleep(0)
                while in_line and in_line() < number + 2:
                    await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)


def test_processes_let_through_one_at_a_time_in_the_order_of_asking(shared: Open) -> None:
    async def try_it() -> Line:
        memories = [shared() for _ in range(3)]
        client = memories[0].client
        assert client is not None
        lines = f"{memories[0].key('turn')}*"

        def in_line() -> int:
            return sum(int(client.llen(key)) for key in client.scan_iter(lines) if client.type(key) == b"list")

        line = Line([Turns(memory, "test") for memory in memories])
        await line.take_turns(24, in_line)
        assert list(client.scan_iter(lines)) == [], "a turn was left behind"
        for memory in memories:
            await memory.close()
        return line

    line = asyncio.run(try_it())
    assert line.order == list(range(24))
    assert line.most == 1


def test_a_process_without_redis_lets_through_one_at_a_time(alone: SharedMemory) -> None:
    line = Line([Turns(alone, "test")])
    asyncio.run(line.take_turns(12))
    assert sorted(line.order) == list(range(12))
    assert line.most == 1


def test_turns_of_others_wait_for_nobody(shared: Open) -> None:
    async def try_it() -> float:
        memory = shared()
        turns, other = Turns(memory, "test"), Turns(memory, "other")
        started = time.monotonic()
        async with turns.one_at_a_time("one"), turns.one_at_a_time("two"), other.one_at_a_time("one"):
            pass
        await memory.close()
        return time.monotonic() - started

    # Who waits for another's turn here waits for ever.
    assert asyncio.run(asyncio.wait_for(try_it(), 30)) < 30


def test_a_process_that_dies_loses_its_turn(shared: Open) -> None:
    async def try_it() -> tuple[float, float]:
        dying, living = shared(), shared()
        held, line = Turns(dying, "test"), Turns(living, "test")
        holder, started = held._in_line("visitor"), time.monotonic()
        await holder.__aenter__()
        # What a killed process does not do: say that it is alive, and leave.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        async with line.one_at_a_time("visitor"):
            first = time.monotonic() - started
        async with line.one_at_a_time("visitor"):
            second = time.monotonic() - started - first
        await dying.close()
        await living.close()
        return first, second

    first, second = asyncio.run(try_it())
    assert 0.5 < first < ALIVE / 1000 + 15.0
    assert second < first


def test_whoever_holds_a_turn_for_long_keeps_it(shared: Open) -> None:
    order: list[str] = []

    async def hold(turns: Turns, name: str, seconds: float) -> None:
        async with turns.one_at_a_time("visitor"):
            order.append(f"{name} in")
            await asyncio.sleep(seconds)
            order.append(f"{name} out")

    async def try_it() -> None:
        one, other = shared(), shared()
        first = asyncio.create_task(hold(Turns(one, "test"), "long", ALIVE / 1000 + 1.0))
        while not order:
            await asyncio.sleep(0.05)
        await asyncio.gather(first, hold(Turns(other, "test"), "short", 0.0))
        await one.close()
        await other.close()

    asyncio.run(try_it())
    assert order == ["long in", "long out", "short in", "short out"]


def test_one_who_gives_up_waiting_holds_up_nobody(shared: Open) -> None:
    async def hold(turns: Turns, seconds: float) -> None:
        async with turns.one_at_a_time("visitor"):
            await asyncio.sleep(seconds)

    async def try_it() -> float:
        memory = shared()
        turns = Turns(memory, "test")
        holder = asyncio.create_task(hold(turns, 0.3))
        await asyncio.sleep(0.05)
        impatient = asyncio.create_task(hold(turns, 60))
        await asyncio.sleep(0.05)
        started = time.monotonic()
        while not impatient.done():
            # A single cancellation can be lost in the client's own timeouts.
            impatient.cancel()
            await asyncio.sleep(0.01)
        await asyncio.gather(holder, hold(turns, 0.0))
        await memory.close()
        return time.monotonic() - started

    assert asyncio.run(try_it()) < 1.0


def test_an_error_inside_a_turn_comes_out_and_the_turn_is_given_back(shared: Open) -> None:
    async def try_it() -> None:
        memory = shared()
        turns = Turns(memory, "test")
        with pytest.raises(ValueError, match="inside"):
            async with turns.one_at_a_time("visitor"):
                raise ValueError("inside")
        line = turns.one_at_a_time("visitor")
        await asyncio.wait_for(line.__aenter__(), 30)
        await line.__aexit__(None, None, None)
        await memory.close()

    asyncio.run(try_it())


# ---- Signals


def test_a_word_reaches_the_other_processes_and_not_the_one_that_told_it(shared: Open) -> None:
    heard: dict[str, list[str]] = {"one": [], "other": []}

    async def try_it() -> None:
        memories = [shared(), shared()]
        signals = [Signals(memory) for memory in memories]
        listening = [asyncio.create_task(signal.listen(heard[name].append)) for signal, name in zip(signals, heard, strict=True)]
        limit = time.monotonic() + 5
        while not heard["other"] and time.monotonic() < limit:
            signals[0].tell("changed")
            await asyncio.sleep(0.05)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        for memory in memories:
            await memory.close()

    asyncio.run(try_it())
    assert heard["one"] == []
    assert set(heard["other"]) == {"changed"}


def test_listening_goes_on_when_redis_comes_back(shared: Open) -> None:
    heard: list[str] = []

    async def try_it() -> None:
        memory, teller = shared(), shared()
        listening = asyncio.create_task(Signals(memory).listen(heard.append))
        other = Signals(teller)
        await until(lambda: other.tell("before"), lambda: "before" in heard)
        assert teller.client is not None
        # Every connection of ours that listens is cut, as by a Redis that starts again.
        named = teller.client.client_getname()
        ours = [one["id"] for one in teller.client.client_list(_type="pubsub") if one["name"] == named]
        assert ours
        for each in ours:
            teller.client.client_kill_filter(_id=each)
        await until(lambda: other.tell("after"), lambda: "after" in heard)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await memory.close()
        await teller.close()

    async def until(work: Callable[[], None], good: Callable[[], bool]) -> None:
        limit = time.monotonic() + ASK_AGAIN + 5
        while not good():
            assert time.monotonic() < limit
            work()
            await asyncio.sleep(0.05)

    asyncio.run(try_it())


def test_where_nothing_is_shared_listening_is_over_at_once() -> None:
    asyncio.run(asyncio.wait_for(Signals(NOTHING_SHARED).listen(print), 1))


def test_what_counts_in_this_process_is_used_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """limits' own memory may start one thread twice otherwise, which was seen to fail a visitor's message."""
    limiter, inside, most = Limiter(NOTHING_SHARED, b""), 0, 0
    really = limiter._own.hit

    def hit(*given: Any) -> bool:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        counted = bool(really(*given))
        inside -= 1
        return counted

    monkeypatch.setattr(limiter._own, "hit", hit)
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: limiter.hit(THREE, "x"), range(16)))
    assert (most, counted.count(True)) == (1, 3)
