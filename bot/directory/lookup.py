"""The look-up of library staff: one box that finds services and statements by word and by meaning, and says what a filter took away.

The words are ranked by ``bot.directory.words``, the meaning by the vectors of ``bot.directory.meaning``; both lists are fused by rank.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import TypeVar

import numpy as np
from babel import Locale

from bot.codes import INTERPRETER_FOR, NEEDS
from bot.directory.hours import BRITISH_TIME, Opening, opening_at
from bot.directory.meaning import NEAR_ENOUGH
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import Directory, GuidanceRecord, PlaceRecord, ServiceRecord
from bot.directory.search import NOT_LEADING, find_guidance, may_answer, nearness, not_for
from bot.directory.word_table import WordTables
from bot.directory.words import Mask, Numbers, Row, Scores, WordIndex, WordsInMemory, plain, slips_allowed, words_of
from bot.understanding.embedding import Matrix, Vector

LEFT_OUT_AT_MOST = 10
LONGEST, WORDS_AT_MOST = 400, 16
"""Characters and words of a question that are looked up."""
CLOSEST_AT_MOST = 10
"""Records that meaning may bring."""
WELL_HELD = 0.5
"""Share of a question's words from which a record is a good match."""
FUSION = 60
"""``k`` of reciprocal rank fusion: Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
methods", SIGIR 2009."""
CACHED_PLACES = 64
EXACT, NAMED, OTHER = 0, 1, 2
ELSEWHERE = -1
UNREACHED = 2

_BRACKETS = re.compile(r"\(([^)]*)\)")
_OPENINGS = (Opening.OPEN, Opening.CLOSED, Opening.UNKNOWN)
_REASONS = (
    "",
    "left_out.other_topic",
    "left_out.elsewhere",
    "left_out.regulation_unknown",
    "left_out.for_others",
    "left_out.does_not_speak",
    "left_out.not_free",
    "left_out.cost_unknown",
    "left_out.closed_now",
    "left_out.hours_unknown",
)
"""Why a service is left out, in the order in which reasons are looked for; the first is that it is not."""
_ALLOWED, _REGULATION = 0, _REASONS.index("left_out.regulation_unknown")

H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True)
class Filters:
    """What staff narrowed the look-up to; empty is no filter.

    ``topic`` is a code of ``bot.codes.NEEDS``, ``circumstances`` are codes of ``bot.codes.CIRCUMSTANCES``, ``language`` is BCP 47.
    """

    topic: str = ""
    place: PlaceRecord | None = None
    circumstances: tuple[str, ...] = ()
    language: str = ""
    open_now: bool = False
    free: bool = False


@dataclass(frozen=True)
class Withheld:
    """A service that was found and that a filter took away, with the catalogue key of the reason and what fills it.

    ``left_out.elsewhere`` (``serves``: names of places), ``left_out.other_topic`` (``topics``), ``left_out.regulation_unknown``,
    ``left_out.for_others`` (``who``: circumstances), ``left_out.for_adults`` (``age``), ``left_out.does_not_speak`` (``languages``: codes,
    none where the record gives none), ``left_out.not_free`` and ``left_out.cost_unknown`` (``cost``: the record's words, if any),
    ``left_out.closed_now``, ``left_out.hours_unknown``.
    """

    service: ServiceRecord
    reason: str
    values: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Result:
    """What was found, best first. ``count`` is how many services there are in all, ``services`` the first of them.

    ``closest_only`` says that no record holds as much as half of the words: what is shown is the closest in meaning and may be far.
    """

    services: tuple[ServiceRecord, ...]
    guidance: tuple[GuidanceRecord, ...]
    left_out: tuple[Withheld, ...]
    count: int
    closest_only: bool = False


@dataclass(frozen=True)
class _Matches:
    """How well each row matches a question: ``tier`` is EXACT, NAMED or OTHER, ``held`` the share of its words that the row holds,
    ``words`` their BM25 times that share (0 where none is held), ``meaning`` the cosine (0 where it is not near enough to count).
    """

    tier: Numbers
    held: Scores
    words: Scores
    meaning: Scores

    def of(self, rows: slice) -> "_Matches":
        return _Matches(self.tier[rows], self.held[rows], self.words[rows], self.meaning[rows])


