"""A linear classifier over the runs of letters in a text: what tells languages apart, and the words of a topic with their endings.

Only numbers are kept, and prediction needs nothing but numpy.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W\d_]+")
LONGEST_COUNTED = 400
"""Characters of a text that are counted, as many as are embedded."""


def words(text: str) -> list[str]:
    """Give the runs of letters in ``text``."""
    return _WORD.findall(text)


def ngrams(text: str, longest: int) -> Counter[str]:
    """Count the runs of 1 to ``longest`` letters inside the words of ``text``; a space stands for a word's edge."""
    found: Counter[str] = Counter()
    for word in words(text[:LONGEST_COUNTED]):
        edged = f" {word} "
        for size in range(1, longest + 1):
            found.update(edged[at : at + size] for at in range(len(edged) - size + 1))
    found.pop(" ", None)
    return found


def hashed(text: str, longest: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give the distinct buckets (below ``size``) of a text's runs, and 1 + log of how often each bucket was hit."""
    buckets: Counter[int] = Counter()
    for run, times in ngrams(text, longest).items():
        buckets[crc32(run.encode()) % size] += times
    return np.fromiter(buckets, np.int64, len(buckets)), 1.0 + np.log(np.fromiter(buckets.values(), np.float32, len(buckets)))


def rarity(texts: Sequence[str], longest: int, size: int) -> NDArray[np.float32]:
    """Give every bucket's weight: the smoothed inverse of the share of ``texts`` that hit it."""
    hits = np.zeros(size)
    for text in texts:
        hits[hashed(text, longest, size)[0]] += 1
    weights: NDArray[np.float32] = (np.log((1 + len(texts)) / (1 + hits)) + 1).astype(np.float32)
    return weights


def weighed(text: str, longest: int, weights: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give the buckets of ``text`` and their values as a unit vector (term frequency by ``rarity``)."""
    buckets, counts = hashed(text, longest, len(weights))
    values = counts * weights[buckets]
    return buckets, values / max(float(np.linalg.norm(values)), 1e-9)


@dataclass(frozen=True)
class LettersModel:
    """One row of ``weights`` a bucket, one column a class of ``classes``."""

    classes: tuple[str, ...]
    longest: int
    rare: NDArray[np.float32]
    weights: NDArray[np.float16]
    bias: NDArray[np.float32]

    def scores(self, text: str) -> NDArray[np.float32]:
        """Give the distance of ``text`` from every class's boundary."""
        buckets, values = weighed(text, self.longest, self.rare)
        return np.asarray(values @ self.weights[buckets].astype(np.float32) + self.bias)

    def scores_of_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the scores of many texts, a text a row."""
        return np.stack([self.scores(text) for text in texts])

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Give what ``from_arrays`` needs, each under a name that starts with ``name``."""
        parts = {"classes": np.array(self.classes), "longest": np.array(self.longest), "rare": self.rare, "weights": self.weights}
        return {f"{name}_{part}": array for part, array in {**parts, "bias": self.bias}.items()}

    @classmethod
    def from_arrays(cls, stored: Any, name: str) -> "LettersModel":
        """Read what ``arrays`` gave."""
        classes, longest = tuple(stored[f"{name}_classes"].tolist()), int(stored[f"{name}_longest"])
        return cls(classes, longest, stored[f"{name}_rare"], stored[f"{name}_weights"], stored[f"{name}_bias"])


def train(texts: Sequence[str], labels: Sequence[str], longest: int, size: int, penalty: float) -> LettersModel:
    """Fit on ``texts`` and their ``labels``; ``size`` is the number of buckets, ``penalty`` scikit-learn's C."""
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    rare = rarity(texts, longest, size)
    rows = [weighed(text, longest, rare) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    matrix = csr_matrix((np.concatenate([v for _, v in rows]), np.concatenate([b for b, _ in rows]), ends), shape=(len(rows), size))
    svm = LinearSVC(C=penalty, class_weight="balanced").fit(matrix, np.array(labels))
    weights, bias = both(svm.coef_).T.astype(np.float16), both(svm.intercept_).astype(np.float32)
    return LettersModel(tuple(map(str, svm.classes_)), longest, rare, weights, bias)


def both(numbers: NDArray[Any]) -> NDArray[Any]:
    """Give the numbers of two classes where scikit-learn keeps only the second's."""
    return np.concatenate([-numbers, numbers]) if len(numbers) == 1 else numbers


def log_softmax(scores: NDArray[Any]) -> NDArray[Any]:
    """Give the logarithm of the softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def soften(scores: NDArray[Any], temperature: float) -> NDArray[Any]:
    """Give the probabilities that ``scores`` stand for at a temperature."""
    return np.asarray(np.exp(log_softmax(scores / temperature)))


TEMPERATURES = np.geomspace(0.05, 5.0, 60)


def fit_temperature(held_out: NDArray[Any], column: NDArray[Any]) -> float:
    """Give the temperature at which held-out examples' own classes (``column`` of ``held_out``) are likeliest.

    Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    at = np.arange(len(column))
    losses = [-np.log(soften(held_out, t)[at, column] + 1e-12).mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
