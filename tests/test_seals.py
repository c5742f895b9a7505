"""Damage to trained models: noticed, lived with, mended. The files are small ones in their place."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from bot.errors import SetUpError
from bot.seals import LOCK, SEAL, SPARE, Watch, damaged, drop_if_damaged, put_back, seal, sealed_at, whole

NAMES = ["gazetteer-x/vocab/strings.json", "urgency.npz", "welcome-desk.tar.gz"]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in (*NAMES, "vectors.npz", "meaning-x.npz", "digests.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode() * 100)
    seal(tmp_path)
    return tmp_path


def harm(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))


def test_whole_models_are_read_where_they_are(models: Path) -> None:
    assert damaged(models, models) == damaged(models / SPARE, models) == []
    assert whole(models) == models
    assert not (models / SPARE / "vectors.npz").exists(), "what is made again by itself needs no copy"


@pytest.mark.parametrize("how", ["gone", "cut", "one bit"])
@pytest.mark.parametrize("name", NAMES)
def test_any_damage_is_noticed_and_copies_are_used_until_they_are_put_back(models: Path, name: str, how: str) -> None:
    harm(models / name, how)
    assert damaged(models, models) == [name]
    assert whole(models) == models / SPARE
    assert put_back(models) == [name]
    assert whole(models) == models
    assert (models / name).read_bytes() == name.encode() * 100


def test_damage_to_both_is_one_clear_sentence_and_changes_nothing(models: Path) -> None:
    for folder in (models, models / SPARE):
        harm(folder / NAMES[1], "cut")
    with pytest.raises(SetUpError, match=r"urgency\.npz is damaged, and so is its copy: run `python -m bot prepare`"):
        whole(models)
    assert put_back(models) == []


def test_models_that_were_learnt_anew_are_sealed_as_they_are_then(models: Path) -> None:
    first = sealed_at(models)
    (models / NAMES[1]).write_bytes(b"learnt anew")
    (models / NAMES[2]).unlink()
    seal(models)
    assert damaged(models, models) == []
    assert sealed_at(models) >= first
    assert (models / SPARE / NAMES[1]).read_bytes() == b"learnt anew"
    assert not (models / SPARE / NAMES[2]).exists()


def test_without_a_seal_or_with_a_damaged_one_the_models_are_believed(models: Path) -> None:
    (models / SPARE / SEAL).write_text("{")
    harm(models / NAMES[1], "cut")
    assert whole(models) == models
    assert damaged(models / SPARE, models) == [SEAL]
    shutil.rmtree(models / SPARE)
    assert whole(models) == models
    assert (sealed_at(models), put_back(models)) == (0.0, [])


def test_vectors_that_cannot_be_read_are_dropped(models: Path) -> None:
    drop_if_damaged(models / "vectors.npz")
    drop_if_damaged(models / "vectors.npz")
    assert not (models / "vectors.npz").exists()


def test_a_record_goes_back_with_the_models_that_it_is_of(models: Path) -> None:
    """Whoever was stopped after learning and before sealing leaves a new model: with the old one comes back that it is to be learnt."""
    (models / NAMES[1]).write_bytes(b"learnt anew")
    (models / "digests.json").write_text('{"urgency": "new"}')
    assert set(put_back(models)) == {NAMES[1], "digests.json"}
    assert (models / "digests.json").read_bytes() == b"digests.json" * 100


def test_while_somebody_learns_nothing_is_damaged_and_nothing_is_put_back(models: Path) -> None:
    watch = Watch(models)
    assert not watch.sees_damage()
    with FileLock(models / LOCK):
        (models / NAMES[1]).write_bytes(b"learnt anew")
        assert not watch.sees_damage()
        seal(models)
    assert not watch.sees_damage()
    harm(models / NAMES[1], "cut")
    assert watch.sees_damage()
    assert not watch.sees_damage(), "the copy is back"
    assert (models / NAMES[1]).read_bytes() == b"learnt anew"


def test_files_that_go_while_they_are_looked_at_are_no_end_of_looking(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, gone = Watch(models), models / "gone.npz"
    monkeypatch.setattr("bot.seals._files", lambda folder: iter([gone]))
    assert not watch.sees_damage()
    monkeypatch.undo()
    harm(models / NAMES[1], "cut")
    assert watch.sees_damage()


def test_whoever_may_read_the_folder_may_read_all_that_is_sealed(models: Path) -> None:
    """Rasa runs as another user of the same group, and what learns may keep its files to itself."""
    models.chmod(0o750)
    (models / NAMES[0]).chmod(0o600)
    (models / NAMES[0]).parent.chmod(0o700)
    before = os.umask(0o077)
    try:
        seal(models)
        (models / NAMES[1]).unlink()
        shutil.rmtree(models / "gazetteer-x")
        put_back(models)
    finally:
        os.umask(before)
    for folder in (models, models / SPARE):
        for path in (folder / NAMES[0], folder / NAMES[1], folder / "digests.json"):
            assert path.stat().st_mode & 0o777 == 0o640, path
        assert (folder / NAMES[0]).parent.stat().st_mode & 0o777 == 0o750
    assert (models / SPARE / SEAL).stat().st_mode & 0o777 == 0o640


def test_a_damaged_spare_is_noticed_and_made_again(models: Path) -> None:
    watch = Watch(models)
    assert not watch.sees_damage()
    harm(models / SPARE / NAMES[2], "cut")
    assert watch.sees_damage()
    assert not watch.sees_damage()
    assert damaged(models / SPARE, models) == []
