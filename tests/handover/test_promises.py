"""What somebody who asks for a person is promised, at the hours when it is easiest to promise too much."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.answers.composer import Composer
from bot.answers.handover import WAIT, HandoverWords
from bot.answers.urgent import OfficeHours
from bot.conversation.store import ConversationStore
from bot.directory.records import Directory
from bot.handover.desk import Desk
from tests.builders import Clock, a_desk, a_member, british, the_catalogues

WEEK = "Mo-Fr 10:00-16:00"


@pytest.fixture
def ask(engine: Engine, directory: Directory, tmp_path: Path) -> Callable[[datetime, bool], tuple[str, bool]]:
    """Ask for a person at a moment, with somebody at the desk or not; give what is said and whether a chat is offered."""

    def at(moment: datetime, somebody: bool) -> tuple[str, bool]:
        desk = a_desk(engine, tmp_path, WEEK, Clock(moment))
        desk.accounts.add("ben", "Ben", "staff", "river lamp garden")
        if somebody:
            a_member(desk)
        words = HandoverWords(Composer(directory, the_catalogues(), OfficeHours("09:00", "17:00")), 7)
        replies = words.offer("en", desk.status(), None, None, moment)
        return " ".join(reply.text for reply in replies), WAIT in [c.value for reply in replies for c in reply.choices]

    return at


def test_in_hours_with_somebody_there_a_chat_is_offered_until_closing(ask: Callable[[datetime, bool], tuple[str, bool]]) -> None:
    said, offered = ask(british(2026, 11, 30, 12), True)
    assert offered
    assert "16:00" in said


def test_one_minute_to_closing_the_closing_is_said(ask: Callable[[datetime, bool], tuple[str, bool]]) -> None:
    said, offered = ask(british(2026, 11, 30, 15, 59), True)
    assert offered
    assert "open until 16:00" in said


def test_at_closing_no_chat_is_offered_and_the_next_day_is_named(ask: Callable[[datetime, bool], tuple[str, bool]]) -> None:
    said, offered = ask(british(2026, 11, 30, 16, 0), True)
    assert not offered
    assert "Tuesday, 1 December 2026, 10:00" in said


def test_on_a_bank_holiday_nobody_is_promised_before_the_next_working_day(ask: Callable[[datetime, bool], tuple[str, bool]]) -> None:
    said, offered = ask(british(2026, 12, 25, 12), True)
    assert not offered
    assert "Tuesday, 29 December 2026, 10:00" in said


def test_in_hours_with_nobody_signed_in_no_chat_is_offered(ask: Callable[[datetime, bool], tuple[str, bool]]) -> None:
    said, offered = ask(british(2026, 11, 30, 12), False)
    assert not offered
    assert "nobody is there just now" in said


def test_who_waited_past_closing_is_told_and_keeps_the_code(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(british(2026, 11, 30, 15, 59))
    monkeypatch.setattr("bot.conversation.store.utc_now", clock)
    desk: Desk = a_desk(engine, tmp_path, WEEK, clock)
    a_member(desk)
    chat = ConversationStore(engine, 15).start()
    reference = desk.ask(chat, "asked").reference
    clock.pass_by(minutes=1)
    desk.sweep()
    view = desk.view(chat.id)
    assert (view.state, view.reference) == ("message_left", reference)
    assert [said.kind for said in desk.said(chat.id, 0)] == ["kept"]
