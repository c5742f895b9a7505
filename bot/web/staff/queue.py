"""Who waits, who is there, and what changes: the queue, its stream, the code of a chat, and chats that begin at a library's desk."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from anyio import to_thread
from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.codes import ENGLISH_NAMES, REPLY_LANGUAGES
from bot.errors import DeskOff, SignedOut
from bot.handover.accounts import Session
from bot.handover.practice import first_line, scenarios
from bot.handover.reference import read_reference
from bot.handover.states import MESSAGE_LEFT, WAITING, WITH_STAFF
from bot.handover.views import Entry
from bot.web.api import limits_of, live_of, pipeline_of
from bot.web.live import PING
from bot.web.staff.chat import show_file
from bot.web.staff.door import COOKIE, LIBRARIANS, accounts_of, given, show, signed_in, text_of, write

SOON = timedelta(days=1)
"""How long before its end a chat that waits is marked."""
UNITS = (("days", 24 * 60), ("hours", 60), ("minutes", 1))
"""In what waiting is told, and the minutes of each; from two of one on."""


def _line(entry: Entry, days: int) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    minutes = int((now - entry.asked_at).total_seconds() // 60)
    unit, count = next((unit, minutes // length) for unit, length in UNITS if minutes >= 2 * length or length == 1)
    return {
        "entry": entry,
        "unit": unit,
        "count": count,
        "language": ENGLISH_NAMES.get(entry.language, entry.language),
        "deleted_soon": entry.last_used_at + timedelta(days=days) - now < SOON,
    }


async def _queue_values(request: Request, who: Session) -> dict[str, Any]:
    desk, days = pipeline_of(request).desk, pipeline_of(request).settings.retention_days
    entries = await to_thread.run_sync(desk.queue, who.member.id)
    status = await to_thread.run_sync(desk.status)
    present = await to_thread.run_sync(desk.accounts.present)
    lines = [_line(entry, days) for entry in entries]
    mine = [
        line for line in lines if line["entry"].holder and line["entry"].holder.id == who.member.id and line["entry"].state == WITH_STAFF
    ]
    return {
        "waiting": [line for line in lines if line["entry"].state == WAITING],
        "messages": [line for line in lines if line["entry"].state == MESSAGE_LEFT],
        "mine": mine,
        "others": [line for line in lines if line["entry"].state == WITH_STAFF and line not in mine],
        "present": present,
        "standing": status,
    }


async def show_queue(request: Request, who: Session) -> Response:
    await to_thread.run_sync(accounts_of(request).beat, who.id)
    part = request.query_params.get("part") == "1"
    return show(
        request,
        who,
        "staff/queue_part.html" if part else "staff/queue.html",
        languages={code: ENGLISH_NAMES[code] for code in REPLY_LANGUAGES},
        scenarios=scenarios(),
        error="",
        **await _queue_values(request, who),
    )


async def _refused(request: Request, who: Session, error: str) -> Response:
    return show(
        request,
        who,
        "staff/queue.html",
        422,
        languages={code: ENGLISH_NAMES[code] for code in REPLY_LANGUAGES},
        scenarios=scenarios(),
        error=error,
        **await _queue_values(request, who),
    )


async def be_there(request: Request, who: Session) -> Response:
    """Say whether this browser's owner takes chats."""
    there = text_of(await given(request), "here") == "1"
    await to_thread.run_sync(accounts_of(request).set_at_desk, who.id, there)
    if there:
        await to_thread.run_sync(accounts_of(request).beat, who.id)
    live_of(request).changed()
    return RedirectResponse("/staff/queue", 303)


async def beat(request: Request, who: Session) -> Response:
    """Hear from a page that it is open; with ``active``, that somebody does something in it."""
    await to_thread.run_sync(accounts_of(request).beat, who.id)
    if text_of(await given(request), "active") == "1":
        await to_thread.run_sync(accounts_of(request).who, request.cookies.get(COOKIE, ""))
    return Response(status_code=204)


