"""Files that officers upload: kept while they are checked and previewed, and deleted once they are imported or a day old."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Integer, LargeBinary, String, Text, delete, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, deferred

from bot.database import Base, one_moment
from bot.directory.files import JSON as JSON_FILE
from bot.directory.files import WORKBOOK, is_feed, read_files, read_sheets, write_zip
from bot.directory.importing import Choices, Importer, Plan
from bot.directory.importing import Progress as Tell
from bot.directory.ledger import Officer
from bot.directory.preview import report_of
from bot.directory.sheets import Problem
from bot.directory.workbook import write_workbook
from bot.errors import FeedError, Overtaken, PackError
from bot.moments import seen, utc_now

log = logging.getLogger(__name__)


class Upload(Base):  # type: ignore[misc,valid-type]
    """One uploaded file on its way into the directory.

    ``state`` is checking, ready, importing, imported or failed; ``done`` of ``total`` rows are through; ``report`` is what the check found;
    ``beat_at`` is when its work was last heard of, so that work that died is seen.
    """

    __tablename__ = "upload"
    id = Column(String(36), primary_key=True)
    name = Column(Text, nullable=False)
    content = deferred(Column(LargeBinary, nullable=False))
    by = Column(String(80), nullable=False)
    staff_id = Column(Integer)
    at = Column(DateTime(timezone=True), nullable=False)
    state = Column(String(16), nullable=False)
    done = Column(Integer, nullable=False, default=0)
    total = Column(Integer, nullable=False, default=0)
    report = Column(JSON(none_as_null=True))
    beat_at = Column(DateTime(timezone=True), nullable=False)


CHECKING, READY, IMPORTING, IMPORTED, STOPPED = "checking", "ready", "importing", "imported", "stopped"
LARGEST = 25 * 1024 * 1024
"""Bytes of a file that can be uploaded."""
KEPT = timedelta(days=1)
BEAT = timedelta(seconds=15)
"""How often work writes down how far it is, so that other processes see that it goes on."""
DEAD_AFTER = timedelta(minutes=10)
"""How long after its last word an import that nobody has ended counts as stopped: its process is gone, and nothing of it was kept."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class Progress:
    """How far the work on an upload is."""

    done: int
    total: int


@dataclass(frozen=True)
class Staged:
    """An upload as its page shows it: ``report`` is what the check found, ``progress`` how far its work is."""

    id: str
    name: str
    by: str
    at: datetime
    state: str
    report: dict[str, Any]
    progress: Progress


Fetch = Callable[[str, Tell], bytes]
"""What reads the feed at an address, saying how far it is; it raises FeedError."""


def _nothing_to_fetch(_address: str, _tell: Tell) -> bytes:
    raise FeedError("This feed has not been read: check it again.")


