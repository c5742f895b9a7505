"""The parts of a message that may each tell a need of its own."""

import re

from bot.understanding.letters import words

_STOPS = re.compile(r"[.!?;,:؟؛،。！？；，、።፣፤\n]+")
_JOINING = re.compile(
    r"(?<!\w)(?:and|also|plus|then|і|й|та|також|ще|и|также|еще|و|او|هم|همچنان|هەروەها|وە|ከምኡውን|ከምኡ'ውን|ድማ|iyo|sidoo kale|oo|si|și|"
    r"ir|taip pat|dar|oraz|tez|też|wa|va|ham)(?!\w)|同埋|另外|仲有|以及|還有|同時",
    re.IGNORECASE,
)
FEWEST_WORDS, FEWEST_HAN = 2, 3
MOST = 4
"""Parts that are looked at: each costs as much as a message."""


def split(text: str) -> list[str]:
    """Give the parts of ``text`` between stops and joining words, where there are at least two worth looking at."""
    parts = [part.strip() for stretch in _STOPS.split(text) for part in _JOINING.split(stretch)]
    worth = [p for p in parts if len(p.split()) >= FEWEST_WORDS or len(re.findall(r"[\u3400-\u9fff]", p)) >= FEWEST_HAN]
    return worth[:MOST] if len(worth) >= 2 else []


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
