"""Words that officers have changed: on top of the catalogues in ``data/locales``, kept in the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Date, DateTime, Integer, String, Text, delete, exists, func, or_, orm, select, update
from sqlalchemy.engine import Engine

from bot.answers.proofreading import check_text
from bot.database import Base
from bot.errors import WordingRefused
from bot.moments import seen

MESSAGES, PHRASES, GUIDANCE, SERVICES, ANSWERS = "messages", "phrases", "guidance", "services", "answers"
"""What a wording may be of: a text of one of four catalogues, or which buttons answer a phrase (names apart by a space)."""
WAITING, IN_FORCE, REFUSED, TAKEN_BACK = "waiting", "in_force", "refused", "taken_back"
DRAFTED, UNREVIEWED, REVIEWED = "machine-drafted", "unreviewed", "reviewed"
"""Who has read a translation: a machine made it, a person made it, or a native speaker has read it."""

SAFETY = ("urgent.", "notice.cold_weather", "phrase.safety.")
"""How the keys of texts begin on which somebody's safety may hang."""
SAFETY_TEXTS = frozenset(
    {
        "page.emergency",
        "desk.who_reads",
        "privacy.authorities",
        "privacy.danger",
        "for_a_person.urgent",
        "for_a_person.child_alone",
        "phrase.limits.home_office",
    }
)
"""Further such texts: when to call, what staff must do, and who is told what."""


def needs_second_officer(domain: str, key: str) -> bool:
    """Tell whether a change of a text waits until another officer has approved it: guidance, and what safety hangs on."""
    return domain == GUIDANCE or key.startswith(SAFETY) or key in SAFETY_TEXTS


class Wording(Base):  # type: ignore[misc,valid-type]
    """One version of one text. Rows are only added, and forgotten after their years: the last one that is in force is what people read.

    ``domain`` is a catalogue (messages, phrases, guidance, services) or answers, ``key`` its msgid, ``english`` the English it was made
    from, so that one that no longer fits is seen. An English phrase with an empty ``text`` is retired. ``review`` is machine-drafted,
    unreviewed or reviewed; with ``reviewed_by`` and ``reviewed_on`` for a native speaker.
    ``state`` is waiting (for a second officer), in_force, refused or taken_back.
    """

    __tablename__ = "wording"
    __table_args__ = {"sqlite_autoincrement": True}
    id = Column(Integer, primary_key=True)
    domain = Column(String(16), nullable=False)
    language = Column(String(16), nullable=False)
    key = Column(String(120), nullable=False, index=True)
    english = Column(Text, nullable=False)
    text = Column(Text, nullable=False)
    review = Column(String(16), nullable=False)
    reviewed_by = Column(Text, nullable=False, default="")
    reviewed_on = Column(Date)
    state = Column(String(16), nullable=False, index=True)
    by = Column(String(80), nullable=False)
    staff_id = Column(Integer)
    at = Column(DateTime(timezone=True), nullable=False)
    why = Column(Text, nullable=False, default="")
    decided_by = Column(String(80), nullable=False, default="")
    decided_at = Column(DateTime(timezone=True))
    reason = Column(Text, nullable=False, default="")


