"""Changing records: nothing is overwritten unseen, what weighs takes two officers, and every change is kept and can be undone."""

import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory import models
from bot.directory.changes import ASSURED_AT_ONCE, Changes, Saved
from bot.directory.ledger import Officer
from bot.directory.pack import load_pack
from bot.directory.records import Directory, directory_version, read_directory
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE, Rows
from bot.errors import NotApproved, Overtaken, PackError
from tests.builders import Clock, Pack

OLGA, PETER = Officer(1, "Olga"), Officer(2, "Peter")


@pytest.fixture
def pack(tmp_path: Path, engine: Engine) -> Pack:
    pack = Pack(tmp_path / "packs").service(phone="01223 555123").address().times(place="advice_desk_room").lead().statement()
    pack.service(key="helpline", phone="0808 800 4444").lead("self_harm", service="helpline").load(engine)
    return pack


@pytest.fixture
def changes(pack: Pack, engine: Engine) -> Changes:
    return Changes(engine, Clock())


def rows_now(changes: Changes, kind: str, key: str) -> Rows:
    rows = changes.record(kind, key).rows
    assert rows is not None
    return rows


def with_cells(rows: Rows, sheet: str, **cells: str) -> Rows:
    """The rows of a record with cells of its first row in ``sheet`` changed."""
    return {**rows, sheet: [{**rows[sheet][0], **cells}, *rows[sheet][1:]]}


def service_of(engine: Engine, key: str = "advice_desk") -> object:
    return read_directory(engine).service(key)


def test_a_service_is_changed_and_everybody_sees_another_version(changes: Changes, engine: Engine) -> None:
    before = directory_version(engine)
    rows = with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", description="Advice on Mondays.")
    saved = changes.save(OLGA, SERVICE, rows, 0, "They moved it")
    service = read_directory(engine).service("advice_desk")
    assert service is not None
    assert service.description == "Advice on Mondays."
    assert len(service.schedules) == 1
    assert saved.revision
    assert directory_version(engine) != before
    [one] = changes.history(SERVICE, "advice_desk")
    assert (one["by"], one["why"], one["action"]) == ("Olga", "They moved it", "changed")
    assert one["before"]["services.csv"][0]["description"] == "Advice for everyone."
    assert one["after"] == rows_now(changes, SERVICE, "advice_desk")


def test_a_change_of_nothing_is_no_change(changes: Changes, engine: Engine) -> None:
    before = directory_version(engine)
    assert changes.save(OLGA, SERVICE, rows_now(changes, SERVICE, "advice_desk"), 0) == Saved()
    assert changes.history() == []
    assert directory_version(engine) == before


def test_a_second_person_is_shown_what_the_first_changed_and_overwrites_nothing(changes: Changes, engine: Engine) -> None:
    read_by_both = changes.record(SERVICE, "advice_desk")
    assert read_by_both.rows is not None
    changes.save(OLGA, SERVICE, with_cells(read_by_both.rows, "services.csv", alert="Closed today"), read_by_both.revision)
    with pytest.raises(Overtaken) as raised:
        changes.save(PETER, SERVICE, with_cells(read_by_both.rows, "services.csv", alert="Open late"), read_by_both.revision)
    now = raised.value.record
    assert now.rows["services.csv"][0]["alert"] == "Closed today"
    changes.save(PETER, SERVICE, with_cells(read_by_both.rows, "services.csv", alert="Open late"), now.revision)
    assert rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]["alert"] == "Open late"


def test_what_was_sent_twice_is_one_change(changes: Changes) -> None:
    rows = with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", alert="Closed today")
    assert changes.save(OLGA, SERVICE, rows, 0).revision
    assert changes.save(OLGA, SERVICE, rows, 0) == Saved()
    assert len(changes.history(SERVICE, "advice_desk")) == 1


@pytest.mark.parametrize("asked_before", range(8))
def test_a_record_that_is_changed_while_it_is_read_is_not_taken_for_the_newer_one(
    changes: Changes, engine: Engine, asked_before: int
) -> None:
    """Old rows under the new revision would let a form that was made of them overwrite the change unseen."""
    rows = rows_now(changes, SERVICE, "advice_desk")
    asked: list[str] = []

    def change(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)
        if len(asked) == asked_before + 1:
            changes.save(PETER, SERVICE, with_cells(rows, "services.csv", alert="Closed today"), 0)

    event.listen(engine, "before_cursor_execute", change)
    try:
        read = changes.record(SERVICE, "advice_desk")
    finally:
        event.remove(engine, "before_cursor_execute", change)
    assert len(asked) > asked_before
    assert read.rows
    assert read.revision == 0 or read.rows["services.csv"][0]["alert"] == "Closed today"


