"""Logits → the next token: greedy, or temperature and nucleus sampling (Holtzman et al. 2020) from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tunesmith.core.errors import UserError

# A temperature below this cannot be told from greedy, and dividing by it can leave fp32.
GREEDY_BELOW = 1e-5


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose tokens. ``temperature`` 0 is greedy; ``stop`` strings are cut off the text."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop_token_ids: frozenset[int] = frozenset()
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise UserError(f"temperature {self.temperature:g} is out of range.", "choose a value from 0 to 2")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top_p {self.top_p:g} is out of range.", "choose a value above 0, up to 1")
        if self.max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more.", "choose a positive number")


class Sampler:
    """Draws for one stream; its own generator makes a stream's draws independent of its neighbours."""

    def __init__(self, sampling: Sampling, stream: int) -> None:
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed((sampling.seed + stream) % (1 << 63))

    @property
    def is_greedy(self) -> bool:
        return self._sampling.temperature < GREEDY_BELOW

    def sample(self, logits_V: Tensor) -> int:
        if self.is_greedy:
            return most_likely(logits_V[None])[0]
        probabilities = (logits_V.float().cpu() / self._sampling.temperature).softmax(-1)
        if self._sampling.top_p < 1:
            probabilities = _nucleus(probabilities, self._sampling.top_p)
        return int(torch.multinomial(probabilities, 1, generator=self._generator))


def sample(logits_NV: Tensor, samplers: Sequence[Sampler]) -> list[int]:
    """One token per stream."""
    if all(sampler.is_greedy for sampler in samplers):
        return most_likely(logits_NV)
    return [sampler.sample(logits_V) for sampler, logits_V in zip(samplers, logits_NV, strict=True)]


def most_likely(logits_NV: Tensor) -> list[int]:
    """The first of the largest. ``max`` and not ``argmax``, which is ten times slower in bf16 on a CPU."""
    tokens: list[int] = logits_NV.max(-1).indices.tolist()
    return tokens


def _nucleus(probabilities_V: Tensor, top_p: float) -> Tensor:
    """Zero outside the smallest set of tokens that holds ``top_p`` of the probability."""
    ordered, places = probabilities_V.sort(descending=True, stable=True)
    outside = ordered.cumsum(-1) - ordered >= top_p
    return torch.zeros_like(probabilities_V).scatter(0, places, ordered.masked_fill(outside, 0.0))
