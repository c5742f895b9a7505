"""The words of the product, by language, from the gettext catalogues in ``data/locales``.

A msgid is a key (``ask_place``); the English catalogue holds the English. A language that lacks a key falls back to English,
and the caller is told which language it got, so that text is always marked as what it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from bot.codes import REPLY_LANGUAGES, direction
from bot.settings import ROOT

LOCALES = ROOT / "data" / "locales"
DOMAINS = ("messages", "phrases", "staff", "officer")
"""The catalogues of a language: what visitors read, the checked phrases of the desk, and what staff and officers read (in English only)."""
REVIEWED = "reviewed by"
"""A translator comment that starts so says who has read the string as a native speaker, and when."""

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
        return read_po(file, locale=language.replace("-", "_"), abort_invalid=True)


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


class Catalogues:
    """Every catalogue, loaded once."""

    def __init__(self, locales: Path = LOCALES) -> None:
        self._messages: dict[str, Translations] = {}
        self._known: dict[str, set[str]] = {}
        self._reviewed: dict[str, set[str]] = {}
        self._guidance: dict[str, dict[str, str]] = {}
        for language in REPLY_LANGUAGES:
            catalogues = [read_catalogue(language, domain, locales) for domain in DOMAINS if has_catalogue(language, domain, locales)]
            for catalogue in catalogues:
                buffer = BytesIO()
                write_mo(buffer, catalogue)
                buffer.seek(0)
                if language in self._messages:
                    self._messages[language].merge(Translations(buffer))
                else:
                    self._messages[language] = Translations(buffer)
            filled = [m for catalogue in catalogues for m in catalogue if m.id and m.string]
            self._known[language] = {_key(m) for m in filled}
            self._reviewed[language] = {_key(m) for m in filled if any(c.startswith(REVIEWED) for c in m.user_comments)}
            if language != "en":
                self._guidance[language] = {
                    _key(m): str(m.string) for m in read_catalogue(language, "guidance", locales) if m.id and m.string
                }

    def say(self, language: str, key: str, **values: object) -> str:
        """Give the text of ``key`` in ``language`` (English where it has none) with ``values`` put in.

        Raises KeyError where English does not have it either.
        """
        return self.said(language, key, **values).text

    def said(self, language: str, key: str, **values: object) -> Said:
        """Like ``say``, with the language the text is really in."""
        lang = language if key in self._known.get(language, ()) else "en"
        if key not in self._known[lang]:
            raise KeyError(key)
        # An urgent text starts with its number, which the page sets apart itself.
        put = values if key.startswith("urgent.") else isolated(values, lang)
        return Said(self._messages[lang].gettext(key).format(**put), lang)

    def knows(self, language: str, key: str) -> bool:
        """Tell whether ``language`` has words of its own for ``key``."""
        return key in self._known.get(language, ())

    def is_reviewed(self, language: str, key: str) -> bool:
        """Tell whether a native speaker has reviewed this text; English counts as reviewed."""
        return language == "en" or key in self._reviewed.get(language, ())

    def guidance(self, language: str, key: str, statement: str) -> Said:
        """Give the guidance ``key`` in ``language``, or its English ``statement``."""
        words = self._guidance.get(language, {}).get(key)
        if not words:
            return Said(statement, "en")
        return Said(words.format(**isolated(numbers_out(statement)[1], language)), language)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]
