"""Signing in with the council, there and back over HTTP: who is let in, as what, and what is not believed."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.handover.accounts import Accounts
from bot.handover.identities import Identities
from bot.web.limits import RETURNS_OF_AN_ADDRESS
from bot.web.staff.council import AWAY_AT_MOST
from tests.builders import CHEAP, PASSWORD
from tests.serving import served
from tests.signing_in import (
    CLIENT,
    OFFICER_ROLE,
    SECRET,
    STAFF_ROLE,
    UNSAFE,
    Arrival,
    Door,
    Gateway,
    Json,
    a_council,
    a_door,
    council_settings,
)
from tests.stack.running_stack import free_port

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
ANNA = {"given_name": "Anna", "name": "Anna Private Surname", "preferred_username": "anna.lee@council.example", "roles": [STAFF_ROLE]}


@pytest.fixture(scope="module")
def running() -> Iterator[Gateway]:
    with a_council() as gateway:
        yield gateway


@pytest.fixture
def council(running: Gateway) -> Gateway:
    """A council that tells the truth and knows Anna, who is staff, and Olga, an officer."""
    running.be_honest()
    running.knows("sub-anna", **ANNA)
    running.knows("sub-olga", given_name="Olga", preferred_username="olga@council.example", roles=[OFFICER_ROLE])
    running.be_honest()
    return running


@pytest.fixture
def door(engine: Engine, tmp_path: Path, council: Gateway) -> Iterator[Door]:
    with Door(engine, tmp_path / "var", council.url).open() as opened:
        yield opened


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    return Accounts(engine, hasher=CHEAP)


def outcomes(accounts: Accounts) -> list[tuple[str, str]]:
    return [(done.username, done.outcome) for done in reversed(accounts.audit(100))]


def said(answer: httpx.Response) -> str:
    """Give the text of a page's main part."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]).split())


# ---- Coming in


def test_staff_of_the_council_come_in_as_staff(door: Door, accounts: Accounts) -> None:
    anna = Arrival(door)
    page = anna.sign_in("sub-anna")
    assert page.status_code == 200
    assert "You are signed in" in said(page)
    assert anna.inside().startswith("anna.lee is Anna, staff;")
    assert outcomes(accounts) == [("anna.lee", "council")]


def test_officers_of_the_council_come_in_as_officers(door: Door) -> None:
    olga = Arrival(door)
    olga.sign_in("sub-olga")
    assert olga.inside().startswith("olga is Olga, officer;")


def test_somebody_who_comes_again_has_the_same_account(door: Door, accounts: Accounts) -> None:
    for _ in range(2):
        Arrival(door).sign_in("sub-anna")
    assert [(one.username, one.name, one.role) for one in accounts.members()] == [("anna.lee", "Anna", "staff")]


def test_the_button_is_there_only_where_a_council_is_set_up(door: Door, engine: Engine, tmp_path: Path) -> None:
    page = httpx.get(f"{door.url}/staff/sign-in", trust_env=False, verify=UNSAFE)
    assert '<a class="button send" href="/staff/council">Sign in with your council account</a>' in page.text
    with served(a_door(engine, tmp_path / "other", {})) as without:
        page = httpx.get(f"{without}/staff/sign-in", trust_env=False, verify=UNSAFE)
        assert page.status_code == 200
        assert "council" not in page.text
        for path in ("", "/back", "/sign-out", "/signed-out"):
            assert httpx.get(f"{without}/staff/council{path}", trust_env=False, verify=UNSAFE).status_code == 404


def test_the_button_names_the_council(engine: Engine, tmp_path: Path, council: Gateway) -> None:
    with Door(engine, tmp_path, council.url, PUBLIC_BODY="Cambridgeshire County Council").open() as door:
        page = httpx.get(f"{door.url}/staff/sign-in", trust_env=False, verify=UNSAFE)
    assert "Sign in with your account of Cambridgeshire County Council" in page.text


def test_what_the_council_is_asked_is_little_and_proves_itself(door: Door, council: Gateway) -> None:
    Arrival(door).sign_in("sub-anna")
    asked = council.authorizations[-1]
    assert asked["scope"].split() == ["openid", "profile"]
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert asked["redirect_uri"] == f"{door.url}/staff/council/back"
    assert asked["prompt"] == "select_account", "on a shared computer nobody comes in as the last person without a look"
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    assert SECRET not in str(council.authorizations)


