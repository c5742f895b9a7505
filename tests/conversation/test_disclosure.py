"""What is shown of counts: no small one can be worked out, by sums, by what is part of what, or by comparing periods.

What somebody could work out is found here by trying every table there could be.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.disclosure import FEWEST, Figure, Hidden, tables, totals

SMALL, OTHER = Hidden.SMALL, Hidden.OTHER
SMALL_ONES = set(range(FEWEST))
Rows = tuple[int, ...]
rows = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 25)), min_size=2, max_size=4)


def values(figure: Figure, highest: int, nothing_is_said: bool = False) -> Sequence[int]:
    """Give what a figure could stand for."""
    if isinstance(figure, int):
        return (figure,)
    return range(FEWEST) if figure is SMALL else range(0 if nothing_is_said else FEWEST, highest + 1)


def explanations(shown: Sequence[Figure], total: Figure, highest: int) -> list[Rows]:
    """Give every table that would be shown so, under a total that is shown so; ``highest`` is what no total could be above."""
    whole = all(figure is OTHER for figure in shown)
    found = product(*(values(figure, highest, whole) for figure in shown))
    return [one for one in found if sum(one) in values(total, highest)]


def by_row(found: Sequence[Rows], row: int) -> set[int]:
    return {one[row] for one in found}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ([100, 50, 7], (100, 50, 7)),
        ([100, 50, 2], (100, OTHER, SMALL)),
        ([100, 50, 2, 0, 1], (100, OTHER, SMALL, SMALL, SMALL)),
        ([100, 50, 4, 4, 1], (100, OTHER, SMALL, SMALL, SMALL)),
        ([100, 50, 3, 0, 1], (100, 50, SMALL, SMALL, SMALL)),
        ([100, 5, 0, 30], (100, OTHER, SMALL, OTHER)),
        ([6, 0], (OTHER, OTHER)),
        ([1, 0, 3], (SMALL, SMALL, SMALL)),
        ([0, 0], (SMALL, SMALL)),
        ([7], (7,)),
        ([3], (SMALL,)),
    ],
)
def test_small_ones_are_hidden_and_what_would_give_them_away(told: list[int], shown: tuple[Figure, ...]) -> None:
    assert tables([told]) == (shown,)


@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=1, max_size=3))
def test_no_small_count_is_ever_shown(parts: list[list[int]]) -> None:
    counts = list(accumulate(parts, lambda before, more: [a + b for a, b in zip(before, more, strict=True)]))
    for line, figures in zip(counts, tables(parts), strict=True):
        for count, figure in zip(line, figures, strict=True):
            assert figure in ((SMALL, OTHER) if count < FEWEST else (count, OTHER))
    for total, figure in zip(accumulate(map(sum, parts)), totals([sum(part) for part in parts]), strict=True):
        assert figure in ((SMALL,) if total < FEWEST else (total, OTHER))


@given(rows)
@settings(max_examples=200)
def test_by_the_total_no_small_count_can_be_told_from_any_other_small_one(told: list[int]) -> None:
    found = explanations(tables([told])[0], totals([sum(told)])[0], sum(told))
    assert tuple(told) in found
    for row, count in enumerate(told):
        if count < FEWEST:
            assert by_row(found, row) >= SMALL_ONES & set(range(sum(told) + 1))


@given(rows, st.data())
@settings(max_examples=200)
def test_nor_by_knowing_a_part_of_every_larger_count(told: list[int], data: st.DataObject) -> None:
    parts = [data.draw(st.integers(0, count)) for count in told]
    (shown,) = tables([told], least=[parts])
    if all(figure is OTHER for figure in shown):
        return
    found = explanations(shown, sum(told), sum(told)) if sum(told) >= FEWEST else []
    found = [one for one in found if all(a >= b or a < FEWEST for a, b in zip(one, parts, strict=True))]
    for row, count in enumerate(told):
        if count < FEWEST <= sum(told):
            assert by_row(found, row) >= SMALL_ONES


@given(rows, st.data())
@settings(max_examples=200)
def test_nor_by_knowing_what_every_larger_count_is_part_of(told: list[int], data: st.DataObject) -> None:
    wholes = [count + data.draw(st.integers(0, 10)) for count in told]
    (shown,) = tables([told], most=[wholes])
    if all(figure is OTHER for figure in shown):
        return
    found = explanations(shown, sum(told), sum(told)) if sum(told) >= FEWEST else []
    found = [one for one in found if all(a <= b or a < FEWEST for a, b in zip(one, wholes, strict=True))]
    for row, count in enumerate(told):
        if count < FEWEST <= sum(told):
            assert by_row(found, row) >= SMALL_ONES


def both_periods(recent: Sequence[int], before: Sequence[int]) -> Iterator[tuple[Rows, Rows]]:
    """Give every pair of tables, of a period and of the longer one that holds it, that would be shown as these are."""
    longer = [a + b for a, b in zip(recent, before, strict=True)]
    shown, shown_longer = tables([recent, before])
    total, total_longer = totals([sum(recent), sum(before)])
    for short in explanations(shown, total, sum(recent) if total is not SMALL else FEWEST):
        for long in explanations(shown_longer, total_longer, sum(longer) + FEWEST):
            if all(a <= b for a, b in zip(short, long, strict=True)):
                yield short, long


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), min_size=2, max_size=3))
@settings(max_examples=200)
def test_nor_by_comparing_a_period_with_a_longer_one(told: list[tuple[int, int]]) -> None:
    recent, before = [one for one, _ in told], [one for _, one in told]
    found = list(both_periods(recent, before))
    longer = [sum(one) for one in told]
    shown, shown_longer = tables([recent, before])
    assert (tuple(recent), tuple(longer)) in found
    for row in range(len(told)):
        if shown[row] is SMALL and sum(recent) >= FEWEST:
            assert {short[row] for short, _ in found} == SMALL_ONES
        if shown_longer[row] is SMALL and sum(longer) >= FEWEST:
            assert {long[row] for _, long in found} == SMALL_ONES
        if 0 < before[row] < FEWEST:
            grown = {long[row] - short[row] for short, long in found}
            assert len(grown) >= FEWEST or all(figure is OTHER for figure in (*shown, *shown_longer))


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([100, 20], (100, 120)),
        ([100, 2], (100, OTHER)),
        ([100, 2, 0], (100, OTHER, OTHER)),
        ([100, 2, 50], (100, OTHER, 152)),
        ([100, 0], (100, 100)),
        ([3, 1, 20], (SMALL, SMALL, 24)),
        ([3, 3], (SMALL, OTHER)),
        ([0, 0], (SMALL, SMALL)),
    ],
)
def test_a_total_is_hidden_that_would_tell_how_little_came_before(parts: list[int], shown: tuple[Figure, ...]) -> None:
    assert totals(parts) == shown


def test_a_count_that_grew_by_a_few_is_hidden() -> None:
    assert tables([[100, 50, 20], [40, 2, 30]]) == ((100, 50, 20), (140, OTHER, OTHER))


def test_where_nothing_came_before_the_longer_period_tells_what_the_shorter_one_does() -> None:
    recent = [100, 50, 2, 0]
    shown, shown_longer = tables([recent, [0, 0, 0, 0]])
    assert shown == shown_longer == tables([recent])[0]
