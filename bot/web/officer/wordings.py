"""What the pages of words share: keeping changes, deciding on those that wait, and bringing an older text back."""

import hashlib
from typing import Any
from urllib.parse import urlencode

from anyio import to_thread
from babel import Locale
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.standing import find_line, waiting
from bot.answers.wording import IN_FORCE, PHRASES, WAITING, Draft
from bot.codes import REPLY_LANGUAGES, locale_of
from bot.errors import WordingRefused
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.officer.office import moment, office_of
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

_IN_ENGLISH = Locale.parse("en").languages
LANGUAGES = {code: str(_IN_ENGLISH.get(code.replace("-", "_")) or _IN_ENGLISH[locale_of(code)]) for code in REPLY_LANGUAGES}
"""What officers call the languages that we write."""
WRITTEN: dict[str, Any] = {"languages": LANGUAGES, "on": moment, "day": lambda day: day.strftime("%d %B %Y")}
"""What ``officer/words.html`` writes with: the names of languages, a moment, and a date."""
TOLD = ("saved", "proposed", "approved", "refused", "taken_back", "retired", "returned", "taken")
"""What a page can say about what was just done, by the last part of the key of the words."""
WHY_AT_MOST = 500
MANY = 2000
"""Fields of a form in which many changes are ticked."""


def digest(shown: str) -> str:
    """Give what a form holds of what was shown, so that a change of it meanwhile is seen."""
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


async def keep(request: Request, who: Session, drafts: list[Draft], why: str = "") -> str:
    """Keep changes in somebody's name, said from the next message on; give what is to be told of it.

    Raises WordingRefused as ``Wordings.propose``.
    """
    kept = await to_thread.run_sync(office_of(request).wordings.propose, drafts, who.member.name, who.member.id, why)
    await to_thread.run_sync(pipeline_of(request).catalogues.refresh)
    return "proposed" if any(version.state == WAITING for version in kept) else "saved"


def told_of(request: Request) -> str:
    """Give what the page says was just done, empty for nothing."""
    told = request.query_params.get("told", "")
    return told if told in TOLD else ""


def show_words(
    request: Request, who: Session, template: str, status: int = 200, error: WordingRefused | None = None, **values: Any
) -> Response:
    """Write a page of words, with ``error`` and what was just done told on it."""
    say = pipeline_of(request).catalogues.say
    return show(
        request,
        who,
        template,
        409 if error and error.decided else status,
        told=told_of(request),
        error=say("en", error.key, **error.values) if error else "",
        **WRITTEN,
        **values,
    )


async def waiting_for(request: Request) -> list[Any]:
    """Give what waits for a second officer, as ``officer/words.html`` shows it."""
    pipeline = pipeline_of(request)
    return await to_thread.run_sync(waiting, office_of(request).wordings, pipeline.catalogues, pipeline.live.current())


def _back(address: str, told: str) -> Response:
    """Lead back to one of the officers' pages, which tells what was done."""
    path = address if address.startswith("/officer/") and address.isprintable() and "\\" not in address else "/officer/translations"
    return RedirectResponse(f"{path}{'&' if '?' in path else '?'}{urlencode({'told': told})}", 303)


async def decide(request: Request, who: Session) -> Response:
    """Approve, refuse or take back a change that waits."""
    form, number = await given(request), int(request.path_params["id"])
    deed, back, wordings = text_of(form, "do", 20), text_of(form, "back", 300), office_of(request).wordings
    name, staff_id = who.member.name, who.member.id
    try:
        if deed == "approve":
            if any(one.outdated for one in await waiting_for(request) if one.version.id == number):
                raise WordingRefused("officer.words.outdated")
            await to_thread.run_sync(wordings.approve, number, name, staff_id)
        elif deed == "refuse":
            await to_thread.run_sync(wordings.refuse, number, name, staff_id, text_of(form, "reason", WHY_AT_MOST))
        elif deed == "take_back":
            await to_thread.run_sync(wordings.take_back, number, name, staff_id)
        else:
            raise WordingRefused("officer.words.error.unknown")
    except WordingRefused as refused:
        return show_words(request, who, "officer/not_done.html", 422, refused, back=back)
    await to_thread.run_sync(pipeline_of(request).catalogues.refresh)
    return _back(back, {"approve": "approved", "refuse": "refused", "take_back": "taken_back"}[deed])


async def approve_several(request: Request, who: Session) -> Response:
    """Approve what was ticked, each for itself: a file of a translator is many changes. What cannot be approved is left and told."""
    form, wordings = await given(request), office_of(request).wordings
    back = text_of(form, "back", 300)
    ticked = [int(value) for value in form.getlist("version") if isinstance(value, str) and value.isdecimal() and len(value) < 12]
    outdated = {one.version.id for one in await waiting_for(request) if one.outdated}
    failed: list[WordingRefused] = []

    def approve() -> None:
        for number in ticked:
            try:
                wordings.approve(number, who.member.name, who.member.id)
            except WordingRefused as refused:
                failed.append(refused)

    if outdated & set(ticked):
        failed.append(WordingRefused("officer.words.outdated"))
        ticked = [number for number in ticked if number not in outdated]
    if not ticked and not failed:
        failed.append(WordingRefused("officer.words.error.none_ticked"))
    await to_thread.run_sync(approve)
    await to_thread.run_sync(pipeline_of(request).catalogues.refresh)
    return show_words(request, who, "officer/not_done.html", 422, failed[0], back=back) if failed else _back(back, "approved")


async def bring_back(request: Request, who: Session) -> Response:
    """Make an older text of the history the newest again: an officer's (by its number), or the catalogue's own (0)."""
    form = await given(request)
    domain, language, key = (text_of(form, name, 120) for name in ("domain", "language", "key"))
    number, back = text_of(form, "version", 12), text_of(form, "back", 300)
    try:
        draft = await to_thread.run_sync(_older, request, domain, language, key, int(number) if number.isdecimal() else -1)
        told = await keep(request, who, [draft])
    except WordingRefused as refused:
        return show_words(request, who, "officer/not_done.html", 422, refused, back=back)
    return _back(back, told)


def _older(request: Request, domain: str, language: str, key: str, number: int) -> Draft:
    """Give an older text as a draft. Raises WordingRefused where there is none, or it was made from another English."""
    pipeline = pipeline_of(request)
    catalogues = pipeline.catalogues
    if number == 0:
        older: Any = catalogues.own(language, domain).get(key)
    else:
        older = office_of(request).wordings.version(number)
        if older.place != (domain, language, key) or older.state != IN_FORCE:
            older = None
    if older is None:
        raise WordingRefused("officer.words.error.unknown")
    if language == "en" and domain == PHRASES:
        now = next(iter(catalogues.candidates("en", PHRASES, key)), None)
        english = now.text if now else older.english
    else:
        line = find_line(catalogues, pipeline.live.current(), language, domain, key)
        if line is None:
            raise WordingRefused("officer.words.error.unknown")
        if older.english != line.english:
            raise WordingRefused("officer.words.error.older_english")
        english = line.english
    return Draft(domain, language, key, older.text, english, older.review, older.reviewed_by, older.reviewed_on)


routes = [
    Route("/officer/wordings/approve", signed_in(approve_several, OFFICERS, most=MANY), methods=["POST"]),
    Route("/officer/wordings/{id:number}", signed_in(decide, OFFICERS), methods=["POST"]),
    Route("/officer/wordings/bring-back", signed_in(bring_back, OFFICERS), methods=["POST"]),
]
