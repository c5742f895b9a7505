"""Files on the operator's command line: ``python -m bot directory import`` and ``export``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bot.database import migrate, one_moment, open_database
from bot.directory.files import export, gather, is_feed, read_files
from bot.directory.importing import Choices, Importer, Plan, Progress
from bot.directory.ledger import Officer
from bot.directory.sheets import Problem
from bot.errors import Overtaken, PackError
from bot.settings import Settings

Say = Callable[[str], None]
Fetch = Callable[[str, Sequence[str], Progress], list[dict[str, Any]]]
SHOWN_AT_MOST = 200
"""Problems and changes that are listed; all are counted."""
GOOD, FAULTS = 0, 1
"""The exit statuses."""


def run_import(settings: Settings, chosen: argparse.Namespace, say: Say, fetch: Fetch) -> int:
    """Show what an import would change and, where it is said, do it; give the exit status.

    ``fetch`` reads a feed's services from an address that the operator allows. Raises PackError, or FeedError where it cannot.
    """
    same = dict(pair.partition("=")[::2] for pair in chosen.same)
    problems: list[Problem] = []
    files = _gather(settings, chosen.path, fetch)
    feed = all(is_feed(name, content) for name, content in files)
    choices = Choices(chosen.leave_out, chosen.end_missing, same, feed, chosen.only_new, chosen.restore)
    rows = read_files(files, problems)
    engine = open_database(settings.database_url)
    migrate(engine)
    importer = Importer(engine)
    with _bar("checking") as progress:
        plan = importer.plan(rows, problems, choices, progress)
    _show(plan, say)
    if plan.blocked:
        say("Nothing was imported. Put these right, or leave the records out with --leave-out.")
        return FAULTS
    if not plan.changes:
        return GOOD
    if not chosen.yes:
        say("Nothing was imported yet: add --yes to do it.")
        return GOOD
    try:
        with _bar("importing") as progress:
            done = importer.apply(plan, Officer(0, chosen.by), chosen.path, choices, progress)
    except Overtaken as error:
        raise PackError([Problem(chosen.path, 0, "", "", f"{error}: nothing was imported. Try again.")]) from error
    say(f"{done.done} records were imported; {done.proposed} wait for an officer's approval.")
    return GOOD


def _gather(settings: Settings, path: str, fetch: Fetch) -> list[tuple[str, bytes]]:
    if not path.startswith(("http://", "https://")):
        return gather(Path(path))
    with _bar("reading") as progress:
        services = fetch(path, settings.feed_allow, progress)
    return [(f"{path}.json", json.dumps(services).encode())]


def run_export(settings: Settings, chosen: argparse.Namespace, say: Say) -> int:
    """Write the directory to files; give the exit status."""
    with one_moment(open_database(settings.database_url)) as session:
        written = export(session, Path(chosen.path))
    say("Written: " + ", ".join(str(path) for path in written))
    return GOOD


def _show(plan: Plan, say: Say) -> None:
    """Say what is wrong, what would change, and what may be the same."""
    for problem in plan.problems[:SHOWN_AT_MOST]:
        say(str(problem))
    for (kind, action), count in sorted(plan.counts().items()):
        say(f"{action}: {count} of kind {kind}")
    for one in plan.changes[:SHOWN_AT_MOST]:
        say(f"  {one.action} {one.kind} {one.key}")
    hidden = max(0, len(plan.problems) - SHOWN_AT_MOST) + max(0, len(plan.changes) - SHOWN_AT_MOST)
    if hidden:
        say(f"  and {hidden} more")
    for twin in plan.duplicates:
        reasons = ", ".join(twin.reasons)
        say(f"May be the same ({reasons}): {twin.name} ({twin.key}) and {twin.other_name}: --same {twin.key}={twin.other}")
    say(f"{plan.unchanged} records stay as they are, {plan.left_out} have a fault.")


@contextmanager
def _bar(what: str) -> Iterator[Progress]:
    """Show on a terminal how far something is."""
    with tqdm(desc=what, unit=" records", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield tell
