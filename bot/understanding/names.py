"""Names that people give as such ("my name is …"), so that they can be taken out before anything is kept.

``data/introductions`` holds, by language, how people give a name, with ``{name}`` where it stands.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from bot.understanding.folding import fold

NAME_MARK = "{name}"
MOST_WORDS = 3
"""Words a name may have: the first is always taken, a further one only where it is no everyday word."""
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+(?:['’ʼ-][^\W\d_\u3400-\u9fff]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_STOPS = frozenset("我你您佢他她是係喺在想要有冇沒嘅的了同和住可唔不今啲呢嗰邊點多")
_TOGETHER = re.compile(r"\s*")


def read_introductions(folder: Path) -> list[str]:
    """Read the phrases of every sheet in ``folder``."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += [row["phrase"] for row in csv.DictReader(file)]
    return found


def _words(text: str) -> list[str]:
    return [fold(word) for word in _TOKEN.findall(text)]


class NameFinder:
    """Finds names given as such. ``stops`` are folded words that are no name (is, and, the); ``common`` are everyday words."""

    def __init__(self, phrases: Iterable[str], stops: set[str], common: set[str]) -> None:
        self._stops = stops
        self._common = common
        self._forms = []
        for phrase in phrases:
            before, _, after = phrase.partition(NAME_MARK)
            if before.strip() or after.strip():
                self._forms.append((_words(before), _words(after)))

    def find(self, text: str) -> list[tuple[int, int]]:
        """Give the (start, end) of every name in ``text``."""
        matches = list(_TOKEN.finditer(text))
        words = [fold(match[0]) for match in matches]
        found = set()
        for at in range(len(words)):
            for before, after in self._forms:
                if before and words[at : at + len(before)] == before:
                    span = self._from(text, matches, words, at + len(before), after)
                elif not before and words[at : at + len(after)] == after:
                    span = self._until(text, matches, words, at)
                else:
                    continue
                if span:
                    found.add(span)
        return sorted(found)

    def _may_go_on(self, word: str) -> bool:
        if _HAN.match(word):
            return word not in _HAN_STOPS
        return word not in self._stops and word not in self._common

    def _from(self, text: str, matches: list[re.Match[str]], words: list[str], first: int, after: list[str]) -> tuple[int, int] | None:
        """Give the span of the name that starts at the word ``first``; where words must follow it, up to them."""
        if first >= len(words) or words[first] in self._stops or words[first] in _HAN_STOPS:
            return None
        if after:
            for last in range(first, min(first + MOST_WORDS, len(words))):
                if words[last + 1 : last + 1 + len(after)] == after:
                    return matches[first].start(), matches[last].end()
            return None
        last = first
        while last + 1 < len(words) and last + 1 - first < MOST_WORDS and self._may_go_on(words[last + 1]):
            if not _TOGETHER.fullmatch(text[matches[last].end() : matches[last + 1].start()]):
                break
            last += 1
        return matches[first].start(), matches[last].end()

    def _until(self, text: str, matches: list[re.Match[str]], words: list[str], end: int) -> tuple[int, int] | None:
        """Give the span of the name that ends before the word ``end``."""
        if end == 0 or words[end - 1] in self._stops or words[end - 1] in _HAN_STOPS:
            return None
        first = end - 1
        while first > 0 and end - first < MOST_WORDS and self._may_go_on(words[first - 1]):
            if not _TOGETHER.fullmatch(text[matches[first - 1].end() : matches[first].start()]):
                break
            first -= 1
        return matches[first].start(), matches[end - 1].end()
