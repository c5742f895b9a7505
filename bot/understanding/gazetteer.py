"""Places and names of languages in a message: a table of names, saved under ``models/``.

The table holds every spelling of the gazetteer with the endings and prefixes of its language; what it does not know is compared with
the same spellings, so that a slip of the finger still finds the place. A place outside the area is found as such. Names that are also
words (March, Over) count only where the words round them say so.
"""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.directory.records import Directory, PlaceRecord
from bot.understanding.folding import fold
from bot.understanding.sounds import consonants, latin

WORDS_FILE, STOPS_FILE, SERVICES_FILE, NAMES_FILE = "common_words.txt", "stop_words.txt", "service_names.json", "names.json"
SHORTEST_MISSPELT = 5
LONG_NAME = 6
SHORTEST_SOUND, SURE_SOUND = 5, 6
"""Consonants from which a word may be taken for the place it sounds like, and from which even a common word is."""
SHORTEST_SERVICE_NAME, LONG_SERVICE_NAME = 4, 7
"""Letters of a service's name: in capitals (CRRC), or of one word otherwise."""
_WORDS = re.compile(r"\w+")
_BRACKETS = re.compile(r"\(([^)]*)\)")
SMALL_KINDS = ("village", "suburb")
"""A short name of such a place, with an ending or a prefix, is left out where it is then a common word (المانيا, котом)."""
_HAN = r"[\u3400-\u9fff]"
_TOKEN = re.compile(rf"{_HAN}|'s\b|(?:(?!{_HAN})\w)+(?:'(?!s\b)\w+)*|\S")
"""Of folded text: a Han character by itself, as they are written without spaces; a possessive 's; a word; or any other sign."""
_ARABIC_PREFIXES = ("ب", "ل", "و", "ف", "ك", "وب", "ول", "ال", "بال", "لل", "من", "في")
PREFIXES = {
    "ar": _ARABIC_PREFIXES,
    "fa": _ARABIC_PREFIXES,
    "prs": _ARABIC_PREFIXES,
    "ckb": ("له", "بو", "و"),
    "ti": ("ብ", "ን", "ናብ", "ካብ", "ኣብ", "ናይ", "ክ"),
}
"""What is written together with a place's name, folded, by language."""
_CYRILLIC_CONSONANTS = "[бвгґджзйклмнпрстфхцчшщ]"
_LATIN_CONSONANTS = "[bcdfghjklmnpqrstvwxzł]"
CASES: dict[str, tuple[tuple[str, int, tuple[str, ...]], ...]] = {
    "uk": (
        (_CYRILLIC_CONSONANTS, 0, ("а", "у", "і", "ом", "ем", "ові", "е")),
        ("ь", 1, ("я", "ю", "ем", "і")),
        ("а", 1, ("и", "і", "у", "ою")),
        ("я", 1, ("і", "ю", "ею")),
    ),
    "ru": (
        (_CYRILLIC_CONSONANTS, 0, ("а", "у", "е", "ом", "ем")),
        ("ь", 1, ("я", "ю", "ем", "е", "и")),
        ("а", 1, ("ы", "и", "е", "у", "ой")),
        ("я", 1, ("и", "ю", "ей")),
    ),
    "pl": ((_LATIN_CONSONANTS, 0, ("u", "a", "em", "ie", "owi")), ("a", 1, ("y", "ie", "e", "i"))),
    "lt": (
        ("as", 2, ("e", "o", "a", "ui", "u")),
        ("is", 2, ("yje", "io", "i", "iui", "iu")),
        ("[ae]", 1, ("os", "oje", "es", "eje", "a", "e", "ai")),
    ),
    "ro": ((_LATIN_CONSONANTS, 0, ("ul", "ului", "-ul", "-ului")), ("a", 1, ("ei", "a"))),
    "ckb": ((".", 0, ("دا", "هوه", "ي", "ه")),),
    "so": ((".", 0, ("ka", "da", "ta", "-ka", "-da", "-ta")),),
    "ps": ((".", 0, ("ه", "کي")),),
}
"""By language: how a folded name ends, how many letters are cut off, and what then stands there in other cases."""
ENDINGS_ON_ENGLISH = (
    *("u", "em", "owi", "ie", "e", "o", "uje", "ui", "ul", "ului", "-ul", "-ului", "'u", "'e", "'o"),
    *("ka", "da", "ta", "-ka", "-da", "-ta"),
)
SHORTEST_INFLECTED = 5
_CASE_ENDINGS = ("а", "у", "і", "е", "ом", "ем", "ові")
_NEAR_WORDS = r"(?:in|at|near|from|to|around|of|live|living|is|am|я|у|в|біля|في|به|در)"
_MONTH_SIGNS = re.compile(
    r"\d|\b(?:since|until|till|by|before|after|next|last|this|end|expires?|month|visa|birthday|april|february|late|early|every|arrived|"
    r"interview|appointment|starts?|begins?|court|hearing|deadline|due|born|exam|course|let'?s)\b|ماه|місяц|месяц|月",
    re.IGNORECASE,
)
_LIVING_SIGNS = re.compile(
    r"\b(?:live|living|stay|town|near|library|moved?|council|here|house|there|where)\b|\b(?:and|but|i'?m|am|are|we'?re) in\b", re.IGNORECASE
)
_SURELY_MARCH = re.compile(
    r"\b(?:near|around|live in|living in|staying in|town of|fi|da|dar|pa|la|v|w|we|le|ab|magaalada|orasul|orașul) march\b(?!\s+\d)|"
    r"\bmarch[ei]? (?:town|library|station|cambs|cambridgeshire)\b|\bv marche\b",
    re.IGNORECASE,
)
"""What is said of the town alone; in the Latin letters of another language the month would have that language's name."""
_ENGLISH = re.compile(
    r"\b(?:the|my|we|our|you|your|they|for|from|with|have|has|does|can|will|what|when|how|please|need|want|and|not|get|this)\b",
    re.IGNORECASE,
)
"""Words of an English sentence: in another language the month has that language's name."""
SHORT_FOLLOW_UP = 5
"""A message of this many words that names March is taken for an answer about the town."""
_OUTCODE = re.compile(r"(?<![A-Za-z\d])([A-Z]{1,2}\d[A-Z\d]?)(?=\s?(?:\d[A-Z]{2}|\[)|(?![A-Za-z\d]))", re.IGNORECASE)
_NEGATIONS = frozenset(("not", "don't", "dont", "isn't", "longer", "не", "ليس", "وليس", "مش", "مو", "نه", "唔", "不"))
_SMALL_WORDS = frozenset(
    ("in", "at", "from", "near", "the", "в", "у", "з", "في", "در", "喺", "係", "是", "住", "live", "living", "stay", "живу")
)
"""Words that may stand between a "not" and the place it denies; with any other ("I do not know where in Ely") nothing is denied."""
NEGATION_REACH = 3
"""How many words before a place a "not" may stand."""


