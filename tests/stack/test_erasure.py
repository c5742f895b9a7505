"""What is erased, in each way in which it can be, is in no byte of any file afterwards: the database's, Rasa's, the logs'; nor in Redis.

PostgreSQL's files are searched as they are on the disk. Its write-ahead log is not: ``docs/operating.md`` says how long words stay in that.
"""

import secrets
import string
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
import redis
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from bot.conversation.models import Access, Conversation, Feedback
from bot.directory.uploads import Upload
from bot.handover.models import Callback, Escalation, Handover, SignIn, StaffSession, WrongRecord
from bot.handover.notify import WORDS
from bot.jobs import STOPPED_AFTER, TIDYING, WIPING, JobRow, Jobs
from bot.moments import utc_now
from bot.timekeeping import FIRST_DONE
from bot.wiping import WIPE_EVERY
from tests.handover.test_notify import Told
from tests.handover.test_translation import LibreTranslate
from tests.leftovers import holding, keep_as_written
from tests.servers import REDIS_URL, a_database, postgres_answers
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import ON_SERVERS, Stack
from tests.stack.test_taking_over import Visitor, chat_of
from tests.waiting import soon

DONE_WITHIN = 240.0
"""Seconds: what is due is erased every minute."""


def mark(place: str) -> str:
    """Give a word that nobody else writes, and that no redaction takes for a number."""
    return f"zq{place}{''.join(secrets.choice(string.ascii_lowercase) for _ in range(12))}"


class Marked:
    """A chat with a marked word in every place that a chat has, passed to staff and with them; ``secrets`` are its codes and digests."""

    def __init__(self, stack: Stack, anna: StaffClient, name: str) -> None:
        self.words = {place: mark(f"{name}{place}") for place in ("asked", "id", "told", "said", "note", "comment")}
        asked = f"Where can I learn English in Ely {self.words['asked']}"
        self.visitor = Visitor(stack, asked, language="uk", message_id=self.words["id"])
        opinion = {"helped": False, "comment": f"nobody there {self.words['comment']}"}
        self._post(stack, "/api/v1/chat/feedback", opinion)
        anna.beat()
        reference = self.visitor.wait()
        self._post(stack, "/api/v1/chat/callback", {"contact": "07700 900123", "wanted": True})
        self.number = chat_of(anna, reference)
        self.visitor.ask(f"Мені потрібна допомога {self.words['told']}")
        assert anna.act(self.number, "text", text=f"Good morning {self.words['said']}").status_code == 303
        assert anna.act(self.number, "note", note=f"calls at noon {self.words['note']}").status_code == 303
        assert soon(lambda: f"en>uk: Good morning {self.words['said']}" in self.visitor.heard())
        assert soon(lambda: f"uk&gt;en: Мені потрібна допомога {self.words['told']}" in anna.read(self.number))
        engine = stack.database()
        with Session(engine, future=True) as session:
            self.id: int = session.execute(select(Handover.conversation_id).where(Handover.id == self.number)).scalar_one()
            self.contact = bytes(session.get(Callback, self.number).contact)  # type: ignore[union-attr]
            digest = session.execute(select(Access.token_hash).where(Access.conversation_id == self.id)).scalar_one()
            self.secrets = [reference, digest, session.get(Conversation, self.id).rasa_id]  # type: ignore[union-attr]
        engine.dispose()

    def _post(self, stack: Stack, path: str, body: dict[str, Any]) -> None:
        assert stack.client.post(path, json=body, headers=self.visitor.bearer).status_code == 204

    @property
    def all(self) -> dict[str, bytes]:
        """Everything of this chat, by what it is."""
        kept = {**self.words, **dict(zip(("code", "token", "rasa"), self.secrets, strict=True))}
        return {**{what: value.encode() for what, value in kept.items()}, "contact": self.contact}


def places(stack: Stack, needle: bytes) -> list[str]:
    """Give where something is: files and rows of the product, files of PostgreSQL, keys of Redis."""
    found = [path for path, data in stack.kept().items() if needle in data]
    if stack.servers:
        engine = stack.database()
        found += [f"file of {name}" for name in holding(engine, needle)]
        engine.dispose()
        found += ["Redis"] if needle in in_redis() else []
    return found


