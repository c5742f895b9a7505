"""All that is worked out of a message before Rasa sees it, in named steps."""

from dataclasses import dataclass
from typing import Any

from bot.understanding import language
from bot.understanding.cleaning import clean
from bot.understanding.embedding import Embedder, Vector
from bot.understanding.gazetteer import Gazetteer, Mention
from bot.understanding.redaction import redact
from bot.understanding.urgency import UrgencyModel


@dataclass(frozen=True)
class Reading:
    """What a message says, with personal data already out of ``text``."""

    text: str
    redacted: bool
    language: str
    urgent: str | None
    place: Mention
    names_language: str | None
    vector: Vector

    def as_json(self) -> dict[str, Any]:
        """Write what Rasa may know: language, urgent, place (key inside the area), outside (name), names_language, redacted."""
        return {
            "language": self.language,
            "urgent": self.urgent,
            "place": self.place.inside.key if self.place.inside else None,
            "outside": self.place.outside,
            "names_language": self.names_language,
            "redacted": self.redacted,
        }


class Reader:
    """Reads messages. Built once a process; safe to call from several threads."""

    def __init__(self, gazetteer: Gazetteer, urgency: UrgencyModel, embedder: Embedder) -> None:
        self.gazetteer = gazetteer
        self.urgency = urgency
        self.embedder = embedder

    def read(self, text: str, pinned: str | None = None, session: str | None = None, page: str | None = None) -> Reading:
        """Read ``text``: clean, place, redact, vector, language, urgency, in this order.

        ``pinned`` is the language the person chose, ``session`` the conversation's so far, ``page`` the page's.
        """
        plain = clean(text)
        place = self.gazetteer.find_place(plain)
        kept = redact(plain)
        vector = self.embedder.embed(kept.text)
        return Reading(
            text=kept.text,
            redacted=kept.found,
            language=language.settle(kept.text, pinned, session, page),
            urgent=self.urgency.find(vector),
            place=place,
            names_language=self.gazetteer.find_language(kept.text),
            vector=vector,
        )
