"""The bodies of the chat API."""

from collections.abc import Iterator

from bot.errors import MessageRefused
from bot.web.api import decode
from bot.web.schema import CallbackRequest, ChatRequest, FeedbackRequest, ReferenceRequest
from fuzz.asked import request, run

SHAPES = (ChatRequest, FeedbackRequest, CallbackRequest, ReferenceRequest)


def seeds() -> Iterator[bytes]:
    yield b'\0{"session": null, "text": "food in Ely", "choice": null, "language": "uk", "message_id": "m1"}'
    yield b'\1{"helped": true, "about": null, "comment": "thanks"}'
    yield b'\2{"contact": "07700 900123", "wanted": true}'
    yield b'\3{"reference": "4829 1503 75"}'
    yield b'\0{"text": "\\ud83d\\ude42 \\u0000"}'


def try_one(data: bytes) -> None:
    shape = SHAPES[data[0] % len(SHAPES)] if data else ChatRequest
    try:
        found = run(decode(request(data[1:], "application/json"), shape))
    except MessageRefused:
        return
    for value in (getattr(found, name) for name in found.__struct_fields__):
        if isinstance(value, str):
            value.encode()
