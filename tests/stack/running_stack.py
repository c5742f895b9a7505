"""Starting and stopping the real three processes for a test, and talking to them over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bot.settings import ROOT

READY_WITHIN = 120.0


def free_port() -> int:
    """Give a TCP port that nothing on loopback is using."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    """A running product; ``environment`` holds what differs from the defaults, ``checkout`` is where its code and data are."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    checkout: Path = ROOT
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.ports = {name: str(free_port()) for name in ("PORT", "RASA_PORT", "ACTIONS_PORT")}
        self.url = f"http://127.0.0.1:{self.ports['PORT']}"
        self.log = self.folder / "stack.log"
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def settings(self) -> dict[str, str]:
        """Give the environment in which this product runs."""
        return {
            **{name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "AREA")},
            "VAR_DIR": str(self.folder / "var"),
            "SESSION_LIMIT": "100000/minute",
            "ADDRESS_LIMIT": "100000/minute",
            **self.ports,
            **self.environment,
        }

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

    def stop(self) -> int:
        """Press Ctrl-C as a terminal would; give the exit status."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)

    def pid_of(self, name: str) -> int:
        """Give the process id of ``web``, ``rasa`` or ``actions``."""
        listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
        for line in listed.splitlines()[1:]:
            pid, arguments = line.split(None, 1)
            if arguments.endswith(f"-m bot {name}") and "sh -c" not in arguments and self._is_ours(int(pid)):
                return int(pid)
        raise AssertionError(f"{name} is not running")

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
