"""Keeping processes running: real ones, that end as they are told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.keeping import PROVEN_AFTER
from bot.settings import ROOT

KEEPER = """
import sys
from bot import keeping
keeping.PROVEN_AFTER, keeping.WAITS = float(sys.argv[1]), (0.2, 0.4)
keeper = keeping.Keeper()
for name, command in (line.split("=", 1) for line in sys.argv[2:]):
    keeper.add_process(name, command)
keeper.loop()
sys.exit(keeper.returncode if keeper.returncode >= 0 else 128 - keeper.returncode)
"""


class Kept:
    """A keeper in a process of its own, and what it has said."""

    def __init__(self, folder: Path, proven_after: float = 1.0, **commands: str) -> None:
        self.log = folder / "log"
        lines = [f"{name}={command}" for name, command in commands.items()]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", KEEPER, str(proven_after), *lines], cwd=ROOT, stdout=log, stderr=log)

    def said(self, words: str) -> int:
        return self.log.read_text().count(words)

    def pid(self, name: str) -> int:
        """Give the number of the process that was started last."""
        started = [line for line in self.log.read_text().splitlines() if f"{name} started (pid=" in line]
        return int(started[-1].rpartition("=")[2].rstrip(")"))

    def until(self, true: Callable[[], bool]) -> None:
        limit = time.monotonic() + 20
        while not true():
            assert time.monotonic() < limit, self.log.read_text()
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Kept]]:
    found: list[Kept] = []

    def start(**commands: Any) -> Kept:
        found.append(Kept(tmp_path, **commands))
        return found[-1]

    yield start
    for kept in found:
        if kept.process.poll() is None:
            kept.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_is_killed_is_started_again_and_the_others_go_on(started: Callable[..., Kept]) -> None:
    kept = started(one="exec sleep 1000", two="exec sleep 1000")
    kept.until(lambda: kept.said("started (pid") == 2)
    time.sleep(1.3)
    first, other = kept.pid("one"), kept.pid("two")
    os.kill(first, signal.SIGKILL)
    kept.until(lambda: kept.said("one started (pid") == 2)
    assert alive(kept.pid("one"))
    assert kept.pid("two") == other
    assert alive(other)
    assert kept.stop() == 143
    assert not alive(kept.pid("one"))
    assert not alive(other)


def test_what_was_killed_is_started_again_though_its_children_live_on_and_hold_its_output(started: Callable[..., Kept]) -> None:
    kept = started(one="sleep 1000 & exec sleep 1000")
    kept.until(lambda: kept.said("started (pid") == 1)
    time.sleep(1.3)
    first = kept.pid("one")
    os.kill(first, signal.SIGKILL)
    kept.until(lambda: kept.said("one started (pid") == 2)
    kept.stop()
    os.killpg(first, signal.SIGKILL)


def test_what_never_ran_stops_all_with_its_own_status(started: Callable[..., Kept]) -> None:
    kept = started(proven_after=PROVEN_AFTER, wrong="echo it cannot run; exit 7", right="exec sleep 1000")
    assert kept.process.wait(20) == 7
    assert kept.said("it cannot run") == 1
    assert not alive(kept.pid("right"))


def test_what_has_run_is_started_again_however_often_it_falls(started: Callable[..., Kept], tmp_path: Path) -> None:
    falls = tmp_path / "falls"
    kept = started(one=f"test -e {falls} && exit 3; exec sleep 1000")
    kept.until(lambda: kept.said("started (pid") == 1)
    time.sleep(1.3)
    falls.touch()
    os.kill(kept.pid("one"), signal.SIGKILL)
    kept.until(lambda: kept.said("one stopped (rc=3)") >= 4)
    falls.unlink()
    kept.until(lambda: alive(kept.pid("one")) and kept.said("one started") > kept.said("one stopped"))
    assert kept.process.poll() is None


def test_it_ends_at_once_where_something_waits_to_be_started_again(started: Callable[..., Kept], tmp_path: Path) -> None:
    falls = tmp_path / "falls"
    kept = started(one=f"test -e {falls} && exit 3; exec sleep 1000", two="exec sleep 1000")
    kept.until(lambda: kept.said("started (pid") == 2)
    time.sleep(1.3)
    falls.touch()
    os.kill(kept.pid("one"), signal.SIGKILL)
    kept.until(lambda: kept.said("one stopped (rc=3)") >= 2)
    assert kept.stop() == 143
    assert not alive(kept.pid("two"))
