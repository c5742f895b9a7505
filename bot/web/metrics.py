"""Figures for whoever watches the product (Prometheus): how many requests of which kind, how long they took, and how things stand."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.handover.desk import Desk
from bot.jobs import TIDYING, Jobs
from bot.sharing.memory import SharedMemory
from bot.switches.off_switches import SWITCHES, OffSwitches
from bot.web.engine import Engine
from bot.web.health import FAULTS, Health

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which prometheus_client looks for the folder that several processes write their figures to."""
KINDS = (("/api/v1/", "api"), ("/static/", "static"), ("/staff", "staff"), ("/officer", "officer"), ("/openreferral", "feed"))
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""


def share_figures(folder: Path) -> None:
    """Let the processes that are started after this count together; what was counted before is forgotten."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[SHARED_FOLDER] = str(folder)


def kind_of(method: str, path: str) -> str:
    """Give what kind of request this is; never which page, and nothing of who asks."""
    if method == "POST" and path in ("/", "/api/v1/chat"):
        return "message"
    return next((kind for start, kind in KINDS if path.startswith(start)), "page")


class Measured:
    """Counts every request and measures how long it took, streams aside."""

    def __init__(self, app: ASGIApp, seconds: Histogram) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, told = time.perf_counter(), {"status": 500, "stream": False}

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                told["stream"] = any(
                    name == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
                )
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            if not told["stream"]:
                labels = (kind_of(scope["method"], scope["path"]), f"{told['status'] // 100}xx")
                self._seconds.labels(*labels).observe(time.perf_counter() - started)


class _Standing(Collector):
    """How things stand at this moment, asked when somebody looks."""

    def __init__(self, engine: Engine, desk: Desk, jobs: Jobs, memory: SharedMemory, off_switches: OffSwitches, health: Health) -> None:
        self._engine, self._desk, self._jobs, self._memory, self._health = engine, desk, jobs, memory, health
        self._off_switches = off_switches

    def collect(self) -> Iterable[Metric]:
        def gauge(name: str, meaning: str, value: float) -> Metric:
            return GaugeMetricFamily(f"welcome_desk_{name}", meaning, value=value)

        yield gauge("engine_ready", "Whether a message sent now is likely to be answered by the assistant", self._engine.ready)
        off = GaugeMetricFamily("welcome_desk_switched_off", "Whether officers have switched something off", labels=["what"])
        for what in SWITCHES:
            off.add_metric([what], self._off_switches.off(what) is not None)
        yield off
        if self._memory.client is not None:
            yield gauge("redis_here", "Whether Redis answers", not self._memory.is_silent)
        found = {fault.kind for fault in self._health.faults()}
        faults = GaugeMetricFamily("welcome_desk_fault", "Whether something that the product needs does not work", labels=["kind"])
        for kind in FAULTS:
            faults.add_metric([kind], kind in found)
        yield faults
        if self._health.storage_is_away:
            yield gauge("database_here", "Whether the database answers", 0)
            return
        try:
            status, job = self._desk.status(), self._jobs.look(TIDYING)
        except Exception:
            yield gauge("database_here", "Whether the database answers", 0)
            return
        yield gauge("database_here", "Whether the database answers", 1)
        yield gauge("desk_open", "Whether it is desk hours", status.open)
        yield gauge("desk_present", "Staff who take chats now", status.present)
        yield gauge("desk_waiting", "Visitors who wait for a person", status.queue)
        if job is not None and job.done_at is not None:
            yield gauge("tidied_at", "When what is due was last erased, in seconds since 1970", job.done_at.timestamp())


class Figures:
    """All figures of one application."""

    def __init__(self, engine: Engine, desk: Desk, jobs: Jobs, memory: SharedMemory, off_switches: OffSwitches, health: Health) -> None:
        self._standing, self._counted = CollectorRegistry(), CollectorRegistry()
        self._standing.register(_Standing(engine, desk, jobs, memory, off_switches, health))
        words = "How long requests took, by kind and by class of status, in seconds"
        self.seconds = Histogram("welcome_desk_request_seconds", words, ("kind", "status"), registry=self._counted, buckets=BUCKETS)

    def _write(self) -> bytes:
        counted = self._counted
        if os.environ.get(SHARED_FOLDER):
            counted = CollectorRegistry()
            multiprocess.MultiProcessCollector(counted)
        return generate_latest(counted) + generate_latest(self._standing)

    async def show(self, request: Request) -> Response:
        """Give the figures to a program on this machine; for everybody else, and through the proxy, there is no such page."""
        local = request.client is not None and request.client.host in ("127.0.0.1", "::1")
        if not local or "x-forwarded-for" in request.headers:
            return PlainTextResponse("Not Found", 404)
        return Response(await to_thread.run_sync(self._write), media_type=CONTENT_TYPE_LATEST)
