"""The page of the off switches: an officer stops the assistant or the handover at once, and everybody can see who did, when and why."""

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import SwitchRefused
from bot.handover.accounts import Session
from bot.switches.off_switches import LONGEST_MESSAGE, LONGEST_REASON, SWITCHES
from bot.web.api import live_of, pipeline_of
from bot.web.officer.office import moment
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

ADDRESS = "/officer/switches"
DONE = ("off", "on", "already")


async def show_switches(request: Request, who: Session) -> Response:
    """Show what is off, the switches, and what was switched before."""
    done = request.query_params.get("done", "")
    return await _page(request, who, done=done if done in DONE else "")


async def _page(request: Request, who: Session, status: int = 200, **values: Any) -> Response:
    switches = pipeline_of(request).off_switches
    return show(
        request,
        who,
        "officer/switches.html",
        status,
        switches=[(what, switches.off(what)) for what in SWITCHES],
        history=await to_thread.run_sync(switches.history),
        longest_reason=LONGEST_REASON,
        longest_message=LONGEST_MESSAGE,
        when=moment,
        **{"error": None, "wrong": "", "typed": {}, "done": "", **values},
    )


async def switch(request: Request, who: Session) -> Response:
    """Switch off or on, or say what is wrong with what was typed."""
    form, switches = await given(request), pipeline_of(request).off_switches
    what, position = text_of(form, "what", 16), text_of(form, "to", 3)
    # One more than is taken, so that what is too long is refused and not cut.
    why, message = text_of(form, "why", LONGEST_REASON + 1), text_of(form, "message", LONGEST_MESSAGE + 1)
    if what not in SWITCHES or position not in ("off", "on"):
        return await _page(request, who, 422)
    done = position
    try:
        if position == "off":
            await to_thread.run_sync(switches.switch_off, what, who.member.name, why, message)
        elif not await to_thread.run_sync(switches.switch_on, what, who.member.name, why):
            done = "already"
    except SwitchRefused as refused:
        return await _page(request, who, 422, error=refused, wrong=what, typed={"why": why, "message": message})
    # Staff's pages say whether the desk takes chats.
    live_of(request).changed()
    return RedirectResponse(f"{ADDRESS}?done={done}", 303)


routes = [
    Route(ADDRESS, signed_in(show_switches, OFFICERS), methods=["GET"]),
    Route(ADDRESS, signed_in(switch, OFFICERS), methods=["POST"]),
]
