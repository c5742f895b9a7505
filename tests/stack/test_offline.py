"""No outbound connection is attempted: the stack is run where none is possible, and the kernel's count is read."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bot.settings import ROOT

GUARD = Path(__file__).parent / "guard"


def namespace() -> list[str]:
    """Give the command that runs something in a network namespace of its own; empty where this machine has none to give."""
    for command in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
        except OSError:
            break
    return []


def test_nothing_is_sent_beyond_this_machine(prepared: None, tmp_path: Path) -> None:
    outbound = tmp_path / "outbound.log"
    environment = {**os.environ, "PYTHONPATH": f"{GUARD}{os.pathsep}{ROOT}", "OUTBOUND_LOG": str(outbound)}
    command = namespace()
    if command:
        run = [*command, sys.executable, "-m", "tests.stack.cut_off", str(tmp_path)]
        done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["counter_works"], "an attempt made on purpose was counted"
        assert told["attempts"] == 0
        assert told["topics"][0] == "library"
        assert told["status"] == 0
    else:
        from tests.stack.running_stack import Stack

        stack = Stack(tmp_path, {"PYTHONPATH": environment["PYTHONPATH"], "OUTBOUND_LOG": str(outbound)})
        stack.start()
        assert stack.ask("how do I join the library")["understood"]["topic"] == "library"
        assert stack.stop() == 0
    attempts = outbound.read_text().splitlines() if outbound.exists() else []
    assert [line for line in attempts if "cut_off.py" not in line] == [], "cut_off.py makes one attempt on purpose"


def test_the_guard_notices_an_attempt(tmp_path: Path) -> None:
    outbound = tmp_path / "outbound.log"
    environment = {**os.environ, "PYTHONPATH": str(GUARD), "OUTBOUND_LOG": str(outbound)}
    code = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 9), 0.1)\nexcept OSError:\n    pass"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert "192.0.2.1" in outbound.read_text()
