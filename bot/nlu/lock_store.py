"""The lock that Rasa holds on a conversation, across all Rasas."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rasa.core.lock_store import LOCK_LIFETIME, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.sharing.memory import SharedMemory
from bot.sharing.turns import Turns


class ConversationLockStore(LockStore):  # type: ignore[misc]
    """Lets messages of a conversation through one by one, in their order, by ``bot.sharing.turns``.

    Rasa's own lock in Redis reads its tickets and writes them back as two steps, so that two Rasas can give out the same one, keeps
    them for ever, looks only once a second, and refuses every message while Redis is away.
    """

    def __init__(self, endpoint_config: EndpointConfig) -> None:
        """``endpoint_config`` has the URL of a Redis (empty for none), and as ``name`` what its keys begin with."""
        self._turns = Turns(SharedMemory(endpoint_config.url or "", endpoint_config.kwargs["name"]), "rasa")
        super().__init__()

    @asynccontextmanager
    async def lock(self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1) -> AsyncIterator[Any]:
        """Hold the lock of a conversation; Rasa's own arguments are of no use here."""
        async with self._turns.one_at_a_time(conversation_id):
            yield None
