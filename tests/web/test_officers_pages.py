"""Officers' pages over a real directory: what they say after a change, and files on their way in."""

import asyncio
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.answers.catalogue import Catalogues
from bot.answers.wording import Wordings
from bot.database import migrate, open_database
from bot.directory.changes import Changes
from bot.directory.files import write_csv
from bot.directory.importing import Choices, Importer
from bot.directory.ledger import Officer
from bot.directory.listing import Listing
from bot.directory.uploads import Uploads
from bot.errors import FeedError
from bot.jobs import Jobs
from bot.switches.off_switches import OffSwitches
from bot.web.live import Live
from bot.web.officer import files, history, places, records
from bot.web.officer.office import Learning, Office
from bot.web.staff.door import COOKIE
from tests.builders import PASSWORD, Clock, Pack, a_desk
from tests.waiting import soon


class Pages:
    """A browser of an officer who is signed in, over an application that has these pages only."""

    def __init__(self, client: TestClient, office: Office, settings: SimpleNamespace) -> None:
        self.client, self.office, self.settings = client, office, settings

    def get(self, address: str, **headers: str) -> str:
        answer = self.client.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def post(self, address: str, file: tuple[str, bytes] | None = None, **fields: str) -> Any:
        (csrf,) = set(re.findall(r'name="csrf" value="([^"]+)"', self.get("/officer/files")))
        sent = {"file": file} if file else None
        return self.client.post(address, data={"csrf": csrf, **fields}, files=sent, follow_redirects=False)

    def upload(self, name: str, content: bytes) -> str:
        """Upload a file; give the address of its page once it is checked."""
        answer = self.post("/officer/files", (name, content))
        assert answer.status_code == 303, answer.text
        return self.ready(str(answer.headers["location"]))

    def ready(self, address: str) -> str:
        """Wait until the work on an upload is done; give its address."""
        number = address.rpartition("/")[2]
        for _ in range(200):
            staged = self.office.uploads.staged(number)
            if staged and staged.state not in files.WORKING:
                return address
            time.sleep(0.05)
        raise AssertionError("the upload is worked on for ever")


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    engine = open_database(f"sqlite:///{tmp_path / 'pages.db'}")
    migrate(engine)
    Pack(tmp_path / "packs").service(phone="01223 555123").service(key="tea_room", name="Tea Room").load(engine)
    desk, clock, behind = a_desk(engine, tmp_path), Clock(), set()
    desk.accounts.add("olga", "Olga", "officer", PASSWORD)
    wordings = Wordings(engine, clock)
    settings = SimpleNamespace(feed_allow=("https://feed.example",), public_url="")

    def in_the_background(work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        behind.add(task)
        task.add_done_callback(behind.discard)

    async def refresh() -> bool:
        return False

    app = Starlette(routes=[*files.routes, *history.routes, *records.routes, *places.routes])
    app.state.office = Office(Changes(engine), Listing(engine), Uploads(engine), Learning(Jobs(engine)), wordings, lambda kind: None)
    app.state.live = Live()
    app.state.health = SimpleNamespace(faults=list)
    app.state.pipeline = SimpleNamespace(
        desk=desk,
        catalogues=Catalogues(wordings=wordings),
        settings=settings,
        in_the_background=in_the_background,
        refresh=refresh,
        refresh_directory=refresh,
        live=SimpleNamespace(current=lambda: None),
        off_switches=OffSwitches(engine),
    )
    with TestClient(app) as client:
        client.cookies.set(COOKIE, desk.accounts.sign_in("olga", PASSWORD, "127.0.0.1"))
        yield Pages(client, app.state.office, settings)
    engine.dispose()


@pytest.mark.parametrize("address", ["/officer/history", "/officer/records?kind=service"])
def test_after_an_undo_or_an_end_it_is_said_what_became_of_it(pages: Pages, address: str) -> None:
    joined = "&" if "?" in address else "?"
    assert 'href="/officer/history/7"' in pages.get(f"{address}{joined}saved=7")
    assert "so nothing was saved" in pages.get(f"{address}{joined}saved=0")
    assert '<p class="notice"' not in pages.get(address)
    assert 'class="notice" role="status"' in pages.get(f"{address}{joined}proposed=3")
    assert '<p class="notice"' not in pages.get(f"{address}{joined}saved=%22%3E")


A_SHEET = write_csv(
    "services.csv",
    [
        {
            "key": key,
            "name": key.title(),
            "organisation": "trust",
            "description": "Help.",
            "status": "active",
            "service_types": "housing",
            "area": "Woldshire",
            "source": "x",
            "public": "yes",
        }
        for key in ("crown", "mill")
    ],
)


def test_an_import_that_breaks_off_is_told_on_its_page(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_given: object) -> None:
        raise ConnectionError("the cable was pulled")

    address = pages.upload("new.csv", A_SHEET)
    monkeypatch.setattr(Importer, "apply", cut)
    pages.post(address, do="import")
    # On a busy machine the page may come before the import has begun.
    assert soon(lambda: 'role="alert">The import broke off.' in pages.get(pages.ready(address)))
    said = pages.get(address)
    assert "ConnectionError" in said
    assert "cable" not in said


def test_what_was_chosen_after_the_check_is_checked_first_and_not_imported(pages: Pages) -> None:
    address = pages.upload("new.csv", A_SHEET)
    pages.post(address, do="import", end_missing="1")
    # On a busy machine the page may come before the work has begun.
    assert soon(lambda: "so nothing was imported" in pages.get(pages.ready(address)))
    said = pages.get(address)
    assert 'name="end_missing" value="1" checked' in said
    assert {one.key for one in pages.office.listing.find("service")} == {"advice_desk", "tea_room"}
    pages.post(address, do="import", end_missing="1")
    assert soon(lambda: "so nothing was imported" not in pages.get(pages.ready(address)))
    assert {one.key for one in pages.office.listing.find("service")} == {"crown", "mill"}


def test_the_preview_shows_what_would_differ_in_each_record(pages: Pages) -> None:
    said = pages.get(pages.upload("new.csv", A_SHEET.replace(b"crown", b"tea_room").replace(b"Crown", b"Tea Palace")))
    assert "<del>Tea Room</del></td><td><ins>Tea Palace</ins>" in said
    assert said.count("<details>") == 3


def test_a_feed_is_read_while_nobody_waits_and_what_is_wrong_is_told_on_its_page(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    may_answer = threading.Event()

    def slow(address: str, allowed: object, progress: object) -> list[object]:
        assert may_answer.wait(20)
        raise FeedError(f"{address} answers 500: try later.")

    monkeypatch.setattr(files, "fetch_feed", slow)
    answer = pages.post("/officer/files", feed="https://feed.example/oruk")
    assert answer.status_code == 303
    address = str(answer.headers["location"])
    assert "being checked" in pages.get(address)
    may_answer.set()
    assert 'role="alert">https://feed.example/oruk answers 500' in pages.get(pages.ready(address))


@pytest.mark.parametrize("address", ["/officer/files/", "/officer/places"])
def test_a_page_of_work_is_not_loaded_anew_under_somebody_who_reads_it(pages: Pages, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "places_are_learnt", lambda settings, directory: False)
    if address == "/officer/places":
        assert pages.office.learning.begin()
    else:
        address += pages.office.uploads.add("new.csv", A_SHEET, Officer(1, "Olga"))
    said = pages.get(address)
    refreshing = re.findall(r"<meta http-equiv=.refresh. content=.([^\"]+).>", said)
    assert refreshing == [f"30; url={address}?auto=1"]
    assert "<noscript><meta" in said
    assert "data-working" in said
    assert f'<a href="{address}">Look again</a>' in said
    assert "working.js" in said
    pages.office.learning.ended(failed=False)
    if address != "/officer/places":
        pages.office.uploads.check(address.rpartition("/")[2], Choices())
    done = pages.get(address)
    assert "data-working" not in done
    assert "working.js" not in done
    assert 'id="work"' in done
    assert 'role="status"' in done
