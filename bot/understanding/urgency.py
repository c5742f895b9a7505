"""Urgent need, recognised before anything else, in every language, and also while Rasa is away.

Two questions, one after the other. Is it urgent at all? Two support vector machines say, tuned for recall: one with a Gaussian kernel
over the message's vector, one over its words as they sound. Which kind? The same classifier as for topics
(``bot.understanding.topic``) says. Only numbers are stored, and prediction needs nothing but numpy.
"""

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.codes import URGENT
from bot.errors import SetUpError
from bot.understanding.embedding import Matrix, Vector
from bot.understanding.folding import fold
from bot.understanding.letters import LettersModel
from bot.understanding.letters import train as train_letters
from bot.understanding.topic import TopicModel
from bot.understanding.topic import train as train_kinds

HARMLESS, URGENT_CLASS = "none", "urgent"
FILE, KINDS_FILE = "urgency.npz", "urgency_kinds.npz"
SHARPNESS = 3.0
"""Unit vectors of this model lie close together: they are pulled apart by this factor before they are compared."""
PENALTY = 4.0
BUCKETS = 1 << 18
LETTERS_PENALTY = 1.0
LETTERS_WEIGHT = 0.75
"""How much the words' score counts beside the vector's."""
RECALL = 0.95
"""Of urgent examples held out in training: docs/understanding.md says what a higher one would cost in false alarms."""
HELD_OUT = 4
"""One example in this many is held out to set the threshold."""


@dataclass(frozen=True)
class Alarm:
    """The two machines (of the first its support vectors, a row each) with the score from which they speak."""

    centre: Vector
    support: Matrix
    weights: Vector
    letters: LettersModel
    threshold: float

    @cached_property
    def _lengths(self) -> Vector:
        return np.asarray((self.support**2).sum(axis=1))

    def score(self, text: str, vector: Vector) -> float:
        """Give how far over the threshold a message is; below zero it is not urgent."""
        point = (vector - self.centre) * SHARPNESS
        distances = self._lengths + point @ point - 2.0 * (self.support @ point)
        by_words = self.letters.scores(fold(text))[self.letters.classes.index(URGENT_CLASS)]
        return float(self.weights @ np.exp(-distances) + LETTERS_WEIGHT * by_words) - self.threshold


@dataclass(frozen=True)
class UrgencyModel:
    """Tells whether a message is urgent, and of which kind."""

    alarm: Alarm
    kinds: TopicModel

    def find(self, text: str, vector: Vector) -> str | None:
        """Give the urgent need of a message (a code of ``bot.codes.URGENT``), or None."""
        if self.alarm.score(text, vector) < 0.0:
            return None
        return next(iter(self.kinds.probabilities(text, vector)))

    def save(self, folder: Path) -> None:
        """Write the model's numbers to ``folder``."""
        alarm = self.alarm
        arrays = {"centre": alarm.centre, "support": alarm.support, "weights": alarm.weights, "threshold": np.array(alarm.threshold)}
        np.savez(folder / FILE, **arrays, **alarm.letters.arrays("letters"))
        self.kinds.save(folder / KINDS_FILE)

    @classmethod
    def load(cls, folder: Path) -> "UrgencyModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        with np.load(folder / FILE, allow_pickle=False) as stored:
            letters = LettersModel.from_arrays(stored, "letters")
            alarm = Alarm(stored["centre"], stored["support"], stored["weights"], letters, float(stored["threshold"]))
        return cls(alarm, TopicModel.load(folder / KINDS_FILE))


def read_examples(folder: Path) -> list[tuple[str, str]]:
    """Read the (text, kind) pairs of every sheet in ``folder``. Raises SetUpError naming the file and row of an unknown kind."""
    return [pair for path in sorted(folder.glob("*.csv")) for pair in read_sheet(path)]


def read_sheet(path: Path) -> list[tuple[str, str]]:
    """Read the (text, kind) pairs of one sheet. Raises SetUpError naming the file and row of an unknown kind."""
    found: list[tuple[str, str]] = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if row["urgent"] not in (*URGENT, HARMLESS):
                raise SetUpError(f"{path.name}, row {number}: {row['urgent']!r} is no urgent kind.")
            found.append((row["text"], row["urgent"]))
    return found


def train(texts: Sequence[str], kinds: Sequence[str], vectors: Matrix) -> UrgencyModel:
    """Fit the model on ``texts``, their ``kinds`` (HARMLESS where they have none) and ``vectors`` (one a row).

    The threshold is the highest that finds RECALL of the urgent ones among those held out; ``docs/understanding.md`` has the figures.
    """
    truth = np.array(kinds) != HARMLESS
    folded = [fold(text) for text in texts]
    last = np.arange(len(truth)) % HELD_OUT == HELD_OUT - 1
    # Both fits let go of Python's lock for most of their time.
    with ThreadPoolExecutor(2) as pool:
        some = (np.arange(len(truth)), np.flatnonzero(~last))
        whole, trial = pool.map(lambda rows: _fit([folded[i] for i in rows], truth[rows], vectors[rows]), some)
    scores = [trial.score(texts[i], vectors[i]) for i in np.flatnonzero(last & truth)]
    shift = float(np.quantile(scores, 1.0 - RECALL)) if scores else 0.0
    urgent = np.flatnonzero(truth)
    by_kind = train_kinds([texts[i] for i in urgent], [kinds[i] for i in urgent], range(len(urgent)), vectors[urgent])
    return UrgencyModel(replace(whole, threshold=whole.threshold + shift), by_kind)


def _fit(folded: Sequence[str], truth: NDArray[Any], vectors: Matrix) -> Alarm:
    """Fit both machines; the threshold is where the first, by itself, is undecided."""
    from sklearn.svm import SVC

    centre = vectors.mean(axis=0)
    svm = SVC(C=PENALTY, gamma=1.0, class_weight="balanced", cache_size=1000).fit((vectors - centre) * SHARPNESS, truth)
    letters = train_letters(folded, [URGENT_CLASS if one else HARMLESS for one in truth], "meaning", BUCKETS, LETTERS_PENALTY)
    support, weights = svm.support_vectors_.astype(np.float32), svm.dual_coef_[0].astype(np.float32)
    return Alarm(centre, support, weights, letters, -float(svm.intercept_[0]))
