"""What an officer is told of an address, from what happened on the way to it."""

import pytest

from bot.links.addresses import WebAddress
from bot.links.report import report, what_to_do
from bot.links.verdicts import Finding, Outcome, Step, Verdict, judge
from tests.builders import the_catalogues

PAGE, NEW, FRONT = "https://a.example/help", "https://b.example/help", "https://a.example/"


def verdict_of(*steps: tuple[str, int] | tuple[str, int, str]) -> Finding:
    return judge(Outcome(tuple(Step(*step) for step in steps)))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.WORKS),
        (204, Verdict.WORKS),
        (404, Verdict.NOT_FOUND),
        (410, Verdict.NOT_FOUND),
        (401, Verdict.REFUSED),
        (403, Verdict.REFUSED),
        (429, Verdict.REFUSED),
        (400, Verdict.FAULT),
        (500, Verdict.FAULT),
        (503, Verdict.FAULT),
        (304, Verdict.FAULT),
        (302, Verdict.FAULT),
    ],
)
def test_the_last_answer_says_how_it_is(status: int, verdict: Verdict) -> None:
    assert verdict_of((PAGE, status)) == Finding(verdict)


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_to_what_works_is_a_move(status: int) -> None:
    assert verdict_of((PAGE, status, NEW), (NEW, 200)) == Finding(Verdict.MOVED, NEW)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_leaves_the_address_as_it_is(status: int) -> None:
    assert verdict_of((PAGE, status, NEW), (NEW, 200)) == Finding(Verdict.WORKS)


def test_of_a_way_the_permanent_beginning_is_the_new_address() -> None:
    middle, end = "https://b.example/start", "https://b.example/start?session=1"
    assert verdict_of((PAGE, 301, middle), (middle, 302, end), (end, 200)) == Finding(Verdict.MOVED, middle)
    assert verdict_of((PAGE, 301, middle), (middle, 308, NEW), (NEW, 200)) == Finding(Verdict.MOVED, NEW)
    assert verdict_of((PAGE, 302, middle), (middle, 301, NEW), (NEW, 200)) == Finding(Verdict.WORKS)


def test_a_move_to_what_does_not_work_is_no_move() -> None:
    assert verdict_of((PAGE, 301, NEW), (NEW, 404)) == Finding(Verdict.NOT_FOUND)


@pytest.mark.parametrize("status", [301, 302])
def test_a_page_that_leads_to_the_front_page_is_gone(status: int) -> None:
    assert verdict_of((PAGE, status, FRONT), (FRONT, 200)) == Finding(Verdict.FRONT_PAGE)


def test_a_front_page_may_move_to_another_front_page_or_a_page() -> None:
    assert verdict_of(("http://a.example", 301, FRONT), (FRONT, 200)) == Finding(Verdict.MOVED, FRONT)
    assert verdict_of((FRONT, 302, PAGE), (PAGE, 200)) == Finding(Verdict.WORKS)


def test_where_a_redirect_leads_is_read_beside_the_address_it_stands_in() -> None:
    assert Step(PAGE, 301, "/new#part").leads_to == "https://a.example/new"
    assert Step(PAGE, 301, "more").leads_to == "https://a.example/more"
    assert Step(PAGE, 301, "//c.example/").leads_to == "https://c.example/"
    assert Step(PAGE, 301).leads_to == Step(PAGE, 200, NEW).leads_to == ""


def test_what_broke_the_way_off_is_the_verdict() -> None:
    assert judge(Outcome((Step(PAGE, 301, NEW),), Verdict.TOO_SLOW)) == Finding(Verdict.TOO_SLOW)


ADDRESS = WebAddress("services.csv", "advice", "url", "Advice Desk", PAGE)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words_that_say_what_to_do(verdict: Verdict) -> None:
    words = what_to_do(Finding(verdict, NEW), ADDRESS, the_catalogues())
    assert words
    assert "{" not in words


def test_the_report_names_the_record_the_cell_and_what_to_do() -> None:
    other = WebAddress("organisations.csv", "trust", "website", "Advice Trust", FRONT)
    found = {PAGE: Finding(Verdict.MOVED, NEW), FRONT: Finding(Verdict.WORKS)}
    lines = list(report([ADDRESS, other], found, the_catalogues()))
    assert lines[0] == f"Advice Desk (services.csv, row advice, column url): {PAGE}"
    assert NEW in lines[1]
    assert lines[2:] == ["1 of 2 addresses work. 1 need a look."]
    assert list(report([other], found, the_catalogues())) == ["All 1 addresses work."]
