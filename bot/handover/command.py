"""The operator's command for accounts: ``python -m bot staff``. Passwords are typed or piped in, and never shown."""

import argparse
import getpass
import sys
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from bot.database import migrate, open_database
from bot.errors import AccountError, SetUpError
from bot.handover.accounts import Accounts
from bot.handover.identities import Identities
from bot.settings import Settings


def read_password() -> str:
    """Ask for a password twice on a terminal; where standard input is none, read one line of it (UTF-8).

    Raises AccountError where the two differ, or where there is no password to read.
    """
    try:
        if not sys.stdin.isatty():
            return sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise AccountError("The two passwords differ, and nothing was changed. Start again.")
        return password
    except EOFError as error:
        raise AccountError("No password was given, and nothing was changed. Start again.") from error
    except UnicodeDecodeError:
        # Not chained: the error holds the bytes.
        raise AccountError("The password is not UTF-8, and nothing was changed. Set the terminal to UTF-8.") from None


def run_staff(settings: Settings, chosen: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Do what ``chosen.action`` says: add, password, name, list, disable, enable or link; the tables are made or migrated first.

    Raises AccountError where it cannot be done, SetUpError where the database cannot be opened.
    """
    try:
        engine = open_database(settings.database_url)
        migrate(engine)
    except (OperationalError, OSError) as error:
        raise SetUpError("The database cannot be opened: check DATABASE_URL and VAR_DIR, and that it runs.") from error
    accounts, identities = Accounts(engine), Identities(engine)
    if chosen.action == "add":
        member = accounts.add(chosen.username, chosen.name, chosen.role, read_password())
        say(f"{member.username} can sign in now. Visitors will see the name {member.name}; the role is {member.role}.")
    elif chosen.action == "password":
        accounts.set_password(chosen.username, read_password())
        say(f"{chosen.username} has a new password and is signed out everywhere.")
    elif chosen.action == "name":
        accounts.set_name(chosen.username, chosen.name)
        say(f"Visitors will see a new name for {chosen.username}.")
    elif chosen.action == "disable":
        accounts.disable(chosen.username)
        say(f"{chosen.username} can sign in no more and is signed out everywhere.")
    elif chosen.action == "enable":
        accounts.enable(chosen.username)
        say(f"{chosen.username} can sign in again.")
    elif chosen.action == "link":
        identities.link(chosen.made, chosen.username)
        say(f"Whoever signed in with the council as {chosen.made} has the account {chosen.username} now, which no password opens any more.")
        say(f"{chosen.made} is disabled; both are signed out everywhere.")
    else:
        members, linked = accounts.members(), identities.linked()
        for member in members:
            how = ", signs in with the council" if member.id in linked else ""
            say(f"{member.username} is {member.name}, role {member.role}{how}{', and is disabled' if member.disabled_at else ''}.")
        if not members:
            say("There are no accounts yet: `python -m bot staff add USERNAME --name NAME --role staff` makes one.")
