"""A linear classifier over what is written: what tells languages apart, and the words of a topic with their endings.

Only numbers are kept, and prediction needs nothing but numpy.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.understanding.sounds import consonants, latin

_WORD = re.compile(r"[^\W\d_]+")
LONGEST_COUNTED = 400
"""Characters of a text that are counted, as many as are embedded."""

Counts = Counter[str]


def words(text: str) -> list[str]:
    """Give the runs of letters in ``text``."""
    return _WORD.findall(text)


def _runs(some_words: Iterable[str], shortest: int, longest: int, mark: str) -> Counts:
    """Count the runs of ``shortest`` to ``longest`` letters inside words, a space standing for a word's edge, each after ``mark``."""
    found: Counts = Counter()
    for word in some_words:
        edged = f" {word} "
        for size in range(shortest, longest + 1):
            found.update(mark + edged[at : at + size] for at in range(len(edged) - size + 1))
    return found


def spelling(text: str) -> tuple[Counts, ...]:
    """Count the runs of one to four letters as they are written: what tells a language from its neighbours."""
    found = _runs(words(text[:LONGEST_COUNTED]), 1, 4, "")
    found.pop(" ", None)
    return (found,)


def meaning(text: str) -> tuple[Counts, ...]:
    """Count, in Latin letters whatever the script, runs of two to five letters, words and pairs of words, and runs of consonants."""
    plain = latin(text[:LONGEST_COUNTED])
    written = re.findall(r"\w+", plain)
    whole: Counts = Counter(f"w{word}" for word in written)
    whole.update(f"p{first} {second}" for first, second in pairwise(written))
    return _runs(written, 2, 5, "r"), whole, _runs(consonants(plain), 3, 5, "c")


KINDS: dict[str, Callable[[str], tuple[Counts, ...]]] = {"spelling": spelling, "meaning": meaning}
"""What may be counted of a text, by the name that a stored model has for it."""

Hashed = list[tuple[NDArray[np.int32], NDArray[np.float32]]]


def hashed(text: str, kind: str, size: int) -> Hashed:
    """Give, for every sort of count, the distinct buckets (below ``size``) it hits and 1 + log of how often each was hit."""
    found: Hashed = []
    for counts in KINDS[kind](text):
        buckets: Counter[int] = Counter()
        for run, times in counts.items():
            buckets[crc32(run.encode()) % size] += times
        found.append((np.fromiter(buckets, np.int32, len(buckets)), 1.0 + np.log(np.fromiter(buckets.values(), np.float32, len(buckets)))))
    return found


def rarity(texts: Sequence[Hashed], size: int) -> NDArray[np.float32]:
    """Give every bucket's weight: the smoothed inverse of the share of ``texts`` that hit it."""
    hits = np.zeros(size)
    for counts in texts:
        for buckets, _ in counts:
            hits[buckets] += 1
    weights: NDArray[np.float32] = (np.log((1 + len(texts)) / (1 + hits)) + 1).astype(np.float32)
    return weights


def weighed(counts: Hashed, weights: NDArray[np.float32]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Give the buckets of a text and their values (term frequency by ``rarity``), of every sort of count a unit vector."""
    values = [numbers * weights[buckets] for buckets, numbers in counts]
    lengths = [max(float(np.linalg.norm(some)), 1e-9) for some in values]
    return np.concatenate([b for b, _ in counts]), np.concatenate([some / n for some, n in zip(values, lengths, strict=True)])


@dataclass(frozen=True)
class LettersModel:
    """One row of ``weights`` a bucket, one column a class of ``classes``; ``kind`` is one of KINDS."""

    classes: tuple[str, ...]
    kind: str
    rare: NDArray[np.float32]
    weights: NDArray[np.float16]
    bias: NDArray[np.float32]

    def scores(self, text: str) -> NDArray[np.float32]:
        """Give the distance of ``text`` from every class's boundary."""
        buckets, values = weighed(hashed(text, self.kind, len(self.rare)), self.rare)
        return np.asarray(values @ self.weights[buckets].astype(np.float32) + self.bias)

    def scores_of_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the scores of many texts, a text a row."""
        return np.stack([self.scores(text) for text in texts])

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Give what ``from_arrays`` needs, each under a name that starts with ``name``."""
        parts = {"classes": np.array(self.classes), "kind": np.array(self.kind), "rare": self.rare, "weights": self.weights}
        return {f"{name}_{part}": array for part, array in {**parts, "bias": self.bias}.items()}

    @classmethod
    def from_arrays(cls, stored: Any, name: str) -> "LettersModel":
        """Read what ``arrays`` gave."""
        classes, kind = tuple(stored[f"{name}_classes"].tolist()), str(stored[f"{name}_kind"])
        return cls(classes, kind, stored[f"{name}_rare"], stored[f"{name}_weights"], stored[f"{name}_bias"])


def train(
    texts: Sequence[Hashed], labels: Sequence[str], kind: str, size: int, penalty: float, beside: Sequence[str] | None = None
) -> LettersModel:
    """Fit on what ``hashed`` gave of texts for ``kind`` and ``size``, and their ``labels``; ``penalty`` is scikit-learn's C.

    ``beside`` is a second labelling of the same texts, learnt by itself: its classes come after those of ``labels``.
    """
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    rare = rarity(texts, size)
    rows = [weighed(counts, rare) for counts in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    matrix = csr_matrix((np.concatenate([v for _, v in rows]), np.concatenate([b for b, _ in rows]), ends), shape=(len(rows), size))
    labellings = [np.array(some) for some in (labels, beside) if some is not None]
    fitted = [LinearSVC(C=penalty, class_weight="balanced", random_state=0).fit(matrix, some) for some in labellings]
    weights = np.concatenate([both(svm.coef_) for svm in fitted]).T.astype(np.float16)
    bias = np.concatenate([both(svm.intercept_) for svm in fitted]).astype(np.float32)
    return LettersModel(tuple(str(name) for svm in fitted for name in svm.classes_), kind, rare, weights, bias)


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


TEMPERATURES = np.geomspace(0.05, 10.0, 70)


def fit_temperature(held_out: NDArray[Any], column: NDArray[Any]) -> float:
    """Give the temperature at which held-out examples' own classes (``column`` of ``held_out``) are likeliest.

    Guo et al., On Calibration of Modern Neural Networks, 2017.
    """
    at = np.arange(len(column))
    losses = [-np.log(soften(held_out, t)[at, column] + 1e-12).mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
