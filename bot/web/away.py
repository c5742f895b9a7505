"""What is told while the database cannot be used, in the place of every page that needs it."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.errors import MessageRefused
from bot.web.api import RETRY_AFTER, decode, message_of, not_answered, pipeline_of, problem, too_many
from bot.web.chat_page import leave_later, show_not_taken
from bot.web.chat_page import refused as refuse
from bot.web.schema import ChatRequest
from bot.web.staff.door import AWAY, health_of, show


async def answer_without_database(request: Request) -> Response:
    """Answer a request that the database would be needed for: with emergency numbers, and with what is wrong where staff ask."""
    path = request.url.path
    if path.startswith(("/staff", "/officer")):
        answer: Response = show(request, None, AWAY, 503)
    elif path == "/api/v1/chat" and request.method == "POST":
        answer = await _message(request)
    elif path.startswith("/api/"):
        answer = problem(request, "error.engine", 503, seconds=RETRY_AFTER)
    elif path.startswith("/openreferral"):
        answer = JSONResponse({"detail": "The directory's database cannot be read at the moment."}, 503)
    elif path == "/leave" and request.method == "POST":
        return await leave_later(request, lambda: health_of(request).storage_is_away)
    else:
        try:
            answer = await show_not_taken(request)
        except MessageRefused as refused:
            answer = await refuse(request, refused)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


async def _message(request: Request) -> Response:
    try:
        asked = await decode(request, ChatRequest)
        wait = await too_many(request, asked.session)
        if wait:
            return problem(request, "error.too_many", 429, asked.language, seconds=wait)
        return not_answered(request, await pipeline_of(request).without_database(message_of(asked)))
    except MessageRefused as refused:
        return problem(request, refused.key, refused.status, None, **refused.values)
