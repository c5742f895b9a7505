"""Feeds as rows of the sheets: our own gives the sheets again, anybody else's gives what it says and nothing more."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.directory.feed import Asked, Feed
from bot.directory.files import read_sheets
from bot.directory.openreferral import FeedWords, Json
from bot.directory.openreferral_import import rows_of_feed
from bot.directory.pack import load_pack
from bot.directory.reader import COLUMNS, KEY, LONGEST_KEY, RowReader, make_id
from bot.directory.sheets import Problem, Row
from bot.directory.writer import read_known
from tests.builders import Pack

WORDS = FeedWords("please check first", "closed on this day", {})
SAMPLE = Path(__file__).parent / "openreferral_schemas" / "uk-3.0" / "examples" / "service_full.json"
ID = "ac148810-d857-441c-9679-408f346de14b"
Rows = dict[str, list[dict[str, str]]]
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path / "packs")


def fed(engine: Engine, local: bool = True) -> list[Json]:
    asked = Asked(full=True, local=local)
    return json.loads(json.dumps([one for batch in Feed(engine, WORDS).batches("services", asked) for one in batch]))  # type: ignore[no-any-return]


def public_rows(engine: Engine) -> Rows:
    """What an export holds of public services, each with what the feed may tell of it."""
    with Session(engine, future=True) as session:
        sheets = read_sheets(session)
    public = {sheet: [dict(row) for row in rows if row.get("public", "yes") == "yes"] for sheet, rows in sheets.items()}
    runners = {row["key"] for row in public["organisations.csv"]}
    services = {row["key"]: row for row in public["services.csv"] if row["organisation"] in runners}
    used = {row["organisation"] for row in services.values()}
    places = {row["key"] for row in public["places.csv"]}
    found = {
        "organisations.csv": [row for row in public["organisations.csv"] if row["key"] in used],
        "services.csv": list(services.values()),
        **{sheet: [row for row in public[sheet] if row["service"] in services] for sheet in ("places.csv", "times.csv", "leads.csv")},
    }
    for sheet, rows in found.items():
        for row in rows:
            unsure = row.get("unsure", "").split(";")
            hidden = {"note", "contact_name", "contact_email"} | (
                {"phone", "phone_note"} if sheet == "services.csv" and "phone" in unsure else set()
            )
            if row.get("place") not in places:
                hidden.add("place")
            for column in hidden:
                row.pop(column, None)
            row["unsure"] = ";".join(name for name in unsure if name in ("hours", "address"))
    return {sheet: [{column: row.get(column, "") for column in COLUMNS[sheet]} for row in rows] for sheet, rows in found.items()}


def ordered(rows: Rows) -> Rows:
    return {
        sheet: sorted(found, key=lambda row: [row.get(name, "") for name in ("key", "service", "topic")]) for sheet, found in rows.items()
    }


@on_sqlite
@pytest.mark.parametrize("area", ["birmingham", "cambridgeshire", "lewisham"])
def test_our_own_feed_gives_the_public_part_of_the_sheets(engine: Engine, area: str) -> None:
    load_pack(engine, area)
    rows, wanted = rows_of_feed(fed(engine), "elsewhere"), public_rows(engine)
    assert len(wanted["services.csv"]) > 40
    assert ordered(rows) == ordered(wanted)


def test_every_cell_that_the_feed_may_tell_comes_back(pack: Pack, engine: Engine) -> None:
    pack.organisation(key="crown", name="Crown", description="A pub.", website="https://crown.example.org", email="a@example.org")
    pack.organisation(key="numbers", name="Numbers", charity_number="1123456", company_number="01234567", confidence="seen")
    pack.service(
        organisation="crown",
        alert="Moved.",
        url="https://example.org/a?b=c&d=%20#e",
        email="desk@example.org",
        email_note="only for letters",
        phone="01223 555123",
        phone_note="option 2",
        out_of_hours_phone="01223 555124",
        out_of_hours_note="at night",
        contact_name="The desk",
        contact_email="other@example.org",
        service_types="housing;food;homeless_tonight",
        eligibility="anyone",
        audience="anyone",
        eligibility_text="All; and more.",
        min_age="16",
        max_age="25.5",
        cost="two pounds; or none",
        cost_amount="2.5",
        languages="uk;zh-Hant;prs",
        interpretation_services="By telephone.",
        area="Northwold;Brigg",
        area_code="E10000003",
        accreditations="AQS",
        regulated_by="IAA level 1",
        checked_on="2026-11-20",
        checked_by="desk@example.org",
        source_seen="2025",
        confidence="seen",
        unsure="hours;address",
    )
    pack.service(key="other", organisation="numbers", status="temporarily closed", cost_amount="3", area_code="W6")
    pack.address(
        name="Mill", city="Brigg", county="Woldshire", postcode="DN20 8AA", latitude="53.5", longitude="-0.0005", uprn="1", access="Ramp"
    )
    pack.address(key="hall", city="Brigg").address(key="online", location_type="virtual", address_1="", name="Online", country="GB")
    pack.address(key="box", location_type="postal", city="Brigg", county="Woldshire", postcode="DN20 8AB")
    pack.address(key="refuge", service="other", public="no").times(service="other", place="refuge")
    pack.times(place="hall", days="1MO;-1FR", freq="MONTHLY", notes="a; b", **{"from": "2026-09-01", "until": "2026-12-31"})
    pack.times(date="2026-12-24", days="", freq="", opens="", closes="").times(days="", freq="", opens="", closes="", notes="ask")
    pack.times(days="MO", freq="", opens="", closes="", unsure="hours").lead().lead("food", "12").load(engine)
    assert ordered(rows_of_feed(fed(engine), "elsewhere")) == ordered(public_rows(engine))


@on_sqlite
def test_rows_of_our_own_feed_can_be_read_as_they_are(pack: Pack, engine: Engine) -> None:
    load_pack(engine, "cambridgeshire")
    problems: list[Problem] = []
    rows = {
        sheet: [Row(sheet, n, cells, problems) for n, cells in enumerate(found, 2)]
        for sheet, found in rows_of_feed(fed(engine), "x").items()
    }
    with Session(engine, future=True) as session:
        known = read_known(session)
    RowReader(rows, problems, datetime.now(timezone.utc), known).read()
    assert problems == []


@on_sqlite
def test_our_feed_without_its_local_fields_is_read_as_anybody_s(pack: Pack, engine: Engine) -> None:
    pack.service(languages="uk", unsure="hours").times(notes="term time").load(engine)
    rows = rows_of_feed(fed(engine, local=False), "https://example.org/openreferral")
    (service,) = rows["services.csv"]
    assert service["key"] == f"or_{make_id('services', 'advice_desk')}"
    assert service["service_types"] == "housing", "our terms are known by their ids"
    assert service["source"] == "https://example.org/openreferral"
    assert rows["organisations.csv"][0]["description"] == ""
    assert rows["times.csv"][0]["notes"] == "please check first; term time"


def foreign(**more: Any) -> Rows:
    """The rows of a service of somebody else's feed; ``more`` goes over a service with hardly anything."""
    return rows_of_feed([{"id": ID, "name": "Tea", "status": "active", **more}], "A feed")


