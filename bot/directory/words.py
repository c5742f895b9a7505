"""The words of the directory's records: who holds a word by its stem, who holds one that begins so, and which words are spelt alike.

``Words`` is the one interface. ``WordsInMemory`` (SQLite's FTS5) is made from the directory in memory and answers whatever breaks;
``bot.directory.word_table`` asks PostgreSQL. Both are given the same words, stem them by the same rule (Porter's, of English), weigh them
by the same BM25 and take the same words for misspelt, so that a question finds the same whichever answers.
"""

import re
import sqlite3
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.understanding.folding import fold

COLUMNS = {"name": 8, "organization": 4, "topics": 4, "languages": 4, "places": 4, "description": 1}
"""What a row's cells are, and how many times a word in each counts for BM25."""
SHORTEST_BEGINNING = 2
"""Letters from which the last word may be the beginning of one."""
SHORTEST_MISSPELT, LONG = 5, 8
"""Letters from which a word may be misspelt, and from which it may be by two slips."""
LONGEST_MISSPELT = 40
ALIKE = 0.5
"""What a word counts that is held only in a spelling like it."""
CACHED_WORDS = 256

_WORDS = re.compile(r"[^\W_]+")

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]
Row = tuple[str, ...]
"""The words of a record by COLUMNS: each cell as ``plain`` writes it."""
Asked = tuple[str, bool]
"""A folded word, and whether it is the beginning of one."""


def words_of(text: str) -> list[str]:
    """Give the folded words of ``text`` in order; marks, also those that syntax could be made of, are in none."""
    return _WORDS.findall(fold(text))


def plain(text: str) -> str:
    """Write ``text`` as its folded words with a space between."""
    return " ".join(words_of(text))


@dataclass(frozen=True)
class Holders:
    """The rows that hold a word: their numbers, the word's BM25 in each, and whether the name holds it."""

    rows: Numbers
    scores: Scores
    named: Mask


class Words(Protocol):
    """The words of one version of the rows. Safe to be asked from several threads."""

    def holders(self, asked: Sequence[Asked]) -> list[Holders]:
        """Say who holds each of the words, in their order."""

    def alike(self, word: str, slips: int) -> tuple[str, ...]:
        """Give the words of the rows that ``word`` was meant to be with up to ``slips``, as ``closest`` chooses them."""


def may_be_meant(word: str) -> bool:
    """Tell whether a word may be what a misspelt one was meant to be."""
    # In scripts that leave vowels out, a short word is a slip away from too many others.
    return SHORTEST_MISSPELT + (not word.isascii()) <= len(word) <= LONGEST_MISSPELT and word.isalpha()


def vocabulary_of(rows: Iterable[Row]) -> set[str]:
    """Give every word of ``rows`` that a misspelt one may have been meant to be."""
    return {word for word in {word for row in rows for cell in row for word in cell.split()} if may_be_meant(word)}


def slips_allowed(word: str, common_words: Container[str]) -> int:
    """Say by how many slips (a letter too many, too few, another, two swapped) a word that nothing holds may be misspelt.

    0: it is taken as it stands. ``common_words`` are folded words of any language: a short one is hardly ever another word misspelt.
    """
    if not may_be_meant(word):
        return 0
    long = word.isascii() and len(word) >= LONG
    return int(long) if word in common_words else 1 + long


def closest(word: str, vocabulary: Collection[str], slips: int) -> tuple[str, ...]:
    """Give those of ``vocabulary`` that are the fewest slips from ``word`` and begin with its letter, in the order of the alphabet."""
    near = process.extract(word, vocabulary, scorer=OSA.distance, score_cutoff=slips, limit=None)
    theirs = [(distance, other) for other, distance, _ in near if other[0] == word[0]]
    fewest = min((distance for distance, _ in theirs), default=0)
    return tuple(sorted(other for distance, other in theirs if distance == fewest))


