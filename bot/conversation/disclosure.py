"""Which counts may be shown: the rule that keeps a single person from being seen in them.

1. A count under FEWEST is not shown, but as "fewer than five"; none is as good as four.
2. The counts of a table add up to a total that is shown elsewhere, and those of a longer period hold those of the shorter one. So further
   counts are hidden, the least of the same table first, until by all that is shown every count under FEWEST could be any number from none
   to four; and until, of what a longer period has more than the shorter one, where that is one to four, FEWEST numbers are possible.
3. Where hiding single counts is not enough, the whole table is hidden, without saying which of its counts are under FEWEST.
4. The order of a table never depends on its counts: it would tell of a hidden one what it lies between.

What is possible is worked out exactly. The tables are a flow: the units of each part of time run into the rows, and along a row from period
to period; what is shown are bounds of it. A count can be one more or one less where a unit can go round another way (Ford and Fulkerson,
"Flows in Networks", 1962, chapter I; on hiding in tables: Cox, "Network models for complementary cell suppression", JASA 90, 1995).
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

FEWEST = 5


class Hidden(Enum):
    """A count that is not shown: SMALL is under FEWEST, OTHER would let a small one be worked out."""

    SMALL = "small"
    OTHER = "other"


Figure = int | Hidden
"""A count as it is shown."""
Bounds = Sequence[Sequence[float]] | None


@dataclass
class _Arc:
    """One way of the flow, from ``tail`` to ``head``, with what is known of how much goes there."""

    tail: int
    head: int
    flow: int
    low: float = 0
    high: float = math.inf

    def tell(self, figure: Figure, least: float = 0, most: float = math.inf) -> None:
        """Bound it by what is shown."""
        if isinstance(figure, int):
            self.low = self.high = figure
        elif figure is Hidden.SMALL:
            self.low, self.high = 0, FEWEST - 1
        else:
            # What somebody may know is never more than what is so.
            self.low, self.high = min(max(FEWEST, least), self.flow), max(most, self.flow)


class _Flow:
    """The counts of a table over one period after the other; each method tries what is possible and leaves the flow as it is."""

    def __init__(self, parts: Sequence[Sequence[int]], totals: Sequence[Figure]) -> None:
        periods, rows = len(parts), len(parts[0])
        sums = list(accumulate(sum(part) for part in parts))

        # Nodes: for each period one for the total and one for its own part; for each period and row one; the last is where all ends.
        def cell(period: int, row: int) -> int:
            return 2 * periods + period * rows + row

        end = cell(periods, 0)
        self.parts = [_Arc(at, periods + at, sum(part)) for at, part in enumerate(parts)]
        self.totals = [_Arc(at + 1 if at + 1 < periods else end, at, sums[at]) for at in range(periods)]
        self.grown = [[_Arc(periods + at, cell(at, row), parts[at][row]) for row in range(rows)] for at in range(periods)]
        counts = [list(accumulate(parts[at][row] for at in range(periods))) for row in range(rows)]
        self.cells = [
            [_Arc(cell(at, row), cell(at + 1, row) if at + 1 < periods else end, counts[row][at]) for row in range(rows)]
            for at in range(periods)
        ]
        for arc, figure in zip(self.totals, totals, strict=True):
            arc.tell(figure)
        self._arcs = [*self.parts, *self.totals, *(arc for lines in (*self.grown, *self.cells) for arc in lines)]
        self._out: list[list[_Arc]] = [[] for _ in range(end + 1)]
        self._in: list[list[_Arc]] = [[] for _ in range(end + 1)]
        for arc in self._arcs:
            self._out[arc.tail].append(arc)
            self._in[arc.head].append(arc)

    def could_be(self, arc: _Arc, most: int) -> tuple[int, int]:
        """Give how much less and how much more could go an arc's way, each up to ``most``, by all that is told."""
        less = self._other_way(arc.tail, arc.head, arc, min(most, arc.flow - arc.low))
        return less, self._other_way(arc.head, arc.tail, arc, min(most, arc.high - arc.flow))

    def _other_way(self, start: int, goal: int, without: _Arc, most: float) -> int:
        """Give how many units, up to ``most``, could go from one node to another without using an arc."""
        kept = [arc.flow for arc in self._arcs]
        found = 0
        while found < most and (way := self._way(start, goal, without)):
            units = int(min(most - found, *(arc.high - arc.flow if forward else arc.flow - arc.low for arc, forward in way)))
            for arc, forward in way:
                arc.flow += units if forward else -units
            found += units
        for arc, flow in zip(self._arcs, kept, strict=True):
            arc.flow = flow
        return found

    def _way(self, start: int, goal: int, without: _Arc) -> list[tuple[_Arc, bool]]:
        """Find the shortest way on which a unit can go, along arcs or back."""
        came: dict[int, tuple[int, _Arc, bool]] = {start: (start, without, True)}
        waiting = deque([start])
        while waiting and goal not in came:
            node = waiting.popleft()
            for arcs, forward in ((self._out[node], True), (self._in[node], False)):
                for arc in arcs:
                    to = arc.head if forward else arc.tail
                    room = arc.high - arc.flow if forward else arc.flow - arc.low
                    if to not in came and room > 0 and arc is not without:
                        came[to] = (node, arc, forward)
                        waiting.append(to)
        way, node = [], goal
        while node in came and node != start:
            before, arc, forward = came[node]
            way.append((arc, forward))
            node = before
        return way if goal in came else []


