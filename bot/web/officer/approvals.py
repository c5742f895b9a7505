"""What waits for a second officer: each change beside what stands now, to be put into force or refused."""

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import NotApproved, Overtaken, PackError
from bot.handover.accounts import Session
from bot.web.officer.editing import refresh
from bot.web.officer.office import described_all, moment, office_of, officer
from bot.web.officer.wordings import WRITTEN, told_of, waiting_for
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of


async def show_approvals(request: Request, who: Session) -> Response:
    """Show what waits."""
    return await _page(request, who)


async def _page(request: Request, who: Session, error: str = "", status: int = 200) -> Response:
    waiting: list[dict[str, Any]] = await to_thread.run_sync(office_of(request).changes.proposals)
    for one in waiting:
        one["differences"] = described_all(request, one["now"].rows, one["after"])
        one["own"] = one["staff_id"] == who.member.id
    done = request.query_params.get("done", "")
    return show(
        request,
        who,
        "officer/approvals.html",
        status,
        waiting=waiting,
        wordings=await waiting_for(request),
        error=error,
        done=done[:10],
        told=told_of(request),
        moment=moment,
        **WRITTEN,
    )


async def decide(request: Request, who: Session) -> Response:
    """Put a change into force, or refuse it; its proposer takes it back."""
    form, changes = await given(request), office_of(request).changes
    number, do, reason = text_of(form, "proposal", 12), text_of(form, "do", 10), text_of(form, "reason", 500)
    if not number.isdecimal():
        return RedirectResponse("/officer/approvals", 303)
    try:
        if do == "approve":
            await to_thread.run_sync(changes.approve, officer(who), int(number))
            await refresh(request)
        elif do == "refuse":
            await to_thread.run_sync(changes.refuse, officer(who), int(number), reason)
    except NotApproved as error:
        return await _page(request, who, f"officer.not_approved.{error.why}", 409)
    except Overtaken:
        return await _page(request, who, "officer.not_approved.overtaken", 409)
    except PackError as error:
        return await _page(request, who, error.problems[0], 422)
    return RedirectResponse(f"/officer/approvals?done={do}", 303)


routes = [
    Route("/officer/approvals", signed_in(show_approvals, OFFICERS), methods=["GET"]),
    Route("/officer/approvals", signed_in(decide, OFFICERS), methods=["POST"]),
]
