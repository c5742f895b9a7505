"""What an area's pack still lacks to be of use: plain functions over its directory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from bot.codes import NEEDS, REPLY_LANGUAGES, SPELT_AS
from bot.directory.records import Directory, PlaceRecord, ServiceRecord
from bot.directory.search import find_services, may_answer

CORE_TOPICS = NEEDS[:5]
"""What people ask about first: a pack is looked through for these."""


@dataclass(frozen=True)
class Gap:
    """Something that is missing; ``officer.area.gap.<what>`` is the sentence for it, with ``values`` put in."""

    what: str
    values: dict[str, object] = field(default_factory=dict)


def own_services(directory: Directory) -> list[ServiceRecord]:
    """Give the services for the area or a place in it, in the order of their names; those for all of England are every area's."""
    inside = {place.name for place in directory.places.values() if place.inside}
    return sorted((s for s in directory.services if inside & set(s.serves)), key=lambda s: s.name)


def gaps(directory: Directory, today: date) -> list[Gap]:
    """Give what is missing ``today`` (a British day), what keeps people from being helped first."""
    return [*_topics(directory, today), *_person(directory), *_councils(directory, today), *_places(directory), *_services(directory)]


def _parts(directory: Directory) -> list[PlaceRecord]:
    """Give the districts of the area, or the area itself where it has none."""
    return [place for place in directory.districts() if place is not directory.area] or [directory.area]


def _topics(directory: Directory, today: date) -> list[Gap]:
    own = own_services(directory)
    found = []
    for topic in CORE_TOPICS:
        served = {place.name: find_services(directory, topic, place, today).services for place in _parts(directory)}
        nothing = [name for name, services in served.items() if not services]
        national = [name for name, services in served.items() if services and not any(service in own for service in services)]
        found += [Gap("topic_nothing", {"topic": topic, "places": ", ".join(nothing)})] if nothing else []
        found += [Gap("topic_national", {"topic": topic, "places": ", ".join(national)})] if national else []
    return found


def _person(directory: Directory) -> list[Gap]:
    people = next((s for s in directory.services if "human" in s.leads), None)
    if people is None:
        return [Gap("no_person")]
    if not people.phones and not people.email:
        return [Gap("person_unreachable", {"name": people.name})]
    return []


def _councils(directory: Directory, today: date) -> list[Gap]:
    """Say for which districts nobody can be called by somebody who has nowhere to sleep tonight."""

    def has_council(place: PlaceRecord) -> bool:
        services = find_services(directory, "housing", place, today, tonight=True).services
        return any(s.kind == "council" and "housing" in s.leads and s.phones and set(s.serves) & set(place.within) for s in services)

    without = [place.name for place in _parts(directory) if not has_council(place)]
    return [Gap("no_council", {"places": ", ".join(without)})] if without else []


def _places(directory: Directory) -> list[Gap]:
    found = []
    if directory.area.kind == "county" and _parts(directory) == [directory.area]:
        found.append(Gap("no_districts"))
    inside = {place.key: place for place in directory.places.values() if place.inside}
    if not any(set(outcode.districts) & set(inside) for outcode in directory.outcodes.values()):
        found.append(Gap("no_postcodes"))
    for code in (code for code in REPLY_LANGUAGES[1:] if code not in SPELT_AS):
        unspelt = [place.name for place in inside.values() if not place.spellings.get(code)]
        if unspelt:
            found.append(Gap("no_spellings", {"code": code, "count": len(unspelt), "all": len(inside)}))
    return found


def _services(directory: Directory) -> list[Gap]:
    own = own_services(directory)
    if not own:
        return [Gap("no_services")]

    def named(what: str, wanted: Callable[[ServiceRecord], bool]) -> list[Gap]:
        names = [service.name for service in own if wanted(service)]
        return [Gap(what, {"names": "; ".join(names)})] if names else []

    unchecked = sum(service.checked_on is None for service in own)
    return [
        *named("legal_hidden", lambda s: "legal" in s.topics and not may_answer(s, "legal")),
        *named("unreachable", lambda s: not (s.phones or s.email or s.url or s.addresses)),
        *([Gap("unchecked", {"count": unchecked, "all": len(own)})] if unchecked else []),
    ]
