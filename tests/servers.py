"""The PostgreSQL and the Redis that tests use where they answer, and addresses where none does."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import redis
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from bot.database import open_database

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL") or "postgresql://postgres@127.0.0.1:5432/test"
REDIS_URL = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/9"
REDIS_NOWHERE = "redis://127.0.0.1:9/0"


@lru_cache(maxsize=1)
def postgres_answers() -> bool:
    """Tell whether a PostgreSQL can be reached for tests."""
    engine = open_database(make_url(POSTGRES_URL).update_query_dict({"connect_timeout": "3"}).render_as_string(hide_password=False))
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


@lru_cache(maxsize=1)
def redis_answers() -> bool:
    """Tell whether a Redis can be reached for tests."""
    try:
        return bool(redis.Redis.from_url(REDIS_URL, socket_timeout=3, socket_connect_timeout=3).ping())
    except redis.RedisError:
        return False


def _at_the_server(statement: str) -> None:
    """Have the server do something, and hold no connection to it: it has only so many, and what is made here lives as long as all tests."""
    owner = open_database(POSTGRES_URL).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with owner.connect() as connection:
            connection.exec_driver_sql(statement)
    finally:
        owner.dispose()


@contextmanager
def a_schema() -> Iterator[str]:
    """The URL of an empty PostgreSQL schema of our own, which is gone afterwards."""
    schema = f"test_{uuid.uuid4().hex}"
    _at_the_server(f"CREATE SCHEMA {schema}")
    # Nothing here must outlive the power going off, so no test waits for the disk.
    url = make_url(POSTGRES_URL).update_query_dict({"options": f"-csearch_path={schema} -csynchronous_commit=off"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        _at_the_server(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def a_database(like: str = "template1", options: str = "") -> Iterator[str]:
    """The URL of a PostgreSQL database of our own, a copy of another that nobody has open, which is gone afterwards.

    ``options`` are of CREATE DATABASE. For what must not be seen or held up by other tests: transactions of one database wait for each
    other's.
    """
    name = f"test_{uuid.uuid4().hex[:12]}"
    try:
        _at_the_server(f"CREATE DATABASE {name} TEMPLATE {like} {options}")
        yield make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)
    finally:
        _at_the_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def without_letters(encoding: str) -> dict[str, str]:
    """Say of ``a_database`` that it is of the locale C, which knows English letters alone."""
    return {"like": "template0", "options": f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"}


@contextmanager
def an_ordinary_user() -> Iterator[URL]:
    """The URL of a PostgreSQL user of our own who is no superuser and owns nothing, and is gone afterwards."""
    name, password = f"test_{uuid.uuid4().hex[:12]}", uuid.uuid4().hex
    _at_the_server(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    try:
        yield make_url(POSTGRES_URL).set(username=name, password=password)
    finally:
        _at_the_server(f"DROP ROLE {name}")


@contextmanager
def a_silent_redis() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
