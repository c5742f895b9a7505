"""Deciding what a turn is answered with: a plain function over what was understood and remembered.

The action server calls this and knows no more: no directory, no words. What is decided goes back through Rasa to the front
door, where ``bot.answers.composer`` finds the services and the words for it. So Rasa's tracker holds decisions, not texts.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.codes import NEEDS, PLACE_MATTERS, TALK, TOPIC_OF_URGENT

AT_A_TIME = 3
"""Services shown at a time."""
ANYWHERE = "anywhere"
SECOND_NEED = 0.3
"""A second need of the same message is answered too when it is at least this likely."""
CERTAIN_NEED = 0.5
"""In an emergency a need this likely (a doctor, say) is still answered, after the urgent words."""
FOLLOW_UPS = ("inform", "more", "nlu_fallback")
SLOTS = ("topic", "place", "outside", "urgent", "language", "shown", "asked_place", "misunderstood")
"""What the dialogue remembers; ``domain.yml`` says what each is."""


@dataclass(frozen=True)
class Turn:
    """What one message meant, and what the dialogue remembers (Rasa's slots)."""

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    urgent: str | None = None
    place: str | None = None
    outside: str | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What to answer. ``kind`` is ``need``, ``place``, ``not_understood``, ``more`` or one of ``bot.codes.TALK``.

    ``place`` is a key of the gazetteer or ANYWHERE; ``outside`` the English name of a place beyond the area; ``offset`` how many
    services of the topic were shown before; ``ask`` whether to ask for the place.
    """

    kind: str
    confidence: float
    topic: str | None = None
    also: tuple[str, ...] = ()
    urgent: str | None = None
    place: str | None = None
    outside: str | None = None
    offset: int = 0
    again: bool = False
    ask: bool = False
    likely: tuple[str, ...] = ()
    misunderstood: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def decide(turn: Turn) -> tuple[Decision, dict[str, Any]]:
    """Decide on a turn; give the decision and the slots to set."""
    topic = _topic(turn)
    place = turn.place or (None if turn.outside else turn.slots.get("place"))
    outside = turn.outside or (None if turn.place else turn.slots.get("outside"))
    confidence = round(turn.confidence, 2)
    if topic:
        return _need(turn, topic, place, outside, confidence)
    if turn.intent == "start_again":
        cleared = {"topic": None, "place": None, "outside": None, "urgent": None, "shown": 0.0, "asked_place": False, "misunderstood": 0.0}
        return Decision("start_again", confidence), cleared
    slots: dict[str, Any] = {"misunderstood": 0.0}
    if turn.intent == "inform" and (turn.place or turn.outside):
        return Decision("place", confidence, place=place, outside=turn.outside), {**slots, "place": place, "outside": outside}
    if turn.intent in TALK or turn.intent == "more":
        return Decision(turn.intent, confidence, place=place), slots
    times = int(turn.slots.get("misunderstood") or 0) + 1
    likely = tuple(name for name, _ in turn.ranking if name in NEEDS)[:2]
    decision = Decision("not_understood", confidence, place=place, likely=likely, misunderstood=times)
    return decision, {"misunderstood": float(times)}


def _topic(turn: Turn) -> str | None:
    """Give the need in effect: of the urgent words, of the message, or remembered for a follow-up."""
    certain = turn.intent in NEEDS and turn.confidence >= CERTAIN_NEED
    urgent = TOPIC_OF_URGENT.get(turn.urgent or "")
    if urgent and not (urgent == "emergency" and certain):
        return urgent
    if turn.intent in NEEDS:
        return turn.intent
    follows = turn.intent == "more" or (turn.intent in FOLLOW_UPS and bool(turn.place or turn.outside))
    return turn.slots.get("topic") if follows else None


def _need(turn: Turn, topic: str, place: str | None, outside: str | None, confidence: float) -> tuple[Decision, dict[str, Any]]:
    again = turn.intent == "more" and not (turn.place or turn.outside)
    offset = int(turn.slots.get("shown") or 0) if again else 0
    # What comes next is counted in the order of the answer before: tonight's order stays tonight's.
    urgent = turn.slots.get("urgent") if again else turn.urgent
    also = tuple(name for name, likely in turn.ranking[1:3] if name in NEEDS and name != topic and likely >= SECOND_NEED)
    if turn.urgent or turn.intent not in NEEDS:
        also = ()
    asked = bool(turn.slots.get("asked_place"))
    matters = topic in PLACE_MATTERS or turn.urgent == "homeless_tonight"
    ask = matters and not place and not outside and not asked and not again
    decision = Decision(
        "need",
        confidence,
        topic=topic,
        also=also,
        urgent=urgent,
        place=place,
        outside=outside,
        offset=offset,
        again=again,
        ask=ask,
    )
    slots = {
        "topic": topic,
        "place": place,
        "outside": outside,
        "urgent": urgent,
        "shown": float(offset + AT_A_TIME),
        "asked_place": asked or ask,
        "misunderstood": 0.0,
    }
    return decision, slots
