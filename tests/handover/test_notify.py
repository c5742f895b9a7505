"""Notifications: to whatever the operator named, with nothing of a chat in them, and to nobody otherwise."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.errors import SettingsError
from bot.handover.notify import WORDS, Notifier


class Told(BaseHTTPRequestHandler):
    """A server that apprise can tell something: keeps what came."""

    came: list[dict[str, str]] = []
    refused = 0
    arrived = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if Told.refused:
            Told.refused -= 1
            self.send_error(503)
            return
        self.came.append(json.loads(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
        self.arrived.set()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Told.came, Told.arrived, Told.refused = [], threading.Event(), 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{running.server_port}/"
        running.shutdown()


def test_staff_are_told_in_fixed_words_and_not_again_at_once(server: str) -> None:
    notifier = Notifier(server)
    for _ in range(3):
        notifier.alert("waiting")
    assert Told.arrived.wait(20)
    assert [(one["title"], one["message"]) for one in Told.came] == [("Welcome Desk", WORDS["waiting"])]


def test_a_notice_that_was_not_taken_is_tried_again(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.handover.notify.AGAIN_AFTER", (0.1, 0.1))
    Told.refused = 2
    Notifier(server).alert("broken")
    assert Told.arrived.wait(20)
    assert [one["message"] for one in Told.came] == [WORDS["broken"]]


def test_with_no_address_nothing_is_sent_and_nothing_goes_wrong() -> None:
    Notifier("").alert("urgent")


def test_a_server_that_is_away_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.handover.notify.AGAIN_AFTER", ())
    Notifier("json://127.0.0.1:9/").alert("waiting")


def test_an_address_that_cannot_be_used_is_told_at_the_start() -> None:
    with pytest.raises(SettingsError, match="DESK_NOTIFY"):
        Notifier("carrier-pigeon://somewhere")
