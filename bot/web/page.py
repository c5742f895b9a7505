"""The pages people see: the chat, the directory, privacy. All of it works with no JavaScript."""

import uuid
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from anyio import to_thread
from babel import Locale
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.answers.cards import make_card
from bot.answers.composer import CORE
from bot.answers.urgent import EMERGENCY_NUMBER
from bot.codes import NEEDS, REPLY_LANGUAGES, direction, reply_language
from bot.conversation.store import Chat
from bot.directory.search import find_guidance, search_words
from bot.errors import MessageRefused, UnknownConversation
from bot.understanding.cleaning import LONGEST, clean
from bot.web.api import LARGEST_BODY, RETRY_AFTER, asked_language, pipeline_of, problem, read_body, too_many
from bot.web.pipeline import Incoming, Pipeline, Unanswered

TEMPLATES = Path(__file__).parent / "templates"
SEARCH_RESULTS = 20
TILES = CORE
"""Topics that stand as buttons on the page itself."""
OWN_NAMES = {code: str(Locale.parse(code, sep="-").get_display_name()) for code in REPLY_LANGUAGES}
"""Each language's name in itself."""

environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def _render(request: Request, template: str, language: str, status: int = 200, **values: Any) -> HTMLResponse:
    catalogues = pipeline_of(request).catalogues

    def say(key: str, **put: object) -> str:
        return catalogues.say(language, key, **put)

    def day(iso: str) -> str:
        return str(format_date(date.fromisoformat(iso), "long", locale=language.replace("-", "_")))

    text: str = environment.get_template(template).render(
        say=say,
        day=day,
        language=language,
        direction=direction,
        languages=OWN_NAMES,
        emergency_number=EMERGENCY_NUMBER,
        longest=LONGEST,
        **values,
    )
    return HTMLResponse(text, status)


async def _form(request: Request) -> FormData:
    """Read a posted form of at most LARGEST_BODY bytes."""
    body = await read_body(request, 4 * LARGEST_BODY)

    async def again() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return await Request(request.scope, again).form(max_fields=20)


def page_language(request: Request, asked: str | None = None) -> str:
    """Give the language of the page: asked for, in the address, or the browser's."""
    return reply_language(asked) or reply_language(request.query_params.get("lang")) or asked_language(request)


async def _chat_page(
    request: Request,
    language: str,
    chat: Chat | None,
    status: int = 200,
    error: str = "",
    typed: str = "",
    message_id: str = "",
    notice: str = "",
    urgent: dict[str, Any] | None = None,
) -> HTMLResponse:
    """Write the chat page: the conversation so far, an error tied to its field, what was typed, and the urgent words."""
    pipeline = pipeline_of(request)
    exchanges = await to_thread.run_sync(pipeline.store.exchanges, chat) if chat else []
    labels: dict[str, str] = {}
    shown = []
    for exchange in exchanges:
        asked = exchange.text
        if asked.startswith("choice:"):
            asked = labels.get(asked.removeprefix("choice:"), "")
        for reply in (exchange.answer or {}).get("replies", []):
            labels.update({choice["value"]: choice["label"] for choice in reply.get("choices", [])})
        if exchange.answer:
            shown.append({"asked": asked, "replies": exchange.answer["replies"]})
    return _render(
        request,
        "chat.html",
        language,
        status,
        exchanges=shown,
        session=chat.token if chat else "",
        message_id=message_id or uuid.uuid4().hex,
        error=error,
        typed=typed,
        notice=notice,
        topics=TILES,
        urgent=urgent,
        days=pipeline.settings.retention_days,
    )


async def show_chat(request: Request) -> Response:
    return await _chat_page(request, page_language(request), None)


