"""What a visitor erases is erased in Rasa too, also what a Rasa that hung meanwhile notes afterwards."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.engine import Engine

from bot.conversation.store import ConversationStore
from bot.errors import EngineAway
from bot.web.pipeline import LATE_ANSWERS, Pipeline
from tests.builders import Clock, a_desk


class Rasa:
    """Notes what is said, and forgets it when asked to, unless it is away."""

    def __init__(self) -> None:
        self.remembers: set[str] = set()
        self.away = False

    async def forget(self, rasa_id: str) -> None:
        if self.away:
            raise EngineAway()
        self.remembers.discard(rasa_id)


@pytest.mark.parametrize("away", [False, True])
def test_what_rasa_notes_after_it_was_told_to_forget_is_forgotten_too(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    clock, rasa = Clock(), Rasa()
    for module in ("bot.conversation.store", "bot.web.pipeline"):
        monkeypatch.setattr(f"{module}.utc_now", clock)
    store = ConversationStore(engine, 15)
    chat = store.start()
    a_desk(engine, tmp_path, clock=clock).accept(chat, "m1", "words")
    nothing = SimpleNamespace(forget=lambda: None)
    settings = SimpleNamespace(retention_days=7)
    pipeline = SimpleNamespace(engine=rasa, store=store, feedback=nothing, settings=settings)
    pipeline._forget = lambda rasa_id: Pipeline._forget(pipeline, rasa_id)  # type: ignore[arg-type]
    rasa.away = away
    assert asyncio.run(Pipeline.erase(pipeline, chat)) is not away  # type: ignore[arg-type]
    rasa.away = False
    rasa.remembers.add(chat.rasa_id)
    clock.pass_by(seconds=LATE_ANSWERS.total_seconds() + 1)
    for _ in range(2):
        asyncio.run(Pipeline.tidy(pipeline))  # type: ignore[arg-type]
    assert rasa.remembers == set()
    assert store.pending_erasures() == []
