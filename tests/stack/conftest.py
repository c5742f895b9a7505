"""The real thing: the three processes with a really trained model."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.stack.at_the_desk import DESK_OPEN, add_staff
from tests.stack.running_stack import Stack
from tests.stack.visiting import Visit, chromium


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
