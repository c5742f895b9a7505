"""The chat as a page. Everything works with no JavaScript, which only makes it smoother."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode, urlsplit

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.composer import CORE
from bot.answers.handover import ANSWER, CHOICES
from bot.answers.replies import completed
from bot.codes import INTERPRETER_FOR, NEEDS, reply_language
from bot.conversation.store import CHOICE, Chat
from bot.errors import MessageRefused, UnknownConversation
from bot.handover.reference import spoken
from bot.handover.states import NONE, WAITING
from bot.handover.views import SAID, DeskStatus, View
from bot.moments import in_order
from bot.switches.off_switches import ASSISTANT
from bot.web.api import RETRY_AFTER, open_by_code, pipeline_of, problem, too_many
from bot.web.pipeline import Incoming, Unanswered
from bot.web.rendering import Visit, empty_visit, read_visit, render

log = logging.getLogger(__name__)
TILES = NEEDS
"""Topics that stand as buttons on the page itself; those of CORE at once, the others behind "more topics"."""
EXCHANGES_SHOWN = 3
"""How many of the last exchanges a whole page shows, until the earlier ones are asked for."""
FORGET_WHAT_WAS_SHOWN = {"Clear-Site-Data": '"cache"'}
"""The browser drops the pages it keeps for its back button."""
LOOK_AGAIN = 0.5
"""Seconds between two looks at whether the database is back."""
LEAVE_LATER_AT_MOST = 1000
"""Chats that one front door remembers to end once the database is back."""
STANDING_LABELS = {"human": "choice.person", "more": "choice.more", "start_again": "page.start_again", **CHOICES}


@dataclass(frozen=True)
class Talk:
    """What a page shows of a chat: each message with its answer, and what the desk said, in the order of time.

    An item has ``number`` (of an exchange), ``asked`` in words or the ``sender`` and ``said`` number of the desk, ``replies``, and whether
    its buttons may still be pressed (``open``). ``view`` is the handover, ``seen`` the number of the last thing the desk said, ``asks``
    whether it is asked if an answer helped.
    """

    items: list[dict[str, Any]]
    view: View
    status: DeskStatus
    seen: int
    asks: bool = False


NOTHING_SAID = Talk([], View(), DeskStatus(), 0)


def _talk(visit: Visit, chat: Chat, language: str) -> Talk:
    pipeline = pipeline_of(visit.request)
    say, words = pipeline.catalogues.say, pipeline.handover_words()
    labels: dict[str, str] = {choice: say(language, key) for choice, key in STANDING_LABELS.items()}
    labels |= {f"topic:{topic}": say(language, f"topic.{topic}") for topic in TILES}
    items: list[dict[str, Any]] = []
    for number, exchange in enumerate(pipeline.store.exchanges(chat), 1):
        asked = exchange.text
        if asked.startswith(f"{CHOICE}{ANSWER}"):
            asked = say(language, f"answer.{asked.removeprefix(f'{CHOICE}{ANSWER}')}")
        elif asked.startswith(CHOICE):
            asked = labels.get(asked.removeprefix(CHOICE), "")
        for reply in (exchange.answer or {}).get("replies", []):
            labels.update({choice["value"]: choice["label"] for choice in reply.get("choices", [])})
        if exchange.answer:
            replies = [completed(reply) for reply in exchange.answer["replies"]]
            items.append({"number": number, "asked": asked, "said": 0, "replies": replies, "at": exchange.received_at})
    moment = datetime.now(timezone.utc)
    view, seen, of_desk = pipeline.desk.view(chat.id), 0, []
    for said in pipeline.desk.said(chat.id, chat.after_desk):
        replies = [reply.as_json() for reply in words.said(language, said, moment)]
        sender = said.sender if said.kind in SAID else ""
        of_desk.append({"number": f"d{said.number}", "sender": sender, "said": said.number, "replies": replies, "at": said.sent_at})
        seen = said.number
    items = in_order(items, of_desk, at=lambda item: item["at"])
    last_asked = max((at for at, item in enumerate(items) if not item["said"]), default=0)
    for at, item in enumerate(items):
        item["open"] = at >= last_asked
    status = pipeline.desk.status() if view.state == WAITING else DeskStatus()
    return Talk(items, view, status, seen, not pipeline.feedback.closed())


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
    notices: Sequence[dict[str, Any]] = (),
    callback_error: str = "",
    contact: str = "",
    thanked: str = "",
    out_of_reach: bool = False,
) -> Response:
    """Write the chat page: the conversation so far, an error tied to its field, what was typed, and the urgent words.

    ``thanked`` is what was just said of the last answer: ``1`` it helped, ``0`` it did not, ``kept`` something more.

    ``out_of_reach`` says that the chat is there and cannot be read now: the page keeps what it shows of it.

    Where the page's script asks for the new part alone and nothing else has changed, that is all it gets.
    """
    pipeline = pipeline_of(visit.request)
    language = language or visit.language
    talk = await to_thread.run_sync(_talk, visit, chat, language) if chat else NOTHING_SAID
    shown = talk.items
    seen_before = int(visit.given["seen"]) if visit.given.get("seen", "").isdecimal() else 0
    template, part = "chat.html", visit.given.get("part")
    unseen = next((at for at, item in enumerate(shown) if item["said"] > seen_before), len(shown))
    earlier = 0 if visit.given.get("action") == "earlier" else min(unseen, max(0, len(shown) - EXCHANGES_SHOWN))
    if part and status == 200 and (shown or part == "desk") and language == visit.given.get("page_language"):
        # What the desk said meanwhile comes with the answer; only that, where the page asks for that alone.
        new = [item for item in shown if item["said"] > seen_before or (part == "1" and item["number"] == _last_number(shown))]
        template, shown, earlier = "turn.html", new, 0
    return render(
        visit,
        template,
        status,
        language,
        exchanges=shown[earlier:],
        earlier=earlier,
        session=chat.token if chat else visit.session if out_of_reach else "",
        out_of_reach=out_of_reach,
        message_id=message_id or uuid.uuid4().hex,
        error=error,
        callback_error=callback_error,
        contact=contact,
        wanted=bool(contact) and visit.given.get("wanted") == "1",
        typed=typed,
        notice=notice,
        core=CORE,
        topics=TILES,
        urgent=urgent,
        notices=notices,
        days=pipeline.settings.retention_days,
        path="/",
        seen=talk.seen,
        asks=talk.asks,
        thanked=thanked,
        off=pipeline.off_switches.off(ASSISTANT),
        view=talk.view,
        desk=talk.status,
        long_wait=_waits_long(talk.view, pipeline.settings.desk_patience_minutes),
        reference=spoken(talk.view.reference) if talk.view.reference and talk.view.state != NONE else "",
        **_interpreter(chat, language),
    )


def _last_number(items: list[dict[str, Any]]) -> int:
    """Give the number of the last exchange."""
    return max((item["number"] for item in items if not item["said"]), default=0)


def _waits_long(view: View, minutes: int) -> bool:
    if view.state != WAITING or view.asked_at is None:
        return False
    return datetime.now(timezone.utc) - view.asked_at > timedelta(minutes=minutes)


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
        wait = await too_many(request, None)
        if not wait:
            return await _over(visit)
        return await _chat_page(visit, None, 429, error=say("error.too_many", seconds=wait), typed=text, message_id=message_id)
    # What the page looks at by itself is not what its visitor does; whoever says or does something with it is counted.
    looks = given.get("part") == "desk" and action == "show" and choice is None and not {"text", "helped"} & given.keys()
    wait = 0 if looks else await too_many(request, visit.session or None)
    if wait:
        return await _chat_page(visit, chat, 429, error=say("error.too_many", seconds=wait), typed=text, message_id=message_id)
    if chat and given.get("seen", "").isdecimal():
        await to_thread.run_sync(pipeline.desk.acknowledge, chat, int(given["seen"][:9]))
    if action == "callback" and chat:
        return await _leave_callback(visit, chat, typed=text)
    if given.get("helped") in ("0", "1") and chat:
        return await _take_feedback(visit, chat, given["helped"] == "1", typed=text)
    if action or (choice is None and "text" not in given):
        if pinned and chat:
            await to_thread.run_sync(pipeline.store.pin, chat, pinned)
        return await _chat_page(visit, chat, typed=text)
    try:
        response = await pipeline.answer(_message_of(visit, chat.token if chat else None))
        chat = await pipeline.conversation(response["session"])
    except MessageRefused as refused:
        error = say(refused.key, **refused.values)
        return await _chat_page(visit, chat, refused.status, error=error, typed=text, message_id=message_id)
    except UnknownConversation:
        return await _over(visit)
    except Unanswered as away:
        return await _not_answered(visit, away)
    written = reply_language(response["language"]) or "en"
    return await _chat_page(visit, chat, language=written, typed=text if choice else "")


def _message_of(visit: Visit, session: str | None) -> Incoming:
    """Give the message that the page's form brings."""
    given, choice = visit.given, visit.given.get("choice") or None
    return Incoming(
        session=session,
        text=None if choice else given.get("text", ""),
        choice=choice,
        language=given.get("language") or None,
        message_id=given.get("message_id") or None,
        page_language=visit.language,
        tiles=frozenset(f"topic:{topic}" for topic in TILES),
    )


