"""Backup and restore as operators call them, and what they are told."""

import argparse
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from bot.backup.archive import read_manifest
from bot.backup.command import run_backup, run_restore
from bot.backup.contents import KEEP_DAYS
from bot.conversation.store import ConversationStore
from bot.settings import ROOT
from tests.backup.conftest import Installation


def told_of_restoring(place: Installation, path: Path, **chosen: bool) -> str:
    told: list[str] = []
    wanted = {"replace": False, "without_conversations": False, "check": False, **chosen}
    run_restore(place.settings, argparse.Namespace(path=path, **wanted), told.append)
    return "\n".join(told)


def told_of_backing_up(place: Installation, path: Path, without_conversations: bool = False) -> str:
    told: list[str] = []
    place.close()
    run_backup(place.settings, argparse.Namespace(path=path, without_conversations=without_conversations, keep_days=None), told.append)
    return "\n".join(told)


def test_a_backup_and_its_restoring_show_the_same_checksum(filled: Installation, tmp_path: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(filled.settings.var), "DATABASE_URL": filled.settings.database_url}

    def bot(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "bot", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    # Nobody is signed in, so that what is restored is what was backed up.
    filled.change("DELETE FROM staff_session")
    made = bot("backup", str(tmp_path / "a.zip"))
    assert made.returncode == 0, made.stderr
    (checksum,) = (line for line in made.stdout.splitlines() if line.startswith("Checksum "))
    assert checksum in bot("restore", "--check", str(tmp_path / "a.zip")).stdout
    refused = bot("restore", str(tmp_path / "a.zip"))
    assert (refused.returncode, "--replace" in refused.stderr, refused.stdout) == (1, True, "")
    restored = bot("restore", "--replace", str(tmp_path / "a.zip"))
    assert restored.returncode == 0, restored.stderr
    assert f"{checksum}, the same as when it was backed up." in restored.stdout
    assert checksum in bot("backup", str(tmp_path / "b.zip")).stdout


def test_whoever_backs_up_is_told_what_is_in_it_and_until_when(filled: Installation, tmp_path: Path) -> None:
    told = told_of_backing_up(filled, tmp_path / "a.zip")
    assert "It holds what visitors wrote: delete it by" in told
    assert "callback.key, which is not in it" in told
    told = told_of_backing_up(filled, tmp_path / "b.zip", without_conversations=True)
    made = read_manifest(tmp_path / "b.zip")
    assert made.keep_until == made.made_at + timedelta(days=KEEP_DAYS)
    assert f"nothing that visitors wrote, and may be kept until {made.keep_until:%d %B %Y}" in told


def test_whoever_restores_is_told_what_became_of_the_chats(filled: Installation, tmp_path: Path) -> None:
    told_of_backing_up(filled, tmp_path / "a.zip")
    erased, *_ = filled.chats()
    ConversationStore(filled.open(), 15).erase([erased])
    filled.close()
    told = told_of_restoring(filled, tmp_path / "a.zip", replace=True)
    assert "Chats erased because the database before no longer had them: 1." in told
    assert "Everybody of staff has to sign in again" in told
    told = told_of_restoring(filled, tmp_path / "a.zip", replace=True, without_conversations=True)
    assert "Chats erased as you asked: 2." in told


def test_whoever_restores_after_a_loss_is_told_what_nobody_can_know(filled: Installation, tmp_path: Path) -> None:
    told_of_backing_up(filled, tmp_path / "a.zip")
    (filled.settings.var / "callback.key").unlink()
    told = told_of_restoring(filled.lose(), tmp_path / "a.zip")
    assert "Chats that visitors erased after the backup was made are back" in told
    assert "Numbers to call back that cannot be read: 1." in told
