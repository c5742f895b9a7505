"""Our topic classifier beside Rasa's default pipeline (count vectors and DIET), taught the same examples, asked the frozen questions.

``python -m benchmarks.default_pipeline`` writes ``docs/default-pipeline.md``. DIET would need many hours for all examples on two
cores: both learn a sample, and ours is shown with all examples too. Only topics are asked, without urgency or dialogue. Takes half an hour.
"""

import asyncio
import contextlib
import io
import tempfile
from pathlib import Path

from benchmarks.evaluation import FULL, SET, Share, read_rows, split
from benchmarks.learning_curve import learn
from bot.preparing import Example, training_examples
from bot.runner import hush_warnings
from bot.settings import ROOT
from bot.understanding.embedding import shared_embedder
from bot.understanding.topic import sample

PAGE = ROOT / "docs" / "default-pipeline.md"
EACH_INTENT = 60
"""Examples of an intent, over all languages, that both learn."""
CONFIG = """recipe: default.v1
assistant_id: default-pipeline
language: en
pipeline:
- name: WhitespaceTokenizer
- name: RegexFeaturizer
- name: LexicalSyntacticFeaturizer
- name: CountVectorsFeaturizer
- name: CountVectorsFeaturizer
  analyzer: char_wb
  min_ngram: 1
  max_ngram: 4
- name: DIETClassifier
  epochs: 100
  constrain_similarities: true
- name: EntitySynonymMapper
policies: []
"""
"""What ``rasa init`` suggests in Rasa 3.6, without response selection and fallback."""


def write_data(examples: list[Example], path: Path) -> None:
    lines = ["version: '3.1'", "nlu:"]
    for intent in sorted({e.intent for e in examples}):
        lines += [f"- intent: {intent}", "  examples: |", *(f"    - {e.text}" for e in examples if e.intent == intent)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def asked() -> dict[str, list[dict[str, str]]]:
    """Give the frozen questions of every language that have a topic."""
    return {code: [row for row in read_rows(SET / "questions" / f"{code}.csv") if row["topic"] != "out_of_scope"] for code in FULL}


def right(row: dict[str, str], found: str) -> bool:
    return found in {row["topic"], *split(row["acceptable"])}


def measure_default(examples: list[Example]) -> dict[str, Share]:
    """Train Rasa's default pipeline and ask."""
    hush_warnings()
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        config, data = Path(folder) / "config.yml", Path(folder) / "nlu.yml"
        config.write_text(CONFIG, encoding="utf-8")
        write_data(examples, data)
        model = train_nlu(config=str(config), nlu_data=str(data), output=folder)
        agent = Agent.load(str(model))
        found = {}
        for code, rows in asked().items():
            names = [asyncio.run(agent.parse_message(row["text"]))["intent"]["name"] for row in rows]
            found[code] = Share(sum(right(row, name) for row, name in zip(rows, names, strict=True)), len(rows))
    return found


def measure_ours(examples: list[Example]) -> dict[str, Share]:
    """Train our classifier and ask."""
    model, found = learn(examples), {}
    for code, rows in asked().items():
        names = [next(iter(model.probabilities(row["text"], shared_embedder().embed(row["text"])))) for row in rows]
        found[code] = Share(sum(right(row, name) for row, name in zip(rows, names, strict=True)), len(rows))
    return found


def main() -> None:
    """Measure and write."""
    everything = training_examples()
    few = [everything[at] for at in sample([e.text for e in everything], [e.intent for e in everything], EACH_INTENT)]
    ours_few, ours_all, default = measure_ours(few), measure_ours(everything), measure_default(few)
    lines = [
        "# Beside Rasa's default pipeline",
        "",
        "Written by `python -m benchmarks.default_pipeline`; do not edit. The share of the frozen questions whose topic is told right",
        f"(acceptable ones count), by the classifier alone. Both learn {len(few):,} of the {len(everything):,} examples, since DIET",
        "would need many hours for all.",
        "",
        f"| language | Rasa's default, {len(few):,} examples | ours, {len(few):,} examples | ours, all examples |",
        "|---|---|---|---|",
    ]
    lines += [f"| {c} | {default[c].value:.2f} | {ours_few[c].value:.2f} | {ours_all[c].value:.2f} |" for c in FULL]
    averages = [sum(shares[c].value for c in FULL) / len(FULL) for shares in (default, ours_few, ours_all)]
    lines.append("| average | " + " | ".join(f"{average:.3f}" for average in averages) + " |")
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
