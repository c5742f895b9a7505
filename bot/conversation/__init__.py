"""Conversations as the front door keeps them: who (a token only), what was said, what was offered; and their end."""
