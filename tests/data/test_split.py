"""A split is drawn by the seed, keeps duplicates together and leaks nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.core.errors import UserError
from tunesmith.data.examples import CompletionExample, Dataset
from tunesmith.data.leakage import leakage
from tunesmith.data.split import split


def dataset(*texts: str, path: str = "train.jsonl") -> Dataset:
    examples = (CompletionExample(line, text, "answer") for line, text in enumerate(texts, 1))
    return Dataset(path, "prompt_completion", "0" * 64, tuple(examples))


def lines(part: Dataset) -> list[int]:
    return [example.line for example in part.examples]


HUNDRED = dataset(*(f"question {number}" for number in range(100)))


def test_share_is_held_back_and_order_kept() -> None:
    training, validation = split(HUNDRED, 0.1, seed=1)
    assert (len(training.examples), len(validation.examples)) == (90, 10)
    assert lines(training) == sorted(lines(training))
    assert lines(validation) == sorted(lines(validation))
    assert sorted(lines(training) + lines(validation)) == list(range(1, 101))


def test_split_depends_on_the_seed_only() -> None:
    assert split(HUNDRED, 0.1, seed=1) == split(HUNDRED, 0.1, seed=1)
    assert split(HUNDRED, 0.1, seed=1) != split(HUNDRED, 0.1, seed=2)


def test_rows_added_later_move_few_of_the_others() -> None:
    longer = dataset(*(f"question {number}" for number in range(110)))
    before, after = set(lines(split(HUNDRED, 0.1, seed=1)[1])), set(lines(split(longer, 0.1, seed=1)[1]))
    assert len(before & after) >= 7


def test_duplicates_stay_on_one_side() -> None:
    doubled = dataset(*(f"question {number % 50}" for number in range(100)))
    training, validation = split(doubled, 0.2, seed=3)
    assert leakage(training, validation) == []
    assert len(validation.examples) == 20


def test_few_distinct_examples_still_leave_one_on_each_side() -> None:
    training, validation = split(dataset("a", "a", "a", "b", "b"), 0.1, seed=0)
    assert (len(training.examples), len(validation.examples)) == (3, 2)
    training, validation = split(dataset("a", "b"), 0.99, seed=0)
    assert (len(training.examples), len(validation.examples)) == (1, 1)


@pytest.mark.parametrize("texts", [(), ("a",), ("a", "a", "a")])
def test_too_few_distinct_examples_are_refused(texts: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="too few to hold any back"):
        split(dataset(*texts), 0.5, seed=0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 3.0, float("nan")])
def test_share_outside_0_and_1_is_refused(share: float) -> None:
    with pytest.raises(UserError, match="not between 0 and 1"):
        split(HUNDRED, share, seed=0)


@given(
    texts=st.lists(st.sampled_from("abcdefgh"), min_size=2).filter(lambda texts: len(set(texts)) > 1),
    share=st.floats(0.01, 0.99),
    seed=st.integers(),
)
def test_no_split_loses_or_leaks_an_example(texts: list[str], share: float, seed: int) -> None:
    training, validation = split(dataset(*texts), share, seed)
    assert sorted(lines(training) + lines(validation)) == list(range(1, len(texts) + 1))
    assert training.examples
    assert validation.examples
    assert leakage(training, validation) == []
