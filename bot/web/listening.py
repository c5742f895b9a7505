"""How the front door listens: who connects and asks nothing, or asks it endlessly, is cut off and takes nobody's place."""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

ASKS_WITHIN = 10.0
"""Seconds in which a connection must have said what it asks for: a request line and headers, a hundred bytes or so."""
SAYS_ALL_WITHIN = 300.0
"""Seconds in which all of a request must have come; the largest are officers' files, of 25 MB."""
MOST_SILENT = 400
"""Connections that may have asked nothing yet at the same time; with more, the oldest goes."""


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which by itself waits for ever for the first request of a connection and for the rest of any other."""

    _silent: dict["ImpatientProtocol", None] = {}

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._limit: asyncio.TimerHandle | None = None
        self._limited = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._silent[self] = None
        if len(self._silent) > MOST_SILENT:
            oldest = next(iter(self._silent))
            # asyncio tells it only later that it is gone; until then the next to come would cut off the same one again.
            del self._silent[oldest]
            oldest.transport.abort()
        self._limit_what_is_awaited()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._limit_what_is_awaited()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._limit_what_is_awaited()

    def connection_lost(self, exc: Exception | None) -> None:
        self._silent.pop(self, None)
        self._set_limit("", 0.0)
        super().connection_lost(exc)

    def _limit_what_is_awaited(self) -> None:
        """Give what is being waited for its time; more of the same gives it no more."""
        theirs = self.conn.their_state
        if theirs is h11.IDLE and self.timeout_keep_alive_task is None:
            self._set_limit("head", ASKS_WITHIN)
            return
        self._silent.pop(self, None)
        if theirs is h11.SEND_BODY:
            self._set_limit("body", SAYS_ALL_WITHIN)
        else:
            # All is said, or uvicorn's own limit between two requests holds.
            self._set_limit("", 0.0)

    def _set_limit(self, what: str, seconds: float) -> None:
        if what == self._limited:
            return
        if self._limit is not None:
            self._limit.cancel()
        self._limited = what
        self._limit = self.loop.call_later(seconds, self.transport.abort) if what else None


def raise_limit_of_connections() -> None:
    """Let this process have as many connections and files open as the system allows it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
