"""The operator's brake: ``python -m bot switch``."""

from pathlib import Path

import pytest

from bot.__main__ import main
from bot.database import open_database
from bot.switches.command import BY
from bot.switches.off_switches import ASSISTANT, HANDOVER, OffSwitches


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database that is not there yet."""
    address = f"sqlite:///{tmp_path / 'new.db'}"
    monkeypatch.setenv("DATABASE_URL", address)
    return address


def test_the_operator_switches_off_and_on_and_is_named_in_the_history(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["switch", "assistant", "off", "--why", "wrong answers", "--message", "Back at nine."]) == 0
    told = capsys.readouterr().out
    assert "The assistant is switched off since" in told
    assert f"by {BY}" in told
    assert "The handover to staff is on." in told
    engine = open_database(database)
    off = OffSwitches(engine).off(ASSISTANT)
    assert off is not None
    assert (off.by, off.why, off.message) == (BY, "wrong answers", "Back at nine.")
    assert OffSwitches(engine).off(HANDOVER) is None
    assert main(["switch", "show"]) == 0
    assert "The assistant is switched off since" in capsys.readouterr().out
    assert main(["switch", "assistant", "on", "--why", "mended"]) == 0
    assert "The assistant is on." in capsys.readouterr().out
    assert [one.why for one in OffSwitches(engine).history()] == ["mended", "wrong answers"]
    assert main(["switch", "assistant", "on", "--why", "mended"]) == 0
    assert "It was on already." in capsys.readouterr().out
    assert len(OffSwitches(engine).history()) == 2
    engine.dispose()


@pytest.mark.parametrize("reason", [["--why", " "], ["--why", "x" * 501], ["--why", "x", "--message", "y" * 301]])
def test_what_cannot_be_taken_is_said_and_changes_nothing(database: str, capsys: pytest.CaptureFixture[str], reason: list[str]) -> None:
    assert main(["switch", "handover", "off", *reason]) == 1
    assert "reason" in capsys.readouterr().err
    engine = open_database(database)
    assert OffSwitches(engine).history() == []
    engine.dispose()


def test_a_switch_without_a_reason_is_no_command(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["switch", "assistant", "off"])
    assert "--why" in capsys.readouterr().err
