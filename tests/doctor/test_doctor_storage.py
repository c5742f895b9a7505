"""The doctor on what is kept: reached, whole, of this version, and erased when it is due."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from bot.conversation.models import Conversation, PendingErasure
from bot.conversation.store import ConversationStore
from bot.database import migrate, open_database
from bot.doctor import storage
from bot.doctor.findings import Installation, Level
from bot.jobs import TIDYING, WIPING, Jobs
from bot.moments import utc_now
from bot.settings import read_settings
from tests.doctor.conftest import levels, opened, told, with_settings
from tests.servers import POSTGRES_URL, REDIS_NOWHERE, REDIS_URL, a_database, a_schema, postgres_answers, redis_answers, without_letters


def change(case: Installation, asked: str) -> None:
    engine = open_database(case.settings.database_url)
    with engine.begin() as connection:
        connection.execute(text(asked))
    engine.dispose()


def test_a_database_that_is_well_is_opened_for_what_is_looked_at_next(case: Installation) -> None:
    after, findings = storage.database(case)
    assert levels(findings) == [Level.OK]
    assert after.database is not None
    after.database.dispose()


def test_before_the_first_start_there_is_no_database_and_none_is_made(tmp_path: Path) -> None:
    case = Installation(read_settings({"VAR_DIR": str(tmp_path / "var")}), utc_now())
    after, findings = storage.database(case)
    assert (levels(findings), after.database) == ([Level.LOOK], None)
    assert "make run" in told(findings)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("damage", ["a page", "all of it"])
def test_a_damaged_file_is_said_to_be_damaged(case: Installation, damage: str) -> None:
    path = case.settings.var / "cambridgeshire.db"
    with path.open("r+b") as file:
        file.seek(0 if damage == "all of it" else 12 * 4096)
        file.write(b"\xff" * 4096 * 30)
    after, findings = storage.database(case)
    assert (levels(findings), after.database) == ([Level.BROKEN], None)
    assert "restore the last backup" in told(findings)


def test_a_database_of_another_version_is_named_with_what_to_do(case: Installation) -> None:
    change(case, "UPDATE alembic_version SET version_num = '0003'")
    after, findings = storage.database(case)
    assert (levels(findings), after.database) == ([Level.LOOK], None)
    assert "older version (schema 0003" in told(findings)
    change(case, "UPDATE alembic_version SET version_num = '9999'")
    assert levels(storage.database(case)[1]) == [Level.BROKEN]
    assert "newer version (schema 9999" in told(storage.database(case)[1])


def test_a_database_that_cannot_be_reached_is_named_without_its_password(case: Installation) -> None:
    after, findings = storage.database(with_settings(case, DATABASE_URL="postgresql://desk:hunter2@127.0.0.1:9/desk"))
    assert (levels(findings), after.database) == ([Level.BROKEN], None)
    assert "DATABASE_URL" in told(findings)
    assert "hunter2" not in told(findings)


def test_postgresql_is_looked_at_as_well() -> None:
    if not postgres_answers():
        pytest.skip(f"no PostgreSQL answers at {POSTGRES_URL}: set TEST_POSTGRES_URL to test with one")
    with a_schema() as url:
        _after, findings = storage.database(Installation(read_settings({"DATABASE_URL": url}), utc_now()))
        assert "schema none" in told(findings)
    with a_database(**without_letters("UTF8")) as url:
        migrate(open_database(url))
        case, findings = storage.database(Installation(read_settings({"DATABASE_URL": url}), utc_now()))
        assert (levels(findings), case.database is not None) == ([Level.LOOK], True)
        assert "locale is C" in told(findings)


def test_conversations_that_are_kept_too_long_are_counted(engine: Engine, case: Installation) -> None:
    case, store = replace(case, database=engine), ConversationStore(engine, 15)
    chat, late, waits = store.start(), store.start(), store.start()
    assert levels(storage.retention(case)) == [Level.OK]

    def age(rasa_id: str, days: float) -> None:
        with Session(engine, future=True) as session:
            seen = case.now - timedelta(days=days)
            session.execute(update(Conversation).where(Conversation.rasa_id == rasa_id).values(last_seen_at=seen))
            session.commit()

    # The product may have been stopped over a night.
    age(late.rasa_id, 7.5)
    assert levels(storage.retention(case)) == [Level.OK]
    age(chat.rasa_id, 8.5)
    assert levels(storage.retention(case)) == [Level.BROKEN]
    assert "1 conversations are older than 7 days" in told(storage.retention(case))
    store.erase([chat.rasa_id, waits.rasa_id])
    with Session(engine, future=True) as session:
        session.execute(update(PendingErasure).values(asked_at=case.now - timedelta(days=2)))
        session.commit()
    assert "Rasa still has to erase 2 conversations" in told(storage.retention(case))


def test_a_job_that_failed_is_told(engine: Engine, case: Installation) -> None:
    jobs = Jobs(engine, lambda: case.now)
    assert jobs.claim(TIDYING, timedelta(minutes=1))
    jobs.ended(TIDYING, failed=True)
    assert "erases what is due failed" in told(storage.retention(replace(case, database=engine)))


def test_a_job_that_was_not_done_for_long_is_told(engine: Engine, case: Installation) -> None:
    jobs = Jobs(engine, lambda: case.now)
    assert jobs.claim(TIDYING, timedelta(minutes=1))
    jobs.ended(TIDYING)
    case = replace(case, database=engine)
    assert levels(storage.retention(replace(case, now=case.now + timedelta(hours=20)))) == [Level.OK]
    assert levels(storage.retention(replace(case, now=case.now + timedelta(hours=30)))) == [Level.LOOK]


def test_what_was_erased_and_is_not_overwritten_is_told(engine: Engine, case: Installation) -> None:
    jobs = Jobs(engine, lambda: case.now)
    assert jobs.claim(WIPING, timedelta(0))
    jobs.ended(WIPING)
    case = replace(case, database=engine)
    assert levels(storage.retention(replace(case, now=case.now + timedelta(hours=47)))) == [Level.OK]
    assert levels(storage.retention(replace(case, now=case.now + timedelta(hours=49)))) == [Level.BROKEN]


def test_a_postgresql_that_writes_words_down_is_told(case: Installation, postgresql: Engine) -> None:
    assert storage.written_by_postgresql(opened(case)) == []
    careless = "-c log_min_error_statement=error -c log_statement=all"
    careful = "-c log_min_error_statement=panic -c log_statement=none -c log_min_duration_statement=-1"
    found = {}
    for options in (careless, careful):
        engine = open_database(postgresql.url.set(query={"options": options}).render_as_string(hide_password=False))
        found[options] = told(storage.written_by_postgresql(replace(case, database=engine)))
        engine.dispose()
    assert "statements that fail" in found[careless]
    assert "has statements" in found[careless]
    assert "statement" not in found[careful]


def test_a_clock_that_was_set_back_shows_in_what_is_kept(engine: Engine, case: Installation) -> None:
    case = replace(case, database=engine)
    assert levels(storage.clock(case)) == [Level.OK]
    ConversationStore(engine, 15).start()
    assert levels(storage.clock(case)) == [Level.OK]
    assert levels(storage.clock(replace(case, now=case.now - timedelta(hours=1)))) == [Level.BROKEN]


def test_a_clock_that_is_not_the_database_s_is_broken(engine: Engine, case: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "utc_now", lambda: case.now + timedelta(hours=1))
    wanted = Level.OK if engine.dialect.name == "sqlite" else Level.BROKEN
    assert levels(storage.clock(replace(case, database=engine))) == [wanted]


def test_what_rasa_keeps_is_looked_at_where_it_is_a_file(case: Installation) -> None:
    assert storage.tracker(case) == []
    engine = open_database(f"sqlite:///{case.settings.tracker_file}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE events (id INTEGER PRIMARY KEY)"))
    engine.dispose()
    assert levels(storage.tracker(case)) == [Level.OK]
    case.settings.tracker_file.write_bytes(b"no database" * 1000)
    assert levels(storage.tracker(case)) == [Level.BROKEN]


def test_without_a_database_nothing_is_said_of_what_is_in_it(case: Installation) -> None:
    assert storage.retention(case) == storage.clock(case) == []


def test_redis_is_asked_where_there_is_one(case: Installation) -> None:
    assert storage.shared_memory(case) == []
    assert levels(storage.shared_memory(with_settings(case, REDIS_URL=REDIS_NOWHERE))) == [Level.BROKEN]
    if not redis_answers():
        pytest.skip(f"no Redis answers at {REDIS_URL}: set TEST_REDIS_URL to test with one")
    assert levels(storage.shared_memory(with_settings(case, REDIS_URL=REDIS_URL))) == [Level.OK]


def test_a_look_leaves_the_database_as_it_was(case: Installation) -> None:
    before = (case.settings.var / "cambridgeshire.db").read_bytes()
    opened(case).database.dispose()
    after, _ = storage.database(case)
    assert after.database is not None
    storage.retention(after)
    after.database.dispose()
    content = (case.settings.var / "cambridgeshire.db").read_bytes()
    # Two bytes of the head say that there is a write-ahead log, as the product opens it.
    assert (content[:18], content[20:24], content[100:]) == (before[:18], before[20:24], before[100:])
