"""Texts with plural forms: apart in the files of gettext, one text with marks between within the product."""

from collections.abc import Callable
from functools import lru_cache
from gettext import c2py

from babel.messages.catalog import Message
from babel.messages.plurals import get_plural

from bot.codes import locale_of

FORMS = " | "
"""What stands between the plural forms of a text, which come in the order of its language's ``Plural-Forms``."""


@lru_cache
def plural_rule(language: str) -> tuple[int, Callable[[int], int]]:
    """Give how many plural forms a language has, and the function that says which of them (from 0) a number takes.

    The rules are gettext's, as Babel has them: https://www.gnu.org/software/gettext/manual/html_node/Plural-forms.html.
    """
    rule = get_plural(locale_of(language))
    return rule.num_plurals, c2py(rule.plural_expr)


def key_and_text(message: Message) -> tuple[str, str]:
    """Give the key of an entry of a file and its text; a plural one has its forms with FORMS between, or no text where one is lacking."""
    if isinstance(message.id, str):
        return message.id, str(message.string or "")
    return str(message.id[0]), FORMS.join(message.string) if all(message.string) else ""


def has_forms(key: str) -> bool:
    """Tell whether a text has plural forms: a number with its unit, and nothing else."""
    return key.startswith("number.")


def as_in_a_file(key: str, text: str) -> tuple[str | tuple[str, str], str | tuple[str, ...]]:
    """Give the id and the string of an entry of a file, with its plural forms apart where it has some."""
    return ((key, key), tuple(text.split(FORMS))) if has_forms(key) else (key, text)
