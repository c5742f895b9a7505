"""The one way into Rasa: plain JSON on loopback from the front door.

Unlike Rasa's own ``rest`` channel it never logs a message, takes a button's meaning as such instead of as ``/command``
text, and can erase a conversation.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.core.tracker_store import FailSafeTrackerStore
from sanic import Blueprint, Request, response
from sanic.response import HTTPResponse
from sqlalchemy import text

from bot.database import wipe_freed_pages
from bot.logs import set_up_logs
from bot.nlu.tracker_store import ConversationTrackerStore
from bot.settings import read_settings
from bot.understanding.embedding import shared_embedder
from bot.wire import DECISION, READING


def tracker_store(agent: Agent) -> Any:
    """Give the tracker store in use, out of the wrapper that Rasa puts round it."""
    store = agent.tracker_store
    return store._tracker_store if isinstance(store, FailSafeTrackerStore) else store


def erase(agent: Agent, conversation: str) -> int:
    """Delete every event of ``conversation`` and overwrite the bytes; the caller holds its lock. Gives the row count."""
    engine = tracker_store(agent).engine
    with engine.begin() as connection:
        deleted = connection.execute(text("DELETE FROM events WHERE sender_id = :id"), {"id": conversation})
    wipe_freed_pages(engine)
    return int(deleted.rowcount)


def remembered(agent: Agent) -> list[str]:
    """Give the names of all conversations of which anything is kept."""
    with tracker_store(agent).engine.connect() as connection:
        return list(connection.execute(text("SELECT DISTINCT sender_id FROM events")).scalars())


class FrontDoorChannel(InputChannel):  # type: ignore[misc]
    """Routes under ``/webhooks/front``: POST a message, DELETE a conversation, GET the names of all, GET what is in use."""

    @classmethod
    def name(cls) -> str:
        return "front"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        # Rasa has set up its own log by now, in colours and with what was said.
        set_up_logs("rasa", read_settings().log_format)
        routes = Blueprint("front_door_channel")

        @routes.post("/message")
        async def take(request: Request) -> HTTPResponse:
            """Answer one message; text and choice are already cleaned, redacted and allowed by the front door."""
            sent = request.json
            said = sent["text"]
            if sent.get("vector"):
                shared_embedder().prime(said, np.frombuffer(base64.b64decode(sent["vector"]), dtype=np.float32))
            parsed = None
            if sent.get("choice"):
                entities = [{"entity": "place", "value": sent["choice"]["place"]}] if sent["choice"].get("place") else []
                intent = {"name": sent["choice"]["intent"], "confidence": 1.0}
                parsed = {"text": said, "intent": intent, "intent_ranking": [intent], "entities": entities}
            output = CollectingOutputChannel()
            await on_new_message(
                UserMessage(
                    # A typed slash must not become a command (Rasa: core/processor.py, nlu/classifiers/regex).
                    said.lstrip("/ ") or "?",
                    output,
                    sent["conversation"],
                    parse_data=parsed,
                    input_channel=self.name(),
                    metadata={READING: sent["reading"]},
                )
            )
            decisions = [m["custom"][DECISION] for m in output.messages if DECISION in m.get("custom", {})]
            return response.json({DECISION: decisions[-1] if decisions else None})

        @routes.delete("/conversation/<conversation:str>")
        async def forget(request: Request, conversation: str) -> HTTPResponse:
            """Erase a conversation while nobody can write to it.

            In a thread: while it waits for the disk, and for whoever reads the file, messages are answered and the heartbeat goes on.
            """
            agent = request.app.ctx.agent
            async with agent.lock_store.lock(conversation):
                return response.json({"deleted": await asyncio.to_thread(erase, agent, conversation)})

        @routes.get("/conversations")
        async def name_all(request: Request) -> HTTPResponse:
            """Name all conversations of which anything is kept, so that one that nobody knows of can be erased."""
            return response.json({"conversations": await asyncio.to_thread(remembered, request.app.ctx.agent)})

        @routes.get("/state")
        async def state(request: Request) -> HTTPResponse:
            """Say which classes are in use, so that a silent fallback of Rasa's is noticed at start."""
            agent = request.app.ctx.agent
            return response.json(
                {
                    "ready": bool(agent and agent.is_ready()),
                    "model": agent.model_id if agent else None,
                    "sql_tracker_store": isinstance(tracker_store(agent), ConversationTrackerStore),
                    "lock_store": type(agent.lock_store).__name__,
                }
            )

        return routes
