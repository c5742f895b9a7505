"""A chat as the member of staff who has it sees it, and everything they can do in it."""

import uuid
from datetime import datetime
from typing import Any

import segno
from anyio import to_thread
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.handover import ANSWER, CHOICES
from bot.answers.urgent import EMERGENCY_NUMBER
from bot.codes import ENGLISH_NAMES, NEEDS, TOPIC_OF_URGENT, reply_language
from bot.conversation.store import CHOICE
from bot.directory.hours import BRITISH_TIME
from bot.errors import AlreadyTaken, DeskOff, MessageRefused, NotHeard, NotTheirs, UnknownConversation
from bot.handover.accounts import Session
from bot.handover.phrases import Phrase, groups, phrases
from bot.handover.practice import next_line
from bot.handover.reference import read_reference, spoken
from bot.handover.states import MESSAGE_LEFT, WAITING, WITH_STAFF
from bot.handover.views import File
from bot.moments import in_order
from bot.understanding.cleaning import LONGEST, clean, has_words
from bot.web.api import live_of, pipeline_of
from bot.web.staff.door import LIBRARIANS, accounts_of, given, show, signed_in, text_of

OUTCOMES = ("helped", "signposted", "appointment", "answered", "gone", "other")
CONCERNS = ("child", "adult", "life", "abuse", "trafficking", "other")
STANDING = {"human": "choice.person", "more": "choice.more", "start_again": "page.start_again", "erase": "page.erase", **CHOICES}


async def show_chat(request: Request, who: Session) -> Response:
    await to_thread.run_sync(accounts_of(request).beat, who.id)
    return await show_file(request, who, int(request.path_params["id"]))


async def show_file(
    request: Request, who: Session, handover_id: int, by_code: str = "", error: str = "", status: int = 200, typed: str = ""
) -> Response:
    """Show a chat: all of it to who has it, or where its code was shown; to others only that it is there."""
    pipeline = pipeline_of(request)
    # What comes between the two is shown and not yet in the mark: the page looks once too often, not once too seldom.
    mark = await to_thread.run_sync(pipeline.desk.mark, handover_id)
    file = await to_thread.run_sync(pipeline.desk.file, handover_id)
    if file is None:
        return show(request, who, "staff/gone.html", 404, reason="staff.chat_gone")
    entry = file.entry
    own = entry.state == WITH_STAFF and entry.holder is not None and entry.holder.id == who.member.id
    language = reply_language(entry.language) or "en"
    say = pipeline.catalogues.say
    values: dict[str, Any] = {
        "file": file,
        "entry": entry,
        "own": own,
        "readable": own or bool(by_code),
        "by_code": by_code,
        "look_for": TOPIC_OF_URGENT.get(entry.urgent or "") or entry.topic or "",
        "claimable": entry.state in (WAITING, MESSAGE_LEFT) or (bool(by_code) and entry.state != WITH_STAFF),
        "language_name": ENGLISH_NAMES.get(entry.language, entry.language),
        "written_in": language,
        # To others a chat has a number: its code would open it.
        "code": spoken(entry.reference) if own or by_code else f"#{entry.id}",
        "mark": mark,
        "talk": _talk(request, file),
        "error": error,
        "typed": typed,
        "longest": LONGEST,
        "message_id": uuid.uuid4().hex,
    }
    part = request.query_params.get("part") == "1" or request.headers.get("x-part") == "1"
    if not values["readable"]:
        if part and not error:
            # An open page of the chat looks, on which it was theirs.
            values["error"] = _say(request, "staff.no_longer_yours")
        return show(request, who, "staff/not_yours.html", status if error else 403, **values)
    if part:
        return show(request, who, "staff/talk.html", status, **values)
    base = pipeline.settings.public_url or str(request.base_url).rstrip("/")
    qr = segno.make(f"{base}/code?lang={language}", micro=False, error="m")
    places = sorted(
        {address.text for service in pipeline.live.current().services if "library" in service.topics for address in service.addresses}
    )
    offered = phrases(pipeline.catalogues)
    translated = {key for key in offered if pipeline.catalogues.knows(language, key)}
    return show(
        request,
        who,
        "staff/chat.html",
        status,
        groups=groups(offered),
        translated=translated,
        phrase_in=lambda key: say(language, key, **_marks(offered[key])),
        unreviewed=sum(not pipeline.catalogues.is_reviewed(language, key) for key in translated),
        reviewed=lambda key: pipeline.catalogues.is_reviewed(language, key),
        places=places,
        outcomes=OUTCOMES,
        concerns=CONCERNS,
        topics=NEEDS,
        contact_name=pipeline.settings.safeguarding_contact,
        translator=bool(pipeline.settings.translate_url),
        code_link=f"{base}/code",
        qr=Markup(qr.svg_inline(scale=3, border=2, dark="#000", light="#fff", svgclass="code", lineclass=None, omitsize=True)),  # noqa: S704
        **values,
    )


def _marks(phrase: Phrase) -> dict[str, str]:
    """Give what stands for each slot of a phrase while nothing is put in."""
    return {**dict.fromkeys(phrase.slots, "…"), "emergency": EMERGENCY_NUMBER}


