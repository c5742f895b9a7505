"""Every record that was collected is in a pack, once, as it was collected: nothing altered, nothing filled in.

What a service does may be said in plainer English than its record's, and then both stand in docs/readings/en.csv, for whoever doubts it.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.directory.records import Directory
from bot.directory.search import find_guidance
from bot.settings import ROOT

TODAY = date(2026, 11, 26)
FACTS = ROOT.parent / "shared" / "facts"
PACKS = ROOT / "data" / "directory"
AREAS = {
    "cambridgeshire": "Cambridgeshire",
    "cambridge_city": "Cambridge",
    "south_cambs": "South Cambridgeshire",
    "east_cambs": "East Cambridgeshire",
    "fenland": "Fenland",
    "huntingdonshire": "Huntingdonshire",
    "peterborough": "Peterborough",
    "birmingham": "Birmingham",
    "lewisham": "Lewisham",
}
NARROWER = {
    "OASISS": {"Stapleford", "Great Shelford", "Little Shelford"},
    "Citizens Advice Rural Cambs": {"Fenland", "Huntingdonshire", "East Cambridgeshire"},
    "Street Outreach Service (P3), Huntingdonshire, South and East Cambs": {
        "Huntingdonshire",
        "South Cambridgeshire",
        "East Cambridgeshire",
    },
}
"""Records whose own text says more exactly whom they serve than their area does."""
WIDER = {"England", "UK", "East of England"}
PLAINER = ROOT / "docs" / "readings" / "en.csv"
SAME = {
    "eligibility": "eligibility_text",
    "cost": "cost",
    "url": "url",
    "regulated": "accreditations",
    "languages": "interpretation_services",
    "source": "source",
    "seen": "source_seen",
    "confidence": "confidence",
    "public": "public",
    "note": "note",
}
"""Fields that are copied, and the columns they are copied to."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

pytestmark = pytest.mark.skipif(not FACTS.exists(), reason="the collected facts (../shared/facts) are not beside this checkout")

Fact = dict[str, Any]
Cells = dict[str, str]


@lru_cache(maxsize=1)
def facts(name: str = "directory_facts.yaml") -> list[Fact]:
    return list(YAML(typ="safe").load(FACTS / name)) if FACTS.exists() else []


def sheet(name: str) -> Iterator[tuple[str, Cells]]:
    """Give the pack and the cells of each row of every pack's ``name``."""
    for path in sorted(PACKS.glob(f"*/{name}")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield path.parent.name, row


@lru_cache(maxsize=1)
def services() -> dict[str, list[tuple[str, Cells]]]:
    found: dict[str, list[tuple[str, Cells]]] = defaultdict(list)
    for pack, row in sheet("services.csv"):
        found[row["name"]].append((pack, row))
    return found


@lru_cache(maxsize=2)
def hanging(name: str) -> dict[str, list[Cells]]:
    """Give the rows of places.csv or times.csv by the key of their service."""
    found: dict[str, list[Cells]] = defaultdict(list)
    for _, row in sheet(name):
        found[row["service"]].append(row)
    return found


@lru_cache(maxsize=1)
def plainer() -> dict[str, Cells]:
    """Give the rows of docs/readings/en.csv by the key of their service."""
    with PLAINER.open(encoding="utf-8", newline="") as file:
        return {row["service"]: row for row in csv.DictReader(file)}


def description_of(fact: Fact) -> str:
    """Say what a service does as its pack should: in the record's words, or in the plainer ones that stand beside these."""
    reading = plainer().get(row_of(fact)["key"])
    if reading is None:
        return str(fact["summary"])
    assert reading["as_collected"] == fact["summary"]
    return reading["in_plain_english"]


def names(text: str) -> set[str]:
    """Find what is written with a capital inside a sentence: names, days, months, abbreviations."""
    return {word.removesuffix("s") for word in re.findall(r"(?<!^)(?<![.:] )\b[A-Z]\w*", text)}


def row_of(fact: Fact) -> Cells:
    return services()[fact["name"]][0][1]


def each(*fields: str) -> Any:
    """Run a test for each record that has one of ``fields``; for every record without any."""
    wanted = [fact for fact in facts() if not fields or any(field in fact for field in fields)]
    return pytest.mark.parametrize("fact", wanted, ids=[fact["name"] for fact in wanted])


def openings(text: str) -> set[tuple[str, str, str]]:
    """Read (day, opens, closes) out of the words of a record; times are empty where only the day is given."""
    if text == "24/7":
        return {(code, "00:00", "23:59") for code in CODES}
    found = set()
    day = rf"({'|'.join(DAYS)})[a-z]*"
    for first, last, opens, closes in re.findall(rf"{day}(?:-{day})? (\d\d:\d\d)-(\d\d:\d\d)", text):
        start = DAYS.index(first)
        stop = DAYS.index(last) if last else start
        found |= {(code, opens, closes) for code in CODES[start : stop + 1]}
    if not found:
        listed = re.match(rf"(?:Open )?((?:{day}(?:, )?)+) \(", text)
        if listed:
            found = {(CODES[DAYS.index(name)], "", "") for name in re.findall(day, listed[1])}
    return found


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w@.:/]+", text.lower()))


def test_there_are_as_many_services_as_records() -> None:
    assert len(facts()) == 165
    assert sum(len(rows) for rows in services().values()) == 165


