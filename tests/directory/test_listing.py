"""The officers' list of records: all of them, how old each is, and read again when something has changed."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.directory.changes import Changes
from bot.directory.ledger import Officer
from bot.directory.listing import Entry, Listing, oldest_first
from bot.directory.writer import GUIDANCE, ORGANIZATION, PLACE, SERVICE
from tests.builders import Clock, Pack

OLGA = Officer(1, "Olga")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listing(tmp_path: Path, engine: Engine, clock: Clock) -> Listing:
    pack = Pack(tmp_path).organisation(key="crown", name="Crown Hall", email="crown@example.org")
    pack.service(email="desk@example.org").service(key="hidden", public="no").service(key="over", status="defunct", organisation="crown")
    pack.service(key="old", checked_on="2026-01-01", checked_by="Maria").lead("self_harm", service="old").statement().load(engine)
    return Listing(engine, clock)


def one(listing: Listing, kind: str, key: str) -> Entry:
    return next(entry for entry in listing.entries() if (entry.kind, entry.key) == (kind, key))


def test_every_record_that_officers_keep_is_listed(listing: Listing) -> None:
    listed = {(entry.kind, entry.key) for entry in listing.entries()}
    assert {
        (SERVICE, "advice_desk"),
        (SERVICE, "hidden"),
        (SERVICE, "over"),
        (GUIDANCE, "st1"),
        (ORGANIZATION, "crown"),
        (PLACE, "brigg"),
    } <= listed
    assert (PLACE, "england") not in listed


def test_what_the_chat_does_not_show_is_told(listing: Listing) -> None:
    assert one(listing, SERVICE, "advice_desk").shown
    assert not one(listing, SERVICE, "hidden").shown
    assert not one(listing, SERVICE, "over").shown


def test_whom_to_ask_is_the_service_or_else_its_organisation(listing: Listing) -> None:
    assert one(listing, SERVICE, "advice_desk").email == "desk@example.org"
    assert one(listing, SERVICE, "over").email == "crown@example.org"


def test_what_is_overdue_unchecked_and_urgent_is_told(listing: Listing) -> None:
    old, desk = one(listing, SERVICE, "old"), one(listing, SERVICE, "advice_desk")
    assert (old.overdue, old.unchecked, old.urgent, old.checked_on, old.checked_by) == (True, False, True, date(2026, 1, 1), "Maria")
    assert (desk.overdue, desk.unchecked, desk.urgent) == (False, True, False)
    assert one(listing, ORGANIZATION, "crown").review is None


def test_the_list_is_read_again_after_a_change_and_on_another_day(listing: Listing, engine: Engine, clock: Clock) -> None:
    Changes(engine, clock).assure(OLGA, [(SERVICE, "old", 0)])
    assert not one(listing, SERVICE, "old").overdue
    assert one(listing, SERVICE, "old").revision == 1
    assert listing.entries() is listing.entries()
    clock.pass_by(days=100)
    assert one(listing, SERVICE, "old").overdue


def test_records_are_found_by_words_kind_and_organisation(listing: Listing) -> None:
    assert [entry.key for entry in listing.find(SERVICE, "HIDDEN trust")] == ["hidden"]
    assert [entry.key for entry in listing.find(SERVICE, organization="crown")] == ["over"]
    assert [entry.key for entry in listing.find(words="crown", kind=ORGANIZATION)] == ["crown"]
    assert listing.find(words="nothing like this") == []


def test_the_oldest_comes_first_and_what_nobody_checked_last(listing: Listing) -> None:
    found = sorted(listing.find(SERVICE), key=oldest_first)
    assert found[0].key == "old"
