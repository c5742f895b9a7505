"""Building what the processes need: the directory database, the gazetteer, the urgency model, Rasa's model.

Each step is skipped when its inputs are the same as when it last ran; ``models/digests.json`` remembers them. Of several
processes that prepare at once, one does the work and the others wait for it.
"""

import contextlib
import csv
import io
import logging
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from bot.codes import URGENT
from bot.database import migrate, open_database
from bot.digests import LANGUAGES, NLU, RECORD, digest_files, gazetteer_digest, read_record, write_record
from bot.directory.pack import is_left_aside, load_pack
from bot.directory.records import read_directory
from bot.errors import SetUpError
from bot.opening import gazetteer_folder, meaning_file
from bot.runner import QUIET, hush_warnings
from bot.seals import LOCK, SPARE, damaged, drop_if_damaged, put_back, seal, sealed_at
from bot.settings import RASA_MODEL, ROOT, Settings
from bot.understanding.for_a_person import Example as ForAPersonExample
from bot.understanding.for_a_person import ordinary
from bot.understanding.for_a_person import read_examples as read_for_a_person
from bot.understanding.for_a_person import train as train_for_a_person
from bot.understanding.urgency import HARMLESS, UNCLEAR, Lesson, read_examples, read_sheet, train, worth_a_vector

URGENCY = ROOT / "data" / "urgency"
FOR_A_PERSON = ROOT / "data" / "for_a_person"
EMBEDDING_CODE = ROOT / "bot/understanding/embedding.py"
LANGUAGE_CODE = tuple(ROOT / f"bot/understanding/{name}.py" for name in ("language", "letters"))
URGENCY_CODE = tuple(ROOT / f"bot/understanding/{name}.py" for name in ("urgency", "topic", "letters", "sounds", "folding"))
FOR_A_PERSON_CODE = (*URGENCY_CODE, ROOT / "bot/understanding/for_a_person.py")
COMPONENTS = (
    *(ROOT / f"bot/nlu/{name}.py" for name in ("front_reading", "sentence_embedder", "topic_classifier")),
    *(ROOT / f"bot/understanding/{name}.py" for name in ("topic", "clauses", "folding", "letters", "sounds")),
)
FIRST_HAND = "first"
NEIGHBOUR_WORDS = 3000
NEEDED_SPACE = 500 * 1024 * 1024
COMMON_FROM = 3
"""A word that the training examples use this often is never taken for a misspelt place."""
ORDINARY_WORDS = 30_000
"""Nor is one of this many commonest words of a language."""
COUNTED_LANGUAGES = ("en", "uk", "ru", "ar", "fa", "ro", "lt", "pl")
"""Languages of ours whose words wordfreq has counted (Chinese names are told by letters, the rest is counted nowhere)."""
SMALL_WORDS = 100
"""One of this many commonest words is never taken for a person's name."""


@dataclass(frozen=True)
class Example:
    """One sentence to learn from.

    ``hand`` names who wrote it, each independently of the others; ``urgent`` is what need in it cannot wait: a kind of
    ``bot.codes.URGENT``, or HARMLESS or UNCLEAR of ``bot.understanding.urgency``.
    """

    text: str
    intent: str
    language: str
    hand: str = FIRST_HAND
    urgent: str = HARMLESS


def training_examples() -> list[Example]:
    """Read every example of ``data/nlu``; a file's name is the code of its language. Raises SetUpError naming the file and the mark."""
    from ruamel.yaml import YAML

    found = []
    for path in sorted(NLU.glob("*.yml")):
        for block in YAML(typ="safe").load(path).get("nlu") or []:
            lines = (line[2:].strip() for line in block["examples"].split("\n") if line.startswith("- "))
            more = block.get("metadata", {})
            marks = more.get("hand", FIRST_HAND), more.get("urgent", HARMLESS)
            if marks[1] not in (*URGENT, HARMLESS, UNCLEAR):
                raise SetUpError(f"{path.name}, intent {block['intent']}: {marks[1]!r} is no urgent kind, nor {HARMLESS} or {UNCLEAR}.")
            found += [Example(text, block["intent"], path.stem, *marks) for text in lines]
    return found


def commonest(words: Mapping[str, float]) -> list[tuple[str, float]]:
    """Give the commonest words of a language with how common they are."""
    return sorted(words.items(), key=lambda pair: -pair[1])[:NEIGHBOUR_WORDS]