@dataclass(frozen=True)
class Mention:
    """What a message says of a place: one inside the area, or the English name of one outside it, or neither.

    ``words`` are those (folded) that name places in it.
    """

    inside: PlaceRecord | None = None
    outside: str | None = None
    words: frozenset[str] = frozenset()


def variants(spelling: str, language: str) -> set[str]:
    """Give the folded forms a spelling takes in a sentence of ``language``: cases, prefixes, possessives."""
    name = fold(spelling)
    # Who types in a hurry leaves the hyphen out.
    forms = {name, name.replace("-", " ")}
    for stem in tuple(forms):
        if language in PREFIXES:
            forms |= {prefix + stem for prefix in PREFIXES[language]}
        for last, cut, endings in CASES.get(language, ()):
            if re.search(f"(?:{last})$", stem):
                forms |= {stem[: len(stem) - cut] + ending for ending in endings}
    if language == "en":
        forms |= {name + "'s", name.replace(".", ""), name.replace("'", "")}
        if len(name) >= SHORTEST_INFLECTED and " " not in name:
            # Polish, Lithuanian, Romanian and Somali sentences bend English names too: w Wisbechu, Wisbeche, Cambridge-ului, Wisbech-ka.
            forms |= {name + ending for ending in ENDINGS_ON_ENGLISH}
    return forms


def tokens_of(folded: str) -> list[str]:
    """Give the words and signs of a folded text, in order."""
    return _TOKEN.findall(folded)