def test_every_sign_in_has_a_state_a_nonce_and_a_challenge_of_its_own(door: Door) -> None:
    ways = [parse_qs(urlsplit(Arrival(door).begin().headers["location"]).query) for _ in range(3)]
    for name in ("state", "nonce", "code_challenge"):
        assert len({way[name][0] for way in ways}) == 3, name


def test_nothing_is_asked_of_the_council_before_somebody_wants_to_sign_in(door: Door, council: Gateway) -> None:
    visitor = Arrival(door)
    visitor.client.get("/staff/sign-in")
    visitor.client.get("/staff")
    visitor.client.get("/staff/council/signed-out")
    assert council.asked == []
    visitor.begin()
    assert council.asked == ["/.well-known/openid-configuration"]
    Arrival(door).begin()
    assert council.asked == ["/.well-known/openid-configuration"], "and its addresses once only"


def test_passwords_go_on_beside_the_council(door: Door, accounts: Accounts) -> None:
    accounts.add("ben", "Ben", "staff", PASSWORD)
    ben = Arrival(door)
    assert ben.client.post("/staff/sign-in", data={"username": "ben", "password": PASSWORD}).status_code == 303
    assert ben.inside().startswith("ben is Ben, staff;")


def test_no_password_opens_an_account_that_the_council_made(door: Door) -> None:
    Arrival(door).sign_in("sub-anna")
    for password in ("", " ", "None", PASSWORD):
        answer = Arrival(door).client.post("/staff/sign-in", data={"username": "anna.lee", "password": password})
        assert answer.status_code == 401


# ---- What somebody may be


def test_a_role_follows_what_the_council_says_at_every_sign_in_and_at_once(door: Door, council: Gateway) -> None:
    first, second = Arrival(door), Arrival(door)
    first.sign_in("sub-anna")
    council.knows("sub-anna", **{**ANNA, "roles": [OFFICER_ROLE]})
    second.sign_in("sub-anna")
    assert second.inside().startswith("anna.lee is Anna, officer;")
    assert first.inside().startswith("anna.lee is Anna, officer;"), "an open session too"


@pytest.mark.parametrize("roles", [[], ["Another.Role"], ["desk.staff"], [f"{STAFF_ROLE} "], None, {STAFF_ROLE: True}, 7, [[STAFF_ROLE]]])
def test_without_a_role_nobody_comes_in_and_is_told_whom_to_ask(door: Door, council: Gateway, accounts: Accounts, roles: Any) -> None:
    council.knows("sub-eve", **{**ANNA, "roles": roles})
    eve = Arrival(door)
    page = eve.sign_in("sub-eve")
    assert page.status_code == 403
    assert "Ask your council's IT service" in page.text.replace("&#39;", "'")
    assert eve.inside() == ""
    assert accounts.members() == [], "nothing is kept of them"
    assert outcomes(accounts) == [("", "no_role")]


def test_who_has_lost_the_role_is_signed_out_everywhere(door: Door, council: Gateway, accounts: Accounts) -> None:
    first, second = Arrival(door), Arrival(door)
    first.sign_in("sub-anna")
    council.knows("sub-anna", **{**ANNA, "roles": []})
    assert second.sign_in("sub-anna").status_code == 403
    assert first.inside() == ""
    assert outcomes(accounts)[-1] == ("anna.lee", "no_role")


def test_who_has_both_roles_is_not_let_in_since_officers_read_no_chats(door: Door, council: Gateway) -> None:
    council.knows("sub-both", **{**ANNA, "roles": [OFFICER_ROLE, STAFF_ROLE]})
    both = Arrival(door)
    page = both.sign_in("sub-both")
    assert page.status_code == 403
    assert "two roles" in said(page)
    assert both.inside() == ""


def test_groups_can_make_somebody_staff_and_too_many_of_them_are_told(engine: Engine, tmp_path: Path, council: Gateway) -> None:
    group = "6f0e5b1c-1d8a-4c0e-9a55-0b6d2f3c7e11"
    council.knows("sub-group", given_name="Gia", preferred_username="gia@council.example", groups=["another", group])
    council.knows("sub-many", _claim_names={"groups": "src1"}, _claim_sources={"src1": {"endpoint": "https://graph.example"}})
    with Door(engine, tmp_path, council.url, OIDC_ROLES_CLAIM="groups", OIDC_STAFF_ROLE=group, OIDC_OFFICER_ROLE="").open() as door:
        gia, many = Arrival(door), Arrival(door)
        gia.sign_in("sub-group")
        assert gia.inside().startswith("gia is Gia, staff;")
        page = many.sign_in("sub-many")
        assert page.status_code == 403
        assert "so many groups" in said(page)


