"""The chat on another site's pages: the script that makes of a link a button with a frame, and a sample page that shows it."""

import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.answers.catalogue import Catalogues
from bot.codes import BROWSER_TAGS, REPLY_LANGUAGES, direction
from bot.web.api import pipeline_of
from bot.web.rendering import environment

_ORIGIN = re.compile(r"'self'|https?://[\w.-]+(?::\d+)?")


def framing_origins(frame_ancestors: str) -> list[str] | None:
    """Give the origins that may frame the chat, ``'self'`` among them, or None where they are no closed list (``https:``)."""
    sources = [source for source in frame_ancestors.split() if source != "'none'"]
    return sources if all(_ORIGIN.fullmatch(source) for source in sources) else None


def _words(catalogues: Catalogues, language: str) -> dict[str, str]:
    return {
        "dir": direction(language),
        "button": catalogues.say(language, "embed.button"),
        "close": catalogues.say(language, "embed.close"),
        "newTab": catalogues.say(language, "embed.new_tab"),
        "title": catalogues.say(language, "embed.title"),
    }


async def show_script(request: Request) -> Response:
    pipeline = pipeline_of(request)
    text = environment.get_template("embed.js").render(
        words={language: _words(pipeline.catalogues, language) for language in REPLY_LANGUAGES},
        tags=BROWSER_TAGS,
        origins=framing_origins(pipeline.settings.frame_ancestors),
    )
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "public, max-age=3600"})


async def show_demo(request: Request) -> Response:
    address = pipeline_of(request).settings.public_url or str(request.base_url).rstrip("/")
    return HTMLResponse(environment.get_template("demo.html").render(address=address))


routes = [
    Route("/embed.js", show_script, methods=["GET"]),
    Route("/demo", show_demo, methods=["GET"]),
]
