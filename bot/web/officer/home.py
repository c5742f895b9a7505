"""The officers' first page: what wants doing, urgent things first."""

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.directory.freshness import REVIEW_DAYS
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.officer.office import office_of
from bot.web.staff.door import OFFICERS, accounts_of, given, show, signed_in, text_of


async def show_home(request: Request, who: Session) -> Response:
    """Show what wants doing."""
    office, reports = office_of(request), pipeline_of(request).desk.reports
    entries = [one for one in await to_thread.run_sync(office.listing.entries) if one.review is not None]
    waiting = [one["staff_id"] for one in await to_thread.run_sync(office.changes.proposals)]
    waiting += [one.staff_id for one in await to_thread.run_sync(office.wordings.waiting)]
    wrong = await to_thread.run_sync(reports.wrong_records)
    checked = [one for one in entries if one.checked_on]
    return show(
        request,
        who,
        "officer/home.html",
        alarms=[one for one in entries if one.urgent and one.overdue],
        urgent_unchecked=sum(one.urgent and one.unchecked for one in entries),
        overdue=sum(one.overdue for one in entries),
        unchecked=sum(one.unchecked for one in entries),
        checked=len(checked),
        count=len(entries),
        waiting=sum(proposer != who.member.id for proposer in waiting),
        own_waiting=sum(proposer == who.member.id for proposer in waiting),
        wrong=len(wrong),
        unread=await to_thread.run_sync(pipeline_of(request).feedback.unread),
        review_days=REVIEW_DAYS,
    )


async def show_wrong(request: Request, who: Session, status: int = 200) -> Response:
    """Show what staff found wrong, the safeguarding concerns they recorded, and who tried to sign in."""
    office, reports = office_of(request), pipeline_of(request).desk.reports
    entries = {one.id or one.key: one for one in await to_thread.run_sync(office.listing.entries)}
    found: list[dict[str, Any]] = await to_thread.run_sync(reports.wrong_records)
    for one in found:
        one["entry"] = entries.get(one["about"])
    audit = await to_thread.run_sync(accounts_of(request).audit, 50)
    concerns = await to_thread.run_sync(reports.escalations)
    return show(request, who, "officer/wrong.html", status, more=status != 200, reports=found, concerns=concerns, audit=audit)


async def settle(request: Request, who: Session) -> Response:
    """Note that a report of staff is settled."""
    form = await given(request)
    number, seen_of_it = text_of(form, "report", 9), text_of(form, "seen", 9)
    if number.isdecimal() and seen_of_it.isdecimal():
        settled = await to_thread.run_sync(pipeline_of(request).desk.reports.settle_wrong, int(number), int(seen_of_it))
        if not settled:
            return await show_wrong(request, who, 409)
    return RedirectResponse("/officer/wrong", 303)


routes = [
    Route("/officer", signed_in(show_home, OFFICERS), methods=["GET"]),
    Route("/officer/wrong", signed_in(show_wrong, OFFICERS), methods=["GET"]),
    Route("/officer/wrong", signed_in(settle, OFFICERS), methods=["POST"]),
]
