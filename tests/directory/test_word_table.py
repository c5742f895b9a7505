"""The words of records in PostgreSQL: the same answers as from memory, editions that never mix, and memory where it does not answer."""

import logging
import random
import string
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from bot.codes import NEEDS
from bot.database import migrate, open_database
from bot.directory import word_table
from bot.directory.lookup import record_words
from bot.directory.records import Directory
from bot.directory.word_table import EDITIONS_KEPT, KeptWords, WordEdition, WordRow, WordTables
from bot.directory.words import Asked, Holders, Row, WordsInMemory, slips_allowed, vocabulary_of
from bot.understanding.folding import fold
from tests.directory.test_words import FILLING, a_row
from tests.servers import POSTGRES_URL, a_database, without_letters

PATIENTLY = 60_000
"""Milliseconds, on a machine that does much else."""
FOOD = [a_row(name="Ely Foodbank", description="Food for all."), a_row(name="Library", description="Books."), *FILLING]

OpenTables = Callable[..., WordTables]


class NoWords(WordsInMemory):
    """Memory that must not be asked."""

    def holders(self, asked: Sequence[Asked]) -> list[Holders]:
        raise AssertionError("memory was asked")

    def alike(self, word: str, slips: int) -> tuple[str, ...]:
        raise AssertionError("memory was asked")


@pytest.fixture
def open_tables() -> Iterator[OpenTables]:
    opened: list[WordTables] = []

    def open_them(engine: Engine, answers_within_ms: int = PATIENTLY) -> WordTables:
        opened.append(WordTables(engine, answers_within_ms))
        return opened[-1]

    yield open_them
    for tables in opened:
        tables.impatient.dispose()


@pytest.fixture
def tables(postgresql: Engine, open_tables: OpenTables) -> WordTables:
    return open_tables(postgresql)


@pytest.fixture(scope="module")
def rows(directory: Directory) -> list[Row]:
    return record_words(directory, {topic: topic.replace("_", " ") for topic in NEEDS})


def kept(tables: WordTables, rows: Sequence[Row], memory: type[WordsInMemory] = NoWords) -> KeptWords:
    words = tables.open(rows, memory(rows))
    words.keep()
    return words


def who(found: Holders) -> list[tuple[int, float, bool]]:
    """Give what was found in the order of the rows, the scores as far as both ways of counting agree."""
    return sorted(
        (int(row), round(float(score), 6), bool(named)) for row, score, named in zip(found.rows, found.scores, found.named, strict=True)
    )


def count(engine: Engine, model: type) -> int:
    with Session(engine, future=True) as session:
        return int(session.execute(select(func.count()).select_from(model)).scalar_one())


def misspell(word: str, draw: random.Random) -> str:
    at, letter = draw.randrange(1, len(word)), draw.choice(string.ascii_lowercase)
    before, after = word[:at], word[at:]
    return draw.choice(
        (before + after[1:], before + letter + after, before + letter + after[1:], before[:-1] + after[:1] + before[-1:] + after[1:])
    )


def test_every_word_and_beginning_of_the_directory_is_held_by_the_same_rows_with_the_same_scores(
    tables: WordTables, rows: list[Row]
) -> None:
    there, here = kept(tables, rows), WordsInMemory(rows)
    words = sorted({word for row in rows for cell in row for word in cell.split()})
    asked: list[Asked] = [(word, False) for word in words]
    asked += dict.fromkeys((word[:length], True) for word in words for length in (2, 3, 5) if len(word) >= length)
    for start in range(0, len(asked), 100):
        some = asked[start : start + 100]
        for one, theirs, ours in zip(some, there.holders(some), here.holders(some), strict=True):
            assert who(theirs) == who(ours), one


def test_every_misspelling_is_taken_for_the_same_words(tables: WordTables, rows: list[Row]) -> None:
    there, here, draw = kept(tables, rows), WordsInMemory(rows), random.Random(0)
    found = 0
    for word in sorted(vocabulary_of(rows)):
        wrong = misspell(word, draw)
        wrong = misspell(wrong, draw) if len(wrong) > 8 else wrong
        slips = slips_allowed(wrong, ())
        if slips:
            assert there.alike(wrong, slips) == here.alike(wrong, slips), (word, wrong)
            found += bool(here.alike(wrong, slips))
    assert found > 500


@pytest.mark.parametrize(
    "word",
    ["їжа", "الطعام", "اجد", "ትግርኛ", "我想學英文", "как", "żółć", "ё", "ελληνικά", "हिन्दी", "us", "as", "is", "a", "4ee", "007"],
)
def test_words_of_every_script_and_every_shape_are_held_by_the_same_rows(tables: WordTables, word: str) -> None:
    held = [a_row(name=word), a_row(description=f"before {word} after"), a_row(places=f"{word}x as is"), a_row(topics="a us"), *FILLING]
    there, here = kept(tables, held), WordsInMemory(held)
    for folded in a_row(name=word)[0].split():
        for asked in ((folded, False), (folded, True)):
            (theirs,), (ours,) = there.holders([asked]), here.holders([asked])
            assert who(theirs) == who(ours)
            assert {0, 1} <= set(theirs.rows)


