"""The real thing: the three processes with a really trained model."""

from collections.abc import Iterator

import pytest

from tests.stack.running_stack import Stack


@pytest.fixture(scope="session")
def stack(prepared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product, running; shared by all tests that do not break it."""
    running = Stack(tmp_path_factory.mktemp("stack"))
    running.start()
    yield running
    assert running.stop() == 0
