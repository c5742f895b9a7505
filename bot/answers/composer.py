"""Composing an answer, in named steps: urgent, notices, guidance, services, choices.

Plain functions: what was understood and remembered goes in with the directory and the moment, replies and the slots to
remember come out. Rasa's actions call these; so does the front door when Rasa is away, with less to go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.answers.cards import make_card
from bot.answers.catalogue import Catalogues
from bot.answers.replies import Answer, Choice, Reply, Understood
from bot.answers.urgent import OfficeHours, urgent_reply
from bot.codes import NEEDS, PLACE_MATTERS, TOPIC_OF_URGENT, reply_language
from bot.directory.hours import BRITISH_TIME, Opening, opening_at
from bot.directory.records import Directory, PlaceRecord, ServiceRecord
from bot.directory.search import Found, find_guidance, find_services

AT_A_TIME = 3
"""Services shown at a time."""
SENTENCES = 2
"""Guidance sentences in an answer; statements bound together count as one."""
LEFT_OUT_AT_MOST = 5
ANYWHERE = "anywhere"
SECOND_TOPIC = 0.3
"""A second need of the same message is answered too when it is at least this likely."""


@dataclass(frozen=True)
class Turn:
    """What one message meant, and what the dialogue remembers (Rasa's slots)."""

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    language: str
    urgent: str | None = None
    place: str | None = None
    outside: str | None = None
    names_language: str | None = None
    slots: Mapping[str, Any] | None = None

    def slot(self, name: str) -> Any:
        return (self.slots or {}).get(name)


class Composer:
    """Composes answers for one installation."""

    def __init__(self, directory: Directory, catalogues: Catalogues, office: OfficeHours) -> None:
        self.directory = directory
        self.catalogues = catalogues
        self.office = office

    def answer(self, turn: Turn, moment: datetime) -> Answer:
        """Answer a turn whose intent Rasa has found."""
        language = reply_language(turn.language) or "en"
        topic = TOPIC_OF_URGENT.get(turn.urgent or "")
        if topic == "emergency" and turn.intent in NEEDS and turn.confidence >= 0.5:
            topic = turn.intent
        if turn.intent in NEEDS:
            topic = topic or turn.intent
        remembered = turn.slot("topic")
        if topic is None and turn.intent in ("inform", "more", "nlu_fallback") and remembered:
            if turn.intent == "more" or turn.place or turn.outside:
                topic = remembered
        if topic:
            return self._need(turn, topic, language, moment)
        if turn.intent == "inform" and (turn.place or turn.outside):
            return self._place_alone(turn, language)
        return self._talk(turn, language)

    def _where(self, turn: Turn) -> tuple[PlaceRecord | None, bool]:
        """Give the place in effect and whether the person said it does not matter."""
        value = turn.place or (None if turn.outside else turn.slot("place"))
        if value == ANYWHERE:
            return None, True
        return self.directory.places.get(value or ""), False

    def _need(self, turn: Turn, topic: str, language: str, moment: datetime) -> Answer:
        say = self.catalogues.say
        place, anywhere = self._where(turn)
        abroad = self.directory.place_named(turn.outside) if turn.outside else None
        again = turn.intent == "more"
        offset = int(turn.slot("shown") or 0) if again else 0
        replies: list[Reply] = []
        if turn.urgent:
            replies.append(urgent_reply(turn.urgent, language, self.directory, place, moment, self.office, self.catalogues))
        replies += self._outside(turn, language)
        tonight = turn.urgent == "homeless_tonight"
        also = tuple(
            name
            for name, confidence in turn.ranking[1:3]
            if name in NEEDS and name != topic and confidence >= SECOND_TOPIC and turn.intent in NEEDS and not turn.urgent
        )
        found = find_services(self.directory, topic, abroad or place, anywhere, tonight)
        if tonight:
            found = replace(found, services=self._open_first(found.services, moment))
        for name in (topic, *also):
            of_name = found if name == topic else find_services(self.directory, name, abroad or place, anywhere)
            if not again:
                replies += self._guidance(name, abroad or place, language, moment, tonight, bool(also))
            replies.append(self._services(name, of_name, offset if name == topic else 0, place, language, moment, abroad))
        shown = min(offset + AT_A_TIME, len(found.services))
        choices: list[Choice] = []
        asked = bool(turn.slot("asked_place"))
        ask = (topic in PLACE_MATTERS or tonight) and place is None and not anywhere and not abroad and not asked and not again
        if shown < len(found.services):
            choices.append(Choice(say(language, "choice.more"), "more"))
        if ask:
            choices += self._place_choices(language)
        if choices:
            text = say(language, "ask_place" if ask else "ask_more")
            replies.append(Reply(kind="choices", lang=language, text=text, choices=tuple(choices)))
        understood = Understood(
            topic=topic,
            also=also,
            urgent=turn.urgent,
            place=place.name if place else None,
            confidence=round(turn.confidence, 2),
        )
        slots = {
            "topic": topic,
            "place": ANYWHERE if anywhere else place.key if place else None,
            "shown": float(shown),
            "asked_place": asked or ask,
            "misunderstood": 0.0,
        }
        return Answer(understood, tuple(replies), slots)

    def _outside(self, turn: Turn, language: str) -> list[Reply]:
        if not turn.outside:
            return []
        outside = self.directory.place_named(turn.outside)
        area = self.directory.area.local_name(language)
        name = outside.local_name(language) if outside else turn.outside
        return [Reply(kind="notice", lang=language, text=self.catalogues.say(language, "notice.outside", place=name, area=area))]

    def _guidance(self, topic: str, place: PlaceRecord | None, language: str, moment: datetime, tonight: bool, brief: bool) -> list[Reply]:
        found = find_guidance(self.directory, topic, place, moment.astimezone(BRITISH_TIME).date(), tonight)
        if not found:
            return []
        blocks: list[list[Any]] = []
        for statement in found:
            if statement.together and blocks and blocks[-1][0].together == statement.together:
                blocks[-1].append(statement)
            else:
                blocks.append([statement])
        replies = []
        for block in blocks[: 1 if brief else SENTENCES]:
            said = [self.catalogues.guidance(language, g.key, g.statement) for g in block]
            lang = said[0].lang if len({s.lang for s in said}) == 1 else "en"
            texts = [s.text for s in said] if len({s.lang for s in said}) == 1 else [g.statement for g in block]
            sources = list(dict.fromkeys(g.source for g in block))
            dates = list(dict.fromkeys(g.source_seen for g in block if g.source_seen))
            checked = [g.checked_on for g in block]
            replies.append(
                Reply(
                    kind="guidance",
                    lang=lang,
                    text=" ".join(texts),
                    source="; ".join(sources),
                    source_date="; ".join(dates),
                    checked_on=min(checked).isoformat() if all(checked) else None,
                )
            )
        return replies

    def _services(
        self,
        topic: str,
        found: Found,
        offset: int,
        place: PlaceRecord | None,
        language: str,
        moment: datetime,
        abroad: PlaceRecord | None,
    ) -> Reply:
        say = self.catalogues.say
        label = say(language, f"topic.{topic}")
        where = abroad or place
        batch = found.services[offset : offset + AT_A_TIME]
        cards = tuple(make_card(s, language, self.catalogues, moment, self.office.at(moment)) for s in batch)
        if topic == "trust" and cards:
            text = say(language, "services.trust")
        elif not cards:
            text = say(language, "services.no_more" if offset else "services.none", topic=label)
        elif where and where.name != self.directory.area.name:
            text = say(language, "services.in_place", topic=label, place=where.local_name(language))
        else:
            text = say(language, "services.anywhere", topic=label)
        if topic == "legal" and cards and not offset:
            text += " " + say(language, "services.legal")
        if any(card.checked_on is None for card in cards):
            text += " " + say(language, "services.unchecked")
        left_out = tuple({"name": service.name, "reason": say(language, reason)} for service, reason in found.left_out[:LEFT_OUT_AT_MOST])
        return Reply(kind="services", lang=language, text=text, services=cards, left_out=left_out if not offset else ())

    def _open_first(self, services: tuple[ServiceRecord, ...], moment: datetime) -> tuple[ServiceRecord, ...]:
        """Put what can help at this hour first and what is closed last; the order is otherwise kept."""
        office = self.office.at(moment)

        def closed(service: ServiceRecord) -> int:
            opening = opening_at(service.schedules, moment)
            if any(phone.out_of_hours for phone in service.phones):
                return 0
            if opening is Opening.UNKNOWN and service.kind == "council" and not office and service.leads.get("housing"):
                opening = Opening.CLOSED
            return {Opening.OPEN: 0, Opening.UNKNOWN: 1, Opening.CLOSED: 2}[opening]

        return tuple(sorted(services, key=closed))

    def _place_choices(self, language: str) -> list[Choice]:
        districts = [Choice(d.local_name(language), f"place:{d.key}") for d in self.directory.districts() if d is not self.directory.area]
        return [*districts, Choice(self.catalogues.say(language, "choice.anywhere"), f"place:{ANYWHERE}")]

    def topic_choices(self, language: str, topics: tuple[str, ...]) -> tuple[Choice, ...]:
        """Give a button for each of ``topics``."""
        return tuple(Choice(self.catalogues.say(language, f"topic.{t}"), f"topic:{t}") for t in topics)

    def _place_alone(self, turn: Turn, language: str) -> Answer:
        """A place without a need: remember it and ask what is needed there."""
        place, anywhere = self._where(turn)
        core = self.topic_choices(language, NEEDS[:10])
        text = self.catalogues.say(language, "ask_topic")
        replies = (*self._outside(turn, language), Reply(kind="choices", lang=language, text=text, choices=core))
        slots = {"place": ANYWHERE if anywhere else place.key if place else None, "misunderstood": 0.0}
        understood = Understood(place=place.name if place else None, confidence=round(turn.confidence, 2))
        return Answer(understood, replies, slots)

    def _talk(self, turn: Turn, language: str) -> Answer:
        """Answer talk that is not a need, and what was not understood."""
        say = self.catalogues.say
        place, _ = self._where(turn)
        understood = Understood(
            topic=turn.intent if turn.intent in ("human", "language", "smalltalk", "out_of_scope") else None,
            place=place.name if place else None,
            confidence=round(turn.confidence, 2),
        )
        core = self.topic_choices(language, NEEDS[:10])
        if turn.intent == "human":
            return Answer(understood, (self.person(language),), {"misunderstood": 0.0})
        if turn.intent == "language":
            return self._language(turn, understood, language)
        if turn.intent == "start_again":
            cleared = {"topic": None, "place": None, "shown": 0.0, "asked_place": False, "misunderstood": 0.0}
            text = Reply(kind="choices", lang=language, text=say(language, "start_again"), choices=core)
            return Answer(replace(understood, place=None), (text,), cleared)
        if turn.intent in ("smalltalk", "out_of_scope"):
            text = Reply(kind="choices", lang=language, text=say(language, f"talk.{turn.intent}"), choices=core)
            return Answer(understood, (text,), {"misunderstood": 0.0})
        if turn.intent == "more":
            text = Reply(kind="choices", lang=language, text=say(language, "ask_topic"), choices=core)
            return Answer(understood, (text,), {"misunderstood": 0.0})
        times = int(turn.slot("misunderstood") or 0) + 1
        likely = tuple(name for name, _ in turn.ranking if name in NEEDS)[:2]
        choices = (*self.topic_choices(language, likely), Choice(say(language, "choice.person"), "human"))
        replies = [Reply(kind="choices", lang=language, text=say(language, "not_understood"), choices=choices)]
        if times >= 2:
            replies = [self.person(language, "not_understood_twice"), replace(replies[0], text=say(language, "ask_topic"))]
        return Answer(replace(understood, topic=None), tuple(replies), {"misunderstood": float(times)})

    def _language(self, turn: Turn, understood: Understood, language: str) -> Answer:
        wanted = reply_language(turn.names_language)
        if wanted:
            text = self.catalogues.said(wanted, "language.switched")
            slots = {"language": wanted, "misunderstood": 0.0}
            return Answer(understood, (Reply(kind="text", lang=text.lang, text=text.text),), slots)
        sentence = self.catalogues.said(language, "language.not_yet")
        replies = [Reply(kind="text", lang=sentence.lang, text=sentence.text)]
        guidance = find_guidance(self.directory, "language", None)[:1]
        for g in guidance:
            said = self.catalogues.guidance(language, g.key, g.statement)
            replies.append(Reply(kind="guidance", lang=said.lang, text=said.text, source=g.source, source_date=g.source_seen))
        return Answer(understood, (*replies, self.person(language)), {"misunderstood": 0.0})

    def person(self, language: str, key: str = "human.how") -> Reply:
        """Say how to reach a person: telephone and e-mail of the service that leads the topic ``human`` (leads.csv)."""
        library = next((s for s in self.directory.services if "human" in s.leads), None)
        phone = library.phones[0].number if library and library.phones else ""
        said = self.catalogues.said(language, key if phone else f"{key}_no_phone", phone=phone, email=library.email if library else "")
        return Reply(kind="text", lang=said.lang, text=said.text)

    def urgent_only(self, kind: str | None, place: PlaceRecord | None, language: str, moment: datetime) -> Reply:
        """Give the urgent reply, or the emergency numbers where nothing urgent was found; for when Rasa is away."""
        written = reply_language(language) or "en"
        return urgent_reply(kind or "emergency", written, self.directory, place, moment, self.office, self.catalogues)
