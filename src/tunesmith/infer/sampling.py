"""Logits → the next tokens of many streams: greedy, or temperature and nucleus sampling (Holtzman et al. 2020).

Each stream draws from a seed of its own, so its neighbours change nothing. Penalties count the tokens that the
stream has made, not those of its prompt. Log-probabilities are the model's own: before bias, penalties and
temperature.

Shapes: N streams, M of them, V vocabulary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tunesmith.core.errors import UserError

# A temperature below this cannot be told from greedy, and dividing by it can leave fp32.
GREEDY_BELOW = 1e-5
MAX_BIAS = 100.0
# Draws that may fall outside the nucleus before it is looked for by sorting.
NUCLEUS_DRAWS = 8

# Draws look first for the block of so many tokens, then within it: a running sum of a whole vocabulary is slow.
BLOCK_TOKENS = 256

# A token's log-probability, and other tokens with theirs.
Alternatives = tuple[float, tuple[tuple[int, float], ...]]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose tokens. ``temperature`` 0 is greedy; ``stop`` strings are cut off the text; ``logit_bias`` pairs
    token ids with what is added to their logits."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop_token_ids: frozenset[int] = frozenset()
    stop: tuple[str, ...] = ()
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 2:
            raise UserError(f"temperature {self.temperature:g} is out of range.", "choose a value from 0 to 2")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top_p {self.top_p:g} is out of range.", "choose a value above 0, up to 1")
        if self.max_new_tokens < 1:
            raise UserError("max_new_tokens must be 1 or more.", "choose a positive number")
        for name, penalty in (("frequency", self.frequency_penalty), ("presence", self.presence_penalty)):
            if not -2 <= penalty <= 2:
                raise UserError(f"{name}_penalty {penalty:g} is out of range.", "choose a value from -2 to 2")
        for token, bias in self.logit_bias:
            if not -MAX_BIAS <= bias <= MAX_BIAS:
                raise UserError(f"logit_bias of token {token}: {bias:g} is out of range.", "choose from -100 to 100")
        if len({token for token, _ in self.logit_bias}) < len(self.logit_bias):
            raise UserError("logit_bias names a token twice.", "give each token one bias")


class Sampler:
    """Draws for one stream; its own generator makes a stream's draws independent of its neighbours."""

    def __init__(self, sampling: Sampling, stream: int) -> None:
        self.sampling = sampling
        self._generator = torch.Generator().manual_seed((sampling.seed + stream) % (1 << 63))
        self._made: Counter[int] = Counter()
        self._bias = torch.tensor([bias for _, bias in sampling.logit_bias])
        self._biased = torch.tensor([token for token, _ in sampling.logit_bias], dtype=torch.long)
        self._bias_of = dict(sampling.logit_bias)
        self._is_penalized = sampling.frequency_penalty != 0 or sampling.presence_penalty != 0
        self.is_greedy = sampling.temperature < GREEDY_BELOW
        self.is_plain = self.is_greedy and not self._is_penalized and not sampling.logit_bias

    def note(self, token: int) -> None:
        """Count a token that was chosen, for the penalties."""
        if self._is_penalized:
            self._made[token] += 1

    def adjust(self, logits_V: Tensor) -> None:
        """Add bias and penalties in place: ``logit − count · frequency − (count > 0) · presence``."""
        if len(self._biased):
            logits_V.index_add_(0, self._biased, self._bias)
        if self._made:
            counts = torch.tensor(list(self._made.values()), dtype=torch.float32)
            penalties = self.sampling.frequency_penalty * counts + self.sampling.presence_penalty
            logits_V.index_add_(0, torch.tensor(list(self._made)), penalties, alpha=-1)

    def leaves_largest(self, logits_V: Tensor, token: int) -> bool:
        """Whether the largest logit is that of ``token`` after bias and penalties too."""
        if self._is_penalized or token in self._bias_of:
            return False
        rivals = logits_V[self._biased].float().cpu() + self._bias
        return bool((rivals < float(logits_V[token])).all())

    def uniform(self) -> float:
        """The next draw, from 0 up to but not including 1."""
        return float(torch.rand((), generator=self._generator, dtype=torch.float64))


