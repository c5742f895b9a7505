"""The chat as a page. Everything works with no JavaScript, which only makes it smoother."""

import contextlib
import uuid
from typing import Any
from urllib.parse import urlencode, urlsplit

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.composer import CORE
from bot.codes import INTERPRETER_FOR, NEEDS, reply_language
from bot.conversation.store import Chat, Exchange
from bot.errors import MessageRefused, UnknownConversation
from bot.web.api import RETRY_AFTER, pipeline_of, problem, too_many
from bot.web.pipeline import Incoming, Unanswered
from bot.web.rendering import Visit, empty_visit, read_visit, render

TILES = NEEDS
"""Topics that stand as buttons on the page itself; those of CORE at once, the others behind "more topics"."""
EXCHANGES_SHOWN = 3
"""How many of the last exchanges a whole page shows, until the earlier ones are asked for."""
FORGET_WHAT_WAS_SHOWN = {"Clear-Site-Data": '"cache"'}
"""The browser drops the pages it keeps for its back button."""
STANDING_LABELS = {"human": "choice.person", "more": "choice.more", "start_again": "page.start_again"}


def _shown(visit: Visit, exchanges: list[Exchange], language: str) -> list[dict[str, Any]]:
    """Give what the page shows of each exchange: what was asked, in words, and the replies."""
    say = pipeline_of(visit.request).catalogues.say
    labels: dict[str, str] = {choice: say(language, key) for choice, key in STANDING_LABELS.items()}
    labels |= {f"topic:{topic}": say(language, f"topic.{topic}") for topic in TILES}
    shown = []
    for number, exchange in enumerate(exchanges, 1):
        asked = exchange.text
        if asked.startswith("choice:"):
            asked = labels.get(asked.removeprefix("choice:"), "")
        for reply in (exchange.answer or {}).get("replies", []):
            labels.update({choice["value"]: choice["label"] for choice in reply.get("choices", [])})
        if exchange.answer:
            shown.append({"number": number, "asked": asked, "replies": exchange.answer["replies"]})
    return shown


async def _chat_page(
    visit: Visit,
    chat: Chat | None,
    status: int = 200,
    language: str | None = None,
    error: str = "",
    typed: str = "",
    message_id: str = "",
    notice: str = "",
    urgent: dict[str, Any] | None = None,
) -> Response:
    """Write the chat page: the conversation so far, an error tied to its field, what was typed, and the urgent words.

    Where the page's script asks for the new part alone and nothing else has changed, that is all it gets.
    """
    pipeline = pipeline_of(visit.request)
    language = language or visit.language
    exchanges = await to_thread.run_sync(pipeline.store.exchanges, chat) if chat else []
    shown = _shown(visit, exchanges, language)
    part = visit.given.get("part") == "1" and status == 200 and shown and language == visit.given.get("page_language")
    earlier = 0 if visit.given.get("action") == "earlier" else max(0, len(shown) - EXCHANGES_SHOWN)
    return render(
        visit,
        "turn.html" if part else "chat.html",
        status,
        language,
        exchanges=shown[-1:] if part else shown[earlier:],
        earlier=earlier,
        session=chat.token if chat else "",
        message_id=message_id or uuid.uuid4().hex,
        error=error,
        typed=typed,
        notice=notice,
        core=CORE,
        topics=TILES,
        urgent=urgent,
        days=pipeline.settings.retention_days,
        **_interpreter(chat, language),
    )


def _interpreter(chat: Chat | None, language: str) -> dict[str, Any]:
    """Give the language to ask an interpreter for: the visitor's own, which may be one that we answer in another.

    How that sounds is written for readers of the language we answer in only.
    """
    own = chat.language if chat else None
    return {"interpreter_for": INTERPRETER_FOR.get(own or language, ""), "sounds": own is None or own == language}


async def show_chat(request: Request) -> Response:
    return await _chat_page(await read_visit(request), None)


async def post_chat(request: Request) -> Response:
    """Take a message, a choice, a change of language or of what is shown, or the wish to erase, from the page's forms."""
    visit = await read_visit(request)
    pipeline, given = pipeline_of(request), visit.given
    text, choice, action = given.get("text", ""), given.get("choice") or None, given.get("action", "")
    pinned = given.get("language") or None

    def say(key: str, **values: object) -> str:
        return pipeline.catalogues.say(visit.language, key, **values)

    if "erase" in (action, choice):
        return await _erase(visit)
    message_id = given.get("message_id", "")
    over: bool = bool(message_id) and await to_thread.run_sync(pipeline.store.is_over, message_id)
    if over:
        return await show_ended(request)
    try:
        chat = await _conversation(visit)
    except UnknownConversation:
        return await _chat_page(visit, None, 404, error=say("error.unknown_session"), typed=text, message_id=message_id)
    wait = too_many(request, visit.session or None)
    if wait:
        return await _chat_page(visit, chat, 429, error=say("error.too_many", seconds=wait), typed=text, message_id=message_id)
    if action or (choice is None and "text" not in given):
        if pinned and chat:
            await to_thread.run_sync(pipeline.store.pin, chat, pinned)
        return await _chat_page(visit, chat, typed=text)
    incoming = Incoming(
        session=chat.token if chat else None,
        text=None if choice else text,
        choice=choice,
        language=pinned,
        message_id=message_id or None,
        page_language=visit.language,
        tiles=frozenset(f"topic:{topic}" for topic in TILES),
    )
    try:
        response = await pipeline.answer(incoming)
        chat = await pipeline.conversation(response["session"])
    except MessageRefused as refused:
        error = say(refused.key, **refused.values)
        return await _chat_page(visit, chat, refused.status, error=error, typed=text, message_id=message_id)
    except UnknownConversation:
        return await _chat_page(visit, None, 404, error=say("error.unknown_session"), typed=text, message_id=message_id)
    except Unanswered as away:
        words = pipeline.catalogues.say(away.language, "error.engine", seconds=RETRY_AFTER)
        return await _chat_page(visit, away.chat, 503, away.language, words, text, message_id, urgent=away.urgent.as_json())
    written = reply_language(response["language"]) or "en"
    return await _chat_page(visit, chat, language=written, typed=text if choice else "")


