"""Personal data is taken out of a visitor's words before anything is stored, logged or passed on.

What goes: telephone numbers, e-mail addresses, National Insurance, Home Office, ARC, BRP and passport numbers, bank
details, any other long run of digits, and the last part of a full postcode. Digits of every script count. Removing too
much costs little; a date, a sum of money and the short numbers people are told to call (999, 111) stay.
"""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from stdnum import iban

MARK = "[…]"
"""What stands where personal data was."""

_GAP = r"[\s.\-‐-―/]?"
_DATE = re.compile(r"(?<!\d)(?:\d{1,2}([./-])\d{1,2}\1(?:19|20)\d{2}|(?:19|20)\d{2}([./-])\d{1,2}\2\d{1,2})(?!\d)")
_MONEY = re.compile(r"[£$€]\s?\d[\d,.]*|\d[\d,.]*\s?(?:£|€|\$|pounds?|gbp)\b", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>()\[\],;:،؛]+\s?@\s?[^\s@<>()\[\],;،؛]+\.[^\s@<>()\[\],;،؛]{2,}")
_POSTCODE = re.compile(r"\b([A-Z]{1,2}\d[A-Z\d]?)(\s?\d[ABD-HJLNP-UW-Z]{2})\b", re.IGNORECASE)
_NINO = re.compile(rf"\b[A-CEGHJ-PR-TW-Z]{{2}}{_GAP}(?:\d{{2}}{_GAP}){{3}}[A-D]?(?![A-Za-z\d])", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z\d]){11,30}", re.IGNORECASE)
# Letters and digits run together, as Home Office, ARC, BRP, passport and GWF references are: A1234567, ZX1234567,
# APP/12345678, GWF012345678, AA 1234567.
_REFERENCE = re.compile(rf"\b[A-Z]{{1,5}}{_GAP}\d(?:{_GAP}\d){{5,15}}(?:/\d{{1,4}})?(?:\s?[A-Z])?(?![A-Za-z\d])", re.IGNORECASE)
_SORT_CODE = re.compile(r"(?<!\d)\d{2}[\s.\-‐-―]\d{2}[\s.\-‐-―]\d{2}(?!\d)")
_DIGITS = re.compile(rf"(?<![\d])\+?\(?\d(?:{_GAP}[()]?{_GAP}\d){{5,24}}(?!\d)")


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


def redact(text: str) -> Redacted:
    """Take personal data out of ``text``, putting ``MARK`` in its place; a postcode keeps its first half."""
    plain = _ascii_digits(text)
    kept = [match.span() for pattern in (_DATE, _MONEY) for match in pattern.finditer(plain)]
    spans: list[tuple[int, int]] = []

    def take(start: int, end: int) -> None:
        if not any(start < last and first < end for first, last in kept):
            spans.append((start, end))

    for match in _EMAIL.finditer(plain):
        spans.append(match.span())
    for match in _POSTCODE.finditer(plain):
        spans.append((match.start(2) + len(match[2]) - len(match[2].lstrip()), match.end(2)))
    for match in _IBAN.finditer(plain):
        if iban.is_valid(match[0]) or sum(c.isdigit() for c in match[0]) >= 10:
            spans.append(match.span())
    for number in phonenumbers.PhoneNumberMatcher(plain, "GB", leniency=phonenumbers.Leniency.POSSIBLE):
        if sum(c.isdigit() for c in number.raw_string) >= 7:
            take(number.start, number.end)
    for pattern in (_NINO, _REFERENCE, _SORT_CODE, _DIGITS):
        for match in pattern.finditer(plain):
            take(*match.span())
    if not spans:
        return Redacted(text, False)
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start >= at:
            parts += [text[at:start], MARK]
        at = max(at, end)
    return Redacted("".join(parts) + text[at:], True)
