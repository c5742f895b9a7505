"""Which counts may be shown: the rule that keeps a single person from being seen in them.

1. A count under FEWEST is not shown, but as "fewer than five"; none is as good as four.
2. The counts of a table add up to a total that is taken to be known. So further counts are hidden, the least first, until every count
   under FEWEST could be any number from none to four, with the other hidden ones making up the difference.
3. Where a longer period holds one to four more than the shorter one that it contains, the longer one's count is hidden, and so is one
   that is the same as a hidden one of the shorter period. The first could have grown by none to four, by the measure of 2.
4. Where hiding single counts is not enough, the whole table is hidden.
5. The order of a table never depends on its counts: it would tell of a hidden one what it lies between.
"""

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType

FEWEST = 5
NOTHING: Mapping[int, range] = MappingProxyType({})


class Hidden(Enum):
    """A count that is not shown: SMALL is under FEWEST, OTHER would let a small one be worked out."""

    SMALL = "small"
    OTHER = "other"


Figure = int | Hidden
"""A count as it is shown."""


def alone(count: int) -> Figure:
    """Give a count that is in no table."""
    return Hidden.SMALL if count < FEWEST else count


def table(
    counts: Sequence[int],
    least: Sequence[float] | None = None,
    most: Sequence[float] | None = None,
    hide: Mapping[int, range] = NOTHING,
) -> tuple[Figure, ...]:
    """Give the counts of a table, whose total is known, as they are shown.

    ``least`` and ``most`` are what somebody may know each count to be at least and at most from elsewhere (a part of it that is shown, what
    it is a part of); ``hide`` gives the places of counts that are to be hidden in any case, and what each must then seem able to be.
    """
    small = {i for i, count in enumerate(counts) if count < FEWEST}
    if sum(counts) < FEWEST:
        return tuple(Hidden.SMALL for _ in counts)
    low = [0 if i in small else max(FEWEST, least[i] if least else 0) for i in range(len(counts))]
    high = [FEWEST - 1 if i in small else max(count, most[i] if most else math.inf) for i, count in enumerate(counts)]
    seems = {**hide, **{i: range(FEWEST) for i in small}}
    hidden = set(seems)

    def is_guarded(at: int) -> bool:
        """Tell whether the other hidden counts can make up for whatever this one is taken to be."""
        together, others = sum(counts[i] for i in hidden), [i for i in hidden if i != at]
        return sum(low[i] for i in others) <= together - seems[at][-1] and sum(high[i] for i in others) >= together - seems[at][0]

    while not all(is_guarded(i) for i in seems):
        shown = set(range(len(counts))) - hidden
        if not shown:
            return tuple(Hidden.OTHER for _ in counts)
        hidden.add(min(shown, key=lambda i: (counts[i], i)))
    return tuple(Hidden.SMALL if i in small else Hidden.OTHER if i in hidden else count for i, count in enumerate(counts))


def longer(
    counts: Sequence[int],
    shorter: Sequence[int],
    shown: Sequence[Figure],
    least: Sequence[float] | None = None,
    most: Sequence[float] | None = None,
) -> tuple[Figure, ...]:
    """Give the counts of a table over a longer period, whose ``shorter`` part is told as ``shown`` elsewhere."""
    hide = {}
    for i, (count, before) in enumerate(zip(counts, shorter, strict=True)):
        if count >= FEWEST and 0 < count - before < FEWEST:
            hide[i] = range(max(FEWEST, before), before + FEWEST)
        elif count >= FEWEST and count == before and shown[i] is Hidden.OTHER:
            hide[i] = range(count, count + 1)
    known = [figure if isinstance(figure, int) else 0 for figure in shown]
    lowest = [max(one, other) for one, other in zip(known, least or [0] * len(counts), strict=True)]
    return table(counts, lowest, most, hide)
