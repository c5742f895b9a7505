"""The people of ``benchmarks/load.py``, as Locust's users (https://docs.locust.io); run by it in Locust's own environment.

LOAD_WHO says who they are: ``people`` at a human pace, a ``burst`` of first messages at one moment, or ``abuse`` beside people.
"""

import os
import random
import socket
import time
import uuid

import gevent
from locust import FastHttpUser, between, constant, events, task

WHO = os.environ.get("LOAD_WHO", "people")
QUESTIONS = (
    *("food in Ely", "where can I learn English in Wisbech", "how do I join the library", "I need a doctor in Cambridge"),
    *("my landlord wants us to leave by the end of the month", "Де я можу вивчати англійську в Кембриджі?", "أين أجد الطعام في ويزبيك"),
    *("کجا می توانم انگلیسی یاد بگیرم", "Unde găsesc mâncare în Ely?", "chcę zapisać dziecko do szkoły w Huntingdon", "我想學英文"),
)
LONGEST_CHAT = 20
"""Messages. How long people's chats are is not known: here they are of one to so many, each length as often as another."""


class Person(FastHttpUser):
    """Opens the page, writes, reads, writes again and leaves; somebody else comes, on the same connection."""

    abstract = WHO not in ("people", "abuse")
    weight = 20
    wait_time = between(8, 25)

    def on_start(self) -> None:
        self.session, self.left_to_say = "", random.randint(1, LONGEST_CHAT)
        self.client.get("/", name="page")

    @task(9)
    def write(self) -> None:
        if not self.left_to_say:
            self.on_start()
        self.left_to_say -= 1
        body = {"session": self.session or None, "text": random.choice(QUESTIONS), "message_id": uuid.uuid4().hex}
        with self.client.post("/api/v1/chat", json=body, name="message", catch_response=True) as answer:
            if answer.status_code == 200:
                self.session = answer.json()["session"]
            elif answer.status_code == 404:
                self.session = ""
                answer.success()
            else:
                answer.failure(f"{answer.status_code}")

    @task(1)
    def search(self) -> None:
        self.client.post("/directory", data={"words": "english class", "place": "ely"}, name="directory")


class Together(FastHttpUser):
    """Waits until all are there, and sends one first message at the same moment as all others."""

    abstract = WHO != "burst"
    wait_time = constant(3600)

    @task
    def once(self) -> None:
        at = float(os.environ["LOAD_AT"])
        gevent.sleep(max(0.0, at - time.time()))
        body = {"session": None, "text": random.choice(QUESTIONS), "message_id": uuid.uuid4().hex}
        self.client.post("/api/v1/chat", json=body, name="message")


class Abuser(FastHttpUser):
    """Does what must be turned away; whatever it gets but an answer of 500 or none is right."""

    abstract = WHO != "abuse"
    fixed_count = 5
    wait_time = constant(0)

    def on_start(self) -> None:
        with self.client.post("/api/v1/chat", json={"text": "hello"}, name="abuse", catch_response=True) as answer:
            self.session = answer.json().get("session") if answer.status_code == 200 else None
            answer.success()

    def _send(self, **how: object) -> None:
        with self.client.post("/api/v1/chat", name="abuse", catch_response=True, **how) as answer:
            if answer.status_code in (400, 404, 413, 422, 429, 200, 503):
                answer.success()
            else:
                answer.failure(f"{answer.status_code}")

    @task(20)
    def thousands_of_messages(self) -> None:
        self._send(json={"text": "hello", "session": self.session})

    @task(3)
    def a_huge_body(self) -> None:
        self._send(data=b'{"text": "' + b"x" * 5_000_000, headers={"Content-Type": "application/json"})

    @task(3)
    def deep_json(self) -> None:
        self._send(data=b"[" * 8000, headers={"Content-Type": "application/json"})

    @task(3)
    def unusual_characters(self) -> None:
        text = "".join(chr(random.choice((0xFDFA, 0x1F468, 0x200D, 0x0E33, 0x0344, 0x1D15E, 0x202E))) for _ in range(1000))
        self._send(json={"text": text, "session": None})

    @task(2)
    def slow_sender(self) -> None:
        host, _, port = self.host.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), 10) as line:
            try:
                for _ in range(8):
                    line.sendall(b"P")
                    gevent.sleep(0.5)
            except OSError:
                pass


@events.quitting.add_listener
def end_well(environment: object, **_more: object) -> None:
    """What went wrong is told in the figures, not by the status."""
    environment.process_exit_code = 0  # type: ignore[attr-defined]
