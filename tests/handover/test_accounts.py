"""Accounts of the desk: who may sign in, for how long, who is there, and what is kept of it."""

import hashlib
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest
from argon2 import PasswordHasher
from limits import RateLimitItemPerSecond
from sqlalchemy import select, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session as Transaction

from bot.errors import AccountError, SignInRefused
from bot.handover.accounts import (
    AUDIT_DAYS,
    IDLE_MINUTES,
    PRESENT_FOR,
    SESSION_HOURS,
    Account,
    Accounts,
    Member,
    check_csrf,
)
from bot.handover.models import SignIn, Staff, StaffSession
from tests.builders import is_over

PASSWORD = "copper lantern otter"
ANOTHER = "gravel teapot sunday"
HERE = "192.0.2.7"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 26, 9, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


class CountingHasher(PasswordHasher):
    """A cheap hasher that counts how often it verified, and calls ``meanwhile`` before it tells."""

    def __init__(self, time_cost: int = 1) -> None:
        super().__init__(time_cost=time_cost, memory_cost=8, parallelism=1)
        self.verified = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self.verified += 1
        self.meanwhile()
        return super().verify(hash, password)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(engine: Engine, clock: Clock) -> Accounts:
    """Accounts with one of them: maria."""
    made = Accounts(engine, clock, CHEAP)
    made.add("maria", "Maria", "staff", PASSWORD)
    return made


def rows(engine: Engine, model: Any) -> list[Any]:
    with Transaction(engine, future=True) as transaction:
        return list(transaction.execute(select(model).order_by(model.id)).scalars())


def refused(accounts: Accounts, username: str = "maria", password: str = ANOTHER, address: str = HERE) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        accounts.sign_in(username, password, address)
    return caught.value


def outcomes(accounts: Accounts) -> list[tuple[str, str]]:
    """What was audited, oldest first."""
    return [(done.username, done.outcome) for done in reversed(accounts.audit(1000))]


# ---- Accounts


def test_an_account_is_given_back_as_it_was_made_and_is_listed_by_username(accounts: Accounts, clock: Clock) -> None:
    added = accounts.add("ali.2-x", " Duty librarian ", "officer", PASSWORD)
    assert added == Member(added.id, "ali.2-x", "Duty librarian", "officer")
    first, second = accounts.members()
    assert first == Account(added.id, "ali.2-x", "Duty librarian", "officer", clock(), None)
    assert (second.username, second.name, second.role) == ("maria", "Maria", "staff")


@pytest.mark.parametrize("username", ["", "m", "x" * 41, "Maria", "mária", "ma ria", "ma\nria", "maria\n", "ma_ria", "ma\0ria"])
def test_a_username_that_cannot_be_is_refused_with_what_to_give(accounts: Accounts, username: str) -> None:
    with pytest.raises(AccountError, match="2 to 40 lower-case letters"):
        accounts.add(username, "Maria", "staff", PASSWORD)


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "Ma\nria", "Ma\u202eria", "\u200d", "Ma\0ria", "Ma\u2028ria", "Ma\ud800ria", "..."])
def test_a_name_that_visitors_cannot_be_shown_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="first name or a role"):
        accounts.add("other", name, "staff", PASSWORD)


@pytest.mark.parametrize("name", ["Ő", "مه\u200cسا", "王", "x" * 40, "Seán O'Brien"])
def test_names_of_every_script_may_be_shown(accounts: Accounts, name: str) -> None:
    assert accounts.add("other", name, "staff", PASSWORD).name == name
    assert accounts.members()[1].name == name


def test_a_role_that_is_none_is_refused(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="staff or officer"):
        accounts.add("other", "Other", "admin", PASSWORD)


def test_a_username_is_given_once(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="already"):
        accounts.add("maria", "Another", "officer", ANOTHER)
    assert [(member.name, member.role) for member in accounts.members()] == [("Maria", "staff")]