def test_two_who_save_at_the_same_moment_do_not_both_win(changes: Changes, engine: Engine) -> None:
    rows = rows_now(changes, SERVICE, "advice_desk")
    outcomes: list[str] = []
    ready = threading.Barrier(4)

    def save(number: int) -> None:
        ready.wait()
        try:
            changes.save(OLGA, SERVICE, with_cells(rows, "services.csv", alert=f"Notice {number}"), 0)
            outcomes.append("saved")
        except Overtaken:
            outcomes.append("overtaken")

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["overtaken", "overtaken", "overtaken", "saved"]


def test_a_new_record_is_made_and_its_key_cannot_be_made_again(changes: Changes) -> None:
    row = {"key": "crown", "name": "Crown Hall", "source": "their letter", "public": "yes"}
    changes.save(OLGA, ORGANIZATION, {"organisations.csv": [row]}, 0)
    assert rows_now(changes, ORGANIZATION, "crown")["organisations.csv"] == [row]
    with pytest.raises(Overtaken):
        changes.save(PETER, ORGANIZATION, {"organisations.csv": [{**row, "name": "Crown"}]}, 0)


def test_faults_are_told_and_nothing_changes(changes: Changes, engine: Engine) -> None:
    before = rows_now(changes, SERVICE, "advice_desk")
    wrong = with_cells(with_cells(before, "services.csv", phone="1223555123", url="example.org"), "times.csv", opens="9:00")
    with pytest.raises(PackError) as raised:
        changes.save(OLGA, SERVICE, wrong, 0)
    assert {problem.split(", ")[2].split(":")[0] for problem in raised.value.problems} == {"column phone", "column url", "column opens"}
    assert rows_now(changes, SERVICE, "advice_desk") == before
    assert [(p.column, p.line) for p in changes.check(SERVICE, wrong)] == [("url", 1), ("phone", 1), ("opens", 1)]


def test_a_place_of_another_service_cannot_be_taken(changes: Changes) -> None:
    place = {"service": "helpline", "key": "advice_desk_room", "location_type": "virtual", "source": "x", "public": "yes"}
    rows = {**rows_now(changes, SERVICE, "helpline"), "places.csv": [place]}
    with pytest.raises(PackError, match="taken by a place of another service"):
        changes.save(OLGA, SERVICE, rows, 0)


def test_an_organisation_with_services_is_not_ended_and_one_without_is(changes: Changes) -> None:
    with pytest.raises(PackError, match="2 services belong"):
        changes.end(OLGA, ORGANIZATION, "trust", 0, "closed")
    changes.end(OLGA, SERVICE, "advice_desk", 0, "closed")
    proposal = changes.end(OLGA, SERVICE, "helpline", 0, "closed").proposal
    changes.approve(PETER, proposal)
    changes.end(OLGA, ORGANIZATION, "trust", 0, "closed")
    assert changes.record(ORGANIZATION, "trust").rows is None


def test_what_hangs_from_an_ended_service_goes_with_it_and_comes_back_by_undo(changes: Changes, engine: Engine) -> None:
    before = rows_now(changes, SERVICE, "advice_desk")
    ended = changes.end(OLGA, SERVICE, "advice_desk", 0, "closed for good")
    with Session(engine, future=True) as session:
        for model in (models.Location, models.ServiceAtLocation, models.Schedule):
            assert session.execute(select(func.count()).select_from(model)).scalar_one() == 0
    changes.undo(PETER, ended.revision, ended.revision, "it was another one")
    assert rows_now(changes, SERVICE, "advice_desk") == before
    assert [one["action"] for one in changes.history(SERVICE, "advice_desk")] == ["undone", "ended"]


