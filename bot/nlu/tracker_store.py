"""Rasa's SQL tracker store over a database that is opened as the rest of the product opens its own."""

import json
import logging
import time
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from bot.database import open_database

log = logging.getLogger(__name__)
TRY_AGAIN = 1.0
"""Seconds between tries to make the table, while the database is not there or another Rasa makes it."""


class ConversationTrackerStore(SQLTrackerStore):  # type: ignore[misc]
    """Keeps Rasa's events in the table ``events``, which it makes where there is none: in an SQLite file of its own, or in PostgreSQL.

    Rasa's own constructor opens its engine without what ``bot.database`` sees to: that a broken connection is noticed before it is
    used, that errors name no values, that SQLite waits for no disk and overwrites what is deleted.
    """

    def __init__(
        self, domain: Domain | None = None, host: str | None = None, event_broker: EventBroker | None = None, **kwargs: Any
    ) -> None:
        """``host`` is the database's URL, as ``url`` of ``endpoints.yml`` comes here."""
        TrackerStore.__init__(self, domain, event_broker, **kwargs)
        self.engine = open_database(str(host))
        while True:
            try:
                self.Base.metadata.create_all(self.engine)
                break
            except DBAPIError as error:
                log.error("Rasa's table of events could not be made and will be again: %s", type(error).__name__)
                time.sleep(TRY_AGAIN)
        self.sessionmaker = sessionmaker(bind=self.engine)

    async def _retrieve(self, sender_id: str, fetch_events_from_all_sessions: bool) -> DialogueStateTracker | None:
        """Give a conversation's tracker as Rasa's method does, without making an object of each row."""
        with self.session_scope() as session:
            asked = self._event_query(session, sender_id, fetch_events_from_all_sessions=fetch_events_from_all_sessions)
            events = [json.loads(data) for (data,) in asked.with_entities(self.SQLEvent.data)]
        if not events or not self.domain:
            return None
        return DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
