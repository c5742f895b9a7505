"""The operator's command that checks web addresses: off unless set, every public address, and no record changed."""

import argparse
import csv
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from bot.database import migrate, open_database
from bot.errors import SetUpError
from bot.links.addresses import WebAddress, read_addresses
from bot.links.command import SOMETHING_TO_DO, agent_of, run_check_links
from bot.links.fetching import Checker
from bot.links.report import write_sheet
from bot.links.verdicts import Finding, Verdict
from bot.settings import ROOT, Settings, read_settings
from tests.builders import Pack, the_catalogues
from tests.links.sites import Site, running, status

ON = {"LINK_CHECK": "on"}


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in ("AREA", "DATABASE_URL", "LINK_CHECK")}
    return subprocess.run(
        [sys.executable, "-m", "bot", "directory", "check-links", *arguments],
        cwd=ROOT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def site() -> Iterator[Site]:
    with running(Site({"/good": status(200), "/old": status(301, Location="/good")})) as one:
        yield one


@pytest.fixture
def engine_with(engine: Engine, site: Site, tmp_path: Path) -> Engine:
    """A directory with a service whose page works, one whose page has moved, one that nobody may see, and an organisation."""
    pack = Pack(tmp_path / "pack")
    pack.organisation("hall", "Town Hall", website=site.url("/good"))
    pack.organisation("hidden", "Hidden", website=site.url("/hidden-trust"), public="no")
    pack.service("b_works", url=site.url("/good"))
    pack.service("a_moved", url=site.url("/old"))
    pack.service("closed", url=site.url("/closed"), status="defunct")
    pack.service("secret", url=site.url("/secret"), public="no")
    pack.service("of_hidden", url=site.url("/hidden"), organisation="hidden")
    pack.service("without")
    pack.load(engine)
    return engine


def settings_for(engine: Engine) -> Settings:
    return replace(read_settings({**ON, "PUBLIC_URL": "https://desk.example.org"}), database_url=str(engine.url.render_as_string(False)))


LENIENT = partial(Checker, pause=0.0, may_reach=lambda address: True)


def test_only_what_people_may_see_is_looked_at(engine_with: Engine, site: Site) -> None:
    assert read_addresses(engine_with) == [
        WebAddress("services.csv", "a_moved", "url", "A Moved", site.url("/old")),
        WebAddress("services.csv", "b_works", "url", "B Works", site.url("/good")),
        WebAddress("organisations.csv", "hall", "website", "Town Hall", site.url("/good")),
    ]


def test_the_report_says_what_wants_doing_and_the_exit_status_too(engine_with: Engine, site: Site, tmp_path: Path) -> None:
    said: list[str] = []
    chosen = argparse.Namespace(csv=str(tmp_path / "links.csv"))
    assert run_check_links(settings_for(engine_with), chosen, said.append, LENIENT) == SOMETHING_TO_DO
    assert said[0].startswith("Looking at 2 web addresses.")
    assert said[1] == f"A Moved (services.csv, row a_moved, column url): {site.url('/old')}"
    assert site.url("/good") in said[2]
    assert said[3:] == ["2 of 3 addresses work. 1 need a look."]
    with (tmp_path / "links.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["key"], row["verdict"], row["new_address"]) for row in rows] == [
        ("a_moved", "moved", site.url("/good")),
        ("b_works", "works", ""),
        ("hall", "works", ""),
    ]
    assert {headers["User-Agent"] for headers in site.headers} == {agent_of(settings_for(engine_with))}
    assert "(+https://desk.example.org)" in site.headers[0]["User-Agent"]
    assert [address.url for address in read_addresses(engine_with)].count(site.url("/old")) == 1, "no record was changed"


def test_where_all_is_well_the_exit_status_is_nought(engine_with: Engine, site: Site) -> None:
    site.pages["/old"] = status(200)
    said: list[str] = []
    assert run_check_links(settings_for(engine_with), argparse.Namespace(csv=None), said.append, LENIENT) == 0
    assert said[1:] == ["All 3 addresses work."]


def test_by_default_a_record_cannot_make_it_call_inside(engine_with: Engine, site: Site) -> None:
    said: list[str] = []
    assert run_check_links(settings_for(engine_with), argparse.Namespace(csv=None), said.append) == SOMETHING_TO_DO
    assert site.asked == []
    assert sum("private network" in line for line in said) == 3


def test_a_sheet_that_cannot_be_written_is_said_plainly(engine_with: Engine, tmp_path: Path) -> None:
    with pytest.raises(SetUpError, match="--csv"):
        run_check_links(settings_for(engine_with), argparse.Namespace(csv=str(tmp_path / "no" / "x.csv")), lambda text: None, LENIENT)


def test_unless_it_is_switched_on_nothing_is_asked_and_that_is_said(tmp_path: Path) -> None:
    done = run(VAR_DIR=str(tmp_path))
    assert done.returncode == 0
    assert done.stdout.startswith("The check of web addresses is off, and nothing was done.")
    assert "LINK_CHECK=on" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_without_a_directory_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(VAR_DIR=str(tmp_path), **ON)
    assert (done.returncode, done.stdout) == (1, "")
    assert "python -m bot prepare" in done.stderr


def test_from_the_command_line_it_ends_with_the_status_of_the_check(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    pack = Pack(tmp_path / "pack")
    pack.service("inside", url=address)
    url = f"sqlite:///{tmp_path / 'test.db'}"
    engine = open_database(url)
    migrate(engine)
    pack.load(engine)
    engine.dispose()
    done = run(DATABASE_URL=url, VAR_DIR=str(tmp_path), **ON)
    assert done.returncode == SOMETHING_TO_DO, done.stderr
    assert "Inside (services.csv, row inside, column url)" in done.stdout


def test_no_cell_of_the_sheet_is_a_formula(tmp_path: Path) -> None:
    nasty = WebAddress("services.csv", "-key", "url", "=HYPERLINK(1)", "@here")
    write_sheet(tmp_path / "l.csv", [nasty], {"@here": Finding(Verdict.MOVED, "+there")}, the_catalogues(), date(2026, 11, 26))
    with (tmp_path / "l.csv").open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["key"], row["name"], row["address"], row["new_address"]) == ("'-key", "'=HYPERLINK(1)", "'@here", "'+there")
