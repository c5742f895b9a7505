"""Which language a message is written in, whatever letters it is typed with.

A character n-gram model of our own, trained on the topics' examples, tells our languages apart, also where Arabic, Persian,
Pashto, Sorani, Tigrinya, Ukrainian or Russian is typed in Latin letters, which no library knows. Letters that one language alone
uses outweigh it; pycld2 (a few megabytes, nothing to download) knows the languages we have no examples of.
docs/understanding.md compares this with the libraries tried.
"""

import functools
import random
import re
import unicodedata
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pycld2
from numpy.typing import NDArray

from bot.understanding.letters import Hashed, LettersModel, fit_temperature, hashed, soften
from bot.understanding.letters import train as train_letters

FILE = "language.npz"
BUCKETS = 1 << 15
PENALTY = 1.0
SURE, LIKELY, DARI, SHORT_SURE, DOUBTED = 0.8, 0.5, 0.97, 0.95, 0.95
"""Probability from which a guess is sure; from which it is believed at all where nothing else tells; from which Persian is called Dari
though no word says so; from which one or two words in Latin letters are believed; and below which pycld2, which takes Arabic in Latin
letters for Malay, is believed instead where it is sure of a language we have no examples of."""
NEIGHBOURS = {
    "LATIN": ("es", "fr", "de", "pt", "it", "tr", "vi", "nl", "hu", "cs", "sk", "sv", "id"),
    "ARABIC": ("ur",),
    "CYRILLIC": ("bg", "mk"),
}
"""Languages we have no examples of, learnt from the commonest words that wordfreq has counted, by script."""
NEIGHBOUR_EXAMPLES = 250
NEVER_LATIN = ("zh-Hant",)
"""Its examples in Latin letters are English terms."""
_OWN_LETTERS = {"uk": set("іїєґІЇЄҐ"), "ru": set("ыэъёЫЭЪЁ")}
_TIGRINYA = re.compile(r"ኣ|ይደሊ|ናይ|እየ|ኣሎ|ዝኾነ|ንኽ|ብዛዕባ|(?<!\w)ክ")
_RUSSIAN_WORDS = re.compile(
    r"(?<!\w)(меня|мне|что|как|где|нет|можно|нужно|нужна|есть|или|если|только|очень|платить|хочу в|он|она|они)(?!\w)"
)
_DARI = re.compile(r"(?<!\w)(شفاخانه|پوهنتون|مکتب|تذکره|چی گپ|ازی|اینجه|بچیم|دری|مه |کدام|نمیتانم|میتانم|بریم|خو نی)(?!\w)")
_SIMPLIFIED = set("们这来个国说时对会学发样还没为后问给让过车东书门见长钱电话语马难请谁种点关头开习爱乐买卖贵应办帮医护签证")
_OTHER_CYRILLIC = (("sr", set("ђјљњћџ")), ("mk", set("ѓѕќ")), ("be", set("ў")))
_NATIVE_SHARE = 0.15
WORDS_TO_SWITCH = {"LATIN": 4, "ARABIC": 2, "CYRILLIC": 2}
"""Words of another language in the conversation's own script that change its language: a greeting borrowed does not."""
SCRIPTS_OF = {
    **dict.fromkeys(("ar", "fa", "prs", "ps", "ckb", "ur"), ("ARABIC", "LATIN")),
    **dict.fromkeys(("uk", "ru", "bg", "mk", "sr", "be"), ("CYRILLIC", "LATIN")),
    **dict.fromkeys(("ti", "am"), ("ETHIOPIC", "LATIN")),
    **dict.fromkeys(("zh-Hant", "zh-Hans", "ja"), ("CJK", "LATIN")),
}
"""Scripts that writers of a language use; all others use Latin letters."""
_SHORT, _LONG = 3, 8
"""Words from which a guess at a Latin-script language, and one at a language few people here write, is believed."""
_PLAUSIBLE = frozenset(
    (
        *("en", "ar", "fa", "ps", "ckb", "ku", "ur", "uk", "ru", "bg", "sr", "mk", "be", "zh", "zh-Hant", "am", "ti", "so", "sw"),
        *("ro", "lt", "lv", "et", "pl", "cs", "sk", "hu", "sq", "tr", "vi", "es", "fr", "pt", "it", "de", "nl", "bn", "hi", "pa", "ta"),
    )
)
"""Languages that a guess is believed for even when pycld2 is not sure: those of people who live in English counties."""


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


def _fit(counted: Sequence[Hashed], codes: Sequence[str], some: Sequence[int]) -> LettersModel:
    """Fit on the texts at the places ``some``, of which ``counted`` and ``codes`` give letters and language."""
    return train_letters([counted[i] for i in some], [codes[i] for i in some], "spelling", BUCKETS, PENALTY)


