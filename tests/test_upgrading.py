"""Databases of every schema that was ever in use, with rows in every table of then, come up to the newest with nothing lost or altered.

The rows are what the versions of then kept: the directory is the real one, in the columns that there were; conversations are as they were
written by the front door of then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, select, text
from sqlalchemy.engine import Engine

from bot.answers.composer import Composer
from bot.answers.replies import completed
from bot.answers.urgent import OfficeHours
from bot.conversation.feedback import FeedbackBook
from bot.conversation.insights import Insights
from bot.conversation.store import ConversationStore, _hash, ticket_of
from bot.database import migrate, newest_schema, open_database, schema_of
from bot.directory.changes import Changes
from bot.directory.pack import DIRECTORY_TABLES, load_pack
from bot.directory.records import Directory, read_directory
from bot.errors import ConversationLeft, SetUpError
from bot.handover.accounts import Accounts
from tests.builders import CHEAP, PASSWORD, Talk, a_desk, replies, shown, the_catalogues
from tests.servers import POSTGRES_URL, a_database, a_schema, postgres_answers, without_letters

NOW = datetime.now(timezone.utc).replace(microsecond=123456)
LATELY = NOW - timedelta(minutes=4)
A_LONG_IDLE = 24 * 60
"""Minutes: these tests may run long after ``NOW``, which is when they were collected."""
TOKEN, LEFT_TOKEN, SECOND_TOKEN = "Vq3_the-token-of-an-old-page", "a-token-that-was-left", "a-second-device"
HIGHEST_EVER = 41
"""The number of a conversation that was erased before the upgrade: it must never be given out again."""
ANSWER = {
    "language": "uk",
    "understood": {"topic": "housing", "also": [], "urgent": None, "place": "Ely", "circumstances": [], "confidence": 0.91},
    "replies": [
        {"kind": "guidance", "lang": "uk", "text": "Рада має допомогти.", "source": "GOV.UK", "checked_on": None},
        {
            "kind": "services",
            "lang": "uk",
            "text": "Ось хто може допомогти.",
            "services": [{"id": "x", "name": "Ely Housing", "serves": ["Ely"], "hours": "", "phone": "01353 000000", "checked_on": None}],
            "left_out": [],
        },
        {"kind": "choices", "lang": "uk", "text": "Далі?", "choices": [{"label": "Показати більше", "value": "more"}]},
    ],
    "handover": {"state": "none", "reference": None},
}
"""An answer as the first version kept it, without the English beside it."""
WORDS = "Мені треба житло в Елі \\N \\. \t 🏠"

Rows = dict[str, list[dict[str, Any]]]


def rows_of_0001() -> Rows:
    chat = {"language": "uk", "pinned": None, "started_at": LATELY, "last_seen_at": LATELY}
    return {
        "conversation": [
            {"id": 3, "token_hash": _hash(TOKEN), "rasa_id": "0b0e3f1c-one", **chat},
            {"id": 7, "token_hash": _hash(LEFT_TOKEN), "rasa_id": "5f6f2a77-two", **chat, "language": None, "pinned": "prs"},
        ],
        "message": [
            {"id": 11, "conversation_id": 3, "message_id": "m-1", "text": WORDS, "answer": ANSWER, "received_at": LATELY},
            {"id": 12, "conversation_id": 3, "message_id": "m-2", "text": "x" * 1000, "answer": None, "received_at": LATELY},
            {"id": 13, "conversation_id": 7, "message_id": "m-1", "text": "سلام", "answer": None, "received_at": LATELY},
        ],
        "feedback": [
            {"id": 2, "conversation_id": 3, "helped": 1, "about": None, "comment": "дякую", "given_at": LATELY},
            {"id": 3, "conversation_id": 7, "helped": 0, "about": "x", "comment": "", "given_at": LATELY},
        ],
        "pending_erasure": [{"rasa_id": "gone-but-not-in-rasa", "asked_at": LATELY}],
    }


def rows_of_0002() -> Rows:
    rows = rows_of_0001()
    first, second = rows["conversation"]
    first.update(ticket_hash=_hash(ticket_of(TOKEN)), left_at=None, unused_token=False)
    second.update(ticket_hash=None, left_at=LATELY, unused_token=True)
    rows["spent_message"] = [{"message_hash": _hash("m-0"), "erased_at": LATELY}]
    return rows


def rows_of_0003() -> Rows:
    old = rows_of_0002()
    moved = ("token_hash", "ticket_hash", "left_at", "unused_token")
    access = [
        {"id": at, "conversation_id": row["id"], "last_seen_at": LATELY, "by_code": False, "rasa_id": None, "after_desk": 0}
        | {name: row.pop(name) for name in moved}
        for at, row in enumerate(old["conversation"], 1)
    ]
    access.append({**access[0], "id": 9, "token_hash": _hash(SECOND_TOKEN), "ticket_hash": None, "by_code": True, "rasa_id": "c-de"})
    for row in old["conversation"]:
        row.update(writes_to_desk=row["id"] == 7, blocked=False)
    for row in old["message"]:
        row.update(access_id=1 if row["conversation_id"] == 3 else 2, urgent=None, for_desk=row["id"] == 12, translation=None)
    member = {"id": 1, "username": "anna", "name": "Anna", "role": "staff", "password_hash": CHEAP.hash(PASSWORD), "created_at": LATELY}
    handover = {"id": 5, "conversation_id": 3, "state": "message_left", "reference": "4829150375", "reason": "asked", "urgent": None}
    handover |= {
        "urgent_at": None,
        "topic": "housing",
        "staff_id": None,
        "asked_at": LATELY,
        "claimed_at": None,
        "outcome": None,
        "seen": 1,
    }
    said = {"message_id": "d-1", "kind": "text", "body": {"text": "Good morning"}, "translation": None, "staff_id": 1, "sent_at": LATELY}
    return {
        **old,
        "access": access,
        "staff": [{**member, "disabled_at": None}, {**member, "id": 2, "username": "omar", "role": "officer", "disabled_at": LATELY}],
        "staff_session": [
            {
                "id": 1,
                "staff_id": 1,
                "token_hash": "f" * 64,
                "signed_in_at": LATELY,
                "last_seen_at": LATELY,
                "beat_at": LATELY,
                "at_desk": True,
            }
        ],
        "sign_in": [{"id": 1, "at": LATELY, "username": "anna", "outcome": "signed_in"}],
        "handover": [{**handover, "practice": False, "scenario": ""}],
        "handover_transition": [
            {"id": 1, "handover_id": 5, "at": LATELY, "from_state": "none", "to_state": "message_left", "actor": "visitor"}
            | {"staff_id": None, "reason": "message"}
        ],
        "handover_note": [{"id": 1, "handover_id": 5, "staff_id": 1, "text": "calls back at noon", "written_at": LATELY}],
        "desk_message": [{"id": 1, "conversation_id": 3, "number": 1, **said}],
        "callback": [{"handover_id": 5, "contact": b"\x00gAAAA\xff'\\", "left_at": LATELY}],
        "escalation": [{"id": 1, "at": LATELY, "staff_id": 1, "concern": "child", "contact": "Jo Lee", "done": "told at once"}],
        "wrong_record": [{"id": 1, "kind": "service", "about": "x", "note": "closed", "staff_id": 1, "at": LATELY, "settled_at": None}],
    }


def rows_of_0004() -> Rows:
    rows = rows_of_0003()
    for row in rows["feedback"]:
        row.update(language="uk", read_at=None, read_by="")
    rows["feedback"].append({**rows["feedback"][0], "id": 4, "conversation_id": None, "read_at": LATELY, "read_by": "Omar"})
    decided = {"decided_by": "", "decided_at": None, "reason": ""}
    change = {"kind": "service", "key": "ely_foodbank", "action": "change", "at": LATELY, "by": "Omar", "why": "they moved"}
    text_of = {
        "domain": "messages",
        "language": "uk",
        "key": "page.title",
        "english": "Welcome",
        "text": "Ласкаво просимо",
        "review": "reviewed",
    }
    return {
        **rows,
        "cold_weather": [
            {"id": 1, "place": "fenland", "starts_at": LATELY, "ends_at": NOW + timedelta(hours=12), "note": "", "by": "Omar", "at": LATELY}
            | {"ended_at": None, "ended_by": ""}
        ],
        "proposal": [
            {"id": 1, **change, "base": 1, "after": {"services.csv": [{"key": "x"}]}, "staff_id": 2, "state": "waiting", **decided}
        ],
        "revision": [{"id": 1, **change, "before": None, "after": {"services.csv": []}, "approved_by": "", "batch": ""}],
        "tally": [{"week": date(2026, 11, 23), "what": "asked", "topic": "housing", "place": "Ely", "language": "uk", "count": 12}],
        "upload": [
            {
                "id": "u-1",
                "name": "new.csv",
                "content": b"key,name\r\n",
                "by": "Omar",
                "staff_id": 2,
                "at": LATELY,
                "state": "read",
                "done": 1,
            }
            | {"total": 1, "report": None, "beat_at": LATELY}
        ],
        "wording": [
            {
                "id": 1,
                **text_of,
                "reviewed_by": "Oksana",
                "reviewed_on": date(2026, 11, 20),
                "state": "in_force",
                "by": "Omar",
                "staff_id": 2,
            }
            | {"at": LATELY, "why": "", **decided}
        ],
    }


def rows_of_0005() -> Rows:
    return {**rows_of_0004(), "job": [{"name": "tidying", "begun_at": LATELY, "done_at": LATELY, "failed_at": None}]}


def rows_of_0006() -> Rows:
    return {**rows_of_0005(), "staff_identity": [{"issuer": "https://login.example.org", "subject": "0f3a", "staff_id": 1}]}


def rows_of_0007() -> Rows:
    rows: Rows = {**rows_of_0006(), "word_edition": [{"id": 1, "digest": "d" * 64}]}
    rows["word_row"] = [{"edition_id": 1, "row": 0, "stems": "'food':1A", "beginnings": "'foodbank':1A"}]
    rows["word_spelling"] = [{"edition_id": 1, "word": "foodbank"}]
    return rows


def rows_of_0008() -> Rows:
    switching = {"what": "assistant", "off": True, "why": "A wrong answer", "message": "Please ring us.", "by": "Olga", "at": LATELY}
    return {**rows_of_0007(), "switching": [{"id": 1, **switching}]}


ROWS = {
    "0001": rows_of_0001,
    "0002": rows_of_0002,
    "0003": rows_of_0003,
    "0004": rows_of_0004,
    "0005": rows_of_0005,
    "0006": rows_of_0006,
    "0007": rows_of_0007,
    "0008": rows_of_0008,
}


def tables(engine: Engine) -> dict[str, Table]:
    found = MetaData()
    found.reflect(bind=engine)
    return {name: table for name, table in found.tables.items() if name != "alembic_version" and not name.startswith("sqlite_")}


def everything(engine: Engine) -> Rows:
    """Give every row of every table, in the order of its key."""
    with engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()]
            for name, table in tables(engine).items()
        }


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of the real directory."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('sheets') / 'now.db'}")
    migrate(engine)
    load_pack(engine, "cambridgeshire")
    found = {name: rows for name, rows in everything(engine).items() if name in DIRECTORY_TABLES}
    engine.dispose()
    return found


def fill(engine: Engine, revision: str, sheets: Rows) -> None:
    """Make the tables of ``revision`` and rows in each of them."""
    migrate(engine, revision)
    known, given = tables(engine), {**sheets, **ROWS[revision]()}
    assert set(given) == set(known), "every table of then has rows, and no other"
    ordered = [table for table in next(iter(known.values())).metadata.sorted_tables if table.name in known]
    with engine.begin() as connection:
        for table in ordered:
            columns = set(table.columns.keys())
            connection.execute(
                table.insert(), [{name: value for name, value in row.items() if name in columns} for row in given[table.name]]
            )
        if engine.dialect.name == "sqlite":
            connection.execute(text(f"UPDATE sqlite_sequence SET seq = {HIGHEST_EVER} WHERE name = 'conversation'"))
        else:
            names = connection.execute(text("SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()")).scalars().all()
            for name in names:
                connection.execute(text(f"SELECT setval('{name}', {HIGHEST_EVER})"))


@contextmanager
def an_empty_database(kind: str, folder: Path) -> Iterator[Engine]:
    if kind == "sqlite":
        engine = open_database(f"sqlite:///{folder / 'old.db'}")
        yield engine
        engine.dispose()
        return
    if not postgres_answers():
        pytest.skip(f"no PostgreSQL answers at {POSTGRES_URL}: set TEST_POSTGRES_URL to test with one")
    with a_schema() as address:
        engine = open_database(address)
        yield engine
        engine.dispose()


class Upgraded:
    """A database that was filled by an older version and brought up to this one."""

    def __init__(self, engine: Engine, revision: str, sheets: Rows) -> None:
        self.engine, self.revision = engine, revision
        fill(engine, revision, sheets)
        self.before = everything(engine)
        # What was reflected is of before: connections must not know it.
        engine.dispose()
        migrate(engine)
        self.after = everything(engine)


@pytest.fixture(scope="module", params=[(kind, revision) for kind in ("sqlite", "postgresql") for revision in ROWS], ids="-".join)
def upgraded(request: pytest.FixtureRequest, sheets: Rows, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    kind, revision = request.param
    with an_empty_database(kind, tmp_path_factory.mktemp("old")) as engine:
        yield Upgraded(engine, revision, sheets)


def test_every_schema_that_was_in_use_is_tried() -> None:
    """A new migration asks for rows of the schema before it."""
    assert str(int(newest_schema())) == str(len(ROWS) + 1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_of_a_newer_version_is_refused_in_words_and_left_as_it_is(kind: str, tmp_path: Path) -> None:
    with an_empty_database(kind, tmp_path) as engine:
        migrate(engine)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SetUpError, match=rf"newer version \(schema 9999; this one knows {newest_schema()}\).*restore a backup"):
            migrate(engine)
        with engine.connect() as connection:
            assert schema_of(connection) == "9999"


@pytest.mark.skipif(not postgres_answers(), reason="no PostgreSQL answers: set TEST_POSTGRES_URL")
def test_a_database_that_cannot_hold_every_language_is_refused_in_words_and_stays_empty() -> None:
    with a_database(**without_letters("SQL_ASCII")) as url:
        engine = open_database(url)
        with pytest.raises(SetUpError, match=r"encoding SQL_ASCII.*createdb --encoding UTF8"):
            migrate(engine)
        with engine.connect() as connection:
            assert schema_of(connection) == ""
        engine.dispose()


def test_no_row_is_lost_and_no_value_altered(upgraded: Upgraded) -> None:
    for name, rows in upgraded.before.items():
        assert rows, name
        after = upgraded.after[name]
        assert len(after) == len(rows), name
        for old, new in zip(rows, after, strict=True):
            kept = {column: value for column, value in old.items() if column in new}
            assert {column: new[column] for column in kept} == kept, name
    with upgraded.engine.connect() as connection:
        assert schema_of(connection) == newest_schema()


def test_columns_that_left_a_table_are_in_the_one_they_went_to(upgraded: Upgraded) -> None:
    """Only one table has ever lost columns: a conversation's token and what belongs to it went to its first device."""
    gone = {(name, column) for name, rows in upgraded.before.items() for column in rows[0] if column not in upgraded.after[name][0]}
    early = upgraded.revision < "0003"
    moved = {"token_hash", *({"ticket_hash", "left_at", "unused_token"} if upgraded.revision == "0002" else ())}
    assert gone == ({("conversation", name) for name in moved} if early else set())
    if early:
        devices = {row["conversation_id"]: row for row in upgraded.after["access"]}
        assert len(devices) == len(upgraded.before["conversation"]) == len(upgraded.after["access"])
        for row in upgraded.before["conversation"]:
            assert {name: devices[row["id"]][name] for name in moved} == {name: row[name] for name in moved}
        assert {row["id"]: row["access_id"] for row in upgraded.after["message"]} == {
            row["id"]: devices[row["conversation_id"]]["id"] for row in upgraded.before["message"]
        }


