"""Builders of what tests need: records, and area packs on disk, with sound defaults for all that a test does not say."""

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.engine import Engine

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer, Heard
from bot.answers.dialogue import Turn, decide
from bot.answers.replies import Answer, Reply
from bot.codes import NEEDS
from bot.database import migrate, open_database
from bot.directory.cold_weather import ColdSpell
from bot.directory.hours import BRITISH_TIME
from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS, HOMELESS_TONIGHT
from bot.directory.records import Directory, GuidanceRecord, PhoneRecord, PlaceRecord, ScheduleRecord, ServiceRecord, read_directory
from bot.errors import SignedOut
from bot.handover.accounts import Accounts, Member
from bot.handover.callback import Vault
from bot.handover.desk import Desk
from bot.handover.hours import DeskHours


def british(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment by the clock on a British wall."""
    return datetime(year, month, day, hour, minute, tzinfo=BRITISH_TIME)


@lru_cache(maxsize=1)
def the_catalogues() -> Catalogues:
    """The product's own words, read once."""
    return Catalogues()


def cambridgeshire(folder: Path) -> Directory:
    """The real directory of Cambridgeshire, read from ``data/`` through a database in ``folder``."""
    engine = open_database(f"sqlite:///{folder / 'cambridgeshire.db'}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    try:
        return read_directory(engine)
    finally:
        engine.dispose()


def a_schedule(
    days: str = "MO;TU;WE;TH;FR",
    opens: str = "09:00",
    closes: str = "17:00",
    notes: str = "",
    on: date | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> ScheduleRecord:
    """An opening; ``days`` is written as in times.csv."""
    codes = tuple(day for day in days.split(";") if day)
    return ScheduleRecord(codes, opens, closes, notes, "WEEKLY" if codes else "", on, valid_from, valid_to)


def all_hours() -> ScheduleRecord:
    """Day and night, every day."""
    return a_schedule("MO;TU;WE;TH;FR;SA;SU", "00:00", "23:59", "24/7")


def a_service(
    key: str = "advice_desk",
    name: str = "Advice Desk",
    organization: str = "Advice Desk Trust",
    kind: str = "charity",
    description: str = "Advice for everyone.",
    status: str = "active",
    phone: str = "01223 555123",
    night_phone: str = "",
    schedules: tuple[ScheduleRecord, ...] = (),
    topics: tuple[str, ...] = ("housing",),
    serves: tuple[str, ...] = ("Cambridgeshire",),
    regulated_by: str = "",
    alert: str = "",
    leads: dict[str, int] | None = None,
    unsure: tuple[str, ...] = (),
    cost: str = "",
    eligibility: tuple[str, ...] = (),
    minimum_age: float | None = None,
) -> ServiceRecord:
    """A service that may be shown."""
    phones = [PhoneRecord(phone, "", False)] if phone else []
    phones += [PhoneRecord(night_phone, "", True)] if night_phone else []
    return ServiceRecord(
        id=f"id-{key}",
        key=key,
        name=name,
        organization=organization,
        kind=kind,
        description=description,
        status=status,
        url="https://example.org",
        email="desk@example.org",
        email_note="",
        phones=tuple(phones),
        addresses=(),
        schedules=schedules,
        languages=(),
        interpretation_services="",
        cost=cost,
        eligibility_description="",
        eligibility=frozenset(eligibility),
        minimum_age=minimum_age,
        topics=frozenset(topics),
        serves=serves,
        regulated_by=regulated_by,
        alert=alert,
        leads=leads or {},
        unsure=frozenset(unsure),
        checked_on=None,
        source="the officer's own visit",
    )


def a_statement(
    key: str = "st1",
    statement: str = "Libraries are warm in winter.",
    topics: dict[str, int] | None = None,
    area: str = "",
    urgent: str = "",
    together: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> GuidanceRecord:
    """A statement that may be shown."""
    return GuidanceRecord(
        key=key,
        topics=topics or {"housing": 1},
        area=area,
        urgent=urgent,
        together=together,
        statement=statement,
        source="a public page",
        source_seen="2026",
        valid_from=valid_from,
        valid_until=valid_until,
        checked_on=None,
    )


def a_place(key: str, name: str, kind: str, *above: PlaceRecord, inside: bool = True) -> PlaceRecord:
    """A place; ``above`` is the place that contains it, if any."""
    within = (name, *(above[0].within if above else ()))
    return PlaceRecord(key=key, name=name, kind=kind, within=within, inside=inside, spellings={})


def a_cold_spell(
    place: str = "fenland",
    starts_at: datetime = british(2026, 11, 23, 18),
    ends_at: datetime = british(2026, 11, 24, 9),
    ended_at: datetime | None = None,
) -> ColdSpell:
    """A night of open beds, switched on by Olga at its start."""
    return ColdSpell(1, place, starts_at, ends_at, "", "Olga", starts_at, ended_at, "Olga" if ended_at else "")


class Pack:
    """An area pack on disk: each method adds a row; ``load`` puts the pack into a database.

    It has a county (Woldshire) with two districts (Northwold with the town of Brigg, Southwold), every taxonomy term of
    the topics, and one organisation (``trust``).
    """

    AREA = "woldshire"

    def __init__(self, root: Path) -> None:
        self.directory = root / "directory"
        self.guidance = root / "guidance"
        for folder in (self.directory / "england", self.directory / self.AREA, self.guidance):
            folder.mkdir(parents=True)
        for topic in (*NEEDS, HOMELESS_TONIGHT):
            self.add("terms.csv", "england", key=f"topic:{topic}", taxonomy="topic", name=topic, description=topic)
        self.add("terms.csv", "england", key="circumstance:anyone", taxonomy="circumstance", name="Anyone", description="Anyone")
        self.place_name("england", "England", "nation", pack="england")
        self.place_name(self.AREA, "Woldshire", "county", "england")
        self.place_name("northwold", "Northwold", "district", self.AREA)
        self.place_name("southwold", "Southwold", "district", self.AREA)
        self.place_name("brigg", "Brigg", "town", "northwold")
        self.organisation()

    def path(self, sheet: str, pack: str = AREA) -> Path:
        """Where a sheet is: guidance is not in a pack's folder."""
        return (self.guidance if pack == "guidance" else self.directory / pack) / sheet

    def add(self, sheet: str, pack: str = AREA, **cells: str) -> "Pack":
        """Add a row to a sheet; cells not given are empty, provenance apart."""
        columns = COLUMNS["guidance.csv" if pack == "guidance" else sheet]
        row = {"source": "the officer's own visit", "public": "yes", **cells}
        path = self.path(sheet, pack)
        new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(columns)
            unknown = set(cells) - set(columns)
            assert not unknown, f"{sheet} has no column {unknown}"
            writer.writerow([row.get(column, "") for column in columns])
        return self

    def place_name(self, key: str, name: str, kind: str, parent: str = "", pack: str = AREA) -> "Pack":
        return self.add("gazetteer.csv", pack, key=key, name=name, kind=kind, parent=parent)

    def organisation(self, key: str = "trust", name: str = "Advice Desk Trust", kind: str = "charity", **cells: str) -> "Pack":
        return self.add("organisations.csv", key=key, name=name, kind=kind, **cells)

    def service(self, key: str = "advice_desk", **cells: str) -> "Pack":
        defaults = {
            "organisation": "trust",
            "name": key.replace("_", " ").title(),
            "description": "Advice for everyone.",
            "status": "active",
            "service_types": "housing",
            "area": "Woldshire",
        }
        return self.add("services.csv", key=key, **{**defaults, **cells})

    def address(self, key: str = "advice_desk_room", service: str = "advice_desk", **cells: str) -> "Pack":
        return self.add("places.csv", key=key, service=service, **{"location_type": "physical", "address_1": "1 Mill Lane", **cells})

    def times(self, service: str = "advice_desk", **cells: str) -> "Pack":
        defaults = {"freq": "WEEKLY", "days": "MO;WE", "opens": "09:00", "closes": "17:00"}
        return self.add("times.csv", service=service, **{**defaults, **cells})

    def lead(self, topic: str = "housing", position: str = "1", service: str = "advice_desk") -> "Pack":
        return self.add("leads.csv", topic=topic, position=position, service=service)

    def statement(self, key: str = "st1", sheet: str = "housing.csv", **cells: str) -> "Pack":
        defaults = {"topics": "housing", "positions": "1", "statement": "Libraries are warm in winter."}
        return self.add(sheet, "guidance", key=key, **{**defaults, **cells})

    def load(self, engine: Engine) -> bool:
        return load_pack(engine, self.AREA, self.directory, self.guidance)

    def read(self, engine: Engine) -> Directory:
        """Load the pack and read what may be shown."""
        self.load(engine)
        return read_directory(engine)


def a_turn(
    intent: str = "housing",
    confidence: float = 0.9,
    ranking: tuple[tuple[str, float], ...] = (),
    urgent: str | None = None,
    place: str | None = None,
    outside: str | None = None,
    slots: dict[str, Any] | None = None,
    **more: Any,
) -> Turn:
    """What one message meant; without a ``ranking`` the intent is the only one thought of, ``slots`` are what is remembered."""
    return Turn(intent, confidence, ranking or ((intent, confidence),), urgent, place, outside, slots=slots or {}, **more)


class Talk:
    """A conversation with the dialogue and the composer, Rasa and the front door left out."""

    def __init__(self, composer: Composer, moment: datetime | None = None, language: str = "en") -> None:
        self.composer = composer
        self.moment = moment or british(2026, 11, 23, 11)
        self.language = language
        self.slots: dict[str, Any] = {}

    def say(self, intent: str, names_language: str | None = None, heard: Heard | None = None, **meaning: Any) -> Answer:
        """Say something that means ``intent``; ``meaning`` is as ``a_turn`` has it."""
        decision, slots = decide(a_turn(intent, slots=self.slots, **meaning))
        self.slots.update(slots)
        return self.composer.render(decision, self.language, self.moment, heard or Heard(names_language))


def replies(answer: Answer, kind: str) -> list[Reply]:
    """Give the replies of one kind."""
    return [reply for reply in answer.replies if reply.kind == kind]


def shown(answer: Answer) -> list[str]:
    """Give the names of the services shown."""
    return [card.name for reply in replies(answer, "services") for card in reply.services]


def offered(answer: Answer) -> list[str]:
    """Give the values of the buttons shown."""
    return [choice.value for reply in replies(answer, "choices") for choice in reply.choices]


PASSWORD = "river lamp garden"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""A hasher that costs next to nothing: what it protects is not tried here."""
ALWAYS_OPEN = "2020-2099 00:00-24:00"
"""On bank holidays, too: those are closed unless the years are named."""


class Clock:
    """A clock that stands until it is moved; it begins at a Monday noon in winter."""

    def __init__(self, now: datetime = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **more: float) -> None:
        """Let time pass: keyword arguments as of timedelta."""
        self.now += timedelta(**more)


def a_desk(
    engine: Engine,
    folder: Path,
    hours: str = ALWAYS_OPEN,
    clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    alert: Callable[[str], None] = lambda kind: None,
    changed: Callable[[], None] = lambda: None,
    district: Callable[[str | None], str] = lambda place: "",
    is_off: Callable[[], bool] = lambda: False,
) -> Desk:
    """A desk over a database, with a visitor idle after 15 minutes and a holder gone after two."""
    return Desk(
        engine,
        Accounts(engine, clock=clock, hasher=CHEAP),
        DeskHours(hours),
        Vault(folder),
        idle=timedelta(minutes=15),
        gone_after=timedelta(minutes=2),
        changed=changed,
        alert=alert,
        clock=clock,
        district=district,
        is_off=is_off,
    )


def a_member(desk: Desk, name: str = "Anna", role: str = "staff") -> Member:
    """Somebody with an account, signed in and at the desk."""
    member = desk.accounts.add(name.lower(), name, role, PASSWORD)
    session = desk.accounts.who(desk.accounts.sign_in(name.lower(), PASSWORD, "127.0.0.1"))
    desk.accounts.beat(session.id)
    return member


def is_over(accounts: Accounts, token: str) -> bool:
    """Tell whether a session of staff's goes on no more."""
    try:
        accounts.who(token)
    except SignedOut:
        return True
    return False
