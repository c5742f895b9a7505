"""What officers look after, record by record: how old each is, whose it is, and whether the chat shows it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, selectinload

from bot.database import one_moment
from bot.directory import models
from bot.directory.freshness import Freshness, Review, is_urgent, review_of
from bot.directory.hours import BRITISH_TIME
from bot.directory.ledger import last_revisions
from bot.directory.records import SHOWN, GuidanceRecord, ServiceRecord, directory_version, guidance_record, service_record
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE
from bot.moments import utc_now
from bot.understanding.folding import fold

PARTS = ("phones", "languages", "service_areas", "attributes", "service_at_locations", "schedules", "leads")


@dataclass(frozen=True)
class Entry:
    """One record in a list.

    ``organization`` is the key of whose it is, ``email`` where they can be asked; ``review`` is None for kinds that nobody assures by
    themselves; ``shown`` tells whether the chat shows it, ``revision`` is the number of its last change.
    """

    kind: str
    key: str
    name: str
    organization: str
    organization_name: str
    email: str
    shown: bool
    checked_on: date | None
    checked_by: str
    review: Review | None
    urgent: bool
    revision: int
    id: str = ""
    record: ServiceRecord | GuidanceRecord | None = None

    @property
    def overdue(self) -> bool:
        """Whether it was assured too long ago."""
        return self.review is not None and self.review.freshness in (Freshness.OVERDUE, Freshness.LONG_OVERDUE)

    @property
    def unchecked(self) -> bool:
        """Whether nobody has assured it yet."""
        return self.review is not None and self.review.freshness is Freshness.UNCHECKED


@dataclass(frozen=True)
class _State:
    """What a listing has read: for which version of the directory and which day, and the words each entry is found by."""

    version: tuple[str, date]
    entries: tuple[Entry, ...] = ()
    folded: tuple[str, ...] = ()


class Listing:
    """Every record of the directory, read again when the directory or the day has changed. Safe to use from several threads."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._state = _State(("", date.min))
        self._reading = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """Give every service, statement, organisation and place of the area, in the order of their names."""
        return self._current().entries

    def _current(self) -> _State:
        version = directory_version(self._engine), self._clock().astimezone(BRITISH_TIME).date()
        if version == self._state.version:
            return self._state
        with self._reading:
            if version != self._state.version:
                with one_moment(self._engine) as session:
                    entries = tuple(sorted(_entries(session, version[1]), key=lambda entry: (entry.name.lower(), entry.key)))
                folded = tuple(fold(f"{entry.name} {entry.key} {entry.organization_name}") for entry in entries)
                self._state = _State(version, entries, folded)
            return self._state

    def find(
        self, kind: str = "", words: str = "", organization: str = "", keep: Callable[[Entry], bool] = lambda _entry: True
    ) -> list[Entry]:
        """Give the entries of a kind and an organisation whose name, key or organisation holds every one of ``words``."""
        wanted, state = fold(words).split(), self._current()
        return [
            entry
            for entry, text in zip(state.entries, state.folded, strict=True)
            if (not kind or entry.kind == kind)
            and (not organization or entry.organization == organization)
            and keep(entry)
            and all(word in text for word in wanted)
        ]


def oldest_first(entry: Entry) -> tuple[bool, date, str]:
    """Order entries: what was assured longest ago first, then what nobody has assured."""
    return entry.checked_on is None, entry.checked_on or date.max, entry.name.lower()


def _entries(session: Session, today: date) -> list[Entry]:
    revisions = last_revisions(session)
    found = []
    organizations = {row.key: row for row in session.execute(select(models.Organization)).scalars()}
    for row in session.execute(select(models.Service).options(*(selectinload(getattr(models.Service, part)) for part in PARTS))).scalars():
        record = service_record(row)
        owner = row.organization
        found.append(
            Entry(
                kind=SERVICE,
                key=row.key,
                name=row.name,
                organization=owner.key,
                organization_name=owner.name,
                email=row.contact_email or row.email or owner.email,
                shown=bool(row.public and owner.public and row.status in SHOWN),
                checked_on=row.assured_date,
                checked_by=row.assurer_email,
                review=review_of(record, today),
                urgent=is_urgent(record),
                revision=revisions.get((SERVICE, row.key), 0),
                id=row.id,
                record=record,
            )
        )
    for row in session.execute(select(models.Guidance)).scalars():
        statement = guidance_record(row)
        found.append(
            Entry(
                kind=GUIDANCE,
                key=row.key,
                name=row.statement,
                organization="",
                organization_name="",
                email="",
                shown=bool(row.public and statement.in_force(today)),
                checked_on=row.checked_on,
                checked_by=row.checked_by,
                review=review_of(statement, today),
                urgent=is_urgent(statement),
                revision=revisions.get((GUIDANCE, row.key), 0),
                id=row.key,
                record=statement,
            )
        )
    for key, row in organizations.items():
        values = {"organization": key, "organization_name": row.name, "email": row.email, "shown": bool(row.public)}
        found.append(_plain(ORGANIZATION, key, row.name, revisions, **values))
    for row in session.execute(select(models.Place).where(models.Place.inside)).scalars():
        found.append(_plain(PLACE, row.key, row.name, revisions, organization="", organization_name=row.kind, email="", shown=True))
    session.expunge_all()
    return found


def _plain(kind: str, key: str, name: str, revisions: dict[tuple[str, str], int], **values: object) -> Entry:
    """Give the entry of a record that nobody assures by itself."""
    whole = {"checked_on": None, "checked_by": "", "review": None, "urgent": False, "revision": revisions.get((kind, key), 0), **values}
    return Entry(kind=kind, key=key, name=name, **whole)  # type: ignore[arg-type]
