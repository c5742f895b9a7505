"""What the desk tells of a handover: frozen values, to each side what it may know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversation.store import Exchange
from bot.handover.accounts import Member
from bot.handover.states import NONE

SAID = ("text", "phrase", "service")
"""Kinds of a desk message that a member of staff writes; the others say what happened."""


@dataclass(frozen=True)
class DeskStatus:
    """Whether somebody can be talked to at a moment, and if not, when the desk opens next (None where nobody can say).

    ``staffed`` tells whether there is anybody at all who will read a message; ``queue`` is how many wait already. ``off`` says that
    officers have switched the handover off: who waits is still served, and nobody new is taken.
    """

    staffed: bool = False
    open: bool = False
    present: int = 0
    closes_at: datetime | None = None
    opens_at: datetime | None = None
    queue: int = 0
    off: bool = False

    @property
    def live(self) -> bool:
        """Whether somebody is there to talk to: in desk hours, with somebody signed in."""
        return self.open and self.present > 0

    @property
    def takes_chats(self) -> bool:
        """Whether a chat with a person is offered now."""
        return self.live and not self.off

    @property
    def takes_messages(self) -> bool:
        """Whether a message can be left for staff."""
        return self.staffed and not self.off


@dataclass(frozen=True)
class View:
    """A handover as its visitor's side needs it.

    ``place`` in the queue counts from 1, 0 where the chat does not wait; ``translations`` is how many of the desk's texts have one.
    """

    state: str = NONE
    reference: str | None = None
    holder: str = ""
    place: int = 0
    asked_at: datetime | None = None
    callback: bool = False
    translations: int = 0


@dataclass(frozen=True)
class Said:
    """One thing that the desk said; ``sender`` is the first name or role of who said it."""

    number: int
    kind: str
    body: dict[str, Any]
    sender: str
    sent_at: datetime
    translation: str | None = None


@dataclass(frozen=True)
class Entry:
    """A line of the queue: nothing of what was said, only what staff need in order to choose.

    ``last_used_at`` is when anything was last done in the chat, from which its end is counted.
    """

    id: int
    state: str
    reference: str
    language: str
    topic: str | None
    urgent: str | None
    urgent_at: datetime | None
    asked_at: datetime
    last_used_at: datetime
    holder: Member | None
    reason: str
    callback: bool
    practice: bool


@dataclass(frozen=True)
class Change:
    """A line of a handover's history."""

    at: datetime
    from_state: str
    to_state: str
    actor: str
    by: str
    reason: str


@dataclass(frozen=True)
class Remark:
    """A note for the next member of staff."""

    text: str
    by: str
    written_at: datetime


@dataclass(frozen=True)
class File:
    """All of a handover that the member of staff who has it may see; ``gone`` tells that no device has it open now, ``opened`` that
    one ever had."""

    entry: Entry
    exchanges: tuple[Exchange, ...]
    said: tuple[Said, ...]
    changes: tuple[Change, ...]
    notes: tuple[Remark, ...]
    seen: int
    blocked: bool
    gone: bool
    opened: bool
    scenario: str


@dataclass(frozen=True)
class Accepted:
    """A message that is kept under ``message_id``: the answer it has already, if it was sent before, and whether staff answer it.

    ``left`` says that it was kept as a message for the desk to read later, ``turned_away`` that it was meant to be one, and none is taken.
    """

    answer: dict[str, Any] | None
    for_desk: bool
    message_id: str
    left: bool = False
    turned_away: bool = False
