"""The known weaknesses in ``docs/dependency-audit.md`` are those of the lock file, and none is in what faces the internet."""

import json
import re
import subprocess
import sys
from datetime import date
from functools import lru_cache

import pytest
from packaging.version import Version

from bot.settings import ROOT
from scripts.audit import ADVISORY, LIST, accepted

LOCKED = re.compile(r'^\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"', re.MULTILINE)
LOOK = """
import sys
from bot.settings import read_settings
from bot.web.app import make_app
import json, importlib
called = []
for name in json.loads(sys.argv[1]):
    module, _, function = name.partition(":")
    setattr(importlib.import_module(module), function, lambda *given, name=name, **more: called.append(name))
app = make_app(read_settings({}))
app.state.pipeline.reader.read("My e-mail is a@example.com, I need food in Ely")
print(json.dumps({"modules": sorted(sys.modules), "called": called}))
"""
"""Starts the front door as ``python -m bot web`` does, asks it, and tells what it has loaded and which watched functions it called."""


@lru_cache(maxsize=1)
def locked() -> dict[str, str]:
    """Give the version of every locked package."""
    return dict(LOCKED.findall((ROOT / "uv.lock").read_text(encoding="utf-8")))


def rows(heading: str) -> list[list[str]]:
    """Give the rows of a table of the list."""
    table = LIST.read_text(encoding="utf-8").partition(f"## {heading}")[2].partition("## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


ACCEPTED, NEVER = rows("Accepted"), rows("Never again")


def places() -> list[str]:
    return sorted({place for row in ACCEPTED for place in re.findall(r"`([\w.:]+)`", row[4])})


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: f"{row[0]} {row[2]}")
def test_every_row_says_what_where_why_and_who_and_is_of_the_version_that_is_locked(row: list[str]) -> None:
    package, version, advisories, what, where, why, decided = row
    assert locked().get(package) == version, f"{package} has changed: look at its row in {LIST.name} again"
    assert ADVISORY.findall(advisories)
    assert re.search(r"`[\w.:]+`", where)
    assert len(what) > 20
    assert len(why) > 20
    on, _, by = decided.partition(", ")
    assert date.fromisoformat(on)
    assert by


@pytest.mark.parametrize("row", NEVER, ids=lambda row: row[0])
def test_no_version_is_locked_that_is_known_to_be_bad(row: list[str]) -> None:
    package, lowest, why = row
    assert ADVISORY.search(why)
    found = locked().get(package)
    assert found is None or Version(found) >= Version(lowest)


def test_the_audit_leaves_out_just_what_is_accepted() -> None:
    assert accepted() == sorted({advisory for row in ACCEPTED for advisory in ADVISORY.findall(row[2])})
    assert len(accepted()) > 10


def test_nothing_that_is_weak_is_in_the_process_that_faces_the_internet(prepared: None) -> None:
    watched = [place for place in places() if ":" in place]
    modules = [place for place in places() if ":" not in place]
    done = subprocess.run([sys.executable, "-c", LOOK, json.dumps(watched)], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found["modules"]) > 1000
    assert found["called"] == []
    loaded = [place for place in modules if any(one == place or one.startswith(f"{place}.") for one in found["modules"])]
    assert loaded == []
    assert not {"httptools", "rasa", "sanic", "tensorflow"} & set(found["modules"])
