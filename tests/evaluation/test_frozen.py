"""The evaluation set stays as it was written, and nothing in it, or nearly in it, is trained on."""

import hashlib
from collections import defaultdict

from rapidfuzz import process
from rapidfuzz.distance import OSA

from benchmarks.evaluation import SET, texts_of_set
from bot.preparing import URGENCY, training_examples
from bot.understanding.folding import fold
from bot.understanding.urgency import read_examples

FROZEN = SET / "FROZEN.sha256"
LETTERS_A_SLIP = 10
"""A text is nearly another where they differ in one letter in this many."""


def frozen_files() -> dict[str, str]:
    """Give the hash of every file of the set by its name."""
    paths = [*SET.glob("*/*.csv"), *SET.glob("dialogues/*.yml")]
    return {str(path.relative_to(SET)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def test_the_set_is_as_it_was_frozen() -> None:
    written = {name: digest for digest, name in (line.split("  ") for line in FROZEN.read_text().splitlines())}
    assert frozen_files() == written


def test_nothing_of_the_set_is_trained_on() -> None:
    trained = sorted({fold(text) for text in [*(lesson.text for lesson in read_examples(URGENCY)), *(e.text for e in training_examples())]})
    exact = set(trained)
    of_length: dict[int, list[str]] = defaultdict(list)
    for plain in trained:
        of_length[len(plain)].append(plain)
    leaked = []
    for text, name in texts_of_set():
        plain = fold(text)
        slips = len(plain) // LETTERS_A_SLIP
        # Each letter more or less is a slip, so nothing much longer or shorter can be near.
        alike = [one for length in range(len(plain) - slips, len(plain) + slips + 1) for one in of_length[length]]
        if plain in exact or (slips and process.extractOne(plain, alike, scorer=OSA.distance, score_cutoff=slips)):
            # The file is named and not the text: nobody is to tune to it.
            leaked.append(name)
    assert leaked == []
