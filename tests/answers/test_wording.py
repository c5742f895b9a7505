"""Versions of texts: only added, approved by another account where safety hangs on them, and one of two who decide at once wins."""

import threading
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.engine import Engine

from bot.answers.catalogue import Catalogues
from bot.answers.wording import SAFETY_TEXTS, Draft, Wordings, needs_second_officer
from bot.errors import WordingRefused
from tests.builders import Clock

OLGA, PAVLO, QUINN = ("Olga", 1), ("Pavlo", 2), ("Quinn", 3)
PHRASE = Draft("phrases", "uk", "phrase.start.hello", "Вітаю!", "Hello, and welcome.")
STATEMENT = Draft("guidance", "uk", "rf05", "Ви можете лікуватися.", "You can use the NHS.", "reviewed", "Olga", date(2026, 11, 30))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wordings(engine: Engine, clock: Clock) -> Wordings:
    return Wordings(engine, clock)


def refusal(action: object, *given: object) -> WordingRefused:
    with pytest.raises(WordingRefused) as refused:
        action(*given)  # type: ignore[operator]
    return refused.value


@pytest.mark.parametrize(
    ("domain", "key", "needs"),
    [
        ("guidance", "rf05", True),
        ("messages", "urgent.self_harm", True),
        ("messages", "desk.who_reads", True),
        ("messages", "notice.cold_weather_no_phone", True),
        ("phrases", "phrase.safety.call_999", True),
        ("answers", "phrase.safety.call_999", True),
        ("messages", "topic.housing", False),
        ("phrases", "phrase.start.hello", False),
    ],
)
def test_guidance_and_what_safety_hangs_on_need_a_second_officer(domain: str, key: str, needs: bool) -> None:
    assert needs_second_officer(domain, key) is needs


def test_every_text_said_to_need_a_second_officer_is_one_of_ours(catalogues: Catalogues) -> None:
    assert set(catalogues.english("messages")) | set(catalogues.english("phrases")) >= SAFETY_TEXTS


def test_an_ordinary_text_is_in_force_at_once_and_all_is_kept_of_it(wordings: Wordings, clock: Clock) -> None:
    (kept,) = wordings.propose([PHRASE], *OLGA, "shorter")
    assert (kept.state, kept.by, kept.staff_id, kept.at, kept.why) == ("in_force", "Olga", 1, clock(), "shorter")
    assert replace(PHRASE) == Draft(**{name: getattr(kept, name) for name in Draft.__dataclass_fields__})
    assert wordings.in_force() == [kept]
    assert wordings.waiting() == []


def test_guidance_waits_until_another_account_approves_it(wordings: Wordings, clock: Clock) -> None:
    (kept,) = wordings.propose([STATEMENT], *OLGA)
    assert wordings.waiting() == [kept]
    assert wordings.edition()[0] == 0
    clock.pass_by(hours=1)
    wordings.approve(kept.id, *PAVLO)
    (now,) = wordings.in_force()
    assert (now.text, now.reviewed_by, now.decided_by, now.decided_at) == (STATEMENT.text, "Olga", "Pavlo", clock())
    assert wordings.edition()[0] == 1


@pytest.mark.parametrize("deed", ["approve", "refuse"])
def test_nobody_decides_on_their_own_proposal_whatever_they_call_themselves(wordings: Wordings, deed: str) -> None:
    (kept,) = wordings.propose([STATEMENT], *OLGA)
    more = ["no"] if deed == "refuse" else []
    assert refusal(getattr(wordings, deed), kept.id, "Somebody Else", 1, *more).key == "officer.words.error.own"
    assert wordings.waiting() == [kept]


def test_what_came_by_command_may_be_decided_by_any_officer(wordings: Wordings) -> None:
    (kept,) = wordings.propose([STATEMENT], "the operator", None)
    wordings.approve(kept.id, *OLGA)
    assert wordings.waiting() == []


def test_a_proposal_is_refused_with_a_reason_or_taken_back_by_its_proposer(wordings: Wordings) -> None:
    (first,) = wordings.propose([STATEMENT], *OLGA)
    assert refusal(wordings.take_back, first.id, *PAVLO).key == "officer.words.error.not_own"
    wordings.refuse(first.id, *PAVLO, "wrong word for NHS")
    (second,) = wordings.propose([STATEMENT], *OLGA)
    wordings.take_back(second.id, *OLGA)
    newest, oldest = wordings.history("guidance", "uk", "rf05")
    assert (newest.state, oldest.state, oldest.reason, oldest.decided_by) == ("taken_back", "refused", "wrong word for NHS", "Pavlo")
    assert wordings.edition()[0] == 0


@pytest.mark.parametrize("deed", ["approve", "refuse", "take_back"])
def test_what_is_decided_is_decided(wordings: Wordings, deed: str) -> None:
    (kept,) = wordings.propose([STATEMENT], *OLGA)
    wordings.approve(kept.id, *PAVLO)
    who = OLGA if deed == "take_back" else QUINN
    again = refusal(getattr(wordings, deed), kept.id, *who, *(["late"] if deed == "refuse" else []))
    assert (again.key, again.decided, again.values) == ("officer.words.error.decided", True, {"by": "Pavlo"})
    assert refusal(wordings.approve, 999, *PAVLO).key == "officer.words.error.unknown"


