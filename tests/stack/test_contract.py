"""The chat API answers hostile and broken input as its contract says, and stays up."""

from typing import Any

import httpx
import pytest

from tests.stack.running_stack import Stack

PROBLEM = "application/problem+json"


def post(stack: Stack, content: bytes | str, **headers: str) -> httpx.Response:
    return stack.client.post("/api/v1/chat", content=content, headers={"content-type": "application/json", **headers})


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b'{"text": "hi"', 400),
        (b'{"text": "\xff\xfe"}', 400),
        (b'{"text": "\\ud800"}', 400),
        (b"[" * 10_000, 422),
        (b'{"text": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 422),
        (b'"text"', 422),
        (b"{}", 422),
        (b'{"text": null}', 422),
        (b'{"text": 5}', 422),
        (b'{"text": "hi", "choice": "more"}', 422),
        (b'{"text": ""}', 422),
        (b'{"text": "   \\u200b\\u202e "}', 422),
        (b'{"text": "hi", "surprise": 1}', 422),
        (b'{"text": "hi", "language": "klingonish-xx-1"}', 422),
        (b'{"text": "hi", "message_id": ""}', 422),
        (b'{"choice": "topic:housing"}', 422),
        (b'{"choice": "/restart"}', 422),
        (b'{"text": "hi", "session": "nobody-has-this"}', 404),
        (b'{"text": "' + b"a" * 1001 + b'"}', 413),
        (b'{"text": "' + b"a" * 100_000 + b'"}', 413),
    ],
)
def test_what_cannot_be_taken_is_a_problem_that_says_what_to_do(stack: Stack, content: bytes, status: int) -> None:
    answer = post(stack, content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith(PROBLEM)
    told = answer.json()
    assert told["status"] == status
    assert told["detail"]


def test_a_thousand_characters_are_taken(stack: Stack) -> None:
    assert post(stack, ('{"text": "' + "library " * 125 + '"}').encode()).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        '/housing{"place": "ely"}',
        "/session_start",
        "food\u0000bank in Ely",
        "\u202efood bank in Ely\u202c",
        "<script>alert(1)</script> food bank in Ely",
        "'; DROP TABLE service; -- food bank in Ely",
        "{{ 7 * 7 }} ${7*7} %s {0} food bank",
        "🙂🙂🙂",
        "ﷺ" * 300,
    ],
    ids=range(10),
)
def test_odd_text_is_only_text(stack: Stack, text: str) -> None:
    answer = stack.client.post("/api/v1/chat", json={"text": text})
    assert answer.status_code in (200, 422), answer.text
    assert stack.client.get("/readyz").status_code == 200


def test_a_typed_command_never_reaches_rasa_as_one(stack: Stack) -> None:
    session = stack.ask("where can I learn English in Ely")["session"]
    answer = stack.ask('/housing{"place": "x"}', session)
    assert answer["understood"]["place"] == "Ely"
    # As words it says "start again", which is answered; Rasa's own command would end the talk without a word.
    assert stack.ask("/restart", session)["replies"]


def test_a_choice_is_taken_only_where_it_was_offered(stack: Stack) -> None:
    first = stack.ask("where can I learn English")
    assert stack.choose("place:fenland", first["session"])["understood"]["place"] == "Fenland"
    refused = stack.client.post("/api/v1/chat", json={"choice": "place:wisbech", "session": first["session"]})
    assert refused.status_code == 422


def test_standing_choices_are_always_taken(stack: Stack) -> None:
    session = stack.ask("hello")["session"]
    for choice in ("human", "more", "start_again", "forget:refugee"):
        assert stack.choose(choice, session)["handover"] == {"state": "none", "reference": None}


def test_events_and_feedback_need_the_session(stack: Stack) -> None:
    session = stack.ask("food bank in Ely")["session"]
    bearer = {"Authorization": f"Bearer {session}"}
    assert stack.client.get("/api/v1/chat/events").status_code == 404
    assert stack.client.get("/api/v1/chat/events?after=0", headers=bearer).json()["events"] == []
    assert stack.client.post("/api/v1/chat/feedback", json={"helped": True}).status_code == 404
    assert stack.client.post("/api/v1/chat/feedback", json={"helped": "maybe"}, headers=bearer).status_code == 422


def test_an_address_that_does_not_exist_is_said_in_its_own_form(stack: Stack) -> None:
    assert stack.client.get("/api/v1/nothing").headers["content-type"].startswith(PROBLEM)
    assert "text/html" in stack.client.get("/nothing").headers["content-type"]


def test_the_openapi_document_names_every_route_of_the_api(stack: Stack) -> None:
    document: dict[str, Any] = stack.client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.")
    routes = {f"/api/v1/chat{path}" for path in ("", "/events", "/feedback", "/callback", "/reference")}
    assert set(document["paths"]) == routes
    assert set(document["paths"]["/api/v1/chat/feedback"]["post"]["responses"]) >= {"204", "404", "409", "413", "422", "429"}
    assert set(document["paths"]["/api/v1/chat"]["post"]["responses"]) >= {"200", "400", "404", "413", "422", "429", "503"}


def test_nothing_but_the_front_door_answers_beyond_loopback_and_rasas_own_api_is_off(stack: Stack) -> None:
    rasa = f"http://127.0.0.1:{stack.ports['RASA_PORT']}"
    assert httpx.get(f"{rasa}/status", trust_env=False).status_code == 404
    assert httpx.get(f"{rasa}/conversations/x/tracker", trust_env=False).status_code == 404


def test_health_and_readiness(stack: Stack) -> None:
    assert stack.client.get("/healthz").json() == {"alive": True}
    ready = stack.client.get("/readyz").json()
    assert ready["ready"]
    assert ready["version"]
    assert ready["model"]


def test_the_open_feed_is_served_to_everybody(stack: Stack) -> None:
    for root in ("/openreferral", "/openreferral/"):
        assert stack.client.get(root).json()["version"] == "HSDS-UK-3.0"
    answer = stack.client.get("/openreferral/services?per_page=2")
    assert answer.json()["size"] == 2
    assert answer.headers["access-control-allow-origin"] == "*"
    assert stack.client.get("/openreferral/nothing").headers["content-type"].startswith(PROBLEM)