@each()
def test_a_record_is_one_row_with_its_facts_unaltered(fact: Fact) -> None:
    assert len(services()[fact["name"]]) == 1
    row = row_of(fact)
    assert {column: row[column] for column in SAME.values()} == {column: str(fact.get(field, "")) for field, column in SAME.items()}
    assert row["description"] == description_of(fact)
    assert row["unsure"] == ";".join(fact.get("unsure", []))
    assert row["checked_on"] == row["checked_by"] == ""


def test_every_plainer_description_is_of_a_record_and_says_something_else() -> None:
    assert set(plainer()) <= {row_of(fact)["key"] for fact in facts()}
    assert all(row["as_collected"] != row["in_plain_english"] for row in plainer().values())


@each()
def test_a_plainer_description_has_the_numbers_of_the_record_and_no_name_that_the_record_does_not_have(fact: Fact) -> None:
    description = row_of(fact)["description"]
    assert re.findall(r"\d[\d-]*", fact["summary"]) == re.findall(r"\d[\d-]*", description)
    known = f"{fact['name']} {fact['summary']}".replace("ESOL", "English ESOL")
    assert {name for name in names(description) if name not in known} == set()


@each()
def test_a_record_keeps_its_topics(fact: Fact) -> None:
    expected = {topic.replace("homelessness_tonight", "homeless_tonight") for topic in fact["topics"]}
    row = row_of(fact)
    if "afghan" in expected:
        expected = expected - {"afghan"}
        assert "afghan_scheme" in row["audience"].split(";")
    assert set(row["service_types"].split(";")) == expected


@each()
def test_a_record_serves_where_it_said(fact: Fact) -> None:
    pack, row = services()[fact["name"]][0]
    serves = set(row["area"].split(";"))
    if fact["area"] == "national":
        assert serves & WIDER
    elif fact["name"] in NARROWER:
        assert serves == NARROWER[fact["name"]]
    else:
        assert AREAS[fact["area"]] in serves
        assert not serves & WIDER
    home = {"national": {"england", "cambridgeshire"}, "birmingham": {"birmingham"}, "lewisham": {"lewisham"}}
    assert pack in home.get(fact["area"], {"cambridgeshire"})


@each("phone", "email")
def test_numbers_and_addresses_to_write_to_are_the_record_s_and_no_word_of_theirs_is_lost(fact: Fact) -> None:
    row = row_of(fact)
    for field, columns in (
        ("phone", ("phone", "phone_note", "out_of_hours_phone", "out_of_hours_note")),
        ("email", ("email", "email_note")),
    ):
        given = str(fact.get(field, ""))
        for column in columns:
            assert row[column] in given
        kept = words(" ".join(row[column] for column in columns))
        assert words(given) <= kept


def test_a_record_without_a_number_was_given_none() -> None:
    for fact in facts():
        if "phone" not in fact:
            assert row_of(fact)["phone"] == row_of(fact)["out_of_hours_phone"] == "", fact["name"]
        if "email" not in fact:
            assert row_of(fact)["email"] == "", fact["name"]


@each("address", "postcode")
def test_an_address_is_the_record_s(fact: Fact) -> None:
    (row,) = hanging("places.csv")[row_of(fact)["key"]]
    assert row["postcode"] == fact.get("postcode", "")
    written = f"{row['address_1']}, {row['city']}".strip(", ")
    given = str(fact.get("address", ""))
    assert written in given
    if written != given:
        assert f"address as given: {given}" in row["note"]


def test_no_service_was_given_an_address_or_hours_that_its_record_does_not_have() -> None:
    for fact in facts():
        key = row_of(fact)["key"]
        assert bool(hanging("places.csv")[key]) == ("address" in fact or "postcode" in fact), fact["name"]
        assert bool(hanging("times.csv")[key]) == ("hours" in fact), fact["name"]


@each("hours")
def test_hours_are_the_record_s_and_its_remark_stays_with_them(fact: Fact) -> None:
    rows = hanging("times.csv")[row_of(fact)["key"]]
    expected = openings(fact["hours"])
    written = {(day, row["opens"], row["closes"]) for row in rows for day in row["days"].split(";") if day}
    assert written == expected
    remark = re.search(r"\(([^)]*)\)$", fact["hours"])
    for row in rows:
        if not expected:
            assert row["notes"] == fact["hours"]
        elif remark:
            assert remark[1] in row["notes"]


def test_what_is_shown_of_a_service_is_the_record_s(directory: Directory) -> None:
    by_name = {fact["name"]: fact for fact in facts()}
    for service in directory.services:
        fact = by_name[service.name]
        assert fact["public"] == "yes"
        assert service.description == description_of(fact)
        assert service.eligibility_description == fact.get("eligibility", "")
        assert service.url == fact.get("url", "")
        assert service.cost == fact.get("cost", "")
        assert service.source == fact["source"]
        for phone in service.phones:
            assert phone.number in fact["phone"]


def test_every_record_of_the_county_and_the_nation_that_may_be_shown_is_shown(directory: Directory) -> None:
    expected = {fact["name"] for fact in facts() if fact["public"] == "yes" and fact["area"] not in ("birmingham", "lewisham")}
    assert {service.name for service in directory.services} == expected


def test_a_statement_that_may_not_be_published_is_found_under_no_topic_and_in_no_place(directory: Directory) -> None:
    kept_back = {fact["id"] for fact in YAML(typ="safe").load(FACTS / "rights_facts.yaml") if fact["publish"] != "yes"}
    assert kept_back
    shown = {
        statement.key
        for place in (None, *directory.places.values())
        for topic in {topic for statement in directory.guidance for topic in statement.topics}
        for tonight in (False, True)
        for statement in find_guidance(directory, topic, place, TODAY, tonight=tonight)
    }
    assert shown
    assert not shown & kept_back
