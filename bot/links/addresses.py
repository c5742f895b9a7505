"""The web addresses that the directory shows people, and the record and column that each stands in."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory.models import Organization, Service
from bot.directory.records import SHOWN

SERVICES, ORGANISATIONS = "services.csv", "organisations.csv"


@dataclass(frozen=True)
class WebAddress:
    """An address as the sheet ``sheet`` has it, in the row ``key`` and the column ``column``; ``name`` is the record's."""

    sheet: str
    key: str
    column: str
    name: str
    url: str


def read_addresses(engine: Engine) -> list[WebAddress]:
    """Read the addresses of services and organisations that may be shown, services first, each in the order of their keys."""
    of_services = (
        select(Service.key, Service.name, Service.url)
        .join(Organization)
        .where(Service.public, Organization.public, Service.status.in_(SHOWN), Service.url != "")
        .order_by(Service.key)
    )
    of_organizations = (
        select(Organization.key, Organization.name, Organization.website)
        .where(Organization.public, Organization.website != "")
        .order_by(Organization.key)
    )
    with Session(engine, future=True) as session:
        found = [WebAddress(SERVICES, key, "url", name, url) for key, name, url in session.execute(of_services)]
        found += [WebAddress(ORGANISATIONS, key, "website", name, url) for key, name, url in session.execute(of_organizations)]
    return found
