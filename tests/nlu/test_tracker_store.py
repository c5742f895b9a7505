"""What Rasa keeps of a conversation: where it is, and no word of it."""

import json
import subprocess
import sys
from typing import Any

from sqlalchemy.engine import Engine

from bot.runner import QUIET
from bot.settings import ROOT

KEEP = """
import asyncio, json, sys
from bot.runner import hush_warnings
hush_warnings()
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from bot.nlu.tracker_store import ConversationTrackerStore

domain = Domain.load("domain.yml")
store = ConversationTrackerStore(domain, sys.argv[1])

async def say(who, text, listens=True, **slots):
    tracker = await store.get_or_create_tracker(who, append_action_listen=False)
    if not tracker.events:
        of_rasa = SlotSet("session_started_metadata", {"reading": {"rest": text}})
        begun = [ActionExecuted("action_session_start"), SessionStarted(), of_rasa, ActionExecuted("action_listen")]
        tracker.update_with_events(begun, domain)
    said = [UserUttered(text, {"name": "food"}), ActionExecuted("action_answer"), *(SlotSet(*each) for each in slots.items())]
    tracker.update_with_events([*said, *[ActionExecuted("action_listen")] * listens], domain)
    await store.save(tracker)

async def read(who):
    tracker = await store.retrieve(who)
    return [[event.as_dict() for event in tracker.events], tracker.current_slot_values(), tracker.latest_action_name]

async def tell():
    told = {"none": await store.retrieve("nobody"), "read": []}
    await say("other", "a word of another", place="Ely")
    for number in range(12):
        slots = {"topic": "food", "shown": 3, "circumstances": ["nrpf"], "asked_place": True} if number == 0 else {}
        if number == 7:
            slots = {"shown": 0, "topic": None}
        await say("long", f"word {number}", listens=number != 9, **slots)
        told["read"].append(await read("long"))
    told["other"] = await read("other")
    return told

print(json.dumps(asyncio.run(tell())))
"""
"""Keeps conversations in a database, and tells what there is of them."""


def told(engine: Engine) -> dict[str, Any]:
    """Give what a store tells that kept conversations; Rasa is imported in a process of its own."""
    url = engine.url.render_as_string(hide_password=False)
    ran = subprocess.run(
        [sys.executable, "-c", KEEP, url], cwd=ROOT, env={**QUIET, "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE events")
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_of_a_conversation_its_slots_are_kept_and_no_word(engine: Engine) -> None:
    found = told(engine)
    assert found["none"] is None
    for number, (events, slots, latest) in enumerate(found["read"]):
        assert "word" not in json.dumps(events)
        assert latest == "action_listen", "the next message is answered, however the last one ended"
        assert (slots["topic"], slots["shown"]) == ((None, 0) if number >= 7 else ("food", 3))
        assert (slots["circumstances"], slots["asked_place"], slots["misunderstood"]) == (["nrpf"], True, 0)
        assert len(events) == (5 if number >= 7 else 7), "it does not grow"
    assert found["other"][1]["place"] == "Ely"
