"""Urgent need, recognised before anything else, in every language, and also while Rasa is away.

Two questions, one after the other. Is it urgent at all? A support vector machine over the message's vector says, tuned for recall.
Which kind? The same classifier as for topics (``bot.understanding.topic``) says. Only numbers are stored, and prediction needs
nothing but numpy.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.codes import URGENT
from bot.errors import SetUpError
from bot.understanding.embedding import Matrix, Vector
from bot.understanding.topic import TopicModel
from bot.understanding.topic import train as train_kinds

HARMLESS = "none"
FILE, KINDS_FILE = "urgency.npz", "urgency_kinds.npz"
SHARPNESS = 3.0
"""Unit vectors of this model lie close together: they are pulled apart by this factor before they are compared."""
PENALTY = 4.0
RECALL = 0.77
"""Of urgent examples in cross-validation. Higher would be right, but until every language has urgent examples of its own it raises every
second message there (docs/understanding.md)."""
FOLDS = 5


@dataclass(frozen=True)
class UrgencyModel:
    """The machine (its support vectors, a row each) with the score from which it speaks, and the classifier of kinds."""

    centre: Vector
    support: Matrix
    weights: Vector
    threshold: float
    kinds: TopicModel

    def score(self, vector: Vector) -> float:
        """Give how far over the threshold a message is; below zero it is not urgent."""
        point = (vector - self.centre) * SHARPNESS
        distances = ((self.support - point) ** 2).sum(axis=1)
        return float(self.weights @ np.exp(-distances)) - self.threshold

    def find(self, text: str, vector: Vector) -> str | None:
        """Give the urgent need of a message (a code of ``bot.codes.URGENT``), or None."""
        if self.score(vector) < 0.0:
            return None
        return next(iter(self.kinds.probabilities(text, vector)))

    def save(self, folder: Path) -> None:
        """Write the model's numbers to ``folder``."""
        arrays: dict[str, NDArray[Any]] = {"centre": self.centre, "support": self.support, "weights": self.weights}
        np.savez(folder / FILE, threshold=np.array(self.threshold), **arrays)
        self.kinds.save(folder / KINDS_FILE)

    @classmethod
    def load(cls, folder: Path) -> "UrgencyModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        with np.load(folder / FILE, allow_pickle=False) as stored:
            numbers = (stored["centre"], stored["support"], stored["weights"], float(stored["threshold"]))
        return cls(*numbers, TopicModel.load(folder / KINDS_FILE))


def read_examples(folder: Path) -> list[tuple[str, str]]:
    """Read the (text, kind) pairs of every sheet in ``folder``. Raises SetUpError naming the file and row of an unknown kind."""
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if row["urgent"] not in (*URGENT, HARMLESS):
                    raise SetUpError(f"{path.name}, row {number}: {row['urgent']!r} is no urgent kind.")
                found.append((row["text"], row["urgent"]))
    return found


def train(texts: Sequence[str], kinds: Sequence[str], vectors: Matrix) -> UrgencyModel:
    """Fit the model on ``texts``, their ``kinds`` (HARMLESS where they have none) and ``vectors`` (one a row).

    The threshold is the highest that finds RECALL of the urgent ones in cross-validation; ``docs/understanding.md`` has the figures.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    truth = np.array(kinds) != HARMLESS
    centre = vectors.mean(axis=0)
    points = (vectors - centre) * SHARPNESS
    svm = SVC(C=PENALTY, gamma=1.0, class_weight="balanced", cache_size=500)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    held_out = cross_val_predict(svm, points, truth, cv=folds, method="decision_function", n_jobs=2)
    svm.fit(points, truth)
    urgent = np.flatnonzero(truth)
    return UrgencyModel(
        centre=centre,
        support=svm.support_vectors_.astype(np.float32),
        weights=svm.dual_coef_[0].astype(np.float32),
        threshold=float(np.quantile(held_out[truth], 1.0 - RECALL)) - float(svm.intercept_[0]),
        kinds=train_kinds([texts[i] for i in urgent], [kinds[i] for i in urgent], vectors[urgent]),
    )
