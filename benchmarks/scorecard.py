"""``make evaluate``: asks everything in ``tests/evaluation``, prints how well it is understood and writes ``docs/scorecard.md``."""

import csv
import math
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.evaluation import FULL, FURTHER, Figures, Retrieval, Share, identification, measure
from bot.opening import open_reader
from bot.settings import ROOT, read_settings
from tests.stack.running_stack import Stack

CARD = ROOT / "docs" / "scorecard.md"
COUNTS = ROOT / "docs" / "scorecard.csv"
"""Questions of each language and how many had their topic told right: what CI holds later work against."""
AIMS = {
    "average": 0.92,
    "lowest": 0.87,
    "further": 0.80,
    "urgent": 0.97,
    "alarms": 0.02,
    "scope": 0.85,
    "native": 0.97,
    "latin": 0.80,
    "dialogues": 0.90,
}
INTRODUCTION = """# Scorecard

Written by `make evaluate` on {day}; do not edit. The evaluation set is frozen, was written by other hands than the training data, and
nothing is tuned on it (`tests/evaluation/README.md`). A language model wrote it; no native speaker has read it. In brackets: the 95%
interval and the counts. Everything but which language it is was asked through the chat API of the running product.

A topic counts as right when it is the label or one that the set names as acceptable. Out of scope is what was answered as out of
scope or as not understood. Rasa's default pipeline on the same examples: [default-pipeline.md](default-pipeline.md); how much more
examples help: [learning-curve.md](learning-curve.md).
"""
TABLE = (
    *("language", "topic", "macro-F1", "in Latin letters", "urgent found", "false alarms"),
    *("out of scope F1", "place F1", "circumstances F1", "outside told"),
)
BINS = 10
WORST_CONFUSIONS = 20


def percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def share(counted: Share) -> str:
    """Write a share with its interval and its size."""
    if not counted.of:
        return "–"
    low, high = counted.interval
    return f"{counted.value:.2f} ({low:.2f}–{high:.2f}, {counted.hits}/{counted.of})"


def pooled(shares: list[Share]) -> Share:
    """Add counts up."""
    return Share(sum(s.hits for s in shares), sum(s.of for s in shares))


def pooled_retrieval(found: list[Retrieval]) -> Retrieval:
    """Add findings up."""
    return Retrieval(sum(f.right for f in found), sum(f.wrong for f in found), sum(f.missed for f in found))


def verdict(value: float, aim: float, at_most: bool = False) -> str:
    """Say plainly whether an aim is met."""
    met = value <= aim if at_most else value >= aim
    return "met" if met else "**missed**"


def reliability(pairs: list[tuple[float, bool]]) -> tuple[list[tuple[float, float, int]], float]:
    """Give (mean confidence, share right, size) for every tenth of confidence, and the expected calibration error."""
    rows, error = [], 0.0
    for tenth in range(BINS):
        inside = [(c, right) for c, right in pairs if tenth / BINS <= c < (tenth + 1) / BINS or (c == 1.0 and tenth == BINS - 1)]
        if inside:
            mean, right = sum(c for c, _ in inside) / len(inside), sum(r for _, r in inside) / len(inside)
            rows.append((mean, right, len(inside)))
            error += abs(mean - right) * len(inside) / len(pairs)
    return rows, error


def diagram(rows: list[tuple[float, float, int]]) -> list[str]:
    """Draw the reliability diagram in text: a bar of how often it was right beside what it claimed."""
    bars = [f"`{'█' * round(right * 20):<20}`" for _, right, _ in rows]
    lines = head("it claimed", "it was right", "messages", "")
    return lines + [row(percent(mean), percent(right), size, bar) for (mean, right, size), bar in zip(rows, bars, strict=True)]


