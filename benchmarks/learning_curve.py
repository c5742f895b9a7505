"""How much more examples help: trains on the examples of ever more hands and asks what the last hand wrote.

``python -m benchmarks.learning_curve`` writes ``docs/learning-curve.md``. The hands did not see one another's examples, so that this is
nearer to what strangers will type than cross-validation is. Takes some ten minutes.
"""

import numpy as np

from bot.preparing import Example, training_examples
from bot.settings import ROOT, read_settings
from bot.understanding.embedding import VECTORS, Matrix, embed_all, shared_embedder
from bot.understanding.topic import EACH, TopicModel, sample, train

PAGE = ROOT / "docs" / "learning-curve.md"
HANDS = ("first", "second", "third", "fourth", "fifth", "long")
"""``long`` wrote long messages only; English has no fourth."""
ASKED = "sixth"
MOST_ASKED = 200
"""Messages of a language that are asked."""


def vectors_of(examples: list[Example]) -> Matrix:
    return embed_all([example.text for example in examples], shared_embedder(), read_settings({}).models / VECTORS)


def learn(examples: list[Example]) -> TopicModel:
    """Train as the product does."""
    texts, intents = [e.text for e in examples], [e.intent for e in examples]
    chosen = sample(texts, intents, EACH)
    return train(texts, intents, chosen, vectors_of([examples[at] for at in chosen]))


def share_right(model: TopicModel, asked: list[Example], vectors: Matrix) -> float:
    right = [next(iter(model.probabilities(e.text, v))) == e.intent for e, v in zip(asked, vectors, strict=True)]
    return sum(right) / len(right)


def main() -> None:
    """Measure and write."""
    examples = training_examples()
    languages = sorted({e.language for e in examples if e.hand == ASKED})
    asked = {code: [e for e in examples if e.hand == ASKED and e.language == code] for code in languages}
    draw = np.random.default_rng(0)
    asked = {code: [some[i] for i in sorted(draw.permutation(len(some))[:MOST_ASKED])] for code, some in asked.items()}
    vectors = {code: vectors_of(some) for code, some in asked.items()}
    columns: list[dict[str, float]] = []
    sizes = []
    for n in range(1, len(HANDS) + 1):
        taught = [e for e in examples if e.hand in HANDS[:n]]
        model = learn(taught)
        sizes.append(len(taught))
        columns.append({code: share_right(model, asked[code], vectors[code]) for code in languages})
    lines = [
        "# Learning curve",
        "",
        "Written by `python -m benchmarks.learning_curve`; do not edit. The share of the sixth hand's messages whose topic is told right,",
        f"of {MOST_ASKED} a language, after learning what ever more other hands wrote (English has no fourth; the last wrote long",
        "messages only). No alternative counts as right here.",
        "",
        "| language | " + " | ".join(f"hands: {n} ({size:,} examples)" for n, size in enumerate(sizes, 1)) + " |",
        "|---" * (len(sizes) + 1) + "|",
    ]
    lines += [f"| {code} | " + " | ".join(f"{column[code]:.2f}" for column in columns) + " |" for code in languages]
    lines.append("| average | " + " | ".join(f"{sum(column.values()) / len(column):.3f}" for column in columns) + " |")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
