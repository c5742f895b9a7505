"""Search by meaning across languages: the services and statements whose texts lie nearest to a message.

Every text's vector is worked out once and kept; a message is compared with all of them at once. It finds the record, not
the sentence: what is found is shown as it stands and said to be no more than the closest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.directory.freshness import gives_way
from bot.directory.records import Directory, GuidanceRecord, PlaceRecord, ServiceRecord
from bot.directory.search import may_answer, nearness
from bot.understanding.embedding import Embedder, Matrix, Vector, embed_all

SERVICES_AT_MOST, STATEMENTS_AT_MOST = 3, 1
NEAR_ENOUGH = 0.82
"""Cosine from which a record is worth showing: unit vectors of this model rarely lie below 0.7 (docs/understanding.md)."""


@dataclass(frozen=True)
class Closest:
    """What was found, best first; empty where nothing is near enough."""

    services: tuple[ServiceRecord, ...] = ()
    guidance: tuple[GuidanceRecord, ...] = ()


def text_of(service: ServiceRecord) -> str:
    """Give the words a service is found by."""
    return f"{service.name}. {service.description} {service.eligibility_description}"


def texts_of(directory: Directory) -> list[str]:
    """Give every text that is searched: services first, then statements, in the directory's order."""
    return [*(text_of(s) for s in directory.services), *(g.statement for g in directory.guidance)]


class MeaningIndex:
    """The vectors of a directory's texts. Made again where the directory changes; unchanged texts keep theirs.

    ``vectors`` are unit vectors (384 float32), a row for each text of ``texts_of``: services first, then statements.
    """

    def __init__(self, directory: Directory, embedder: Embedder, kept: Path) -> None:
        self.digest = directory.digest
        self.vectors: Matrix = embed_all(texts_of(directory), embedder, kept, forget_others=True)

    def closest(self, vector: Vector, directory: Directory, place: PlaceRecord | None, today: date) -> Closest:
        """Find the records nearest to ``vector`` that serve ``place`` (the whole area where it is not known).

        Statements that are not in force ``today`` (a British day) and help with the law that is overdue are left out.
        """
        if directory.digest != self.digest or not len(self.vectors):
            return Closest()
        scores = self.vectors @ vector
        services, statements = scores[: len(directory.services)], scores[len(directory.services) :]
        shown = [
            directory.services[i]
            for i in _best(services)
            if nearness(directory.services[i], place, directory) is not None
            # Where nobody knows what is asked for, it may be immigration advice.
            and ("legal" not in directory.services[i].topics or _may_advise(directory.services[i], today))
        ]
        said = [
            g
            for g in (directory.guidance[i] for i in _best(statements))
            if not g.together and not g.urgent and g.in_force(today) and not ("legal" in g.topics and gives_way(g, "legal", today))
        ]
        return Closest(tuple(shown[:SERVICES_AT_MOST]), tuple(said[:STATEMENTS_AT_MOST]))


def _may_advise(service: ServiceRecord, today: date) -> bool:
    return may_answer(service, "legal") and not gives_way(service, "legal", today)


def _best(scores: NDArray[np.float32]) -> Iterable[int]:
    return (int(i) for i in np.argsort(-scores) if scores[i] >= NEAR_ENOUGH)
