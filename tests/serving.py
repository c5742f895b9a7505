"""The open feed on a port of its own, over any database, without the rest of the product."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import uvicorn
from anyio import CapacityLimiter
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot.directory.feed import Feed
from bot.settings import read_settings
from bot.web import feed
from tests.builders import the_catalogues


def a_feed_app(engine: Engine) -> Starlette:
    """The feed's routes alone, with what they need of the application."""
    catalogues = the_catalogues()
    app = Starlette(routes=feed.routes)
    app.state.pipeline = SimpleNamespace(settings=read_settings({}), catalogues=catalogues)
    app.state.feed = Feed(engine, feed.open_feed_words(catalogues))
    app.state.feed_lane = CapacityLimiter(2)
    return app


@contextmanager
def served(app: ASGIApp, port: int = 0, **listening: Any) -> Iterator[str]:
    """Serve an application on loopback from a thread of this process, on any free port unless told otherwise; gives its address.

    ``listening`` is how uvicorn is told to listen.
    """
    told = {**listening, "host": "127.0.0.1", "port": port, "log_level": "error", "lifespan": "off", "ws": "none"}
    server = uvicorn.Server(uvicorn.Config(app, **told))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
        assert thread.is_alive(), "the server did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
