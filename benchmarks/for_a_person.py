"""What is left to a person, on examples held out: how much is found at each threshold, and how many ordinary messages are.

``python -m benchmarks.for_a_person`` prints, after holding out one example in four, the curve over all and for each language; then what
each hand wrote after learning from the others alone. Examples of ``gathered`` are taught and never asked: a model like this one found
them. It takes some two minutes and needs the vectors of ``python -m bot prepare``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.preparing import Preparation, training_examples
from bot.settings import read_settings
from bot.understanding.embedding import VECTORS, embed_all, shared_embedder
from bot.understanding.for_a_person import GATHERED, KINDS, NONE, THRESHOLD, train

THRESHOLDS = (0.05, 0.1, 0.15, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5)
HELD_OUT = 4
"""One example in this many is held out."""
MATTERS_MOST = ("own_case", "death", "child_alone")
ORDINARY, ALIKE, NEAR = "ordinary", "legal, human, young people", "made to look urgent"
LOOK_ALIKE = frozenset({"legal", "human", "young_people"})
"""Topics whose messages are partly for a person, though no sheet says so."""


@dataclass(frozen=True)
class Asked:
    """A message that was held out: what it is (one of KINDS, NONE, ORDINARY, ALIKE, NEAR), its language where known, and what was found."""

    truth: str
    language: str
    found: str
    likely: float


def share(asked: Iterable[Asked], truths: Iterable[str], threshold: float) -> float:
    """Give the share of the messages of ``truths`` for which a person is offered; NaN where there are none."""
    raised = [one.likely >= threshold for one in asked if one.truth in truths]
    return float(np.mean(raised)) if raised else float("nan")


def named(asked: Iterable[Asked], threshold: float) -> float:
    """Give the share of those found whose kind is right."""
    return float(np.mean([one.found == one.truth for one in asked if one.truth in KINDS and one.likely >= threshold]))


def table(first: str, columns: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]) -> str:
    heads = [first, *columns]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join([name, *cells]) + " |" for name, cells in rows)]) + "\n"


def all_kinds(asked: list[Asked], threshold: float) -> list[str]:
    found = [f"{share(asked, [truth], threshold):.3f}" for truth in (*KINDS, NONE, ORDINARY, ALIKE, NEAR)]
    return [*found, f"{named(asked, threshold):.2f}"]


def main() -> None:
    """Measure and print."""
    preparation = Preparation(read_settings({}), print)
    own, others = preparation.for_a_person_lessons()
    languages = {example.text: example.language for example in training_examples()}
    texts = [*(example.text for example in own), *(lesson.text for lesson in others)]
    vectors = embed_all(texts, shared_embedder(), preparation.settings.models / VECTORS)
    plain = [(ALIKE if lesson.topic in LOOK_ALIKE else ORDINARY) if lesson.topic else NEAR for lesson in others]
    truths = [*((example.kind, example.language) for example in own), *zip(plain, (languages.get(m.text, "") for m in others), strict=True)]
    hands = np.array([*(example.hand for example in own), *("" for _ in others)])
    drawn = np.random.default_rng(0).permutation(len(texts)) % HELD_OUT == 0

    def ask(held_out: NDArray[np.bool_]) -> list[Asked]:
        taught = np.flatnonzero(~held_out)
        split = int(np.searchsorted(taught, len(own)))
        model = train([own[i] for i in taught[:split]], [others[i - len(own)] for i in taught[split:]], vectors[taught])
        return [Asked(truths[i][0], truths[i][1], *model.score(texts[i], vectors[i])) for i in np.flatnonzero(held_out)]

    asked = ask(drawn & (hands != GATHERED))
    columns = [*KINDS, f"{NONE}, but near", ORDINARY, ALIKE, NEAR, "rightly named"]
    print(table("threshold", columns, ((f"{t:.2f}", all_kinds(asked, t)) for t in THRESHOLDS)))
    print(f"Found of {', '.join(MATTERS_MOST)}; of complaints; false alarms among ordinary messages:\n")
    cells = []
    for code in sorted({example.language for example in own}):
        some = [one for one in asked if one.language == code]
        groups = (MATTERS_MOST, ("complaint",), (ORDINARY,))
        cells.append((code, ["; ".join(f"{share(some, group, t):.2f}" for group in groups) for t in THRESHOLDS]))
    print(table("language", (f"{t:.2f}" for t in THRESHOLDS), cells))
    each = sorted(set(hands) - {"", GATHERED})
    print(
        table(
            f"hand, at {THRESHOLD}", columns, ((hand, all_kinds(ask((hands == hand) | drawn & (hands == "")), THRESHOLD)) for hand in each)
        )
    )


if __name__ == "__main__":
    main()
