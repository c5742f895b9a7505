"""The chat API, ``/api/v1``."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.codes import language_of_tag, reply_language
from bot.conversation.store import Chat
from bot.errors import MessageRefused, UnknownConversation
from bot.handover.reference import read_reference
from bot.handover.states import WAITING, WITH_STAFF
from bot.understanding.cleaning import LONGEST
from bot.web.limits import RateLimits, address_of
from bot.web.live import PING, Live
from bot.web.pipeline import Incoming, Pipeline, Unanswered, handover_of
from bot.web.schema import CallbackRequest, ChatRequest, FeedbackRequest, ReferenceRequest, openapi

LARGEST_BODY = 16 * 1024
RETRY_AFTER = 5
SLOWLY = 3.0
"""Seconds that a code takes to be looked up while too many are tried."""
MOST_SLOW_CODES = 20
"""Codes that may wait for that at the same time."""
TITLES = {
    400: "Malformed",
    404: "Not found",
    409: "Not taken",
    413: "Too long",
    422: "Not understood",
    429: "Too many requests",
    503: "Engine away",
}
Shape = TypeVar("Shape")


def pipeline_of(request: Request) -> Pipeline:
    """Give the pipeline of the running application."""
    pipeline: Pipeline = request.app.state.pipeline
    return pipeline


def asked_language(request: Request) -> str:
    """Give the language of ours that the browser's Accept-Language prefers, or English."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        found = language_of_tag(part.split(";")[0])
        if found:
            return found
    return "en"


def problem(request: Request, key: str, status: int, language: str | None = None, **values: object) -> JSONResponse:
    """Write an error as RFC 9457, its detail in the asker's language."""
    lang = reply_language(language) or asked_language(request)
    said = pipeline_of(request).catalogues.said(lang, key, **values)
    body = {"type": f"/errors/{key.split('.')[1]}", "title": TITLES[status], "status": status, "detail": said.text, "lang": said.lang}
    headers = {"Retry-After": str(values["seconds"])} if "seconds" in values else {}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


async def read_body(request: Request, limit: int = LARGEST_BODY) -> bytes:
    """Read the body. Raises MessageRefused when it is larger than ``limit`` bytes, before all of it is read."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise MessageRefused("error.too_long", 413, limit=LONGEST)
    return bytes(body)


async def decode(request: Request, shape: type[Shape]) -> Shape:
    """Read the body as JSON of ``shape``. Raises MessageRefused: 400 where it is no JSON, 422 where it is another shape."""
    body = await read_body(request)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MessageRefused("error.shape", 422) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MessageRefused("error.malformed", 400) from error


def bearer(request: Request) -> str:
    """Give the token of the Authorization header. Raises UnknownConversation."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnknownConversation()
    return token.strip()


async def too_many(request: Request, session: str | None) -> int:
    """Count this request, once also where its answer fails and another is given; give the seconds to wait, 0 for none."""
    if not hasattr(request.state, "wait"):
        lane: CapacityLimiter = request.app.state.counting
        request.state.wait = await to_thread.run_sync(limits_of(request).wait, address_of(request), session, limiter=lane)
    wait: int = request.state.wait
    return wait


def limits_of(request: Request) -> RateLimits:
    """Give what counts messages and codes."""
    limits: RateLimits = request.app.state.limits
    return limits


def message_of(asked: ChatRequest) -> Incoming:
    """Give the message that a request of the API brings."""
    return Incoming(asked.session, asked.text, asked.choice, asked.language, asked.message_id)


async def chat(request: Request) -> Response:
    asked = await decode(request, ChatRequest)
    wait = await too_many(request, asked.session)
    if wait:
        return problem(request, "error.too_many", 429, asked.language, seconds=wait)
    try:
        return JSONResponse(await pipeline_of(request).answer(message_of(asked)))
    except MessageRefused as refused:
        return problem(request, refused.key, refused.status, asked.language, **refused.values)
    except Unanswered as unanswered:
        return not_answered(request, unanswered)


