"""Rows of the sheets become the directory's objects, with every fault named so that whoever filled them in can put it right.

The sheets are described in ``data/directory/README.md``. Ids are made from the officers' keys, so they stay the same however often a
row is read.
"""

import re
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.codes import CIRCUMSTANCES, NEEDS, TALK, URGENT
from bot.directory import models
from bot.directory.sheets import BYDAY, LANGUAGE, POSTCODE, PROVENANCE, Problem, Row

NAMESPACE = uuid.UUID("5c1f6a52-6d0e-5b43-9f0b-2f3b7f0e7a10")
LONGEST_KEY = LONGEST_NAME = 80
"""Characters of a key, and of a place's name."""
KEY = re.compile(r"[A-Za-z0-9_.:-]+")
"""What a key is made of: it stands in the addresses of pages and in the cells of other sheets."""
LARGEST_NUMBER = 2**31 - 1
"""What a column of whole numbers holds in every database."""
NEW = "new"
"""The key that no record may have: officers' pages have it for a record that is not made yet."""
STATUS = ("active", "inactive", "defunct", "temporarily closed")
REGULATORS = ("", "IAA", "IAA level 1", "IAA level 2", "IAA level 3", "SRA", "Bar", "exempt")
HOMELESS_TONIGHT = "homeless_tonight"
SERVICE_TYPES = {*NEEDS, HOMELESS_TONIGHT}
SPELLING_LANGUAGES = ("en", "uk", "ar", "fa", "zh-Hant", "ru", "ps", "ckb", "ti", "so", "ro", "lt", "pl")

COLUMNS: dict[str, tuple[str, ...]] = {
    "organisations.csv": ("key", "name", "kind", "description", "website", "email", "charity_number", "company_number", *PROVENANCE),
    "services.csv": (
        *("key", "organisation", "name", "description", "status", "alert", "url", "email", "email_note"),
        *("phone", "phone_note", "out_of_hours_phone", "out_of_hours_note", "contact_name", "contact_email"),
        *("service_types", "eligibility", "eligibility_text", "audience", "min_age", "max_age", "cost", "cost_amount"),
        *("languages", "interpretation_services", "area", "area_code", "accreditations", "regulated_by"),
        *("checked_on", "checked_by", *PROVENANCE),
    ),
    "places.csv": (
        *("service", "key", "location_type", "name", "address_1", "city", "county", "postcode", "country"),
        *("latitude", "longitude", "uprn", "access", *PROVENANCE),
    ),
    "times.csv": ("service", "place", "date", "freq", "days", "opens", "closes", "from", "until", "notes", *PROVENANCE),
    "leads.csv": ("topic", "position", "service"),
    "terms.csv": ("key", "taxonomy", "name", "description", "parent", "uri", "code", *PROVENANCE),
    "gazetteer.csv": ("key", "name", "kind", "parent", *(f"spellings_{code}" for code in SPELLING_LANGUAGES), "ambiguous", "source"),
    "postcodes.csv": ("outcode", "districts", "places", "source"),
    "guidance.csv": (
        *("key", "topics", "positions", "area", "urgent", "together", "statement", "valid_from", "valid_until"),
        *("checked_on", "checked_by", *PROVENANCE),
    ),
}
"""The sheets of a directory and their columns."""


def make_id(sheet: str, key: str) -> str:
    """Give the id of the row ``key`` of ``sheet``: a version 5 UUID."""
    return str(uuid.uuid5(NAMESPACE, f"{sheet}:{key}"))


@dataclass(frozen=True)
class Known:
    """What a directory holds already, for rows that refer to it.

    ``organizations`` and ``terms`` are keys; ``places`` maps the keys of the gazetteer to name and parent; ``inside`` are the
    keys of those that this installation answers for; ``areas`` are further names that guidance may be for; ``locations`` maps the keys of
    places.csv to the keys of their services.
    """

    organizations: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    inside: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    locations: Mapping[str, str] = field(default_factory=dict)


