"""The doctor as operators call it: also where nearly everything is broken, and never with a secret on the screen."""

import argparse
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bot.doctor import command, storage
from bot.doctor.findings import Finding, Installation, Level
from bot.moments import utc_now
from bot.settings import ROOT

PORTS = {"PORT": "8348", "RASA_PORT": "8349", "ACTIONS_PORT": "8350"}


def doctor(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in ("AREA", "DATABASE_URL", "VAR_DIR", "MODELS_DIR")}
    return subprocess.run(
        [sys.executable, "-m", "bot", "doctor", *arguments],
        cwd=ROOT,
        env={**environment, **PORTS, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_where_nearly_everything_is_broken_every_line_says_what_to_do_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    done = doctor(
        VAR_DIR=str(tmp_path / "none"),
        MODELS_DIR=str(tmp_path / "models"),
        DATABASE_URL="postgresql://desk:hunter2@127.0.0.1:9/desk",
        REDIS_URL="redis://:hunter3@127.0.0.1:9/0",
        FEED_ALLOW="https://somebody:hunter4@feeds.example.org/",
        DRAFT_KEY="hunter5",
        PORT="eighty",
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert "hunter" not in done.stdout
    for said in ("PORT is 'eighty'", "FEED_ALLOW is", "database cannot be reached", "Redis does not answer", "Not trained yet"):
        assert said in done.stdout
    lines = done.stdout.splitlines()
    for line, following in pairwise(lines):
        assert not line.startswith(("broken", "look ")) or following.strip().startswith("→"), line
    assert " broken, " in lines[-1]


@pytest.mark.parametrize("package", ["sqlalchemy", "limits", "redis"])
def test_a_package_that_is_missing_is_named_whichever_it_is(package: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from bot.__main__ import main; sys.exit(main(['doctor', '--json']))"
    environment = {**os.environ, **PORTS, "VAR_DIR": str(tmp_path), "MODELS_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    found = [finding for finding in json.loads(done.stdout)["findings"] if f"{package} is not installed" in finding["found"]]
    assert found
    assert "set_up.py" in found[0]["do"]


def test_monitoring_reads_the_same_as_json(tmp_path: Path) -> None:
    done = doctor("--json", VAR_DIR=str(tmp_path), MODELS_DIR=str(tmp_path))
    told = json.loads(done.stdout)
    assert (done.returncode, told["worst"]) == (1, "broken")
    assert {finding["level"] for finding in told["findings"]} <= {level.value for level in Level}
    assert "Trained models" in {finding["check"] for finding in told["findings"] if finding["level"] == "broken"}


def test_nothing_broken_is_success_and_anything_broken_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    chosen = argparse.Namespace(json=False)
    for level, status in ((Level.OK, 0), (Level.LOOK, 0), (Level.BROKEN, 1)):
        finding = Finding("Something", level, "It is so.", "" if level is Level.OK else "Do this.")
        monkeypatch.setattr(command, "examine", lambda _environment, _now, finding=finding: [finding])
        assert command.run_doctor(chosen, told.append) == status
    assert told[-1] == "\n1 broken, 0 to look at, 0 ok."


def test_a_check_that_fails_itself_is_a_finding_without_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(_case: Installation) -> None:
        raise RuntimeError("postgresql://desk:hunter2@elsewhere")

    def lack(_case: Installation) -> None:
        raise ModuleNotFoundError("No module named 'redis'", name="redis")

    monkeypatch.setattr(storage, "tracker", fail)
    monkeypatch.setattr(storage, "shared_memory", lack)
    monkeypatch.setattr(command, "CHECKS", ("storage.tracker", "storage.shared_memory"))
    findings = command.examine({"VAR_DIR": str(tmp_path)}, utc_now())
    assert [finding.level for finding in findings] == [Level.BROKEN, Level.BROKEN]
    assert "could not be looked at (RuntimeError)" in findings[0].found
    assert "redis is not installed" in findings[1].found
    assert "hunter2" not in str(findings)
