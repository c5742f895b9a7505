"""Files into the directory: every row is checked, what would change is shown, and then it changes in one transaction or not at all."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory.comparing import checks_of, with_checks, without_checks
from bot.directory.duplicates import Duplicate, find_duplicates
from bot.directory.ledger import ENDED, IMPORTED, Officer, Record, last_revisions, propose, revision_of
from bot.directory.reader import COLUMNS, Known, RowReader
from bot.directory.sheets import Problem, Row
from bot.directory.transaction import begin, new_edition, place, remove, rename, takes_two
from bot.directory.writer import (
    GUIDANCE,
    KEY_COLUMN,
    KIND_OF,
    MODEL_OF,
    ORGANIZATION,
    PLACE,
    SERVICE,
    SHEETS_OF,
    Names,
    Rows,
    key_of,
    read_known,
    read_names,
    read_rows,
    rows_of,
)
from bot.errors import Overtaken, PackError
from bot.moments import utc_now

ADDED, CHANGED = "added", "changed"
ENDS = (ORGANIZATION, SERVICE, GUIDANCE)
"""Kinds of which a file may say that there are no more; places and terms are named by others, and are never taken out so."""
IN_ONE_GO = 500
"""Records put into the database between two words on how far it is."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Choices:
    """What whoever imports has chosen.

    ``leave_out`` leaves out records with a bad row; ``end_missing`` ends what a sheet does not hold; ``same_as`` maps keys of new services
    to existing ones that they are; ``merge`` leaves what stands in a cell that the file has empty, and who may see it: a feed does not
    carry everything; ``only_new`` leaves alone what is there already: for the sheets of a newer release; ``restore`` takes over who assured
    what and needs nobody's approval: for a backup of one's own.
    """

    leave_out: bool = False
    end_missing: bool = False
    same_as: Mapping[str, str] = field(default_factory=dict)
    merge: bool = False
    only_new: bool = False
    restore: bool = False


@dataclass(frozen=True)
class Change:
    """What would become of one record: ``action`` is ADDED, CHANGED or ENDED; ``base`` is the last revision it was compared with.

    ``approval`` says that it takes a second officer.
    """

    kind: str
    key: str
    action: str
    before: Rows | None
    after: Rows | None
    base: int
    approval: bool = False


@dataclass(frozen=True)
class Plan:
    """What an import would do, and what is wrong with the files.

    ``unchanged`` records are as they were; ``left_out`` ones have a bad row. ``blocked`` says that nothing can be imported as it is: what
    stands in ``changes`` is then what would be, were they left out.
    """

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    duplicates: tuple[Duplicate, ...]
    unchanged: int
    left_out: int
    blocked: bool

    def counts(self) -> Counter[tuple[str, str]]:
        """Give how many records of each kind would be added, changed and ended."""
        return Counter((one.kind, one.action) for one in self.changes)


@dataclass(frozen=True)
class Imported:
    """What an import did: the number of records put into force, and of those that wait for a second officer."""

    batch: str
    done: int
    proposed: int


def _no_progress(_done: int, _total: int) -> None:
    """Say nothing of how far it is."""