def cell(column: str, **more: Any) -> str:
    return foreign(**more)["services.csv"][0][column]


def test_the_standard_s_own_example_is_read() -> None:
    rows = rows_of_feed([json.loads(SAMPLE.read_text("utf-8-sig"))], "The example")
    (service,) = rows["services.csv"]
    assert service["key"] == f"or_{ID}"
    assert service["organisation"] == rows["organisations.csv"][0]["key"] == "or_d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610"
    assert (service["min_age"], service["max_age"], service["cost_amount"]) == ("12", "100", "35")
    assert service["cost"] == "Under 18s and Over 60s, per 1 hour session"
    assert (service["checked_on"], service["source"], service["source_seen"]) == ("2005-01-01", "The example", "2023-03-15")
    assert (service["service_types"], service["phone"], service["contact_name"]) == ("", "", "Ann Persona")
    assert "Terms in the feed: name." in service["note"]
    assert rows["organisations.csv"][0]["company_number"] == "1234567"
    (place,) = rows["places.csv"]
    assert (place["key"], place["service"], place["uprn"]) == ("or_e94c9f38-1e8f-4564-91d4-d53501ab1765", service["key"], "10092008082")
    (opening,) = rows["times.csv"]
    assert (opening["freq"], opening["days"], opening["opens"], opening["closes"]) == ("WEEKLY", "TH;FR", "10:00", "18:00")
    assert opening["unsure"] == "hours"
    assert "bymonthday: 2,3,4" in opening["note"]
    assert {sheet: [tuple(row) for row in found] for sheet, found in rows.items()} == {
        sheet: [COLUMNS[sheet]] * len(found) for sheet, found in rows.items()
    }