def in_redis() -> bytes:
    """Give all keys and values there are."""
    client = redis.Redis.from_url(REDIS_URL)
    found = []
    for key in client.scan_iter():
        kind = client.type(key)
        value = client.get(key) if kind == b"string" else client.lrange(key, 0, -1) if kind == b"list" else client.zrange(key, 0, -1)
        found.append(repr((key, value)).encode())
    return b"\n".join(found)


def left_of(stack: Stack, wanted: dict[str, bytes]) -> dict[str, list[str]]:
    """Give where anything of ``wanted`` is still, by what it is."""
    found = {what: places(stack, needle) for what, needle in wanted.items()}
    return {what: where for what, where in found.items() if where}


def woken_after(stack: Stack) -> str:
    """Have Rasa remember a chat that is nobody's, as one that hung while the chat was erased and woke; give the chat's name."""
    name, engine = mark("woken"), stack.tracker()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO events (sender_id, type_name, data) VALUES (:name, 'slot', '{}')"), {"name": name})
    engine.dispose()
    return name


def tidy(stack: Stack) -> None:
    """Let an hour pass in which nothing runs, and wait until what is due was erased and overwritten after the start."""
    assert stack.stop() == 0
    engine, since, limit = stack.database(), utc_now(), time.monotonic() + DONE_WITHIN
    with engine.begin() as connection:
        an_hour_ago = {"begun_at": since - WIPE_EVERY, "done_at": since - WIPE_EVERY}
        connection.execute(update(JobRow).where(JobRow.name.in_((TIDYING, WIPING))).values(**an_hour_ago))
    jobs = Jobs(engine)

    def is_done(name: str) -> bool:
        job = jobs.look(name)
        return job is not None and job.begun_at > since and not job.is_going and not job.has_failed

    stack.start()
    while not (is_done(TIDYING) and is_done(WIPING)):
        assert time.monotonic() < limit, stack.log.read_text(errors="replace")[-3000:]
        time.sleep(0.5)
    engine.dispose()


