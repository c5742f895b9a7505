"""What was built from what: a hash of the inputs of each step of ``bot.preparing`` is kept beside the models."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from bot.directory.records import Directory
from bot.opening import gazetteer_folder
from bot.settings import ROOT, Settings
from bot.understanding.gazetteer import built_from

NLU = ROOT / "data" / "nlu"
LANGUAGES = ROOT / "data" / "languages.csv"
RECORD = "digests.json"
"""The file among the models that says what each step was last done with."""


def digest_files(paths: Iterable[Path], *more: str) -> str:
    """Give a hash of the names and contents of files, and of further strings."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def gazetteer_digest(directory: Directory) -> str:
    """Give a hash of all that the place names are learnt from."""
    return digest_files([LANGUAGES, *NLU.glob("*.yml"), ROOT / "bot/understanding/gazetteer.py"], built_from(directory))


def read_record(models: Path) -> dict[str, str]:
    """Give the digest that each step was last done with; none where the record is missing or cannot be read."""
    try:
        done = json.loads((models / RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return done if isinstance(done, dict) else {}


def write_record(models: Path, done: dict[str, str]) -> None:
    """Keep what each step was last done with; whoever reads meanwhile finds the former record."""
    draft = models / f".{RECORD}"
    draft.write_text(json.dumps(done, indent=1, sort_keys=True))
    draft.replace(models / RECORD)


def places_are_learnt(settings: Settings, directory: Directory) -> bool:
    """Tell whether the place names that messages are read with are those of ``directory``."""
    return read_record(settings.models).get(gazetteer_folder(settings).name) == gazetteer_digest(directory)
