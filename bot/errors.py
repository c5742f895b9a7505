"""The errors of the product.

DeskError
├── SettingsError          an environment variable holds something unusable
├── SetUpError             something that must be there at start is not (model, database, port)
├── PackError              a row of an area pack is wrong; names file, row, column, value and what to type
├── EngineAway             Rasa did not answer in time, or is still loading
├── MessageRefused         what a visitor sent cannot be taken; carries a catalogue key and an HTTP status
└── UnknownConversation    no conversation has this token, or it has ended
    └── ConversationLeft   its visitor left for good: nothing that belongs to it may be shown again

No error carries the text of a message.
"""


class DeskError(Exception):
    """Any failure that the product knows how to explain."""


class SettingsError(DeskError):
    """An environment variable holds something that cannot be used."""


class SetUpError(DeskError):
    """Something needed at start is missing; the text says what to do."""


class PackError(DeskError):
    """One or more rows of an area pack are wrong.

    ``problems`` lists one sentence a fault, each naming file, row, column, value and what would be right.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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


class UnknownConversation(DeskError):
    """No conversation has this token, or it has ended."""


class ConversationLeft(UnknownConversation):
    """The visitor left this conversation for good: nothing that belongs to it may be shown again."""