@pytest.fixture(scope="module")
def stack(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product with a desk and a translator, whose long values can be searched."""
    LibreTranslate.behaviour, LibreTranslate.asked = "well", []
    Told.came, Told.arrived = [], threading.Event()
    with ExitStack() as open_servers:
        ports = []
        for handler in (LibreTranslate, Told):
            server = open_servers.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            open_servers.callback(server.shutdown)
            ports.append(server.server_port)
        reached = {"TRANSLATE_URL": f"http://127.0.0.1:{ports[0]}", "DESK_NOTIFY": f"json://127.0.0.1:{ports[1]}/"}
        if ON_SERVERS and postgres_answers():
            # Of its own: what others in a database still see is not overwritten.
            reached["DATABASE_URL"] = open_servers.enter_context(a_database())
        running = Stack(tmp_path_factory.mktemp("erasure"), {**DESK_OPEN, **reached})
        for username, role in (("anna", "staff"), ("olga", "officer")):
            add_staff(running, username, role)
        running.start()
        for engine in (running.database(), running.tracker()):
            keep_as_written(engine)
            engine.dispose()
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def anna(stack: Stack) -> StaffClient:
    signed_in = StaffClient(stack, "anna")
    signed_in.beat()
    return signed_in


def test_what_a_visitor_erases_is_in_no_byte_and_the_next_chat_is_untouched(stack: Stack, anna: StaffClient) -> None:
    erased, stays = Marked(stack, anna, "erased"), Marked(stack, anna, "stays")
    woken = woken_after(stack)
    assert places(stack, woken.encode())
    before = left_of(stack, erased.all)
    assert set(before) == set(erased.all), "all of it is found while it is there"
    assert len(before["rasa"]) >= 2, "its name is in the front door's database and in Rasa's"
    assert not any("rasa-" in where or where == "events" for where in before["asked"]), "Rasa keeps no word of it"
    assert stack.client.delete("/api/v1/chat", headers=erased.visitor.bearer).status_code == 204
    if not stack.servers:
        assert not set(left_of(stack, erased.all)) & {"asked", "told", "said", "note", "comment", "contact"}, "SQLite overwrites at once"
    tidy(stack)
    assert left_of(stack, {**erased.all, "woken": woken.encode()}) == {}
    assert set(left_of(stack, stays.all)) == set(stays.all)
    assert len(places(stack, stays.all["rasa"])) >= 2, "Rasa remembers it still"


def test_what_has_had_its_days_is_in_no_byte(stack: Stack, anna: StaffClient) -> None:
    old, closed = Marked(stack, anna, "old"), Marked(stack, anna, "closed")
    other = {name: mark(name) for name in ("concern", "contact", "wrong", "upload", "signin")}
    deed = {"concern": "child", "contact": other["contact"], "done": f"told at once {other['concern']}"}
    assert anna.act(old.number, "escalate", **deed).status_code == 303
    assert anna.act(closed.number, "close", outcome="answered").status_code == 303
    StaffClient(stack, "olga")
    engine, now = stack.database(), utc_now()
    with Session(engine, future=True) as session:
        day = timedelta(days=1)
        staff_id = session.execute(select(Escalation.staff_id)).scalar_one()
        session.add(WrongRecord(kind="service", about="x", note=other["wrong"], staff_id=staff_id, at=now, settled_at=now - 8 * 366 * day))
        session.add(
            Upload(
                id="u-1",
                name=f"{other['upload']}.csv",
                content=b"key\n" + other["upload"].encode(),
                by="Olga",
                at=now - 2 * day,
                state="ready",
                beat_at=now - 2 * day,
            )
        )
        session.add(SignIn(at=now - 400 * day, username=other["signin"], outcome="wrong"))
        sessions = session.execute(select(StaffSession).order_by(StaffSession.id.desc())).scalars().first()
        assert sessions is not None
        other["session"] = str(sessions.token_hash)
        sessions.signed_in_at = sessions.last_seen_at = now - 2 * day
        session.commit()
        kept = {what: value.encode() for what, value in other.items()}
        assert set(left_of(stack, {**kept, **old.all})) == {*kept, *old.all}
        session.execute(update(Escalation).values(at=now - 7 * 366 * day))
        session.execute(update(Conversation).where(Conversation.id == old.id).values(last_seen_at=now - 8 * day))
        session.execute(update(Feedback).where(Feedback.conversation_id == old.id).values(read_at=now - 91 * day, read_by="Olga"))
        session.execute(update(Feedback).where(Feedback.conversation_id == closed.id).values(given_at=now - 91 * day))
        session.commit()
    engine.dispose()
    tidy(stack)
    assert left_of(stack, {**kept, **old.all}) == {}
    gone = {"contact", "comment"}
    assert set(left_of(stack, closed.all)) == set(closed.all) - gone, "a closed chat has its days, and what was given to call back has not"


@pytest.mark.waits
def test_a_job_that_has_stopped_is_read_by_staff_and_officers_and_told_to_who_is_not_there(stack: Stack, anna: StaffClient) -> None:
    olga, engine = StaffClient(stack, "olga"), stack.database()
    words, limit, missing = "Old chats have not been deleted on time.", time.monotonic() + FIRST_DONE + 60, {"/staff/queue", "/officer"}
    while missing and time.monotonic() < limit:
        with engine.begin() as connection:
            # Somebody who does not end it seems to have begun it, so that no process takes it up.
            stopped = {"begun_at": utc_now(), "done_at": utc_now() - STOPPED_AFTER[TIDYING] - timedelta(minutes=1)}
            connection.execute(update(JobRow).where(JobRow.name == TIDYING).values(**stopped))
        missing -= {path for path, somebody in (("/staff/queue", anna), ("/officer", olga)) if words in somebody.client.get(path).text}
        time.sleep(1)
    engine.dispose()
    assert missing == set()
    assert soon(lambda: WORDS["broken"] in [one["message"] for one in Told.came])
