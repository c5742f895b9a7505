"""What every page shares: the templates, the files they load, and what a page was asked with."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.answers.catalogue import Catalogues
from bot.answers.replies import ServiceCard
from bot.answers.urgent import EMERGENCY_NUMBER
from bot.codes import INTERPRETER_FOR, REPLY_LANGUAGES, direction, locale_of, reply_language
from bot.conversation.store import ticket_of
from bot.errors import ConversationLeft, UnknownConversation
from bot.understanding.cleaning import LONGEST
from bot.web.api import LARGEST_BODY, asked_language, pipeline_of, read_body

STATIC = Path(__file__).parent / "static"
_OTHER_NAMES = {"prs": "دری", "ckb": "کوردی (سۆرانی)"}
OWN_NAMES = {code: _OTHER_NAMES.get(code) or str(Locale.parse(code, sep="-").get_display_name()) for code in REPLY_LANGUAGES}
"""Each language's name in itself."""
FIELDS_AT_MOST = 60
WARN_BEFORE = 120
"""Seconds between the warning and the end of a chat that nobody uses: WCAG 2.2, 2.2.1, asks for at least 20.

The words of ``idle.warning`` say two minutes."""
SHORT_ID = 8
"""Characters of a service's id that name it in a form and in a link: enough to be alone among many thousands."""

environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    # A page is written by the code that was started with it: a newer version may lie in the folder already.
    auto_reload=False,
)


def read_templates() -> None:
    """Read every page's template, so that none is read later, when it may be a newer version's."""
    for name in environment.list_templates():
        environment.get_template(name)


def short_id(service_id: str) -> str:
    """Give the short name of a service."""
    return service_id[:SHORT_ID]


environment.filters["short_id"] = short_id


