"""Rate limits: tight for a conversation, loose for an address, and a stranger's X-Forwarded-For counts for nothing."""

import re
from collections.abc import Iterator

import pytest

from tests.stack.running_stack import Stack


@pytest.fixture(scope="module")
def limited(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("limited"), {"SESSION_LIMIT": "3/minute", "ADDRESS_LIMIT": "8/minute"})
    running.start()
    yield running
    running.stop()


def test_limits_say_when_to_come_back(limited: Stack) -> None:
    session = limited.ask("food bank in Ely")["session"]
    statuses = [limited.client.post("/api/v1/chat", json={"text": "hello", "session": session}).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = limited.client.post("/api/v1/chat", json={"text": "hello", "session": session, "language": "uk"})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert refused.json()["lang"] == "uk"
    others = [limited.client.post("/api/v1/chat", json={"text": "hello"}).status_code for _ in range(5)]
    assert others[0] == 200, "another person at the same address is not held up by this one"
    assert 429 in others
    forged = limited.client.post("/api/v1/chat", json={"text": "hello"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert forged.status_code == 429
    assert "999" in limited.client.get("/").text, "the page itself is never limited"


@pytest.mark.parametrize("said", [{"text": "hello"}, {"choice": "human"}, {"text": "", "action": "callback"}, {"helped": "1"}])
def test_nobody_says_anything_uncounted_by_asking_as_the_page_does_by_itself(limited: Stack, said: dict[str, str]) -> None:
    asked = {"part": "desk", "page_language": "en", **said}
    assert 429 in [limited.client.post("/", data=asked).status_code for _ in range(10)]


@pytest.mark.parametrize("way", ["events", "erase", "page"])
def test_guessing_tokens_is_held_up(limited: Stack, way: str) -> None:
    def guess(number: int) -> int:
        headers = {"Authorization": f"Bearer guess-{number}"}
        if way == "events":
            return limited.client.get("/api/v1/chat/events", headers=headers).status_code
        if way == "erase":
            return limited.client.delete("/api/v1/chat", headers=headers).status_code
        return limited.client.post("/", data={"session": f"guess-{number}", "action": "show", "page_language": "en"}).status_code

    assert 429 in [guess(number) for number in range(10)]


def test_the_page_keeps_the_chat_and_what_was_typed(limited: Stack) -> None:
    client = limited.client_from("127.0.0.2")
    first = client.post("/", data={"text": "food bank in Ely", "page_language": "en"})
    session = re.search(r'name="session" value="([^"]{32})"', first.text)
    assert session, first.status_code
    form = {"session": session[1], "text": "and another thing", "page_language": "en"}
    answers = [client.post("/", data=form) for _ in range(5)]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert session[1] in refused.text
    assert 'class="exchange"' in refused.text
    assert "and another thing</textarea>" in refused.text