def test_an_undo_that_somebody_overtook_is_told(changes: Changes) -> None:
    first = changes.save(OLGA, SERVICE, with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", alert="One"), 0).revision
    changes.save(PETER, SERVICE, with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", alert="Two"), first)
    with pytest.raises(Overtaken):
        changes.undo(OLGA, first, first, "")
    assert rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]["alert"] == "Two"


def statement(changes: Changes, **cells: str) -> Rows:
    return with_cells(rows_now(changes, GUIDANCE, "st1"), "guidance.csv", **cells)


def told(engine: Engine) -> list[str]:
    directory: Directory = read_directory(engine)
    return [one.statement for one in directory.guidance]


def test_guidance_takes_a_second_officer(changes: Changes, engine: Engine) -> None:
    saved = changes.save(OLGA, GUIDANCE, statement(changes, statement="Libraries are cool in summer."), 0, "season")
    assert saved.proposal
    assert told(engine) == ["Libraries are warm in winter."]
    with pytest.raises(NotApproved, match="own"):
        changes.approve(OLGA, saved.proposal)
    assert told(engine) == ["Libraries are warm in winter."]
    changes.approve(PETER, saved.proposal)
    assert told(engine) == ["Libraries are cool in summer."]
    [one] = changes.history(GUIDANCE, "st1")
    assert (one["by"], one["approved_by"], one["why"]) == ("Olga", "Peter", "season")
    with pytest.raises(NotApproved, match="decided"):
        changes.approve(PETER, saved.proposal)


def test_undoing_guidance_takes_a_second_officer_too(changes: Changes, engine: Engine) -> None:
    proposal = changes.save(OLGA, GUIDANCE, statement(changes, statement="Libraries are cool in summer."), 0).proposal
    revision = changes.approve(PETER, proposal).revision
    undo = changes.undo(PETER, revision, revision, "wrong season")
    assert told(engine) == ["Libraries are cool in summer."]
    changes.approve(OLGA, undo.proposal)
    assert told(engine) == ["Libraries are warm in winter."]


def test_a_refused_change_leaves_no_trace_in_the_chat_and_its_reason_is_kept(changes: Changes, engine: Engine) -> None:
    proposal = changes.save(OLGA, GUIDANCE, statement(changes, statement="Come in."), 0).proposal
    changes.refuse(PETER, proposal, "no source")
    assert changes.proposals() == []
    with pytest.raises(NotApproved):
        changes.approve(PETER, proposal)
    assert told(engine) == ["Libraries are warm in winter."]


def test_a_proposal_that_was_overtaken_is_not_put_into_force(changes: Changes, engine: Engine) -> None:
    old = changes.save(PETER, GUIDANCE, statement(changes, statement="Old idea."), 0).proposal
    new = changes.save(OLGA, GUIDANCE, statement(changes, statement="New idea."), 0).proposal
    changes.approve(PETER, new)
    with pytest.raises(Overtaken):
        changes.approve(OLGA, old)
    assert told(engine) == ["New idea."]
    assert [one["id"] for one in changes.proposals()] == [old]


def test_the_number_of_an_urgent_answer_takes_a_second_officer_and_its_description_does_not(changes: Changes) -> None:
    rows = rows_now(changes, SERVICE, "helpline")
    assert changes.save(OLGA, SERVICE, with_cells(rows, "services.csv", description="A line."), 0).revision
    rows = rows_now(changes, SERVICE, "helpline")
    number = changes.history(SERVICE, "helpline")[0]["id"]
    assert changes.save(OLGA, SERVICE, with_cells(rows, "services.csv", phone="0808 800 4445"), number).proposal
    other = rows_now(changes, SERVICE, "advice_desk")
    lead = {"topic": "detention", "position": "1", "service": "advice_desk"}
    assert changes.save(OLGA, SERVICE, {**other, "leads.csv": [*other["leads.csv"], lead]}, 0).proposal


def test_records_are_assured_by_one_officer_each_with_day_and_name(changes: Changes, engine: Engine) -> None:
    assert changes.assure(OLGA, [(SERVICE, "advice_desk", 0), (GUIDANCE, "st1", 0)]) == 2
    directory = read_directory(engine)
    service = directory.service("advice_desk")
    assert service is not None
    assert service.checked_on == directory.guidance[0].checked_on == date(2026, 11, 30)
    assert rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]["checked_by"] == "Olga"
    assert {one["action"] for one in changes.history()} == {"assured"}


