"""Ten visitors and three staff while processes are killed at random: nothing lost, nothing twice, nobody answered by both."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.conversation.models import Message
from bot.handover.models import DeskMessage, Transition
from bot.runner import QUIET
from bot.settings import ROOT
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import READY_WITHIN, Stack

VISITORS, MESSAGES, STAFF = 10, 9, ("anna", "ben", "cleo")
KILLS = ("web", "actions", "web", "rasa", "web", "actions", "web")
QUESTIONS = ("food in Ely", "where can I learn English in Wisbech", "how do I join the library", "I need a doctor in Cambridge")
PATIENCE = 2 * READY_WITHIN


class Parts:
    """The three processes, each on its own, so that one can be killed while the others go on."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        environment = {**self.stack.settings(), **QUIET, "OMP_NUM_THREADS": "1"}
        with self.stack.log.open("ab") as log:
            command = [sys.executable, "-m", "bot", name]
            self.running[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)

    def kill(self, name: str) -> None:
        """Kill a process, with those that it watches over, without a warning and start it again."""
        os.killpg(self.running[name].pid, signal.SIGKILL)
        self.running[name].wait(10)
        self.start(name)

    def stop(self) -> None:
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def wait_ready(self, within: float = READY_WITHIN) -> None:
        limit = time.monotonic() + within
        while time.monotonic() < limit:
            try:
                if self.stack.client.get("/readyz").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.3)
        raise AssertionError(self.stack.log.read_text(errors="replace")[-3000:])


@pytest.fixture
def parts(prepared: None, tmp_path: Path) -> Iterator[Parts]:
    stack = Stack(tmp_path, {**DESK_OPEN, "DESK_GONE_SECONDS": "30"})
    subprocess.run([sys.executable, "-m", "bot", "prepare"], cwd=ROOT, env=stack.settings(), check=True)
    for username in STAFF:
        add_staff(stack, username)
    found = Parts(stack)
    try:
        for name in ("rasa", "actions", "web"):
            found.start(name)
        found.wait_ready()
        yield found
    finally:
        found.stop()