def test_a_service_with_hardly_anything_gives_a_row_with_hardly_anything() -> None:
    rows = foreign()
    filled = {column: value for column, value in rows["services.csv"][0].items() if value}
    assert filled == {"key": f"or_{ID}", "name": "Tea", "status": "active", "source": "A feed", "public": "yes"}
    assert all(not found for sheet, found in rows.items() if sheet != "services.csv")


JUNK: list[Any] = [None, 5, "text", True, [None, 5, "text"], {"a": []}, [[]], [{}], {}]


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_a_field_of_another_kind_than_the_standard_s_is_passed_over(junk: Any) -> None:
    fields = [*json.loads(SAMPLE.read_text("utf-8-sig")), "desk_leads", "desk_check_first", "desk_key", "phones"]
    for name in fields:
        rows = rows_of_feed([{"id": ID, "name": "Tea", name: junk}], "A feed")
        assert len(rows["services.csv"]) == 1
        assert all(isinstance(value, str) for found in rows.values() for row in found for value in row.values())


def test_telephones_are_found_wherever_they_hang_and_further_ones_are_noted() -> None:
    first, second, third = ({"id": ID, "number": f"01223 55512{n}"} for n in (1, 2, 3))
    assert cell("phone", phones=[first]) == "01223 555121"
    assert cell("phone", contacts=[{"id": ID, "phones": [first]}]) == "01223 555121"
    assert cell("phone", organization={"id": ID, "name": "Crown", "phones": [first]}) == "01223 555121"
    assert cell("phone", service_at_locations=[{"id": ID, "location": {"id": ID, "phones": [first]}}]) == "01223 555121"
    assert "01223 555122" in cell("note", phones=[first, second])
    assert cell("note", phones=[first, first]) == ""
    assert cell("out_of_hours_phone", contacts=[{"id": ID, "title": "Out of hours", "phones": [third]}]) == "01223 555123"
    assert cell("phone_note", phones=[{**first, "description": "the desk", "extension": 12}]) == "the desk; extension 12"


def test_whom_a_service_is_for_is_kept_in_words_where_the_terms_are_not_ours() -> None:
    attributes = [{"id": ID, "link_type": "eligibility", "taxonomy_term": {"id": ID, "name": "Women", "description": "x"}}]
    assert cell("eligibility_text", attributes=attributes) == "Women"
    assert cell("eligibility_text", attributes=attributes, eligibility_description="Women over 60") == "Women over 60"
    ours = {"id": ID, "link_type": "eligibility", "taxonomy_term_id": make_id("terms", "circumstance:refugee")}
    assert cell("eligibility", attributes=[ours]) == "refugee"
    assert cell("service_types", attributes=[{**ours, "link_type": "service_type"}]) == "", "a circumstance is no topic"


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"dtstart": "2026-12-24", "opens_at": "10:00:00Z"}, {"date": "2026-12-24", "opens": "10:00", "from": ""}),
        ({"freq": "WEEKLY", "dtstart": "2026-09-01", "byday": "MO, +2TU"}, {"date": "", "from": "2026-09-01", "days": "MO;2TU"}),
        ({"freq": "WEEKLY", "interval": 2}, {"unsure": "hours", "note": "In the feed, interval: 2."}),
        ({"freq": "WEEKLY", "interval": 1}, {"unsure": "", "note": ""}),
        ({"freq": "DAILY", "valid_from": "01/02/2026"}, {"freq": "DAILY", "from": "01/02/2026"}),
        ({"byday": "MO", "dtstart": "2026-09-07"}, {"date": "", "days": "MO", "from": "2026-09-07"}),
        ({"description": "Term time", "notes": "Term time"}, {"notes": "Term time"}),
        ({"opens_at": "ten"}, {"opens": "ten"}),
    ],
)
def test_openings_are_taken_as_far_as_our_sheets_can_say_them(schedule: Json, expected: dict[str, str]) -> None:
    (row,) = foreign(schedules=[{"id": ID, **schedule}])["times.csv"]
    assert {column: row[column] for column in expected} == expected