def test_an_account_that_the_operator_disabled_stays_shut(door: Door, accounts: Accounts) -> None:
    anna = Arrival(door)
    anna.sign_in("sub-anna")
    accounts.disable("anna.lee")
    assert anna.inside() == ""
    page = anna.sign_in("sub-anna")
    assert page.status_code == 403
    assert "is closed" in said(page)
    assert anna.inside() == ""
    assert len(accounts.members()) == 1
    assert outcomes(accounts)[-1] == ("anna.lee", "disabled")
    accounts.enable("anna.lee")
    assert anna.inside() == "", "no session was left that could come back"
    anna.sign_in("sub-anna")
    assert anna.inside()


# ---- What visitors see, and whose account it is


@pytest.mark.parametrize("given_name", ["", None, "Anna\u202e", "x" * 41, "...", 7])
def test_without_a_first_name_that_can_be_shown_visitors_see_a_role_and_never_the_full_name(
    door: Door, council: Gateway, given_name: Any
) -> None:
    council.knows("sub-unnamed", **{**ANNA, "given_name": given_name})
    unnamed = Arrival(door)
    unnamed.sign_in("sub-unnamed")
    assert unnamed.inside().startswith("anna.lee is Librarian, staff;")


def test_a_name_that_the_operator_has_changed_stays(door: Door, accounts: Accounts) -> None:
    anna = Arrival(door)
    anna.sign_in("sub-anna")
    accounts.set_name("anna.lee", "Library North")
    anna.sign_in("sub-anna")
    assert anna.inside().startswith("anna.lee is Library North, staff;")


def test_a_password_account_of_the_same_name_is_not_taken_over(door: Door, accounts: Accounts) -> None:
    accounts.add("anna.lee", "Anna", "officer", PASSWORD)
    anna = Arrival(door)
    anna.sign_in("sub-anna")
    assert anna.inside().startswith("anna.lee-2 is Anna, staff;")
    assert [(one.username, one.role) for one in accounts.members()] == [("anna.lee", "officer"), ("anna.lee-2", "staff")]
    accounts.sign_in("anna.lee", PASSWORD, "192.0.2.1")


def test_the_same_name_under_another_subject_is_somebody_else(door: Door, council: Gateway, accounts: Accounts) -> None:
    Arrival(door).sign_in("sub-anna")
    council.knows("sub-another-anna", **ANNA)
    another = Arrival(door)
    another.sign_in("sub-another-anna")
    assert another.inside().startswith("anna.lee-2 is Anna")
    assert len(accounts.members()) == 2


def test_the_same_subject_of_another_issuer_is_somebody_else(engine: Engine, tmp_path: Path, council: Gateway, accounts: Accounts) -> None:
    with Door(engine, tmp_path, council.url).open() as door:
        Arrival(door).sign_in("sub-anna")
    other = council.url.replace("127.0.0.1", "localhost")
    with Door(engine, tmp_path, other).open() as door:
        Arrival(door).sign_in("sub-anna")
    assert [one.username for one in accounts.members()] == ["anna.lee", "anna.lee-2"]


def test_after_the_operator_has_linked_it_the_older_account_is_opened(door: Door, engine: Engine, accounts: Accounts) -> None:
    accounts.add("anna", "Anna L", "officer", PASSWORD)
    anna = Arrival(door)
    anna.sign_in("sub-anna")
    Identities(engine).link("anna.lee", "anna")
    assert anna.inside() == ""
    anna.sign_in("sub-anna")
    assert anna.inside().startswith("anna is Anna L, staff;"), "its own name, and the council's role"


# ---- What is not believed


def refused(page: httpx.Response, somebody: Arrival, status: int = 400) -> None:
    assert page.status_code == status
    assert "You are not signed in" in said(page)
    assert 'href="/staff/council"' in page.text
    assert "desk=" not in page.headers.get("set-cookie", "")
    assert somebody.inside() == ""


def test_coming_back_with_another_state_is_not_believed(door: Door, council: Gateway) -> None:
    anna = Arrival(door)
    address = anna.authorize("sub-anna")
    before = list(council.asked)
    refused(anna.client.get(re.sub(r"state=\w+", "state=another", address)), anna)
    refused(anna.client.get(re.sub(r"&?state=\w+", "", address)), anna)
    assert council.asked == before, "the code was not even shown to the council"


