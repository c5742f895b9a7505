"""What the front door has already read of a message becomes Rasa entities; in ``rasa shell`` the reading is done here."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.opening import open_reader
from bot.settings import read_settings
from bot.understanding.reading import Reader
from bot.wire import READING

_reader: Reader | None = None


def _own_reader() -> Reader:
    global _reader
    if _reader is None:
        _reader = open_reader(read_settings())
    return _reader


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FrontReading(GraphComponent):  # type: ignore[misc]
    """Sets the entity ``place`` (a gazetteer key) from the message's metadata."""

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> FrontReading:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            reading = (message.get("metadata") or {}).get(READING) or _own_reader().read(text).as_json()
            message.set(READING, reading, add_to_output=True)
            if reading["place"]:
                entity = {"entity": "place", "value": reading["place"], "start": 0, "end": len(text), "extractor": "FrontReading"}
                message.set(ENTITIES, [*(message.get(ENTITIES) or []), entity], add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data
