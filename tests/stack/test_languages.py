"""Fourteen languages by the real chat API: every visible string of a reply is in the reader's language, or marked as English."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.codes import REPLY_LANGUAGES
from bot.settings import read_settings
from bot.understanding.language import LanguageModel
from tests.stack.running_stack import Stack

QUESTIONS = Path(__file__).parents[1] / "evaluation" / "questions"
NEEDS = ("esol", "food", "health", "legal", "library")
SCRIPT_OF = {"uk": "CYRILLIC", "ru": "CYRILLIC", "ti": "ETHIOPIC", "zh-Hant": "CJK"} | dict.fromkeys(
    ("ar", "fa", "prs", "ps", "ckb"), "ARABIC"
)
OWN_SHARE = 0.6
"""Of the letters of a reply in another script, so many are of that script: official names stay in English letters."""
ALIKE = {"fa": {"fa", "prs"}, "prs": {"fa", "prs"}}
"""Persian and Dari are told apart by few words: most sentences could be either."""
QUOTED = ("phone_note", "email_note", "alert", "hours_note", "cost", "eligibility", "interpreter", "source")
READER_S = ("name_meaning", "hours", "for_whom", "spoken")
"""What a card says in the reader's language besides its summary."""


def five_questions(language: str) -> list[str]:
    """Give the first question in the language's own letters for each of five needs, from the frozen set."""
    with (QUESTIONS / f"{language}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [next(row["text"] for row in rows if row["topic"] == need and row["script"] in ("native", "")) for need in NEEDS]


def visible(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give every string that a reader sees, with the language that it is said to be in; what is quoted from a record is English."""
    language = answer["language"]
    for reply in answer["replies"]:
        yield reply["lang"], reply["text"]
        for choice in reply.get("choices", []):
            yield reply["lang"], choice["label"]
        for card in reply.get("services", []):
            yield card["summary_lang"], card["summary"]
            for field in QUOTED:
                yield "en", card[field]
            for field in READER_S:
                if card[field]:
                    yield language, card[field]


def own_letters(text: str, script: str) -> tuple[int, int]:
    """Count the letters of ``script`` and those of any script; a Han character says as much as four letters."""
    letters = [c for c in text if unicodedata.category(c).startswith("L")]
    weight = 4 if script == "CJK" else 1
    own = sum(weight for c in letters if unicodedata.name(c, "").startswith(script))
    return own, own + sum(1 for c in letters if not unicodedata.name(c, "").startswith(script))


@pytest.fixture(scope="module")
def languages() -> LanguageModel:
    """The product's own model that tells languages apart."""
    return LanguageModel.load(read_settings({}).models)


@pytest.mark.parametrize("language", REPLY_LANGUAGES)
def test_every_string_of_a_reply_is_in_the_reader_s_language_or_marked(stack: Stack, languages: LanguageModel, language: str) -> None:
    seen: list[str] = []
    for question in five_questions(language):
        answer = stack.ask(question, language=language)
        assert answer["language"] == language
        for said_to_be, text in visible(answer):
            if said_to_be == language:
                seen.append(text)
            else:
                assert said_to_be == "en", text
                assert re.sub(r"[“”’–£]", "", text).isascii(), f"not English: {text}"
    everything = " ".join(re.sub(r"\([^)]*\)|https?://\S+", "", text) for text in seen)
    assert len(everything) > 500
    if script := SCRIPT_OF.get(language):
        own, letters = own_letters(everything, script)
        assert own >= OWN_SHARE * letters
        for text in seen:
            assert own_letters(text, script)[0], f"not in {script}: {text}"
    assert languages.identify(everything).code in ALIKE.get(language, {language})
    if language != "en" and not script:
        for text in seen:
            if len(text.split()) >= 12:
                assert languages.identify(text).code == language, text