async def _erase(visit: Visit) -> Response:
    """Erase the chat, also one that has ended; say so only where there was one."""
    pipeline = pipeline_of(visit.request)
    key = "page.erased"
    if visit.session:
        try:
            key = "page.erased" if await pipeline.erase_by(visit.session) else "page.erasing"
        except UnknownConversation:
            key = "error.unknown_session"
    page = await _chat_page(visit, None, notice=pipeline.catalogues.say(visit.language, key))
    page.headers.update(FORGET_WHAT_WAS_SHOWN)
    return page


async def _conversation(visit: Visit) -> Chat | None:
    """Find the conversation that the form is about, if it is about one. Raises UnknownConversation."""
    pipeline = pipeline_of(visit.request)
    if visit.given.get("ticket"):
        return await to_thread.run_sync(pipeline.store.resume, visit.given["ticket"])
    return await pipeline.conversation(visit.session) if visit.session else None


async def stay(request: Request) -> Response:
    """Keep a chat open whose visitor is still there, for the page's script: 204, or 404 where it has ended."""
    visit = await read_visit(request, even_left=True)
    try:
        await to_thread.run_sync(pipeline_of(request).store.stay, visit.session)
    except UnknownConversation:
        return problem(request, "error.unknown_session", 404)
    return Response(status_code=204)


async def show_still(request: Request) -> Response:
    """Ask whether somebody is still there, of a browser without scripts; nothing of the chat is shown.

    The page came here by itself, so the address cannot hold the session: it holds a ticket, which is worth one change of it.
    """
    visit = await read_visit(request)
    ended = f"/ended?{urlencode({'lang': visit.language})}"
    return render(visit, "still.html", ticket=visit.given.get("ticket", ""), ended=ended)


async def show_ended(request: Request, error: Exception | None = None) -> Response:
    """Say that a chat has ended: also to whoever comes back to a page of one that was left."""
    if request.url.path.startswith("/api/"):
        return problem(request, "error.unknown_session", 404)
    visit = await read_visit(request, even_left=True)
    page = render(visit, "ended.html", session="")
    page.headers.update(FORGET_WHAT_WAS_SHOWN)
    return page


async def leave(request: Request) -> Response:
    """End the chat for good and go to a page that tells nothing; the page's script calls this on its way out.

    Who only closes an idle chat (``action=end``) is told that it has ended.
    """
    visit = await read_visit(request, even_left=True)
    pipeline = pipeline_of(request)
    with contextlib.suppress(UnknownConversation):
        chat = await _conversation(visit)
        if chat:
            await to_thread.run_sync(pipeline.store.leave, chat)
    if visit.given.get("message_id") and not too_many(request, None):
        # What was typed and refused belongs to no conversation; it is not to be shown again either.
        await to_thread.run_sync(pipeline.store.spend, visit.given["message_id"][:64])
    if visit.given.get("action") == "end":
        return await show_ended(request)
    goal = pipeline.settings.leave_to
    page = render(visit, "leave.html", language="en", goal=goal, host=urlsplit(goal).hostname)
    page.headers.update(FORGET_WHAT_WAS_SHOWN)
    return page


async def leave_again(request: Request) -> Response:
    """Somebody came back to the address of leaving: go on to where it leads."""
    return RedirectResponse(pipeline_of(request).settings.leave_to)


async def refused(request: Request, error: Exception) -> Response:
    """Answer a form that is too large to be read, as a page, or as a problem under the API."""
    assert isinstance(error, MessageRefused)
    if request.url.path.startswith("/api/"):
        return problem(request, error.key, error.status, None, **error.values)
    visit = empty_visit(request)
    return await _chat_page(visit, None, error.status, error=pipeline_of(request).catalogues.say(visit.language, error.key, **error.values))


async def not_found(request: Request, error: Exception) -> Response:
    """Answer an address that does not exist, as a page, or as a problem under the API."""
    if request.url.path.startswith("/api/"):
        return problem(request, "error.not_found", 404)
    visit = empty_visit(request)
    return await _chat_page(visit, None, 404, notice=pipeline_of(request).catalogues.say(visit.language, "error.not_found"))


routes = [
    Route("/", show_chat, methods=["GET"]),
    Route("/", post_chat, methods=["POST"]),
    Route("/stay", stay, methods=["POST"]),
    Route("/still", show_still, methods=["GET"]),
    Route("/ended", show_ended, methods=["GET", "POST"]),
    Route("/leave", leave, methods=["POST"]),
    Route("/leave", leave_again, methods=["GET"]),
]