def row(*cells: object) -> str:
    """Write a row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*names: str) -> list[str]:
    """Write the head of a table."""
    return [row(*names), "|" + "---|" * len(names)]


def retrieval(found: Retrieval) -> str:
    """Write F1 with its parts."""
    return f"{found.f1:.3f} (precision {percent(found.precision)}, recall {percent(found.recall)})"


def against_aims(figures: Figures, told: dict[str, tuple[Share, Share]]) -> list[str]:
    """Write the figures that the product is held to."""
    full = [figures.languages[code] for code in FULL]
    topics = [f.topic.value for f in full]
    further = pooled([figures.languages[code].topic for code in FURTHER])
    urgent, alarms = pooled([f.urgent for f in full]), pooled([f.alarms for f in full])
    scope = pooled_retrieval([f.scope for f in full])
    native, latin = (pooled([told[code][script] for code in FULL]) for script in (0, 1))
    others = pooled([native for code, (native, _) in told.items() if code not in FULL])
    average = sum(topics) / len(topics)

    def line(what: str, name: str, figure: str, value: float, at_most: bool = False) -> str:
        bound = f"at {'most' if at_most else 'least'} {AIMS[name]:.2f}"
        return row(what, bound, figure, verdict(value, AIMS[name], at_most))

    return [
        *head("", "aim", "figure", ""),
        line("topic, average of fourteen languages", "average", f"{average:.3f}", average),
        line("topic, lowest language", "lowest", f"{min(topics):.3f}", min(topics)),
        line("topic, five languages never trained on", "further", share(further), further.value),
        line("urgent messages found", "urgent", share(urgent), urgent.value),
        line("false alarms, messages made to look dangerous", "alarms", share(alarms), alarms.value, at_most=True),
        row("false alarms, ordinary questions", "", share(pooled([f.everyday_alarms for f in full])), ""),
        line("out of scope, F1", "scope", retrieval(scope), scope.f1),
        line("language told, native script, three words or more", "native", share(native), native.value),
        line("language told, Latin letters, three words or more", "latin", share(latin), latin.value),
        row(f"language told, {len(told) - len(FULL)} further languages", "", share(others), ""),
        line("dialogues held to the end", "dialogues", share(figures.dialogues), figures.dialogues.value),
        row("place, F1", "", retrieval(pooled_retrieval([f.places for f in full])), ""),
        row("circumstances, F1", "", retrieval(pooled_retrieval([f.circumstances for f in full])), ""),
    ]


def write_card(figures: Figures, told: dict[str, tuple[Share, Share]]) -> str:
    """Write the scorecard."""
    rows, error = reliability(figures.calibration)
    lines = [INTRODUCTION.format(day=f"{datetime.now(timezone.utc):%Y-%m-%d}"), "## Against the aims", "", *against_aims(figures, told)]
    lines += ["", "## By language", "", *head(*TABLE)]
    for code, f in figures.languages.items():
        cells = [code, share(f.topic), percent(f.macro_f1), percent(f.latin.value)]
        cells += [share(f.urgent), share(f.alarms), percent(f.scope.f1) if code in FULL else "–"]
        lines.append(row(*cells, percent(f.places.f1), percent(f.circumstances.f1), percent(f.outside.value)))
    lines += ["", "## Urgent kinds", "", *head("kind", "raised as urgent", "as this kind", "false alarms of this kind")]
    for kind, counted in sorted(figures.urgent_by_kind.items()):
        lines.append(row(kind, share(counted), share(figures.right_kind[kind]), figures.alarms_by_kind[kind]))
    lines += ["", "## Language", "", *head("language", "native script", "Latin letters")]
    lines += [row(code, share(native), share(latin)) for code, (native, latin) in told.items()]
    lines += ["", "## Does its confidence mean what it says?", "", *diagram(rows), "", f"Expected calibration error: {error:.3f}.", ""]
    lines += ["## What it takes for what", "", *head("it is", "it was taken for", "times")]
    lines += [row(want, got, times) for (want, got), times in figures.confusions.most_common(WORST_CONFUSIONS)]
    lines += ["", "## Where dialogues break", "", *head("first broken expectation", "dialogues")]
    lines += [row(name, times) for name, times in figures.broken.most_common()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        stack.start(wait=False)
        try:
            stack.wait_ready(within=900)
            figures = measure(stack.client)
        finally:
            stack.stop()
    told = identification(open_reader(read_settings({})).languages)
    card = write_card(figures, told)
    CARD.write_text(card, encoding="utf-8")
    with COUNTS.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(("language", "right", "asked"))
        sheet.writerows((code, figures.languages[code].topic.hits, figures.languages[code].topic.of) for code in (*FULL, *FURTHER))
    print(card)


if __name__ == "__main__":
    main()