async def post_chat(request: Request) -> Response:
    """Take a message, a choice, a change of language or the wish to erase, from the page's forms."""
    pipeline = pipeline_of(request)
    form = await _form(request)

    def given(name: str) -> str:
        value = form.get(name)
        return value if isinstance(value, str) else ""

    language = page_language(request, given("page_language") or given("language"))
    token = given("session") or None
    wait = too_many(request, token)
    if wait:
        text = pipeline.catalogues.say(language, "error.too_many", seconds=wait)
        return await _chat_page(request, language, None, 429, text, given("text"))
    try:
        chat = await pipeline.conversation(token) if token else None
    except UnknownConversation:
        text = pipeline.catalogues.say(language, "error.unknown_session")
        return await _chat_page(request, language, None, 404, text, given("text"))
    if given("action") == "erase":
        everywhere = await pipeline.erase(chat) if chat else True
        text = pipeline.catalogues.say(language, "page.erased" if everywhere else "page.erasing")
        return await _chat_page(request, language, None, notice=text)
    pinned = given("language") or None
    if pinned and not given("text") and not given("choice"):
        if chat:
            await to_thread.run_sync(pipeline.store.pin, chat, pinned)
        return await _chat_page(request, reply_language(pinned) or language, chat)
    choice = given("choice") or None
    incoming = Incoming(
        session=chat.token if chat else None,
        text=None if choice else given("text"),
        choice=choice,
        language=pinned,
        message_id=given("message_id") or None,
        page_language=language,
        tiles=frozenset(f"topic:{topic}" for topic in TILES),
    )
    try:
        response = await pipeline.answer(incoming)
    except MessageRefused as refused:
        text = pipeline.catalogues.say(language, refused.key, **refused.values)
        return await _chat_page(request, language, chat, refused.status, text, given("text"))
    except Unanswered as unanswered:
        text = pipeline.catalogues.say(unanswered.language, "error.engine", seconds=RETRY_AFTER)
        return await _chat_page(
            request, unanswered.language, unanswered.chat, 503, text, given("text"), given("message_id"), urgent=unanswered.urgent.as_json()
        )
    written = reply_language(response["language"]) or "en"
    return await _chat_page(request, written, await pipeline.conversation(response["session"]))


async def show_directory(request: Request) -> Response:
    """Search the directory in memory: by words (posted, so that they stay out of addresses and logs), topic and place."""
    pipeline = pipeline_of(request)
    directory = pipeline.live.current()
    asked: Any = await _form(request) if request.method == "POST" else request.query_params

    def given(name: str) -> str:
        value = asked.get(name)
        return clean(value)[:200] if isinstance(value, str) else ""

    language = page_language(request, given("lang"))
    topic = given("topic") if given("topic") in NEEDS else ""
    place = directory.places.get(given("place"))
    place = place if place and place.inside else None
    searched = bool(given("words") or topic or place)
    found = search_words(directory, given("words"), topic, place) if searched else []
    moment = datetime.now(timezone.utc)
    office = pipeline.composer().office.at(moment)
    cards = [make_card(s, language, pipeline.catalogues, moment, office) for s in found[:SEARCH_RESULTS]]
    return _render(
        request,
        "directory.html",
        language,
        words=given("words"),
        topic=topic,
        place=place.key if place else "",
        topics=NEEDS,
        places=sorted((p for p in directory.places.values() if p.inside), key=lambda p: p.name),
        cards=cards,
        count=len(found),
        searched=searched,
    )


async def show_privacy(request: Request) -> Response:
    pipeline: Pipeline = pipeline_of(request)
    language = page_language(request)
    pledge = [
        pipeline.catalogues.guidance(language, g.key, g.statement)
        for g in find_guidance(pipeline.live.current(), "trust", None)
        if g.together == "place_of_safety"
    ]
    return _render(request, "privacy.html", language, pledge=pledge, days=pipeline.settings.retention_days)


async def not_found(request: Request, error: Exception) -> Response:
    """Answer an address that does not exist, as a page, or as a problem under the API."""
    if request.url.path.startswith("/api/"):
        return problem(request, "error.not_found", 404)
    return await _chat_page(
        request, page_language(request), None, 404, pipeline_of(request).catalogues.say(page_language(request), "error.not_found")
    )


routes = [
    Route("/", show_chat, methods=["GET"]),
    Route("/", post_chat, methods=["POST"]),
    Route("/directory", show_directory, methods=["GET", "POST"]),
    Route("/privacy", show_privacy, methods=["GET"]),
]