def _stems(token: str) -> list[str]:
    """Give a token without the case ending or prefix it may have, for comparing it with spellings."""
    stems = [token[: -len(ending)] for ending in _CASE_ENDINGS if token.endswith(ending)]
    stems += [token[len(prefix) :] for prefix in _ARABIC_PREFIXES if token.startswith(prefix)]
    return [stem for stem in stems if len(stem) >= SHORTEST_MISSPELT]


def _denied(before: list[str]) -> bool:
    """Tell whether the words before a place deny it: a "not" with nothing but small words after it."""
    for word in reversed(before):
        if word in _NEGATIONS:
            return True
        if word not in _SMALL_WORDS:
            return False
    return False


@dataclass(frozen=True)
class _Named:
    """A place or a language (``label``, ``key``) that the tokens from ``start`` to before ``end`` name."""

    start: int
    end: int
    label: str
    key: str


@dataclass(frozen=True)
class _Spelt:
    """Whose spelling a folded form is (``label`` place or language, and its key), and in which languages."""

    label: str
    key: str
    languages: set[str]


def _language_of(name: str) -> str:
    """Give the language whose endings or prefixes a name takes, by its letters."""
    if re.search(r"[\u0400-\u04ff]", name):
        return "uk"
    return "ar" if re.search(r"[\u0600-\u06ff]", name) else "en"


