"""What was erased is gone from the files of the database, on both; who uses a table meanwhile is not held up for long."""

import random
import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import Engine, make_url

from bot.conversation.models import Conversation
from bot.conversation.store import Chat, ConversationStore
from bot.database import migrate, open_database, wipe_freed_pages
from bot.directory.hours import BRITISH_TIME
from bot.jobs import WIPING, Jobs
from bot.settings import ROOT
from bot.wiping import NIGHT, WIPE_AGAIN, WIPE_EVERY, WIPED, Wiper
from tests.builders import Clock, a_desk
from tests.leftovers import holding, keep_as_written
from tests.servers import POSTGRES_URL, a_database, postgres_answers
from tests.waiting import soon

WORDS = "canary-7e0f-what-a-visitor-wrote"
EVENTS = "CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id VARCHAR(255) NOT NULL, data TEXT)"


@pytest.fixture
def postgresql() -> Iterator[Engine]:
    """A database of our own, since what others in it still see is not wiped."""
    if not postgres_answers():
        pytest.skip(f"no PostgreSQL answers at {make_url(POSTGRES_URL)!r}: set TEST_POSTGRES_URL to test with one")
    with a_database() as url:
        engine = open_database(url)
        migrate(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that tests has a busy disk: what takes long is done all the same, unless a test is about that."""
    monkeypatch.setattr("bot.wiping.LONGEST", 60.0)
    monkeypatch.setattr("bot.wiping.LONGEST_BY_NIGHT", 60.0)


@pytest.fixture
def wiper(engine: Engine, tmp_path: Path, clock: Clock, unhurried: None) -> Wiper:
    keep_as_written(engine)
    return Wiper(engine, Jobs(engine, clock), tmp_path / "rasa.db", clock)


def write(engine: Engine, folder: Path, chats: int = 1) -> list[Chat]:
    """Have chats with words in a message, in a long answer, and in an older version of the message."""
    store, desk = ConversationStore(engine, 15), a_desk(engine, folder)
    written = [store.start() for _ in range(chats)]
    for number, chat in enumerate(written):
        desk.accept(chat, "m-1", f"{WORDS} first {number}")
        desk.accept(chat, "m-1", f"{WORDS} last {number}")
        store.record(chat, "m-1", {"replies": [{"kind": "text", "text": f"{WORDS} {'x' * 9000}"}]}, "en", None)
    return written


def count(engine: Engine) -> None:
    """Have PostgreSQL count at once what was done over the connection in use; it takes its time otherwise."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")


def erase(engine: Engine, chats: list[Chat]) -> None:
    ConversationStore(engine, 15).erase([chat.rasa_id for chat in chats])


def done_at(engine: Engine) -> object:
    job = Jobs(engine).look(WIPING)
    return job and not job.has_failed and job.done_at


def wipe(wiper: Wiper, engine: Engine, clock: Clock) -> None:
    """Wipe, and again when that is due where somebody still saw what was erased, as PostgreSQL's own housekeeping may."""
    wiper.wipe()
    for _ in range(20):
        if done_at(engine):
            return
        clock.now += WIPE_AGAIN
        wiper.wipe()
    raise AssertionError("never done")