WEAK = {
    "short": "copper lamp",
    "has the username": "copper MARIA lantern",
    "common": "Password-1234",
    "twice the same": "passwordpassword",
    "of the place": "Welcome Desk 123",
    "keys in a row": "1q2w3e4r5t6y",
    "digits": "123456789012",
    "one letter": "aaaaaaaaaaaaa",
}


@pytest.mark.parametrize("weak", WEAK.values(), ids=WEAK.keys())
def test_a_weak_password_is_refused_with_advice_and_without_itself(accounts: Accounts, weak: str) -> None:
    for attempt in (lambda: accounts.add("maria", "Maria", "staff", weak), lambda: accounts.set_password("maria", weak)):
        with pytest.raises(AccountError, match="three random words") as caught:
            attempt()
        assert weak not in str(caught.value)
    accounts.sign_in("maria", PASSWORD, HERE)


def test_twelve_characters_are_enough_in_any_script(accounts: Accounts) -> None:
    for password in ("tin owl green", "мідьліхтарви", "مصباح نحاس ثعلب"):
        accounts.set_password("maria", password)
        accounts.sign_in("maria", password, HERE)


def test_a_password_typed_on_another_keyboard_is_the_same(accounts: Accounts) -> None:
    accounts.set_password("maria", "cafe\u0301 lantern otter")
    accounts.sign_in("maria", "caf\u00e9 lantern otter", HERE)


def test_the_hash_is_argon2id_and_made_as_the_library_advises_unless_told_otherwise(engine: Engine) -> None:
    accounts = Accounts(engine)
    accounts.add("maria", "Maria", "staff", PASSWORD)
    (row,) = rows(engine, Staff)
    assert row.password_hash.startswith("$argon2id$")
    assert not PasswordHasher().check_needs_rehash(row.password_hash)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_neither_password_nor_token_is_anywhere_in_the_files(accounts: Accounts, tmp_path: Path) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    refused(accounts, "nobody.at-all", ANOTHER)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"maria" in held
    for secret in (PASSWORD, ANOTHER, token, accounts.who(token).csrf, "nobody.at-all", HERE):
        assert secret.encode() not in held


def test_no_table_holds_password_token_or_address(accounts: Accounts, engine: Engine) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    with engine.connect() as connection:
        held = " ".join(
            str(row) for table in ("staff", "staff_session", "sign_in") for row in connection.execute(text(f"SELECT * FROM {table}"))
        )
    assert hashlib.sha256(token.encode()).hexdigest() in held
    assert not [secret for secret in (PASSWORD, token, HERE) if secret in held]


def test_a_hash_of_weaker_settings_is_made_anew_at_the_next_sign_in(accounts: Accounts, engine: Engine) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    later = Accounts(engine, hasher=stronger)
    before = rows(engine, Staff)[0].password_hash
    refused(later)
    assert rows(engine, Staff)[0].password_hash == before
    later.sign_in("maria", PASSWORD, HERE)
    after = rows(engine, Staff)[0].password_hash
    assert not stronger.check_needs_rehash(after)
    later.sign_in("maria", PASSWORD, HERE)
    assert rows(engine, Staff)[0].password_hash == after


@pytest.mark.parametrize("change", ["set_password", "disable", "enable"])
def test_an_account_that_is_not_there_cannot_be_changed(accounts: Accounts, change: str) -> None:
    given = ("nobody", PASSWORD) if change == "set_password" else ("nobody",)
    with pytest.raises(AccountError, match="staff list"):
        getattr(accounts, change)(*given)


def test_a_new_password_ends_the_sessions_of_its_account_and_no_other(accounts: Accounts) -> None:
    accounts.add("other", "Other", "staff", PASSWORD)
    tokens = [accounts.sign_in("maria", PASSWORD, HERE) for _ in range(2)]
    others = accounts.sign_in("other", PASSWORD, HERE)
    accounts.set_password("maria", ANOTHER)
    assert [is_over(accounts, token) for token in (*tokens, others)] == [True, True, False]
    assert refused(accounts, "maria", PASSWORD).seconds == 0
    accounts.sign_in("maria", ANOTHER, HERE)