def sample(logits_NV: Tensor, samplers: Sequence[Sampler]) -> list[int | None]:
    """One token per stream; None where the logits are not finite and nothing can be chosen from them.

    The first of the largest comes from ``max`` and not ``argmax``, which is ten times slower in bf16 on a CPU.
    """
    largest_N, first_N = logits_NV.max(-1)
    tokens: list[int | None] = first_N.tolist()
    for row, is_sound in enumerate(largest_N.isfinite().tolist()):
        if not is_sound:
            tokens[row] = None
    rows = [
        row
        for row, (token, sampler) in enumerate(zip(tokens, samplers, strict=True))
        if token is not None
        and not sampler.is_plain
        and not (sampler.is_greedy and sampler.leaves_largest(logits_NV[row], token))
    ]
    if rows:
        adjusted_MV = _of_rows(logits_NV, rows).to("cpu", torch.float32, copy=True)
        for row, chosen in zip(rows, _sample_adjusted(adjusted_MV, [samplers[row] for row in rows]), strict=True):
            tokens[row] = chosen
    for sampler, token in zip(samplers, tokens, strict=True):
        if token is not None:
            sampler.note(token)
    return tokens


def top_logprobs(logits_MV: Tensor, tokens: Sequence[int], num_tops: Sequence[int]) -> list[Alternatives]:
    """Of each row: the token's log-probability, and the most likely tokens with theirs, in falling order."""
    logits_MV = logits_MV.float()
    total_M1 = logits_MV.logsumexp(-1, keepdim=True)
    chosen = logits_MV.gather(1, torch.tensor(tokens, device=logits_MV.device)[:, None]) - total_M1
    best = logits_MV.topk(min(max(num_tops), logits_MV.shape[1]), -1)
    values, ids = (best.values - total_M1).tolist(), best.indices.tolist()
    return [
        (own, tuple(zip(ids[row][:number], values[row][:number], strict=True)))
        for row, (own, number) in enumerate(zip(chosen[:, 0].tolist(), num_tops, strict=True))
    ]


def _sample_adjusted(logits_MV: Tensor, samplers: Sequence[Sampler]) -> list[int]:
    """Writes over the logits."""
    for logits_V, sampler in zip(logits_MV, samplers, strict=True):
        sampler.adjust(logits_V)
    greedy = [row for row, sampler in enumerate(samplers) if sampler.is_greedy]
    drawn = [row for row, sampler in enumerate(samplers) if not sampler.is_greedy]
    tokens = [0] * len(samplers)
    if greedy:
        for row, token in zip(greedy, _of_rows(logits_MV, greedy).max(-1).indices.tolist(), strict=True):
            tokens[row] = token
    if drawn:
        owners = [samplers[row] for row in drawn]
        probabilities_MV = _softmax_in_place(_of_rows(logits_MV, drawn), [s.sampling.temperature for s in owners])
        for row, token in zip(drawn, _draw(probabilities_MV, owners), strict=True):
            tokens[row] = token
    return tokens


def _of_rows(values_NV: Tensor, rows: Sequence[int]) -> Tensor:
    """Those rows; without a copy where they are all."""
    return values_NV if len(rows) == len(values_NV) else values_NV[list(rows)]


def _softmax_in_place(logits_MV: Tensor, temperatures: Sequence[float]) -> Tensor:
    """A vocabulary's worth of fresh memory costs more than the sums."""
    logits_MV.div_(torch.tensor(temperatures)[:, None])
    logits_MV.sub_(logits_MV.amax(-1, keepdim=True)).exp_()
    return logits_MV.div_(logits_MV.sum(-1, keepdim=True))


