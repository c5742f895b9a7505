"""The parts of a message that may each tell a need of its own."""

import re

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
