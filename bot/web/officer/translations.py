"""Translations: how each language stands, its texts to be found, and one text beside its English."""

from datetime import datetime
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.catalogue import TRANSLATED, TRANSLATED_DOMAINS
from bot.answers.dialogue import AT_A_TIME
from bot.answers.proofreading import LONGEST, gaps, tidy
from bot.answers.standing import MISSING, STALE, STANDINGS, Line, count, find_line, lines, reviewers
from bot.answers.wording import GUIDANCE, REVIEWED, UNREVIEWED, WAITING, Draft
from bot.directory.hours import BRITISH_TIME
from bot.directory.search import answered_first
from bot.errors import WordingRefused
from bot.handover.accounts import Session
from bot.understanding.cleaning import clean
from bot.web.api import pipeline_of
from bot.web.officer.office import office_of
from bot.web.officer.reviews import reviewer
from bot.web.officer.wordings import WHY_AT_MOST, digest, keep, show_words, waiting_for
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

ON_A_PAGE = 25
WORDS_AT_MOST = 100


async def show_standing(request: Request, who: Session) -> Response:
    """Show how each language stands, what waits, and which records lack a language."""
    pipeline = pipeline_of(request)
    directory = pipeline.live.current()
    listed = await to_thread.run_sync(lambda: {code: lines(pipeline.catalogues, directory, code) for code in TRANSLATED})
    guidance = {code: {line.key: line.standing for line in found if line.domain == GUIDANCE} for code, found in listed.items()}
    records = [(statement, {code: guidance[code][statement.key] for code in TRANSLATED}) for statement in directory.guidance]
    lacking = [(statement, standings) for statement, standings in records if {MISSING, STALE} & set(standings.values())]
    return show_words(
        request,
        who,
        "officer/translations.html",
        counted={code: count(found) for code, found in listed.items()},
        reviewers={code: reviewers(found) for code, found in listed.items()},
        standings=STANDINGS,
        services=len(directory.services),
        first=len(await to_thread.run_sync(answered_first, directory, datetime.now(BRITISH_TIME).date(), AT_A_TIME)),
        statements=len(records),
        lacking=lacking,
        waiting=await waiting_for(request),
    )


async def show_texts(request: Request, who: Session) -> Response:
    """Show the texts of a language, found by kind, standing and words."""
    language = request.path_params["language"]
    if language not in TRANSLATED:
        return _unknown(request, who)
    pipeline, asked = pipeline_of(request), request.query_params
    domain, standing = asked.get("domain", ""), asked.get("standing", "")
    words = clean(asked.get("words", "")[:WORDS_AT_MOST])
    found = await to_thread.run_sync(lines, pipeline.catalogues, pipeline.live.current(), language)
    found = [
        line
        for line in found
        if (not domain or line.domain == domain) and (not standing or line.standing == standing) and _holds(line, words)
    ]
    pages = max(1, -(-len(found) // ON_A_PAGE))
    number = asked.get("page", "1")
    page = min(max(1, int(number)) if number.isdecimal() and len(number) < 6 else 1, pages)
    return show_words(
        request,
        who,
        "officer/texts.html",
        code=language,
        domain=domain,
        standing=standing,
        words_asked=words,
        domains=TRANSLATED_DOMAINS,
        standings=STANDINGS,
        count=len(found),
        lines=found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE],
        page=page,
        pages=pages,
    )


def _holds(line: Line, words: str) -> bool:
    """Tell whether a text, its English or its name holds all the words."""
    text = " ".join((line.key, line.english, line.newest.text if line.newest else "")).casefold()
    return all(word in text for word in words.casefold().split())


def _unknown(request: Request, who: Session) -> Response:
    return show(request, who, "staff/refused.html", 404, reason="staff.not_known")


async def show_text(request: Request, who: Session) -> Response:
    """Show one text beside its English, with what waits for it and its history."""
    line = await to_thread.run_sync(_line, request)
    return await _show_line(request, who, line) if line else _unknown(request, who)


def _line(request: Request) -> Line | None:
    asked, pipeline = request.path_params, pipeline_of(request)
    return find_line(pipeline.catalogues, pipeline.live.current(), asked["language"], asked["domain"], asked["key"])


async def _show_line(request: Request, who: Session, line: Line, error: WordingRefused | None = None, **typed: Any) -> Response:
    entry, today = line.said or line.newest, datetime.now(BRITISH_TIME).date()
    history = await to_thread.run_sync(office_of(request).wordings.history, line.domain, line.language, line.key)
    return show_words(
        request,
        who,
        "officer/text.html",
        422 if error else 200,
        error,
        line=line,
        digest=digest(line.english),
        names=sorted(gaps(line.domain, line.english)),
        longest=LONGEST,
        history=[version for version in history if version.state != WAITING],
        own_text=pipeline_of(request).catalogues.own(line.language, line.domain).get(line.key),
        waiting=[one for one in await waiting_for(request) if one.version.place == (line.domain, line.language, line.key)],
        seen=_newest(line),
        today=today.isoformat(),
        **{
            "text": entry.text if entry else "",
            "review": "",
            "why": "",
            "reviewer": who.member.name,
            "read_on": today.isoformat(),
            **typed,
        },
    )


def _newest(line: Line) -> int:
    """Give the number of the officers' version that is the newest, 0 where there is none."""
    return line.newest.wording if line.newest else 0


async def save_text(request: Request, who: Session) -> Response:
    """Keep a translation, as read by a native speaker or not; or send it to a second officer, where one is needed."""
    line = await to_thread.run_sync(_line, request)
    if line is None:
        return _unknown(request, who)
    form = await given(request)
    named = text_of(form, "reviewer", 200), text_of(form, "read_on", 10)
    text, review, why = tidy(text_of(form, "text", 2 * LONGEST)), text_of(form, "review", 20), text_of(form, "why", WHY_AT_MOST)
    try:
        draft = _draft(line, text, review, named)
        if text_of(form, "english", 16) != digest(line.english):
            raise WordingRefused("officer.words.error.english")
        if text_of(form, "seen", 12) != str(_newest(line)):
            raise WordingRefused("officer.words.error.meanwhile")
        told = await keep(request, who, [draft], why)
    except WordingRefused as refused:
        return await _show_line(request, who, line, refused, text=text, review=review, why=why, reviewer=named[0], read_on=named[1])
    return RedirectResponse(f"/officer/translations/{line.language}/{line.domain}/{line.key}?told={told}", 303)


def _draft(line: Line, text: str, review: str, named: tuple[str, str]) -> Draft:
    """Give what was typed as a draft; ``named`` is who has read it and on which day.

    Raises WordingRefused where it says nothing new, or not who has read it.
    """
    if review not in (REVIEWED, UNREVIEWED):
        raise WordingRefused("officer.words.error.who")
    said = line.said
    if said and said.text == text and (said.review == review or review == UNREVIEWED):
        raise WordingRefused("officer.words.error.same")
    if review == UNREVIEWED:
        return Draft(line.domain, line.language, line.key, text, line.english)
    by, on = reviewer(*named, datetime.now(BRITISH_TIME).date())
    return Draft(line.domain, line.language, line.key, text, line.english, REVIEWED, by, on)


routes = [
    Route("/officer/translations", signed_in(show_standing, OFFICERS), methods=["GET"]),
    Route("/officer/translations/{language}", signed_in(show_texts, OFFICERS), methods=["GET"]),
    Route("/officer/translations/{language}/{domain}/{key}", signed_in(show_text, OFFICERS), methods=["GET"]),
    Route("/officer/translations/{language}/{domain}/{key}", signed_in(save_text, OFFICERS), methods=["POST"]),
]
