"""How long a refused sign-in takes tells nobody whether a user name exists: the same work is done, and the hash takes the time."""

import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.database import open_database
from bot.errors import SignInRefused
from bot.handover.accounts import Accounts
from tests.builders import PASSWORD

KNOWN, CLOSED = "anna", "carl"
WRONG = "wrong words here"
TYPED = [(KNOWN, WRONG), ("nobody.at-all", WRONG), (CLOSED, PASSWORD), (CLOSED, WRONG), ("no such name!", PASSWORD)]


class Counting(PasswordHasher):
    """The product's hasher, counting what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.asked["hash"] += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override] # noqa: A002
        self.asked["verify"] += 1
        return bool(super().verify(hash, password))


@pytest.fixture
def sqlite(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copyfile(migrated_file, tmp_path / "accounts.db")
    database = open_database(f"sqlite:///{tmp_path / 'accounts.db'}")
    yield database
    database.dispose()


@pytest.fixture
def hasher() -> Counting:
    return Counting()


@pytest.fixture
def accounts(sqlite: Engine, hasher: Counting) -> Accounts:
    made = Accounts(sqlite, hasher=hasher)
    for username in (KNOWN, CLOSED):
        made.add(username, username.title(), "staff", PASSWORD)
    made.disable(CLOSED)
    hasher.asked.clear()
    return made


def refused(accounts: Accounts, username: str, password: str, address: str) -> float:
    """Try to sign in; give the seconds until it was refused."""
    began = time.perf_counter()
    with pytest.raises(SignInRefused):
        accounts.sign_in(username, password, address)
    return time.perf_counter() - began


@pytest.mark.parametrize(("username", "password"), TYPED)
def test_whatever_is_wrong_one_password_is_verified_and_none_is_hashed(
    accounts: Accounts, hasher: Counting, username: str, password: str
) -> None:
    refused(accounts, username, password, "192.0.2.1")
    assert hasher.asked == {"verify": 1}


def test_the_hash_that_stands_in_for_an_account_costs_what_a_real_one_does(accounts: Accounts, hasher: Counting) -> None:
    from argon2 import extract_parameters

    assert extract_parameters(accounts._dummy) == extract_parameters(hasher.hash(PASSWORD))


def test_whatever_is_wrong_one_row_is_written_and_the_same_kind_of_row(accounts: Accounts, sqlite: Engine) -> None:
    written: list[str] = []

    @event.listens_for(sqlite, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith(("SELECT", "PRAGMA", "BEGIN")):
            written.append(statement)

    kinds = []
    for number, (username, password) in enumerate(TYPED):
        written.clear()
        refused(accounts, username, password, f"192.0.2.{number}")
        kinds.append(tuple(statement.split("(")[0] for statement in written if "UPDATE" not in statement))
    assert len(set(kinds)) == 1, kinds


def test_the_difference_that_is_left_is_small_beside_the_hash(accounts: Accounts) -> None:
    """Measured side by side, so that a busy machine slows both; medians, because of what a machine does besides.

    What remains is a look into the database (some 0.3 ms beside the hash's tens of milliseconds), less than the tries of one throttled
    address could ever tell apart.
    """
    took: dict[str, list[float]] = {KNOWN: [], "nobody.at-all": []}
    for number in range(16):
        for username, times in took.items():
            times.append(refused(accounts, username, WRONG, f"198.51.100.{number}" if number % 2 else f"203.0.113.{number}"))
    known, unknown = (statistics.median(times) for times in took.values())
    spread = statistics.median(abs(a - b) for a, b in zip(*took.values(), strict=True))
    assert abs(known - unknown) < max(0.25 * unknown, 3 * spread), (known, unknown, spread)
