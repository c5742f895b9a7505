"""One written form of words that people spell in many ways, for comparing them."""

import unicodedata

# Arabic, Persian, Pashto and Sorani letters that keyboards swap for one another.
_LETTERS = str.maketrans("أإآٱةىکیۀؤئەېۍێۆټډړڕڵګ", "ااااهيكيهويهيييوتدررلگ", "ـ\u200c")


def fold(text: str) -> str:
    """Write ``text`` so that spellings compare: lower case, no accents or vowel marks, one form of each Arabic letter."""
    # й and ї are letters of their own, not и and і with an accent.
    parts = unicodedata.normalize("NFKD", text.casefold().replace("ё", "е").replace("й", "\ue000").replace("ї", "\ue001"))
    bare = "".join(c for c in parts if not unicodedata.combining(c)).replace("\ue000", "й").replace("\ue001", "ї")
    return bare.translate(_LETTERS).replace("’", "'").replace("ʼ", "'")
