"""The chat API, ``/api/v1``."""

from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.codes import language_of_tag, reply_language
from bot.errors import MessageRefused, UnknownConversation
from bot.understanding.cleaning import LONGEST
from bot.web.pipeline import NO_HANDOVER, Incoming, Pipeline, Unanswered
from bot.web.schema import ChatRequest, FeedbackRequest, openapi

LARGEST_BODY = 16 * 1024
RETRY_AFTER = 5
TITLES = {
    400: "Malformed",
    404: "Not found",
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


def too_many(request: Request, session: str | None) -> int:
    """Count this request; give the seconds to wait, 0 for none."""
    address = request.client.host if request.client else ""
    wait: int = request.app.state.limits.wait(address, session)
    return wait


async def chat(request: Request) -> Response:
    asked = await decode(request, ChatRequest)
    wait = too_many(request, asked.session)
    if wait:
        return problem(request, "error.too_many", 429, asked.language, seconds=wait)
    pipeline = pipeline_of(request)
    incoming = Incoming(asked.session, asked.text, asked.choice, asked.language, asked.message_id)
    try:
        return JSONResponse(await pipeline.answer(incoming))
    except MessageRefused as refused:
        return problem(request, refused.key, refused.status, asked.language, **refused.values)
    except Unanswered as unanswered:
        lang = unanswered.language
        said = pipeline.catalogues.said(lang, "error.engine", seconds=RETRY_AFTER)
        body = {
            "type": "/errors/engine",
            "title": TITLES[503],
            "status": 503,
            "detail": said.text,
            "lang": said.lang,
            "urgent": unanswered.urgent.as_json(),
            "understood": unanswered.understood,
            "directory": f"/directory?lang={lang}",
            "session": unanswered.chat.token,
        }
        return JSONResponse(body, 503, {"Retry-After": str(RETRY_AFTER)}, media_type="application/problem+json")


async def erase(request: Request) -> Response:
    everywhere = await pipeline_of(request).erase_by(bearer(request))
    return Response(status_code=204 if everywhere else 202)


async def events(request: Request) -> Response:
    await pipeline_of(request).conversation(bearer(request))
    if not request.query_params.get("after", "0").isdecimal():
        raise MessageRefused("error.shape", 422)
    if "text/event-stream" in request.headers.get("accept", ""):
        return Response("retry: 15000\n\n", media_type="text/event-stream")
    return JSONResponse({"events": [], "handover": NO_HANDOVER})


async def feedback(request: Request) -> Response:
    pipeline = pipeline_of(request)
    token = bearer(request)
    wait = too_many(request, token)
    if wait:
        return problem(request, "error.too_many", 429, seconds=wait)
    given = await decode(request, FeedbackRequest)
    if len(given.comment) > LONGEST:
        raise MessageRefused("error.too_long", 413, limit=LONGEST)
    if given.about and all(service.id != given.about for service in pipeline.live.current().services):
        raise MessageRefused("error.shape", 422)
    await pipeline.give_feedback(await pipeline.conversation(token), given.helped, given.about, given.comment)
    return Response(status_code=204)


async def description(request: Request) -> Response:
    return JSONResponse(openapi())


async def unknown(request: Request, error: Exception) -> Response:
    """Answer an UnknownConversation."""
    return problem(request, "error.unknown_session", 404)


routes = [
    Route("/api/v1/chat", chat, methods=["POST"]),
    Route("/api/v1/chat", erase, methods=["DELETE"]),
    Route("/api/v1/chat/events", events, methods=["GET"]),
    Route("/api/v1/chat/feedback", feedback, methods=["POST"]),
    Route("/api/v1/openapi.json", description, methods=["GET"]),
]