class LookUp:
    """Looks up one version of the directory. Built once for each; safe to call from several threads."""

    def __init__(
        self,
        directory: Directory,
        vectors: Matrix | None,
        topic_labels: Mapping[str, str],
        is_free: Callable[[str], bool | None],
        tables: WordTables | None = None,
        common_words: Container[str] = frozenset(),
    ) -> None:
        """Index ``directory``.

        ``vectors`` are those of ``MeaningIndex``, or None while there are none. ``topic_labels`` are the English words of each topic by
        code. ``is_free`` tells from a record's words on cost whether the service is free; None where they say nothing or more. ``tables``
        are where a database can be asked for words. ``common_words`` are folded words of any language, which are hardly ever misspelt.
        Raises ValueError where ``vectors`` are of another directory.
        """
        services, statements = directory.services, directory.guidance
        if vectors is not None and len(vectors) != len(services) + len(statements):
            raise ValueError(f"{len(vectors)} vectors for {len(services) + len(statements)} records")
        self.directory = directory
        self._vectors = vectors
        rows = record_words(directory, topic_labels)
        self._common_words = common_words
        self._snapshot = WordsInMemory(rows)
        self._table = None if tables is None else tables.open(rows, self._snapshot)
        self._index = WordIndex(self._table or self._snapshot, len(rows), common_words)
        self._called = _called(services)
        self._by_name = np.zeros(len(services), dtype=np.int64)
        self._by_name[sorted(range(len(services)), key=lambda i: services[i].name)] = np.arange(len(services))
        self._leads = {t: np.array([s.leads.get(t, NOT_LEADING) for s in services], dtype=np.int64) for t in NEEDS}
        self._related = {t: _mask([t in s.topics or t in s.leads for s in services]) for t in NEEDS}
        self._homeless = _mask([HOMELESS_TONIGHT in s.topics for s in services])
        self._unregulated = _mask(["legal" in s.topics and not may_answer(s, "legal") for s in services])
        self._only_legal = _mask([s.topics == {"legal"} for s in services])
        self._area_group, self._by_area = _groups([(s.serves, s) for s in services])
        self._whom_group, self._by_whom = _groups([((s.eligibility, s.minimum_age), s) for s in services])
        self._spoken_group, self._by_spoken = _groups([(s.languages, s) for s in services])
        self._hours_group, self._by_hours = _groups([(s.schedules, s) for s in services])
        self._interpreted = _mask([bool(s.interpretation_services) for s in services])
        free = [is_free(s.cost) for s in services]
        self._free = _mask([plainly is True for plainly in free])
        says_free = [re.search(r"\bfree\b", s.cost.lower()) is not None for s in services]
        self._costs = _mask([f is False or bool(s.cost and not says) for s, f, says in zip(services, free, says_free, strict=True)])
        self._unsure_hours = _mask(["hours" in s.unsure for s in services])
        self._inactive = _mask([s.status != "active" for s in services])
        self._near = lru_cache(maxsize=CACHED_PLACES)(self._nearness)
        self._day = lru_cache(maxsize=2)(self._openings_of)

    def keep(self) -> None:
        """Have the database hold these words, where it can be asked for them; until it does, they are looked up in memory."""
        if self._table is not None:
            self._table.keep()

    def alike(self, word: str) -> tuple[str, ...]:
        """Give the words of the directory that a folded word may be a misspelling of. Memory answers, whatever breaks."""
        slips = slips_allowed(word, self._common_words)
        return self._snapshot.alike(word, slips) if slips else ()

    def find(
        self, words: str, vector: Vector | None, filters: Filters, moment: datetime, limit: int = 20, likely: Filters | None = None
    ) -> Result:
        """Find what ``words`` (the question as typed) and ``vector`` (its unit vector; None for words alone) ask for.

        A service called just so comes first, then those that hold every word in their name, then the rest by reciprocal rank fusion of
        words and meaning. Not all words need be held; the last may be the beginning of one, unless a space or a mark follows it.
        ``likely`` is what the words seem to be about (a topic, and a place if they name one): services of that topic, in the order of
        ``find_services``, are fused in as a third list, which is what finds the right ones across languages.

        Without words: all that the filters allow, in the order of ``find_services``, and the statements of the topic.

        With ``filters.language`` those that speak it come first, then those with interpreters, whose records do not say for which
        languages; ``en`` asks for nothing, every service speaks English. Hours that are unknown or unsure are not open; a cost that is
        not plainly nothing is not free. Without a place nothing is too far. For legal advice a body whose regulator is not known is left
        out: with that topic, and without a topic where it answers nothing else or where only meaning found it.

        Statements are told while in force, those bound together as one block; of the filters only topic and place concern them.
        ``left_out`` are up to ten services that match well and that a filter took away, best first. ``moment`` is in any time zone,
        ``limit`` holds for services and for statements.
        """
        reach = self._reach(filters.language)
        reasons = self._reasons(filters, reach, moment)
        asked = words_of(words[:LONGEST])[:WORDS_AT_MOST]
        if not asked:
            today = moment.astimezone(BRITISH_TIME).date()
            said = find_guidance(self.directory, filters.topic, filters.place, today) if filters.topic else ()
            order = self._in_order(filters, reach)
            # Of those elsewhere, or of other topics, nobody asked.
            left = order[reasons[order] >= _REGULATION]
            return self._result(order[reasons[order] == _ALLOWED], left, said, filters, reasons, limit)
        matches = self._match(words, asked, vector)
        theirs = matches.of(slice(0, len(self.directory.services)))
        if not filters.topic:
            # Nobody knows what is asked for: it may be immigration advice.
            reasons[(reasons == _ALLOWED) & self._unregulated & (theirs.words == 0)] = _REGULATION
        about: Numbers = np.array([], dtype=np.int64)
        if likely is not None and likely.topic:
            in_order = self._in_order(likely, reach)
            near = self._near(likely.place)[in_order] != ELSEWHERE
            about = in_order[near & self._related[likely.topic][in_order]][:CLOSEST_AT_MOST]
        found = _ranked(theirs, reasons == _ALLOWED, reach, about)
        well = theirs.held >= WELL_HELD
        well[np.argsort(-theirs.meaning, kind="stable")[:CLOSEST_AT_MOST]] = True
        left = _ranked(theirs, (reasons != _ALLOWED) & well, reach)
        far = not bool((matches.held >= WELL_HELD).any())
        return self._result(found, left, self._statements(matches, filters, moment), filters, reasons, limit, far)

    def _result(
        self,
        found: Numbers,
        left: Numbers,
        said: Sequence[GuidanceRecord],
        filters: Filters,
        reasons: Numbers,
        limit: int,
        closest_only: bool = False,
    ) -> Result:
        services = self.directory.services
        withheld = tuple(self._withheld(services[i], _REASONS[reasons[i]], filters) for i in left[:LEFT_OUT_AT_MOST])
        return Result(tuple(services[i] for i in found[:limit]), tuple(said[:limit]), withheld, len(found), closest_only)

    def _withheld(self, service: ServiceRecord, reason: str, filters: Filters) -> Withheld:
        values: dict[str, tuple[str, ...]] = {}
        if reason == "left_out.for_others":
            other = not_for(service, filters.circumstances)
            assert other is not None
            reason = other.reason
            values = {"age": (str(other.age),)} if other.age is not None else {"who": other.only_for}
        elif reason == "left_out.elsewhere":
            values = {"serves": service.serves}
        elif reason == "left_out.other_topic":
            values = {"topics": tuple(t for t in NEEDS if t in service.topics)}
        elif reason == "left_out.does_not_speak":
            values = {"languages": service.languages}
        elif reason in ("left_out.not_free", "left_out.cost_unknown"):
            values = {"cost": (service.cost,) if service.cost else ()}
        return Withheld(service, reason, values)

    def _reasons(self, filters: Filters, reach: Numbers, moment: datetime) -> Numbers:
        """Give for each service the number of the first reason that takes it away; 0 where none does."""
        reasons = np.zeros(len(self.directory.services), dtype=np.int64)

        def leave_out(which: Mask, reason: str) -> None:
            reasons[which & (reasons == _ALLOWED)] = _REASONS.index(reason)

        if filters.topic:
            leave_out(~self._of_topic(filters.topic), "left_out.other_topic")
        if filters.place is not None:
            leave_out(self._near(filters.place) == ELSEWHERE, "left_out.elsewhere")
        if filters.topic in ("", "legal"):
            leave_out(self._unregulated & (self._only_legal | (filters.topic == "legal")), "left_out.regulation_unknown")
        if filters.circumstances:
            others = _mask([not_for(s, filters.circumstances) is not None for s in self._by_whom])
            leave_out(others[self._whom_group], "left_out.for_others")
        leave_out(reach == UNREACHED, "left_out.does_not_speak")
        if filters.free:
            leave_out(self._costs, "left_out.not_free")
            leave_out(~self._free, "left_out.cost_unknown")
        if filters.open_now:
            opening = self._opening(moment)
            leave_out(opening == _OPENINGS.index(Opening.CLOSED), "left_out.closed_now")
            leave_out(opening == _OPENINGS.index(Opening.UNKNOWN), "left_out.hours_unknown")
        return reasons

    def _of_topic(self, topic: str) -> Mask:
        """Tell which services answer a topic; those for people with nowhere to sleep answer housing."""
        return self._related[topic] | self._homeless if topic == "housing" else self._related[topic]

    def _reach(self, language: str) -> Numbers:
        """Say of each service how it is reached in ``language``: 0 it speaks it, 1 it has interpreters, UNREACHED neither."""
        if not language or language == "en":
            return np.zeros(len(self.directory.services), dtype=np.int64)
        # RFC 4647, basic filtering: zh finds zh-Hant.
        speaks = _mask([any(f"{code}-".startswith(f"{language}-") for code in s.languages) for s in self._by_spoken])[self._spoken_group]
        reach: Numbers = np.where(speaks, 0, np.where(self._interpreted, 1, UNREACHED))
        return reach

    def _nearness(self, place: PlaceRecord | None) -> Numbers:
        """Give the ``nearness`` of each service to ``place``, ELSEWHERE where there is none."""
        near = [nearness(s, place, self.directory) for s in self._by_area]
        by_area: Numbers = np.array([ELSEWHERE if n is None else n for n in near], dtype=np.int64)
        of_each: Numbers = by_area[self._area_group]
        return of_each

    def _in_order(self, filters: Filters, reach: Numbers) -> Numbers:
        """Give all services in the order of ``find_services``."""
        near = self._near(filters.place)
        near = np.where(near == ELSEWHERE, len(self.directory.area.within) + 1, near)
        meant = _mask([bool(s.eligibility & set(filters.circumstances)) for s in self._by_whom])[self._whom_group]
        keys = [self._by_name, near, ~meant, reach]
        if filters.topic:
            keys = [self._by_name, ~self._related[filters.topic], near, ~meant, self._leads[filters.topic], reach]
        order: Numbers = np.lexsort(keys)
        return order

    def _opening(self, moment: datetime) -> Numbers:
        """Give the place in ``_OPENINGS`` of what is known of each service at ``moment``, as its card says it."""
        local = moment.astimezone(BRITISH_TIME)
        minute = local.hour * 60 + local.minute
        states = [known[bisect_right(changes, minute) - 1] for changes, known in self._day(local.date())]
        opening: Numbers = np.array(states, dtype=np.int64)[self._hours_group]
        opening[self._unsure_hours] = _OPENINGS.index(Opening.UNKNOWN)
        opening[self._inactive] = _OPENINGS.index(Opening.CLOSED)
        return opening

    def _openings_of(self, day: date) -> list[tuple[list[int], list[int]]]:
        """Give for each set of schedules the minutes of ``day`` at which they may open or close, and what is known from each on."""
        table = []
        for service in self._by_hours:
            clocks = {clock for s in service.schedules for clock in (s.opens, s.closes) if clock}
            times = sorted({time(0), *map(time.fromisoformat, clocks)})
            known = [opening_at(service.schedules, datetime.combine(day, t, BRITISH_TIME)) for t in times]
            table.append(([t.hour * 60 + t.minute for t in times], [_OPENINGS.index(opening) for opening in known]))
        return table

    def _match(self, words: str, asked: list[str], vector: Vector | None) -> _Matches:
        """Match every row, services first, with the question."""
        held, scores, named = self._index.match(asked, typing=words[:LONGEST][-1:].isalnum())
        tier = np.where(named, NAMED, OTHER)
        tier[self._called.get(" ".join(asked), [])] = EXACT
        meaning = np.zeros(len(held))
        if vector is not None and self._vectors is not None and len(self._vectors):
            cosine = (self._vectors @ vector).astype(np.float64)
            # Where the words are held, only what is near enough is added; where they are not (another language), the closest must do.
            floor = NEAR_ENOUGH if bool((held >= WELL_HELD).any()) else 0.0
            meaning = np.where(cosine >= floor, cosine, 0.0)
        return _Matches(tier, held, scores, meaning)

    def _statements(self, matches: _Matches, filters: Filters, moment: datetime) -> list[GuidanceRecord]:
        """Give the statements that match and are in force, best first."""
        said = self.directory.guidance
        day = moment.astimezone(BRITISH_TIME).date()
        within = filters.place.within if filters.place is not None else ()
        lapsed = {g.together for g in said if g.together and not g.in_force(day)}
        allowed = _mask(
            [
                g.in_force(day)
                and g.together not in lapsed
                and (not filters.topic or filters.topic in g.topics)
                and (not g.area or not within or g.area in within)
                for g in said
            ]
        )
        rows = slice(len(self.directory.services), None)
        found: dict[str, GuidanceRecord] = {}
        for i in _ranked(matches.of(rows), allowed, np.zeros(len(said), dtype=np.int64)):
            block = [g for g in said if g.together and g.together == said[i].together] or [said[i]]
            found.update((g.key, g) for g in block)
        return list(found.values())