def totals(parts: Sequence[int]) -> tuple[Figure, ...]:
    """Give the totals of periods, the shortest first, from what each has more than the one before: hidden where that shows a few."""
    shown: list[Figure] = []
    for total, more in zip(accumulate(parts), parts, strict=True):
        tells = bool(shown) and (0 < more < FEWEST or (not more and shown[-1] is Hidden.OTHER))
        shown.append(Hidden.SMALL if total < FEWEST else Hidden.OTHER if tells else total)
    return tuple(shown)


def tables(parts: Sequence[Sequence[int]], least: Bounds = None, most: Bounds = None) -> tuple[tuple[Figure, ...], ...]:
    """Give the counts of a table, as they are shown, for one period after the other, the shortest first.

    ``parts`` has the rows of what each period has more than the one before. ``least`` and ``most`` are, for each period, what somebody may
    know each count of FEWEST or more to be at least and at most from elsewhere: a part of it that is shown, what it is a part of.
    """
    flow = _Flow(parts, totals([sum(part) for part in parts]))
    shown: list[list[Figure]] = [[Hidden.SMALL if arc.flow < FEWEST else arc.flow for arc in line] for line in flow.cells]

    def tell(at: int, row: int) -> None:
        bounds = [bound[at][row] if bound else default for bound, default in ((least, 0.0), (most, math.inf))]
        flow.cells[at][row].tell(shown[at][row], *bounds)

    def hide(at: int, row: int) -> bool:
        """Hide one more count, of this period where there is one left; give whether there was any."""
        for period in sorted(range(len(shown)), key=lambda one: abs(one - at)):
            left = [one for one, figure in enumerate(shown[period]) if isinstance(figure, int)]
            if left:
                gone = row if row in left and period == at else min(left, key=lambda one: (flow.cells[period][one].flow, one))
                for same, arcs in enumerate(flow.cells):
                    # What did not change from period to period would tell it all the same.
                    if arcs[gone].flow == flow.cells[period][gone].flow:
                        shown[same][gone] = Hidden.OTHER
                        tell(same, gone)
                return True
        for line in shown:
            line[:] = [Hidden.OTHER] * len(line)
        return False

    cells = [(at, row, arc) for at, arcs in enumerate(flow.cells) for row, arc in enumerate(arcs)]
    for at, row, _ in cells:
        tell(at, row)
    for at, row, arc in cells:
        while shown[at][row] is Hidden.SMALL and flow.could_be(arc, FEWEST) != (arc.flow, FEWEST - 1 - arc.flow) and hide(at, row):
            pass
    grown = [(at, row, arc) for at, arcs in enumerate(flow.grown) for row, arc in enumerate(arcs) if at]
    grown += [(at, -1, arc) for at, arc in enumerate(flow.parts) if at]
    for at, row, arc in grown:
        while 0 < arc.flow < FEWEST and sum(flow.could_be(arc, FEWEST - 1)) < FEWEST - 1 and hide(at, row):
            pass
    if any(figure is not Hidden.OTHER for line in shown for figure in line):
        _show_what_is_no_secret(flow, shown)
    return tuple(tuple(line) for line in shown)


def _show_what_is_no_secret(flow: _Flow, shown: list[list[Figure]]) -> None:
    """Show what was hidden and can be worked out all the same; by then, that is never a count under FEWEST."""
    everything = [(at, row, arc) for at, line in enumerate(flow.cells) for row, arc in enumerate(line)]
    for at, row, arc in everything:
        # Only what the tables themselves tell counts, not what was taken to be known beside them.
        arc.tell(shown[at][row])
    for at, row, arc in everything:
        if shown[at][row] is Hidden.OTHER and flow.could_be(arc, 1) == (0, 0):
            shown[at][row] = arc.flow
