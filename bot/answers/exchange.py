"""Catalogues as files, out and in: what translators work on with programs of their own (Poedit, Weblate, a text editor).

The format is gettext's PO: https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html. What goes out comes in again without a
change, and a catalogue that no officer has touched goes out as the bytes that are in ``data/locales``.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from gettext import c2py
from io import BytesIO
from pathlib import Path

from babel.core import UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po

from bot.answers.catalogue import LOCALES, OF_RECORDS, TRANSLATED_DOMAINS, Catalogues, locale_folder
from bot.answers.entries import Entry, made_from, read_review
from bot.answers.plurals import as_in_a_file, has_forms, key_and_text, plural_rule
from bot.answers.proofreading import check_text
from bot.answers.standing import Line, english_texts, lines
from bot.answers.wording import MESSAGES, PHRASES, REVIEWED, UNREVIEWED, Draft
from bot.codes import REPLY_LANGUAGES, locale_of
from bot.directory.records import Directory
from bot.errors import CatalogueRefused, WordingRefused

LARGEST_FILE = 512 * 1024
"""Bytes of a translator's file; the largest of ours has a seventh of it."""
NAME_AT_MOST = 80
"""Characters of a reviewer's name."""
MADE_FROM = "made from: "
"""How the comment begins that names the English which a fuzzy translation was made from."""
FUZZY, EMPTY, OTHER_ENGLISH, NOT_USED = "fuzzy", "empty", "other_english", "not_used"
"""Why an entry of a file is left aside."""
COUNTED = 200
"""Numbers for which two rules of plural forms are compared: every language's rule repeats by then."""
_NO_WRAP = 10**6
_WHOLE = re.compile(r'(?:#.*|(?:msg\w+(?:\[\d\])?\s*)?"(?:[^"\\]|\\.)*")?')
_MANY_FORMS = re.compile(r"nplurals\s*=\s*\d\d")
"""No language has ten plural forms, and Babel makes room for as many as a file says, a thousand million too."""


def header_of(language: str, domain: str, locales: Path = LOCALES) -> str:
    """Give the comment and the header of a catalogue of ours as they stand in its file."""
    text = (locale_folder(language, locales) / f"{domain}.po").read_text(encoding="utf-8")
    return text[: text.index("\n\n") + 2]


def export_catalogue(catalogues: Catalogues, directory: Directory, language: str, domain: str, locales: Path = LOCALES) -> bytes:
    """Write a catalogue with what officers have changed as a PO file (UTF-8).

    A translation made from another English is marked as fuzzy, with that English; a text without one is empty. Retired phrases stay out.
    """
    written = Catalog(locale=locale_of(language))
    own = catalogues.own(language, domain)
    english = english_texts(catalogues, directory, domain)
    for key in (*(key for key in own if key in english or domain in OF_RECORDS), *(key for key in english if key not in own)):
        if language == "en":
            entry = english[key]
            _add(written, entry, entry.notes, entry.comments)
        elif key in english:
            _write(written, catalogues, english[key], language, domain, own.get(key))
        else:
            entry = own[key]
            _add(written, entry, (entry.english, *entry.notes), entry.comments)
    buffer = BytesIO()
    write_po(buffer, written, width=_NO_WRAP, omit_header=True)
    return header_of(language, domain, locales).encode() + buffer.getvalue().strip(b"\n") + b"\n"


def _write(written: Catalog, catalogues: Catalogues, english: Entry, language: str, domain: str, own: Entry | None) -> None:
    """Add a translation that is said, or the newest one as fuzzy, or none."""
    said = catalogues.fitting(language, domain, english.key, english.text)
    newest = next(iter(catalogues.candidates(language, domain, english.key)), None)
    entry = said or newest
    notes = (english.text, *(own.notes if own else english.notes))
    comments: tuple[str, ...] = entry.comments if entry else ()
    if entry and not said:
        comments = (*comments, MADE_FROM + entry.english)
    _add(written, entry or replace(english, text=""), notes, comments, fuzzy=entry is not None and not said)


