"""The way of a message, in named steps: accept, read, ask, answer, keep. Every failure still yields an answer."""

import asyncio
import functools
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import Any, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from babel import Locale, UnknownLocaleError

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer, Heard
from bot.answers.dialogue import ANYWHERE, Decision
from bot.answers.handover import ANSWER, BOT, CHOICES, KEEP, MESSAGE, TAKE_BACK, WAIT, HandoverWords
from bot.answers.replies import Reply, Understood
from bot.answers.urgent import OfficeHours
from bot.codes import CIRCUMSTANCES, NEEDS, locale_of, reply_language
from bot.conversation.feedback import FeedbackBook
from bot.conversation.store import CHOICE, Chat, ConversationStore
from bot.conversation.tally import HANDED_OVER, NOTHING_COUNTED, Count, Counts, counts_of, language_counted
from bot.directory.cold_weather import ColdWeatherSwitch
from bot.directory.lookup import LookUp
from bot.directory.meaning import MeaningIndex
from bot.errors import DeskOff, EngineAway, MessageRefused
from bot.handover.callback import read_contact
from bot.handover.desk import Desk
from bot.handover.states import MESSAGE_LEFT, NONE, OPEN, TOLD, WAITING, WITH_STAFF
from bot.handover.translation import Translator
from bot.handover.views import View
from bot.moments import utc_now
from bot.opening import LiveDirectory, learn_again, open_look_up, open_meaning, places_learnt_at
from bot.settings import Settings
from bot.sharing.turns import Turns
from bot.switches.off_switches import ASSISTANT, HANDOVER, OffSwitches
from bot.understanding.cleaning import LONGEST, clean, has_words
from bot.understanding.reading import Reader, Reading
from bot.web.engine import Engine

log = logging.getLogger(__name__)
STANDING_CHOICES = frozenset({"human", "more", "start_again", "erase", BOT, KEEP, TAKE_BACK, *(f"forget:{code}" for code in CIRCUMSTANCES)})
READERS = 8
"""Messages that are read at once."""
KEEPERS = 8
"""Threads that use the database for messages: with many more, all wait for the one that holds SQLite's only writer, and it for them."""
ERASED_AT_ONCE = 50
"""Conversations that are erased in one transaction: what has piled up must not hold the writer for long, nor run out of its time."""
SEARCH_AGAIN = 30.0
"""Seconds after which the searches are made anew again where that has failed."""
EMPTY_READING: dict[str, Any] = {"urgent": None, "outside": None, "place": None, "said": [], "denied": [], "for_child": False}
Given = ParamSpec("Given")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Incoming:
    """One message as it came: exactly one of ``text`` and ``choice``; ``tiles`` are choices that the page itself offers."""

    session: str | None
    text: str | None
    choice: str | None
    language: str | None
    message_id: str | None
    page_language: str | None = None
    tiles: frozenset[str] = frozenset()


class Unanswered(Exception):
    """Rasa or the database is away: what could be worked out without it, to be shown with the emergency numbers.

    ``session`` is what the message is to be sent with again; ``chat`` is None where the database could not be asked for it.
    """

    def __init__(
        self, chat: Chat | None, session: str | None, language: str, understood: dict[str, Any], urgent: Reply, notices: list[Reply]
    ) -> None:
        super().__init__("engine or database away")
        self.chat = chat
        self.session = session
        self.language = language
        self.understood = understood
        self.urgent = urgent
        self.notices = notices


