"""The shapes of the chat API, and the OpenAPI document made from them."""

from typing import Any, Literal

import msgspec

from bot import __version__


class ChatRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A message. Exactly one of text (at most 1,000 characters) and choice."""

    session: str | None = None
    text: str | None = None
    choice: str | None = None
    language: str | None = None
    message_id: str | None = None


class UnderstoodShape(msgspec.Struct):
    topic: str | None
    also: list[str]
    urgent: str | None
    place: str | None
    circumstances: list[str]
    confidence: float


class ServiceShape(msgspec.Struct):
    id: str
    name: str
    name_meaning: str
    organization: str
    summary: str
    summary_lang: str
    summary_en: str
    phone: str
    phone_note: str
    phone_free: bool | None
    call_price: Literal["free", "standard", ""]
    interpreter: str
    email: str
    email_note: str
    url: str
    address: str
    alert: str
    hours: str
    hours_note: str
    open_now: bool | None
    languages: list[str]
    spoken: str
    free: bool | None
    cost: str
    eligibility: str
    for_whom: str
    regulated_by: str | None
    topics: list[str]
    serves: list[str]
    serves_said: list[str]
    checked_on: str | None
    freshness: Literal["unchecked", "fresh", "overdue", "long_overdue"]
    source: str
    hours_en: str
    for_whom_en: str


class LeftOutShape(msgspec.Struct, omit_defaults=True):
    name: str
    reason: str
    reason_en: str = ""


class ChoiceShape(msgspec.Struct):
    label: str
    value: str
    label_en: str


class ReplyShape(msgspec.Struct, omit_defaults=True):
    """A reply; the fields after text_en (the same in English, where lang is another) are there for the kinds that have them."""

    kind: Literal["text", "guidance", "services", "choices", "urgent", "notice"]
    lang: str
    text: str
    text_en: str = ""
    reviewed: bool = True
    phone: str = ""
    source: str = ""
    source_date: str = ""
    checked_on: str | None = None
    freshness: Literal["unchecked", "fresh", "overdue", "long_overdue", ""] = ""
    services: list[ServiceShape] = []
    left_out: list[LeftOutShape] = []
    choices: list[ChoiceShape] = []


class HandoverShape(msgspec.Struct):
    state: Literal["none", "waiting", "with_staff", "message_left", "closed"]
    reference: str | None


class ChatResponse(msgspec.Struct):
    session: str | None
    language: str
    understood: UnderstoodShape
    replies: list[ReplyShape]
    handover: HandoverShape


class FeedbackRequest(msgspec.Struct, forbid_unknown_fields=True):
    helped: bool
    about: str | None = None
    comment: str = ""


class SaidShape(msgspec.Struct):
    """One thing that the desk said; ``from`` is the first name or role of who said it, ``kind`` text, phrase, service, or what happened."""

    number: int
    kind: str
    sender: str = msgspec.field(name="from")
    at: str
    replies: list[ReplyShape]


class QueueShape(msgspec.Struct):
    """Where a chat stands that waits; ``live`` tells whether somebody is at the desk just now."""

    place: int
    waited_seconds: int
    live: bool


class EventsResponse(msgspec.Struct, omit_defaults=True):
    """What the desk said since ``after``. As a stream: ``said`` (with the number as id), ``state`` (the rest of this), ``ended``."""

    events: list[SaidShape]
    handover: HandoverShape
    writing: bool
    translations: int
    queue: QueueShape | None = None
    holder: str = msgspec.field(name="with", default="")


class CallbackRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A telephone number or e-mail address, kept only where ``wanted`` says that a call back is."""

    contact: str
    wanted: bool


class ReferenceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The reference code of a chat."""

    reference: str


class ReferenceResponse(msgspec.Struct):
    """A session of the chat on this device; what the desk said up to ``after`` is not shown in it."""

    session: str
    language: str
    after: int


class Problem(msgspec.Struct):
    """An RFC 9457 problem; ``detail`` says what to do.

    While the engine is away, urgent, notices (emergency beds that are open), understood and directory are there.
    """

    type: str
    title: str
    status: int
    detail: str
    lang: str
    urgent: ReplyShape | None = None
    notices: list[ReplyShape] = []
    understood: UnderstoodShape | None = None
    directory: str = ""
    session: str = ""


ANSWERED = (
    "The answer. While officers have switched the assistant off, it is notices that say so (the second, where there is one, is what they "
    "wrote, in English), below urgent words where they are due, with a button for a person where one can be asked for. While they have "
    "switched the handover to staff off, who asks for a person is told so in the same way, with other ways to reach the library."
)


def openapi() -> dict[str, Any]:
    """Give the OpenAPI 3.1 document of the chat API."""
    types = (ChatRequest, ChatResponse, FeedbackRequest, EventsResponse, CallbackRequest, ReferenceRequest, ReferenceResponse, Problem)
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")

    def ref(name: str, media: str = "application/json") -> dict[str, Any]:
        return {"content": {media: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}

    def problem(description: str) -> dict[str, Any]:
        return {"description": description, **ref("Problem", "application/problem+json")}

    retry = {"headers": {"Retry-After": {"schema": {"type": "integer"}}}}
    bearer: list[dict[str, list[str]]] = [{"session": []}]
    away = {**problem("The engine is away; emergency numbers and what was understood are in the body."), **retry}
    many = {**problem("Too many messages."), **retry}
    unknown = problem("Unknown or expired session.")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Welcome Desk chat API", "version": __version__},
        "paths": {
            "/api/v1/chat": {
                "post": {
                    "operationId": "chat",
                    "requestBody": {"required": True, **ref("ChatRequest")},
                    "responses": {
                        "200": {"description": ANSWERED, **ref("ChatResponse")},
                        "400": problem("Not JSON."),
                        "404": unknown,
                        "413": problem("Too long."),
                        "422": problem("JSON of another shape, an empty message, or a choice that was not offered."),
                        "429": many,
                        "503": away,
                    },
                },
                "delete": {
                    "operationId": "erase",
                    "security": bearer,
                    "responses": {
                        "204": {"description": "Erased everywhere."},
                        "202": {"description": "Erased here; Rasa, being away, erases its part as soon as it is back."},
                        "404": unknown,
                    },
                },
            },
            "/api/v1/chat/events": {
                "get": {
                    "operationId": "events",
                    "security": bearer,
                    "parameters": [{"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}}],
                    "responses": {
                        "200": {"description": "What staff wrote.", **ref("EventsResponse")},
                        "404": unknown,
                        "422": problem("after is not a whole number."),
                    },
                }
            },
            "/api/v1/chat/callback": {
                "post": {
                    "operationId": "callback",
                    "security": bearer,
                    "requestBody": {"required": True, **ref("CallbackRequest")},
                    "responses": {
                        "204": {"description": "Kept, encrypted, until the chat is closed."},
                        "400": problem("Not JSON."),
                        "404": unknown,
                        "422": problem("Not wanted, not a number or address that can be used, or no person is asked for."),
                        "429": many,
                    },
                }
            },
            "/api/v1/chat/reference": {
                "post": {
                    "operationId": "reference",
                    "requestBody": {"required": True, **ref("ReferenceRequest")},
                    "responses": {
                        "200": {"description": "The chat, open on this device too.", **ref("ReferenceResponse")},
                        "400": problem("Not JSON."),
                        "404": problem("No chat has this code."),
                        "422": problem("Not a code: a digit is wrong."),
                        "429": problem("Too many wrong codes."),
                    },
                }
            },
            "/api/v1/chat/feedback": {
                "post": {
                    "operationId": "feedback",
                    "security": bearer,
                    "requestBody": {"required": True, **ref("FeedbackRequest")},
                    "responses": {
                        "204": {"description": "Kept, for an officer to read."},
                        "400": problem("Not JSON."),
                        "404": unknown,
                        "409": problem("Nobody reads feedback now, so none is taken: no officer has an account, or some lies unread."),
                        "413": problem("Too long."),
                        "422": problem("JSON of another shape."),
                        "429": many,
                    },
                }
            },
        },
        "components": {"schemas": components, "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}}},
    }
