"""Breaking what a running product stands on, one thing after the other, while people use it; and measuring what they notice.

``test_faults.py`` asks that nobody is left alone; ``benchmarks/faults.py`` prints what was measured.
"""

import asyncio
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import select
from sqlalchemy.engine import make_url

from bot.conversation.models import Message
from bot.database import open_database
from bot.keeping import PROVEN_AFTER
from bot.settings import ROOT
from bot.timekeeping import CLOCK as CLOCK_FAULT
from bot.web.health import FAULTS
from tests.builders import the_catalogues
from tests.servers import POSTGRES_URL, REDIS_URL, postgres_answers, redis_answers
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import Stack

WORDS = the_catalogues()
VISITORS = 8
NOTHING = "nothing is broken"
HEALS_WITHIN = 120.0
QUESTIONS = ("food in Ely", "where can I learn English in Wisbech", "how do I join the library", "I need a doctor in Cambridge")
CLOCK = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
"""Debian's libfaketime, by which a process sees another time; without it clocks are not skewed."""


class Line:
    """A TCP line to a server of ours, which can be held, cut or filled with noise; runs in a thread of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._loop = asyncio.new_event_loop()
        self._flows = threading.Event()
        self._flows.set()
        self.broken = ""
        self._ends: set[asyncio.StreamWriter] = set()
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        assert started.wait(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            if self.broken == "cut":
                return
            while self.broken == "held":
                await asyncio.sleep(0.05)
            there, back = await asyncio.open_connection(*self._to)
            self._ends.add(back)
            await asyncio.gather(self._pass(reader, back), self._pass(there, writer, to_product=True))
        except OSError:
            pass
        finally:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_product: bool = False) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                while self.broken == "held":
                    await asyncio.sleep(0.05)
                if self.broken == "noise" and to_product:
                    data = b"\x00\xff!noise\r\n"
                writer.write(data)
                await writer.drain()
        writer.close()

    def break_it(self, how: str) -> None:
        """Hold the line (``held``: nothing comes, nothing ends), cut it (``cut``: no connection can be made), or fill it with ``noise``."""
        self.broken = how
        if how == "cut":
            self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        for end in self._ends:
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        """Let all through again."""
        if self.broken == "noise":
            self._loop.call_soon_threadsafe(self._hang_up)
        self.broken = ""


class Bell:
    """What DESK_NOTIFY rings: counts what it is told."""

    def __init__(self) -> None:
        bell = self
        self.heard: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bell.heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.end_headers()

            def log_message(self, *given: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"json://127.0.0.1:{self._server.server_port}"


class Visitor(threading.Thread):
    """Writes message after message, each until it is taken, and keeps what it was told."""

    def __init__(self, url: str, number: int, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.client = httpx.Client(base_url=url, timeout=20, trust_env=False)
        self.random, self.stop = random.Random(seed * 100 + number), stop
        self.session: str | None = None
        self.answers: dict[str, list[Any]] = {}
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            self._say(f"{self.random.choice(QUESTIONS)} please {self.random.random()}")
            self.stop.wait(self.random.uniform(0.3, 1.5))

    def _say(self, text: str) -> None:
        body = {"session": self.session, "message_id": uuid.uuid4().hex, "text": text}
        while True:
            try:
                answer = self.client.post("/api/v1/chat", json=body)
            except httpx.HTTPError:
                time.sleep(0.2)
                continue
            if answer.status_code == 200:
                told = answer.json()
                if self.session is None:
                    # Of a first message the answer may have been lost on its way: then it belongs to another chat.
                    self.session = told["session"]
                else:
                    self.answers[str(body["message_id"])] = told["replies"]
                return
            if answer.status_code == 404:
                # The chat is over: a clock that was wrong has ended it. A person writes again.
                self.session = body["session"] = None
                continue
            if answer.status_code != 503:
                self.failures.append(f"{answer.status_code} {answer.text[:200]}")
                return
            if self.stop.is_set():
                return
            time.sleep(0.3)


def a_stranger(patience: float) -> httpx.Client:
    """Give a browser that was never here before; without certificates to read, it costs little to make."""
    return httpx.Client(trust_env=False, verify=False, timeout=patience)


@dataclass
class Noticed:
    """What was noticed of one fault. Times are in seconds, and None where it never happened."""

    fault: str
    pages: list[float] = field(default_factory=list)
    """How long the first page and a search in the directory took, each time that they were asked for."""
    missing: list[str] = field(default_factory=list)
    """Pages that came without the emergency number or what was searched for, or not at all."""
    urgent: list[float] = field(default_factory=list)
    """How long an urgent message waited for its number, each time that one was sent."""
    untold: list[str] = field(default_factory=list)
    """Urgent messages that got another answer than one with a number."""
    staff: set[str] = field(default_factory=set)
    """What staff's pages said is wrong."""
    rung: int = 0
    answered: int = 0
    """Messages that were answered while it was broken."""
    healed: float | None = None


