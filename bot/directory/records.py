"""The directory as plain frozen values, read from the database in one go and kept in memory.

Everything that ranks, filters or words the directory works on these, so it needs no database and no clock of its own,
and goes on working when the database does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, selectinload

from bot.codes import LATIN_LETTERS, SPELT_AS
from bot.database import one_moment
from bot.directory import models

NAMED_IN_EVERY_LANGUAGE = ("nation", "region")
"""Kinds of places that every language has a name of its own for: Anglia, Londyn."""


@dataclass(frozen=True)
class PhoneRecord:
    number: str
    description: str
    out_of_hours: bool


@dataclass(frozen=True)
class AddressRecord:
    """An address as printed, and the town or village of it."""

    text: str
    city: str


@dataclass(frozen=True)
class ScheduleRecord:
    """One opening: days as RFC 5545 codes (``MO``, ``2TU``), times as HH:MM or empty where unknown."""

    days: tuple[str, ...]
    opens: str
    closes: str
    notes: str
    freq: str = "WEEKLY"
    on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether this opening applies to ``day``'s part of the year."""
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day <= self.valid_to)


@dataclass(frozen=True)
class ServiceRecord:
    """A service as the answers need it; only fields that may be shown are here, ``public`` apart."""

    id: str
    key: str
    name: str
    organization: str
    kind: str
    description: str
    status: str
    url: str
    email: str
    email_note: str
    phones: tuple[PhoneRecord, ...]
    addresses: tuple[AddressRecord, ...]
    schedules: tuple[ScheduleRecord, ...]
    languages: tuple[str, ...]
    interpretation_services: str
    cost: str
    eligibility_description: str
    eligibility: frozenset[str]
    minimum_age: float | None
    topics: frozenset[str]
    serves: tuple[str, ...]
    regulated_by: str
    alert: str
    leads: dict[str, int] = field(hash=False)
    unsure: frozenset[str]
    checked_on: date | None
    source: str


@dataclass(frozen=True)
class PlaceRecord:
    """A place; ``within`` names it and all that contains it, nearest first."""

    key: str
    name: str
    kind: str
    within: tuple[str, ...]
    inside: bool
    spellings: dict[str, tuple[str, ...]] = field(hash=False)
    ambiguous: str = ""

    def local_name(self, language: str) -> str:
        """Give the name as readers of ``language`` write it, or the English name.

        In Latin letters a town's spellings are what people type, mistakes among them: only nations and regions have names of their own.
        """
        local = self.spellings.get(SPELT_AS.get(language, language), ())
        if not local or language == "en" or (language in LATIN_LETTERS and self.kind not in NAMED_IN_EVERY_LANGUAGE):
            return self.name
        return local[0]

    def said_in(self, language: str) -> str:
        """Give the English name, as on signs, with the local one after it where that is another."""
        local = self.local_name(language)
        return self.name if local == self.name else f"{self.name} ({local})"


@dataclass(frozen=True)
class OutcodeRecord:
    outcode: str
    districts: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True)
class GuidanceRecord:
    """A statement that may be shown, with its place in each topic's answer."""

    key: str
    topics: dict[str, int] = field(hash=False)
    area: str
    urgent: str
    together: str
    statement: str
    source: str
    source_seen: str
    valid_from: date | None
    valid_until: date | None
    checked_on: date | None

    def in_force(self, day: date) -> bool:
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_until or day <= self.valid_until)


@dataclass(frozen=True)
class Directory:
    """Everything one installation knows. ``area`` is the place it serves; ``digest`` names the version."""

    area: PlaceRecord
    services: tuple[ServiceRecord, ...]
    guidance: tuple[GuidanceRecord, ...]
    places: dict[str, PlaceRecord]
    outcodes: dict[str, OutcodeRecord]
    digest: str

    def place_named(self, name: str) -> PlaceRecord | None:
        """Give the place with this English name."""
        return next((place for place in self.places.values() if place.name == name), None)

    def service(self, key: str) -> ServiceRecord | None:
        """Give the service with this key, if it may be shown."""
        return next((service for service in self.services if service.key == key), None)

    def districts(self) -> list[PlaceRecord]:
        """Give the districts of the area, in the order of their names."""
        return sorted((p for p in self.places.values() if p.inside and p.kind == "district"), key=lambda p: p.name)

    def district_of(self, name: str | None) -> str:
        """Give the key of the district that the place with this English name is in, empty where it is in none or spans several."""
        place = self.place_named(name) if name else None
        return next((district.key for district in self.districts() if place and district.name in place.within), "")


SHOWN = ("active", "temporarily closed")


def directory_version(engine: Engine) -> str:
    """Give the name of what the database holds now: the pack's digest and the edition; empty where nothing was loaded."""
    with Session(engine, future=True) as session:
        pack = session.execute(select(models.LoadedPack)).scalars().first()
        return _version(pack) if pack else ""


def _version(pack: models.LoadedPack) -> str:
    return f"{pack.digest}-{pack.edition}"


