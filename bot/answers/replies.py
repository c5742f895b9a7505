"""The replies of the chat API (DESIGN: ``docs/architecture.md``) as frozen values, and how they are written as JSON."""

from dataclasses import asdict, dataclass, fields, replace
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
    """One service as a person sees it; empty strings stand for what nobody knows.

    ``name`` is English, as on signs and letters; ``name_meaning`` says in the reader's language what it means. ``summary`` is in
    ``summary_lang``, ``summary_en`` its English where that is another language. ``for_whom``, ``spoken`` and ``serves_said`` say in the
    reader's language who it is for, which languages are spoken and which places it is for (a name of a place after its English). The other
    texts of a record are quoted, in English: notes (``hours_note`` has remarks on the hours), ``address``, ``alert``, ``cost``,
    ``eligibility``, ``interpreter`` and ``source``.
    ``call_price`` is ``free``, ``standard`` (as a call to a home number) or empty. What ends in ``_en`` is the same in English, for a
    reader of another language.
    """

    id: str
    name: str
    name_meaning: str
    organization: str
    summary: str
    summary_lang: str
    summary_en: str
    phone: str
    phone_note: str
    phone_free: bool | None
    call_price: str
    interpreter: str
    email: str
    email_note: str
    url: str
    address: str
    alert: str
    hours: str
    hours_note: str
    open_now: bool | None
    languages: tuple[str, ...]
    spoken: str
    free: bool | None
    cost: str
    eligibility: str
    for_whom: str
    regulated_by: str | None
    topics: tuple[str, ...]
    serves: tuple[str, ...]
    serves_said: tuple[str, ...]
    checked_on: str | None
    freshness: str
    source: str
    hours_en: str = ""
    for_whom_en: str = ""


@dataclass(frozen=True)
class Choice:
    """A button; ``label_en`` is its English, for a reader of another language."""

    label: str
    value: str
    label_en: str = ""


@dataclass(frozen=True)
class Reply:
    """One reply of kind ``text guidance services choices urgent notice``; fields that a kind lacks stay empty.

    ``text_en`` is the same in English, where ``lang`` is another; ``reviewed`` tells whether a native speaker has read urgent words.
    """

    kind: str
    lang: str
    text: str
    text_en: str = ""
    reviewed: bool = True
    phone: str = ""
    source: str = ""
    source_date: str = ""
    checked_on: str | None = None
    freshness: str = ""
    services: tuple[ServiceCard, ...] = ()
    left_out: tuple[dict[str, str], ...] = ()
    choices: tuple[Choice, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the fields this kind has."""
        own = ["kind", "lang", "text", "text_en"]
        own += {
            "guidance": ["source", "source_date", "checked_on", "freshness"],
            "services": ["services", "left_out"],
            "choices": ["choices"],
            "urgent": ["phone", "reviewed"],
        }.get(self.kind, [])
        whole = asdict(self)
        return {name: whole[name] for name in own}


def completed(reply: dict[str, Any]) -> dict[str, Any]:
    """Give a kept reply, as JSON, every field that replies of its kind have now: what an older version of the product kept may lack some.

    What it lacks is empty; urgent words of then count as read by nobody, and places are named as they were, in English.
    """
    blank_card, blank_choice = ({field.name: "" for field in fields(kind)} for kind in (ServiceCard, Choice))
    whole = {"text_en": "", "reviewed": False, **reply}
    if "services" in reply:
        whole["services"] = [{**blank_card, "serves_said": card["serves"], **card} for card in reply["services"]]
        whole["left_out"] = [{"reason_en": "", **left} for left in reply["left_out"]]
    if "choices" in reply:
        whole["choices"] = [{**blank_choice, **choice} for choice in reply["choices"]]
    return whole


@dataclass(frozen=True)
class Answer:
    """A turn's outcome: what was understood and what is said."""

    understood: Understood
    replies: tuple[Reply, ...]

    def as_json(self) -> dict[str, Any]:
        """Give ``understood`` and ``replies`` as the API has them."""
        return {"understood": asdict(self.understood), "replies": [reply.as_json() for reply in self.replies]}


def _beside(reply: Reply, english: Reply) -> Reply:
    """Put the English of the same reply beside it."""
    if reply.lang == "en" or english.lang != "en":
        return reply
    return replace(
        reply,
        text_en=english.text,
        services=tuple(card_beside(*both) for both in zip(reply.services, english.services, strict=True)),
        choices=tuple(replace(choice, label_en=other.label) for choice, other in zip(reply.choices, english.choices, strict=True)),
        left_out=tuple({**left, "reason_en": other["reason"]} for left, other in zip(reply.left_out, english.left_out, strict=True)),
    )


def card_beside(card: ServiceCard, english: ServiceCard) -> ServiceCard:
    """Put beside what a card says in the reader's language its English, from the same card written in English."""
    return replace(card, hours_en=english.hours, for_whom_en=english.for_whom)


def with_english(answer: Answer, english: Answer) -> Answer:
    """Put beside each reply of ``answer`` its English, from the same answer composed in English."""
    return replace(answer, replies=tuple(_beside(*both) for both in zip(answer.replies, english.replies, strict=True)))
