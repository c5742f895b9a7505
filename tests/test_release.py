"""Which state of the code this is: told where git can tell, and no fault where it cannot."""

import subprocess
from pathlib import Path

import pytest

from bot import release


def test_code_that_is_no_checkout_has_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert release.commit() == ""


def test_a_checkout_of_somebody_else_has_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def git(*told: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", *who, *told], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    made = git("rev-parse", "--short", "HEAD")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert release.commit() == made


def test_where_git_is_not_installed_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert release.commit() == ""
