"""Which language a message is written in.

Letters that only one of the languages uses decide first; pycld2 (a few megabytes, nothing to download) decides the rest.
"""

import re
import unicodedata
from dataclasses import dataclass

import pycld2

_UKRAINIAN = set("іїєґІЇЄҐ")
_RUSSIAN = set("ыэъёЫЭЪЁ")
_PERSIAN = set("پچژگکی")
_ARABIC = set("ةىيكأإؤئ")
_PASHTO = set("ګټډړږښڼېۍځڅ")
_PASHTO_WORDS = re.compile(r"(?<!\w)(زما|چیرته|چېرته|چرته|نشته|موږ|غواړم|لرم|روغتون|څنګه|ستاسو|مرسته)(?!\w)")
_TIGRINYA = re.compile(r"ኣ|ይደሊ|ናይ|እየ|ኣሎ|ዝኾነ|ንኽ|ብዛዕባ|(?<!\w)ክ")
_SIMPLIFIED = set("们这来个国说时对会学发样还没为后问给让过车东书门见长钱电话语马难请谁种点关头开习爱乐买卖贵应办帮医护签证")
_SORANI = set("ێۆڵڕەھ")
_URDU = set("ٹڈڑںے")
_DARI = re.compile(r"(?<!\w)(شفاخانه|پوهنتون|مکتب|تذکره|چی گپ|ازی|اینجه|بچیم|دری|مه |کدام|نمیتانم|میتانم|بریم|خو نی)(?!\w)")
_PLAUSIBLE = frozenset(
    (
        *("en", "ar", "fa", "ps", "ckb", "ku", "ur", "uk", "ru", "bg", "sr", "mk", "be", "zh", "zh-Hant", "am", "ti", "so", "sw"),
        *("ro", "lt", "lv", "et", "pl", "cs", "sk", "hu", "sq", "tr", "vi", "es", "fr", "pt", "it", "de", "nl"),
    )
)
"""Languages that a guess is believed for even when pycld2 is not sure: those of people who live in English counties."""
_RUSSIAN_WORDS = re.compile(
    r"(?<!\w)(меня|мне|что|как|где|нет|можно|нужно|нужна|есть|или|если|только|очень|платить|хочу в|он|она|они)(?!\w)"
)
_OTHER_CYRILLIC = (("sr", set("ђјљњћџ")), ("mk", set("ѓѕќ")), ("be", set("ў")))
_NATIVE_SHARE = 0.15
_SHORT, _LONG = 3, 8
"""Words from which a guess at a Latin-script language, and one at a language few people here write, is believed."""


@dataclass(frozen=True)
class Identified:
    """A BCP 47 code, or None where nothing can be told; ``sure`` where the letters or a long text leave no doubt."""

    code: str | None
    sure: bool


def _letters(text: str) -> list[str]:
    return [c for c in text if unicodedata.category(c) in ("Lo", "Ll", "Lu", "Lm")]


def _script(text: str) -> str:
    """Give the script most letters of ``text`` are in: Latin, Arabic, Cyrillic, Han, Ethiopic, other, or none."""
    counts: dict[str, int] = {}
    for c in _letters(text):
        name = unicodedata.name(c, "")
        script = next(
            (s for s in ("LATIN", "ARABIC", "CYRILLIC", "CJK", "ETHIOPIC") if name.startswith(s)),
            "OTHER",
        )
        # One Han character says as much as a whole Latin word, and mixed messages carry English terms.
        counts[script] = counts.get(script, 0) + (3 if script == "CJK" else 1 if script == "LATIN" else 2)
    others = {script: n for script, n in counts.items() if script != "LATIN"}
    # English terms (Home Office, Universal Credit) are mixed into messages of every script: they must not outweigh it.
    if others and sum(others.values()) >= _NATIVE_SHARE * sum(counts.values()):
        return max(others, key=lambda s: others[s])
    return "LATIN" if counts else ""


def _only(text: str, script: str) -> str:
    """Give the words of ``text`` that have letters of ``script``."""
    return " ".join(word for word in text.split() if any(unicodedata.name(c, "").startswith(script) for c in word))


def _arabic_script(text: str) -> Identified:
    letters = set(text)
    for code, own in (("ps", _PASHTO), ("ckb", _SORANI), ("ur", _URDU)):
        if sum(c in own for c in text) >= 2 or (code == "ps" and letters & own):
            return Identified(code, True)
    if _PASHTO_WORDS.search(text):
        return Identified("ps", True)
    if _DARI.search(text):
        return Identified("prs", True)
    persian, arabic = sum(c in _PERSIAN for c in text), sum(c in _ARABIC for c in text)
    if letters & set("پچژگ") or persian > arabic:
        return Identified("fa", True)
    if arabic or "ال" in text:
        return Identified("ar", True)
    guess = _cld2(_only(text, "ARABIC"))
    return guess if guess.code in ("ar", "fa", "ur", "ps", "ckb") else Identified("ar", False)


def _cyrillic(text: str) -> Identified:
    if set(text) & _UKRAINIAN:
        return Identified("uk", True)
    if set(text) & _RUSSIAN:
        return Identified("ru", True)
    for code, own in _OTHER_CYRILLIC:
        if set(text.lower()) & own:
            return Identified(code, True)
    guess = _cld2(_only(text, "CYRILLIC"))
    if guess.code in ("uk", "ru", "bg") and guess.sure:
        return guess
    return Identified("ru" if _RUSSIAN_WORDS.search(text.lower()) else "uk", False)


def _cld2(text: str) -> Identified:
    try:
        reliable, _, found = pycld2.detect(text, bestEffort=True)
    except pycld2.error:
        return Identified(None, False)
    code = found[0][1]
    if code == "un":
        return Identified(None, False)
    if code not in _PLAUSIBLE and not (reliable and len(text.split()) >= _LONG):
        return Identified("en" if text.isascii() and len(text.split()) >= _SHORT else None, False)
    code = {"ku": "ckb", "zh": "zh-Hans", "iw": "he", "no": "nb"}.get(code, code)
    return Identified(code, bool(reliable) and len(text.split()) >= 3)


def identify(text: str) -> Identified:
    """Say which language ``text`` is in.

    ``fa`` stands for Persian unless its words say Dari (``prs``). Short Latin-script messages are rarely sure.
    """
    script = _script(text)
    if script == "ARABIC":
        return _arabic_script(text)
    if script == "CYRILLIC":
        return _cyrillic(text)
    if script == "CJK":
        if re.search(r"[\u3040-\u30ff]", text):
            return Identified("ja", True)
        return Identified("zh-Hans" if set(text) & _SIMPLIFIED else "zh-Hant", True)
    if script == "ETHIOPIC":
        amharic = _cld2(_only(text, "ETHIOPIC")).code == "am" and not _TIGRINYA.search(text)
        return Identified("am" if amharic else "ti", True)
    if not script:
        return Identified(None, False)
    guess = _cld2(text)
    return guess if guess.code == "en" or len(text.split()) >= _SHORT else Identified(None, False)


def settle(text: str, pinned: str | None, session: str | None, page: str | None) -> str:
    """Choose the language of a conversation's next turn.

    A person's own choice (``pinned``) wins. Then the session's language stays, unless the message is surely in another
    one and not Latin-script words mixed into it; then the message; then the page's language; then English.
    """
    if pinned:
        return pinned
    found = identify(text)
    if session:
        foreign = found.sure and found.code is not None and found.code != session
        latin = _script(text) == "LATIN"
        if foreign and (not latin or len(text.split()) >= 4):
            return found.code or session
        return session
    if found.code and (found.sure or not page):
        return found.code
    return page or found.code or "en"
