"""Imports: checked row by row, planned, and then all or nothing; what many files hold at once is never taken for assured."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.database import Base
from bot.directory.changes import Changes
from bot.directory.files import export, gather, read_files, read_sheets, write_csv
from bot.directory.importing import ADDED, CHANGED, Choices, Importer, Plan
from bot.directory.ledger import ENDED, Officer
from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS
from bot.directory.records import read_directory
from bot.directory.sheets import Problem
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE, Cells
from bot.errors import Overtaken, PackError
from tests.builders import Clock, Pack

OLGA, PETER = Officer(1, "Olga"), Officer(2, "Peter")
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""For what is found before any database is reached."""


@pytest.fixture
def pack(tmp_path: Path, engine: Engine) -> Pack:
    pack = Pack(tmp_path / "packs").service(phone="01223 555123").address().times(place="advice_desk_room").lead().statement()
    pack.service(key="tea_room", name="Tea Room").load(engine)
    return pack


@pytest.fixture
def importer(pack: Pack, engine: Engine) -> Importer:
    return Importer(engine, Clock())


def checksum(engine: Engine) -> dict[str, list[str]]:
    """Give all that the database holds."""
    with engine.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(table.select()).all())) for table in Base.metadata.sorted_tables}


def plan_of(importer: Importer, files: dict[str, bytes], choices: Choices = Choices()) -> Plan:
    problems: list[Problem] = []
    return importer.plan(read_files(files.items(), problems), problems, choices)


def sheet(name: str, *rows: Cells, **more: str) -> dict[str, bytes]:
    """A file of one sheet; cells that a row does not say are as a sound row has them."""
    sound = {"source": "their letter", "public": "yes", **more}
    if name == "services.csv":
        sound = {
            "organisation": "trust",
            "description": "Help.",
            "status": "active",
            "service_types": "housing",
            "area": "Woldshire",
            **sound,
        }
    return {name: write_csv(name, [{**sound, **row} for row in rows])}


def put(importer: Importer, files: dict[str, bytes], choices: Choices = Choices()) -> Plan:
    plan = plan_of(importer, files, choices)
    importer.apply(plan, OLGA, "test.csv", choices)
    return plan


def actions(plan: Plan) -> list[tuple[str, str, str]]:
    return [(one.action, one.kind, one.key) for one in plan.changes]


def test_an_export_imported_again_changes_nothing_and_exports_the_same_bytes(tmp_path: Path, engine: Engine) -> None:
    load_pack(engine, "cambridgeshire")
    with Session(engine, future=True) as session:
        first = {path.name: path.read_bytes() for path in export(session, tmp_path / "first")}
    problems: list[Problem] = []
    rows = read_files(gather(tmp_path / "first"), problems)
    importer = Importer(engine)
    plan = importer.plan(rows, problems, Choices(end_missing=True))
    assert (plan.changes, plan.problems) == ((), ())
    importer.apply(plan, OLGA, "first")
    with Session(engine, future=True) as session:
        assert {path.name: path.read_bytes() for path in export(session, tmp_path / "second")} == first


def test_a_backup_fills_an_empty_directory_with_the_same_bytes(tmp_path: Path, engine: Engine) -> None:
    load_pack(engine, "cambridgeshire")
    changes = Changes(engine, Clock())
    changes.assure(OLGA, [(SERVICE, "ely_library", 0)] if changes.record(SERVICE, "ely_library").rows else [(GUIDANCE, "rf16", 0)])
    with Session(engine, future=True) as session:
        first = {path.name: path.read_bytes() for path in export(session, tmp_path / "first")}
    load_empty(engine, tmp_path)
    problems: list[Problem] = []
    choices = Choices(end_missing=True, restore=True)
    importer = Importer(engine)
    plan = importer.plan(read_files(gather(tmp_path / "first"), problems), problems, choices)
    importer.apply(plan, OLGA, "backup", choices)
    with Session(engine, future=True) as session:
        assert {path.name: path.read_bytes() for path in export(session, tmp_path / "second")} == first


def load_empty(engine: Engine, folder: Path) -> None:
    """Leave of the directory no more than its places and terms."""
    importer = Importer(engine)
    files = {name: write_csv(name, []) for name in ("services.csv", "guidance.csv")}
    choices = Choices(end_missing=True, restore=True)
    importer.apply(plan_of(importer, files, choices), OLGA, "empty", choices)
    files = {"organisations.csv": write_csv("organisations.csv", [])}
    importer.apply(plan_of(importer, files, choices), OLGA, "empty", choices)
    assert not read_directory(engine).services