def _draw(probabilities_MV: Tensor, samplers: Sequence[Sampler]) -> list[int]:
    """One token per row: drawn from all, and again while it lies outside the nucleus, which leaves the nucleus' own
    proportions and spares the sort of the vocabulary."""
    distribution = _Distribution.of(probabilities_MV)
    tokens, open_rows = [0] * len(samplers), list(range(len(samplers)))
    for _ in range(NUCLEUS_DRAWS):
        drawn = distribution.invert(open_rows, [samplers[row].uniform() for row in open_rows])
        inside = _is_in_nucleus(
            _of_rows(probabilities_MV, open_rows), drawn, [samplers[row].sampling.top_p for row in open_rows]
        )
        for row, token in zip(open_rows, drawn.tolist(), strict=True):
            tokens[row] = token
        open_rows = [row for row, is_inside in zip(open_rows, inside, strict=True) if not is_inside]
        if not open_rows:
            return tokens
    for row in open_rows:
        kept_V = _nucleus(probabilities_MV[row], samplers[row].sampling.top_p)
        tokens[row] = int(_Distribution.of(kept_V[None]).invert([0], [samplers[row].uniform()]))
    return tokens


@dataclass(frozen=True, slots=True)
class _Distribution:
    """Probabilities of M streams in blocks [M, blocks, tokens]; sums [M, blocks] before each block and after it."""

    blocks: Tensor
    before: Tensor
    after: Tensor

    @staticmethod
    def of(probabilities_MV: Tensor) -> _Distribution:
        missing = -probabilities_MV.shape[1] % BLOCK_TOKENS
        padded = torch.nn.functional.pad(probabilities_MV, (0, missing)) if missing else probabilities_MV
        blocks = padded.view(len(padded), -1, BLOCK_TOKENS)
        after = blocks.sum(-1).cumsum(-1, dtype=torch.float64)
        return _Distribution(blocks, torch.nn.functional.pad(after[:, :-1], (1, 0)), after)

    def invert(self, rows: Sequence[int], uniforms: Sequence[float]) -> Tensor:
        """Of each row, the token in whose share of the total the draw falls."""
        after = self.after[rows]
        targets = torch.tensor(uniforms, dtype=torch.float64) * after[:, -1]
        block = _first_above(after, targets)
        own = self.blocks[rows, block].cumsum(-1, dtype=torch.float64)
        return block * BLOCK_TOKENS + _first_above(own, targets - self.before[rows, block])


def _first_above(cumulative_MC: Tensor, targets_M: Tensor) -> Tensor:
    """The first place whose running sum is above the target: one that adds nothing is never taken."""
    totals_M = cumulative_MC[:, -1]
    below_M = torch.minimum(targets_M.clamp_min(0), totals_M.nextafter(torch.zeros_like(totals_M)))
    return torch.searchsorted(cumulative_MC, below_M[:, None], right=True)[:, 0]


def _is_in_nucleus(probabilities_MV: Tensor, tokens_M: Tensor, top_ps: Sequence[float]) -> list[bool]:
    """Whether the tokens before this one (likelier ones, and of equal ones those of a lower id) hold less than top_p."""
    if min(top_ps) >= 1:
        return [True] * len(top_ps)
    own_M1 = probabilities_MV.gather(1, tokens_M[:, None])
    is_lower_MV = torch.arange(probabilities_MV.shape[1])[None] < tokens_M[:, None]
    is_before_MV = (probabilities_MV > own_M1) | ((probabilities_MV == own_M1) & is_lower_MV)
    held_M = probabilities_MV.where(is_before_MV, 0).sum(-1, dtype=torch.float64)
    return [top_p >= 1 or held < top_p for held, top_p in zip(held_M.tolist(), top_ps, strict=True)]


def _nucleus(probabilities_V: Tensor, top_p: float) -> Tensor:
    """Zero outside the smallest set of tokens that holds ``top_p`` of the probability."""
    ordered, places = probabilities_V.sort(descending=True, stable=True)
    outside = ordered.cumsum(-1, dtype=torch.float64) - ordered >= top_p
    return torch.zeros_like(probabilities_V).scatter(0, places, ordered.masked_fill(outside, 0.0))
