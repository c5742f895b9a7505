"""What was changed, by whom, when and why; each change compared with what was before, and undone."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import Overtaken, PackError
from bot.handover.accounts import Session
from bot.web.officer.editing import refresh
from bot.web.officer.fields import PARTS
from bot.web.officer.office import became_of, described_all, moment, office_of, officer
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of


async def show_history(request: Request, who: Session) -> Response:
    """Show the changes of one record, of one import, or the last of all."""
    kind, key = request.query_params.get("kind", "")[:20], request.query_params.get("key", "")[:80]
    batch = request.query_params.get("batch", "")[:36]
    found = await to_thread.run_sync(lambda: office_of(request).changes.history(kind if key else "", key, batch))
    for one in found:
        one["differences"] = described_all(request, one["before"], one["after"]) if one["before"] and one["after"] else []
    became = became_of(request)
    return show(request, who, "officer/history.html", 200, found=found, kind=kind, key=key, moment=moment, editable=PARTS, **became)


async def show_revision(request: Request, who: Session) -> Response:
    """Show one change, and what undoing it would do."""
    return await _page(request, who)


async def _page(request: Request, who: Session, error: str = "", status: int = 200) -> Response:
    one = await to_thread.run_sync(office_of(request).changes.revision, request.path_params["number"])
    if one is None:
        return show(request, who, "officer/gone.html", 404, kind="revision", key=str(request.path_params["number"]))
    return show(
        request,
        who,
        "officer/revision.html",
        status,
        one=one,
        changed=described_all(request, one["before"], one["after"]),
        undoing=described_all(request, one["now"].rows, one["before"]),
        error=error,
        moment=moment,
        editable=PARTS,
    )


async def undo(request: Request, who: Session) -> Response:
    """Bring a record back to what it was before a change."""
    form, number = await given(request), request.path_params["number"]
    base, why = text_of(form, "base", 12), text_of(form, "why", 500)
    changes = office_of(request).changes
    one = await to_thread.run_sync(changes.revision, number)
    try:
        saved = await to_thread.run_sync(changes.undo, officer(who), number, int(base) if base.isdecimal() else 0, why)
    except Overtaken:
        return await _page(request, who, "officer.changed_meanwhile", 409)
    except PackError as error:
        return await _page(request, who, error.problems[0], 422)
    await refresh(request)
    mark = f"proposed={saved.proposal}" if saved.proposal else f"saved={saved.revision}"
    if one and one["kind"] in PARTS and one["before"]:
        return RedirectResponse(f"/officer/{one['kind']}/{one['key']}?{mark}", 303)
    return RedirectResponse(f"/officer/history?{mark}", 303)


routes = [
    Route("/officer/history", signed_in(show_history, OFFICERS), methods=["GET"]),
    Route("/officer/history/{number:number}", signed_in(show_revision, OFFICERS), methods=["GET"]),
    Route("/officer/history/{number:number}", signed_in(undo, OFFICERS), methods=["POST"]),
]
