"""What is shown of counts: no small one can be worked out, by sums, by what is part of what, or by comparing periods."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.disclosure import FEWEST, Figure, Hidden, alone, longer, table

SMALL, OTHER = Hidden.SMALL, Hidden.OTHER
SMALL_ONES = tuple(range(FEWEST))
counts = st.lists(st.one_of(st.integers(0, 9), st.integers(0, 30)), min_size=2, max_size=4)


@lru_cache(maxsize=4096)
def explanations(shown: tuple[Figure, ...], total: int) -> tuple[tuple[int, ...], ...]:
    """Give every table that would be consistent with what is shown and with the total."""
    whole_is_hidden = all(figure is OTHER for figure in shown)

    def could_be(figure: Figure) -> Sequence[int]:
        if isinstance(figure, int):
            return (figure,)
        if figure is SMALL:
            return SMALL_ONES
        return range(0 if whole_is_hidden else FEWEST, total + 1)

    return tuple(one for one in product(*map(could_be, shown)) if sum(one) == total)


def could_be(found: Sequence[tuple[int, ...]], at: int) -> set[int]:
    return {one[at] for one in found}


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
    ],
)
def test_small_ones_are_hidden_and_what_would_give_them_away(told: list[int], shown: tuple[Figure, ...]) -> None:
    assert table(told) == shown


@given(counts)
def test_no_small_count_is_ever_shown(told: list[int]) -> None:
    for count, figure in zip(told, table(told), strict=True):
        assert figure in (SMALL, OTHER) if count < FEWEST else figure in (count, OTHER)


@given(counts)
@settings(max_examples=300, deadline=None)
def test_whoever_knows_the_total_cannot_tell_a_small_count_from_any_other_small_one(told: list[int]) -> None:
    if sum(told) < FEWEST:
        # Then the total is not known either.
        assert alone(sum(told)) is SMALL
        return
    found = explanations(table(told), sum(told))
    assert tuple(told) in found
    for at, count in enumerate(told):
        if count < FEWEST:
            assert could_be(found, at) >= set(SMALL_ONES)


@given(st.lists(st.integers(0, 30), min_size=2, max_size=4), st.data())
@settings(max_examples=300, deadline=None)
def test_nor_can_who_knows_a_part_of_every_larger_count(told: list[int], data: st.DataObject) -> None:
    parts = [data.draw(st.integers(0, count)) for count in told]
    shown = table(told, least=parts)
    if all(figure is OTHER for figure in shown):
        return
    found = [one for one in explanations(shown, sum(told)) if all(a >= b or a < FEWEST for a, b in zip(one, parts, strict=True))]
    for at, count in enumerate(told):
        if count < FEWEST <= sum(told):
            assert could_be(found, at) >= set(SMALL_ONES)


@given(st.lists(st.integers(0, 20), min_size=2, max_size=4), st.data())
@settings(max_examples=300, deadline=None)
def test_nor_can_who_knows_what_every_larger_count_is_part_of(told: list[int], data: st.DataObject) -> None:
    wholes = [count + data.draw(st.integers(0, 10)) for count in told]
    shown = table(told, most=wholes)
    if all(figure is OTHER for figure in shown):
        return
    found = [one for one in explanations(shown, sum(told)) if all(a <= b or a < FEWEST for a, b in zip(one, wholes, strict=True))]
    for at, count in enumerate(told):
        if count < FEWEST <= sum(told):
            assert could_be(found, at) >= set(SMALL_ONES)


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 8)), min_size=2, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_longer_period_tells_no_small_count_of_the_shorter_or_of_what_came_before_it(told: list[tuple[int, int]]) -> None:
    recent, before = [one for one, _ in told], [one for _, one in told]
    both = [sum(one) for one in told]
    shown = table(recent)
    shown_longer = longer(both, recent, shown)
    if sum(recent) < FEWEST or 0 < sum(before) < FEWEST:
        return
    found = [
        (short, long)
        for short in explanations(shown, sum(recent))
        for long in explanations(shown_longer, sum(both))
        if all(a <= b for a, b in zip(short, long, strict=True))
    ]
    assert (tuple(recent), tuple(both)) in found
    for at in range(len(told)):
        if recent[at] < FEWEST:
            assert len({short[at] for short, _ in found}) > 1
        if both[at] < FEWEST:
            assert len({long[at] for _, long in found}) > 1
        if 0 < before[at] < FEWEST:
            assert len({long[at] - short[at] for short, long in found}) > 1


def test_a_count_that_grew_by_a_few_is_hidden_and_one_that_stayed_as_it_was_stays_hidden() -> None:
    assert longer([100, 52, 30], [100, 50, 20], (100, 50, 20)) == (100, OTHER, OTHER)
    recent = table([100, 50, 2])
    assert longer([200, 50, 2], [100, 50, 2], recent) == (200, OTHER, SMALL)


def test_the_table_of_one_count_is_its_total() -> None:
    assert table([7]) == (7,)
    assert table([3]) == (SMALL,)