class Siege:
    """A product under use, whose surroundings are broken by name; made by ``besieged``."""

    def __init__(self, stack: Stack, seed: int, bell: Bell, visitors: int) -> None:
        self.stack, self.seed, self.bell = stack, seed, bell
        self.stop = threading.Event()
        self.visitors = [Visitor(stack.url, number, seed, self.stop) for number in range(visitors)]
        self.anna = StaffClient(stack, "anna")

    # ---- What people see

    def _ask_pages(self, noticed: Noticed) -> None:
        for path, needle in (("/", "999"), ("/directory?topic=food&place=ely", "Ely Foodbank")):
            started, page = time.monotonic(), ""
            for _ in range(2):
                # Where a front door dies over it, the browser's proxy asks another one (deploy/nginx.conf).
                with suppress(httpx.HTTPError), a_stranger(10) as fresh:
                    page = fresh.get(f"{self.stack.url}{path}").text
                    break
            noticed.pages.append(time.monotonic() - started)
            if needle not in page:
                noticed.missing.append(f"{path}: {page[:100]}")

    def _ask_for_help(self, noticed: Noticed) -> None:
        started = time.monotonic()
        with suppress(httpx.HTTPError), a_stranger(30) as fresh:
            page = fresh.post(f"{self.stack.url}/", data={"text": "I have nowhere to sleep tonight in Wisbech", "page_language": "en"})
            noticed.urgent.append(time.monotonic() - started)
            if 'class="urgent"' not in page.text or "tel:" not in page.text:
                noticed.untold.append(f"{page.status_code} {page.text[:200]}")

    def _look_as_staff(self, noticed: Noticed) -> None:
        with suppress(httpx.HTTPError):
            # Where a clock that is wrong has signed her out, she comes to the page to sign in.
            page = self.anna.client.get("/staff/queue", follow_redirects=True)
            if page.status_code == 503:
                noticed.staff.add("away")
            noticed.staff |= set(_faults_in(page.text))

    # ---- One fault

    def suffer(self, fault: str, broken: Callable[[], Any], seconds: float, wait_for: Callable[[], bool] = lambda: True) -> Noticed:
        """Have something broken for some seconds, and mended by leaving ``broken``; give what was noticed until all was well again."""
        noticed = Noticed(fault)
        before, rung = self._answered(), len(self.bell.heard)
        with broken():
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                self._ask_pages(noticed)
                self._ask_for_help(noticed)
                self._look_as_staff(noticed)
                time.sleep(0.2)
            noticed.answered = self._answered() - before
        mended = time.monotonic()
        while time.monotonic() - mended < HEALS_WITHIN:
            self._ask_pages(noticed)
            self._look_as_staff(noticed)
            if self._is_well() and wait_for():
                noticed.healed = time.monotonic() - mended
                break
            time.sleep(0.2)
        noticed.rung = len(self.bell.heard) - rung
        return noticed

    def _answered(self) -> int:
        return sum(len(visitor.answers) for visitor in self.visitors)

    def _is_well(self) -> bool:
        """Ask some times, so that every front door has been asked, whether all parts are there; and for an answer."""
        try:
            for _ in range(6):
                with a_stranger(5) as fresh:
                    told = fresh.get(f"{self.stack.url}/readyz").json()
                # That a clock has jumped is told for an hour.
                if not told["ready"] or set(told["faults"]) - {CLOCK_FAULT}:
                    return False
            with a_stranger(10) as fresh:
                return fresh.post(f"{self.stack.url}/api/v1/chat", json={"text": "food in Ely"}).status_code == 200
        except (httpx.HTTPError, ValueError):
            return False

    # ---- The end

    def finish(self) -> list[str]:
        """Let everybody stop, and give what was lost: messages that were taken and are not kept as they were answered."""
        self.stop.set()
        for visitor in self.visitors:
            visitor.join(60)
        lost = [failure for visitor in self.visitors for failure in visitor.failures]
        engine = self.stack.database()
        with engine.connect() as database:
            rows = database.execute(select(Message.message_id, Message.answer)).all()
        engine.dispose()
        kept = dict(row for row in rows)
        if len(kept) != len(rows):
            lost.append("a message was kept twice")
        for visitor in self.visitors:
            for message_id, replies in visitor.answers.items():
                if message_id not in kept:
                    lost.append(f"{message_id} is not kept")
                elif not kept[message_id] or kept[message_id]["replies"] != replies:
                    lost.append(f"{message_id} is kept with another answer")
        return lost

    # ---- What can be broken

    def processes(self, name: str) -> list[psutil.Process]:
        """Give the running processes of a line of the Procfile, those first that were started by hand of the keeper."""
        assert self.stack.process is not None
        found = [child for child in psutil.Process(self.stack.process.pid).children(recursive=True) if _runs(child, name)]
        return sorted(found, key=lambda child: child.create_time())

    @contextmanager
    def killed(self, pick: Callable[[], psutil.Process]) -> Iterator[None]:
        """Kill a process without a warning."""
        pick().kill()
        yield

    def front_doors(self) -> list[psutil.Process]:
        """Give the processes that answer people, where another one watches over them."""
        watcher = self.processes("web")[0]
        return [child for child in watcher.children() if "spawn_main" in " ".join(child.cmdline())]

    @contextmanager
    def killed_all(self, pick: Callable[[], list[psutil.Process]]) -> Iterator[None]:
        """Kill processes without a warning."""
        for process in pick():
            process.kill()
        yield

    @contextmanager
    def damaged_and_killed(self, models: Path, pick: Callable[[], list[psutil.Process]]) -> Iterator[None]:
        """Damage Rasa's model on the disk, and have it read."""
        path = models / "welcome-desk.tar.gz"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
        with self.killed_all(pick):
            yield

    @contextmanager
    def stopped(self, pick: Callable[[], psutil.Process]) -> Iterator[None]:
        """Hold a process, as one that hangs."""
        process = pick()
        process.suspend()
        try:
            yield
        finally:
            process.resume()


