"""With a translator of the operator's own, staff and visitor read each other, the original always beside the translation."""

import threading
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from tests.handover.test_translation import LibreTranslate
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import Stack
from tests.stack.test_taking_over import Visitor, chat_of
from tests.waiting import soon


@pytest.fixture(scope="module")
def translated(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product with a translation server beside it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), LibreTranslate) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running = Stack(tmp_path_factory.mktemp("translated"), {**DESK_OPEN, "TRANSLATE_URL": f"http://127.0.0.1:{server.server_port}"})
        add_staff(running, "anna")
        running.start()
        yield running
        running.stop()
        server.shutdown()


@pytest.fixture(autouse=True)
def asked_nothing_yet() -> None:
    LibreTranslate.behaviour, LibreTranslate.asked = "well", []


def test_what_is_said_is_translated_both_ways_and_delivered_without(translated: Stack) -> None:
    anna = StaffClient(translated, "anna")
    anna.beat()
    visitor = Visitor(translated, "Де я можу вивчати англійську в Елі?")
    chat = chat_of(anna, visitor.wait())
    visitor.ask("Мені потрібна допомога")
    assert soon(lambda: "uk&gt;en: Мені потрібна допомога" in anna.read(chat))
    anna.act(chat, "text", text="One moment please")
    assert soon(lambda: "en>uk: One moment please" in visitor.heard())
    told = [r["text"] for event in visitor.events()["events"] for r in event["replies"]]
    assert "One moment please" in told, "the original stands beside it"
    assert {asked["q"] for asked in LibreTranslate.asked} == {"Мені потрібна допомога", "One moment please"}, (
        "what the bot answers stays here"
    )

    LibreTranslate.behaviour = "broken"
    anna.act(chat, "text", text="Are you there")
    assert "Are you there" in visitor.heard()


def test_nothing_is_translated_that_was_not_said_to_staff(translated: Stack) -> None:
    visitor = Visitor(translated, "Де я можу вивчати англійську в Елі?")
    visitor.ask("А в Вісбічі?")
    time.sleep(1)
    assert LibreTranslate.asked == []
