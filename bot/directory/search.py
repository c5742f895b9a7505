"""Which services answer a need in a place, and in what order: plain functions over records."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from bot.codes import CIRCUMSTANCES, NEEDS
from bot.directory.freshness import gives_way
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import Directory, GuidanceRecord, PlaceRecord, ServiceRecord
from bot.understanding.folding import fold

NOT_LEADING = 100
LEGAL_ANSWERS = frozenset({"legal"})


SCHEMES = frozenset({"asylum_seeker", "refugee", "refused", "homes_for_ukraine", "hong_kong_bno", "afghan_scheme", "eu_settled", "student"})
"""Circumstances of which a person has one: a service for another of them is not for this person."""
ALSO_REFUGEES = frozenset({"afghan_scheme", "refugee"})
"""People resettled from Afghanistan are refugees, and what is for either may be for both: a service says which."""
ADULT = 18


@dataclass(frozen=True)
class LeftOut:
    """A service that is not for this person, with the catalogue key of the reason and who it is for instead."""

    service: ServiceRecord
    reason: str
    only_for: tuple[str, ...] = ()
    age: int | None = None


@dataclass(frozen=True)
class Found:
    """The services of an answer in order, and those left out."""

    services: tuple[ServiceRecord, ...]
    left_out: tuple[LeftOut, ...]


def nearness(service: ServiceRecord, place: PlaceRecord | None, directory: Directory) -> int | None:
    """Say how near the area a service serves is to ``place``: 0 the place itself, then its district, county, nation.

    None: it serves only somewhere else. Without a place, only what serves the whole area counts. For a district or
    county, services of the towns inside it count too, after all others.
    """
    within = (place or directory.area).within
    levels = [within.index(name) for name in service.serves if name in within]
    if levels:
        return min(levels)
    if place is not None and place.kind in ("district", "county"):
        inside = (directory.place_named(name) for name in service.serves)
        if any(other is not None and place.name in other.within for other in inside):
            return len(within)
    return None


def may_answer(service: ServiceRecord, topic: str) -> bool:
    """Tell whether a service may be shown for ``topic``: for legal advice its regulator is known, or it is a register."""
    return topic not in LEGAL_ANSWERS or bool(service.regulated_by) or topic in service.leads


def not_for(service: ServiceRecord, circumstances: Collection[str]) -> LeftOut | None:
    """Say why a service is not for somebody who said ``circumstances``; None where it is, or nothing tells."""
    theirs = SCHEMES & set(circumstances)
    if theirs & ALSO_REFUGEES:
        theirs |= ALSO_REFUGEES
    its = service.eligibility & SCHEMES
    everyone = "anyone" in service.eligibility or bool(service.eligibility & set(circumstances))
    if theirs and its and not theirs & its and not everyone:
        return LeftOut(service, "left_out.for_others", tuple(code for code in CIRCUMSTANCES if code in its))
    if "unaccompanied_child" in circumstances and service.minimum_age is not None and service.minimum_age >= ADULT:
        return LeftOut(service, "left_out.for_adults", age=int(service.minimum_age))
    return None


def find_services(
    directory: Directory,
    topic: str,
    place: PlaceRecord | None,
    today: date,
    anywhere: bool = False,
    tonight: bool = False,
    circumstances: Collection[str] = (),
) -> Found:
    """Find the services for ``topic`` (a code of ``bot.codes.NEEDS``) that serve ``place``.

    Officers' leads come first, in their order; then what is for somebody who said ``circumstances``; then what is nearest; then by
    name. With ``tonight`` what is for people with nowhere to sleep comes before the rest. ``anywhere`` takes every service, wherever
    it is. For ``legal``, a body whose regulator is not known is left out: advice on immigration by an unregulated person is an
    offence. What is for other people only is left out too, and so is legal help that was assured too long before ``today`` (a British day).
    """
    ranked: list[tuple[tuple[int, int, int, int, int, str], ServiceRecord]] = []
    left_out: list[LeftOut] = []
    for service in directory.services:
        related = topic in service.topics or topic in service.leads
        homeless = topic == "housing" and HOMELESS_TONIGHT in service.topics
        if not related and not homeless:
            continue
        near = nearness(service, place, directory)
        if near is None and not anywhere:
            continue
        if not may_answer(service, topic):
            left_out.append(LeftOut(service, "left_out.regulation_unknown"))
            continue
        if gives_way(service, topic, today):
            left_out.append(LeftOut(service, "left_out.overdue"))
            continue
        other = not_for(service, circumstances)
        if other:
            left_out.append(other)
            continue
        lead = service.leads.get(topic, NOT_LEADING)
        order = (
            0 if tonight and homeless else 1,
            lead,
            0 if service.eligibility & set(circumstances) else 1,
            len(directory.area.within) + 1 if near is None else near,
            0 if related else 1,
            service.name,
        )
        ranked.append((order, service))
    ranked.sort(key=lambda pair: pair[0])
    return Found(tuple(service for _, service in ranked), tuple(left_out))


def answered_first(directory: Directory, today: date, at_a_time: int) -> tuple[ServiceRecord, ...]:
    """Give the services that stand among the first ``at_a_time`` of an answer, for any need, in any place of the area; the most frequent
    first.
    """
    places: list[PlaceRecord | None] = [None, *(place for place in directory.places.values() if place.inside)]
    often: Counter[ServiceRecord] = Counter()
    for topic in NEEDS:
        for place in places:
            often.update(find_services(directory, topic, place, today).services[:at_a_time])
    return tuple(service for service, _ in often.most_common())


def find_guidance(
    directory: Directory, topic: str, place: PlaceRecord | None, today: date, tonight: bool = False
) -> tuple[GuidanceRecord, ...]:
    """Find the statements for ``topic`` that hold in ``place`` (without one, the whole area) on ``today``, a British day, in order.

    Statements bound together (``together``) come as one block, at the place of the first. Statements for an urgent
    need come first with ``tonight`` and not at all without it.
    """
    within = (place or directory.area).within
    lapsed = {g.key for g in directory.guidance if not g.in_force(today) or gives_way(g, topic, today)}
    # A statement bound to another is not made without it.
    broken = {g.together for g in directory.guidance if g.together and g.key in lapsed}
    found = [
        g
        for g in directory.guidance
        if topic in g.topics
        and (not g.area or g.area in within)
        and (tonight or not g.urgent)
        and g.key not in lapsed
        and g.together not in broken
    ]
    first: dict[str, int] = {}
    for g in found:
        if g.together:
            first[g.together] = min(first.get(g.together, NOT_LEADING), g.topics[topic])

    def order(g: GuidanceRecord) -> tuple[int, int, int, str, int]:
        nearest = within.index(g.area) if g.area else len(within)
        return (0 if g.urgent else 1, nearest if g.urgent else 0, first.get(g.together, g.topics[topic]), g.together, g.topics[topic])

    return tuple(sorted(found, key=order))


def search_words(
    directory: Directory,
    words: str,
    today: date,
    topic: str = "",
    place: PlaceRecord | None = None,
    alike: Callable[[str], Collection[str]] = lambda word: (),
) -> list[ServiceRecord]:
    """Find services that hold every word of ``words`` in their name, organisation, description or area.

    ``topic`` and ``place`` narrow it as in ``find_services``; help with the law that is overdue ``today`` (a British
    day) is not found under that topic, nor without a topic where it answers nothing else. Where nothing is found, a word that no service
    holds may be any of those that ``alike`` gives for it. Needs nothing but the directory in memory.
    """
    wanted = [(word,) for word in fold(words).split()]
    searched: list[tuple[ServiceRecord, int, str, str]] = []
    for service in directory.services:
        if topic and topic not in service.topics and topic not in service.leads:
            continue
        near = nearness(service, place, directory) if place else 0
        if near is None or not may_answer(service, topic):
            continue
        if gives_way(service, topic or ("legal" if service.topics == {"legal"} else ""), today):
            continue
        name = fold(f"{service.name} {service.organization}")
        text = fold(f"{name} {service.description} {' '.join(service.serves)} {service.eligibility_description}")
        searched.append((service, near, name, text))

    def holding(forms: Sequence[Collection[str]]) -> list[ServiceRecord]:
        hits: list[tuple[tuple[int, int, str], ServiceRecord]] = []
        for service, near, name, text in searched:
            if all(any(word in text for word in words) for words in forms):
                misses = sum(not any(word in name for word in words) for words in forms)
                hits.append(((misses, service.leads.get(topic, NOT_LEADING) + near, service.name), service))
        return [service for _, service in sorted(hits, key=lambda hit: hit[0])]

    found = holding(wanted)
    if found:
        return found
    meant = [(word,) if any(word in text for *_, text in searched) else (*alike(word), word) for (word,) in wanted]
    return found if meant == wanted else holding(meant)
