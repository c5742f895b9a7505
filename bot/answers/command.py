"""The operator's command for catalogues: ``python -m bot catalogue``. Files for translators, out and in, and whether all is whole."""

import argparse
from collections.abc import Callable
from datetime import datetime, timezone

from sqlalchemy.exc import OperationalError

from bot.answers.catalogue import Catalogues
from bot.answers.checking import check_catalogues
from bot.answers.exchange import Changes, export_all, read_upload
from bot.answers.wording import Wordings, needs_second_officer
from bot.database import migrate, open_database
from bot.directory.hours import BRITISH_TIME
from bot.directory.records import Directory
from bot.errors import CatalogueRefused, DeskError, SetUpError, WordingRefused
from bot.opening import open_directory
from bot.settings import Settings

OPERATOR = "the operator"
"""Who is said to have changed what comes in by this command."""


def run_catalogue(settings: Settings, chosen: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Do what ``chosen.action`` says: export, import or check; the tables are made or migrated first.

    Raises SetUpError where the database, the folder or the file cannot be opened, DeskError with every fault of what was checked.
    """
    try:
        engine = open_database(settings.database_url)
        migrate(engine)
    except (OperationalError, OSError) as error:
        raise SetUpError("The database cannot be opened: check DATABASE_URL and VAR_DIR, and that it runs.") from error
    directory = open_directory(settings).current()
    wordings = Wordings(engine, lambda: datetime.now(timezone.utc))
    catalogues = Catalogues(wordings=wordings)
    if chosen.action == "check":
        _check(catalogues, directory, say)
        return
    if chosen.action == "export":
        try:
            files = export_all(catalogues, directory, chosen.folder)
        except OSError as error:
            raise SetUpError(f"{chosen.folder} cannot be written to: choose another folder.") from error
        say(f"{len(files)} files are written to {chosen.folder}.")
        return
    try:
        content = chosen.file.read_bytes()
    except OSError as error:
        raise SetUpError(f"{chosen.file} cannot be read.") from error
    try:
        changes = read_upload(content, catalogues, directory)
        _show(changes, catalogues, say)
        if chosen.yes:
            wordings.propose(changes.drafts, OPERATOR, None, chosen.file.name[:200])
    except CatalogueRefused as refused:
        told = [_fault(catalogues, chosen.file.name, *fault) for fault in refused.faults]
        raise DeskError("\n".join([*told, catalogues.say("en", "officer.files.nothing_taken")])) from refused
    except WordingRefused as refused:
        raise DeskError(
            f"{catalogues.say('en', refused.key, **refused.values)} {catalogues.say('en', 'officer.files.nothing_taken')}"
        ) from refused
    if changes.changes:
        say(catalogues.say("en", "officer.files.taken" if chosen.yes else "officer.files.say_yes"))


def _check(catalogues: Catalogues, directory: Directory, say: Callable[[str], None]) -> None:
    """Say how each language stands. Raises DeskError with every fault."""
    checked = check_catalogues(catalogues, directory, datetime.now(BRITISH_TIME).date())
    for language, counted in checked.counted.items():
        by = "; ".join(f"{catalogues.say('en', f'officer.standing.{standing}')}: {number}" for standing, number in counted.items())
        say(f"{language}: {sum(counted.values())} texts. {by}.")
    say(catalogues.say("en", "officer.check.services", count=checked.services))
    if checked.faults:
        told = (f"{f.language} {f.domain}: {f.key}: {catalogues.say('en', f.why.key, **f.why.values)}" for f in checked.faults)
        raise DeskError("\n".join([*told, catalogues.say("en", "officer.check.faults", count=len(checked.faults))]))
    say(catalogues.say("en", "officer.check.whole"))


def _fault(catalogues: Catalogues, name: str, line: int, key: str, fault: WordingRefused) -> str:
    where = ":".join(part for part in (name, str(line) if line else "") if part)
    return f"{where}: {f'{key}: ' if key else ''}{catalogues.say('en', fault.key, **fault.values)}"


def _show(changes: Changes, catalogues: Catalogues, say: Callable[[str], None]) -> None:
    """Say what would change and what is left aside, a line for each."""
    for line, key, why in changes.aside:
        say(f"{line}: {key}: {catalogues.say('en', f'officer.files.aside.{why}')}")
    for change in changes.changes:
        draft = change.draft
        second = f" {catalogues.say('en', 'officer.words.second')}" if needs_second_officer(draft.domain, draft.key) else ""
        say(f"{change.line}: {draft.key}:{second}\n  - {change.old}\n  + {draft.text} [{draft.review}]")
    say(catalogues.say("en", "officer.files.counted", changed=len(changes.changes), aside=len(changes.aside)))
