"""A stranger reads no conversation and does nothing at the desk: guesses, the unsigned, the wrong role, other sites, scripts in texts."""

import re

import httpx
import pytest
from stdnum import damm

from tests.builders import PASSWORD
from tests.stack.at_the_desk import StaffClient
from tests.stack.running_stack import KEPT_SHORTLY, Stack
from tests.stack.test_taking_over import Visitor, chat_of, number_of

PAGES = [
    "/officer",
    "/officer/records",
    "/officer/service/new",
    "/officer/files",
    "/officer/history",
    "/staff",
    "/staff/queue",
    "/staff/chat/1",
    "/staff/events",
    "/officer/wrong",
]
FORMS = [
    "/officer/records",
    "/officer/service/new",
    "/officer/files",
    "/officer/approvals",
    "/officer/check",
    "/staff",
    "/staff/here",
    "/staff/code",
    "/staff/start",
    "/staff/practise",
    "/staff/chat/1",
    "/staff/wrong/report",
    "/officer/wrong",
]
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"


@pytest.fixture
def stranger(desk_stack: Stack) -> httpx.Client:
    return httpx.Client(base_url=desk_stack.url, timeout=30, trust_env=False, limits=KEPT_SHORTLY)


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_staff_send_the_unsigned_to_sign_in_and_show_nothing(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/staff/sign-in"
    assert answer.text == ""


@pytest.mark.parametrize("path", [*FORMS, "/staff/sign-out"])
def test_forms_of_the_unsigned_are_refused(stranger: httpx.Client, path: str) -> None:
    answer = stranger.post(path, data={"do": "claim", "code": "4829150375"})
    assert answer.status_code == 401
    assert "4829150375" not in answer.text


@pytest.mark.parametrize("token", ["", "nothing", "%00", "a" * 5000])
def test_a_made_up_cookie_opens_nothing(stranger: httpx.Client, token: str) -> None:
    assert stranger.get("/staff/queue", headers={"Cookie": f"desk={token}"}).status_code == 303


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_the_sessions_own_mark_is_refused(anna: StaffClient, path: str) -> None:
    for csrf in ("", "0" * 32, "é"):
        assert anna.client.post(path, data={"csrf": csrf}).status_code == 403


def test_the_mark_of_another_session_is_not_taken(desk_stack: Stack, anna: StaffClient) -> None:
    other = StaffClient(desk_stack, "ben")
    assert anna.client.post("/staff/here", data={"csrf": other.csrf, "here": "0"}).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_form_from_another_site_is_refused_even_with_the_mark(anna: StaffClient, headers: dict[str, str]) -> None:
    answer = anna.client.post("/staff/here", data={"csrf": anna.csrf, "here": "0"}, headers=headers)
    assert answer.status_code == 403


def test_nobody_is_signed_in_by_another_site(stranger: httpx.Client) -> None:
    answer = stranger.post("/staff/sign-in", data={"username": "anna", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_cookie_is_for_staffs_pages_alone_and_no_script_may_read_it(desk_stack: Stack) -> None:
    cookie = StaffClient(desk_stack, "anna").signed_in.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert [part.split(";")[0] for part in cookie.split("path=")[1:]] == ["/staff", "/officer"]
    assert "secure" not in cookie, "over plain http a browser would not send it back"


def test_a_token_that_was_there_before_signing_in_is_not_used(desk_stack: Stack) -> None:
    with httpx.Client(base_url=desk_stack.url, trust_env=False, cookies={"desk": "chosen-by-somebody-else"}) as client:
        answer = client.post("/staff/sign-in", data={"username": "anna", "password": PASSWORD})
        assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]


def test_after_signing_out_the_session_is_over(anna: StaffClient) -> None:
    kept = {cookie.name: str(cookie.value) for cookie in anna.client.cookies.jar}
    anna.post("/staff/sign-out")
    again = httpx.Client(base_url=str(anna.client.base_url), trust_env=False, cookies=kept)
    assert again.get("/staff/queue").status_code == 303


def test_what_is_for_officers_is_not_for_staff(desk_stack: Stack, anna: StaffClient) -> None:
    assert anna.client.get("/officer/wrong").status_code == 403
    assert anna.post("/officer/wrong", report="1").status_code == 403
    assert StaffClient(desk_stack, "olga").client.get("/officer/wrong").status_code == 200


@pytest.mark.parametrize("path", ["/staff/queue", "/staff/chat/1", "/staff/events"])
def test_officers_read_no_chats_as_visitors_are_told(desk_stack: Stack, path: str) -> None:
    assert StaffClient(desk_stack, "olga").client.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/staff/chat/1", "/staff/code", "/staff/start", "/staff/here"])
def test_officers_do_nothing_in_chats(desk_stack: Stack, path: str) -> None:
    assert StaffClient(desk_stack, "olga").post(path, do="claim", chat_language="uk", code="0").status_code == 403


def test_a_chat_is_read_by_its_holder_alone(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack, "a secret about housing in Ely")
    waiting = number_of(anna, visitor.wait())
    assert "a secret" not in anna.read(waiting), "not before it is taken"
    anna.act(waiting, "claim")
    assert "a secret" in anna.read(waiting)
    ben = StaffClient(desk_stack, "ben")
    assert "a secret" not in ben.read(waiting)
    assert ben.act(waiting, "claim").status_code == 409
    assert "Anna" in ben.act(waiting, "claim").text
    assert ben.act(waiting, "text", text="me too").status_code == 409
    assert ben.act(waiting, "contact").status_code == 409
    anna.act(waiting, "close", outcome="other")
    assert "a secret" not in anna.read(waiting), "not after it is closed"


def test_texts_of_visitors_and_staff_are_only_text_on_every_page(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack, f"food in Ely {SCRIPT}")
    chat = chat_of(anna, visitor.wait())
    visitor.ask(f"hello {SCRIPT}")
    anna.act(chat, "text", text=f"hello {SCRIPT}")
    anna.act(chat, "note", note=f"note {SCRIPT}")
    anna.act(chat, "phrase", phrase=_with_place(anna, chat), place=SCRIPT)
    pages = [anna.read(chat), anna.client.post("/staff", data={"csrf": anna.csrf, "words": SCRIPT}).text]
    pages.append(desk_stack.client.post("/", data={"session": visitor.session, "action": "show", "page_language": "en"}).text)
    pages.append(desk_stack.client.post("/said", data={"session": visitor.session, "page_language": "en"}).text)
    pages.append(desk_stack.client.post("/code", data={"code": SCRIPT, "page_language": "en"}).text)
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;" in pages[0]


def _with_place(anna: StaffClient, chat: int) -> str:
    """Give the key of a phrase into which nothing but a place is put."""
    found = re.search(r'name="phrase" value="([\w.]+)">(?:(?!</form>).)*?<input name="place"', anna.read(chat), re.DOTALL)
    assert found
    return found[1]


def test_a_deed_that_there_is_not_is_refused_in_words_with_what_was_typed(desk_stack: Stack, anna: StaffClient) -> None:
    refused = anna.act(chat_of(anna, Visitor(desk_stack).wait()), "fly", text="a long answer")
    assert refused.status_code == 422
    assert "This is not known here" in refused.text
    assert "a long answer</textarea>" in refused.text


def test_wrong_codes_are_borne_a_few_times_only(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    reference = visitor.wait()
    # Afterwards this address may try no code for a while, nor sign in.
    client = desk_stack.client_from("127.0.0.3")
    statuses = []
    for number in range(12):
        guess = f"{number:09d}"
        statuses.append(client.post("/api/v1/chat/reference", json={"reference": guess + damm.calc_check_digit(guess)}).status_code)
    assert statuses[:10] == [404] * 10
    assert statuses[10:] == [429, 429]
    assert client.post("/api/v1/chat/reference", json={"reference": reference}).status_code == 429, "not even the right one now"
    assert client.post("/code", data={"code": reference, "page_language": "en"}).status_code == 429
    for number in range(6):
        answer = client.post("/staff/sign-in", data={"username": "anna", "password": f"wrong {number}"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert client.post("/staff/sign-in", data={"username": "anna", "password": PASSWORD}).status_code == 429
    log = desk_stack.log.read_text(errors="replace")
    for secret in (visitor.session, reference, PASSWORD, "wrong 1", "housing in Ely"):
        assert secret not in log


def test_a_code_with_a_wrong_digit_is_told_and_costs_no_try(desk_stack: Stack) -> None:
    for _ in range(30):
        assert desk_stack.client.post("/api/v1/chat/reference", json={"reference": "1234567890"}).status_code == 422


def test_neither_token_nor_code_stands_in_an_address(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    reference = visitor.wait()
    chat = chat_of(anna, reference)
    page = desk_stack.client.post("/", data={"session": visitor.session, "action": "show", "page_language": "en"}).text
    for text in (page, anna.read(chat)):
        addresses = re.findall(r'(?:href|action|src|formaction)="([^"]*)"', text)
        assert addresses
        assert not any(visitor.session in address or reference in address for address in addresses)
    assert desk_stack.client.get(f"/api/v1/chat/events?session={visitor.session}").status_code == 404


def test_nobody_frames_the_desk(anna: StaffClient) -> None:
    answer = anna.client.get("/staff/queue")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_wrong_reaches_the_officers_in_one_click(desk_stack: Stack, anna: StaffClient) -> None:
    page = anna.client.post("/staff", data={"csrf": anna.csrf, "words": "Ely Foodbank"}).text
    about = re.search(r'name="kind" value="service"><input type="hidden" name="about" value="([\w-]+)"', page)
    assert about
    assert anna.post("/staff/wrong/report", kind="service", about=about[1], note="moved; ask Jan on 07700 900123").status_code == 303
    assert anna.post("/staff/wrong/report", kind="service", about="no-such-service").status_code == 404
    olga = StaffClient(desk_stack, "olga")
    told = olga.client.get("/officer/wrong").text
    assert "Ely Foodbank" in told
    assert "moved" in told
    assert "900123" not in told
    form = re.search(r'name="seen" value="(\d+)"><button name="report" value="(\d+)"', told)
    assert form
    assert anna.post("/staff/wrong/report", kind="service", about=about[1], note="and is closed on Friday").status_code == 303
    early = olga.post("/officer/wrong", seen=form[1], report=form[2])
    assert early.status_code == 409
    assert "Somebody has changed a record meanwhile" in early.text
    assert "closed on Friday" in early.text
    form = re.search(r'name="seen" value="(\d+)"><button name="report" value="(\d+)"', early.text)
    assert form
    assert olga.post("/officer/wrong", seen=form[1], report=form[2]).status_code == 303
    assert "moved" not in olga.client.get("/officer/wrong").text


def test_practice_is_marked_answers_and_is_shown_to_nobody_else(desk_stack: Stack, anna: StaffClient) -> None:
    assert anna.post("/staff/practise", scenario="housing_arabic").status_code == 303
    chat = anna.waiting()[-1]
    assert chat not in StaffClient(desk_stack, "ben").waiting()
    anna.act(chat, "claim")
    anna.act(chat, "text", text="Hello")
    page = anna.read(chat)
    assert "PRACTICE" in page
    assert "نعم، أنا مع طفلين" in page
    anna.act(chat, "close", outcome="other")


def test_a_chat_started_at_the_desk_goes_on_on_the_visitors_phone(desk_stack: Stack, anna: StaffClient) -> None:
    started = anna.post("/staff/start", chat_language="uk")
    chat = int(started.headers["location"].rsplit("/", 1)[1])
    anna.act(chat, "text", text="Welcome")
    code = re.search(r"Code <b>([\d\xa0]+)</b>", anna.read(chat))
    assert code
    page = desk_stack.client.post("/code", data={"code": code[1], "page_language": "uk"}).text
    assert "Welcome" in page
    assert 'lang="uk"' in page
    anna.act(chat, "close", outcome="other")


def test_a_concern_is_recorded_with_whom_was_told(desk_stack: Stack, anna: StaffClient) -> None:
    chat = chat_of(anna, Visitor(desk_stack).wait())
    assert anna.act(chat, "escalate", concern="child", contact="", done="").status_code == 422
    assert anna.act(chat, "escalate", concern="child", contact="Olga, 01223 555123", done="Called her").status_code == 303
    assert "safeguarding concern recorded" in anna.read(chat)
    anna.act(chat, "close", outcome="other")


def test_an_abusive_visitor_is_blocked_and_still_gets_the_emergency_number(desk_stack: Stack, anna: StaffClient) -> None:
    visitor = Visitor(desk_stack)
    chat = chat_of(anna, visitor.wait())
    anna.act(chat, "block")
    values = [choice["value"] for reply in visitor.choose("human")["replies"] for choice in reply.get("choices", [])]
    assert "desk:wait" not in values
    assert visitor.ask("my husband is beating me and he is here")["understood"]["urgent"]
