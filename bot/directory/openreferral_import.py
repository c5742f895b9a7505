"""Services of any Open Referral UK 3.0 feed as rows of our sheets, to be checked like every other row.

Nothing is made up: what a feed does not say stays empty, and what our sheets have no cell for stands in ``note``, for officers. A term of
somebody else's taxonomy is no topic of ours, and the name of an area may be one that no gazetteer has: checking the rows then names them.
Services of a feed of our own come with their keys, sources and order where the feed was asked for its local fields, so that reading it
gives the sheets again as far as they are public.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel import Locale

from bot.codes import CIRCUMSTANCES, ENGLISH_NAMES
from bot.directory.openreferral import GSS, LOCAL, OUT_OF_HOURS, SCHEMES, TOLD_WITH_CAUTION
from bot.directory.reader import COLUMNS, KEY, LONGEST_KEY, SERVICE_TYPES, make_id
from bot.directory.sheets import cleaned

FOREIGN = "or_"
"""How the keys begin that are made from the ids of somebody else's feed."""
BRITISH = ("gb", "gbr", "uk", "united kingdom", "great britain", "england", "scotland", "wales", "northern ireland")
"""What feeds have for the country GB, in lower case."""
ROWS = ("organisations.csv", "services.csv", "places.csv", "times.csv", "leads.csv")

Cells = dict[str, str]
Object = Mapping[str, Any]


def rows_of_feed(services: Iterable[Object], source: str) -> dict[str, list[Cells]]:
    """Give the rows of each sheet for ``services``, objects of Open Referral UK 3.0 with all that hangs from them.

    ``source`` names the feed: it is the source of every row that does not say another. All cells are text; rows come in the order of the
    services, every organization once.
    """
    reader = _FeedReader(source)
    for service in services:
        reader.service(service)
    return reader.rows


@lru_cache(maxsize=1)
def _our_terms() -> dict[str, tuple[str, str]]:
    """Map the ids of our own terms to taxonomy and code."""
    ours = [("topic", code) for code in SERVICE_TYPES] + [("circumstance", code) for code in CIRCUMSTANCES]
    return {make_id("terms", f"{taxonomy}:{code}"): (taxonomy, code) for taxonomy, code in ours}


@lru_cache(maxsize=1)
def _codes_of_languages() -> dict[str, str]:
    """Map the English names of languages, in lower case, to their codes."""
    names = {name.lower(): code.replace("_", "-") for code, name in Locale.parse("en").languages.items()}
    return {**names, **{name.lower(): code for code, name in ENGLISH_NAMES.items()}}


def _text(value: Object, name: str) -> str:
    """Give a field as text; empty for what is no text and no number."""
    found = value.get(name)
    if isinstance(found, str):
        return cleaned(found).strip()
    return _number(value, name)


def _number(value: Object, name: str) -> str:
    """Give a number as a cell has it: 16, not 16.0, and never with an exponent. Text that is none is given as it is."""
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return ""
    try:
        number = Decimal(str(found).strip())
    except InvalidOperation:
        return str(found).strip()
    if not number.is_finite():
        return ""
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _objects(value: Object, name: str) -> list[Object]:
    """Give the objects of a list."""
    found = value.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _object(value: Object, name: str) -> Object:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _local(value: Object, name: str) -> str:
    return _text(value, f"{LOCAL}{name}")


def _joined(parts: Iterable[str]) -> str:
    """Write a list into a cell: each part once, and none with the mark that stands between them."""
    return ";".join(dict.fromkeys(part.replace(";", ",").strip() for part in parts if part.strip()))


def _day(text: str) -> str:
    """Give the day of a date or a moment; what is neither is given as it is, to be refused by its row."""
    return text[:10] if re.match(r"\d{4}-\d\d-\d\d([T ]|$)", text) else text


def _clock(text: str) -> str:
    """Give a time as HH:MM: the standard lets seconds and a zone follow."""
    return text[:5] if re.match(r"\d\d:\d\d(:\d\d|Z|[+-]|$)", text) else text


@dataclass
class _Notes:
    """What a record says that our sheets have no cell for."""

    said: list[str] = field(default_factory=list)

    def add(self, what: str, parts: Iterable[str]) -> None:
        found = [part for part in parts if part]
        if found:
            self.said.append(f"{what}: {', '.join(found)}.")

    def __str__(self) -> str:
        return " ".join(self.said)


