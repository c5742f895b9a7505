"""The directory's objects as rows of the sheets again: what an export writes, a form shows, and the history keeps.

Cells are canonical: dates as 2026-11-22, numbers without an empty fraction, lists joined by ``;``. Reading a row and writing it gives the
canonical form of it; writing what was read from canonical rows gives the same rows.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from bot.directory import models
from bot.directory.reader import COLUMNS, SPELLING_LANGUAGES, Known

Cells = dict[str, str]
"""A row: its cells by column, the empty ones left out."""
Rows = dict[str, list[Cells]]
"""The rows of a record by sheet; sheets without a row left out."""

ORGANIZATION, SERVICE, GUIDANCE, PLACE, OUTCODE, TERM = "organization", "service", "guidance", "place", "outcode", "term"
SHEETS_OF: dict[str, tuple[str, ...]] = {
    TERM: ("terms.csv",),
    PLACE: ("gazetteer.csv",),
    OUTCODE: ("postcodes.csv",),
    ORGANIZATION: ("organisations.csv",),
    SERVICE: ("services.csv", "places.csv", "times.csv", "leads.csv"),
    GUIDANCE: ("guidance.csv",),
}
"""The kinds of records, in the order in which one may refer to another, and the sheets that hold each; the first holds its key."""
KIND_OF = {sheet: kind for kind, sheets in SHEETS_OF.items() for sheet in sheets}
KEY_COLUMN = {
    **{sheets[0]: "key" for sheets in SHEETS_OF.values()},
    **dict.fromkeys(SHEETS_OF[SERVICE][1:], "service"),
    "postcodes.csv": "outcode",
}
"""The column that says which record a row of a sheet belongs to."""
MODEL_OF: dict[str, Any] = {
    TERM: models.TaxonomyTerm,
    PLACE: models.Place,
    OUTCODE: models.Outcode,
    ORGANIZATION: models.Organization,
    SERVICE: models.Service,
    GUIDANCE: models.Guidance,
}
IN_ONE_GO = 500
"""Services read from the database at a time."""


@dataclass(frozen=True)
class Names:
    """The keys behind the ids that objects refer to: of organisations, terms, and the locations themselves by id."""

    organizations: Mapping[str, str]
    terms: Mapping[str, str]
    locations: Mapping[str, Any]


def _text(value: object) -> str:
    """Write a value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ";".join(str(part) for part in value)
    return str(value)


def _cells(sheet: str, **values: object) -> Cells:
    """Give a row with its cells in the order of the sheet's columns, the empty ones left out."""
    unknown = set(values) - set(COLUMNS[sheet])
    assert not unknown, (sheet, unknown)
    written = {column: _text(values.get(column)) for column in COLUMNS[sheet]}
    return {column: text for column, text in written.items() if text}


def _provenance(row: Any) -> dict[str, object]:
    return {
        "source": row.source,
        "source_seen": row.source_seen,
        "confidence": row.confidence,
        "public": bool(row.public),
        "unsure": list(row.unsure),
        "note": row.note,
    }


def _organization(row: Any) -> Cells:
    same = ("key", "name", "kind", "description", "website", "email", "charity_number", "company_number")
    return _cells("organisations.csv", **{name: getattr(row, name) for name in same}, **_provenance(row))


def _term(row: Any) -> Cells:
    same = ("key", "taxonomy", "name", "description", "parent", "code")
    return _cells("terms.csv", **{name: getattr(row, name) for name in same}, uri=row.term_uri, **_provenance(row))


def _place(row: Any) -> Cells:
    spellings = {f"spellings_{code}": list(row.spellings.get(code, ())) for code in SPELLING_LANGUAGES}
    same = ("key", "name", "kind", "parent", "ambiguous", "source")
    return _cells("gazetteer.csv", **{name: getattr(row, name) for name in same}, **spellings)


def _outcode(row: Any) -> Cells:
    return _cells("postcodes.csv", outcode=row.outcode, districts=list(row.districts), places=list(row.places), source=row.source)


def _guidance(row: Any) -> Cells:
    same = ("key", "area", "urgent", "together", "statement", "valid_from", "valid_until", "checked_on", "checked_by")
    values = {name: getattr(row, name) for name in same}
    return _cells("guidance.csv", topics=list(row.topics), positions=[str(n) for n in row.topics.values()], **values, **_provenance(row))


def _service(row: Any, names: Names) -> Rows:
    """Give the rows of a service: its own, and those of its places, times and leads."""
    phones = {phone.out_of_hours: phone for phone in row.phones}
    usual, later = phones.get(False), phones.get(True)

    def terms(link_type: str) -> list[str]:
        linked = sorted((a for a in row.attributes if a.link_type == link_type), key=lambda a: a.position)
        return [names.terms[a.taxonomy_term_id].split(":", 1)[1] for a in linked]

    same = (
        *("key", "name", "description", "status", "alert", "url", "email", "email_note", "contact_name", "contact_email"),
        *("cost_amount", "interpretation_services", "accreditations", "regulated_by"),
    )
    areas = sorted(row.service_areas, key=lambda area: area.position)
    rows: Rows = {
        "services.csv": [
            _cells(
                "services.csv",
                **{name: getattr(row, name) for name in same},
                organisation=names.organizations[row.organization_id],
                phone=usual.number if usual else "",
                phone_note=usual.description if usual else "",
                out_of_hours_phone=later.number if later else "",
                out_of_hours_note=later.description if later else "",
                service_types=terms("service_type"),
                eligibility=terms("eligibility"),
                eligibility_text=row.eligibility_description,
                audience=terms("intended_audience"),
                min_age=row.minimum_age,
                max_age=row.maximum_age,
                cost=row.cost_option,
                languages=[one.code for one in sorted(row.languages, key=lambda one: one.position)],
                area=[area.name for area in areas],
                area_code=areas[0].uri if areas else "",
                checked_on=row.assured_date,
                checked_by=row.assurer_email,
                **_provenance(row),
            )
        ]
    }
    at = {place.id: names.locations[place.location_id] for place in row.service_at_locations}
    places = [_location(location, row.key) for location in sorted(at.values(), key=lambda location: str(location.key))]
    times = [
        _schedule(one, row.key, at[one.service_at_location_id].key if one.service_at_location_id else "")
        for one in sorted(row.schedules, key=lambda one: one.position)
    ]
    leads = [
        _cells("leads.csv", topic=lead.topic, position=str(lead.position), service=row.key)
        for lead in sorted(row.leads, key=lambda lead: str(lead.topic))
    ]
    for sheet, found in (("places.csv", places), ("times.csv", times), ("leads.csv", leads)):
        if found:
            rows[sheet] = found
    return rows


