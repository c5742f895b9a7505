"""Figures: what is counted, who may see them, and that several processes count together."""

import os
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bot.database import try_to_read
from bot.jobs import TIDYING, Jobs
from bot.settings import ROOT
from bot.sharing.memory import NOTHING_SHARED
from bot.switches.off_switches import HANDOVER, OffSwitches
from bot.web.health import Health
from bot.web.metrics import Figures, Measured, kind_of
from bot.web.storage import Storage
from tests.builders import a_desk


def an_app(engine: Engine, folder: Path) -> tuple[Starlette, Jobs]:
    """An application with figures and some pages."""
    jobs = Jobs(engine)
    rasas: Any = SimpleNamespace(ready=True, away=0)
    timekeeping: Any = SimpleNamespace(found=())
    health = Health(
        Storage(partial(try_to_read, engine), Jobs(engine).try_to_write),
        rasas,
        NOTHING_SHARED,
        timekeeping,
        folder,
        folder,
        lambda kind: None,
    )
    figures = Figures(rasas, a_desk(engine, folder), jobs, NOTHING_SHARED, OffSwitches(engine), health)

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("x", int(request.query_params.get("status", "200")))

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(iter(["data: x\n\n"]), media_type="text/event-stream")

    async def broken(request: Request) -> PlainTextResponse:
        raise RuntimeError

    routes = [Route("/metrics", figures.show), Route("/broken", broken), Route("/api/v1/chat/events", stream)]
    routes.append(Route("/{path:path}", page, methods=["GET", "POST"]))
    app = Starlette(routes=routes)
    app.add_middleware(Measured, seconds=figures.seconds)
    return app, jobs


def figures_of(client: TestClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            key = [sample.name.removeprefix("welcome_desk_"), *sample.labels.values()]
            found[tuple(key)] = sample.value
    return found


def test_requests_are_counted_by_kind_and_by_how_they_went(engine: Engine, tmp_path: Path) -> None:
    app, _ = an_app(engine, tmp_path)
    client = TestClient(app, client=("127.0.0.1", 1), raise_server_exceptions=False)
    for path in ("/", "/directory", "/privacy?status=404", "/staff/queue", "/broken", "/api/v1/chat/events"):
        client.get(path)
    client.post("/api/v1/chat?status=503")
    client.post("/")
    found = figures_of(client)
    counts = {key[1:]: value for key, value in found.items() if key[0] == "request_seconds_count"}
    assert counts == {
        ("page", "2xx"): 2,
        ("page", "4xx"): 1,
        ("page", "5xx"): 1,
        ("staff", "2xx"): 1,
        ("message", "5xx"): 1,
        ("message", "2xx"): 1,
    }


def test_it_shows_how_things_stand(engine: Engine, tmp_path: Path) -> None:
    app, jobs = an_app(engine, tmp_path)
    client = TestClient(app, client=("127.0.0.1", 1))
    assert ("tidied_at",) not in figures_of(client)
    jobs.claim(TIDYING, timedelta(minutes=1))
    jobs.ended(TIDYING)
    found = figures_of(client)
    assert (found[("engine_ready",)], found[("database_here",)]) == (1, 1)
    assert ("redis_here",) not in found, "none is switched on"
    assert (found[("desk_open",)], found[("desk_present",)], found[("desk_waiting",)]) == (1, 0, 0)
    assert found[("tidied_at",)] > 1.7e9


def test_it_shows_what_officers_have_switched_off(engine: Engine, tmp_path: Path) -> None:
    app, _ = an_app(engine, tmp_path)
    client = TestClient(app, client=("127.0.0.1", 1))
    found = figures_of(client)
    assert (found["switched_off", "assistant"], found["switched_off", "handover"]) == (0, 0)
    OffSwitches(engine).switch_off(HANDOVER, "Olga", "no staff")
    app, _ = an_app(engine, tmp_path)
    found = figures_of(TestClient(app, client=("127.0.0.1", 1)))
    assert (found["switched_off", "assistant"], found["switched_off", "handover"]) == (0, 1)


@pytest.mark.parametrize(
    ("address", "headers"), [("192.0.2.1", {}), ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}), ("::ffff:192.0.2.1", {})]
)
def test_nobody_elsewhere_sees_figures(engine: Engine, tmp_path: Path, address: str, headers: dict[str, Any]) -> None:
    app, _ = an_app(engine, tmp_path)
    assert TestClient(app, client=(address, 1)).get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/chat", "/"])
def test_a_kind_tells_no_page_and_nobody(path: str) -> None:
    assert kind_of("POST", path) == "message"
    assert kind_of("GET", "/take/alice") == "page"
    assert kind_of("GET", "/api/v1/chat/events") == "api"


def test_processes_that_share_a_folder_count_together(tmp_path: Path) -> None:
    code = """
from bot.web.metrics import Figures
from prometheus_client import CollectorRegistry
figures = Figures(None, None, None, None, None, None)
figures.seconds.labels("page", "2xx").observe(0.1)
figures._standing = CollectorRegistry()
print(figures._write().decode())
"""
    folder = tmp_path / "metrics"
    folder.mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    told = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    ]
    assert 'welcome_desk_request_seconds_count{kind="page",status="2xx"} 3.0' in told[-1]
