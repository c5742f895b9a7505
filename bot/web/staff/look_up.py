"""Looking things up for the person standing at the desk, and telling the officers what is wrong."""

from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.cards import make_card
from bot.codes import CIRCUMSTANCES, INTERPRETER_FOR, NEEDS, REPLY_LANGUAGES
from bot.directory.lookup import Filters, Result, Withheld
from bot.directory.records import Directory
from bot.handover.accounts import Session
from bot.understanding.cleaning import clean, has_words
from bot.understanding.embedding import Vector
from bot.understanding.reading import Reader
from bot.web.api import pipeline_of
from bot.web.rendering import OWN_NAMES, in_words
from bot.web.staff.door import accounts_of, given, show, signed_in, text_of

RESULTS = 20
TYPED_AT_MOST = 200
SERVICE, GUIDANCE = "service", "guidance"


@dataclass(frozen=True)
class Asked:
    """What somebody looks up: the words, the filters, and the chat that a service found is to be sent into (0 for none)."""

    words: str
    filters: Filters
    chat: int
    sheet_language: str

    @property
    def anything(self) -> bool:
        """Whether there is a word or a filter to look for."""
        return bool(self.words) or self.filters != Filters()


def _asked(form: Any, directory: Directory) -> Asked:
    def one(name: str, allowed: Any) -> str:
        value = text_of(form, name, 40)
        return value if value in allowed else ""

    chat = text_of(form, "chat", 12)
    return Asked(
        words=clean(text_of(form, "words", TYPED_AT_MOST)),
        filters=Filters(
            topic=one("topic", NEEDS),
            place=directory.places.get(text_of(form, "place", 80)),
            circumstances=tuple(code for code in (one("circumstance", CIRCUMSTANCES),) if code),
            language=one("spoken", INTERPRETER_FOR),
            open_now=text_of(form, "open_now", 1) == "1",
            free=text_of(form, "free", 1) == "1",
        ),
        chat=int(chat) if chat.isdecimal() else 0,
        sheet_language=one("sheet_language", REPLY_LANGUAGES) or "en",
    )


def seems_about(reader: Reader, words: str, vector: Vector, filters: Filters) -> Filters:
    """Give the need and the place that words seem to be about; what the filters say goes first."""
    place = filters.place or reader.gazetteer.find_place(words).inside
    return Filters(topic=filters.topic or reader.for_a_person.topic(words, vector) or "", place=place)


async def show_look_up(request: Request, who: Session) -> Response:
    """Look up what was posted (so that what staff type about a person stays out of addresses and logs)."""
    await to_thread.run_sync(accounts_of(request).beat, who.id)
    pipeline = pipeline_of(request)
    directory = pipeline.live.current()
    form: Any = await given(request) if request.method == "POST" else request.query_params
    asked = _asked(form, directory)

    def look() -> dict[str, Any]:
        if not asked.anything:
            return {"found": Result((), (), (), 0), "cards": [], "left_out": []}
        vector = pipeline.reader.embedder.embed(asked.words) if has_words(asked.words) else None
        moment = datetime.now(timezone.utc)
        likely = None if vector is None else seems_about(pipeline.reader, asked.words, vector, asked.filters)
        found = pipeline.look_up.find(asked.words, vector, asked.filters, moment, RESULTS, likely)
        office = pipeline.composer().office.at(moment)
        cards = [(service, make_card(service, "en", pipeline.catalogues, directory, moment, office)) for service in found.services]
        return {"found": found, "cards": cards, "left_out": [(w.service, _why(request, w)) for w in found.left_out]}

    part, say = request.headers.get("x-part") == "1", pipeline.catalogues.say
    return show(
        request,
        who,
        "staff/results.html" if part else "staff/look_up.html",
        asked=asked,
        topic_options=[(code, say("en", f"topic.{code}")) for code in NEEDS],
        circumstance_options=[(code, say("en", f"circumstance.{code}")) for code in CIRCUMSTANCES if code != "anyone"],
        place_options=sorted(((place.key, place.name) for place in directory.places.values() if place.inside), key=lambda one: one[1]),
        spoken=INTERPRETER_FOR,
        sheet_languages=OWN_NAMES,
        in_words=_in_words,
        checked_by=pipeline.live.checked_by,
        reported=text_of(form, "reported", 1) == "1",
        **await to_thread.run_sync(look),
    )


def _in_words(checked_on: date | None) -> str:
    return in_words(checked_on, "en") if checked_on else ""


def _why(request: Request, withheld: Withheld) -> str:
    """Say in English why a service was left out."""
    say = pipeline_of(request).catalogues.say
    words: dict[str, str] = {}
    for name, values in withheld.values.items():
        if name == "who":
            values = tuple(say("en", f"circumstance.{code}") for code in values)
        elif name == "topics":
            values = tuple(say("en", f"topic.{code}") for code in values)
        elif name == "languages":
            values = tuple(INTERPRETER_FOR.get(code, code) for code in values)
        words[name] = ", ".join(values)
    key = withheld.reason.replace("left_out.", "staff.left_out.")
    if any(name in words and not words[name] for name in ("languages", "cost")):
        key += "_unknown"
    return say("en", key, **words)


async def report(request: Request, who: Session) -> Response:
    """Tell the officers that a record is wrong, in one click; a note may say what is."""
    form, pipeline = await given(request), pipeline_of(request)
    kind, about = text_of(form, "kind", 10), text_of(form, "about", 80)
    directory = pipeline.live.current()
    known = {SERVICE: {s.id for s in directory.services}, GUIDANCE: {g.key for g in directory.guidance}}
    if about not in known.get(kind, ()):
        return show(request, who, "staff/refused.html", 404, reason="staff.not_known")
    note = pipeline.reader.redact(clean(text_of(form, "note", 500))).text
    await to_thread.run_sync(pipeline.desk.reports.report_wrong, who.member, kind, about, note)
    if request.headers.get("x-part") == "1":
        return Response(status_code=204)
    return RedirectResponse("/staff?reported=1", 303)


routes = [
    Route("/staff", signed_in(show_look_up), methods=["GET", "POST"]),
    Route("/staff/wrong/report", signed_in(report), methods=["POST"]),
]
