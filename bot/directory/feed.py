"""What other software asks of the directory: lists in pages, filtered, and single records, as Open Referral UK 3.0 has them.

Every request reads what it shows and no more. Only public rows are found, whatever is asked for; services of every status are among
them, so that whoever copies the feed learns that one has closed.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, false, func, or_, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from bot.database import one_moment
from bot.directory import models
from bot.directory.openreferral import FeedWords, Json, OpenReferral, taxonomy_id, timestamp
from bot.directory.records import directory_version

COLLECTIONS = ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms")
BATCH = 200
"""Records read at a time where all are asked for."""
METRES_IN_A_DEGREE = 111_195.0
"""Of latitude, on a sphere of the Earth's mean radius, 6,371 km."""

Service, Location, At, Schedule = models.Service, models.Location, models.ServiceAtLocation, models.Schedule
Select = Any
"""SQLAlchemy 1.4 has no types of its own."""


@dataclass(frozen=True)
class Near:
    """No farther than ``metres`` from a point."""

    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True)
class Asked:
    """What is asked of a list; what is left as it is narrows nothing.

    ``areas`` are names of places: one of them must be served. ``starts`` and ``ends`` are times as HH:MM, ``day`` is a day as MO.
    ``full`` gives records with all that hangs from them, ``minimal`` nothing but ids and times, ``full_service`` organizations with their
    services written out, ``local`` our local fields beside the standard's.
    """

    words: tuple[str, ...] = ()
    taxonomy_term_id: str = ""
    taxonomy_id: str = ""
    organization_id: str = ""
    modified_after: datetime | None = None
    minimum_age: float | None = None
    maximum_age: float | None = None
    starts: str = ""
    ends: str = ""
    day: str = ""
    areas: frozenset[str] | None = None
    near: Near | None = None
    top_only: bool = False
    parent_id: str = ""
    full: bool = False
    minimal: bool = False
    full_service: bool = False
    local: bool = False


@dataclass(frozen=True)
class Page:
    """Some of the records of a list: page ``number`` (from 1) of as many as ``per_page`` makes of ``total``."""

    contents: list[Json]
    number: int
    per_page: int
    total: int

    def as_json(self) -> Json:
        """Write the page as the standard has it."""
        pages = math.ceil(self.total / self.per_page)
        return {
            "total_items": self.total,
            "total_pages": pages,
            "page_number": self.number,
            "size": len(self.contents),
            "first_page": self.number == 1,
            "last_page": self.number >= pages,
            "empty": not self.contents,
            "contents": self.contents,
        }


@dataclass(frozen=True)
class Collection:
    """One kind of record in the database: how its rows are found, told apart and written."""

    rows: Select
    id: Any
    write: Callable[[Session, Sequence[Any]], list[Json]]