def asset(name: str) -> str:
    """Give the address of a file of ``static/``; it holds a digest of the content, so that a browser may keep it for good."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"


ASSETS = {path.name: asset(path.name) for path in STATIC.iterdir()}


@dataclass(frozen=True)
class Visit:
    """What a page was asked with.

    ``given`` are the fields of the form (or of the address), ``services`` what was ticked (all that was shown, where nothing was),
    ``language`` the code the page is written in, ``english`` whether the English stands beside it, ``session`` the token of the
    conversation, empty where there is none: only ever from a form.
    """

    request: Request
    given: Mapping[str, str]
    services: tuple[str, ...]
    language: str
    english: bool
    session: str


OPENS_A_CHAT = ("session", "ticket", "code")
"""The fields of a form by which a chat is found again."""


def is_from_another_site(request: Request) -> bool:
    """Tell whether the browser says that another site sent this form.

    Our pages say no referrer, so their forms have no Origin to go by; a browser too old for Sec-Fetch-Site (before 2023) says nothing.
    """
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


async def read_visit(request: Request, even_left: bool = False) -> Visit:
    """Read what the page was asked with; that is a sign of the visitor, so the chat stays open.

    A form of another site opens no chat: it could be the chat of whoever made that site, who would read what is written next.

    Raises MessageRefused where the form is too large, and ConversationLeft where its visitor has left for good (unless ``even_left``):
    a browser that goes back may send its form once more.
    """
    kept: Visit | None = getattr(request.state, "visit", None)
    if kept:
        return kept
    # A posted form may have four times LARGEST_BODY bytes: every character of a message may take nine.
    posted = request.method == "POST"
    asked: Any = await form_of(request, await read_body(request, 4 * LARGEST_BODY)) if posted else request.query_params
    given = {name: value for name, value in asked.items() if isinstance(value, str)}
    if posted and is_from_another_site(request):
        given = {name: value for name, value in given.items() if name not in OPENS_A_CHAT}
    language = reply_language(given.get("language")) or reply_language(given.get("page_language")) or reply_language(given.get("lang"))
    visit = Visit(
        request=request,
        given=given,
        services=tuple(value for value in asked.getlist("service") or asked.getlist("all") if isinstance(value, str)),
        language=language or reply_language(request.query_params.get("lang")) or asked_language(request),
        english=given.get("english") == "1",
        session=given.get("session", "") if request.method == "POST" else "",
    )
    request.state.visit = visit
    # A page that looks by itself whether the desk has said something is no sign of its visitor.
    if visit.session and not even_left and given.get("part") != "desk":
        try:
            await request.app.state.storage.try_in_thread(pipeline_of(request).store.stay, visit.session)
        except ConversationLeft:
            raise
        except UnknownConversation:
            pass  # The page says so where it matters.
    return visit


def empty_visit(request: Request) -> Visit:
    """Give the visit of a request whose form cannot be read."""
    return Visit(request, {}, (), reply_language(request.query_params.get("lang")) or asked_language(request), False, "")


async def form_of(request: Request, body: bytes, most: int = FIELDS_AT_MOST) -> FormData:
    """Read a form of at most ``most`` fields from a body that was read already."""

    async def again() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return await Request(request.scope, again).form(max_fields=most)


def in_words(day: date, language: str) -> str:
    """Write a date as readers of ``language`` do."""
    return str(format_date(day, "long", locale=locale_of(language)))


def any_unchecked(cards: Iterable[ServiceCard]) -> bool:
    """Tell whether nobody has checked one of the records behind ``cards``, which is then said."""
    return any(card.checked_on is None for card in cards)


def telephone(number: str) -> Markup:
    """Write a number to be pressed, kept apart from the direction of the text around it."""
    return Markup('<a href="tel:{}" dir="ltr"><bdi>{}</bdi></a>').format(number.replace(" ", ""), number)


def speaker(catalogues: Catalogues, language: str, beside: bool) -> dict[str, Any]:
    """Give what templates say words with: ``say`` the words of a key, ``both`` these with the English beside them where it is wanted,
    ``in_english`` the English alone, ``day`` the date of an ISO text (put into a key it is written in words).
    """

    def words(own: str, key: str, put: Mapping[str, object]) -> str:
        return catalogues.say(own, key, **{name: in_words(value, own) if isinstance(value, date) else value for name, value in put.items()})

    def say(key: str, **put: object) -> str:
        return words(language, key, put)

    def in_english(key: str, **put: object) -> str:
        return words("en", key, put)

    def both(key: str, **put: object) -> Markup:
        own = Markup.escape(say(key, **put))
        if not beside:
            return own
        return Markup('{}<span class="en" lang="en" dir="ltr">{}</span>').format(own, in_english(key, **put))

    return {
        "say": say,
        "both": both,
        "in_english": in_english,
        "day": date.fromisoformat,
        "beside": beside,
        "language": language,
        "direction": direction,
        "asset": ASSETS.__getitem__,
        "interpreter_for": INTERPRETER_FOR.get(language, ""),
        "sounds": True,
    }


def render(
    visit: Visit, template: str, status: int = 200, language: str | None = None, always_english: bool = False, **values: Any
) -> HTMLResponse:
    """Write a page in the visit's language, or in ``language``; with ``always_english`` the English stands beside it unasked.

    Templates have what ``speaker`` gives, and ``called`` and ``linked`` for words with a number or an address to be pressed.
    """
    language = language or visit.language
    catalogues = pipeline_of(visit.request).catalogues
    settings = pipeline_of(visit.request).settings
    session: str = values.get("session", visit.session)
    beside = (visit.english or always_english) and language != "en"

    def parted(key: str, name: str, put: Markup, own: str) -> Markup:
        before, _, after = catalogues.say(own, key, **{name: "\0"}).partition("\0")
        return Markup("{}{}{}").format(before, put, after)

    def called(key: str, number: str) -> Markup:
        """Give the words of a key with its number to be pressed."""
        return parted(key, "phone", telephone(number), language)

    def linked(key: str, url: str) -> Markup:
        """Give the words of a key with its web address to be pressed, and the English where it is wanted."""
        link = Markup('<a href="{0}" rel="noopener noreferrer" dir="ltr"><bdi>{0}</bdi></a>').format(url)
        own = parted(key, "url", link, language)
        return own + Markup('<span class="en" lang="en" dir="ltr">{}</span>').format(parted(key, "url", link, "en")) if beside else own

    page: str = environment.get_template(template).render(
        called=called,
        linked=linked,
        languages=OWN_NAMES,
        emergency_number=EMERGENCY_NUMBER,
        longest=LONGEST,
        telephone=telephone,
        idle_minutes=settings.idle_minutes,
        warn_before=WARN_BEFORE,
        leave_to=settings.leave_to,
        unreviewed=catalogues.has_unreviewed(language),
        **{
            **speaker(catalogues, language, beside),
            "message_id": "",
            "session": session,
            "ticket": ticket_of(session) if session else "",
            "english": visit.english,
            "seen": visit.given.get("seen", ""),
            "path": visit.request.url.path,
            **values,
        },
    )
    return HTMLResponse(page, status)
