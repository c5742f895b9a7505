"""The actions that answer: each hands the turn to the composer and remembers what it gives back."""

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer, Turn
from bot.answers.urgent import OfficeHours
from bot.opening import LiveDirectory, open_directory
from bot.settings import read_settings
from bot.wire import READING, TURN

REMEMBERED = ("topic", "place", "language", "shown", "asked_place", "misunderstood")


@lru_cache(maxsize=1)
def _live() -> LiveDirectory:
    return open_directory(read_settings())


@lru_cache(maxsize=1)
def _catalogues() -> Catalogues:
    return Catalogues()


def composer() -> Composer:
    """Give the composer over the directory as it is now."""
    settings = read_settings()
    live = _live()
    live.refresh()
    return Composer(live.current(), _catalogues(), OfficeHours(settings.office_opens, settings.office_closes))


def turn_of(tracker: Tracker) -> Turn:
    """Read the turn out of the tracker's latest message and slots."""
    message = tracker.latest_message
    reading = (message.get("metadata") or {}).get(READING) or message.get(READING) or {}
    intent = message.get("intent") or {}
    ranking = [r for r in message.get("intent_ranking") or [] if r["name"] != "nlu_fallback"]
    place = next((e["value"] for e in message.get("entities") or [] if e["entity"] == "place"), None)
    understood = ranking[0]["confidence"] if intent.get("name") == "nlu_fallback" and ranking else intent.get("confidence") or 0.0
    return Turn(
        intent=intent.get("name") or "nlu_fallback",
        confidence=float(understood),
        ranking=tuple((r["name"], float(r["confidence"])) for r in ranking[:4]),
        language=reading.get("language") or tracker.get_slot("language") or "en",
        urgent=reading.get("urgent"),
        place=place,
        outside=reading.get("outside"),
        names_language=reading.get("names_language"),
        slots={name: tracker.get_slot(name) for name in REMEMBERED},
    )


class ActionAnswer(Action):
    """Answers a need, talk that is not a need, or a place given as a follow-up."""

    def name(self) -> str:
        return "action_answer"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[EventType]:
        answer = composer().answer(turn_of(tracker), datetime.now(timezone.utc))
        dispatcher.utter_message(json_message={TURN: answer.as_json()})
        return [SlotSet(name, value) for name, value in answer.slots.items()]


class ActionClarify(ActionAnswer):
    """Answers what was not understood: first the nearest topics, then a person."""

    def name(self) -> str:
        return "action_clarify"