def test_places_of_the_same_location_have_a_row_for_each_service_and_its_openings() -> None:
    location = {"id": ID, "location_type": "physical", "addresses": [{"address_1": "1 High St", "postal_code": "cb74ee", "country": "UK"}]}
    opening = {"id": ID, "freq": "WEEKLY", "byday": "MO"}
    services = [
        {"id": name, "name": name, "service_at_locations": [{"id": f"at-{name}", "location": location, "schedules": [opening]}]}
        for name in "ab"
    ]
    rows = rows_of_feed(services, "A feed")
    assert [(row["service"], row["key"], row["postcode"], row["country"]) for row in rows["places.csv"]] == [
        ("or_a", "or_at-a", "CB7 4EE", "GB"),
        ("or_b", "or_at-b", "CB7 4EE", "GB"),
    ]
    assert [(row["service"], row["place"]) for row in rows["times.csv"]] == [("or_a", "or_at-a"), ("or_b", "or_at-b")]


def test_every_organisation_has_one_row_and_one_only_named_by_its_id_has_none() -> None:
    crown = {"id": ID, "name": "Crown", "description": "A pub."}
    rows = rows_of_feed([{"id": "a", "name": "a", "organization": crown}, {"id": "b", "name": "b", "organization": crown}], "A feed")
    assert [row["name"] for row in rows["organisations.csv"]] == ["Crown"]
    rows = foreign(organization_id="x")
    assert rows["services.csv"][0]["organisation"] == "or_x"
    assert rows["organisations.csv"] == []


def test_languages_come_by_code_or_by_name_and_areas_as_they_are_called() -> None:
    languages = [{"code": "ar"}, {"name": "Farsi"}, {"name": "Klingonish"}, {"code": "ar"}]
    assert cell("languages", languages=languages) == "ar;fa"
    assert cell("note", languages=languages) == "Languages in the feed: Klingonish."
    assert cell("area", service_areas=[{"name": "Ely; and near"}, {"service_area": "March"}]) == "Ely, and near;March"


def test_costs_come_from_the_first_option_or_the_old_field() -> None:
    assert (cell("cost", fees="Free"), cell("cost_amount", fees="Free")) == ("Free", "")
    two = [{"option": "Adults", "amount": 3.5}, {"option": "Children", "amount": 0}]
    assert (cell("cost", cost_options=two), cell("cost_amount", cost_options=two)) == ("Adults", "3.5")
    assert cell("note", cost_options=two) == "More costs in the feed: Children 0."


@pytest.mark.parametrize(
    ("value", "written"),
    [(16, "16"), (16.0, "16"), (16.5, "16.5"), ("16", "16"), (1e-05, "0.00001"), (True, ""), ("x", "x"), (float("nan"), "")],
)
def test_numbers_are_written_as_cells_have_them(value: Any, written: str) -> None:
    assert cell("min_age", minimum_age=value) == written


@pytest.mark.parametrize("identity", ["https://example.org/services/1", "a b", "кухня", "x" * 90, "a\nb", "a\0b", "a\ud800b"], ids=ascii)
def test_an_id_that_can_be_no_key_still_gives_one_and_always_the_same(identity: str) -> None:
    rows = foreign(id=identity, organization={"id": identity, "name": "Crown"})
    again = foreign(id=identity)
    key = rows["services.csv"][0]["key"]
    assert KEY.fullmatch(key)
    assert len(key) <= LONGEST_KEY
    assert key.startswith("or_")
    assert key == rows["services.csv"][0]["organisation"] == again["services.csv"][0]["key"]
    assert key != foreign(id=f"{identity}2")["services.csv"][0]["key"]
