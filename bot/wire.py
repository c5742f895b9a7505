"""What passes between the front door, Rasa and the actions: names of fields, and a reading as plain JSON.

Nothing personal is in it: the reading has codes, the text was redacted before.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.understanding.reading import Reading

READING = "reading"
"""Message metadata: what the front door read."""

DECISION = "decision"
"""The custom part of the bot's message: a ``bot.answers.dialogue.Decision`` as JSON."""


def describe_reading(reading: "Reading") -> dict[str, Any]:
    """Write a reading as JSON: language, urgent, place (key inside the area), outside (name), names_language, redacted."""
    return {
        "language": reading.language,
        "urgent": reading.urgent,
        "place": reading.place.inside.key if reading.place.inside else None,
        "outside": reading.place.outside,
        "names_language": reading.names_language,
        "redacted": reading.redacted,
    }
