"""What is worked out once instead of for each message: it comes to the same."""

import json
import subprocess
import sys
from pathlib import Path

from bot.runner import QUIET
from bot.settings import ROOT

COMPARE = """
import asyncio, json, sys
from bot.runner import hush_warnings
hush_warnings()
from rasa.core.actions.action import RemoteAction
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, SlotSet, UserUttered, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses
from bot.nlu.tracker_store import ConversationTrackerStore
from bot.nlu.worked_out_once import work_out_once

names = sorted({kind.type_name for kind in all_subclasses(Event)})
before = [Event.resolve_by_type(name).__name__ for name in names]
work_out_once()
assert Event.resolve_by_type.__module__ == "bot.nlu.worked_out_once"
after = [Event.resolve_by_type(name).__name__ for name in names]

def refusal(of, *given):
    try:
        of(*given)
    except Exception as error:
        return type(error).__name__

unknown = [Event.resolve_by_type("topic"), Event.resolve_by_type("nothing", SlotSet).__name__, refusal(Event.resolve_by_type, "nothing")]
checks = [RemoteAction._validate_action_result(None, {"events": [], "responses": []})]
checks.append(refusal(RemoteAction._validate_action_result, None, {"events": [{"no": "name"}], "responses": []}))

domain = Domain.load("domain.yml")
slot = domain.slots[0].name
first = [ActionExecuted("action_session_start"), SessionStarted(), UserUttered("food in Ely"), SlotSet(slot, None)]
again = [ActionExecuted("action_session_start"), SessionStarted(), UserUttered("a doctor")]
kept = {}
for name, kind in (("ours", ConversationTrackerStore), ("rasas", SQLTrackerStore)):
    given = {"host": f"sqlite:///{sys.argv[1]}/{name}.db"} if name == "ours" else {"dialect": "sqlite", "db": f"{sys.argv[1]}/{name}.db"}
    store = kind(domain, **given)
    for said in (first, [*first, *again]):
        asyncio.run(store.save(DialogueStateTracker.from_events("somebody", said, domain.slots)))
    last, whole, none = (
        asyncio.run(found) for found in (store.retrieve("somebody"), store.retrieve_full_tracker("somebody"), store.retrieve("nobody"))
    )
    kept[name] = [[event.type_name for event in last.events], [event.type_name for event in whole.events], last.latest_message.text, none]
print(json.dumps({"names": names, "before": before, "after": after, "unknown": unknown, "checks": checks, "kept": kept}))
"""


def test_events_answers_and_trackers_are_as_rasa_reads_them(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", COMPARE, str(tmp_path)], cwd=ROOT, env={**QUIET, "PATH": ""}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert len(found["names"]) > 15
    assert found["after"] == found["before"]
    assert found["unknown"] == [None, "SlotSet", "ValueError"]
    assert found["checks"] == [True, "ValidationError"]
    assert found["kept"]["ours"] == found["kept"]["rasas"]
    assert found["kept"]["ours"][0] != found["kept"]["ours"][1]
