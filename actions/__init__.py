"""Rasa's custom actions: from a tracker to ``bot.answers``, a few lines each."""
