"""What a message is about: two classifiers whose scores are added up.

One reads the message's vector, which carries meaning across languages; the other its words, as they sound in Latin letters, which
carry what people here say (eVisa, ASPEN) and what the vectors know little of (Tigrinya, Latin-script Arabic). Their sum is
brought to a probability that means what it says, by how often it was right on examples held out in training.

A vector takes a hundred times as long to work out as the words, and the first few examples teach the first classifier most of what it
can learn: it is given a sample (``sample``), the other everything. docs/understanding.md has the figures.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.understanding.embedding import Matrix, Vector
from bot.understanding.folding import fold
from bot.understanding.letters import Hashed, LettersModel, both, fit_temperature, hashed, log_softmax, soften
from bot.understanding.letters import train as train_letters

FILE = "topic.npz"
BUCKETS = 1 << 18
SHARPNESS = 5.0
"""Unit vectors of this model lie close together: they are pulled apart by this factor before they are compared."""
LETTERS_PENALTY = 1.0
LETTERS_WEIGHT = 6.0
"""How much the words' score counts beside the logarithm of the vector's probability."""
EACH = 200
"""Examples of a topic that are given vectors."""
HELD_OUT = 5
"""One example in this many is held out to fit the temperature."""


@dataclass(frozen=True)
class TopicModel:
    """The two classifiers' numbers, their classes in common, and the temperature of their sum."""

    centre: Vector
    vector_weights: Matrix
    vector_bias: Vector
    letters: LettersModel
    temperature: float

    @property
    def classes(self) -> tuple[str, ...]:
        return self.letters.classes

    def probabilities(self, text: str, vector: Vector) -> dict[str, float]:
        """Give the probability of every class, likeliest first."""
        meaning = (vector - self.centre) * SHARPNESS @ self.vector_weights + self.vector_bias
        likely = soften(log_softmax(meaning) + LETTERS_WEIGHT * self.letters.scores(fold(text)), self.temperature)
        return dict(sorted(zip(self.classes, likely.tolist(), strict=True), key=lambda pair: -pair[1]))

    def save(self, path: Path) -> None:
        """Write the model's numbers to ``path``."""
        vectors = {"centre": self.centre, "vector_weights": self.vector_weights, "vector_bias": self.vector_bias}
        np.savez_compressed(path, temperature=np.array(self.temperature), **vectors, **self.letters.arrays("letters"))

    @classmethod
    def load(cls, path: Path) -> "TopicModel":
        """Load what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            letters = LettersModel.from_arrays(stored, "letters")
            return cls(stored["centre"], stored["vector_weights"], stored["vector_bias"], letters, float(stored["temperature"]))


def sample(texts: Sequence[str], labels: Sequence[str], each: int, but: Mapping[str, int] | None = None) -> list[int]:
    """Choose at most ``each`` examples of every label, the same ones every time; give their places, in order.

    ``but`` names labels of which another number is chosen.
    """
    most = but or {}
    taken: Counter[str] = Counter()
    chosen = []
    for at in sorted(range(len(texts)), key=lambda i: crc32(texts[i].encode())):
        if taken[labels[at]] < most.get(labels[at], each):
            taken[labels[at]] += 1
            chosen.append(at)
    return sorted(chosen)


def train(texts: Sequence[str], labels: Sequence[str], with_vector: Sequence[int], vectors: Matrix) -> TopicModel:
    """Fit on ``texts`` with their ``labels``; ``vectors`` (one a row) are those of the texts at the places ``with_vector``."""
    truth = np.array(labels)
    counted = [hashed(fold(text), "meaning", BUCKETS) for text in texts]
    places = np.array(with_vector)
    last = np.arange(len(truth)) % HELD_OUT == HELD_OUT - 1
    classes = np.unique(truth)
    # The temperature is for classes that both parts have seen.
    part = places[~last[places]] if set(truth[places[~last[places]]]) == set(classes) else places
    rest = np.flatnonzero(~last) if set(truth[~last]) == set(classes) else np.arange(len(truth))
    unseen = np.flatnonzero(np.isin(np.arange(len(truth)), places) & last)
    row = {int(place): at for at, place in enumerate(places)}

    def vectors_of(some: NDArray[Any]) -> Matrix:
        return vectors[[row[int(i)] for i in some]]

    def fit(some: NDArray[Any], with_one: NDArray[Any]) -> TopicModel:
        return _fit([counted[i] for i in some], truth[some], truth[with_one], vectors_of(with_one))

    # Both fits let go of Python's lock for most of their time.
    with ThreadPoolExecutor(2) as pool:
        whole, trial = pool.map(fit, (np.arange(len(truth)), rest), (places, part))
    if not len(unseen):
        return whole
    meaning = (vectors_of(unseen) - trial.centre) * SHARPNESS @ trial.vector_weights + trial.vector_bias
    scores = log_softmax(meaning) + LETTERS_WEIGHT * trial.letters.scores_of_all([fold(texts[i]) for i in unseen])
    column = np.array([whole.classes.index(label) for label in truth[unseen]])
    return replace(whole, temperature=fit_temperature(scores, column))


def _fit(counted: Sequence[Hashed], truth: NDArray[Any], vector_truth: NDArray[Any], vectors: Matrix) -> TopicModel:
    from sklearn.linear_model import LogisticRegression

    centre = vectors.mean(axis=0)
    by_vector = LogisticRegression(max_iter=400).fit((vectors - centre) * SHARPNESS, vector_truth)
    weights, bias = both(by_vector.coef_).T.astype(np.float32), both(by_vector.intercept_).astype(np.float32)
    return TopicModel(centre, weights, bias, train_letters(counted, truth.tolist(), "meaning", BUCKETS, LETTERS_PENALTY), 1.0)
