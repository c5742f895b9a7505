"""Where Rasa keeps conversations: as its own store does, but never more of one than the next message needs."""

import json
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from bot.runner import QUIET
from bot.settings import ROOT

KEEP = """
import asyncio, json, sys
from bot.runner import hush_warnings
hush_warnings()
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from bot.nlu import tracker_store

url, rasas = sys.argv[1:]
domain = Domain.load("domain.yml")
store, of_rasa = tracker_store.ConversationTrackerStore(domain, url), SQLTrackerStore(domain, dialect="sqlite", db=rasas)

async def say(to, who, text, **slots):
    tracker = await to.get_or_create_tracker(who, append_action_listen=False)
    if not tracker.events:
        tracker.update_with_events([ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted("action_listen")], domain)
    said = [UserUttered(text, {"name": "food"}), ActionExecuted("action_answer"), *(SlotSet(*each) for each in slots.items())]
    tracker.update_with_events([*said, ActionExecuted("action_listen")], domain)
    await to.save(tracker)
    return tracker

async def read(where, who):
    tracker = await where.retrieve(who)
    texts = [event.text for event in tracker.events if isinstance(event, UserUttered)]
    return [texts, tracker.current_slot_values(), tracker.latest_action_name, len(tracker.events)]

async def tell():
    told = {"none": await store.retrieve("nobody"), "read": [], "longest": tracker_store.LONGEST_SESSION}
    for number in range(told["longest"] - 1):
        for each in (store, of_rasa):
            await say(each, "short", f"text {number}", place="Ely", shown=number)
    told["short"] = [[kind.type_name for kind in (await each.retrieve("short")).events] for each in (store, of_rasa)]
    for number in range(3 * told["longest"]):
        slots = {"topic": "food", "shown": 3, "circumstances": ["nrpf"], "asked_place": True} if number == 0 else {}
        if number == 7:
            slots = {"shown": 0, "topic": None}
        await say(store, "long", f"text {number}", **slots)
        told["read"].append(await read(store, "long"))
    told["other"] = await read(store, "short")

    # An answer that is still being made is not cut off.
    tracker = await store.retrieve("short")
    tracker.update_with_events([UserUttered("one more"), ActionExecuted("action_answer")], domain)
    await store.save(tracker)
    told["unfinished"] = await read(store, "short")

    # A clock that is put back by an hour.
    of_event, now = sys.modules["rasa.shared.core.events"].time, sys.modules["time"].time
    class Back:
        time = staticmethod(lambda: now() - 3600)
    await say(store, "clock", "before", place="Ely")
    sys.modules["rasa.shared.core.events"].time = Back
    await say(store, "clock", "after")
    await say(store, "clock", "after that")
    sys.modules["rasa.shared.core.events"].time = of_event
    told["clock"] = await read(store, "clock")
    return told

print(json.dumps(asyncio.run(tell())))
"""


@pytest.fixture
def told(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a store tells that conversations were kept in; Rasa is imported in a process of its own."""
    url = engine.url.render_as_string(hide_password=False)
    rasas = str(tmp_path_factory.mktemp("rasa") / "rasa.db")
    ran = subprocess.run(
        [sys.executable, "-c", KEEP, url, rasas], cwd=ROOT, env={**QUIET, "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE events")
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_conversation_is_kept_and_no_longer_than_it_is_needed(told: dict[str, Any]) -> None:
    assert told["none"] is None
    ours, rasas = told["short"]
    assert ours == ["action", *rasas], "a short one as Rasa keeps it, which does not read the action that began it"
    longest = told["longest"]
    for number, (texts, slots, latest, events) in enumerate(told["read"]):
        assert texts == [f"text {each}" for each in range(number - number % longest, number + 1)][: (number + 1) % longest]
        reset = number >= 7
        assert (slots["topic"], slots["shown"]) == ((None, 0) if reset else ("food", 3))
        assert (slots["circumstances"], slots["asked_place"], slots["misunderstood"]) == (["nrpf"], True, 0)
        assert latest == "action_listen"
        assert events < 10 * longest
    assert told["other"][0] == [f"text {number}" for number in range(longest - 1)], "nobody else's is touched"
    assert told["unfinished"][0] == [*told["other"][0], "one more"]
    assert told["unfinished"][2] == "action_answer"


def test_a_clock_that_is_put_back_makes_it_forget_nothing(told: dict[str, Any]) -> None:
    texts, slots, *_ = told["clock"]
    assert texts == ["before", "after", "after that"]
    assert slots["place"] == "Ely"
