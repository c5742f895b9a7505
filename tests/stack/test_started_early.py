"""Front doors that are started before what they stand on is there, as after a machine's start: they open once it is."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy.engine import Engine

from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.settings import ROOT, read_settings
from tests.servers import REDIS_URL, a_schema, postgres_answers, redis_answers
from tests.stack.breaking import Line
from tests.stack.running_stack import READY_WITHIN, free_port, same_in_any_case

needed = "PostgreSQL or Redis does not answer: set TEST_POSTGRES_URL and TEST_REDIS_URL"
pytestmark = [pytest.mark.skipif(not (postgres_answers() and redis_answers()), reason=needed), same_in_any_case]
UNPREPARED, SILENT = "has not been prepared", "does not answer"


class FrontDoors:
    """Two of them and what watches over them, started and not waited for."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.log, port = folder / "web.log", free_port()
        self.url = f"http://127.0.0.1:{port}"
        told = {"PORT": str(port), "WEB_WORKERS": "2", "VAR_DIR": str(folder / "var"), "AREA": "cambridgeshire", "REDIS_URL": REDIS_URL}
        with self.log.open("wb") as log:
            self.watcher = subprocess.Popen(
                [sys.executable, "-m", "bot", "web"], cwd=ROOT, env={**os.environ, **told, **environment}, stdout=log, stderr=log
            )

    def soon(self, true: Callable[[str], bool], within: float) -> None:
        """Wait until something is true of what they have said."""
        until = time.monotonic() + within
        while not true(said := self.log.read_text()):
            assert time.monotonic() < until, said[-3000:]
            assert self.watcher.poll() is None, said[-3000:]
            time.sleep(0.2)

    def is_open(self, _said: str) -> bool:
        """Tell whether the page comes with the emergency number."""
        try:
            return "999" in httpx.get(self.url, trust_env=False, timeout=5).text
        except httpx.HTTPError:
            return False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have them run for as long as they are needed."""
        try:
            yield
        finally:
            self.watcher.send_signal(signal.SIGTERM)
            self.watcher.wait(30)


def prepare(engine: Engine) -> None:
    """Bring an empty database up to this version."""
    migrate(engine)
    load_pack(engine, "cambridgeshire")


def test_a_database_that_answers_and_is_prepared_later_is_waited_for(prepared: None, tmp_path: Path) -> None:
    with a_schema() as url:
        engine = open_database(url)
        line = Line(engine.url.host or "", engine.url.port or 0)
        line.break_it("cut")
        through = engine.url.set(host="127.0.0.1", port=line.port).render_as_string(hide_password=False)
        doors = FrontDoors(tmp_path, DATABASE_URL=through)
        with doors.running():
            doors.soon(lambda said: said.count(SILENT) >= 2, within=READY_WITHIN)
            line.mend()
            time.sleep(3)
            assert not doors.is_open("")
            prepare(engine)
            doors.soon(doors.is_open, within=READY_WITHIN)
            assert "Traceback" not in doors.log.read_text()
        engine.dispose()


def test_who_waits_for_a_database_ends_when_told_to(tmp_path: Path) -> None:
    """systemd leaves behind what does not (KillMode=process), where it would keep a restore from being done for ever."""
    doors = FrontDoors(tmp_path, DATABASE_URL="postgresql://desk@127.0.0.1:9/desk")
    with doors.running():
        doors.soon(lambda said: said.count(SILENT) >= 2, within=READY_WITHIN)
        waiting = psutil.Process(doors.watcher.pid).children(recursive=True)
        assert len(waiting) >= 2
    assert not psutil.wait_procs(waiting, timeout=10)[1]


def test_models_that_are_learnt_later_are_there_for_the_next_try(prepared: None, tmp_path: Path) -> None:
    with a_schema() as url:
        engine = open_database(url)
        prepare(engine)
        engine.dispose()
        doors = FrontDoors(tmp_path, DATABASE_URL=url, MODELS_DIR=str(tmp_path / "models"))
        with doors.running():
            # Each dies of it and is started again, without anybody's waiting two minutes for its first sign of life.
            doors.soon(lambda said: said.count("python -m bot prepare") >= 4, within=2 * READY_WITHIN)
            shutil.copytree(read_settings().models, tmp_path / "models", dirs_exist_ok=True)
            doors.soon(doors.is_open, within=READY_WITHIN)
            assert "Traceback" not in doors.log.read_text()
