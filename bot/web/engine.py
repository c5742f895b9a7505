"""Talking to Rasa on loopback, and knowing within a second when it cannot answer."""

import asyncio
import base64
import contextlib
from typing import Any

import httpx
import msgspec

from bot.answers.dialogue import Decision
from bot.errors import EngineAway, SetUpError
from bot.understanding.embedding import Vector
from bot.wire import DECISION

BEAT_EVERY = 0.25
BEAT_TIMEOUT = 0.7
AT_ONCE = 8
"""Messages inside Rasa at a time; the rest wait here, so that Rasa's loop stays quick enough to answer the heartbeat."""
CHECK_CONVERSATION = "start-up-check"
CHECK_QUESTION = "How do I join the library?"


class Engine:
    """Rasa and its action server. ``ready`` is kept true by a heartbeat; a message sent while it is not is refused at once."""

    def __init__(self, rasa_url: str, actions_url: str, timeout: float) -> None:
        self._front = f"{rasa_url}/webhooks/front"
        self._actions = actions_url
        self._timeout = timeout
        self._client = httpx.AsyncClient(timeout=timeout, trust_env=False, limits=httpx.Limits(max_connections=AT_ONCE + 4))
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._away = asyncio.Event()
        self._away.set()
        self._checked = False
        self.model: str | None = None

    @property
    def ready(self) -> bool:
        """Whether a message sent now is likely to be answered."""
        return self._checked and not self._away.is_set()

    async def watch(self) -> None:
        """Keep ``ready`` true for ever; runs as a task."""
        while True:
            if await self._beats():
                if not self._checked:
                    await self._check()
                if self._checked:
                    self._away.clear()
            else:
                self._away.set()
            await asyncio.sleep(BEAT_EVERY)

    async def _beats(self) -> bool:
        try:
            state, health = await asyncio.gather(
                self._client.get(f"{self._front}/state", timeout=BEAT_TIMEOUT),
                self._client.get(f"{self._actions}/health", timeout=BEAT_TIMEOUT),
            )
        except httpx.HTTPError:
            return False
        if state.status_code != 200 or health.status_code != 200:
            return False
        told = state.json()
        self.model = told["model"]
        if told["ready"] and not told["sql_tracker_store"]:
            raise SetUpError("Rasa keeps conversations in memory instead of the database: check TRACKER_DB and endpoints.yml.")
        return bool(told["ready"])

    async def _check(self) -> None:
        """Ask one real question, so that a model that silently learnt nothing is noticed; leave nothing of it behind."""
        reading = {"language": "en", "urgent": None, "place": None, "outside": None, "names_language": None, "redacted": False}
        try:
            decision = await self._post({"conversation": CHECK_CONVERSATION, "text": CHECK_QUESTION, "reading": reading})
            await self.forget(CHECK_CONVERSATION)
        except EngineAway:
            return
        self._checked = decision.topic == "library"

    async def _post(self, body: dict[str, Any]) -> Decision:
        try:
            answer = await self._client.post(f"{self._front}/message", json=body)
        except httpx.HTTPError as error:
            raise EngineAway() from error
        told = answer.json().get(DECISION) if answer.status_code == 200 else None
        if told is None:
            raise EngineAway()
        return msgspec.convert(told, Decision)

    async def ask(
        self, conversation: str, text: str, reading: dict[str, Any], vector: Vector | None, choice: dict[str, Any] | None
    ) -> Decision:
        """Give what Rasa and its actions decide on a message. Raises EngineAway, at the latest after the timeout."""
        if not self.ready:
            raise EngineAway()
        body = {"conversation": conversation, "text": text, "reading": reading, "choice": choice}
        if vector is not None:
            body["vector"] = base64.b64encode(vector.tobytes()).decode()

        async def wait_turn() -> Decision:
            async with self._slots:
                return await self._post(body)

        asking = asyncio.create_task(wait_turn())
        gone = asyncio.create_task(self._away.wait())
        try:
            await asyncio.wait({asking, gone}, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise EngineAway()
            return asking.result()
        finally:
            for task in (asking, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, EngineAway):
                    await task

    async def forget(self, conversation: str) -> None:
        """Erase a conversation from Rasa's tracker. Raises EngineAway."""
        try:
            answer = await self._client.delete(f"{self._front}/conversation/{conversation}")
        except httpx.HTTPError as error:
            raise EngineAway() from error
        if answer.status_code != 200:
            raise EngineAway()

    async def close(self) -> None:
        await self._client.aclose()
