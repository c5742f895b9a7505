"""How each text stands in each language: lacking, drafted by a machine, read by a native speaker, or made from an English that is gone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from bot.answers.cards import name_key, summary_key
from bot.answers.catalogue import TRANSLATED, TRANSLATED_DOMAINS, Catalogues, numbers_out
from bot.answers.entries import Entry
from bot.answers.wording import ANSWERS, DRAFTED, GUIDANCE, REVIEWED, SERVICES, UNREVIEWED, Version, Wordings, needs_second_officer
from bot.directory.records import Directory

MISSING, STALE = "missing", "stale"
STANDINGS = (MISSING, STALE, DRAFTED, UNREVIEWED, REVIEWED)
"""How a text can stand, the most urgent first."""


@dataclass(frozen=True)
class Line:
    """One text in one language.

    ``english`` is the English of now, ``notes`` are for translators, ``newest`` is the newest translation (None where there is none) and
    ``said`` the one that people read (None where they read English).
    """

    domain: str
    language: str
    key: str
    english: str
    notes: tuple[str, ...]
    newest: Entry | None
    said: Entry | None

    @property
    def standing(self) -> str:
        """How it stands: one of STANDINGS."""
        if self.newest is None:
            return MISSING
        return self.said.review if self.said else STALE

    @property
    def needs_second(self) -> bool:
        """Whether a change of it waits for another officer."""
        return needs_second_officer(self.domain, self.key)


def english_texts(catalogues: Catalogues, directory: Directory, domain: str) -> dict[str, Entry]:
    """Give what is to be translated of a catalogue by key: of the directory what may be shown, with marks for its numbers."""
    if domain == GUIDANCE:
        return {statement.key: _of_a_record(statement.key, statement.statement) for statement in directory.guidance}
    if domain == SERVICES:
        texts = (
            _of_a_record(key, text, *notes)
            for service in directory.services
            for key, text, *notes in (
                (name_key(service.key), service.name, "note: stands small after the English name, to say what it means"),
                (summary_key(service.key), service.description),
            )
        )
        return {entry.key: entry for entry in texts if entry.text}
    return catalogues.english(domain)


def _of_a_record(key: str, text: str, *notes: str) -> Entry:
    marked = numbers_out(text)[0]
    return Entry(key, marked, marked, REVIEWED, notes=notes)


def lines(catalogues: Catalogues, directory: Directory, language: str) -> list[Line]:
    """Give every text of every catalogue as it stands in ``language``."""
    return [
        _line(catalogues, language, domain, english)
        for domain in TRANSLATED_DOMAINS
        for english in english_texts(catalogues, directory, domain).values()
    ]


def find_line(catalogues: Catalogues, directory: Directory, language: str, domain: str, key: str) -> Line | None:
    """Give one text as it stands in ``language``; None where it is no text of ours, or ``language`` is not translated into."""
    if language not in TRANSLATED or domain not in TRANSLATED_DOMAINS:
        return None
    english = english_texts(catalogues, directory, domain).get(key)
    return _line(catalogues, language, domain, english) if english else None


def _line(catalogues: Catalogues, language: str, domain: str, english: Entry) -> Line:
    candidates = catalogues.candidates(language, domain, english.key)
    said = catalogues.fitting(language, domain, english.key, english.text)
    return Line(domain, language, english.key, english.text, english.notes, candidates[0] if candidates else None, said)


def count(listed: Iterable[Line]) -> dict[str, int]:
    """Give how many texts stand how, for each of STANDINGS."""
    found = Counter(line.standing for line in listed)
    return {standing: found[standing] for standing in STANDINGS}


def reviewers(listed: Iterable[Line]) -> list[tuple[str, int, date]]:
    """Give who has read texts as a native speaker, how many, and when last; the busiest first."""
    read = [line.said for line in listed if line.said and line.said.review == REVIEWED and line.said.reviewed_on]
    days: dict[str, list[date]] = {}
    for entry in read:
        days.setdefault(entry.reviewed_by, []).append(entry.reviewed_on or date.min)
    return sorted(((by, len(found), max(found)) for by, found in days.items()), key=lambda one: (-one[1], one[0]))


@dataclass(frozen=True)
class Waiting:
    """A version that waits for a second officer, beside what it would change.

    ``english`` is the English of now (empty where the text is gone), ``old`` what people read now in that language (empty where they
    read English or nothing), ``outdated`` says that the English has changed since it was proposed.
    """

    version: Version
    english: str
    old: str
    outdated: bool


def waiting(wordings: Wordings, catalogues: Catalogues, directory: Directory) -> list[Waiting]:
    """Give everything that waits for a second officer, oldest first."""
    english = {domain: english_texts(catalogues, directory, domain) for domain in TRANSLATED_DOMAINS}
    return [_waiting(version, catalogues, english) for version in wordings.waiting()]


def _waiting(version: Version, catalogues: Catalogues, texts: dict[str, dict[str, Entry]]) -> Waiting:
    domain = version.domain
    if domain == ANSWERS:
        return Waiting(version, version.english, "", False)
    english = texts[domain].get(version.key)
    if version.language == "en":
        return Waiting(version, english.text if english else "", english.text if english else "", False)
    if english is None:
        return Waiting(version, "", "", True)
    said = catalogues.fitting(version.language, domain, version.key, english.text)
    return Waiting(version, english.text, said.text if said else "", english.text != version.english)
