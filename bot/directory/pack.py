"""Area packs: a folder of CSV sheets becomes rows of the directory, all or nothing.

An installation's directory is its area's pack and ``england``. The sheets are described in ``data/directory/README.md``.
Ids are made from the officers' keys, so they stay the same however often a pack is loaded.
"""

import hashlib
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.codes import CIRCUMSTANCES, NEEDS, TALK, URGENT
from bot.database import Base
from bot.directory import models
from bot.directory.sheets import BYDAY, LANGUAGE, POSTCODE, PROVENANCE, Row, Sheet
from bot.errors import PackError
from bot.settings import ROOT

NAMESPACE = uuid.UUID("5c1f6a52-6d0e-5b43-9f0b-2f3b7f0e7a10")
SHARED = "england"
LONGEST_KEY = 80
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
}
GUIDANCE_COLUMNS = (
    *("key", "topics", "positions", "area", "urgent", "together", "statement", "valid_from", "valid_until"),
    *("checked_on", "checked_by", *PROVENANCE),
)

DIRECTORY_TABLES = {model.__tablename__ for model in vars(models).values() if isinstance(model, type) and hasattr(model, "__tablename__")}


def make_id(sheet: str, key: str) -> str:
    """Give the id of the row ``key`` of ``sheet``: a version 5 UUID."""
    return str(uuid.uuid5(NAMESPACE, f"{sheet}:{key}"))


def _place_of(row: Row) -> tuple[str, str]:
    return row.text("key"), row.text("name")


