"""Who reads the directory while it is changed gets it as it was before or after, and never some of each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.database import one_moment
from bot.directory.changes import Changes
from bot.directory.feed import Asked, Feed
from bot.directory.files import read_sheets
from bot.directory.ledger import Officer
from bot.directory.listing import Listing
from bot.directory.openreferral import FeedWords
from bot.directory.records import read_directory
from bot.directory.uploads import Uploads
from bot.directory.writer import SERVICE
from tests.builders import Pack

OLGA = Officer(1, "Olga")
WORDS = FeedWords("please check first", "closed", {"topic": ("Topics", "What a service helps with.")})


def _sheets(engine: Engine) -> Any:
    with one_moment(engine) as session:
        return read_sheets(session)


def _page(kind: str, engine: Engine) -> Any:
    return Feed(engine, WORDS).page(kind, Asked(full=True), 1, 50).as_json()


READERS: dict[str, Callable[[Engine], Any]] = {
    "download": lambda engine: Uploads(engine).download("zip"),
    "sheets": _sheets,
    "officers' list": lambda engine: Listing(engine).entries(),
    "everything": lambda engine: (found := read_directory(engine), found.digest),
    **{f"feed of {kind}": partial(_page, kind) for kind in ("services", "organizations", "service_at_locations")},
    "feed in batches": lambda engine: list(Feed(engine, WORDS).batches("services", Asked())),
}


@pytest.fixture
def pack(tmp_path: Path, engine: Engine) -> Pack:
    pack = Pack(tmp_path / "packs").service(phone="01223 555123").address().times(place="advice_desk_room").lead().statement()
    pack.service(key="zz_help", phone="01223 555444").address(key="zz_room", service="zz_help").load(engine)
    return pack


@contextmanager
def at_statement(engine: Engine, number: int, work: Callable[[], None]) -> Iterator[list[str]]:
    """Do something before the statement of this number; gives the list of those that came."""
    came: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        came.append(statement)
        if len(came) == number:
            work()

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield came
    finally:
        event.remove(engine, "before_cursor_execute", listen)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_service_that_ends_meanwhile_is_wholly_there_or_not_at_all(pack: Pack, engine: Engine, reader: Callable[[Engine], Any]) -> None:
    changes = Changes(engine)
    ended = changes.record(SERVICE, "zz_help").rows
    assert ended

    def end() -> None:
        changes.end(OLGA, SERVICE, "zz_help", changes.record(SERVICE, "zz_help").revision, "closed for good")

    number, is_over = 0, False
    while not is_over:
        number += 1
        there = str(reader(engine))
        with at_statement(engine, number, end) as came:
            read = str(reader(engine))
        is_over = len(came) < number
        if not is_over:
            gone = str(reader(engine))
            assert gone != there
            assert read in (there, gone), f"at statement {number}: {came[number - 1]}"
            changes.save(OLGA, SERVICE, ended, changes.record(SERVICE, "zz_help").revision)
    assert number > 3