def _location(row: Any, service: str) -> Cells:
    same = ("key", "location_type", "name", "address_1", "city", "country", "latitude", "longitude", "uprn")
    return _cells(
        "places.csv",
        **{name: getattr(row, name) for name in same},
        service=service,
        county=row.state_province,
        postcode=row.postal_code,
        access=row.accessibility,
        **_provenance(row),
    )


def _schedule(row: Any, service: str, place: str) -> Cells:
    same = ("date", "freq", "notes")
    return _cells(
        "times.csv",
        **{name: getattr(row, name) for name in same},
        service=service,
        place=place,
        days=list(row.byday),
        opens=row.opens_at,
        closes=row.closes_at,
        until=row.valid_to,
        **{"from": row.valid_from},
        **_provenance(row),
    )


_SIMPLE = {
    TERM: _term,
    PLACE: _place,
    OUTCODE: _outcode,
    ORGANIZATION: _organization,
    GUIDANCE: _guidance,
}


def rows_of(kind: str, row: Any, names: Names) -> Rows:
    """Give the rows of a model object of ``kind``."""
    if kind == SERVICE:
        return _service(row, names)
    return {SHEETS_OF[kind][0]: [_SIMPLE[kind](row)]}


def key_of(kind: str, row: Any) -> str:
    """Give the key of a model object of ``kind``."""
    return str(row.outcode if kind == OUTCODE else row.key)


def read_names(session: Session, objects: Iterable[Any] = ()) -> Names:
    """Give the names that the database's objects refer to, those of further ``objects`` included; locations of ``objects`` alone."""
    organizations: dict[str, str] = {row.id: row.key for row in session.execute(select(models.Organization.id, models.Organization.key))}
    terms: dict[str, str] = {row.id: row.key for row in session.execute(select(models.TaxonomyTerm.id, models.TaxonomyTerm.key))}
    locations: dict[str, Any] = {}
    for one in objects:
        if isinstance(one, models.Organization):
            organizations[str(one.id)] = str(one.key)
        elif isinstance(one, models.TaxonomyTerm):
            terms[str(one.id)] = str(one.key)
        elif isinstance(one, models.Location):
            locations[str(one.id)] = one
    return Names(organizations, terms, locations)


def read_known(session: Session) -> Known:
    """Give what the database holds already, for rows that refer to it."""
    locations = session.execute(
        select(models.Location.key, models.Service.key)
        .join(models.ServiceAtLocation, models.ServiceAtLocation.location_id == models.Location.id)
        .join(models.Service, models.Service.id == models.ServiceAtLocation.service_id)
    )
    return Known(
        organizations=frozenset(session.execute(select(models.Organization.key)).scalars()),
        terms=frozenset(session.execute(select(models.TaxonomyTerm.key)).scalars()),
        places={
            row.key: (row.name, row.parent) for row in session.execute(select(models.Place.key, models.Place.name, models.Place.parent))
        },
        inside=frozenset(session.execute(select(models.Place.key).where(models.Place.inside)).scalars()),
        areas=frozenset(session.execute(select(models.Guidance.area)).scalars()) - {""},
        locations=dict(locations.all()),
    )


def read_rows(session: Session, kind: str, keys: Iterable[str] | None = None) -> Iterator[tuple[str, Rows]]:
    """Give key and rows of every record of ``kind``, in the order of their keys; of those with ``keys`` where some are given.

    Of the whole gazetteer only what is inside the area is given: the rest is not this directory's to change.
    """
    model = MODEL_OF[kind]
    column = model.outcode if kind == OUTCODE else model.key
    wanted = select(column)
    if kind == PLACE and keys is None:
        wanted = wanted.where(models.Place.inside)
    asked = None if keys is None else set(keys)
    if asked is not None and len(asked) <= IN_ONE_GO:
        wanted = wanted.where(column.in_(asked))
    found = [key for key in sorted(session.execute(wanted).scalars()) if asked is None or key in asked]
    names = read_names(session)
    for start in range(0, len(found), IN_ONE_GO):
        query = select(model).where(column.in_(found[start : start + IN_ONE_GO]))
        if kind == SERVICE:
            parts = ("phones", "languages", "service_areas", "attributes", "service_at_locations", "schedules", "leads")
            query = query.options(*(selectinload(getattr(models.Service, part)) for part in parts))
        objects = {key_of(kind, row): row for row in session.execute(query).scalars()}
        for key in found[start : start + IN_ONE_GO]:
            row = objects[key]
            here = {str(at.location_id): at.location for at in row.service_at_locations} if kind == SERVICE else {}
            yield key, rows_of(kind, row, Names(names.organizations, names.terms, here))
        session.expunge_all()
