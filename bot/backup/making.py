"""Making a backup, while the product runs or not."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DBAPIError

from bot import __version__
from bot.backup import postgres, sqlite
from bot.backup.archive import DATABASE, TRACKER, Manifest, digest_of, read_manifest, workplace, write_archive
from bot.backup.checksums import TableSum, sum_of_all, table_names, table_sums
from bot.backup.contents import SHORT_LIVED, lifetime
from bot.database import open_database, schema_of
from bot.errors import BackupError, SetUpError
from bot.settings import Settings

LAST = "last-backup.json"
"""The file in ``VAR_DIR`` that remembers the last backup, for ``python -m bot doctor``."""
WITH_CONVERSATIONS = (
    "Holds what visitors wrote. Keep it no longer than keep_until. It knows nothing of chats that visitors erase after made_at: "
    "restoring it brings those back, until they are as old as RETENTION_DAYS. Numbers to call back are encrypted with "
    "VAR_DIR/callback.key, which is not in here."
)
WITHOUT_CONVERSATIONS = "Holds no chats. It holds staff's accounts with their hashed passwords: keep it where only the operator reads."


EARLY = timedelta(hours=2)
"""How long before its time a backup is removed: tonight's may begin a little earlier by the clock than the one of a week ago."""

_Gathered = tuple[str, str, dict[str, TableSum], dict[str, TableSum], dict[str, str]]


@dataclass(frozen=True)
class Made:
    """A backup that was made, and those in the same folder that had passed their time and were removed."""

    path: Path
    manifest: Manifest
    removed: tuple[Path, ...]


def make_backup(settings: Settings, target: Path, conversations: bool, keep_days: int | None, now: datetime) -> Made:
    """Make a backup: the file ``target`` where that ends in .zip, otherwise a file with a name of its own in that folder (``now`` is UTC).

    Raises BackupError where it cannot be made or the file is there already, SetUpError where there is no database to be read.
    """
    keep_until = lifetime(settings, conversations, keep_days, now)
    in_folder = target.suffix != ".zip"
    path = target / f"welcome-desk-{settings.area}-{now:%Y%m%dT%H%M%SZ}.zip" if in_folder else target
    if path.exists():
        raise BackupError(f"{path} is there already: give another name, or a folder.")
    engine = database_of(settings)
    # Gathered where what is gathered lies already: of chats that are to be left out, nothing reaches the other disk.
    with workplace(settings.var) as work, workplace(path.parent) as beside:
        kind, schema, tables, tracker, extensions = _gather(settings, engine, conversations, work)
        files = {name: work / name for name in (DATABASE, TRACKER) if (work / name).exists()}
        manifest = Manifest(
            version=__version__,
            area=settings.area,
            made_at=now,
            keep_until=keep_until,
            conversations=conversations,
            kind=kind,
            schema=schema,
            tables=tables,
            tracker=tracker,
            checksum=sum_of_all(tables, tracker),
            files={name: digest_of(file) for name, file in files.items()},
            extensions=extensions,
            note=WITH_CONVERSATIONS if conversations else WITHOUT_CONVERSATIONS,
        )
        write_archive(path, manifest, files, beside)
    removed = _remove_old(target, settings.area, now) if in_folder else []
    _remember(settings, path, manifest)
    return Made(path, manifest, tuple(removed))


def database_of(settings: Settings) -> Engine:
    """Open the product's database. Raises SetUpError where, on SQLite, there is no file."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise SetUpError(f"There is no database {url.database}: check VAR_DIR, AREA and DATABASE_URL.")
    return open_database(settings.database_url)


def _gather(settings: Settings, engine: Engine, conversations: bool, work: Path) -> _Gathered:
    """Write what is backed up to ``work``; give its kind and schema, the sums of its tables and Rasa's, and its extensions."""
    kind = str(engine.dialect.name)
    left_out = frozenset() if conversations else SHORT_LIVED
    try:
        if kind == "sqlite":
            # What Rasa remembers first: a chat that begins in between has then been forgotten by Rasa, and not by the product.
            tracker: dict[str, TableSum] = {}
            if conversations and settings.tracker_file.exists():
                tracker = _copied(settings.tracker_file, work / TRACKER, left_out)[1]
            schema, tables = _copied(Path(engine.url.database), work / DATABASE, left_out)
            return kind, schema, tables, tracker, {}
        with engine.connect() as connection, connection.begin():
            snapshot = postgres.open_snapshot(connection)
            names = table_names(connection)
            tables = table_sums(connection, names - left_out)
            postgres.dump(connection, snapshot, names & left_out, work / DATABASE)
            return kind, schema_of(connection), tables, {}, postgres.extensions(connection)
    except DBAPIError as error:
        raise SetUpError(f"The database cannot be read ({type(error.orig).__name__}): check DATABASE_URL, and that it runs.") from error
    finally:
        engine.dispose()


def _copied(source: Path, target: Path, left_out: frozenset[str]) -> tuple[str, dict[str, TableSum]]:
    """Copy an SQLite database without the rows of ``left_out``; give its schema and the sums of the other tables."""
    sqlite.copy(source, target)
    if left_out:
        sqlite.empty(target, left_out)
    engine = open_database(f"sqlite:///{target}")
    try:
        with engine.connect() as connection:
            found = schema_of(connection), table_sums(connection, table_names(connection) - left_out)
    finally:
        engine.dispose()
    # Opened as the product opens it, it has a log again.
    sqlite.fold(target)
    return found


def _remove_old(folder: Path, area: str, now: datetime) -> list[Path]:
    """Remove the backups of ``area`` in ``folder`` that have passed their time; what is none is left alone."""
    removed = [path for path, manifest in _backups_in(folder, area) if manifest.keep_until <= now + EARLY]
    for path in removed:
        path.unlink()
    return removed


def overdue(folder: Path, area: str, now: datetime) -> list[Path]:
    """Give the backups of ``area`` in ``folder`` that hold conversations and should have been deleted before ``now``."""
    return [path for path, manifest in _backups_in(folder, area) if manifest.conversations and manifest.keep_until < now]


def _backups_in(folder: Path, area: str) -> Iterator[tuple[Path, Manifest]]:
    for path in sorted(folder.glob(f"welcome-desk-{area}-*.zip")):
        try:
            manifest = read_manifest(path)
        except BackupError:
            continue
        if manifest.area == area:
            yield path, manifest


def last_backup(settings: Settings) -> dict[str, Any]:
    """Give what is remembered of the last backup; nothing where none was made."""
    try:
        told = json.loads((settings.var / LAST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _remember(settings: Settings, path: Path, manifest: Manifest) -> None:
    settings.var.mkdir(parents=True, exist_ok=True)
    before = last_backup(settings)
    told = {
        "file": str(path.resolve()),
        "made_at": manifest.made_at.isoformat(),
        "keep_until": manifest.keep_until.isoformat(),
        "conversations": manifest.conversations,
        "checksum": manifest.checksum,
        "folders": sorted({*filter(os.path.isdir, before.get("folders", [])), str(path.resolve().parent)}),
    }
    draft = settings.var / f"{LAST}.draft"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(told, file, indent=1)
    draft.replace(settings.var / LAST)
