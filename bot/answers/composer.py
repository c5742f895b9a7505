"""Composing an answer, in named steps: urgent, notices (open emergency beds the first), guidance, services, choices.

Plain functions: a decision goes in with the directory and the moment, replies come out. The front door calls these, also while Rasa
is away, with less to go on.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from bot.answers.cards import make_card
from bot.answers.catalogue import Catalogues, Said
from bot.answers.cold_weather import cold_weather_notices
from bot.answers.dialogue import ANYWHERE, AT_A_TIME, Decision
from bot.answers.replies import Answer, Choice, Reply, Understood, with_english
from bot.answers.urgent import OfficeHours, urgent_reply
from bot.codes import NEEDS, TALK, reply_language
from bot.directory.cold_weather import ColdSpell
from bot.directory.freshness import review_of
from bot.directory.hours import BRITISH_TIME, Opening, day_names, opening_at, opens_on
from bot.directory.meaning import Closest, MeaningIndex
from bot.directory.records import Directory, GuidanceRecord, PlaceRecord, ServiceRecord
from bot.directory.search import Found, LeftOut, find_guidance, find_services, nearness
from bot.directory.sheets import DAYS
from bot.understanding.embedding import Vector

SENTENCES = 2
"""Guidance sentences in an answer; statements bound together count as one."""
LEFT_OUT_AT_MOST = 5
CORE = NEEDS[:10]
"""Topics offered as buttons where nothing is known yet."""


@dataclass(frozen=True)
class Heard:
    """What the front door knows of a message beyond the decision on it.

    ``names_language`` is the language asked for, ``names_service`` the key of a service named, ``day`` the RFC 5545 day asked about,
    ``shown`` the ids of the services of earlier answers, newest answer first, ``vector`` the message's vector.
    """

    names_language: str | None = None
    names_service: str | None = None
    day: str | None = None
    shown: tuple[tuple[str, ...], ...] = ()
    vector: Vector | None = None


class Composer:
    """Composes answers for one installation."""

    def __init__(
        self,
        directory: Directory,
        catalogues: Catalogues,
        office: OfficeHours,
        meaning: MeaningIndex | None = None,
        cold_spells: tuple[ColdSpell, ...] = (),
    ) -> None:
        self.directory = directory
        self.catalogues = catalogues
        self.office = office
        self.meaning = meaning
        self.cold_spells = cold_spells

    def render(self, decision: Decision, written: str, moment: datetime, heard: Heard) -> Answer:
        """Find services and words for a decision, in the language of ours that readers of ``written`` can read, with the English."""
        language = reply_language(written) or "en"
        answer = self._render(decision, language, moment, heard)
        return answer if language == "en" else with_english(answer, self._render(decision, "en", moment, heard))

    def _render(self, decision: Decision, language: str, moment: datetime, heard: Heard) -> Answer:
        place = self.directory.places.get(decision.place or "")
        understood = Understood(
            topic=decision.topic or (decision.kind if decision.kind in TALK else None),
            also=decision.also,
            urgent=decision.urgent,
            place=place.name if place else None,
            circumstances=decision.circumstances,
            confidence=decision.confidence,
        )
        named = self.directory.service(heard.names_service) if heard.names_service else None
        if named and self._is_asked_for(named, decision):
            replies = self._named(named, language, moment)
            understood = replace(understood, topic=self._topic_of(named, decision.topic), also=())
        elif decision.kind == "need" and decision.focus:
            replies = self._about_shown(decision, place, language, moment, heard)
        elif decision.kind == "need":
            replies = self._need(decision, str(decision.topic), place, language, moment)
        elif decision.kind == "which":
            choices = (*self.topic_choices(language, decision.likely), Choice(self.catalogues.say(language, "choice.person"), "human"))
            replies = [Reply(kind="choices", lang=language, text=self.catalogues.say(language, "ask_which"), choices=choices)]
        elif decision.kind == "human":
            # Who can be talked to, and when, is the desk's to say: bot.answers.handover.
            replies = []
        elif decision.kind == "language":
            replies = self._language(heard.names_language, language, moment)
        elif decision.kind == "not_understood":
            replies = self._not_understood(decision, place, language, moment, heard.vector)
        else:
            key = {"start_again": "start_again", "smalltalk": "talk.smalltalk", "out_of_scope": "talk.out_of_scope", "told": "ask_told"}
            text = self.catalogues.say(language, key.get(decision.kind, "ask_topic"))
            choices = self.topic_choices(language, CORE)
            replies = [*self._outside(decision, language), Reply(kind="choices", lang=language, text=text, choices=choices)]
        if not decision.outside:
            at = 1 if replies and replies[0].kind == "urgent" else 0
            replies[at:at] = self.cold_weather(understood, language, moment)
        replies += self._circumstances(decision.circumstances, language)
        return Answer(understood, tuple(replies))

    def _is_asked_for(self, named: ServiceRecord, decision: Decision) -> bool:
        """Tell whether a service's name is what the message is about, not only in it."""
        fits = decision.topic is None or decision.focus or decision.topic in named.topics or decision.topic in named.leads
        return bool(fits) and not decision.urgent and decision.kind not in TALK

    def _topic_of(self, service: ServiceRecord, thought: str | None) -> str | None:
        """Give the topic of a service that was asked for by name: the one thought of, where it fits, or its first."""
        topics = [topic for topic in NEEDS if topic in service.topics or topic in service.leads]
        return thought if thought in topics or not topics else topics[0]

    def _named(self, service: ServiceRecord, language: str, moment: datetime) -> list[Reply]:
        """Show the one service that was asked for by its name."""
        card = make_card(service, language, self.catalogues, self.directory, moment, self.office.at(moment))
        text = self.catalogues.say(language, "services.named")
        if card.checked_on is None:
            text += " " + self.catalogues.say(language, "services.unchecked")
        return [Reply(kind="services", lang=language, text=text, services=(card,))]

    def _circumstances(self, codes: tuple[str, ...], language: str) -> list[Reply]:
        """Say what is kept in mind of the person's situation, each to be taken back by a button."""
        if not codes:
            return []
        say = self.catalogues.say
        choices = tuple(
            Choice(say(language, "choice.forget", circumstance=say(language, f"circumstance.{code}")), f"forget:{code}") for code in codes
        )
        return [Reply(kind="choices", lang=language, text=say(language, "circumstances.kept"), choices=choices)]

    def _about_shown(self, decision: Decision, place: PlaceRecord | None, language: str, moment: datetime, heard: Heard) -> list[Reply]:
        """Answer a question about the services of the answer before: their hours, how to reach them, or nearer ones."""
        topic = str(decision.topic)
        abroad = self.directory.place_named(decision.outside) if decision.outside else None
        found = find_services(
            self.directory,
            topic,
            abroad or place,
            moment.astimezone(BRITISH_TIME).date(),
            decision.place == ANYWHERE,
            circumstances=decision.circumstances,
        ).services
        before = {service.id for service in found} & set(heard.shown[0] if heard.shown else ())
        last = tuple(service for service in found if service.id in before) or found[:AT_A_TIME]
        say = self.catalogues.say
        key, words = f"services.{decision.focus}", {"topic": say(language, f"topic.{topic}")}
        if decision.focus == "closer":
            seen = {one for turn in heard.shown for one in turn}
            fresh = [service for service in found if service.id not in seen]
            # Nearest first: an officer's lead may well be far away.
            fresh.sort(key=lambda s: nearness(s, abroad or place, self.directory) or 0)
            last = tuple(fresh[:AT_A_TIME]) if place or abroad else ()
            key = "services.closer" if last else "services.none_closer"
        elif decision.focus == "hours" and heard.day:
            moment_of_day = moment.astimezone(BRITISH_TIME)
            open_then = [s for s in found if opens_on(s.schedules, heard.day, moment_of_day.date()) is Opening.OPEN]
            last = tuple(sorted(open_then, key=lambda s: s.id not in before))[:AT_A_TIME] or last
            key = "services.open_on" if open_then else "services.none_open_on"
            words["day"] = day_names(language, "wide")[DAYS.index(heard.day)]
        cards = tuple(make_card(s, language, self.catalogues, self.directory, moment, self.office.at(moment)) for s in last)
        replies = [*self._outside(decision, language)]
        if cards or not decision.ask:
            text = say(language, key, **words)
            unreachable = [card.name for card in cards if not (card.phone or card.email or card.url)]
            if decision.focus == "contact" and unreachable:
                missing = say(language, "services.no_contact", names="; ".join(unreachable))
                text = missing if len(unreachable) == len(cards) else f"{text} {missing}"
            if any(card.checked_on is None for card in cards):
                text += " " + say(language, "services.unchecked")
            replies.append(Reply(kind="services", lang=language, text=text, services=cards))
        if decision.ask:
            choices = tuple(self._place_choices(language))
            replies.append(Reply(kind="choices", lang=language, text=say(language, "ask_place"), choices=choices))
        return replies

    def _need(self, decision: Decision, topic: str, place: PlaceRecord | None, language: str, moment: datetime) -> list[Reply]:
        say = self.catalogues.say
        anywhere = decision.place == ANYWHERE
        abroad = self.directory.place_named(decision.outside) if decision.outside else None
        tonight = decision.urgent == "homeless_tonight"
        today = moment.astimezone(BRITISH_TIME).date()
        replies: list[Reply] = []
        if decision.urgent and not decision.again:
            replies.append(urgent_reply(decision.urgent, language, self.directory, place, moment, self.office, self.catalogues))
        replies += self._outside(decision, language)
        left = False
        for name in (topic, *decision.also):
            found = find_services(self.directory, name, abroad or place, today, anywhere, tonight, decision.circumstances)
            if tonight:
                found = replace(found, services=self._open_first(found.services, moment))
            if not decision.again:
                replies += self._guidance(name, abroad or place, language, moment, tonight, bool(decision.also))
            offset = decision.offset if name == topic else 0
            replies.append(self._services(name, found, offset, place, language, moment, abroad))
            left = left or (name == topic and len(found.services) > offset + AT_A_TIME)
        choices = [Choice(say(language, "choice.more"), "more")] if left else []
        if decision.ask:
            choices += self._place_choices(language)
        if choices:
            text = say(language, "ask_place" if decision.ask else "ask_more")
            replies.append(Reply(kind="choices", lang=language, text=text, choices=tuple(choices)))
        return replies

    def _outside(self, decision: Decision, language: str) -> list[Reply]:
        if not decision.outside:
            return []
        outside = self.directory.place_named(decision.outside)
        area = self.directory.area.said_in(language)
        name = outside.said_in(language) if outside else decision.outside
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
            # Of statements that are told together, the oldest check counts.
            oldest = min(block, key=lambda g: g.checked_on or date.min)
            replies.append(
                Reply(
                    kind="guidance",
                    lang=lang,
                    text=" ".join(texts),
                    source="; ".join(sources),
                    source_date="; ".join(dates),
                    **_checked(oldest, moment),
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
        cards = tuple(make_card(s, language, self.catalogues, self.directory, moment, self.office.at(moment)) for s in batch)
        if topic == "trust" and cards:
            text = say(language, "services.trust")
        elif not cards:
            text = say(language, "services.no_more" if offset else "services.none", topic=label)
        elif where and where.name != self.directory.area.name:
            text = say(language, "services.in_place", topic=label, place=where.said_in(language))
        else:
            text = say(language, "services.anywhere", topic=label)
        if topic == "legal" and cards and not offset:
            text += " " + say(language, "services.legal")
        if any(card.checked_on is None for card in cards):
            text += " " + say(language, "services.unchecked")
        left_out = tuple({"name": left.service.name, "reason": self._reason(left, language)} for left in found.left_out[:LEFT_OUT_AT_MOST])
        return Reply(kind="services", lang=language, text=text, services=cards, left_out=left_out if not offset else ())

    def _reason(self, left: LeftOut, language: str) -> str:
        """Say why a service was left out."""
        say = self.catalogues.say
        who = ", ".join(say(language, f"circumstance.{code}") for code in left.only_for)
        return say(language, left.reason, who=who, age=left.age or "")

    def _open_first(self, services: tuple[ServiceRecord, ...], moment: datetime) -> tuple[ServiceRecord, ...]:
        """Put what can help at this hour first and what is closed last; the order is otherwise kept."""
        office = self.office.at(moment)

        def closed(service: ServiceRecord) -> int:
            opening = opening_at(service.schedules, moment)
            if any(phone.out_of_hours for phone in service.phones):
                return 0
            if opening is Opening.UNKNOWN and service.kind == "council" and service.leads.get("housing"):
                opening = Opening.CLOSED if not office else Opening.OPEN if service.phones else Opening.UNKNOWN
            return {Opening.OPEN: 0, Opening.UNKNOWN: 1, Opening.CLOSED: 2}[opening]

        return tuple(sorted(services, key=closed))

    def _place_choices(self, language: str) -> list[Choice]:
        districts = [Choice(d.said_in(language), f"place:{d.key}") for d in self.directory.districts() if d is not self.directory.area]
        return [*districts, Choice(self.catalogues.say(language, "choice.anywhere"), f"place:{ANYWHERE}")]

    def topic_choices(self, language: str, topics: tuple[str, ...]) -> tuple[Choice, ...]:
        """Give a button for each of ``topics``."""
        return tuple(Choice(self.catalogues.say(language, f"topic.{t}"), f"topic:{t}") for t in topics)

    def _not_understood(
        self, decision: Decision, place: PlaceRecord | None, language: str, moment: datetime, vector: Vector | None
    ) -> list[Reply]:
        """Show what comes closest in meaning; offer the nearest topics once, a person the second time."""
        say = self.catalogues.say
        choices = (*self.topic_choices(language, decision.likely), Choice(say(language, "choice.person"), "human"))
        today = moment.astimezone(BRITISH_TIME).date()
        closest = self.meaning.closest(vector, self.directory, place, today) if self.meaning and vector is not None else Closest()
        replies = self._closest(closest, language, moment)
        if decision.misunderstood < 2:
            key = "not_understood_closest" if replies else "not_understood"
            return [*replies, Reply(kind="choices", lang=language, text=say(language, key), choices=choices)]
        return [
            self.person(language, "not_understood_twice"),
            *replies,
            Reply(kind="choices", lang=language, text=say(language, "ask_topic"), choices=choices),
        ]

    def _closest(self, closest: Closest, language: str, moment: datetime) -> list[Reply]:
        """Show records found by meaning, said to be no more than that."""
        replies = []
        for g in closest.guidance:
            said = self.catalogues.guidance(language, g.key, g.statement)
            replies.append(self._told(said, g, moment))
        cards = tuple(make_card(s, language, self.catalogues, self.directory, moment, self.office.at(moment)) for s in closest.services)
        if cards:
            text = self.catalogues.say(language, "services.closest") + " " + self.catalogues.say(language, "services.unchecked")
            replies.append(Reply(kind="services", lang=language, text=text, services=cards))
        return replies

    def _language(self, wanted: str | None, language: str, moment: datetime) -> list[Reply]:
        """Say that the language is changed, or that it cannot be written yet and how to ask for an interpreter."""
        ours = reply_language(wanted)
        if ours:
            text = self.catalogues.said(ours, "language.switched")
            return [Reply(kind="text", lang=text.lang, text=text.text)]
        sentence = self.catalogues.said(language, "language.not_yet")
        replies = [Reply(kind="text", lang=sentence.lang, text=sentence.text)]
        for g in find_guidance(self.directory, "language", None, moment.astimezone(BRITISH_TIME).date())[:1]:
            said = self.catalogues.guidance(language, g.key, g.statement)
            replies.append(self._told(said, g, moment))
        return [*replies, self.person(language)]

    def _told(self, said: Said, statement: GuidanceRecord, moment: datetime) -> Reply:
        """Give a statement with its source and how old it is."""
        reply = Reply("guidance", said.lang, said.text, source=statement.source, source_date=statement.source_seen)
        return replace(reply, **_checked(statement, moment))

    def library(self) -> ServiceRecord | None:
        """Give the service that people are sent to when they want a person: the one that leads the topic ``human`` (leads.csv)."""
        return next((s for s in self.directory.services if "human" in s.leads), None)

    def person(self, language: str, key: str = "human.how") -> Reply:
        """Say how to reach a person: telephone and e-mail of the library."""
        library = self.library()
        phone = library.phones[0].number if library and library.phones else ""
        said = self.catalogues.said(language, key if phone else f"{key}_no_phone", phone=phone, email=library.email if library else "")
        return Reply(kind="text", lang=said.lang, text=said.text)

    def cold_weather(self, understood: Understood, written: str, moment: datetime) -> list[Reply]:
        """Say where emergency beds are open, to somebody who asks about housing or has nowhere to sleep; nothing where none are."""
        if understood.urgent != "homeless_tonight" and "housing" not in (understood.topic, *understood.also):
            return []
        language = reply_language(written) or "en"
        place = self.directory.place_named(understood.place or "")
        return cold_weather_notices(self.cold_spells, place, language, moment, self.directory, self.office, self.catalogues)

    def urgent_only(self, kind: str | None, place: PlaceRecord | None, language: str, moment: datetime) -> Reply:
        """Give the urgent reply, or the emergency numbers where nothing urgent was found; for when Rasa is away."""
        written = reply_language(language) or "en"
        return urgent_reply(kind or "emergency", written, self.directory, place, moment, self.office, self.catalogues)


def _checked(statement: GuidanceRecord, moment: datetime) -> dict[str, Any]:
    """Give when a statement was assured, and how long ago that is."""
    review = review_of(statement, moment.astimezone(BRITISH_TIME).date())
    return {"checked_on": statement.checked_on.isoformat() if statement.checked_on else None, "freshness": review.freshness.value}