class Uploads:
    """The uploaded files of a directory. ``check`` and ``carry_out`` take their time: call them where nobody waits."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._importer = Importer(engine, clock)
        self._progress: dict[str, Progress] = {}
        self._beats: dict[str, datetime] = {}

    def add(self, name: str, content: bytes, by: Officer) -> str:
        """Take in a file; give the id of its upload. Raises PackError where it is empty or larger than LARGEST."""
        if not content:
            raise PackError([Problem(name, 0, "", "", "this file is empty: choose another.")])
        if len(content) > LARGEST:
            raise PackError([Problem(name, 0, "", "", f"this file is larger than {LARGEST // 1024 // 1024} MB: give it in parts.")])
        return self._keep(name, content, by)

    def expect(self, address: str, by: Officer) -> str:
        """Take in a feed that is still to be fetched from ``address`` by ``check``; give the id of its upload."""
        return self._keep(f"{address[: LONGEST_NAME - len(JSON_FILE)]}{JSON_FILE}", b"", by, {"feed": address})

    def _keep(self, name: str, content: bytes, by: Officer, report: dict[str, Any] | None = None) -> str:
        now, number = self._clock(), str(uuid.uuid4())
        row = {"id": number, "name": name[:LONGEST_NAME], "content": content, "by": by.name, "staff_id": by.id, "at": now, "beat_at": now}
        with Session(self._engine, future=True) as session:
            session.add(Upload(**row, state=CHECKING, report=report))
            session.commit()
        return number

    def staged(self, number: str) -> Staged | None:
        """Give an upload, or None where it is not kept (any more)."""
        with Session(self._engine, future=True) as session:
            row = session.get(Upload, number)
            return self._staged(row) if row else None

    def recent(self) -> list[Staged]:
        """Give the uploads that are kept, newest first."""
        with Session(self._engine, future=True) as session:
            return [self._staged(row) for row in session.execute(select(Upload).order_by(Upload.at.desc())).scalars()]

    def _staged(self, row: Any) -> Staged:
        at, beat = seen(row.at), seen(row.beat_at)
        dead = row.state in (CHECKING, IMPORTING) and row.id not in self._progress and self._clock() - beat > DEAD_AFTER
        progress = self._progress.get(row.id, Progress(row.done, row.total))
        return Staged(row.id, row.name, row.by, at, STOPPED if dead else row.state, row.report or {}, progress)

    def check(self, number: str, choices: Choices, instead: bool = False, fetch: Fetch = _nothing_to_fetch) -> None:
        """Check an upload with ``choices`` and keep what is found; nothing of the directory changes.

        A feed that is not there yet is read first, with ``fetch``: it is given the address. ``instead`` says in the report that somebody
        wanted to import with choices that no check had been made with. Where the work breaks off, the report says so. Raises PackError as
        ``carry_out`` does.
        """
        staged = self.staged(number)
        feed = staged.report.get("feed", "") if staged else ""
        content, name = self._take(number, CHECKING, (CHECKING, READY, STOPPED))
        own = {"feed": feed} if feed else {}
        try:
            if feed and not content:
                content = fetch(feed, lambda done, total: self._tell(number, done, total))
                self._settle(number, CHECKING, own, content)
            _, _, report = self._plan(number, name, content, choices)
            self._settle(number, READY, {**report, **own, "instead": instead})
        except FeedError as error:
            self._settle(number, STOPPED, {**own, "refused": str(error)})
        except Exception as error:
            log.error("An upload could not be checked: %s", type(error).__name__)
            self._settle(number, STOPPED, {**own, "broke": type(error).__name__})
        finally:
            self._leave(number)

    def carry_out(self, number: str, by: Officer) -> None:
        """Import an upload as its preview says. Where the directory has changed since, the preview is made anew instead.

        Where the import breaks off, the report says so. Raises PackError where the upload is gone or being worked on.
        """
        staged = self.staged(number)
        content, name = self._take(number, IMPORTING, (READY,))
        before = staged.report if staged else {}
        try:
            choices = Choices(**before["choices"])
            plan, choices, report = self._plan(number, name, content, choices)
            if report["digest"] != before["digest"] or plan.blocked:
                self._settle(number, READY, {**report, "changed": True})
                return
            try:
                done = self._importer.apply(plan, by, name, choices, lambda done, total: self._tell_of_import(number, done, total))
            except (Overtaken, PackError) as error:
                said = error.problems if isinstance(error, PackError) else []
                self._settle(number, READY, {**report, "changed": True, "problems": [str(one) for one in said] or report["problems"]})
                return
            self._settle(number, IMPORTED, {**report, "batch": done.batch, "done": done.done, "proposed": done.proposed}, b"")
        except Exception as error:
            log.error("An upload could not be imported: %s", type(error).__name__)
            self._settle(number, READY, {**before, "broke": type(error).__name__})
        finally:
            self._leave(number)

    def _plan(self, number: str, name: str, content: bytes, choices: Choices) -> tuple[Plan, Choices, dict[str, Any]]:
        problems: list[Problem] = []
        rows = read_files([(name, content)], problems)
        choices = replace(choices, merge=is_feed(name, content))
        plan = self._importer.plan(rows, problems, choices, lambda done, total: self._tell(number, done, total))
        return plan, choices, report_of(plan, choices)

    def _leave(self, number: str) -> None:
        self._progress.pop(number, None)
        self._beats.pop(number, None)

    def _tell(self, number: str, done: int, total: int) -> None:
        """Say how far work is: here at once, and to other processes now and then."""
        self._progress[number] = Progress(done, total)
        now = self._clock()
        if now - self._beats.get(number, now) < BEAT:
            return
        self._beats[number] = now
        with Session(self._engine, future=True) as session:
            session.execute(update(Upload).where(Upload.id == number).values(done=done, total=total, beat_at=now))
            session.commit()

    def _tell_of_import(self, number: str, done: int, total: int) -> None:
        """Say how far an import is. On SQLite it holds the only writer, so that other processes are not told."""
        if self._engine.dialect.name == "sqlite":
            self._progress[number] = Progress(done, total)
        else:
            self._tell(number, done, total)

    def _take(self, number: str, state: str, allowed: tuple[str, ...]) -> tuple[bytes, str]:
        """Begin work on an upload. Raises PackError where it is not there, or others are at work on it."""
        with Session(self._engine, future=True) as session:
            row = session.execute(select(Upload).where(Upload.id == number).with_for_update()).scalars().first()
            if row is None or self._staged(row).state not in allowed or (number in self._progress):
                raise PackError([Problem("upload", 0, "", "", "this upload is no longer there, or is being worked on: look at it again.")])
            row.state, row.beat_at, row.done, row.total = state, self._clock(), 0, 0
            self._progress[number], self._beats[number] = Progress(0, 0), self._clock()
            found = bytes(row.content), str(row.name)
            session.commit()
            return found

    def _settle(self, number: str, state: str, report: dict[str, Any], content: bytes | None = None) -> None:
        with Session(self._engine, future=True) as session:
            row = session.get(Upload, number)
            if row is not None:
                row.state, row.report, row.beat_at = state, report, self._clock()
                if content is not None:
                    row.content = content
                session.commit()

    def download(self, ending: str) -> bytes:
        """Give the whole directory: a workbook for ``xlsx``, CSV files in a zip file for ``zip``."""
        with one_moment(self._engine) as session:
            sheets = read_sheets(session)
        return write_workbook(sheets) if f".{ending}" == WORKBOOK else write_zip(sheets)

    def forget(self) -> None:
        """Delete uploads that are a day old."""
        with Session(self._engine, future=True) as session:
            session.execute(delete(Upload).where(Upload.at < self._clock() - KEPT))
            session.commit()
