"""A request with a body, as a target makes one; and running what waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request

LOOP = asyncio.new_event_loop()


def request(body: bytes, kind: str, method: str = "POST") -> Request:
    """Give a request with this body and content type."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode("latin-1", "replace"))]
    # Inside an application Starlette answers a form that is none with 400, outside with an error of its own.
    scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": headers, "app": None}
    return Request(scope, receive)


def run(waiting: Coroutine[Any, Any, Any]) -> Any:
    """Wait for something."""
    return LOOP.run_until_complete(waiting)
