"""Rate limits: tight for a conversation, loose for an address, and a stranger's X-Forwarded-For counts for nothing."""

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
