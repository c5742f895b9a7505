"""The way of a message, in named steps: accept, read, ask, answer, keep. Every failure still yields an answer."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from typing import Any
from weakref import WeakValueDictionary

from anyio import to_thread
from babel import Locale, UnknownLocaleError

from bot.answers.catalogue import Catalogues
from bot.answers.composer import Composer, Heard
from bot.answers.dialogue import ANYWHERE
from bot.answers.replies import Reply, Understood
from bot.answers.urgent import OfficeHours
from bot.codes import CIRCUMSTANCES, NEEDS, reply_language
from bot.conversation.store import Chat, ConversationStore
from bot.directory.meaning import MeaningIndex
from bot.errors import EngineAway, MessageRefused
from bot.opening import LiveDirectory
from bot.settings import Settings
from bot.understanding.cleaning import LONGEST, clean, has_words
from bot.understanding.reading import Reader, Reading
from bot.web.engine import Engine

STANDING_CHOICES = frozenset({"human", "more", "start_again", "erase", *(f"forget:{code}" for code in CIRCUMSTANCES)})
NO_HANDOVER = {"state": "none", "reference": None}
EMPTY_READING: dict[str, Any] = {"urgent": None, "outside": None, "place": None, "said": [], "denied": [], "for_child": False}


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
    """Rasa is away: what could be worked out without it, to be shown with the emergency numbers."""

    def __init__(self, chat: Chat, language: str, understood: dict[str, Any], urgent: Reply) -> None:
        super().__init__("engine away")
        self.chat = chat
        self.language = language
        self.understood = understood
        self.urgent = urgent


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
    ) -> None:
        self.settings = settings
        self.store = store
        self.live = live
        self.reader = reader
        self.catalogues = catalogues
        self.engine = engine
        self.meaning = meaning
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def composer(self) -> Composer:
        """Give a composer over the directory as it is now."""
        office = OfficeHours(self.settings.office_opens, self.settings.office_closes)
        return Composer(self.live.current(), self.catalogues, office, self.meaning)

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
            return await to_thread.run_sync(self.store.start)
        return await to_thread.run_sync(self.store.find, token)

    @asynccontextmanager
    async def _one_at_a_time(self, token: str | None) -> AsyncIterator[None]:
        """Let a conversation's messages through one by one, so that the same one sent twice at once is answered once."""
        if token is None:
            yield
            return
        lock = self._busy.setdefault(token, asyncio.Lock())
        async with lock:
            yield

    async def _take_text(self, chat: Chat, incoming: Incoming, text: str) -> dict[str, Any]:
        pinned = incoming.language or chat.pinned
        reading = await to_thread.run_sync(self.reader.read, text, pinned, chat.language, incoming.page_language)
        message_id = incoming.message_id or uuid.uuid4().hex
        known = await to_thread.run_sync(self.store.accept, chat, message_id, reading.text)
        if known:
            return {**known, "session": chat.token}
        return await self._ask(chat, message_id, reading, pinned, None)

    async def _take_choice(self, chat: Chat, incoming: Incoming, choice: str) -> dict[str, Any]:
        if choice not in STANDING_CHOICES | incoming.tiles and choice not in await to_thread.run_sync(self.store.offered, chat):
            raise MessageRefused("error.choice", 422)
        language = incoming.language or chat.pinned or chat.language or incoming.page_language or "en"
        if choice == "erase":
            await self.erase(chat)
            erased = self._said("text", language, "page.erased")
            return self._response(chat, language, {"understood": asdict(Understood()), "replies": [erased]}, session=None)
        message_id = incoming.message_id or uuid.uuid4().hex
        known = await to_thread.run_sync(self.store.accept, chat, message_id, f"choice:{choice}")
        if known:
            return {**known, "session": chat.token}
        return await self._ask(chat, message_id, None, incoming.language or chat.pinned, choice, language)

    async def _ask(
        self, chat: Chat, message_id: str, reading: Reading | None, pinned: str | None, choice: str | None, language: str = "en"
    ) -> dict[str, Any]:
        """Ask Rasa, then keep the answer."""
        language = reading.language if reading else language
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
            raise self._without_engine(chat, reading, language) from away
        heard = Heard()
        if reading:
            heard = Heard(reading.names_language, reading.names_service, reading.day, vector=reading.vector)
        before = await to_thread.run_sync(self.store.answers, chat) if decision.focus or decision.kind == "repeat" else []
        if decision.focus:
            heard = replace(heard, shown=tuple(_services_in(answer) for answer in before))
        turn = self.composer().render(decision, language, datetime.now(timezone.utc), heard).as_json()
        if decision.kind == "repeat" and before:
            again = [reply for reply in before[0]["replies"] if reply["kind"] != "notice"]
            turn = {"understood": before[0]["understood"], "replies": again}
        if reading and reading.redacted:
            turn["replies"].append(self._said("notice", language, "notice.redacted"))
        switched = reply_language(heard.names_language) if decision.kind == "language" else None
        if switched:
            language, pinned = switched, switched
        response = self._response(chat, language, turn)
        kept = {name: value for name, value in response.items() if name != "session"}
        await to_thread.run_sync(self.store.record, chat, message_id, kept, language, pinned)
        return response

    def _said(self, kind: str, language: str, key: str) -> dict[str, Any]:
        """Give a reply of one sentence of the catalogues."""
        lang = reply_language(language) or "en"
        english = "" if lang == "en" else self.catalogues.say("en", key)
        return Reply(kind=kind, lang=lang, text=self.catalogues.say(lang, key), text_en=english).as_json()

    def _response(self, chat: Chat, language: str, turn: dict[str, Any], session: str | None = "") -> dict[str, Any]:
        return {
            "session": chat.token if session == "" else session,
            "language": language,
            "understood": turn["understood"],
            "replies": turn["replies"],
            "handover": NO_HANDOVER,
        }

    def _without_engine(self, chat: Chat, reading: Reading | None, language: str) -> Unanswered:
        place = reading.place.inside if reading else None
        urgent = reading.urgent if reading else None
        reply = self.composer().urgent_only(urgent, place, language, datetime.now(timezone.utc))
        understood = Understood(urgent=urgent, place=place.name if place else None)
        return Unanswered(chat, reply_language(language) or "en", asdict(understood), reply)

    async def erase_by(self, token: str) -> bool:
        """Erase the conversation of ``token``, even one that has ended. Gives as ``erase``; raises UnknownConversation."""
        async with self._one_at_a_time(token):
            return await self.erase(await to_thread.run_sync(self.store.find, token, True))

    async def erase(self, chat: Chat) -> bool:
        """Erase a conversation everywhere; give False where Rasa, being away, will do its part later."""
        await to_thread.run_sync(self.store.erase, [chat.rasa_id])
        return await self._forget(chat.rasa_id)

    async def _forget(self, rasa_id: str) -> bool:
        try:
            await self.engine.forget(rasa_id)
        except EngineAway:
            return False
        await to_thread.run_sync(self.store.erased, rasa_id)
        return True

    async def tidy(self) -> None:
        """Erase what is older than the retention setting, and what Rasa still has to erase."""
        expired = await to_thread.run_sync(self.store.expired, self.settings.retention_days)
        await to_thread.run_sync(self.store.erase, expired)
        await to_thread.run_sync(self.store.forget_spent, self.settings.retention_days)
        for rasa_id in await to_thread.run_sync(self.store.pending_erasures):
            if not await self._forget(rasa_id):
                return

    async def give_feedback(self, chat: Chat, helped: bool, about: str | None, comment: str) -> None:
        """Keep feedback with personal data taken out."""
        plain = self.reader.redact(clean(comment)).text
        await to_thread.run_sync(self.store.give_feedback, chat, helped, about, plain)


def _is_language(code: str) -> bool:
    """Tell whether ``code`` is a BCP 47 language that exists."""
    try:
        Locale.parse(code, sep="-")
    except (ValueError, UnknownLocaleError):
        return code in ("prs", "ckb", "ps", "ti")
    return True


def _forgotten(choice: str | None) -> list[str]:
    """Give the circumstance that a choice takes back, if it does."""
    kind, _, code = (choice or "").partition(":")
    return [code] if kind == "forget" else []


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
