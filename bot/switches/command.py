"""The operator's command ``python -m bot switch``: a brake for the hours when no officer is there."""

import argparse
from collections.abc import Callable

from bot.errors import DeskError, SetUpError, SwitchRefused
from bot.settings import Settings

BY = "the operator"


def add_switch(parser: argparse.ArgumentParser) -> None:
    """Add what ``switch`` can be asked for."""
    actions = parser.add_subparsers(dest="what", required=True)
    for what, text in (
        ("assistant", "the assistant's answers; urgent words are given in any case"),
        ("handover", "new chats with staff, and new messages to them"),
    ):
        switch = actions.add_parser(what, help=text)
        switch.add_argument("position", choices=("off", "on"))
        switch.add_argument("--why", metavar="REASON", required=True, help="for officers; visitors never see it")
        switch.add_argument("--message", metavar="TEXT", default="", help="English words that visitors see while it is off")
    actions.add_parser("show", help="say what is off")


def run_switch(settings: Settings, chosen: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Switch ``chosen.what`` off or on, and say how both stand then; running front doors take it in within two seconds.

    Raises SetUpError where the database cannot be opened, DeskError where the reason or the message cannot be taken.
    """
    # Here, so that the doctor can say it where a package is missing.
    from sqlalchemy.exc import OperationalError

    from bot.answers.catalogue import Catalogues
    from bot.answers.moments import day_and_time
    from bot.database import migrate, open_database
    from bot.switches.off_switches import SWITCHES, OffSwitches

    try:
        engine = open_database(settings.database_url)
        migrate(engine)
    except (OperationalError, OSError) as error:
        raise SetUpError("The database cannot be opened: check DATABASE_URL and VAR_DIR, and that it runs.") from error
    switches, words = OffSwitches(engine), Catalogues()
    try:
        if chosen.what == "show":
            pass
        elif chosen.position == "off":
            switches.switch_off(chosen.what, BY, chosen.why, chosen.message)
        elif not switches.switch_on(chosen.what, BY, chosen.why):
            say(words.say("en", "officer.off.done.already"))
    except SwitchRefused as refused:
        raise DeskError(words.say("en", f"officer.off.wrong.{refused.what}", **refused.values)) from refused
    for what in SWITCHES:
        off = switches.off(what)
        if off:
            say(words.say("en", f"staff.off.{what}", name=off.by, moment=day_and_time(off.since, "en")))
        else:
            say(words.say("en", f"officer.off.is_on.{what}"))
