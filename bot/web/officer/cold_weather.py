"""The page of the cold-weather switch: officers say that emergency beds are open, where and until when."""

from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from anyio import to_thread
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.cold_weather import cold_weather_notices
from bot.answers.moments import day_and_time
from bot.directory.cold_weather import LONGEST_NOTE, ColdSpell, moment_of, places_of
from bot.directory.hours import BRITISH_TIME
from bot.errors import ColdWeatherRefused
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

ADDRESS = "/officer/cold-weather"
FIELDS = ("place", "from_day", "from_time", "until_day", "until_time", "note")
MORNING = time(9, 0)
"""When a night's beds are taken to close, until the officer says otherwise."""


def _blank(area: str) -> dict[str, str]:
    """Give what the form holds at first: from now until tomorrow morning."""
    now = datetime.now(BRITISH_TIME)
    return {
        "place": area,
        "from_day": now.date().isoformat(),
        "from_time": f"{now:%H:%M}",
        "until_day": (now.date() + timedelta(days=1)).isoformat(),
        "until_time": f"{MORNING:%H:%M}",
        "note": "",
    }


def _moment(typed: dict[str, str], name: str) -> datetime:
    """Read a day and a time by British clocks; an end in the hour that comes twice is the later. Raises ColdWeatherRefused."""
    try:
        day, clock = date.fromisoformat(typed[f"{name}_day"]), time.fromisoformat(typed[f"{name}_time"])
    except ValueError:
        raise ColdWeatherRefused("unreadable") from None
    return moment_of(day, clock.replace(second=0, microsecond=0, tzinfo=None), later=name == "until")


async def show_cold_weather(request: Request, who: Session) -> Response:
    """Show what is on and planned, what the chat says of it, the switch, and what was on before."""
    area = pipeline_of(request).live.current().area
    return await _page(request, who, _blank(area.key), done=request.query_params.get("done", ""))


async def _page(request: Request, who: Session, typed: dict[str, str], status: int = 200, **values: Any) -> Response:
    pipeline = pipeline_of(request)
    switch, composer, moment = pipeline.cold_weather, pipeline.composer(), datetime.now(timezone.utc)
    directory = composer.directory

    def name(spell: ColdSpell) -> str:
        place = directory.places.get(spell.place)
        return place.name if place else spell.place

    def told(spell: ColdSpell) -> list[str]:
        """Give what the chat says of it at this hour, in English; nothing where its place is in the directory no more."""
        place = directory.places.get(spell.place)
        if place is None:
            return []
        notices = cold_weather_notices((spell,), place, "en", moment, directory, composer.office, composer.catalogues)
        return [notice.text for notice in notices]

    current = switch.current()
    return show(
        request,
        who,
        "officer/cold_weather.html",
        status,
        on=[(spell, told(spell)) for spell in current if spell.is_on(moment)],
        planned=[spell for spell in current if spell.is_planned(moment)],
        past=await to_thread.run_sync(switch.past),
        places=[(place.key, place.name) for place in places_of(directory)],
        typed=typed,
        longest_note=LONGEST_NOTE,
        name=name,
        when=lambda at: day_and_time(at, "en"),
        **{"error": None, "done": "", **values},
    )


async def switch_on(request: Request, who: Session) -> Response:
    """Switch on, or say what is wrong with what was typed."""
    pipeline, form = pipeline_of(request), await given(request)
    typed = {name: text_of(form, name, LONGEST_NOTE) for name in FIELDS}
    try:
        if typed["place"] not in {place.key for place in places_of(pipeline.live.current())}:
            raise ColdWeatherRefused("place")
        starts_at, ends_at = _moment(typed, "from"), _moment(typed, "until")
        by = who.member.name
        await to_thread.run_sync(pipeline.cold_weather.switch_on, typed["place"], starts_at, ends_at, typed["note"], by)
    except ColdWeatherRefused as refused:
        return await _page(request, who, typed, 422, error=refused)
    return RedirectResponse(f"{ADDRESS}?done=on", 303)


async def switch_off(request: Request, who: Session) -> Response:
    """Switch one off early, or take a planned one back."""
    form: FormData = await given(request)
    number = text_of(form, "number", 9)
    off = number.isdecimal() and await to_thread.run_sync(pipeline_of(request).cold_weather.switch_off, int(number), who.member.name)
    return RedirectResponse(f"{ADDRESS}?done={'off' if off else 'over'}", 303)


routes = [
    Route(ADDRESS, signed_in(show_cold_weather, OFFICERS), methods=["GET"]),
    Route(ADDRESS, signed_in(switch_on, OFFICERS), methods=["POST"]),
    Route(f"{ADDRESS}/off", signed_in(switch_off, OFFICERS), methods=["POST"]),
]
