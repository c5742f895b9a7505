"""The checked phrases of the desk: their English, the buttons that answer them, new ones, and ones taken out of use."""

from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.catalogue import TRANSLATED
from bot.answers.proofreading import tidy
from bot.answers.standing import find_line
from bot.answers.wording import ANSWERS, PHRASES, WAITING, needs_second_officer
from bot.errors import WordingRefused
from bot.handover.accounts import Session
from bot.handover.phrases import (
    SLOTS,
    Phrase,
    answer_names,
    changed_phrase,
    group_names,
    groups,
    new_phrase,
    phrases,
    retired_phrases,
    retirement,
    return_to_use,
)
from bot.web.api import pipeline_of
from bot.web.officer.office import office_of
from bot.web.officer.wordings import WHY_AT_MOST, digest, keep, show_words, waiting_for
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

ENGLISH_AT_MOST = 500


async def show_phrases(request: Request, who: Session) -> Response:
    return await _show_list(request, who)


async def _show_list(request: Request, who: Session, error: WordingRefused | None = None, **typed: Any) -> Response:
    catalogues = pipeline_of(request).catalogues
    offered = phrases(catalogues)
    return show_words(
        request,
        who,
        "officer/phrases.html",
        422 if error else 200,
        error,
        groups=groups(offered),
        retired=list(retired_phrases(catalogues).values()),
        lacks={key: [code for code in TRANSLATED if not catalogues.knows(code, key)] for key in offered},
        group_names=group_names(catalogues),
        answers=answer_names(catalogues),
        slots=SLOTS,
        longest=ENGLISH_AT_MOST,
        waiting=[one for one in await waiting_for(request) if one.version.domain in (PHRASES, ANSWERS) and one.version.language == "en"],
        **{"group": "", "english": "", "chosen": (), **typed},
    )


def _typed(form: FormData) -> tuple[str, tuple[str, ...]]:
    """Give the English and the answers of a form."""
    chosen = tuple(value for value in form.getlist("answer") if isinstance(value, str))
    return tidy(text_of(form, "english", 2 * ENGLISH_AT_MOST)), chosen


async def add(request: Request, who: Session) -> Response:
    """Add a phrase."""
    form = await given(request)
    (english, chosen), group = _typed(form), text_of(form, "group", 40)
    try:
        told = await keep(request, who, new_phrase(pipeline_of(request).catalogues, group, english, chosen))
    except WordingRefused as refused:
        return await _show_list(request, who, refused, group=group, english=english, chosen=chosen)
    return RedirectResponse(f"/officer/phrases?told={told}", 303)


def _seen(phrase: Phrase) -> str:
    """Give a mark of what a form was made of."""
    return digest(" ".join((phrase.english, *phrase.answers)))


def _find(request: Request) -> tuple[Phrase | None, bool]:
    """Give the phrase of the address, and whether it is out of use."""
    catalogues, key = pipeline_of(request).catalogues, request.path_params["key"]
    retired = retired_phrases(catalogues).get(key)
    return (retired, True) if retired else (phrases(catalogues).get(key), False)


async def show_phrase(request: Request, who: Session) -> Response:
    return await _show_phrase(request, who)


async def _show_phrase(request: Request, who: Session, error: WordingRefused | None = None, **typed: Any) -> Response:
    phrase, retired = _find(request)
    if phrase is None:
        return show(request, who, "staff/refused.html", 404, reason="staff.not_known")
    pipeline = pipeline_of(request)
    directory = pipeline.live.current()
    found = [find_line(pipeline.catalogues, directory, code, PHRASES, phrase.key) for code in TRANSLATED]
    history = await to_thread.run_sync(office_of(request).wordings.history, PHRASES, "en", phrase.key)
    return show_words(
        request,
        who,
        "officer/phrase.html",
        422 if error else 200,
        error,
        phrase=phrase,
        seen=_seen(phrase),
        retired=retired,
        needs_second=needs_second_officer(PHRASES, phrase.key),
        lines=[line for line in found if line],
        answers=answer_names(pipeline.catalogues),
        longest=ENGLISH_AT_MOST,
        history=[version for version in history if version.state != WAITING],
        own_text=pipeline.catalogues.own("en", PHRASES).get(phrase.key),
        waiting=[one for one in await waiting_for(request) if one.version.key == phrase.key and one.version.language == "en"],
        **{"english": phrase.english, "chosen": phrase.answers, "why": "", **typed},
    )


async def change(request: Request, who: Session) -> Response:
    """Change a phrase's English and answers, take it out of use, or bring it back."""
    phrase, retired = _find(request)
    if phrase is None:
        return show(request, who, "staff/refused.html", 404, reason="staff.not_known")
    form = await given(request)
    deed, why = text_of(form, "do", 20), text_of(form, "why", WHY_AT_MOST)
    english, chosen = _typed(form)
    try:
        if deed == "retire" and not retired:
            told = await keep(request, who, [retirement(phrase)], why)
            told = "retired" if told == "saved" else told
        elif deed == "return" and retired:
            told = await keep(request, who, [return_to_use(phrase)], why)
            told = "returned" if told == "saved" else told
        elif deed == "save" and not retired:
            if text_of(form, "seen", 16) != _seen(phrase):
                raise WordingRefused("officer.words.error.meanwhile")
            drafts = changed_phrase(pipeline_of(request).catalogues, phrase, english, chosen)
            if not drafts:
                raise WordingRefused("officer.words.error.same")
            told = await keep(request, who, drafts, why)
        else:
            raise WordingRefused("officer.words.error.unknown")
    except WordingRefused as refused:
        return await _show_phrase(request, who, refused, english=english or phrase.english, chosen=chosen, why=why)
    return RedirectResponse(f"/officer/phrases/{phrase.key}?told={told}", 303)


routes = [
    Route("/officer/phrases", signed_in(show_phrases, OFFICERS), methods=["GET"]),
    Route("/officer/phrases", signed_in(add, OFFICERS), methods=["POST"]),
    Route("/officer/phrases/{key}", signed_in(show_phrase, OFFICERS), methods=["GET"]),
    Route("/officer/phrases/{key}", signed_in(change, OFFICERS), methods=["POST"]),
]
