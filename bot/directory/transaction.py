"""What a change of the directory does within its one transaction: locks the directory, replaces the record, keeps the revision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.directory import models
from bot.directory.comparing import is_urgent_service, needs_approval
from bot.directory.ledger import Record, Revision, keep, revision_of
from bot.directory.reader import RowReader
from bot.directory.sheets import Problem, Row
from bot.directory.writer import MODEL_OF, ORGANIZATION, OUTCODE, PLACE, SERVICE, SHEETS_OF, TERM, Rows, read_known, read_rows
from bot.errors import PackError


def begin(session: Session) -> None:
    """Begin a change: lock the directory for this transaction, on every database, by writing to its one row."""
    session.execute(update(models.LoadedPack).values(edition=models.LoadedPack.edition))


def new_edition(session: Session) -> None:
    """Say that the directory is another now, so that everybody reads it again."""
    session.execute(update(models.LoadedPack).values(edition=models.LoadedPack.edition + 1))


def read_record(session: Session, kind: str, key: str) -> Record:
    """Give a record as it stands."""
    last = select(func.max(Revision.id)).where(Revision.kind == kind, Revision.key == key)
    # First: what comes in between makes a change of these rows overtaken. The other way it would be overwritten unseen.
    revision = session.execute(last).scalar() or 0
    rows = next((rows for _, rows in read_rows(session, kind, [key])), None)
    return Record(kind, key, rows, revision)


def read_objects(session: Session, kind: str, rows: Rows, now: datetime) -> tuple[list[Any], list[Problem]]:
    """Read the rows of one record as a form has them; give the objects and what is wrong."""
    problems: list[Problem] = []
    sheets = {
        sheet: [Row(sheet.removesuffix(".csv"), n, dict(cells), problems) for n, cells in enumerate(rows.get(sheet, []), 1)]
        for sheet in SHEETS_OF[kind]
    }
    if len(sheets[SHEETS_OF[kind][0]]) != 1:
        problems.append(Problem(kind, 0, "", "", "this is not one record."))
        return [], problems
    return RowReader(sheets, problems, now, read_known(session)).read(), problems


def takes_two(session: Session, kind: str, key: str, before: Rows | None, after: Rows | None) -> bool:
    """Tell whether a change takes a second officer; of an organisation, whether urgent answers are made of one of its services."""
    owns_urgent = False
    if kind == ORGANIZATION and before is not None:
        its = select(models.Service.key).join(models.Organization).where(models.Organization.key == key)
        owned = list(session.execute(its).scalars())
        owns_urgent = any(is_urgent_service(rows) for _, rows in read_rows(session, SERVICE, owned))
    return needs_approval(kind, before, after, owns_urgent)


def put(
    session: Session,
    by: str,
    before: Record,
    after: Rows | None,
    action: str,
    now: datetime,
    why: str = "",
    approved_by: str = "",
) -> int:
    """Make a record be ``after`` within a transaction that ``begin`` began, and keep the revision; give its number.

    Raises PackError where the rows are not right (any more), or where others belong to what is to end.
    """
    if after is None:
        remove(session, before.kind, before.key)
    else:
        objects, problems = read_objects(session, before.kind, after, now)
        if problems:
            raise PackError(problems)
        place(session, before.kind, before.key, objects, is_new=before.rows is None)
        if before.kind == PLACE and before.rows is not None:
            rename(session, before.rows["gazetteer.csv"][0]["name"], after["gazetteer.csv"][0]["name"])
    new_edition(session)
    return keep(session, revision_of(by, before, after, action, now, why, approved_by))


def place(session: Session, kind: str, key: str, objects: Sequence[Any], is_new: bool) -> None:
    """Put the objects of one record in the place of what was there."""
    if kind == SERVICE and not is_new:
        remove(session, kind, key)
    if kind == SERVICE:
        # The session knows no order between a service's places and what says that it is at them.
        session.add_all([one for one in objects if not isinstance(one, models.Service)])
        session.flush()
        session.add_all([one for one in objects if isinstance(one, models.Service)])
    else:
        for one in objects:
            session.merge(one)
    session.flush()
    session.expunge_all()


def rename(session: Session, old: str, new: str) -> None:
    """Let services and statements that are for a place by its name follow it to another."""
    if old != new:
        for column in (models.ServiceArea.name, models.Guidance.area):
            session.execute(
                update(column.class_).where(column == old).values({column.key: new}).execution_options(synchronize_session=False)
            )


def check_removable(session: Session, kind: str, key: str) -> None:
    """Raise PackError where a record cannot be deleted, because others belong to it or name it."""
    if kind == TERM or (kind == PLACE and _is_named(session, key)):
        raise PackError([Problem(key, 0, "", "", "others name this, so it cannot be taken out.")])
    if kind == ORGANIZATION:
        its = select(func.count()).select_from(models.Service).join(models.Organization).where(models.Organization.key == key)
        still = session.execute(its).scalar_one()
        if still:
            raise PackError([Problem(key, 0, "", "", f"{still} services belong to this organisation: end them or move them first.")])


def remove(session: Session, kind: str, key: str) -> None:
    """Delete a record and what hangs from it. Raises PackError where others still belong to it, or name it."""
    check_removable(session, kind, key)
    model = MODEL_OF[kind]
    column = model.outcode if kind == OUTCODE else model.key
    if kind == SERVICE:
        its = select(models.Service.id).where(column == key).scalar_subquery()
        locations = select(models.ServiceAtLocation.location_id).where(models.ServiceAtLocation.service_id == its)
        ids = list(session.execute(locations).scalars())
        session.execute(delete(model).where(column == key).execution_options(synchronize_session=False))
        session.execute(delete(models.Location).where(models.Location.id.in_(ids)).execution_options(synchronize_session=False))
        return
    session.execute(delete(model).where(column == key).execution_options(synchronize_session=False))


def _is_named(session: Session, key: str) -> bool:
    """Tell whether a place is the area, holds others, or is named by services, statements or postcodes."""
    name = session.execute(select(models.Place.name).where(models.Place.key == key)).scalar()
    named = (
        select(models.LoadedPack.area).where(models.LoadedPack.area == key),
        select(models.Place.key).where(models.Place.parent == key),
        select(models.ServiceArea.id).where(models.ServiceArea.name == name),
        select(models.Guidance.id).where(models.Guidance.area == name),
    )
    outcodes = session.execute(select(models.Outcode)).scalars()
    return any(session.execute(query).first() for query in named) or any(key in (*one.districts, *one.places) for one in outcodes)
