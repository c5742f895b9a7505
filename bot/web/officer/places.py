"""Place names: learnt again, by a button, after officers have changed places; the chat then understands them."""

import logging
import sys

from anyio import run_process, to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.digests import places_are_learnt
from bot.handover.accounts import Session
from bot.settings import ROOT
from bot.web.api import pipeline_of
from bot.web.officer.office import office_of
from bot.web.staff.door import OFFICERS, show, signed_in

log = logging.getLogger(__name__)


async def show_places(request: Request, who: Session) -> Response:
    """Show whether the place names have changed since they were learnt, and how the learning goes."""
    pipeline = pipeline_of(request)
    learnt = await to_thread.run_sync(places_are_learnt, pipeline.settings, pipeline.live.current())
    state = await to_thread.run_sync(lambda: office_of(request).learning.state)
    return show(request, who, "officer/places.html", learnt=learnt, state=state)


async def learn(request: Request, who: Session) -> Response:
    """Begin to learn the place names again."""
    if await to_thread.run_sync(office_of(request).learning.begin):
        pipeline_of(request).in_the_background(_learn(request))
    return RedirectResponse("/officer/places", 303)


async def _learn(request: Request) -> None:
    failed = True
    try:
        # In a process of its own: it takes all of one core for a while, and gives its memory back.
        done = await run_process([sys.executable, "-m", "bot", "prepare", "--places"], cwd=ROOT, check=False)
        failed = done.returncode != 0
        await pipeline_of(request).refresh_places()
    except Exception as error:
        log.error("The place names could not be learnt: %s", type(error).__name__)
    await to_thread.run_sync(office_of(request).learning.ended, failed)


routes = [
    Route("/officer/places", signed_in(show_places, OFFICERS), methods=["GET"]),
    Route("/officer/places", signed_in(learn, OFFICERS), methods=["POST"]),
]