def test_nobody_assures_more_at_once_than_they_can_have_looked_at(changes: Changes, engine: Engine) -> None:
    with pytest.raises(PackError, match=str(ASSURED_AT_ONCE)):
        changes.assure(OLGA, [(SERVICE, "advice_desk", 0)] * (ASSURED_AT_ONCE + 1))


def test_what_changed_meanwhile_is_not_assured_nor_is_anything_chosen_with_it(changes: Changes, engine: Engine) -> None:
    changes.save(PETER, SERVICE, with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", alert="Closed today"), 0)
    with pytest.raises(Overtaken):
        changes.assure(OLGA, [(GUIDANCE, "st1", 0), (SERVICE, "advice_desk", 0)])
    assert all(one.checked_on is None for one in read_directory(engine).guidance)


def test_a_change_keeps_who_assured_the_record_unless_it_is_assured_with_it(changes: Changes, engine: Engine) -> None:
    changes.assure(OLGA, [(SERVICE, "advice_desk", 0)])
    record = changes.record(SERVICE, "advice_desk")
    assert record.rows is not None
    rows = with_cells(record.rows, "services.csv", alert="Closed today", checked_on="2020-01-01", checked_by="nobody@example.org")
    saved = changes.save(PETER, SERVICE, rows, record.revision)
    assert rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]["checked_by"] == "Olga"
    changes.save(PETER, SERVICE, with_cells(rows, "services.csv", alert=""), saved.revision, assure=True)
    assert rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]["checked_by"] == "Peter"


def test_a_place_is_added_inside_the_area(changes: Changes, engine: Engine) -> None:
    row = {"key": "wrawby", "name": "Wrawby", "kind": "village", "parent": "northwold", "source": "the map"}
    changes.save(OLGA, PLACE, {"gazetteer.csv": [row]}, 0)
    place = read_directory(engine).place_named("Wrawby")
    assert place is not None
    assert place.inside
    assert place.within == ("Wrawby", "Northwold", "Woldshire", "England")


def test_old_history_is_forgotten_and_what_waits_is_not(pack: Pack, engine: Engine) -> None:
    clock = Clock()
    changes = Changes(engine, clock)
    changes.save(OLGA, GUIDANCE, statement(changes, statement="New."), 0)
    changes.assure(OLGA, [(SERVICE, "advice_desk", 0)])
    clock.pass_by(days=8 * 366)
    changes.forget(7)
    assert changes.history() == []
    assert len(changes.proposals()) == 1


def test_a_directory_that_officers_changed_is_not_overwritten_by_a_newer_pack(pack: Pack, changes: Changes, engine: Engine) -> None:
    changes.save(OLGA, SERVICE, with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", alert="Closed today"), 0)
    pack.service(key="tea_room")
    assert pack.load(engine) is False
    assert rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]["alert"] == "Closed today"
    with pytest.raises(PackError, match="a database of its own"):
        load_pack(engine, "lewisham")


@pytest.mark.parametrize("many", [2, 3])
def test_a_service_at_several_places_is_saved_previewed_and_undone(changes: Changes, many: int) -> None:
    rows = rows_now(changes, SERVICE, "advice_desk")
    more = [{**rows["places.csv"][0], "key": f"advice_desk_{n}", "address_1": f"{n} Mill Lane"} for n in range(1, many)]
    times = [*rows["times.csv"], {**rows["times.csv"][0], "place": "advice_desk_1", "days": "FR"}]
    wanted = {**rows, "places.csv": [*more, *rows["places.csv"]], "times.csv": times}
    assert changes.preview(SERVICE, wanted) is not None
    first = changes.save(OLGA, SERVICE, wanted, 0).revision
    assert len(rows_now(changes, SERVICE, "advice_desk")["places.csv"]) == many
    wanted = with_cells(rows_now(changes, SERVICE, "advice_desk"), "services.csv", alert="Moved")
    second = changes.save(OLGA, SERVICE, wanted, first).revision
    changes.undo(OLGA, second, second, "")
    assert "alert" not in rows_now(changes, SERVICE, "advice_desk")["services.csv"][0]