def until(work: Callable[[], httpx.Response], good: Callable[[httpx.Response], bool]) -> httpx.Response:
    """Send the same thing again until it is taken, as a browser or its user would."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        try:
            answer = work()
            if good(answer):
                return answer
            assert answer.status_code in (409, 500, 503), answer.text
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise AssertionError("it was never taken")


class Visitor(threading.Thread):
    """Writes its messages, asks for a person after the second, and gathers all that comes."""

    def __init__(self, stack: Stack, number: int, seed: int) -> None:
        super().__init__()
        self.client = httpx.Client(base_url=stack.url, timeout=20, trust_env=False)
        self.number, self.random = number, random.Random(seed * 100 + number)
        self.session: str | None = None
        self.sent: list[str] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.heard: list[int] = []
        self.failure: BaseException | None = None

    def post(self, **body: Any) -> dict[str, Any]:
        body = {"session": self.session, "message_id": uuid.uuid4().hex, **body}
        answer: dict[str, Any] = until(lambda: self.client.post("/api/v1/chat", json=body), lambda a: a.status_code == 200).json()
        self.session = answer["session"]
        self.sent.append(body["message_id"])
        self.answers[body["message_id"]] = answer
        return answer

    def listen(self) -> None:
        after = self.heard[-1] if self.heard else 0
        headers = {"Authorization": f"Bearer {self.session}"}
        answer = until(lambda: self.client.get(f"/api/v1/chat/events?after={after}", headers=headers), lambda a: a.status_code == 200)
        self.heard += [event["number"] for event in answer.json()["events"]]

    def run(self) -> None:
        try:
            # A first message whose answer was lost would start a second chat: that is the page's to know, and no part of this.
            for number in range(MESSAGES):
                self.post(text=f"{self.random.choice(QUESTIONS)} (visitor {self.number}, message {number})")
                if number == 1:
                    offer = self.post(choice="human")
                    if any(choice["value"] == "desk:wait" for reply in offer["replies"] for choice in reply.get("choices", [])):
                        self.post(choice="desk:wait")
                self.listen()
                time.sleep(self.random.uniform(0.2, 2.0))
            self.listen()
        except BaseException as error:
            self.failure = error


class Librarian(threading.Thread):
    """Takes whoever waits, writes a few lines and hands back."""

    def __init__(self, stack: Stack, username: str, seed: int, stop: threading.Event) -> None:
        super().__init__()
        self.staff = StaffClient(stack, username)
        self.staff.beat()
        self.random, self.stop = random.Random(f"{seed}{username}"), stop
        self.said: list[str] = []
        self.failure: BaseException | None = None

    def once(self) -> None:
        """Take one chat, if one waits, and see it through."""
        waiting = self.staff.waiting()
        if not waiting:
            time.sleep(0.3)
            return
        chat = self.random.choice(waiting)
        if self.staff.act(chat, "claim").status_code != 303:
            return
        for _ in range(self.random.randint(1, 3)):
            message_id = uuid.uuid4().hex
            limit = time.monotonic() + PATIENCE
            while time.monotonic() < limit:
                try:
                    answer = self.staff.act(chat, "text", text=f"line {message_id[:6]}", message_id=message_id)
                except httpx.HTTPError:
                    time.sleep(0.3)
                    continue
                if answer.status_code == 303:
                    self.said.append(message_id)
                break
            time.sleep(self.random.uniform(0.2, 1.0))
        self.staff.act(chat, self.random.choice(["hand_back", "put_back"]))

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                try:
                    self.once()
                except httpx.HTTPError:
                    time.sleep(0.3)
        except BaseException as error:
            self.failure = error


@pytest.mark.parametrize("seed", [7])
def test_whatever_is_killed_nothing_is_lost_nothing_comes_twice_and_nobody_is_answered_by_both(parts: Parts, seed: int) -> None:
    chance, stop = random.Random(seed), threading.Event()
    staff = [Librarian(parts.stack, username, seed, stop) for username in STAFF]
    visitors = [Visitor(parts.stack, number, seed) for number in range(VISITORS)]
    for thread in (*staff, *visitors):
        thread.start()
    killed = 0
    for name in KILLS:
        time.sleep(chance.uniform(2.0, 5.0))
        if any(visitor.is_alive() for visitor in visitors):
            parts.kill(name)
            killed += 1
    for visitor in visitors:
        visitor.join(PATIENCE * 2)
    stop.set()
    for one in staff:
        one.join(60)
    assert [failure for failure in (*(one.failure for one in staff), *(one.failure for one in visitors)) if failure] == []
    assert killed >= 4, "the visitors were done before anything happened to them"
    parts.wait_ready()
    for visitor in visitors:
        visitor.listen()

    engine = parts.stack.database()
    with engine.connect() as database:
        kept = database.execute(select(Message.conversation_id, Message.message_id, Message.answer, Message.for_desk)).all()
        messages = {message_id: (answer, for_desk) for _, message_id, answer, for_desk in kept}
        said = list(database.execute(select(DeskMessage.message_id).where(DeskMessage.kind == "text")).scalars())
        claims = database.execute(select(func.count()).where(Transition.to_state == "with_staff")).scalar_one()
        numbers: dict[int, list[int]] = {}
        for conversation, number in database.execute(select(DeskMessage.conversation_id, DeskMessage.number).order_by(DeskMessage.number)):
            numbers.setdefault(conversation, []).append(number)
    engine.dispose()
    assert len(kept) == len({(conversation, message_id) for conversation, message_id, *_ in kept})
    assert claims >= 3, "nobody was handed over, so nothing was tried"
    for visitor in visitors:
        for message_id in visitor.sent:
            assert message_id in messages, "a message that was taken is lost"
            answer, for_desk = messages[message_id]
            assert answer, "a message that was taken has no answer"
            assert answer["replies"] == visitor.answers[message_id]["replies"], "what is kept is not what was given"
            if for_desk:
                assert {reply["kind"] for reply in answer["replies"]} <= {"notice", "urgent"} or answer["understood"]["topic"] == "human"
        assert visitor.heard == list(range(1, len(visitor.heard) + 1)), "something of staff's was lost or came twice"
    assert len(said) == len(set(said))
    assert set(said) >= {message_id for one in staff for message_id in one.said}, "what staff were told is sent is lost"
    for found in numbers.values():
        assert found == list(range(1, len(found) + 1))
