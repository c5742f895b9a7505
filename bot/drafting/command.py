"""The operator's command ``python -m bot translate``: drafts of what is not translated of the directory and the guidance.

It reads texts of the directory and nothing else, so it cannot be pointed at what visitors write. Each draft is kept as soon as it is
there, marked as made by a machine; what is kept or waits for an officer is not asked for again, so a broken run goes on where it was.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

from sqlalchemy.exc import OperationalError
from tqdm import tqdm

from bot.answers.catalogue import OF_RECORDS, TRANSLATED, Catalogues
from bot.answers.proofreading import tidy
from bot.answers.standing import MISSING, STALE, Line, find_line, lines
from bot.answers.wording import DRAFTED, Draft, Wordings
from bot.database import migrate, open_database
from bot.drafting.providers import Provider, open_provider
from bot.errors import DeskError, SetUpError, WordingRefused
from bot.opening import open_directory
from bot.settings import Settings

BY = "the operator"


def run_translate(settings: Settings, chosen: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Ask the provider for drafts and keep them; with ``chosen.dry_run`` say what would be sent.

    Raises SetUpError where the database or the provider cannot be used, DeskError for a language that is none of ours.
    """
    words = Catalogues()
    unknown = [code for code in chosen.to if code not in TRANSLATED]
    if unknown:
        raise DeskError(words.say("en", "officer.draft.unknown", codes=", ".join(unknown), known=", ".join(TRANSLATED)))
    if not settings.draft_provider:
        say(words.say("en", "officer.draft.off"))
        return
    provider = open_provider(settings.draft_provider, settings.draft_key, settings.draft_url)
    if provider.lacking:
        say(words.say("en", "officer.draft.lacks", provider=provider.name, codes=", ".join(provider.lacking)))
    try:
        engine = open_database(settings.database_url)
        migrate(engine)
    except (OperationalError, OSError) as error:
        raise SetUpError("The database cannot be opened: check DATABASE_URL and VAR_DIR, and that it runs.") from error
    wordings = Wordings(engine, lambda: datetime.now(timezone.utc))
    catalogues = Catalogues(wordings=wordings)
    live = open_directory(settings)
    waits = {(version.domain, version.language, version.key) for version in wordings.waiting()}
    wanted = [
        line
        for code in chosen.to or TRANSLATED
        if code in provider.languages
        for line in lines(catalogues, live.current(), code)
        if line.domain in ((chosen.only,) if chosen.only else OF_RECORDS)
        and line.standing in (MISSING, STALE)
        and (line.domain, code, line.key) not in waits
    ]
    wanted = wanted[: chosen.most or None]
    size = sum(len(line.english) for line in wanted)
    say(words.say("en", "officer.draft.would", count=len(wanted), characters=size, host=provider.host, provider=provider.name))
    if chosen.dry_run or not wanted:
        return

    def keep(line: Line, text: str) -> None:
        """Keep a draft, unless somebody translated the text meanwhile or changed its English: a run may last for hours."""
        live.refresh()
        catalogues.refresh()
        now = find_line(catalogues, live.current(), line.language, line.domain, line.key)
        if now is None or now.english != line.english or now.standing not in (MISSING, STALE):
            raise WordingRefused("officer.draft.not_needed")
        wordings.propose([Draft(line.domain, line.language, line.key, text, line.english, DRAFTED)], BY, None, provider.name)

    kept, refused = _draft_all(wanted, provider, keep, 60 / settings.draft_per_minute)
    for line, why in refused:
        say(f"{line.language} {line.key}: {words.say('en', why.key, **why.values)}")
    say(words.say("en", "officer.draft.kept", kept=kept, refused=len(refused)))


def _draft_all(
    wanted: Iterable[Line], provider: Provider, keep: Callable[[Line, str], None], pause: float
) -> tuple[int, list[tuple[Line, WordingRefused]]]:
    """Ask for one text after the other, ``pause`` seconds apart; give how many were kept, and what could not be and why."""
    kept, refused, asked = 0, list[tuple[Line, WordingRefused]](), 0.0
    for line in tqdm(list(wanted), file=sys.stderr, unit="text"):
        time.sleep(max(0.0, asked + pause - time.monotonic()))
        asked = time.monotonic()
        try:
            keep(line, tidy(provider.draft(line.english, line.language)))
            kept += 1
        except WordingRefused as why:
            refused.append((line, why))
    return kept, refused
