"""Folders and files: whether they can be written, whom they are readable by, and whether the trained models are whole."""

import gzip
import json
import os
import stat
import tarfile
import tempfile
import zlib
from datetime import datetime, timedelta
from pathlib import Path

from bot.backup.archive import UNFINISHED
from bot.backup.making import last_backup, overdue
from bot.digests import RECORD, places_are_learnt
from bot.doctor.findings import Finding, Installation, Level, judged
from bot.errors import SetUpError
from bot.handover.callback import KEY_FILE
from bot.opening import gazetteer_folder, meaning_file, open_gazetteer
from bot.preparing import Preparation
from bot.seals import SPARE, is_whole_zip, sealed_at
from bot.seals import damaged as changed_since_sealed
from bot.settings import RASA_MODEL
from bot.understanding import for_a_person, language, urgency

BACKUP_DUE = timedelta(days=2)
PREPARE = "Run `make run`, or `.venv/bin/python -m bot prepare`, which learns what is missing."
PIECE = 1 << 20


def folders(case: Installation) -> list[Finding]:
    """Look at the folder for what changes, and at who may read what is in it."""
    var, faults = case.settings.var, []
    if not var.exists():
        return [Finding("Folders", Level.LOOK, f"There is no {var} yet.", "It is made at the first start: `make run`.")]
    try:
        tempfile.TemporaryFile(dir=var).close()
    except OSError as error:
        found = f"{var} cannot be written to ({error.strerror})."
        faults.append((Level.BROKEN, found, f"Give it to the user that runs the product: `chown -R USER {var}`."))
    readable = sorted(path.name for path in var.glob("*.db*") if path.stat().st_mode & stat.S_IROTH)
    if readable and _others_may_enter(var):
        faults.append((Level.LOOK, f"Every user of this computer can read {', '.join(readable)}.", f"Run `chmod 700 {var}`."))
    left = [path.name for path in cut_off(var, case.now)]
    if left:
        found = f"A backup or restore that was cut off left {', '.join(left)} in {var}."
        faults.append((Level.LOOK, found, "Remove it: what visitors wrote may be in it."))
    return judged("Folders", faults, f"{var} can be written to.")


def cut_off(folder: Path, now: datetime) -> list[Path]:
    """Give what a backup or restore that ended half way has left in ``folder``."""
    return [path for path in folder.glob(f"{UNFINISHED}*") if now.timestamp() - path.stat().st_mtime > 3600]


def _others_may_enter(folder: Path) -> bool:
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder.absolute(), *folder.absolute().parents))


def key(case: Installation) -> list[Finding]:
    """Look at the key that numbers to call back are encrypted with. Nothing of it is shown."""
    path = case.settings.var / KEY_FILE
    if not path.exists():
        found = "There is no key for numbers to call back yet."
        return [Finding("Key", Level.LOOK, found, f"It is made at the first start. After a restore, put your copy of it to {path}.")]
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return [Finding("Key", Level.BROKEN, f"Others than this user may read {path} (mode {mode:o}).", f"Run `chmod 600 {path}`.")]
    if not os.access(path, os.R_OK):
        return [Finding("Key", Level.BROKEN, f"{path} cannot be read by this user.", "Give it to the user that runs the product.")]
    return [Finding("Key", Level.OK, "Only this user may read it.")]


def models(case: Installation) -> list[Finding]:
    """Look at whether every trained model is there, whole, can be loaded, and was learnt from the data of now."""
    folder = case.settings.models
    numbers = [folder / name for name in (language.FILE, urgency.FILE, urgency.KINDS_FILE, for_a_person.FILE)]
    rasa = folder / f"{RASA_MODEL}.tar.gz"
    expected = [*numbers, meaning_file(case.settings), rasa, gazetteer_folder(case.settings)]
    missing = [path.name for path in expected if not path.exists()]
    faults = [(Level.BROKEN, f"Not trained yet: {', '.join(missing)}.", PREPARE)] if missing else []
    damaged = [path.name for path in (*numbers, meaning_file(case.settings)) if path.exists() and not is_whole_zip(path)]
    damaged += [rasa.name] if rasa.exists() and not _is_whole_tar(rasa) else []
    damaged += [name for name in changed_since_sealed(folder, folder) if name not in damaged and (folder / name).exists()]
    put_back = "Run `.venv/bin/python -m bot prepare`: it puts a whole copy in its place, or learns it anew."
    for name in damaged:
        do = put_back if sealed_at(folder) else f"Delete it and {folder / RECORD}, then run `make run`."
        faults.append((Level.BROKEN, f"{name} is damaged.", do))
    if changed_since_sealed(folder / SPARE, folder):
        faults.append((Level.LOOK, "The spare copies of the models are damaged.", PREPARE))
    if not missing and not damaged:
        faults += _loaded(case)
        faults += _fitting(case)
    return judged("Trained models", faults, "All are there, whole, and learnt from the examples of now.")