def _runs(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error):
        command = process.cmdline()
        return command[-3:] == ["-m", "bot", name] and process.status() != psutil.STATUS_ZOMBIE
    return False


def _faults_in(page: str) -> Iterator[str]:
    for kind in FAULTS:
        if WORDS.say("en", f"staff.fault.{kind}") in page:
            yield kind


@contextmanager
def broken_line(line: Line, how: str) -> Iterator[None]:
    """Break a line."""
    line.break_it(how)
    try:
        yield
    finally:
        line.mend()


@contextmanager
def half_open(stack: Stack, count: int = 1500) -> Iterator[None]:
    """Connect very often and say nothing, or half of something."""
    with ExitStack() as held:
        for number in range(count):
            with suppress(OSError):
                line = held.enter_context(socket.create_connection(("127.0.0.1", int(stack.ports["PORT"])), 5))
                line.sendall(b"" if number % 2 else b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n")
        yield


@contextmanager
def read_only(role: str) -> Iterator[None]:
    """Let a user of PostgreSQL change nothing, as on a server that another one has taken the place of."""
    owner = open_database(POSTGRES_URL)

    def set_to(value: str) -> None:
        with owner.begin() as connection:
            connection.exec_driver_sql(f"ALTER ROLE {role} SET default_transaction_read_only = {value}")
            connection.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,))

    set_to("on")
    try:
        yield
    finally:
        set_to("off")
        owner.dispose()


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Fill the disk that ``folder`` is on, to the last byte."""
    filling = folder / "filling"
    with suppress(OSError), filling.open("wb", buffering=0) as file:
        while file.write(b"x" * 65536):
            pass
    try:
        yield
    finally:
        filling.unlink()


@contextmanager
def writer_held(path: Path) -> Iterator[None]:
    """Be the only writer of an SQLite file and do nothing, as a disk that takes for ever."""
    with sqlite3.connect(path, isolation_level=None, timeout=30) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")
    database.close()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Put a disk of its own at ``folder``, where this machine lets us; gives whether it does."""
    folder.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, check=False)
    try:
        yield made.returncode == 0
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def besieged(stack: Stack, seed: int, bell: Bell, visitors: int = VISITORS) -> Iterator[Siege]:
    """Start a product and people who use it."""
    subprocess.run([sys.executable, "-m", "bot", "prepare"], cwd=ROOT, env=stack.settings(), check=True, capture_output=True)
    add_staff(stack, "anna")
    stack.start()
    siege = Siege(stack, seed, bell, visitors)
    try:
        for visitor in siege.visitors:
            visitor.start()
        # What ends before it has run for a while is not started again (bot.keeping).
        time.sleep(PROVEN_AFTER)
        yield siege
    finally:
        siege.stop.set()
        stack.stop()