def test_nothing_of_a_chat_is_left_in_any_file(
    engine: Engine, wiper: Wiper, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PostgreSQL's own housekeeping may have a table at this moment.
    monkeypatch.setattr("bot.wiping.WAIT_AT_MOST", 30.0)
    chats = write(engine, tmp_path, 20)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        assert holding(engine, WORDS) == ["message", "message (out of line)", "pg_statistic"]
    else:
        assert holding(engine, WORDS) != []
    erase(engine, chats[1:])
    wipe(wiper, engine, clock)

    def is_forgotten() -> bool:
        # Whoever still sees a sample, as PostgreSQL's own housekeeping may, is waited for: it is tried again each minute.
        wiper.wipe()
        return "pg_statistic" not in holding(engine, WORDS)

    assert soon(is_forgotten)
    assert [name for number in range(1, 20) for name in holding(engine, f"last {number}".encode() + b"\0")] == []
    assert holding(engine, f"{WORDS} first") == [], "an older version is nobody's"
    erase(engine, chats[:1])
    clock.now += WIPE_EVERY
    wipe(Wiper(engine, Jobs(engine, clock), tmp_path / "rasa.db", clock), engine, clock)
    assert holding(engine, WORDS) == []


def test_what_rasa_keeps_is_wiped_too(engine: Engine, wiper: Wiper, tmp_path: Path, clock: Clock) -> None:
    tracker = open_database(f"sqlite:///{tmp_path / 'rasa.db'}") if engine.dialect.name == "sqlite" else engine
    with tracker.begin() as connection:
        connection.exec_driver_sql(EVENTS)
        connection.execute(text("INSERT INTO events VALUES (1, 'a', :words)"), {"words": WORDS})
    try:
        assert holding(tracker, WORDS) != []
        with tracker.begin() as connection:
            connection.exec_driver_sql("DELETE FROM events")
        wipe(wiper, engine, clock)
        assert holding(tracker, WORDS) == []
    finally:
        with tracker.begin() as connection:
            connection.exec_driver_sql("DROP TABLE events")
        tracker.dispose()


def test_a_log_that_somebody_reads_is_emptied_another_time(tmp_path: Path, engine: Engine, wiper: Wiper, clock: Clock) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip("only SQLite has such a log")
    (chat,) = write(engine, tmp_path)
    with engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        assert reader.execute(select(Conversation.id)).all()
        erase(engine, [chat])
        wiper.wipe()
        assert holding(engine, WORDS) != []
        assert not done_at(engine)
    clock.pass_by(minutes=1)
    wiper.wipe()
    assert holding(engine, WORDS) == [], "the log is emptied every minute"
    assert not done_at(engine)
    clock.now += WIPE_AGAIN
    wiper.wipe()
    assert done_at(engine)


def test_what_stays_in_the_gaps_of_a_file_when_rows_move_is_gone_within_the_hour(
    engine: Engine, wiper: Wiper, tmp_path: Path, clock: Clock
) -> None:
    """SQLite's ``secure_delete`` leaves it: rows come out of order, so that pages are split, until a copy of one stays where it was."""
    if engine.dialect.name != "sqlite":
        pytest.skip("only SQLite has such gaps")
    wiper.wipe()
    left: list[int] = []
    with engine.connect() as connection:
        connection.exec_driver_sql(EVENTS)
        for seed in range(50):
            chance = random.Random(seed)
            for number in chance.sample(range(300), 300):
                words = f"{WORDS} {number:04} {'x' * chance.randint(10, 900)}"
                connection.execute(text("INSERT INTO events VALUES (:id, 'a', :words)"), {"id": number, "words": words})
            connection.exec_driver_sql("DELETE FROM events WHERE id % 3 > 0")
            connection.commit()
            wipe_freed_pages(engine)
            left = [number for number in range(300) if number % 3 and holding(engine, f"{WORDS} {number:04}")]
            if left:
                break
            connection.exec_driver_sql("DELETE FROM events")
    assert left, "SQLite leaves nothing, so this proves nothing"
    clock.now += WIPE_EVERY
    wiper.wipe()
    assert [number for number in left if holding(engine, f"{WORDS} {number:04}")] == []
    assert holding(engine, f"{WORDS} 0003"), "what was not erased is there"


def test_a_file_that_is_too_large_is_not_built_anew_while_people_write(
    engine: Engine, wiper: Wiper, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By night there is more time than by day."""
    monkeypatch.setattr("bot.wiping.LONGEST", 0.0)
    monkeypatch.setattr("bot.wiping.STEPS", 1)
    write(engine, tmp_path)
    wiper.wipe()
    assert bool(done_at(engine)) == (engine.dialect.name == "postgresql"), "where 0 is no limit"
    clock.now = clock.now.replace(hour=3) + timedelta(days=1)
    wiper.wipe()


# ---- PostgreSQL: when, and beside whom


@pytest.fixture
def anew(postgresql: Engine, tmp_path: Path, clock: Clock, unhurried: None) -> Wiper:
    keep_as_written(postgresql)
    return Wiper(postgresql, Jobs(postgresql, clock), tmp_path / "rasa.db", clock)


def file_of(engine: Engine, table: str = "message") -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_relation_filenode(CAST(:name AS regclass))"), {"name": table}).scalar_one())


def test_tables_are_written_anew_once_an_hour_at_most_and_only_where_something_changed(
    postgresql: Engine, anew: Wiper, tmp_path: Path, clock: Clock
) -> None:
    wipe(anew, postgresql, clock)
    first = file_of(postgresql)
    write(postgresql, tmp_path)
    count(postgresql)
    clock.now += WIPE_EVERY - timedelta(seconds=1)
    wipe(anew, postgresql, clock)
    assert file_of(postgresql) == first
    clock.pass_by(seconds=1)
    others = file_of(postgresql, "upload")
    wipe(anew, postgresql, clock)
    second = file_of(postgresql)
    assert second != first
    assert file_of(postgresql, "upload") == others
    clock.now += WIPE_EVERY
    wipe(anew, postgresql, clock)
    assert file_of(postgresql) == second
    assert done_at(postgresql) == clock.now, "nothing to do is done"
    write(postgresql, tmp_path)
    count(postgresql)
    clock.pass_by(minutes=1)
    wipe(anew, postgresql, clock)
    assert file_of(postgresql) != second, "what was erased after that waits for no other hour"


def test_whoever_still_sees_what_was_erased_is_waited_for(postgresql: Engine, anew: Wiper, tmp_path: Path, clock: Clock) -> None:
    chats = write(postgresql, tmp_path)
    with postgresql.connect() as connection:
        # It holds no lock on what is erased: a dump of another schema, say.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(text("SELECT count(*) FROM pg_class"))
        erase(postgresql, chats)
        anew.wipe()
        assert "message" in holding(postgresql, WORDS)
        assert not done_at(postgresql)
    clock.now += WIPE_AGAIN
    wipe(anew, postgresql, clock)
    assert holding(postgresql, WORDS) == []


def test_samples_that_somebody_still_sees_are_forgotten_once_nobody_does(postgresql: Engine, anew: Wiper, tmp_path: Path) -> None:
    write(postgresql, tmp_path, 20)
    with postgresql.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    with postgresql.connect() as connection:
        # As autovacuum may, while it takes samples of something else.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(text("SELECT count(*) FROM pg_class"))
        anew.wipe()
        assert "pg_statistic" in holding(postgresql, WORDS)

    def is_forgotten() -> bool:
        anew.wipe()
        return "pg_statistic" not in holding(postgresql, WORDS)

    assert soon(is_forgotten)


def test_of_what_is_tried_again_only_what_was_not_done_is_written(postgresql: Engine, anew: Wiper, tmp_path: Path, clock: Clock) -> None:
    write(postgresql, tmp_path)
    with postgresql.connect() as connection:
        connection.execute(text("SELECT count(*) FROM message"))
        anew.wipe()
        assert not done_at(postgresql)
        first, other = file_of(postgresql), file_of(postgresql, "upload")
        write(postgresql, tmp_path)
    with postgresql.begin() as connection:
        columns, values = "id, name, content, by, at, state, done, total, beat_at", "'u', '', '', '', now(), '', 0, 0, now()"
        connection.exec_driver_sql(f"INSERT INTO upload ({columns}) VALUES ({values})")
    clock.now += WIPE_AGAIN
    anew.wipe()
    assert file_of(postgresql) != first
    assert file_of(postgresql, "upload") == other


def test_who_uses_a_table_is_not_interrupted_and_who_comes_next_does_not_wait_for_it(
    postgresql: Engine, anew: Wiper, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for somebody to come meanwhile on a busy machine.
    monkeypatch.setattr("bot.wiping.WAIT_AT_MOST", 2.0)
    (chat,) = write(postgresql, tmp_path)
    store = ConversationStore(postgresql, 15)
    with postgresql.connect() as connection:
        connection.execute(text("SELECT count(*) FROM message"))
        wiping = threading.Thread(target=anew.wipe)
        wiping.start()
        waits = []
        while wiping.is_alive():
            began = time.monotonic()
            assert len(store.exchanges(chat)) == 1
            waits.append(time.monotonic() - began)
        assert not done_at(postgresql)
    assert 1.0 < max(waits) < 10.0, "somebody came while the table was waited for"
    clock.now += WIPE_AGAIN
    anew.wipe()


def test_the_time_limits_of_a_connection_are_as_they_were(postgresql: Engine, tmp_path: Path, clock: Clock) -> None:
    write(postgresql, tmp_path)
    engine = open_database(postgresql.url.render_as_string(hide_password=False), patience=7)
    Wiper(engine, Jobs(engine, clock), tmp_path / "rasa.db", clock).wipe()
    with engine.connect() as connection:
        assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("lock_timeout", "statement_timeout")] == ["0", "7s"]
    engine.dispose()


def test_of_no_column_that_can_hold_words_is_a_sample_taken(postgresql: Engine, anew: Wiper, tmp_path: Path) -> None:
    anew.wipe()
    write(postgresql, tmp_path, 60)
    with postgresql.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        asked = text(
            "SELECT DISTINCT tablename, attname FROM pg_stats JOIN information_schema.columns ON table_schema = schemaname "
            "AND table_name = tablename AND column_name = attname WHERE schemaname = current_schema() AND tablename = ANY(:tables) "
            "AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'character')"
        )
        assert connection.execute(asked, {"tables": sorted(WIPED)}).all() == []
    assert "pg_statistic" not in holding(postgresql, WORDS)


def test_a_clock_that_was_set_back_keeps_nothing_from_being_wiped(postgresql: Engine, anew: Wiper, clock: Clock) -> None:
    anew.wipe()
    first = file_of(postgresql)
    clock.pass_by(days=-2)
    ConversationStore(postgresql, 15).start()
    Wiper(postgresql, Jobs(postgresql, clock), Path("/nowhere"), clock).wipe()
    assert file_of(postgresql) != first


@pytest.mark.parametrize("clock_of_server", [timezone.utc, BRITISH_TIME])
def test_the_backup_that_is_recommended_is_made_outside_the_night_of_wiping(clock_of_server: tzinfo) -> None:
    """cron goes by the server's clock, whichever that is."""
    told = re.search(r"^(\d+) (\d+) \* \* \* root .* backup ", (ROOT / "docs" / "operating.md").read_text(), re.M)
    assert told is not None
    for month in range(1, 13):
        made = datetime(2026, month, 15, int(told[2]), int(told[1]), tzinfo=clock_of_server)
        assert made.astimezone(BRITISH_TIME).hour not in NIGHT
