"""Who may see staff's pages: the cookie, the session behind it, roles, and that no other site sends a form here."""

import uuid
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.convertors import Convertor, register_url_convertor
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.answers.moments import day_and_time
from bot.answers.urgent import EMERGENCY_NUMBER
from bot.codes import direction
from bot.directory.hours import BRITISH_TIME
from bot.errors import MessageRefused, SignedOut, SignInRefused
from bot.handover.accounts import OFFICER, SESSION_HOURS, STAFF, Accounts, Session, check_csrf
from bot.timekeeping import CLOCK
from bot.web.api import LARGEST_BODY, live_of, pipeline_of, read_body
from bot.web.health import FAULTS, Health
from bot.web.limits import address_of
from bot.web.rendering import ASSETS, FIELDS_AT_MOST, environment, form_of
from bot.web.staff.council import LEFT, council_of

COOKIE = "desk"
PATHS = ("/staff", "/officer")
"""Where the cookie goes: never to the pages of visitors."""
LIBRARIANS, OFFICERS = frozenset({STAFF}), frozenset({OFFICER})
"""Who may read and answer chats, which visitors are told that officers cannot; and who keeps the directory."""
Page = Callable[[Request, Session], Awaitable[Response]]


class NumberConvertor(Convertor[int]):
    """Finds the number of a row in an address; one that is larger than any column holds leads nowhere."""

    regex = "[0-9]{1,9}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("number", NumberConvertor())


def accounts_of(request: Request) -> Accounts:
    """Give the accounts of the running application."""
    return pipeline_of(request).desk.accounts


def is_secure(request: Request) -> bool:
    """Tell whether the browser reaches this page over TLS, so that a cookie may be kept from going out without."""
    address = pipeline_of(request).settings.public_url or str(request.base_url)
    return urlsplit(address).scheme == "https"


def comes_from_here(request: Request) -> bool:
    """Tell whether a form was sent by a page of ours.

    Browsers say which site a request comes from in Sec-Fetch-Site, older ones in Origin; what says neither is held to its CSRF token.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    ours = {request.headers.get("host", ""), urlsplit(pipeline_of(request).settings.public_url).netloc} - {""}
    return origin is None or urlsplit(origin).netloc in ours


async def given(request: Request, largest: int = 4 * LARGEST_BODY, most: int = FIELDS_AT_MOST) -> FormData:
    """Give the form of a request, read once. Raises MessageRefused where it has more than ``largest`` bytes."""
    if not hasattr(request.state, "form"):
        request.state.form = await form_of(request, await read_body(request, largest), most)
    form: FormData = request.state.form
    return form


def text_of(form: FormData, name: str, at_most: int = 1000) -> str:
    """Give a field of a form as text, cut to ``at_most`` characters; empty where it is missing or a file."""
    value = form.get(name, "")
    return value[:at_most].strip() if isinstance(value, str) else ""


def signed_in(
    page: Page,
    roles: frozenset[str] = LIBRARIANS | OFFICERS,
    touch: bool = True,
    largest: int = 4 * LARGEST_BODY,
    most: int = FIELDS_AT_MOST,
) -> Callable[[Request], Awaitable[Response]]:
    """Make a page that is for people with one of ``roles`` only; others are sent to sign in, or told that it is not for them.

    A form must come from a page of ours, hold the session's CSRF token, and have at most ``largest`` bytes and ``most`` fields.
    What a page does by itself does not ``touch`` the session.
    """

    async def guarded(request: Request) -> Response:
        by_itself = request.method == "GET" and "1" in (request.headers.get("x-part"), request.query_params.get("auto"))
        try:
            token = request.cookies.get(COOKIE, "")
            who = await to_thread.run_sync(accounts_of(request).who, token, touch and not by_itself)
        except SignedOut:
            if request.method == "GET" and "text/event-stream" not in request.headers.get("accept", ""):
                return RedirectResponse("/staff/sign-in", 303)
            return show_form(request, 401, "staff.signed_out")
        if who.member.role not in roles:
            return show(request, who, "staff/refused.html", 403, reason=f"staff.not_for.{who.member.role}")
        if request.method == "POST":
            try:
                form = await given(request, largest, most)
            except MessageRefused:
                return show(request, who, "staff/refused.html", 413, reason="staff.form_too_large")
            if not comes_from_here(request) or not check_csrf(who, text_of(form, "csrf", 64)):
                return show(request, who, "staff/refused.html", 403, reason="staff.cross_site")
        if who.member.role in OFFICERS:
            # Another front door may have taken what they, or the second officer, saved a moment ago.
            await pipeline_of(request).refresh()
        answer = await page(request, who)
        if request.method == "POST" and who.member.role in OFFICERS:
            live_of(request).saved()
        return answer

    return guarded


AWAY, SIGN_IN = "staff/away.html", "staff/sign_in.html"
"""What is shown while nobody can sign in, and the form to do it."""


def _told_to_strangers(template: str) -> Collection[str]:
    """Give what somebody who is not signed in reads of what is wrong: what keeps them from it, and nothing else."""
    return {AWAY: FAULTS, SIGN_IN: (CLOCK,)}.get(template, ())


def show(request: Request, who: Session | None, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Answer with a page for staff, which no other page may frame."""
    return HTMLResponse(write(request, who, template, **values), status, {"X-Frame-Options": "DENY"})


