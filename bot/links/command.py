"""The operator's command ``python -m bot directory check-links``: it asks for every public web address and changes nothing."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import OperationalError, ProgrammingError
from tqdm import tqdm

from bot import __version__
from bot.answers.catalogue import Catalogues
from bot.database import open_database
from bot.directory.hours import BRITISH_TIME
from bot.errors import SetUpError
from bot.links.addresses import WebAddress, read_addresses
from bot.links.fetching import NAME, Checker, look_at_all
from bot.links.report import report, write_sheet
from bot.links.verdicts import Finding, Verdict
from bot.settings import Settings

SOMETHING_TO_DO = 3
"""The exit status where an address does not work."""


def agent_of(settings: Settings) -> str:
    """Give what sites are told of who asks: the name, and the address of this installation where it is set."""
    about = f" (+{settings.public_url})" if settings.public_url else ""
    return f"{NAME}/{__version__} link check{about}"


def run_check_links(
    settings: Settings,
    chosen: argparse.Namespace,
    say: Callable[[str], None],
    checker: Callable[[str], Checker] = Checker,
) -> int:
    """Check the addresses and say what was found; give the exit status: 0, or SOMETHING_TO_DO.

    ``checker`` makes what asks, from the name to ask under. Nothing is asked unless the setting LINK_CHECK is on. Raises SetUpError where
    the directory is not there, or the sheet ``chosen.csv`` cannot be written.
    """
    catalogues = Catalogues()
    if not settings.link_check:
        say(catalogues.say("en", "officer.link.off"))
        return 0
    addresses = _addresses(settings)
    say(catalogues.say("en", "officer.link.begins", all=len({address.url for address in addresses})))
    found = asyncio.run(_look(checker(agent_of(settings)), addresses))
    for line in report(addresses, found, catalogues):
        say(line)
    if chosen.csv:
        try:
            write_sheet(Path(chosen.csv), addresses, found, catalogues, datetime.now(BRITISH_TIME).date())
        except OSError as error:
            raise SetUpError(f"The sheet {chosen.csv} cannot be written: give another file with --csv.") from error
    return 0 if all(finding.verdict is Verdict.WORKS for finding in found.values()) else SOMETHING_TO_DO


def _addresses(settings: Settings) -> list[WebAddress]:
    try:
        engine = open_database(settings.database_url)
        try:
            return read_addresses(engine)
        finally:
            engine.dispose()
    except (OperationalError, ProgrammingError, OSError) as error:
        raise SetUpError("The directory is not there yet: run `make run`, or `python -m bot prepare`.") from error


async def _look(checker: Checker, addresses: list[WebAddress]) -> dict[str, Finding]:
    urls = [address.url for address in addresses]
    with tqdm(total=len(set(urls)), unit="address", file=sys.stderr, disable=None) as shown:
        async with checker:
            return await look_at_all(checker, urls, lambda url: shown.update() and None)