class Preparation:
    """One run of the steps; ``say`` shows progress."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say

    def run(self) -> None:
        """Do all steps that are due, alone. Raises SetUpError or PackError with what to do."""
        self.settings.models.mkdir(parents=True, exist_ok=True)
        self.settings.var.mkdir(parents=True, exist_ok=True)
        self.check_space()
        with self.sealed():
            engine = open_database(self.settings.database_url)
            migrate(engine)
            started = time.monotonic()
            if load_pack(engine, self.settings.area):
                self.say(f"The directory of {self.settings.area} is loaded ({time.monotonic() - started:.0f} s).")
            elif is_left_aside(engine, self.settings.area):
                self.say("The sheets in data/ are newer than this directory, which officers have changed: they are left aside.")
                self.say("What to do with them: docs/officers.md.")
            self.directory = read_directory(engine)
            self.step(gazetteer_folder(self.settings).name, gazetteer_digest(self.directory), "place names", self.build_gazetteer)
            # Which examples are chosen for what is decided here.
            examples = [*URGENCY.glob("*.csv"), *NLU.glob("*.yml"), Path(__file__)]
            left = [*examples, *FOR_A_PERSON.glob("*.csv"), EMBEDDING_CODE, *FOR_A_PERSON_CODE]
            self.step("vectors", digest_files(left), "what examples mean", self.embed)
            self.step("language", digest_files([*examples, *LANGUAGE_CODE]), "languages", self.train_language)
            self.step("urgency", digest_files([*examples, EMBEDDING_CODE, *URGENCY_CODE]), "urgent needs", self.train_urgency)
            self.step("for_a_person", digest_files(left), "what to leave to a person", self.train_for_a_person)
            self.step(
                meaning_file(self.settings).stem,
                digest_files([EMBEDDING_CODE], self.directory.digest),
                "what services are about",
                self.embed_directory,
            )
            self.step("rasa", self.rasa_digest(), "the assistant (some minutes)", self.train_rasa)

    @contextlib.contextmanager
    def sealed(self) -> Iterator[None]:
        """Be alone with the models: what was damaged, or half learnt by whoever was stopped, is put back first."""
        from bot.understanding.embedding import VECTORS

        models = self.settings.models
        with self.alone():
            for name in put_back(models):
                self.say(f"{name} was damaged: its copy is back in its place.")
            if damaged(models, models):
                # The copies are damaged, too: all is learnt anew.
                (models / RECORD).unlink(missing_ok=True)
            drop_if_damaged(models / VECTORS)
            yield
            if not sealed_at(models) or damaged(models / SPARE, models):
                seal(models)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for whoever else prepares the same models; the lock goes with its process, however that ends."""
        lock = FileLock(self.settings.models / LOCK)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            self.say("Another process is preparing; this one waits for it …")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def check_space(self) -> None:
        """Raise SetUpError where the disk is nearly full."""
        disk = os.statvfs(self.settings.models)
        if disk.f_bavail * disk.f_frsize < NEEDED_SPACE:
            raise SetUpError(f"The disk that holds {self.settings.models} is nearly full: free 500 MB and start again.")

    def step(self, name: str, digest: str, what: str, work: Callable[[], None]) -> None:
        """Do ``work`` unless it was done with the same ``digest``."""
        done = read_record(self.settings.models)
        if done.get(name) == digest:
            return
        self.say(f"Learning {what} …")
        started = time.monotonic()
        work()
        write_record(self.settings.models, {**done, name: digest})
        # At once: what is learnt and not sealed looks damaged, should this be stopped before its end.
        seal(self.settings.models)
        self.say(f"Learning {what}: done in {time.monotonic() - started:.0f} s.")

    def learn_places(self) -> None:
        """Learn the place names of the directory as it is now, where they have changed, and nothing else."""
        with self.sealed():
            self.directory = read_directory(open_database(self.settings.database_url))
            self.step(gazetteer_folder(self.settings).name, gazetteer_digest(self.directory), "place names", self.build_gazetteer)

    def build_gazetteer(self) -> None:
        from wordfreq import top_n_list

        from bot.understanding.folding import fold
        from bot.understanding.gazetteer import build

        with LANGUAGES.open(encoding="utf-8", newline="") as file:
            languages = {row["code"]: row["spellings"].split(";") for row in csv.DictReader(file)}
        counts = Counter(word.strip(".,?!;:'\"()") for example in training_examples() for word in fold(example.text).split())
        common = {word for word, n in counts.items() if n >= COMMON_FROM}
        stops: set[str] = set()
        for code in COUNTED_LANGUAGES:
            ordinary = [fold(word) for word in top_n_list(code, ORDINARY_WORDS)]
            common |= set(ordinary)
            stops |= set(ordinary[:SMALL_WORDS])
        build(self.directory, languages, common, stops, gazetteer_folder(self.settings))

    def with_vectors(self) -> list[Example]:
        """Give the topics' examples that are given vectors."""
        from bot.understanding.topic import EACH, sample

        examples = training_examples()
        return [examples[at] for at in sample([e.text for e in examples], [e.intent for e in examples], EACH)]

    def embed(self) -> None:
        from bot.understanding.embedding import VECTORS, embed_all, shared_embedder

        lessons, places = self.urgency_lessons()
        texts = [lessons[at].text for at in places] + [example.text for example in self.with_vectors()]
        texts += [example.text for example in read_for_a_person(FOR_A_PERSON)]
        embed_all(list(dict.fromkeys(texts)), shared_embedder(), self.settings.models / VECTORS, forget_others=True)

    def train_language(self) -> None:
        from wordfreq import get_frequency_dict

        from bot.understanding.language import NEIGHBOURS, LanguageModel

        texts: dict[str, list[str]] = defaultdict(list)
        for example in training_examples():
            texts[example.language].append(example.text)
        for path in sorted(URGENCY.glob("*.csv")):
            if path.stem in texts:
                texts[path.stem] += [lesson.text for lesson in read_sheet(path)]
        neighbours = {code: commonest(get_frequency_dict(code)) for codes in NEIGHBOURS.values() for code in codes}
        LanguageModel.train(texts, neighbours).save(self.settings.models)

    def urgency_lessons(self) -> tuple[list[Lesson], list[int]]:
        """Give what the urgency model learns, its own sheets and every topic's examples, and the places of those given vectors."""
        own = read_examples(URGENCY)
        others = [example for example in training_examples() if example.urgent != UNCLEAR]
        known = {example.text for example in self.with_vectors()}
        places = [*worth_a_vector(own), *(len(own) + at for at, example in enumerate(others) if example.text in known)]
        return [*own, *(Lesson(example.text, example.urgent, example.intent) for example in others)], places

    def train_urgency(self) -> None:
        from bot.understanding.embedding import VECTORS, embed_all, shared_embedder

        lessons, places = self.urgency_lessons()
        vectors = embed_all([lessons[at].text for at in places], shared_embedder(), self.settings.models / VECTORS)
        train(lessons, places, vectors).save(self.settings.models)

    def for_a_person_lessons(self) -> tuple[list[ForAPersonExample], list[Lesson]]:
        """Give what tells messages for a person: the sheets' examples, and the ordinary ones that have a vector already."""
        own = read_for_a_person(FOR_A_PERSON)
        lessons, places = self.urgency_lessons()
        return own, ordinary([lessons[at] for at in places if lessons[at].kind == HARMLESS], own)

    def train_for_a_person(self) -> None:
        from bot.understanding.embedding import VECTORS, embed_all, shared_embedder

        own, others = self.for_a_person_lessons()
        texts = [*(example.text for example in own), *(lesson.text for lesson in others)]
        vectors = embed_all(texts, shared_embedder(), self.settings.models / VECTORS)
        train_for_a_person(own, others, vectors).save(self.settings.models)

    def embed_directory(self) -> None:
        from bot.opening import open_meaning

        open_meaning(self.settings, self.directory)

    def rasa_digest(self) -> str:
        files = [*NLU.glob("*.yml"), ROOT / "config.yml", ROOT / "domain.yml", *COMPONENTS, EMBEDDING_CODE]
        return digest_files(files)

    def train_rasa(self) -> None:
        os.environ.update(QUIET)
        hush_warnings()
        logging.disable(logging.INFO)
        from rasa.model_training import train

        os.chdir(ROOT)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            result = train(
                domain="domain.yml",
                config="config.yml",
                training_files=str(NLU),
                output=str(self.settings.models),
                fixed_model_name=RASA_MODEL,
                force_training=True,
            )
        if result.code or not result.model:
            raise SetUpError("Training failed: run `.venv/bin/rasa train --data data/nlu` to see why.")
