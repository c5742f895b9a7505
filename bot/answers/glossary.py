"""The glossary: which word stands for which in each language, so that one thing is called by one word.

``data/locales/en/glossary.csv`` lists the terms: what each means, and how it is found in an English text. ``glossary.csv`` of another
language has its word for each, and ``stems``: pieces of which at least one is in every correct form of that word.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.answers.catalogue import LOCALES, locale_folder
from bot.errors import SetUpError

SHEET = "glossary.csv"
COLUMNS = {"en": ("term", "found_as", "meaning"), "": ("term", "translation", "stems", "note")}
"""The columns of the English sheet, and those of every other language's."""


@dataclass(frozen=True)
class Term:
    """A term as one language has it: the English ``found_as`` forms, what it ``meaning``s, its ``translation``, and pieces of that."""

    term: str
    found_as: tuple[str, ...]
    meaning: str
    translation: str
    stems: tuple[str, ...]


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise SetUpError(f"{path} cannot be read as CSV.") from error
    if tuple(reader.fieldnames or ()) != columns or any(None in row or None in row.values() for row in rows):
        raise SetUpError(f"{path}: the columns are {', '.join(columns)}, and every row has all of them.")
    return rows


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def read_glossary(language: str, locales: Path = LOCALES) -> list[Term]:
    """Read the glossary of a language, in the order of the English one.

    Raises SetUpError where a file cannot be read, a term is lacking, or there is one that the English does not have.
    """
    english = _rows(locale_folder("en", locales).parent / SHEET, COLUMNS["en"])
    path = locale_folder(language, locales).parent / SHEET
    theirs = {row["term"]: row for row in _rows(path, COLUMNS[""])}
    unknown = theirs.keys() - {row["term"] for row in english}
    lacking = [row["term"] for row in english if not _parts(theirs.get(row["term"], {}).get("stems", ""))]
    if unknown or lacking:
        raise SetUpError(f"{path}: give these a translation and stems: {lacking or 'none'}; take these out: {sorted(unknown) or 'none'}.")
    return [
        Term(
            row["term"],
            _parts(row["found_as"]),
            row["meaning"],
            theirs[row["term"]]["translation"],
            _parts(theirs[row["term"]]["stems"]),
        )
        for row in english
    ]


def unsaid(terms: Iterable[Term], english: str, text: str) -> list[Term]:
    """Give the terms that are in the English of a text, and of whose words none is in its translation.

    Forms are found as they are written, so that a name (``Refuge``) is no term. A longer term hides a shorter one within it:
    ``county council`` is not asked for as ``council``.
    """
    found: list[Term] = []
    rest, said = english, text.casefold()
    forms = sorted(((form, term) for term in terms for form in term.found_as), key=lambda one: -len(one[0]))
    for form, term in forms:
        rest, count = re.subn(rf"(?<!\w){re.escape(form)}(?!\w)", "\0", rest)
        if count and not any(stem.casefold() in said for stem in term.stems) and term not in found:
            found.append(term)
    return found
