"""Reference codes: ten digits, which every language reads aloud and every telephone can type, the last of them a check digit.

Digits and not letters: B, D, E, P, T and V sound alike, and few visitors know the Latin alphabet by ear. Nine random digits make a
thousand million codes, so that a guess among a few hundred chats takes months at the pace that ``bot.web`` allows, from wherever. The check
digit is Damm's (H. M. Damm, "Total anti-symmetrische Quasigruppen", 2004), which notices every single wrong digit and every two that
changed places.
"""

import secrets
import unicodedata

from stdnum import damm

DIGITS = 10


def new_reference() -> str:
    """Give a code that cannot be guessed."""
    number = f"{secrets.randbelow(10 ** (DIGITS - 1)):0{DIGITS - 1}d}"
    return number + str(damm.calc_check_digit(number))


def spoken(reference: str) -> str:
    """Write a code in groups, as it is read aloud: ``482 915 0375``, with spaces at which no line breaks."""
    return f"{reference[:3]}\u00a0{reference[3:6]}\u00a0{reference[6:]}"


def read_reference(typed: str) -> str | None:
    """Give the code that somebody typed, in digits of any script, with spaces or dashes or without; None where it cannot be one."""
    digits = "".join(str(unicodedata.digit(c)) for c in typed if unicodedata.category(c) == "Nd")
    return digits if len(digits) == DIGITS and damm.is_valid(digits) else None
