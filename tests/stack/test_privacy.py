"""Personal data is kept nowhere, and an erased conversation leaves no byte behind."""

from tests.stack.running_stack import Stack

PERSONAL = ("07700 900123", "7700900123", "olena.k@example.org", "QQ123456C", "ZX1234567", "A7654321", "20-30-44", "31926819")
SENTENCE = (
    "I am homeless in Ely, call 07700 900123 or olena.k@example.org, NI QQ123456C, BRP ZX1234567, Home Office A7654321, "
    "bank 20-30-44 31926819, I live at CB7 9QX"
)
MARKER = "zanzibarquux"


def holding(stack: Stack, words: str) -> list[str]:
    needle = words.encode()
    return [path for path, data in stack.kept().items() if needle in data]


def test_personal_data_is_found_in_no_file(stack: Stack) -> None:
    answer = stack.ask(SENTENCE)
    assert any(reply["kind"] == "notice" for reply in answer["replies"])
    assert answer["understood"]["place"] == "Ely"
    for secret in (*PERSONAL, "9QX"):
        assert holding(stack, secret) == [], secret


def test_a_message_is_kept_until_it_is_erased_and_then_nowhere(stack: Stack) -> None:
    answer = stack.ask(f"where can I learn English in Ely {MARKER}")
    kept = holding(stack, MARKER)
    assert kept
    assert not [where for where in kept if "rasa-" in where or where == "events"], "Rasa keeps no word of it"
    bearer = {"Authorization": f"Bearer {answer['session']}"}
    assert stack.client.delete("/api/v1/chat", headers=bearer).status_code == 204
    assert holding(stack, MARKER) == []
    assert stack.client.delete("/api/v1/chat", headers=bearer).status_code == 404
    assert stack.client.post("/api/v1/chat", json={"text": "hello", "session": answer["session"]}).status_code == 404


def test_the_erase_button_does_the_same(stack: Stack) -> None:
    session = stack.ask(f"I need a doctor {MARKER}2")["session"]
    answer = stack.choose("erase", session)
    assert answer["session"] is None
    assert holding(stack, f"{MARKER}2") == []


def test_a_comment_is_redacted_and_erased_with_its_chat(desk_stack: Stack) -> None:
    session = desk_stack.ask("food bank in Ely")["session"]
    bearer = {"Authorization": f"Bearer {session}"}
    given = {"helped": False, "comment": f"nobody answered {MARKER}3, my number is 07700 900456"}
    assert desk_stack.client.post("/api/v1/chat/feedback", json=given, headers=bearer).status_code == 204
    assert holding(desk_stack, "900456") == []
    assert holding(desk_stack, f"{MARKER}3") != []
    assert desk_stack.client.delete("/api/v1/chat", headers=bearer).status_code == 204
    assert holding(desk_stack, f"{MARKER}3") == []


def test_nothing_is_kept_of_feedback_that_nobody_would_read(stack: Stack) -> None:
    session = stack.ask("food bank in Ely")["session"]
    given = {"helped": False, "comment": f"{MARKER}4"}
    answer = stack.client.post("/api/v1/chat/feedback", json=given, headers={"Authorization": f"Bearer {session}"})
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"] == "Nobody reads opinions at the moment, so we did not keep yours."
    assert holding(stack, f"{MARKER}4") == []


def test_the_page_states_the_retention_setting(stack: Stack) -> None:
    page = stack.client.get("/privacy?lang=en").text
    assert "after 7 days" in page
    assert "(backups), in case a computer fails. What you wrote can stay in them for up to 7 days more" in page
