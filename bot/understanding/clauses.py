"""The parts of a message that may each tell a need of its own."""

import re

from bot.understanding.letters import words

_STOPS = re.compile(r"[.!?;,:؟؛،。！？；，、።፣፤\n]+|(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])")
"""A space between two Han characters, which are written without, is a stop too."""
_JOINING = re.compile(
    r"(?<!\w)(?:and|also|plus|then|і|й|та|також|ще|и|также|еще|و|وكمان|كمان|وبرضه|وأيضا|وايضا|او|هم|همچنان|هەروەها|وە|ከምኡውን|ከምኡ'ውን|ድማ|iyo|"
    r"sidoo kale|oo|si|și|ir|taip pat|dar|oraz|tez|też|wa|va|ham)(?!\w)|同埋|另外|仲有|以及|還有|同時|(?<=\wን) ",
    re.IGNORECASE,
)
SHORTEST, SHORTEST_HAN = 4, 2
"""Letters of a part that may tell a need by itself ("shaqo", work)."""
FEWEST_WORDS = 2
"""Words that a correction keeps."""
MOST = 4
"""Parts that are looked at: each costs as much as a message."""


def split(text: str) -> list[str]:
    """Give the parts of ``text`` between stops and joining words, where there are at least two worth looking at."""
    parts = [part.strip() for stretch in _STOPS.split(text) for part in _JOINING.split(stretch)]
    worth = [part for part in parts if _worth(part)]
    return worth[:MOST] if len(worth) >= 2 else []


def _worth(part: str) -> bool:
    han = len(re.findall(r"[\u3400-\u9fff]", part))
    return han >= SHORTEST_HAN if han else sum(map(len, words(part))) >= SHORTEST


_NO = r"no|nope|sorry|wrong|ні|нет|не|nu|nie|ne|لا|مو|مش|نه|نخیر|نی|نا|na|nah|kheir|نه،|نەخێر|ኖኖ|ኣይ|ኣይፋል|aykonen|maya|may|唔係|不是|唔|不"
_BEGINS_WITH_NO = re.compile(rf"\W*(?:{_NO})(?!\w)|\W*(?:唔係|不是)", re.IGNORECASE)
_DENIED_AT_THE_END = re.compile(
    r"[\s,،，]+(?:not|а не|ані|не|nu|nie|ne|مش|مو|ليس|نه|نا|نەک|ma aha|唔係|不是)\s*"
    r"(?:(?:a|an|the|for|to|w|do|la|la o)\s+)?(?:\S+\s*){1,2}$",
    re.IGNORECASE,
)
_DENIED_AT_THE_START = re.compile(
    rf"^\W*(?:{_NO})[\s,،，]+(?:\S+\s+)?(?:not|не|nu|nie|ne|مش|مو|唔係|不是)\s*(?:(?:a|an|the|for|to)\s+)?\S+?[,،，.]\s*", re.IGNORECASE
)


def without_denied(text: str) -> str:
    """Give a correction without what it says is not meant ("no, I need a doctor, not a school"); any other text as it is."""
    if not _BEGINS_WITH_NO.match(text):
        return text
    shorter = _DENIED_AT_THE_START.sub("", _DENIED_AT_THE_END.sub("", text.rstrip(" .!?؟。")))
    return shorter if len(words(shorter)) > FEWEST_WORDS else text
