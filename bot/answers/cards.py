"""A service's record becomes a card in the reader's language: facts are quoted, never reworded."""

import re
from collections.abc import Sequence
from datetime import datetime

import phonenumbers
from babel import Locale
from phonenumbers import PhoneNumberType, ShortNumberCost, shortnumberinfo

from bot.answers.catalogue import Catalogues
from bot.answers.replies import ServiceCard, card_beside
from bot.answers.wording import SERVICES
from bot.codes import CIRCUMSTANCES, locale_of
from bot.directory.freshness import review_of
from bot.directory.hours import BRITISH_TIME, HoursWords, Opening, describe, notes_of, opening_at
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import Directory, PhoneRecord, ServiceRecord

FREE_SHORT_NUMBERS = frozenset({"999", "112", "111", "116123", "101"})
"""Free from every telephone: Ofcom, "Costs and billing: calling 03, 08, 09 and 118 numbers"; 101 since 1 April 2020."""


def is_free_call(number: str) -> bool | None:
    """Tell whether a call costs nothing; None where the numbering plan does not say."""
    compact = number.replace(" ", "")
    if compact in FREE_SHORT_NUMBERS:
        return True
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        return None
    if len(compact) <= 6:
        cost = shortnumberinfo.expected_cost_for_region(parsed, "GB")
        return {ShortNumberCost.TOLL_FREE: True, ShortNumberCost.UNKNOWN_COST: None}.get(cost, False)
    return bool(phonenumbers.number_type(parsed) == PhoneNumberType.TOLL_FREE)


def call_price(number: str) -> str:
    """Say what a call costs: ``free``, ``standard`` (as a call to a home number), or empty where the numbering plan does not say.

    Numbers that begin with 01, 02 or 03 cost the same and count towards inclusive minutes: Ofcom, "Costs and billing: calling 03, 08, 09
    and 118 numbers".
    """
    if is_free_call(number):
        return "free"
    return "standard" if re.fullmatch(r"(0|\+44)[123]\d{8,9}", number.replace(" ", "")) else ""


def is_free_service(cost: str) -> bool | None:
    """Tell whether the record says plainly that the service is free; None where it says nothing or more."""
    plain = cost.lower()
    return True if plain == "free" or (plain.startswith("free to") and ";" not in plain) else None


def name_key(service: str) -> str:
    """Give the key, in the catalogue of services, of what the name of a service means."""
    return f"{service}.name"


def summary_key(service: str) -> str:
    """Give the key, in the catalogue of services, of what a service does."""
    return f"{service}.summary"


def for_whom(service: ServiceRecord, language: str, catalogues: Catalogues) -> str:
    """Say who a service is for, as far as the record's codes tell, in the words of ``language``; empty where they tell nothing."""
    said = [catalogues.say(language, f"circumstance.{code}") for code in CIRCUMSTANCES if code in service.eligibility]
    if service.minimum_age:
        said.append(catalogues.say(language, "card.from_age", age=int(service.minimum_age)))
    return "; ".join(said)


def languages_said(codes: Sequence[str], language: str) -> str:
    """Name the languages that are spoken somewhere in the words of ``language``, or in English where Babel knows no name there."""
    known = (Locale.parse(locale_of(language)).languages, Locale.parse("en").languages)
    named = ((names.get(code.replace("-", "_")) or names.get(locale_of(code)) for names in known) for code in codes)
    return ", ".join(next(filter(None, found), code) for found, code in zip(named, codes, strict=True))


def phone_for(service: ServiceRecord, office_hours: bool) -> PhoneRecord | None:
    """Give the number to call now: outside office hours the one for then, where the record has one."""
    later = next((phone for phone in service.phones if phone.out_of_hours), None)
    usual = next((phone for phone in service.phones if not phone.out_of_hours), None)
    return (later or usual) if not office_hours else usual


def make_card(
    service: ServiceRecord, language: str, catalogues: Catalogues, directory: Directory, moment: datetime, office_hours: bool
) -> ServiceCard:
    """Write ``service`` as a card for readers of ``language`` at ``moment``."""
    hours = HoursWords(
        all_hours=catalogues.say(language, "card.all_hours"),
        closed=catalogues.say(language, "card.closed"),
        please_check=catalogues.say(language, "card.check_first") if "hours" in service.unsure else "",
    )
    today = moment.astimezone(BRITISH_TIME).date()
    opening = opening_at(service.schedules, moment)
    open_now = None if opening is Opening.UNKNOWN or "hours" in service.unsure else opening is Opening.OPEN
    if service.status != "active":
        open_now = False
    phone = phone_for(service, office_hours)
    address = "; ".join(a.text for a in service.addresses)
    if address and "address" in service.unsure:
        address += f" – {catalogues.say(language, 'card.check_first')}"
    summary = catalogues.quoted(language, SERVICES, summary_key(service.key), service.description)
    meaning = catalogues.quoted(language, SERVICES, name_key(service.key), service.name)
    return ServiceCard(
        id=service.id,
        name=service.name,
        organization=service.organization,
        name_meaning="" if meaning.lang == "en" or meaning.text == service.name else meaning.text,
        summary=summary.text,
        summary_lang=summary.lang,
        summary_en="" if summary.lang == "en" else service.description,
        phone=phone.number if phone else "",
        phone_note=phone.description if phone else "",
        phone_free=is_free_call(phone.number) if phone else None,
        call_price=call_price(phone.number) if phone else "",
        interpreter=service.interpretation_services,
        email=service.email,
        email_note=service.email_note,
        url=service.url,
        address=address,
        alert=service.alert,
        hours=describe(service.schedules, language, hours, today),
        hours_note=notes_of(service.schedules, today),
        open_now=open_now,
        languages=service.languages,
        spoken=languages_said(service.languages, language),
        free=is_free_service(service.cost),
        cost=service.cost,
        eligibility=service.eligibility_description,
        for_whom=for_whom(service, language, catalogues),
        regulated_by=service.regulated_by or None,
        topics=tuple(sorted(service.topics - {HOMELESS_TONIGHT})),
        serves=service.serves,
        serves_said=tuple(place.said_in(language) if (place := directory.place_named(name)) else name for name in service.serves),
        checked_on=service.checked_on.isoformat() if service.checked_on else None,
        freshness=review_of(service, today).freshness.value,
        source=service.source,
    )


def make_card_with_english(
    service: ServiceRecord, language: str, catalogues: Catalogues, directory: Directory, moment: datetime, office_hours: bool
) -> ServiceCard:
    """Write ``service`` as ``make_card`` does, with what is in the reader's language in English too."""
    card = make_card(service, language, catalogues, directory, moment, office_hours)
    if language == "en":
        return card
    return card_beside(card, make_card(service, "en", catalogues, directory, moment, office_hours))