def test_a_new_service_is_added_and_what_a_file_does_not_hold_stays(importer: Importer, engine: Engine) -> None:
    plan = put(importer, sheet("services.csv", {"key": "crown", "name": "Crown Hall"}))
    assert actions(plan) == [(ADDED, SERVICE, "crown")]
    assert {service.key for service in read_directory(engine).services} == {"advice_desk", "tea_room", "crown"}


def test_the_same_file_twice_changes_nothing(importer: Importer, engine: Engine) -> None:
    files = sheet("services.csv", {"key": "crown", "name": "Crown Hall", "languages": "uk; ar", "min_age": "16.0"})
    put(importer, files)
    before = checksum(engine)
    plan = plan_of(importer, files)
    assert (plan.changes, plan.unchanged) == ((), 1)
    importer.apply(plan, OLGA, "again")
    after = checksum(engine)
    del before["loaded_pack"], after["loaded_pack"]
    assert after == before


def test_what_a_file_does_not_hold_is_ended_where_that_is_chosen(importer: Importer, engine: Engine) -> None:
    plan = put(importer, sheet("services.csv", {"key": "tea_room", "name": "Tea Room"}), Choices(end_missing=True))
    assert (ENDED, SERVICE, "advice_desk") in actions(plan)
    assert [service.key for service in read_directory(engine).services] == ["tea_room"]
    changes = Changes(engine)
    [ended] = [one for one in changes.history() if one["action"] == "ended"]
    changes.undo(PETER, ended["id"], ended["id"], "it was there")
    assert read_directory(engine).service("advice_desk") is not None


def test_times_alone_take_the_place_of_the_times_of_the_services_they_name(importer: Importer, engine: Engine) -> None:
    row = {"service": "advice_desk", "freq": "WEEKLY", "days": "FR", "opens": "10:00", "closes": "12:00"}
    plan = put(importer, sheet("times.csv", row, {**row, "days": "SA"}))
    assert actions(plan) == [(CHANGED, SERVICE, "advice_desk")]
    service = read_directory(engine).service("advice_desk")
    assert service is not None
    assert [one.days for one in service.schedules] == [("FR",), ("SA",)]
    assert service.addresses


def test_an_import_never_assures(importer: Importer, engine: Engine) -> None:
    changes = Changes(engine, Clock())
    changes.assure(OLGA, [(SERVICE, "advice_desk", 0), (SERVICE, "tea_room", 0)])
    with Session(engine, future=True) as session:
        rows = {row["key"]: row for row in read_sheets(session)["services.csv"]}
    claim = {"checked_on": "2026-11-29", "checked_by": "all@example.org"}
    files = sheet(
        "services.csv",
        {**rows["advice_desk"], **claim},
        {**rows["tea_room"], **claim, "alert": "Moved"},
        {"key": "crown", "name": "Crown Hall", **claim},
    )
    plan = put(importer, files)
    assert actions(plan) == [(ADDED, SERVICE, "crown"), (CHANGED, SERVICE, "tea_room")]
    directory = read_directory(engine)
    checked = {service.key: service.checked_on for service in directory.services}
    assert str(checked["advice_desk"]) == "2026-11-30"
    assert checked["tea_room"] is None
    assert checked["crown"] is None


def test_guidance_of_a_file_waits_for_a_second_officer(importer: Importer, engine: Engine) -> None:
    row = {"key": "st1", "topics": "housing", "positions": "1", "statement": "Libraries are cool in summer."}
    plan = plan_of(importer, sheet("guidance.csv", row))
    done = importer.apply(plan, OLGA, "guidance.csv")
    assert (done.done, done.proposed) == (0, 1)
    assert read_directory(engine).guidance[0].statement == "Libraries are warm in winter."
    changes = Changes(engine)
    [waiting] = changes.proposals()
    changes.approve(PETER, waiting["id"])
    assert read_directory(engine).guidance[0].statement == "Libraries are cool in summer."