def service_names(directory: Directory) -> dict[str, str]:
    """Give the folded names people may call a service by, with its key: its own name, its short name in brackets, and the name
    of an organisation that has no other service. What several share is left out, and so is a name that is one common word.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for service in directory.services:
        for name in {service.name, service.organization}:
            bare = _BRACKETS.sub(" ", name)
            for form in {name, bare, bare.split(",")[0], *_BRACKETS.findall(name)}:
                words = fold(form).strip(" .,")
                if len(words) >= SHORTEST_SERVICE_NAME and (" " in words or form.strip(" .,").isupper() or len(words) >= LONG_SERVICE_NAME):
                    owners[words].add(service.key)
    return {name: keys.pop() for name, keys in owners.items() if len(keys) == 1}


def built_from(directory: Directory) -> str:
    """Give all that ``build`` takes from a directory, as one text: where it is the same, so is the table."""
    places = [
        (
            place.key,
            place.name,
            place.kind,
            place.inside,
            place.within,
            sorted((code, tuple(names)) for code, names in place.spellings.items()),
        )
        for place in directory.places.values()
    ]
    return repr((sorted(places), sorted(service_names(directory).items())))


def build(directory: Directory, languages: dict[str, Iterable[str]], common_words: set[str], stop_words: set[str], folder: Path) -> None:
    """Build the table for ``directory`` and save it in ``folder``.

    ``languages`` maps a language code to its names; ``common_words`` are folded words that are never taken for a
    misspelt place, ``stop_words`` those few that are never a person's name either.
    """
    spelt: dict[str, _Spelt] = {}
    for code, names in languages.items():
        for name in names:
            spelt.setdefault(fold(name), _Spelt("language", code, {_language_of(name)}))
    for place in sorted(directory.places.values(), key=lambda p: p.inside):
        for language, spellings in place.spellings.items():
            for spelling in {*spellings, *([place.name] if language == "en" else [])}:
                form = fold(spelling)
                known = spelt.get(form)
                if known and (known.label, known.key) == ("place", place.key):
                    known.languages.add(language)
                else:
                    # A place inside the area comes last in this loop and so wins a spelling that two places share.
                    spelt[form] = _Spelt("place", place.key, {language})
    patterns = {form: (owner.label, owner.key) for form, owner in spelt.items()}
    for form, owner in spelt.items():
        # A spelling as it stands always wins over the form that another one takes in a sentence.
        named = directory.places[owner.key] if owner.label == "place" else None
        small = named is not None and named.kind in SMALL_KINDS and len(form) < LONG_NAME
        for language in sorted(owner.languages):
            for variant in variants(form, language):
                if variant == form or not (small or language == "en") or variant not in common_words:
                    patterns.setdefault(variant, (owner.label, owner.key))
    table: dict[str, dict[str, list[str]]] = {"place": defaultdict(list), "language": defaultdict(list)}
    for form, (label, key) in sorted({" ".join(tokens_of(form)): owner for form, owner in reversed(patterns.items())}.items()):
        table[label][key].append(form)
    # Made beside the old one, which goes on being read until the new one is whole.
    fresh, old = (folder.with_name(f"{folder.name}.{ending}") for ending in ("new", "old"))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    (fresh / NAMES_FILE).write_text(json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True), encoding="utf-8")
    spoken_of = {token for form in patterns for token in form.split()}
    (fresh / WORDS_FILE).write_text("\n".join(sorted(common_words - spoken_of)), encoding="utf-8")
    places = {word for form in spelt for word in form.split()}
    # "Find a GP" is what anybody may write: only a name with a word of its own, or a place's, is taken for the service.
    services = {n: key for n, key in service_names(directory).items() if any(w not in common_words or w in places for w in n.split())}
    (fresh / SERVICES_FILE).write_text(json.dumps(services, ensure_ascii=False, indent=0, sort_keys=True), encoding="utf-8")
    (fresh / STOPS_FILE).write_text("\n".join(sorted(stop_words)), encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


class Gazetteer:
    """Finds places and language names in text, for the directory it was built from."""

    def __init__(
        self,
        names: dict[str, dict[str, list[str]]],
        directory: Directory,
        common_words: set[str],
        stop_words: set[str],
        services: dict[str, str],
    ) -> None:
        self._owners = {form: (label, key) for label, owners in names.items() for key, forms in owners.items() for form in forms}
        self._longest_name = 1 + max((form.count(" ") for form in self._owners), default=0)
        self._directory = directory
        self.common_words = common_words
        self.stop_words = stop_words
        self._services = {tuple(_WORDS.findall(name)): key for name, key in services.items()}
        self._longest_service = max(map(len, self._services), default=0)
        self._names: dict[str, str] = {}
        self._sounds: dict[str, str] = {}
        for place in sorted(directory.places.values(), key=lambda p: p.inside):
            if place.ambiguous:
                continue
            for spellings in ((place.name,), *place.spellings.values()):
                for spelling in spellings:
                    name = fold(spelling)
                    # In scripts that leave vowels out, a short name is a slip away from too many words.
                    if len(name) >= SHORTEST_MISSPELT + (not name.isascii()):
                        self._names[name] = place.key
                    sound = " ".join(consonants(latin(name)))
                    if len(sound) >= SHORTEST_SOUND and not re.search(_HAN, name):
                        self._sounds[sound] = place.key

    @classmethod
    def load(cls, folder: Path, directory: Directory) -> "Gazetteer":
        """Load what ``build`` saved in ``folder``. Raises OSError where it has not."""
        words, stops = (set((folder / name).read_text(encoding="utf-8").split("\n")) for name in (WORDS_FILE, STOPS_FILE))
        services = json.loads((folder / SERVICES_FILE).read_text(encoding="utf-8"))
        names = json.loads((folder / NAMES_FILE).read_text(encoding="utf-8"))
        return cls(names, directory, words, stops, services)

    def _named(self, said: list[str]) -> list[_Named]:
        """Give every place and language that these tokens name, in order: the longest names first, then others outside them."""
        found: list[_Named] = []
        taken: set[int] = set()
        for length in range(min(self._longest_name, len(said)), 0, -1):
            for start in range(len(said) - length + 1):
                owner = self._owners.get(" ".join(said[start : start + length]))
                if owner and taken.isdisjoint(range(start, start + length)):
                    found.append(_Named(start, start + length, *owner))
                    taken.update(range(start, start + length))
        return sorted(found, key=lambda name: name.start)

    def find_place(self, text: str) -> Mention:
        """Find the place that ``text`` is about; of several inside the area the last one, of several outside the first."""
        said = tokens_of(fold(text))
        keys: list[str] = []
        taken: set[int] = set()
        refused: list[str] = []
        words: set[str] = set()
        for name in self._named(said):
            taken.update(range(name.start, name.end))
            place = self._directory.places.get(name.key) if name.label == "place" else None
            if place is None or (place.ambiguous and not self._is_meant(place, text)):
                continue
            before = said[max(0, name.start - NEGATION_REACH) : name.start]
            (refused if _denied(before) else keys).append(place.key)
            words.update(said[name.start : name.end])
        if refused and not keys:
            return Mention()
        if not keys:
            rest = [token for at, token in enumerate(said) if at not in taken]
            keys, words = self._misspelt(rest) or self._by_sound(rest) or ([], set())
        places = [self._directory.places[key] for key in keys]
        area = self._directory.area
        places = [p for p in places if p.name not in area.within[1:]]
        inside = [p for p in places if p.inside]
        postcode = self._by_outcode(text)
        if not inside and postcode:
            inside = [postcode]
        if inside:
            exact = [p for p in inside if p is not area]
            return Mention((exact or inside)[-1], None, frozenset(words))
        return Mention(None, places[0].name if places else None, frozenset(words))

    def find_service(self, text: str) -> str | None:
        """Find the key of the service, or of the only service of an organisation, that ``text`` names."""
        words = _WORDS.findall(fold(text))
        for length in range(self._longest_service, 0, -1):
            for at in range(len(words) - length + 1):
                key = self._services.get(tuple(words[at : at + length]))
                if key:
                    return key
        return None

    def find_language(self, text: str) -> str | None:
        """Find the code of the language that ``text`` names."""
        found = [name.key for name in self._named(tokens_of(fold(text))) if name.label == "language"]
        return found[-1] if found else None

    def _is_meant(self, place: PlaceRecord, text: str) -> bool:
        """Tell whether a name that is also a word (or a month) is the place here."""
        words = re.findall(r"\w+", text)
        alone = len(words) <= 1 + len(place.name.split())
        if place.ambiguous == "month":
            if _SURELY_MARCH.search(text):
                return True
            return not _MONTH_SIGNS.search(text) and (
                len(words) <= SHORT_FOLLOW_UP or bool(_LIVING_SIGNS.search(text)) or not text.isascii() or not _ENGLISH.search(text)
            )
        if alone:
            return True
        return bool(re.search(rf"\b{_NEAR_WORDS} {re.escape(place.name)}\b", text))

    def _misspelt(self, tokens: list[str]) -> tuple[list[str], set[str]] | None:
        """Give the key of the place whose spelling is a slip away from one or two of ``tokens``, and these."""
        best: tuple[float, str, str] | None = None
        tokens = [*tokens, *(stem for token in tokens if token not in self.common_words for stem in _stems(token))]
        pairs = [" ".join(pair) for pair in pairwise(tokens)]
        # Each once: a thousand U+FDFA are three thousand words, of four kinds.
        for candidate in dict.fromkeys([*tokens, *pairs]):
            if len(candidate) < SHORTEST_MISSPELT or candidate in self.common_words or not candidate.replace(" ", "").isalpha():
                continue
            if any(word in self.common_words for word in candidate.split(" ")):
                continue
            allowed = 2 if candidate.isascii() and len(candidate) >= 8 else 1
            match = process.extractOne(candidate, self._names.keys(), scorer=OSA.distance, score_cutoff=allowed)
            if match and match[0][0] == candidate[0]:
                closeness = match[1] / len(candidate)
                if best is None or closeness < best[0]:
                    best = (closeness, self._names[match[0]], candidate)
        return ([best[1]], set(best[2].split())) if best else None

    def _by_sound(self, tokens: list[str]) -> tuple[list[str], set[str]] | None:
        """Give the key of the place that one or two of ``tokens`` sound like (Ukrainian, say, typed in Latin letters), and these."""
        for candidate in [*tokens, *(" ".join(pair) for pair in pairwise(tokens))]:
            sound = " ".join(consonants(candidate))
            # Examples name places by ear too, so that the commonest of such spellings count as common words.
            common = len(sound) < SURE_SOUND and any(word in self.common_words for word in candidate.split(" "))
            if candidate.isascii() and not common and sound in self._sounds:
                return [self._sounds[sound]], set(candidate.split())
        return None

    def _by_outcode(self, text: str) -> PlaceRecord | None:
        """Give the one place, or else the one district, that a postcode in ``text`` can only mean."""
        for match in _OUTCODE.finditer(text):
            outcode = self._directory.outcodes.get(match[1].upper())
            if outcode is None:
                continue
            if len(outcode.places) == 1:
                return self._directory.places[outcode.places[0]]
            if len(outcode.districts) == 1:
                return self._directory.places.get(outcode.districts[0])
        return None
