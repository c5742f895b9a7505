"""How fast the whole product answers, beside Rasa's own empty starter bot, in one run on one machine.

``make bench`` trains the starter bot (``rasa init``) in a temporary folder, starts each in turn, and prints replies a
second, median and 95th percentile for 1, 10 and 50 people at once, with short messages and with questions of some twenty
words; memory of all processes together; training time and cold start. Each figure stands beside the starter bot's, as a
ratio. People here send their next message as soon as they have an answer. Takes about twenty minutes; with ``--trained``, which
measures the models that stand in ``models/`` and leaves training out, about five.
"""

import argparse
import asyncio
import importlib.util
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from bot.runner import QUIET
from bot.settings import ROOT
from tests.stack.running_stack import Stack, free_port

PEOPLE = (1, 10, 50)
MESSAGES_EACH = {1: 60, 10: 12, 50: 4}
SHORT = ("hello", "food bank", "in Ely", "thank you", "English class", "doctor", "Де бібліотека?", "وين المكتبة", "more", "bye")
LONG = (
    "hello my friend told me that the library can help people like me to learn English for free is that true please",
    "I came from Sudan two months ago with my wife and our small child and we need to find a family doctor near us",
    "мені сказали, що в бібліотеці можна взяти книжки українською мовою і сісти за комп'ютер, чи потрібні для цього якісь документи",
    "صاحب البيت قال لنا إن علينا أن نترك الشقة في آخر الشهر ولا نعرف إلى أين نذهب ومن يمكن أن يساعدنا في هذا",
    "my landlord says I must leave the room at the end of next month and I do not know where I can go with the children",
)
Send = Callable[[httpx.AsyncClient, str, str], Any]


def memory(process: psutil.Process) -> float:
    """Give the proportional set size in MB of a process and all its children; shared pages count once."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_full_info().pss / 1e6
        except psutil.Error:
            continue
    return total


async def _person(client: httpx.AsyncClient, send: Send, texts: tuple[str, ...], count: int, start: int, times: list[float]) -> None:
    name = uuid.uuid4().hex
    for n in range(count):
        began = time.perf_counter()
        await send(client, name, texts[(start + n) % len(texts)])
        times.append(time.perf_counter() - began)


async def load(send: Send, texts: tuple[str, ...], people: int) -> tuple[float, float, float]:
    """Let ``people`` talk at once; give messages a second, and the median and 95th percentile in ms."""
    times: list[float] = []
    async with httpx.AsyncClient(timeout=120, trust_env=False, limits=httpx.Limits(max_connections=people)) as client:
        began = time.perf_counter()
        await asyncio.gather(*(_person(client, send, texts, MESSAGES_EACH[people], i * 3, times) for i in range(people)))
        took = time.perf_counter() - began
    times.sort()
    return len(times) / took, statistics.median(times) * 1000, times[max(0, int(len(times) * 0.95) - 1)] * 1000


def measure(send: Send) -> dict[str, tuple[float, float, float]]:
    """Measure every load; the first few messages, which load code and caches, do not count."""
    asyncio.run(load(send, SHORT, 10))
    found = {}
    for kind, texts in (("short", SHORT), ("long", LONG)):
        for people in PEOPLE:
            found[f"{people} people, {kind} messages"] = asyncio.run(load(send, texts, people))
    return found


def starter_project() -> Path:
    """Where Rasa keeps what ``rasa init`` copies; found without importing Rasa."""
    found = importlib.util.find_spec("rasa")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "cli" / "initial_project"


def starter_bot(folder: Path) -> tuple[float, float, float, dict[str, tuple[float, float, float]]]:
    """Train and run ``rasa init``'s bot; give training time, cold start, memory and the loads."""
    environment = {**os.environ, **QUIET}
    shutil.copytree(starter_project(), folder / "starter")
    project = folder / "starter"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "rasa", "train", "--quiet"], cwd=project, env=environment, check=True, capture_output=True)
    trained = time.perf_counter() - began
    port, actions = free_port(), free_port()
    (project / "endpoints.yml").write_text(f"action_endpoint:\n  url: http://127.0.0.1:{actions}/webhook\n")
    (project / "credentials.yml").write_text("rest:\n")
    began = time.perf_counter()
    commands = (
        [sys.executable, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port), "--quiet"],
        [sys.executable, "-m", "rasa", "run", "actions", "-p", str(actions)],
    )
    running = [subprocess.Popen(c, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for c in commands]
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    try:
        while True:
            try:
                if httpx.post(url, json={"sender": "check", "message": "hello"}, timeout=30, trust_env=False).json():
                    break
            except (httpx.HTTPError, ValueError):
                time.sleep(0.2)
        cold = time.perf_counter() - began

        async def send(client: httpx.AsyncClient, name: str, text: str) -> None:
            (await client.post(url, json={"sender": name, "message": text})).raise_for_status()

        loads = measure(send)
        return trained, cold, sum(memory(psutil.Process(p.pid)) for p in running), loads
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def product(folder: Path, trained_before: bool) -> tuple[float, float, float, dict[str, tuple[float, float, float]]]:
    """Train everything from nothing (unless ``trained_before``) and run the whole product; give the same as ``starter_bot``."""
    environment = {} if trained_before else {"MODELS_DIR": str(folder / "models")}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bot", "prepare"],
        cwd=ROOT,
        env={**os.environ, **environment, "VAR_DIR": str(folder / "var")},
        check=True,
        capture_output=True,
    )
    trained = math.nan if trained_before else time.perf_counter() - began
    stack = Stack(folder, environment)
    began = time.perf_counter()
    stack.start()
    cold = time.perf_counter() - began
    assert stack.process is not None
    sessions: dict[str, str] = {}

    async def send(client: httpx.AsyncClient, name: str, text: str) -> None:
        answer = await client.post(f"{stack.url}/api/v1/chat", json={"text": text, "session": sessions.get(name)})
        answer.raise_for_status()
        sessions[name] = answer.json()["session"]

    try:
        loads = measure(send)
        return trained, cold, memory(psutil.Process(stack.process.pid)), loads
    finally:
        stack.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trained", action="store_true", help="measure the models in models/ and leave training out")
    trained_before = options.parse_args().trained
    folder = Path(tempfile.mkdtemp(prefix="welcome-desk-bench-"))
    try:
        ours, theirs = product(folder, trained_before), starter_bot(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{'':38}{'this product':>22}{'starter bot':>22}{'ratio':>8}")
    for name, at in (("training (s)", 0), ("cold start (s)", 1), ("memory of all processes (MB)", 2)):
        mine, other = float(ours[at]), float(theirs[at])  # type: ignore[arg-type]
        print(f"{name:38}{mine:22.0f}{other:22.0f}{mine / other:8.2f}")
    print("\nmessages a second; median / 95th percentile in ms; ratio of the medians")
    for name, (rate, median, p95) in ours[3].items():
        other_rate, other_median, other_p95 = theirs[3][name]
        mine_text, other_text = f"{rate:.0f}; {median:.0f} / {p95:.0f}", f"{other_rate:.0f}; {other_median:.0f} / {other_p95:.0f}"
        print(f"{name:38}{mine_text:>22}{other_text:>22}{median / other_median:8.2f}")


if __name__ == "__main__":
    main()
