"""The file that a backup is: a zip of a manifest and of what it describes, readable by its owner alone."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from bot.backup.checksums import TableSum
from bot.errors import BackupError

PRODUCT, FORMAT = "welcome-desk", 1
MANIFEST, DATABASE, TRACKER = "manifest.json", "database", "tracker"
"""The names inside the file; ``TRACKER`` is what Rasa remembers, where that is in a database of its own."""
UNFINISHED = ".welcome-desk-"
"""How the name of what is not finished begins."""
LEFT_BEHIND = 24 * 3600.0
"""Seconds after which something unfinished is taken to belong to nobody any more."""
PIECE = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself.

    ``kind`` is ``sqlite`` or ``postgresql``, ``schema`` the newest migration in it; ``tables`` are those of the database, ``tracker``
    those of Rasa's own; ``checksum`` is that of all of them; ``files`` has the SHA-256 of each file beside the manifest; ``note`` says in
    words what whoever keeps or restores it must know; ``extensions`` are PostgreSQL's.
    """

    product: str = PRODUCT
    format: int = FORMAT
    version: str
    area: str
    made_at: datetime
    keep_until: datetime
    conversations: bool
    kind: str
    schema: str
    tables: dict[str, TableSum]
    tracker: dict[str, TableSum]
    checksum: str
    files: dict[str, str]
    note: str
    extensions: dict[str, str] = {}


@contextlib.contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Give a folder inside ``folder`` that only this user may enter, and remove it afterwards; also what a cut-off run left behind.

    Raises BackupError where nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{UNFINISHED}*"):
            if time.time() - left.stat().st_mtime > LEFT_BEHIND:
                shutil.rmtree(left)
        made = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
    except OSError as error:
        raise BackupError(f"{folder} cannot be written to: choose another folder, or let this user write there.") from error
    try:
        yield made
    except OSError as error:
        raise BackupError(f"{folder}: {error.strerror or type(error).__name__}. Put that right and start again.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def digest_of(path: Path) -> str:
    """Give the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def write_archive(target: Path, manifest: Manifest, files: Mapping[str, Path], work: Path) -> None:
    """Write a backup to ``target``, whole or not at all; ``work`` is a folder on the same disk."""
    draft = work / "archive.zip"
    with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as packed:
            packed.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
            for name, path in files.items():
                packed.write(path, name)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    settle(target.parent)


def settle(folder: Path) -> None:
    """Have the disk keep the names in ``folder`` as they are now."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_manifest(path: Path) -> Manifest:
    """Read what a backup says of itself. Raises BackupError where it is none, or one of a newer version."""
    try:
        with zipfile.ZipFile(path) as packed:
            told = packed.read(MANIFEST)
        said = msgspec.json.decode(told, type=dict)
        if said.get("product") == PRODUCT and int(said.get("format", 0)) > FORMAT:
            raise BackupError(f"{path} was made by a newer version of Welcome Desk ({said.get('version')}): install that one first.")
        manifest = msgspec.json.decode(told, type=Manifest)
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {path}.") from error
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BackupError(f"{path} is no backup, or a damaged one: use another. ({type(error).__name__})") from error
    if manifest.product != PRODUCT:
        raise BackupError(f"{path} is no backup of Welcome Desk.")
    return manifest


def unpack(path: Path, manifest: Manifest, folder: Path | None = None) -> dict[str, Path]:
    """Compare what is in a backup with its digests, and write it to ``folder`` where one is given; give each name's file.

    Raises BackupError where something is not as it was when the backup was made.
    """
    found = {}
    try:
        with zipfile.ZipFile(path) as packed:
            for name, checksum in manifest.files.items():
                target = folder / Path(name).name if folder else Path(os.devnull)
                digest = hashlib.sha256()
                with packed.open(name) as source, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                    while piece := source.read(PIECE):
                        digest.update(piece)
                        file.write(piece)
                if digest.hexdigest() != checksum:
                    raise BackupError(f"{path} is damaged: {name} is not what it was when the backup was made. Use another.")
                found[name] = target
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise BackupError(f"{path} is damaged: use another. ({type(error).__name__})") from error
    return found