class Pipeline:
    """Takes messages from the API and the page alike."""

    def __init__(
        self,
        settings: Settings,
        store: ConversationStore,
        live: LiveDirectory,
        reader: Reader,
        catalogues: Catalogues,
        engine: Engine,
        meaning: MeaningIndex,
        desk: Desk,
        look_up: LookUp,
        cold_weather: ColdWeatherSwitch,
        off_switches: OffSwitches,
        feedback: FeedbackBook,
        turns: Turns,
        translator: Translator | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.live = live
        self.reader = reader
        self.catalogues = catalogues
        self.engine = engine
        self.meaning = meaning
        self.desk = desk
        self.look_up = look_up
        self.cold_weather = cold_weather
        self.off_switches = off_switches
        self.feedback = feedback
        self.turns = turns
        self.translator = translator
        self._behind: set[asyncio.Task[None]] = set()
        self._searches = asyncio.Lock()
        # Threads of its own: messages are read for urgent needs also while all others wait for a database that does not answer.
        self._reading = CapacityLimiter(READERS)
        self._keeping = CapacityLimiter(KEEPERS)
        self._places_learnt_at = places_learnt_at(settings)
        self._searched = live.current().digest
        """The directory that both searches were made of."""
        self._search_again = 0.0

    async def refresh(self) -> None:
        """Take in what officers have saved, in whichever process."""
        await to_thread.run_sync(self.off_switches.refresh)
        await to_thread.run_sync(self.cold_weather.refresh)
        await to_thread.run_sync(self.catalogues.refresh)
        await self.refresh_directory()

    async def refresh_directory(self) -> bool:
        """Read the directory again if it has changed, so that the next answer is made of it; give whether it had.

        The search by meaning and the look-up follow while nobody waits for them.
        """
        is_new = await to_thread.run_sync(self.live.refresh)
        if self._searched != self.live.current().digest and time.monotonic() >= self._search_again:
            self.in_the_background(self._refresh_searches())
        return is_new

    async def refresh_places(self) -> None:
        """Read messages with the place names that were learnt last, by whichever process."""
        learnt = await to_thread.run_sync(places_learnt_at, self.settings)
        if learnt and learnt != self._places_learnt_at:
            await to_thread.run_sync(learn_again, self.reader, self.settings, self.live.current())
            self._places_learnt_at = learnt

    async def _refresh_searches(self) -> None:
        async with self._searches:
            directory = self.live.current()
            if directory.digest == self._searched:
                return
            try:
                self.meaning = await to_thread.run_sync(open_meaning, self.settings, directory)
                common = self.reader.gazetteer.common_words
                self.look_up = await to_thread.run_sync(open_look_up, directory, self.meaning, self.catalogues, self.live.tables, common)
                await to_thread.run_sync(self.look_up.keep)
                self._searched = directory.digest
            except Exception as error:
                self._search_again = time.monotonic() + SEARCH_AGAIN
                log.error("The searches could not be made of the new directory and will be again: %s", type(error).__name__)

    def composer(self) -> Composer:
        """Give a composer over the directory as it is now."""
        office = OfficeHours(self.settings.office_opens, self.settings.office_closes)
        return Composer(self.live.current(), self.catalogues, office, self.meaning, self.cold_weather.current())

    def handover_words(self) -> HandoverWords:
        """Give what says the words of a handover over the directory as it is now."""
        return HandoverWords(self.composer(), self.settings.retention_days, self.off_switches.current())

    async def answer(self, incoming: Incoming) -> dict[str, Any]:
        """Answer a message as the chat API does.

        Raises MessageRefused, UnknownConversation, or Unanswered where Rasa is away.
        """
        self.check(incoming)
        async with self._one_at_a_time(incoming.session):
            chat = await self.conversation(incoming.session)
            if incoming.choice is not None:
                return await self._take_choice(chat, incoming, incoming.choice)
            return await self._take_text(chat, incoming, incoming.text or "")

    def check(self, incoming: Incoming) -> None:
        """Refuse what cannot be taken. Raises MessageRefused."""
        if (incoming.text is None) == (incoming.choice is None):
            raise MessageRefused("error.shape", 422)
        if incoming.text is not None:
            if len(incoming.text) > LONGEST:
                raise MessageRefused("error.too_long", 413, limit=LONGEST)
            if not has_words(clean(incoming.text)):
                raise MessageRefused("error.empty", 422)
        if incoming.message_id is not None and not 0 < len(incoming.message_id) <= 64:
            raise MessageRefused("error.shape", 422)
        if incoming.language is not None and reply_language(incoming.language) is None and not _is_language(incoming.language):
            raise MessageRefused("error.language", 422)

    async def conversation(self, token: str | None) -> Chat:
        """Find the conversation of ``token``, or start one. Raises UnknownConversation."""
        if token is None:
            return await self._with_database(self.store.start)
        return await self._with_database(self.store.find, token)

    @asynccontextmanager
    async def _one_at_a_time(self, token: str | None) -> AsyncIterator[None]:
        """Let a conversation's messages through one by one, so that the same one sent twice at once is answered once."""
        if token is None:
            yield
            return
        async with self.turns.one_at_a_time(token):
            yield

    async def _take_text(self, chat: Chat, incoming: Incoming, text: str) -> dict[str, Any]:
        pinned = incoming.language or chat.pinned
        reading = await self._read(text, pinned, chat.language, incoming.page_language)
        message_id = incoming.message_id or uuid.uuid4().hex
        accepted = await self._with_database(self.desk.accept, chat, message_id, reading.text, reading.urgent)
        if accepted.answer:
            return await self._again(chat, accepted.answer)
        if accepted.for_desk:
            return await self._for_desk(chat, accepted.message_id, reading, pinned, reading.language)
        if accepted.turned_away:
            return await self._offer_person(chat, accepted.message_id, pinned, reading.language, reading)
        return await self._ask(chat, accepted.message_id, reading, pinned, None)

    async def _with_database(self, work: Callable[Given, Found], *given: Given.args, **more: Given.kwargs) -> Found:
        """Do what needs the database, in a thread, for somebody who waits for an answer."""
        return await to_thread.run_sync(functools.partial(work, *given, **more), limiter=self._keeping)

    async def _read(self, text: str, pinned: str | None, before: str | None, page_language: str | None) -> Reading:
        return await to_thread.run_sync(self.reader.read, text, pinned, before, page_language, limiter=self._reading)

    async def _take_choice(self, chat: Chat, incoming: Incoming, choice: str) -> dict[str, Any]:
        if choice not in STANDING_CHOICES | incoming.tiles and choice not in await self._with_database(self._offered, chat):
            raise MessageRefused("error.choice", 422)
        pinned = incoming.language or chat.pinned
        language = pinned or chat.language or incoming.page_language or "en"
        if choice == "erase":
            await self.erase(chat)
            erased = self._said("text", language, "page.erased").as_json()
            return self._response(chat, language, {"understood": asdict(Understood()), "replies": [erased]}, View(), session=None)
        message_id = incoming.message_id or uuid.uuid4().hex
        to_desk = choice.startswith(ANSWER)
        accepted = await self._with_database(self.desk.accept, chat, message_id, f"{CHOICE}{choice}", None, True, to_desk)
        message_id = accepted.message_id
        if accepted.answer:
            return await self._again(chat, accepted.answer)
        if choice in CHOICES:
            return await self._choose_of_desk(chat, message_id, choice, pinned, language)
        if accepted.for_desk:
            return await self._for_desk(chat, message_id, None, pinned, language, choice)
        if choice == "human" or accepted.turned_away:
            return await self._offer_person(chat, message_id, pinned, language)
        return await self._ask(chat, message_id, None, pinned, choice, language)

    def _offered(self, chat: Chat) -> set[str]:
        """Give every choice that was offered in this conversation, by the assistant or by the desk."""
        of_desk = {f"{ANSWER}{name}" for said in self.desk.said(chat.id, chat.after_desk) for name in said.body.get("answers", ())}
        return self.store.offered(chat) | of_desk

    async def _again(self, chat: Chat, answer: dict[str, Any]) -> dict[str, Any]:
        """Give an answer that was given before, with where the handover is now."""
        view = await self._with_database(self.desk.view, chat.id)
        return {**answer, "session": chat.token, "handover": handover_of(view)}

    async def _choose_of_desk(self, chat: Chat, message_id: str, choice: str, pinned: str | None, language: str) -> dict[str, Any]:
        """Do what a choice of the desk's says: wait for a person, leave a message, go back to the assistant."""
        words, status = self.handover_words(), await self._with_database(self.desk.status)
        moment = datetime.now(timezone.utc)
        before = await self._with_database(self.desk.view, chat.id)
        if before.state == WITH_STAFF and choice not in (BOT, TAKE_BACK):
            # A button of an earlier page: somebody is there already.
            replies = [words.arrived(language, before, False)]
        elif choice == WAIT and status.takes_chats and not chat.blocked:
            try:
                view = await self._with_database(self.desk.ask, chat, "asked")
                # Somebody may have taken the chat just now.
                replies = [words.arrived(language, view, False)] if view.state == WITH_STAFF else words.waiting(language, view)
            except DeskOff:  # just now
                replies = self.handover_words().offer(language, status, None, None, moment)
        elif choice == MESSAGE and status.takes_messages and not chat.blocked:
            await self._with_database(self.store.write_to_desk, chat, True)
            replies = words.write_message(language)
        elif choice == KEEP:
            view = await self._with_database(self.desk.wait_as_message, chat)
            if view.state == WITH_STAFF:
                replies = [words.arrived(language, view, False)]
            elif view.state == MESSAGE_LEFT:
                replies = words.message_kept(language, view, status, moment)
            else:
                replies = words.back(language)
        elif choice in (BOT, TAKE_BACK):
            await self._with_database(self.desk.stop, chat)
            replies = words.back(language)
        else:
            # What was offered is no more: the desk has closed meanwhile, or nobody is there now.
            replies = words.blocked(language) if chat.blocked else words.offer(language, status, None, None, moment)
        return await self._keep(chat, message_id, Understood(topic="human"), replies, language, pinned)

    async def _offer_person(
        self, chat: Chat, message_id: str, pinned: str | None, language: str, reading: Reading | None = None
    ) -> dict[str, Any]:
        """Answer the button for a person, or a message to staff who take none now; Rasa is not needed for it."""
        before = await self._with_database(self.store.answers, chat)
        view = await self._with_database(self.desk.view, chat.id)
        if view.state == WAITING:
            replies, counts = self.handover_words().waiting(language, view), NOTHING_COUNTED
        else:
            replies = await self._with_database(self._offer, chat, language, _in_effect(before))
            counts = self._person_asked_for(_in_effect(before), language)
        understood, urgent = self._urgent_without_rasa(reading, language)
        replies = [*urgent, *replies, *self._redacted(reading, language)]
        return await self._keep(chat, message_id, replace(understood, topic="human"), replies, language, pinned, counts)

    def _person_asked_for(self, in_effect: dict[str, Any], language: str) -> Counts:
        """Give what is counted where somebody asks for a person: about which need, and in which district."""
        district = self.live.current().district_of(in_effect.get("place"))
        return {Count(HANDED_OVER, in_effect.get("topic") or "", district, language_counted(language)): 1}

    def _offer(self, chat: Chat, language: str, in_effect: dict[str, Any]) -> list[Reply]:
        words = self.handover_words()
        if chat.blocked:
            return words.blocked(language)
        place = self.live.current().place_named(in_effect.get("place") or "")
        return words.offer(language, self.desk.status(), in_effect.get("topic"), place, datetime.now(timezone.utc))

    async def _keep(
        self,
        chat: Chat,
        message_id: str,
        understood: Understood,
        replies: list[Reply],
        language: str,
        pinned: str | None,
        counts: Counts = NOTHING_COUNTED,
    ) -> dict[str, Any]:
        """Keep an answer that is not the assistant's, and give it."""
        view = await self._with_database(self.desk.view, chat.id)
        turn = {"understood": asdict(understood), "replies": [reply.as_json() for reply in replies]}
        response = self._response(chat, language, turn, view)
        kept = {name: value for name, value in response.items() if name != "session"}
        await self._with_database(self.store.record, chat, message_id, kept, language, pinned, True, counts)
        return response

    async def _for_desk(
        self, chat: Chat, message_id: str, reading: Reading | None, pinned: str | None, language: str, choice: str | None = None
    ) -> dict[str, Any]:
        """Answer a message that is staff's to answer: that it has arrived, and the urgent words where it has some."""
        words = self.handover_words()
        view = await self._with_database(self.desk.view, chat.id)
        if view.state not in OPEN:
            # Staff handed back, or closed, just before this came: asked again whose it is, the desk says the assistant's.
            said = reading.text if reading else f"{CHOICE}{choice}"
            accepted = await self._with_database(self.desk.accept, chat, message_id, said, None, reading is None)
            if not accepted.for_desk and (reading or choice not in (None, "human")):
                return await self._ask(chat, message_id, reading, pinned, choice, language)
            return await self._offer_person(chat, message_id, pinned, language, reading)
        replies = []
        place = reading.place.inside if reading else None
        if reading and reading.urgent:
            replies.append(words.composer.urgent_only(reading.urgent, place, language, datetime.now(timezone.utc)))
        redacted = bool(reading and reading.redacted)
        if view.state == WITH_STAFF:
            replies.append(words.arrived(language, view, redacted))
        else:
            status = await self._with_database(self.desk.status)
            replies += words.message_kept(language, view, status, datetime.now(timezone.utc), redacted)
        understood = Understood(urgent=reading.urgent if reading else None, place=place.name if place else None)
        if reading:
            self._translate_message(chat, message_id, reading.text, reading.language)
        return await self._keep(chat, message_id, understood, replies, language, pinned)

    async def _ask(
        self, chat: Chat, message_id: str, reading: Reading | None, pinned: str | None, choice: str | None, language: str = "en"
    ) -> dict[str, Any]:
        """Ask Rasa, then keep the answer; while the assistant is switched off, say that."""
        language = reading.language if reading else language
        if self.off_switches.off(ASSISTANT):
            return await self._answer_without_assistant(chat, message_id, reading, pinned, language, choice)
        told = reading.as_json() if reading else {**EMPTY_READING, "language": language, "denied": _forgotten(choice)}
        try:
            decision = await self.engine.ask(
                chat.rasa_id,
                reading.text if reading else choice or "",
                told,
                reading.vector if reading else None,
                _meaning(choice) if choice else None,
            )
        except EngineAway as away:
            raise self._unanswered(chat, chat.token, reading, language) from away
        heard = Heard()
        if reading:
            heard = Heard(reading.names_language, reading.names_service, reading.day, vector=reading.vector)
        about_before = decision.focus or decision.kind in ("repeat", "human")
        before = await self._with_database(self.store.answers, chat) if about_before else []
        if decision.focus:
            heard = replace(heard, shown=tuple(_services_in(answer) for answer in before))
        composer, moment = self.composer(), datetime.now(timezone.utc)
        turn = composer.render(decision, language, moment, heard).as_json()
        said = _said_last(before) if decision.kind == "repeat" else None
        of_person = decision.kind == "human" or (said is not None and said["understood"]["topic"] == "human")
        if said:
            # Of a person, only what is true now is said again.
            again = [] if of_person else [reply for reply in said["replies"] if reply["kind"] != "notice"]
            # What was noticed then may be over, and beds may be open now.
            notices = composer.cold_weather(Understood(**said["understood"]), language, moment)
            turn = {"understood": said["understood"], "replies": [*(notice.as_json() for notice in notices), *again]}
        view = await self._with_database(self.desk.view, chat.id)
        turn["replies"] += [reply.as_json() for reply in await self._person_too(chat, decision, reading, language, before, view, of_person)]
        turn["replies"] += [reply.as_json() for reply in self._redacted(reading, language)]
        switched = reply_language(heard.names_language) if decision.kind == "language" else None
        if switched:
            language, pinned = switched, switched
        response = self._response(chat, language, turn, view)
        if decision.kind == "human":
            counts = self._person_asked_for(_in_effect(before), language) if view.state != WAITING else NOTHING_COUNTED
        else:
            counts = counts_of(response, decision, self.live.current().district_of(turn["understood"]["place"]))
        return await self._keep_unless_claimed(chat, message_id, reading, response, language, pinned, choice, counts)

    async def _answer_without_assistant(
        self, chat: Chat, message_id: str, reading: Reading | None, pinned: str | None, language: str, choice: str | None
    ) -> dict[str, Any]:
        """Say that the assistant is switched off, below urgent words where they are due; offer a person where one can be asked for."""
        words, view = self.handover_words(), await self._with_database(self.desk.view, chat.id)
        understood, urgent = self._urgent_without_rasa(reading, language)
        replies = [*urgent, *words.switched_off(language, ASSISTANT)]
        if view.state != WAITING and not chat.blocked and not words.is_off(HANDOVER):
            replies.append(words.leave_to_a_person(language, "urgent"))
        replies += self._redacted(reading, language)
        turn = {"understood": asdict(understood), "replies": [reply.as_json() for reply in replies]}
        response = self._response(chat, language, turn, view)
        return await self._keep_unless_claimed(chat, message_id, reading, response, language, pinned, choice)

    async def _keep_unless_claimed(
        self,
        chat: Chat,
        message_id: str,
        reading: Reading | None,
        response: dict[str, Any],
        language: str,
        pinned: str | None,
        choice: str | None,
        counts: Counts = NOTHING_COUNTED,
    ) -> dict[str, Any]:
        """Keep an answer of the assistant's, and give it, unless somebody took the chat meanwhile: it is theirs to answer then."""
        kept = {name: value for name, value in response.items() if name != "session"}
        if not await self._with_database(self.store.record, chat, message_id, kept, language, pinned, False, counts):
            return await self._for_desk(chat, message_id, reading, pinned, language, choice)
        return response

    async def _person_too(
        self,
        chat: Chat,
        decision: Decision,
        reading: Reading | None,
        language: str,
        before: list[dict[str, Any]],
        view: View,
        of_person: bool,
    ) -> list[Reply]:
        """Offer a person below an answer: where it is ``of_person``, and for what the assistant must not settle by itself."""
        words = self.handover_words()
        if view.state == WAITING:
            return words.waiting(language, view) if of_person else []
        if of_person or (decision.kind == "not_understood" and decision.misunderstood > 1):
            return await self._with_database(self._offer, chat, language, _in_effect(before))
        why = reading.for_a_person if reading else None
        if decision.urgent and not decision.again:
            why = "urgent"
        return [words.leave_to_a_person(language, why)] if why and not chat.blocked else []

    def _redacted(self, reading: Reading | None, language: str) -> list[Reply]:
        """Say that personal data was taken out of a message, where it was."""
        return [self._said("notice", language, "notice.redacted")] if reading and reading.redacted else []

    def _said(self, kind: str, language: str, key: str) -> Reply:
        """Give a reply of one sentence of the catalogues."""
        lang = reply_language(language) or "en"
        english = "" if lang == "en" else self.catalogues.say("en", key)
        return Reply(kind=kind, lang=lang, text=self.catalogues.say(lang, key), text_en=english)

    def _response(self, chat: Chat, language: str, turn: dict[str, Any], view: View, session: str | None = "") -> dict[str, Any]:
        return {
            "session": chat.token if session == "" else session,
            "language": language,
            "understood": turn["understood"],
            "replies": turn["replies"],
            "handover": handover_of(view),
        }

    async def without_database(self, incoming: Incoming) -> Unanswered:
        """Give what a message that cannot be taken is told: the urgent words of its own need, read as any other. Raises MessageRefused."""
        self.check(incoming)
        language = incoming.language or incoming.page_language or "en"
        if incoming.text is None:
            return self._unanswered(None, incoming.session, None, language)
        reading = await self._read(incoming.text, incoming.language, None, incoming.page_language)
        return self._unanswered(None, incoming.session, reading, reading.language)

    def _unanswered(self, chat: Chat | None, session: str | None, reading: Reading | None, language: str) -> Unanswered:
        understood, reply, notices = self._without_rasa(reading, language)
        return Unanswered(chat, session, reply_language(language) or "en", asdict(understood), reply, notices)

    def _urgent_without_rasa(self, reading: Reading | None, language: str) -> tuple[Understood, list[Reply]]:
        """Give what was understood of a message without Rasa, and the urgent words with what belongs to them, where it has some."""
        understood, reply, notices = self._without_rasa(reading, language)
        return understood, [reply, *notices] if understood.urgent else []

    def _without_rasa(self, reading: Reading | None, language: str) -> tuple[Understood, Reply, list[Reply]]:
        """Give what was understood of a message without Rasa, the urgent words (or the emergency numbers), and notices."""
        place = reading.place.inside if reading else None
        urgent = reading.urgent if reading else None
        composer, moment = self.composer(), datetime.now(timezone.utc)
        reply = composer.urgent_only(urgent, place, language, moment)
        understood = Understood(urgent=urgent, place=place.name if place else None)
        outside = reading is not None and reading.place.outside is not None
        return understood, reply, [] if outside else composer.cold_weather(understood, language, moment)

    async def erase_by(self, token: str) -> bool:
        """Erase the conversation of ``token``, even one that has ended. Gives as ``erase``; raises UnknownConversation."""
        async with self._one_at_a_time(token):
            return await self.erase(await to_thread.run_sync(self.store.find, token, True))

    async def erase(self, chat: Chat) -> bool:
        """Erase a conversation everywhere; give False where Rasa, being away, will do its part later."""
        names = await to_thread.run_sync(self.store.rasa_ids, chat)
        twins = await to_thread.run_sync(self.store.twins, chat)
        await to_thread.run_sync(self.store.erase, [*names[:1], *twins])
        return all([await self._forget(name) for name in (*names, *twins)])

    async def _forget(self, rasa_id: str) -> bool:
        asked_at = utc_now()
        try:
            await self.engine.forget(rasa_id)
        except EngineAway:
            return False
        await to_thread.run_sync(self.store.erased, rasa_id, asked_at)
        return True

    async def tidy(self) -> None:
        """Erase what is older than the retention setting, and what Rasa still has to erase; feedback has days of its own."""
        days = self.settings.retention_days
        expired = await to_thread.run_sync(self.store.expired, days)
        for first in range(0, len(expired), ERASED_AT_ONCE):
            await to_thread.run_sync(self.store.erase, expired[first : first + ERASED_AT_ONCE], days)
        await to_thread.run_sync(self.feedback.forget)
        await to_thread.run_sync(self.store.forget_spent, days)
        for rasa_id in await to_thread.run_sync(self.store.pending_erasures):
            if not await self._forget(rasa_id):
                return
        with suppress(EngineAway):
            # A Rasa that hung and woke may have noted something of a chat that was erased through another meanwhile.
            for rasa_id in await to_thread.run_sync(self.store.unknown, await self.engine.remembered()):
                await self.engine.forget(rasa_id)

    def translate_later(self, handover_id: int, number: int, text: str, language: str) -> None:
        """Put a translation beside what the desk said, when there is one; nobody waits for it."""
        if self.translator and self.translator.knows("en", language):
            self.in_the_background(self._translate(text, "en", language, lambda words: self.desk.translated(handover_id, number, words)))

    def _translate_message(self, chat: Chat, message_id: str, text: str, language: str) -> None:
        """Put the English beside what a visitor wrote to the desk, when there is one."""
        if self.translator and self.translator.knows(language, "en"):
            self.in_the_background(
                self._translate(text, language, "en", lambda words: self.desk.translated_message(chat, message_id, words))
            )

    async def _translate(self, text: str, source: str, target: str, keep: Callable[[str], None]) -> None:
        assert self.translator
        words = await self.translator.translate(text, source, target)
        if words:
            await to_thread.run_sync(keep, words)

    def in_the_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done that nobody waits for."""
        task = asyncio.create_task(work)
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)

    async def leave_callback(self, chat: Chat, contact: str, wanted: bool) -> None:
        """Keep, encrypted, how to call a visitor back. Raises MessageRefused where it is not wanted, cannot be used, or nobody is asked."""
        if not wanted:
            raise MessageRefused("error.callback_tick", 422)
        plain = read_contact(contact)
        if not await self._with_database(self.desk.leave_callback, chat, plain):
            raise MessageRefused("error.no_handover", 422)

    async def give_feedback(self, chat: Chat, helped: bool, about: str | None, comment: str) -> None:
        """Keep feedback, about a service by its id or an answer, with personal data taken out.

        Raises MessageRefused where it is too long, about no service there is, or nobody reads it.
        """
        if len(comment) > LONGEST:
            raise MessageRefused("error.too_long", 413, limit=LONGEST)
        if about and all(service.id != about for service in self.live.current().services):
            raise MessageRefused("error.shape", 422)
        plain = self.reader.redact(clean(comment)).text
        if not await self._with_database(self.feedback.give, chat, helped, about, plain):
            raise MessageRefused("error.feedback_closed", 409)


def handover_of(view: View) -> dict[str, Any]:
    """Give a handover as the API has it. A code is told only while there is something to come back for."""
    state = TOLD.get(view.state, view.state)
    return {"state": state, "reference": view.reference if view.state != NONE else None}


def _in_effect(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the topic and place of the last answer that had a topic of need."""
    found = (answer["understood"] for answer in answers if answer["understood"].get("topic") in NEEDS)
    return next(found, {})


def _is_language(code: str) -> bool:
    """Tell whether ``code`` is a BCP 47 language that exists."""
    try:
        Locale.parse(locale_of(code))
    except (ValueError, UnknownLocaleError):
        return False
    return True


def _forgotten(choice: str | None) -> list[str]:
    """Give the circumstance that a choice takes back, if it does."""
    kind, _, code = (choice or "").partition(":")
    return [code] if kind == "forget" else []


def _said_last(answers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Give the last of ``answers``, newest first, that said more than a notice, such as that a message has arrived; None where none did."""
    return next((answer for answer in answers if any(reply["kind"] != "notice" for reply in answer["replies"])), None)


def _services_in(answer: dict[str, Any]) -> tuple[str, ...]:
    """Give the ids of the services that an answer showed."""
    return tuple(card["id"] for reply in answer["replies"] for card in reply.get("services", []))


def _meaning(choice: str) -> dict[str, Any]:
    """Say which intent and place a choice stands for."""
    kind, _, value = choice.partition(":")
    if kind == "topic" and value in NEEDS:
        return {"intent": value, "place": None}
    if kind == "place":
        return {"intent": "inform", "place": value or ANYWHERE}
    if kind == "forget":
        return {"intent": "inform", "place": None}
    return {"intent": kind, "place": None}
