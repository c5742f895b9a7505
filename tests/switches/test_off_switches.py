"""The off switches: what is off, since when and by whom, what is written down of it, and for how long."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.errors import SwitchRefused
from bot.switches.off_switches import ASSISTANT, HANDOVER, HISTORY_SHOWN, LONGEST_MESSAGE, LONGEST_REASON, Off, OffSwitches, Switching
from tests.builders import Clock


def rows(engine: Engine) -> int:
    with Session(engine, future=True) as session:
        return int(session.execute(select(func.count(Switching.id))).scalar() or 0)


def test_everything_is_on_until_it_is_switched_off(engine: Engine) -> None:
    switches = OffSwitches(engine)
    assert switches.current() == ()
    assert switches.off(ASSISTANT) is None
    assert switches.history() == []


def test_what_is_off_says_since_when_by_whom_and_why(engine: Engine) -> None:
    clock = Clock()
    switches, elsewhere = OffSwitches(engine, clock), OffSwitches(engine, clock)
    switches.switch_off(HANDOVER, "Olga", " No staff today ", " Back on Monday. ")
    off = Off(HANDOVER, clock.now, "Olga", "No staff today", "Back on Monday.")
    assert switches.current() == (off,)
    assert switches.off(ASSISTANT) is None
    assert elsewhere.off(HANDOVER) is None
    elsewhere.refresh()
    assert elsewhere.off(HANDOVER) == off


def test_a_new_message_leaves_who_switched_off_and_when(engine: Engine) -> None:
    clock = Clock()
    switches, first = OffSwitches(engine, clock), clock.now
    switches.switch_off(ASSISTANT, "Olga", "wrong answers", "Bak soon.")
    clock.pass_by(hours=1)
    switches.switch_off(ASSISTANT, "Omar", "a slip", "Back soon.")
    assert switches.off(ASSISTANT) == Off(ASSISTANT, first, "Olga", "a slip", "Back soon.")
    assert rows(engine) == 2


def test_another_officer_switches_on_again_and_both_stand_in_the_history(engine: Engine) -> None:
    clock = Clock()
    olga, omar = OffSwitches(engine, clock), OffSwitches(engine, clock)
    olga.switch_off(ASSISTANT, "Olga", "wrong answers")
    clock.pass_by(hours=1)
    # Omar's front door has not heard of it yet.
    assert omar.switch_on(ASSISTANT, "Omar", "mended")
    assert omar.current() == ()
    assert not omar.switch_on(ASSISTANT, "Omar", "mended")
    assert [(one.what, one.off, one.by, one.why) for one in omar.history()] == [
        (ASSISTANT, False, "Omar", "mended"),
        (ASSISTANT, True, "Olga", "wrong answers"),
    ]
    assert omar.history()[0].at == clock.now


def test_off_again_is_off_since_the_second_time(engine: Engine) -> None:
    clock = Clock()
    switches = OffSwitches(engine, clock)
    switches.switch_off(ASSISTANT, "Olga", "wrong answers")
    switches.switch_on(ASSISTANT, "Olga", "mended")
    clock.pass_by(days=3)
    switches.switch_off(ASSISTANT, "Omar", "again")
    assert switches.current() == (Off(ASSISTANT, clock.now, "Omar", "again", ""),)


@pytest.mark.parametrize(
    ("why", "message", "what"),
    [("", "", "reason"), (" \n", "", "reason"), ("x" * (LONGEST_REASON + 1), "", "length"), ("x", "x" * (LONGEST_MESSAGE + 1), "length")],
)
def test_without_a_reason_or_with_too_many_words_nothing_changes(engine: Engine, why: str, message: str, what: str) -> None:
    switches = OffSwitches(engine)
    with pytest.raises(SwitchRefused, match=what):
        switches.switch_off(ASSISTANT, "Olga", why, message)
    assert (switches.current(), rows(engine)) == ((), 0)
    switches.switch_off(ASSISTANT, "Olga", "x" * LONGEST_REASON, "x" * LONGEST_MESSAGE)
    with pytest.raises(SwitchRefused):
        switches.switch_on(ASSISTANT, "Olga", why if what == "reason" else "x" * (LONGEST_REASON + 1))
    assert switches.off(ASSISTANT)


def test_what_was_read_last_goes_on_while_the_database_cannot_be_read(engine: Engine) -> None:
    switches = OffSwitches(engine)
    switches.switch_off(ASSISTANT, "Olga", "wrong answers")
    Switching.__table__.drop(engine)
    try:
        with pytest.raises(Exception, match="switching"):
            switches.refresh()
        assert switches.off(ASSISTANT)
    finally:
        Switching.__table__.create(engine)


def test_after_its_years_a_line_is_forgotten_unless_it_says_what_is_off_now(engine: Engine) -> None:
    clock = Clock()
    switches = OffSwitches(engine, clock)
    switches.switch_off(HANDOVER, "Olga", "no staff")
    switches.switch_on(HANDOVER, "Olga", "staff again")
    switches.switch_off(ASSISTANT, "Olga", "for good")
    clock.pass_by(days=365 * 6)
    switches.forget(7)
    assert rows(engine) == 3
    clock.pass_by(days=2 * 365)
    switches.forget(7)
    assert [(one.what, one.off) for one in switches.history()] == [(ASSISTANT, True)]
    switches.refresh()
    assert switches.off(ASSISTANT)
    switches.switch_on(ASSISTANT, "Omar", "after all")
    switches.forget(7)
    assert [(one.what, one.off) for one in switches.history()] == [(ASSISTANT, False)]


def test_what_two_machines_clocks_put_in_another_order_switches_nothing_off_years_later(engine: Engine) -> None:
    clock = Clock()
    switches = OffSwitches(engine, clock)
    switches.switch_off(ASSISTANT, "Olga", "wrong answers")
    clock.pass_by(seconds=-30)
    switches.switch_on(ASSISTANT, "Omar", "mended")
    clock.pass_by(days=365.25 * 7, seconds=15)
    switches.forget(7)
    switches.refresh()
    assert switches.current() == ()
    clock.pass_by(days=1)
    switches.forget(7)
    assert rows(engine) == 0


def test_the_history_shows_the_last_ones(engine: Engine) -> None:
    switches = OffSwitches(engine)
    for number in range(HISTORY_SHOWN + 1):
        switches.switch_off(ASSISTANT, "Olga", str(number))
    assert [one.why for one in switches.history()][:: HISTORY_SHOWN - 1] == [str(HISTORY_SHOWN), "1"]
