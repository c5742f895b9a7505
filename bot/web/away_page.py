"""The page that the proxy shows while no front door answers: emergency numbers in every language, and the directory, in one file."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.answers.cards import make_card_with_english
from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer
from bot.answers.replies import ServiceCard
from bot.codes import NEEDS, REPLY_LANGUAGES
from bot.directory.hours import BRITISH_TIME
from bot.directory.search import search_words
from bot.web.rendering import OWN_NAMES, any_unchecked, environment, speaker

AWAY_FOLDER, AWAY_PAGE = "away", "away.html"
"""A folder in VAR_DIR that holds nothing else and that everybody may read, and the file in it; ``deploy/nginx.conf`` names both."""
TRY_AGAIN = 30
"""Seconds after which a reader is told to try again: what takes a front door to start."""


def make_away_page(composer: Composer, catalogues: Catalogues, moment: datetime) -> str:
    """Write the page, in HTML that needs no other file, from the directory as it is at ``moment``."""
    directory, office = composer.directory, composer.office.at(moment)
    today = moment.astimezone(BRITISH_TIME).date()
    topics: dict[str, list[ServiceCard]] = {}
    for topic in NEEDS:
        found = search_words(directory, "", today, topic, None, lambda word: ())
        if found:
            topics[topic] = [make_card_with_english(service, "en", catalogues, directory, moment, office) for service in found]
    told = [(code, composer.urgent_only(None, None, code, moment)) for code in REPLY_LANGUAGES]
    page: str = environment.get_template("away.html").render(
        **speaker(catalogues, "en", False),
        told=told,
        words=catalogues.say,
        names=OWN_NAMES,
        seconds=TRY_AGAIN,
        topics=topics,
        unchecked=any_unchecked(card for cards in topics.values() for card in cards),
    )
    return page


def keep_away_page(folder: Path, make: Callable[[], str]) -> None:
    """Put the page where the proxy finds it and may read it, whole at any moment. Raises OSError where it cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        # It may be a volume that another user has made ready.
        folder.chmod(0o755)
    descriptor, draft = tempfile.mkstemp(prefix=f".{AWAY_PAGE}.", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
        os.chmod(draft, 0o644)
        os.replace(draft, folder / AWAY_PAGE)
    except BaseException:
        os.unlink(draft)
        raise
