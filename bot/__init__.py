"""Welcome Desk: a chat and signposting assistant for people seeking sanctuary."""

__version__ = "0.1.0"