def test_a_disabled_account_is_over_at_once_and_its_sessions_do_not_come_back(accounts: Accounts, engine: Engine, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    accounts.disable("maria")
    first = rows(engine, Staff)[0].disabled_at
    clock.move(days=1)
    accounts.disable("maria")
    assert rows(engine, Staff)[0].disabled_at == first, "when it was disabled stays"
    assert is_over(accounts, token)
    assert [member.disabled_at for member in accounts.members()] == [clock() - timedelta(days=1)]
    assert refused(accounts, "maria", PASSWORD).seconds == 0
    accounts.enable("maria")
    assert [member.disabled_at for member in accounts.members()] == [None]
    assert is_over(accounts, token)
    accounts.sign_in("maria", PASSWORD, HERE)


def test_a_session_whose_account_was_disabled_by_hand_is_over_too(accounts: Accounts, engine: Engine, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    session = accounts.who(token)
    accounts.beat(session.id)
    with engine.begin() as connection:
        connection.execute(Staff.__table__.update().values(disabled_at=clock()))
    assert is_over(accounts, token)
    assert accounts.present() == []


@pytest.mark.parametrize("change", ["set_password", "disable"])
def test_no_session_begins_with_what_was_changed_while_it_was_checked(
    accounts: Accounts, engine: Engine, clock: Clock, change: str
) -> None:
    hasher = CountingHasher()
    hasher.meanwhile = lambda: accounts.disable("maria") if change == "disable" else accounts.set_password("maria", ANOTHER)
    assert refused(Accounts(engine, clock, hasher), "maria", PASSWORD).seconds == 0
    assert hasher.verified == 1
    assert rows(engine, StaffSession) == []


# ---- Signing in


def test_a_token_cannot_be_guessed_and_is_always_another(accounts: Accounts) -> None:
    tokens = {accounts.sign_in("maria", PASSWORD, HERE) for _ in range(10)}
    assert len(tokens) == 10
    assert all(re.fullmatch(r"[\w-]{43}", token) for token in tokens)


def test_a_session_says_whose_it_is(accounts: Accounts) -> None:
    session = accounts.who(accounts.sign_in("maria", PASSWORD, HERE))
    assert session.member == Member(accounts.members()[0].id, "maria", "Maria", "staff")
    assert session.at_desk


def test_a_username_may_be_typed_as_a_telephone_types_it(accounts: Accounts) -> None:
    assert accounts.who(accounts.sign_in(" Maria ", PASSWORD, HERE)).member.username == "maria"


@pytest.mark.parametrize("token", ["", "nothing", "' OR 1=1 --", "\0", "\ud800", "é"])
def test_another_token_is_no_session(accounts: Accounts, token: str) -> None:
    accounts.sign_in("maria", PASSWORD, HERE)
    assert is_over(accounts, token)


def test_a_token_is_not_found_by_its_hash_or_another_case(accounts: Accounts, engine: Engine) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    assert is_over(accounts, rows(engine, StaffSession)[0].token_hash)
    assert is_over(accounts, token.swapcase())


def test_unknown_wrong_and_disabled_are_told_alike_after_the_same_work(engine: Engine, clock: Clock) -> None:
    hasher = CountingHasher()
    accounts = Accounts(engine, clock, hasher)
    accounts.add("maria", "Maria", "staff", PASSWORD)
    accounts.add("gone", "Gone", "staff", PASSWORD)
    accounts.disable("gone")
    told = []
    for username, password in (("nobody", PASSWORD), ("maria", ANOTHER), ("gone", PASSWORD), ("gone", ANOTHER), ("Not A Name\0", PASSWORD)):
        before = hasher.verified
        error = refused(accounts, username, password)
        told.append((str(error), error.seconds, hasher.verified - before))
    assert len(set(told)) == 1
    assert told[0][1:] == (0, 1)


@pytest.mark.parametrize("odd", ["", "\0", "\ud800", "x" * 100_000, "🏴"])
def test_what_cannot_be_is_wrong_and_no_fault(accounts: Accounts, odd: str) -> None:
    assert refused(accounts, odd, PASSWORD).seconds == 0
    assert refused(accounts, "maria", odd).seconds == 0


def test_what_nobody_has_for_a_username_is_not_kept_for_it_may_be_a_password(accounts: Accounts, engine: Engine) -> None:
    refused(accounts, "copper-lantern-otter", "maria")
    refused(accounts, PASSWORD, "")
    assert [row.username for row in rows(engine, SignIn)] == ["", ""]


# ---- Too many tries


def test_the_sixth_try_on_a_username_waits_even_with_the_right_password_and_is_not_verified(engine: Engine, clock: Clock) -> None:
    hasher = CountingHasher()
    accounts = Accounts(engine, clock, hasher)
    accounts.add("maria", "Maria", "staff", PASSWORD)
    accounts.add("other", "Other", "staff", PASSWORD)
    assert [refused(accounts).seconds for _ in range(5)] == [0] * 5
    for username in ("maria", "MARIA "):
        error = refused(accounts, username, PASSWORD)
        assert 14 * 60 < error.seconds <= 15 * 60 + 2
    assert hasher.verified == 5
    accounts.sign_in("other", PASSWORD, HERE)


def test_nobody_locks_somebody_out_from_elsewhere(accounts: Accounts) -> None:
    for _ in range(6):
        refused(accounts, address="192.0.2.1")
    accounts.sign_in("maria", PASSWORD, HERE)


def test_from_many_addresses_a_username_is_not_guessed_at_for_ever(accounts: Accounts) -> None:
    told = [refused(accounts, address=f"192.0.2.{number}").seconds > 0 for number in range(61)]
    assert told == [False] * 60 + [True]


def test_a_username_that_nobody_has_waits_as_any_other(accounts: Accounts) -> None:
    assert [refused(accounts, "nobody").seconds > 0 for _ in range(6)] == [False] * 5 + [True]


def test_after_thirty_wrong_tries_an_address_waits_and_another_does_not(accounts: Accounts) -> None:
    for number in range(30):
        assert refused(accounts, f"nobody-{number}").seconds == 0
    assert refused(accounts, "maria", PASSWORD).seconds > 0
    accounts.sign_in("maria", PASSWORD, "198.51.100.1")


def test_only_what_went_wrong_is_counted(accounts: Accounts) -> None:
    for _ in range(4):
        refused(accounts)
    for _ in range(40):
        accounts.sign_in("maria", PASSWORD, HERE)
    assert refused(accounts).seconds == 0
    assert refused(accounts).seconds > 0


def test_tries_on_a_disabled_account_are_counted(accounts: Accounts) -> None:
    accounts.disable("maria")
    assert [refused(accounts, "maria", PASSWORD).seconds > 0 for _ in range(6)] == [False] * 5 + [True]


def test_tries_sent_all_at_once_are_counted_one_by_one(accounts: Accounts) -> None:
    with ThreadPoolExecutor(12) as pool:
        told = [error.seconds for error in pool.map(lambda _: refused(accounts), range(12))]
    assert [seconds > 0 for seconds in told].count(False) == 5
    assert sorted(outcomes(accounts)) == [("maria", "throttled"), *[("maria", "wrong")] * 5], "not let through is written down once"


def test_after_the_seconds_told_the_right_password_is_let_in(engine: Engine, clock: Clock) -> None:
    # The counter has no clock but the machine's, so its window is made small here.
    accounts = Accounts(engine, clock, CHEAP, per_username=RateLimitItemPerSecond(1, 10))
    accounts.add("maria", "Maria", "staff", PASSWORD)
    assert refused(accounts).seconds == 0
    wait = refused(accounts, "maria", PASSWORD).seconds
    assert 1 <= wait <= 12
    time.sleep(wait)
    accounts.sign_in("maria", PASSWORD, HERE)
    assert outcomes(accounts) == [("maria", "wrong"), ("maria", "throttled"), ("maria", "ok")]


# ---- How long a session lasts


def test_a_session_that_nobody_uses_is_over_after_an_hour(accounts: Accounts, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    clock.move(minutes=IDLE_MINUTES - 1)
    assert not is_over(accounts, token)
    clock.move(minutes=IDLE_MINUTES - 1)
    assert not is_over(accounts, token), "it was used in between"
    clock.move(minutes=IDLE_MINUTES)
    assert is_over(accounts, token)
    assert is_over(accounts, token), "asking does not bring it back"


def test_a_session_in_use_is_over_twelve_hours_after_it_began(accounts: Accounts, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    for _ in range(SESSION_HOURS * 2 - 1):
        clock.move(minutes=30)
        assert not is_over(accounts, token)
    clock.move(minutes=30)
    assert is_over(accounts, token)


def test_a_request_is_noted_once_a_minute(accounts: Accounts, engine: Engine, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    noted = []
    for _ in range(5):
        accounts.who(token)
        noted.append(rows(engine, StaffSession)[0].last_seen_at.replace(tzinfo=timezone.utc))
        clock.move(seconds=25)
    start = noted[0]
    assert [(moment - start).total_seconds() for moment in noted] == [0, 0, 0, 75, 75]


def test_a_beat_alone_does_not_keep_a_session(accounts: Accounts, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    session = accounts.who(token)
    for _ in range(IDLE_MINUTES):
        clock.move(minutes=1)
        accounts.beat(session.id)
    assert is_over(accounts, token)


def test_signing_out_ends_this_session_alone_and_is_audited_once(accounts: Accounts) -> None:
    token, other = (accounts.sign_in("maria", PASSWORD, HERE) for _ in range(2))
    for given in (token, token, "nothing"):
        accounts.sign_out(given)
    assert [is_over(accounts, token), is_over(accounts, other)] == [True, False]
    assert outcomes(accounts).count(("maria", "signed_out")) == 1


def test_each_session_has_a_csrf_of_its_own_that_stays(accounts: Accounts) -> None:
    tokens = [accounts.sign_in("maria", PASSWORD, HERE) for _ in range(2)]
    first, second = map(accounts.who, tokens)
    assert re.fullmatch(r"[0-9a-f]{32}", first.csrf)
    assert first.csrf != second.csrf
    assert accounts.who(tokens[0]).csrf == first.csrf
    assert check_csrf(first, first.csrf)
    for wrong in ("", second.csrf, first.csrf[:-1], first.csrf.upper() + "0", tokens[0], "é", "\ud800"):
        assert not check_csrf(first, wrong)


# ---- Who is there


def test_somebody_is_there_while_a_page_says_so(accounts: Accounts, clock: Clock) -> None:
    session = accounts.who(accounts.sign_in("maria", PASSWORD, HERE))
    clock.move(minutes=2)
    assert accounts.present() == [], "no page has said so for long"
    accounts.beat(session.id)
    clock.move(seconds=PRESENT_FOR)
    assert accounts.present() == [session.member]
    clock.move(seconds=1)
    assert accounts.present() == []
    assert accounts.present(within_seconds=PRESENT_FOR + 1) == [session.member]
    accounts.beat(session.id)
    assert accounts.present() == [session.member]


def test_somebody_with_two_pages_is_there_once_and_the_names_are_in_order(accounts: Accounts) -> None:
    accounts.add("aa", "Zoe", "staff", PASSWORD)
    accounts.add("zz", "Ann", "staff", PASSWORD)
    for username in ("aa", "maria", "maria", "zz"):
        accounts.beat(accounts.who(accounts.sign_in(username, PASSWORD, HERE)).id)
    assert [member.name for member in accounts.present()] == ["Ann", "Maria", "Zoe"]


def test_who_takes_no_chats_is_not_there(accounts: Accounts, clock: Clock) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    session = accounts.who(token)
    accounts.beat(session.id)
    accounts.set_at_desk(session.id, False)
    assert not accounts.who(token).at_desk
    assert accounts.present() == []
    accounts.set_at_desk(session.id, True)
    assert accounts.who(token).at_desk
    assert accounts.present() == [session.member]


@pytest.mark.parametrize("end", ["sign_out", "disable", "set_password", "idle", "long"])
def test_whose_session_is_over_is_not_there(accounts: Accounts, clock: Clock, end: str) -> None:
    token = accounts.sign_in("maria", PASSWORD, HERE)
    session = accounts.who(token)
    if end == "long":
        for _ in range(SESSION_HOURS * 2 - 1):
            clock.move(minutes=30)
            accounts.who(token)
        clock.move(minutes=30)
    if end == "idle":
        clock.move(minutes=IDLE_MINUTES)
    accounts.beat(session.id)
    assert end in ("long", "idle") or accounts.present() == [session.member]
    {
        "sign_out": lambda: accounts.sign_out(token),
        "disable": lambda: accounts.disable("maria"),
        "set_password": lambda: accounts.set_password("maria", ANOTHER),
    }.get(end, lambda: None)()
    assert accounts.present() == []
    assert accounts.last_here(session.member.id) is None


def test_officers_take_no_chats_and_so_are_not_at_the_desk(accounts: Accounts) -> None:
    accounts.add("olga", "Olga", "officer", PASSWORD)
    accounts.beat(accounts.who(accounts.sign_in("olga", PASSWORD, HERE)).id)
    assert accounts.present() == []


def test_the_last_here_is_the_newest_of_all_pages_at_the_desk_or_not(accounts: Accounts, clock: Clock) -> None:
    first, second = (accounts.who(accounts.sign_in("maria", PASSWORD, HERE)) for _ in range(2))
    clock.move(seconds=30)
    accounts.beat(first.id)
    assert accounts.last_here(first.member.id) == clock()
    clock.move(seconds=30)
    accounts.beat(second.id)
    accounts.set_at_desk(second.id, False)
    newest = clock()
    clock.move(minutes=10)
    assert accounts.last_here(first.member.id) == newest
    assert accounts.last_here(first.member.id + 1) is None


# ---- What is kept


def test_every_try_is_audited_newest_first(accounts: Accounts, clock: Clock) -> None:
    began = clock()
    token = accounts.sign_in("maria", PASSWORD, HERE)
    clock.move(minutes=1)
    accounts.sign_out(token)
    refused(accounts, "nobody")
    for _ in range(4):
        refused(accounts)
    accounts.disable("maria")
    refused(accounts, "maria", PASSWORD)
    refused(accounts, "maria", PASSWORD)
    assert outcomes(accounts) == [
        ("maria", "ok"),
        ("maria", "signed_out"),
        ("", "wrong"),
        *[("maria", "wrong")] * 4,
        ("maria", "disabled"),
        ("maria", "throttled"),
    ]
    assert [done.outcome for done in accounts.audit(2)] == ["throttled", "disabled"]
    assert [done.at for done in accounts.audit(9)] == [clock()] * 8 + [began]


def test_tidying_deletes_what_is_over_and_old_and_nothing_else(accounts: Accounts, engine: Engine, clock: Clock) -> None:
    refused(accounts)
    clock.move(days=AUDIT_DAYS - 1)
    for _ in range(2):
        accounts.sign_in("maria", PASSWORD, HERE)
    clock.move(minutes=IDLE_MINUTES - 1)
    kept = accounts.sign_in("maria", PASSWORD, HERE)
    clock.move(minutes=1)
    accounts.tidy()
    assert len(rows(engine, StaffSession)) == 1
    assert not is_over(accounts, kept)
    assert outcomes(accounts) == [("maria", "wrong"), *[("maria", "ok")] * 3]
    clock.move(days=1)
    accounts.tidy()
    assert rows(engine, StaffSession) == []
    assert outcomes(accounts) == [("maria", "ok")] * 3
    assert len(accounts.members()) == 1
