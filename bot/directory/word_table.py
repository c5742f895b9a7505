"""The words of the directory's records in PostgreSQL: full-text search for who holds a word, trigrams for how else it may be spelt.

Each version of the words is an edition, named by a hash of them, written in one transaction by the first process that reads it and then
never changed: a look-up asks for its own edition alone, so it never mixes two versions, whoever changes the directory meanwhile. Where
PostgreSQL does not answer at once, or holds the edition not yet or no more, the words in memory answer.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    create_engine,
    delete,
    func,
    literal,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSVECTOR, insert
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.database import Base, knows_all_letters
from bot.directory.words import COLUMNS, Asked, Holders, Row, Words, WordsInMemory, closest, vocabulary_of

log = logging.getLogger(__name__)
ANSWERS_WITHIN_MS, CONNECTS_WITHIN_S = 500, 2
"""How long PostgreSQL may take over a question, and how long to be reached."""
RESTS_S = 30.0
"""Seconds for which it is not asked again where it took longer."""
EDITIONS_KEPT = 3
"""The newest editions: that of now, and those that other processes may not have left yet."""
FORM = "1"
"""Part of an edition's name: another one where the same words are to be written in another way."""
STEMS, BEGINNINGS = "desk_stems", "pg_catalog.simple"
"""The text search configurations: migration 0007 makes the first, of Porter's stems and without stop words, as FTS5 has them."""
LETTERS = {8: "A", 4: "B", 1: "D"}
"""The letter that PostgreSQL has for each weight of COLUMNS."""
K1, B = 1.2, 0.75
"""The constants of FTS5's BM25 (https://www.sqlite.org/fts5.html#the_bm25_function)."""
LEAST_IDF = 1e-6
"""What FTS5 gives a word of more than half of the rows."""
MOST = max(LETTERS)
_SHARES = {letter: weight / MOST for weight, letter in LETTERS.items()}
_WEIGHTS = literal_column(f"'{{{','.join(str(_SHARES.get(letter, 0)) for letter in 'DCBA')}}}'::float4[]")


def _vector(rule: str) -> str:
    return " || ".join(f"setweight(to_tsvector('{rule}', of_{letter}), '{letter}')" for letter in _SHARES)


_ADD_ROWS = text(
    f"INSERT INTO word_row (edition_id, row, stems, beginnings) SELECT :edition, number, {_vector(STEMS)}, {_vector(BEGINNINGS)} "  # noqa: S608
    f"FROM unnest(CAST(:numbers AS integer[]), {', '.join(f'CAST(:of_{letter} AS text[])' for letter in _SHARES)}) "
    f"AS new(number, {', '.join(f'of_{letter}' for letter in _SHARES)})"
)

T = TypeVar("T")


class WordEdition(Base):  # type: ignore[misc,valid-type]
    """A version of the words. Filled on PostgreSQL alone, like the two tables that hang from it."""

    __tablename__ = "word_edition"
    id = Column(Integer, primary_key=True)
    digest = Column(String(64), nullable=False, unique=True)


def _of_edition() -> Column:
    return Column(Integer, ForeignKey("word_edition.id", ondelete="CASCADE"), primary_key=True)


class WordRow(Base):  # type: ignore[misc,valid-type]
    """The words of one record: ``row`` is its place among the edition's rows in the order of their words."""

    __tablename__ = "word_row"
    edition_id = _of_edition()
    row = Column(Integer, primary_key=True, autoincrement=False)
    stems = Column(TSVECTOR().with_variant(Text(), "sqlite"), nullable=False)
    beginnings = Column(TSVECTOR().with_variant(Text(), "sqlite"), nullable=False)
    __table_args__ = tuple(Index(f"ix_word_row_{name}", name, postgresql_using="gin") for name in ("stems", "beginnings"))


class WordSpelling(Base):  # type: ignore[misc,valid-type]
    """Each word of an edition that a misspelt one may have been meant to be (https://www.postgresql.org/docs/15/pgtrgm.html)."""

    __tablename__ = "word_spelling"
    edition_id = _of_edition()
    word = Column(String(40), primary_key=True)


