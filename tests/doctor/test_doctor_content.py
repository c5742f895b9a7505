"""The doctor on what people are told: the directory, urgent numbers, translations, and somebody who can sign in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from bot.directory.models import Guidance, Lead, LoadedPack, Service
from bot.directory.records import read_directory
from bot.doctor import content
from bot.doctor.findings import Installation, Level
from bot.handover.accounts import Accounts
from bot.switches.off_switches import ASSISTANT, OffSwitches
from tests.builders import CHEAP, PASSWORD
from tests.doctor.conftest import levels, opened, told, with_settings


@pytest.fixture
def open_case(case: Installation) -> Iterator[Installation]:
    """An installation with its database open and its directory read."""
    case = opened(case)
    assert case.database is not None
    yield replace(case, directory=read_directory(case.database))
    case.database.dispose()


def change(case: Installation, statement: object) -> None:
    with Session(case.database, future=True) as session:
        session.execute(statement)
        session.commit()


def test_the_directory_of_cambridgeshire_helps_everybody_with_every_core_topic(open_case: Installation) -> None:
    after, findings = content.directory(replace(open_case, directory=None))
    assert after.directory is not None
    assert Level.BROKEN not in levels(findings)


def test_a_directory_in_which_a_topic_has_nobody_is_broken(open_case: Installation) -> None:
    change(open_case, update(Service).values(status="inactive").execution_options(synchronize_session=False))
    findings = content.directory(open_case)[1]
    assert Level.BROKEN in levels(findings)
    assert all(finding.do for finding in findings)


def test_a_directory_without_a_library_to_send_people_to_is_broken(open_case: Installation) -> None:
    change(open_case, delete(Lead).where(Lead.topic == "human"))
    assert Level.BROKEN in levels(content.directory(open_case)[1])


def test_a_database_of_another_area_or_without_a_directory_is_broken(open_case: Installation) -> None:
    findings = content.directory(with_settings(open_case, AREA="lewisham"))[1]
    assert "holds cambridgeshire, and AREA is lewisham" in told(findings)
    change(open_case, delete(LoadedPack))
    assert "holds no directory" in told(content.directory(open_case)[1])


def test_urgent_numbers_that_nobody_checked_lately_are_counted(open_case: Installation) -> None:
    assert levels(content.urgent_numbers(open_case)) == [Level.LOOK]
    today = open_case.now.date()
    change(open_case, update(Service).values(assured_date=today).execution_options(synchronize_session=False))
    change(open_case, update(Guidance).values(checked_on=today).execution_options(synchronize_session=False))
    checked = replace(open_case, directory=read_directory(open_case.database))
    assert levels(content.urgent_numbers(checked)) == [Level.OK]
    assert levels(content.urgent_numbers(replace(checked, now=open_case.now + timedelta(days=90)))) == [Level.OK]
    assert levels(content.urgent_numbers(replace(checked, now=open_case.now + timedelta(days=93)))) == [Level.LOOK]


def test_translations_that_are_out_of_date_are_counted_by_language(open_case: Installation) -> None:
    assert levels(content.translations(open_case)) == [Level.OK]
    change(open_case, update(Guidance).values(statement="Something new.").execution_options(synchronize_session=False))
    findings = content.translations(replace(open_case, directory=read_directory(open_case.database)))
    assert levels(findings) == [Level.LOOK]
    assert "uk" in told(findings)


def test_a_desk_with_hours_and_without_anybody_is_broken(open_case: Installation) -> None:
    assert levels(content.accounts(open_case)) == [Level.LOOK]
    with_hours = with_settings(open_case, DESK_HOURS="Mo-Fr 10:00-16:00")
    assert levels(content.accounts(with_hours)) == [Level.BROKEN, Level.LOOK]
    accounts = Accounts(open_case.database, hasher=CHEAP)
    for name in ("olga", "omar"):
        accounts.add(name, name.title(), "officer", PASSWORD)
    assert levels(content.accounts(with_hours)) == [Level.OK]
    accounts.disable("omar")
    assert levels(content.accounts(with_hours)) == [Level.LOOK]


def test_what_is_switched_off_is_not_forgotten(open_case: Installation) -> None:
    assert levels(content.off_switches(open_case)) == [Level.OK]
    assert open_case.database is not None
    OffSwitches(open_case.database).switch_off(ASSISTANT, "Olga", "a secret reason")
    findings = content.off_switches(open_case)
    assert levels(findings) == [Level.LOOK]
    assert "The assistant is switched off since" in told(findings)
    assert "bot switch assistant on" in told(findings)
    assert "secret" not in told(findings)


def test_where_the_database_or_the_directory_cannot_be_used_nothing_is_said_of_it(case: Installation) -> None:
    assert content.directory(case) == (case, [])
    assert content.urgent_numbers(case) == content.translations(case) == content.accounts(case) == content.off_switches(case) == []
