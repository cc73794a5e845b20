"""Logits to a token: greedy, tempered, or from the smallest set that holds enough probability."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from tunesmith.core.errors import UserError
from tunesmith.infer.sampling import Sampler, Sampling, sample

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