def test_bad_rows_block_an_import_until_it_is_chosen_to_leave_them_out(importer: Importer, engine: Engine) -> None:
    files = sheet("services.csv", {"key": "crown", "name": "Crown"}, {"key": "mill", "name": "Mill", "phone": "1223555123"})
    files |= sheet("times.csv", {"service": "mill", "freq": "WEEKLY", "days": "MO"}, {"service": "crown", "days": "TU", "opens": "9"})
    files |= sheet("organisations.csv", {"key": "unnamed", "name": ""})
    before = checksum(engine)
    plan = plan_of(importer, files)
    assert plan.blocked
    assert {(p.file, p.line, p.column) for p in plan.problems} == {
        ("services.csv", 3, "phone"),
        ("times.csv", 3, "opens"),
        ("organisations.csv", 2, "name"),
    }
    with pytest.raises(PackError):
        importer.apply(plan, OLGA, "x")
    assert checksum(engine) == before
    files |= sheet("services.csv", {"key": "good", "name": "Good"}, {"key": "mill", "name": "Mill", "phone": "1223555123"})
    plan = plan_of(importer, files, Choices(leave_out=True))
    assert not plan.blocked
    assert actions(plan) == [(ADDED, SERVICE, "good")]
    assert plan.left_out == 3


def test_what_belongs_to_something_left_out_is_left_out_too(importer: Importer) -> None:
    files = sheet("organisations.csv", {"key": "unnamed", "name": ""}) | sheet(
        "services.csv", {"key": "crown", "name": "C", "organisation": "unnamed"}
    )
    plan = plan_of(importer, files, Choices(leave_out=True))
    assert (plan.changes, plan.left_out) == ((), 2)
    assert {p.column for p in plan.problems} == {"name", "organisation"}


def test_a_control_character_of_word_comes_in_as_a_space(importer: Importer, engine: Engine) -> None:
    put(importer, {"services.csv": sheet("services.csv", {"key": "crown", "name": "Crown@Hall"})["services.csv"].replace(b"@", b"\x0b")})
    service = read_directory(engine).service("crown")
    assert service is not None
    assert service.name == "Crown Hall"


def test_a_new_organisation_and_its_service_come_in_together(importer: Importer, engine: Engine) -> None:
    files = sheet("services.csv", {"key": "crown", "name": "Crown Hall", "organisation": "crown_trust"})
    put(importer, files | sheet("organisations.csv", {"key": "crown_trust", "name": "Crown Trust"}))
    service = read_directory(engine).service("crown")
    assert service is not None
    assert service.organization == "Crown Trust"


def test_an_import_that_somebody_overtook_is_refused_whole(importer: Importer, engine: Engine) -> None:
    plan = plan_of(importer, sheet("services.csv", {"key": "tea_room", "name": "Tea House"}, {"key": "crown", "name": "Crown Hall"}))
    changes = Changes(engine)
    rows = changes.record(SERVICE, "tea_room").rows
    assert rows
    changes.save(PETER, SERVICE, {**rows, "services.csv": [{**rows["services.csv"][0], "alert": "Closed"}]}, 0)
    with pytest.raises(Overtaken):
        importer.apply(plan, OLGA, "x")
    assert read_directory(engine).service("crown") is None


