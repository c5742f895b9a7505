"""Telling the other processes of the front door that something happened, as it happens."""

import asyncio
import uuid
from collections.abc import Callable

from redis import RedisError

from bot.sharing.memory import ASK_AGAIN, SharedMemory

LISTEN_FOR = 5.0
"""Seconds of waiting for a word; without a number the connection's own, shorter one would hold."""


class Signals:
    """Short words from each process to all others. One that is lost is no loss: everybody looks by themselves, too, only later."""

    def __init__(self, memory: SharedMemory) -> None:
        self._memory = memory
        self._channel = memory.key("signals")
        self._me = uuid.uuid4().hex

    def tell(self, word: str) -> None:
        """Tell ``word`` to the other processes; from any thread."""
        self._memory.attempt(lambda client: client.publish(self._channel, f"{self._me} {word}"), None)

    async def listen(self, hear: Callable[[str], None]) -> None:
        """Call ``hear`` with every word that another process tells; for ever, and at once done where there is no Redis."""
        client = self._memory.waiting_client
        while client is not None:
            try:
                async with client.pubsub() as heard:
                    await heard.subscribe(self._channel)
                    while True:
                        message = await heard.get_message(ignore_subscribe_messages=True, timeout=LISTEN_FOR)
                        if message:
                            sender, _, word = message["data"].decode().partition(" ")
                            if sender != self._me:
                                hear(word)
            except RedisError as error:
                self._memory.failed(error)
                await asyncio.sleep(ASK_AGAIN)
