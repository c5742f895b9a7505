"""What the assistant must leave to a person: messages that it answers no better than by offering one.

Four kinds. ``own_case``: to judge, foretell, choose or word something in somebody's own immigration or asylum case, which nobody may do
who is not registered (Immigration and Asylum Act 1999, sections 84 and 91); what a thing is, what it costs, how long one has and where to
find a solicitor is none. ``complaint``: of a service, staff, a landlord, officials or this assistant, and how to complain of anything.
``death``: somebody has just died, or what has to be done after a death; grief for somebody who died a while ago is none.
``child_alone``: a child under eighteen who is here without parents or carers, or is held to be grown up.

The classifier is that of topics (``bot.understanding.topic``): ordinary messages keep their topics as classes of their own, and the
probabilities of the four kinds are added up. A false alarm adds an offer below the answer and holds nothing back.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.codes import NEEDS
from bot.errors import SetUpError
from bot.understanding.embedding import Matrix, Vector
from bot.understanding.topic import TopicModel
from bot.understanding.topic import train as train_topics
from bot.understanding.urgency import Lesson

KINDS = ("own_case", "complaint", "death", "child_alone")
NONE = "none"
GATHERED = "gathered"
"""Mark of the examples that were written for ``data/nlu`` and ``data/urgency`` by many, found there with a model like this one."""
FILE = "for_a_person.npz"
LIKELY_TOPIC, CLEARER = 0.05, 2.0
"""How likely a need must be, and how many times likelier than any other, to be what a look-up's words are about.

A word or two leave most of the probability to no need at all; which of the needs it is, they still tell."""
THRESHOLD = 0.18
"""How likely the four kinds together must be; chosen with ``benchmarks/for_a_person.py``."""


@dataclass(frozen=True)
class Example:
    """A message to learn from, its ``kind`` (one of KINDS, or NONE), its language's code, and its ``hand``: who wrote it, or GATHERED."""

    text: str
    kind: str
    language: str
    hand: str


@dataclass(frozen=True)
class ForAPersonModel:
    """Tells whether a message must be left to a person, and as what."""

    classes: TopicModel

    def score(self, text: str, vector: Vector) -> tuple[str, float]:
        """Give the likeliest of KINDS, and the probability (0 to 1) that the message is any of them."""
        likely = self.classes.probabilities(text, vector)
        return max(KINDS, key=likely.__getitem__), sum(likely[kind] for kind in KINDS)

    def find(self, text: str, vector: Vector) -> str | None:
        """Give what the message must be left to a person as (one of KINDS), or None."""
        kind, likely = self.score(text, vector)
        return kind if likely >= THRESHOLD else None

    def topic(self, text: str, vector: Vector) -> str | None:
        """Give the need that a look-up's words are about, where one stands out; None where none does."""
        likely = sorted(((p, name) for name, p in self.classes.probabilities(text, vector).items() if name in NEEDS), reverse=True)
        (first, name), (second, _) = likely[:2]
        return name if first >= LIKELY_TOPIC and first >= CLEARER * second else None

    def save(self, folder: Path) -> None:
        """Write the model's numbers to ``folder``."""
        self.classes.save(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> "ForAPersonModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        return cls(TopicModel.load(folder / FILE))


def read_examples(folder: Path) -> list[Example]:
    """Read every sheet in ``folder``; its name is the code of its language. Raises SetUpError naming file and row of an unknown kind."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if row["kind"] not in (*KINDS, NONE):
                    raise SetUpError(f"{path.name}, row {number}: {row['kind']!r} is nothing to leave to a person, nor {NONE}.")
                found.append(Example(row["text"], row["kind"], path.stem, row["hand"]))
    return found


def ordinary(lessons: Sequence[Lesson], own: Sequence[Example]) -> list[Lesson]:
    """Give those of ``lessons``, each text once, that the sheets (``own``) do not hold: they may call them otherwise."""
    seen = {example.text.casefold() for example in own}
    found = []
    for lesson in lessons:
        if lesson.text.casefold() not in seen:
            seen.add(lesson.text.casefold())
            found.append(lesson)
    return found


def train(own: Sequence[Example], others: Sequence[Lesson], vectors: Matrix) -> ForAPersonModel:
    """Fit on the sheets' examples and what ``ordinary`` gave; ``vectors`` (one a row) are theirs in this order."""
    texts = [*(example.text for example in own), *(lesson.text for lesson in others)]
    labels = [*(example.kind for example in own), *(lesson.topic or NONE for lesson in others)]
    return ForAPersonModel(train_topics(texts, labels, range(len(texts)), vectors))
