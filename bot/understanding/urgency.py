"""Urgent need, recognised before anything else, in every language, and also while Rasa is away.

Two questions, one after the other. Is it urgent at all? Three answers are added up, and the threshold tuned for recall: a Gaussian
kernel's over the message's vector, a support vector machine's over its words as they sound, and by how much those words are nearer to
an urgent kind than to any calm topic. Which kind? The same classifier as for topics (``bot.understanding.topic``) says. Only numbers
are stored, and prediction needs nothing but numpy.
"""

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.codes import URGENT
from bot.errors import SetUpError
from bot.understanding.embedding import Matrix, Vector
from bot.understanding.folding import fold
from bot.understanding.letters import Hashed, LettersModel, hashed
from bot.understanding.letters import train as train_letters
from bot.understanding.topic import TopicModel, sample
from bot.understanding.topic import train as train_kinds

HARMLESS, UNCLEAR = "none", "unclear"
"""Marks of an example: nothing urgent; and what two sensible people would call differently, which teaches nothing."""
URGENT_CLASS, CALM = "urgent", "calm "
FILE, KINDS_FILE = "urgency.npz", "urgency_kinds.npz"
GAMMA = 5.0
"""How fast likeness falls with the squared distance of two unit vectors, which lie close together in this model."""
LANDMARKS = 6000
"""Examples that a message is compared with; all that have a vector teach how much each counts."""
RIDGE, JITTER = 0.1, 1e-4
STRETCH = 2000
"""Examples that are compared with the landmarks at a time."""
BUCKETS = 1 << 18
LETTERS_PENALTY = 0.3
LETTERS_WEIGHT, NEARER_WEIGHT = 0.75, 1.0
"""How much the two scores of the words count beside the vector's."""
EACH, HARMLESS_EACH = 800, 6000
"""Examples of a kind, and harmless ones, of the sheets that are given vectors; all of them teach the words."""
RECALL = 0.95
"""Of urgent examples held out in training, which are harder than most: docs/understanding.md says what it found of others."""
HELD_OUT = 4
"""One example in this many is held out to set the threshold."""


@dataclass(frozen=True)
class Lesson:
    """A message to learn from, its ``kind`` (of ``bot.codes.URGENT`` or HARMLESS), and the topic it is about where that is known."""

    text: str
    kind: str
    topic: str = ""

    @property
    def label(self) -> str:
        """Give what its words are to be told from: its kind, or that it is calm and what it is about."""
        return CALM + self.topic if self.kind == HARMLESS else self.kind


@dataclass(frozen=True)
class Alarm:
    """The classifiers (of the first its landmarks, a vector a row, and how much each counts) with the score from which they speak."""

    landmarks: Matrix
    weights: Vector
    letters: LettersModel
    threshold: float

    def score(self, text: str, vector: Vector) -> float:
        """Give how far over the threshold a message is; below zero it is not urgent."""
        by_words: dict[str, float] = dict(zip(self.letters.classes, self.letters.scores(fold(text)).tolist(), strict=True))
        nearer = max(by_words.get(kind, -1.0) for kind in URGENT) - max(s for label, s in by_words.items() if label.startswith(CALM))
        by_vector = float(_likeness(vector[np.newaxis], self.landmarks)[0] @ self.weights)
        return by_vector + LETTERS_WEIGHT * by_words[URGENT_CLASS] + NEARER_WEIGHT * nearer - self.threshold


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


def read_examples(folder: Path) -> list[Lesson]:
    """Read every sheet in ``folder``. Raises SetUpError naming the file and row of an unknown kind."""
    return [lesson for path in sorted(folder.glob("*.csv")) for lesson in read_sheet(path)]


def read_sheet(path: Path) -> list[Lesson]:
    """Read one sheet. Raises SetUpError naming the file and row of an unknown kind."""
    found: list[Lesson] = []
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if row["urgent"] not in (*URGENT, HARMLESS):
                raise SetUpError(f"{path.name}, row {number}: {row['urgent']!r} is no urgent kind.")
            found.append(Lesson(row["text"], row["urgent"]))
    return found


def worth_a_vector(lessons: Sequence[Lesson]) -> list[int]:
    """Choose the examples that are given vectors, which take a hundred times as long to work out as words; give their places."""
    return sample([lesson.text for lesson in lessons], [lesson.kind for lesson in lessons], EACH, {HARMLESS: HARMLESS_EACH})


def train(lessons: Sequence[Lesson], with_vector: Sequence[int], vectors: Matrix) -> UrgencyModel:
    """Fit the model on ``lessons``; ``vectors`` (one a row) are those of the lessons at the places ``with_vector``.

    The threshold is the highest that finds RECALL of the urgent ones among those held out; ``docs/understanding.md`` has the figures.
    """
    counted = [hashed(fold(lesson.text), "meaning", BUCKETS) for lesson in lessons]
    places = np.array(with_vector)
    last = np.zeros(len(lessons), bool)
    last[places[HELD_OUT - 1 :: HELD_OUT]] = True
    # Both fits let go of Python's lock for most of their time.
    with ThreadPoolExecutor(2) as pool:
        parts = (np.ones(len(lessons), bool), ~last)
        whole, trial = pool.map(lambda some: _fit(lessons, counted, some, places, vectors), parts)
    held = [(lessons[place], row) for place, row in zip(places, vectors, strict=True) if last[place] and lessons[place].kind != HARMLESS]
    scores = [trial.score(lesson.text, row) for lesson, row in held]
    shift = float(np.quantile(scores, 1.0 - RECALL)) if scores else 0.0
    urgent = [at for at, lesson in enumerate(lessons) if lesson.kind != HARMLESS]
    place_among = {place: at for at, place in enumerate(urgent)}
    rows = [row for row, place in enumerate(places) if place in place_among]
    by_kind = train_kinds(
        [lessons[i].text for i in urgent], [lessons[i].kind for i in urgent], [place_among[places[row]] for row in rows], vectors[rows]
    )
    return UrgencyModel(replace(whole, threshold=whole.threshold + shift), by_kind)


def _fit(
    lessons: Sequence[Lesson], counted: Sequence[Hashed], some: NDArray[np.bool_], places: NDArray[np.int64], vectors: Matrix
) -> Alarm:
    """Fit the classifiers on ``some`` of the lessons; the threshold is zero.

    The first is ridge regression on the kernel, by Nystroem's method: Williams and Seeger, 2001. Both answers weigh the same in sum.
    """
    from scipy.linalg import cho_factor, cho_solve

    taught = np.flatnonzero(some)
    yes_no = [HARMLESS if lessons[i].kind == HARMLESS else URGENT_CLASS for i in taught]
    words = [counted[i] for i in taught]
    letters = train_letters(words, [lessons[i].label for i in taught], "meaning", BUCKETS, LETTERS_PENALTY, yes_no)
    vectors = vectors[some[places]]
    truth = np.array([lessons[place].kind != HARMLESS for place in places[some[places]]])
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
    return Alarm(landmarks, weights, letters, 0.0)


def _likeness(some: Matrix, others: Matrix) -> Matrix:
    """Give the Gaussian kernel between unit vectors, ``some`` down and ``others`` across."""
    return np.asarray(np.exp(2.0 * GAMMA * (some @ others.T - 1.0)))
