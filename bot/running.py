"""Whether the product runs: its processes share a lock in ``VAR_DIR`` for as long as they live, and a restore has to be alone with it.

The lock is the operating system's (flock), so that it goes with its process, however that ends.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from bot.errors import SetUpError

LOCK = "running.lock"


def _open(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)


def hold(folder: Path) -> None:
    """Say until this process ends that the product runs over ``folder``, and keep others on this machine from reading what is there.

    Raises SetUpError while a backup is being restored there.
    """
    try:
        fcntl.flock(_open(folder), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SetUpError("A backup is being restored: start again when that is done.") from error
    os.umask(0o077)
    for path in folder.glob("*.db*"):
        # SQLite gives what it makes beside a database the database's own mode.
        path.chmod(path.stat().st_mode & ~0o077)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Keep the product from starting over ``folder`` for a while; gives False where it runs, or somebody else is alone with it."""
    descriptor = _open(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