class Feed:
    """The directory for other software. Every method reads the database anew."""

    def __init__(self, engine: Engine, words: FeedWords) -> None:
        self._engine = engine
        self._words = words

    def version(self) -> str:
        """Name what the directory holds now: the same name, the same answers."""
        return directory_version(self._engine)

    def page(self, kind: str, asked: Asked, number: int, per_page: int) -> Page:
        """Give a page of the records of ``kind``, one of COLLECTIONS; one past the last is empty. ``minimal`` gives all on one."""
        with one_moment(self._engine) as session:
            if kind == "taxonomies":
                found = self._taxonomies(session, asked)
                return Page(found[(number - 1) * per_page : number * per_page], number, per_page, len(found))
            collection = self._collection(session, kind, asked)
            total = session.execute(collection.rows.with_only_columns(func.count(collection.id), maintain_column_froms=True)).scalar_one()
            if asked.minimal and kind == "services":
                return Page(_minimal(session, collection.rows), 1, max(total, 1), total)
            some = collection.rows.order_by(collection.id).offset((number - 1) * per_page).limit(per_page)
            return Page(self._written(session, collection, some), number, per_page, total)

    def batches(self, kind: str, asked: Asked) -> Iterator[list[Json]]:
        """Give all records of ``kind``, some at a time; each batch is read when it is asked for."""
        if kind == "taxonomies":
            with one_moment(self._engine) as session:
                found = self._taxonomies(session, asked)
            yield found
            return
        last = ""
        while True:
            with one_moment(self._engine) as session:
                collection = self._collection(session, kind, asked)
                some = collection.rows.where(collection.id > last).order_by(collection.id).limit(BATCH)
                found = self._written(session, collection, some)
            if not found:
                return
            yield found
            last = found[-1]["id"]

    def record(self, kind: str, wanted: str, asked: Asked) -> Json | None:
        """Give one record of ``kind`` with all that hangs from it, by its id; None where there is none that is public."""
        with one_moment(self._engine) as session:
            if kind == "taxonomies":
                return self._taxonomy(session, wanted, asked)
            collection = self._collection(session, kind, asked, alone=True)
            found = self._written(session, collection, collection.rows.where(collection.id == wanted))
            return found[0] if found else None

    def areas_of(self, postcode: str) -> frozenset[str]:
        """Name all the places that a postcode may lie in, by its first half, and what contains them.

        Of a postcode that this directory's outcodes do not have, only that it is in the UK is known.
        """
        with Session(self._engine, future=True) as session:
            outcode = session.get(models.Outcode, _outcode(postcode))
            places = {row.key: row for row in session.execute(select(models.Place.key, models.Place.name, models.Place.parent))}
        names = {"UK"}
        for key in (*outcode.districts, *outcode.places) if outcode else ():
            while key in places and places[key].name not in names:
                names.add(places[key].name)
                key = places[key].parent
        return frozenset(names)

    def position_of(self, postcode: str) -> tuple[float, float] | None:
        """Give latitude and longitude of a postcode: the middle of the public places of this directory that have it; None without any."""
        with Session(self._engine, future=True) as session:
            middle = select(func.avg(Location.latitude), func.avg(Location.longitude)).where(
                func.replace(Location.postal_code, " ", "") == postcode.replace(" ", "").upper(), Location.public
            )
            latitude, longitude = session.execute(middle).one()
        return None if latitude is None or longitude is None else (float(latitude), float(longitude))

    @staticmethod
    def _written(session: Session, collection: Collection, rows: Select) -> list[Json]:
        return collection.write(session, session.execute(rows).unique().scalars().all())

    def _collection(self, session: Session, kind: str, asked: Asked, alone: bool = False) -> Collection:
        """Give what ``kind`` names; ``alone`` is for a single record, which is always whole."""
        maker = {
            "services": self._services,
            "organizations": self._organizations,
            "service_at_locations": self._service_at_locations,
            "taxonomy_terms": self._taxonomy_terms,
        }[kind]
        terms = _terms_asked_for(session, asked)
        return maker(asked, terms, OpenReferral(self._words, asked.local), alone or asked.full)

    def _services(self, asked: Asked, terms: Select, into: OpenReferral, whole: bool) -> Collection:
        rows = _public_services(select(Service)).where(*_conditions(asked, terms)).options(contains_eager(Service.organization))
        write = into.service if whole else into.service_in_list
        return Collection(rows.options(*_details(whole, asked.local)), Service.id, lambda _, found: [write(row) for row in found])

    def _service_at_locations(self, asked: Asked, terms: Select, into: OpenReferral, whole: bool) -> Collection:
        rows = _public_services(select(At).join(Service, At.service_id == Service.id)).join(Location, At.location_id == Location.id)
        rows = rows.where(Location.public, *_conditions(asked, terms)).options(contains_eager(At.location))
        if asked.near:
            rows = rows.where(_is_near(asked.near))
        write = into.service_at_location if whole else into.service_at_location_in_list

        def write_all(session: Session, found: Sequence[models.ServiceAtLocation]) -> list[Json]:
            wanted = {row.service_id for row in found}
            options = (joinedload(Service.organization), *_details(whole, asked.local))
            services = session.execute(select(Service).where(Service.id.in_(wanted)).options(*options)).unique().scalars()
            by_id = {service.id: service for service in services}
            return [write(by_id[row.service_id], row) for row in found]

        return Collection(rows, At.id, write_all)

    def _organizations(self, asked: Asked, _terms: Select, into: OpenReferral, whole: bool) -> Collection:
        organization = models.Organization
        rows = select(organization).where(
            organization.public, *(_holds(word, organization.name, organization.description) for word in asked.words)
        )

        def write_all(session: Session, found: Sequence[models.Organization]) -> list[Json]:
            if not (whole or asked.full_service):
                return [into.organization_in_list(row) for row in found]
            services = _public_services(select(Service)).where(Service.organization_id.in_([row.id for row in found])).order_by(Service.id)
            options = (contains_eager(Service.organization), *_details(asked.full_service, asked.local))
            theirs: dict[str, list[Json]] = {row.id: [] for row in found}
            for service in session.execute(services.options(*options)).unique().scalars():
                told = into.service(service) if asked.full_service else _in_short(service)
                theirs[service.organization_id].append(told)
            return [into.organization(row, theirs[row.id]) for row in found]

        return Collection(rows, organization.id, write_all)

    def _taxonomy_terms(self, asked: Asked, terms: Select, into: OpenReferral, _whole: bool) -> Collection:
        term = models.TaxonomyTerm
        rows = select(term).where(term.public, *(_holds(word, term.name, term.description) for word in asked.words))
        if asked.top_only:
            rows = rows.where(term.parent == "")
        if asked.parent_id:
            parent = select(term.key).where(term.id == asked.parent_id).scalar_subquery()
            rows = rows.where(term.parent == parent)
        if asked.taxonomy_id:
            rows = rows.where(term.id.in_(terms))
        return Collection(rows, term.id, lambda _, found: [into.taxonomy_term(row) for row in found])

    def _taxonomies(self, session: Session, asked: Asked) -> list[Json]:
        into = OpenReferral(self._words, asked.local)
        found = [into.taxonomy(name) for name in _taxonomy_names(session)]
        return [one for one in found if all(word.lower() in f"{one['name']} {one['description']}".lower() for word in asked.words)]

    def _taxonomy(self, session: Session, wanted: str, asked: Asked) -> Json | None:
        name = next((name for name in _taxonomy_names(session) if taxonomy_id(name) == wanted), None)
        if name is None:
            return None
        terms = select(models.TaxonomyTerm).where(models.TaxonomyTerm.taxonomy == name, models.TaxonomyTerm.public)
        return OpenReferral(self._words, asked.local).taxonomy(name, session.execute(terms.order_by(models.TaxonomyTerm.id)).scalars())


