"""The pages around the chat: the directory, privacy, accessibility. From the chat they are posted to, so that its session comes along."""

from datetime import date, datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.answers.cards import make_card_with_english
from bot.answers.replies import ServiceCard
from bot.codes import NEEDS
from bot.conversation.disclosure import FEWEST
from bot.directory.hours import BRITISH_TIME
from bot.directory.records import ServiceRecord
from bot.directory.search import find_guidance, search_words
from bot.understanding.cleaning import clean
from bot.web.api import pipeline_of
from bot.web.rendering import Visit, any_unchecked, read_visit, render

SEARCH_RESULTS = 20
EQUALITY_SERVICE = "https://www.equalityadvisoryservice.com/"
"""Where to complain about accessibility: the Equality Advisory and Support Service, which the law's model statement names."""
REGULATIONS = "https://www.legislation.gov.uk/uksi/2018/952/contents"
"""The accessibility regulations; a statement must lead to how they are enforced (their Part 5)."""
INFORMATION_COMMISSIONER = "https://ico.org.uk/make-a-complaint/data-protection-complaints"
STATEMENT_PREPARED = date(2026, 11, 26)
"""When the accessibility statement was last gone through against the product."""


async def show_directory(request: Request) -> Response:
    """Search the directory in memory: by words (posted, so that they stay out of addresses and logs), topic and place."""
    visit = await read_visit(request)
    pipeline = pipeline_of(request)
    directory = pipeline.live.current()

    def given(name: str) -> str:
        return clean(visit.given.get(name, ""))[:200]

    topic = given("topic") if given("topic") in NEEDS else ""
    place = directory.places.get(given("place"))
    place = place if place and place.inside else None
    searched = bool(given("words") or topic or place)
    moment = datetime.now(timezone.utc)
    today = moment.astimezone(BRITISH_TIME).date()
    found = search_words(directory, given("words"), today, topic, place, pipeline.look_up.alike) if searched else []
    office = pipeline.composer().office.at(moment)

    def card(service: ServiceRecord) -> ServiceCard:
        return make_card_with_english(service, visit.language, pipeline.catalogues, directory, moment, office)

    cards = [card(service) for service in found[:SEARCH_RESULTS]]
    return render(
        visit,
        "directory.html",
        words=given("words"),
        topic=topic,
        place=place.key if place else "",
        topics=NEEDS,
        places=sorted((p for p in directory.places.values() if p.inside), key=lambda p: p.name),
        cards=cards,
        unchecked=any_unchecked(cards),
        count=len(found),
        searched=searched,
    )


async def show_privacy(request: Request) -> Response:
    visit = await read_visit(request)
    pipeline = pipeline_of(request)
    today = datetime.now(timezone.utc).astimezone(BRITISH_TIME).date()
    pledge = [
        pipeline.catalogues.guidance(visit.language, g.key, g.statement)
        for g in find_guidance(pipeline.live.current(), "trust", None, today)
        if g.together == "place_of_safety"
    ]
    settings = pipeline.settings
    return render(
        visit,
        "privacy.html",
        pledge=pledge,
        ico=INFORMATION_COMMISSIONER,
        safeguarding_years=settings.safeguarding_years,
        translated=bool(settings.translate_url),
        insight_years=settings.insight_years,
        fewest=FEWEST,
        feedback_days=settings.feedback_days,
        **_responsible(visit),
    )


async def show_accessibility(request: Request) -> Response:
    visit = await read_visit(request)
    site = pipeline_of(request).settings.public_url or str(request.base_url)
    return render(
        visit,
        "accessibility.html",
        always_english=True,
        prepared=STATEMENT_PREPARED,
        site=site,
        equality_service=EQUALITY_SERVICE,
        regulations=REGULATIONS,
        **_responsible(visit),
    )


def _responsible(visit: Visit) -> dict[str, Any]:
    """Give who answers for this page: the public body of the settings, and how to reach the library."""
    settings, library = pipeline_of(visit.request).settings, pipeline_of(visit.request).composer().library()
    return {
        "body": settings.public_body,
        "days": settings.retention_days,
        "contact_phone": library.phones[0].number if library and library.phones else "",
        "contact_email": library.email if library else "",
    }


routes = [
    Route("/directory", show_directory, methods=["GET", "POST"]),
    Route("/privacy", show_privacy, methods=["GET", "POST"]),
    Route("/accessibility", show_accessibility, methods=["GET", "POST"]),
]
