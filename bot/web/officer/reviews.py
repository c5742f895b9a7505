"""The sheet for a native speaker: texts beside their English, to be printed and read, and what they said of them recorded."""

from datetime import date, datetime
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.catalogue import TRANSLATED, TRANSLATED_DOMAINS
from bot.answers.exchange import NAME_AT_MOST
from bot.answers.standing import Line, lines
from bot.answers.wording import REVIEWED, Draft
from bot.directory.hours import BRITISH_TIME
from bot.errors import WordingRefused
from bot.handover.accounts import Session
from bot.understanding.cleaning import clean
from bot.web.api import pipeline_of
from bot.web.officer.office import office_of
from bot.web.officer.wordings import MANY, digest, keep, show_words
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of


def _mark(line: Line) -> str:
    """Give what a form holds of a text, so that one which changes after it was printed is not said to have been read."""
    return "/".join((line.domain, line.key, digest(line.english), digest(line.said.text if line.said else "")))


def reviewer(name: str, day: str, today: date) -> tuple[str, date]:
    """Read who has read texts, and when. Raises WordingRefused where a name is lacking or too long, or the day is none or to come."""
    name = clean(name)
    if not name or len(name) > NAME_AT_MOST or not name.isprintable():
        raise WordingRefused("officer.words.error.reviewer", limit=NAME_AT_MOST)
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise WordingRefused("officer.words.error.day") from error
    if on > today:
        raise WordingRefused("officer.words.error.day")
    return name, on


async def show_sheet(request: Request, who: Session) -> Response:
    """Show the texts of a kind that no native speaker has read, numbered, with room to write; or all of them."""
    return await _sheet(request, who)


async def _sheet(request: Request, who: Session, error: WordingRefused | None = None, **typed: Any) -> Response:
    language = request.path_params["language"]
    domain = request.query_params.get("domain", TRANSLATED_DOMAINS[0])
    if language not in TRANSLATED or domain not in TRANSLATED_DOMAINS:
        return show(request, who, "staff/refused.html", 404, reason="staff.not_known")
    everything = request.query_params.get("all") == "1"
    found, waits = await to_thread.run_sync(_texts, request, language)
    texts = [(number, line) for number, line in enumerate((line for line in found if line.domain == domain), 1) if line.said]
    unread = [(number, line) for number, line in texts if line.standing != REVIEWED and line.key not in waits]
    return show_words(
        request,
        who,
        "officer/sheet.html",
        422 if error else 200,
        error,
        code=language,
        domain=domain,
        domains=TRANSLATED_DOMAINS,
        everything=everything,
        # A text keeps its number when others have been read, so that paper and page go together.
        lines=[(number, line, _mark(line)) for number, line in (texts if everything else unread)],
        unread=len(unread),
        count=len(texts),
        today=datetime.now(BRITISH_TIME).date().isoformat(),
        **{"name": "", "read_on": "", "ticked": frozenset(), **typed},
    )


def _texts(request: Request, language: str) -> tuple[list[Line], frozenset[str]]:
    """Give every text of a language as it stands, and the keys of those for which a change waits."""
    pipeline = pipeline_of(request)
    waits = frozenset(version.key for version in office_of(request).wordings.waiting() if version.language == language)
    return lines(pipeline.catalogues, pipeline.live.current(), language), waits


def _was_there(request: Request, line: Line, on: date) -> bool:
    """Tell whether a text is no younger than the day on which it is said to have been read."""
    number = line.said.wording if line.said else 0
    at = office_of(request).wordings.version(number).at if number else None
    return at is None or at.astimezone(BRITISH_TIME).date() <= on


async def record(request: Request, who: Session) -> Response:
    """Keep that a native speaker has read the ticked texts and found them right; or send that to a second officer.

    "All" means those shown that nobody has read and for which no change waits. A tick for a text that changed since, or for which a
    change waits, is refused with all others.
    """
    language, everything = request.path_params["language"], "&all=1" if request.query_params.get("all") == "1" else ""
    form = await given(request)
    name, day, every = text_of(form, "name", 200), text_of(form, "read_on", 10), form.get("every") == "1"
    ticked = {value for value in form.getlist("shown" if every else "text") if isinstance(value, str)}
    try:
        by, on = reviewer(name, day, datetime.now(BRITISH_TIME).date())
        found, waits = await to_thread.run_sync(_texts, request, language)
        marked = [line for line in found if line.said and _mark(line) in ticked]
        if not ticked:
            raise WordingRefused("officer.words.error.none_ticked")
        read = [line for line in marked if line.key not in waits and await to_thread.run_sync(_was_there, request, line, on)]
        if len(read) < len(ticked) and not (every and len(marked) == len(ticked)):
            raise WordingRefused("officer.words.error.meanwhile_some", count=len(ticked) - len(read))
        if every:
            read = [line for line in read if line.standing != REVIEWED]
        if not read:
            raise WordingRefused("officer.words.error.none_ticked")
        drafts = [Draft(line.domain, language, line.key, line.said.text, line.english, REVIEWED, by, on) for line in read if line.said]
        told = await keep(request, who, drafts, "")
    except WordingRefused as refused:
        return await _sheet(request, who, refused, name=name, read_on=day, ticked=ticked)
    return RedirectResponse(f"/officer/translations/{language}/sheet?domain={read[0].domain}{everything}&told={told}", 303)


routes = [
    Route("/officer/translations/{language}/sheet", signed_in(show_sheet, OFFICERS), methods=["GET"]),
    Route("/officer/translations/{language}/sheet", signed_in(record, OFFICERS, most=MANY), methods=["POST"]),
]
