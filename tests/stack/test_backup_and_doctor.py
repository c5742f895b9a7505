"""The product, looked over and backed up while it runs, and brought back after a stop."""

import json
import subprocess
import sys
from pathlib import Path

from bot.settings import ROOT
from tests.stack.running_stack import Stack, same_in_any_case


def bot(stack: Stack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the operator's commands in the environment of a product."""
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, cwd=ROOT, env=stack.settings(), capture_output=True, text=True, check=False)


def test_the_doctor_finds_nothing_broken_in_a_running_product(stack: Stack) -> None:
    done = bot(stack, "doctor", "--json")
    told = json.loads(done.stdout)
    assert [finding for finding in told["findings"] if finding["level"] == "broken"] == []
    assert done.returncode == 0
    (running,) = (finding for finding in told["findings"] if finding["check"] == "Running")
    assert running["level"] == "ok", running


@same_in_any_case
def test_what_is_backed_up_while_people_write_comes_back_and_goes_on(prepared: None, tmp_path: Path) -> None:
    # A restore wants a database to itself; `tests/backup` does the same with PostgreSQL, which tests of the product share.
    stack = Stack(tmp_path, on_servers=False)
    stack.start()
    stays = stack.ask("Where can I learn English in Ely?")["session"]
    erased = stack.ask("I need a food bank in March")["session"]
    file = str(tmp_path / "backup.zip")
    made = bot(stack, "backup", file)
    assert made.returncode == 0, made.stderr
    (checksum,) = (line for line in made.stdout.splitlines() if line.startswith("Checksum "))
    assert stack.client.delete("/api/v1/chat", headers={"Authorization": f"Bearer {erased}"}).status_code == 204
    refused = bot(stack, "restore", file, "--replace")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The product is running" in refused.stderr
    assert stack.stop() == 0
    restored = bot(stack, "restore", file, "--replace")
    assert restored.returncode == 0, restored.stderr
    assert f"{checksum}, the same" in restored.stdout
    assert "Chats erased because the database before no longer had them: 1." in restored.stdout
    stack.start()
    try:
        # What Rasa remembers came back too: the topic is that of before.
        understood = stack.ask("and in Wisbech?", session=stays)["understood"]
        assert (understood["topic"], understood["place"]) == ("esol", "Wisbech")
        gone = stack.client.post("/api/v1/chat", json={"text": "and in Wisbech?", "session": erased})
        assert gone.status_code == 404
    finally:
        assert stack.stop() == 0
