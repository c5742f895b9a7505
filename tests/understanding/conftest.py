"""The parts that read messages, as the product builds them."""

import pytest

from bot.directory.records import Directory
from bot.opening import gazetteer_folder, open_reader
from bot.preparing import Preparation
from bot.settings import read_settings
from bot.understanding.embedding import Embedder, shared_embedder
from bot.understanding.for_a_person import ForAPersonModel
from bot.understanding.gazetteer import Gazetteer
from bot.understanding.language import LanguageModel
from bot.understanding.reading import Reader
from bot.understanding.urgency import UrgencyModel


@pytest.fixture(scope="session")
def gazetteer(directory: Directory, tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    """The gazetteer of Cambridgeshire, built from ``data/`` into a folder of its own."""
    settings = read_settings({"MODELS_DIR": str(tmp_path_factory.mktemp("models"))})
    preparation = Preparation(settings, print)
    preparation.directory = directory
    preparation.build_gazetteer()
    return Gazetteer.load(gazetteer_folder(settings), directory)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return shared_embedder()


@pytest.fixture(scope="session")
def languages(prepared: None) -> LanguageModel:
    """The language model as the product has it."""
    return LanguageModel.load(read_settings({}).models)


@pytest.fixture(scope="session")
def urgency(prepared: None) -> UrgencyModel:
    """The urgency model as the product has it."""
    return UrgencyModel.load(read_settings({}).models)


@pytest.fixture(scope="session")
def for_a_person(prepared: None) -> ForAPersonModel:
    """The model of what is left to a person, as the product has it."""
    return ForAPersonModel.load(read_settings({}).models)


@pytest.fixture(scope="session")
def reader(
    gazetteer: Gazetteer, languages: LanguageModel, urgency: UrgencyModel, for_a_person: ForAPersonModel, embedder: Embedder
) -> Reader:
    """The reader as the product has it, with a gazetteer built for these tests."""
    product = open_reader(read_settings({}))
    return Reader(gazetteer, product.circumstances, product.names, languages, urgency, for_a_person, embedder)
