"""What people say of their own situation: only what is said, never guessed.

``data/circumstances`` holds, by language, the phrases by which people say it. A phrase counts unless words beside it, with no stop
between, deny it or say it of somebody else. A language's small words mean something else in its neighbours (Somali ``ma``, "not", is
Romanian "me"): denials count in the language of the message alone. A child alone is told by two things together: an age under
eighteen and being without parents.
"""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.codes import CIRCUMSTANCES
from bot.errors import SetUpError
from bot.understanding.folding import fold

AGE, NUMBER, FOR_CHILD, FOR_OTHER, NOT, NOT_AT_THE_END, OTHERS = "age", "number", "for_child", "for_other", "not", "not_last", "others"
"""Rows of the sheets that are no circumstance: how an age is said, a number and its word, a thing wanted for one's child or for
another adult, denial, denial by what a clause ends with ("settled status I-have-not"), somebody else's."""
_DOUBTS = (NOT, NOT_AT_THE_END, OTHERS)
_ALONE = "unaccompanied_child"
_AGE_MARK = "{age}"
ADULT = 18
NOT_BEFORE, NOT_AFTER = 3, 2
"""How many words before and after a phrase a denial may begin."""
SKIPPED = 2
"""Words that may be put into a phrase: "I am *a* refugee"."""
SHORTEST_MISSPELT, SHORTEST_ALONE = 5, 9
"""Letters from which a word may be misspelt inside a longer phrase, and as a phrase of one word ("refuge" is no refugee)."""
_PREFIXES = ("و", "ب", "ل", "ف", "ال", "ዝ", "ን", "ብ", "ከም")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+(?:'[^\W\d_]+)*|\d+|[.!?;,:؟؛،。！？；，、።፣\n]")
_STOPS = frozenset(".!?;,:؟؛،。！？；，、።፣\n")
VERB_LAST = frozenset(("fa", "prs", "ps", "ckb", "ti", "so"))
"""Languages that deny after what is denied ("a refugee I am-not")."""
WITH = {"fa": ("prs",), "prs": ("fa",), "uk": ("ru",), "ru": ("uk",)}
"""Languages whose phrases a message is searched for too, beside those of its own and English."""


@dataclass(frozen=True)
class Phrase:
    """A row of a sheet: the language of the sheet, the row's code and its words."""

    language: str
    code: str
    words: str


@dataclass(frozen=True)
class Told:
    """What a message says: codes of ``bot.codes.CIRCUMSTANCES`` said and denied, whether something is wanted for a child or for
    another adult, and the places of the words by which it says so, among its ``tokens``.
    """

    said: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    for_child: bool = False
    for_other: bool = False
    words: frozenset[int] = field(default=frozenset(), compare=False)


def tokens(text: str) -> list[str]:
    """Give the folded words, numbers and stops of ``text``, each Han character by itself, digits of every script as 0 to 9."""
    plain = "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    return _TOKEN.findall(fold(plain).replace("(", "").replace(")", ""))


def read_phrases(folder: Path) -> list[Phrase]:
    """Read the phrases of every sheet. Raises SetUpError naming the file and row of an unknown code."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if row["circumstance"] not in {*CIRCUMSTANCES, AGE, NUMBER, FOR_CHILD, FOR_OTHER, *_DOUBTS}:
                    raise SetUpError(f"{path.name}, row {number}: there is no circumstance {row['circumstance']!r}.")
                found.append(Phrase(path.stem, row["circumstance"], row["phrase"]))
    return found


@dataclass(frozen=True)
class _Span:
    """Which words of a message, by their places in order, are those of a phrase."""

    places: tuple[int, ...]
    code: str
    language: str

    @property
    def start(self) -> int:
        return self.places[0]

    @property
    def end(self) -> int:
        return self.places[-1] + 1


class CircumstanceFinder:
    """Finds circumstances in messages of every language."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str]]] = defaultdict(list)
        self._ages: list[tuple[list[str], list[str]]] = []
        self._numbers: dict[tuple[str, ...], str] = {}
        vocabulary: set[str] = set()
        for phrase in phrases:
            if phrase.code == NUMBER:
                value, *written = tokens(phrase.words)
                self._numbers[tuple(written)] = value
                continue
            if phrase.code == AGE:
                before, _, after = phrase.words.partition(_AGE_MARK)
                self._ages.append((tokens(before), tokens(after)))
                continue
            words = tuple(word for word in tokens(phrase.words) if word not in _STOPS)
            if words:
                self._by_first[words[0]].append((words, phrase.code, phrase.language))
                vocabulary.update(words)
        self._long_words = sorted(word for word in vocabulary if len(word) >= SHORTEST_MISSPELT)
        self._vocabulary = vocabulary

    def find(self, text: str, language: str | None = None, sure: bool = False) -> Told:
        """Say what ``text`` tells.

        ``language`` is what it seems to be written in; where that is ``sure``, phrases of other languages are left aside.
        """
        words = tokens(text)
        # Each once: a thousand U+FDFA are three thousand words, of four kinds.
        known = {word: self._meant(word) for word in dict.fromkeys(words)}
        meant = [known[word] for word in words]
        own = {language, "en", *WITH.get(language or "", ())}
        spans = [span for at in range(len(words)) for span in self._at(words, meant, at)]
        phrases = [s for s in spans if s.code not in _DOUBTS and (not sure or s.language in own)]
        doubts = [s for s in spans if s.code in _DOUBTS and (language is None or s.language in own)]
        # A "no" that belongs to a phrase (no recourse) denies nothing.
        doubts = [d for d in doubts if not any(set(d.places) <= set(p.places) for p in phrases)]
        said: set[str] = set()
        denied: set[str] = set()
        told_by: set[int] = set()
        for phrase in phrases:
            near = {doubt.code for doubt in doubts if _beside(phrase, doubt, words)}
            # "No, for my son": a no beside these denies something else.
            if not near or phrase.code in (_ALONE, FOR_CHILD, FOR_OTHER):
                said.add(phrase.code)
            elif OTHERS not in near:
                denied.add(phrase.code)
            else:
                continue
            told_by.update(phrase.places)
        ages = self._ages_in(words)
        if not any(age < ADULT for age in ages):
            said.discard(_ALONE)
        if FOR_CHILD in said and ages and min(ages) >= ADULT:
            said = said - {FOR_CHILD} | {FOR_OTHER}
        denied -= {_ALONE, *said}
        return Told(
            tuple(code for code in CIRCUMSTANCES if code in said),
            tuple(code for code in CIRCUMSTANCES if code in denied),
            FOR_CHILD in said,
            FOR_OTHER in said,
            frozenset(told_by),
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

    def _at(self, words: list[str], meant: list[str], at: int) -> list[_Span]:
        found = []
        for phrase, code, language in self._by_first.get(meant[at], ()):
            alone = len(phrase) == 1 and len(phrase[0]) < SHORTEST_ALONE and not words[at].endswith(phrase[0])
            places = () if alone else _places_of(phrase, meant, at, SKIPPED if code not in _DOUBTS else 0)
            if places:
                found.append(_Span(places, code, language))
        return found

    def _ages_in(self, words: list[str]) -> list[int]:
        """Give the numbers that are said as an age."""
        words = self._in_digits(words)
        found = []
        for at, word in enumerate(words):
            if not word.isdigit():
                continue
            for before, after in self._ages:
                if words[max(0, at - len(before)) : at] == before and words[at + 1 : at + 1 + len(after)] == after:
                    found.append(int(word))
        return found

    def _in_digits(self, words: list[str]) -> list[str]:
        """Give the words with those that are a number put in digits, the longest first ("seventeen", "ten and seven")."""
        found, at = [], 0
        longest = max(map(len, self._numbers), default=0)
        while at < len(words):
            sizes = (size for size in range(longest, 0, -1) if tuple(words[at : at + size]) in self._numbers)
            size = next(sizes, 0)
            found.append(self._numbers[tuple(words[at : at + size])] if size else words[at])
            at += size or 1
        return found


def _places_of(phrase: tuple[str, ...], words: list[str], at: int, skipped: int) -> tuple[int, ...]:
    """Give where the words of ``phrase`` stand if it begins at ``at``, up to ``skipped`` words and no stop put in; else nothing."""
    here, places = at, []
    for word in phrase:
        while here < len(words) and words[here] != word:
            if here == at or not skipped or words[here] in _STOPS:
                return ()
            here, skipped = here + 1, skipped - 1
        if here >= len(words):
            return ()
        places.append(here)
        here += 1
    return tuple(places)


def _beside(phrase: _Span, doubt: _Span, words: list[str]) -> bool:
    """Tell whether a doubt stands inside a phrase, or near enough with no stop between them, to be about it."""
    if phrase.start < doubt.start and doubt.end < phrase.end:
        return True
    if doubt.end <= phrase.start:
        return (
            doubt.code != NOT_AT_THE_END and phrase.start - doubt.start <= NOT_BEFORE and not _STOPS & set(words[doubt.end : phrase.start])
        )
    if doubt.code == NOT_AT_THE_END:
        ends = doubt.end == len(words) or words[doubt.end] in _STOPS
        return ends and 0 <= doubt.start - phrase.end <= NOT_AFTER and not _STOPS & set(words[phrase.end : doubt.start])
    after = doubt.code == OTHERS or doubt.language in VERB_LAST
    return after and 0 <= doubt.start - phrase.end < NOT_AFTER and not _STOPS & set(words[phrase.end : doubt.start])