class _FeedReader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.rows: dict[str, list[Cells]] = {name: [] for name in ROWS}
        self._organizations: set[str] = set()

    def add(self, sheet: str, cells: Cells) -> None:
        self.rows[sheet].append({column: cells.get(column, "") for column in COLUMNS[sheet]})

    def provenance(self, value: Object, seen: str = "", note: str = "", unsure: Iterable[str] = ()) -> Cells:
        """Give the cells that every sheet ends with. A record of ours says its own source, and what is to be checked first."""
        own = _local(value, "source")
        caution = value.get(f"{LOCAL}check_first")
        cautious = [name for name in caution if name in TOLD_WITH_CAUTION] if isinstance(caution, list) else []
        return {
            "source": own or self.source,
            "source_seen": _local(value, "source_seen") if own else seen,
            "confidence": _local(value, "confidence"),
            "public": "yes",
            "unsure": _joined([*cautious, *unsure]),
            "note": note,
        }

    def service(self, service: Object) -> None:
        key = _local(service, "key") or _key_of(_text(service, "id"))
        seen = _day(_text(service, "last_modified"))
        notes = _Notes()
        usual, later = self.phones(service, notes)
        notes.add("How to apply", [_text(service, "application_process")])
        contact = next((one for one in _objects(service, "contacts") if not _is_later(one)), {})
        cost, amount = self.cost(service, notes)
        areas = _objects(service, "service_areas")
        cells = {
            "key": key,
            "organisation": self.organization(service, seen),
            "name": _text(service, "name"),
            "description": _text(service, "description"),
            "status": _text(service, "status"),
            "alert": _text(service, "alert"),
            "url": _text(service, "url"),
            "email": _text(service, "email"),
            "email_note": _local(service, "email_note"),
            "phone": _text(usual, "number"),
            "phone_note": _about(usual),
            "out_of_hours_phone": _text(later, "number"),
            "out_of_hours_note": _about(later),
            "contact_name": _text(contact, "name"),
            "contact_email": _text(contact, "email"),
            **self.terms(service, notes),
            "min_age": _number(service, "minimum_age"),
            "max_age": _number(service, "maximum_age"),
            "cost": cost,
            "cost_amount": amount,
            "languages": self.languages(service, notes),
            "interpretation_services": _text(service, "interpretation_services"),
            "area": _joined(_text(area, "name") or _text(area, "service_area") for area in areas),
            "area_code": next((_local(a, "area_code") or _text(a, "uri").removeprefix(GSS) for a in areas[:1]), ""),
            "accreditations": _text(service, "accreditations"),
            "regulated_by": _local(service, "regulated_by"),
            "checked_on": _day(_text(service, "assured_date")),
            "checked_by": _text(service, "assurer_email"),
        }
        self.add("services.csv", {**cells, **self.provenance(service, seen, str(notes))})
        places = self.places(key, service, seen)
        for schedule, place in self.schedules(service, places):
            self.schedule(key, schedule, place, seen)
        for lead in _objects(service, f"{LOCAL}leads"):
            self.add("leads.csv", {"topic": _text(lead, "topic"), "position": _number(lead, "position"), "service": key})

    def organization(self, service: Object, seen: str) -> str:
        """Add the row of who runs a service, unless it is there; give its key. Of one that is only named by its id there is no row."""
        organization = _object(service, "organization")
        identity = _text(organization, "id") or _text(service, "organization_id")
        key = _local(organization, "key") or (_key_of(identity) if identity else "")
        if not organization or key in self._organizations:
            return key
        self._organizations.add(key)
        name, description = _text(organization, "name"), _text(organization, "description")
        numbers = {_text(one, "identifier_scheme"): _text(one, "identifier") for one in _objects(organization, "organization_identifiers")}
        cells = {
            "key": key,
            "name": name,
            "kind": _local(organization, "kind"),
            # The standard wants a description, and a name is what stands in for one.
            "description": "" if description == name else description,
            "website": _text(organization, "website"),
            "email": _text(organization, "email"),
            **{column: numbers.get(scheme, "") for column, (scheme, _) in SCHEMES.items()},
        }
        self.add("organisations.csv", {**cells, **self.provenance(organization, seen)})
        return key

    def phones(self, service: Object, notes: _Notes) -> tuple[Object, Object]:
        """Give the telephone of a service and the one for when it is closed; further ones are noted."""
        usual: list[Object] = list(_objects(service, "phones"))
        later: list[Object] = []
        for contact in _objects(service, "contacts"):
            (later if _is_later(contact) else usual).extend(_objects(contact, "phones"))
        for at in _objects(service, "service_at_locations"):
            usual += [*_objects(at, "phones"), *_objects(_object(at, "location"), "phones")]
        usual += _objects(_object(service, "organization"), "phones")
        first, night = next(iter(usual), {}), next(iter(later), {})
        spare = [one for one in (*usual[1:], *later[1:]) if _text(one, "number") != _text(first, "number")]
        notes.add("More telephones in the feed", (f"{_text(one, 'number')} {_about(one)}".strip() for one in spare))
        return first, night

    def terms(self, service: Object, notes: _Notes) -> Cells:
        """Give topics and circumstances by our own terms. Others are noted, and those about eligibility say whom a service is for."""
        found: dict[str, list[str]] = {"service_type": [], "eligibility": [], "intended_audience": []}
        foreign: list[str] = []
        eligible: list[str] = []
        for attribute in _objects(service, "attributes"):
            term, link = _object(attribute, "taxonomy_term"), _text(attribute, "link_type")
            ours = _our_terms().get(_text(term, "id") or _text(attribute, "taxonomy_term_id"))
            if ours and ours[0] == ("topic" if link == "service_type" else "circumstance") and link in found:
                found[link].append(ours[1])
            else:
                (eligible if link == "eligibility" else foreign).append(_text(term, "name"))
        notes.add("Terms in the feed", [*foreign, *eligible])
        return {
            "service_types": _joined(found["service_type"]),
            "eligibility": _joined(found["eligibility"]),
            "eligibility_text": _text(service, "eligibility_description") or "; ".join(name for name in eligible if name),
            "audience": _joined(found["intended_audience"]),
        }

    def cost(self, service: Object, notes: _Notes) -> tuple[str, str]:
        """Give cost and amount by the first option; further ones are noted."""
        options = _objects(service, "cost_options")
        if not options:
            return _text(service, "fees_description") or _text(service, "fees"), ""
        words = [" ".join(filter(None, (_text(one, name) for name in ("option", "amount", "amount_description")))) for one in options]
        notes.add("More costs in the feed", words[1:])
        first = options[0]
        said = ", ".join(filter(None, (_text(first, "option"), _text(first, "amount_description"))))
        return said, _number(first, "amount")

    def languages(self, service: Object, notes: _Notes) -> str:
        """Give the codes of languages; those that have only a name are looked up, and noted where nothing is called so."""
        codes: list[str] = []
        unknown: list[str] = []
        for language in _objects(service, "languages"):
            name = _text(language, "name")
            code = _local(language, "tag") or _text(language, "code") or _codes_of_languages().get(name.lower(), "")
            (codes if code else unknown).append(code or name)
        notes.add("Languages in the feed", unknown)
        return _joined(codes)

    def places(self, service_key: str, service: Object, seen: str) -> dict[str, str]:
        """Add a row for each place of a service; give their keys by the ids of service_at_locations."""
        keys: dict[str, str] = {}
        for at in _objects(service, "service_at_locations"):
            location = _object(at, "location")
            if not location:
                continue
            # A location may belong to many services, a row of ours belongs to one.
            identity = _text(at, "id") or _text(location, "id")
            key = keys[identity] = _local(location, "key") or _key_of(identity)
            address: Object = next(iter(_objects(location, "addresses")), {})
            streets = (_text(address, "address_1"), _text(address, "address_2"))
            cells = {
                "service": service_key,
                "key": key,
                "location_type": _text(location, "location_type"),
                "name": _text(location, "name"),
                "address_1": ", ".join(filter(None, streets)) or _local(location, "address_1"),
                "city": _text(address, "city") or _local(location, "city"),
                "county": _text(address, "state_province") or _local(location, "county"),
                "postcode": _postcode(_text(address, "postal_code")) or _local(location, "postcode"),
                "country": _country(_text(address, "country")) or _local(location, "country"),
                "latitude": _number(location, "latitude"),
                "longitude": _number(location, "longitude"),
                "uprn": _text(location, "external_identifier") if _is_uprn(location) else "",
                "access": "; ".join(filter(None, (_text(one, "description") for one in _objects(location, "accessibility")))),
            }
            notes = _Notes()
            # What ours say there is the address or the caution, which have cells.
            notes.add("Described in the feed", [] if _local(location, "key") else [_text(location, "description")])
            self.add("places.csv", {**cells, **self.provenance(location, seen, str(notes))})
        return keys

    def schedules(self, service: Object, places: dict[str, str]) -> Iterator[tuple[Object, str]]:
        """Give the openings of a service, each with the key of the place it is for, if any; HSDS lets them hang from places too."""
        for schedule in _objects(service, "schedules"):
            named = _text(schedule, "service_at_location_id")
            yield schedule, places.get(named, "") if named else ""
        for at in _objects(service, "service_at_locations"):
            for schedule in (*_objects(at, "schedules"), *_objects(_object(at, "location"), "schedules")):
                yield schedule, places.get(_text(at, "id") or _text(_object(at, "location"), "id"), "")

    def schedule(self, service_key: str, schedule: Object, place: str, seen: str) -> None:
        """Add the row of an opening. What our sheets cannot say, such as every second week, makes its hours unsure."""
        notes = _Notes()
        own = bool(_local(schedule, "source"))
        freq, start = _text(schedule, "freq"), _day(_text(schedule, "dtstart"))
        starts, ends = _day(_text(schedule, "valid_from")), _day(_text(schedule, "valid_to")) or _day(_text(schedule, "until"))
        single = start if not freq and not _text(schedule, "byday") else ""
        for name in ("interval", "bymonthday", "byweekno", "byyearday", "count"):
            value = _text(schedule, name)
            notes.add(f"In the feed, {name}", [value] if value and (name, value) != ("interval", "1") else [])
        said = [_text(schedule, "notes")] if own else [_text(schedule, "description"), _text(schedule, "notes")]
        cells = {
            "service": service_key,
            "place": place,
            "date": single,
            "freq": freq,
            "days": _joined(day.strip().removeprefix("+") for day in _text(schedule, "byday").split(",")),
            "opens": _clock(_text(schedule, "opens_at")),
            "closes": _clock(_text(schedule, "closes_at")),
            # A single day needs no span, and a series without one begins when it first takes place.
            "from": starts.replace(single, "") if single else starts or start,
            "until": ends.replace(single, "") if single else ends,
            "notes": "; ".join(dict.fromkeys(filter(None, said))),
        }
        cautious = ["hours"] if notes.said else []
        self.add("times.csv", {**cells, **self.provenance(schedule, seen, str(notes), cautious)})