def test_nothing_is_there_that_was_not_before(upgraded: Upgraded) -> None:
    new = {name for name, rows in upgraded.after.items() if rows and name not in upgraded.before}
    assert new == ({"access"} if upgraded.revision < "0003" else set())


def test_upgrading_again_changes_nothing(upgraded: Upgraded) -> None:
    migrate(upgraded.engine)
    assert everything(upgraded.engine) == upgraded.after


def test_the_directory_is_the_one_it_was_and_answers(upgraded: Upgraded, directory: Directory) -> None:
    read = read_directory(upgraded.engine)
    assert {service.key: service for service in read.services} == {service.key: service for service in directory.services}
    assert {statement.key: statement for statement in read.guidance} == {statement.key: statement for statement in directory.guidance}
    talk = Talk(Composer(read, the_catalogues(), OfficeHours("09:00", "17:00")), language="uk")
    answer = talk.say("esol", place="ely")
    assert shown(answer)
    assert replies(answer, "guidance")


def test_a_chat_goes_on_where_it_was_and_one_that_was_left_does_not(upgraded: Upgraded, tmp_path: Path) -> None:
    store = ConversationStore(upgraded.engine, A_LONG_IDLE)
    chat = store.find(TOKEN)
    assert (chat.language, chat.rasa_id) == ("uk", "0b0e3f1c-one")
    first, second = store.exchanges(chat)
    assert (first.text, second.answer) == (WORDS, None)
    assert first.answer is not None
    assert [completed(reply)["text"] for reply in first.answer["replies"]] == [reply["text"] for reply in ANSWER["replies"]]  # type: ignore[index]
    assert store.offered(chat) == {"more"}
    if upgraded.revision > "0001":
        with pytest.raises(ConversationLeft):
            store.find(LEFT_TOKEN)
        assert store.is_over("m-0")
    assert store.pending_erasures() == ["gone-but-not-in-rasa"]


