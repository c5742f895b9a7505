"""Opens the parts that several processes share: the database, the directory in memory, the reader of messages."""

import logging
import threading
import time
from collections.abc import Callable, Container
from pathlib import Path

from sqlalchemy.engine import Engine

from bot.answers.cards import is_free_service
from bot.answers.catalogue import Catalogues
from bot.codes import NEEDS
from bot.database import is_fault_of_database, is_known_schema, newest_schema, open_database, schema_of
from bot.directory.lookup import LookUp
from bot.directory.meaning import MeaningIndex
from bot.directory.records import Directory, directory_version, read_checkers, read_directory
from bot.directory.word_table import WordTables
from bot.errors import SetUpError
from bot.seals import drop_if_damaged, sealed_at, whole
from bot.settings import ROOT, Settings
from bot.understanding.circumstances import CircumstanceFinder, read_phrases
from bot.understanding.embedding import shared_embedder
from bot.understanding.for_a_person import ForAPersonModel
from bot.understanding.gazetteer import Gazetteer
from bot.understanding.language import LanguageModel
from bot.understanding.names import NameFinder, read_introductions
from bot.understanding.reading import Reader
from bot.understanding.urgency import UrgencyModel

log = logging.getLogger(__name__)
LOOK_AGAIN, SAY_AGAIN = 1.0, 60.0
"""Seconds between two looks at a database that is not ready, and between two words of it in the log."""
CIRCUMSTANCES = ROOT / "data" / "circumstances"
INTRODUCTIONS = ROOT / "data" / "introductions"


def gazetteer_folder(settings: Settings) -> Path:
    """Where the table of this area's names is kept."""
    return settings.models / f"gazetteer-{settings.area}"


def meaning_file(settings: Settings) -> Path:
    """Where the vectors of this area's directory are kept."""
    return settings.models / f"meaning-{settings.area}.npz"


class LiveDirectory:
    """The directory in memory, read again when the database holds another version.

    When the database cannot be read, the last version goes on being served. ``tables`` are where it can be asked for words: PostgreSQL.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = threading.Lock()
        self.tables = WordTables(engine) if engine.dialect.name == "postgresql" else None
        self._directory = read_directory(engine)
        self._checkers = read_checkers(engine)

    def checked_by(self, record: str) -> str:
        """Give who checked a service (by id) or a statement (by key); empty where nobody has. For staff alone."""
        return self._checkers.get(record, "")

    def current(self) -> Directory:
        """Give the directory as last read."""
        return self._directory

    def refresh(self) -> bool:
        """Read the directory again if it changed; give whether it did."""
        # One at a time, so that what was read earlier never takes the place of what was read later.
        with self._reading:
            if directory_version(self._engine) in ("", self._directory.digest):
                return False
            self._directory, self._checkers = read_directory(self._engine), read_checkers(self._engine)
            return True


def open_directory(settings: Settings) -> LiveDirectory:
    """Open the directory that ``python -m bot prepare`` has built. Raises SetUpError where it has not."""
    engine = open_database(settings.database_url)
    try:
        return LiveDirectory(engine)
    except Exception as error:
        raise SetUpError("The directory is not there yet: run `make run`, or `python -m bot prepare`.") from error


def wait_until_prepared(settings: Settings, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait until the database answers and ``python -m bot prepare`` has brought it up to this version; the log says what is waited for.

    After the machine's start it may be there later than we are. A database of a newer version is not waited for. ``meanwhile`` is called
    after each look.
    """
    engine, said = open_database(settings.database_url, patience=10.0), float("-inf")
    while missing := _missing_in(engine):
        if time.monotonic() - said >= SAY_AGAIN:
            log.error("%s. The front door opens once it is there.", missing)
            said = time.monotonic()
        meanwhile()
        time.sleep(LOOK_AGAIN)
    engine.dispose()


def _missing_in(engine: Engine) -> str:
    try:
        with engine.connect() as connection:
            schema = schema_of(connection)
        is_newer = bool(schema) and not is_known_schema(schema)
        if (is_newer or schema == newest_schema()) and directory_version(engine):
            return ""
    except Exception as error:
        if not is_fault_of_database(error):
            raise
        return "The database does not answer"
    return "The database has not been prepared for this version (`python -m bot prepare`)"


def places_learnt_at(settings: Settings) -> float:
    """Give when the place names were last learnt and sealed, in seconds of the file system's clock; 0 where they never were."""
    try:
        return sealed_at(settings.models) or gazetteer_folder(settings).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def learn_again(reader: Reader, settings: Settings, directory: Directory) -> None:
    """Let ``reader`` read with the place names that were learnt last. Raises SetUpError where there are none."""
    fresh = open_gazetteer(settings, directory, whole(settings.models))
    reader.names = NameFinder(read_introductions(INTRODUCTIONS), fresh.stop_words, fresh.common_words)
    reader.gazetteer = fresh


def open_gazetteer(settings: Settings, directory: Directory, models: Path) -> Gazetteer:
    """Open the place names in the folder ``models``. Raises SetUpError where `prepare` has not learnt them."""
    try:
        return Gazetteer.load(models / gazetteer_folder(settings).name, directory)
    except OSError as error:
        raise SetUpError("The place names are not there yet: run `make run`, or `python -m bot prepare`.") from error


def open_reader(settings: Settings, directory: Directory | None = None) -> Reader:
    """Open the reader of messages. Raises SetUpError where `prepare` has not built what it needs."""
    directory = directory or open_directory(settings).current()
    models = whole(settings.models)
    try:
        gazetteer = open_gazetteer(settings, directory, models)
        urgency = UrgencyModel.load(models)
        for_a_person = ForAPersonModel.load(models)
        languages = LanguageModel.load(models)
    except OSError as error:
        raise SetUpError("The language models are not there yet: run `make run`, or `python -m bot prepare`.") from error
    circumstances = CircumstanceFinder(read_phrases(CIRCUMSTANCES))
    names = NameFinder(read_introductions(INTRODUCTIONS), gazetteer.stop_words, gazetteer.common_words)
    return Reader(gazetteer, circumstances, names, languages, urgency, for_a_person, shared_embedder())


def open_meaning(settings: Settings, directory: Directory) -> MeaningIndex:
    """Open the search by meaning over ``directory``; texts that are new to it are embedded first."""
    drop_if_damaged(meaning_file(settings))
    return MeaningIndex(directory, shared_embedder(), meaning_file(settings))


def open_look_up(
    directory: Directory, meaning: MeaningIndex, catalogues: Catalogues, tables: WordTables | None, common_words: Container[str]
) -> LookUp:
    """Open the look-up of staff over ``directory`` and its vectors; ``tables`` and ``common_words`` are as ``LookUp`` takes them."""
    labels = {topic: catalogues.say("en", f"topic.{topic}") for topic in NEEDS}
    return LookUp(directory, meaning.vectors, labels, is_free_service, tables, common_words)