def _key_of(identity: str) -> str:
    """Make a key from somebody else's id; one with what no key may have, or too long for one, gives an id of ours, always the same."""
    key = FOREIGN + identity
    return key if KEY.fullmatch(key) and len(key) <= LONGEST_KEY else FOREIGN + make_id("foreign", identity)


def _about(phone: Object) -> str:
    """Give what is said of a telephone, with its extension."""
    extension = _number(phone, "extension")
    return "; ".join(filter(None, (_text(phone, "description"), f"extension {extension}" if extension else "")))


def _postcode(text: str) -> str:
    """Write a British postcode in capitals with its space; anything else is given as it is, to be refused by its row."""
    match = re.fullmatch(r"([A-Z]{1,2}\d[A-Z\d]?)\s*(\d[A-Z]{2})", text.upper())
    return f"{match[1]} {match[2]}" if match else text


def _country(text: str) -> str:
    """Give the code of a country; ours is often written out."""
    return "GB" if text.casefold() in BRITISH else text


def _is_later(contact: Object) -> bool:
    """Tell whether a contact is for when the office is closed."""
    return _text(contact, "title").casefold() == OUT_OF_HOURS.casefold()


def _is_uprn(location: Object) -> bool:
    return "UPRN" in _text(location, "external_identifier_type").upper()
