"""Logits to a token: greedy, tempered, or from the smallest set that holds enough probability."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch

from tunesmith.core.errors import UserError
from tunesmith.infer.sampling import Sampler, Sampling, sample, top_logprobs

# Sums of these are exact in binary, so that a border of the nucleus is exact too.
HALVES = torch.tensor([0.125, 0.5, 0.0625, 0.25, 0.0625])


def next_token(logits_V: torch.Tensor, sampler: Sampler) -> int:
    (token,) = sample(logits_V[None], [sampler])
    assert token is not None
    return token


def drawn(probabilities: torch.Tensor, sampling: Sampling, count: int = 400) -> Counter[int]:
    sampler = Sampler(sampling, 0)
    return Counter(next_token(probabilities.log(), sampler) for _ in range(count))


def test_temperature_of_zero_takes_the_most_likely_token() -> None:
    assert drawn(HALVES, Sampling(temperature=0.0, top_p=0.1)) == {1: 400}


def test_tie_goes_to_the_first_token() -> None:
    assert next_token(torch.zeros(7), Sampler(Sampling(), 0)) == 0


@pytest.mark.parametrize(
    "top_p, kept",
    [
        (0.01, {1}),
        (0.5, {1}),
        (0.5001, {1, 3}),
        (0.75, {1, 3}),
        (0.8, {0, 1, 3}),
        (0.875, {0, 1, 3}),
        (0.9, {0, 1, 2, 3}),
    ],
)
def test_nucleus_is_the_smallest_set_that_holds_top_p(top_p: float, kept: set[int]) -> None:
    assert set(drawn(HALVES, Sampling(temperature=1.0, top_p=top_p))) == kept


def test_top_p_of_one_keeps_every_token() -> None:
    assert set(drawn(HALVES, Sampling(temperature=1.0))) == {0, 1, 2, 3, 4}


def test_nucleus_keeps_the_proportions_of_what_it_keeps() -> None:
    counts = drawn(HALVES, Sampling(temperature=1.0, top_p=0.75), count=3000)
    assert counts[1] / counts[3] == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize("temperature, share", [(1.0, 0.8), (2.0, 2 / 3), (0.5, 16 / 17)])
def test_temperature_divides_the_logits(temperature: float, share: float) -> None:
    counts = drawn(torch.tensor([0.8, 0.2]), Sampling(temperature=temperature), count=3000)
    assert counts[0] / 3000 == pytest.approx(share, abs=0.03)


def test_temperature_comes_before_the_nucleus() -> None:
    flat = Sampling(temperature=2.0, top_p=0.75)
    assert set(drawn(torch.tensor([0.8, 0.2]), flat)) == {0, 1}
    assert set(drawn(torch.tensor([0.8, 0.2]), Sampling(temperature=1.0, top_p=0.75))) == {0}


@pytest.mark.parametrize("temperature", [1e-3, 1e-30, 1e-45])
def test_tiny_temperature_takes_the_most_likely_token(temperature: float) -> None:
    assert drawn(HALVES, Sampling(temperature=temperature), count=20) == {1: 20}


def draws(seed: int, stream: int) -> list[int]:
    sampler = Sampler(Sampling(temperature=1.0, seed=seed), stream)
    return [next_token(torch.zeros(1000), sampler) for _ in range(8)]


def test_draws_are_a_function_of_seed_and_stream() -> None:
    assert draws(1, 0) == draws(1, 0)
    assert len({tuple(draws(seed, stream)) for seed, stream in ((1, 0), (1, 1), (9, 0))}) == 3


def test_draws_do_not_touch_the_global_generator() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    draws(1, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_bf16_logits_are_sampled_in_fp32() -> None:
    logits = torch.randn(500, generator=torch.Generator().manual_seed(0)).bfloat16()
    one, other = (Sampler(Sampling(temperature=1.0, top_p=0.9), 0) for _ in range(2))
    assert [next_token(logits, one) for _ in range(20)] == [next_token(logits.float(), other) for _ in range(20)]


@pytest.mark.parametrize("temperature", [-0.1, 2.1, float("nan"), float("inf")])
def test_temperature_out_of_range_is_refused(temperature: float) -> None:
    with pytest.raises(UserError, match="temperature"):
        Sampling(temperature=temperature)


@pytest.mark.parametrize("top_p", [0.0, -1.0, 1.01, float("nan")])
def test_top_p_out_of_range_is_refused(top_p: float) -> None:
    with pytest.raises(UserError, match="top_p"):
        Sampling(top_p=top_p)


@pytest.mark.parametrize("tokens", [0, -5])
def test_answer_of_no_tokens_is_refused(tokens: int) -> None:
    with pytest.raises(UserError, match="max_new_tokens"):
        Sampling(max_new_tokens=tokens)


@pytest.mark.parametrize("seed", [-1, 0, 2**63, 2**64 - 1])
def test_any_64_bit_seed_works(seed: int) -> None:
    assert draws(seed, 3) == draws(seed, 3)


LOGITS = torch.tensor([1.0, 1.5, 0.5, 1.4])


def made(sampling: Sampling, count: int, logits: torch.Tensor = LOGITS) -> list[int]:
    sampler = Sampler(sampling, 0)
    return [next_token(logits, sampler) for _ in range(count)]


def test_frequency_penalty_grows_with_each_use_of_a_token() -> None:
    """1: 1.5 → 1.2 → 0.9; 3: 1.4 → 1.1 → 0.8; 0: 1.0 → 0.7."""
    assert made(Sampling(frequency_penalty=0.3), 6) == [1, 3, 1, 3, 0, 1]


def test_presence_penalty_is_taken_once_however_often_a_token_was_used() -> None:
    assert made(Sampling(presence_penalty=0.3), 5) == [1, 3, 1, 1, 1]


def test_negative_penalty_favours_what_was_used() -> None:
    assert made(Sampling(frequency_penalty=-2, logit_bias=((3, 0.05),)), 3) == [1, 1, 1]


def test_penalties_leave_the_logits_of_the_model_as_they_are() -> None:
    logits_NV = LOGITS.repeat(2, 1)
    sample(logits_NV, [Sampler(Sampling(logit_bias=((0, 9.0),)), 0), Sampler(Sampling(), 0)])
    assert torch.equal(logits_NV, LOGITS.repeat(2, 1))


@pytest.mark.parametrize("bias, tokens", [(100.0, {2}), (-100.0, {0, 1, 3})])
def test_bias_makes_a_token_certain_or_impossible(bias: float, tokens: set[int]) -> None:
    assert set(made(Sampling(temperature=2.0, logit_bias=((2, bias),)), 300)) == tokens


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"frequency_penalty": 2.1}, "frequency_penalty"),
        ({"presence_penalty": float("nan")}, "presence_penalty"),
        ({"logit_bias": ((1, 101.0),)}, "logit_bias of token 1"),
        ({"logit_bias": ((1, 1.0), (1, 2.0))}, "names a token twice"),
    ],
)
def test_penalties_and_bias_out_of_range_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Sampling(**changed)


def test_rows_of_one_batch_are_chosen_each_by_its_own_sampling() -> None:
    generator = torch.Generator().manual_seed(5)
    logits_NV = torch.randn(6, 300, generator=generator) * 3
    kinds = [
        Sampling(), Sampling(temperature=1.0), Sampling(temperature=0.7, top_p=0.5, seed=4), Sampling(presence_penalty=2),
        Sampling(temperature=2.0, top_p=0.05, seed=9), Sampling(logit_bias=((250, 100.0),)),
    ]  # fmt: skip
    together, apart = ([Sampler(kind, 0) for kind in kinds] for _ in range(2))
    for _ in range(20):
        expected = [next_token(row, sampler) for row, sampler in zip(logits_NV, apart, strict=True)]
        assert sample(logits_NV, together) == expected


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=1.0)])
def test_row_that_is_not_finite_gets_no_token_and_its_neighbours_theirs(bad: float, sampling: Sampling) -> None:
    logits_NV = LOGITS.repeat(3, 1)
    logits_NV[1, 2] = bad
    tokens = sample(logits_NV, [Sampler(Sampling(), 0), Sampler(sampling, 0), Sampler(Sampling(), 0)])
    assert tokens == [1, None, 1]


def test_nucleus_that_many_draws_miss_is_found() -> None:
    """One token in a hundred is inside: after the draws, sorting finds it."""
    probabilities = torch.full((400,), 0.99 / 399)
    probabilities[321] = 0.01
    assert drawn(probabilities, Sampling(temperature=1.0, top_p=0.005), count=30) == {321: 30}


def test_top_logprobs_are_those_of_the_softmax() -> None:
    logits_MV = torch.randn(3, 50, generator=torch.Generator().manual_seed(1))
    expected_MV = logits_MV.log_softmax(-1)
    for row, (own, top) in enumerate(top_logprobs(logits_MV, [4, 7, 30], [0, 3, 60])):
        assert own == pytest.approx(float(expected_MV[row, [4, 7, 30][row]]), abs=1e-5)
        best = expected_MV[row].topk([0, 3, 50][row])
        assert [token for token, _ in top] == best.indices.tolist()
        assert [value for _, value in top] == pytest.approx(best.values.tolist(), abs=1e-5)


def test_draws_over_a_large_vocabulary_follow_its_probabilities() -> None:
    """Longer than a block of tokens and no multiple of it; most tokens have none, among them whole blocks."""
    probabilities = torch.zeros(1500)
    probabilities[[3, 700, 701, 1499]] = torch.tensor([0.1, 0.4, 0.2, 0.3])
    counts = drawn(probabilities, Sampling(temperature=1.0), count=4000)
    assert set(counts) == {3, 700, 701, 1499}
    assert [counts[token] / 4000 for token in (3, 700, 701, 1499)] == pytest.approx([0.1, 0.4, 0.2, 0.3], abs=0.03)


def test_sampling_leaves_the_logits_alone() -> None:
    """Log-probabilities are read from them afterwards, and they are the model's own."""
    logits_NV = torch.randn(2, 600)
    before = logits_NV.clone()
    sample(logits_NV, [Sampler(Sampling(temperature=0.7, logit_bias=((1, 9.0),)), stream) for stream in range(2)])
    assert torch.equal(logits_NV, before)


@pytest.mark.parametrize(
    "biases, chosen",
    [
        (((0, -100.0),), 2),  # the bias concerns no token that could win
        (((1, 0.5),), 2),  # not enough to win
        (((1, 1.0),), 1),  # a tie goes to the first
        (((1, 3.0),), 1),
        (((2, -3.0),), 1),  # the largest itself is biased
        (((2, 1.0), (1, 1.5)), 2),
    ],
)
def test_greedy_choice_is_made_after_bias(biases: tuple[tuple[int, float], ...], chosen: int) -> None:
    logits_V = torch.tensor([-1.0, 2.0, 3.0, 0.0])
    assert next_token(logits_V, Sampler(Sampling(logit_bias=biases), 0)) == chosen
