"""The checked phrases that staff send: which there are, in which groups, what is put into them and how they can be answered."""

import re
from dataclasses import dataclass
from functools import lru_cache

from bot.answers.catalogue import read_catalogue

SLOTS = ("time", "place", "service", "phone", "reference")
"""What may be put into a phrase; ``{emergency}`` is always there and needs nobody to fill it in."""


@dataclass(frozen=True)
class Phrase:
    """A phrase of the catalogue ``phrases``: its ``key``, the slots to be filled, and the answers it offers as buttons."""

    key: str
    group: str
    english: str
    slots: tuple[str, ...]
    answers: tuple[str, ...]


@lru_cache(maxsize=1)
def phrases() -> dict[str, Phrase]:
    """Give every phrase by its key, in the order of the English catalogue."""
    found: dict[str, Phrase] = {}
    for message in read_catalogue("en", "phrases"):
        key = str(message.id)
        if not key.startswith("phrase."):
            continue
        english = str(message.string)
        listed = [line.removeprefix("answers:").split() for line in message.auto_comments if line.startswith("answers:")]
        answers = listed[0] if listed else []
        slots = tuple(name for name in re.findall(r"\{(\w+)\}", english) if name in SLOTS)
        found[key] = Phrase(key, key.split(".")[1], english, slots, tuple(answers))
    return found


def groups() -> dict[str, list[Phrase]]:
    """Give the phrases by group, groups and phrases in the order of the catalogue."""
    found: dict[str, list[Phrase]] = {}
    for phrase in phrases().values():
        found.setdefault(phrase.group, []).append(phrase)
    return found
