"""How somebody wants to be called back, and what of a text is taken for personal."""

from collections.abc import Iterator

from bot.errors import MessageRefused
from bot.handover.callback import read_contact
from bot.handover.reference import read_reference
from bot.understanding.names import NameFinder
from bot.understanding.redaction import redact

NAMES = NameFinder(["my name is {name}", "我叫{name}"], {"is"}, {"need"})


def seeds() -> Iterator[bytes]:
    for text in ("07700 900123", "+380 67 123 45 67", "a@example.com", "ü@exämple.com", "٠٧٧٠٠٩٠٠١٢٣", "tel:+44-20;ext=1", "4829150375"):
        yield text.encode()


def try_one(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    read_reference(text[:40])
    redact(text[:1000], NAMES)
    try:
        kept = read_contact(text[:200])
    except MessageRefused:
        return
    assert "@" in kept or any(c.isdigit() for c in kept)
    assert kept.isprintable()
