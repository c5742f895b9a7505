"""Personal data is taken out of a visitor's words before anything is stored, logged or passed on.

What goes: telephone numbers, e-mail addresses, National Insurance, Home Office, ARC, BRP and passport numbers, bank
details, any other long run of digits, the last part of a full postcode, and a name given as such ("my name is"). Digits of
every script count. Removing too much costs little; a date, a sum of money and the short numbers people are told to call (999, 111) stay.
"""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from stdnum import iban

from bot.understanding.names import NameFinder

MARK = "[…]"
"""What stands where personal data was."""

_GAP = r"[\s.\-‐-―/]?"
_START, _END = r"(?<![A-Za-z\d])", r"(?![A-Za-z\d])"
"""Edges of a Latin word, which another script may touch: ``\\b`` sees none between 住 and CB4."""

# What looks like a number to take out and is not: dates, years, hours, sums of money.
_ALONE_BEFORE, _ALONE_AFTER = r"(?<![\d./-])(?<!\d[ .])", r"(?![./-]?\d)(?! \d{1,4}(?!\d))"
_KEPT = tuple(
    re.compile(f"{_ALONE_BEFORE}(?:{pattern}){_ALONE_AFTER}", re.IGNORECASE)
    for pattern in (
        r"\d{1,2}([.-])\d{1,2}\1(?:1[34]|19|20)\d{2}",
        r"(?:1[34]|19|20)\d{2}([./])\d{1,2}\1\d{1,2}",
        r"(?:0?[1-9]|[12]\d|3[01])([./])(?:0?[1-9]|1[0-2])\1\d{2}",
        r"(?<=[^\W\d_] )\d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}",
        r"(?:19|20)\d{2}\s?[-–/]\s?(?:(?:19|20)\d{2}|\d{2})",
        r"\d{1,2}[.:]\d{2}\s?[-–]\s?\d{1,2}[.:]\d{2}",
        r"[£$€]\s?(?!0\d)\d{1,3}(?:,?\d{3}){0,2}(?:\.\d{1,2})?",
        r"(?!0\d)\d{1,3}(?:,\d{3}){0,2}(?:\.\d{1,2})?\s?(?:£|€|\$|pounds?\b|gbp\b)(?!\s?\d)",
    )
)
_KEPT += (
    # A date written so is no part of a telephone number, whatever stands beside it.
    re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}/(?:1[34]|19|20)\d{2}(?![\d/])"),
    re.compile(r"(?<![\d-])(?:1[34]|19|20)\d{2}-\d{2}-\d{2}(?![\d-])"),
)
_EMAIL = re.compile(r"[^\s@<>()\[\],;:،؛]+\s?@\s?[^\s@<>()\[\],;،؛]+\.[^\s@<>()\[\],;،؛]{2,}")
_POSTCODE = re.compile(rf"{_START}([A-Z]{{1,2}}\d[A-Z\d]?)([\s-]?\d\s?[ABD-HJLNP-UW-Z]{{2}}){_END}", re.IGNORECASE)
_SPACED_POSTCODE = re.compile(rf"{_START}[A-Z]{{1,2}} \d[A-Z\d]? (\d[ABD-HJLNP-UW-Z]{{2}}){_END}")
_NINO = re.compile(rf"{_START}[A-CEGHJ-PR-TW-Z]{{2}}{_GAP}(?:\d{{2}}{_GAP}){{3}}[A-D]?{_END}", re.IGNORECASE)
_IBAN = re.compile(rf"{_START}[A-Z]{{2}}\d{{2}}(?:\s?[A-Z\d]){{11,30}}", re.IGNORECASE)
# Letters and digits run together, as Home Office, ARC, BRP, passport and GWF references are: A1234567, ZX1234567,
# APP/12345678, GWF012345678. Where a space is between them, the digits alone are taken by _DIGITS.
_REFERENCE = re.compile(rf"{_START}[A-Z]{{1,5}}[-/.]?\d(?:{_GAP}\d){{5,15}}(?:/\d{{1,4}})?[A-Z]?{_END}", re.IGNORECASE)
_SORT_CODE = re.compile(r"(?<!\d)\d{2}[\s.\-‐-―]\d{2}[\s.\-‐-―]\d{2}(?!\d)")
_DIGITS = re.compile(rf"(?<!\d)\+?\(?\d(?:{_GAP}[()]?{_GAP}\d){{5,}}(?!\d)")
_SHORTEST = 5
"""A piece of a match, cut off by something that is kept, goes too when it has this many digits."""


@dataclass(frozen=True)
class Redacted:
    """The text that may be kept, and whether anything was taken out."""

    text: str
    found: bool


def _ascii_digits(text: str) -> str:
    """Write the digits of every script as 0 to 9 and full-width letters as ASCII; every character keeps its place."""
    letters = []
    for c in text:
        digit = unicodedata.digit(c, None)
        if digit is not None and unicodedata.category(c) == "Nd":
            letters.append(str(digit))
        elif "\uff01" <= c <= "\uff5e":
            letters.append(chr(ord(c) - 0xFEE0))
        else:
            letters.append(c)
    return "".join(letters)


def redact(text: str, names: NameFinder) -> Redacted:
    """Take personal data out of ``text``, putting ``MARK`` in its place; a postcode keeps its first half."""
    plain = _ascii_digits(text)
    kept = sorted(match.span() for pattern in _KEPT for match in pattern.finditer(plain))
    spans: list[tuple[int, int]] = []

    def take(start: int, end: int) -> None:
        """Take out what of start to end is not kept."""
        pieces, at, cut = [], start, False
        for first, last in kept:
            if first < end and last > at:
                pieces.append((at, first))
                at, cut = max(at, last), True
        pieces.append((at, end))
        spans.extend((a, b) for a, b in pieces if a < b and (not cut or sum(c.isdigit() for c in plain[a:b]) >= _SHORTEST))

    for match in _EMAIL.finditer(plain):
        spans.append(match.span())
    for match in _POSTCODE.finditer(plain):
        spans.append((match.start(2) + len(match[2]) - len(match[2].lstrip()), match.end(2)))
    spans += [match.span(1) for match in _SPACED_POSTCODE.finditer(plain)]
    for match in _IBAN.finditer(plain):
        if iban.is_valid(match[0]) or sum(c.isdigit() for c in match[0]) >= 10:
            spans.append(match.span())
    for number in phonenumbers.PhoneNumberMatcher(plain, "GB", leniency=phonenumbers.Leniency.POSSIBLE):
        if sum(c.isdigit() for c in number.raw_string) >= 7:
            take(number.start, number.end)
    for pattern in (_NINO, _REFERENCE, _SORT_CODE, _DIGITS):
        for match in pattern.finditer(plain):
            take(*match.span())
    spans += names.find(text)
    if not spans:
        return Redacted(text, False)
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            parts += [text[at:start], MARK]
        at = max(at, end)
    return Redacted("".join(parts) + text[at:], True)
