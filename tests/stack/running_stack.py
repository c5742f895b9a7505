"""Starting and stopping the real processes for a test, and talking to them over HTTP.

With ``STACK_ON=servers`` they run as in production: on PostgreSQL and Redis, with two processes of the front door; otherwise as on a
laptop, three of them on SQLite.
"""

import atexit
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.engine import Engine

from bot.database import open_database
from bot.runner import rasa_environment
from bot.settings import ROOT, read_settings
from tests.servers import REDIS_URL, a_schema, postgres_answers, redis_answers

READY_WITHIN, WELL_AGAIN_WITHIN = 240.0, 30.0
ON_SERVERS = os.environ.get("STACK_ON") == "servers"
same_on_servers = pytest.mark.skipif(
    ON_SERVERS,
    reason="how a page looks, behaves and weighs and what is understood is the same on either database: looked at once",
)
NOT_GIVEN_TO_CONNECTIONS = 20_000, 32_000
"""Linux gives those from 32,768 on: https://docs.kernel.org/networking/ip-sysctl.html, ip_local_port_range."""
same_in_any_case = pytest.mark.skipif(ON_SERVERS, reason="is on the same databases in any case: run once")
KEPT_SHORTLY = httpx.Limits(keepalive_expiry=2.0)
"""For clients that pause: the front door closes what is unused for five seconds, as httpx does, perhaps just then."""
_ports = random.SystemRandom()
_given_out: set[int] = set()
_schemas = ExitStack()
atexit.register(_schemas.close)


def free_port(in_a_row: int = 1) -> int:
    """Give a TCP port that nothing on loopback is using, and nothing the ports after it, ``in_a_row`` in all.

    It is none of those from which the system gives an outgoing connection one, which could have it before it is listened at.
    """
    first, end = NOT_GIVEN_TO_CONNECTIONS
    # Tests that run side by side have ports of their own: what one has been given it may listen at much later.
    of_each = (end - first) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first += of_each * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = _ports.randrange(first, first + of_each - in_a_row)
        wanted = range(port, port + in_a_row)
        if _given_out.intersection(wanted):
            continue
        with ExitStack() as held, suppress(OSError):
            for each in wanted:
                held.enter_context(socket.socket()).bind(("127.0.0.1", each))
            _given_out.update(wanted)
            return port


@dataclass
class Stack:
    """A running product; ``environment`` holds what differs from the defaults, ``checkout`` is where its code and data are.

    ``on_servers`` says that it runs as in production.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    checkout: Path = ROOT
    on_servers: bool = ON_SERVERS
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        rasas = int(self.environment.get("RASA_WORKERS", "1"))
        self.ports = {"PORT": str(free_port()), "RASA_PORT": str(free_port(rasas)), "ACTIONS_PORT": str(free_port())}
        self.url = f"http://127.0.0.1:{self.ports['PORT']}"
        self.log = self.folder / "stack.log"
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False, limits=KEPT_SHORTLY)
        self.servers: dict[str, str] = {}
        if self.on_servers:
            if not (postgres_answers() and redis_answers()):
                pytest.skip("PostgreSQL or Redis does not answer: set TEST_POSTGRES_URL and TEST_REDIS_URL")
            self.servers = {"DATABASE_URL": _schemas.enter_context(a_schema()), "REDIS_URL": REDIS_URL, "WEB_WORKERS": "2"}

    def settings(self) -> dict[str, str]:
        """Give the environment in which this product runs."""
        return {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "AREA")},
            "VAR_DIR": str(self.folder / "var"),
            "SESSION_LIMIT": "100000/minute",
            "ADDRESS_LIMIT": "100000/minute",
            **self.ports,
            **self.servers,
            **self.environment,
        }

    def database(self) -> Engine:
        """Open the product's database; the caller disposes of it."""
        return open_database(read_settings(self.settings()).database_url)

    def tracker(self) -> Engine:
        """Open what Rasa keeps its events in; the caller disposes of it."""
        return open_database(rasa_environment(read_settings(self.settings()))["TRACKER_URL"])

    def kept(self) -> dict[str, bytes]:
        """Give all that the product has written down: every file and, on PostgreSQL, every row, by file or table."""
        found = {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        if self.servers:
            engine, tables = self.database(), MetaData()
            tables.reflect(engine)
            with engine.connect() as connection:
                for table in tables.sorted_tables:
                    rows = [[str(value) for value in row] for row in connection.execute(select(table))]
                    found[table.name] = json.dumps(rows, ensure_ascii=False).encode()
            engine.dispose()
        return found

    def start(self, wait: bool = True) -> None:
        """Start the three processes and, with ``wait``, wait until a question can be answered."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], cwd=self.checkout, env=self.settings(), stdout=log, stderr=log, start_new_session=True
            )
        if wait:
            try:
                self.wait_ready()
            except AssertionError:
                # Left running, it would slow down every test after this one.
                if self.process.poll() is None:
                    self.stop()
                raise

    def wait_alive(self) -> None:
        """Wait until the front door answers at all."""
        self._wait("/healthz", READY_WITHIN)

    def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Wait until a question can be answered."""
        self._wait("/readyz", within)

    def _wait(self, path: str, within: float) -> None:
        limit = time.monotonic() + within
        while time.monotonic() < limit:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-3000:]
            try:
                if self.client.get(path).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError(self.log.read_text(errors="replace")[-3000:])

    def client_from(self, address: str) -> httpx.Client:
        """Give a client with an address of its own on loopback (Linux has all of 127.0.0.0/8), for what is counted for each."""
        return httpx.Client(base_url=self.url, timeout=30, transport=httpx.HTTPTransport(local_address=address, limits=KEPT_SHORTLY))

    def let_it_spread(self) -> None:
        """Give every front door the time to hear what an officer saved; where there is one, it knows at once."""
        if self.servers:
            time.sleep(3)

    def stop(self) -> int:
        """Press Ctrl-C as a terminal would; give the exit status."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def pid_of(self, name: str) -> int:
        """Give the process id of ``web``, ``rasa`` or ``actions``; of several, of one."""
        listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines()[1:]:
            pid, arguments = line.split(None, 1)
            if arguments.endswith(f"-m bot {name}") and "sh -c" not in arguments and self._is_ours(int(pid)):
                return int(pid)
        raise AssertionError(f"{name} is not running")

    @contextmanager
    def rasa_hanging(self) -> Iterator[None]:
        """Have Rasa hang, and be well again afterwards."""
        rasa = self.pid_of("rasa")
        os.kill(rasa, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(rasa, signal.SIGCONT)
            self.wait_ready(WELL_AGAIN_WITHIN)

    def _is_ours(self, pid: int) -> bool:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        return f"PORT={self.ports['PORT']}\0".encode() in environment

    def ask(self, text: str, session: str | None = None, **more: Any) -> dict[str, Any]:
        """Ask a question and give the answer, which must be 200."""
        answer = self.client.post("/api/v1/chat", json={"text": text, "session": session, **more})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def choose(self, choice: str, session: str) -> dict[str, Any]:
        """Press a button and give the answer, which must be 200."""
        answer = self.client.post("/api/v1/chat", json={"choice": choice, "session": session})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


def kinds(answer: dict[str, Any]) -> list[str]:
    """Give the kinds of an answer's replies, in order."""
    return [reply["kind"] for reply in answer["replies"]]


def services(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every service shown in an answer."""
    return [service for reply in answer["replies"] for service in reply.get("services", [])]
