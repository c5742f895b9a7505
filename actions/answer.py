"""The actions that answer: each hands the turn to ``bot.answers.dialogue`` and remembers what it gives back."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.answers.dialogue import SLOTS, Turn, decide
from bot.wire import ALSO, DECISION, READING, REST


def turn_of(tracker: Tracker) -> Turn:
    """Read the turn out of the tracker's latest message and slots."""
    message = tracker.latest_message
    reading = (message.get("metadata") or {}).get(READING) or message.get(READING) or {}
    intent = message.get("intent") or {}
    ranking = [r for r in message.get("intent_ranking") or [] if r["name"] != "nlu_fallback"]
    place = next((e["value"] for e in message.get("entities") or [] if e["entity"] == "place"), None)
    likeliest = ranking[0]["confidence"] if intent.get("name") == "nlu_fallback" and ranking else intent.get("confidence")
    rest, left = message.get(REST) or {}, reading.get("rest")
    return Turn(
        intent=intent.get("name") or "nlu_fallback",
        confidence=float(likeliest or 0.0),
        ranking=tuple((r["name"], float(r["confidence"])) for r in ranking[:4]),
        urgent=reading.get("urgent"),
        place=place,
        outside=reading.get("outside"),
        said=tuple(reading.get("said") or ()),
        denied=tuple(reading.get("denied") or ()),
        for_child=bool(reading.get("for_child")),
        for_other=bool(reading.get("for_other")),
        also=tuple(message.get(ALSO) or ()),
        rest=rest.get("name"),
        rest_confidence=float(rest.get("confidence") or 0.0),
        rest_words=len(left.split()) if left is not None else None,
        slots={name: tracker.get_slot(name) for name in SLOTS},
    )


class ActionAnswer(Action):  # type: ignore[misc]
    """Decides what answers a need, talk that is not a need, or a place given as a follow-up."""

    def name(self) -> str:
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        decision, slots = decide(turn_of(tracker))
        dispatcher.utter_message(json_message={DECISION: decision.as_json()})
        return [SlotSet(name, value) for name, value in slots.items()]


class ActionClarify(ActionAnswer):
    """Decides what answers a message that was not understood: first the nearest topics, then a person."""

    def name(self) -> str:
        return "action_clarify"
