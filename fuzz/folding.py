"""Folding and cleaning: what is compared and kept of every text."""

from collections.abc import Iterator

from bot.understanding.cleaning import clean, has_words
from bot.understanding.folding import fold


def seeds() -> Iterator[bytes]:
    for text in ("Кембридж", "كامبريدج", "劍橋", "Ely\u200b\u202e", "e\u0301", "ﷺ", "\u0345" * 20, "ǅ"):
        yield text.encode()


def try_one(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass") if data.isascii() else data.decode("utf-8", "replace")
    plain = clean(text)
    assert clean(plain) == plain
    plain.encode()
    has_words(plain)
    assert len(fold(plain)) <= 40 * len(plain) + 40
