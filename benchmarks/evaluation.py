"""Asks the running product everything in ``tests/evaluation`` through its chat API and counts how often it is right.

Only figures come out: no text of the evaluation set is printed or stored, so that nobody tunes to one by accident.
"""

import csv
import math
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from bot.codes import INTERPRETER_FOR, NEEDS
from bot.understanding.language import LanguageModel

SET = Path(__file__).resolve().parents[1] / "tests" / "evaluation"
FULL = ("en", "uk", "ru", "ar", "fa", "prs", "ps", "ckb", "ti", "so", "zh-Hant", "ro", "lt", "pl")
FURTHER = ("am", "sq", "vi", "ur", "bn")
SAME_LANGUAGE = {"prs": "fa", "ku": "ckb"}
"""Codes counted as one: Farsi and Dari are one written language, and a few libraries call every Kurdish ``ku``."""
WRITTEN_SINCE = ("ru", "ps", "ti", "so", "ro", "lt", "pl")
"""Languages that the product did not write when the dialogues were: these expect English of it. Where a dialogue's name says that it is
in one of them, an answer in that language counts as right, too.
"""
SHORTEST_IDENTIFIED = 3
ASKED_AT_MOST = 5
"""Times that a question is asked while the product says that it cannot answer at the moment."""
Z95 = 1.959964


@dataclass(frozen=True)
class Share:
    """How many of how many, with the 95% interval of Wilson, Probable Inference (1927)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return math.nan, math.nan
        centre = (self.value + Z95**2 / (2 * self.of)) / (1 + Z95**2 / self.of)
        half = Z95 * math.sqrt(self.value * (1 - self.value) / self.of + Z95**2 / (4 * self.of**2)) / (1 + Z95**2 / self.of)
        return centre - half, centre + half


@dataclass
class Retrieval:
    """Right, wrong and missed findings, for precision, recall and F1."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, wanted: set[str], found: set[str]) -> None:
        self.right += len(wanted & found)
        self.wrong += len(found - wanted)
        self.missed += len(wanted - found)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else math.nan

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else math.nan

    @property
    def f1(self) -> float:
        return 2 * self.right / (2 * self.right + self.wrong + self.missed) if self.right else 0.0


@dataclass
class LanguageFigures:
    """What was counted for one language."""

    topic: Share = Share(0, 0)
    latin: Share = Share(0, 0)
    macro_f1: float = math.nan
    urgent: Share = Share(0, 0)
    alarms: Share = Share(0, 0)
    everyday_alarms: Share = Share(0, 0)
    outside: Share = Share(0, 0)
    scope: Retrieval = field(default_factory=Retrieval)
    places: Retrieval = field(default_factory=Retrieval)
    circumstances: Retrieval = field(default_factory=Retrieval)


@dataclass
class Figures:
    """Everything counted in one run."""

    languages: dict[str, LanguageFigures] = field(default_factory=dict)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)
    urgent_by_kind: dict[str, Share] = field(default_factory=dict)
    right_kind: dict[str, Share] = field(default_factory=dict)
    alarms_by_kind: Counter[str] = field(default_factory=Counter)
    dialogues: Share = Share(0, 0)
    broken: Counter[str] = field(default_factory=Counter)
    calibration: list[tuple[float, bool]] = field(default_factory=list)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a sheet of the set."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts_of_set() -> Iterator[tuple[str, str]]:
    """Give every text of the set with the name of its file."""
    for path in sorted(SET.glob("*/*.csv")):
        yield from ((row["text"], f"{path.parent.name}/{path.name}") for row in read_rows(path))
    for path in sorted(SET.glob("dialogues/*.yml")):
        for dialogue in YAML(typ="safe").load(path):
            yield from ((turn["text"], f"dialogues/{path.name}") for turn in dialogue["turns"])


Ask = Callable[..., dict[str, Any]]


def asker(client: httpx.Client) -> Ask:
    """Give a function that says something (in a session, or a new one) and gives the API's answer.

    Where Rasa is away for a moment, as it may seem on a busy machine, it asks again as it is told to: what is counted is what is
    understood. Raises httpx.HTTPStatusError.
    """

    def ask(text: str, session: str | None = None) -> dict[str, Any]:
        said = {"session": session, "text": text, "message_id": uuid.uuid4().hex}
        for _ in range(ASKED_AT_MOST):
            answer = client.post("/api/v1/chat", json=said)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(int(answer.headers["Retry-After"]))
        answer.raise_for_status()
        return dict(answer.json())

    return ask


