"""Examples of one step share rows: whole, each once, within the budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tunesmith.data.packing import pack

LENGTHS = st.lists(st.integers(1, 50), max_size=40)


@given(lengths=LENGTHS, budget=st.integers(1, 120))
def test_every_example_lies_in_exactly_one_row(lengths: list[int], budget: int) -> None:
    assert sorted(position for row in pack(lengths, budget) for position in row) == list(range(len(lengths)))


@given(lengths=LENGTHS, budget=st.integers(1, 120))
def test_only_a_lone_example_exceeds_the_budget(lengths: list[int], budget: int) -> None:
    for row in pack(lengths, budget):
        assert row
        assert len(row) == 1 or sum(lengths[position] for position in row) <= budget


@given(lengths=LENGTHS, budget=st.integers(1, 120))
def test_lengths_fall_from_row_to_row(lengths: list[int], budget: int) -> None:
    in_order = [lengths[position] for row in pack(lengths, budget) for position in row]
    assert in_order == sorted(lengths, reverse=True)


def test_equal_lengths_stay_in_the_order_of_the_file() -> None:
    assert pack([4, 4, 4, 4, 4], 8) == [[0, 1], [2, 3], [4]]


def test_example_longer_than_the_budget_gets_a_row_of_its_own() -> None:
    assert pack([3, 99, 3], 10) == [[1], [0, 2]]


def test_examples_that_fill_the_budget_exactly_share_a_row() -> None:
    assert pack([5, 3, 2], 10) == [[0, 1, 2]]


def test_no_examples_make_no_rows() -> None:
    assert pack([], 10) == []


@given(lengths=LENGTHS)
def test_num_rows_is_near_the_least_possible(lengths: list[int]) -> None:
    """Taken in falling order, any two neighbouring rows together hold more than one budget."""
    rows = pack(lengths, 60)
    sums = [sum(lengths[position] for position in row) for row in rows]
    assert all(sums[i] + lengths[rows[i + 1][0]] > 60 for i in range(len(rows) - 1))
