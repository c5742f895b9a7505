"""Building what the processes need: the directory database, the gazetteer, the urgency model, Rasa's model.

Each step is skipped when its inputs are the same as when it last ran; ``models/digests.json`` remembers them.
"""

import contextlib
import csv
import hashlib
import io
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.directory.records import read_directory
from bot.errors import SetUpError
from bot.opening import gazetteer_folder
from bot.runner import QUIET, hush_warnings
from bot.settings import RASA_MODEL, ROOT, Settings

NLU = ROOT / "data" / "nlu"
URGENCY = ROOT / "data" / "urgency"
LANGUAGES = ROOT / "data" / "languages.csv"
EMBEDDING_CODE = ROOT / "bot/understanding/embedding.py"
URGENCY_CODE = ROOT / "bot/understanding/urgency.py"
COMPONENTS = (ROOT / "bot/nlu/front_reading.py", ROOT / "bot/nlu/sentence_embedder.py")
REMEMBERED_IN_TRAINING = 100_000
NEEDED_SPACE = 500 * 1024 * 1024
COMMON_FROM = 3
"""A word that the training examples use this often is never taken for a misspelt place."""
ORDINARY_WORDS = 30_000
"""Nor is one of this many commonest words of a language."""
MAY_BE_URGENT = frozenset({"emergency", "domestic_abuse", "hate_crime", "modern_slavery", "housing"})
"""Topics whose examples are not counted as harmless when the urgency model is trained."""


def digest_files(paths: Iterable[Path], *more: str) -> str:
    """Give a hash of the names and contents of files, and of further strings."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def training_examples() -> list[tuple[str, str]]:
    """Read every (text, intent) of ``data/nlu``."""
    from ruamel.yaml import YAML

    found = []
    for path in sorted(NLU.glob("*.yml")):
        for block in YAML(typ="safe").load(path).get("nlu") or []:
            found += [(line[2:].strip(), block["intent"]) for line in block["examples"].split("\n") if line.startswith("- ")]
    return found


class Preparation:
    """One run of the steps; ``say`` shows progress."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say
        self.record = settings.models / "digests.json"

    def run(self) -> None:
        """Do all steps that are due. Raises SetUpError or PackError with what to do."""
        self.settings.models.mkdir(parents=True, exist_ok=True)
        self.settings.var.mkdir(parents=True, exist_ok=True)
        self.check_space()
        engine = open_database(self.settings.database_url)
        migrate(engine)
        started = time.monotonic()
        if load_pack(engine, self.settings.area):
            self.say(f"The directory of {self.settings.area} is loaded ({time.monotonic() - started:.0f} s).")
        self.directory = read_directory(engine)
        self.step(gazetteer_folder(self.settings).name, self.gazetteer_digest(), "place names", self.build_gazetteer)
        self.step(
            "urgency",
            digest_files([*URGENCY.glob("*.csv"), *NLU.glob("*.yml"), EMBEDDING_CODE, URGENCY_CODE]),
            "urgent needs",
            self.train_urgency,
        )
        self.step("rasa", self.rasa_digest(), "the assistant (about half a minute)", self.train_rasa)

    def check_space(self) -> None:
        """Raise SetUpError where the disk is nearly full."""
        disk = os.statvfs(self.settings.models)
        if disk.f_bavail * disk.f_frsize < NEEDED_SPACE:
            raise SetUpError(f"The disk that holds {self.settings.models} is nearly full: free 500 MB and start again.")

    def step(self, name: str, digest: str, what: str, work: Callable[[], None]) -> None:
        """Do ``work`` unless it was done with the same ``digest``."""
        done = json.loads(self.record.read_text()) if self.record.exists() else {}
        if done.get(name) == digest:
            return
        self.say(f"Learning {what} …")
        started = time.monotonic()
        work()
        done[name] = digest
        self.record.write_text(json.dumps(done, indent=1, sort_keys=True))
        self.say(f"Learning {what}: done in {time.monotonic() - started:.0f} s.")

    def gazetteer_digest(self) -> str:
        return digest_files([LANGUAGES, *NLU.glob("*.yml"), ROOT / "bot/understanding/gazetteer.py"], self.directory.digest)

    def build_gazetteer(self) -> None:
        from wordfreq import top_n_list

        from bot.understanding.gazetteer import build, fold

        with LANGUAGES.open(encoding="utf-8", newline="") as file:
            languages = {row["code"]: row["spellings"].split(";") for row in csv.DictReader(file)}
        counts = Counter(word.strip(".,?!;:'\"()") for text, _ in training_examples() for word in fold(text).split())
        common = {word for word, n in counts.items() if n >= COMMON_FROM}
        for code in ("en", "uk", "ar", "fa"):
            common |= {fold(word) for word in top_n_list(code, ORDINARY_WORDS)}
        build(self.directory, languages, common, gazetteer_folder(self.settings))

    def train_urgency(self) -> None:
        from bot.understanding.embedding import shared_embedder
        from bot.understanding.urgency import read_examples, train

        # Rasa is trained on the same texts next, in this process.
        shared_embedder().remembers = REMEMBERED_IN_TRAINING
        examples = training_examples()
        urgent = [*read_examples(URGENCY), *((text, intent) for text, intent in examples if intent == "emergency")]
        harmless = [text for text, intent in examples if intent not in MAY_BE_URGENT]
        train(urgent, harmless, shared_embedder()).save(self.settings.models)

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
