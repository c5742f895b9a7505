"""No language is understood worse than the scorecard says, by more than its interval."""

import csv

import pytest

from benchmarks.evaluation import FULL, FURTHER, Figures, Share, asker, measure_questions
from benchmarks.scorecard import COUNTS
from tests.stack.running_stack import Stack, same_on_servers

with COUNTS.open(encoding="utf-8", newline="") as file:
    RECORDED = {row["language"]: Share(int(row["right"]), int(row["asked"])) for row in csv.DictReader(file)}


def test_every_language_is_on_the_scorecard() -> None:
    assert set(RECORDED) == {*FULL, *FURTHER}


@same_on_servers
@pytest.mark.parametrize("code", [*FULL, *FURTHER])
def test_no_language_is_understood_worse_than_recorded(stack: Stack, code: str) -> None:
    figures = Figures()
    measure_questions(asker(stack.client), code, "questions" if code in FULL else "further", figures)
    now = figures.languages[code].topic
    assert now.of == RECORDED[code].of
    assert now.value >= RECORDED[code].interval[0], f"{now.hits} of {now.of}, where it was {RECORDED[code].hits}"