def _ranked(matches: _Matches, allowed: Mask, reach: Numbers, about: Numbers | None = None) -> Numbers:
    """Give the allowed rows that match, best first: by reach, tier, then reciprocal rank fusion of words, meaning and topic (``about``)."""
    by_words = np.flatnonzero(allowed & (matches.words > 0))
    by_words = by_words[np.argsort(-matches.words[by_words], kind="stable")]
    near = np.flatnonzero(allowed & (matches.meaning > 0))
    by_meaning = near[np.argsort(-matches.meaning[near], kind="stable")][:CLOSEST_AT_MOST]
    fused = np.zeros(len(allowed))
    by_topic = near[:0] if about is None else about[allowed[about]]
    for ranked in (by_words, by_meaning, by_topic):
        fused[ranked] += 1 / (FUSION + 1 + np.arange(len(ranked)))
    found = np.flatnonzero((fused > 0) | (allowed & (matches.tier == EXACT)))
    order = np.lexsort((-fused[found], matches.tier[found], reach[found]))
    best: Numbers = found[order]
    return best


def _mask(truths: Sequence[bool]) -> Mask:
    return np.array(truths, dtype=bool)


def _groups(pairs: Sequence[tuple[H, ServiceRecord]]) -> tuple[Numbers, list[ServiceRecord]]:
    """Give the number of each service's group (those alike), and one service of each: what is asked of a group is worked out once."""
    numbers: dict[H, int] = {}
    ones: list[ServiceRecord] = []
    of = np.zeros(len(pairs), dtype=np.int64)
    for i, (likeness, service) in enumerate(pairs):
        if likeness not in numbers:
            numbers[likeness] = len(ones)
            ones.append(service)
        of[i] = numbers[likeness]
    return of, ones