def test_what_began_in_another_browser_is_not_believed(door: Door, accounts: Accounts) -> None:
    """Nobody can be made to sit at the desk as somebody else by being sent a link."""
    address = Arrival(door).authorize("sub-anna")
    victim = Arrival(door)
    refused(victim.client.get(address), victim)
    victim.begin()
    refused(victim.client.get(address), victim)
    assert accounts.members() == []


def test_coming_back_twice_opens_nothing_more(door: Door) -> None:
    anna = Arrival(door)
    address = anna.authorize("sub-anna")
    carried = dict(anna.client.cookies)
    assert anna.client.get(address).status_code == 200
    assert "council" not in anna.client.cookies, "the browser carries nothing any more"
    again = Arrival(door)
    refused(anna.client.get(address), again)
    again.client.cookies.update(carried)
    refused(again.client.get(address), again)


def test_a_code_of_one_sign_in_does_not_serve_another(door: Door) -> None:
    """Each is bound by the proof key: the code that somebody saw on the way is of no use."""
    seen = parse_qs(urlsplit(Arrival(door).authorize("sub-anna")).query)["code"][0]
    thief = Arrival(door)
    address = thief.authorize("sub-olga")
    refused(thief.client.get(re.sub(r"code=\w+", f"code={seen}", address)), thief)


def test_what_is_carried_can_neither_be_read_nor_made_up(door: Door) -> None:
    anna = Arrival(door)
    sent = anna.begin()
    cookie = sent.headers["set-cookie"]
    way = parse_qs(urlsplit(sent.headers["location"]).query)
    assert not [name for name in ("state", "nonce") if way[name][0] in cookie]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "path=/staff/council" in cookie.lower()
    assert f"max-age={AWAY_AT_MOST}" in cookie.lower()
    for made_up in ("", "x", "é", anna.client.cookies["council"][:-4] + "AAAA"):
        other = Arrival(door)
        headers = {b"Cookie": f"council={made_up}".encode()}
        answer = other.client.get(f"/staff/council/back?code=x&state={way['state'][0]}", headers=headers)
        refused(answer, other)


def test_after_ten_minutes_one_has_to_start_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Arrival(door)
    address = anna.authorize("sub-anna")
    headers, now = {"Cookie": f"council={anna.client.cookies['council']}"}, time.time()
    monkeypatch.setattr("cryptography.fernet.time.time", lambda: now + AWAY_AT_MOST + 5)
    refused(httpx.get(address, headers=headers, trust_env=False, verify=UNSAFE), anna)


