"""The forms of the pages, and what is read out of them."""

from collections.abc import Iterator

from starlette.exceptions import HTTPException

from bot.errors import MessageRefused
from bot.web.officer.fields import PARTS, rows_of_form
from bot.web.rendering import form_of
from bot.web.staff.door import text_of
from fuzz.asked import request, run

KINDS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain")
PART = b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'


def seeds() -> Iterator[bytes]:
    yield b"\0session=a&text=%D0%94%D0%B5&message_id=m&page_language=uk&service=1&service=2"
    yield b"\1" + PART % (b"csrf", b"", b"0" * 32) + PART % (b"file", b'; filename="a.csv"', b"key,name") + b"--x--\r\n"
    yield b"\0services.0.name=Desk&services.0.service_types=food&times.0.days=MO&times.1.days=TU&places.x.key=1"


def try_one(data: bytes) -> None:
    kind = KINDS[data[0] % len(KINDS)] if data else KINDS[0]
    try:
        form = run(form_of(request(data[1:], kind), data[1:]))
    # Starlette answers 400 by itself for a form that is none.
    except (MessageRefused, HTTPException):
        return
    for name in form:
        text_of(form, name)
    for record in PARTS:
        rows_of_form(record, form, None)