def test_a_misspelt_word_of_another_script_is_known(tables: WordTables) -> None:
    assert kept(tables, [a_row(name="продукти харчування"), *FILLING]).alike("продугти", 1) == ("продукти",)


@pytest.mark.parametrize("written", ["продугти", "ПРОДУГТИ"])
def test_where_postgresql_knows_english_letters_alone_everything_is_found_and_it_is_said_once(
    open_tables: OpenTables, postgresql: Engine, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    with a_database(**without_letters("UTF8")) as url:
        engine = open_database(url)
        migrate(engine)
        words = kept(open_tables(engine), [a_row(name="продукти харчування"), *FILLING], WordsInMemory)
        words.keep()
        assert words.alike(fold(written), 1) == ("продукти",)
        assert list(words.holders([("продукти", False)])[0].rows) == [0]
        assert ["locale is C" in record.getMessage() for record in caplog.records] == [True]
        engine.dispose()


def test_words_that_nothing_holds_and_rows_of_no_words_find_nothing(tables: WordTables) -> None:
    words = kept(tables, FOOD)
    assert [len(found.rows) for found in words.holders([("zzz", False), ("zz", True), ("food", False)])] == [0, 0, 1]
    assert words.alike("zzzzzzzz", 2) == ()
    assert [len(found.rows) for found in kept(tables, []).holders([("food", False)])] == [0]


def test_a_look_up_finds_in_its_own_edition_alone(tables: WordTables) -> None:
    before = kept(tables, FOOD)
    after = kept(tables, [a_row(name="Clothes"), *FOOD[1:]])
    assert [len(found.rows) for found in before.holders([("food", False), ("clothes", False)])] == [1, 0]
    assert [len(found.rows) for found in after.holders([("food", False), ("clothes", False)])] == [0, 1]
    assert before.alike("foodbnak", 2) == ("foodbank",)
    assert after.alike("foodbnak", 2) == ()


def test_the_same_words_are_one_edition_in_whatever_order_they_were_read(
    tables: WordTables, open_tables: OpenTables, postgresql: Engine
) -> None:
    one, other = kept(tables, FOOD), kept(open_tables(postgresql), FOOD[::-1])
    assert count(postgresql, WordEdition) == 1
    assert count(postgresql, WordRow) == len(FOOD)
    assert list(one.holders([("food", False)])[0].rows) == [0]
    assert list(other.holders([("food", False)])[0].rows) == [len(FOOD) - 1]


def test_the_words_of_cells_do_not_run_together_in_the_name_of_an_edition(tables: WordTables, postgresql: Engine) -> None:
    for rows in ([a_row(name="oak tree")], [a_row(name="oak", organization="tree")], [a_row(name="oak"), a_row(name="tree")]):
        kept(tables, rows)
    assert count(postgresql, WordEdition) == 3


def test_several_processes_that_read_a_version_at_once_write_it_once(postgresql: Engine, open_tables: OpenTables) -> None:
    processes = [open_tables(postgresql).open(FOOD * 50, NoWords(FOOD)) for _ in range(4)]
    start = threading.Barrier(len(processes))

    def keep(words: KeptWords) -> None:
        start.wait()
        words.keep()

    threads = [threading.Thread(target=keep, args=(words,)) for words in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(postgresql, WordEdition) == 1
    assert {len(words.holders([("food", False)])[0].rows) for words in processes} == {50}


def test_only_the_newest_editions_are_kept_and_memory_answers_for_one_that_is_gone_until_it_is_written_again(
    tables: WordTables, postgresql: Engine
) -> None:
    first = kept(tables, FOOD, WordsInMemory)
    for number in range(EDITIONS_KEPT):
        kept(tables, [*FOOD, a_row(name=f"number {number}")])
    assert count(postgresql, WordEdition) == EDITIONS_KEPT
    assert list(first.holders([("food", False)])[0].rows) == [0]
    assert not tables.failing
    first.keep()
    first._snapshot = NoWords(FOOD)
    assert list(first.holders([("food", False)])[0].rows) == [0]
    assert count(postgresql, WordEdition) == EDITIONS_KEPT


def test_an_edition_taken_away_between_two_questions_is_noticed_by_both_kinds(tables: WordTables, postgresql: Engine) -> None:
    words = kept(tables, FOOD, WordsInMemory)
    with postgresql.begin() as connection:
        connection.execute(delete(WordEdition))
    assert words.alike("foodbnak", 2) == ("foodbank",)
    words.keep()
    with postgresql.begin() as connection:
        connection.execute(delete(WordEdition))
    assert list(words.holders([("food", False)])[0].rows) == [0]


def test_until_the_edition_is_written_memory_answers(tables: WordTables) -> None:
    words = tables.open(FOOD, WordsInMemory(FOOD))
    assert list(words.holders([("food", False)])[0].rows) == [0]
    assert words.alike("foodbnak", 2) == ("foodbank",)


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Hold the tables so that whoever reads them waits."""
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE word_edition, word_row, word_spelling IN ACCESS EXCLUSIVE MODE"))
        yield


def test_where_postgresql_is_slow_memory_answers_it_is_said_once_and_again_when_it_is_back(
    postgresql: Engine, open_tables: OpenTables, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    kept(open_tables(postgresql), FOOD)
    tables = open_tables(postgresql, answers_within_ms=200)
    words = kept(tables, FOOD, WordsInMemory)
    monkeypatch.setattr(word_table, "RESTS_S", 0.0)
    with locked(postgresql):
        began = time.monotonic()
        for asked in ("food", "books", "chess"):
            assert len(words.holders([(asked, False)])[0].rows) > 0
        assert 3 * 0.2 <= time.monotonic() - began < 10
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "in memory" in said[0]
    assert not any(word in said[0] for word in ("food", "books", "chess"))
    tables.answers_within_ms = PATIENTLY
    words._snapshot = NoWords(FOOD)
    assert len(words.holders([("draughts", False)])[0].rows) == len(FILLING)
    assert [record.getMessage() for record in caplog.records][1:] == ["PostgreSQL answers look-ups again."]


def test_after_a_failure_postgresql_is_left_alone_for_a_while(postgresql: Engine, open_tables: OpenTables) -> None:
    tables = open_tables(postgresql, answers_within_ms=2000)
    words = kept(tables, FOOD, WordsInMemory)
    with locked(postgresql):
        words.holders([("food", False)])
        began = time.monotonic()
        for _ in range(50):
            assert list(words.holders([("food", False)])[0].rows) == [0]
        assert time.monotonic() - began < 2.0, "nobody waits again"


def test_where_no_postgresql_listens_memory_answers(open_tables: OpenTables, caplog: pytest.LogCaptureFixture) -> None:
    away = open_database("postgresql://postgres@127.0.0.1:9/nowhere")
    words = kept(open_tables(away), FOOD, WordsInMemory)
    assert list(words.holders([("food", False)])[0].rows) == [0]
    assert words.alike("foodbnak", 2) == ("foodbank",)
    assert len(caplog.records) == 1


def test_a_connection_that_was_cut_is_made_again(tables: WordTables, postgresql: Engine) -> None:
    words = kept(tables, FOOD)
    words.holders([("food", False)])
    with tables.impatient.connect() as connection:
        theirs = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    with postgresql.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": theirs})
    assert list(words.holders([("food", False)])[0].rows) == [0]


@pytest.fixture
def without_rights(postgresql: Engine) -> Iterator[str]:
    """The URL of an empty database in which its user may make tables but no extension."""
    name = f"desk_{time.time_ns()}"
    owner = open_database(POSTGRES_URL).execution_options(isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        for statement in (f"CREATE ROLE {name} LOGIN PASSWORD 'plain'", f"CREATE DATABASE {name}"):
            connection.execute(text(statement))
    inside = open_database(make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False))
    with inside.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA desk AUTHORIZATION {name}"))
    inside.dispose()
    url = make_url(POSTGRES_URL).set(username=name, password="plain", database=name).update_query_dict({"options": "-csearch_path=desk"})
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with owner.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE {name}"))
        owner.dispose()


def test_without_the_right_to_bring_pg_trgm_everything_is_found_and_it_is_said_once_what_to_do(
    without_rights: str, open_tables: OpenTables, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_database(without_rights)
    migrate(engine)
    tables = open_tables(engine)
    words = kept(tables, FOOD, WordsInMemory)
    words.keep()
    assert [record.getMessage() for record in caplog.records if "CREATE EXTENSION pg_trgm" in record.getMessage()] == [caplog.messages[-1]]
    assert words.alike("foodbnak", 2) == ("foodbank",)
    words._snapshot = NoWords(FOOD)
    assert list(words.holders([("food", False)])[0].rows) == [0], "whole words are PostgreSQL's all the same"
    # Whoever runs the database does what was said.
    superuser = open_database(make_url(POSTGRES_URL).set(database=make_url(without_rights).database).render_as_string(hide_password=False))
    with superuser.begin() as connection:
        connection.execute(text("CREATE EXTENSION pg_trgm"))
    words.keep()
    assert words.alike("foodbnak", 2) == ("foodbank",)
    superuser.dispose()
    engine.dispose()


def test_scores_of_a_word_of_most_rows_are_as_small_as_in_memory(tables: WordTables) -> None:
    (found,) = kept(tables, FOOD).holders([("chess", False)])
    assert 0 < float(np.max(found.scores)) < 1e-5