def split(codes: str) -> set[str]:
    """Read a cell of codes joined by semicolons."""
    return {code for code in codes.split(";") if code}


def macro_f1(pairs: Iterable[tuple[str, str]]) -> float:
    """Give the mean F1 over the labels that occur, of (wanted, found) pairs."""
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for want, got in pairs:
        wanted[want] += 1
        found[got] += 1
        right[want] += want == got
    return sum(2 * right[label] / (wanted[label] + found[label]) for label in wanted) / len(wanted) if wanted else math.nan


def measure_questions(ask: Ask, code: str, folder: str, figures: Figures) -> None:
    """Ask one language's questions."""
    counted = figures.languages.setdefault(code, LanguageFigures())
    pairs: list[tuple[str, str]] = []
    latin: list[bool] = []
    outside: list[bool] = []
    alarms = []
    for row in read_rows(SET / folder / f"{code}.csv"):
        answer = ask(row["text"])
        understood = answer["understood"]
        topic, confidence = understood["topic"] or "none", understood["confidence"]
        accepted = {row["topic"], *split(row["acceptable"])}
        found = row["topic"] if topic in accepted else topic
        declined = topic in ("none", "out_of_scope")
        counted.scope.count(
            {"out"} if row["topic"] == "out_of_scope" else set(),
            {"out"} if (declined and found != row["topic"]) or found == "out_of_scope" else set(),
        )
        if row["topic"] != "out_of_scope":
            pairs.append((row["topic"], found))
            figures.calibration.append((confidence, found == row["topic"]))
            if found != row["topic"]:
                figures.confusions[(row["topic"], topic)] += 1
            if row["script"] == "latin":
                latin.append(found == row["topic"])
            if row["topic"] in NEEDS and row["topic"] not in (
                "emergency",
                "domestic_abuse",
                "modern_slavery",
                "mental_health",
                "young_people",
            ):
                alarms.append(understood["urgent"] is not None)
        counted.places.count({row["place"]} - {""}, {understood["place"] or ""} - {""})
        if row["outside"] and not row["place"]:
            outside.append(understood["place"] is None and any(reply["kind"] == "notice" for reply in answer["replies"]))
        counted.circumstances.count(split(row["circumstances"]), set(understood["circumstances"]))
    counted.topic = Share(sum(want == got for want, got in pairs), len(pairs))
    counted.macro_f1 = macro_f1(pairs)
    counted.latin = Share(sum(latin), len(latin))
    counted.outside = Share(sum(outside), len(outside))
    counted.everyday_alarms = Share(sum(alarms), len(alarms))


def measure_urgency(ask: Ask, code: str, figures: Figures) -> None:
    """Say one language's urgent and harmless messages."""
    counted = figures.languages.setdefault(code, LanguageFigures())
    raised: list[bool] = []
    alarms: list[bool] = []
    for row in read_rows(SET / "urgency" / f"{code}.csv"):
        found = ask(row["text"])["understood"]["urgent"]
        if row["urgent"]:
            raised.append(found is not None)
            kind = row["urgent"]
            before = figures.urgent_by_kind.get(kind, Share(0, 0)), figures.right_kind.get(kind, Share(0, 0))
            figures.urgent_by_kind[kind] = Share(before[0].hits + (found is not None), before[0].of + 1)
            right = found in {kind, *split(row["acceptable"])}
            figures.right_kind[kind] = Share(before[1].hits + right, before[1].of + 1)
        else:
            alarms.append(found is not None)
            if found:
                figures.alarms_by_kind[found] += 1
    counted.urgent, counted.alarms = Share(sum(raised), len(raised)), Share(sum(alarms), len(alarms))


