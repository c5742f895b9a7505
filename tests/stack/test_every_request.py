"""The API keeps to its own OpenAPI document, whatever is sent: every operation, sound and unsound requests, made up by Schemathesis."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.stack.running_stack import Stack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
"""What an answer must be. Two of Schemathesis's checks are no promise of ours: that all that fits the document is taken (a session, a
choice and a code must be known ones), and that a request without a session gets a 401 (it gets the 404 that the document names).
"""


@pytest.fixture(scope="module")
def document(stack: Stack) -> Any:
    """The document as the running product serves it."""
    return schemathesis.openapi.from_url(f"{stack.url}/api/v1/openapi.json")


@pytest.fixture(scope="module")
def session(stack: Stack) -> str:
    """A chat that goes on, for requests that name one."""
    return str(stack.ask("I need food in Ely")["session"])


every = schemathesis.pytest.from_fixture("document")


@every.parametrize()
@settings(max_examples=30, phases=(Phase.generate,))
def test_every_operation_answers_as_the_document_says(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@every.parametrize()
@settings(max_examples=15, phases=(Phase.generate,))
def test_so_it_does_in_a_chat_that_goes_on(case: Any, session: str) -> None:
    if case.method == "DELETE":
        return  # the others need the chat
    if isinstance(case.body, dict) and "session" in case.body:
        case.body["session"] = session
    # A request that was made unsound by having no session is sound with this one.
    checks = [check for check in CHECKS if check is not negative_data_rejection]
    case.call_and_validate(checks=checks, headers={"Authorization": f"Bearer {session}"})


SOUND = {"feedback": {"helped": True, "about": None}, "callback": {"contact": "07700 900123", "wanted": True}}


@pytest.mark.parametrize("asked", ["DELETE chat", "GET chat/events", "POST chat/feedback", "POST chat/callback"])
@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer nobody", "Basic {session}", "{session}"])
def test_without_its_session_nothing_of_a_chat_is_given(stack: Stack, session: str, asked: str, authorization: str | None) -> None:
    method, path = asked.split()
    headers = {} if authorization is None else {"Authorization": authorization.format(session=session)}
    answer = stack.client.request(method, f"/api/v1/{path}", headers=headers, json=SOUND.get(path.removeprefix("chat/")))
    assert answer.status_code == 404
    assert stack.client.get("/api/v1/chat/events", headers={"Authorization": f"Bearer {session}"}).status_code == 200


def test_the_document_names_every_route_of_the_api(stack: Stack) -> None:
    from bot.web import api

    told = httpx.get(f"{stack.url}/api/v1/openapi.json", trust_env=False).json()["paths"]
    served = {(route.path, method) for route in api.routes for method in (route.methods or ()) if method != "HEAD"}
    named = {(path, method.upper()) for path, operations in told.items() for method in operations}
    assert served - {("/api/v1/openapi.json", "GET")} == named