class LanguageModel:
    """Tells languages apart: a classifier of letters for each script that several are written in, with its temperature."""

    def __init__(self, by_script: Mapping[str, tuple[LettersModel, float]]) -> None:
        self._by_script = by_script

    @classmethod
    def train(cls, texts: Mapping[str, Sequence[str]], neighbours: Mapping[str, Sequence[tuple[str, float]]]) -> "LanguageModel":
        """Fit on ``texts`` by language code; ``neighbours`` maps further codes to their words with how common each is."""
        examples = {code: list(some) for code, some in texts.items()}
        draw = random.Random(0)  # noqa: S311 - made-up examples, no secret
        for code, words in neighbours.items():
            names, weights = zip(*words, strict=True)
            examples[code] = [" ".join(draw.choices(names, weights, k=draw.randint(2, 9))) for _ in range(NEIGHBOUR_EXAMPLES)]
        by_script = {}
        for script in ("LATIN", "ARABIC", "CYRILLIC"):
            inside = [
                (code, _only(text, script).casefold())
                for code, some in examples.items()
                for text in some
                if _script(text) == script and code not in NEVER_LATIN
            ]
            draw.shuffle(inside)
            codes, kept = [code for code, _ in inside], [text for _, text in inside]
            # Every fifth is held out for the temperature.
            seen = [i for i in range(len(inside)) if i % 5]
            counted = [hashed(text, "spelling", BUCKETS) for text in kept]
            # Both fits let go of Python's lock for most of their time.
            with ThreadPoolExecutor(2) as pool:
                whole, trial = pool.map(functools.partial(_fit, counted, codes), (range(len(inside)), seen))
            unseen = [i for i in range(0, len(inside), 5) if codes[i] in trial.classes]
            column = np.array([trial.classes.index(codes[i]) for i in unseen])
            temperature = fit_temperature(trial.scores_of_all([kept[i] for i in unseen]), column)
            by_script[script] = whole, temperature
        return cls(by_script)

    def save(self, folder: Path) -> None:
        """Write the model's numbers to FILE in ``folder``."""
        arrays: dict[str, NDArray[Any]] = {}
        for script, (model, temperature) in self._by_script.items():
            arrays |= {**model.arrays(script), f"{script}_temperature": np.array(temperature)}
        np.savez_compressed(folder / FILE, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "LanguageModel":
        """Load what ``save`` wrote. Raises FileNotFoundError where training has not run."""
        with np.load(folder / FILE, allow_pickle=False) as stored:
            scripts = [name.removesuffix("_temperature") for name in stored.files if name.endswith("_temperature")]
            return cls({script: (LettersModel.from_arrays(stored, script), float(stored[f"{script}_temperature"])) for script in scripts})

    def _guess(self, text: str, script: str) -> dict[str, float]:
        """Give the probability of every language that may be written in ``script``, likeliest first."""
        model, temperature = self._by_script[script]
        likely = soften(model.scores(_only(text, script).casefold()), temperature)
        return dict(sorted(zip(model.classes, likely.tolist(), strict=True), key=lambda pair: -pair[1]))

    def identify(self, text: str) -> Identified:
        """Say which language ``text`` is in.

        ``fa`` stands for Persian unless its words say Dari (``prs``). Short Latin-script messages are rarely sure.
        """
        script = _script(text)
        if script == "CJK":
            if re.search(r"[\u3040-\u30ff]", text):
                return Identified("ja", True)
            return Identified("zh-Hans" if set(text) & _SIMPLIFIED else "zh-Hant", True)
        if script == "ETHIOPIC":
            amharic = _cld2(_only(text, "ETHIOPIC")).code == "am" and not _TIGRINYA.search(text)
            return Identified("am" if amharic else "ti", True)
        if script == "CYRILLIC":
            for code, own in (*_OWN_LETTERS.items(), *_OTHER_CYRILLIC):
                if set(text) & own:
                    return Identified(code, True)
            library = _cld2(_only(text, "CYRILLIC"))
            if library.code in ("uk", "ru", "bg") and library.sure:
                return library
            if _RUSSIAN_WORDS.search(text.lower()):
                return Identified("ru", False)
        if script not in self._by_script:
            return _cld2(text) if script else Identified(None, False)
        likely = self._guess(text, script)
        code, probability = next(iter(likely.items()))
        if code in ("fa", "prs") and "prs" in likely:
            # The two are one language for a reader: how sure it is counts them together, and Dari must be said plainly.
            persian = likely["fa"] + likely["prs"]
            dari = likely["prs"] >= DARI * persian or _DARI.search(text)
            code, probability = "prs" if dari else "fa", persian
        if script != "LATIN":
            return Identified(code, probability >= SURE)
        return self._latin(text, code, probability)

    def _latin(self, text: str, code: str, probability: float) -> Identified:
        """Weigh the model's guess at a Latin-script text against pycld2's, which knows languages we have no examples of."""
        words = len(text.split())
        library = _cld2(text)
        unknown = library.code not in self._by_script["LATIN"][0].classes
        if unknown and library.code and words >= _SHORT and ((library.sure and probability < DOUBTED) or probability < LIKELY):
            return Identified(library.code, library.sure)
        if words < _SHORT and (probability < SHORT_SURE or code in SCRIPTS_OF):
            return Identified(None, False)
        return Identified(code, probability >= SURE and words >= _SHORT) if probability >= LIKELY or words >= _SHORT else library

    def settle(self, text: str, pinned: str | None, session: str | None, page: str | None) -> str:
        """Choose the language of a conversation's next turn.

        A person's own choice (``pinned``) wins. Then the session's language stays, unless the message is surely in another
        one and not Latin-script words mixed into it; then the message; then the page's language; then English. Persian is Dari where
        the conversation or the page was: most of what is written in the one could be in the other.
        """
        if pinned:
            return pinned
        found = self.identify(text)
        if found.code == "fa" and "prs" in (session, page if session is None else None):
            found = Identified("prs", found.sure)
        if session:
            if {session, found.code} == set(_OWN_LETTERS) and not set(text) & _OWN_LETTERS[found.code or session]:
                # Without a letter of its own, a short message in the one reads as one in the other.
                return session
            foreign = found.sure and found.code is not None and found.code != session
            needed = WORDS_TO_SWITCH.get(_script(text), 1)
            if foreign and (len(text.split()) >= needed or _script(text) not in SCRIPTS_OF.get(session, ("LATIN",))):
                return found.code or session
            return session
        if found.code and (found.sure or not page):
            return found.code
        return page or found.code or "en"
