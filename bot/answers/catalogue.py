"""The words of the product, by language: the gettext catalogues in ``data/locales``, with what officers have changed on top.

A msgid is a key (``ask_place``); the English catalogue holds the English. A translation is said only while the English it was made from
is the English of now: an officer's first, then the catalogue's own. Otherwise, and where there is none, the English is said, and the
caller is told which language it got, so that text is always marked as what it is.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.answers.entries import NOTE, Entry, entry_of, made_from, read_review, with_notes
from bot.answers.plurals import FORMS, key_and_text, plural_rule
from bot.answers.proofreading import NUMBERS_PLACE
from bot.answers.wording import ANSWERS, DRAFTED, GUIDANCE, MESSAGES, PHRASES, REVIEWED, SERVICES, UNREVIEWED, Version, Wordings
from bot.codes import REPLY_LANGUAGES, direction, locale_of
from bot.errors import SetUpError
from bot.settings import ROOT

LOCALES = ROOT / "data" / "locales"
DOMAINS = ("messages", "phrases", "staff", "officer")
"""The catalogues of a language: what visitors read, the checked phrases of the desk, and what staff and officers read (in English only)."""
TRANSLATED = tuple(code for code in REPLY_LANGUAGES if code != "en")
"""The languages that everything is translated into."""
TRANSLATED_DOMAINS = (MESSAGES, PHRASES, GUIDANCE, SERVICES)
"""The catalogues that every language but English has."""
OF_RECORDS = (GUIDANCE, SERVICES)
"""Those of them whose English stands in the directory."""
UNITS = ("seconds", "minutes", "days", "years")
"""Placeholders for a number with its unit: ``{days}`` becomes ``number.days`` of the language, in the plural form that its number takes."""
_PHONE = re.compile(r"(?<![\d-])(?:0[\d ]{8,12}\d|116 123|999|112|111|101)(?!\d)")


def locale_folder(language: str, locales: Path = LOCALES) -> Path:
    """Where the catalogues of a BCP 47 language are: gettext writes ``zh-Hant`` as ``zh_Hant``."""
    return locales / language.replace("-", "_") / "LC_MESSAGES"


def has_catalogue(language: str, domain: str, locales: Path = LOCALES) -> bool:
    """Tell whether a language has a catalogue of its own."""
    return (locale_folder(language, locales) / f"{domain}.po").exists()


def read_catalogue(language: str, domain: str, locales: Path = LOCALES) -> Catalog:
    """Read one ``.po`` file as a Babel catalogue."""
    with (locale_folder(language, locales) / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=locale_of(language), abort_invalid=True)


def numbers_out(statement: str) -> tuple[str, dict[str, str]]:
    """Take the telephone numbers out of an English statement: ``("Call {phone1}.", {"phone1": "999"})``.

    Translations never hold a number; it is put back from the English by ``format``.
    """
    numbers: dict[str, str] = {}

    def mark(match: re.Match[str]) -> str:
        numbers[f"phone{len(numbers) + 1}"] = match[0]
        return f"{{phone{len(numbers)}}}"

    return _PHONE.sub(mark, statement), numbers


def isolated(values: Mapping[str, object], language: str) -> dict[str, object]:
    """Wrap what is put into right-to-left text in direction isolates, so that number groups keep their order."""
    if direction(language) == "ltr":
        return dict(values)
    return {name: f"\u2068{value}\u2069" for name, value in values.items()}


@dataclass(frozen=True)
class Said:
    """A text and the BCP 47 code of the language it is really in."""

    text: str
    lang: str


def _read_entries(language: str, domain: str, english: Mapping[str, Entry], locales: Path) -> dict[str, Entry]:
    """Read what a catalogue says; what is empty or marked as fuzzy is not said."""
    found = {}
    for message in read_catalogue(language, domain, locales):
        key, text = key_and_text(message)
        if not key or not text or message.fuzzy:
            continue
        if language == "en":
            found[key] = Entry(key, text, text, REVIEWED, notes=tuple(message.auto_comments))
            continue
        now = english[key].text if key in english else " ".join(c for c in message.auto_comments if not c.startswith(NOTE))
        source, notes = made_from(message.auto_comments, now)
        try:
            review, by, on = read_review(message.user_comments) or (UNREVIEWED, "", None)
        except ValueError as error:
            raise SetUpError(f"{domain}.po of {language}: write `# reviewed by NAME on YYYY-MM-DD` above {key}.") from error
        found[key] = Entry(key, text, source, review, by, on, notes, tuple(message.user_comments))
    return found


@dataclass(frozen=True)
class _State:
    """What is said, built anew at each change and never altered, so that it is read without a lock.

    ``candidates`` has for each language and catalogue every text that may be said by key, an officer's before the catalogue's own;
    ``fitting`` those that are said, by language; ``unreviewed`` has the languages in which a machine translated some that nobody has read.
    """

    edition: tuple[int, int]
    candidates: dict[tuple[str, str], dict[str, tuple[Entry, ...]]]
    fitting: dict[str, dict[str, Entry]] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    unreviewed: frozenset[str] = frozenset()


class Catalogues:
    """Every catalogue, and the officers' words on top of them where ``wordings`` are given.

    Safe to read from several threads while another calls ``refresh``.
    """

    def __init__(self, locales: Path = LOCALES, wordings: Wordings | None = None) -> None:
        self._wordings = wordings
        self._changing = threading.Lock()
        self._own: dict[tuple[str, str], dict[str, Entry]] = {}
        for language in ("en", *TRANSLATED):
            for domain in (*DOMAINS, *OF_RECORDS):
                if has_catalogue(language, domain, locales):
                    self._own[language, domain] = _read_entries(language, domain, self._own.get(("en", domain), {}), locales)
        self._state = self._build([], (0, 0))
        self.refresh()

    def refresh(self) -> bool:
        """Take in what officers have changed since; give whether anything was."""
        if self._wordings is None:
            return False
        with self._changing:
            edition = self._wordings.edition()
            if edition == self._state.edition:
                return False
            self._state = self._build(self._wordings.in_force(), edition)
        return True

    def _build(self, versions: list[Version], edition: tuple[int, int]) -> _State:
        changed: dict[tuple[str, str], dict[str, Entry]] = {}
        answers: dict[str, str] = {}
        retired: set[str] = set()
        for version in versions:
            if version.domain == ANSWERS:
                answers[version.key] = version.text
            elif version.language == "en" and not version.text:
                retired.add(version.key)
            else:
                if version.language == "en":
                    retired.discard(version.key)
                changed.setdefault((version.language, version.domain), {})[version.key] = entry_of(version)
        candidates: dict[tuple[str, str], dict[str, tuple[Entry, ...]]] = {}
        for place in (*self._own, *(place for place in changed if place not in self._own)):
            own, officers = self._own.get(place, {}), changed.get(place, {})
            keys = (*own, *(key for key in officers if key not in own))
            candidates[place] = {key: tuple(found[key] for found in (officers, own) if key in found) for key in keys}
        english = {domain: dict(candidates.get(("en", domain), {})) for domain in DOMAINS}
        for key, entries in english[PHRASES].items():
            english[PHRASES][key] = (with_notes(entries, answers.get(key)),)
        candidates["en", PHRASES] = english[PHRASES]
        fitting: dict[str, dict[str, Entry]] = {"en": {key: entries[0] for texts in english.values() for key, entries in texts.items()}}
        for language in TRANSLATED:
            fitting[language] = {}
            for domain in DOMAINS:
                for key, entries in candidates.get((language, domain), {}).items():
                    now = fitting["en"].get(key)
                    said = next((entry for entry in entries if now and entry.english == now.text), None)
                    if said:
                        fitting[language][key] = said
        unreviewed = (
            language
            for language in TRANSLATED
            if any(
                entries[0].review == DRAFTED for domain in TRANSLATED_DOMAINS for entries in candidates.get((language, domain), {}).values()
            )
        )
        return _State(edition, candidates, fitting, frozenset(retired), frozenset(unreviewed))

    def say(self, language: str, key: str, **values: object) -> str:
        """Give the text of ``key`` in ``language`` (English where it has none) with ``values`` put in.

        Raises KeyError where English does not have it either.
        """
        return self.said(language, key, **values).text

    def said(self, language: str, key: str, **values: object) -> Said:
        """Like ``say``, with the language the text is really in."""
        fitting = self._state.fitting
        lang = language if key in fitting.get(language, ()) else "en"
        amounts = {name: self._amount(lang, name, value) for name, value in values.items() if name in UNITS and isinstance(value, int)}
        put: Mapping[str, object] = {**values, **amounts}
        # An urgent text starts with its number, which the page sets apart itself.
        if not key.startswith("urgent."):
            put = isolated(put, lang)
        return Said(fitting[lang][key].text.format(**put), lang)

    def _amount(self, language: str, unit: str, number: int) -> str:
        """Write a number with its unit: ``7 days``."""
        fitting, key = self._state.fitting, f"number.{unit}"
        lang = language if key in fitting.get(language, ()) else "en"
        return fitting[lang][key].text.split(FORMS)[plural_rule(lang)[1](number)].format(count=number)

    def knows(self, language: str, key: str) -> bool:
        """Tell whether ``language`` has words of its own for ``key``, so that it is not said in English in their place."""
        return key in self._state.fitting.get(language, ())

    def is_reviewed(self, language: str, key: str) -> bool:
        """Tell whether a native speaker has reviewed this text; English counts as reviewed."""
        entry = self._state.fitting.get(language, {}).get(key)
        return language == "en" or (entry is not None and entry.review == REVIEWED)

    def has_unreviewed(self, language: str) -> bool:
        """Tell whether some of what is said in ``language`` was translated by a machine and read by nobody."""
        return language in self._state.unreviewed

    def guidance(self, language: str, key: str, statement: str) -> Said:
        """Give the guidance ``key`` in ``language``, or its English ``statement`` where no translation was made from that."""
        return self.quoted(language, GUIDANCE, key, statement)

    def quoted(self, language: str, domain: str, key: str, english: str) -> Said:
        """Give a text of a record (``domain`` is one of OF_RECORDS) in ``language``, or its English where no translation fits that."""
        marked, numbers = numbers_out(english)
        entry = self.fitting(language, domain, key, marked)
        if entry is None:
            return Said(english, "en")
        put = isolated(numbers, language)
        # Only numbers are put in: whatever else stands in braces in a record is part of its text.
        return Said(NUMBERS_PLACE.sub(lambda match: str(put.get(match[1], match[0])), entry.text), language)

    def fitting(self, language: str, domain: str, key: str, english: str) -> Entry | None:
        """Give the translation that is said while ``english`` is the English (a statement without its numbers); None where none fits."""
        return next((entry for entry in self.candidates(language, domain, key) if entry.english == english), None)

    def candidates(self, language: str, domain: str, key: str) -> tuple[Entry, ...]:
        """Give every text that may be said for a key, an officer's before the catalogue's own, whether or not it fits the English."""
        return self._state.candidates.get((language, domain), {}).get(key, ())

    def english(self, domain: str) -> dict[str, Entry]:
        """Give the English texts of a catalogue that may be said, by key, in its order; retired phrases are left out."""
        state = self._state
        return {key: entries[0] for key, entries in state.candidates.get(("en", domain), {}).items() if key not in state.retired}

    def retired(self) -> dict[str, Entry]:
        """Give the phrases that are not offered any more; chats in which they were said still show them."""
        state = self._state
        return {key: entries[0] for key, entries in state.candidates["en", PHRASES].items() if key in state.retired}

    def own(self, language: str, domain: str) -> Mapping[str, Entry]:
        """Give the catalogue's own texts by key, in its order, without the officers'."""
        return self._own.get((language, domain), {})