def test_who_is_called_by_somebody_with_nowhere_to_sleep_takes_two(changes: Changes) -> None:
    rows = rows_now(changes, SERVICE, "advice_desk")
    assert changes.save(OLGA, SERVICE, with_cells(rows, "services.csv", service_types="housing;homeless_tonight"), 0).proposal
    new = with_cells(rows, "services.csv", key="night_line", name="Night line", service_types="homeless_tonight")
    new = {"services.csv": new["services.csv"], "leads.csv": [{"topic": "housing", "position": "0", "service": "night_line"}]}
    assert changes.save(OLGA, SERVICE, new, 0, is_new=True).proposal


def test_an_urgent_helpline_is_not_hidden_or_renamed_through_its_organisation_by_one(changes: Changes) -> None:
    rows = rows_now(changes, ORGANIZATION, "trust")
    for cells in ({"public": "no"}, {"name": "Other Trust"}, {"kind": "council"}):
        assert changes.save(OLGA, ORGANIZATION, with_cells(rows, "organisations.csv", **cells), 0).proposal
    assert changes.save(OLGA, ORGANIZATION, with_cells(rows, "organisations.csv", website="https://example.org"), 0).revision
    crown = {"key": "crown", "name": "Crown Hall", "source": "their letter", "public": "no"}
    changes.save(OLGA, ORGANIZATION, {"organisations.csv": [crown]}, 0)
    moved = with_cells(rows_now(changes, SERVICE, "helpline"), "services.csv", organisation="crown")
    assert changes.save(OLGA, SERVICE, moved, 0).proposal


def test_a_place_that_others_name_is_not_taken_out_and_its_new_name_is_followed(changes: Changes, engine: Engine) -> None:
    for key in ("woldshire", "northwold"):
        with pytest.raises(PackError, match="others name this"):
            changes.end(OLGA, PLACE, key, 0, "")
    proposal = changes.save(OLGA, PLACE, with_cells(rows_now(changes, PLACE, "woldshire"), "gazetteer.csv", name="Wolds"), 0).proposal
    changes.approve(PETER, proposal)
    directory = read_directory(engine)
    assert directory.area.name == "Wolds"
    assert all(service.serves == ("Wolds",) for service in directory.services)
    assert changes.check(SERVICE, rows_now(changes, SERVICE, "advice_desk")) == []


def test_a_place_said_to_be_new_takes_no_other_ones_place_and_lies_where_it_lies(changes: Changes, engine: Engine) -> None:
    row = {"key": "england", "name": "England", "kind": "village", "source": "the map"}
    with pytest.raises(Overtaken):
        changes.save(OLGA, PLACE, {"gazetteer.csv": [row]}, 0, is_new=True)
    beyond = {"key": "calais", "name": "Calais", "kind": "town", "parent": "england", "source": "the map"}
    changes.save(OLGA, PLACE, {"gazetteer.csv": [beyond]}, 0, is_new=True)
    assert not read_directory(engine).places["calais"].inside


def test_the_same_proposal_is_put_once_and_ones_own_newer_one_takes_its_place(changes: Changes) -> None:
    first = changes.save(OLGA, GUIDANCE, statement(changes, statement="One."), 0)
    assert changes.save(OLGA, GUIDANCE, statement(changes, statement="One."), 0) == first
    second = changes.save(OLGA, GUIDANCE, statement(changes, statement="Two."), 0)
    changes.save(PETER, GUIDANCE, statement(changes, statement="Three."), 0)
    assert [one["after"]["guidance.csv"][0]["statement"] for one in changes.proposals()] == ["Two.", "Three."]
    assert second != first


def test_still_true_does_not_overtake_what_waits_and_is_not_lost_by_it(changes: Changes, engine: Engine) -> None:
    proposal = changes.save(OLGA, GUIDANCE, statement(changes, statement="New."), 0).proposal
    changes.assure(PETER, [(GUIDANCE, "st1", 0)])
    assert [one["overtaken"] for one in changes.proposals()] == [False]
    changes.approve(PETER, proposal)
    assert told(engine) == ["New."]
    assert rows_now(changes, GUIDANCE, "st1")["guidance.csv"][0]["checked_by"] == "Peter"


def test_a_proposal_alone_changes_no_edition(changes: Changes, engine: Engine) -> None:
    before = directory_version(engine)
    changes.save(OLGA, GUIDANCE, statement(changes, statement="New."), 0)
    assert directory_version(engine) == before
