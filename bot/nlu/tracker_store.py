"""Rasa's SQL tracker store, set up for SQLite as the rest of the product is."""

from typing import Any

from rasa.core.tracker_store import SQLTrackerStore
from sqlalchemy import event


class ConversationTrackerStore(SQLTrackerStore):  # type: ignore[misc]
    """Keeps Rasa's events; on SQLite with a write-ahead log, so that a message waits for no disk, and with ``secure_delete``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare)
            # The connection that made the tables was opened before the listener.
            self.engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
