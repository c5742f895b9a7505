"""Changing the directory, one record at a time: nothing is overwritten unseen, and who changed what stays known.

Every change is one transaction that begins by locking the directory, so two changes come one after the other, and ends with the record's
revision and a new edition. What takes a second officer (``bot.directory.comparing.needs_approval``) becomes a proposal instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory import models
from bot.directory.comparing import checks_of, is_urgent_service, needs_approval, with_checks
from bot.directory.hours import BRITISH_TIME
from bot.directory.ledger import Proposal, Revision
from bot.directory.reader import RowReader
from bot.directory.records import GuidanceRecord, ServiceRecord, read_service, read_statement
from bot.directory.sheets import Problem, Row
from bot.directory.writer import (
    KEY_COLUMN,
    MODEL_OF,
    ORGANIZATION,
    OUTCODE,
    PLACE,
    SERVICE,
    SHEETS_OF,
    TERM,
    Rows,
    read_known,
    read_names,
    read_rows,
    rows_of,
)
from bot.errors import NotApproved, Overtaken, PackError

CREATED, CHANGED, ENDED, ASSURED, UNDONE, IMPORTED = "created", "changed", "ended", "assured", "undone", "imported"
"""How a revision came about."""
WAITING, APPROVED, REFUSED, TAKEN_BACK = "waiting", "approved", "refused", "taken_back"
ASSURED_AT_ONCE = 20
"""Records that may be said to be true in one go: as many as somebody can have looked at."""


@dataclass(frozen=True)
class Officer:
    """Who changes something: the id of the account, and the name that is kept with the change."""

    id: int
    name: str


@dataclass(frozen=True)
class Record:
    """A record as it stands: its rows by sheet (None where there is no such record), and the number of its last revision (0: none)."""

    kind: str
    key: str
    rows: Rows | None
    revision: int


@dataclass(frozen=True)
class Saved:
    """What became of a change: nothing at all, a revision, or a proposal that waits for a second officer."""

    revision: int = 0
    proposal: int = 0


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Changes:
    """The changes of a directory; every method is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def session(self) -> Session:
        """Open a session on the directory's database."""
        return Session(self._engine, future=True)

    def record(self, kind: str, key: str) -> Record:
        """Give a record as it stands."""
        with self.session() as session:
            return _record(session, kind, key)

    def check(self, kind: str, rows: Rows) -> list[Problem]:
        """Give what is wrong with the rows of one record: file is the sheet's name without its ending, line the number of the row in it."""
        with self.session() as session:
            return _read(session, kind, rows, self._clock())[1]

    def check_cell(self, sheet: str, column: str, value: str) -> list[str]:
        """Give what would be right where ``value`` is not, in a ``column`` of a sheet taken by itself."""
        problems: list[Problem] = []
        with self.session() as session:
            row = Row(sheet, 1, {KEY_COLUMN[sheet]: "new", column: value}, problems)
            RowReader({sheet: [row]}, problems, self._clock(), read_known(session)).read()
        return [problem.want for problem in problems if problem.column == column]

    def preview(self, kind: str, rows: Rows) -> ServiceRecord | GuidanceRecord | None:
        """Give a service or a statement as the chat would have it after a change to ``rows``; None where it would not be shown.

        Raises PackError. Nothing is kept.
        """
        with self.session() as session:
            begin(session)
            key = _key(kind, rows)
            before = _record(session, kind, key)
            put(session, "", before, rows, CHANGED, self._clock())
            return read_service(session, key) if kind == SERVICE else read_statement(session, key)

    def save(self, by: Officer, kind: str, rows: Rows, base: int, why: str = "", assure: bool = False, is_new: bool = False) -> Saved:
        """Change a record to ``rows``, or make it (``is_new``); ``assure`` says that ``by`` has checked all of it.

        Raises PackError listing every fault, and Overtaken where the record's last revision is not ``base``, or where there already is one
        though it is said to be new. Without ``assure``, who assured it stays as it is.
        """
        now = self._clock()
        with self.session() as session:
            begin(session)
            objects, problems = _read(session, kind, rows, now)
            if problems:
                raise PackError(problems)
            written = _written(session, kind, objects)
            key = _key(kind, written)
            before = _record(session, kind, key)
            if is_new and before.rows is not None:
                raise Overtaken(before)
            _not_overtaken(before, base)
            on, who = (_today(now), by.name) if assure else checks_of(kind, before.rows or {})
            after = with_checks(kind, written, on, who)
            action = CREATED if before.rows is None else CHANGED
            return self._settle(session, by, before, after, action, why, now)

    def end(self, by: Officer, kind: str, key: str, base: int, why: str) -> Saved:
        """Take a record out of the directory. Raises Overtaken, and PackError where others still belong to it."""
        with self.session() as session:
            begin(session)
            before = _record(session, kind, key)
            _not_overtaken(before, base)
            check_removable(session, kind, key)
            return self._settle(session, by, before, None, ENDED, why, self._clock())

    def undo(self, by: Officer, revision: int, base: int, why: str) -> Saved:
        """Bring a record back to what it was before a revision. Raises Overtaken where its last revision is not ``base``."""
        with self.session() as session:
            begin(session)
            row = session.get(Revision, revision)
            if row is None:
                raise PackError([Problem("history", 0, "", "", "this change is no longer kept, so it cannot be undone.")])
            before = _record(session, row.kind, row.key)
            _not_overtaken(before, base)
            return self._settle(session, by, before, row.before, UNDONE, why, self._clock())

    def assure(self, by: Officer, chosen: Sequence[tuple[str, str, int]]) -> int:
        """Note that ``by`` has checked records, given as kind, key and base, at most ASSURED_AT_ONCE of them; give how many.

        Raises Overtaken for one that somebody changed meanwhile: then none of them is assured.
        """
        if len(chosen) > ASSURED_AT_ONCE:
            raise PackError([Problem("records", 0, "", "", f"choose at most {ASSURED_AT_ONCE} records at a time.")])
        now = self._clock()
        with self.session() as session:
            begin(session)
            for kind, key, base in chosen:
                before = _record(session, kind, key)
                _not_overtaken(before, base)
                if before.rows is None:
                    raise Overtaken(before)
                keep(session, revision_of(by.name, before, with_checks(kind, before.rows, _today(now), by.name), ASSURED, now))
                stamp = {"assured_date": _day(now), "assurer_email": by.name, "last_modified": now}
                if kind != SERVICE:
                    stamp = {"checked_on": _day(now), "checked_by": by.name}
                session.execute(update(MODEL_OF[kind]).where(MODEL_OF[kind].key == key).values(**stamp))
            new_edition(session)
            session.commit()
        return len(chosen)

    def proposals(self) -> list[dict[str, Any]]:
        """Give the changes that wait for a second officer, oldest first.

        Each comes with the record as it stands (``now``), and with whether that has changed since (``overtaken``).
        """
        with self.session() as session:
            rows = session.execute(select(Proposal).where(Proposal.state == WAITING).order_by(Proposal.id)).scalars().all()
            return [
                {
                    **_values(row),
                    "now": _record(session, row.kind, row.key),
                    "overtaken": is_overtaken(session, row.kind, row.key, row.base),
                }
                for row in rows
            ]

    def waiting_for(self, kind: str, key: str) -> list[dict[str, Any]]:
        """Give the changes of one record that wait for a second officer."""
        return [one for one in self.proposals() if (one["kind"], one["key"]) == (kind, key)]

    def approve(self, by: Officer, proposal: int) -> Saved:
        """Put a proposed change into force.

        Raises NotApproved where ``by`` proposed it or it waits no more, Overtaken where the record has changed since it was proposed.
        """
        now = self._clock()
        with self.session() as session:
            begin(session)
            row = self._decide(session, by, proposal, APPROVED, "", now)
            before = _record(session, row.kind, row.key)
            if is_overtaken(session, row.kind, row.key, row.base):
                raise Overtaken(before)
            after = row.after
            if after is not None and before.rows is not None:
                # Whoever said meanwhile that the record is true is not forgotten.
                after = with_checks(row.kind, after, *max(checks_of(row.kind, after), checks_of(row.kind, before.rows)))
            revision = put(session, row.by, before, after, row.action, now, row.why, approved_by=by.name)
            session.commit()
            return Saved(revision=revision)

    def refuse(self, by: Officer, proposal: int, reason: str) -> None:
        """Refuse a proposed change; its proposer takes it back by this. Raises NotApproved where it waits no more."""
        with self.session() as session:
            begin(session)
            self._decide(session, by, proposal, REFUSED, reason, self._clock())
            session.commit()

    def _decide(self, session: Session, by: Officer, proposal: int, state: str, reason: str, now: datetime) -> Any:
        row = session.get(Proposal, proposal)
        if row is None or row.state != WAITING:
            raise NotApproved("decided")
        own = row.staff_id == by.id
        if own and state == APPROVED:
            raise NotApproved("own")
        row.state = TAKEN_BACK if own else state
        row.decided_by, row.decided_at, row.reason = by.name, now, reason
        return row

    def history(self, kind: str = "", key: str = "", batch: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """Give revisions, newest first: those of one record, those of one import, or the last of all."""
        with self.session() as session:
            query = select(Revision).order_by(Revision.id.desc()).limit(limit)
            if kind:
                query = query.where(Revision.kind == kind, Revision.key == key)
            if batch:
                query = query.where(Revision.batch == batch)
            return [_values(row) for row in session.execute(query).scalars()]

    def revision(self, number: int) -> dict[str, Any] | None:
        """Give one revision with its record as it stands (``now``), or None where it is not kept."""
        with self.session() as session:
            row = session.get(Revision, number)
            return {**_values(row), "now": _record(session, row.kind, row.key)} if row else None

    def forget(self, years: int) -> None:
        """Delete what was changed, proposed and decided more than ``years`` ago."""
        limit = self._clock() - timedelta(days=365.25 * years)
        with self.session() as session:
            session.execute(delete(Revision).where(Revision.at < limit))
            session.execute(delete(Proposal).where(Proposal.state != WAITING, Proposal.at < limit))
            session.commit()

    def _settle(self, session: Session, by: Officer, before: Record, after: Rows | None, action: str, why: str, now: datetime) -> Saved:
        """Put a change into force or propose it, and commit; a change of nothing is none."""
        if before.rows == after:
            return Saved()
        if takes_two(session, before.kind, before.key, before.rows, after):
            proposal = propose(session, by, before, after, action, now, why)
            session.commit()
            return Saved(proposal=proposal)
        revision = put(session, by.name, before, after, action, now, why)
        session.commit()
        return Saved(revision=revision)


def begin(session: Session) -> None:
    """Begin a change: lock the directory for this transaction, on every database, by writing to its one row."""
    session.execute(update(models.LoadedPack).values(edition=models.LoadedPack.edition))


def new_edition(session: Session) -> None:
    """Say that the directory is another now, so that everybody reads it again."""
    session.execute(update(models.LoadedPack).values(edition=models.LoadedPack.edition + 1))


def is_overtaken(session: Session, kind: str, key: str, base: int) -> bool:
    """Tell whether a record has been changed since revision ``base``; that somebody said it is still true is no change."""
    last = select(func.max(Revision.id)).where(Revision.kind == kind, Revision.key == key, Revision.action != ASSURED)
    return (session.execute(last).scalar() or 0) > base


def takes_two(session: Session, kind: str, key: str, before: Rows | None, after: Rows | None) -> bool:
    """Tell whether a change takes a second officer; of an organisation, whether urgent answers are made of one of its services."""
    owns_urgent = False
    if kind == ORGANIZATION and before is not None:
        its = select(models.Service.key).join(models.Organization).where(models.Organization.key == key)
        owned = list(session.execute(its).scalars())
        owns_urgent = any(is_urgent_service(rows) for _, rows in read_rows(session, SERVICE, owned))
    return needs_approval(kind, before, after, owns_urgent)


def propose(session: Session, by: Officer, before: Record, after: Rows | None, action: str, now: datetime, why: str) -> int:
    """Put a change before a second officer; give its number.

    The same one is not put twice, and one's own newer one takes the older's place.
    """
    waiting = select(Proposal).where(Proposal.kind == before.kind, Proposal.key == before.key, Proposal.state == WAITING)
    for row in session.execute(waiting).scalars().all():
        if row.after == after and not is_overtaken(session, row.kind, row.key, row.base):
            return int(row.id)
        if row.staff_id == by.id:
            row.state, row.decided_by, row.decided_at = TAKEN_BACK, by.name, now
    values = {"kind": before.kind, "key": before.key, "action": action, "base": before.revision, "after": after}
    row = Proposal(**values, by=by.name, staff_id=by.id or None, at=now, why=why, state=WAITING)
    session.add(row)
    session.flush()
    return int(row.id)


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
        objects, problems = _read(session, before.kind, after, now)
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


def revision_of(
    by: str,
    before: Record,
    after: Rows | None,
    action: str,
    now: datetime,
    why: str = "",
    approved_by: str = "",
    batch: str = "",
) -> Revision:
    """Give the revision of a change, to be added to a session."""
    return Revision(
        kind=before.kind,
        key=before.key,
        action=action,
        before=before.rows,
        after=after,
        by=by,
        approved_by=approved_by,
        at=now,
        why=why,
        batch=batch,
    )


def keep(session: Session, revision: Revision) -> int:
    """Keep a revision; give its number."""
    session.add(revision)
    session.flush()
    return int(revision.id)


def last_revisions(session: Session) -> dict[tuple[str, str], int]:
    """Give the number of the last revision of every record that has one."""
    rows = session.execute(select(Revision.kind, Revision.key, func.max(Revision.id)).group_by(Revision.kind, Revision.key))
    return {(kind, key): number for kind, key, number in rows}


def _record(session: Session, kind: str, key: str) -> Record:
    rows = next((rows for _, rows in read_rows(session, kind, [key])), None)
    last = select(func.max(Revision.id)).where(Revision.kind == kind, Revision.key == key)
    return Record(kind, key, rows, session.execute(last).scalar() or 0)


def _not_overtaken(record: Record, base: int) -> None:
    if record.revision != base:
        raise Overtaken(record)


def _read(session: Session, kind: str, rows: Rows, now: datetime) -> tuple[list[Any], list[Problem]]:
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


def _written(session: Session, kind: str, objects: Sequence[Any]) -> Rows:
    main = next(one for one in objects if isinstance(one, MODEL_OF[kind]))
    return rows_of(kind, main, read_names(session, objects))


def _key(kind: str, rows: Rows) -> str:
    first = SHEETS_OF[kind][0]
    return rows[first][0][KEY_COLUMN[first]]


def _values(row: Any) -> dict[str, Any]:
    """Give the columns of a revision or a proposal; moments come back with their zone on every database."""
    values = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    return {name: value.replace(tzinfo=timezone.utc) if _naive(value) else value for name, value in values.items()}


def _naive(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


def _day(now: datetime) -> Any:
    return now.astimezone(BRITISH_TIME).date()


def _today(now: datetime) -> str:
    return str(_day(now).isoformat())
