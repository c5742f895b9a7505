"""The operator's command line: ``python -m bot COMMAND``."""

import argparse
import os
import sys
from pathlib import Path

from bot.backup.command import add_backup, add_restore
from bot.directory.command import add_area, add_directory
from bot.doctor.command import add_doctor, run_doctor
from bot.errors import DeskError
from bot.settings import read_settings
from bot.switches.command import add_switch, run_switch


def _say(text: str) -> None:
    print(text, flush=True)


def _add_staff(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("username", metavar="USERNAME")
    add.add_argument("--name", metavar="NAME", required=True, help="what visitors see: a first name or a role")
    add.add_argument("--role", metavar="staff|officer", required=True)
    for action, text in (
        ("password", "change a password; it is asked for, or read from standard input"),
        ("disable", "let an account sign in no more"),
        ("enable", "let a disabled account sign in again"),
    ):
        actions.add_parser(action, help=text).add_argument("username", metavar="USERNAME")
    name = actions.add_parser("name", help="change the name that visitors see")
    name.add_argument("username", metavar="USERNAME")
    name.add_argument("name", metavar="NAME", help="a first name or a role")
    link = actions.add_parser("link", help="let whoever got an account by signing in with the council have an older one instead")
    link.add_argument("made", metavar="MADE", help="the account that was made at the council's sign-in, which is disabled")
    link.add_argument("username", metavar="USERNAME", help="the account to keep, which no password opens any more")
    actions.add_parser("list", help="show all accounts")


def _add_catalogue(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    export = actions.add_parser("export", help="write every text that can be translated, with what officers changed, as .po files")
    export.add_argument("folder", metavar="FOLDER", type=Path)
    bring = actions.add_parser("import", help="show what a translator's .po file would change; with --yes, change it")
    bring.add_argument("file", metavar="FILE.po", type=Path)
    bring.add_argument("--yes", action="store_true", help="change it")
    actions.add_parser("check", help="check that every language is whole; fails where something is missing, out of date or broken")


def _add_translate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="LANGUAGE", nargs="+", default=[], help="codes such as ps; without it, every language")
    parser.add_argument("--only", choices=("guidance", "services"), help="texts of the guidance or of services alone")
    parser.add_argument("--most", metavar="N", type=int, default=0, help="ask for no more than N texts")
    parser.add_argument("--dry-run", action="store_true", help="say how much would be sent where, and send nothing")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; give the exit status. Errors of ours and of the database are a message, without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Welcome Desk")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="build the directory and train the assistant, where their inputs changed")
    prepare.add_argument("--places", action="store_true", help="learn the place names alone")
    commands.add_parser("run", help="prepare, then start the three processes")
    commands.add_parser("web", help="the front door alone")
    commands.add_parser("rasa", help="Rasa alone, on loopback")
    commands.add_parser("actions", help="the action server alone, on loopback")
    _add_staff(commands.add_parser("staff", help="the accounts of the desk"))
    add_directory(commands.add_parser("directory", help="the directory of services"))
    add_area(commands.add_parser("area", help="the areas that can be served"))
    _add_catalogue(commands.add_parser("catalogue", help="texts and translations, out to translators and in again"))
    _add_translate(commands.add_parser("translate", help="drafts of what is not translated, from a provider that the operator has chosen"))
    add_switch(commands.add_parser("switch", help="switch the assistant or the handover to staff off at once, or on again"))
    add_backup(commands.add_parser("backup", help="write all that is kept to one file, also while the product runs"))
    add_restore(commands.add_parser("restore", help="put a backup in the place of what is kept"))
    add_doctor(commands.add_parser("doctor", help="look at everything and say in plain words what is wrong"))
    chosen = parser.parse_args(arguments)
    if chosen.command == "doctor":
        # Before the settings are read: they may be what is wrong.
        return run_doctor(chosen, _say)
    try:
        settings = read_settings()
        if chosen.command == "staff":
            from bot.handover.command import run_staff

            run_staff(settings, chosen, _say)
            return 0
        if chosen.command == "directory":
            if chosen.action == "check-links":
                from bot.links.command import run_check_links

                return run_check_links(settings, chosen, _say)
            from bot.directory.file_command import run_export, run_import

            if chosen.action == "export":
                return run_export(settings, chosen, _say)
            from bot.fetching.feed import fetch_feed

            return run_import(settings, chosen, _say, lambda address, allowed, tell: fetch_feed(address, allowed, progress=tell))
        if chosen.command == "area":
            from bot.directory.command import run_area

            run_area(chosen, _say)
            return 0
        if chosen.command == "translate":
            from bot.drafting.command import run_translate

            run_translate(settings, chosen, _say)
            return 0
        if chosen.command == "catalogue":
            from bot.answers.command import run_catalogue

            run_catalogue(settings, chosen, _say)
            return 0
        if chosen.command in ("backup", "restore"):
            from bot.backup.command import run_backup, run_restore

            (run_backup if chosen.command == "backup" else run_restore)(settings, chosen, _say)
            return 0
        if chosen.command == "switch":
            run_switch(settings, chosen, _say)
            return 0
        from bot import runner

        if chosen.command in ("prepare", "run"):
            if chosen.command == "run":
                runner.check_ports(settings)
                return runner.prepare_apart() or runner.run_all(settings)
            os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)
            from bot.preparing import Preparation

            preparation = Preparation(settings, _say)
            (preparation.learn_places if chosen.places else preparation.run)()
            return 0
        {"web": runner.run_web, "rasa": runner.run_rasa, "actions": runner.run_actions}[chosen.command](settings)
        return 0
    except DeskError as error:
        print(str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        from bot.database import is_fault_of_database

        if not is_fault_of_database(error):
            raise
        # What it says in its first line names the server, and never a password or a value.
        print(f"The database cannot be used: {str(error).splitlines()[0]}", file=sys.stderr)
        print("See DATABASE_URL, and whether its server runs; nothing was changed that was not finished.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
