"""Loading a pack: all or nothing, as often as one likes, and every fault named so that an officer can put it right."""

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.store import ConversationStore
from bot.directory import models
from bot.directory.ledger import Proposal
from bot.directory.pack import load_pack
from bot.directory.records import Directory, directory_version, read_directory
from bot.errors import PackError
from tests.builders import Pack, a_desk

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
"""For what is found before any database is reached."""


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path / "packs")


def count(engine: Engine, model: type) -> int:
    with Session(engine, future=True) as session:
        return int(session.execute(select(func.count()).select_from(model)).scalar_one())


def faults(pack: Pack, engine: Engine) -> list[str]:
    with pytest.raises(PackError) as raised:
        pack.load(engine)
    return raised.value.problems


def test_a_pack_is_loaded_once_and_an_unchanged_one_not_again(pack: Pack, engine: Engine) -> None:
    pack.service().address().times().lead().statement()
    assert pack.load(engine) is True
    before = read_directory(engine)
    assert pack.load(engine) is False
    assert read_directory(engine) == before


def test_a_place_that_another_area_adds_is_known_as_outside_from_the_next_start(pack: Pack, engine: Engine) -> None:
    (pack.directory / "fenshire").mkdir()
    pack.place_name("fenshire", "Fenshire", "county", "england", pack="fenshire").service().load(engine)
    pack.place_name("eel", "Eel", "city", "fenshire", pack="fenshire")
    assert pack.load(engine) is True
    eel = read_directory(engine).place_named("Eel")
    assert eel is not None
    assert not eel.inside


def test_a_service_keeps_its_id_when_the_pack_changes(pack: Pack, engine: Engine) -> None:
    before = pack.service().read(engine).services[0]
    after = pack.service(key="tea_room").read(engine).service("advice_desk")
    assert after is not None
    assert after.id == before.id


def test_a_row_taken_out_of_a_sheet_is_gone_from_the_directory_with_all_that_hung_from_it(pack: Pack, engine: Engine) -> None:
    pack.service().service(key="tea_room", phone="01223 555123", languages="uk;ar").times(service="tea_room").lead(service="tea_room")
    pack.read(engine)
    for sheet in ("times.csv", "leads.csv"):
        pack.path(sheet).unlink()
    pack.path("services.csv").unlink()
    directory = pack.service().read(engine)
    assert [service.key for service in directory.services] == ["advice_desk"]
    for model in (models.Phone, models.Language, models.Schedule, models.Lead):
        assert count(engine, model) == 0


def test_a_pack_with_one_fault_leaves_the_directory_as_it_was(pack: Pack, engine: Engine) -> None:
    before = pack.service().statement().read(engine)
    pack.service(key="tea_room").service(key="late_desk", status="opened").statement(key="st2")
    faults(pack, engine)
    assert read_directory(engine) == before
    assert directory_version(engine) == before.digest


