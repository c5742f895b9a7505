"""Whether the translations are whole: nothing lacking or out of date, no placeholder broken, each term by its word of the glossary."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.answers.cards import name_key, summary_key
from bot.answers.catalogue import LOCALES, OF_RECORDS, TRANSLATED, TRANSLATED_DOMAINS, Catalogues
from bot.answers.dialogue import AT_A_TIME
from bot.answers.glossary import read_glossary, unsaid
from bot.answers.proofreading import check_text
from bot.answers.standing import MISSING, STALE, Line, count, english_texts, lines
from bot.answers.wording import SERVICES
from bot.directory.records import Directory
from bot.directory.search import answered_first
from bot.errors import WordingRefused


@dataclass(frozen=True)
class Fault:
    """What is wrong with one text of one language; ``why`` is a key of the officers' catalogue with its values."""

    language: str
    domain: str
    key: str
    why: WordingRefused


@dataclass(frozen=True)
class Checked:
    """What was found: the faults, how many texts of each language stand how, and how many services must be translated."""

    faults: tuple[Fault, ...]
    counted: dict[str, dict[str, int]]
    services: int


def needed_services(directory: Directory, today: date) -> frozenset[str]:
    """Give the keys of the texts of services that every language must have: of those that stand first in answers."""
    first = answered_first(directory, today, AT_A_TIME)
    return frozenset(key for service in first for key in (name_key(service.key), summary_key(service.key)))


def check_catalogues(catalogues: Catalogues, directory: Directory, today: date, locales: Path = LOCALES) -> Checked:
    """Check every language. Raises SetUpError where a glossary cannot be read."""
    needed = needed_services(directory, today)
    faults: list[Fault] = []
    counted = {}
    for language in TRANSLATED:
        listed = [line for line in lines(catalogues, directory, language) if line.domain != SERVICES or line.newest or line.key in needed]
        counted[language] = count(listed)
        terms = read_glossary(language, locales)
        for line in listed:
            faults += (Fault(language, line.domain, line.key, why) for why in _wrong_with(line))
            if line.said:
                faults += (
                    Fault(language, line.domain, line.key, WordingRefused("officer.check.term", term=t.term, words=t.translation))
                    for t in unsaid(terms, line.english, line.said.text)
                )
        faults += (
            Fault(language, domain, key, WordingRefused("officer.check.unknown"))
            for domain, key in _unknown(catalogues, directory, language)
        )
    return Checked(tuple(faults), counted, len(needed) // 2)


def _wrong_with(line: Line) -> Iterable[WordingRefused]:
    if line.standing in (MISSING, STALE):
        yield WordingRefused(f"officer.check.{line.standing}")
    elif line.said:
        try:
            check_text(line.domain, line.language, line.key, line.said.text, line.english)
        except WordingRefused as why:
            yield why


def _unknown(catalogues: Catalogues, directory: Directory, language: str) -> Iterable[tuple[str, str]]:
    """Give the texts of a catalogue that belong to no text of ours; those of a record that is not shown now may stay."""
    retired = catalogues.retired()
    for domain in TRANSLATED_DOMAINS:
        if domain not in OF_RECORDS:
            english = english_texts(catalogues, directory, domain)
            yield from ((domain, key) for key in catalogues.own(language, domain) if key not in english and key not in retired)
