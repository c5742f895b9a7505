"""What is worked out once instead of for each message: it comes to the same."""

import json
import subprocess
import sys

from bot.runner import QUIET
from bot.settings import ROOT

COMPARE = """
import json
from bot.runner import hush_warnings
hush_warnings()
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.utils.common import all_subclasses
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

print(json.dumps({"names": names, "before": before, "after": after, "unknown": unknown, "checks": checks}))
"""


def test_events_and_answers_are_as_rasa_reads_them() -> None:
    ran = subprocess.run([sys.executable, "-c", COMPARE], cwd=ROOT, env={**QUIET, "PATH": ""}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert len(found["names"]) > 15
    assert found["after"] == found["before"]
    assert found["unknown"] == [None, "SlotSet", "ValueError"]
    assert found["checks"] == [True, "ValidationError"]