@dataclass(frozen=True)
class Draft:
    """A text as somebody wants it; the fields are those of Wording."""

    domain: str
    language: str
    key: str
    text: str
    english: str
    review: str = UNREVIEWED
    reviewed_by: str = ""
    reviewed_on: date | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Which text this is: domain, language, key."""
        return self.domain, self.language, self.key


@dataclass(frozen=True)
class Version(Draft):
    """One kept version of a text; ``decided_by`` is the second officer. Moments are aware, in UTC."""

    id: int = 0
    state: str = IN_FORCE
    by: str = ""
    staff_id: int | None = None
    at: datetime | None = None
    why: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""


class Wordings:
    """The versions of texts in the database; every method is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock

    def _transaction(self) -> Any:
        return orm.sessionmaker(self._engine, future=True).begin()

    def edition(self) -> tuple[int, int]:
        """Give what differs after each change of what people read: how many versions are kept that were in force, and their ids' sum.

        New versions have greater ids than forgotten ones, so that one that comes as another goes is seen too.
        """
        with self._transaction() as session:
            asked = select(func.count(), func.coalesce(func.sum(Wording.id), 0)).where(Wording.state == IN_FORCE)
            number, ids = session.execute(asked).one()
            return int(number), int(ids)

    def forget(self, years: int) -> None:
        """Delete versions decided on more than ``years`` ago, but those that people read: the last in force of each text."""
        limit = self._clock() - timedelta(days=365.25 * years)
        last = select(func.max(Wording.id)).where(Wording.state == IN_FORCE).group_by(Wording.domain, Wording.language, Wording.key)
        decided = (Wording.state != WAITING, func.coalesce(Wording.decided_at, Wording.at) < limit)
        with self._transaction() as session:
            session.execute(delete(Wording).where(*decided, Wording.id.not_in(last)).execution_options(synchronize_session=False))

    def in_force(self) -> list[Version]:
        """Give every version that is or was in force, oldest first: the last of a text is the one people read."""
        return self._read(Wording.state == IN_FORCE)

    def waiting(self) -> list[Version]:
        """Give what waits for a second officer, oldest first."""
        return self._read(Wording.state == WAITING)

    def history(self, domain: str, language: str, key: str) -> list[Version]:
        """Give every version of a text, newest first."""
        return self._read(Wording.domain == domain, Wording.language == language, Wording.key == key)[::-1]

    def version(self, number: int) -> Version:
        """Give one version. Raises WordingRefused where there is none."""
        found = self._read(Wording.id == number)
        if not found:
            raise WordingRefused("officer.words.error.unknown")
        return found[0]

    def _read(self, *where: Any) -> list[Version]:
        with self._transaction() as session:
            return [_version(row) for row in session.execute(select(Wording).where(*where).order_by(Wording.id)).scalars()]

    def propose(self, drafts: Sequence[Draft], by: str, staff_id: int | None, why: str = "") -> list[Version]:
        """Keep new versions, all or none: in force at once, or waiting where a second officer has to approve.

        Somebody's new proposal takes the place of their own that waits for the same text. ``staff_id`` is None for the operator.
        Raises WordingRefused where a text cannot be taken, or somebody else's proposal for it waits.
        """
        for draft in drafts:
            check_text(draft.domain, draft.language, draft.key, draft.text, draft.english)
        now = self._clock()
        with self._transaction() as session:
            waiting = {(row.domain, row.language, row.key): row for row in session.execute(_waiting()).scalars()}
            rows = []
            for draft in drafts:
                second = needs_second_officer(draft.domain, draft.key)
                before = waiting.get(draft.place)
                if before is not None and (before.staff_id, before.by) != (staff_id, by):
                    raise WordingRefused("officer.words.error.waits", text=draft.key, by=before.by)
                if before is not None:
                    before.state, before.decided_by, before.decided_at = TAKEN_BACK, by, now
                row = Wording(
                    **{name: getattr(draft, name) for name in Draft.__dataclass_fields__},
                    state=WAITING if second else IN_FORCE,
                    by=by,
                    staff_id=staff_id,
                    at=now,
                    why=why,
                )
                session.add(row)
                rows.append(row)
            session.flush()
            return [_version(row) for row in rows]

    def approve(self, number: int, by: str, staff_id: int) -> None:
        """Put a waiting version into force; only another account than its proposer's can.

        Raises WordingRefused where it does not wait any more, is one's own, or the text was changed since it was proposed.
        """
        newer = orm.aliased(Wording)
        unchanged = ~exists(
            select(newer.id).where(
                newer.domain == Wording.domain,
                newer.language == Wording.language,
                newer.key == Wording.key,
                newer.state == IN_FORCE,
                newer.id > Wording.id,
            )
        )
        others = or_(Wording.staff_id.is_(None), Wording.staff_id != staff_id)
        self._decide(number, IN_FORCE, by, "", (others, "officer.words.error.own"), (unchanged, "officer.words.error.outdated"))

    def refuse(self, number: int, by: str, staff_id: int, reason: str) -> None:
        """Refuse a waiting version, with the reason. Raises WordingRefused as ``approve``."""
        others = or_(Wording.staff_id.is_(None), Wording.staff_id != staff_id)
        self._decide(number, REFUSED, by, reason, (others, "officer.words.error.own"))

    def take_back(self, number: int, by: str, staff_id: int) -> None:
        """Take one's own waiting version back. Raises WordingRefused where it does not wait any more, or is somebody else's."""
        self._decide(number, TAKEN_BACK, by, "", (Wording.staff_id == staff_id, "officer.words.error.not_own"))

    def _decide(self, number: int, state: str, by: str, reason: str, *conditions: tuple[Any, str]) -> None:
        """Decide on a waiting version; the row itself is asked, so that of two who decide at once one is told that it is done."""
        values = {"state": state, "decided_by": by, "decided_at": self._clock(), "reason": reason}
        mine = Wording.id == number
        with self._transaction() as session:
            change = update(Wording).where(mine, Wording.state == WAITING, *(condition for condition, _ in conditions)).values(**values)
            if session.execute(change.execution_options(synchronize_session=False)).rowcount:
                return
            row = session.execute(select(Wording).where(mine)).scalars().first()
            if row is None:
                raise WordingRefused("officer.words.error.unknown")
            if row.state != WAITING:
                raise WordingRefused("officer.words.error.decided", decided=True, by=row.decided_by)
            for condition, key in conditions:
                if session.execute(select(Wording.id).where(mine, condition)).first() is None:
                    raise WordingRefused(key)
            raise WordingRefused("officer.words.error.decided", decided=True, by=row.decided_by)


def _waiting() -> Any:
    """Ask for what waits; on PostgreSQL nobody decides on it meanwhile."""
    return select(Wording).where(Wording.state == WAITING).with_for_update()


def _version(row: Any) -> Version:
    values = {name: getattr(row, name) for name in Version.__dataclass_fields__}
    moments = {name: seen(values[name]) if values[name] else None for name in ("at", "decided_at")}
    return Version(**{**values, **moments})
