"""What differs between two states of a record, and what of it takes a second officer."""

import pytest

from bot.directory.comparing import Difference, checks_of, differences, needs_approval, with_checks, without_checks
from bot.directory.writer import GUIDANCE, ORGANIZATION, SERVICE, Rows

SERVICE_ROWS: Rows = {
    "services.csv": [{"key": "desk", "name": "Desk", "phone": "01223 555123", "public": "yes"}],
    "times.csv": [{"service": "desk", "days": "MO"}, {"service": "desk", "days": "TU"}],
    "leads.csv": [{"topic": "housing", "position": "1", "service": "desk"}],
}
URGENT_ROWS: Rows = {**SERVICE_ROWS, "leads.csv": [{"topic": "self_harm", "position": "1", "service": "desk"}]}


def changed(rows: Rows, **cells: str) -> Rows:
    return {**rows, "services.csv": [{**rows["services.csv"][0], **cells}]}


def test_what_is_the_same_does_not_differ() -> None:
    assert differences(SERVICE_ROWS, SERVICE_ROWS) == []
    assert differences(None, None) == []


def test_each_cell_that_differs_is_named_with_its_row() -> None:
    after = {**changed(SERVICE_ROWS, alert="Closed"), "times.csv": [{"service": "desk", "days": "MO"}, {"service": "desk", "days": "WE"}]}
    assert differences(SERVICE_ROWS, after) == [
        Difference("services.csv", "", "alert", "", "Closed"),
        Difference("times.csv", "2", "days", "TU", "WE"),
    ]


def test_a_row_that_is_new_or_gone_differs_in_every_cell() -> None:
    without = {sheet: rows for sheet, rows in SERVICE_ROWS.items() if sheet != "leads.csv"}
    assert {(one.row, one.column) for one in differences(without, SERVICE_ROWS)} == {
        ("housing", "topic"),
        ("housing", "position"),
        ("housing", "service"),
    }
    assert all(one.before == "" for one in differences(None, SERVICE_ROWS))
    assert all(one.after == "" for one in differences(SERVICE_ROWS, None))


def test_who_assured_a_record_is_put_in_and_taken_out() -> None:
    said = with_checks(SERVICE, SERVICE_ROWS, "2026-11-30", "Olga")
    assert checks_of(SERVICE, said) == ("2026-11-30", "Olga")
    assert without_checks(said) == SERVICE_ROWS
    assert with_checks(SERVICE, said, "", "") == SERVICE_ROWS
    assert with_checks(ORGANIZATION, {"organisations.csv": [{"key": "a"}]}, "2026-11-30", "Olga") == {"organisations.csv": [{"key": "a"}]}


@pytest.mark.parametrize(
    ("before", "after", "needed"),
    [
        (SERVICE_ROWS, changed(SERVICE_ROWS, phone="01223 555124"), False),
        (URGENT_ROWS, changed(URGENT_ROWS, phone="01223 555124"), True),
        (URGENT_ROWS, changed(URGENT_ROWS, public="no"), True),
        (URGENT_ROWS, changed(URGENT_ROWS, description="Other words."), False),
        (URGENT_ROWS, None, True),
        (None, URGENT_ROWS, True),
        (SERVICE_ROWS, URGENT_ROWS, True),
        (URGENT_ROWS, SERVICE_ROWS, True),
        (SERVICE_ROWS, None, False),
        (SERVICE_ROWS, changed(SERVICE_ROWS, service_types="housing;homeless_tonight"), True),
        (URGENT_ROWS, changed(URGENT_ROWS, organisation="crown"), True),
    ],
)
def test_what_an_urgent_answer_is_made_of_takes_a_second_officer(before: Rows | None, after: Rows | None, needed: bool) -> None:
    assert needs_approval(SERVICE, before, after) is needed


def test_guidance_takes_a_second_officer_and_assuring_it_does_not() -> None:
    rows: Rows = {"guidance.csv": [{"key": "st1", "statement": "Libraries are warm."}]}
    assert needs_approval(GUIDANCE, rows, {"guidance.csv": [{"key": "st1", "statement": "Libraries are cold."}]})
    assert needs_approval(GUIDANCE, None, rows)
    assert needs_approval(GUIDANCE, rows, None)
    assert not needs_approval(GUIDANCE, rows, with_checks(GUIDANCE, rows, "2026-11-30", "Olga"))
    assert not needs_approval(ORGANIZATION, {"organisations.csv": [{"key": "a"}]}, {"organisations.csv": [{"key": "a", "name": "A"}]})
