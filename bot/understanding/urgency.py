"""Urgent need, recognised before anything else: a small classifier over the message's vector, tuned for recall.

Trained on ``data/urgency`` with the topics' own examples as further harmless messages; only numbers are stored, and
prediction needs nothing but numpy, so it works while Rasa does not.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.embedding import Embedder, Vector

KINDS = ("emergency", "homeless_tonight")
HARMLESS = "none"
FILE = "urgency.npz"
SHARPNESS = 3.0
"""Unit vectors of this model lie close together: they are pulled apart by this factor before they are compared."""
PENALTY = 4.0


@dataclass(frozen=True)
class Machine:
    """A support vector machine with a Gaussian kernel for one kind; ``threshold`` is the score from which it speaks."""

    support: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float
    threshold: float

    def score(self, point: NDArray[np.float64]) -> float:
        """Give how far over its threshold a point is; below zero it is not of this kind."""
        distances = ((self.support - point) ** 2).sum(axis=1)
        return float(self.weights @ np.exp(-distances)) + self.bias - self.threshold


@dataclass(frozen=True)
class UrgencyModel:
    """One machine a kind, in the order of KINDS."""

    centre: NDArray[np.float64]
    machines: tuple[Machine, ...]

    def find(self, vector: Vector) -> str | None:
        """Give the urgent need of a message, or None."""
        point = (vector - self.centre) * SHARPNESS
        scores = [machine.score(point) for machine in self.machines]
        best = int(np.argmax(scores))
        return KINDS[best] if scores[best] >= 0.0 else None

    def save(self, folder: Path) -> None:
        """Write the model's numbers to FILE in ``folder``."""
        arrays: dict[str, NDArray[Any]] = {"centre": self.centre}
        for kind, machine in zip(KINDS, self.machines, strict=True):
            arrays |= {f"{kind}_support": machine.support, f"{kind}_weights": machine.weights}
            arrays[f"{kind}_numbers"] = np.array([machine.bias, machine.threshold])
        np.savez(folder / FILE, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "UrgencyModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        with np.load(folder / FILE, allow_pickle=False) as stored:
            machines = tuple(
                Machine(stored[f"{kind}_support"], stored[f"{kind}_weights"], *map(float, stored[f"{kind}_numbers"])) for kind in KINDS
            )
            return cls(stored["centre"], machines)


def read_examples(folder: Path) -> list[tuple[str, str]]:
    """Read the (text, kind) pairs of every sheet in ``folder``."""
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += [(row["text"], row["urgent"]) for row in csv.DictReader(file)]
    return found


def train(urgent: list[tuple[str, str]], harmless: list[str], embedder: Embedder, recall: float = 0.92) -> UrgencyModel:
    """Fit the model on ``urgent`` (as ``read_examples`` gives) and further ``harmless`` texts.

    Each kind's threshold is the highest that finds ``recall`` of its examples in five-fold cross-validation; the figures
    of that choice are in ``docs/understanding.md``.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.svm import SVC

    examples = [*urgent, *((text, HARMLESS) for text in harmless)]
    vectors = np.stack([embedder.embed(text) for text, _ in examples]).astype(np.float64)
    centre = vectors.mean(axis=0)
    points = (vectors - centre) * SHARPNESS
    machines = []
    for kind in KINDS:
        truth = np.array([k == kind for _, k in examples])
        svm = SVC(C=PENALTY, gamma=1.0, class_weight="balanced")
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        held_out = cross_val_predict(svm, points, truth, cv=folds, method="decision_function")
        svm.fit(points, truth)
        support, weights = svm.support_vectors_.astype(np.float32), svm.dual_coef_[0].astype(np.float32)
        machines.append(Machine(support, weights, float(svm.intercept_[0]), float(np.quantile(held_out[truth], 1.0 - recall))))
    return UrgencyModel(centre, tuple(machines))
