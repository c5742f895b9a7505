"""The directory's tables, named as Open Referral UK 3.0 names its objects.

Columns that the standard does not have: ``key`` (the officer's own short name of a row, from which its id is made),
the provenance columns, and ``Lead`` and ``Place``, which serve the assistant alone.
"""

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import relationship

from bot.database import Base

ID = String(36)


class Provenance:
    """Where a row comes from and how sure of it we are; see ``data/directory/README.md``."""

    source = Column(Text, nullable=False)
    source_seen = Column(Text, nullable=False, default="")
    confidence = Column(String(32), nullable=False, default="")
    public = Column(Boolean, nullable=False, default=True)
    unsure = Column(JSON, nullable=False, default=list)
    note = Column(Text, nullable=False, default="")


class Organization(Provenance, Base):  # type: ignore[misc,valid-type]
    __tablename__ = "organization"
    id = Column(ID, primary_key=True)
    key = Column(String(80), nullable=False, unique=True)
    name = Column(Text, nullable=False)
    kind = Column(String(40), nullable=False, default="")
    description = Column(Text, nullable=False, default="")
    website = Column(Text, nullable=False, default="")
    email = Column(Text, nullable=False, default="")
    charity_number = Column(String(20), nullable=False, default="")
    company_number = Column(String(20), nullable=False, default="")


class Service(Provenance, Base):  # type: ignore[misc,valid-type]
    __tablename__ = "service"
    id = Column(ID, primary_key=True)
    key = Column(String(80), nullable=False, unique=True)
    organization_id = Column(ID, ForeignKey("organization.id"), nullable=False)
    name = Column(Text, nullable=False)
    description = Column(Text, nullable=False)
    status = Column(String(20), nullable=False)
    alert = Column(Text, nullable=False, default="")
    url = Column(Text, nullable=False, default="")
    email = Column(Text, nullable=False, default="")
    email_note = Column(Text, nullable=False, default="")
    contact_name = Column(Text, nullable=False, default="")
    contact_email = Column(Text, nullable=False, default="")
    eligibility_description = Column(Text, nullable=False, default="")
    minimum_age = Column(Float)
    maximum_age = Column(Float)
    cost_option = Column(Text, nullable=False, default="")
    cost_amount = Column(Float)
    interpretation_services = Column(Text, nullable=False, default="")
    accreditations = Column(Text, nullable=False, default="")
    regulated_by = Column(String(20), nullable=False, default="")
    assured_date = Column(Date)
    assurer_email = Column(Text, nullable=False, default="")
    last_modified = Column(DateTime(timezone=True))

    organization = relationship(Organization, lazy="joined")
    phones = relationship("Phone", order_by="Phone.position", cascade="all, delete-orphan")
    languages = relationship("Language", order_by="Language.position", cascade="all, delete-orphan")
    service_areas = relationship("ServiceArea", order_by="ServiceArea.position", cascade="all, delete-orphan")
    attributes = relationship("Attribute", order_by="Attribute.position", cascade="all, delete-orphan")
    service_at_locations = relationship("ServiceAtLocation", cascade="all, delete-orphan")
    schedules = relationship("Schedule", order_by="Schedule.position", cascade="all, delete-orphan")
    leads = relationship("Lead", order_by="Lead.topic", cascade="all, delete-orphan")


def _of_service() -> Column:
    return Column(ID, ForeignKey("service.id", ondelete="CASCADE"), nullable=False, index=True)


class Phone(Base):  # type: ignore[misc,valid-type]
    __tablename__ = "phone"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    position = Column(Integer, nullable=False)
    number = Column(String(40), nullable=False)
    description = Column(Text, nullable=False, default="")
    out_of_hours = Column(Boolean, nullable=False, default=False)


class Language(Base):  # type: ignore[misc,valid-type]
    __tablename__ = "language"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    position = Column(Integer, nullable=False)
    code = Column(String(16), nullable=False)


class ServiceArea(Base):  # type: ignore[misc,valid-type]
    __tablename__ = "service_area"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    position = Column(Integer, nullable=False)
    name = Column(String(80), nullable=False)
    uri = Column(Text, nullable=False, default="")


class TaxonomyTerm(Provenance, Base):  # type: ignore[misc,valid-type]
    __tablename__ = "taxonomy_term"
    id = Column(ID, primary_key=True)
    key = Column(String(80), nullable=False, unique=True)
    taxonomy = Column(String(40), nullable=False)
    name = Column(Text, nullable=False)
    description = Column(Text, nullable=False)
    parent = Column(String(80), nullable=False, default="")
    term_uri = Column(Text, nullable=False, default="")
    code = Column(String(40), nullable=False, default="")


