"""What is left of erased words in the files of a database: a search of their bytes, past what any query shows."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Engine

from bot.wiping import _STORED

_FILES = """
WITH ours AS (
    SELECT oid, relname, reltoastrelid FROM pg_class
    WHERE relkind = 'r' AND (relnamespace = current_schema()::regnamespace OR oid = 'pg_catalog.pg_statistic'::regclass)
), heaps AS (
    SELECT oid, relname FROM ours UNION ALL SELECT reltoastrelid, relname || ' (out of line)' FROM ours WHERE reltoastrelid <> 0
)
SELECT relname, pg_relation_filepath(oid) FROM heaps
UNION ALL SELECT relname || ' (index)', pg_relation_filepath(indexrelid) FROM heaps JOIN pg_index ON indrelid = oid
"""
_HOLDS = text("SELECT position(:needle IN pg_read_binary_file(:path, 0, (pg_stat_file(:path, true)).size, true)) > 0")


def holding(engine: Engine, words: str | bytes) -> list[str]:
    """Give the files of a database that hold ``words``: SQLite's with its log, or PostgreSQL's tables, indexes, long values and samples.

    PostgreSQL is asked as its superuser, who alone may read them, after it has written to them what it still had in memory.
    """
    needle = words.encode() if isinstance(words, str) else words
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        return [file.name for file in sorted(path.parent.glob(f"{path.name}*")) if needle in file.read_bytes()]
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CHECKPOINT")
        files = connection.exec_driver_sql(_FILES).all()
        return sorted(name for name, path in files if connection.execute(_HOLDS, {"needle": needle, "path": path}).scalar())


def keep_as_written(engine: Engine) -> None:
    """Have PostgreSQL keep long values as they are from now on, so that words in them are found: it would compress them."""
    if engine.dialect.name == "sqlite":
        return
    asked = (
        "SELECT format('ALTER TABLE %I ALTER %I SET STORAGE EXTERNAL', c.relname, a.attname) FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid WHERE c.relkind = 'r' AND a.attnum > 0 "
        "AND c.relnamespace = current_schema()::regnamespace AND NOT a.attisdropped AND t.typname = ANY(:types)"
    )
    # One lock at a time: a running product that reads several tables would wait for one of them, and this for another of its.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in connection.execute(text(asked), {"types": list(_STORED)}).scalars().all():
            connection.exec_driver_sql(statement)
