"""What pages are told while they are open: that something changed, and that somebody is writing."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

CHANGED, SAVED, WRITES, STOPS = "changed", "saved", "writes", "stops"
"""What the processes of the front door tell each other."""
LOOK_AGAIN = 2.0
"""Seconds after which a page's stream looks even though it was told of nothing: what another process tells may be lost."""
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
    """Kept nowhere: a number that grows with every change in any process of the front door, and who is writing."""

    def __init__(self, tell: Callable[[str], None] = lambda word: None) -> None:
        """``tell`` tells the other processes, which ``hear`` it."""
        self.version = 0
        self.streams = Streams()
        self._writing: dict[int, float] = {}
        self._tell = tell
        self._saved_elsewhere = asyncio.Event()

    def changed(self) -> None:
        """Say that something may have changed; from any thread."""
        self.version += 1
        self._tell(CHANGED)

    def saved(self) -> None:
        """Say that an officer may have changed what the chat says; the other processes look at once."""
        self._tell(SAVED)

    async def saved_elsewhere(self, at_most: float) -> None:
        """Wait until an officer may have changed something in another process, or for ``at_most`` seconds."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._saved_elsewhere.wait(), at_most)
        self._saved_elsewhere.clear()

    def writes(self, conversation_id: int) -> None:
        """Say that a member of staff is writing in a conversation."""
        self._note_writing(conversation_id, True)
        self._tell(f"{WRITES} {conversation_id}")

    def stops_writing(self, conversation_id: int) -> None:
        """Say that what was being written was sent, or is not to be."""
        self._note_writing(conversation_id, False)
        self._tell(f"{STOPS} {conversation_id}")

    def hear(self, word: str) -> None:
        """Take in what another process told."""
        what, _, number = word.partition(" ")
        if what == SAVED:
            self._saved_elsewhere.set()
        if what in (WRITES, STOPS) and number.isdecimal():
            self._note_writing(int(number), what == WRITES)
        self.version += 1

    def _note_writing(self, conversation_id: int, writes: bool) -> None:
        now = time.monotonic()
        others = {key: at for key, at in self._writing.items() if now - at < WRITING_LASTS and key != conversation_id}
        self._writing = {**others, conversation_id: now} if writes else others

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