def _add(written: Catalog, entry: Entry, notes: tuple[str, ...], comments: tuple[str, ...], fuzzy: bool = False) -> None:
    """Add an entry to a file that is written."""
    key, text = as_in_a_file(entry.key, entry.text)
    written.add(key, text, flags={"fuzzy"} if fuzzy else (), auto_comments=notes, user_comments=comments)


def export_all(catalogues: Catalogues, directory: Directory, folder: Path) -> list[Path]:
    """Write every catalogue that can be translated, as ``data/locales`` lies; give the files."""
    files = []
    for language in REPLY_LANGUAGES:
        for domain in (MESSAGES, PHRASES) if language == "en" else TRANSLATED_DOMAINS:
            path = locale_folder(language, folder) / f"{domain}.po"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(export_catalogue(catalogues, directory, language, domain))
            files.append(path)
    return files


@dataclass(frozen=True)
class Change:
    """An entry of a file that says something new: what it says, and what people read now (empty where they read English)."""

    line: int
    draft: Draft
    old: str


@dataclass(frozen=True)
class Changes:
    """What a file would change, and what of it is left aside: line, key, and why."""

    language: str
    changes: tuple[Change, ...]
    aside: tuple[tuple[int, str, str], ...]

    @property
    def drafts(self) -> list[Draft]:
        """What is to be proposed."""
        return [change.draft for change in self.changes]


def read_upload(content: bytes, catalogues: Catalogues, directory: Directory) -> Changes:
    """Read a translator's file and compare it with what is said now; nothing is kept.

    Raises CatalogueRefused with every fault of it.
    """
    language = str(dict(_parse(content).mime_headers).get("Language", "")).strip().replace("_", "-")
    if language not in REPLY_LANGUAGES:
        raise CatalogueRefused([(0, "", WordingRefused("officer.files.error.language", known=", ".join(REPLY_LANGUAGES)))])
    catalog = _parse(content, locale_of(language))
    _check_plurals(catalog, language)
    faults: list[tuple[int, str, WordingRefused]] = []
    changes: list[Change] = []
    aside: list[tuple[int, str, str]] = []
    known = {line.key: line for line in (_english_lines(catalogues) if language == "en" else lines(catalogues, directory, language))}
    retired = catalogues.retired()
    for message in catalog:
        key, _ = key_and_text(message)
        if not key:
            continue
        not_used = key in retired or any(catalogues.candidates(language, domain, key) for domain in OF_RECORDS)
        try:
            found = _compare(message, known.get(key), not_used, language)
        except WordingRefused as fault:
            faults.append((message.lineno, key, fault))
            continue
        if isinstance(found, str):
            aside.append((message.lineno, key, found))
        elif found:
            changes.append(Change(message.lineno, *found))
    for key, lineno in _twice(content):
        faults.append((lineno, key, WordingRefused("officer.files.error.twice")))
    if faults:
        raise CatalogueRefused(sorted(faults, key=lambda fault: fault[0]))
    return Changes(language, tuple(changes), tuple(aside))


def _check_plurals(catalog: Catalog, language: str) -> None:
    """Raise CatalogueRefused where a file counts otherwise than we do, so that its plural forms would be said with the wrong numbers."""
    if all(isinstance(message.id, str) for message in catalog):
        return
    forms, rule = plural_rule(language)
    try:
        theirs = c2py(catalog.plural_expr)
        same = catalog.num_plurals == forms and all(theirs(number) == rule(number) for number in range(COUNTED))
    # What it says is no rule, or divides by nothing.
    except (ValueError, ArithmeticError):
        same = False
    if not same:
        raise CatalogueRefused([(0, "", WordingRefused("officer.files.error.plurals", needed=forms))])


