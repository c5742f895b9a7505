"""What the operator can ask of the directory and of an area: ``python -m bot directory`` and ``python -m bot area``.

The check of web addresses calls other computers, which nothing in this room does: ``bot.links.command`` carries it out.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.errors import AreaError

Say = Callable[[str], None]


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Add what ``directory`` can be asked for."""
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check-links", help="ask for every public web address and say what does not work; needs LINK_CHECK=on")
    check.add_argument("--csv", metavar="FILE", help="write all that was found as a sheet for Excel too")
    bring = actions.add_parser("import", help="bring files into the directory: shows what would change, and with --yes does it")
    bring.add_argument("path", metavar="PATH", help="CSV, .xlsx, .zip, Open Referral UK as JSON, a folder of these, or a feed's address")
    bring.add_argument("--yes", action="store_true", help="do it")
    bring.add_argument("--leave-out", action="store_true", help="leave out records with a bad row")
    bring.add_argument("--end-missing", action="store_true", help="take out what the sheets do not hold")
    bring.add_argument(
        "--same", metavar="NEW=OLD", action="append", default=[], help="a new service is an existing one; may be given often"
    )
    bring.add_argument("--only-new", action="store_true", help="add what is not there yet, and change nothing")
    bring.add_argument("--restore", action="store_true", help="a backup of your own: takes over who checked what, and needs no approval")
    bring.add_argument("--by", metavar="NAME", default="operator", help="who is named in the history")
    take = actions.add_parser("export", help="write the whole directory: CSV files in a folder, or one .xlsx or .zip file")
    take.add_argument("path", metavar="PATH")


def add_area(parser: argparse.ArgumentParser) -> None:
    """Add what ``area`` can be asked for."""
    actions = parser.add_subparsers(dest="action", required=True)
    new = actions.add_parser("new", help="make the empty sheets of a new area; what is not given is asked for")
    new.add_argument("name", metavar="NAME", help="small letters and _, such as west_sussex; AREA=NAME serves it later")
    new.add_argument("--title", metavar="TITLE", help="its name as people write it, such as 'West Sussex'")
    new.add_argument("--kind", metavar="county|district|city", help="what it is")
    new.add_argument(
        "--parent", metavar="PLACE", help="the key of what it lies in, such as south_east; not needed where England's sheet has the place"
    )
    check = actions.add_parser("check", help="say what is wrong in the sheets of an area, and what it still lacks")
    check.add_argument("name", metavar="NAME")


def run_area(chosen: argparse.Namespace, say: Say) -> None:
    """Do what ``chosen.action`` says. Raises AreaError, or PackError listing every fault of the sheets."""
    if chosen.action == "new":
        _new(chosen, say)
    else:
        _check(chosen.name, say)


def _new(chosen: argparse.Namespace, say: Say) -> None:
    from bot.answers.catalogue import Catalogues
    from bot.directory.area import new_area
    from bot.directory.hours import BRITISH_TIME

    words = Catalogues()
    title = chosen.title or _asked(words.say("en", "officer.area.ask_title"), "--title")
    kind = chosen.kind or _asked(words.say("en", "officer.area.ask_kind"), "--kind")
    today = datetime.now(BRITISH_TIME).date()
    folder = new_area(chosen.name, title, kind, chosen.parent or "", today)
    say(words.say("en", "officer.area.made", folder=folder, area=chosen.name))


def _asked(question: str, option: str) -> str:
    """Ask on a terminal. Raises AreaError where there is none."""
    try:
        if sys.stdin.isatty():
            return input(f"{question} ").strip()
    except EOFError:
        pass
    raise AreaError(f"Nothing was made: give {option} too.")


def _check(name: str, say: Say) -> None:
    """Read the pack as a start would, into a database that is thrown away, and say what is missing."""
    from bot.answers.catalogue import Catalogues
    from bot.database import migrate, open_database
    from bot.directory.area import PACKS, SHEETS, area_names
    from bot.directory.coverage import gaps, own_services
    from bot.directory.hours import BRITISH_TIME
    from bot.directory.pack import load_pack
    from bot.directory.records import read_directory

    if name not in area_names():
        raise AreaError(f"There is no area {name!r}: give one of {', '.join(area_names())}, or make it with `python -m bot area new`.")
    words = Catalogues()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'check.db'}")
        migrate(engine)
        load_pack(engine, name)
        directory = read_directory(engine)
        engine.dispose()
    places = sum(place.inside for place in directory.places.values())
    say(words.say("en", "officer.area.sound", area=directory.area.name, services=len(own_services(directory)), places=places))
    missing = [words.say("en", "officer.area.no_sheet", sheet=sheet) for sheet in SHEETS if not (PACKS / name / sheet).exists()]
    for gap in gaps(directory, datetime.now(BRITISH_TIME).date()):
        put = {**gap.values, "topic": words.say("en", f"topic.{gap.values['topic']}")} if "topic" in gap.values else gap.values
        missing.append(words.say("en", f"officer.area.gap.{gap.what}", **put))
    say(words.say("en", "officer.area.missing" if missing else "officer.area.whole", area=name))
    for text in missing:
        say(f"- {text}")
