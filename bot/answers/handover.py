"""The words of a handover, in the visitor's language: what is offered, what is promised, and what the desk said."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.answers.cards import make_card_with_english
from bot.answers.composer import Composer
from bot.answers.moments import Moment, day_and_time
from bot.answers.replies import Choice, Reply
from bot.answers.switched_off import switched_off
from bot.answers.urgent import EMERGENCY_NUMBER
from bot.codes import reply_language
from bot.directory.hours import BRITISH_TIME, Opening, opening_at
from bot.directory.records import PlaceRecord
from bot.directory.search import find_services
from bot.handover.reference import spoken
from bot.handover.views import DeskStatus, Said, View
from bot.switches.off_switches import ASSISTANT, HANDOVER, Off

WAIT, MESSAGE, BOT, KEEP, TAKE_BACK = "desk:wait", "desk:message", "desk:bot", "desk:keep", "desk:take_back"
CHOICES = {
    WAIT: "choice.desk_wait",
    MESSAGE: "choice.desk_message",
    BOT: "choice.desk_bot",
    KEEP: "choice.desk_keep",
    TAKE_BACK: "choice.desk_take_back",
}
"""What a visitor can choose of the desk, and the words on the button."""
ANSWER = "answer:"
"""How a choice begins that answers a phrase: the rest is one of the answers of the catalogue ``phrases``."""
PROMISED = {"desk.returned": (ASSISTANT,), "desk.finished": (ASSISTANT, HANDOVER), "desk.answered": (HANDOVER,)}
"""What the words at the end of a chat promise for afterwards: they are not said while that is switched off."""
OPEN_NOW_AT_MOST = 3


@dataclass(frozen=True)
class HandoverWords:
    """Says everything around a handover. ``days`` is the retention period, for which a code works; ``off`` is what is switched off."""

    composer: Composer
    days: int
    off: tuple[Off, ...] = ()

    def is_off(self, what: str) -> bool:
        """Tell whether officers have switched ``what`` off."""
        return any(off.what == what for off in self.off)

    def switched_off(self, language: str, what: str) -> list[Reply]:
        """Say that ``what`` is switched off, where it is."""
        return [reply for off in self.off if off.what == what for reply in switched_off(off, language, self.composer.catalogues)]

    def _reply(self, kind: str, language: str, *lines: tuple[str, dict[str, object]], choices: tuple[Choice, ...] = ()) -> Reply:
        """Give one reply of several sentences of the catalogues; in English where the language lacks one of them."""
        catalogues = self.composer.catalogues
        lang = reply_language(language) or "en"
        said = [catalogues.said(lang, key, **values) for key, values in lines]
        if any(one.lang != lang for one in said):
            lang, said = "en", [catalogues.said("en", key, **values) for key, values in lines]
        english = "" if lang == "en" else " ".join(catalogues.say("en", key, **values) for key, values in self._english(lines))
        return Reply(kind=kind, lang=lang, text=" ".join(one.text for one in said), text_en=english, choices=choices)

    def _english(self, lines: tuple[tuple[str, dict[str, object]], ...]) -> list[tuple[str, dict[str, object]]]:
        return [(key, {name: value.english if isinstance(value, Moment) else value for name, value in put.items()}) for key, put in lines]

    def _choice(self, language: str, value: str) -> Choice:
        key = CHOICES[value]
        lang = reply_language(language) or "en"
        english = "" if lang == "en" else self.composer.catalogues.say("en", key)
        return Choice(self.composer.catalogues.say(lang, key), value, english)

    def offer(self, language: str, status: DeskStatus, topic: str | None, place: PlaceRecord | None, moment: datetime) -> list[Reply]:
        """Offer a person: now, where one is there; otherwise say when, what is open now, and that a message can be left.

        The fixed sentences on who will read the chat come before anything can be chosen. While the handover is off, other ways are told.
        """
        if self.is_off(HANDOVER):
            other_ways = self._reply("text", language, self._other_ways())
            return [*self.switched_off(language, HANDOVER), *self._open_now(language, topic, place, moment), other_ways]
        if not status.staffed:
            return [self.composer.person(language)]
        lines: list[tuple[str, dict[str, object]]] = []
        if status.live:
            lines.append(("desk.live", {"time": self._time(language, status.closes_at)}))
            if status.queue:
                lines.append(("desk.queue", {"count": status.queue}))
        elif status.open:
            lines.append(("desk.nobody", {"time": self._time(language, status.closes_at)}))
        elif status.opens_at:
            lines.append(("desk.closed_until", {"time": self._day(language, status.opens_at)}))
        else:
            lines.append(("desk.closed", {}))
        can_leave = self._is_read_in_time(status.opens_at, moment)
        if not status.live and can_leave:
            lines.append(("desk.message_how", {}))
        replies = [self._reply("text", language, *lines), self._reply("notice", language, ("desk.who_reads", {}))]
        if not status.live:
            replies += self._open_now(language, topic, place, moment)
        choices = [self._choice(language, WAIT)] if status.live else []
        if can_leave:
            choices.append(self._choice(language, MESSAGE))
        kind = "choices" if choices else "text"
        return [*replies, self._reply(kind, language, self._other_ways(), choices=tuple(choices))]

    def _is_read_in_time(self, opens_at: datetime | None, moment: datetime) -> bool:
        """Tell whether staff are there before what is left at ``moment`` is deleted; None is a desk that is open, or has no hours."""
        return opens_at is None or opens_at - moment < timedelta(days=self.days)

    def _other_ways(self) -> tuple[str, dict[str, object]]:
        library = self.composer.library()
        if library and library.phones:
            return "desk.other_ways", {"phone": library.phones[0].number, "email": library.email}
        return "desk.other_ways_no_phone", {}

    def _open_now(self, language: str, topic: str | None, place: PlaceRecord | None, moment: datetime) -> list[Reply]:
        """Show services of the need in effect (or of the library) that are known to be open now and can be called."""
        directory, catalogues = self.composer.directory, self.composer.catalogues
        lang = reply_language(language) or "en"
        found = find_services(directory, topic or "library", place, moment.astimezone(BRITISH_TIME).date()).services
        open_now = [s for s in found if s.phones and opening_at(s.schedules, moment) is Opening.OPEN][:OPEN_NOW_AT_MOST]
        if not open_now:
            return []
        office = self.composer.office.at(moment)
        cards = tuple(make_card_with_english(service, lang, catalogues, directory, moment, office) for service in open_now)
        lines: list[tuple[str, dict[str, object]]] = [("desk.open_now", {})]
        if any(card.checked_on is None for card in cards):
            lines.append(("services.unchecked", {}))
        return [replace(self._reply("services", language, *lines), services=cards)]

    def leave_to_a_person(self, language: str, kind: str) -> Reply:
        """Say why a person is the one to ask (``kind``: urgent, or as ``Reading.for_a_person``), with the button for it.

        While the handover is off there is no button: other ways to a person are told.
        """
        if self.is_off(HANDOVER):
            why: list[tuple[str, dict[str, object]]] = [] if kind == "urgent" else [(f"for_a_person.{kind}", {})]
            return self._reply("text", language, *why, self._other_ways())
        lang = reply_language(language) or "en"
        english = "" if lang == "en" else self.composer.catalogues.say("en", "choice.person")
        button = Choice(self.composer.catalogues.say(lang, "choice.person"), "human", english)
        return self._reply("choices", language, (f"for_a_person.{kind}", {}), choices=(button,))

    def waiting(self, language: str, view: View) -> list[Reply]:
        """Say that a chat waits, its place in the queue, and its code."""
        choices = tuple(self._choice(language, value) for value in (KEEP, BOT))
        waits = self._reply("choices", language, ("desk.waiting", {"place": view.place}), self._code(view), choices=choices)
        return [waits, *self.switched_off(language, ASSISTANT)]

    def _code(self, view: View) -> tuple[str, dict[str, object]]:
        return "desk.code", {"reference": spoken(view.reference or ""), "days": self.days}

    def write_message(self, language: str) -> list[Reply]:
        """Ask for the message, with who will read it."""
        return [self._reply("notice", language, ("desk.who_reads", {})), self._reply("text", language, ("desk.write_message", {}))]

    def message_kept(self, language: str, view: View, status: DeskStatus, moment: datetime, redacted: bool = False) -> list[Reply]:
        """Say that a message is kept for staff, when the desk is open, and the code that finds the answer.

        Where it is deleted before the desk opens, other ways to a person are told, too.
        """
        more: list[tuple[str, dict[str, object]]] = [("notice.redacted", {})] if redacted else []
        if status.open:
            line: tuple[str, dict[str, object]] = ("desk.message_kept_open", {"time": self._time(language, status.closes_at)})
        elif status.opens_at:
            line = ("desk.message_kept_until", {"time": self._day(language, status.opens_at)})
            if not self._is_read_in_time(status.opens_at, moment):
                more.append(self._other_ways())
        else:
            line = ("desk.message_kept", {})
        return [self._reply("notice", language, line, self._code(view), *more)]

    def arrived(self, language: str, view: View, redacted: bool) -> Reply:
        """Say that a message has arrived with the member of staff who has the chat."""
        lines: list[tuple[str, dict[str, object]]] = [("desk.arrived", {"name": view.holder})]
        return self._reply("notice", language, *lines, *([("notice.redacted", {})] if redacted else []))  # type: ignore[list-item]

    def back(self, language: str) -> list[Reply]:
        """Say that the assistant has the chat again, and where it is switched off, that too."""
        return [self._reply("text", language, ("desk.stopped", {})), *self.switched_off(language, ASSISTANT)]

    def blocked(self, language: str) -> list[Reply]:
        """Say that staff take no messages from this chat."""
        return [self._reply("notice", language, (self._blocked(), {})), *self.switched_off(language, ASSISTANT)]

    def _blocked(self) -> str:
        return "desk.no_more" if self.is_off(ASSISTANT) else "desk.blocked"

    def said(self, language: str, said: Said, moment: datetime) -> list[Reply]:
        """Give what the desk said as replies: a phrase in the visitor's language, a text as it was written, a service as a card."""
        catalogues = self.composer.catalogues
        lang = reply_language(language) or "en"
        name = said.sender or catalogues.say(lang, "desk.staff")
        if said.kind == "text":
            original = Reply(kind="text", lang=str(said.body.get("lang", "en")), text=said.body["text"])
            if not said.translation:
                return [original]
            # The original always stands beside what a machine made of it.
            translation = Reply(kind="text", lang=lang, text=said.translation, text_en=said.body["text"])
            return [translation, original, self._reply("notice", language, ("desk.translated", {}))]
        if said.kind == "phrase":
            return [self.phrase(language, said.body["key"], said.body.get("values", {}), tuple(said.body.get("answers", ())))]
        if said.kind == "service":
            service = next((s for s in self.composer.directory.services if s.id == said.body["id"]), None)
            if service is None:
                return []
            card = make_card_with_english(service, lang, catalogues, self.composer.directory, moment, self.composer.office.at(moment))
            return [replace(self._reply("services", language, ("desk.picked", {"name": name})), services=(card,))]
        closed = {"answered": "desk.answered", "abusive": self._blocked()}.get(str(said.body.get("outcome")), "desk.finished")
        key = {
            "joined": "desk.joined",
            "waiting": "desk.waiting_again",
            "returned": "desk.stopped" if said.body.get("by") == "visitor" else "desk.returned",
            "closed": closed,
            "kept": "desk.kept_closed" if said.body.get("reason") == "desk_closed" else "desk.kept_gone",
        }[said.kind]
        if any(self.is_off(what) for what in PROMISED.get(key, ())):
            key = "desk.left_chat"
        lines: list[tuple[str, dict[str, object]]] = [(key, {"name": name})]
        opens_at = datetime.fromisoformat(said.body["opens_at"]) if said.body.get("opens_at") else None
        if not self._is_read_in_time(opens_at, said.sent_at):
            # Nobody can promise that it is read.
            lines = [("desk.kept_gone", {}), ("desk.closed_until", {"time": self._day(language, opens_at)}), self._other_ways()]
        off = self.switched_off(language, ASSISTANT) if said.kind in ("returned", "closed") else []
        return [self._reply("notice", language, *lines), *off]

    def phrase(self, language: str, key: str, values: dict[str, str], answers: tuple[str, ...] = ()) -> Reply:
        """Say a checked phrase in a language, with its English and the buttons that answer it.

        ``values`` holds what is put in: ``time`` an ISO 8601 moment, ``place``, ``service``, ``phone``, ``reference`` as they stand.
        """
        catalogues = self.composer.catalogues
        lang = catalogues.said(reply_language(language) or "en", key, **self._slots("en", values)).lang
        text = catalogues.say(lang, key, **self._slots(lang, values))
        english = "" if lang == "en" else catalogues.say("en", key, **self._slots("en", values))
        choices = tuple(
            Choice(
                catalogues.say(lang, f"answer.{name}"),
                f"{ANSWER}{name}",
                "" if lang == "en" else catalogues.say("en", f"answer.{name}"),
            )
            for name in answers
        )
        return Reply(kind="choices" if choices else "text", lang=lang, text=text, text_en=english, choices=choices)

    def _slots(self, language: str, values: dict[str, str]) -> dict[str, object]:
        put: dict[str, object] = {**values, "emergency": EMERGENCY_NUMBER}
        if values.get("time"):
            put["time"] = day_and_time(datetime.fromisoformat(values["time"]), language)
        return put

    def _time(self, language: str, moment: datetime | None) -> Moment:
        return Moment(moment, reply_language(language) or "en", False)

    def _day(self, language: str, moment: datetime | None) -> Moment:
        return Moment(moment, reply_language(language) or "en", True)
