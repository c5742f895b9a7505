"""How old a record may be, and what gives way when it is older."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.directory.freshness import LONG, REVIEW_DAYS, Freshness, gives_way, is_overdue, kind_of, review_of
from bot.directory.records import Directory
from bot.directory.search import find_services
from tests.builders import a_service, a_statement

TODAY = date(2026, 11, 30)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (a_service(), "service"),
        (a_service(kind="library"), "library"),
        (a_service(regulated_by="SRA"), "legal"),
        (a_service(topics=("legal",)), "legal"),
        (a_service(leads={"self_harm": 1}), "urgent"),
        (a_service(kind="library", topics=("emergency",)), "urgent"),
        (a_service(leads={"housing": 1}), "service"),
        (a_service(topics=("housing", "homeless_tonight")), "urgent"),
        (a_statement(), "guidance"),
        (a_statement(topics={"legal": 1}), "legal_guidance"),
        (a_statement(topics={"nrpf": 1, "food": 2}), "legal_guidance"),
        (a_statement(urgent="homeless_tonight"), "urgent"),
    ],
)
def test_each_record_has_a_kind_that_says_when_it_is_due(record: object, kind: str) -> None:
    assert kind_of(record) == kind  # type: ignore[arg-type]


def test_legal_guidance_is_due_sooner_than_the_address_of_a_library() -> None:
    assert REVIEW_DAYS["legal_guidance"] < REVIEW_DAYS["library"]


@pytest.mark.parametrize(
    ("days", "freshness"),
    [
        (0, Freshness.FRESH),
        (REVIEW_DAYS["service"], Freshness.FRESH),
        (REVIEW_DAYS["service"] + 1, Freshness.OVERDUE),
        (LONG * REVIEW_DAYS["service"], Freshness.OVERDUE),
        (LONG * REVIEW_DAYS["service"] + 1, Freshness.LONG_OVERDUE),
    ],
)
def test_a_record_is_overdue_on_the_day_after_it_was_due(days: int, freshness: Freshness) -> None:
    review = review_of(replace(a_service(), checked_on=ago(days)), TODAY)
    assert review.freshness is freshness
    assert review.due == ago(days) + timedelta(days=REVIEW_DAYS["service"])


def test_what_nobody_has_assured_yet_is_not_overdue() -> None:
    assert review_of(a_service(), TODAY).freshness is Freshness.UNCHECKED
    assert not is_overdue(a_service(topics=("legal",)), TODAY)
    assert not gives_way(a_service(topics=("legal",), regulated_by="SRA"), "legal", TODAY)


OLD = ago(10 * 365)


def test_overdue_legal_help_gives_way_and_the_registers_stay() -> None:
    solicitor = replace(a_service(topics=("legal", "housing"), regulated_by="SRA"), checked_on=OLD)
    register = replace(a_service(topics=("legal",), leads={"legal": 1}, regulated_by="SRA", serves=("England",)), checked_on=OLD)
    led = replace(a_service(topics=("legal",), leads={"legal": 1}, regulated_by="IAA level 1"), checked_on=OLD)
    assert gives_way(solicitor, "legal", TODAY)
    assert gives_way(led, "legal", TODAY)
    assert not gives_way(register, "legal", TODAY)
    assert not gives_way(solicitor, "housing", TODAY)
    assert gives_way(replace(a_statement(topics={"legal": 1}), checked_on=OLD), "legal", TODAY)


def test_what_urgent_answers_are_made_of_is_never_withheld_for_its_age() -> None:
    line = replace(a_service(topics=("legal",), regulated_by="SRA", leads={"detention": 1}), checked_on=OLD)
    statement = replace(a_statement(topics={"legal": 1}, urgent="detention"), checked_on=OLD)
    assert is_overdue(line, TODAY)
    assert not gives_way(line, "legal", TODAY)
    assert not gives_way(statement, "legal", TODAY)


def test_of_the_real_directory_the_registers_stand_alone_when_all_legal_help_is_overdue(directory: Directory) -> None:
    old = replace(directory, services=tuple(replace(service, checked_on=OLD) for service in directory.services))
    found = find_services(old, "legal", None, today=TODAY).services
    assert {service.key for service in found} == {"find_immigration_adviser", "law_society_find_solicitor", "govuk_find_legal_aid"}
