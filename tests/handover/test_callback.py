"""How a visitor wants to be called back: checked when it is left, unreadable in the database."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.errors import MessageRefused
from bot.handover.callback import KEY_FILE, Vault, read_contact


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("07700 900123", "07700 900123"),
        ("+44 7700 900123", "07700 900123"),
        (" (01223) 555 123 ", "01223 555123"),
        ("+380 44 123 4567", "+380 44 123 4567"),
        ("someone@example.org", "someone@example.org"),
    ],
)
def test_a_number_or_address_is_kept_as_it_is_used(typed: str, kept: str) -> None:
    assert read_contact(typed) == kept


@pytest.mark.parametrize("typed", ["", "call me", "12345", "07700", "someone@", "@example.org", "a@b@c"])
def test_what_cannot_be_used_is_refused(typed: str) -> None:
    with pytest.raises(MessageRefused, match=r"error\.contact"):
        read_contact(typed)


def test_what_is_locked_tells_nothing_and_unlocks_with_the_same_key_after_a_start(tmp_path: Path) -> None:
    locked = Vault(tmp_path).lock("07700 900123")
    assert b"900123" not in locked
    assert Vault(tmp_path).unlock(locked) == "07700 900123"


def test_only_this_user_may_read_the_key(tmp_path: Path) -> None:
    Vault(tmp_path)
    assert stat.S_IMODE(os.stat(tmp_path / KEY_FILE).st_mode) == 0o600


def test_with_another_key_nothing_is_read(tmp_path: Path) -> None:
    assert Vault(tmp_path / "one").unlock(Vault(tmp_path / "two").lock("07700 900123")) is None


def test_of_several_that_start_at_once_all_have_the_same_whole_key(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            secrets = set(pool.map(lambda _: Vault(folder).secret_for("test"), range(8)))  # noqa: B023 - the pool is done within the turn
        assert len(secrets) == 1
        assert [path.name for path in folder.iterdir()] == [KEY_FILE]