def test_an_import_that_is_cut_off_leaves_nothing_behind(importer: Importer, engine: Engine) -> None:
    plan = plan_of(importer, sheet("services.csv", *({"key": f"s{n}", "name": f"Service {n}"} for n in range(20))))
    before = checksum(engine)

    def cut(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO service "):
            raise ConnectionError("the cable was pulled")

    event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(ConnectionError):
        importer.apply(plan, OLGA, "x")
    event.remove(engine, "before_cursor_execute", cut)
    assert checksum(engine) == before


def test_a_likely_duplicate_is_shown_and_can_be_said_to_be_the_same(importer: Importer, engine: Engine) -> None:
    row = {"key": "or_9", "name": "The Advice Desk", "phone": "+44 1223 555 123", "alert": "New hours", "description": "Advice for all."}
    plan = plan_of(importer, sheet("services.csv", row))
    [found] = plan.duplicates
    assert (found.key, found.other, "phone" in found.reasons) == ("or_9", "advice_desk", True)
    plan = put(importer, sheet("services.csv", row), Choices(same_as={"or_9": "advice_desk"}))
    assert actions(plan) == [(CHANGED, SERVICE, "advice_desk")]
    service = read_directory(engine).service("advice_desk")
    assert service is not None
    assert (service.description, service.name) == ("Advice for all.", "The Advice Desk")
    assert service.addresses
    assert read_directory(engine).service("or_9") is None


def test_places_beyond_the_area_stay_beyond_it(importer: Importer, engine: Engine) -> None:
    files = sheet(
        "gazetteer.csv",
        {"key": "england", "name": "England", "kind": "nation"},
        {"key": "eel", "name": "Eel", "kind": "village", "parent": "brigg"},
    )
    plan = put(importer, files)
    assert (ADDED, PLACE, "eel") in actions(plan)
    places = read_directory(engine).places
    assert not places["england"].inside
    assert places["eel"].inside


SPOIL: list[Callable[[random.Random, list[str]], list[str]]] = [
    lambda chance, cells: [*cells[:-1], cells[-1] + ",surplus,cells"],
    lambda chance, cells: [cells[0].replace("key", "kye", 1), *cells[1:]],
    lambda chance, cells: ["", *cells[1:]],
    lambda chance, cells: [cells[0], *(cell.replace("trust", "truts") for cell in cells[1:])],
    lambda chance, cells: [cells[0], *(cell.replace("active", "opened") for cell in cells[1:])],
    lambda chance, cells: [cells[0], *(cell.replace("housing", "housng") for cell in cells[1:])],
    lambda chance, cells: [cells[0], *(cell.replace("yes", "maybe") for cell in cells[1:])],
    lambda chance, cells: [cells[0], *(cell.replace("Woldshire", "Atlantis") for cell in cells[1:])],
    lambda chance, cells: [*cells, cells[chance.randrange(1, len(cells))]],
    lambda chance, cells: [cells[0], *(cell.replace("01223", "1223") for cell in cells[1:])],
    lambda chance, cells: [cells[0], *(cell.replace("their letter", "") for cell in cells[1:])],
    lambda chance, cells: [cells[0], *(f'"{cell}' for cell in cells[1:])],
]


@on_sqlite
@pytest.mark.parametrize("seed", range(50))
def test_fifty_malformed_files_are_refused_with_the_place_of_the_fault_and_nothing_is_touched(
    importer: Importer, engine: Engine, seed: int
) -> None:
    chance = random.Random(seed)
    rows = [{"key": f"s{n}", "name": f"Service {n}", "phone": "01223 555123"} for n in range(chance.randrange(2, 9))]
    text = sheet("services.csv", *rows)["services.csv"].decode("utf-8-sig")
    spoilt = "\r\n".join(SPOIL[seed % len(SPOIL)](chance, text.rstrip().split("\r\n")))
    content = spoilt.encode("cp1252", "replace") if seed % 7 == 5 else spoilt.encode()
    if seed % 7 == 5:
        content = content.replace(b"Help.", b"Caf\xe9.", 1)
    before = checksum(engine)
    plan = plan_of(importer, {"services.csv": content})
    assert plan.blocked
    assert all(problem.startswith("services.csv") for problem in plan.problems), plan.problems
    assert any(problem.line or "CSV UTF-8" in problem for problem in plan.problems)
    with pytest.raises(PackError):
        importer.apply(plan, OLGA, "x")
    assert checksum(engine) == before


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_an_empty_sheet_of_every_kind_is_no_fault_and_no_change(importer: Importer, name: str) -> None:
    plan = plan_of(importer, {name: write_csv(name, [])})
    assert (plan.changes, plan.problems, plan.blocked) == ((), (), False)


@pytest.mark.parametrize(("engine", "many"), [("sqlite", 3_000), ("postgresql", 2_000)], indirect=["engine"])
def test_thousands_of_services_come_in_with_word_of_how_far_it_is(importer: Importer, engine: Engine, many: int) -> None:
    rows = ({"key": f"s{n}", "name": f"Service number {n}", "phone": f"0122{n:07d}", "languages": "uk;ar"} for n in range(many))
    problems: list[Problem] = []
    files = read_files(sheet("services.csv", *rows).items(), problems)
    told: list[tuple[int, int]] = []
    plan = importer.plan(files, problems, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (many, many)
    told.clear()
    done = importer.apply(plan, OLGA, "many.csv", progress=lambda done, total: told.append((done, total)))
    assert done.done == many
    assert [one for one, _ in told] == sorted(one for one, _ in told)
    assert len(told) >= many // 1000
    with Session(engine, future=True) as session:
        assert len(read_sheets(session)["services.csv"]) == many + 2


def test_an_organisation_in_use_is_not_ended_by_a_file(importer: Importer, engine: Engine) -> None:
    plan = plan_of(importer, {"organisations.csv": write_csv("organisations.csv", [])}, Choices(end_missing=True))
    assert (ENDED, ORGANIZATION, "trust") in actions(plan)
    with pytest.raises(PackError, match="services belong"):
        importer.apply(plan, OLGA, "x", Choices(end_missing=True))
    assert read_directory(engine).services


def test_what_a_file_holds_with_a_fault_is_not_missing_from_it(importer: Importer, engine: Engine) -> None:
    files = sheet(
        "services.csv", {"key": "advice_desk", "name": "Advice Desk", "phone": "1223555123"}, {"key": "tea_room", "name": "Tea Room"}
    )
    plan = plan_of(importer, files, Choices(leave_out=True, end_missing=True))
    assert not plan.blocked
    assert all(one.action != ENDED for one in plan.changes)


def test_with_a_row_that_cannot_be_read_nothing_is_known_to_be_missing(importer: Importer) -> None:
    content = sheet("services.csv", {"key": "tea_room", "name": "Tea Room"})["services.csv"] + b"advice_desk,too,short\r\n"
    plan = plan_of(importer, {"services.csv": content}, Choices(leave_out=True, end_missing=True))
    assert plan.blocked


def test_places_and_terms_are_never_taken_out_by_a_file(importer: Importer, engine: Engine) -> None:
    before = read_directory(engine).places
    files = {name: write_csv(name, []) for name in ("gazetteer.csv", "postcodes.csv", "terms.csv")}
    assert put(importer, files, Choices(end_missing=True)).changes == ()
    assert read_directory(engine).places == before


def test_a_feed_changes_neither_who_may_see_a_record_nor_mixes_its_times(importer: Importer, engine: Engine) -> None:
    changes = Changes(engine)
    rows = changes.record(SERVICE, "advice_desk").rows
    assert rows
    christmas = {"service": "advice_desk", "date": "2026-12-25", "notes": "Christmas", "source": "x", "public": "yes"}
    hidden = {**rows, "services.csv": [{**rows["services.csv"][0], "public": "no"}], "times.csv": [christmas, *rows["times.csv"]]}
    changes.save(OLGA, SERVICE, hidden, 0)
    row = {"service": "advice_desk", "freq": "WEEKLY", "days": "TU", "opens": "10:00", "closes": "12:00"}
    files = sheet("services.csv", {"key": "advice_desk", "name": "Advice Desk", "cost": "free"}) | sheet("times.csv", row)
    put(importer, files, Choices(merge=True))
    after = changes.record(SERVICE, "advice_desk").rows
    assert after
    assert after["services.csv"][0]["public"] == "no"
    assert after["services.csv"][0]["cost"] == "free"
    assert [(one.get("date", ""), one.get("days", "")) for one in after["times.csv"]] == [("", "TU")]
    assert after["places.csv"] == rows["places.csv"]


def test_only_what_is_new_can_be_brought_in(importer: Importer, engine: Engine) -> None:
    files = sheet("services.csv", {"key": "tea_room", "name": "Another name"}, {"key": "crown", "name": "Crown Hall"})
    assert actions(put(importer, files, Choices(only_new=True))) == [(ADDED, SERVICE, "crown")]


def test_the_same_guidance_twice_waits_once(importer: Importer, engine: Engine) -> None:
    row = {"key": "st1", "topics": "housing", "positions": "1", "statement": "Libraries are cool in summer."}
    for _ in range(2):
        importer.apply(plan_of(importer, sheet("guidance.csv", row)), OLGA, "guidance.csv")
    assert len(Changes(engine).proposals()) == 1


def test_two_rows_that_are_said_to_be_one_service_are_a_problem_and_its_own_places_stay(importer: Importer, engine: Engine) -> None:
    rows = [{"key": "a", "name": "Desk A", "phone": "01223 555999"}, {"key": "b", "name": "Desk B"}]
    same = {"a": "advice_desk", "b": "advice_desk"}
    plan = plan_of(importer, sheet("services.csv", *rows), Choices(same_as=same))
    assert plan.blocked
    assert "two rows are said to be the service advice_desk" in plan.problems[0]
    place = {"service": "a", "key": "a_place", "location_type": "physical", "address_1": "9 Other Road"}
    files = sheet("services.csv", rows[0]) | sheet("places.csv", place)
    put(importer, files, Choices(same_as={"a": "advice_desk"}))
    service = read_directory(engine).service("advice_desk")
    assert service is not None
    assert [one.text for one in service.addresses] == ["1 Mill Lane"]
