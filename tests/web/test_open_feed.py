"""The open feed over HTTP: what every answer carries, what is refused and how, and what the standard's validator says."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import Engine

from bot.directory.feed import COLLECTIONS
from bot.directory.pack import load_pack
from bot.directory.reader import make_id
from bot.settings import ROOT
from tests.builders import Pack
from tests.serving import a_feed_app, served

VALIDATOR = ROOT.parent / "shared" / "openreferral" / "validate_feed.py"
ID = make_id("services", "advice_desk")
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
pytestmark = on_sqlite


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return Pack(tmp_path / "packs").service().address(latitude="53.55", longitude="-0.49", postcode="DN20 8AA").times()


@pytest.fixture
def client(pack: Pack, engine: Engine) -> Iterator[httpx.Client]:
    pack.load(engine)
    with served(a_feed_app(engine)) as url, httpx.Client(base_url=f"{url}/openreferral", trust_env=False, timeout=20) as opened:
        yield opened


def found(client: httpx.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_root_says_what_this_is_with_and_without_its_slash(client: httpx.Client) -> None:
    for address in (f"{client.base_url}", str(client.base_url).rstrip("/")):
        answer = client.get(httpx.URL(address))
        assert answer.status_code == 200
        assert answer.json()["version"] == "HSDS-UK-3.0"
    more = answer.json()["desk_local_fields"]
    assert client.get(more).json()["contents"][0]["desk_key"] == "advice_desk"


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_every_list_leads_to_its_records(client: httpx.Client, kind: str) -> None:
    page = found(client, f"/{kind}?page=1&per_page=1")
    assert page["size"] == 1
    assert found(client, f"/{kind}/{page['contents'][0]['id']}")["id"] == page["contents"][0]["id"]


EVERY = ("/", "/services", "/services?page=nought", "/services/nobody", "/nothing", "/a/b/c", "/services?format=ndjson")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_every_answer_may_be_read_by_the_pages_of_every_site(client: httpx.Client, method: str) -> None:
    for path in EVERY:
        answer = client.request(method, path)
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert answer.status_code < 500, path


def test_nothing_can_be_written(client: httpx.Client) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, "/services").status_code == 405


def test_an_answer_that_is_known_is_not_sent_again_until_the_directory_changes(client: httpx.Client, pack: Pack, engine: Engine) -> None:
    first = client.get("/services")
    tag = first.headers["etag"]
    assert "max-age" in first.headers["cache-control"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        again = client.get("/services", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["access-control-allow-origin"] == "*"
    assert client.get("/services?search=tea", headers={"If-None-Match": tag}).status_code == 200
    pack.service(key="tea_room").load(engine)
    assert client.get("/services", headers={"If-None-Match": tag}).status_code == 200


REFUSED = [
    *(
        "page=0",
        "page=abc",
        "page=-1",
        "page=1.5",
        "page=999999999999",
        "page=²",
        "per_page=0",
        "per_page=1001",
        "format=xml",
        "full=maybe",
    ),
    *(
        "modified_after=yesterday",
        "modified_after=2026-13-01",
        "modified_after=0001-01-01T00:00:00%2B14:00",
        "minimum_age=old",
        "minimum_age=nan",
    ),
    *("start_time=9", "day=Monday", "postcode=Brigg", "proximity=near", "proximity=500", "postcode=ZE1+0AA&proximity=500", "top_only=2"),
    *("search=" + "a" * 201, "search=%00", "taxonomy_id=%00"),
]


def test_a_parameter_that_cannot_be_used_is_refused_with_what_to_do(client: httpx.Client) -> None:
    for query in REFUSED:
        answer = client.get(f"/service_at_locations?{query}")
        assert answer.status_code == 400, query
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 400
        assert "ive " in answer.json()["detail"]
        assert "etag" not in answer.headers


ABSENT = ("/services/nobody", f"/organizations/{ID}", "/services/%00", "/nothing", "/nothing/1", "/a/b/c", "/services/")


def test_what_is_not_there_is_not_found(client: httpx.Client) -> None:
    for path in ABSENT:
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"


TAKEN = [
    *("page=2", "search=advice", "search=", "unknown=1", "modified_after=2020-01-01", "modified_after=2020-01-01T10:00:00.123456789Z"),
    *(
        "modified_after=2020-01-01T10:00:00+01:00",
        "modified_after=2020-01-01T10:00",
        "start_time=09:00&end_time=17:00&day=mo",
        "postcode=dn20",
    ),
    *("postcode=DN208AA&proximity=500", "full=TRUE", "taxonomy_id=x", "minimum_age=16.5", "search=%25_\\"),
]


def test_a_parameter_that_can_be_used_is_taken_by_every_list(client: httpx.Client) -> None:
    for kind in COLLECTIONS:
        for query in TAKEN:
            assert client.get(f"/{kind}?{query}").status_code == 200, (kind, query)


def test_parameters_narrow_what_is_found(client: httpx.Client) -> None:
    def count(query: str, kind: str = "services") -> int:
        return int(found(client, f"/{kind}?{query}")["total_items"])

    assert count("") == 1
    assert count("search=advice") == 1
    assert count("search=tea") == 0
    assert count("modified_after=2999-01-01T00:00:00Z") == 0
    assert count(f"taxonomy_term_id={make_id('terms', 'topic:housing')}") == 1
    assert count("day=MO&start_time=09:00") == 1
    assert count("day=SU") == 0
    assert count("postcode=DN20+8AA&proximity=10", "service_at_locations") == 1
    assert count("top_only=true", "taxonomy_terms") > 5
    assert found(client, "/services?minimal=true")["contents"][0].keys() == {"id", "modified_date"}
    assert found(client, "/services?full=true")["contents"][0]["schedules"]
    organization = make_id("organisations", "trust")
    assert "attributes" not in found(client, f"/organizations/{organization}")["services"][0]
    assert found(client, f"/organizations/{organization}?full_service=true")["services"][0]["attributes"]


def test_a_moment_with_a_plus_that_came_as_a_space_is_read(client: httpx.Client) -> None:
    assert found(client, "/services?modified_after=2999-01-01T00:00:00 01:00")["total_items"] == 0


def test_all_is_had_line_by_line(client: httpx.Client, pack: Pack, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.directory.feed.BATCH", 2)
    for number in range(4):
        pack.service(key=f"desk_{number}")
    pack.load(engine)
    answer = client.get("/services?format=ndjson&full=true")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len({line["id"] for line in lines}) == len(lines) == 5
    assert all(line["attributes"] for line in lines)


@pytest.mark.skipif(not VALIDATOR.exists(), reason="the validator does not lie beside this checkout")
@pytest.mark.parametrize("area", ["birmingham", "cambridgeshire", "lewisham"])
def test_the_validator_finds_no_failure(engine: Engine, area: str) -> None:
    load_pack(engine, area)
    with served(a_feed_app(engine)) as url:
        command = [sys.executable, str(VALIDATOR), "--level", "2", "--base-url", f"{url}/openreferral"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert done.stdout.splitlines()[-1].endswith(", 0 failed")
    # What nobody has checked is said to be so, and that is all there is to warn of.
    reasons = {line.strip(" -").split(":")[0] for line in done.stdout.splitlines() if line.startswith("        -")}
    assert reasons <= {"no assured_date", "no assurer_email", "no way to reach it"}