def _public_services(rows: Select) -> Select:
    return rows.join(models.Organization, Service.organization_id == models.Organization.id).where(
        Service.public, models.Organization.public
    )


def _details(whole: bool, local: bool) -> list[Any]:
    """Say what is to be read along with a service."""
    many = ("phones", "languages", "service_areas", "attributes", "service_at_locations", "schedules", "leads")
    return [selectinload(getattr(Service, name)) for name in (many if whole else ("leads",) if local else ())]


def _in_short(service: models.Service) -> Json:
    return {"id": service.id, "name": service.name, "status": service.status}


def _minimal(session: Session, rows: Select) -> list[Json]:
    """Give ids and times of change alone, under the name that the standard's description of ``minimal`` has for it."""
    columns = rows.with_only_columns(Service.id, Service.last_modified, maintain_column_froms=True).order_by(Service.id)
    found = session.execute(columns).all()
    return [{"id": key, **({"modified_date": timestamp(moment)} if moment else {})} for key, moment in found]


def _conditions(asked: Asked, terms: Select) -> list[Any]:
    """Write what is asked of services as conditions on them; the words are looked for in a service and the name of who runs it."""
    conditions = [_holds(word, Service.name, Service.description, Service.alert, models.Organization.name) for word in asked.words]
    attribute = models.Attribute
    if asked.taxonomy_term_id:
        conditions.append(Service.id.in_(select(attribute.service_id).where(attribute.taxonomy_term_id == asked.taxonomy_term_id)))
    if asked.taxonomy_id:
        conditions.append(Service.id.in_(select(attribute.service_id).where(attribute.taxonomy_term_id.in_(terms))))
    if asked.organization_id:
        conditions.append(Service.organization_id == asked.organization_id)
    if asked.modified_after:
        conditions.append(Service.last_modified >= asked.modified_after)
    if asked.minimum_age is not None:
        conditions.append(Service.minimum_age >= asked.minimum_age)
    if asked.maximum_age is not None:
        conditions.append(Service.maximum_age <= asked.maximum_age)
    if asked.starts or asked.ends or asked.day:
        conditions.append(_opens(asked))
    if asked.areas is not None:
        area = models.ServiceArea
        conditions.append(Service.id.in_(select(area.service_id).where(area.name.in_(asked.areas))))
    return conditions


def _opens(asked: Asked) -> Any:
    """Ask for one opening that begins no earlier and ends no later than asked, on the day: every TU of a month counts as TU."""
    openings = select(Schedule.id).where(Schedule.service_id == Service.id, Schedule.public)
    if asked.starts:
        openings = openings.where(Schedule.opens_at != "", Schedule.opens_at >= asked.starts)
    if asked.ends:
        openings = openings.where(Schedule.closes_at != "", Schedule.closes_at <= asked.ends)
    if asked.day:
        openings = openings.where(cast(Schedule.byday, String).like(f'%{asked.day}"%'))
    return openings.exists()


def _holds(word: str, *columns: Any) -> Any:
    """Ask for a word, in any of some columns, whatever the case."""
    escaped = re.sub(r"([\\%_])", r"\\\1", word)
    return or_(*(column.ilike(f"%{escaped}%", escape="\\") for column in columns))


def _terms_asked_for(session: Session, asked: Asked) -> Select:
    """Select the ids of the terms of the taxonomy asked for, whose id no table has: those there are come from few names."""
    name = next((name for name in _taxonomy_names(session) if taxonomy_id(name) == asked.taxonomy_id), None) if asked.taxonomy_id else None
    return select(models.TaxonomyTerm.id).where(false() if name is None else models.TaxonomyTerm.taxonomy == name)


def _taxonomy_names(session: Session) -> list[str]:
    names = select(models.TaxonomyTerm.taxonomy).where(models.TaxonomyTerm.public).distinct().order_by(models.TaxonomyTerm.taxonomy)
    return list(session.execute(names).scalars())


def _is_near(near: Near) -> Any:
    """Ask for a location within some metres, by distances on a plane: within a hundred kilometres that is right to a hundredth."""
    north = (Location.latitude - near.latitude) * METRES_IN_A_DEGREE
    east = (Location.longitude - near.longitude) * METRES_IN_A_DEGREE * math.cos(math.radians(near.latitude))
    return north * north + east * east <= near.metres**2


def _outcode(postcode: str) -> str:
    """Give the first half of a postcode, which may stand alone."""
    packed = postcode.replace(" ", "").upper()
    return packed[:-3] if re.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", packed) else packed
