"""The computer: Python and its packages, memory, the disk, the clock."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bot.doctor.findings import Finding, Installation, Level, judged
from bot.moments import SKEW
from bot.settings import ROOT

PYTHON = (3, 10)
MEMORY = 2 * 1024**3
"""Bytes below which the three processes, some 0.6 GB, and a training beside them are short of memory."""
CORES = 2
DISK_FULL, DISK_SCARCE = 500 * 1024**2, 2 * 1024**3
SET_UP = "Run `python3 scripts/set_up.py`, which installs what the lock file names."


def python(_case: Installation) -> list[Finding]:
    """Look at Python and at whether the packages are those of ``uv.lock``."""
    faults = []
    if sys.version_info[:2] != PYTHON:
        told = f"This is Python {sys.version_info[0]}.{sys.version_info[1]}; Rasa needs {PYTHON[0]}.{PYTHON[1]}."
        faults.append((Level.BROKEN, told, "Use `.venv/bin/python -m bot doctor`."))
    locked, needed = read_lock((ROOT / "uv.lock").read_text(encoding="utf-8"))
    missing = [name for name in needed if _installed(name) is None]
    if missing:
        faults.append((Level.BROKEN, f"Not installed: {', '.join(missing)}.", SET_UP))
    there = {name: _installed(name) for name in locked}
    others = [f"{name} {there[name]} instead of {wanted}" for name, wanted in locked.items() if there[name] not in (None, wanted)]
    if others:
        faults.append((Level.LOOK, f"Other versions than were tested: {_some(others)}.", SET_UP))
    return judged("Python and packages", faults, f"Python {sys.version.split()[0]}, and {len(locked)} packages as in the lock file.")


def read_lock(text: str) -> tuple[dict[str, str], list[str]]:
    """Give the version of every package of a lock file of uv's, and the names of those that the product itself asks for."""
    blocks = text.split("[[package]]")[1:]
    found, needed = {}, []
    for block in blocks:
        name, number = (re.search(rf'^{field} = "([^"]+)"', block, re.M) for field in ("name", "version"))
        if not name or not number:
            continue
        if re.search(r"^source = \{ virtual", block, re.M):
            own = re.search(r"^dependencies = \[(.*?)^\]", block, re.M | re.S)
            needed = re.findall(r'name = "([^"]+)"', own[1]) if own else []
        else:
            found[name[1]] = number[1]
    return found, needed


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def memory(_case: Installation) -> list[Finding]:
    """Look at memory and cores."""
    total, cores = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), os.cpu_count() or 1
    faults = []
    if total < MEMORY:
        faults.append((Level.LOOK, f"This computer has {total / 1024**3:.1f} GB of memory.", "Give it 2 GB or more."))
    if cores < CORES:
        faults.append((Level.LOOK, "This computer has one core: answers will be slow while several people ask.", "Give it two or more."))
    return judged("Memory and cores", faults, f"{total / 1024**3:.1f} GB of memory, {cores} cores.")


def disk(case: Installation) -> list[Finding]:
    """Look at how much is free where data and models are."""
    faults = []
    places = {"VAR_DIR": case.settings.var, "MODELS_DIR": case.settings.models}
    free = {name: shutil.disk_usage(_nearest(path)).free for name, path in places.items()}
    for name, amount in free.items():
        if amount < DISK_SCARCE:
            level = Level.BROKEN if amount < DISK_FULL else Level.LOOK
            faults.append(
                (level, f"Only {amount / 1024**2:.0f} MB are free where {name} is.", "Free 2 GB or more, before messages are lost.")
            )
    return judged("Disk", faults, f"{min(free.values()) / 1024**3:.0f} GB are free.")


def _nearest(path: Path) -> Path:
    """Give ``path``, or the nearest folder above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


def clock(case: Installation) -> list[Finding]:
    """Look at whether the clock agrees with the times of files: who is idle, and what is erased when, depend on it."""
    do = "Set the clock (`timedatectl`), and have the system keep it right. Until then chats may end too early or be kept too long."
    code = _newest([*ROOT.glob("bot/*.py"), ROOT / "uv.lock"])
    faults = []
    if case.now < code - timedelta(days=1):
        faults.append((Level.BROKEN, f"The clock says {case.now:%d %B %Y}, which is before this version was installed.", do))
    kept = _newest(path for path in case.settings.var.glob("*") if path.is_file())
    if kept > case.now + SKEW:
        faults.append((Level.LOOK, f"Files in VAR_DIR are of {kept:%d %B %Y %H:%M} UTC, which is still to come.", do))
    return judged("Clock", faults, f"{case.now:%d %B %Y %H:%M} UTC, and no file is from the future.")


def _newest(paths: Iterable[Path]) -> datetime:
    return datetime.fromtimestamp(max((path.stat().st_mtime for path in paths), default=0), timezone.utc)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
