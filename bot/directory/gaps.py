"""Where the directory has nothing: topic by district, and by language, worked out from the records alone."""

from collections import Counter
from dataclasses import dataclass

from bot.codes import NEEDS
from bot.directory.reader import HOMELESS_TONIGHT
from bot.directory.records import Directory, PlaceRecord, ServiceRecord
from bot.directory.search import may_answer, nearness

NO_LANGUAGE = ("", "en")
"""Filters that ask for no language: every service speaks English."""
NONE, BY_INTERPRETER, FROM_AFAR, SOME = "none", "by_interpreter", "from_afar", "some"


@dataclass(frozen=True)
class Cell:
    """What there is for a topic in a district: ``services`` in all, of which ``near`` are for the district or the area.

    With a language, ``services`` are those that speak it or offer interpreters, ``speak`` those that say they speak it.
    """

    topic: str
    district: PlaceRecord
    language: str
    services: int
    near: int
    speak: int

    @property
    def state(self) -> str:
        """NONE, BY_INTERPRETER (nobody speaks the language), FROM_AFAR (only what serves more than the area), or SOME."""
        if not self.services:
            return NONE
        if self.language not in NO_LANGUAGE and not self.speak:
            return BY_INTERPRETER
        return SOME if self.near else FROM_AFAR


def gap_map(directory: Directory, language: str = "") -> tuple[tuple[Cell, ...], ...]:
    """Give a row for each topic with a cell for each district, in the order of NEEDS and of the districts' names.

    ``language`` is BCP 47. Only what is active counts, and for legal advice only what may be shown for it.
    """
    districts = directory.districts()
    services: Counter[tuple[str, str]] = Counter()
    near: Counter[tuple[str, str]] = Counter()
    speak: Counter[tuple[str, str]] = Counter()

    reached: dict[tuple[str, ...], list[tuple[int, bool]]] = {}
    for service in directory.services:
        speaks = language in service.languages
        if service.status != "active" or not (language in NO_LANGUAGE or speaks or service.interpretation_services):
            continue
        topics = _topics(service)
        # Thousands of services serve the same few areas.
        if service.serves not in reached:
            reached[service.serves] = _reach(service, districts, directory)
        for at, is_near in reached[service.serves]:
            for topic in topics:
                key = (topic, districts[at].key)
                services[key] += 1
                near[key] += is_near
                speak[key] += speaks
    return tuple(
        tuple(
            Cell(topic, district, language, services[topic, district.key], near[topic, district.key], speak[topic, district.key])
            for district in districts
        )
        for topic in NEEDS
    )


def _reach(service: ServiceRecord, districts: list[PlaceRecord], directory: Directory) -> list[tuple[int, bool]]:
    """Give which districts a service serves, by their places in the list, each with whether it is for that district or the area."""
    found = []
    for at, district in enumerate(districts):
        level = nearness(service, district, directory)
        if level is not None:
            # Beyond the last level are the towns inside.
            found.append((at, level <= district.within.index(directory.area.name) or level == len(district.within)))
    return found


def _topics(service: ServiceRecord) -> set[str]:
    """Give the topics that a service is shown for, as ``find_services`` finds it."""
    topics = {*service.topics, *service.leads} | ({"housing"} if HOMELESS_TONIGHT in service.topics else set())
    return {topic for topic in topics if topic in NEEDS and may_answer(service, topic)}
