"""Accounts that a council's sign-in opens: found by subject alone, made once, never somebody else's."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.council.claims import Person
from bot.errors import AccountError, CouncilRefused, SignInRefused
from bot.handover.accounts import SESSION_HOURS, Accounts
from bot.handover.credentials import check_username
from bot.handover.identities import Identities, free_username
from tests.builders import CHEAP, PASSWORD, Clock, is_over

ANNA = Person("https://login.example/council", "sub-anna", "Anna", "anna.lee@council.example", "staff", "")
HERE = "192.0.2.7"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(engine: Engine, clock: Clock) -> Accounts:
    return Accounts(engine, clock, CHEAP)


@pytest.fixture
def identities(engine: Engine, clock: Clock) -> Identities:
    return Identities(engine, clock)


def usernames(accounts: Accounts) -> list[str]:
    return [one.username for one in accounts.members()]


def test_an_account_is_made_once_and_found_again(identities: Identities, accounts: Accounts) -> None:
    tokens = [identities.sign_in(person, "Librarian") for person in (ANNA, ANNA, replace(ANNA, login="anna.married@council.example"))]
    assert usernames(accounts) == ["anna.lee"]
    assert len({accounts.who(token).id for token in tokens}) == 3
    assert len(set(tokens)) == 3


def test_a_session_of_the_council_s_is_one_like_any_other(identities: Identities, accounts: Accounts, clock: Clock) -> None:
    token = identities.sign_in(ANNA, "Librarian")
    session = accounts.who(token)
    assert (session.member.username, session.member.name, session.member.role, session.at_desk) == ("anna.lee", "Anna", "staff", True)
    accounts.beat(session.id)
    assert [one.name for one in accounts.present()] == ["Anna"]
    for _ in range(2 * SESSION_HOURS - 1):
        clock.pass_by(minutes=30)
        accounts.who(token)
    clock.pass_by(minutes=30)
    assert is_over(accounts, token)


def test_only_issuer_and_subject_together_are_the_same_person(identities: Identities, accounts: Accounts) -> None:
    for person in (
        ANNA,
        replace(ANNA, subject="sub-other"),
        replace(ANNA, issuer="https://login.example/other"),
        replace(ANNA, subject="SUB-ANNA"),
    ):
        identities.sign_in(person, "Librarian")
    assert usernames(accounts) == ["anna.lee", "anna.lee-2", "anna.lee-3", "anna.lee-4"]


def test_many_first_sign_ins_of_one_person_at_once_make_one_account(identities: Identities, accounts: Accounts) -> None:
    with ThreadPoolExecutor(8) as many:
        tokens = list(many.map(lambda _: identities.sign_in(ANNA, "Librarian"), range(8)))
    assert usernames(accounts) == ["anna.lee"]
    assert not [token for token in tokens if is_over(accounts, token)]


def test_people_of_one_name_who_come_at_once_get_a_user_name_each(identities: Identities, accounts: Accounts) -> None:
    with ThreadPoolExecutor(3) as many:
        list(many.map(lambda number: identities.sign_in(replace(ANNA, subject=f"sub-{number}"), "Librarian"), range(3)))
    assert usernames(accounts) == ["anna.lee", "anna.lee-2", "anna.lee-3"]


@pytest.mark.parametrize("refusal", ["no_role", "both_roles", "too_many_groups"])
def test_a_refusal_ends_what_was_open_and_makes_nothing(identities: Identities, accounts: Accounts, refusal: str) -> None:
    token = identities.sign_in(ANNA, "Librarian")
    for person in (replace(ANNA, role="", refusal=refusal), replace(ANNA, subject="sub-new", role="", refusal=refusal)):
        with pytest.raises(CouncilRefused) as caught:
            identities.sign_in(person, "Librarian")
        assert caught.value.reason == refusal
    assert is_over(accounts, token)
    assert usernames(accounts) == ["anna.lee"]
    assert [(done.username, done.outcome) for done in accounts.audit(2)] == [("", "no_role"), ("anna.lee", "no_role")]


def test_a_disabled_account_lets_nobody_in_and_its_role_stays(identities: Identities, accounts: Accounts) -> None:
    identities.sign_in(ANNA, "Librarian")
    accounts.disable("anna.lee")
    with pytest.raises(CouncilRefused, match="disabled"):
        identities.sign_in(replace(ANNA, role="officer"), "Librarian")
    (account,) = accounts.members()
    assert account.role == "staff"
    assert accounts.audit(1)[0].outcome == "disabled"


def test_linking_gives_the_older_account_to_whoever_the_council_knows(identities: Identities, accounts: Accounts, engine: Engine) -> None:
    accounts.add("anna", "Anna L", "officer", PASSWORD)
    old, new = accounts.sign_in("anna", PASSWORD, HERE), identities.sign_in(ANNA, "Librarian")
    identities.link("anna.lee", "anna")
    assert is_over(accounts, old)
    assert is_over(accounts, new)
    with pytest.raises(SignInRefused):
        accounts.sign_in("anna", PASSWORD, HERE)
    session = accounts.who(identities.sign_in(ANNA, "Librarian"))
    assert (session.member.username, session.member.name, session.member.role) == ("anna", "Anna L", "staff")
    assert [one.disabled_at is not None for one in accounts.members()] == [False, True]
    assert identities.linked() == {session.member.id}
    assert identities.is_linked(session.member.id)
    accounts.set_password("anna", PASSWORD)
    assert accounts.sign_in("anna", PASSWORD, HERE), "the operator may give a password again"


@pytest.mark.parametrize(
    ("made", "kept", "told"),
    [
        ("nobody", "anna", "no account nobody"),
        ("anna.lee", "nobody", "no account nobody"),
        ("anna", "anna.lee", "was not made at the council"),
        ("anna.lee", "anna.lee", "two accounts"),
    ],
)
def test_what_cannot_be_linked_is_told_and_changes_nothing(
    identities: Identities, accounts: Accounts, made: str, kept: str, told: str
) -> None:
    accounts.add("anna", "Anna L", "staff", PASSWORD)
    token = identities.sign_in(ANNA, "Librarian")
    with pytest.raises(AccountError, match=told):
        identities.link(made, kept)
    assert not is_over(accounts, token)
    assert accounts.sign_in("anna", PASSWORD, HERE)


def test_an_account_without_a_password_takes_the_same_work_as_any(identities: Identities, accounts: Accounts, engine: Engine) -> None:
    identities.sign_in(ANNA, "Librarian")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT password_hash FROM staff")).scalar() == ""
    for password in ("", PASSWORD):
        with pytest.raises(SignInRefused):
            accounts.sign_in("anna.lee", password, HERE)
    assert accounts.audit(1)[0].outcome == "wrong"


@pytest.mark.parametrize(
    ("login", "username"),
    [
        ("anna.lee@council.example", "anna.lee"),
        ("Anna.LEE@council.example", "anna.lee"),
        ("anna_lee", "anna-lee"),
        ("anna.lee_gmail.com#EXT#@council.onmicrosoft.example", "anna.lee-gmail.com-ext"),
        ("-anna-@x", "anna"),
        ("", "council"),
        ("@council.example", "council"),
        ("李@council.example", "council"),
        ("a@council.example", "council"),
        ("x" * 300, "x" * 30),
    ],
)
def test_a_user_name_is_made_of_what_the_council_calls_somebody(login: str, username: str) -> None:
    assert free_username(login, frozenset()) == username
    check_username(username)
    taken = frozenset([username, f"{username}-2"])
    assert free_username(login, taken) == f"{username}-3"
    check_username(free_username(login, taken))
