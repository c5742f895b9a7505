"""The lock that tells whether the product runs. (That it goes with its process: tests/backup/test_restoring.py.)"""

import os
from pathlib import Path

import pytest

from bot.errors import SetUpError
from bot.running import alone, hold


def test_nobody_is_alone_while_the_product_runs(tmp_path: Path) -> None:
    with alone(tmp_path / "new") as nobody_else:
        assert nobody_else
    hold(tmp_path / "new")
    hold(tmp_path / "new")
    with alone(tmp_path / "new") as nobody_else:
        assert not nobody_else


def test_the_product_does_not_start_while_a_backup_is_restored(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(SetUpError, match="being restored"):
        hold(tmp_path)


def test_what_is_kept_can_be_read_by_no_other_user_once_the_product_runs(tmp_path: Path) -> None:
    (tmp_path / "cambridgeshire.db").touch(0o644)
    before = os.umask(0o022)
    try:
        hold(tmp_path)
        (tmp_path / "new").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "cambridgeshire.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
