"""A visitor's message, from its bytes to what it means: cleaning, places, redaction, pycld2, the embedding engine's C code, urgency."""

from collections.abc import Iterator

import numpy as np

from bot.opening import open_reader
from bot.settings import ROOT, read_settings
from bot.understanding.cleaning import LONGEST

READER = open_reader(read_settings({}))
READER.read("What is loaded with the first message is loaded now.")
LANGUAGES = (None, "en", "uk", "fa", "zh-Hant")


def seeds() -> Iterator[bytes]:
    """Give urgent and everyday sentences of every language, and what once broke the engine."""
    for path in sorted((ROOT / "data" / "urgency").glob("*.csv")):
        for line in path.read_text(encoding="utf-8").splitlines()[1:8]:
            yield b"\0" + line.encode()
    for text in ("ﷺ" * 300, "My number is 07700 900123, AB123456C, CB1 2AB", "a@b.example GB29NWBK60161331926819", "🙂" * 100):
        yield b"\1" + text.encode()


def try_one(data: bytes) -> None:
    text = data[1:].decode("utf-8", "replace")[:LONGEST]
    pinned = LANGUAGES[data[0] % len(LANGUAGES)] if data else None
    reading = READER.read(text, pinned)
    assert np.isfinite(reading.vector).all()
    assert abs(float(np.linalg.norm(reading.vector)) - 1) < 0.01
    assert READER.redact(reading.text).text == reading.text, "what is kept still holds something personal"
    assert len(reading.text) <= 6 * LONGEST
