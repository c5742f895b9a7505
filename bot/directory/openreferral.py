"""Rows of the directory as objects of Open Referral UK 3.0, for other software to read.

The standard is described at https://openreferraluk.org/ and its schemas lie in ``tests/directory/openreferral_schemas``. It has no place
for a telephone number or the name of a language: those go into the fields that HSDS 3.0, of which it is a profile, has for them. What
neither has goes into local fields, whose names all begin with ``desk_``, and only where they are asked for. A field without a value is
left out. ``docs/openreferral.md`` says what stands where and what is never told.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlsplit

from babel import Locale

from bot.codes import ENGLISH_NAMES
from bot.directory import models
from bot.directory.reader import make_id

VERSION = "HSDS-UK-3.0"
"""What the standard's validator reads the version from; it understands no other form."""
LOCAL = "desk_"
"""How the name of every local field begins."""
OUT_OF_HOURS = "Out of hours"
"""The title of the contact whose telephone is answered when the office is closed."""
GSS = "http://statistics.data.gov.uk/id/statistical-geography/"
"""What the Office for National Statistics puts before the nine-character code of an area to make its URI."""
TOLD_WITH_CAUTION = ("hours", "address")
"""Unsure fields that are told, with words of caution; the others are left out while they are unsure."""
SCHEMES = {"charity_number": ("GB-CHC", "Charity number"), "company_number": ("GB-COH", "Company number")}
"""The registers of https://org-id.guide/ that our numbers are from: the Charity Commission and Companies House."""

