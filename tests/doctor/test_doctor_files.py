"""The doctor on folders and files: who may read them, whether models are whole, and how old the last backup is."""

import io
import json
import os
import tarfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.backup.archive import UNFINISHED
from bot.backup.making import LAST, make_backup
from bot.digests import RECORD
from bot.doctor import files
from bot.doctor.findings import Installation, Level
from bot.handover.callback import KEY_FILE, Vault
from bot.opening import gazetteer_folder, meaning_file
from bot.understanding import for_a_person, language, urgency
from tests.doctor.conftest import levels, told


def test_a_folder_of_one_s_own_is_well(case: Installation) -> None:
    assert levels(files.folders(case)) == [Level.OK]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_broken(case: Installation) -> None:
    case.settings.var.chmod(0o500)
    assert levels(files.folders(case)) == [Level.BROKEN]


def test_a_folder_that_is_a_file_is_broken_in_words(case: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    findings = files.folders(replace(case, settings=replace(case.settings, var=tmp_path / "file")))
    assert levels(findings) == [Level.BROKEN]
    assert "cannot be written to" in told(findings)


def test_a_database_that_everybody_may_read_is_told(case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    (case.settings.var / "cambridgeshire.db").chmod(0o644)
    assert levels(files.folders(case)) == [Level.OK], "nobody else may enter the folder"
    monkeypatch.setattr(files, "_others_may_enter", lambda _folder: True)
    assert "can read cambridgeshire.db" in told(files.folders(case))


def test_what_a_cut_off_restore_left_behind_is_told(case: Installation) -> None:
    left = case.settings.var / f"{UNFINISHED}x"
    left.mkdir()
    assert levels(files.folders(case)) == [Level.OK], "it may be going on"
    os.utime(left, (0, 0))
    assert left.name in told(files.folders(case))


def test_a_key_that_others_may_read_is_broken_and_not_shown(case: Installation) -> None:
    assert levels(files.key(case)) == [Level.LOOK]
    Vault(case.settings.var)
    assert levels(files.key(case)) == [Level.OK]
    path = case.settings.var / KEY_FILE
    path.chmod(0o640)
    findings = files.key(case)
    assert levels(findings) == [Level.BROKEN]
    assert f"chmod 600 {path}" in told(findings)
    assert path.read_text() not in told(findings)


@pytest.fixture
def modelled(case: Installation, tmp_path: Path) -> Installation:
    """An installation with files in the place of every model, which are whole and hold nothing."""
    case = replace(case, settings=replace(case.settings, models=tmp_path / "models"))
    gazetteer_folder(case.settings).mkdir(parents=True)
    for name in (language.FILE, urgency.FILE, urgency.KINDS_FILE, for_a_person.FILE, meaning_file(case.settings).name):
        np.savez(case.settings.models / name, numbers=np.arange(5000))
    with tarfile.open(case.settings.models / "welcome-desk.tar.gz", "w:gz") as packed:
        entry = tarfile.TarInfo("metadata.json")
        entry.size = 200_000
        packed.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    return case


def test_models_that_are_missing_are_named(case: Installation, tmp_path: Path) -> None:
    findings = files.models(replace(case, settings=replace(case.settings, models=tmp_path / "none")))
    assert levels(findings) == [Level.BROKEN]
    assert "urgency.npz" in told(findings)
    assert "welcome-desk.tar.gz" in told(findings)


@pytest.mark.parametrize("name", ["language.npz", "welcome-desk.tar.gz"])
@pytest.mark.parametrize("damage", ["cut short", "a byte"])
def test_a_damaged_model_is_named(modelled: Installation, name: str, damage: str) -> None:
    path = modelled.settings.models / name
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        content[:middle] if damage == "cut short" else content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]
    )
    findings = files.models(modelled)
    assert levels(findings) == [Level.BROKEN]
    assert f"{name} is damaged" in told(findings)


def test_models_that_are_whole_and_hold_nothing_of_use_cannot_be_loaded(modelled: Installation) -> None:
    findings = files.models(modelled)
    assert "cannot be loaded (KeyError)" in told(findings)
    assert f"{RECORD} cannot be read" in told(findings)


def test_models_that_were_learnt_from_something_else_are_told(modelled: Installation) -> None:
    (modelled.settings.models / RECORD).write_text(json.dumps({"rasa": "of another day"}))
    assert "learnt from other examples" in told(files.models(modelled))


def test_the_last_backup_is_known_and_has_to_be_young(case: Installation, tmp_path: Path) -> None:
    assert "No backup has been made" in told(files.backups(case))
    made = make_backup(case.settings, tmp_path / "a.zip", True, None, case.now)
    assert levels(files.backups(case)) == [Level.OK]
    old = replace(case, now=case.now + timedelta(days=3))
    assert levels(files.backups(old)) == [Level.LOOK]
    assert "3 days ago" in told(files.backups(old))
    over = replace(case, now=case.now + timedelta(days=8))
    assert levels(files.backups(over)) == [Level.LOOK, Level.BROKEN]
    made.path.unlink()
    assert levels(files.backups(over)) == [Level.LOOK]


def test_every_backup_that_is_there_for_too_long_is_told_whichever_was_the_last(case: Installation, tmp_path: Path) -> None:
    nightly, weekly = tmp_path / "nightly", tmp_path / "weekly"
    old = [make_backup(case.settings, nightly, True, None, case.now + timedelta(minutes=minute)).path for minute in (0, 1)]
    over = replace(case, now=case.now + timedelta(days=8))
    # The nightly job has stopped, the weekly one goes on.
    make_backup(case.settings, weekly, False, None, over.now)
    assert levels(files.backups(over)) == [Level.BROKEN, Level.BROKEN]
    assert all(path.name in told(files.backups(over)) for path in old)
    for path in old:
        path.unlink()
    assert levels(files.backups(over)) == [Level.OK]


def test_what_a_backup_that_was_cut_off_left_beside_others_is_told(case: Installation, tmp_path: Path) -> None:
    make_backup(case.settings, tmp_path / "backups", True, None, case.now)
    left = tmp_path / "backups" / f"{UNFINISHED}x"
    left.mkdir()
    later = replace(case, now=case.now + timedelta(hours=2))
    assert levels(files.backups(later)) == [Level.LOOK]
    assert str(left) in told(files.backups(later))


def test_a_record_of_the_last_backup_that_cannot_be_read_is_none(case: Installation) -> None:
    (case.settings.var / LAST).write_text("{")
    assert levels(files.backups(case)) == [Level.LOOK]
