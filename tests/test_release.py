"""Which state of the code this is: told where git can tell, and no fault where it cannot."""

from pathlib import Path

import pytest

from bot import release


def test_code_that_is_no_checkout_has_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(release, "ROOT", tmp_path)
    assert release.commit() == ""


def test_where_git_is_not_installed_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert release.commit() == ""