class PackReader:
    """Reads the sheets of some packs into model objects, gathering every problem before any is raised."""

    def __init__(self, directory: Path, guidance: Path, area: str) -> None:
        self.folders = [directory / SHARED, directory / area]
        self.gazetteers = sorted(directory.glob("*/gazetteer.csv"))
        self.guidance = guidance
        self.area = area
        self.problems: list[str] = []
        self.seen: dict[tuple[str, str], Row] = {}
        self.services: dict[str, models.Service] = {}
        self.places: dict[str, models.Place] = {}
        self.objects: list[Any] = []

    def rows(self, name: str) -> list[Row]:
        """Give the rows of the sheet ``name`` in every pack that has it."""
        found: list[Row] = []
        for folder in self.folders:
            path = folder / name
            if path.exists():
                sheet = Sheet(path, COLUMNS[name], self.problems)
                found.extend(sheet.rows())
        return found

    def neighbours(self) -> list[Row]:
        """Give what people will name of the other areas' packs: districts, cities, and names of several words, which mean nothing else."""
        others = [path for path in self.gazetteers if path.parent not in self.folders]
        rows = [row for path in others for row in Sheet(path, COLUMNS["gazetteer.csv"], self.problems).rows()]
        return [row for row in rows if row.text("kind") in ("county", "district", "city") or " " in row.text("name")]

    def key(self, sheet: str, row: Row) -> str:
        key = row.text("key", required=True, longest=LONGEST_KEY)
        self.once(sheet, key, row, "key")
        return key

    def once(self, sheet: str, key: str, row: Row, column: str) -> None:
        """Note that ``key`` stands in ``row``; a fault where it already stood in another."""
        earlier = self.seen.get((sheet, key))
        if earlier:
            row.wrong(column, f"this already stands in {earlier.file}, row {earlier.line}: give each row its own.")
        self.seen[(sheet, key)] = row

    def read(self) -> list[Any]:
        """Read every sheet. Raises PackError listing all that is wrong."""
        self.read_gazetteer()
        terms = {key: make_id("terms", key) for key in self.read_terms()}
        self.read_services(self.read_organizations(), terms)
        self.read_places()
        self.read_times()
        self.read_leads()
        self.read_guidance()
        if self.problems:
            raise PackError(self.problems)
        return self.objects

    def gazetteer_rows(self) -> list[tuple[Row, Row]]:
        """Give the row of each place, and beside it the row that England's sheet has of the same place, or the row itself.

        England's sheet knows places that an area may list one day. Then the area's row counts, with England's spellings where it has none.
        """
        rows = self.rows("gazetteer.csv")
        of_england = [row for row in rows if row.file.startswith(f"{SHARED}/")]
        of_areas = [*(row for row in rows if not row.file.startswith(f"{SHARED}/")), *self.neighbours()]
        shared = {_place_of(row): row for row in of_england}
        listed = {_place_of(row) for row in of_areas}
        return [
            *((row, row) for row in of_england if _place_of(row) not in listed),
            *((row, shared.get(_place_of(row), row)) for row in of_areas),
        ]

    def read_gazetteer(self) -> None:
        """Read the places. Inside is what the area's own sheet lists, and what lies in that."""
        for row, also in self.gazetteer_rows():
            key = self.key("gazetteer", row)
            columns = {code: f"spellings_{code}" for code in SPELLING_LANGUAGES}
            spellings = {code: row.several(column) or also.several(column) for code, column in columns.items()}
            self.places[key] = models.Place(
                key=key,
                name=row.text("name", required=True),
                kind=row.text("kind", required=True),
                parent=row.text("parent"),
                spellings=spellings,
                ambiguous=row.one_of("ambiguous", ("", "word", "month")) or also.text("ambiguous"),
                inside=False,
                source=row.text("source", required=True),
            )
            self.objects.append(self.places[key])
        for (sheet, key), row in list(self.seen.items()):
            parent = self.places[key].parent if sheet == "gazetteer" else ""
            if parent and parent not in self.places:
                row.wrong("parent", "no row of a gazetteer has this key.")
        if self.area not in self.places:
            self.problems.append(f"{self.area}/gazetteer.csv: no row has the key {self.area}: add the place that this area is.")
        own = {key for (sheet, key), row in self.seen.items() if sheet == "gazetteer" and row.file.startswith(f"{self.area}/")}
        for place in self.places.values():
            place.inside = not own.isdisjoint(self.chain(place.key))
        for row in self.rows("postcodes.csv"):
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
            key = self.places[key].parent
        return found

    def read_organizations(self) -> dict[str, str]:
        ids: dict[str, str] = {}
        for row in self.rows("organisations.csv"):
            key = self.key("organisations", row)
            ids[key] = make_id("organisations", key)
            self.objects.append(
                models.Organization(
                    id=ids[key],
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
        return ids

    def read_terms(self) -> list[str]:
        keys = []
        for row in self.rows("terms.csv"):
            key = self.key("terms", row)
            keys.append(key)
            self.objects.append(
                models.TaxonomyTerm(
                    id=make_id("terms", key),
                    key=key,
                    taxonomy=row.text("taxonomy", required=True),
                    name=row.text("name", required=True),
                    description=row.text("description", required=True),
                    parent=row.text("parent"),
                    term_uri=row.url("uri"),
                    code=row.text("code"),
                    **row.provenance(),
                )
            )
        return keys

    def read_services(self, organizations: dict[str, str], terms: dict[str, str]) -> None:
        names = {place.name for place in self.places.values()} | {"UK"}
        for row in self.rows("services.csv"):
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
                assurer_email=row.email("checked_by"),
                **row.provenance(),
            )
            self.services[key] = service
            self.objects.append(service)
            self.read_details(row, key, service, terms, names)

    def read_details(self, row: Row, key: str, service: models.Service, terms: dict[str, str], names: set[str]) -> None:
        """Read what hangs from a service in its own row: phones, languages, areas, attributes."""
        for position, (prefix, note) in enumerate((("phone", "phone_note"), ("out_of_hours_phone", "out_of_hours_note"))):
            number = row.phone(prefix)
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
        for row in self.rows("places.csv"):
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
                country=row.text("country") or "GB",
                latitude=row.number("latitude"),
                longitude=row.number("longitude"),
                uprn=row.text("uprn"),
                accessibility=row.text("access"),
                **row.provenance(),
            )
            self.objects.append(location)
            if service is not None:
                service.service_at_locations.append(
                    models.ServiceAtLocation(id=make_id("service_at_locations", key), location_id=location.id)
                )

    def read_times(self) -> None:
        for position, row in enumerate(self.rows("times.csv")):
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
            schedule = models.Schedule(
                id=make_id("times", f"{row.file}:{row.text('service')}:{position}"),
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
            if service is not None:
                service.schedules.append(schedule)

    def read_leads(self) -> None:
        for row in self.rows("leads.csv"):
            service = self.service_of(row)
            topic = row.one_of("topic", {*SERVICE_TYPES, *URGENT, "human"})
            if service is not None:
                self.once("leads", f"{topic}:{service.key}", row, "service")
                service.leads.append(
                    models.Lead(id=make_id("leads", f"{topic}:{service.key}"), topic=topic, position=row.whole("position"))
                )

    def read_guidance(self) -> None:
        names = {row.text("name") for path in self.gazetteers for row in Sheet(path, COLUMNS["gazetteer.csv"]).rows()}
        for path in sorted(self.guidance.glob("*.csv")):
            for row in Sheet(path, GUIDANCE_COLUMNS, self.problems).rows():
                key = self.key("guidance", row)
                topics, positions = row.all_of("topics", {*NEEDS, *TALK}), row.text("positions").split(";")
                if len(topics) != len(positions) or not all(p.isdecimal() for p in positions):
                    row.wrong("positions", "give a whole number for each topic, in the same order.")
                    continue
                area = row.text("area")
                if area and area not in names:
                    row.wrong("area", "no row of a gazetteer has this name.")
                self.objects.append(
                    models.Guidance(
                        id=make_id("guidance", key),
                        key=key,
                        topics={topic: int(position) for topic, position in zip(topics, positions, strict=True)},
                        area=area,
                        urgent=row.one_of("urgent", ("", *URGENT)),
                        together=row.text("together"),
                        statement=row.text("statement", required=True),
                        valid_from=row.day("valid_from"),
                        valid_until=row.day("valid_until"),
                        checked_on=row.day("checked_on"),
                        checked_by=row.email("checked_by"),
                        **row.provenance(),
                    )
                )


def digest_of(directory: Path, guidance: Path, area: str) -> str:
    """Give a hash of every sheet that the directory of ``area`` is read from."""
    digest = hashlib.sha256()
    own = [path for folder in (directory / SHARED, directory / area, guidance) for path in folder.glob("*.csv")]
    # The other areas' gazetteers too: their places are known as being outside.
    for path in sorted({*own, *directory.glob("*/gazetteer.csv")}):
        digest.update(f"{path.parent.name}/{path.name}".encode() + b"\0" + path.read_bytes() + b"\0")
    for source in ("pack.py", "models.py", "sheets.py"):
        digest.update((Path(__file__).parent / source).read_bytes())
    return digest.hexdigest()


def load_pack(
    engine: Engine, area: str, directory: Path = ROOT / "data" / "directory", guidance: Path = ROOT / "data" / "guidance"
) -> bool:
    """Make the database hold the pack of ``area`` and ``england``; give False where it already did.

    One transaction: either the whole pack is in, or nothing changed. Raises PackError listing every fault.
    """
    digest = digest_of(directory, guidance, area)
    with Session(engine, future=True) as session:
        loaded = session.execute(select(models.LoadedPack.area, models.LoadedPack.digest)).all()
        if [tuple(row) for row in loaded] == [(area, digest)]:
            return False
        objects = PackReader(directory, guidance, area).read()
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in DIRECTORY_TABLES:
                session.execute(table.delete())
        session.flush()
        session.add_all([o for o in objects if not isinstance(o, models.Service)])
        session.flush()
        session.add_all([o for o in objects if isinstance(o, models.Service)])
        session.add(models.LoadedPack(area=area, digest=digest))
        session.commit()
    return True
