"""Rasa's SQL tracker store over a database that is opened as the rest of the product opens its own."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from bot.answers.dialogue import SLOTS
from bot.database import open_database, stay_open

log = logging.getLogger(__name__)
TRY_AGAIN = 1.0
"""Seconds between tries to make the table, while the database is not there or another Rasa makes it."""


def new_session(tracker: DialogueStateTracker) -> list[Event]:
    """Give the events of a session that begins where a conversation is now: with its slots, and listening."""
    # Not Rasa's own, of which one is for what came with the first message.
    kept = [tracker.slots[name] for name in SLOTS]
    slots = [SlotSet(slot.name, slot.value) for slot in kept if slot.value != slot.initial_value]
    return [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted(), *slots, ActionExecuted(ACTION_LISTEN_NAME)]


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
                stay_open(self.engine)
                break
            except DBAPIError as error:
                log.error("Rasa's table of events could not be made and will be again: %s", type(error).__name__)
                time.sleep(TRY_AGAIN)
        self.sessionmaker = sessionmaker(bind=self.engine)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep of a conversation what its next message needs, and no word of it: a session that begins with its slots, and no other.

        Rasa reads all that it keeps for each message and sends it to its actions: the hundredth would cost many times the first.
        """
        rows = [event.as_dict() for event in new_session(tracker)]
        with self.session_scope() as session:
            session.query(self.SQLEvent).filter_by(sender_id=tracker.sender_id).delete(synchronize_session=False)
            for data in rows:
                row = {"type_name": data["event"], "timestamp": data["timestamp"], "action_name": data.get("name")}
                session.add(self.SQLEvent(sender_id=tracker.sender_id, data=json.dumps(data), **row))
            session.commit()

    async def _retrieve(self, sender_id: str, fetch_events_from_all_sessions: bool) -> DialogueStateTracker | None:
        """Give a conversation's tracker, of which there is but one session."""
        with self.session_scope() as session:
            rows = session.query(self.SQLEvent.data).filter_by(sender_id=sender_id).order_by(self.SQLEvent.id)
            events = [json.loads(data) for (data,) in rows]
        if not events or not self.domain:
            return None
        return DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
