"""Made-up visitors to practise with: each a sheet of lines, in their own language with the English, said one after each answer."""

import csv
from dataclasses import dataclass
from functools import lru_cache

from bot.settings import ROOT

FOLDER = ROOT / "data" / "practice"


@dataclass(frozen=True)
class Line:
    """What a made-up visitor says, with its English."""

    language: str
    text: str
    english: str


@lru_cache(maxsize=1)
def scenarios() -> dict[str, tuple[Line, ...]]:
    """Give every script by its name."""
    found = {}
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = tuple(Line(row["language"], row["text"], row["english"]) for row in csv.DictReader(file))
    return found


def first_line(scenario: str) -> Line:
    """Give what a made-up visitor says first. Raises KeyError where there is no such script."""
    return scenarios()[scenario][0]


def next_line(scenario: str, said: int) -> Line | None:
    """Give what comes after ``said`` lines; None where the script is at its end."""
    lines = scenarios().get(scenario, ())
    return lines[said] if said < len(lines) else None