def test_a_database_that_fails_in_the_middle_of_loading_leaves_the_directory_as_it_was(pack: Pack, engine: Engine) -> None:
    before = pack.service().read(engine)
    pack.service(key="tea_room")

    @event.listens_for(engine, "before_cursor_execute")
    def fail(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO loaded_pack"):
            raise ConnectionError("the cable was pulled")

    with pytest.raises(ConnectionError):
        pack.load(engine)
    event.remove(engine, "before_cursor_execute", fail)
    assert read_directory(engine) == before


def test_loading_a_pack_leaves_conversations_alone(pack: Pack, engine: Engine, tmp_path: Path) -> None:
    store = ConversationStore(engine, idle_minutes=15)
    chat = store.start()
    a_desk(engine, tmp_path).accept(chat, "m1", "a question")
    pack.service().load(engine)
    pack.service(key="tea_room").load(engine)
    assert [exchange.text for exchange in store.exchanges(chat)] == ["a question"]


@on_sqlite
def test_every_fault_of_every_sheet_is_told_at_once(pack: Pack, engine: Engine) -> None:
    pack.service(status="opened").service(key="tea_room", phone="1223555123").times(opens="9:00").statement(topics="cooking")
    told = "\n".join(faults(pack, engine))
    for expected in ("column status", "column phone", "times.csv, row 2, column opens", "guidance/housing.csv, row 2, column topics"):
        assert expected in told


FAULTS: list[tuple[str, Callable[[Pack], Pack], list[str]]] = [
    ("unknown organisation", lambda p: p.service(organisation="truts"), ["woldshire/services.csv, row 2, column organisation: 'truts'"]),
    ("unknown topic", lambda p: p.service(service_types="housng"), ["services.csv, row 2, column service_types: 'housng'", "housing"]),
    ("unknown area", lambda p: p.service(area="Northwald"), ["column area: 'Northwald'", "did you mean Northwold"]),
    ("no area", lambda p: p.service(area=""), ["services.csv, row 2, column area: ''", "must be filled in"]),
    ("unknown status", lambda p: p.service(status="open"), ["column status: 'open'", "temporarily closed"]),
    ("unknown regulator", lambda p: p.service(regulated_by="OISC"), ["column regulated_by: 'OISC'", "IAA level 1"]),
    ("lost leading zero", lambda p: p.service(phone="1354654321"), ["column phone: '1354654321'", "leading 0"]),
    ("times of no service", lambda p: p.service().times(service="desk"), ["times.csv, row 2, column service: 'desk'", "services.csv"]),
    ("times at no place", lambda p: p.service().times(place="hall"), ["times.csv, row 2, column place: 'hall'", "places.csv"]),
    ("unknown day", lambda p: p.service().times(days="MO;Tuesday"), ["column days", "'Tuesday'", "MO;WE"]),
    ("bad time", lambda p: p.service().times(opens="9.30"), ["times.csv, row 2, column opens: '9.30'", "09:30"]),
    ("no days and no note", lambda p: p.service().times(days="", opens="", closes=""), ["times.csv, row 2, column notes"]),
    ("half a postcode", lambda p: p.service().address(postcode="DN20"), ["places.csv, row 2, column postcode: 'DN20'", "CB7 4EE"]),
    ("lead of no service", lambda p: p.lead(service="desk"), ["leads.csv, row 2, column service: 'desk'"]),
    ("lead without a place in the order", lambda p: p.service().lead(position="first"), ["leads.csv, row 2, column position: 'first'"]),
    ("statement for nowhere", lambda p: p.statement(area="Atlantis"), ["guidance/housing.csv, row 2, column area: 'Atlantis'"]),
    ("positions missing", lambda p: p.statement(topics="housing;food"), ["guidance/housing.csv, row 2, column positions: '1'"]),
    ("nothing said of source", lambda p: p.service(source=""), ["services.csv, row 2, column source: ''", "must be filled in"]),
    ("public left empty", lambda p: p.service(public=""), ["services.csv, row 2, column public: ''", "yes"]),
    ("place in no county", lambda p: p.place_name("aa", "Aa", "town", "nowhere"), ["gazetteer.csv, row 6, column parent: 'nowhere'"]),
    (
        "outcode of no district",
        lambda p: p.add("postcodes.csv", outcode="DN20", districts="northwald"),
        ["postcodes.csv, row 2, column districts: 'northwald'", "northwold"],
    ),
]


@on_sqlite
@pytest.mark.parametrize(("spoil", "expected"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_named_with_file_row_column_value_and_remedy(
    pack: Pack, engine: Engine, spoil: Callable[[Pack], Pack], expected: list[str]
) -> None:
    told = "\n".join(faults(spoil(pack), engine))
    for part in expected:
        assert part in told
    assert count(engine, models.Organization) == 0


@on_sqlite
def test_a_key_used_twice_names_both_rows(pack: Pack, engine: Engine) -> None:
    told = faults(pack.service().service(key="tea_room").service(), engine)
    assert len(told) == 1
    assert told[0].startswith("woldshire/services.csv, row 4, column key: 'advice_desk': ")
    assert "woldshire/services.csv, row 2" in told[0]


@on_sqlite
def test_a_key_of_the_shared_pack_cannot_be_used_again(pack: Pack, engine: Engine) -> None:
    told = faults(pack.organisation(key="crown", name="Crown").add("organisations.csv", "england", key="crown", name="Crown"), engine)
    assert "england/organisations.csv, row 2" in told[0]


TWICE: list[tuple[str, Callable[[Pack], Pack], str]] = [
    ("language", lambda p: p.service(languages="uk;ar;uk"), "services.csv, row 2, column languages"),
    ("area", lambda p: p.service(area="Brigg;Brigg"), "services.csv, row 2, column area"),
    ("topic", lambda p: p.service(service_types="housing;food;housing"), "services.csv, row 2, column service_types"),
    ("lead", lambda p: p.service().lead().lead(position="2"), "leads.csv, row 3"),
    (
        "outcode",
        lambda p: p.add("postcodes.csv", outcode="DN20", districts="northwold").add("postcodes.csv", outcode="DN20", districts="southwold"),
        "postcodes.csv, row 3",
    ),
]


@on_sqlite
@pytest.mark.parametrize(("write", "where"), [twice[1:] for twice in TWICE], ids=[twice[0] for twice in TWICE])
def test_the_same_thing_written_twice_is_a_fault_with_a_row_and_not_a_database_error(
    pack: Pack, engine: Engine, write: Callable[[Pack], Pack], where: str
) -> None:
    assert where in "\n".join(faults(write(pack), engine))


TOO_LONG: list[tuple[str, Callable[[Pack], Pack], str]] = [
    ("key", lambda p: p.service(key="k" * 90), "services.csv, row 2, column key"),
    ("kind", lambda p: p.organisation(key="crown", kind="a charity with a hall and " * 3), "organisations.csv, row 3, column kind"),
    (
        "charity number",
        lambda p: p.organisation(key="crown", charity_number="1123456 (England), SC012345"),
        "organisations.csv, row 3, column charity_number",
    ),
]


@pytest.mark.parametrize(("write", "where"), [case[1:] for case in TOO_LONG], ids=[case[0] for case in TOO_LONG])
def test_a_cell_that_does_not_fit_is_a_fault_with_a_row_on_every_database(
    pack: Pack, engine: Engine, write: Callable[[Pack], Pack], where: str
) -> None:
    assert where in "\n".join(faults(write(pack), engine))


@on_sqlite
def test_a_language_is_given_as_a_code(pack: Pack, engine: Engine) -> None:
    told = faults(pack.service(languages="uk;Ukrainian and Russian spoken"), engine)
    assert "services.csv, row 2, column languages" in told[0]


@on_sqlite
@pytest.mark.parametrize("typo", ["phones", "telephone", "Phone", "adress"])
def test_a_slip_in_unsure_is_a_fault_because_it_would_publish_what_is_unsure(pack: Pack, engine: Engine, typo: str) -> None:
    told = faults(pack.service(phone="01223 555123", unsure=typo), engine)
    assert "services.csv, row 2, column unsure" in told[0]


@on_sqlite
@pytest.mark.parametrize("day", ["-MO", "0MO", "9FR"])
def test_a_day_that_no_month_has_is_a_fault(pack: Pack, engine: Engine, day: str) -> None:
    told = faults(pack.service().times(days=day, freq="MONTHLY"), engine)
    assert "times.csv, row 2, column days" in told[0]


def test_times_at_the_place_of_another_service_are_taken_or_are_a_fault_with_a_row(pack: Pack, engine: Engine) -> None:
    pack.service().address("shared_hall").service(key="tea_room").times(service="tea_room", place="shared_hall")
    try:
        pack.load(engine)
    except PackError as error:
        assert "times.csv, row 2, column place" in error.problems[0]
    else:
        service = read_directory(engine).service("tea_room")
        assert service is not None
        assert len(service.schedules) == 1


@on_sqlite
def test_an_area_that_its_gazetteer_lacks_is_a_fault_and_not_a_directory_nobody_can_read(pack: Pack, engine: Engine) -> None:
    pack.path("gazetteer.csv").unlink()
    told = faults(pack.place_name("northwold", "Northwold", "district", "england").service(area="Northwold"), engine)
    assert "woldshire" in told[0]


@pytest.mark.parametrize("area", ["birmingham", "cambridgeshire", "lewisham"])
def test_every_pack_of_the_product_loads_on_every_database(engine: Engine, area: str) -> None:
    assert load_pack(engine, area) is True
    directory = read_directory(engine)
    assert directory.area.key == area
    assert directory.services
    assert load_pack(engine, area) is False


def test_the_directory_is_the_same_whichever_database_holds_it(engine: Engine, directory: Directory) -> None:
    load_pack(engine, "cambridgeshire")
    again = read_directory(engine)
    assert sorted(again.services, key=lambda s: s.key) == sorted(directory.services, key=lambda s: s.key)


def test_a_newer_pack_is_left_aside_while_a_change_waits_for_a_second_officer(engine: Engine, tmp_path: Path) -> None:
    pack = Pack(tmp_path).service(phone="01223 555123")
    pack.load(engine)
    before = read_directory(engine)
    with Session(engine, future=True) as session:
        change = {"kind": "service", "key": "advice_desk", "action": "changed", "base": 0, "after": None, "why": "", "state": "waiting"}
        session.add(Proposal(**change, by="Olga", at=datetime.now(timezone.utc)))
        session.commit()
    pack.service("other_desk", name="Other Desk")
    pack.load(engine)
    assert read_directory(engine).services == before.services
    with Session(engine, future=True) as session:
        session.execute(update(Proposal).values(state="refused"))
        session.commit()
    pack.load(engine)
    assert {service.key for service in read_directory(engine).services} == {"advice_desk", "other_desk"}


def test_another_area_takes_the_place_of_the_first(engine: Engine) -> None:
    load_pack(engine, "birmingham")
    load_pack(engine, "lewisham")
    directory = read_directory(engine)
    assert directory.area.name == "Lewisham"
    assert not any(service.serves == ("Birmingham",) for service in directory.services)
    assert count(engine, models.LoadedPack) == 1


def test_a_place_of_england_s_sheet_that_an_area_lists_is_the_area_s_with_england_s_spellings(engine: Engine, pack: Pack) -> None:
    pack.add("gazetteer.csv", "england", key="brigg", name="Brigg", kind="suburb", parent="england", spellings_uk="Бриґ", ambiguous="word")
    place = pack.read(engine).places["brigg"]
    assert (place.inside, place.kind, place.within[:2]) == (True, "town", ("Brigg", "Northwold"))
    assert (place.local_name("uk"), place.ambiguous) == ("Бриґ", "word")


def test_the_area_s_own_spelling_of_a_place_goes_before_england_s(engine: Engine, pack: Pack) -> None:
    pack.add(
        "gazetteer.csv", "england", key="scunby", name="Scunby", kind="town", parent="england", spellings_uk="Сканбі", spellings_ar="سكنبي"
    )
    pack.add("gazetteer.csv", key="scunby", name="Scunby", kind="town", parent="northwold", spellings_uk="Скунбі")
    place = pack.read(engine).places["scunby"]
    assert (place.local_name("uk"), place.local_name("ar")) == ("Скунбі", "سكنبي")


def test_a_key_that_means_another_place_in_england_s_sheet_is_a_fault(engine: Engine, pack: Pack) -> None:
    pack.add("gazetteer.csv", "england", key="brigg", name="Brigg on Sea", kind="town", parent="england")
    with pytest.raises(
        PackError, match=r"woldshire/gazetteer.csv, row 5, column key: 'brigg': this already stands in england/gazetteer.csv"
    ):
        pack.load(engine)
