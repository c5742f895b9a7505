"""Rasa without the packages that nothing uses: it answers the same, and says so where something would use one after all."""

import json
import os
import subprocess
import sys
from typing import Any

from bot.runner import QUIET
from bot.settings import RASA_MODEL, ROOT, read_settings

MESSAGES = (
    "hello",
    "food bank in Ely",
    "I need a lawyer and my children need a school",
    "my landlord says I must leave the room at the end of next month and I do not know where I can go",
    "Де я можу вивчати англійську?",
    "Мне нужен врач",
    "وين المكتبة",
    "کتابخانه کجاست؟",
    "kitapxane le kwêye",
    "ናይ ሕጊ ሓገዝ እደሊ",
    "waxaan u baahanahay cunto",
    "我想學英文",
    "am nevoie de un loc de muncă",
    "kur galiu gauti maisto",
    "gdzie mogę nauczyć się angielskiego",
    "asdf qwer zxcv",
)
ASK = """
import asyncio, json, sys
from bot.runner import hush_warnings
hush_warnings()
leave, model, messages = json.loads(sys.argv[1])
if leave:
    from bot.nlu.left_out import leave_out
    leave_out()
from rasa.core.agent import load_agent
from rasa.core.channels.channel import UserMessage

async def ask():
    agent = await load_agent(model)
    found = []
    for number, text in enumerate(messages):
        parsed = await agent.parse_message(text)
        tracker = await agent.processor.log_message(UserMessage(text, sender_id=str(number), parse_data=parsed), should_save_tracker=False)
        predicted = agent.processor._predict_next_with_tracker(tracker)
        # Rasa gives every message an id of its own.
        told = {name: value for name, value in parsed.items() if name != "message_id"}
        found.append([told, predicted.policy_name, predicted.probabilities])
    return found

found = asyncio.run(ask())
looked_for = ("botocore", "jax", "keras", "tensorflow")
print(json.dumps([found, [name for name in looked_for if getattr(sys.modules.get(name), "__file__", None)]]))
"""
"""Loads the model, asks it, and tells what it understood and would do next, and which packages it had to import for it."""


def asked(leave: bool) -> Any:
    model = str(read_settings({}).models / f"{RASA_MODEL}.tar.gz")
    command = [sys.executable, "-c", ASK, json.dumps([leave, model, MESSAGES])]
    environment = {**os.environ, **QUIET, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_what_is_understood_and_done_next_is_the_same_without_them(prepared: None) -> None:
    (with_them, loaded), (without, not_loaded) = asked(False), asked(True)
    assert len(without) == len(MESSAGES)
    assert without == with_them
    assert loaded == ["botocore", "jax", "keras", "tensorflow"]
    assert not_loaded == []


def in_a_fresh_process(code: str) -> str:
    """Run ``code`` after ``leave_out``; give what it printed."""
    code = f"from bot.nlu.left_out import leave_out\nleave_out()\n{code}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_a_component_that_would_use_one_says_what_to_do() -> None:
    said = in_a_fresh_process(
        """
from bot.errors import SetUpError
try:
    import rasa.nlu.classifiers.diet_classifier
except SetUpError as error:
    print(error)
"""
    )
    assert said.endswith("needs a package that is left out of Rasa's process: see bot/nlu/left_out.py.")


def test_their_names_serve_as_bases_and_annotations_and_not_to_be_called() -> None:
    said = in_a_fresh_process(
        """
import tensorflow as tf
from pymongo.collection import Collection
from bot.errors import SetUpError
class Logger(tf.keras.callbacks.Callback):
    def see(self, data: tf.Tensor | None) -> list[Collection]: ...
assert not isinstance(1, tf.Tensor)
for call in (Logger, Collection, tf.constant):
    try:
        call(1)
    except SetUpError as error:
        print(error)
"""
    )
    assert len(said.splitlines()) == 3
    assert "tensorflow.constant needs" in said


def test_what_was_imported_before_stays_as_it_is() -> None:
    assert in_a_fresh_process("import json, numpy\nprint(numpy.ones(2).sum(), json.dumps(1))") == "2.0 1"
    code = (
        "import matplotlib\nfrom bot.nlu.left_out import leave_out\nleave_out()\nimport matplotlib.cbook\nprint(matplotlib.cbook.__file__)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "matplotlib/cbook" in done.stdout, done.stderr
