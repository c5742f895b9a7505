"""What staff's page of a chat is made of while its visitor goes on writing."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import Response

from bot.conversation.store import ConversationStore
from bot.handover.accounts import Session
from bot.web.staff import chat as staff_chat
from tests.builders import a_desk, a_member, the_catalogues


def test_a_page_that_lacks_a_message_does_not_bear_its_mark(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream tells the mark of what is there; where the page has that mark already, it does not look again."""
    desk, written = a_desk(engine, tmp_path), {}
    anna = a_member(desk)
    handover = desk.start(anna, "en", "somebody")
    file = desk.file(handover)
    assert file
    chat = ConversationStore(engine, idle_minutes=15).open_again(file.entry.reference)
    reads: list[str] = []

    def read(name: str) -> Any:
        real = getattr(desk, name)

        def reading(number: int) -> Any:
            found = real(number)
            reads.append(name)
            if len(reads) == 1:
                desk.accept(chat, "m1", "are you there")
            return found

        return reading

    def write(request: Request, who: Session, template: str, status: int, **values: Any) -> Response:
        written.update(values)
        return Response()

    pipeline = SimpleNamespace(desk=SimpleNamespace(file=read("file"), mark=read("mark")), catalogues=the_catalogues())
    app = SimpleNamespace(state=SimpleNamespace(pipeline=pipeline))
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": b"part=1", "headers": [], "app": app})
    monkeypatch.setattr(staff_chat, "show", write)
    monkeypatch.setattr(staff_chat, "_talk", lambda request, file: [])
    asyncio.run(staff_chat.show_file(request, Session(1, anna, "", True), handover))
    assert sorted(reads) == ["file", "mark"]
    assert written["own"]
    shown = [exchange.text for exchange in written["file"].exchanges]
    assert written["mark"] != desk.mark(handover) or "are you there" in shown
