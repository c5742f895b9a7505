"""The replies of the chat API (DESIGN: ``docs/architecture.md``) as frozen values, and how they are written as JSON."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Understood:
    """What is in effect for a turn."""

    topic: str | None = None
    also: tuple[str, ...] = ()
    urgent: str | None = None
    place: str | None = None
    circumstances: tuple[str, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True)
class ServiceCard:
    """One service as a person sees it; empty strings stand for what nobody knows."""

    id: str
    name: str
    organization: str
    summary: str
    summary_lang: str
    phone: str
    phone_note: str
    phone_free: bool | None
    interpreter: str
    email: str
    email_note: str
    url: str
    address: str
    hours: str
    open_now: bool | None
    languages: tuple[str, ...]
    free: bool | None
    cost: str
    eligibility: str
    regulated_by: str | None
    topics: tuple[str, ...]
    serves: tuple[str, ...]
    checked_on: str | None
    source: str


@dataclass(frozen=True)
class Choice:
    label: str
    value: str


@dataclass(frozen=True)
class Reply:
    """One reply of kind ``text guidance services choices urgent notice``; fields that a kind lacks stay empty."""

    kind: str
    lang: str
    text: str
    text_en: str = ""
    phone: str = ""
    source: str = ""
    source_date: str = ""
    checked_on: str | None = None
    services: tuple[ServiceCard, ...] = ()
    left_out: tuple[dict[str, str], ...] = ()
    choices: tuple[Choice, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the fields this kind has."""
        own = ["kind", "lang", "text"]
        own += {
            "guidance": ["source", "source_date", "checked_on"],
            "services": ["services", "left_out"],
            "choices": ["choices"],
            "urgent": ["text_en", "phone"],
        }.get(self.kind, [])
        whole = asdict(self)
        return {name: whole[name] for name in own}


@dataclass(frozen=True)
class Answer:
    """A turn's outcome: what was understood and what is said."""

    understood: Understood
    replies: tuple[Reply, ...]

    def as_json(self) -> dict[str, Any]:
        """Give ``understood`` and ``replies`` as the API has them."""
        return {"understood": asdict(self.understood), "replies": [reply.as_json() for reply in self.replies]}
