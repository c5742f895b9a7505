"""Urgent need, recognised before anything else: a small classifier over the message's vector, tuned for recall.

Trained on ``data/urgency`` with the topics' own examples as further harmless messages; only numbers are stored, and
prediction needs nothing but numpy, so it works while Rasa does not.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.understanding.embedding import Embedder, Vector

KINDS = ("emergency", "homeless_tonight")
HARMLESS = "none"
FILE = "urgency.npz"
SHARPNESS = 6.0
"""Unit vectors of this model lie close together: scaling them is what lets logistic regression tell them apart."""


@dataclass(frozen=True)
class UrgencyModel:
    """Weights of one-against-rest logistic regressions; ``thresholds`` are chosen at training for recall."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]
    centre: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    def probabilities(self, vector: Vector) -> NDArray[np.float64]:
        """Give the probability of each of ``KINDS``."""
        scores = self.weights @ ((vector - self.centre) * SHARPNESS) + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-scores)))

    def find(self, vector: Vector) -> str | None:
        """Give the urgent need of a message, or None."""
        over = self.probabilities(vector) / self.thresholds
        best = int(np.argmax(over))
        return KINDS[best] if over[best] >= 1.0 else None

    def save(self, folder: Path) -> None:
        np.savez(folder / FILE, weights=self.weights, bias=self.bias, centre=self.centre, thresholds=self.thresholds)

    @classmethod
    def load(cls, folder: Path) -> "UrgencyModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        with np.load(folder / FILE, allow_pickle=False) as stored:
            return cls(stored["weights"], stored["bias"], stored["centre"], stored["thresholds"])


def read_examples(folder: Path) -> list[tuple[str, str]]:
    """Read the (text, kind) pairs of every sheet in ``folder``."""
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += [(row["text"], row["urgent"]) for row in csv.DictReader(file)]
    return found


def train(urgent: list[tuple[str, str]], harmless: list[str], embedder: Embedder, recall: float = 0.93) -> UrgencyModel:
    """Fit the model on ``urgent`` (as ``read_examples`` gives) and further ``harmless`` texts.

    Each kind's threshold is the highest that finds ``recall`` of its examples in five-fold cross-validation; the figures
    of that choice are in ``docs/understanding.md``.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    examples = [*urgent, *((text, HARMLESS) for text in harmless)]
    vectors = np.stack([embedder.embed(text) for text, _ in examples]).astype(np.float64)
    centre = vectors.mean(axis=0)
    scaled = (vectors - centre) * SHARPNESS
    weights, bias, thresholds = [], [], []
    for kind in KINDS:
        truth = np.array([k == kind for _, k in examples])
        model = LogisticRegression(class_weight="balanced", max_iter=3000)
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        held_out = cross_val_predict(model, scaled, truth, cv=folds, method="predict_proba")[:, 1]
        thresholds.append(float(np.quantile(held_out[truth], 1.0 - recall)))
        model.fit(scaled, truth)
        weights.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return UrgencyModel(np.stack(weights), np.array(bias), centre, np.array(thresholds))
