"""The topic model by itself: what it learns, that its probabilities add up, and that it is kept as it is."""

from pathlib import Path

import numpy as np
import pytest

from bot.understanding.embedding import Embedder
from bot.understanding.topic import TopicModel, sample, train

TAUGHT = {
    "food": ["food bank", "hungry", "free meal", "bread for children", "soup kitchen", "groceries", "hot dinner", "baby milk"],
    "work": ["job", "find work", "CV help", "my boss", "interview for a job", "wages", "career advice", "self employed"],
    "school": ["school place", "nursery", "teacher", "my son's class", "uniform", "homework club", "primary school", "term dates"],
}


@pytest.fixture(scope="module")
def model(embedder: Embedder) -> TopicModel:
    pairs = [(text, topic) for topic, texts in TAUGHT.items() for text in texts]
    vectors = np.stack([embedder.embed(text) for text, _ in pairs])
    return train([text for text, _ in pairs], [topic for _, topic in pairs], range(len(pairs)), vectors)


@pytest.mark.parametrize(("text", "topic"), [("where can i eat", "food"), ("вакансія", "work"), ("學校", "school"), ("food", "food")])
def test_it_carries_over_to_other_words_and_languages(model: TopicModel, embedder: Embedder, text: str, topic: str) -> None:
    assert next(iter(model.probabilities(text, embedder.embed(text)))) == topic


@pytest.mark.parametrize("text", ["where can i eat", "", "…", "x" * 1000, "የት ነው"])
def test_probabilities_add_up_and_come_likeliest_first(model: TopicModel, embedder: Embedder, text: str) -> None:
    likely = model.probabilities(text, embedder.embed(text))
    assert set(likely) == set(TAUGHT)
    assert sum(likely.values()) == pytest.approx(1.0)
    assert list(likely.values()) == sorted(likely.values(), reverse=True)


def test_a_saved_model_says_the_same(model: TopicModel, embedder: Embedder, tmp_path: Path) -> None:
    model.save(tmp_path / "topic.npz")
    again = TopicModel.load(tmp_path / "topic.npz")
    for text in ("where can i eat", "школа"):
        assert again.probabilities(text, embedder.embed(text)) == model.probabilities(text, embedder.embed(text))


def test_it_learns_the_words_of_examples_without_vectors(embedder: Embedder) -> None:
    pairs = [(text, topic) for topic, texts in TAUGHT.items() for text in texts]
    pairs += [("zibberlak", "work"), ("zibberlaks near me", "work")]
    vectors = np.stack([embedder.embed(text) for text, _ in pairs[:-2]])
    taught = train([text for text, _ in pairs], [topic for _, topic in pairs], range(len(pairs) - 2), vectors)
    assert next(iter(taught.probabilities("zibberlak", embedder.embed("zibberlak")))) == "work"


def test_a_sample_is_the_same_every_time_and_in_whatever_order() -> None:
    texts = [f"text {n}" for n in range(100)]
    labels = ["a" if n < 90 else "b" for n in range(100)]
    chosen = sample(texts, labels, 20)
    assert [labels[at] for at in chosen].count("a") == 20
    assert [labels[at] for at in chosen].count("b") == 10
    backwards = sample(texts[::-1], labels[::-1], 20)
    assert {texts[at] for at in chosen} == {texts[::-1][at] for at in backwards}