def _called(services: Sequence[ServiceRecord]) -> dict[str, list[int]]:
    """Give the rows of the services by folded name: their own, their organisation's, and the short ones in brackets."""
    found: dict[str, list[int]] = {}
    for i, service in enumerate(services):
        names = (service.name, service.organization)
        forms = {form for name in names for form in (name, _BRACKETS.sub(" ", name), *_BRACKETS.findall(name))}
        for form in set(map(plain, forms)) - {""}:
            found.setdefault(form, []).append(i)
    return found


def record_words(directory: Directory, topic_labels: Mapping[str, str]) -> list[Row]:
    """Give the words of every service, then of every statement, in the directory's order."""
    return [
        *(_words_of_service(service, topic_labels) for service in directory.services),
        *(_words_of_statement(statement, topic_labels) for statement in directory.guidance),
    ]


def _words_of_service(service: ServiceRecord, labels: Mapping[str, str]) -> Row:
    """Give the words of a service. What it may not be shown for is not among its topics."""
    topics = [t for t in NEEDS if (t in service.topics or t in service.leads) and may_answer(service, t)]
    cells = (
        service.name,
        service.organization,
        " ".join(labels.get(t, "") for t in topics),
        " ".join(name for code in service.languages for name in _language_names(code)),
        " ".join((*service.serves, *(address.text for address in service.addresses))),
        " ".join((service.description, service.eligibility_description, service.cost, service.interpretation_services)),
    )
    return tuple(map(plain, cells))


def _words_of_statement(statement: GuidanceRecord, labels: Mapping[str, str]) -> Row:
    cells = ("", "", " ".join(labels.get(t, "") for t in statement.topics), "", statement.area, statement.statement)
    return tuple(map(plain, cells))


def _language_names(code: str) -> set[str]:
    """Give the English names of a BCP 47 code: CLDR's, and what interpreters call it."""
    names = Locale("en").languages
    return {name for name in (names.get(code.replace("-", "_")), names.get(code.split("-")[0]), INTERPRETER_FOR.get(code)) if name}