def write(request: Request, who: Session | None, template: str, **values: Any) -> str:
    """Write a page for staff, or a part of one.

    In templates ``say`` gives the words of a key in English, ``words`` those of another language.
    """
    pipeline = pipeline_of(request)

    def say(key: str, **put: object) -> str:
        return pipeline.catalogues.say("en", key, **put)

    wrong = health_of(request).faults()
    page: str = environment.get_template(template).render(
        say=say,
        switched_off=pipeline.off_switches.current(),
        day_and_time=lambda at: day_and_time(at, "en"),
        words=pipeline.catalogues.say,
        who=who,
        csrf=who.csrf if who else "",
        asset=ASSETS.__getitem__,
        direction=direction,
        emergency_number=EMERGENCY_NUMBER,
        language="en",
        path=request.url.path,
        zone=BRITISH_TIME,
        new_id=lambda: uuid.uuid4().hex,
        wrong_now=wrong if who else [fault for fault in wrong if fault.kind in _told_to_strangers(template)],
        **values,
    )
    return page


def show_form(request: Request, status: int = 200, error: str = "", wait: int = 0, username: str = "") -> HTMLResponse:
    """Write the page to sign in on. ``error`` is the key of what went wrong, ``wait`` the minutes to wait."""
    council = pipeline_of(request).settings.public_body if council_of(request) else None
    return show(request, None, SIGN_IN, status, error=error, wait=wait, username=username, council=council)


def health_of(request: Request) -> Health:
    """Give what knows what is wrong with the running application."""
    health: Health = request.app.state.health
    return health


async def show_sign_in(request: Request) -> Response:
    return show_form(request)


async def sign_in(request: Request) -> Response:
    """Sign somebody in; what was typed wrong is never told apart."""
    form = await given(request)
    username = text_of(form, "username", 40)
    if not comes_from_here(request):
        return show_form(request, 403, "staff.cross_site")
    password = form.get("password", "")
    try:
        token = await to_thread.run_sync(
            accounts_of(request).sign_in, username, str(password)[:1000], address_of(request), limiter=request.app.state.signing_in
        )
    except SignInRefused as refused:
        status = 429 if refused.seconds else 401
        error = "staff.sign_in_wait" if refused.seconds else "staff.sign_in_wrong"
        page = show_form(request, status, error, -(-refused.seconds // 60), username)
        if refused.seconds:
            page.headers["Retry-After"] = str(refused.seconds)
        return page
    return admit(request, RedirectResponse("/staff", 303), token)


def admit(request: Request, found: Response, token: str) -> Response:
    """Give a browser the session of ``token`` with ``found``."""
    for path in PATHS:
        found.set_cookie(
            COOKIE, token, max_age=SESSION_HOURS * 3600, path=path, httponly=True, samesite="strict", secure=is_secure(request)
        )
    live_of(request).changed()
    return found


async def sign_out(request: Request, who: Session) -> Response:
    """End the session; whom the council signed in is told that they may still be signed in there."""
    council = council_of(request)
    linked: bool = council is not None and await to_thread.run_sync(council.identities.is_linked, who.member.id)
    await to_thread.run_sync(accounts_of(request).sign_out, request.cookies.get(COOKIE, ""))
    live_of(request).changed()
    found = RedirectResponse(LEFT if linked else "/staff/sign-in", 303)
    for path in PATHS:
        found.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict", secure=is_secure(request))
    found.headers["Clear-Site-Data"] = '"cache"'
    return found


routes = [
    Route("/staff/sign-in", show_sign_in, methods=["GET"]),
    Route("/staff/sign-in", sign_in, methods=["POST"]),
    Route("/staff/sign-out", signed_in(sign_out), methods=["POST"]),
]