def _is_whole_tar(path: Path) -> bool:
    try:
        # Read to its end: the checksum is the last thing in it.
        with gzip.open(path) as packed:
            while packed.read(PIECE):
                pass
        with tarfile.open(path) as listed:
            return bool(listed.getnames())
    except (tarfile.TarError, zlib.error, EOFError, OSError):
        return False


def _loaded(case: Installation) -> list[tuple[Level, str, str]]:
    """Load what the front door loads; Rasa's own model is tried by the question that the front door asks before it is ready."""
    folder = case.settings.models
    try:
        urgency.UrgencyModel.load(folder)
        language.LanguageModel.load(folder)
        for_a_person.ForAPersonModel.load(folder)
        if case.directory:
            open_gazetteer(case.settings, case.directory, folder)
    except (SetUpError, OSError, KeyError, ValueError) as error:
        found = f"The models cannot be loaded ({type(error).__name__})."
        return [(Level.BROKEN, found, f"Delete {folder} and run `make run`: it takes some minutes.")]
    return []


def _fitting(case: Installation) -> list[tuple[Level, str, str]]:
    try:
        done = json.loads((case.settings.models / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return [(Level.LOOK, f"{RECORD} cannot be read, so nobody knows what the models were learnt from.", PREPARE)]
    faults = []
    if done.get("rasa") != Preparation(case.settings, lambda _text: None).rasa_digest():
        faults.append((Level.LOOK, "Rasa's model was learnt from other examples or settings than are here now.", PREPARE))
    if case.directory and not places_are_learnt(case.settings, case.directory):
        found = "The names of the directory have changed since places were learnt."
        faults.append((Level.LOOK, found, "Run `.venv/bin/python -m bot prepare --places`, or press the button at /officer."))
    return faults


def backups(case: Installation) -> list[Finding]:
    """Look at when the last backup was made here, and whether it is kept longer than it may be."""
    do = "Make one every night: `.venv/bin/python -m bot backup FOLDER` (docs/operating.md)."
    told = last_backup(case.settings)
    try:
        made_at, keep_until = (datetime.fromisoformat(told[name]) for name in ("made_at", "keep_until"))
        file, conversations = Path(told["file"]), bool(told["conversations"])
    except (ValueError, KeyError):
        return [Finding("Backups", Level.LOOK, "No backup has been made with `python -m bot backup`.", do)]
    faults = []
    if case.now - made_at > BACKUP_DUE:
        faults.append((Level.LOOK, f"The last backup was made {(case.now - made_at).days} days ago.", do))
    kept = {file} if conversations and keep_until < case.now and file.exists() else set()
    folders = {Path(folder) for folder in told.get("folders", [])}
    for path in sorted(kept.union(*(overdue(folder, case.settings.area, case.now) for folder in folders))):
        found = f"{path} holds what visitors wrote, and was to be deleted by now."
        faults.append((Level.BROKEN, found, "Delete it: visitors are told that nothing is kept that long."))
    left = [path for folder in folders for path in cut_off(folder, case.now)]
    if left:
        found = f"A backup that was cut off left {', '.join(map(str, left))}."
        faults.append((Level.LOOK, found, "Remove it: what visitors wrote may be in it."))
    return judged("Backups", faults, f"The last was made on {made_at:%d %B %Y at %H:%M} UTC.")