async def find_code(request: Request, who: Session) -> Response:
    """Bring up the chat whose code somebody shows at the desk; that it was brought up is recorded in its history."""
    typed = text_of(await given(request), "code", 40)
    code = read_reference(typed)
    if code is None:
        return await _refused(request, who, "staff.code_wrong")
    if not await to_thread.run_sync(limits_of(request).staff_may_try_code, who.member.id):
        return await _refused(request, who, "staff.code_too_many")
    desk = pipeline_of(request).desk
    found = await to_thread.run_sync(desk.find, code)
    if found is None:
        return await _refused(request, who, "staff.code_unknown")
    await to_thread.run_sync(desk.show_code, found, who.member)
    return await show_file(request, who, found, by_code=code)


async def start(request: Request, who: Session) -> Response:
    """Start a chat for somebody who stands here; its code is shown for them to type."""
    language = text_of(await given(request), "chat_language", 16)
    if language not in REPLY_LANGUAGES:
        return await _refused(request, who, "staff.choose_language")
    desk = pipeline_of(request).desk
    try:
        found = await to_thread.run_sync(desk.start, who.member, language, str(uuid.uuid4()))
    except DeskOff:
        return await _refused(request, who, "staff.off.none_new")
    return RedirectResponse(f"/staff/chat/{found}", 303)


async def practise(request: Request, who: Session) -> Response:
    """Put a made-up visitor into this person's queue."""
    scenario = text_of(await given(request), "scenario", 40)
    if scenario not in scenarios():
        return await _refused(request, who, "staff.choose_scenario")
    desk, line = pipeline_of(request).desk, first_line(scenario)
    found = await to_thread.run_sync(desk.start, who.member, line.language, str(uuid.uuid4()), scenario)
    await to_thread.run_sync(desk.practise, found, "line-0", line.text)
    return RedirectResponse("/staff/queue", 303)


async def events(request: Request, who: Session) -> Response:
    """Tell a page of staff whatever changes. That it is told is no sign of anybody: the page says itself that it is open."""
    return EventSourceResponse(_stream(request), ping=PING)


async def _stream(request: Request) -> AsyncIterator[dict[str, Any]]:
    token, before = request.cookies.get(COOKIE, ""), ""
    async for _ in live_of(request).changes():
        try:
            who = await to_thread.run_sync(accounts_of(request).who, token, False)
        except SignedOut:
            yield {"event": "ended", "data": "{}"}
            return
        told = msgspec.json.encode(await _standing(request, who)).decode()
        if told != before:
            before = told
            yield {"event": "desk", "data": told}


async def _standing(request: Request, who: Session) -> dict[str, Any]:
    """Say how things stand: how many wait, the last urgent message, marks of the queue and of each chat of one's own, and notices.

    The notices are those of every page, in HTML: another front door may know of other ones.
    """
    desk, switches = pipeline_of(request).desk, pipeline_of(request).off_switches

    def look() -> dict[str, Any]:
        entries = desk.queue(who.member.id)
        own = [entry for entry in entries if entry.holder and entry.holder.id == who.member.id and entry.state == WITH_STAFF]
        urgent = [entry.urgent_at for entry in entries if entry.urgent_at]
        names = [member.name for member in desk.accounts.present()]
        queue = repr([(e.id, e.state, e.urgent, e.holder, e.language, e.topic, e.callback) for e in entries])
        queue += repr((names, switches.current()))
        return {
            "waiting": sum(entry.state in (WAITING, MESSAGE_LEFT) and not entry.practice for entry in entries),
            "urgent": max(urgent).isoformat() if urgent else "",
            "queue": hashlib.sha256(queue.encode()).hexdigest()[:12],
            "notices": write(request, who, "staff/notices.html").strip(),
            "idle": who.at_desk and not who.is_active,
            "chats": {str(entry.id): desk.mark(entry.id) for entry in own},
        }

    return await to_thread.run_sync(look)


routes = [
    Route("/staff/queue", signed_in(show_queue, LIBRARIANS), methods=["GET"]),
    Route("/staff/here", signed_in(be_there, LIBRARIANS), methods=["POST"]),
    Route("/staff/beat", signed_in(beat, LIBRARIANS, touch=False), methods=["POST"]),
    Route("/staff/code", signed_in(find_code, LIBRARIANS), methods=["POST"]),
    Route("/staff/start", signed_in(start, LIBRARIANS), methods=["POST"]),
    Route("/staff/practise", signed_in(practise, LIBRARIANS), methods=["POST"]),
    Route("/staff/events", signed_in(events, LIBRARIANS, touch=False), methods=["GET"]),
]
