"""A checksum of every table: the same for the same rows, in whatever order a database gives them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from typing import Any

import msgspec
from sqlalchemy import inspect
from sqlalchemy.engine import Connection


class TableSum(msgspec.Struct, frozen=True):
    """How many rows a table has, and the SHA-256 of them all."""

    rows: int
    checksum: str


def table_names(connection: Connection) -> set[str]:
    """Give the tables of a database, SQLite's own apart (on PostgreSQL, those of the schema that is in use)."""
    return {name for name in inspect(connection).get_table_names() if not name.startswith("sqlite_")}


def table_sums(connection: Connection, tables: Iterable[str]) -> dict[str, TableSum]:
    """Give the sum of each table. Reads all rows of one table after the other, and holds 32 bytes of each."""
    return {table: _sum(connection, table) for table in sorted(tables)}


def sum_of_all(tables: Mapping[str, TableSum], tracker: Mapping[str, TableSum]) -> str:
    """Give one checksum of the tables of the database and of Rasa's own: what is printed when a backup is made and when it is restored."""
    digest = hashlib.sha256()
    for table, found in [*sorted(tables.items()), *((f"tracker {name}", of_rasa) for name, of_rasa in sorted(tracker.items()))]:
        digest.update(f"{table} {found.rows} {found.checksum}\n".encode())
    return digest.hexdigest()


def _sum(connection: Connection, table: str) -> TableSum:
    quote = connection.dialect.identifier_preparer.quote
    columns = sorted(column["name"] for column in inspect(connection).get_columns(table))
    asked = f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)}"  # noqa: S608 - names that the database itself gave
    read = connection.exec_driver_sql(asked, execution_options={"stream_results": True})
    rows = [hashlib.sha256(_written(row)).digest() for row in read]
    head = json.dumps([table, columns]).encode()
    return TableSum(len(rows), hashlib.sha256(head + b"".join(sorted(rows))).hexdigest())


def _written(row: Iterable[Any]) -> bytes:
    text = json.dumps([_plain(value) for value in row], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _plain(value: Any) -> Any:
    """Give a value as JSON can hold it; moments as UTC, bytes as hexadecimal digits."""
    if isinstance(value, datetime):
        return (value.astimezone(timezone.utc) if value.tzinfo else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value
