"""Talking to Rasa on loopback, and knowing within a second when it cannot answer."""

import asyncio
import base64
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import httpx
import msgspec

from bot.answers.dialogue import Decision
from bot.errors import EngineAway, SetUpError
from bot.understanding.embedding import Vector
from bot.web.patience import is_done_within
from bot.wire import DECISION

BEAT_EVERY = 0.25
BEAT_PATIENCE = 0.5
LOOK_ENDS = 5.0
"""Seconds after which a heartbeat that nobody waits for any more ends by itself."""
AT_ONCE = 8
"""Messages inside one Rasa at a time; the rest wait at the front door, so that Rasa's loop stays quick enough to answer the heartbeat."""
Found = TypeVar("Found")
CHECK_CONVERSATION = "start-up-check"
CHECK_QUESTION = "How do I join the library?"


class _Rasa:
    """One of the Rasas. ``ready`` is kept true by a heartbeat."""

    def __init__(self, client: httpx.AsyncClient, url: str, actions_url: str, at_once: int) -> None:
        self._client = client
        self._front = f"{url}/webhooks/front"
        self._actions = actions_url
        self._slots = asyncio.Semaphore(at_once)
        self._checked = False
        self.away = asyncio.Event()
        self.away.set()
        self.looked = asyncio.Event()
        self.waiting = 0
        self._under_way: set[asyncio.Task[Any]] = set()
        self.model: str | None = None

    @property
    def ready(self) -> bool:
        """Whether a message sent now is likely to be answered."""
        return self._checked and not self.away.is_set()

    async def watch(self) -> None:
        """Keep ``ready`` true for ever; runs as a task."""
        while True:
            if await self._beats():
                if not self._checked:
                    await self._check()
                if self._checked:
                    self.away.clear()
            else:
                self.away.set()
            self.looked.set()
            await asyncio.sleep(BEAT_EVERY)

    async def _beats(self) -> bool:
        asking = self._to_its_end(self._look())
        if not await is_done_within(asking, BEAT_PATIENCE):
            return False
        try:
            state, health = asking.result()
        except httpx.HTTPError:
            return False
        if state.status_code != 200 or health.status_code != 200:
            return False
        told = state.json()
        self.model = told["model"]
        if told["ready"] and not told["sql_tracker_store"]:
            raise SetUpError("Rasa keeps conversations in memory instead of the database: check TRACKER_URL and endpoints.yml.")
        return bool(told["ready"])

    async def _look(self) -> tuple[httpx.Response, httpx.Response]:
        state, health = (self._client.get(url, timeout=LOOK_ENDS) for url in (f"{self._front}/state", f"{self._actions}/health"))
        return await asyncio.gather(state, health)

    def _to_its_end(self, work: Coroutine[Any, Any, Found]) -> "asyncio.Task[Found]":
        """Begin what asks over the network; whoever waits for it may stop, but it is never cancelled and ends by its own timeouts.

        A request that is cancelled may leave its connection in the pool for ever, as one in use (httpcore 1.0.9): after some of those
        nothing could be asked any more.
        """
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        # That nobody waits for how it failed is no error.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

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

    async def ask(self, body: dict[str, Any], timeout: float) -> Decision:
        """Give what is decided on a message. Raises EngineAway, at the latest after ``timeout`` seconds."""

        async def wait_turn() -> Decision:
            async with self._slots:
                return await asyncio.shield(self._to_its_end(self._post(body)))

        self.waiting += 1
        asking = asyncio.create_task(wait_turn())
        gone = asyncio.create_task(self.away.wait())
        try:
            await asyncio.wait({asking, gone}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise EngineAway()
            return asking.result()
        finally:
            self.waiting -= 1
            for task in (asking, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, EngineAway):
                    await task

    async def forget(self, conversation: str) -> None:
        """Erase a conversation from the tracker, which all Rasas share. Raises EngineAway."""
        await self._request("DELETE", f"conversation/{conversation}")

    async def remembered(self) -> list[str]:
        """Give the names of all conversations in the tracker. Raises EngineAway."""
        return list((await self._request("GET", "conversations")).json()["conversations"])

    async def _request(self, method: str, path: str) -> httpx.Response:
        try:
            answer = await self._client.request(method, f"{self._front}/{path}")
        except httpx.HTTPError as error:
            raise EngineAway() from error
        if answer.status_code != 200:
            raise EngineAway()
        return answer


class Engine:
    """Every Rasa and the action server. A message goes to the Rasa where fewest wait, and to another if that one dies over it."""

    def __init__(self, rasa_urls: Sequence[str], actions_url: str, timeout: float, front_doors: int = 1) -> None:
        """``timeout`` is in seconds; ``front_doors`` is how many processes like this one share the Rasas."""
        at_once = max(2, AT_ONCE // front_doors)
        # How many are asked at once is limited for each Rasa; a pool that is full would keep the heartbeat waiting.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=(at_once + 4) * len(rasa_urls))
        self._client = httpx.AsyncClient(timeout=timeout, trust_env=False, limits=limits)
        self._timeout = timeout
        self._rasas = [_Rasa(self._client, url, actions_url, at_once) for url in rasa_urls]

    @property
    def ready(self) -> bool:
        """Whether a message sent now is likely to be answered; one that is sent while it is not is refused at once."""
        return any(rasa.ready for rasa in self._rasas)

    @property
    def away(self) -> int:
        """How many of the Rasas are not likely to answer."""
        return sum(not rasa.ready for rasa in self._rasas)

    @property
    def model(self) -> str | None:
        """The name of the model in use, where a Rasa has told it."""
        return next((rasa.model for rasa in self._rasas if rasa.model), None)

    async def watch(self) -> None:
        """Keep ``ready`` true for ever; runs as a task. Raises SetUpError where a Rasa is set up wrongly."""
        await asyncio.gather(*(rasa.watch() for rasa in self._rasas))

    async def first_look(self) -> None:
        """Wait until it is known of every Rasa whether it is there and answers."""
        await asyncio.gather(*(rasa.looked.wait() for rasa in self._rasas))

    async def ask(
        self, conversation: str, text: str, reading: dict[str, Any], vector: Vector | None, choice: dict[str, Any] | None
    ) -> Decision:
        """Give what Rasa and its actions decide on a message. Raises EngineAway, at the latest after the timeout."""
        body = {"conversation": conversation, "text": text, "reading": reading, "choice": choice}
        if vector is not None:
            body["vector"] = base64.b64encode(vector.tobytes()).decode()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout
        tried: set[_Rasa] = set()
        while True:
            ready = [rasa for rasa in self._rasas if rasa.ready and rasa not in tried]
            if not ready or loop.time() >= until:
                raise EngineAway()
            rasa = min(ready, key=lambda one: one.waiting)
            tried.add(rasa)
            with contextlib.suppress(EngineAway):
                return await rasa.ask(body, until - loop.time())

    async def forget(self, conversation: str) -> None:
        """Erase a conversation from Rasa's tracker. Raises EngineAway."""
        for rasa in sorted(self._rasas, key=lambda one: not one.ready):
            with contextlib.suppress(EngineAway):
                return await rasa.forget(conversation)
        raise EngineAway()

    async def remembered(self) -> list[str]:
        """Give the names of all conversations of which Rasa's tracker keeps anything. Raises EngineAway."""
        for rasa in sorted(self._rasas, key=lambda one: not one.ready):
            with contextlib.suppress(EngineAway):
                return await rasa.remembered()
        raise EngineAway()

    async def close(self) -> None:
        await self._client.aclose()
