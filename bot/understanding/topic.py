"""What a message is about: two classifiers whose scores are added up.

One reads the message's vector, which carries meaning across languages; the other its runs of letters, which carry the words that
people here use (eVisa, ASPEN) and what the vectors know little of (Tigrinya, Latin-script Arabic). Their sum is brought to a
probability that means what it says, by how often it was right on examples held out in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.embedding import Matrix, Vector
from bot.understanding.folding import fold
from bot.understanding.letters import LettersModel, both, fit_temperature, log_softmax, soften
from bot.understanding.letters import train as train_letters

FILE = "topic.npz"
LONGEST_RUN, BUCKETS = 4, 1 << 16
SHARPNESS = 5.0
"""Unit vectors of this model lie close together: they are pulled apart by this factor before they are compared."""
LETTERS_PENALTY = 0.3
LETTERS_WEIGHT = 2.0
"""How much the letters' score counts beside the logarithm of the vector's probability."""
FOLDS = 5


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


def train(texts: Sequence[str], labels: Sequence[str], vectors: Matrix) -> TopicModel:
    """Fit on ``texts`` with their ``labels`` and ``vectors`` (one a row)."""
    from sklearn.model_selection import StratifiedKFold

    truth = np.array(labels)
    classes, column, sizes = np.unique(truth, return_inverse=True, return_counts=True)
    folded = [fold(text) for text in texts]
    held_out = np.zeros((len(texts), len(classes)))
    for seen, unseen in StratifiedKFold(max(2, min(FOLDS, sizes.min())), shuffle=True, random_state=0).split(vectors, truth):
        model = _fit([folded[i] for i in seen], truth[seen], vectors[seen], 1.0)
        meaning = (vectors[unseen] - model.centre) * SHARPNESS @ model.vector_weights + model.vector_bias
        held_out[unseen] = log_softmax(meaning) + LETTERS_WEIGHT * model.letters.scores_of_all([folded[i] for i in unseen])
    return _fit(folded, truth, vectors, fit_temperature(held_out, column))


def _fit(folded: Sequence[str], truth: NDArray[Any], vectors: Matrix, temperature: float) -> TopicModel:
    from sklearn.linear_model import LogisticRegression

    centre = vectors.mean(axis=0)
    by_vector = LogisticRegression(max_iter=400).fit((vectors - centre) * SHARPNESS, truth)
    weights, bias = both(by_vector.coef_).T.astype(np.float32), both(by_vector.intercept_).astype(np.float32)
    return TopicModel(centre, weights, bias, train_letters(folded, truth.tolist(), LONGEST_RUN, BUCKETS, LETTERS_PENALTY), temperature)
