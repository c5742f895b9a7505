"""``bot.understanding.topic`` as Rasa's intent classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.codes import NEEDS
from bot.understanding import topic
from bot.understanding.clauses import split, without_denied
from bot.understanding.embedding import shared_embedder
from bot.wire import ALSO, NEED_OF_A_PART, READING, REST

RANKED = 10
NO_INTENT = {"name": None, "confidence": 0.0}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicClassifier(IntentClassifier, GraphComponent):  # type: ignore[misc]
    """Sets ``intent`` and ``intent_ranking`` from the vector that SentenceEmbedder gave, ``also``, the needs told in its parts, and
    ``rest``, what the words beside places and circumstances are about.

    Settings: ``words`` is how long a message must be to be looked at in parts too; ``part`` the probability that a part's need must
    have; ``certain`` the one from which the rest is not looked at.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"words": 6, "part": NEED_OF_A_PART, "certain": 0.9}

    @classmethod
    def required_components(cls) -> list[type]:
        from bot.nlu.sentence_embedder import SentenceEmbedder

        return [SentenceEmbedder]

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: topic.TopicModel | None = None) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> TopicClassifier:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TopicClassifier:
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, topic.TopicModel.load(folder / topic.FILE))

    def train(self, training_data: TrainingData) -> Resource:
        examples = [message for message in training_data.intent_examples if message.get(TEXT)]
        found = [_vector_of(message) for message in examples]
        places = [at for at, vector in enumerate(found) if vector is not None]
        vectors = np.stack([found[at] for at in places])
        model = topic.train([m.get(TEXT) for m in examples], [m.get(INTENT) for m in examples], places, vectors)
        with self._storage.write_to(self._resource) as folder:
            model.save(folder / topic.FILE)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            ranking = self._ranking(text, message) if text and self._model else []
            intents = [{"name": name, "confidence": likely} for name, likely in ranking[:RANKED]]
            message.set(INTENT, intents[0] if intents else dict(NO_INTENT), add_to_output=True)
            message.set("intent_ranking", intents, add_to_output=True)
            message.set(ALSO, self._also(text, ranking) if ranking else [], add_to_output=True)
            message.set(REST, self._rest(message, ranking) if ranking else None, add_to_output=True)
        return messages

    def _ranking(self, text: str, message: Message) -> list[tuple[str, float]]:
        meant = without_denied(text)
        vector = _vector_of(message) if meant == text else shared_embedder().embed(meant)
        return list(self._classify(meant, vector).items())

    def _classify(self, text: str, vector: Any) -> dict[str, float]:
        assert self._model is not None
        return self._model.probabilities(text, vector)

    def _also(self, text: str, ranking: list[tuple[str, float]]) -> list[str]:
        """Give the needs of a message's parts."""
        if len(text.split()) < self._config["words"] and text.isascii():
            return []
        found = []
        for part in split(without_denied(text)):
            name, likely = next(iter(self._classify(part, shared_embedder().embed(part)).items()))
            if name in NEEDS and likely >= self._config["part"]:
                found.append(name)
        return list(dict.fromkeys(found))

    def _rest(self, message: Message, ranking: list[tuple[str, float]]) -> dict[str, Any] | None:
        """Classify what FrontReading says is left of the message, unless a need is certain without: it costs as much as a message."""
        reading = message.get(READING) or {}
        name, likely = ranking[0]
        certain = name in NEEDS and likely >= self._config["certain"] and not (reading.get("said") or reading.get("denied"))
        if not reading.get("rest") or certain:
            return None
        name, likely = next(iter(self._classify(reading["rest"], shared_embedder().embed(reading["rest"])).items()))
        return {"name": name, "confidence": likely}


def _vector_of(message: Message) -> Any:
    features = message.get_dense_features(TEXT, [])[1]
    return features.features[0] if features else None
