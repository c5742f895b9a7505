"""Plain English: what visitors read can be read at an age of about nine, in sentences of fewer than twenty words.

Measured with textstat's Flesch-Kincaid grade, the American school year a text is fit for: children of nine to ten are in the fourth. Names,
numbers and the terms of the glossary count as words of one syllable, because they have no plainer name here or are explained beside it.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from statistics import mean

import pytest
import textstat

from bot.answers.catalogue import LOCALES
from bot.answers.checking import needed_services
from bot.answers.plurals import FORMS
from bot.answers.standing import english_texts
from bot.answers.wording import GUIDANCE, MESSAGES, PHRASES, SERVICES
from bot.directory.records import Directory
from tests.builders import the_catalogues

LONGEST_SENTENCE = 19
HARDEST, HARDEST_ON_AVERAGE = 8.0, 4.0
FROM_WORDS = 8
"""Words from which the grade of a text means anything."""
STATUTORY = (
    "accessibility.scope",
    "accessibility.scope_unnamed",
    "accessibility.status",
    "accessibility.content",
    "accessibility.exempt_heading",
    "accessibility.enforcement",
)
"""Wording that public bodies must use as it is: the model accessibility statement of Commission Implementing Decision (EU) 2018/1523."""
KNOWN = (
    *("immigration", "information", "telephone", "internet", "computer", "computers", "adviser", "advisers", "housing", "language"),
    *("community", "service", "services"),
)
"""Words that no reader here gets past without, besides the glossary's."""


def sentences(text: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=[.!?])\s+", text) if sentence]


def plainer(text: str, terms: re.Pattern[str]) -> str:
    """Put a short word in the place of what has no plainer name."""
    text = re.sub(r"\([^)]*\)", "", re.sub(r"\{\w+\}", "it", text))
    names = r"(?<![.!?] )(?<!^)(?<!“)\b[A-Z][\w’'-]*(?:\s+(?:of|for|and|the|to|in)?\s*[A-Z0-9][\w’'-]*)*"
    return re.sub(r"\d[\d ,.-]*\d|\d", "ten", terms.sub("it", re.sub(names, "it", text)))


@pytest.fixture(scope="module")
def terms() -> re.Pattern[str]:
    with (LOCALES / "en" / "glossary.csv").open(encoding="utf-8", newline="") as file:
        found = [form for row in csv.DictReader(file) for form in row["found_as"].split(";")]
    return re.compile(rf"\b({'|'.join(map(re.escape, sorted((*found, *KNOWN), key=len, reverse=True)))})\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def texts(directory: Directory) -> dict[str, str]:
    """Everything that a visitor can see of ours, but for statutory wording: texts by key."""

    def all_of() -> Iterator[tuple[str, str]]:
        catalogues, needed = the_catalogues(), needed_services(directory, date(2026, 11, 26))
        for domain in (MESSAGES, PHRASES, GUIDANCE, SERVICES):
            for key, entry in english_texts(catalogues, directory, domain).items():
                if domain != SERVICES or (key in needed and key.endswith(".summary")):
                    yield key, entry.text.split(FORMS)[-1]

    return {key: text for key, text in all_of() if key not in STATUTORY}


def grade(text: str, terms: re.Pattern[str]) -> float:
    return float(textstat.flesch_kincaid_grade(plainer(text, terms)))


def test_no_sentence_has_twenty_words(texts: dict[str, str]) -> None:
    assert len(texts) > 600
    assert {key: text for key, text in texts.items() if any(len(s.split()) > LONGEST_SENTENCE for s in sentences(text))} == {}


def test_no_text_is_hard_to_read(texts: dict[str, str], terms: re.Pattern[str]) -> None:
    long = {key: text for key, text in texts.items() if len(plainer(text, terms).split()) >= FROM_WORDS}
    grades = {key: grade(text, terms) for key, text in long.items()}
    assert {key: (round(found, 1), long[key]) for key, found in grades.items() if found > HARDEST} == {}
    assert mean(grades.values()) <= HARDEST_ON_AVERAGE


def test_a_hard_text_is_told_from_a_plain_one(terms: re.Pattern[str]) -> None:
    hard = "Commencement of eligibility verification presupposes comprehensive documentation of preceding accommodation."
    assert grade(hard, terms) > 2 * HARDEST
    assert grade("You do not need to give your name. We do not ask for it.", terms) < HARDEST_ON_AVERAGE
