"""What counts as wrong, since when, and when somebody is fetched for it."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy.engine import Engine as Database

from bot.database import try_to_read
from bot.jobs import Jobs
from bot.seals import LOCK, seal
from bot.sharing.memory import NOTHING_SHARED, SharedMemory
from bot.timekeeping import CLOCK
from bot.web import health
from bot.web.health import ASSISTANT, ASSISTANT_PART, DISK, FAULTS, MODELS, REDIS, Health
from bot.web.storage import READS, Storage
from tests.builders import the_catalogues
from tests.waiting import PATIENCE


class Case:
    """A health whose surroundings can be broken."""

    def __init__(self, engine: Database, folder: Path, memory: SharedMemory = NOTHING_SHARED) -> None:
        rasas: Any = SimpleNamespace(ready=True, away=0)
        self.rasas, self.storage = rasas, Storage(partial(try_to_read, engine), Jobs(engine).try_to_write)
        self.told: list[str] = []
        timekeeping: Any = SimpleNamespace(found=())
        self.timekeeping = timekeeping
        self.health = Health(self.storage, rasas, memory, timekeeping, folder, folder, self.told.append)

    def look(self, good: Callable[[], bool] = lambda: True) -> list[str]:
        """Look until it is so, once at least and for half a minute at most, and give what was found last."""
        looks: list[set[str]] = []
        note = self.health._note

        def noted(wrong: set[str]) -> None:
            note(wrong)
            looks.append(wrong)

        async def go() -> None:
            watching, limit = asyncio.create_task(self.health.watch()), time.monotonic() + PATIENCE
            while not (looks and good()) and time.monotonic() < limit:
                await asyncio.sleep(0.01)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(self.health, "_note", noted)
            asyncio.run(go())
        return [fault.kind for fault in self.health.faults()]

    def finds(self, *kinds: str) -> bool:
        """Look until just this is found, and tell whether it was."""
        return self.look(lambda: [fault.kind for fault in self.health.faults()] == [*kinds]) == [*kinds]


@pytest.fixture
def case(engine: Database, tmp_path: Path) -> Case:
    return Case(engine, tmp_path)


def test_nothing_is_wrong_where_all_is_well(case: Case) -> None:
    assert case.look() == []


def test_every_part_is_looked_at(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.rasas.away = 1
    assert case.look() == [ASSISTANT_PART]
    case.rasas.ready = False
    assert case.look() == [ASSISTANT]
    case.storage.since[READS] = 0.0
    monkeypatch.setattr(health, "LITTLE_SPACE", 10**18)
    case.timekeeping.found = (CLOCK,)
    assert case.look() == [READS, ASSISTANT, DISK, CLOCK]


def test_a_damaged_model_is_wrong_until_it_is_whole_again(case: Case, tmp_path: Path) -> None:
    (tmp_path / "urgency.npz").write_bytes(b"as it was learnt")
    seal(tmp_path)
    assert case.look() == []
    with FileLock(tmp_path / LOCK):
        (tmp_path / "urgency.npz").write_bytes(b"as it was leaRnt")
        assert case.look() == [], "somebody may be learning it anew"
    assert case.finds(MODELS)
    assert case.finds(), "its copy was put back"
    assert (tmp_path / "urgency.npz").read_bytes() == b"as it was learnt"


def test_whatever_looking_fails_at_it_goes_on(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY", 0.05)
    errors: list[Exception] = [OSError("too many files are open"), RuntimeError("odd")]

    def sees_damage() -> bool:
        if errors:
            raise errors.pop()
        return True

    monkeypatch.setattr(case.health._models, "sees_damage", sees_damage)
    assert case.finds(MODELS)
    assert errors == []


def test_a_redis_that_is_asked_for_and_silent_is_wrong(engine: Database, tmp_path: Path) -> None:
    assert Case(engine, tmp_path, SharedMemory("redis://127.0.0.1:1/0", "x")).look() == [REDIS]


def test_somebody_is_fetched_once_for_what_stays_wrong_and_not_for_what_is_over_soon(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(health, "TELL_AFTER", 60.0)
    case.look()
    case.rasas.ready = False
    case.look()
    case.look()
    assert case.told == []
    monkeypatch.setattr(health, "TELL_AFTER", 0.2)
    case.look(lambda: case.told != [])
    case.look()
    assert case.told == ["broken"]
    case.rasas.ready = True
    assert case.look() == []
    case.rasas.ready = False
    case.look(lambda: len(case.told) > 1)
    assert case.told == ["broken", "broken"]


def test_nobody_is_fetched_while_the_assistant_starts(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(health, "TELL_AFTER", 0.0)
    case.rasas.ready = False
    assert case.look() == [ASSISTANT]
    assert case.look() == [ASSISTANT]
    assert case.told == []
    monkeypatch.setattr(health, "STARTS_WITHIN", 0.0)
    case.look()
    assert case.told == ["broken"]


@pytest.mark.parametrize("kind", FAULTS)
def test_there_are_words_for_every_fault(kind: str) -> None:
    assert the_catalogues().say("en", f"staff.fault.{kind}")
