"""What pages are told while they are open: that something changed, and that somebody is writing."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

LOOK_AGAIN = 2.0
"""Seconds after which a page's stream looks even though this process changed nothing: another may have."""
TICK, AT_MOST_EVERY = 0.1, 0.3
"""Seconds between two looks at the number, and between two looks at the database however much changes."""
WRITING_LASTS = 6.0
"""Seconds for which "a person is writing" is shown after it was last said; pages say it again every three."""
PING = 15
"""Seconds between signs of life on a stream, below the minute after which proxies give up."""


STREAMS_OF_A_CHAT, STREAMS_OF_AN_ADDRESS = 4, 200
"""Streams that may be open at once: some tabs of one visitor's, and a library full of visitors."""


class Streams:
    """Counts the streams that are open."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def may_open(self, chat: str, address: str) -> bool:
        """Tell whether one more stream of a chat, from an address, may be opened."""
        return self._open[f"chat {chat}"] < STREAMS_OF_A_CHAT and self._open[f"address {address}"] < STREAMS_OF_AN_ADDRESS

    @contextmanager
    def opened(self, chat: str, address: str) -> Iterator[None]:
        """Count a stream while it is open."""
        names = (f"chat {chat}", f"address {address}")
        self._open.update(names)
        try:
            yield
        finally:
            self._open.subtract(names)
            self._open += Counter()  # forgets what is at nought


class Live:
    """Known to this process alone, and kept nowhere: a number that grows with every change, and who is writing."""

    def __init__(self) -> None:
        self.version = 0
        self.streams = Streams()
        self._writing: dict[int, float] = {}

    def changed(self) -> None:
        """Say that something may have changed; from any thread."""
        self.version += 1

    def writes(self, conversation_id: int) -> None:
        """Say that a member of staff is writing in a conversation."""
        now = time.monotonic()
        self._writing = {key: at for key, at in self._writing.items() if now - at < WRITING_LASTS}
        self._writing[conversation_id] = now

    def stops_writing(self, conversation_id: int) -> None:
        """Say that what was being written was sent, or is not to be."""
        self._writing.pop(conversation_id, None)

    def is_writing(self, conversation_id: int) -> bool:
        """Tell whether somebody is writing in a conversation."""
        return time.monotonic() - self._writing.get(conversation_id, -WRITING_LASTS) < WRITING_LASTS

    async def changes(self) -> AsyncIterator[None]:
        """Give a sign at once, and then whenever there may be something new; for ever."""
        seen, looked = -1, 0.0
        while True:
            if seen != self.version or time.monotonic() - looked > LOOK_AGAIN:
                seen, looked = self.version, time.monotonic()
                yield
                await asyncio.sleep(AT_MOST_EVERY)
            await asyncio.sleep(TICK)
