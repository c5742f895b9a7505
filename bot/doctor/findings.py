"""What the doctor finds, and what it looks at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from bot.settings import Settings

if TYPE_CHECKING:
    # The doctor says which packages are missing, so it can do without them.
    from sqlalchemy.engine import Engine

    from bot.directory.records import Directory


class Level(Enum):
    """How bad it is: nothing; something that somebody should look at; something that keeps the product from doing what it promises."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One line: ``check`` names what was looked at, ``found`` says how it is, ``do`` what to do about it (empty where it is well)."""

    check: str
    level: Level
    found: str
    do: str = ""


@dataclass(frozen=True)
class Installation:
    """What is looked over, at a moment (UTC). ``database`` and ``directory`` are None where they cannot be used."""

    settings: Settings
    now: datetime
    database: Engine | None = None
    directory: Directory | None = None


def masked(words: str) -> str:
    """Give a text without the name and password that an address in it may hold."""
    return re.sub(r"://[^\s/@'\"]*@", "://…@", words)


def judged(check: str, faults: list[tuple[Level, str, str]], well: str) -> list[Finding]:
    """Give a finding for each fault (level, what is found, what to do), or one that all is ``well``."""
    return [Finding(check, *fault) for fault in faults] or [Finding(check, Level.OK, well)]
