"""SQLite files: copied while the product writes to them, and put in the place of another."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from bot.backup.archive import settle
from bot.errors import BackupError


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, by SQLite's own online backup. Raises BackupError where it is damaged.

    https://www.sqlite.org/backup.html: whoever writes meanwhile waits for nothing.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(source, timeout=30)) as original, closing(sqlite3.connect(target)) as made:
            original.backup(made)
            # One file, without a write-ahead log beside it.
            made.execute("PRAGMA journal_mode=DELETE")
            faults = faults_of(made)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source} cannot be read ({error}): it is damaged. Restore the last backup.") from error
    if faults:
        raise BackupError(f"{source} is damaged ({faults[0]}), so it was not backed up: restore the last backup.")


def faults_of(connection: sqlite3.Connection) -> list[str]:
    """Give what SQLite finds wrong in a database; nothing where it is whole."""
    return [said for (said,) in connection.execute("PRAGMA quick_check(5)") if said != "ok"]


def empty(path: Path, tables: Iterable[str]) -> None:
    """Delete the rows of ``tables`` and leave no byte of them in the file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in sorted(known.intersection(tables)):
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - one of our own names
        connection.commit()
        connection.execute("VACUUM")


def fold(path: Path) -> bool:
    """Have all of a database in its one file, without a write-ahead log; give False where another process has it open.

    The log can only be left by whoever is alone (https://www.sqlite.org/pragma.html#pragma_journal_mode). A damaged database is folded as
    far as it can be.
    """
    try:
        with closing(sqlite3.connect(path, timeout=0.5)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        return "locked" not in str(error)
    except sqlite3.DatabaseError:
        pass
    return True


def remove(path: Path) -> None:
    """Remove a database, with what SQLite keeps beside it first: a log must never be taken for that of another file."""
    for ending in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def put_in_place(staged: Path, target: Path) -> None:
    """Put a database in the place of ``target``, which nobody has open, at one stroke."""
    for ending in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.replace(target)
    settle(target.parent)
