"""PostgreSQL: dumped by ``pg_dump`` at one moment, and loaded within a transaction of ours.

``pg_restore`` reads the dump; what it says is run here and not by itself, so that loading, checking, migrating and erasing are one
transaction: a restore that fails anywhere, or is killed, has changed nothing.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from psycopg2 import Error
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from bot.database import see_one_moment
from bot.errors import BackupError

PACKAGE = "install PostgreSQL's client programs of the server's version (Debian: apt install postgresql-client)"
SECTIONS = ("pre-data", "data", "post-data")
"""What ``pg_restore`` tells apart: tables, rows, then keys and indexes."""


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise BackupError(f"{name} is not there: {PACKAGE}.")
    return found


def place(url: URL) -> tuple[str, dict[str, str]]:
    """Give where the database is for a command line that others may see, and the environment that has the password."""
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    # ``url.set(password=None)`` would leave it where it is.
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return bare.render_as_string(), environment


def open_snapshot(connection: Connection) -> str:
    """Have the transaction of ``connection`` see one moment only, and give the name by which ``pg_dump`` sees the same one."""
    see_one_moment(connection)
    return str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar())


def dump(connection: Connection, snapshot: str, emptied: Iterable[str], target: Path) -> None:
    """Write the schema in use to ``target``, tables of ``emptied`` without rows. Raises BackupError where it cannot be done."""
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    address, environment = place(connection.engine.url)
    command = [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
    command += [f'--schema="{schema}"']
    command += [f'--exclude-table-data="{schema}"."{table}"' for table in sorted(emptied)]
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    done = subprocess.run([*command, f"--dbname={address}"], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(_explained("pg_dump", done.stderr))


def clear(connection: Connection, tables: Iterable[str]) -> None:
    """Drop ``tables`` and what else migrations have made in the schema in use: how words are stemmed for look-ups."""
    quote = connection.dialect.identifier_preparer.quote
    for table in sorted(tables):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quote(table)} CASCADE")
    for kind, catalogue, name, schema in (
        ("CONFIGURATION", "pg_ts_config", "cfgname", "cfgnamespace"),
        ("DICTIONARY", "pg_ts_dict", "dictname", "dictnamespace"),
    ):
        asked = f"SELECT {name} FROM {catalogue} WHERE {schema} = current_schema()::regnamespace AND {name} LIKE 'desk%%'"  # noqa: S608
        for found in connection.exec_driver_sql(asked).scalars().all():
            connection.exec_driver_sql(f"DROP TEXT SEARCH {kind} {quote(found)} CASCADE")


def extensions(connection: Connection) -> dict[str, str]:
    """Give the extensions of the database, PL/pgSQL apart, each with the schema that it is in."""
    asked = "SELECT extname, extnamespace::regnamespace::text FROM pg_extension WHERE extname <> 'plpgsql'"
    return {str(name): str(schema) for name, schema in connection.exec_driver_sql(asked)}


def bring_extensions(connection: Connection, wanted: Mapping[str, str]) -> None:
    """Have the extensions that there were, where this user may bring them: the product does without."""
    quote = connection.dialect.identifier_preparer.quote
    for name, schema in wanted.items():
        with contextlib.suppress(DBAPIError), connection.begin_nested():
            connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {quote(name)} WITH SCHEMA {quote(schema)}")


def load(connection: Connection, source: Path) -> None:
    """Make the tables and rows of a dump within the transaction of ``connection``. Raises BackupError where the dump cannot be read."""
    path = connection.exec_driver_sql("SELECT current_setting('search_path')").scalar()
    cursor = connection.connection.cursor()
    try:
        _load(cursor, source)
        cursor.execute("SELECT set_config('search_path', %s, false)", (path,))
    except Error as error:
        raise BackupError(f"PostgreSQL refused the backup ({type(error).__name__}: {error.diag.message_primary}).") from error


def _load(cursor: Any, source: Path) -> None:
    listed = subprocess.run([_program("pg_restore"), "--list", str(source)], capture_output=True, text=True, check=False)
    if listed.returncode:
        raise BackupError(_explained("pg_restore", listed.stderr))
    # The schema itself is there.
    wanted = source.with_name("wanted.list")
    wanted.write_text("".join(line for line in listed.stdout.splitlines(True) if " SCHEMA - " not in line and " - SCHEMA " not in line))
    for section in SECTIONS:
        command = [_program("pg_restore"), "--no-owner", "--no-privileges", f"--section={section}", f"--use-list={wanted}", "--file=-"]
        command.append(str(source))
        with tempfile.TemporaryFile() as complaints:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints) as reading:
                assert reading.stdout is not None
                _run(cursor, reading.stdout)
            complaints.seek(0)
            if reading.returncode:
                raise BackupError(_explained("pg_restore", complaints.read().decode(errors="replace")))


class _Rows:
    """The rows that follow a COPY, for psycopg2 to read: up to the line that ends them."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def read(self, _size: int = -1) -> bytes:
        line = next(self._lines, b"\\.\n")
        return b"" if line == b"\\.\n" else line


def _run(cursor: Any, said: IO[bytes]) -> None:
    """Run what ``pg_restore`` says, statements and rows. Lines for psql itself (``\\restrict``) are none of ours."""
    lines, waiting = iter(said), b""
    for line in lines:
        if line.startswith(b"COPY ") and line.rstrip().endswith(b"FROM stdin;"):
            _do(cursor, waiting)
            waiting = b""
            cursor.copy_expert(line.decode(), _Rows(lines))
        elif not line.startswith(b"\\"):
            waiting += line
    _do(cursor, waiting)


def _do(cursor: Any, statements: bytes) -> None:
    if any(line.strip() and not line.startswith(b"--") for line in statements.splitlines()):
        cursor.execute(statements)


# What was killed a moment ago is gone at once; PostgreSQL notices when its process there next has a turn.
_CLOSING = 10.0


def others_stay(connection: Connection) -> int:
    """Give how many other connections to this database are open and stay open: those that are about to close get ten seconds."""
    end = time.monotonic() + _CLOSING
    while (others := others_connected(connection)) and time.monotonic() < end:
        time.sleep(0.1)
    return others


def others_connected(connection: Connection) -> int:
    """Give how many other connections there are to this database now."""
    # Within a transaction PostgreSQL tells again what it told first.
    connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
    # PostgreSQL's own processes have no user. Whose others are, anybody may see; what kind of process they are, only who has their rights.
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
    return int(connection.exec_driver_sql(asked).scalar())


def _explained(program: str, complaint: str) -> str:
    """Give PostgreSQL's complaint with what to do about it; it names tables and versions, never a value."""
    lines = [line for line in complaint.splitlines() if line.strip()]
    said = " ".join(lines[:3])[:400]
    if "version mismatch" in complaint or "unsupported version" in complaint:
        return f"The versions of {program} and of the server or the backup do not fit: {PACKAGE}. ({said})"
    return f"{program} failed: {said}"
