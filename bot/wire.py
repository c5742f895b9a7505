"""Names and terms of what passes between the front door, Rasa and the actions. Nothing personal is in it."""

READING = "reading"
"""Message metadata: what the front door read, as ``Reading.as_json`` writes it."""

DECISION = "decision"
"""The custom part of the bot's message: a ``bot.answers.dialogue.Decision`` as JSON."""

ALSO = "also"
"""On a parsed message: further needs that other parts of it tell, as topic codes."""

NEED_OF_A_PART = 0.6
"""How likely a part of a message must make a need for it to be one of them."""

REST = "rest"
"""On a parsed message: intent and confidence of what is left of it without places and circumstances, where something is."""
