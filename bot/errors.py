"""The errors of the product.

DeskError
├── SettingsError          an environment variable holds something unusable
├── SetUpError             something that must be there at start is not (model, database, port)
├── BackupError            a backup cannot be made, read or restored; the text says what to do
├── PackError              a row of the directory is wrong; names file, row, column, value and what to type
├── Overtaken              somebody changed a record since it was read; holds it as it is now
├── NotApproved            a proposed change cannot be put into force by this officer, or waits no more
├── FeedError              a feed may not be fetched, or what answers is no feed; the text says what to do
├── AreaError              a new area cannot be made, or there is none of that name; the text says what to do
├── EngineAway             Rasa did not answer in time, or is still loading
├── MessageRefused         what a visitor sent cannot be taken; carries a catalogue key and an HTTP status
├── AlreadyTaken           somebody else has this chat, or it is not there to be taken
├── NotHeard               a visitor wrote something that staff have not been shown, so the chat is not ended yet
├── NotTheirs              the state of a handover does not allow what was asked for, or somebody else has it
├── UnknownConversation    no conversation has this token, or it has ended
│   └── ConversationLeft   its visitor left for good: nothing that belongs to it may be shown again
├── AccountError           an account of the desk cannot be made or changed so; the text says what to do
├── ColdWeatherRefused     emergency beds cannot be said to be open so; says which of the officer's words is wrong
├── SwitchRefused          something cannot be switched off or on so; says which of the words is wrong
├── DeskOff                the handover is switched off, so no new chat begins
├── WordingRefused         an officer's change of a text cannot be taken; carries a catalogue key that says what to do
├── CatalogueRefused       a translator's file cannot be taken; carries every fault with its line
├── CouncilAway            the council's sign-in does not answer
├── CouncilRefused         who came back from the council's sign-in is not let in; carries why
├── SignInRefused          a member of staff cannot sign in: it is wrong, or too much was wrong before
└── SignedOut              no session of the desk has this token, or it is over

No error carries the text of a message.
"""

from collections.abc import Sequence
from typing import Any


class DeskError(Exception):
    """Any failure that the product knows how to explain."""


class SettingsError(DeskError):
    """An environment variable holds something that cannot be used."""


class SetUpError(DeskError):
    """Something needed at start is missing; the text says what to do."""


class BackupError(DeskError):
    """A backup cannot be made, read or restored, and nothing was changed; the text says what to do."""


class PackError(DeskError):
    """One or more rows of an area pack are wrong.

    ``problems`` lists one sentence a fault, each naming file, row, column, value and what would be right.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Overtaken(DeskError):
    """Somebody changed a record since it was read. ``record`` is a ``bot.directory.changes.Record`` as it is now."""

    def __init__(self, record: Any) -> None:
        super().__init__(f"{record.kind} {record.key} has changed meanwhile")
        self.record = record


class NotApproved(DeskError):
    """A proposed change cannot be put into force; ``why`` is ``own`` (its proposer may not) or ``decided`` (it waits no more)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class FeedError(DeskError):
    """A feed may not be fetched, cannot be reached, or is none. The text names the address and says what to do."""


class AreaError(DeskError):
    """A new area cannot be made so, or there is none of that name; the text says what to do."""


class EngineAway(DeskError):
    """Rasa did not answer in time, or is still loading."""


class MessageRefused(DeskError):
    """What a visitor sent cannot be taken.

    ``key`` is the catalogue key of the sentence that says what to do; ``status`` the HTTP status.
    """

    def __init__(self, key: str, status: int, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.values = values


class AlreadyTaken(DeskError):
    """A chat cannot be claimed: ``holder`` has it (empty where nobody has), and ``state`` is its state."""

    def __init__(self, holder: str, state: str) -> None:
        super().__init__(f"{state}: {holder}")
        self.holder = holder
        self.state = state


class NotHeard(DeskError):
    """The visitor wrote more than staff were shown when they ended the chat."""


class NotTheirs(DeskError):
    """What was asked for is not allowed in ``state``, or not to who asked."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class UnknownConversation(DeskError):
    """No conversation has this token, or it has ended."""


class ConversationLeft(UnknownConversation):
    """The visitor left this conversation for good: nothing that belongs to it may be shown again."""


class AccountError(DeskError):
    """An account of the desk cannot be made or changed so; the text says what to do and never holds a password."""


class ColdWeatherRefused(DeskError):
    """Emergency beds cannot be said to be open so; ``officer.cold_weather.wrong.<what>`` is the sentence that says what to do."""

    def __init__(self, what: str, **values: object) -> None:
        super().__init__(what)
        self.what = what
        self.values = values


class SwitchRefused(DeskError):
    """Something cannot be switched off or on so; ``officer.off.wrong.<what>`` is the sentence that says what to do."""

    def __init__(self, what: str, **values: object) -> None:
        super().__init__(what)
        self.what = what
        self.values = values


class DeskOff(DeskError):
    """The handover is switched off: no new chat with staff begins."""


class WordingRefused(DeskError):
    """An officer's change of a text cannot be taken.

    ``key`` is the catalogue key of the sentence that says what to do, ``values`` what is put into it; ``decided`` says that somebody else
    was quicker, so that trying again is no use.
    """

    def __init__(self, key: str, decided: bool = False, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.decided = decided
        self.values = values


class CatalogueRefused(DeskError):
    """A translator's file cannot be taken, and nothing of it was.

    ``faults`` has for each the line (0 for the whole file), the key of the text concerned (empty for none), and what is wrong with it.
    """

    def __init__(self, faults: list[tuple[int, str, WordingRefused]]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class CouncilAway(DeskError):
    """The council's sign-in does not answer, or says that it cannot just now."""


class CouncilRefused(DeskError):
    """Somebody who came back from the council's sign-in is not let in; ``staff.council.<reason>`` is the text that says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignInRefused(DeskError):
    """Somebody cannot sign in. ``seconds`` is how long to wait after too much went wrong; 0 where it is simply wrong."""

    def __init__(self, seconds: int = 0) -> None:
        super().__init__(f"wait {seconds} seconds" if seconds else "the username or the password is wrong")
        self.seconds = seconds


class SignedOut(DeskError):
    """No session of the desk has this token, or it is over."""
