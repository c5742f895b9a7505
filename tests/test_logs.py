"""The log of a process: one entry a line, which tells what happened and where, and nothing of who asked or what was said."""

import json
import subprocess
import sys

import pytest

from bot.settings import ROOT

WRITE = """
import logging
from bot.logs import set_up_logs
logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler())
set_up_logs("web", STYLE)
logging.getLogger("bot.web.app").error("The tidying job failed: %s", "OperationalError")
logging.getLogger("bot.web.app").info("not worth a line")
logging.getLogger("rasa.core.processor").error("Received user message 'zanzibarquux' from 192.0.2.7")
logging.getLogger("bot.x").warning("somebody at 192.0.2.7 and 2001:db8:0:0:0:0:0:1, at 12:30:45")
try:
    {}["zanzibarquux"]
except KeyError:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=True)
"""


def written(style: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", WRITE.replace("STYLE", repr(style))], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_as_json_every_line_is_an_entry_with_its_moment_process_and_kind_of_error() -> None:
    entries = [json.loads(line) for line in written("json")]
    assert [entry["level"] for entry in entries] == ["error", "error", "warning", "error"]
    assert {entry["process"] for entry in entries} == {"web"}
    assert all(entry["at"].endswith("Z") for entry in entries)
    assert entries[0]["event"] == "The tidying job failed: OperationalError"
    assert (entries[3]["event"], entries[3]["error"]) == ("Exception in ASGI application", "KeyError")
    assert any("<string>" in place for place in entries[3]["where"])


@pytest.mark.parametrize("style", ["json", "plain"])
def test_no_word_of_a_message_and_no_address_is_written_whoever_logs_it(style: str) -> None:
    text = "\n".join(written(style))
    assert "zanzibarquux" not in text
    assert "192.0.2.7" not in text
    assert "2001:db8" not in text
    assert "somebody at [address] and [address], at 12:30:45" in text


def test_in_a_terminal_an_entry_reads_as_a_line() -> None:
    first = written("plain")[0]
    assert first.endswith("error web The tidying job failed: OperationalError")