class RowReader:
    """Reads rows into model objects, gathering every problem.

    ``rows`` are the rows of each sheet, all with the same list of ``problems``; ``known`` is what they may refer to beside each other;
    ``own`` are the keys of the gazetteer's rows that are this area's own, where it is filled for the first time; ``now`` is when services
    count as last changed.
    """

    def __init__(
        self,
        rows: Mapping[str, Sequence[Row]],
        problems: list[Problem],
        now: datetime,
        known: Known | None = None,
        own: Collection[str] | None = None,
    ) -> None:
        self.rows = rows
        self.problems = problems
        self.now = now
        self.known = known or Known()
        self.own = own
        self.seen: dict[tuple[str, str], Row] = {}
        self.services: dict[str, models.Service] = {}
        self.locations: dict[str, models.Location] = {}
        self.objects: list[Any] = []

    def key(self, sheet: str, row: Row) -> str:
        key = row.text("key", required=True, longest=LONGEST_KEY)
        if key and (key == NEW or not KEY.fullmatch(key)):
            row.wrong("key", f"use only the letters a to z, digits and . : _ - in a key, and not the word “{NEW}” alone.")
        self.once(sheet, key, row, "key")
        return key

    def once(self, sheet: str, key: str, row: Row, column: str) -> None:
        """Note that ``key`` stands in ``row``; a fault where it already stood in another."""
        earlier = self.seen.get((sheet, key))
        if earlier:
            row.wrong(column, f"this already stands in {earlier.file}, row {earlier.line}: give each row its own.")
        self.seen[(sheet, key)] = row

    def read(self) -> list[Any]:
        """Give the objects of every row; what is wrong stands in ``problems`` afterwards, and then the objects are of no use."""
        self.read_gazetteer()
        terms = {key: make_id("terms", key) for key in (*self.known.terms, *self.read_terms())}
        organizations = {key: make_id("organisations", key) for key in (*self.known.organizations, *self.read_organizations())}
        self.read_services(organizations, terms)
        self.read_places()
        self.read_times()
        self.read_leads()
        self.read_guidance()
        return self.objects

    def read_gazetteer(self) -> None:
        """Read the places. Inside is what is the area's own (or is inside already), and what lies in that."""
        self.places = dict(self.known.places)
        read: list[tuple[models.Place, Row]] = []
        for row in self.rows.get("gazetteer.csv", ()):
            key = self.key("gazetteer", row)
            spellings = {code: row.several(f"spellings_{code}") for code in SPELLING_LANGUAGES}
            place = models.Place(
                key=key,
                name=row.text("name", required=True, longest=LONGEST_NAME),
                kind=row.text("kind", required=True, longest=20),
                parent=row.text("parent", longest=LONGEST_KEY),
                spellings=spellings,
                ambiguous=row.one_of("ambiguous", ("", "word", "month")),
                inside=False,
                source=row.text("source", required=True),
            )
            self.places[key] = (place.name, place.parent)
            read.append((place, row))
        own = set(self.known.inside) if self.own is None else set(self.own)
        for place, row in read:
            if place.parent and place.parent not in self.places:
                row.wrong("parent", "no row of a gazetteer has this key.")
            place.inside = not own.isdisjoint(self.chain(place.key))
            self.objects.append(place)
        for row in self.rows.get("postcodes.csv", ()):
            districts = row.all_of("districts", {*self.places, "outside"})
            places = row.all_of("places", set(self.places))
            outcode = row.text("outcode", required=True, longest=4)
            self.once("postcodes", outcode, row, "outcode")
            source = row.text("source", required=True)
            self.objects.append(models.Outcode(outcode=outcode, districts=districts, places=places, source=source))

    def chain(self, key: str) -> list[str]:
        """Give ``key`` and the keys of all that contains it, nearest first."""
        found: list[str] = []
        while key and key in self.places and key not in found:
            found.append(key)
            key = self.places[key][1]
        return found

    def read_organizations(self) -> list[str]:
        keys = []
        for row in self.rows.get("organisations.csv", ()):
            key = self.key("organisations", row)
            keys.append(key)
            self.objects.append(
                models.Organization(
                    id=make_id("organisations", key),
                    key=key,
                    name=row.text("name", required=True),
                    kind=row.text("kind", longest=40),
                    description=row.text("description"),
                    website=row.url("website"),
                    email=row.email("email"),
                    charity_number=row.text("charity_number", longest=20),
                    company_number=row.text("company_number", longest=20),
                    **row.provenance(),
                )
            )
        return keys

    def read_terms(self) -> list[str]:
        keys = []
        for row in self.rows.get("terms.csv", ()):
            key = self.key("terms", row)
            keys.append(key)
            self.objects.append(
                models.TaxonomyTerm(
                    id=make_id("terms", key),
                    key=key,
                    taxonomy=row.text("taxonomy", required=True, longest=40),
                    name=row.text("name", required=True),
                    description=row.text("description", required=True),
                    parent=row.text("parent", longest=LONGEST_KEY),
                    term_uri=row.url("uri"),
                    code=row.text("code", longest=40),
                    **row.provenance(),
                )
            )
        return keys

    def read_services(self, organizations: dict[str, str], terms: dict[str, str]) -> None:
        names = {name for name, _ in self.places.values()} | {"UK"}
        for row in self.rows.get("services.csv", ()):
            key = self.key("services", row)
            organization = row.text("organisation", required=True)
            if organization not in organizations:
                row.wrong("organisation", "no row of organisations.csv has this key.")
            service = models.Service(
                id=make_id("services", key),
                key=key,
                organization_id=organizations.get(organization),
                name=row.text("name", required=True),
                description=row.text("description", required=True),
                status=row.one_of("status", STATUS),
                alert=row.text("alert"),
                url=row.url("url"),
                email=row.email("email"),
                email_note=row.text("email_note"),
                contact_name=row.text("contact_name"),
                contact_email=row.email("contact_email"),
                eligibility_description=row.text("eligibility_text"),
                minimum_age=row.number("min_age"),
                maximum_age=row.number("max_age"),
                cost_option=row.text("cost"),
                cost_amount=row.number("cost_amount"),
                interpretation_services=row.text("interpretation_services"),
                accreditations=row.text("accreditations"),
                regulated_by=row.one_of("regulated_by", REGULATORS),
                assured_date=row.day("checked_on"),
                assurer_email=row.text("checked_by"),
                last_modified=self.now,
                **row.provenance(),
            )
            if None not in (service.minimum_age, service.maximum_age) and service.minimum_age > service.maximum_age:
                row.wrong("max_age", "give an age that is not below min_age.")
            self.services[key] = service
            self.objects.append(service)
            self.read_details(row, key, service, terms, names)

    def read_details(self, row: Row, key: str, service: models.Service, terms: dict[str, str], names: set[str]) -> None:
        """Read what hangs from a service in its own row: phones, languages, areas, attributes."""
        for position, (prefix, note) in enumerate((("phone", "phone_note"), ("out_of_hours_phone", "out_of_hours_note"))):
            number = row.phone(prefix, longest=40)
            if number:
                service.phones.append(
                    models.Phone(
                        id=make_id("phones", f"{key}:{prefix}"),
                        position=position,
                        number=number,
                        description=row.text(note),
                        out_of_hours=prefix != "phone",
                    )
                )
        for position, code in enumerate(row.several("languages")):
            if not LANGUAGE.fullmatch(code):
                row.wrong("languages", f"{code!r}: give codes such as uk;ar;zh-Hant.")
            service.languages.append(models.Language(id=make_id("languages", f"{key}:{code}"), position=position, code=code))
        row.text("area", required=True)
        for position, name in enumerate(row.all_of("area", names)):
            service.service_areas.append(
                models.ServiceArea(
                    id=make_id("areas", f"{key}:{name}"), position=position, name=name, uri=row.text("area_code") if not position else ""
                )
            )
        row.text("service_types", required=True)
        position = 0
        for link_type, column, taxonomy, allowed in (
            ("service_type", "service_types", "topic", SERVICE_TYPES),
            ("eligibility", "eligibility", "circumstance", set(CIRCUMSTANCES)),
            ("intended_audience", "audience", "circumstance", set(CIRCUMSTANCES)),
        ):
            for code in row.all_of(column, allowed):
                term = terms.get(f"{taxonomy}:{code}")
                if term is None:
                    row.wrong(column, f"terms.csv has no row {taxonomy}:{code}.")
                    continue
                service.attributes.append(
                    models.Attribute(
                        id=make_id("attributes", f"{key}:{link_type}:{code}"), position=position, taxonomy_term_id=term, link_type=link_type
                    )
                )
                position += 1

    def service_of(self, row: Row) -> models.Service | None:
        service = self.services.get(row.text("service", required=True))
        if service is None:
            row.wrong("service", "no row of services.csv has this key.")
        return service

    def read_places(self) -> None:
        for row in self.rows.get("places.csv", ()):
            key = self.key("places", row)
            service = self.service_of(row)
            postcode = row.text("postcode")
            if postcode and not POSTCODE.fullmatch(postcode):
                row.wrong("postcode", "give a postcode as CB7 4EE.")
            location = models.Location(
                id=make_id("places", key),
                key=key,
                location_type=row.one_of("location_type", ("physical", "postal", "virtual")),
                name=row.text("name"),
                address_1=row.text("address_1"),
                city=row.text("city"),
                state_province=row.text("county"),
                postal_code=postcode,
                country=row.text("country", longest=2) or "GB",
                latitude=row.number("latitude", (-90, 90)),
                longitude=row.number("longitude", (-180, 180)),
                uprn=row.text("uprn", longest=20),
                accessibility=row.text("access"),
                **row.provenance(),
            )
            self.objects.append(location)
            self.locations[location.id] = location
            if self.known.locations.get(key, row.text("service")) != row.text("service"):
                row.wrong("key", "this key is taken by a place of another service: give it one of its own.")
            if service is not None:
                service.service_at_locations.append(
                    models.ServiceAtLocation(id=make_id("service_at_locations", key), location_id=location.id)
                )

    def read_times(self) -> None:
        counts: Counter[str] = Counter()
        for row in self.rows.get("times.csv", ()):
            service = self.service_of(row)
            place = row.text("place")
            where = self.seen.get(("places", place))
            if place and (where is None or where.text("service") != row.text("service")):
                row.wrong("place", "no row of places.csv has this key for this service.")
            days = row.several("days")
            for day in days:
                if not BYDAY.fullmatch(day):
                    row.wrong("days", f"{day!r}: give days as MO;WE, or 2TU for the second Tuesday of the month.")
            if not days and not row.text("date"):
                row.text("notes", required=True)
            position = counts[row.text("service")]
            counts[row.text("service")] += 1
            schedule = models.Schedule(
                id=make_id("times", f"{row.text('service')}:{position}"),
                position=position,
                date=row.day("date"),
                freq=row.one_of("freq", ("", "WEEKLY", "MONTHLY")),
                byday=days,
                opens_at=row.time("opens"),
                closes_at=row.time("closes"),
                valid_from=row.day("from"),
                valid_to=row.day("until"),
                notes=row.text("notes"),
                service_at_location_id=make_id("service_at_locations", place) if place else None,
                **row.provenance(),
            )
            if schedule.valid_from and schedule.valid_to and schedule.valid_to < schedule.valid_from:
                row.wrong("until", "give a day that is not before “from”.")
            if service is not None:
                service.schedules.append(schedule)

    def read_leads(self) -> None:
        for row in self.rows.get("leads.csv", ()):
            service = self.service_of(row)
            topic = row.one_of("topic", {*SERVICE_TYPES, *URGENT, "human"})
            if service is not None:
                self.once("leads", f"{topic}:{service.key}", row, "service")
                service.leads.append(
                    models.Lead(id=make_id("leads", f"{topic}:{service.key}"), topic=topic, position=row.whole("position", LARGEST_NUMBER))
                )

    def read_guidance(self) -> None:
        names = {name for name, _ in self.places.values()} | self.known.areas
        for row in self.rows.get("guidance.csv", ()):
            key = self.key("guidance", row)
            topics, positions = row.all_of("topics", {*NEEDS, *TALK}), row.text("positions").split(";")
            if len(topics) != len(positions) or not all(p.isdecimal() and len(p) < 10 for p in positions):
                row.wrong("positions", "give a whole number for each topic, in the same order.")
                continue
            area = row.text("area", longest=LONGEST_NAME)
            if area and area not in names:
                row.wrong("area", "no row of a gazetteer has this name.")
            self.objects.append(
                models.Guidance(
                    id=make_id("guidance", key),
                    key=key,
                    topics={topic: int(position) for topic, position in zip(topics, positions, strict=True)},
                    area=area,
                    urgent=row.one_of("urgent", ("", *URGENT)),
                    together=row.text("together", longest=80),
                    statement=row.text("statement", required=True),
                    valid_from=row.day("valid_from"),
                    valid_until=row.day("valid_until"),
                    checked_on=row.day("checked_on"),
                    checked_by=row.text("checked_by"),
                    **row.provenance(),
                )
            )
