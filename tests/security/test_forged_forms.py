"""No form of staff's or officers' is taken that did not come from their own page; every route is asked of the application itself."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bot.database import Base
from bot.web.staff import council_door
from bot.web.staff.door import COOKIE
from tests.security.conftest import OFFICERS, SIGN_IN, STAFF, Front, Signed, Visitor, address_of

FOR_ALL_OF_THEM = {"/staff", "/staff/wrong/report", "/staff/sign-out"}
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


def inner(front: Front, method: str) -> list[str]:
    """Give an address of every route of staff's and officers' that takes ``method``, the doors to sign in by apart."""
    found = [
        address_of(route) for route in front.routes() if route.path.startswith(("/staff", "/officer")) and method in (route.methods or ())
    ]
    return sorted(set(found) - {SIGN_IN, *(route.path for route in council_door.routes)})


def owner_of(front: Front, address: str) -> Signed:
    return front.people[OFFICERS[0] if address.startswith("/officer") else STAFF]


def everything_kept(front: Front) -> dict[str, list[Any]]:
    """Give every row of every table but the sessions of staff, which note that they are used, and the record of sign-ins."""
    engine = front.app.state.office.changes._engine
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
            if table.name not in ("staff_session", "sign_in")
        }


def test_the_routes_that_are_tried_are_those_there_are(front: Front) -> None:
    assert len(inner(front, "POST")) >= 25
    assert {"/staff/chat/1", "/officer/files", "/officer/service/x", "/officer/wordings/1"} <= set(inner(front, "POST"))


def test_every_form_of_the_unsigned_is_refused(front: Front, stranger: httpx.Client) -> None:
    for address in inner(front, "POST"):
        answer = stranger.post(address, data={"csrf": "0" * 32, "do": "claim"})
        assert answer.status_code == 401, address


def test_every_page_sends_the_unsigned_to_sign_in(front: Front, stranger: httpx.Client) -> None:
    for address in inner(front, "GET"):
        answer = stranger.get(address)
        assert (answer.status_code, answer.headers.get("location"), answer.text) == (303, SIGN_IN, ""), address


def test_every_form_needs_the_mark_of_its_own_session(front: Front) -> None:
    before = everything_kept(front)
    for address in inner(front, "POST"):
        owner = owner_of(front, address)
        another = front.people[OFFICERS[1]] if owner is not front.people[OFFICERS[1]] else front.people[OFFICERS[0]]
        for csrf in ({}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": another.csrf}, {"csrf": owner.csrf[:-1]}, {"csrf": owner.token}):
            answer = owner.client.post(address, data={**csrf, "do": "close"})
            assert answer.status_code == 403, (address, csrf)
            assert "another site" in answer.text or "this page" in answer.text, (address, answer.text[-400:])
    assert everything_kept(front) == before


@pytest.mark.parametrize("headers", FOREIGN)
def test_every_form_of_another_site_is_refused_though_it_had_the_mark(front: Front, headers: dict[str, str]) -> None:
    before = everything_kept(front)
    for address in inner(front, "POST"):
        owner = owner_of(front, address)
        answer = owner.client.post(address, data={"csrf": owner.csrf}, headers=headers)
        assert answer.status_code == 403, address
    assert everything_kept(front) == before


def test_every_form_is_refused_to_the_wrong_role(front: Front) -> None:
    for address in inner(front, "POST"):
        if address in FOR_ALL_OF_THEM:
            continue
        other = front.people[STAFF if address.startswith("/officer") else OFFICERS[0]]
        assert other.post(address).status_code == 403, address


def test_looking_at_a_page_changes_nothing(front: Front) -> None:
    """A picture's address on another site is a GET; SameSite keeps the cookie back, and were it sent, nothing would happen."""
    before = everything_kept(front)
    for address in inner(front, "GET"):
        if address == "/staff/events":  # a stream that does not end
            continue
        answer = owner_of(front, address).get(address, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code < 500, address
    assert everything_kept(front) == before


def test_no_verb_goes_past_the_check(front: Front, olga: Signed) -> None:
    for verb in ("PUT", "PATCH", "DELETE", "TRACE"):
        assert olga.client.request(verb, "/officer/files").status_code == 405


def test_the_mark_counts_only_in_the_form_itself(front: Front, olga: Signed) -> None:
    assert olga.client.post(f"/officer/check?csrf={olga.csrf}", data={"field": "services.csv/name"}).status_code == 403
    assert olga.client.post("/officer/check", json={"csrf": olga.csrf}).status_code == 403


# ---- Visitors: what opens a chat is in the form, so another site's form must not choose which


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_form_puts_no_visitor_into_a_chat_of_its_choosing(front: Front, stranger: httpx.Client, site: str) -> None:
    attacker = Visitor(front)
    number = attacker.be_taken()
    fields = {"session": attacker.session, "page_language": "en", "text": "my secret", "message_id": f"lured-{site}"}
    page = stranger.post("/", data=fields, headers={"Sec-Fetch-Site": site})
    assert attacker.session not in page.text
    file = front.desk.file(number)
    assert file is not None
    assert all("my secret" not in exchange.text for exchange in file.exchanges)
    for path in ("/said", "/directory", "/stay"):
        assert attacker.session not in stranger.post(path, data=fields, headers={"Sec-Fetch-Site": site}).text
    ours = stranger.post("/", data={**fields, "action": "show"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert attacker.session in ours.text


def test_another_sites_form_opens_no_chat_by_a_code_or_a_ticket(front: Front, stranger: httpx.Client) -> None:
    attacker = Visitor(front)
    reference = front.desk.ask(attacker.chat, "asked").reference
    ticket = re.search(r"ticket=([\w-]+)", attacker.page().text)
    assert ticket
    foreign = {"Sec-Fetch-Site": "cross-site"}
    by_code = stranger.post("/code", data={"code": reference, "page_language": "en"}, headers=foreign)
    by_ticket = stranger.post("/", data={"ticket": ticket[1], "action": "show", "page_language": "en"}, headers=foreign)
    for page in (by_code, by_ticket):
        assert 'name="session" value=""' in page.text or 'name="session"' not in page.text
    assert front.app.state.pipeline.store.find(attacker.session), "the ticket is not spent"
    assert 'name="session" value=""' not in stranger.post("/code", data={"code": reference, "page_language": "en"}).text


def test_a_session_that_a_visitor_makes_up_is_never_taken_over(stranger: httpx.Client) -> None:
    chosen = "chosen-by-somebody-else-0000000000000000000"
    assert stranger.post("/api/v1/chat", json={"text": "hello", "session": chosen}).status_code == 404
    page = stranger.post("/", data={"session": chosen, "text": "hello", "page_language": "en"})
    assert page.status_code == 404
    assert chosen not in page.text
    assert chosen not in stranger.get(f"/?session={chosen}").text


# ---- Sessions of staff


def test_a_session_that_was_there_before_signing_in_is_not_the_one_after(front: Front) -> None:
    """Session fixation: a token known to somebody else must not become that of a member of staff."""
    from tests.builders import PASSWORD

    known = front.people[STAFF].token
    for before in ("made-up", known):
        with httpx.Client(base_url=front.url, trust_env=False, headers={"Cookie": f"{COOKIE}={before}"}) as client:
            answer = client.post(SIGN_IN, data={"username": STAFF, "password": PASSWORD})
            tokens = {found[1] for found in re.finditer(rf"{COOKIE}=([\w-]+)", ",".join(answer.headers.get_list("set-cookie")))}
            assert len(tokens) == 1
            assert before not in tokens
    assert front.stranger.get("/staff/queue", headers={"Cookie": f"{COOKIE}=made-up"}).status_code == 303


def test_a_changed_password_and_a_closed_account_end_every_session(front: Front) -> None:
    from tests.builders import PASSWORD

    accounts = front.desk.accounts
    accounts.add("carl", "Carl", "staff", PASSWORD)
    first = front.sign_in("carl")
    accounts.set_password("carl", "other river lamp")
    assert first.get("/staff/queue").status_code == 303
    second = Signed(front.url, accounts.sign_in("carl", "other river lamp", "127.0.0.1"))
    accounts.disable("carl")
    assert second.get("/staff/queue").status_code == 303
    assert second.client.post("/staff/here", data={"csrf": second.csrf}).status_code == 401


@pytest.mark.parametrize(("public_url", "secure"), [("https://desk.example.org", True), ("", False)])
def test_the_cookies_flags(front: Front, monkeypatch: pytest.MonkeyPatch, public_url: str, secure: bool) -> None:
    from dataclasses import replace

    from tests.builders import PASSWORD

    pipeline = front.app.state.pipeline
    monkeypatch.setattr(pipeline, "settings", replace(pipeline.settings, public_url=public_url))
    answer = front.stranger.post(SIGN_IN, data={"username": STAFF, "password": PASSWORD})
    cookies = answer.headers.get_list("set-cookie")
    assert [re.search(r"Path=([^;]+)", cookie)[1] for cookie in cookies] == ["/staff", "/officer"]  # type: ignore[index]
    for cookie in cookies:
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=strict"} <= flags
        assert ("secure" in flags) is secure
        assert not any(flag.startswith("domain") for flag in flags), "no other host may have it"
    front.stranger.cookies.clear()


def test_no_page_of_visitors_sets_a_cookie(front: Front, stranger: httpx.Client) -> None:
    visitor = Visitor(front)
    answers = [stranger.get(path) for path in ("/", "/directory", "/privacy", "/demo", "/embed.js", "/no-such-page")]
    for answer in [*answers, visitor.page(), visitor.page("/said"), visitor.say("hello")]:
        assert "set-cookie" not in answer.headers
