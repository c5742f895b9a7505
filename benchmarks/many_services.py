"""A directory of 20,000 services: how long it takes to import, to read, and to search, on SQLite and on PostgreSQL.

``python -m benchmarks.many_services`` imports 20,000 made-up services through the product's own import into each database and prints
seconds for import and reading, and the median and 95th percentile in ms of each search, with the ratio to a plain pass over the names.
What urgent answers are made of waits for a second officer, so some of the 20,000 are not shown. PostgreSQL is used where one answers
(``TEST_POSTGRES_URL``). Takes some three minutes.

Which index each search uses: staff's look-up has FTS5 in memory on SQLite, made from the directory when it is read, and full-text search
on PostgreSQL, written when a process first reads a version; words that were asked lately are remembered. The officers' list is a pass over
folded names in memory; the open data feed asks the database (a pass over the services, page by page).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy.engine import Engine

from benchmarks.look_up import LANGUAGES, NAMES, figures, timed
from bot.answers.cards import is_free_service
from bot.answers.catalogue import Catalogues
from bot.codes import NEEDS
from bot.database import migrate, open_database
from bot.directory.feed import Asked, Feed
from bot.directory.files import read_files, write_csv
from bot.directory.hours import BRITISH_TIME
from bot.directory.importing import Importer
from bot.directory.ledger import Officer
from bot.directory.listing import Listing
from bot.directory.lookup import Filters, LookUp
from bot.directory.pack import load_pack
from bot.directory.records import read_directory
from bot.directory.sheets import Problem
from bot.directory.word_table import WordTables
from bot.web.feed import open_feed_words
from tests.servers import a_schema, postgres_answers

MANY = 20_000
ROUNDS = 20
AT_MOST = 100.0
"""Milliseconds at the 95th percentile of the searches of LIMITED."""
LIMITED = ("staff's look-up", "staff's look-up, a new word", "officers' list")
MOMENT = datetime(2026, 11, 23, 11, tzinfo=BRITISH_TIME)
WORDS = ("food", "Harbour", "lantern haven", "english", "citizens advice", "kingfisher food ely", "zzz")


def sheets(draw: random.Random) -> dict[str, bytes]:
    """Make the sheets of MANY services with a place and an opening each."""
    services, places, times = [], [], []
    for number in range(MANY):
        key, topic = f"made_{number}", draw.choice(NEEDS)
        name = f"{draw.choice(NAMES)} {draw.choice(NAMES)} {topic.replace('_', ' ').title()} {number}"
        services.append(
            {
                **{
                    "key": key,
                    "organisation": "org_citizens_advice_rural_cambs",
                    "name": name,
                    "description": f"Help with {topic} for all.",
                },
                **{
                    "status": "active",
                    "phone": f"0122{number:07d}",
                    "service_types": topic,
                    "area": draw.choice(("Ely", "Fenland", "Cambridge")),
                },
                **{"languages": ";".join(draw.sample(LANGUAGES[:4], 2)), "source": "made up", "public": "yes"},
            }
        )
        places.append(
            {"service": key, "key": f"{key}_place", "location_type": "physical", "address_1": f"{number} Mill Lane", "city": "Ely"}
        )
        places[-1] |= {"county": "Cambridgeshire", "postcode": "CB7 4EE", "country": "GB", "source": "made up", "public": "yes"}
        times.append(
            {"service": key, "freq": "WEEKLY", "days": "MO;WE", "opens": "09:00", "closes": "17:00", "source": "made up", "public": "yes"}
        )
    found = {"services.csv": services, "places.csv": places, "times.csv": times}
    return {name: write_csv(name, rows) for name, rows in found.items()}


@contextmanager
def databases() -> Iterator[list[tuple[str, Engine]]]:
    """Open an empty database of each kind that is there."""
    with tempfile.TemporaryDirectory() as folder, a_schema() if postgres_answers() else nullcontext() as address:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'many.db'}", **({"PostgreSQL": address} if address else {})}
        found = [(name, open_database(url)) for name, url in urls.items()]
        try:
            yield found
        finally:
            for _, engine in found:
                engine.dispose()


def measure(name: str, engine: Engine, made: dict[str, bytes], catalogues: Catalogues) -> None:
    """Fill one database and print how long everything takes there."""
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    importer = Importer(engine)
    problems: list[Problem] = []
    started = time.perf_counter()
    plan = importer.plan(read_files(made.items(), problems), problems)
    assert not plan.problems, plan.problems[:3]
    checked = time.perf_counter()
    importer.apply(plan, Officer(0, "benchmark"), "benchmark")
    imported = time.perf_counter()
    directory = read_directory(engine)
    read = time.perf_counter()
    listing, feed = Listing(engine), Feed(engine, open_feed_words(catalogues))
    listing.entries()
    listed = time.perf_counter()
    vectors = np.random.default_rng(0).normal(size=(len(directory.services) + len(directory.guidance), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = {topic: catalogues.say("en", f"topic.{topic}") for topic in NEEDS}
    tables = WordTables(engine) if engine.dialect.name == "postgresql" else None
    look_up = LookUp(directory, vectors, labels, is_free_service, tables)
    began, draw = time.perf_counter(), random.Random(1)
    look_up.keep()
    written = time.perf_counter()
    print(f"\n{name}: {len(directory.services)} services; check and compare {checked - started:.0f} s, import {imported - checked:.0f} s,")
    print(f"read for the chat {read - imported:.0f} s, for the officers' list {listed - read:.0f} s, words written {written - began:.1f} s")
    names = [service.name.lower() for service in directory.services]
    searches: dict[str, Callable[[str], object]] = {
        "a plain pass over the names": lambda words: [one for one in names if words.lower() in one],
        "staff's look-up": lambda words: look_up.find(words, vectors[0], Filters(), MOMENT),
        "staff's look-up, a new word": lambda words: look_up.find(f"{words} {draw.randrange(MANY)} ", vectors[0], Filters(), MOMENT),
        "officers' list": lambda words: listing.find(words=words),
        "a page of the open data feed": lambda words: feed.page("services", Asked(words=tuple(words.split())), 1, 50),
    }
    base = 0.0
    for what, ask in searches.items():
        median, late = figures([timed(partial(ask, words)) for _ in range(ROUNDS) for words in WORDS])
        base = base or median
        over = f"  OVER {AT_MOST:.0f}" if what in LIMITED and late > AT_MOST else ""
        print(f"{what:<30} median {median:7.1f} ms, 95th percentile {late:7.1f} ms, ratio {median / base:6.1f}{over}")


def main() -> None:
    """Measure and print."""
    made, catalogues = sheets(random.Random(0)), Catalogues()
    with databases() as found:
        for name, engine in found:
            measure(name, engine, made, catalogues)


if __name__ == "__main__":
    main()
