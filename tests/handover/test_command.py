"""The operator's command for accounts, run as operators run it: a process of its own, on a pipe and on a terminal."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest

from bot.council.claims import Person
from bot.database import open_database
from bot.errors import SignInRefused
from bot.handover.accounts import Accounts
from bot.handover.identities import Identities
from bot.settings import ROOT

PASSWORD = "copper lantern otter"
ANOTHER = "gravel teapot sunday"
ADD = ("add", "maria", "--name", "Maria", "--role", "staff")
PATIENCE = 60
"""Seconds after which a terminal that says nothing is taken to be stuck."""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("AREA", "DATABASE_URL", "VAR_DIR")}


class Desk:
    """A product that was never started, in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {**environment, "VAR_DIR": str(folder)}

    def staff(self, *arguments: str, typed: str | bytes = "", **settings: str) -> "subprocess.CompletedProcess[bytes]":
        """Run ``python -m bot staff`` with a pipe as its standard input."""
        return subprocess.run(
            [sys.executable, "-m", "bot", "staff", *arguments],
            cwd=ROOT,
            env={**self.environment, **settings},
            input=typed.encode() if isinstance(typed, str) else typed,
            capture_output=True,
            check=False,
        )

    def on_terminal(self, *arguments: str, answers: list[str]) -> tuple[int, str]:
        """Run it on a terminal, answering each question; give the exit status and all that the terminal showed."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "-m", "bot", "staff", *arguments], self.environment)
        shown, waiting = "", list(answers)
        try:
            while True:
                if not select.select([terminal], [], [], PATIENCE)[0]:
                    raise AssertionError(f"nothing more came after: {shown}")
                try:
                    more = os.read(terminal, 4096).decode()
                except OSError:  # Linux says so when the other side is closed
                    more = ""
                if not more:
                    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown
                shown += more
                if shown.endswith((": ",)) and waiting:
                    os.write(terminal, waiting.pop(0).encode())
        finally:
            os.close(terminal)

    def accounts(self) -> Accounts:
        return Accounts(open_database(f"sqlite:///{self.folder / 'cambridgeshire.db'}"))

    def lets_in(self, password: str) -> bool:
        try:
            self.accounts().sign_in("maria", password, "192.0.2.7")
        except SignInRefused:
            return False
        return True


@pytest.fixture
def desk(tmp_path: Path, environment: dict[str, str]) -> Desk:
    return Desk(tmp_path / "var", environment)


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()


def test_an_account_made_before_the_first_start_can_sign_in(desk: Desk) -> None:
    done = desk.staff(*ADD, typed=f"{PASSWORD}\nmore lines\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines(done.stdout) == ["maria can sign in now. Visitors will see the name Maria; the role is staff."]
    assert desk.lets_in(PASSWORD)


def test_an_account_goes_through_its_life(desk: Desk) -> None:
    assert "There are no accounts yet" in desk.staff("list").stdout.decode()
    desk.staff(*ADD, typed=PASSWORD)
    desk.staff("add", "ali", "--name", "مه\u200cسا", "--role", "officer", typed=f"{PASSWORD}\r\n")
    token = desk.accounts().sign_in("maria", PASSWORD, "192.0.2.7")
    said = [
        desk.staff("password", "maria", typed=ANOTHER),
        desk.staff("disable", "maria"),
        desk.staff("list"),
        desk.staff("enable", "maria"),
    ]
    assert [(done.returncode, done.stderr) for done in said] == [(0, b"")] * 4
    assert [lines(done.stdout) for done in said] == [
        ["maria has a new password and is signed out everywhere."],
        ["maria can sign in no more and is signed out everywhere."],
        ["ali is مه\u200cسا, role officer.", "maria is Maria, role staff, and is disabled."],
        ["maria can sign in again."],
    ]
    assert not desk.lets_in(PASSWORD)
    assert desk.lets_in(ANOTHER)
    assert all(secret not in done.stdout.decode() for done in said for secret in (PASSWORD, ANOTHER, token))


def test_what_visitors_see_can_be_changed(desk: Desk) -> None:
    desk.staff(*ADD, typed=PASSWORD)
    done = desk.staff("name", "maria", "Library North")
    assert (done.returncode, lines(done.stdout)) == (0, ["Visitors will see a new name for maria."])
    assert lines(desk.staff("list").stdout) == ["maria is Library North, role staff."]


def test_an_account_of_the_council_s_is_listed_and_can_be_changed_for_an_older_one(desk: Desk) -> None:
    desk.staff(*ADD, typed=PASSWORD)
    identities = Identities(open_database(f"sqlite:///{desk.folder / 'cambridgeshire.db'}"))
    identities.sign_in(Person("https://login.example", "sub-maria", "Maria", "m.lee@council.example", "staff", ""), "Librarian")
    assert lines(desk.staff("list").stdout)[0] == "m.lee is Maria, role staff, signs in with the council."
    done = desk.staff("link", "m.lee", "maria")
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines(desk.staff("list").stdout) == [
        "m.lee is Maria, role staff, and is disabled.",
        "maria is Maria, role staff, signs in with the council.",
    ]
    assert not desk.lets_in(PASSWORD)


WRONG: dict[str, tuple[tuple[str, ...], str | bytes, str]] = {
    "short": (ADD, "short-word", "three random words"),
    "none": (ADD, "", "three random words"),
    "empty line": (ADD, f"\n{PASSWORD}\n", "three random words"),
    "not UTF-8": (ADD, b"copper lantern \xff\xfe", "UTF-8"),
    "username": (("add", "Maria!", "--name", "Maria", "--role", "staff"), PASSWORD, "lower-case"),
    "name": (("add", "maria", "--name", "Ma\nria", "--role", "staff"), PASSWORD, "first name or a role"),
    "role": (("add", "maria", "--name", "Maria", "--role", "boss"), PASSWORD, "staff or officer"),
    "unknown": (("disable", "nobody"), "", "staff list"),
    "unknown to name": (("name", "nobody", "Maria"), "", "staff list"),
    "unknown to link": (("link", "nobody", "maria"), "", "staff list"),
}


@pytest.mark.parametrize(("arguments", "typed", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_is_one_message_and_a_status(desk: Desk, arguments: tuple[str, ...], typed: str | bytes, told: str) -> None:
    done = desk.staff(*arguments, typed=typed)
    assert (done.returncode, done.stdout) == (1, b"")
    assert len(lines(done.stderr)) == 1
    assert told in done.stderr.decode()
    assert not typed or (typed.encode() if isinstance(typed, str) else typed).strip() not in done.stderr
    assert desk.accounts().members() == []


def test_a_password_is_never_an_argument(desk: Desk) -> None:
    for arguments in ((*ADD, PASSWORD), (*ADD, "--password", PASSWORD)):
        done = desk.staff(*arguments)
        assert done.returncode == 2
        assert b"unrecognized arguments" in done.stderr


@pytest.mark.parametrize("url", ["postgresql://desk:hush-hush@127.0.0.1:1/none", "nothing://hush-hush", "no url hush-hush"])
def test_a_database_that_cannot_be_opened_is_one_message_without_its_password(desk: Desk, url: str) -> None:
    done = desk.staff("list", DATABASE_URL=url)
    assert done.returncode == 1
    assert len(lines(done.stderr)) == 1
    assert b"DATABASE_URL" in done.stderr
    assert b"hush-hush" not in done.stderr


def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(desk: Desk) -> None:
    status, shown = desk.on_terminal(*ADD, answers=[f"{PASSWORD}\n", f"{PASSWORD}\n"])
    assert status == 0, shown
    assert "maria can sign in now." in shown
    assert shown.index("Password: ") < shown.index("The same again: ")
    assert PASSWORD not in shown
    assert desk.lets_in(PASSWORD)


@pytest.mark.parametrize(("answers", "told"), [([PASSWORD, ANOTHER], "The two passwords differ"), (["\x04"], "No password was given")])
def test_on_a_terminal_two_different_passwords_or_none_change_nothing(desk: Desk, answers: list[str], told: str) -> None:
    status, shown = desk.on_terminal(*ADD, answers=[answer if answer == "\x04" else f"{answer}\n" for answer in answers])
    assert status == 1, shown
    assert told in shown
    assert "Traceback" not in shown
    assert not [answer for answer in answers if answer in shown and answer != "\x04"]
    assert desk.accounts().members() == []
