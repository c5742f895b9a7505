"""What people say of their own situation: only what is said, never guessed.

``data/circumstances`` holds, by language, the phrases by which people say it. A phrase counts unless words beside it deny
it or say it of somebody else. A child alone is told by two things together: an age under eighteen and being without parents.
"""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.codes import CIRCUMSTANCES
from bot.errors import SetUpError
from bot.understanding.folding import fold

AGE, FOR_CHILD, NOT, OTHERS = "age", "for_child", "not", "others"
"""Rows of the sheets that are no circumstance: how an age is said, a thing wanted for one's child, denial, somebody else's."""
_ALONE = "unaccompanied_child"
_AGE_MARK = "{age}"
ADULT = 18
NOT_BEFORE, NOT_AFTER = 3, 2
"""How many words before and after a phrase a denial may begin."""
SHORTEST_MISSPELT, SHORTEST_ALONE = 5, 9
"""Letters from which a word may be misspelt inside a longer phrase, and as a phrase of one word ("refuge" is no refugee)."""
_PREFIXES = ("و", "ب", "ل", "ف", "ال", "ዝ", "ን", "ብ", "ከም")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+(?:'[^\W\d_]+)*|\d+")


@dataclass(frozen=True)
class Told:
    """What a message says: codes of ``bot.codes.CIRCUMSTANCES`` said and denied, and whether something is wanted for a child."""

    said: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    for_child: bool = False


def tokens(text: str) -> list[str]:
    """Give the folded words and numbers of ``text``, each Han character by itself, digits of every script as 0 to 9."""
    plain = "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    return _TOKEN.findall(fold(plain).replace("(", "").replace(")", ""))


def read_phrases(folder: Path) -> list[tuple[str, str]]:
    """Read the (code, phrase) pairs of every sheet. Raises SetUpError naming the file and row of an unknown code."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if row["circumstance"] not in {*CIRCUMSTANCES, AGE, FOR_CHILD, NOT, OTHERS}:
                    raise SetUpError(f"{path.name}, row {number}: there is no circumstance {row['circumstance']!r}.")
                found.append((row["circumstance"], row["phrase"]))
    return found


class CircumstanceFinder:
    """Finds circumstances in messages of every language at once."""

    def __init__(self, phrases: Iterable[tuple[str, str]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._ages: list[tuple[list[str], list[str]]] = []
        vocabulary: set[str] = set()
        for code, phrase in phrases:
            if code == AGE:
                before, _, after = phrase.partition(_AGE_MARK)
                self._ages.append((tokens(before), tokens(after)))
                continue
            words = tuple(tokens(phrase))
            if words:
                self._by_first[words[0]].append((words, code))
                vocabulary.update(words)
        self._long_words = sorted(word for word in vocabulary if len(word) >= SHORTEST_MISSPELT)
        self._vocabulary = vocabulary

    def find(self, text: str) -> Told:
        """Say what ``text`` tells."""
        words = tokens(text)
        meant = [self._meant(word) for word in words]
        spans = [(at, at + len(phrase), code) for at in range(len(words)) for phrase, code in self._at(words, meant, at)]
        phrases = [span for span in spans if span[2] not in (NOT, OTHERS)]
        # A "no" that belongs to a phrase (no recourse) denies nothing.
        doubts = [d for d in spans if d[2] in (NOT, OTHERS) and not any(p[0] <= d[0] and d[1] <= p[1] for p in phrases)]
        said: set[str] = set()
        denied: set[str] = set()
        for start, end, code in phrases:
            near = {d[2] for d in doubts if (start - NOT_BEFORE <= d[0] and d[1] <= start) or end <= d[0] < end + NOT_AFTER}
            # "No, for my son": a no beside these two denies something else.
            if not near or code in (_ALONE, FOR_CHILD):
                said.add(code)
            elif OTHERS not in near:
                denied.add(code)
        if not any(age < ADULT for age in self._ages_in(words)):
            said.discard(_ALONE)
        denied -= {_ALONE, *said}
        return Told(
            tuple(code for code in CIRCUMSTANCES if code in said),
            tuple(code for code in CIRCUMSTANCES if code in denied),
            FOR_CHILD in said,
        )

    def _meant(self, word: str) -> str:
        """Give the word of the phrases that ``word`` is with a prefix taken off or one letter put right, or the word itself."""
        if word in self._vocabulary:
            return word
        for prefix in _PREFIXES:
            if word.startswith(prefix) and word[len(prefix) :] in self._by_first:
                return word[len(prefix) :]
        if len(word) >= SHORTEST_MISSPELT:
            near = process.extractOne(word, self._long_words, scorer=OSA.distance, score_cutoff=1)
            if near and near[0][0] == word[0]:
                return str(near[0])
        return word

    def _at(self, words: list[str], meant: list[str], at: int) -> list[tuple[tuple[str, ...], str]]:
        found = []
        for phrase, code in self._by_first.get(meant[at], ()):
            alone = len(phrase) == 1 and len(phrase[0]) < SHORTEST_ALONE and not words[at].endswith(phrase[0])
            if tuple(meant[at : at + len(phrase)]) == phrase and not alone:
                found.append((phrase, code))
        return found

    def _ages_in(self, words: list[str]) -> list[int]:
        """Give the numbers that are said as an age."""
        found = []
        for at, word in enumerate(words):
            if not word.isdigit():
                continue
            for before, after in self._ages:
                if words[max(0, at - len(before)) : at] == before and words[at + 1 : at + 1 + len(after)] == after:
                    found.append(int(word))
        return found