async def _over(visit: Visit) -> Response:
    """Write the page of a message to a chat that has ended: what was typed stays, and an urgent need in it is answered all the same."""
    pipeline, given, asked = pipeline_of(visit.request), visit.given, _message_of(visit, None)
    urgent: dict[str, Any] | None = None
    notices: list[dict[str, Any]] = []
    with contextlib.suppress(MessageRefused):
        read = await pipeline.without_database(asked)
        if read.understood["urgent"]:
            urgent, notices = read.urgent.as_json(), [notice.as_json() for notice in read.notices]
    error = pipeline.catalogues.say(visit.language, "error.unknown_session")
    typed, message_id = given.get("text", ""), given.get("message_id", "")
    return await _chat_page(visit, None, 404, error=error, typed=typed, message_id=message_id, urgent=urgent, notices=notices)


async def _not_answered(visit: Visit, away: Unanswered) -> Response:
    """Write the page of a message that cannot be answered now: what was typed stays, emergency numbers come with it."""
    return await _chat_page(
        visit,
        away.chat,
        503,
        away.language,
        pipeline_of(visit.request).catalogues.say(away.language, "error.engine", seconds=RETRY_AFTER),
        visit.given.get("text", ""),
        visit.given.get("message_id", ""),
        urgent=away.urgent.as_json(),
        notices=[notice.as_json() for notice in away.notices],
        out_of_reach=away.chat is None,
    )