class Attribute(Base):  # type: ignore[misc,valid-type]
    __tablename__ = "attribute"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    position = Column(Integer, nullable=False)
    taxonomy_term_id = Column(ID, ForeignKey("taxonomy_term.id"), nullable=False)
    link_type = Column(String(40), nullable=False)
    term = relationship(TaxonomyTerm, lazy="joined")


class Location(Provenance, Base):  # type: ignore[misc,valid-type]
    __tablename__ = "location"
    id = Column(ID, primary_key=True)
    key = Column(String(80), nullable=False, unique=True)
    location_type = Column(String(20), nullable=False)
    name = Column(Text, nullable=False, default="")
    latitude = Column(Float)
    longitude = Column(Float)
    uprn = Column(String(20), nullable=False, default="")
    accessibility = Column(Text, nullable=False, default="")
    address_1 = Column(Text, nullable=False, default="")
    city = Column(Text, nullable=False, default="")
    state_province = Column(Text, nullable=False, default="")
    postal_code = Column(String(10), nullable=False, default="")
    country = Column(String(2), nullable=False, default="GB")


class ServiceAtLocation(Base):  # type: ignore[misc,valid-type]
    __tablename__ = "service_at_location"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    location_id = Column(ID, ForeignKey("location.id"), nullable=False)
    location = relationship(Location, lazy="joined")


class Schedule(Provenance, Base):  # type: ignore[misc,valid-type]
    __tablename__ = "schedule"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    service_at_location_id = Column(ID, ForeignKey("service_at_location.id", ondelete="CASCADE"))
    position = Column(Integer, nullable=False)
    date = Column(Date)
    freq = Column(String(8), nullable=False, default="")
    byday = Column(JSON, nullable=False, default=list)
    opens_at = Column(String(5), nullable=False, default="")
    closes_at = Column(String(5), nullable=False, default="")
    valid_from = Column(Date)
    valid_to = Column(Date)
    notes = Column(Text, nullable=False, default="")
    # Tells the session which of the two tables is written first.
    service_at_location = relationship(ServiceAtLocation)


class Lead(Base):  # type: ignore[misc,valid-type]
    """A service that an officer has put at the head of a topic's answer, where it serves the place."""

    __tablename__ = "lead"
    id = Column(ID, primary_key=True)
    service_id = _of_service()
    topic = Column(String(40), nullable=False)
    position = Column(Integer, nullable=False)


class Guidance(Provenance, Base):  # type: ignore[misc,valid-type]
    """A dated, sourced statement; ``topics`` maps each topic to its place in that topic's answer."""

    __tablename__ = "guidance"
    id = Column(ID, primary_key=True)
    key = Column(String(80), nullable=False, unique=True)
    topics = Column(JSON, nullable=False)
    area = Column(String(80), nullable=False, default="")
    urgent = Column(String(40), nullable=False, default="")
    together = Column(String(80), nullable=False, default="")
    statement = Column(Text, nullable=False)
    valid_from = Column(Date)
    valid_until = Column(Date)
    checked_on = Column(Date)
    checked_by = Column(Text, nullable=False, default="")


class Place(Base):  # type: ignore[misc,valid-type]
    """A place of the gazetteer; ``inside`` says whether this installation answers for it."""

    __tablename__ = "place"
    key = Column(String(80), primary_key=True)
    name = Column(String(80), nullable=False)
    kind = Column(String(20), nullable=False)
    parent = Column(String(80), nullable=False, default="")
    spellings = Column(JSON, nullable=False)
    ambiguous = Column(String(10), nullable=False, default="")
    inside = Column(Boolean, nullable=False)
    source = Column(Text, nullable=False)


class Outcode(Base):  # type: ignore[misc,valid-type]
    """The outward half of a postcode, and the districts it touches (``outside`` among them where it leaves the area)."""

    __tablename__ = "outcode"
    outcode = Column(String(4), primary_key=True)
    districts = Column(JSON, nullable=False)
    places = Column(JSON, nullable=False)
    source = Column(Text, nullable=False)


class LoadedPack(Base):  # type: ignore[misc,valid-type]
    """Which pack this database was filled from: ``digest`` is a hash of its sheets, so that an unchanged pack is not loaded twice.

    ``edition`` counts the changes since: with the digest, it names what the directory holds now.
    """

    __tablename__ = "loaded_pack"
    area = Column(String(40), primary_key=True)
    digest = Column(String(64), nullable=False)
    edition = Column(Integer, nullable=False, default=0, server_default="0")
