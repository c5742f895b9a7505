"""The real thing: the three processes with a really trained model."""

from collections.abc import Generator, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.handover.models import Handover
from bot.handover.states import OPEN
from tests.stack.at_the_desk import DESK_OPEN, StaffClient, add_staff
from tests.stack.running_stack import Stack
from tests.stack.visiting import Visit, chromium

# A page waits for a process that shares two cores with another test's.
expect.set_options(timeout=20_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a test that failed what its pages showed and what its products wrote down last."""
    report = yield
    if report.when == "call" and report.failed:
        for given in getattr(item, "funcargs", {}).values():
            if isinstance(given, Browser):
                for page in (page for context in given.contexts for page in context.pages):
                    with suppress(Error):
                        report.sections.append((f"page {page.url}", page.inner_text("body", timeout=2000)[:1500]))
            elif isinstance(given, Stack) and given.log.exists():
                report.sections.append((f"log {given.log}", given.log.read_text(errors="replace")[-3000:]))
    return report


@pytest.fixture(scope="session")
def stack(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product, running; shared by all tests that do not break it."""
    running = Stack(tmp_path_factory.mktemp("stack"))
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def desk_stack(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product with a desk that is always open, where Anna and Ben work, and Olga, an officer."""
    running = Stack(tmp_path_factory.mktemp("desk"), dict(DESK_OPEN))
    for username, role in (("anna", "staff"), ("ben", "staff"), ("olga", "officer")):
        add_staff(running, username, role)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def an_empty_desk(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test leaves at the shared desk: what its holder only leaves comes back to the queue minutes later, in another test."""
    desk: Stack | None = request.getfixturevalue("desk_stack") if "desk_stack" in request.fixturenames else None
    yield
    if desk is None:
        return
    for username in ("anna", "ben"):
        left = chats_left(desk)
        if left:
            staff = StaffClient(desk, username)
            for chat in left:
                staff.act(chat, "claim")
                staff.act(chat, "close", outcome="other")
            staff.post("/staff/sign-out")
    assert not chats_left(desk)


def chats_left(desk: Stack) -> list[int]:
    """Give the numbers of the chats that wait at a desk or are with somebody."""
    engine = desk.database()
    with Session(engine) as session:
        left = session.execute(select(Handover.id).where(Handover.state.in_(OPEN))).scalars().all()
    engine.dispose()
    return list(left)


@pytest.fixture
def anna(desk_stack: Stack) -> Iterator[StaffClient]:
    """A member of staff who is there as long as the test goes."""
    signed_in = StaffClient(desk_stack, "anna")
    signed_in.beat()
    yield signed_in
    signed_in.post("/staff/sign-out")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def visit(request: pytest.FixtureRequest, browser: Browser, stack: Stack) -> Iterator[Visit]:
    """A visitor with scripts, and one without."""
    opened = Visit(browser, stack, request.param)
    yield opened
    opened.close()


@pytest.fixture
def scripted(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """A visitor with scripts, for what only they can do."""
    opened = Visit(browser, stack)
    yield opened
    opened.close()


@pytest.fixture
def plain(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """A visitor without scripts, for what stands in for them."""
    opened = Visit(browser, stack, scripts=False)
    yield opened
    opened.close()
