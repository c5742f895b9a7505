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
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Query, Session, sessionmaker

from bot.database import open_database

log = logging.getLogger(__name__)
TRY_AGAIN = 1.0
"""Seconds between tries to make the table, while the database is not there or another Rasa makes it."""
LONGEST_SESSION = 5
"""Messages of a conversation that are kept, at most: Rasa reads all that it keeps for each message, and sends it to its actions."""


def new_session(tracker: DialogueStateTracker) -> list[Event]:
    """Give the events of a session that begins where a conversation is now: with its slots, and listening."""
    events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    events.extend(SlotSet(slot.name, slot.value) for slot in tracker.slots.values() if slot.value != slot.initial_value)
    return [*events, ActionExecuted(ACTION_LISTEN_NAME)]


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

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Save a conversation; of one that has become long nothing stays but its slots, which are all that the next message needs."""
        await super().save(tracker)
        said = sum(isinstance(event, UserUttered) for event in tracker.events)
        if said < LONGEST_SESSION or tracker.latest_action_name != ACTION_LISTEN_NAME:
            return
        rows = [event.as_dict() for event in new_session(tracker)]
        try:
            with self.session_scope() as session, session.begin():
                session.query(self.SQLEvent).filter_by(sender_id=tracker.sender_id).delete(synchronize_session=False)
                for data in rows:
                    row = {"type_name": data["event"], "timestamp": data["timestamp"], "action_name": data.get("name")}
                    session.add(self.SQLEvent(sender_id=tracker.sender_id, data=json.dumps(data), **row))
        except DBAPIError as error:
            # All of it is saved: it becomes shorter with the next message.
            log.error("A conversation that Rasa keeps could not be made shorter: %s", type(error).__name__)

    def _event_query(self, session: Session, sender_id: str, fetch_events_from_all_sessions: bool) -> Query[Any]:
        """Ask for all of a conversation, of which one session is kept.

        Rasa asks for what is later than the session's begin, and so for nothing any more once a clock has been put back.
        """
        return session.query(self.SQLEvent).filter_by(sender_id=sender_id).order_by(self.SQLEvent.id)

    async def _retrieve(self, sender_id: str, fetch_events_from_all_sessions: bool) -> DialogueStateTracker | None:
        """Give a conversation's tracker as Rasa's method does, without making an object of each row."""
        with self.session_scope() as session:
            asked = self._event_query(session, sender_id, fetch_events_from_all_sessions=fetch_events_from_all_sessions)
            events = [json.loads(data) for (data,) in asked.with_entities(self.SQLEvent.data)]
        if not events or not self.domain:
            return None
        return DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