def test_officers_and_the_desk_find_what_was_left_for_them(upgraded: Upgraded, tmp_path: Path) -> None:
    opinions = FeedbackBook(upgraded.engine, 28, 90).all()
    assert "дякую" in {opinion.comment for opinion in opinions}
    desk = a_desk(upgraded.engine, tmp_path)
    if upgraded.revision >= "0003":
        (waiting,) = desk.queue()
        file = desk.file(waiting.id)
        assert file is not None
        assert [note.text for note in file.notes] == ["calls back at noon"]
        assert [said.body for said in file.said] == [{"text": "Good morning"}]
    else:
        assert desk.queue() == []
    if upgraded.revision >= "0004":
        assert [change["why"] for change in Changes(upgraded.engine).history()] == ["they moved"]
        assert Insights(upgraded.engine)


@pytest.mark.parametrize("revision", ROWS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_written_after_the_upgrade_takes_no_number_of_before(kind: str, revision: str, sheets: Rows, tmp_path: Path) -> None:
    with an_empty_database(kind, tmp_path) as engine:
        upgraded = Upgraded(engine, revision, sheets)
        store = ConversationStore(engine, A_LONG_IDLE)
        chat = store.find(TOKEN)
        new = store.start()
        assert new.id > HIGHEST_EVER
        assert a_desk(engine, tmp_path).accept(new, "m-9", "hello").answer is None
        store.erase([chat.rasa_id])
        left = {row["id"] for row in everything(engine)["conversation"]}
        assert left == {row["id"] for row in upgraded.before["conversation"]} - {chat.id} | {new.id}
        if revision >= "0003":
            assert Accounts(engine, hasher=CHEAP).sign_in("anna", PASSWORD, "127.0.0.1")
