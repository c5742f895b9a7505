"""Services that may be one and the same: the same telephone number or address and a like name, or nearly the same name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import phonenumbers
from rapidfuzz import fuzz, process

from bot.directory.writer import Rows
from bot.understanding.folding import fold

LIKE, NEARLY_SAME = 55, 90
"""Likeness of two names (0 to 100, rapidfuzz's token_set_ratio): enough beside the same number or address, and enough by itself."""
COMPARED_AT_MOST = 5_000_000
"""Pairs of names that are compared for likeness; above, only names of the same words count as nearly the same."""
SHARED_BY_MANY = 50
"""Services with one number, address or name above which it tells nothing: a council's switchboard, a town hall."""


@dataclass(frozen=True)
class Duplicate:
    """A service ``key`` that may be the same as ``other``, and why: ``phone``, ``address`` and ``name``."""

    key: str
    name: str
    other: str
    other_name: str
    reasons: tuple[str, ...]


def find_duplicates(new: Mapping[str, Rows], existing: Mapping[str, Rows]) -> list[Duplicate]:
    """Find for each of the ``new`` services the ``existing`` one that it is most likely to be, if any.

    Both map keys to rows of a service. A service is not compared with itself; of two that are both new the pair is given once.
    """
    names = {key: name_of(rows) for key, rows in existing.items()}
    plain = {key: _plain(name) for key, name in names.items()}
    by: dict[tuple[str, str], set[str]] = defaultdict(set)
    for key, rows in existing.items():
        for mark in _marks(rows):
            by[mark].add(key)
    same_words: dict[str, set[str]] = defaultdict(set)
    for key, words in plain.items():
        same_words[words].add(key)
    few = len(new) * len(existing) <= COMPARED_AT_MOST
    found, told = [], set()
    for key, rows in new.items():
        name = name_of(rows)
        words = _plain(name)
        scores: dict[str, set[str]] = defaultdict(set)
        for mark in _marks(rows):
            for other in _telling(by[mark], key):
                if fuzz.token_set_ratio(words, plain[other]) >= LIKE:
                    scores[other].add(mark[0])
        alike: Iterable[str] = _telling(same_words[words], key)
        if few:
            near = process.extract(words, plain, scorer=fuzz.token_sort_ratio, score_cutoff=NEARLY_SAME, limit=3)
            alike = [other for _, _, other in near if other != key]
        for other in alike:
            scores[other].add("name")
        if scores:
            best = max(scores, key=lambda other: (len(scores[other]), fuzz.token_sort_ratio(words, plain[other]), other))
            if frozenset((key, best)) not in told:
                told.add(frozenset((key, best)))
                reasons = tuple(sorted(scores[best]))
                found.append(Duplicate(key, name, best, names[best], reasons))
    return found


def _telling(keys: set[str], own: str) -> set[str]:
    """Give whom a service may be the same as by what they share: nobody where very many do."""
    return keys - {own} if len(keys) <= SHARED_BY_MANY else set()


def name_of(rows: Rows) -> str:
    """Give the name of a service."""
    return rows["services.csv"][0].get("name", "")


def _plain(name: str) -> str:
    return " ".join(sorted(re.findall(r"\w+", fold(name))))


def _marks(rows: Rows) -> set[tuple[str, str]]:
    """Give the telephone numbers and addresses of a service in one form each."""
    service = rows["services.csv"][0]
    marks = set()
    for column in ("phone", "out_of_hours_phone"):
        number = service.get(column, "")
        if len(number.replace(" ", "")) > 6:
            try:
                parsed = phonenumbers.parse(number, "GB")
            except phonenumbers.NumberParseException:
                continue
            marks.add(("phone", phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)))
    for place in rows.get("places.csv", []):
        if place.get("postcode") and place.get("address_1"):
            marks.add(("address", f"{fold(place['address_1'])} {place['postcode']}"))
    return marks
