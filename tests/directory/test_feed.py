"""What the feed finds: pages that hold together, every filter, and no more read than is shown."""

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory import models
from bot.directory.feed import COLLECTIONS, Asked, Feed, Near, Page
from bot.directory.openreferral import FeedWords, taxonomy_id
from bot.directory.reader import make_id
from tests.builders import Pack

WORDS = FeedWords("please check first", "closed", {"topic": ("Topics", "What a service helps with.")})


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path / "packs")


@pytest.fixture
def feed(engine: Engine) -> Feed:
    return Feed(engine, WORDS)


def names(feed: Feed, kind: str = "services", **asked: Any) -> set[str]:
    """The names found in a list; of services at places, the services' names."""
    found = feed.page(kind, Asked(**asked), 1, 1000).contents
    return {one["service"]["name"] if kind == "service_at_locations" else one["name"] for one in found}


def test_pages_together_hold_every_service_once(pack: Pack, engine: Engine, feed: Feed) -> None:
    for number in range(7):
        pack.service(key=f"desk_{number}")
    pack.load(engine)
    pages = [feed.page("services", Asked(), number, 3).as_json() for number in (1, 2, 3, 4)]
    assert [page["size"] for page in pages] == [3, 3, 1, 0]
    assert len({one["id"] for page in pages for one in page["contents"]}) == 7
    assert {(page["total_items"], page["total_pages"]) for page in pages} == {(7, 3)}
    assert [(page["first_page"], page["last_page"], page["empty"]) for page in pages] == [
        (True, False, False),
        (False, False, False),
        (False, True, False),
        (False, True, True),
    ]


