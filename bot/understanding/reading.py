"""All that is worked out of a message before Rasa sees it, in named steps."""

import re
from dataclasses import dataclass
from typing import Any

from bot.understanding.circumstances import CircumstanceFinder, Told, tokens
from bot.understanding.cleaning import clean, has_words
from bot.understanding.days import find_day
from bot.understanding.embedding import Embedder, Vector
from bot.understanding.for_a_person import ForAPersonModel
from bot.understanding.gazetteer import Gazetteer, Mention
from bot.understanding.language import LanguageModel
from bot.understanding.names import NameFinder
from bot.understanding.redaction import Redacted, redact
from bot.understanding.urgency import UrgencyModel

SHORTEST_REST = 2
"""Letters that can say something: GP."""


@dataclass(frozen=True)
class Reading:
    """What a message says, with personal data already out of ``text``.

    ``rest`` are its words but those that name a place or tell a circumstance; None where no words do. ``for_a_person`` is
    what it must be left to a person as (one of ``bot.understanding.for_a_person.KINDS``); Rasa does not know it.
    """

    text: str
    redacted: bool
    language: str
    urgent: str | None
    place: Mention
    told: Told
    rest: str | None
    names_language: str | None
    names_service: str | None
    day: str | None
    vector: Vector
    for_a_person: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Write what Rasa may know: place (a key inside the area), outside (a name) and the rest by the names of the fields."""
        return {
            "language": self.language,
            "urgent": self.urgent,
            "place": self.place.inside.key if self.place.inside else None,
            "outside": self.place.outside,
            "said": list(self.told.said),
            "denied": list(self.told.denied),
            "for_child": self.told.for_child,
            "for_other": self.told.for_other,
            "rest": self.rest,
            "names_language": self.names_language,
            "redacted": self.redacted,
        }


def rest_of(text: str, told: Told, place: Mention) -> str | None:
    """Give the folded words of ``text`` but those that name ``place`` or that ``told`` was said by; None where none do, "" where all do."""
    words = tokens(text)
    taken = [at in told.words or word in place.words for at, word in enumerate(words)]
    if not any(taken):
        return None
    left = [word for word, gone in zip(words, taken, strict=True) if not gone and has_words(word)]
    if sum(map(len, left)) < SHORTEST_REST:
        return ""
    # Han characters are a word each here, and written without spaces.
    return re.sub(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", " ".join(left))


class Reader:
    """Reads messages. Built once a process; safe to call from several threads."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        circumstances: CircumstanceFinder,
        names: NameFinder,
        languages: LanguageModel,
        urgency: UrgencyModel,
        for_a_person: ForAPersonModel,
        embedder: Embedder,
    ) -> None:
        self.gazetteer = gazetteer
        self.circumstances = circumstances
        self.names = names
        self.languages = languages
        self.urgency = urgency
        self.for_a_person = for_a_person
        self.embedder = embedder

    def redact(self, text: str) -> Redacted:
        """Take personal data out of a text that was cleaned."""
        return redact(text, self.names)

    def read(self, text: str, pinned: str | None = None, session: str | None = None, page: str | None = None) -> Reading:
        """Read ``text``: clean, place, redact, vector, language, urgency, circumstances, what is for a person, in this order.

        ``pinned`` is the language the person chose, ``session`` the conversation's so far, ``page`` the page's.
        """
        plain = clean(text)
        place = self.gazetteer.find_place(plain)
        kept = self.redact(plain)
        vector = self.embedder.embed(kept.text)
        written = self.languages.identify(kept.text)
        told = self.circumstances.find(kept.text, written.code, written.sure)
        return Reading(
            text=kept.text,
            redacted=kept.found,
            language=self.languages.settle(kept.text, pinned, session, page),
            urgent=self.urgency.find(kept.text, vector),
            place=place,
            told=told,
            rest=rest_of(kept.text, told, place),
            names_language=self.gazetteer.find_language(kept.text),
            names_service=self.gazetteer.find_service(kept.text),
            day=find_day(kept.text),
            vector=vector,
            for_a_person=self.for_a_person.find(kept.text, vector),
        )
