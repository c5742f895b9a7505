"""How quickly staff are answered: the look-up beside ``search_words``, on the real directory and on 20,000 services made from it.

``python -m benchmarks.look_up`` prints the median and the 95th percentile in ms and the ratio of the medians to those of
``search_words`` on the same directory in the same run. The question's vector, and what it seems to be about, are worked out each time,
which needs what ``make train`` builds. Words are asked of memory, and of PostgreSQL where one answers (``TEST_POSTGRES_URL``); in each
round four words that were not asked before, as they are and misspelt. Takes some two minutes.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from bot.answers.cards import is_free_service
from bot.answers.catalogue import Catalogues
from bot.codes import NEEDS
from bot.database import migrate, open_database
from bot.directory.hours import BRITISH_TIME
from bot.directory.lookup import Filters, LookUp, Result
from bot.directory.meaning import MeaningIndex
from bot.directory.records import AddressRecord, Directory, PlaceRecord, ScheduleRecord, ServiceRecord
from bot.directory.search import search_words
from bot.directory.word_table import WordTables
from bot.opening import open_reader
from bot.settings import read_settings
from bot.understanding.embedding import Matrix, shared_embedder
from bot.understanding.reading import Reader
from bot.web.staff.look_up import seems_about
from tests.builders import cambridgeshire
from tests.servers import a_schema, postgres_answers

MANY = 20_000
ROUNDS = 5
AT_MOST = 100.0
"""Milliseconds at the 95th percentile, the vector with them."""
SPREAD = 0.02
"""Standard deviation of the noise on each of 384 numbers of a vector: cosines of some 0.93 with the real one."""
QUESTIONS = (
    *("food in Ely", "english class", "libr", "Citizens Advice", "where can I learn English for free near Wisbech", "debt", "GP Cambridge"),
    *("де вивчати англійську", "де я можу отримати їжу", "أين أجد الطعام", "محامي هجرة", "کلاس انگلیسی", "کجا غذا پیدا کنم"),
    *("我想學英文", "哪裡有食物", "gdzie znajdę jedzenie", "kur gauti maisto", "unde găsesc mâncare", "xaggee ka helaa cunto", "ቋንቋ እንግሊዝ"),
)
WAYS = (
    *("search_words", "words", "words and meaning", "other words each time", "with filters", "no words"),
    *("four new words", "four misspelt words"),
)
IN_POSTGRESQL = ("four new words, PostgreSQL", "four misspelt words, PostgreSQL")
MONDAY = datetime(2026, 11, 23, 11, tzinfo=BRITISH_TIME)
NAMES = (
    *("Open Door", "Bridge", "Harbour", "Oak Tree", "Riverside", "St Mary's", "Lantern", "Northgate", "Welcome", "Compass"),
    *("Rowan", "Cornerstone", "Well", "Meadow", "Haven", "Beacon", "Mill", "Kingfisher", "Orchard", "Lighthouse"),
)
LANGUAGES = ("uk", "ar", "fa", "ps", "ckb", "ti", "so", "ro", "lt", "pl", "yue", "ru")


def grown(directory: Directory, vectors: Matrix) -> tuple[Directory, Matrix]:
    """Give a directory of MANY services, each a real one elsewhere, by another name and at other hours, and vectors near the real ones."""
    draw, noise = random.Random(0), np.random.default_rng(0)
    places = [place for place in directory.places.values() if place.inside]
    rows = [draw.randrange(len(directory.services)) for _ in range(MANY)]
    services = tuple(_elsewhere(directory.services[row], i, draw, places) for i, row in enumerate(rows))
    near = vectors[rows] + noise.normal(0, SPREAD, (MANY, vectors.shape[1])).astype(np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    return replace(directory, services=services, digest="grown"), np.vstack([near, vectors[len(directory.services) :]])


def _elsewhere(service: ServiceRecord, number: int, draw: random.Random, places: list[PlaceRecord]) -> ServiceRecord:
    place = draw.choice(places)
    opens, closes = draw.randrange(7, 12), draw.randrange(13, 22)
    days = tuple(draw.sample(("MO", "TU", "WE", "TH", "FR", "SA"), draw.randrange(1, 6)))
    hours = ScheduleRecord(days, f"{opens:02}:{draw.choice(('00', '15', '30'))}", f"{closes:02}:00", "")
    name = f"{draw.choice(NAMES)} {draw.choice(NAMES)} {service.name}"
    return replace(
        service,
        id=f"{service.id}-{number}",
        key=f"{service.key}_{number}",
        name=name,
        serves=place.within[: draw.randrange(1, 3)],
        addresses=(AddressRecord(f"{number % 200} {draw.choice(NAMES)} Street, {place.name}", place.name),),
        schedules=(hours,) if draw.random() < 0.6 else (),
        unsure=frozenset(),
        languages=tuple(draw.sample(LANGUAGES, draw.randrange(3))),
    )


def timed(ask: Callable[[], object]) -> float:
    """Give the milliseconds that ``ask`` takes."""
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


def with_meaning(look_up: LookUp, reader: Reader, question: str, filters: Filters, moment: datetime) -> Result:
    """Look up as the page does: the vector and what the words seem to be about worked out first."""
    vector = reader.embedder.embed(question)
    return look_up.find(question, vector, filters, moment, likely=seems_about(reader, question, vector, filters))


def figures(times: list[float]) -> tuple[float, float]:
    """Give the median and the 95th percentile."""
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def narrowed(directory: Directory) -> list[Filters]:
    """Give filters as staff set them."""
    ely, wisbech = directory.place_named("Ely"), directory.place_named("Wisbech")
    return [
        Filters(place=ely),
        Filters(topic="food", place=wisbech),
        Filters(language="uk"),
        Filters(open_now=True),
        Filters(free=True, circumstances=("asylum_seeker",)),
        Filters("housing", wisbech, ("refugee",), "ar", True, True),
    ]


def misspelt(words: str) -> str:
    """Give words with the third and fourth letter of each swapped."""
    return " ".join(word[:2] + word[3:4] + word[2:3] + word[4:] for word in words.split())


@contextmanager
def postgresql() -> Iterator[WordTables | None]:
    """Open tables of words in a schema of their own, where a PostgreSQL answers."""
    if not postgres_answers():
        yield None
        return
    with a_schema() as address:
        engine = open_database(address)
        migrate(engine)
        tables = WordTables(engine)
        yield tables
        for opened in (tables.impatient, engine):
            opened.dispose()


def measure(
    directory: Directory, vectors: Matrix, reader: Reader, labels: dict[str, str], tables: WordTables | None
) -> dict[str, list[float]]:
    """Ask every question in every way, in every round at another minute; give the times of each way in ms."""
    began = time.perf_counter()
    common = reader.gazetteer.common_words
    look_up = LookUp(directory, vectors, labels, is_free_service, None, common)
    print(f"{len(directory.services)} services, indexed in {time.perf_counter() - began:.2f} s")
    there = LookUp(directory, vectors, labels, is_free_service, tables, common)
    print(f"written to PostgreSQL in {timed(there.keep) / 1000:.2f} s" if tables else "no PostgreSQL answers")
    narrow = narrowed(directory)
    first = timed(lambda: look_up.find("", None, Filters(open_now=True), MONDAY))
    print(f"the first question of a day that asks what is open: {first:.0f} ms")
    draw = random.Random(1)
    vocabulary = sorted({word for s in directory.services for word in re.findall(r"[a-z]{4,}", f"{s.name} {s.description}".lower())})
    ways = (*WAYS, *(IN_POSTGRESQL if tables else ()))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        moment = MONDAY + timedelta(minutes=turn)
        for i, question in enumerate(QUESTIONS):
            filters = narrow[(i + turn) % len(narrow)]
            alone = replace(filters, topic=filters.topic or NEEDS[i % len(NEEDS)])
            fresh, new = " ".join(draw.sample(vocabulary, 4)), " ".join(draw.sample(vocabulary, 4))
            asked: tuple[Callable[[], object], ...] = (
                partial(search_words, directory, question, MONDAY.date()),
                partial(look_up.find, question, None, Filters(), moment),
                partial(with_meaning, look_up, reader, question, Filters(), moment),
                partial(with_meaning, look_up, reader, fresh, Filters(), moment),
                partial(with_meaning, look_up, reader, question, filters, moment),
                partial(look_up.find, "", None, alone, moment),
                partial(look_up.find, new, None, Filters(), moment),
                partial(look_up.find, misspelt(new), None, Filters(), moment),
                partial(there.find, new, None, Filters(), moment),
                partial(there.find, misspelt(new), None, Filters(), moment),
            )
            for name, ask in zip(ways, asked, strict=False):
                times[name].append(timed(ask))
    assert tables is None or not tables.failing, "memory has answered for PostgreSQL"
    return times


def main() -> None:
    """Measure and print."""
    embedder, catalogues = shared_embedder(), Catalogues()
    embedder.remembers = 0  # every question pays for its vector
    labels = {topic: catalogues.say("en", f"topic.{topic}") for topic in NEEDS}
    with tempfile.TemporaryDirectory() as folder:
        directory = cambridgeshire(Path(folder))
    reader = open_reader(read_settings(), directory)
    with tempfile.TemporaryDirectory() as folder:
        vectors = MeaningIndex(directory, embedder, Path(folder) / "meaning.npz").vectors
    with postgresql() as tables:
        for some, theirs in ((directory, vectors), grown(directory, vectors)):
            times = measure(some, theirs, reader, labels, tables)
            baseline, _ = figures(times["search_words"])
            print(f"{'':32}{'median':>8}{'95th':>8}{'ratio to search_words':>24}{f'limit {AT_MOST:.0f}':>12}")
            for name, taken in times.items():
                median, p95 = figures(taken)
                verdict = "" if name == "search_words" else "met" if p95 < AT_MOST else "missed"
                print(f"{name:32}{median:8.1f}{p95:8.1f}{median / baseline:24.2f}{verdict:>12}")
            print()


if __name__ == "__main__":
    main()