def not_answered(request: Request, unanswered: Unanswered) -> Response:
    """Write what a message is told that cannot be answered now."""
    lang = unanswered.language
    said = pipeline_of(request).catalogues.said(lang, "error.engine", seconds=RETRY_AFTER)
    body = {
        "type": "/errors/engine",
        "title": TITLES[503],
        "status": 503,
        "detail": said.text,
        "lang": said.lang,
        "urgent": unanswered.urgent.as_json(),
        "notices": [notice.as_json() for notice in unanswered.notices],
        "understood": unanswered.understood,
        "directory": f"/directory?lang={lang}",
        "session": unanswered.session,
    }
    return JSONResponse(body, 503, {"Retry-After": str(RETRY_AFTER)}, media_type="application/problem+json")


async def erase(request: Request) -> Response:
    everywhere = await pipeline_of(request).erase_by(bearer(request))
    return Response(status_code=204 if everywhere else 202)


def live_of(request: Request) -> Live:
    """Give what this process knows of who is writing, and of changes."""
    live: Live = request.app.state.live
    return live


def _since(text: str) -> int:
    """Read the number of an event. Raises MessageRefused where it is none."""
    if not text.isdecimal() or len(text) > 9:
        raise MessageRefused("error.shape", 422)
    return int(text)


async def events(request: Request) -> Response:
    """Give what the desk said after a number, at once as JSON or from now on as a stream; asking so says that the ones before arrived."""
    pipeline, token = pipeline_of(request), bearer(request)
    chat = await pipeline.conversation(token)
    after = _since(request.headers.get("last-event-id") or request.query_params.get("after", "0"))
    if after:
        await to_thread.run_sync(pipeline.desk.acknowledge, chat, after)
    if "text/event-stream" in request.headers.get("accept", ""):
        streams, address = live_of(request).streams, address_of(request)
        if not streams.may_open(token, address):
            return problem(request, "error.too_many", 429, seconds=RETRY_AFTER)
        return EventSourceResponse(_stream(request, token, address, after), ping=PING)
    return JSONResponse(await what_happened(request, chat, after))


async def what_happened(request: Request, chat: Chat, after: int) -> dict[str, Any]:
    """Give what the desk said in a chat after a number, where the handover is, and whether somebody writes or is there at all."""
    pipeline = pipeline_of(request)
    moment = datetime.now(timezone.utc)

    def look() -> dict[str, Any]:
        words, desk = pipeline.handover_words(), pipeline.desk
        view = desk.view(chat.id)
        language = chat.language or "en"
        told = [
            {
                "number": said.number,
                "kind": said.kind,
                "from": said.sender,
                "at": said.sent_at.isoformat(timespec="seconds"),
                "replies": [reply.as_json() for reply in words.said(language, said, moment)],
            }
            for said in desk.said(chat.id, max(after, chat.after_desk))
        ]
        body = {
            "events": told,
            "handover": handover_of(view),
            "writing": live_of(request).is_writing(chat.id),
            "translations": view.translations,
        }
        if view.state == WAITING and view.asked_at:
            waited = int((moment - view.asked_at).total_seconds())
            body["queue"] = {"place": view.place, "waited_seconds": waited, "live": desk.status().live}
        if view.state == WITH_STAFF:
            body["with"] = view.holder
        return body

    return await to_thread.run_sync(look)


async def _stream(request: Request, token: str, address: str, after: int) -> AsyncIterator[dict[str, Any]]:
    """Send every new thing once, as it comes, and how things stand whenever that changes; ends with the chat.

    That something was sent is no sign that it arrived: that is what the next request's ``after`` says.
    """
    with live_of(request).streams.opened(token, address):
        async for event in _events(request, token, after):
            yield event


