"""The fixed words of an urgent reply: the right number first, what it is for, in the reader's language and in English.

Numbers come from the directory's records, never from a translation; 999 alone is also known here, for the hour when
nothing else works.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.answers.cards import phone_for
from bot.answers.catalogue import Catalogues
from bot.answers.replies import Reply
from bot.directory.hours import BRITISH_TIME, Opening, is_office_hours, opening_at
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import Directory, PlaceRecord, ServiceRecord
from bot.directory.search import find_services, nearness

EMERGENCY_NUMBER = "999"
COUNCIL, NIGHT_LINE, HELPLINE, ASYLUM_HELPLINE, NOBODY = "council", "night_line", "helpline", "asylum_helpline", "nobody"
"""Whose number somebody with nowhere to sleep is given: ``urgent.homeless_tonight.<kind>`` are the words around it."""


@dataclass(frozen=True)
class OfficeHours:
    """When council offices are taken to be open, as HH:MM; a setting of the installation."""

    opens: str
    closes: str

    def at(self, moment: datetime) -> bool:
        return is_office_hours(moment, self.opens, self.closes)


def number_for_tonight(
    directory: Directory, place: PlaceRecord | None, moment: datetime, office: OfficeHours
) -> tuple[str, str, ServiceRecord | None]:
    """Choose the number for somebody with nowhere to sleep: its kind, the number, and the service whose it is.

    In office hours the council of the place; after them its own night line, or else a helpline that is known to be open.
    """
    in_office = office.at(moment)
    today = moment.astimezone(BRITISH_TIME).date()
    found = [s for s in find_services(directory, "housing", place, today, tonight=True).services if HOMELESS_TONIGHT in s.topics]
    here = place.within if place else ()
    council = next((s for s in found if s.kind == "council" and "housing" in s.leads and set(s.serves) & set(here)), None)
    if council:
        phone = phone_for(council, in_office)
        if phone and (in_office or phone.out_of_hours):
            return (COUNCIL if in_office else NIGHT_LINE), phone.number, council
    for service in found:
        line = phone_for(service, in_office)
        if line and "housing" in service.leads and service is not council and opening_at(service.schedules, moment) is Opening.OPEN:
            return HELPLINE, line.number, service
    for service in found:
        line = phone_for(service, in_office)
        if line and "housing" in service.topics and opening_at(service.schedules, moment) is Opening.OPEN:
            return ASYLUM_HELPLINE, line.number, service
    return NOBODY, EMERGENCY_NUMBER, None


def _leading(directory: Directory, kind: str, place: PlaceRecord | None, in_office: bool) -> tuple[ServiceRecord | None, str]:
    """Give the service that officers put first for an urgent kind and serves ``place``, and its number for this hour."""
    led = sorted((s for s in directory.services if kind in s.leads), key=lambda s: s.leads[kind])
    for service in led:
        phone = phone_for(service, in_office)
        if phone and nearness(service, place, directory) is not None:
            return service, phone.number
    return None, ""


def urgent_reply(
    kind: str, language: str, directory: Directory, place: PlaceRecord | None, moment: datetime, office: OfficeHours, catalogues: Catalogues
) -> Reply:
    """Give the reply to an urgent need, with its English, and whether a native speaker has reviewed the words."""
    key, number, name = "urgent.emergency", EMERGENCY_NUMBER, ""
    if kind == "homeless_tonight":
        whose, number, service = number_for_tonight(directory, place, moment, office)
        key = f"urgent.homeless_tonight.{whose}"
        name = service.organization if service else ""
    elif kind != "emergency":
        # With no number of its own on record, the emergency number is still right.
        service, phone = _leading(directory, kind, place, office.at(moment))
        if service and phone:
            key, number, name = f"urgent.{kind}", phone, service.name
    words = {"phone": number, "name": name, "emergency": EMERGENCY_NUMBER}
    said = catalogues.said(language, key, **words)
    english = "" if said.lang == "en" else catalogues.say("en", key, **words)
    return Reply(
        kind="urgent", lang=said.lang, text=said.text, text_en=english, reviewed=catalogues.is_reviewed(said.lang, key), phone=number
    )