def _talk(request: Request, file: File) -> list[dict[str, Any]]:
    """Give what was said, oldest first, as staff read it: the visitor's words as they are, ours in English."""
    pipeline = pipeline_of(request)
    say = pipeline.catalogues.say
    labels = {choice: say("en", key) for choice, key in STANDING.items()} | {f"topic:{t}": say("en", f"topic.{t}") for t in NEEDS}
    lines: list[dict[str, Any]] = []
    for exchange in file.exchanges:
        asked, pressed = exchange.text, exchange.text.startswith(CHOICE)
        if pressed:
            value = asked.removeprefix(CHOICE)
            asked = say("en", f"answer.{value.removeprefix(ANSWER)}") if value.startswith(ANSWER) else labels.get(value, value)
        line = {"who": "visitor", "at": exchange.received_at, "text": asked, "pressed": pressed, "english": exchange.translation or ""}
        answer = exchange.answer or {}
        for reply in answer.get("replies", []):
            labels.update({choice["value"]: choice.get("label_en") or choice["label"] for choice in reply.get("choices", [])})
        lines.append({**line, "urgent": answer.get("understood", {}).get("urgent"), "language": file.entry.language})
        if exchange.answer and not exchange.for_desk:
            texts = [reply.get("text_en") or reply["text"] for reply in answer["replies"]]
            names = [card["name"] for reply in answer["replies"] for card in reply.get("services", [])]
            lines.append({"who": "assistant", "at": exchange.received_at, "texts": texts, "services": names})
    words, moment = pipeline.handover_words(), datetime.now(BRITISH_TIME)
    of_desk: list[dict[str, Any]] = []
    for said in file.said:
        replies = words.said(file.entry.language, said, moment)
        texts = [reply.text_en or reply.text for reply in replies]
        theirs = [reply.text for reply in replies if reply.text_en]
        names = [card.name for reply in replies for card in reply.services]
        arrived = said.number <= file.seen
        of_desk.append(
            {
                "who": "staff",
                "at": said.sent_at,
                "name": said.sender,
                "texts": texts,
                "theirs": theirs,
                "services": names,
                "arrived": arrived,
            }
        )
    return in_order(lines, of_desk, at=lambda line: line["at"])


async def act(request: Request, who: Session) -> Response:
    """Do what was pressed in a chat, then show it again; what cannot be done is said, with what was typed kept."""
    handover_id, form = int(request.path_params["id"]), await given(request)
    deed, typed = text_of(form, "do", 20), text_of(form, "text", LONGEST * 2)
    desk, live = pipeline_of(request).desk, live_of(request)
    try:
        if deed == "claim":
            code = read_reference(text_of(form, "by_code", 40))
            shown = code is not None and await to_thread.run_sync(desk.find, code) == handover_id
            await to_thread.run_sync(desk.claim, handover_id, who.member, shown)
        elif deed == "writing":
            live.writes(await to_thread.run_sync(desk.conversation_of, handover_id, who.member))
            live.changed()
            return Response(status_code=204)
        elif deed in DEEDS:
            leads_to = await DEEDS[deed](request, who, handover_id, form)
            if leads_to is not None:
                return leads_to
        else:
            return await show_file(request, who, handover_id, error=_say(request, "staff.not_known"), status=422, typed=typed)
    except AlreadyTaken as taken:
        key = "staff.taken" if taken.holder else "staff.not_there"
        return await show_file(request, who, handover_id, error=_say(request, key, name=taken.holder), status=409, typed=typed)
    except DeskOff:
        return await show_file(request, who, handover_id, error=_say(request, "staff.off.none_new"), status=409, typed=typed)
    except NotHeard:
        return await show_file(request, who, handover_id, error=_say(request, "staff.not_heard"), status=409, typed=typed)
    except NotTheirs:
        return await show_file(request, who, handover_id, error=_say(request, "staff.no_longer_yours"), status=409, typed=typed)
    except UnknownConversation:
        return show(request, who, "staff/gone.html", 404, reason="staff.chat_gone")
    except MessageRefused as refused:
        words = _say(request, refused.key, **refused.values)
        return await show_file(request, who, handover_id, error=words, status=refused.status, typed=typed)
    if request.headers.get("x-part") == "1":
        return await show_file(request, who, handover_id)
    if deed == "claim" and typed:
        # It was typed before the chat was taken from them; they may send it now.
        return await show_file(request, who, handover_id, typed=typed)
    return RedirectResponse(f"/staff/chat/{handover_id}", 303)


def _say(request: Request, key: str, **values: object) -> str:
    return pipeline_of(request).catalogues.say("en", key, **values)


