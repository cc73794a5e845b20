"""Nothing is cut or dropped without being counted and named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.examples import TokenizedExample
from tunesmith.data.over_length import OverLengthPolicy, apply_over_length

CUTTING: list[OverLengthPolicy] = ["drop", "truncate_left", "truncate_right"]


def example(weights: str, line: int = 1) -> TokenizedExample:
    """``"..xx"``: tokens 0, 1, 2, 3, of which the last two are trained on."""
    return TokenizedExample(line, tuple(range(len(weights))), tuple(float(mark == "x") for mark in weights))


SHORT, LONG = example("..xx", line=1), example("....xxxx", line=2)


def test_examples_that_fit_are_left_alone() -> None:
    for policy in CUTTING:
        result = apply_over_length([SHORT, LONG], 8, policy)
        assert (result.kept, result.num_over_length, result.problems) == ((SHORT, LONG), 0, ())
    assert apply_over_length([SHORT, LONG], 8, "error").kept == (SHORT, LONG)


def test_error_names_every_line_with_its_length() -> None:
    with pytest.raises(Problems) as raised:
        apply_over_length([SHORT, LONG, example("x" * 1200, line=9)], 5, "error", file="train.jsonl")
    found = [(problem.file, problem.line, problem.message) for problem in raised.value.problems]
    assert found == [("train.jsonl", 2, "8 tokens"), ("train.jsonl", 9, "1,200 tokens")]
    assert "raise max_seq_len to 1200" in raised.value.hint


def test_drop_counts_what_is_lost() -> None:
    result = apply_over_length([SHORT, LONG], 5, "drop")
    assert result.kept == (SHORT,)
    assert (result.rows_dropped, result.tokens_cut, result.trained_tokens_lost, result.end_tokens_lost) == (1, 8, 4, 0)


def test_truncate_left_keeps_the_end() -> None:
    result = apply_over_length([SHORT, LONG], 5, "truncate_left")
    assert result.kept[1].token_ids == (3, 4, 5, 6, 7)
    assert (result.rows_dropped, result.tokens_cut, result.trained_tokens_lost, result.end_tokens_lost) == (0, 3, 0, 0)


def test_truncate_left_keeps_the_first_token_when_asked() -> None:
    result = apply_over_length([LONG], 5, "truncate_left", keep_first_token=True)
    assert result.kept[0].token_ids == (0, 4, 5, 6, 7)
    assert result.kept[0].loss_weights == (0, 1, 1, 1, 1)


def test_truncate_right_tells_of_lost_end_tokens() -> None:
    result = apply_over_length([SHORT, LONG], 5, "truncate_right")
    assert result.kept[1].token_ids == (0, 1, 2, 3, 4)
    assert (result.tokens_cut, result.trained_tokens_lost, result.end_tokens_lost) == (3, 3, 1)


def test_example_left_without_trained_tokens_is_dropped_and_counted() -> None:
    result = apply_over_length([LONG], 4, "truncate_right")
    assert (result.kept, result.rows_dropped, result.trained_tokens_lost) == ((), 1, 4)
    assert "nothing to train on was left" in result.problems[0].message


def test_samples_do_not_vanish_without_a_word() -> None:
    many = [example("." * number + "x", line=number) for number in range(1, 301)]
    for policy in CUTTING:
        result = apply_over_length(many, 70, policy)
        assert [problem.line for problem in result.problems] == list(range(70, 301))
        assert result.num_over_length == 231


def test_length_that_teaches_nothing_is_refused() -> None:
    with pytest.raises(UserError):
        apply_over_length([SHORT], 1, "drop")


@given(
    marks=st.lists(st.text(".x", min_size=1, max_size=30), max_size=8),
    max_seq_len=st.integers(2, 40),
    policy=st.sampled_from(CUTTING),
    keep_first=st.booleans(),
)
def test_counts_add_up(marks: list[str], max_seq_len: int, policy: OverLengthPolicy, keep_first: bool) -> None:
    examples = [example(text, line) for line, text in enumerate(marks, 1)]
    result = apply_over_length(examples, max_seq_len, policy, keep_first_token=keep_first)
    assert all(len(kept.token_ids) == len(kept.loss_weights) <= max_seq_len for kept in result.kept)
    assert len(result.kept) + result.rows_dropped == len(examples)
    assert sum(len(kept.token_ids) for kept in result.kept) + result.tokens_cut == sum(map(len, marks))
    before, after = (sum(one.num_trained_tokens for one in each) for each in (examples, result.kept))
    assert before - after == result.trained_tokens_lost