Json = dict[str, Any]
_EMAIL = re.compile(r"[^@\s,;<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_IN_ENGLISH = Locale.parse("en").languages


@dataclass(frozen=True)
class FeedWords:
    """What the feed says itself: for what is unsure, for a day without opening, and name and description of each taxonomy."""

    check_first: str
    closed: str
    taxonomies: Mapping[str, tuple[str, str]]


def filled(**fields: Any) -> Json:
    """Give the fields that have a value: the standard wants the others left out."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [])}


def language_name(code: str) -> str:
    """Give the English name of a language by its BCP 47 code, or the code itself."""
    base = code.split("-")[0]
    return ENGLISH_NAMES.get(code) or ENGLISH_NAMES.get(base) or _IN_ENGLISH.get(base) or code


def timestamp(moment: datetime | None) -> str | None:
    """Write a moment in UTC to the millisecond; SQLite keeps no time zone, and all of ours are UTC."""
    if moment is None:
        return None
    utc = moment.astimezone(timezone.utc) if moment.tzinfo else moment
    return f"{utc.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def taxonomy_id(taxonomy: str) -> str:
    """Give the id of a taxonomy by the name that terms.csv has for it."""
    return make_id("taxonomies", taxonomy)


def _uri(text: str) -> str:
    """Give a web address as a URI; empty where it names no host."""
    uri = quote(text, safe="%/:=&?~#+!$,;'@()*[]")
    try:
        return uri if urlsplit(uri).netloc else ""
    except ValueError:
        return ""


def _email(text: str) -> str:
    """Give an e-mail address of the form that the standard takes; a name in its place is nobody's business."""
    return text if _EMAIL.fullmatch(text) else ""


def _number(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _degrees(value: float | None, limit: int) -> float | None:
    return value if value is not None and math.isfinite(value) and abs(value) <= limit else None


def _area_uri(code: str) -> str:
    if re.fullmatch(r"[EWSNK]\d{8}", code):
        return GSS + code
    return code if code.startswith(("https://", "http://")) and _uri(code) == code else ""


class OpenReferral:
    """Writes rows as objects; ``local`` adds our local fields.

    Services, organizations, locations and schedules that are not public must not be asked for; what hangs from a row and is not public
    stays away by itself.
    """

    def __init__(self, words: FeedWords, local: bool = False) -> None:
        self.words = words
        self.is_local = local

    def local(self, **fields: Any) -> Json:
        """Give local fields under their names, where they are asked for."""
        return {f"{LOCAL}{name}": value for name, value in filled(**fields).items()} if self.is_local else {}

    def provenance(self, row: models.Provenance) -> Json:
        caution = [name for name in row.unsure if name in TOLD_WITH_CAUTION]
        return self.local(source=row.source, source_seen=row.source_seen, confidence=row.confidence, check_first=caution)

    def service_in_list(self, row: models.Service) -> Json:
        """Write a service as lists have it: without what it has several of."""
        return self._service(row, self.organization_in_list(row.organization), {})

    def service(self, row: models.Service) -> Json:
        """Write a service with all that hangs from it."""
        return self._service(row, self.organization(row.organization), self.details(row, with_locations=True))

    def _service(self, row: models.Service, organization: Json, details: Json) -> Json:
        sure = {"email", "url", "eligibility"} - set(row.unsure)
        ages = "eligibility" in sure
        return {
            **filled(
                id=row.id,
                organization_id=row.organization_id,
                name=row.name,
                description=row.description,
                url=_uri(row.url) if "url" in sure else "",
                email=_email(row.email) if "email" in sure else "",
                status=row.status,
                interpretation_services=row.interpretation_services,
                accreditations=row.accreditations,
                eligibility_description=row.eligibility_description if ages else "",
                minimum_age=_number(row.minimum_age) if ages else None,
                maximum_age=_number(row.maximum_age) if ages else None,
                assured_date=row.assured_date.isoformat() if row.assured_date else "",
                assurer_email=_email(row.assurer_email),
                alert=row.alert,
                last_modified=timestamp(row.last_modified),
                organization=organization,
            ),
            **details,
            **self.local(
                key=row.key,
                email_note=row.email_note if "email" in sure else "",
                regulated_by=row.regulated_by,
                leads=[{"topic": lead.topic, "position": lead.position} for lead in row.leads],
            ),
            **self.provenance(row),
        }

    def details(self, row: models.Service, with_locations: bool) -> Json:
        """Write what a service has several of; ``with_locations`` says whether its locations are among it."""
        public_places = {at.id: at for at in row.service_at_locations if at.location.public}
        unsure = set(row.unsure)
        return filled(
            schedules=[self.schedule(s, public_places, "hours" in unsure) for s in row.schedules if s.public],
            service_areas=[self.service_area(area) for area in row.service_areas],
            service_at_locations=[
                self.service_at_location_of(row, at) for at in sorted(public_places.values(), key=lambda at: str(at.location.key))
            ]
            if with_locations
            else [],
            languages=[] if "languages" in unsure else [self.language(one) for one in row.languages],
            cost_options=[] if "cost" in unsure else self.cost_options(row),
            contacts=self.contacts(row),
            attributes=[
                self.attribute(one)
                for one in row.attributes
                if one.term.public and (one.link_type == "service_type" or "eligibility" not in unsure)
            ],
        )

    def schedule(self, row: models.Schedule, places: Iterable[str], unsure: bool) -> Json:
        """Write an opening. One for a single day begins and ends on it; a day without times is one without opening."""
        said = [self.words.closed] if row.date and not (row.byday or row.opens_at or row.closes_at) else []
        said += [self.words.check_first] if unsure or "hours" in row.unsure else []
        day = row.date.isoformat() if row.date else ""
        return {
            **filled(
                id=row.id,
                service_id=row.service_id,
                service_at_location_id=row.service_at_location_id if row.service_at_location_id in places else "",
                valid_from=day or (row.valid_from.isoformat() if row.valid_from else ""),
                valid_to=day or (row.valid_to.isoformat() if row.valid_to else ""),
                dtstart=day,
                freq="" if day else row.freq,
                byday="" if day else ",".join(row.byday),
                description=" – ".join(said),
                opens_at=row.opens_at,
                closes_at=row.closes_at,
                notes=row.notes,
            ),
            **self.provenance(row),
        }

    def service_area(self, row: models.ServiceArea) -> Json:
        uri = _area_uri(row.uri)
        return {
            **filled(id=row.id, service_id=row.service_id, name=row.name, uri=uri),
            **self.local(area_code="" if uri else row.uri),
        }

    def language(self, row: models.Language) -> Json:
        """Write a language. HSDS has no place for script and country, which stand in the tag."""
        base = row.code.split("-")[0]
        return {
            **filled(id=row.id, service_id=row.service_id, name=language_name(row.code), code=base),
            **self.local(tag=row.code if row.code != base else ""),
        }

    def cost_options(self, row: models.Service) -> list[Json]:
        if not row.cost_option and row.cost_amount is None:
            return []
        amount = _number(row.cost_amount)
        currency = "" if amount is None else "GBP"
        cost = filled(id=make_id("cost_options", row.key), service_id=row.id, option=row.cost_option, amount=amount, currency=currency)
        return [cost]

    def contacts(self, row: models.Service) -> list[Json]:
        """Write the telephones, that for when the office is closed apart. Unsure ones stay away, and so does whom officers ask."""
        sure = [one for one in row.phones if ("out_of_hours_phone" if one.out_of_hours else "phone") not in row.unsure]
        contacts = []
        for later in (False, True):
            phones = [filled(id=one.id, number=one.number, description=one.description) for one in sure if one.out_of_hours is later]
            title = {"title": OUT_OF_HOURS} if later else {}
            if phones:
                contact = make_id("contacts", f"{row.key}:{'out_of_hours' if later else 'usual'}")
                phones = [{**phone, "contact_id": contact} for phone in phones]
                contacts.append({"id": contact, "service_id": row.id, **title, **filled(phones=phones)})
        return contacts

    def attribute(self, row: models.Attribute) -> Json:
        return {
            "id": row.id,
            "link_id": row.service_id,
            "link_type": row.link_type,
            "link_entity": "service",
            "taxonomy_term_id": row.taxonomy_term_id,
            "taxonomy_term": self.taxonomy_term(row.term),
        }

    def organization_in_list(self, row: models.Organization) -> Json:
        """Write an organization as lists have it. Where no description is known its name stands there: the standard wants one."""
        sure = {"email", "url"} - set(row.unsure)
        return {
            **filled(
                id=row.id,
                name=row.name,
                description=row.description or row.name,
                email=_email(row.email) if "email" in sure else "",
                website=_uri(row.website) if "url" in sure else "",
            ),
            **self.local(key=row.key, kind=row.kind),
            **self.provenance(row),
        }

    def organization(self, row: models.Organization, services: Iterable[Json] = ()) -> Json:
        """Write an organization with its numbers in the registers, and with ``services`` where they are given."""
        identifiers = [
            {
                "id": make_id("organization_identifiers", f"{row.key}:{scheme}"),
                "organization_id": row.id,
                "identifier_scheme": scheme,
                "identifier_type": kind,
                "identifier": getattr(row, column),
            }
            for column, (scheme, kind) in SCHEMES.items()
            if getattr(row, column)
        ]
        return {**self.organization_in_list(row), **filled(organization_identifiers=identifiers, services=list(services))}

    def location_in_list(self, row: models.Location, unsure: bool) -> Json:
        """Write a location as lists have it; ``unsure`` says that its service calls the address so.

        The standard takes no address without town, county and postcode: what is known of such a one is told in words.
        """
        parts = (row.address_1, row.city, row.state_province, row.postal_code)
        loose = "" if self._is_whole(row) else ", ".join(part for part in parts if part)
        caution = self.words.check_first if unsure or "address" in row.unsure else ""
        return {
            **filled(
                id=row.id,
                location_type=row.location_type,
                name=row.name,
                description=" – ".join(part for part in (loose, caution) if part),
                latitude=_degrees(row.latitude, 90),
                longitude=_degrees(row.longitude, 180),
                external_identifier=row.uprn,
                external_identifier_type="UPRN" if row.uprn else "",
            ),
            **self.local(key=row.key),
            **(
                self.local(address_1=row.address_1, city=row.city, county=row.state_province, postcode=row.postal_code, country=row.country)
                if not self._is_whole(row)
                else {}
            ),
            **self.provenance(row),
        }

    @staticmethod
    def _is_whole(row: models.Location) -> bool:
        """Tell whether the standard takes the address of a location."""
        return row.location_type != "virtual" and all((row.address_1, row.city, row.state_province, row.postal_code))

    def location(self, row: models.Location, unsure: bool) -> Json:
        """Write a location with its address and what is known of the way in."""
        address = filled(
            id=make_id("addresses", row.key),
            location_id=row.id,
            address_1=row.address_1,
            city=row.city,
            state_province=row.state_province,
            postal_code=row.postal_code,
            country=row.country,
            address_type=row.location_type,
        )
        access = {"id": make_id("accessibility", row.key), "location_id": row.id, "description": row.accessibility}
        return {
            **self.location_in_list(row, unsure),
            **filled(addresses=[address] if self._is_whole(row) else [], accessibility=[access] if row.accessibility else []),
        }

    def service_at_location_of(self, service: models.Service, row: models.ServiceAtLocation) -> Json:
        """Write a service's place inside the service."""
        location = self.location(row.location, "address" in service.unsure)
        return {"id": row.id, "service_id": service.id, "location_id": row.location_id, "location": location}

    def service_at_location_in_list(self, service: models.Service, row: models.ServiceAtLocation) -> Json:
        """Write a service at a place as lists have it."""
        location = self.location_in_list(row.location, "address" in service.unsure)
        ids = {"id": row.id, "service_id": service.id, "location_id": row.location_id}
        return {**ids, "location": location, "service": self.service_in_list(service)}

    def service_at_location(self, service: models.Service, row: models.ServiceAtLocation) -> Json:
        """Write a service at a place with all that hangs from both."""
        whole = self._service(service, self.organization(service.organization), self.details(service, with_locations=False))
        return {**self.service_at_location_of(service, row), "service": whole}

    def taxonomy_term(self, row: models.TaxonomyTerm) -> Json:
        """Write a term. ``code`` is what the product calls it, ``term`` its code in an established taxonomy, where it has one."""
        return filled(
            id=row.id,
            code=row.key.split(":", 1)[-1],
            name=row.name,
            description=row.description,
            parent_id=make_id("terms", row.parent) if row.parent else "",
            taxonomy=self.taxonomy_words(row.taxonomy)[0],
            taxonomy_id=taxonomy_id(row.taxonomy),
            term_uri=_uri(row.term_uri) if row.term_uri else "",
            term=row.code,
        )

    def taxonomy_words(self, taxonomy: str) -> tuple[str, str]:
        """Give name and description of a taxonomy; one that we have no words for is called what terms.csv calls it."""
        return self.words.taxonomies.get(taxonomy, (taxonomy, taxonomy))

    def taxonomy(self, taxonomy: str, terms: Iterable[models.TaxonomyTerm] = ()) -> Json:
        """Write a taxonomy, with its ``terms`` where they are given."""
        name, description = self.taxonomy_words(taxonomy)
        terms_in_it = [self.taxonomy_term(term) for term in terms]
        return filled(id=taxonomy_id(taxonomy), name=name, description=description, taxonomy_terms=terms_in_it)
