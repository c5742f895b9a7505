"""Trained models that are damaged later are noticed, and whole copies of them used: a seal and a spare are kept beside the models."""

import hashlib
import json
import logging
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import SetUpError

log = logging.getLogger(__name__)
LOCK = "preparing.lock"
"""The file that whoever changes models holds."""
SPARE, SEAL = "spare", "seal.json"
"""The folder of the copies, and in it the file that says what the contents of each were."""
UNSEALED = ("vectors.npz", "meaning-", LOCK, SPARE, ".")
"""How the names begin of what no process has to read, or is written anew by itself."""
TRY_AGAIN = 60.0
"""Seconds between two tries to put back what could not be: each reads every model."""


def _files(models: Path) -> Iterator[Path]:
    for path in sorted(models.rglob("*")):
        if path.is_file() and not path.relative_to(models).parts[0].startswith(UNSEALED):
            yield path


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _give_rights_of(folder: Path, path: Path) -> None:
    """Let whoever may read ``folder`` read ``path``: what learns keeps its files to itself, and Rasa may run as another user."""
    rights = folder.stat().st_mode & 0o777
    path.chmod(rights if path.is_dir() else rights & 0o666)


def _copy(models: Path, source: Path, target: Path) -> None:
    for folder in reversed(target.relative_to(models).parents):
        if not (models / folder).exists():
            (models / folder).mkdir()
            _give_rights_of(models, models / folder)
    shutil.copyfile(source, target)
    _give_rights_of(models, target)


def seal(models: Path) -> None:
    """Note what the models are, and keep a copy of each. A process that starts meanwhile finds the former copies, or none.

    Whoever may read the folder may read all that is sealed.
    """
    spare, made, former = models / SPARE, models / f"{SPARE}.new", models / f"{SPARE}.old"
    for folder in (made, former):
        shutil.rmtree(folder, ignore_errors=True)
    made.mkdir()
    _give_rights_of(models, made)
    hashes = {}
    for path in _files(models):
        name = path.relative_to(models)
        for part in (path, *(models / folder for folder in name.parents)):
            _give_rights_of(models, part)
        _copy(models, path, made / name)
        hashes[str(name)] = _hash(made / name)
    (made / SEAL).write_text(json.dumps(hashes, indent=1))
    _give_rights_of(models, made / SEAL)
    if spare.exists():
        spare.rename(former)
    made.rename(spare)
    shutil.rmtree(former, ignore_errors=True)


def sealed_at(models: Path) -> float:
    """Give when the models were last sealed, in seconds of the file system's clock; 0 where they never were."""
    try:
        return (models / SPARE / SEAL).stat().st_mtime
    except OSError:
        return 0.0


def damaged(folder: Path, models: Path) -> list[str]:
    """Give the files of ``folder`` (the models, or their spare) that are missing or not as they were when ``models`` were sealed.

    None are where nothing was sealed.
    """
    try:
        hashes: dict[str, str] = json.loads((models / SPARE / SEAL).read_text())
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        # A seal that cannot be read says nothing about the models.
        return [SEAL] if folder != models else []
    found = []
    for name, was in hashes.items():
        try:
            whole = _hash(folder / name) == was
        except OSError:
            whole = False
        if not whole:
            found.append(name)
    return found


def whole(models: Path) -> Path:
    """Give the folder to read models from: their own, or where one of them is damaged the spare.

    Raises SetUpError where the spare is damaged, too.
    """
    faults = damaged(models, models)
    if not faults:
        return models
    if damaged(models / SPARE, models):
        raise SetUpError(f"{models / faults[0]} is damaged, and so is its copy: run `python -m bot prepare`.")
    log.error("%s is damaged: its copy is used until `python -m bot prepare` puts it back.", models / faults[0])
    return models / SPARE


class Watch:
    """Looks again and again whether models are damaged, and puts their copies back; files that look as they did are not read again."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._seen: object = None
        self._found = False
        self._try_again_at = 0.0

    def sees_damage(self) -> bool:
        """Tell whether a model or a spare is damaged now; while somebody is learning, whether one was before."""
        try:
            files = [*_files(self._models), *_files(self._models / SPARE)]
            seen = sealed_at(self._models), [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        except OSError:
            # Whoever learns has just moved one away.
            return self._found
        if seen == self._seen and (not self._found or time.monotonic() < self._try_again_at):
            return self._found
        lock = FileLock(self._models / LOCK)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return self._found
        except OSError as error:
            log.debug("The models cannot be changed from here: %s", error.strerror)
        try:
            if seen != self._seen:
                self._seen = seen
                self._found = any(damaged(folder, self._models) for folder in (self._models, self._models / SPARE))
            if self._found:
                self._try_again_at = time.monotonic() + TRY_AGAIN
                if self._put_back():
                    self._seen = None
        finally:
            lock.release()
        return self._found

    def _put_back(self) -> bool:
        """Put whole copies in the place of what is damaged, models or their spare; give whether something was."""
        try:
            if damaged(self._models, self._models):
                return bool(put_back(self._models))
            seal(self._models)
        except OSError:
            return False
        return True


def is_whole_zip(path: Path) -> bool:
    """Tell whether a file of vectors, or another zip, can be read to its end."""
    try:
        with zipfile.ZipFile(path) as packed:
            return packed.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        return False


def drop_if_damaged(path: Path) -> None:
    """Delete a file of vectors that cannot be read: what was in it is worked out again."""
    if path.exists() and not is_whole_zip(path):
        log.error("%s is damaged: it is made again.", path)
        path.unlink()


def put_back(models: Path) -> list[str]:
    """Put the copies of damaged models in their place; give their names, none where nothing is damaged or the copies are, too."""
    faults = damaged(models, models)
    if faults and damaged(models / SPARE, models):
        return []
    for name in faults:
        _copy(models, models / SPARE / name, models / name)
    return faults
