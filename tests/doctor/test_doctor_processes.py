"""The doctor on the processes: who answers at their ports, and what the front door says of itself."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from bot import __version__
from bot.doctor import processes
from bot.doctor.findings import Installation, Level
from bot.release import commit
from tests.doctor.conftest import levels, told
from tests.serving import served

READY = {"ready": True, "database": True, "version": __version__}


@pytest.fixture
def answers() -> dict[str, Any]:
    """What is answered at each address; a test changes it."""
    return {
        "/healthz": {"alive": True},
        "/readyz": {**READY, "commit": commit()},
        "/webhooks/front/state": {"ready": True, "sql_tracker_store": True},
        "/health": {"status": "ok"},
    }


@pytest.fixture
def running(case: Installation, answers: dict[str, Any]) -> Iterator[Installation]:
    """An installation at whose three ports something answers as the product does."""

    async def answer(request: Any) -> Any:
        told = answers[request.url.path]
        return PlainTextResponse(told) if isinstance(told, str) else JSONResponse(told)

    def app() -> Starlette:
        return Starlette(routes=[Route(path, answer) for path in answers])

    with served(app()) as door, served(app()) as rasa, served(app()) as actions:
        ports = [int(address.rpartition(":")[2]) for address in (door, rasa, actions)]
        yield replace(case, settings=replace(case.settings, port=ports[0], rasa_port=ports[1], actions_port=ports[2]))


def test_all_three_that_answer_are_well(running: Installation) -> None:
    assert levels(processes.running(running)) == [Level.OK]


def test_a_product_that_does_not_run_is_worth_a_look(case: Installation) -> None:
    findings = processes.running(case)
    assert levels(findings) == [Level.LOOK]
    assert "its ports are free" in told(findings)


@pytest.mark.parametrize(
    ("path", "answer", "level", "said"),
    [
        ("/readyz", {"ready": False, "database": True}, Level.BROKEN, "not ready"),
        ("/readyz", {"ready": False, "database": False}, Level.BROKEN, "does not reach the database"),
        ("/readyz", {**READY, "version": "0.0", "commit": "old"}, Level.LOOK, "What runs is version 0.0 old"),
        ("/healthz", "another site", Level.BROKEN, "Something else than the front door answers"),
        ("/health", {"name": "another"}, Level.BROKEN, "Something else than the action server answers"),
        ("/webhooks/front/state", {"ready": True, "sql_tracker_store": False}, Level.BROKEN, "in memory"),
    ],
)
def test_what_is_wrong_is_named(running: Installation, answers: dict[str, Any], path: str, answer: Any, level: Level, said: str) -> None:
    answers[path] = answer
    findings = processes.running(running)
    assert levels(findings) == [level]
    assert said in told(findings)


def test_one_that_is_gone_while_others_run_is_broken(running: Installation, case: Installation) -> None:
    findings = processes.running(replace(running, settings=replace(running.settings, rasa_port=case.settings.rasa_port)))
    assert levels(findings) == [Level.BROKEN]
    assert f"The Rasa (port {case.settings.rasa_port}) does not run" in told(findings)


def test_one_that_hangs_is_told_from_one_that_is_gone(case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        findings = processes.running(replace(case, settings=replace(case.settings, port=hanging.getsockname()[1])))
    assert levels(findings) == [Level.BROKEN]
    assert "is taken, and no front door answers there" in told(findings)
