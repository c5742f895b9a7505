"""The day of the week a message asks about, in every language that Babel has names for."""

from functools import lru_cache

from babel import Locale
from babel.dates import get_day_names

from bot.directory.sheets import DAYS
from bot.understanding.folding import fold
from bot.understanding.letters import words

DAY_LANGUAGES = ("en", "uk", "ru", "ar", "fa", "fa_AF", "ps", "ckb", "ti", "so", "zh_Hant", "ro", "lt", "pl")
SHORTEST_STEM = 5
ENDING = 2
"""Letters at a name's end that change with its case (Saturday: субота, суботу; sobota, sobotę)."""
_SPOKEN = {"礼拜": "星期", "禮拜": "星期", "周": "星期", "週": "星期"}


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Give the folded names of days, whole and without their endings, with their RFC 5545 codes."""
    found: dict[str, str] = {}
    for language in DAY_LANGUAGES:
        locale = Locale.parse(language)
        # In the form for sentences: asked for the other one, Babel gives every language after Pashto the Pashto names.
        for index, name in get_day_names("wide", locale=locale).items():
            folded = fold(name)
            found.setdefault(folded, DAYS[index])
            if len(folded) - ENDING >= SHORTEST_STEM - 1 and folded[0] < "\u3400":
                found.setdefault(folded[:-ENDING] + "*", DAYS[index])
    return found


def find_day(text: str) -> str | None:
    """Give the RFC 5545 code (``MO`` to ``SU``) of the first day of the week that ``text`` names, or None."""
    names = _names()
    folded = fold(text)
    for spoken, written in _SPOKEN.items():
        folded = folded.replace(fold(spoken), written)
    for name, code in names.items():
        if "\u3400" <= name[0] <= "\u9fff" and name in folded:
            return code
    for word in words(folded):
        for form in (word, word.removeprefix("ال"), word.removeprefix("ب"), word.removesuffix("s")):
            if form in names:
                return names[form]
        for ending in range(ENDING + 1, 0, -1):
            stem = word[:-ending] + "*"
            if len(stem) > SHORTEST_STEM - 1 and stem in names:
                return names[stem]
    return None