async def _write(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    text = clean(text_of(form, "text", LONGEST * 2))
    if not has_words(text):
        raise MessageRefused("staff.empty", 422)
    if len(text) > LONGEST:
        raise MessageRefused("error.too_long", 413, limit=LONGEST)
    await _send(request, who, handover_id, form, "text", {"text": text, "lang": "en"})
    return None


async def _phrase(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    phrase = phrases(pipeline_of(request).catalogues).get(text_of(form, "phrase", 80))
    if phrase is None:
        raise MessageRefused("staff.not_known", 422)
    values = {slot: text_of(form, slot, 200) for slot in phrase.slots}
    if "reference" in values:
        file = await to_thread.run_sync(pipeline_of(request).desk.file, handover_id)
        values["reference"] = spoken(file.entry.reference) if file else ""
    missing = [slot for slot, value in values.items() if not value]
    if missing:
        raise MessageRefused("staff.fill_in", 422, slot=", ".join(_say(request, f"staff.slot.{slot}") for slot in missing))
    if "time" in values:
        try:
            values["time"] = datetime.fromisoformat(values["time"]).replace(tzinfo=BRITISH_TIME).isoformat()
        except ValueError as error:
            raise MessageRefused("staff.fill_in", 422, slot=_say(request, "staff.slot.time")) from error
    await _send(request, who, handover_id, form, "phrase", {"key": phrase.key, "values": values, "answers": list(phrase.answers)})
    return None


async def _service(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    wanted = text_of(form, "service", 36)
    if all(service.id != wanted for service in pipeline_of(request).live.current().services):
        raise MessageRefused("staff.not_known", 422)
    await _send(request, who, handover_id, form, "service", {"id": wanted})
    return None


async def _send(request: Request, who: Session, handover_id: int, form: FormData, kind: str, body: dict[str, Any]) -> None:
    """Say something to the visitor, once for each form; a made-up one answers, a translator translates meanwhile."""
    pipeline = pipeline_of(request)
    message_id = text_of(form, "message_id", 64) or uuid.uuid4().hex
    number = await to_thread.run_sync(pipeline.desk.say, handover_id, who.member, message_id, kind, body)
    file = await to_thread.run_sync(pipeline.desk.file, handover_id)
    if file is None:
        return
    live_of(request).stops_writing(await to_thread.run_sync(pipeline.desk.conversation_of, handover_id, who.member))
    if file.scenario:
        line = next_line(file.scenario, len(file.exchanges))
        if line:
            await to_thread.run_sync(pipeline.desk.practise, handover_id, f"line-{len(file.exchanges)}", line.text)
    elif kind == "text":
        pipeline.translate_later(handover_id, number, body["text"], reply_language(file.entry.language) or "en")


def _heard(form: FormData) -> int | None:
    """Give how many messages of the visitor's the page showed when a chat was ended."""
    heard = text_of(form, "heard", 9)
    return int(heard) if heard.isdecimal() else None


async def _hand_back(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    await to_thread.run_sync(pipeline_of(request).desk.hand_back, handover_id, who.member, _heard(form))
    return RedirectResponse("/staff/queue", 303)


async def _put_back(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    await to_thread.run_sync(pipeline_of(request).desk.put_back, handover_id, who.member)
    return RedirectResponse("/staff/queue", 303)


async def _close(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    outcome, topic = text_of(form, "outcome", 24), text_of(form, "topic", 24)
    if outcome not in OUTCOMES:
        raise MessageRefused("staff.choose_outcome", 422)
    about = topic if topic in NEEDS else None
    await to_thread.run_sync(pipeline_of(request).desk.close, handover_id, who.member, outcome, about, False, _heard(form))
    return RedirectResponse("/staff/queue", 303)


async def _block(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    await to_thread.run_sync(pipeline_of(request).desk.close, handover_id, who.member, "abusive", None, True)
    return RedirectResponse("/staff/queue", 303)


def _redacted(request: Request, text: str) -> str:
    return pipeline_of(request).reader.redact(clean(text)).text


async def _note(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    text = text_of(form, "note", LONGEST)
    if not has_words(text):
        raise MessageRefused("staff.empty", 422)
    await to_thread.run_sync(pipeline_of(request).desk.note, handover_id, who.member, _redacted(request, text))
    return None


async def _escalate(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    concern, done = text_of(form, "concern", 24), text_of(form, "done", LONGEST)
    contact = text_of(form, "contact", 200)
    if concern not in CONCERNS or not contact or not has_words(done):
        raise MessageRefused("staff.fill_escalation", 422)
    await to_thread.run_sync(pipeline_of(request).desk.escalate, handover_id, who.member, concern, contact, _redacted(request, done))
    return None


async def _contact(request: Request, who: Session, handover_id: int, form: FormData) -> Response | None:
    """Show how to call the visitor back, once: it stands in no address and no page that is kept."""
    contact = await to_thread.run_sync(pipeline_of(request).desk.contact, handover_id, who.member)
    return show(request, who, "staff/contact.html", contact=contact, id=handover_id)


DEEDS = {
    "text": _write,
    "phrase": _phrase,
    "service": _service,
    "hand_back": _hand_back,
    "put_back": _put_back,
    "close": _close,
    "block": _block,
    "note": _note,
    "escalate": _escalate,
    "contact": _contact,
}
"""What can be done in a chat, by the value of the button."""

routes = [
    Route("/staff/chat/{id:number}", signed_in(show_chat, LIBRARIANS), methods=["GET"]),
    Route("/staff/chat/{id:number}", signed_in(act, LIBRARIANS), methods=["POST"]),
]