def _parse(content: bytes, locale: str | None = None) -> Catalog:
    if len(content) > LARGEST_FILE:
        raise CatalogueRefused([(0, "", WordingRefused("officer.files.error.large", limit=LARGEST_FILE // 1024))])
    try:
        lines_of_file = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise CatalogueRefused([(0, "", WordingRefused("officer.files.error.utf8"))]) from error
    # Babel takes the last character of a line for its quotation mark, whatever it is.
    broken = next(
        (number for number, line in enumerate(lines_of_file, 1) if not _WHOLE.fullmatch(line.strip()) or _MANY_FORMS.search(line)), 0
    )
    if broken:
        raise CatalogueRefused([(broken, "", WordingRefused("officer.files.error.syntax"))])
    try:
        return read_po(BytesIO(content.removeprefix(b"\xef\xbb\xbf")), locale=locale, charset="utf-8", abort_invalid=True)
    except PoFileError as error:
        raise CatalogueRefused([(error.lineno + 1, "", WordingRefused("officer.files.error.syntax"))]) from error
    except (ValueError, LookupError, UnknownLocaleError) as error:
        raise CatalogueRefused([(0, "", WordingRefused("officer.files.error.syntax"))]) from error


def _twice(content: bytes) -> list[tuple[str, int]]:
    """Give the keys that a file has more than once, with the line of the last: Babel would silently keep the first."""
    found = [
        (match[1], content[: match.start()].count(b"\n") + 1) for match in re.finditer(rb'^msgid "([^"]+)"\s*$', content, re.MULTILINE)
    ]
    often = Counter(key for key, _ in found)
    return [(key.decode("utf-8", "replace"), line) for key, line in dict(found).items() if often[key] > 1]


def _english_lines(catalogues: Catalogues) -> list[Line]:
    """Give the English of messages and phrases as lines, to be compared with an English file."""
    return [
        Line(domain, "en", entry.key, entry.text, entry.notes, entry, entry)
        for domain in (MESSAGES, PHRASES)
        for entry in catalogues.english(domain).values()
    ]


def _compare(message: Message, line: Line | None, not_used: bool, language: str) -> tuple[Draft, str] | str | None:
    """Give what an entry changes (with what is said now), why it is left aside, or None where it says what is said already.

    Raises WordingRefused where it cannot be taken.
    """
    if message.context:
        raise WordingRefused("officer.files.error.plain")
    if line is None:
        if not_used:
            return NOT_USED
        raise WordingRefused("officer.files.error.unknown")
    if message.fuzzy:
        return FUZZY
    if isinstance(message.id, str) == has_forms(line.key):
        raise WordingRefused("officer.files.error.plain")
    _, text = key_and_text(message)
    if not text:
        return EMPTY
    if language == "en":
        return _compare_english(text, line)
    source, _ = made_from(message.auto_comments, line.english)
    said = line.said
    review, by, on = _review_of(message, text, line)
    if said and (said.text, said.review, said.reviewed_by, said.reviewed_on) == (text, review, by, on):
        return None
    if source not in ("", line.english):
        return OTHER_ENGLISH
    check_text(line.domain, language, line.key, text, line.english)
    return Draft(line.domain, language, line.key, text, line.english, review, by, on), said.text if said else ""


def _compare_english(text: str, line: Line) -> tuple[Draft, str] | None:
    if text == line.english:
        return None
    if line.domain != PHRASES:
        raise WordingRefused("officer.files.error.english")
    check_text(line.domain, "en", line.key, text, line.english)
    return Draft(line.domain, "en", line.key, text, line.english, REVIEWED), line.english


def _review_of(message: Message, text: str, line: Line) -> tuple[str, str, date | None]:
    """Say who has read an entry: what its comment says, unless that was said of other words or another English.

    Programs leave the comment of the text before in place; so a changed text counts as reviewed only where its comment changed too.
    """
    try:
        told = read_review(message.user_comments)
    except ValueError as error:
        raise WordingRefused("officer.files.error.reviewed") from error
    if told and (len(told[1]) > NAME_AT_MOST or not told[1].isprintable()):
        raise WordingRefused("officer.files.error.reviewed")
    before = (line.newest.review, line.newest.reviewed_by, line.newest.reviewed_on) if line.newest else None
    if told and told[0] == REVIEWED and told != before:
        return told
    if line.said and line.said.text == text:
        return line.said.review, line.said.reviewed_by, line.said.reviewed_on
    return UNREVIEWED, "", None
