"""What a text must be before it is kept: whole, with the placeholders of its English, and with no telephone number typed in.

A placeholder is filled by code (``{phone}`` by a number of the directory), so a text that names another one could not be said.
"""

import re
import unicodedata
from string import Formatter

from bot.answers.plurals import FORMS, has_forms, plural_rule
from bot.errors import WordingRefused

LONGEST = 2000
"""Characters of any text."""
TIMES_AS_LONG, AND_MORE = 3, 60
"""A translation may be so many times as long as its English, and so many characters more: buttons and headings have little room."""
JOINERS = frozenset("\u200c\u200d\u200e\u200f")
"""What Persian and Arabic spelling need: zero-width (non-)joiners, and marks of direction. Other invisible characters are refused."""

_NUMBER = re.compile(r"\d(?:[\s().\-]{0,2}\d){6,}|(?<!\d)(?:999|112|111|101|116\W?123)(?!\d)")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}|(?:19|20)\d\d\W(?:19|20)\d\d)(?!\d)"
)
_NAME = re.compile(r"[a-z_]+\d*")
NUMBERS_PLACE = re.compile(r"\{(phone\d+)\}")
"""Where a telephone number of a record's text is put back."""


def tidy(text: str) -> str:
    """Give what was typed into a form in composed form (NFC) and on one line; marks of direction stay, as spelling needs them."""
    return re.sub(r"[ \t\r\n\v\f]+", " ", unicodedata.normalize("NFC", text)).strip(" ")


def placeholders(text: str) -> set[str]:
    """Give the names in braces. Raises WordingRefused where the braces are not ``{name}``."""
    names = set()
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None:
                if not _NAME.fullmatch(name) or spec or conversion:
                    raise WordingRefused("officer.words.error.braces")
                names.add(name)
    except ValueError as error:
        raise WordingRefused("officer.words.error.braces") from error
    if "{{" in text or "}}" in text:
        raise WordingRefused("officer.words.error.braces")
    return names


def gaps(domain: str, text: str) -> set[str]:
    """Give the names of what is put into a text of a catalogue: into a record's, its telephone numbers alone.

    Whatever else a record has in braces is part of its text. Raises WordingRefused as ``placeholders``.
    """
    return set(NUMBERS_PLACE.findall(text)) if domain in ("guidance", "services") else placeholders(text)


def _plain(text: str) -> str:
    """Give a text with every digit as an ASCII one and nothing invisible, for telephone numbers to be found in."""
    visible = (c for c in text if unicodedata.category(c) != "Cf")
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in visible)


def holds_number(text: str) -> bool:
    """Tell whether a telephone number is typed into a text, in the digits of any script; dates and years are none."""
    return bool(_NUMBER.search(_DATE.sub("", _plain(text))))


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and character not in JOINERS


def check_text(domain: str, language: str, key: str, text: str, english: str) -> None:
    """Check a text of a catalogue against its English. Raises WordingRefused, which says what to do.

    A list of answers is names that the code gave; an English phrase may be empty, which retires it.
    """
    if domain == "answers" or (domain == "phrases" and language == "en" and not text):
        return
    if not text.strip("".join(JOINERS) + " "):
        raise WordingRefused("officer.words.error.empty")
    if any(_is_unseen(c) for c in text):
        raise WordingRefused("officer.words.error.unseen")
    limit = LONGEST if language == "en" else min(LONGEST, TIMES_AS_LONG * len(english) + AND_MORE)
    if len(text) > limit:
        raise WordingRefused("officer.words.error.long", limit=limit, length=len(text))
    forms = text.split(FORMS) if has_forms(key) else [text]
    if has_forms(key) and len(forms) != plural_rule(language)[0]:
        raise WordingRefused("officer.words.error.forms", needed=plural_rule(language)[0])
    needed = gaps(domain, english)
    for own in (gaps(domain, form) for form in forms):
        if needed - own:
            raise WordingRefused("officer.words.error.lacks", names=_braced(needed - own))
        if own - needed:
            raise WordingRefused("officer.words.error.more", names=_braced(own - needed))
    if holds_number(text):
        raise WordingRefused("officer.words.error.number")
    if key.startswith("urgent.") and not text.startswith("{phone}"):
        raise WordingRefused("officer.words.error.number_first")


def _braced(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
