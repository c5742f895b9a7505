"""The directory as objects of Open Referral UK 3.0: true to the schemas, nothing empty, and nothing that is not for the public."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy.engine import Engine

from bot.directory.feed import COLLECTIONS, Asked, Feed
from bot.directory.openreferral import LOCAL, FeedWords, Json, language_name, timestamp
from bot.directory.pack import load_pack
from bot.web.feed import open_feed_words
from tests.builders import Pack, the_catalogues

SCHEMAS = Path(__file__).parent / "openreferral_schemas"
WORDS = FeedWords("please check first", "closed on this day", {"topic": ("Topics", "What a service helps with.")})
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
FORMATS = jsonschema.FormatChecker()


@lru_cache(maxsize=64)
def schema(name: str, within: tuple[str, ...] = ()) -> Json:
    """A schema of the standard with what it refers to put in; of what contains itself, the inner one is any object."""

    def put_in(node: Any) -> Any:
        if isinstance(node, list):
            return [put_in(part) for part in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            inner = node["$ref"].rsplit("/", 1)[-1].removesuffix(".json")
            return {"type": "object"} if inner in (name, *within) else schema(inner, (name, *within))
        return {key: put_in(value) for key, value in node.items()}

    found: Json = put_in(json.loads((SCHEMAS / "uk-3.0" / f"{name}.json").read_text("utf-8-sig")))
    return found


def faults(name: str, value: Json) -> list[str]:
    checker = jsonschema.Draft202012Validator(schema(name), format_checker=FORMATS)
    return [f"{list(error.absolute_path)}: {error.message}" for error in checker.iter_errors(value)]


def parts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from parts(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner, f"{path}[]")


def whole(engine: Engine, kind: str = "services", **asked: Any) -> list[Json]:
    """Every record of a kind with all that hangs from it."""
    return [one for batch in Feed(engine, WORDS).batches(kind, Asked(full=True, **asked)) for one in batch]


def the_service(pack: Pack, engine: Engine, **asked: Any) -> Json:
    pack.load(engine)
    (service,) = whole(engine, **asked)
    return service


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path / "packs")


@on_sqlite
@pytest.mark.parametrize("area", ["birmingham", "cambridgeshire", "lewisham"])
@pytest.mark.parametrize("local", [False, True], ids=["standard", "local"])
def test_every_record_of_every_real_directory_follows_its_schema(engine: Engine, area: str, local: bool) -> None:
    load_pack(engine, area)
    feed = Feed(engine, open_feed_words(the_catalogues()))
    names = dict(zip(COLLECTIONS, ("service", "organization", "service_at_location", "taxonomy", "taxonomy_term"), strict=True))
    for kind, name in names.items():
        page = feed.page(kind, Asked(local=local), 1, 1000).as_json()
        assert faults(f"{name}_list", page) == []
        for entry in page["contents"]:
            record = feed.record(kind, entry["id"], Asked(local=local))
            assert record is not None
            assert faults(name, record) == []
            assert [path for path, value in parts([entry, record]) if value in (None, "", [], {})] == []


def test_a_service_has_everything_where_the_standard_has_it(pack: Pack, engine: Engine) -> None:
    pack.service(
        phone="01223 555123",
        phone_note="ask for the desk",
        out_of_hours_phone="01223 555124",
        contact_name="The desk",
        contact_email="desk@example.org",
        eligibility="anyone",
        eligibility_text="Everybody.",
        min_age="16",
        max_age="25.5",
        cost="two pounds",
        cost_amount="2.5",
        languages="uk;zh-Hant",
        interpretation_services="By telephone.",
        area="Northwold;Brigg",
        area_code="E10000003",
        accreditations="AQS",
        alert="Moved.",
        checked_on="20/11/2026",
        checked_by="desk@example.org",
    )
    pack.address(name="Old Mill", city="Brigg", county="Woldshire", postcode="DN20 8AA", uprn="100", access="A ramp.", latitude="53.5")
    pack.times(opens="09:30", place="advice_desk_room", notes="term time", days="1MO;-1FR", freq="MONTHLY")
    service = the_service(pack, engine)
    assert [(c.get("title"), c.get("name"), c.get("email"), [p["number"] for p in c["phones"]]) for c in service["contacts"]] == [
        (None, None, None, ["01223 555123"]),
        ("Out of hours", None, None, ["01223 555124"]),
    ]
    assert service["contacts"][0]["phones"][0]["description"] == "ask for the desk"
    assert [(one["code"], one["name"]) for one in service["languages"]] == [("uk", "Ukrainian"), ("zh", "Cantonese")]
    assert (service["minimum_age"], service["maximum_age"]) == (16, 25.5)
    assert isinstance(service["minimum_age"], int)
    assert [(one["option"], one["amount"], one["currency"]) for one in service["cost_options"]] == [("two pounds", 2.5, "GBP")]
    assert service["eligibility_description"] == "Everybody."
    assert service["interpretation_services"] == "By telephone."
    assert (service["accreditations"], service["alert"]) == ("AQS", "Moved.")
    assert (service["assured_date"], service["assurer_email"]) == ("2026-11-20", "desk@example.org")
    assert [(area["name"], area.get("uri")) for area in service["service_areas"]] == [
        ("Northwold", "http://statistics.data.gov.uk/id/statistical-geography/E10000003"),
        ("Brigg", None),
    ]
    assert [(one["link_type"], one["taxonomy_term"]["code"], one["link_id"]) for one in service["attributes"]] == [
        ("service_type", "housing", service["id"]),
        ("eligibility", "anyone", service["id"]),
    ]
    (at,) = service["service_at_locations"]
    assert at["location"]["addresses"][0]["postal_code"] == "DN20 8AA"
    assert (at["location"]["external_identifier"], at["location"]["external_identifier_type"]) == ("100", "UPRN")
    assert at["location"]["accessibility"][0]["description"] == "A ramp."
    (opening,) = service["schedules"]
    assert (opening["freq"], opening["byday"], opening["opens_at"]) == ("MONTHLY", "1MO,-1FR", "09:30")
    assert opening["service_at_location_id"] == at["id"]
    assert faults("service", service) == []


SECRETS: list[tuple[str, Callable[[Pack], Pack]]] = [
    ("service", lambda p: p.service(key="hidden", name="SECRET", public="no")),
    ("address", lambda p: p.address(name="SECRET", address_1="SECRET", access="SECRET", public="no")),
    ("opening", lambda p: p.times(notes="SECRET", public="no")),
    ("organisation", lambda p: p.organisation(key="hush", name="SECRET", public="no").service(key="open", organisation="hush")),
    ("note of a service", lambda p: p.service(key="open", note="SECRET")),
    ("note of an address", lambda p: p.address(note="SECRET")),
    ("note of an opening", lambda p: p.times(note="SECRET")),
    ("note of an organisation", lambda p: p.organisation(key="loud", note="SECRET")),
    ("whom officers ask", lambda p: p.service(key="desk", contact_name="SECRET", contact_email="secret@example.org")),
    ("name of who checked", lambda p: p.service(key="open", checked_by="SECRET Smith")),
    ("unsure number", lambda p: p.service(key="open", phone="01223 555123", phone_note="SECRET", unsure="hours;phone")),
    (
        "unsure night number",
        lambda p: p.service(key="open", out_of_hours_phone="01223 555123", out_of_hours_note="SECRET", unsure="out_of_hours_phone"),
    ),
    ("unsure address to write to", lambda p: p.service(key="open", email="SECRET@example.org", email_note="SECRET", unsure="email")),
    ("unsure web address", lambda p: p.service(key="open", url="https://SECRET.example.org", unsure="url")),
    ("unsure cost", lambda p: p.service(key="open", cost="SECRET", unsure="cost")),
    ("unsure eligibility", lambda p: p.service(key="open", eligibility_text="SECRET", unsure="eligibility")),
    ("statement", lambda p: p.statement(statement="SECRET")),
]


@pytest.mark.parametrize("write", [secret[1] for secret in SECRETS], ids=[secret[0] for secret in SECRETS])
def test_what_is_not_for_the_public_is_nowhere_in_the_feed(pack: Pack, engine: Engine, write: Callable[[Pack], Pack]) -> None:
    write(pack.service()).load(engine)
    feed = Feed(engine, WORDS)
    told = [one for kind in COLLECTIONS for one in whole(engine, kind, local=True)]
    told += [one for kind in COLLECTIONS for batch in feed.batches(kind, Asked(full_service=True, local=True)) for one in batch]
    assert "advice_desk" in json.dumps(told)
    assert "SECRET" not in json.dumps(told)
    assert feed.page("services", Asked(words=("SECRET",)), 1, 10).total == 0


def test_an_opening_at_a_place_that_is_not_public_does_not_name_the_place(pack: Pack, engine: Engine) -> None:
    service = the_service(pack.service().address(public="no").times(place="advice_desk_room"), engine)
    assert "service_at_location_id" not in service["schedules"][0]
    assert "service_at_locations" not in service


@on_sqlite
def test_unsure_hours_and_addresses_are_told_with_a_word_of_caution(pack: Pack, engine: Engine) -> None:
    pack.service(unsure="address").address(city="Brigg", county="Woldshire", postcode="DN20 8AA").times(unsure="hours")
    service = the_service(pack, engine)
    assert service["schedules"][0]["description"] == WORDS.check_first
    assert service["service_at_locations"][0]["location"]["description"] == WORDS.check_first
    assert "unsure" not in json.dumps(the_service(pack, engine, local=True))


@on_sqlite
def test_an_address_that_the_standard_does_not_take_is_told_in_words(pack: Pack, engine: Engine) -> None:
    location = the_service(pack.service().address(name="Old Mill", city="Brigg"), engine)["service_at_locations"][0]["location"]
    assert "addresses" not in location
    assert location["description"] == "1 Mill Lane, Brigg"


@on_sqlite
def test_an_opening_for_one_day_begins_and_ends_on_it_and_without_times_it_is_closed(pack: Pack, engine: Engine) -> None:
    pack.service().times(date="2026-12-24", days="", freq="", opens="", closes="").times(date="2026-12-31", days="", freq="")
    closed, short = the_service(pack, engine)["schedules"]
    assert (closed["dtstart"], closed["valid_from"], closed["valid_to"]) == ("2026-12-24",) * 3
    assert closed["description"] == WORDS.closed
    assert "description" not in short
    assert "freq" not in short


@on_sqlite
def test_an_organisation_without_a_description_has_its_name_there(pack: Pack, engine: Engine) -> None:
    pack.organisation(key="crown", name="Crown", description="A pub.", charity_number="1", company_number="2").service().load(engine)
    found = {one["name"]: one for one in whole(engine, "organizations")}
    assert found["Advice Desk Trust"]["description"] == "Advice Desk Trust"
    assert found["Crown"]["description"] == "A pub."
    registers = [(one["identifier_scheme"], one["identifier"]) for one in found["Crown"]["organization_identifiers"]]
    assert registers == [("GB-CHC", "1"), ("GB-COH", "2")]


@on_sqlite
def test_local_fields_are_there_only_where_they_are_asked_for_and_all_begin_alike(pack: Pack, engine: Engine) -> None:
    pack.service(languages="zh-Hant", regulated_by="IAA level 1", area_code="W6").address().times(unsure="hours").lead()
    standard, local = the_service(pack, engine), the_service(pack, engine, local=True)
    assert LOCAL not in json.dumps(standard)
    names = {path.rsplit(".", 1)[-1] for path, _ in parts(local)} - {path.rsplit(".", 1)[-1] for path, _ in parts(standard)}
    assert {name.removesuffix("[]") for name in names if not name.startswith(LOCAL)} - {""} == {"topic", "position"}
    assert local["desk_leads"] == [{"topic": "housing", "position": 1}]


HSDS = {"phone": "contacts[].phones[]", "contact": "contacts[]", "language": "languages[]", "attribute": "attributes[]", "service": ""}


@on_sqlite
def test_what_the_uk_profile_lacks_is_called_as_hsds_calls_it(pack: Pack, engine: Engine) -> None:
    pack.service(phone="01223 555123", contact_email="desk@example.org", languages="uk", eligibility_text="All.", cost_amount="1")
    service = the_service(pack, engine)
    for name, path in HSDS.items():
        known = json.loads((SCHEMAS / "hsds-3.0" / f"{name}.json").read_text("utf-8-sig"))["properties"]
        found = [value for where, value in parts(service) if where == (f".{path}" if path else "") and isinstance(value, dict)]
        assert found, path
        assert {field for one in found for field in one} <= set(known), name


@on_sqlite
def test_what_a_schema_would_not_take_is_left_out(pack: Pack, engine: Engine) -> None:
    pack.service(url="https://?", checked_by="the librarian").address()
    service = the_service(pack, engine)
    assert "url" not in service
    assert "assurer_email" not in service
    assert faults("service", service) == []


def test_a_moment_is_written_in_utc_to_the_millisecond() -> None:
    summer = timezone(timedelta(hours=1))
    assert timestamp(datetime(2026, 7, 1, 9, 30, 15, 123456, tzinfo=summer)) == "2026-07-01T08:30:15.123Z"
    assert timestamp(datetime(2026, 7, 1, 9, 30)) == "2026-07-01T09:30:00.000Z"  # noqa: DTZ001
    assert timestamp(None) is None


def test_when_a_service_was_last_modified_is_told(pack: Pack, engine: Engine) -> None:
    told = the_service(pack.service(), engine)["last_modified"]
    age = datetime.now(timezone.utc) - datetime.fromisoformat(told.replace("Z", "+00:00"))
    assert timedelta(0) <= age + timedelta(milliseconds=1) < timedelta(minutes=5)


@pytest.mark.parametrize(("code", "name"), [("uk", "Ukrainian"), ("prs", "Dari"), ("yue", "Cantonese"), ("qaa", "qaa")])
def test_a_language_is_called_by_its_english_name(code: str, name: str) -> None:
    assert language_name(code) == name
