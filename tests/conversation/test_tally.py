"""What an answer adds to the counts, and that no count is lost or doubled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.answers.dialogue import SAME_QUESTION, TOLD_WHERE, Decision
from bot.conversation.tally import (
    ASKED,
    HANDED_OVER,
    NO_SERVICE,
    NOT_UNDERSTOOD,
    WITHHELD,
    Count,
    Tally,
    add,
    counts_of,
    language_counted,
    week_of,
)
from tests.builders import british

ELY = "east_cambridgeshire"
SHOWN: dict[str, Any] = {"kind": "services", "text": "words nobody counts", "services": [{"id": "x"}], "left_out": []}
NOTHING: dict[str, Any] = {**SHOWN, "services": []}
LEFT_OUT: dict[str, Any] = {**SHOWN, "left_out": [{"name": "x", "reason": "y"}]}
GUIDANCE = {"kind": "guidance", "text": "words nobody counts"}


def an_answer(*replies: dict[str, Any], topic: str | None = "food", also: tuple[str, ...] = (), language: str = "uk") -> dict[str, Any]:
    return {"language": language, "understood": {"topic": topic, "also": also}, "replies": replies}


def a_decision(kind: str = "need", **more: Any) -> Decision:
    return Decision(kind, 0.9, **more)


def counted(what: str, topic: str = "food", place: str = ELY, language: str = "uk") -> Count:
    return Count(what, topic, place, language)


def kept(engine: Engine) -> dict[tuple[date, str, str], int]:
    with Session(engine, future=True) as session:
        return {(row.week, row.what, row.topic): row.count for row in session.execute(select(Tally)).scalars()}


@pytest.mark.parametrize(
    ("answer", "decision", "added"),
    [
        (an_answer(GUIDANCE, SHOWN), a_decision(), {counted(ASKED): 1}),
        (an_answer(NOTHING), a_decision(), {counted(ASKED): 1, counted(NO_SERVICE): 1}),
        (an_answer(LEFT_OUT), a_decision(), {counted(ASKED): 1, counted(WITHHELD): 1}),
        (an_answer({**LEFT_OUT, "services": []}), a_decision(ask=True), {counted(ASKED): 1}),
        (
            an_answer(SHOWN, NOTHING, also=("work",)),
            a_decision(),
            {counted(ASKED): 1, counted(ASKED, "work"): 1, counted(NO_SERVICE, "work"): 1},
        ),
        (an_answer(SHOWN), a_decision(question=SAME_QUESTION), {}),
        (an_answer(NOTHING), a_decision(question=SAME_QUESTION, offset=3), {}),
        (an_answer(SHOWN), a_decision(question=TOLD_WHERE), {counted(ASKED): 1, counted(ASKED, place=""): -1}),
        (an_answer(SHOWN), a_decision("repeat"), {}),
        (an_answer(GUIDANCE), a_decision("which"), {}),
        (an_answer(SHOWN, topic=None), a_decision(NOT_UNDERSTOOD), {counted(NOT_UNDERSTOOD, ""): 1}),
        (an_answer(SHOWN, topic="library"), a_decision(NOT_UNDERSTOOD), {counted(ASKED, "library"): 1}),
        (an_answer(topic="smalltalk"), a_decision("smalltalk"), {}),
        (an_answer(topic="human"), a_decision("human"), {}),
        (an_answer(SHOWN, language="xh"), a_decision(), {counted(ASKED, language="other"): 1}),
    ],
)
def test_an_answer_adds_to_the_counts_of_what_it_answers(answer: dict[str, Any], decision: Decision, added: dict[Count, int]) -> None:
    assert dict(counts_of(answer, decision, ELY)) == added


def test_a_question_whose_place_is_everywhere_is_still_one() -> None:
    assert not dict(counts_of(an_answer(SHOWN), a_decision(question=TOLD_WHERE), ""))


def test_no_word_of_an_answer_is_counted() -> None:
    assert "words nobody counts" not in str(counts_of(an_answer(GUIDANCE, LEFT_OUT), a_decision(), ELY))


@pytest.mark.parametrize(
    ("moment", "monday"),
    [
        (british(2026, 11, 30, 0, 0), date(2026, 11, 30)),
        (british(2026, 11, 29, 23, 59), date(2026, 11, 23)),
        (datetime(2026, 7, 5, 22, 59, tzinfo=timezone.utc), date(2026, 6, 29)),
        (datetime(2026, 7, 5, 23, 0, tzinfo=timezone.utc), date(2026, 7, 6)),
        (datetime(2026, 11, 29, 23, 30, tzinfo=timezone.utc), date(2026, 11, 23)),
    ],
)
def test_a_week_begins_on_monday_by_the_british_clock(moment: datetime, monday: date) -> None:
    assert week_of(moment) == monday


def test_a_language_that_few_speak_here_is_one_of_the_others() -> None:
    assert [language_counted(code) for code in ("ckb", "zh-Hant", "en", "xh", "", None)] == ["ckb", "zh-Hant", "en", "other", "", ""]


def test_counts_are_added_by_week_and_taken_back_but_never_below_nothing(engine: Engine) -> None:
    now, later = british(2026, 11, 26), british(2026, 12, 1)
    with Session(engine, future=True) as session:
        add(session, now, {counted(ASKED): 1, counted(HANDED_OVER): 1})
        add(session, now, {counted(ASKED): 1})
        add(session, later, {counted(ASKED): 1, counted(HANDED_OVER): -1})
        add(session, now, {counted(HANDED_OVER): -1})
        add(session, now, {counted(HANDED_OVER): -1})
        session.commit()
    monday = date(2026, 11, 23)
    assert kept(engine) == {
        (monday, ASKED, "food"): 2,
        (monday, HANDED_OVER, "food"): 0,
        (date(2026, 11, 30), ASKED, "food"): 1,
    }


def test_of_many_at_once_every_one_is_counted(engine: Engine) -> None:
    topics = ("food", "housing", "work")

    def one(number: int) -> None:
        with Session(engine, future=True) as session:
            # Each in an order of its own: none may wait for another that waits for it.
            mixed = [topics[(number + at) % 3] for at in range(3)]
            add(session, british(2026, 11, 26), {counted(ASKED, topic): 1 for topic in mixed})
            session.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(60)))
    assert set(kept(engine).values()) == {60}


def test_what_is_undone_is_not_counted(engine: Engine) -> None:
    with Session(engine, future=True) as session:
        add(session, british(2026, 11, 26), {counted(ASKED): 1})
        session.rollback()
    assert kept(engine) == {}