def services_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the service cards of an answer."""
    return [card for reply in answer["replies"] for card in reply.get("services", [])]


def broken_expectation(expect: dict[str, Any], answer: dict[str, Any], earlier: list[dict[str, Any]], name: str) -> str | None:
    """Give the name of the first expectation that an answer breaks, or None.

    ``earlier`` are the answers before it in the dialogue called ``name``.
    """
    since = {code for code in WRITTEN_SINCE if INTERPRETER_FOR[code] in name}
    understood, replies = answer["understood"], answer["replies"]
    shown = [card["id"] for card in services_in(answer)]
    seen = {card["id"] for before in earlier for card in services_in(before)}
    choices = [choice["value"] for reply in replies for choice in reply.get("choices", [])]
    checks: dict[str, Callable[[Any], bool]] = {
        "topic": lambda want: understood["topic"] == want,
        "also": lambda want: {understood["topic"], *understood["also"]} >= set(want),
        "urgent": lambda want: understood["urgent"] == want,
        "place": lambda want: understood["place"] == want,
        "circumstances": lambda want: set(understood["circumstances"]) == set(want),
        "language": lambda want: (
            bool(replies) and SAME_LANGUAGE.get(said := replies[0]["lang"], said) in {want, *(since if want == "en" else ())}
        ),
        "outside": lambda want: understood["place"] is None and any(reply["kind"] == "notice" for reply in replies),
        "services": lambda want: bool(shown) is want,
        "same_service": lambda want: bool(seen & set(shown)) is want,
        "new_services": lambda want: (bool(shown) and not seen & set(shown)) is want,
        "repeated": lambda want: (bool(earlier) and shown == [card["id"] for card in services_in(earlier[-1])]) is want,
        "library": lambda want: any(card["name"] == want and card["address"] for card in services_in(answer)),
        "left_out": lambda want: any(reply.get("left_out") for reply in replies) is want,
        "person_offered": lambda want: (understood["topic"] == "human" or "human" in choices or "@" in str(replies)) is want,
        "asks": lambda want: len(choices) >= 2 if want else True,
        "choices": lambda want: bool(choices) is want,
    }
    for kind, want in expect.items():
        # With two needs in one message either may be the main one.
        either = kind == "topic" and "also" in expect and want in {understood["topic"], *understood["also"]}
        if not either and not checks[kind](want):
            return kind
    return None


def measure_dialogues(ask: Ask, figures: Figures) -> None:
    """Hold every dialogue; it passes when every turn's expectations hold."""
    passed = []
    for path in sorted(SET.glob("dialogues/*.yml")):
        for dialogue in YAML(typ="safe").load(path):
            session, broken = None, None
            earlier: list[dict[str, Any]] = []
            for turn in dialogue["turns"]:
                answer = ask(turn["text"], session)
                session = answer["session"]
                broken = broken_expectation(turn.get("expect") or {}, answer, earlier, dialogue["name"])
                if broken:
                    figures.broken[broken] += 1
                    break
                earlier.append(answer)
            passed.append(broken is None)
    figures.dialogues = Share(sum(passed), len(passed))


def measure(client: httpx.Client) -> Figures:
    """Ask everything."""
    ask, figures = asker(client), Figures()
    for code in FULL:
        measure_questions(ask, code, "questions", figures)
        measure_urgency(ask, code, figures)
    for code in FURTHER:
        measure_questions(ask, code, "further", figures)
    measure_dialogues(ask, figures)
    return figures


def identification(model: LanguageModel) -> dict[str, tuple[Share, Share]]:
    """Give for every language how many of its messages of three words or more are told right: native script, Latin letters."""
    counts: dict[str, list[list[bool]]] = defaultdict(lambda: [[], []])
    for code in FULL:
        for folder in ("questions", "urgency"):
            for row in read_rows(SET / folder / f"{code}.csv"):
                _count(counts, model, code, row["text"], row["script"] == "latin")
    for code in FURTHER:
        for row in read_rows(SET / "further" / f"{code}.csv"):
            _count(counts, model, code, row["text"], False)
    for row in read_rows(SET / "further" / "identification.csv"):
        _count(counts, model, row["language"], row["text"], False)
    return {code: (Share(sum(native), len(native)), Share(sum(latin), len(latin))) for code, (native, latin) in counts.items()}


def _count(counts: dict[str, list[list[bool]]], model: LanguageModel, code: str, text: str, latin: bool) -> None:
    words = len(text.split()) if not any("\u3400" <= c <= "\u9fff" for c in text) else len(text)
    if words < SHORTEST_IDENTIFIED:
        return
    found = model.identify(text).code or ""
    counts[code][latin].append(SAME_LANGUAGE.get(found, found) == SAME_LANGUAGE.get(code, code))
