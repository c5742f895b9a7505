"""What visitors thought of answers, beside the record it is about: officers read it, and say that they have."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.codes import ENGLISH_NAMES
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.rendering import in_words
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of


async def show_feedback(request: Request, who: Session) -> Response:
    """Show the feedback, what nobody has read first, and whether any is taken just now."""
    pipeline = pipeline_of(request)
    book = pipeline.feedback
    opinions, closed = await to_thread.run_sync(book.all), await to_thread.run_sync(book.closed)
    services = {service.id: service for service in pipeline.live.current().services}
    return show(
        request,
        who,
        "officer/feedback.html",
        unread=[opinion for opinion in opinions if opinion.read_at is None],
        read=[opinion for opinion in opinions if opinion.read_at is not None],
        services=services,
        closed=closed,
        unread_days=book.unread_days,
        days=book.days,
        language_names=ENGLISH_NAMES,
        in_words=lambda moment: in_words(moment.date(), "en"),
    )


async def mark_read(request: Request, who: Session) -> Response:
    """Note that an officer has read something."""
    number = text_of(await given(request), "feedback", 12)
    if number.isdecimal():
        await to_thread.run_sync(pipeline_of(request).feedback.mark_read, int(number), who.member.name)
    return RedirectResponse("/officer/feedback", 303)


routes = [
    Route("/officer/feedback", signed_in(show_feedback, OFFICERS), methods=["GET"]),
    Route("/officer/feedback", signed_in(mark_read, OFFICERS), methods=["POST"]),
]