WRONG: dict[str, Callable[[Json], Json]] = {
    "another nonce": lambda claims: {**claims, "nonce": "another"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "another issuer": lambda claims: {**claims, "iss": "https://login.example/other"},
    "another audience": lambda claims: {**claims, "aud": "another-client"},
    "another audience, authorised for us": lambda claims: {**claims, "aud": ["another-client"], "azp": CLIENT},
    "no audience": lambda claims: {name: value for name, value in claims.items() if name != "aud"},
    "authorised for another": lambda claims: {**claims, "aud": [CLIENT, "another-client"], "azp": "another-client"},
    "expired": lambda claims: {**claims, "iat": claims["iat"] - 7200, "exp": claims["exp"] - 7200},
    "no end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "no subject": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
    "an empty subject": lambda claims: {**claims, "sub": ""},
    "a subject that is none": lambda claims: {**claims, "sub": 7},
    "a subject that is too long": lambda claims: {**claims, "sub": "x" * 256},
    "another access token": lambda claims: {**claims, "at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("twist", WRONG.values(), ids=WRONG.keys())
def test_a_token_that_says_something_wrong_opens_nothing(
    door: Door, council: Gateway, accounts: Accounts, twist: Callable[[Json], Json]
) -> None:
    council.claims = twist
    anna = Arrival(door)
    refused(anna.sign_in("sub-anna"), anna)
    assert accounts.members() == []


def test_a_token_that_was_signed_again_and_says_nothing_wrong_is_good(door: Door, council: Gateway) -> None:
    """So what the tests above refuse is refused for what it says."""
    council.claims = lambda claims: claims
    anna = Arrival(door)
    assert anna.sign_in("sub-anna").status_code == 200
    assert anna.inside()


FORGED: dict[str, tuple[Json, Any]] = {
    "another key of the same name": ({"alg": "RS256", "kid": "of the gateway"}, jwk.RSAKey.generate_key(2048)),
    "a key that nobody knows": ({"alg": "RS256", "kid": "nobody's"}, jwk.RSAKey.generate_key(2048)),
    "the secret": ({"alg": "HS256"}, jwk.OctKey.import_key(SECRET.ljust(32, "-"))),
    "nothing": ({"alg": "none"}, None),
}


@pytest.mark.parametrize(("header", "key"), FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("offered", [["RS256"], ["RS256", "HS256", "none"]], ids=["strict", "lax"])
def test_a_token_that_the_council_did_not_sign_opens_nothing(
    door: Door, council: Gateway, header: Json, key: Any, offered: list[str]
) -> None:
    council.metadata = lambda metadata: {**metadata, "id_token_signing_alg_values_supported": offered}
    council.claims, council.header, council.key = (lambda claims: claims), header, key
    anna = Arrival(door)
    refused(anna.sign_in("sub-anna"), anna)


@pytest.mark.parametrize("answer", [{}, {"access_token": "x", "token_type": "Bearer"}, {"id_token": "no.token.atall"}, {"id_token": 7}])
def test_an_answer_without_a_token_opens_nothing(door: Door, council: Gateway, answer: Json) -> None:
    council.token = lambda _: answer
    anna = Arrival(door)
    refused(anna.sign_in("sub-anna"), anna)


def test_the_council_s_new_keys_are_fetched_when_they_are_needed(door: Door, council: Gateway) -> None:
    Arrival(door).sign_in("sub-anna")
    council.claims = lambda claims: claims
    anna = Arrival(door)
    assert anna.sign_in("sub-anna").status_code == 200
    assert anna.inside()


def test_a_browser_never_keeps_a_token_it_had_before(door: Door) -> None:
    anna = Arrival(door)
    anna.client.cookies.set("desk", "chosen-by-somebody-else", path="/staff")
    given = [re.findall(r"desk=([^;]+)", anna.sign_in("sub-anna").headers["set-cookie"]) for _ in range(2)]
    assert [len(tokens) for tokens in given] == [2, 2], "for staff's pages and for officers'"
    assert [len(set(tokens)) for tokens in given] == [1, 1]
    assert len({given[0][0], given[1][0], "chosen-by-somebody-else"}) == 3


def test_where_somebody_goes_afterwards_is_never_taken_from_an_address(door: Door) -> None:
    evil = "https://evil.example/"
    wishes = "&".join(f"{name}={evil}" for name in ("next", "redirect_uri", "return_to", "post_logout_redirect_uri", "url"))
    anna = Arrival(door)
    sent = anna.client.get(f"/staff/council?{wishes}")
    assert "evil.example" not in sent.headers["location"]
    callback = httpx.post(sent.headers["location"], data={"sub": "sub-anna"}, trust_env=False, verify=UNSAFE).headers["location"]
    page = anna.client.get(f"{callback}&{wishes}")
    assert page.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/staff">' in page.text
    assert "evil.example" not in page.text
    assert "evil.example" not in anna.client.get(f"/staff/council/sign-out?{wishes}").headers["location"]


def test_many_who_come_back_from_one_address_are_told_to_wait(door: Door, council: Gateway) -> None:
    anna = Arrival(door)
    anna.begin()
    state = parse_qs(urlsplit(anna.begin().headers["location"]).query)["state"][0]
    carried = {"Cookie": f"council={anna.client.cookies['council']}"}
    most = int(RETURNS_OF_AN_ADDRESS.partition("/")[0])
    statuses = []
    for _ in range(most + 1):
        statuses.append(
            httpx.get(f"{door.url}/staff/council/back?code=x&state={state}", headers=carried, trust_env=False, verify=UNSAFE).status_code
        )
    assert statuses == [400] * most + [429]
    assert council.asked.count("/oauth2/token") == most


# ---- When it does not work


@pytest.mark.parametrize("error", ["access_denied", "login_required"])
def test_who_stops_at_the_council_is_told_so(door: Door, error: str) -> None:
    anna = Arrival(door)
    anna.begin()
    page = anna.client.get(f"/staff/council/back?error={error}&error_description=<script>alert(1)</script>&state=x")
    refused(page, anna, 401)
    assert "was stopped" in said(page)
    assert "alert(1)" not in page.text


def test_who_denies_at_the_council_comes_back_to_a_page_that_says_so(door: Door) -> None:
    anna = Arrival(door)
    answer = httpx.post(anna.begin().headers["location"], data={"action": "deny"}, trust_env=False, verify=UNSAFE)
    refused(anna.client.get(answer.headers["location"]), anna, 401)


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_a_council_that_says_it_cannot_now_is_away(door: Door, error: str) -> None:
    anna = Arrival(door)
    anna.begin()
    refused(anna.client.get(f"/staff/council/back?error={error}"), anna, 503)


def test_a_link_that_claims_an_error_is_not_believed_and_fills_no_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    stranger = Arrival(door)
    for error in ("invalid_client", "access_denied", "server_error"):
        refused(stranger.client.get(f"/staff/council/back?error={error}&state=x&code=x"), stranger)
    assert "council" not in caplog.text


def test_a_council_that_does_not_answer_is_a_page_with_another_way(
    engine: Engine, tmp_path: Path, council: Gateway, accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    accounts.add("ben", "Ben", "staff", PASSWORD)
    with Door(engine, tmp_path, f"http://127.0.0.1:{free_port()}").open() as door:
        anna = Arrival(door)
        page = anna.begin()
        refused(page, anna, 503)
        assert int(page.headers["retry-after"]) > 0
        assert "does not answer" in said(page)
        assert 'href="/staff/sign-in"' in page.text
        assert "Close all windows" in said(anna.client.get("/staff/council/sign-out"))
        ben = Arrival(door)
        assert ben.client.post("/staff/sign-in", data={"username": "ben", "password": PASSWORD}).status_code == 303
    assert "could not be asked" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_council_that_hangs_is_not_waited_for_by_many(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr("bot.council.provider.TIMEOUT", 2.0)
    monkeypatch.setattr("bot.council.provider.REST_WHEN_AWAY", 60.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Door(engine, tmp_path, issuer).open() as door, ThreadPoolExecutor(8) as many:
            began = time.monotonic()
            statuses = list(many.map(lambda _: Arrival(door).begin().status_code, range(8)))
            assert statuses == [503] * 8
            assert time.monotonic() - began < 10, "one after the other would take sixteen"


def test_a_council_that_goes_away_on_the_way_is_a_page_too(door: Door, council: Gateway) -> None:
    anna = Arrival(door)
    address = anna.authorize("sub-anna")
    council.broken = ("/oauth2/token",)
    refused(anna.client.get(address), anna, 503)
    council.broken = ()
    assert anna.sign_in("sub-anna").status_code == 200


SET_UP_WRONG: dict[str, Callable[[Json], Any]] = {
    "another issuer": lambda metadata: {**metadata, "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
    "no issuer": lambda metadata: {name: value for name, value in metadata.items() if name != "issuer"},
    "an open token address": lambda metadata: {**metadata, "token_endpoint": "http://council.example/token"},
    "an open key address": lambda metadata: {**metadata, "jwks_uri": "http://council.example/jwks"},
    "no way in": lambda metadata: {name: value for name, value in metadata.items() if name != "authorization_endpoint"},
    "symmetric signatures": lambda metadata: {**metadata, "id_token_signing_alg_values_supported": ["HS256", "none"]},
    "a list": lambda metadata: [metadata],
}


@pytest.mark.parametrize("twist", SET_UP_WRONG.values(), ids=SET_UP_WRONG.keys())
def test_a_provider_that_cannot_be_trusted_is_not_used_and_the_operator_is_told(
    door: Door, council: Gateway, twist: Callable[[Json], Any], caplog: pytest.LogCaptureFixture
) -> None:
    council.metadata = twist
    anna = Arrival(door)
    page = anna.begin()
    refused(page, anna, 502)
    assert "its log says what is wrong" in said(page)
    assert "The council's sign-in cannot be used" in caplog.text
    council.metadata = lambda metadata: metadata
    assert anna.begin().status_code == 302, "once it is put right nothing has to be started again"


@pytest.mark.parametrize("error", ["invalid_client", "something <b>else</b> that is long"])
def test_a_secret_that_is_out_of_date_is_told_to_the_operator(
    door: Door, council: Gateway, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    council.token = lambda _: {"error": error, "error_description": "AADSTS7000215 anna.lee@council.example"}
    anna = Arrival(door)
    refused(anna.sign_in("sub-anna"), anna, 502)
    assert "OIDC_CLIENT_SECRET" in caplog.text
    assert "anna" not in caplog.text
    assert "<b>" not in caplog.text


# ---- Going out


def test_who_signs_out_is_told_that_the_council_may_still_know_them_and_can_sign_out_there(door: Door, accounts: Accounts) -> None:
    anna = Arrival(door)
    anna.sign_in("sub-anna")
    csrf = anna.inside().rpartition("; ")[2]
    answer = anna.client.post("/staff/sign-out", data={"csrf": csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/council/signed-out")
    assert anna.inside() == ""
    page = anna.client.get("/staff/council/signed-out")
    assert "may still be signed in on this computer" in said(page)
    gone = anna.client.get("/staff/council/sign-out")
    way = urlsplit(gone.headers["location"])
    assert (gone.status_code, way.path) == (303, "/oauth2/end_session")
    asked = parse_qs(way.query)
    assert asked["post_logout_redirect_uri"] == [f"{door.url}/staff/sign-in"]
    assert asked["client_id"] == [CLIENT]
    assert "id_token_hint" not in asked, "no token was kept"
    assert outcomes(accounts)[-1] == ("anna.lee", "signed_out")


def test_who_signed_in_with_a_password_alone_goes_out_as_before(door: Door, accounts: Accounts) -> None:
    accounts.add("ben", "Ben", "staff", PASSWORD)
    ben = Arrival(door)
    ben.client.post("/staff/sign-in", data={"username": "ben", "password": PASSWORD})
    answer = ben.client.post("/staff/sign-out", data={"csrf": ben.inside().rpartition("; ")[2]})
    assert answer.headers["location"] == "/staff/sign-in"


@pytest.mark.parametrize("address", [None, "http://council.example/out", "javascript:alert(1)"])
def test_where_the_council_has_no_way_out_it_is_said(door: Door, council: Gateway, address: str | None) -> None:
    council.metadata = lambda metadata: {**metadata, "end_session_endpoint": address}
    page = Arrival(door).client.get("/staff/council/sign-out")
    assert page.status_code == 503
    assert "Close all windows" in said(page)


# ---- What is kept, and by whom


def test_no_table_holds_a_token_or_more_of_a_name_than_is_shown(door: Door, council: Gateway, engine: Engine) -> None:
    answers: list[Json] = []

    def note(answer: Json) -> Json:
        answers.append(answer)
        return answer

    council.token = note
    Arrival(door).sign_in("sub-anna")
    with engine.connect() as connection:
        tables = ("staff", "staff_identity", "staff_session", "sign_in")
        held = " ".join(str(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}")))
    assert "sub-anna" in held
    assert answers[0]["refresh_token"], "the provider gave one"
    for secret in (answers[0]["access_token"], answers[0]["id_token"], answers[0]["refresh_token"], "Surname", "@council.example"):
        assert secret not in held


def test_any_process_on_the_same_folder_can_finish_what_another_began(engine: Engine, tmp_path: Path, council: Gateway) -> None:
    first, second = Door(engine, tmp_path, council.url), None
    settings = council_settings(council.url, first.url)
    with first.open(), served(a_door(engine, tmp_path, settings)) as beside, served(a_door(engine, tmp_path / "apart", settings)) as apart:
        anna = Arrival(first)
        address = anna.authorize("sub-anna")
        second = httpx.get(address.replace(first.url, apart), cookies=dict(anna.client.cookies), trust_env=False, verify=UNSAFE)
        assert second.status_code == 400, "another product has another key"
        second = httpx.get(address.replace(first.url, beside), cookies=dict(anna.client.cookies), trust_env=False, verify=UNSAFE)
        assert second.status_code == 200
        assert "You are signed in" in said(second)


def test_over_tls_cookies_stay_on_it(engine: Engine, tmp_path: Path, council: Gateway) -> None:
    settings = council_settings(council.url, "https://desk.example.org")
    with served(a_door(engine, tmp_path, settings)) as behind_a_proxy:
        answer = httpx.get(f"{behind_a_proxy}/staff/council", trust_env=False, verify=UNSAFE)
    assert "; secure" in answer.headers["set-cookie"].lower()
    assert parse_qs(urlsplit(answer.headers["location"]).query)["redirect_uri"] == ["https://desk.example.org/staff/council/back"]
