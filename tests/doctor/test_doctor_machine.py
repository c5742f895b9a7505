"""The doctor on the computer: packages as locked, memory, disk, and a clock that has gone wrong."""

import os
import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.doctor import machine
from bot.doctor.findings import Installation, Level
from bot.settings import ROOT
from tests.doctor.conftest import levels, told

LOCK = """
[[package]]
name = "starlette"
version = "1.0"

[[package]]
name = "no-such-package"
version = "2.0"

[[package]]
name = "welcome-desk"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "no-such-package" },
    { name = "starlette" },
]

[package.dev-dependencies]
dev = [
    { name = "ruff" },
]
"""


def test_the_packages_of_this_environment_are_those_of_the_lock_file(case: Installation) -> None:
    assert levels(machine.python(case)) == [Level.OK]
    locked, needed = machine.read_lock((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert {"rasa", "starlette", "redis"} <= set(needed)
    assert "ruff" not in needed
    assert locked["rasa"] == "3.6.21"


def test_a_package_that_is_missing_or_of_another_version_is_named(case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.read_lock(LOCK) == ({"starlette": "1.0", "no-such-package": "2.0"}, ["no-such-package", "starlette"])
    other = ({"starlette": "0.0.1", "no-such-package": "2.0"}, ["no-such-package", "starlette"])
    monkeypatch.setattr(machine, "read_lock", lambda _text: other)
    findings = machine.python(case)
    assert levels(findings) == [Level.BROKEN, Level.LOOK]
    assert "Not installed: no-such-package." in told(findings)
    assert "instead of 0.0.1" in told(findings)


def test_another_python_is_told(case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PYTHON", (3, 9))
    assert levels(machine.python(case)) == [Level.BROKEN]


def test_little_memory_and_one_core_are_worth_a_look(case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 250_000}[name])
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert levels(machine.memory(case)) == [Level.LOOK, Level.LOOK]


@pytest.mark.parametrize(("free", "level"), [(5 * 1024**3, Level.OK), (1024**3, Level.LOOK), (10 * 1024**2, Level.BROKEN)])
def test_a_disk_that_fills_up_is_told_before_it_is_full(
    case: Installation, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**12, 0, free))
    assert set(levels(machine.disk(case))) == {level}


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_the_folder_above(case: Installation) -> None:
    assert levels(machine.disk(replace(case, settings=replace(case.settings, var=case.settings.var / "not" / "yet")))) == [Level.OK]


def test_a_clock_before_the_installation_or_files_of_the_future_are_told(case: Installation) -> None:
    assert levels(machine.clock(case)) == [Level.OK]
    assert Level.BROKEN in levels(machine.clock(replace(case, now=case.now - timedelta(days=3650))))
    ahead = (case.now + timedelta(hours=2)).timestamp()
    os.utime(case.settings.var / "cambridgeshire.db", (ahead, ahead))
    assert levels(machine.clock(case)) == [Level.LOOK]