class Importer:
    """Imports into one directory."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    def plan(
        self,
        rows: Mapping[str, Sequence[Row]],
        problems: list[Problem],
        choices: Choices = Choices(),
        progress: Progress = _no_progress,
    ) -> Plan:
        """Compare the rows of files with the directory; ``problems`` is the list that the rows add to. Nothing is changed."""
        total = sum(len(found) for found in rows.values())
        if any(not problem.line or problem.line == 1 for problem in problems):
            return Plan((), tuple(problems), (), 0, 0, True)
        # With a row that could not even be told to be of some record, nobody knows what the file does not hold.
        unreadable = bool(problems) and choices.end_missing
        with Session(self._engine, future=True) as session:
            records = _by_record(rows)
            held = set(records)
            # Before the records: what an officer saves in between is found to be overtaken, not overwritten unseen.
            bases = last_revisions(session)
            current = _current(session, [*records, *((SERVICE, key) for key in choices.same_as.values())], rows, choices.end_missing)
            progress(total // 4, total)
            _join(records, choices.same_as, current, problems)
            held |= set(records)
            if choices.merge:
                _merge(records, current)
            _complete(records, current, rows, choices.end_missing, problems)
            told = list(problems)
            objects, left_out = self._read(session, records, problems, told)
            progress(total // 2, total)
            changes, unchanged = [], 0
            for (kind, key), after in _written(session, objects).items():
                before = current.get((kind, key))
                kept = _checked(kind, before, after, choices.restore)
                if before == kept:
                    unchanged += 1
                    continue
                if before is not None and choices.only_new:
                    unchanged += 1
                    continue
                approval = not choices.restore and takes_two(session, kind, key, before, kept)
                action = ADDED if before is None else CHANGED
                changes.append(Change(kind, key, action, before, kept, bases.get((kind, key), 0), approval))
            progress(3 * total // 4, total)
            if choices.end_missing:
                for (kind, key), before in current.items():
                    if kind in ENDS and (kind, key) not in held and SHEETS_OF[kind][0] in rows:
                        approval = not choices.restore and takes_two(session, kind, key, before, None)
                        changes.append(Change(kind, key, ENDED, before, None, bases.get((kind, key), 0), approval))
            new = {one.key: one.after for one in changes if one.kind == SERVICE and one.action == ADDED and one.after}
            duplicates = find_duplicates(new, {**dict(read_rows(session, SERVICE)), **new}) if new else []
        progress(total, total)
        order = list(SHEETS_OF)
        changes.sort(key=lambda one: (order.index(one.kind), one.key))
        return Plan(
            tuple(changes),
            tuple(dict.fromkeys(told)),
            tuple(duplicates),
            unchanged,
            left_out,
            unreadable or (bool(told) and not choices.leave_out),
        )

    def _read(
        self,
        session: Session,
        records: dict[tuple[str, str], dict[str, list[Row]]],
        problems: list[Problem],
        told: list[Problem],
    ) -> tuple[list[Any], int]:
        """Read records, those with a bad row left out; give the objects and how many were left out."""
        known, now, left_out = read_known(session), self._clock(), 0
        while True:
            problems.clear()
            sheets: dict[str, list[Row]] = defaultdict(list)
            owner: dict[tuple[str, int], tuple[str, str]] = {}
            for name, parts in records.items():
                for sheet, found in parts.items():
                    sheets[sheet].extend(found)
                    owner.update({(row.file, row.line): name for row in found})
            objects = RowReader(sheets, problems, now, known).read()
            told.extend(problems)
            bad = {owner[problem.file, problem.line] for problem in problems if (problem.file, problem.line) in owner}
            if not bad:
                return ([] if problems else objects), left_out
            for name in bad:
                del records[name]
            left_out += len(bad)

    def apply(self, plan: Plan, by: Officer, name: str, choices: Choices = Choices(), progress: Progress = _no_progress) -> Imported:
        """Do what a plan says, in one transaction; ``name`` is kept as the reason.

        Raises PackError where the plan is blocked, and Overtaken where a record has changed since it was made: then nothing is imported.
        """
        if plan.blocked:
            raise PackError(plan.problems)
        batch, now, done, proposed = str(uuid.uuid4()), self._clock(), 0, 0
        with Session(self._engine, future=True) as session:
            begin(session)
            bases = last_revisions(session)
            direct = []
            for one in plan.changes:
                record = Record(one.kind, one.key, one.before, one.base)
                if bases.get((one.kind, one.key), 0) != one.base:
                    raise Overtaken(record)
                action = ENDED if one.action == ENDED else IMPORTED
                if one.approval:
                    propose(session, by, record, one.after, action, now, name)
                    proposed += 1
                    continue
                direct.append(one)
                session.add(revision_of(by.name, record, one.after, action, now, name, batch=batch))
            session.flush()
            for one in [one for one in direct if one.after is None and one.kind == SERVICE] + [
                one for one in direct if one.after is None and one.kind != SERVICE
            ]:
                remove(session, one.kind, one.key)
            written = [one for one in direct if one.after is not None]
            for kind in SHEETS_OF:
                of_kind = [one for one in written if one.kind == kind]
                known = read_known(session) if of_kind else Known()
                for start in range(0, len(of_kind), IN_ONE_GO):
                    self._put(session, kind, of_kind[start : start + IN_ONE_GO], known, now)
                    done += len(of_kind[start : start + IN_ONE_GO])
                    progress(done, len(written))
            if direct:
                new_edition(session)
            session.commit()
        return Imported(batch, len(direct), proposed)

    def _put(self, session: Session, kind: str, changes: Sequence[Change], known: Known, now: datetime) -> None:
        """Put records of one kind into the place of what was there."""
        problems: list[Problem] = []
        sheets: dict[str, list[Row]] = defaultdict(list)
        for one in changes:
            for sheet, found in (one.after or {}).items():
                sheets[sheet].extend(Row(sheet, 2, dict(cells), problems) for cells in found)
        objects = RowReader(sheets, problems, now, known).read()
        if problems:
            raise PackError(problems)
        if kind == SERVICE:
            for one in changes:
                if one.before is not None:
                    remove(session, kind, one.key)
            session.add_all([one for one in objects if not isinstance(one, MODEL_OF[SERVICE])])
            session.flush()
            session.add_all([one for one in objects if isinstance(one, MODEL_OF[SERVICE])])
            session.flush()
            session.expunge_all()
            return
        for one, found in zip(changes, objects, strict=True):
            if one.before is None:
                session.add(found)
            else:
                place(session, kind, one.key, [found], is_new=False)
                if kind == PLACE:
                    rename(session, one.before["gazetteer.csv"][0]["name"], str(found.name))
        session.flush()
        session.expunge_all()


def _by_record(rows: Mapping[str, Sequence[Row]]) -> dict[tuple[str, str], dict[str, list[Row]]]:
    """Give the rows of files by the record they belong to and by sheet; a row without a key makes a record of its own, which is bad."""
    found: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for sheet, some in rows.items():
        for row in some:
            key = row.cells.get(KEY_COLUMN[sheet], "").strip() or f"{row.file}:{row.line}"
            found.setdefault((KIND_OF[sheet], key), {}).setdefault(sheet, []).append(row)
    return found


def _current(session: Session, wanted: Sequence[tuple[str, str]], rows: Mapping[str, Any], everything: bool) -> dict[tuple[str, str], Rows]:
    """Give what the directory holds of the records of an import, or everything of their kinds."""
    found = {}
    for kind in SHEETS_OF:
        keys = [key for of, key in wanted if of == kind]
        if keys or (everything and any(sheet in rows for sheet in SHEETS_OF[kind])):
            for key, cells in read_rows(session, kind, None if everything else keys):
                found[kind, key] = cells
    return found


def _join(
    records: dict[tuple[str, str], dict[str, list[Row]]],
    same_as: Mapping[str, str],
    current: dict[tuple[str, str], Rows],
    problems: list[Problem],
) -> None:
    """Make new services be the existing ones that they are said to be.

    What the file says goes over what is there, cell by cell; its places, times and leads only where the service has none of them. Two rows
    that are said to be the same service are a problem.
    """
    for new, old in same_as.items():
        parts, there = records.pop((SERVICE, new), None), current.get((SERVICE, old))
        if parts is None or there is None:
            continue
        first = parts.get("services.csv", [next(iter(parts.values()))[0]])[0]
        if (SERVICE, old) in records:
            wanted = f"two rows are said to be the service {old}: let one of them be it."
            problems.append(Problem(first.file, first.line, "key", new, wanted))
            continue
        said = {column: cell for column, cell in first.cells.items() if cell.strip() and column in COLUMNS["services.csv"]}
        kept = {"key": old, "organisation": there["services.csv"][0]["organisation"]}
        first.cells = {**there["services.csv"][0], **said, **kept}
        joined = {"services.csv": [first]}
        for sheet, some in parts.items():
            if sheet != "services.csv" and not there.get(sheet):
                for row in some:
                    row.cells = {**row.cells, "service": old}
                joined[sheet] = some
        records[SERVICE, old] = joined


def _merge(records: Mapping[tuple[str, str], dict[str, list[Row]]], current: Mapping[tuple[str, str], Rows]) -> None:
    """Leave what stands in a cell that the file has empty, and whether a record is public.

    Places are told apart by their keys. Times and leads have none: the file's take the place of what is there.
    """
    for name, parts in records.items():
        for sheet, some in parts.items():
            if sheet in ("times.csv", "leads.csv"):
                continue
            there = {row.get("key", ""): row for row in current.get(name, {}).get(sheet, [])}
            for row in some:
                old = there.get(row.cells.get("key", ""), {})
                row.cells = {**old, **{column: cell for column, cell in row.cells.items() if cell.strip()}}
                if "public" in old:
                    row.cells["public"] = old["public"]


def _complete(
    records: dict[tuple[str, str], dict[str, list[Row]]],
    current: Mapping[tuple[str, str], Rows],
    rows: Mapping[str, Any],
    end_missing: bool,
    problems: list[Problem],
) -> None:
    """Add what a file does not say of a service and the directory does: sheets that are not there, or do not name the service."""
    if end_missing and any(sheet in rows for sheet in SHEETS_OF[SERVICE][1:]):
        for kind, key in current:
            if kind == SERVICE and "services.csv" not in rows:
                records.setdefault((kind, key), {})
    for (kind, key), parts in records.items():
        there = current.get((kind, key))
        if kind != SERVICE or there is None:
            continue
        for sheet in SHEETS_OF[SERVICE]:
            if sheet not in parts and not (end_missing and sheet in rows and sheet != "services.csv"):
                stands = enumerate(there.get(sheet, []), 1)
                parts[sheet] = [Row(f"the directory, {key}, {sheet}", number, dict(cells), problems) for number, cells in stands]


def _written(session: Session, objects: Sequence[Any]) -> dict[tuple[str, str], Rows]:
    """Give the rows of every record among ``objects``."""
    names: Names = read_names(session, objects)
    kinds = {model: kind for kind, model in MODEL_OF.items()}
    found = {}
    for one in objects:
        kind = kinds.get(type(one))
        if kind:
            found[kind, key_of(kind, one)] = rows_of(kind, one, names)
    return found


def _checked(kind: str, before: Rows | None, after: Rows, restore: bool) -> Rows:
    """Give rows that say nobody assured them where an import changes them: what many files hold at once, nobody has checked one by one."""
    if restore or kind not in (SERVICE, GUIDANCE):
        return after
    same = before is not None and without_checks(before) == without_checks(after)
    on, by = checks_of(kind, before) if same and before else ("", "")
    return with_checks(kind, after, on, by)
