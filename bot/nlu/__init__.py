"""Thin Rasa parts over ``bot.understanding``; the only package that imports rasa."""