def on_servers(folder: Path, seed: int) -> Iterator[Noticed | list[str]]:
    """Break everything that a product on PostgreSQL and Redis stands on, in an order of ``seed``.

    Gives what was noticed of each fault, and in the end a list of what was lost. Raises LookupError where no servers answer.
    """
    if not (postgres_answers() and redis_answers()):
        raise LookupError("PostgreSQL or Redis does not answer")
    postgres, redis = make_url(POSTGRES_URL), make_url(REDIS_URL)
    database, memory, bell = Line(postgres.host or "", postgres.port or 5432), Line(redis.host or "", redis.port or 6379), Bell()
    role, models = f"besieged_{uuid.uuid4().hex[:12]}", folder / "models"
    shutil.copytree(ROOT / "models", models)
    environment = {
        **DESK_OPEN,
        "REDIS_URL": str(redis.set(host="127.0.0.1", port=memory.port).render_as_string(hide_password=False)),
        "RASA_WORKERS": "2",
        "MODELS_DIR": str(models),
        "DESK_NOTIFY": bell.address,
    }
    stack = Stack(folder, environment, on_servers=True)
    schema = make_url(stack.servers["DATABASE_URL"])
    name = str(schema.query["options"]).split("search_path=")[1].split()[0]
    with _a_user(role, name):
        address = schema.set(username=role, host="127.0.0.1", port=database.port)
        stack.environment["DATABASE_URL"] = address.render_as_string(hide_password=False)
        with besieged(stack, seed, bell) as siege:
            web, rasa, actions = (partial(siege.processes, kind) for kind in ("web", "rasa", "actions"))
            faults: list[tuple[str, Callable[[], Any], float]] = [
                ("a front door is killed", lambda: siege.killed(lambda: siege.front_doors()[0]), 6),
                ("what watches over the front doors is killed", lambda: siege.killed(lambda: web()[0]), 25),
                ("one of two Rasas is killed", lambda: siege.killed(lambda: rasa()[0]), 6),
                ("both Rasas are killed", lambda: siege.killed_all(rasa), 6),
                ("one of two Rasas hangs", lambda: siege.stopped(lambda: rasa()[0]), 6),
                ("the action server is killed", lambda: siege.killed(lambda: actions()[0]), 6),
                ("PostgreSQL does not answer", lambda: broken_line(database, "held"), 8),
                ("PostgreSQL is down", lambda: broken_line(database, "cut"), 8),
                ("PostgreSQL takes no changes", lambda: read_only(role), 8),
                ("Redis does not answer", lambda: broken_line(memory, "held"), 8),
                ("Redis is down", lambda: broken_line(memory, "cut"), 8),
                ("Redis answers nonsense", lambda: broken_line(memory, "noise"), 8),
                ("Rasa's model is damaged, and both Rasas are killed", lambda: siege.damaged_and_killed(models, rasa), 8),
                ("1,500 connections are half open", lambda: half_open(stack), 8),
            ]
            random.Random(seed).shuffle(faults)
            for fault, broken, seconds in ((NOTHING, nullcontext, 6.0), *faults):
                yield siege.suffer(fault, broken, seconds)
            yield siege.finish()


