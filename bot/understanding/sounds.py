"""How a text sounds, roughly: one Latin spelling of every script, and its consonants alone.

People write one language in several scripts and a borrowed word (visa, council, Home Office) in all of them, with vowels as they
hear them. In these two forms such spellings meet: ``соціальний``, ``sotsialny``; ``هوم اوفیس``, ``home office``.
"""

import re

from anyascii import anyascii

_WORD = re.compile(r"[a-z0-9]+")
_ALIKE = (("kh", "x"), ("sh", "c"), ("ch", "c"), ("gh", "g"), ("zh", "z"), ("ph", "f"), ("q", "k"), ("w", "v"), ("j", "y"))
"""Letters that stand for the same or a neighbouring sound in somebody's spelling, written as one."""
_VOWELS = re.compile(r"[aeiouyhv]")
_TWICE = re.compile(r"(.)\1+")


def latin(text: str) -> str:
    """Give ``text`` in lower-case ASCII letters, digits and stops, whatever its script."""
    return anyascii(text).lower()


def consonants(plain: str) -> list[str]:
    """Give the words of what ``latin`` gave without vowels, but for a first letter, and without doubled letters."""
    found = []
    for word in _WORD.findall(plain.replace("'", "")):
        for spelt, written in _ALIKE:
            word = word.replace(spelt, written)
        found.append(_TWICE.sub(r"\1", word[0] + _VOWELS.sub("", word[1:])))
    return found