class WordsInMemory:
    """``Words`` by SQLite's FTS5 in memory, twice: stems for words, whole words for beginnings."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        columns, marks = ", ".join(COLUMNS), ", ".join("?" * (len(COLUMNS) + 1))
        # Without its content the index only finds, which is all it is for.
        for table, rule in (("stems", "porter unicode61 remove_diacritics 0"), ("beginnings", "unicode61 remove_diacritics 0")):
            prefixes = ", prefix='2 3'" if table == "beginnings" else ""
            self._database.execute(f"CREATE VIRTUAL TABLE {table} USING fts5({columns}, content='', tokenize='{rule}'{prefixes})")
            filled = ((i, *row) for i, row in enumerate(rows))
            self._database.executemany(f"INSERT INTO {table}(rowid, {columns}) VALUES ({marks})", filled)  # noqa: S608
        self._database.commit()
        # Slips are counted over the vocabulary, which is small beside the rows. FTS5's own trigram tokenizer finds parts of words:
        # one slip in the middle of a word of six letters leaves too few of its trigrams to tell it from any other word.
        self._vocabulary: dict[str, list[str]] = defaultdict(list)
        for word in sorted(vocabulary_of(rows)):
            self._vocabulary[word[0]].append(word)

    def holders(self, asked: Sequence[Asked]) -> list[Holders]:
        return [self._holders(word, beginning) for word, beginning in asked]

    def alike(self, word: str, slips: int) -> tuple[str, ...]:
        return closest(word, self._vocabulary.get(word[:1], ()), slips)

    def _holders(self, word: str, beginning: bool) -> Holders:
        table = "beginnings" if beginning else "stems"
        # In quotes a word is never taken for syntax; it holds no quote, being letters and digits.
        phrase = f'"{word}"' + (" *" if beginning else "")
        weights = ", ".join(map(str, COLUMNS.values()))
        ranked = f"SELECT rowid, -bm25({table}, {weights}) FROM {table} WHERE {table} MATCH ?"  # noqa: S608
        with self._lock:
            hits = self._database.execute(ranked, (phrase,)).fetchall()
            names = self._database.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH ?", (f"name : {phrase}",)).fetchall()  # noqa: S608
        rows = np.array([row for row, _ in hits], dtype=np.int64)
        scores = np.array([score for _, score in hits], dtype=np.float64)
        return Holders(rows, scores, np.isin(rows, [row for (row,) in names]))


class WordIndex:
    """Matches questions with rows by their ``Words``, and remembers what it asked these last."""

    def __init__(self, words: Words, size: int, common_words: Container[str] = frozenset()) -> None:
        """``size`` is how many rows there are; ``common_words`` are those of ``slips_allowed``."""
        self._words = words
        self._size = size
        self._common_words = common_words
        self._found: OrderedDict[Asked, Holders] = OrderedDict()
        self._lock = threading.Lock()

    def match(self, asked: list[str], typing: bool) -> tuple[Scores, Scores, Mask]:
        """Give for each row the share of the words it holds, the sum of their BM25 times that share, and whether its name holds all.

        ``typing`` says that the last word may go on. A word of half of all rows or more is passed over where there are others: BM25
        gives it no weight. The share is Lucene's ``coord`` (Apache Lucene 5, ``TFIDFSimilarity``). A word that nothing holds is looked
        up as those it may be a misspelling of, and counts ALIKE then.
        """
        by_stem: list[Asked] = [(word, False) for word in asked]
        goes_on: list[Asked] = [(asked[-1], True)] if typing and len(asked[-1]) >= SHORTEST_BEGINNING else []
        found = self._holders([*by_stem, *goes_on])
        rare = [i for i, one in enumerate(by_stem) if 2 * len(found[one].rows) < self._size]
        forms: list[list[Asked]] = [[by_stem[i], *(goes_on if i == len(asked) - 1 else [])] for i in rare] or [[one] for one in by_stem]
        kept = list(dict.fromkeys(map(tuple, forms)))
        count, scores = np.zeros(self._size), np.zeros(self._size)
        named = np.ones(self._size, dtype=bool)
        for wanted in kept:
            holders, worth = [found[one] for one in wanted], 1.0
            if not any(len(one.rows) for one in holders):
                holders, worth = self._misspelt(wanted[0][0]), ALIKE
            holds = np.zeros(self._size)
            in_name = np.zeros(self._size, dtype=bool)
            for one in holders:
                holds[one.rows] = np.maximum(holds[one.rows], one.scores)
                in_name[one.rows] |= one.named
            count += worth * (holds > 0)
            scores += worth * holds
            named &= in_name
        held = count / len(kept)
        return held, scores * held, named

    def _misspelt(self, word: str) -> list[Holders]:
        """Say who holds what a word that nothing holds was meant to be."""
        slips = slips_allowed(word, self._common_words)
        asked: list[Asked] = [(meant, False) for meant in self._words.alike(word, slips)] if slips else []
        found = self._holders(asked)
        return [found[one] for one in asked]

    def _holders(self, asked: Sequence[Asked]) -> dict[Asked, Holders]:
        """Say who holds each of the words; those not asked lately are asked in one go."""
        with self._lock:
            found = {one: self._found[one] for one in asked if one in self._found}
            for one in found:
                self._found.move_to_end(one)
        new = [one for one in dict.fromkeys(asked) if one not in found]
        if new:
            fresh = dict(zip(new, self._words.holders(new), strict=True))
            found.update(fresh)
            with self._lock:
                self._found.update(fresh)
                while len(self._found) > CACHED_WORDS:
                    self._found.popitem(last=False)
        return found