def by_a_wrong_clock(folder: Path, seed: int) -> Iterator[Noticed | list[str]]:
    """Skew the clock of a product on PostgreSQL, in an order of ``seed``; gives and raises as ``on_servers``.

    Seeing another time makes a process slower, so these faults have a product of their own, with two visitors, and their times
    are to be compared with its own of nothing broken.
    """
    if not CLOCK.exists():
        raise LookupError(f"{CLOCK} is missing (Debian: apt-get install faketime)")
    if not (postgres_answers() and redis_answers()):
        raise LookupError("PostgreSQL or Redis does not answer")
    clock, bell = folder / "clock", Bell()
    clock.write_text("+0")
    environment = {**DESK_OPEN, "DESK_NOTIFY": bell.address, "LD_PRELOAD": str(CLOCK), "FAKETIME_TIMESTAMP_FILE": str(clock)}
    environment |= {"FAKETIME_CACHE_DURATION": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    stack = Stack(folder, environment, on_servers=True)
    with besieged(stack, seed, bell, visitors=2) as siege:
        faults: list[tuple[str, Callable[[], Any], float]] = [
            ("the clock is nine days ahead", lambda: skewed(clock, "+9d"), 12),
            ("the clock is a day behind", lambda: skewed(clock, "-1d"), 12),
        ]
        random.Random(seed).shuffle(faults)
        for fault, broken, seconds in ((f"{NOTHING}, by a clock that can be skewed", nullcontext, 6.0), *faults):
            yield siege.suffer(fault, broken, seconds)
        yield siege.finish()


@contextmanager
def _a_user(role: str, schema: str) -> Iterator[None]:
    """Have a user of PostgreSQL to whom a schema belongs."""
    owner = open_database(POSTGRES_URL)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql(f"ALTER SCHEMA {schema} OWNER TO {role}")
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (role,))
            connection.exec_driver_sql(f"REASSIGN OWNED BY {role} TO CURRENT_USER")
            connection.exec_driver_sql(f"DROP OWNED BY {role}")
            connection.exec_driver_sql(f"DROP ROLE {role}")
        owner.dispose()


@contextmanager
def skewed(clock: Path, by: str) -> Iterator[None]:
    """Let every process of a product see another time."""
    clock.write_text(by)
    try:
        yield
    finally:
        clock.write_text("+0")


def on_a_laptop(folder: Path, seed: int) -> Iterator[Noticed | list[str]]:
    """Break what a product on SQLite stands on, in an order of ``seed``; gives as ``on_servers``."""
    bell, disk = Bell(), folder / "disk"
    with small_disk(disk, 300) as own_disk:
        stack = Stack(folder, {**DESK_OPEN, "VAR_DIR": str(disk), "DESK_NOTIFY": bell.address}, on_servers=False)
        with besieged(stack, seed, bell) as siege:
            faults: list[tuple[str, Callable[[], Any], float]] = [
                ("SQLite's disk takes for ever", lambda: writer_held(disk / "cambridgeshire.db"), 8),
                ("the only front door is killed", lambda: siege.killed(lambda: siege.processes("web")[0]), 2),
                ("Rasa is killed", lambda: siege.killed(lambda: siege.processes("rasa")[0]), 6),
            ]
            if own_disk:
                faults.append(("the disk is full", lambda: filled(disk), 10))
            random.Random(seed).shuffle(faults)
            for fault, broken, seconds in ((NOTHING, nullcontext, 6.0), *faults):
                yield siege.suffer(fault, broken, seconds)
            yield siege.finish()
