"""What is taken off a message before anything looks at it."""

import re
import unicodedata

LONGEST = 1000
"""How many characters a message may have."""

# Direction marks and overrides, zero-width space and joiner, byte-order mark. The zero-width non-joiner stays: Persian
# is spelt with it.
INVISIBLE = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x200D, 0x200E, 0x200F, 0x061C, 0xFEFF])


def clean(text: str) -> str:
    """Give ``text`` in composed form without control characters, direction marks, lone surrogates or spare white space."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text if not "\ud800" <= c <= "\udfff")
    plain = unicodedata.normalize("NFC", "".join(kept).translate(INVISIBLE))
    return re.sub(r"\s+", " ", plain).strip(" \u200c")


def has_words(text: str) -> bool:
    """Tell whether ``text`` holds anything but punctuation and space."""
    return any(unicodedata.category(c)[0] in "LNS" for c in text)
