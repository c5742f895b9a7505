"""The words and the composer of Cambridgeshire, for tests of what is said."""

import pytest

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer
from bot.answers.urgent import OfficeHours
from bot.directory.records import Directory
from tests.builders import Talk, the_catalogues


@pytest.fixture(scope="session")
def catalogues() -> Catalogues:
    return the_catalogues()


@pytest.fixture(scope="session")
def composer(directory: Directory, catalogues: Catalogues) -> Composer:
    return Composer(directory, catalogues, OfficeHours("09:00", "17:00"))


@pytest.fixture
def talk(composer: Composer) -> Talk:
    """A conversation in English on a Monday at eleven."""
    return Talk(composer)
