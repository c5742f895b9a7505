"""Changing the directory, one record at a time: nothing is overwritten unseen, and who changed what stays known.

Every change is one transaction that begins by locking the directory, so two changes come one after the other, and ends with the record's
revision and a new edition. What takes a second officer (``bot.directory.comparing.needs_approval``) becomes a proposal instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory.comparing import checks_of, with_checks
from bot.directory.hours import BRITISH_TIME
from bot.directory.ledger import (
    APPROVED,
    ASSURED,
    CHANGED,
    CREATED,
    ENDED,
    REFUSED,
    TAKEN_BACK,
    UNDONE,
    WAITING,
    Officer,
    Proposal,
    Record,
    Revision,
    is_overtaken,
    keep,
    propose,
    revision_of,
)
from bot.directory.reader import RowReader
from bot.directory.records import GuidanceRecord, ServiceRecord, read_service, read_statement
from bot.directory.sheets import Problem, Row
from bot.directory.transaction import begin, check_removable, new_edition, put, read_objects, read_record, takes_two
from bot.directory.writer import KEY_COLUMN, MODEL_OF, SERVICE, SHEETS_OF, Rows, read_known, read_names, rows_of
from bot.errors import NotApproved, Overtaken, PackError
from bot.moments import utc_now

ASSURED_AT_ONCE = 20
"""Records that may be said to be true in one go: as many as somebody can have looked at."""


@dataclass(frozen=True)
class Saved:
    """What became of a change: nothing at all, a revision, or a proposal that waits for a second officer."""

    revision: int = 0
    proposal: int = 0


class Changes:
    """The changes of a directory; every method is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def session(self) -> Session:
        """Open a session on the directory's database."""
        return Session(self._engine, future=True)

    def record(self, kind: str, key: str) -> Record:
        """Give a record as it stands."""
        with self.session() as session:
            return read_record(session, kind, key)

    def check(self, kind: str, rows: Rows) -> list[Problem]:
        """Give what is wrong with the rows of one record: file is the sheet's name without its ending, line the number of the row in it."""
        with self.session() as session:
            return read_objects(session, kind, rows, self._clock())[1]

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
            before = read_record(session, kind, key)
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
            objects, problems = read_objects(session, kind, rows, now)
            if problems:
                raise PackError(problems)
            written = _written(session, kind, objects)
            key = _key(kind, written)
            before = read_record(session, kind, key)
            if is_new and before.rows is not None:
                raise Overtaken(before)
            on, who = (_today(now), by.name) if assure else checks_of(kind, before.rows or {})
            after = with_checks(kind, written, on, who)
            if after != before.rows:  # or it is what was wanted already, as where a button was pressed twice
                _not_overtaken(before, base)
            action = CREATED if before.rows is None else CHANGED
            return self._settle(session, by, before, after, action, why, now)

    def end(self, by: Officer, kind: str, key: str, base: int, why: str) -> Saved:
        """Take a record out of the directory. Raises Overtaken, and PackError where others still belong to it."""
        with self.session() as session:
            begin(session)
            before = read_record(session, kind, key)
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
            before = read_record(session, row.kind, row.key)
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
                before = read_record(session, kind, key)
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
                    "now": read_record(session, row.kind, row.key),
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
            before = read_record(session, row.kind, row.key)
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
            return {**_values(row), "now": read_record(session, row.kind, row.key)} if row else None

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


def _not_overtaken(record: Record, base: int) -> None:
    if record.revision != base:
        raise Overtaken(record)


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