def test_of_two_who_decide_at_once_one_wins(wordings: Wordings) -> None:
    for _ in range(5):
        (kept,) = wordings.propose([STATEMENT], *OLGA)
        outcomes: list[str] = []
        barrier = threading.Barrier(2)

        def decide(approves: bool, number: int = kept.id, barrier: threading.Barrier = barrier, outcomes: list[str] = outcomes) -> None:
            barrier.wait()
            try:
                wordings.approve(number, *PAVLO) if approves else wordings.refuse(number, *QUINN, "no")
                outcomes.append("Pavlo" if approves else "Quinn")
            except WordingRefused as refused:
                assert refused.decided

        both = [threading.Thread(target=decide, args=(approves,)) for approves in (True, False)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert outcomes == [wordings.version(kept.id).decided_by]


def test_somebody_s_new_proposal_replaces_their_own_and_nobody_else_s(wordings: Wordings) -> None:
    (first,) = wordings.propose([STATEMENT], *OLGA)
    (second,) = wordings.propose([replace(STATEMENT, text="Інакше.")], *OLGA)
    assert [version.id for version in wordings.waiting()] == [second.id]
    assert wordings.version(first.id).state == "taken_back"
    refused = refusal(wordings.propose, [STATEMENT], *PAVLO)
    assert (refused.key, refused.values) == ("officer.words.error.waits", {"text": "rf05", "by": "Olga"})


def test_a_proposal_is_outdated_by_a_newer_text_in_force(wordings: Wordings, engine: Engine, clock: Clock) -> None:
    """Two proposals wait only where both were made at the same moment, before either saw the other."""
    from sqlalchemy import insert, update
    from sqlalchemy.orm import Session

    from bot.answers.wording import Wording

    (first,) = wordings.propose([STATEMENT], *OLGA)
    with Session(engine, future=True) as session, session.begin():
        values = {name: getattr(first, name) for name in Draft.__dataclass_fields__}
        session.execute(insert(Wording).values(**values, state="waiting", by="Pavlo", staff_id=2, at=clock()))
    second = wordings.waiting()[-1]
    wordings.approve(second.id, *QUINN)
    assert refusal(wordings.approve, first.id, *QUINN).key == "officer.words.error.outdated"
    with Session(engine, future=True) as session, session.begin():
        session.execute(update(Wording).where(Wording.id == second.id).values(state="refused"))
    wordings.approve(first.id, *QUINN)


def test_a_batch_is_taken_whole_or_not_at_all(wordings: Wordings) -> None:
    refused = refusal(wordings.propose, [PHRASE, replace(PHRASE, key="phrase.end.goodbye", text="")], *OLGA)
    assert refused.key == "officer.words.error.empty"
    wordings.propose([STATEMENT], *PAVLO)
    refusal(wordings.propose, [PHRASE, STATEMENT], *OLGA)
    assert wordings.in_force() == []


def test_versions_are_only_added_and_the_history_has_them_newest_first(wordings: Wordings) -> None:
    for text in ("Вітаю!", "Привіт!", "Вітаємо!"):
        wordings.propose([replace(PHRASE, text=text)], *OLGA)
    assert [version.text for version in wordings.history(*PHRASE.place)] == ["Вітаємо!", "Привіт!", "Вітаю!"]
    assert wordings.edition()[0] == 3
    assert wordings.history("phrases", "ar", PHRASE.key) == []


def test_no_refusal_holds_the_text(wordings: Wordings) -> None:
    refused = refusal(wordings.propose, [replace(PHRASE, text="Secret 01223 555123")], *OLGA)
    assert "Secret" not in f"{refused!r}{refused}{refused.values}"


def test_after_their_years_versions_are_forgotten_but_what_people_read(wordings: Wordings, clock: Clock) -> None:
    for text in ("Привіт!", "Вітаю!"):
        wordings.propose([replace(PHRASE, text=text)], *OLGA)
    (statement,) = wordings.propose([STATEMENT], *OLGA)
    wordings.refuse(statement.id, *PAVLO, "no")
    wordings.propose([STATEMENT], *OLGA)
    clock.pass_by(days=7 * 365)
    wordings.forget(7)
    assert len(wordings.history("phrases", "uk", PHRASE.key)) == 2
    clock.pass_by(days=3)
    before = wordings.edition()
    wordings.forget(7)
    assert [one.text for one in wordings.history("phrases", "uk", PHRASE.key)] == ["Вітаю!"]
    assert [one.state for one in wordings.history("guidance", "uk", STATEMENT.key)] == ["waiting"]
    wordings.propose([replace(PHRASE, text="Добрий день!")], *OLGA)
    assert before[0] == wordings.edition()[0]
    assert before != wordings.edition()
