"""Urgent need, recognised before anything else, in every language, and also while Rasa is away.

Two questions, one after the other. Is it urgent at all? Two classifiers say, tuned for recall: a Gaussian kernel over the message's
vector, and a support vector machine over its words as they sound. Which kind? The same classifier as for topics
(``bot.understanding.topic``) says. Only numbers are stored, and prediction needs nothing but numpy.
"""

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
GAMMA = 5.0
"""How fast likeness falls with the squared distance of two unit vectors, which lie close together in this model."""
LANDMARKS = 6000
"""Examples that a message is compared with; all of them teach how much each counts."""
RIDGE, JITTER = 0.1, 1e-4
STRETCH = 2000
"""Examples that are compared with the landmarks at a time."""
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
    """The two classifiers (of the first its landmarks, a vector a row, and how much each counts) with the score from which they speak."""

    landmarks: Matrix
    weights: Vector
    letters: LettersModel
    threshold: float

    def score(self, text: str, vector: Vector) -> float:
        """Give how far over the threshold a message is; below zero it is not urgent."""
        by_words = self.letters.scores(fold(text))[self.letters.classes.index(URGENT_CLASS)]
        return float(_likeness(vector[np.newaxis], self.landmarks)[0] @ self.weights + LETTERS_WEIGHT * by_words) - self.threshold


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
        arrays = {"landmarks": alarm.landmarks, "weights": alarm.weights, "threshold": np.array(alarm.threshold)}
        np.savez(folder / FILE, **arrays, **alarm.letters.arrays("letters"))
        self.kinds.save(folder / KINDS_FILE)

    @classmethod
    def load(cls, folder: Path) -> "UrgencyModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        with np.load(folder / FILE, allow_pickle=False) as stored:
            letters = LettersModel.from_arrays(stored, "letters")
            alarm = Alarm(stored["landmarks"], stored["weights"], letters, float(stored["threshold"]))
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
    """Fit both classifiers; the threshold is where they are undecided.

    The first is ridge regression on the kernel, by Nystroem's method: Williams and Seeger, 2001. Both answers weigh the same in sum.
    """
    from scipy.linalg import cho_factor, cho_solve

    landmarks = vectors[np.random.default_rng(0).permutation(len(vectors))[:LANDMARKS]]
    share = truth.mean()
    weigh = np.where(truth, 0.5 / share, 0.5 / (1.0 - share)).astype(np.float32)
    aim = np.where(truth, weigh, -weigh)
    among = np.zeros((len(landmarks), len(landmarks)))
    towards = np.zeros(len(landmarks))
    for start in range(0, len(vectors), STRETCH):
        stretch = slice(start, start + STRETCH)
        near = _likeness(vectors[stretch], landmarks)
        among += (near.T * weigh[stretch]) @ near
        towards += near.T @ aim[stretch]
    among += RIDGE * _likeness(landmarks, landmarks) + JITTER * np.eye(len(landmarks))
    weights = cho_solve(cho_factor(among, overwrite_a=True), towards).astype(np.float32)
    letters = train_letters(folded, [URGENT_CLASS if one else HARMLESS for one in truth], "meaning", BUCKETS, LETTERS_PENALTY)
    return Alarm(landmarks, weights, letters, 0.0)


def _likeness(some: Matrix, others: Matrix) -> Matrix:
    """Give the Gaussian kernel between unit vectors, ``some`` down and ``others`` across."""
    return np.asarray(np.exp(2.0 * GAMMA * (some @ others.T - 1.0)))
