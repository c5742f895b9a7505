"""Building what the processes need: the directory database, the gazetteer, the urgency model, Rasa's model.

Each step is skipped when its inputs are the same as when it last ran; ``models/digests.json`` remembers them.
"""

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from bot.database import migrate, open_database
from bot.directory.pack import load_pack
from bot.directory.records import read_directory
from bot.errors import SetUpError
from bot.opening import gazetteer_folder
from bot.settings import ROOT, Settings

NLU = ROOT / "data" / "nlu"
URGENCY = ROOT / "data" / "urgency"
LANGUAGES = ROOT / "data" / "languages.csv"
RASA_MODEL = "welcome-desk"
NEEDED_SPACE = 500 * 1024 * 1024
COMMON_FROM = 3
"""A word that the training examples use this often is never taken for a misspelt place."""
MAY_BE_URGENT = frozenset({"emergency", "domestic_abuse", "hate_crime", "modern_slavery", "housing"})
"""Topics whose examples are not counted as harmless when the urgency model is trained."""

QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}
"""The environment of every process that imports Rasa: no telemetry, no chatter, one thread for embedding."""


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
            digest_files([*URGENCY.glob("*.csv"), *NLU.glob("*.yml"), *self.code("understanding")]),
            "urgent needs",
            self.train_urgency,
        )
        self.step("rasa", self.rasa_digest(), "the assistant (about half a minute)", self.train_rasa)

    def check_space(self) -> None:
        """Raise SetUpError where the disk is nearly full."""
        disk = os.statvfs(self.settings.models)
        if disk.f_bavail * disk.f_frsize < NEEDED_SPACE:
            raise SetUpError(f"The disk that holds {self.settings.models} is nearly full: free 500 MB and start again.")

    def code(self, package: str) -> list[Path]:
        return list((ROOT / "bot" / package).glob("*.py"))

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
        from bot.understanding.gazetteer import build, fold

        with LANGUAGES.open(encoding="utf-8", newline="") as file:
            languages = {row["code"]: row["spellings"].split(";") for row in csv.DictReader(file)}
        counts = Counter(word.strip(".,?!;:'\"()") for text, _ in training_examples() for word in fold(text).split())
        build(self.directory, languages, {word for word, n in counts.items() if n >= COMMON_FROM}, gazetteer_folder(self.settings))

    def train_urgency(self) -> None:
        from bot.understanding.embedding import shared_embedder
        from bot.understanding.urgency import read_examples, train

        examples = training_examples()
        urgent = [*read_examples(URGENCY), *((text, intent) for text, intent in examples if intent == "emergency")]
        harmless = [text for text, intent in examples if intent not in MAY_BE_URGENT]
        train(urgent, harmless, shared_embedder()).save(self.settings.models)

    def rasa_digest(self) -> str:
        files = [*NLU.glob("*.yml"), ROOT / "config.yml", ROOT / "domain.yml", *self.code("nlu"), ROOT / "bot/understanding/embedding.py"]
        return digest_files(files)

    def train_rasa(self) -> None:
        command = [sys.executable, "-m", "rasa", "train", "--data", str(NLU), "--out", str(self.settings.models)]
        command += ["--fixed-model-name", RASA_MODEL, "--force", "--quiet"]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False)
        if done.returncode or not (self.settings.models / f"{RASA_MODEL}.tar.gz").exists():
            raise SetUpError("Training failed:\n" + (done.stderr or done.stdout)[-3000:])
