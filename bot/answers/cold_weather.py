"""What the chat says while emergency beds are open: fixed words with the place, until when, and whom to call.

Nothing else is known of them, so nothing else is told: no address of a bed, and no number that the directory does not have.
"""

from collections.abc import Iterable
from datetime import datetime

from bot.answers.catalogue import Catalogues
from bot.answers.moments import day_and_time
from bot.answers.replies import Reply
from bot.answers.urgent import COUNCIL, HELPLINE, NIGHT_LINE, OfficeHours, number_for_tonight
from bot.directory.cold_weather import ColdSpell
from bot.directory.records import Directory, PlaceRecord


def beds_for(
    spells: Iterable[ColdSpell], place: PlaceRecord | None, moment: datetime, directory: Directory
) -> list[tuple[ColdSpell, PlaceRecord]]:
    """Give the beds open at ``moment`` for somebody in ``place``, each with its own place.

    It is those of the nearest place that ``place`` lies in. Where none covers all of it (a county, or no place was said), it is those of
    every place inside it, since somebody may be near each of them.
    """
    here = place or directory.area
    known = ((spell, directory.places.get(spell.place)) for spell in spells if spell.is_on(moment))
    on = sorted(((spell, where) for spell, where in known if where is not None), key=lambda pair: pair[1].name)
    over = [(spell, where) for spell, where in on if where.name in here.within]
    if over:
        told = [min(over, key=lambda pair: here.within.index(pair[1].name))]
    else:
        told = [(spell, where) for spell, where in on if here.name in where.within]
    if place is None:
        # A pack may list a city with a council of its own that lies beyond the county.
        told += [(spell, where) for spell, where in on if where.inside and here.name not in where.within]
    return told


def cold_weather_notices(
    spells: Iterable[ColdSpell],
    place: PlaceRecord | None,
    language: str,
    moment: datetime,
    directory: Directory,
    office: OfficeHours,
    catalogues: Catalogues,
) -> list[Reply]:
    """Give a notice, with its English, for each place with beds open for somebody in ``place``; usually there is one or none."""
    return [
        _notice(spell, where, _narrower(place, where), language, moment, directory, office, catalogues)
        for spell, where in beds_for(spells, place, moment, directory)
    ]


def _narrower(place: PlaceRecord | None, where: PlaceRecord) -> PlaceRecord:
    """Give the place whose council is called: the person's own, where it lies in that of the beds."""
    return place if place and where.name in place.within else where


def _notice(
    spell: ColdSpell,
    where: PlaceRecord,
    near: PlaceRecord,
    language: str,
    moment: datetime,
    directory: Directory,
    office: OfficeHours,
    catalogues: Catalogues,
) -> Reply:
    kind, number, service = number_for_tonight(directory, near, moment, office)
    # Only a council or a housing helpline knows of the beds; without one of theirs, no number is told.
    calls = service is not None and kind in (COUNCIL, NIGHT_LINE, HELPLINE)
    key = "notice.cold_weather" if calls else "notice.cold_weather_no_phone"

    def words(lang: str) -> dict[str, object]:
        put: dict[str, object] = {"place": where.said_in(lang), "until": day_and_time(spell.until, lang)}
        return {**put, "phone": number, "name": service.organization} if calls and service else put

    said = catalogues.said(language, key, **words(language))
    english = "" if said.lang == "en" else catalogues.say("en", key, **words("en"))
    return Reply(kind="notice", lang=said.lang, text=said.text, text_en=english)
