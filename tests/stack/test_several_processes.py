"""As in production: PostgreSQL and Redis, three processes of the front door and two Rasas, and one product to whoever uses it."""

import hashlib
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import select

from bot.conversation.models import Access, Message
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import KEPT_SHORTLY, Stack, same_in_any_case
from tests.stack.test_taking_over import Visitor, chat_of

pytestmark = same_in_any_case
FRONT_DOORS, RASAS = 3, 2
CONVERSATIONS = (
    ("Де я можу вивчати англійську в Елі?", "А в Уісбечі?", "мені потрібен лікар", "а для дітей?", "ще раз, будь ласка"),
    (
        "I have nowhere to sleep tonight",
        "in Wisbech",
        "and food?",
        "I am an asylum seeker",
        "no, in Cambridge",
        "xyzzy plugh",
        "qwrtp zxcv",
    ),
    ("أحتاج إلى طعام في كامبريدج", "وماذا عن إيلي؟", "أريد التحدث إلى شخص", "شكرا"),
)


@pytest.fixture(scope="module")
def many(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as in production, where Anna works at the desk."""
    numbers = {"WEB_WORKERS": str(FRONT_DOORS), "RASA_WORKERS": str(RASAS)}
    running = Stack(tmp_path_factory.mktemp("many"), {**DESK_OPEN, **numbers}, on_servers=True)
    add_staff(running, "anna")
    running.start()
    wait_for_front_doors(running)
    yield running
    assert running.stop() == 0


def front_doors(stack: Stack) -> list[psutil.Process]:
    """Give the processes that serve, of which ``python -m bot web`` only sees that they live."""
    found = []
    for child in psutil.Process(stack.pid_of("web")).children():
        with suppress(psutil.NoSuchProcess):  # one that has died, and is still listed
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def wait_for_front_doors(stack: Stack) -> None:
    """Wait until every front door has answered somebody."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        with connections(stack, 8 * FRONT_DOORS) as opened:
            for client in opened:
                client.get("/readyz")
            if serving(stack) == FRONT_DOORS:
                return
        time.sleep(0.2)
    raise AssertionError("not every front door serves")


def serving(stack: Stack) -> int:
    """Count the front doors that have a connection open."""
    port = int(stack.ports["PORT"])
    held = [{c.laddr.port for c in one.net_connections() if c.status == "ESTABLISHED"} for one in front_doors(stack)]
    return sum(port in ports for ports in held)


@contextmanager
def connections(stack: Stack, count: int) -> Iterator[list[httpx.Client]]:
    """Clients that each keep a connection of their own."""
    clients = [httpx.Client(base_url=stack.url, timeout=30, trust_env=False, limits=KEPT_SHORTLY) for _ in range(count)]
    yield clients
    for client in clients:
        client.close()


def post(stack: Stack, **body: Any) -> httpx.Response:
    """Send a message on a connection of its own, so that any front door may get it."""
    with httpx.Client(base_url=stack.url, timeout=30, trust_env=False, limits=KEPT_SHORTLY) as client:
        return client.post("/api/v1/chat", json=body)


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """Give what an answer says, without what is each chat's own."""
    return {name: answer[name] for name in ("language", "understood", "replies")}


@pytest.mark.parametrize("messages", CONVERSATIONS, ids=["uk", "en", "ar"])
def test_a_conversation_through_all_of_them_is_answered_as_by_one_of_each(
    desk_stack: Stack, many: Stack, anna: StaffClient, messages: tuple[str, ...]
) -> None:
    # Somebody is at both desks, whoever another test has left at one.
    StaffClient(many, "anna").beat()
    alone = session = None
    for message in messages:
        one = desk_stack.ask(message, alone)
        answer = post(many, session=session, text=message)
        assert answer.status_code == 200, answer.text
        alone, session = one["session"], answer.json()["session"]
        assert said(answer.json()) == said(one)


def test_what_one_person_sends_at_once_is_taken_and_answered_one_by_one_in_one_order(many: Stack) -> None:
    session = post(many, text="where is there food in Ely").json()["session"]
    places = ["Ely", "Wisbech", "Cambridge", "Huntingdon", "March", "St Neots"] * 3
    with ThreadPoolExecutor(len(places)) as pool:
        sent = list(pool.map(lambda place: post(many, session=session, text=f"and in {place}?", message_id=uuid.uuid4().hex), places))
    assert [answer.status_code for answer in sent] == [200] * len(places)
    assert [answer.json()["understood"]["place"] for answer in sent] == places
    assert {answer.json()["understood"]["topic"] for answer in sent} == {"food"}


def asked_in(stack: Stack, message_id: str) -> list[str]:
    """Give what was asked in the conversation of a message, in the order in which it was taken."""
    engine = stack.database()
    with engine.connect() as connection:
        conversation = select(Message.conversation_id).where(Message.message_id == message_id).scalar_subquery()
        asked = connection.execute(select(Message.text).where(Message.conversation_id == conversation).order_by(Message.id)).scalars()
        found = list(asked)
    engine.dispose()
    return found


def test_what_is_sent_at_once_is_understood_in_the_order_in_which_it_was_taken(many: Stack) -> None:
    """What a message means depends on those before it; Rasa keeps no words that would tell in which order it heard them."""
    session = post(many, text="where is there food in Ely").json()["session"]
    texts = ["more", "and in Wisbech?", "more", "I need a doctor", "more", "and in Ely?"] * 3
    ids = [uuid.uuid4().hex for _ in texts]
    with ThreadPoolExecutor(len(texts)) as pool:
        sent = list(pool.map(lambda each: post(many, session=session, text=each[0], message_id=each[1]), zip(texts, ids, strict=True)))
    assert [answer.status_code for answer in sent] == [200] * len(texts)
    asked = asked_in(many, ids[0])
    assert sorted(asked) == sorted(["where is there food in Ely", *texts])
    one_by_one, again = [], None
    for text in asked:
        answer = post(many, session=again, text=text).json()
        again = answer["session"]
        one_by_one.append((text, said(answer)))
    at_once = [(text, said(answer.json())) for text, answer in zip(texts, sent, strict=True)]
    assert len({str(each) for each in at_once}) > 6, "the order makes a difference"
    assert sorted(at_once, key=str) == sorted(one_by_one[1:], key=str)


def test_one_message_that_is_sent_to_all_of_them_at_once_is_answered_once(many: Stack) -> None:
    session = post(many, text="where is there food in Ely").json()["session"]
    message_id = uuid.uuid4().hex
    with ThreadPoolExecutor(12) as pool:
        sent = list(pool.map(lambda _: post(many, session=session, text="more", message_id=message_id), range(12)))
    assert [answer.status_code for answer in sent] == [200] * 12
    assert all(answer.json() == sent[0].json() for answer in sent)
    assert asked_in(many, message_id) == ["where is there food in Ely", "more"]
    # What comes next is what comes after one "more", so that Rasa heard one.
    again = post(many, text="where is there food in Ely").json()["session"]
    assert said(post(many, session=again, text="more").json()) == said(sent[0].json())
    third = said(post(many, session=again, text="more").json())
    assert third != said(sent[0].json())
    assert said(post(many, session=session, text="more").json()) == third


def test_what_staff_do_reaches_visitors_of_every_front_door(many: Stack) -> None:
    """Four streams of one visitor's, of which some hang at another front door than staff's request goes through."""
    anna = StaffClient(many, "anna")
    anna.beat()
    visitor = Visitor(many, "I need help with housing in Ely")
    chat = chat_of(anna, visitor.wait())
    streams: list[threading.Thread] = []
    heard: list[list[str]] = [[] for _ in range(4)]
    over = threading.Event()

    def listen(into: list[str]) -> None:
        with (
            httpx.Client(base_url=many.url, timeout=30, trust_env=False, limits=KEPT_SHORTLY) as client,
            client.stream("GET", "/api/v1/chat/events?after=0", headers={**visitor.bearer, "Accept": "text/event-stream"}) as answer,
        ):
            for line in answer.iter_lines():
                into.append(line)
                if over.is_set():
                    return

    for into in heard:
        streams.append(threading.Thread(target=listen, args=(into,), daemon=True))
        streams[-1].start()
    until(lambda: all(heard))
    assert serving(many) > 1, "all streams hang at one front door, so nothing is tried"
    anna.act(chat, "writing")
    until(lambda: all(any('"writing": true' in line or '"writing":true' in line for line in lines) for lines in heard))
    anna.act(chat, "text", text="Hello from the library")
    until(lambda: all(any("Hello from the library" in line for line in lines) for lines in heard))
    over.set()
    anna.act(chat, "text", text="Good-bye")
    for thread in streams:
        thread.join(10)


def until(good: Any, within: float = 20.0) -> None:
    limit = time.monotonic() + within
    while not good():
        assert time.monotonic() < limit
        time.sleep(0.05)


class Asking(threading.Thread):
    """A visitor who asks one thing after another, each on a connection of its own, until told to stop.

    What was not answered, because its front door went or the machine is too busy, is sent again under the same id, as the page does.
    """

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self.stack, self.over = stack, threading.Event()
        self.session = post(stack, text="hello").json()["session"]
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.over.is_set():
            message = {"session": self.session, "text": "where is there food in Ely", "message_id": uuid.uuid4().hex}
            for _ in range(100):
                with suppress(httpx.TransportError):
                    answer = post(self.stack, **message)
                    if answer.status_code != 503:
                        break
                time.sleep(0.2)
            else:
                self.failures.append("never answered")
                return
            self.answered += answer.status_code == 200
            if answer.status_code != 200:
                self.failures.append(answer.text)
            time.sleep(0.2)


@contextmanager
def people_ask(stack: Stack) -> Iterator[None]:
    """Three visitors ask all the time; none of them may meet an error, and all that they were answered is kept."""
    visitors = [Asking(stack) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1)
    yield
    time.sleep(1)
    for visitor in visitors:
        visitor.over.set()
    for visitor in visitors:
        visitor.join(60)
    assert [failure for visitor in visitors for failure in visitor.failures] == []
    assert all(visitor.answered for visitor in visitors)
    engine = stack.database()
    with engine.connect() as connection:
        for visitor in visitors:
            mine = select(Access.conversation_id).where(Access.token_hash == hashlib.sha256(visitor.session.encode()).hexdigest())
            asked = select(Message.answer).where(Message.conversation_id.in_(mine))
            kept = connection.execute(asked).scalars().all()
            assert len(kept) == visitor.answered + 1
            assert all(kept)
    engine.dispose()


def test_a_rasa_that_hangs_is_missed_by_nobody(many: Stack) -> None:
    with people_ask(many):
        hanging = many.pid_of("rasa")
        os.kill(hanging, signal.SIGSTOP)
        time.sleep(4)
        os.kill(hanging, signal.SIGCONT)


def test_the_front_doors_are_restarted_one_by_one_while_people_ask_and_nothing_is_lost(many: Stack) -> None:
    before = {one.pid for one in front_doors(many)}
    with people_ask(many):
        os.kill(many.pid_of("web"), signal.SIGHUP)
        until(lambda: not before & {one.pid for one in front_doors(many)} and len(front_doors(many)) == FRONT_DOORS, within=400)


def test_a_front_door_that_is_killed_is_there_again(many: Stack) -> None:
    session = post(many, text="where is there food in Ely").json()["session"]
    victim = front_doors(many)[0]
    victim.kill()
    for _ in range(10):
        answer = post(many, session=session, text="and in Wisbech?")
        assert (answer.status_code, answer.json()["understood"]["place"]) == (200, "Wisbech")
    until(lambda: len(front_doors(many)) == FRONT_DOORS and victim.pid not in {one.pid for one in front_doors(many)}, within=120)
    wait_for_front_doors(many)