class WordTables:
    """PostgreSQL as a process asks it for words: a few connections of their own, which wait for nothing long."""

    def __init__(self, engine: Engine, answers_within_ms: int = ANSWERS_WITHIN_MS) -> None:
        self.engine = engine
        self.answers_within_ms = answers_within_ms
        url = engine.url.update_query_dict(
            {"connect_timeout": str(CONNECTS_WITHIN_S), "tcp_user_timeout": str(1000 * CONNECTS_WITHIN_S)},
        )
        self.impatient = create_engine(
            url, future=True, hide_parameters=True, pool_pre_ping=True, pool_size=2, max_overflow=2, pool_timeout=answers_within_ms / 1000
        )
        self._lock = threading.Lock()
        self.failing = self._told_of_trigrams = False
        self._asked_again_at = 0.0

    def open(self, rows: Sequence[Row], snapshot: WordsInMemory) -> "KeptWords":
        """Give the words of ``rows``, with the same in memory behind them; ``keep`` has them written."""
        return KeptWords(self, rows, snapshot)

    def may_be_asked(self) -> bool:
        return time.monotonic() >= self._asked_again_at

    def failed(self, error: Exception) -> None:
        """Let it rest; say so once until it answers again."""
        with self._lock:
            first, self.failing = not self.failing, True
            self._asked_again_at = time.monotonic() + RESTS_S
        if first:
            log.warning("PostgreSQL did not answer a look-up (%s): words are looked up in memory until it does.", type(error).__name__)

    def answered(self) -> None:
        with self._lock:
            back, self.failing = self.failing, False
        if back:
            log.warning("PostgreSQL answers look-ups again.")

    def trigrams(self, connection: Connection) -> str:
        """Give the schema in which pg_trgm is, quoted; empty where it is in none or of no use, which is said once with what to do.

        In the locale C it leaves out all letters but English ones (``t_isalpha`` of PostgreSQL 15): no word of Ukrainian has trigrams.
        """
        schema = ""
        if knows_all_letters(connection):
            where = "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'"
            schema = connection.execute(text(where)).scalar() or ""
            fault = "has no pg_trgm in this database"
            remedy = "To change that, let somebody who may run CREATE EXTENSION pg_trgm there once."
        else:
            fault = "knows English letters alone in this database (its locale is C)"
            remedy = "To change that, make a backup, and restore it into a database made with --locale C.UTF-8."
        with self._lock:
            tell, self._told_of_trigrams = not schema and not self._told_of_trigrams, True
        if tell:
            log.warning("PostgreSQL %s: misspelt words are compared in memory. %s", fault, remedy)
        return str(schema)


class KeptWords:
    """``Words`` of one edition, with the same in memory behind them."""

    def __init__(self, tables: WordTables, rows: Sequence[Row], snapshot: WordsInMemory) -> None:
        self._tables = tables
        self._rows = rows
        self._snapshot = snapshot
        # Two processes may read records of one name in another order: the words say which row is which.
        self._order = np.array(sorted(range(len(rows)), key=rows.__getitem__), dtype=np.int64)
        lengths = np.array([sum(len(cell.split()) for cell in row) for row in rows], dtype=np.float64)
        self._damping = K1 * (1 - B + B * lengths / (lengths.mean() or 1.0)) if len(rows) else lengths
        self._digest = digest_of(rows, self._order)
        self._edition: int | None = None
        self._trigrams = ""

    def keep(self) -> None:
        """Write the edition where the database does not hold it; where it cannot be reached, the next call tries again."""
        try:
            with self._tables.engine.begin() as connection:
                kept = select(WordEdition.id).where(WordEdition.digest == self._digest)
                edition = connection.execute(kept).scalar()
                if edition is None:
                    self._write(connection)
                    edition = connection.execute(kept).scalar_one()
                self._trigrams = self._tables.trigrams(connection)
            self._edition = edition
        except SQLAlchemyError as error:
            self._tables.failed(error)

    def holders(self, asked: Sequence[Asked]) -> list[Holders]:
        return self._ask(lambda connection, edition: self._holders(connection, edition, asked), lambda words: words.holders(asked))

    def alike(self, word: str, slips: int) -> tuple[str, ...]:
        if not self._trigrams:
            return self._snapshot.alike(word, slips)
        return self._ask(lambda connection, edition: self._alike(connection, edition, word, slips), lambda words: words.alike(word, slips))

    def _ask(self, there: Callable[[Connection, int], T | None], here: Callable[[Words], T]) -> T:
        """Ask PostgreSQL, and memory where it gives no answer in time or holds the edition no more."""
        edition = self._edition
        if edition is not None and self._tables.may_be_asked():
            try:
                with self._tables.impatient.begin() as connection:
                    connection.execute(text(f"SET LOCAL statement_timeout = {self._tables.answers_within_ms}"))
                    found = there(connection, edition)
                self._tables.answered()
                if found is not None:
                    return found
                self._edition = None
            except SQLAlchemyError as error:
                self._tables.failed(error)
        return here(self._snapshot)

    def _holders(self, connection: Connection, edition: int, asked: Sequence[Asked]) -> list[Holders] | None:
        """Give what PostgreSQL holds; None where it holds the edition no more."""
        still = select(literal(-1), func.array_agg(WordEdition.id), literal_column("NULL::float4[]"), literal_column("NULL::boolean[]"))
        parts = [still.where(WordEdition.id == edition), *(_who_holds(i, one, edition) for i, one in enumerate(asked))]
        found = {i: lists for i, *lists in connection.execute(union_all(*parts))}
        if found[-1][0] is None:
            return None
        return [self._weighed(*found[i]) for i in range(len(asked))]

    def _weighed(self, rows: list[int] | None, ranks: list[float], named: list[bool]) -> Holders:
        """Give the rows with the BM25 that FTS5 would give them."""
        if rows is None:
            rows, ranks, named = [], [], []
        numbers = self._order[np.array(rows, dtype=np.int64)]
        # Of a single word, PostgreSQL's cover density is the sum of the weights of where it stands.
        often = MOST * np.array(ranks, dtype=np.float64)
        idf = np.log((len(self._rows) - len(rows) + 0.5) / (len(rows) + 0.5))
        idf = idf if idf > 0 else LEAST_IDF
        return Holders(numbers, idf * (often * (K1 + 1) / (often + self._damping[numbers])), np.array(named, dtype=bool))

    def _alike(self, connection: Connection, edition: int, word: str, slips: int) -> tuple[str, ...] | None:
        """Give what ``closest`` chooses of the words that share trigrams with ``word``; None where PostgreSQL holds the edition no more."""
        # No index of trigrams: an edition has some thousand spellings at most.
        similar = (
            "SELECT array_agg(word) FROM word_edition LEFT JOIN word_spelling "  # noqa: S608
            f"ON edition_id = id AND {self._trigrams}.similarity(word, :word) >= :least WHERE id = :edition GROUP BY id"
        )
        asked = {"word": word, "least": least_similar(word, slips), "edition": edition}
        found = connection.execute(text(similar), asked).scalar()
        return None if found is None else closest(word, [other for other in found if other is not None], slips)

    def _write(self, connection: Connection) -> None:
        """Write the edition. Another process that writes the same one is waited for, and then it is there."""
        new = insert(WordEdition).values(digest=self._digest).on_conflict_do_nothing().returning(WordEdition.id)
        edition = connection.execute(new).scalar()
        if edition is None:
            return
        cells = [_by_letter(self._rows[i]) for i in self._order]
        words = {f"of_{letter}": [one[letter] for one in cells] for letter in LETTERS.values()}
        connection.execute(_ADD_ROWS, {"edition": edition, "numbers": list(range(len(cells))), **words})
        spellings = [{"edition_id": edition, "word": word} for word in sorted(vocabulary_of(self._rows))]
        if spellings:
            connection.execute(insert(WordSpelling), spellings)
        # The indexes keep what is new in a list that every search goes through, until somebody puts it in its place.
        for index in WordRow.__table__.indexes:
            connection.execute(select(func.gin_clean_pending_list(index.name)))
        connection.execute(text("ANALYZE word_row"))
        newest = select(WordEdition.id).order_by(WordEdition.id.desc()).limit(EDITIONS_KEPT)
        connection.execute(delete(WordEdition).where(WordEdition.id.not_in(newest)).execution_options(synchronize_session=False))