def test_an_empty_list_is_one_empty_page() -> None:
    page = Page([], 1, 50, 0).as_json()
    assert (page["total_pages"], page["first_page"], page["last_page"], page["empty"]) == (0, True, True, True)


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_all_in_batches_are_the_same_as_all_on_a_page(
    pack: Pack, engine: Engine, feed: Feed, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.directory.feed.BATCH", 2)
    for number in range(5):
        pack.service(key=f"desk_{number}").address(key=f"room_{number}", service=f"desk_{number}")
        pack.organisation(key=f"trust_{number}")
    pack.load(engine)
    assert [one for batch in feed.batches(kind, Asked()) for one in batch] == feed.page(kind, Asked(), 1, 1000).contents
    assert feed.record(kind, "nobody", Asked()) is None


def test_services_of_every_status_are_told(pack: Pack, engine: Engine, feed: Feed) -> None:
    for status in ("active", "inactive", "defunct", "temporarily closed"):
        pack.service(key=status.replace(" ", "_"), status=status)
    pack.load(engine)
    assert {one["status"] for one in feed.page("services", Asked(), 1, 10).contents} == {
        "active",
        "inactive",
        "defunct",
        "temporarily closed",
    }


SEARCHES = [
    (("FORMS",), {"Advice Desk"}),
    (("TEA", "warm"), {"Tea Room"}),
    (("trust", "tea"), {"Tea Room"}),
    (("tea", "forms"), set()),
    (("100%",), {"Tea Room"}),
    (("1%0",), set()),
    (("w_rm",), set()),
    (("a\\",), set()),
]


@pytest.mark.parametrize(("words", "found"), SEARCHES)
def test_every_word_is_looked_for_in_a_service_and_who_runs_it(
    pack: Pack, engine: Engine, feed: Feed, words: tuple[str, ...], found: set[str]
) -> None:
    pack.service(description="Help with forms.").service(key="tea_room", description="Warm, 100% free.").load(engine)
    assert names(feed, words=words) == found


def test_services_are_narrowed_by_term_taxonomy_and_organisation(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.organisation(key="crown", name="Crown").service(service_types="housing;food", eligibility="anyone")
    pack.service(key="tea_room", organisation="crown", service_types="food").load(engine)
    assert names(feed, taxonomy_term_id=make_id("terms", "topic:housing")) == {"Advice Desk"}
    assert names(feed, taxonomy_term_id=make_id("terms", "topic:food")) == {"Advice Desk", "Tea Room"}
    assert names(feed, taxonomy_id=taxonomy_id("circumstance")) == {"Advice Desk"}
    assert names(feed, taxonomy_id=taxonomy_id("topic")) == {"Advice Desk", "Tea Room"}
    assert names(feed, organization_id=make_id("organisations", "crown")) == {"Tea Room"}
    for nothing in ("taxonomy_term_id", "taxonomy_id", "organization_id"):
        assert names(feed, **{nothing: "00000000-0000-4000-8000-00000000dead"}) == set()


def test_what_changed_on_or_after_a_moment_is_found_and_what_has_none_is_not(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.service().service(key="tea_room").service(key="late_desk").load(engine)
    noon = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
    for key, moment in (("advice_desk", noon), ("tea_room", noon - timedelta(seconds=1)), ("late_desk", None)):
        with Session(engine, future=True) as session:
            session.execute(update(models.Service).where(models.Service.key == key).values(last_modified=moment))
            session.commit()
    assert names(feed, modified_after=noon) == {"Advice Desk"}
    assert names(feed, modified_after=noon.astimezone(timezone(timedelta(hours=-8))) - timedelta(seconds=1)) == {"Advice Desk", "Tea Room"}
    minimal = feed.page("services", Asked(minimal=True), 3, 1).as_json()
    assert (minimal["size"], minimal["total_pages"], minimal["page_number"]) == (3, 1, 1)
    moments = {one["id"]: one.get("modified_date") for one in minimal["contents"]}
    assert moments[make_id("services", "advice_desk")] == "2026-11-20T12:00:00.000Z"
    assert moments[make_id("services", "late_desk")] is None


def test_services_are_narrowed_by_age_time_and_day(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.service(min_age="16", max_age="25").times(days="MO", opens="09:00", closes="12:00").times(days="TU", opens="18:00", closes="20:00")
    pack.service(key="tea_room").times(service="tea_room", days="2TU", freq="MONTHLY", opens="", closes="")
    pack.service(key="secret_hours").times(service="secret_hours", days="MO", public="no").load(engine)
    assert names(feed, minimum_age=16) == {"Advice Desk"}
    assert names(feed, minimum_age=17) == set()
    assert names(feed, maximum_age=25) == {"Advice Desk"}
    assert names(feed, maximum_age=24) == set()
    assert names(feed, day="TU") == {"Advice Desk", "Tea Room"}
    assert names(feed, day="MO") == {"Advice Desk"}
    assert names(feed, day="MO", starts="08:00", ends="12:00") == {"Advice Desk"}
    assert names(feed, day="MO", starts="18:00") == set(), "one opening must be all that is asked for"
    assert names(feed, ends="11:59") == set()


def test_services_at_places_are_narrowed_as_services_are(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.service().address().service(key="tea_room", service_types="food").address(key="tea_room_place", service="tea_room")
    pack.address(key="hidden", public="no").load(engine)
    assert names(feed, "service_at_locations") == {"Advice Desk", "Tea Room"}
    assert names(feed, "service_at_locations", words=("tea",)) == {"Tea Room"}
    assert names(feed, "service_at_locations", taxonomy_term_id=make_id("terms", "topic:food")) == {"Tea Room"}
    assert feed.record("service_at_locations", make_id("service_at_locations", "hidden"), Asked()) is None


def test_a_postcode_finds_what_serves_the_places_it_lies_in(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.add("postcodes.csv", outcode="DN20", districts="northwold;outside", places="brigg")
    for key, area in (("town", "Brigg"), ("district", "Northwold"), ("other", "Southwold"), ("county", "Woldshire"), ("uk", "UK")):
        pack.service(key=key, area=area).address(key=f"{key}_place", service=key)
    pack.load(engine)
    assert feed.areas_of("dn20 8aa") == feed.areas_of("DN20") == {"Brigg", "Northwold", "Woldshire", "England", "UK"}
    assert names(feed, "service_at_locations", areas=feed.areas_of("DN208AA")) == {"Town", "District", "County", "Uk"}
    assert feed.areas_of("ZE1 0AA") == {"UK"}


def test_proximity_is_measured_in_metres_from_where_the_postcode_is(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.service().address(postcode="DN20 8AA", latitude="53.55", longitude="-0.49")
    pack.service(key="tea_room").address(key="near", service="tea_room", postcode="DN20 8AB", latitude="53.559", longitude="-0.49")
    pack.service(key="secret").address(key="hid", service="secret", postcode="DN20 8AC", latitude="53.55", longitude="-0.49", public="no")
    pack.service(key="nowhere").address(key="bare", service="nowhere").load(engine)
    position = feed.position_of("dn208aa")
    assert position is not None
    assert position == pytest.approx((53.55, -0.49))
    assert names(feed, "service_at_locations", near=Near(*position, 990)) == {"Advice Desk"}
    assert names(feed, "service_at_locations", near=Near(*position, 1010)) == {"Advice Desk", "Tea Room"}
    assert feed.position_of("DN20 8AC") is None
    assert feed.position_of("ZE1 0AA") is None


def test_an_organisation_names_its_services_and_writes_them_out_where_asked(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.organisation(key="crown", name="Crown").service().service(key="tea_room").service(key="hidden", public="no").load(engine)
    listed = {one["name"]: one for one in feed.page("organizations", Asked(), 1, 10).contents}
    assert "services" not in listed["Advice Desk Trust"]
    record = feed.record("organizations", make_id("organisations", "trust"), Asked())
    assert record is not None
    assert sorted(one["name"] for one in record["services"]) == ["Advice Desk", "Tea Room"]
    assert "attributes" not in record["services"][0]
    (trust,) = (one for one in feed.page("organizations", Asked(full_service=True), 1, 10).contents if one["name"] == "Advice Desk Trust")
    assert trust["services"][0]["attributes"]
    assert names(feed, "organizations", words=("crown",)) == {"Crown"}


def test_terms_are_narrowed_by_taxonomy_parent_and_top(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.add("terms.csv", "england", key="topic:rent", taxonomy="topic", name="Rent", description="Rent", parent="topic:housing")
    pack.load(engine)
    assert names(feed, "taxonomy_terms", parent_id=make_id("terms", "topic:housing")) == {"Rent"}
    assert names(feed, "taxonomy_terms", parent_id="nobody") == set()
    assert "Rent" not in names(feed, "taxonomy_terms", top_only=True)
    assert names(feed, "taxonomy_terms", taxonomy_id=taxonomy_id("circumstance")) == {"Anyone"}
    assert names(feed, "taxonomies") == {"Topics", "circumstance"}
    assert names(feed, "taxonomies", words=("helps",)) == {"Topics"}
    topics = feed.record("taxonomies", taxonomy_id("topic"), Asked())
    assert topics is not None
    assert "Rent" in {term["name"] for term in topics["taxonomy_terms"]}


def test_the_version_changes_with_the_directory(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.service().load(engine)
    first = feed.version()
    pack.service(key="tea_room").load(engine)
    assert feed.version() != first != ""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_page_of_twenty_thousand_services_reads_that_page_alone(pack: Pack, engine: Engine, feed: Feed) -> None:
    pack.service().times().load(engine)
    with Session(engine, future=True) as session:
        base = session.execute(select(models.Service.__table__)).mappings().one()
        session.execute(
            insert(models.Service.__table__), [{**base, "id": f"{n:036d}", "key": f"k{n}", "name": f"Desk {n}"} for n in range(20_000)]
        )
        session.commit()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_more: statements.append(statement))
    started = time.thread_time()
    page = feed.page("services", Asked(words=("desk",), full=True), 200, 50)
    assert time.thread_time() - started < 2
    assert (page.total, len(page.contents)) == (20_001, 50)
    assert len(statements) < 12