async def show_not_taken(request: Request) -> Response:
    """Answer whatever a page's form wanted while the database cannot be used; a message is read for urgent needs all the same."""
    visit = await read_visit(request)
    wait = await too_many(request, visit.session or None)
    if wait:
        error = pipeline_of(request).catalogues.say(visit.language, "error.too_many", seconds=wait)
        return await _chat_page(visit, None, 429, error=error, typed=visit.given.get("text", ""), out_of_reach=True)
    asked = _message_of(visit, visit.session or None)
    if asked.choice is None and not asked.text:
        asked = replace(asked, text=None, choice="human")
    try:
        return await _not_answered(visit, await pipeline_of(request).without_database(asked))
    except MessageRefused as refused:
        return await _chat_page(visit, None, refused.status, error=_words_of(visit, refused), typed=asked.text or "", out_of_reach=True)


async def _leave_callback(visit: Visit, chat: Chat, typed: str) -> Response:
    """Keep how a visitor wants to be called back, or say what is wrong with it."""
    pipeline, given = pipeline_of(visit.request), visit.given
    try:
        await pipeline.leave_callback(chat, given.get("contact", "")[:200], given.get("wanted") == "1")
    except MessageRefused as refused:
        words = _words_of(visit, refused)
        return await _chat_page(visit, chat, refused.status, typed=typed, callback_error=words, contact=given.get("contact", "")[:200])
    return await _chat_page(visit, chat, typed=typed, notice=pipeline.catalogues.say(visit.language, "callback.kept"))


async def _take_feedback(visit: Visit, chat: Chat, helped: bool, typed: str) -> Response:
    """Keep whether an answer helped and thank for it; then what else was written about it, or say why it is not kept."""
    pipeline, given = pipeline_of(visit.request), visit.given
    try:
        await pipeline.give_feedback(chat, helped, given.get("about") or None, given.get("comment", ""))
    except MessageRefused as refused:
        return await _chat_page(visit, chat, refused.status, typed=typed, notice=_words_of(visit, refused))
    return await _chat_page(visit, chat, typed=typed, thanked="kept" if "comment" in given else given["helped"])


def _words_of(visit: Visit, refused: MessageRefused) -> str:
    return pipeline_of(visit.request).catalogues.say(visit.language, refused.key, **refused.values)


async def show_code(request: Request) -> Response:
    """Ask for the reference code of a chat."""
    visit = await read_visit(request)
    return render(visit, "code.html", error="", typed="")


async def post_code(request: Request) -> Response:
    """Open a chat by its code on this device, or say what is wrong with the code. A chat that was open here stays as it is."""
    visit = await read_visit(request)
    pipeline, typed = pipeline_of(request), visit.given.get("code")
    if typed is None:
        return render(visit, "code.html", error="", typed="")
    try:
        chat = await open_by_code(request, typed)
    except MessageRefused as refused:
        error = _words_of(visit, refused)
        return render(visit, "code.html", refused.status, error=error, typed=typed[:40])
    return await _chat_page(visit, chat, notice=pipeline.catalogues.say(visit.language, "code.opened"))