async def _events(request: Request, token: str, after: int) -> AsyncIterator[dict[str, Any]]:
    before: dict[str, Any] = {}
    async for _ in live_of(request).changes():
        try:
            chat = await pipeline_of(request).conversation(token)
            body = await what_happened(request, chat, after)
        except UnknownConversation:
            yield {"event": "ended", "data": "{}"}
            return
        for said in body.pop("events"):
            yield {"event": "said", "id": str(said["number"]), "data": msgspec.json.encode(said).decode()}
            after = said["number"]
        # Seconds pass by themselves; a page counts them, and is told of what else changed.
        stands = {**body, "queue": {**body["queue"], "waited_seconds": 0}} if "queue" in body else body
        if stands != before:
            before = stands
            yield {"event": "state", "data": msgspec.json.encode(body).decode()}


async def callback(request: Request) -> Response:
    """Keep how a visitor wants to be called back: only with ``wanted``, and only where a handover is open."""
    pipeline, token = pipeline_of(request), bearer(request)
    wait = await too_many(request, token)
    if wait:
        return problem(request, "error.too_many", 429, seconds=wait)
    given = await decode(request, CallbackRequest)
    chat = await pipeline.conversation(token)
    await pipeline.leave_callback(chat, given.contact, given.wanted)
    return Response(status_code=204)


async def reference(request: Request) -> Response:
    """Open a chat by its reference code, on this device, with nothing of what was said before."""
    given = await decode(request, ReferenceRequest)
    chat = await open_by_code(request, given.reference)
    return JSONResponse({"session": chat.token, "language": chat.language or "en", "after": chat.after_desk})


async def open_by_code(request: Request, typed: str) -> Chat:
    """Open the chat of a code somebody typed. Raises MessageRefused: 422 no code, 404 not known, 429 too many tries."""
    code = read_reference(typed[:40])
    if code is None:
        raise MessageRefused("code.wrong", 422)
    minutes, many = await to_thread.run_sync(limits_of(request).try_code, address_of(request))
    if minutes:
        raise MessageRefused("error.too_many_codes", 429, minutes=minutes)
    if many:
        # Somebody is guessing from many places: everybody's code is looked up, slowly, one after the other.
        lane: CapacityLimiter = request.app.state.slow_codes
        if lane.statistics().tasks_waiting >= MOST_SLOW_CODES:
            raise MessageRefused("error.too_many_codes", 429, minutes=1)
        async with lane:
            await asyncio.sleep(SLOWLY)
    try:
        return await to_thread.run_sync(pipeline_of(request).store.open_again, code)
    except UnknownConversation:
        raise MessageRefused("code.unknown", 404) from None


async def feedback(request: Request) -> Response:
    pipeline = pipeline_of(request)
    token = bearer(request)
    wait = await too_many(request, token)
    if wait:
        return problem(request, "error.too_many", 429, seconds=wait)
    given = await decode(request, FeedbackRequest)
    await pipeline.give_feedback(await pipeline.conversation(token), given.helped, given.about, given.comment)
    return Response(status_code=204)


async def description(request: Request) -> Response:
    return JSONResponse(openapi())


async def unknown(request: Request, error: Exception) -> Response:
    """Answer an UnknownConversation; tokens that do not exist are counted for their address, as messages are."""
    wait = await too_many(request, None)
    if wait:
        return problem(request, "error.too_many", 429, seconds=wait)
    return problem(request, "error.unknown_session", 404)


routes = [
    Route("/api/v1/chat", chat, methods=["POST"]),
    Route("/api/v1/chat", erase, methods=["DELETE"]),
    Route("/api/v1/chat/events", events, methods=["GET"]),
    Route("/api/v1/chat/feedback", feedback, methods=["POST"]),
    Route("/api/v1/chat/callback", callback, methods=["POST"]),
    Route("/api/v1/chat/reference", reference, methods=["POST"]),
    Route("/api/v1/openapi.json", description, methods=["GET"]),
]
