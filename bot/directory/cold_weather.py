"""The cold-weather switch: emergency beds that a council opens on freezing nights (SWEP, the severe weather emergency protocol).

Whether beds are open at a moment is a plain question to frozen values, so nothing has to happen for them to begin or to end.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from sqlalchemy import Column, DateTime, Integer, String, Text, delete, or_, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.database import Base
from bot.directory.hours import BRITISH_TIME
from bot.directory.records import Directory, PlaceRecord
from bot.errors import ColdWeatherRefused
from bot.moments import seen, utc_now

AHEAD = timedelta(days=14)
"""Nobody knows the weather of a later day."""
BACK = timedelta(days=1)
"""What began earlier than this is a slip of the date."""
LONGEST_NOTE = 500
PAST_SHOWN = 10


class ColdWeather(Base):  # type: ignore[misc,valid-type]
    """Beds open in a ``place`` (a key of the gazetteer) from ``starts_at`` until ``ends_at``; ``note`` is for officers.

    ``ended_at`` is when an officer switched it off before its end.
    """

    __tablename__ = "cold_weather"
    id = Column(Integer, primary_key=True)
    place = Column(String(80), nullable=False)
    starts_at = Column(DateTime(timezone=True), nullable=False)
    ends_at = Column(DateTime(timezone=True), nullable=False, index=True)
    note = Column(Text, nullable=False, default="")
    by = Column(String(80), nullable=False)
    at = Column(DateTime(timezone=True), nullable=False)
    ended_at = Column(DateTime(timezone=True))
    ended_by = Column(String(80), nullable=False, default="")


@dataclass(frozen=True)
class ColdSpell:
    """One time of open beds, as ``ColdWeather`` has it; every moment is UTC."""

    id: int
    place: str
    starts_at: datetime
    ends_at: datetime
    note: str
    by: str
    at: datetime
    ended_at: datetime | None = None
    ended_by: str = ""

    @property
    def until(self) -> datetime:
        """When it ends, or was switched off."""
        return self.ended_at or self.ends_at

    def is_on(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.until

    def is_planned(self, moment: datetime) -> bool:
        return self.ended_at is None and moment < self.starts_at


def moment_of(day: date, clock: time, later: bool = False) -> datetime:
    """Give the moment (UTC) at which British clocks show ``clock`` on ``day``.

    In the hour that clocks show twice in October it is the first, or with ``later`` the second. Raises ColdWeatherRefused in the hour
    that they leave out in March.
    """
    shown = datetime.combine(day, clock, BRITISH_TIME).replace(fold=int(later))
    moment = shown.astimezone(timezone.utc)
    if moment.astimezone(BRITISH_TIME).replace(tzinfo=None) != shown.replace(tzinfo=None):
        raise ColdWeatherRefused("no_such_time")
    return moment


def places_of(directory: Directory) -> list[PlaceRecord]:
    """Give the places that beds can be opened for: the whole area, its districts, and a city of the pack with a council of its own."""
    area = directory.area
    cities = [p for p in directory.places.values() if p.inside and p.kind == "city" and area.name not in p.within]
    return [area, *sorted({p.key: p for p in (*directory.districts(), *cities) if p is not area}.values(), key=lambda p: p.name)]


def check(place: str, starts_at: datetime, ends_at: datetime, moment: datetime, others: Iterable[ColdSpell]) -> None:
    """Refuse, at ``moment``, what cannot be meant. Raises ColdWeatherRefused with what is wrong.

    ``others`` are those known already; two for the same place may touch and not overlap.
    """
    if starts_at < moment - BACK:
        raise ColdWeatherRefused("past")
    if ends_at <= starts_at:
        raise ColdWeatherRefused("order")
    if ends_at <= moment:
        raise ColdWeatherRefused("over")
    if ends_at > moment + AHEAD:
        raise ColdWeatherRefused("ahead", days=AHEAD.days)
    # One that was taken back before it began has no time of its own.
    if any(o.place == place and o.starts_at < o.until and o.starts_at < ends_at and starts_at < o.until for o in others):
        raise ColdWeatherRefused("overlap")


def _utc(moment: datetime) -> datetime:
    """Give a moment as UTC; SQLite keeps no time zone, and what is stored is UTC."""
    return seen(moment).astimezone(timezone.utc)


def _spell(row: ColdWeather) -> ColdSpell:
    ended = _utc(row.ended_at) if row.ended_at else None
    return ColdSpell(row.id, row.place, _utc(row.starts_at), _utc(row.ends_at), row.note, row.by, _utc(row.at), ended, row.ended_by)


class ColdWeatherSwitch:
    """The switch over the database; what is on or planned is kept in memory and read again by ``refresh``.

    When the database cannot be read, what was last read goes on being told until it ends. The clock gives UTC.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._reading = threading.Lock()
        self._current: tuple[ColdSpell, ...] = ()
        self.refresh()

    def current(self) -> tuple[ColdSpell, ...]:
        """Give what is on or planned, as last read, in the order in which it begins."""
        return self._current

    def refresh(self) -> None:
        """Read what is on or planned."""
        # One at a time, so that an earlier look never takes the place of a later one.
        with self._reading, Session(self._engine, future=True) as session:
            self._current = tuple(self._not_over(session))

    def _not_over(self, session: Session) -> list[ColdSpell]:
        going = select(ColdWeather).where(ColdWeather.ended_at.is_(None), ColdWeather.ends_at > self._clock())
        return [_spell(row) for row in session.execute(going.order_by(ColdWeather.starts_at, ColdWeather.id)).scalars()]

    def past(self) -> list[ColdSpell]:
        """Give those that are over or were switched off, newest first."""
        over = select(ColdWeather).where(or_(ColdWeather.ended_at.is_not(None), ColdWeather.ends_at <= self._clock()))
        with Session(self._engine, future=True) as session:
            return [_spell(row) for row in session.execute(over.order_by(ColdWeather.id.desc()).limit(PAST_SHOWN)).scalars()]

    def switch_on(self, place: str, starts_at: datetime, ends_at: datetime, note: str, by: str) -> ColdSpell:
        """Say that beds are open in ``place``; it is told from then on. Raises ColdWeatherRefused."""
        now, starts_at, ends_at = self._clock(), _utc(starts_at), _utc(ends_at)
        with Session(self._engine, future=True) as session:
            if session.get_bind().dialect.name == "postgresql":
                # Two officers at once: the second sees what the first has written. SQLite has one writer at a time anyway.
                session.execute(text("LOCK TABLE cold_weather IN SHARE ROW EXCLUSIVE MODE"))
            row = ColdWeather(place=place, starts_at=starts_at, ends_at=ends_at, note=note[:LONGEST_NOTE], by=by, at=now, ended_by="")
            session.add(row)
            session.flush()
            check(place, starts_at, ends_at, now, [other for other in self._not_over(session) if other.id != row.id])
            spell = _spell(row)
            session.commit()
        self.refresh()
        return spell

    def switch_off(self, number: int, by: str) -> bool:
        """Switch one off before its end, or take a planned one back; give whether there was one to switch off."""
        now = self._clock()
        with Session(self._engine, future=True) as session:
            row = session.get(ColdWeather, number, with_for_update=True)
            going = row is not None and row.ended_at is None and _spell(row).ends_at > now
            if going:
                row.ended_at, row.ended_by = now, by
            session.commit()
        self.refresh()
        return going

    def forget(self, years: int) -> None:
        """Delete those that were over more than ``years`` ago."""
        limit = self._clock() - timedelta(days=365.25 * years)
        with Session(self._engine, future=True) as session:
            session.execute(delete(ColdWeather).where(ColdWeather.ends_at < limit))
            session.commit()