def digest_of(rows: Sequence[Row], order: Iterable[int]) -> str:
    """Give the name of an edition: a hash of its words in ``order``."""
    digest = hashlib.sha256(FORM.encode())
    for i in order:
        digest.update("\n".join(("", *rows[i])).encode())
    return digest.hexdigest()


def least_similar(word: str, slips: int) -> float:
    """Give the least similarity (shared trigrams of all) that pg_trgm can find between ``word`` and one that is ``slips`` from it.

    A word of n letters has n + 1 trigrams, a slip changes up to four of them, and the first is shared by all that begin alike.
    """
    own = len(word) + 1
    shared = max(1, own - 4 * slips)
    return shared / (own + own + slips - shared) - 0.001


def _by_letter(row: Row) -> dict[str, str]:
    """Give the words of a row by the letter of their weight."""
    found: dict[str, list[str]] = {letter: [] for letter in LETTERS.values()}
    for weight, cell in zip(COLUMNS.values(), row, strict=True):
        found[LETTERS[weight]].append(cell)
    return {letter: " ".join(cells) for letter, cells in found.items()}


def _who_holds(number: int, asked: Asked, edition: int) -> Any:
    """Select who holds a word: ``number`` and, in lists, the rows, how often each holds it by weight, and whether the name does."""
    word, beginning = asked
    # FTS5 stems no word of two letters or fewer, PostgreSQL makes an "a" of "as".
    whole = beginning or len(word) == 1 or (len(word) == 2 and word.endswith("s"))
    column, rule = (WordRow.beginnings, BEGINNINGS) if whole else (WordRow.stems, STEMS)
    # In quotes a word is never taken for syntax; it holds no quote, being letters and digits.
    query, in_name = (func.to_tsquery(rule, f"'{word}'" + marks) for marks in ((":*", ":*A") if beginning else ("", ":A")))
    return select(
        literal(number),
        func.array_agg(WordRow.row),
        func.array_agg(func.ts_rank_cd(_WEIGHTS, column, query)),
        func.array_agg(column.op("@@")(in_name)),
    ).where(WordRow.edition_id == edition, column.op("@@")(query))