def read_directory(engine: Engine) -> Directory:
    """Read all that may be shown: rows whose ``public`` is no stay behind, and so do telephone numbers marked unsure."""
    with one_moment(engine) as session:
        pack = session.execute(select(models.LoadedPack)).scalars().one()
        rows = session.execute(select(models.Place)).scalars().all()
        places = _places(rows)
        services = session.execute(_shown()).scalars()
        statements = session.execute(select(models.Guidance)).scalars().all()
        # Statements bound together are told together or not at all.
        withheld = {row.together for row in statements if row.together and not row.public}
        guidance = [row for row in statements if row.public and row.together not in withheld]
        outcodes = session.execute(select(models.Outcode)).scalars()
        return Directory(
            area=places[pack.area],
            services=tuple(service_record(row) for row in services),
            guidance=tuple(guidance_record(row) for row in guidance),
            places=places,
            outcodes={o.outcode: OutcodeRecord(o.outcode, tuple(o.districts), tuple(o.places)) for o in outcodes},
            digest=_version(pack),
        )


def _shown() -> Any:
    """Select the services that may be shown."""
    parts = ("phones", "languages", "service_areas", "attributes", "service_at_locations", "schedules", "leads")
    return (
        select(models.Service)
        .join(models.Organization)
        .where(models.Service.public, models.Organization.public, models.Service.status.in_(SHOWN))
        .options(*(selectinload(getattr(models.Service, part)) for part in parts))
        .order_by(models.Service.name)
    )


def read_service(session: Session, key: str) -> ServiceRecord | None:
    """Give one service as ``read_directory`` does, or None where it may not be shown."""
    row = session.execute(_shown().where(models.Service.key == key)).scalars().first()
    return service_record(row) if row else None


def read_statement(session: Session, key: str) -> GuidanceRecord | None:
    """Give one statement as ``read_directory`` does, whatever it is bound to, or None where it may not be shown."""
    row = session.execute(select(models.Guidance).where(models.Guidance.public, models.Guidance.key == key)).scalars().first()
    return guidance_record(row) if row else None


def read_checkers(engine: Engine) -> dict[str, str]:
    """Give who checked each service (by id) and statement (by key), where it was checked: for staff alone, never in a Directory."""
    with Session(engine, future=True) as session:
        services = session.execute(select(models.Service.id, models.Service.assurer_email)).all()
        statements = session.execute(select(models.Guidance.key, models.Guidance.checked_by)).all()
        return {name: who for name, who in (*services, *statements) if who}


def _places(rows: Iterable[models.Place]) -> dict[str, PlaceRecord]:
    by_key = {row.key: row for row in rows}

    def within(key: str) -> tuple[str, ...]:
        names: list[str] = []
        while key in by_key and by_key[key].name not in names:
            names.append(by_key[key].name)
            key = by_key[key].parent
        return tuple(names)

    return {
        row.key: PlaceRecord(
            key=row.key,
            name=row.name,
            kind=row.kind,
            within=within(row.key),
            inside=row.inside,
            spellings={code: tuple(names) for code, names in row.spellings.items()},
            ambiguous=row.ambiguous,
        )
        for row in by_key.values()
    }


def service_record(row: models.Service) -> ServiceRecord:
    """Give a service's row as answers need it, whether it may be shown or not."""
    # An opening marked unsure (every other week, say) makes the hours so.
    unsure = frozenset(row.unsure) | {"hours" for s in row.schedules if "hours" in s.unsure}
    phones = tuple(
        PhoneRecord(p.number, p.description, p.out_of_hours)
        for p in row.phones
        if ("out_of_hours_phone" if p.out_of_hours else "phone") not in unsure
    )
    locations = [at.location for at in row.service_at_locations if at.location.location_type == "physical" and at.location.public]
    return ServiceRecord(
        id=row.id,
        key=row.key,
        name=row.name,
        organization=row.organization.name,
        kind=row.organization.kind,
        description=row.description,
        status=row.status,
        url=row.url,
        email=row.email,
        email_note=row.email_note,
        phones=phones,
        addresses=tuple(AddressRecord(_address(at), at.city) for at in sorted(locations, key=lambda at: at.key)),
        schedules=tuple(
            ScheduleRecord(tuple(s.byday), s.opens_at, s.closes_at, s.notes, s.freq, s.date, s.valid_from, s.valid_to)
            for s in row.schedules
            if s.public
        ),
        languages=tuple(language.code for language in row.languages),
        interpretation_services=row.interpretation_services,
        cost=row.cost_option,
        eligibility_description=row.eligibility_description,
        eligibility=frozenset(a.term.key.split(":")[1] for a in row.attributes if a.link_type in ("eligibility", "intended_audience")),
        minimum_age=row.minimum_age,
        topics=frozenset(a.term.key.split(":")[1] for a in row.attributes if a.link_type == "service_type"),
        serves=tuple(area.name for area in row.service_areas),
        regulated_by=row.regulated_by,
        alert=row.alert,
        leads={lead.topic: lead.position for lead in row.leads},
        unsure=unsure,
        checked_on=row.assured_date,
        source=row.source,
    )


def _address(location: models.Location) -> str:
    """Write an address on one line; a building's name that the street already begins with is not said twice."""
    name = "" if location.address_1.startswith(location.name) else location.name
    parts = ", ".join(part for part in (name, location.address_1, location.city, location.postal_code) if part)
    return ", ".join(dict.fromkeys(parts.split(", ")))


def guidance_record(row: models.Guidance) -> GuidanceRecord:
    """Give a statement's row as answers need it, whether it may be shown or not."""
    return GuidanceRecord(
        key=row.key,
        topics=dict(row.topics),
        area=row.area,
        urgent=row.urgent,
        together=row.together,
        statement=row.statement,
        source=row.source,
        source_seen=row.source_seen,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        checked_on=row.checked_on,
    )
