"""Signing in with the council: there, back, and out again. Where somebody goes afterwards is never taken from an address."""

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.council.claims import read_person
from bot.errors import CouncilAway, CouncilRefused
from bot.web.api import limits_of, pipeline_of
from bot.web.limits import address_of
from bot.web.staff.council import AWAY_AT_MOST, BACK, BEGIN, LEAVE, LEFT, Council, council_of
from bot.web.staff.door import admit, is_secure, show, show_form

COOKIE = "council"
STATUS = {"cancelled": 401, "unproven": 400, "set_up": 502}
"""The HTTP status of a refusal; of all others 403."""
TRY_AGAIN_IN = 10
"""Seconds after which a browser may ask again while the council's sign-in is away."""


def _council(request: Request) -> Council:
    """Give the council's sign-in; where there is none, neither are its pages. Fills ``request.session`` from the browser's cookie."""
    council = council_of(request)
    if council is None:
        raise HTTPException(404)
    request.scope["session"] = council.unseal(request.cookies.get(COOKIE, ""))
    return council


def _carry(request: Request, council: Council, response: Response) -> Response:
    """Let the browser carry what is in ``request.session``: nothing, once it was used."""
    if request.session:
        # Lax, not strict: the browser comes back from another site.
        sealed = council.seal(request.session)
        response.set_cookie(COOKIE, sealed, max_age=AWAY_AT_MOST, path=BEGIN, httponly=True, samesite="lax", secure=is_secure(request))
    else:
        response.delete_cookie(COOKIE, path=BEGIN, httponly=True, samesite="lax", secure=is_secure(request))
    return response


def _refused(request: Request, error: CouncilAway | CouncilRefused) -> Response:
    if isinstance(error, CouncilAway):
        page = show(request, None, "staff/council_refused.html", 503, reason="away")
        page.headers["Retry-After"] = str(TRY_AGAIN_IN)
        return page
    return show(request, None, "staff/council_refused.html", STATUS.get(error.reason, 403), reason=error.reason)


async def begin(request: Request) -> Response:
    """Send a browser to the council's sign-in."""
    council = _council(request)
    try:
        return _carry(request, council, await council.provider.begin(request))
    except (CouncilAway, CouncilRefused) as error:
        return _refused(request, error)


async def back(request: Request) -> Response:
    """Sign in whoever came back.

    The page goes on to the desk by itself instead of being a redirect: browsers do not send our cookie, which is strict, on a way that
    began at another site.
    """
    council = _council(request)
    if not request.session:
        # Nothing was begun in this browser: whatever the address says, nobody is asked and nothing is logged.
        return _refused(request, CouncilRefused("unproven"))
    wait = await to_thread.run_sync(limits_of(request).come_back, address_of(request))
    if wait:
        return show_form(request, 429, "staff.sign_in_wait", wait)
    try:
        person = read_person(await council.provider.finish(request), council.roles)
        otherwise = pipeline_of(request).catalogues.say("en", f"staff.council_name.{person.role or 'staff'}")
        token = await to_thread.run_sync(council.identities.sign_in, person, otherwise)
        page = admit(request, show(request, None, "staff/council_in.html"), token)
    except (CouncilAway, CouncilRefused) as error:
        page = _refused(request, error)
    return _carry(request, council, page)


async def left(request: Request) -> Response:
    """Say to whoever has signed out here that the council's sign-in may still know them."""
    _council(request)
    return show(request, None, "staff/council_left.html", stuck=False)


async def leave(request: Request) -> Response:
    """Send a browser to where one signs out with the council, or say that it cannot be done from here."""
    council = _council(request)
    try:
        address = await council.provider.leave()
    except (CouncilAway, CouncilRefused):
        address = ""
    return RedirectResponse(address, 303) if address else show(request, None, "staff/council_left.html", 503, stuck=True)


routes = [
    Route(BEGIN, begin, methods=["GET"]),
    Route(BACK, back, methods=["GET"]),
    Route(LEFT, left, methods=["GET"]),
    Route(LEAVE, leave, methods=["GET"]),
]