async def show_said(request: Request) -> Response:
    """Show what was said, to be printed, or give it as a file of plain text."""
    visit = await read_visit(request)
    pipeline = pipeline_of(request)
    try:
        chat = await _conversation(visit)
    except UnknownConversation:
        chat = None
    if chat is None:
        return await _chat_page(visit, None, 404, error=pipeline.catalogues.say(visit.language, "error.unknown_session"))
    talk = await to_thread.run_sync(_talk, visit, chat, visit.language)
    lines = _lines(visit, talk)
    if visit.given.get("action") == "file":
        text = "\r\n\r\n".join(f"{who}:\r\n{words}" for who, _, words in lines)
        headers = {"Content-Disposition": 'attachment; filename="welcome-desk.txt"', **FORGET_WHAT_WAS_SHOWN}
        return Response(f"\ufeff{text}\r\n", media_type="text/plain; charset=utf-8", headers=headers)
    return render(visit, "said.html", lines=lines, session=chat.token)


def _lines(visit: Visit, talk: Talk) -> list[tuple[str, str, str]]:
    """Give who said what, and in which language, of a chat."""
    say = pipeline_of(visit.request).catalogues.say
    lines: list[tuple[str, str, str]] = []
    for item in talk.items:
        if not item["said"]:
            lines.append((say(visit.language, "said.you"), "", item["asked"] or say(visit.language, "page.your_question")))
        who = item.get("sender") or say(visit.language, "desk.staff" if item["said"] else "said.assistant")
        for reply in item["replies"]:
            words = [reply["text"]]
            for card in reply.get("services", []):
                words.append(" · ".join(card[name] for name in ("name", "phone", "email", "url", "hours", "address") if card[name]))
            lines.append((who, reply["lang"], "\n".join(words)))
    return lines


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


async def hear(request: Request) -> Response:
    """Hear from the page's script what the desk said that has arrived: 204, or 404 where the chat has ended."""
    visit = await read_visit(request, even_left=True)
    try:
        chat = await _conversation(visit)
    except UnknownConversation:
        return problem(request, "error.unknown_session", 404)
    if chat and visit.given.get("seen", "").isdecimal():
        await to_thread.run_sync(pipeline_of(request).desk.acknowledge, chat, int(visit.given["seen"][:9]))
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


async def _end_chat(visit: Visit) -> None:
    with contextlib.suppress(UnknownConversation):
        chat = await _conversation(visit)
        if chat:
            await to_thread.run_sync(pipeline_of(visit.request).store.leave, chat)


async def leave(request: Request) -> Response:
    """End the chat for good and go to a page that tells nothing; the page's script calls this on its way out.

    Who only closes an idle chat (``action=end``) is told that it has ended.
    """
    visit = await read_visit(request, even_left=True)
    pipeline = pipeline_of(request)
    await _end_chat(visit)
    if visit.given.get("message_id") and not await too_many(request, None):
        # What was typed and refused belongs to no conversation; it is not to be shown again either.
        await to_thread.run_sync(pipeline.store.spend, visit.given["message_id"][:64])
    if visit.given.get("action") == "end":
        return await show_ended(request)
    return _show_the_way_out(visit)


def _show_the_way_out(visit: Visit) -> Response:
    goal = pipeline_of(visit.request).settings.leave_to
    page = render(visit, "leave.html", language="en", goal=goal, host=urlsplit(goal).hostname)
    page.headers.update(FORGET_WHAT_WAS_SHOWN)
    return page


async def leave_later(request: Request, is_away: Callable[[], bool]) -> Response:
    """Let somebody leave while the database ``is_away``: at once for them; the chat ends when it is back, or by itself as any idle one."""
    visit = await read_visit(request, even_left=True)
    page = await show_ended(request) if visit.given.get("action") == "end" else _show_the_way_out(visit)
    leaving: set[str] = request.app.state.leaving
    of_chat = visit.session or visit.given.get("ticket", "")
    if of_chat and of_chat not in leaving and len(leaving) < LEAVE_LATER_AT_MOST:
        leaving.add(of_chat)
        page.background = BackgroundTask(_leave_when_back, visit, is_away, lambda: leaving.discard(of_chat))
    return page


async def _leave_when_back(visit: Visit, is_away: Callable[[], bool], forget: Callable[[], None]) -> None:
    until = time.monotonic() + pipeline_of(visit.request).settings.idle_minutes * 60
    try:
        while is_away() and time.monotonic() < until:
            await asyncio.sleep(LOOK_AGAIN)
        await _end_chat(visit)
    except Exception as error:
        log.error("A chat that was left while the database was away ends only when it is idle: %s", type(error).__name__)
    finally:
        forget()


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
    Route("/code", show_code, methods=["GET"]),
    Route("/code", post_code, methods=["POST"]),
    Route("/said", show_said, methods=["POST"]),
    Route("/stay", stay, methods=["POST"]),
    Route("/heard", hear, methods=["POST"]),
    Route("/still", show_still, methods=["GET"]),
    Route("/ended", show_ended, methods=["GET", "POST"]),
    Route("/leave", leave, methods=["POST"]),
    Route("/leave", leave_again, methods=["GET"]),
]
