"""Starting and stopping: one clear sentence where it cannot start, nothing left behind when it stops."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bot.settings import ROOT
from tests.stack.running_stack import Stack


def test_ctrl_c_stops_all_three(prepared: None, tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    stack.start()
    assert stack.process is not None
    children = psutil.Process(stack.process.pid).children(recursive=True)
    assert len(children) >= 3
    assert stack.stop() == 0
    limit = time.monotonic() + 10
    while any(child.is_running() for child in children) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not [child for child in children if child.is_running()]
    log = stack.log.read_text()
    assert f"Open http://127.0.0.1:{stack.ports['PORT']}/" in log
    assert "Traceback" not in log
    assert "telemetry" not in log.lower()


def test_nothing_goes_on_training_after_a_termination(tmp_path: Path) -> None:
    stack = Stack(tmp_path, {"MODELS_DIR": str(tmp_path / "models")})
    stack.start(wait=False)
    assert stack.process is not None
    limit = time.monotonic() + 60
    while "Learning" not in stack.log.read_text() and time.monotonic() < limit:
        time.sleep(0.1)
    children = psutil.Process(stack.process.pid).children(recursive=True)
    assert children
    stack.process.terminate()
    assert stack.process.wait(20) != 0
    assert not [child for child in children if child.is_running()]


@pytest.mark.parametrize("words", ["foodbank", "foodbnk"])
def test_the_directory_page_searches(stack: Stack, words: str) -> None:
    page = stack.client.post("/directory", data={"lang": "en", "words": words, "place": "ely"})
    assert "Ely Foodbank" in page.text
    assert "Helping Hands" not in page.text


@pytest.mark.parametrize("path", ["/", "/directory", "/privacy", "/nothing"])
def test_every_page_forbids_what_it_does_not_need(stack: Stack, path: str) -> None:
    headers = stack.client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m bot run`` with settings it cannot start with."""
    return subprocess.run(
        [sys.executable, "-m", "bot", "run"], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_a_busy_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run(PORT=port)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert port in done.stderr


@pytest.mark.parametrize(("name", "value"), [("AREA", "atlantis"), ("PORT", "eight"), ("RETENTION_DAYS", "0")])
def test_an_unusable_setting_is_named(name: str, value: str) -> None:
    done = run(**{name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr
