"""Tokens → tokens: prefill and decode with a KV cache, many streams at once.

Prompts are prefilled unpadded, in rows of bounded size; then all streams take one step at a time, and
those that end leave the batch at once.

Shapes: N streams, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from tunesmith.core.errors import UserError
from tunesmith.data.packing import pack
from tunesmith.infer.sampling import Sampler, Sampling, sample
from tunesmith.nn.attention import Borders, KVCache
from tunesmith.nn.prepared import PreparedModel, prepare
from tunesmith.nn.transformer import CausalModel

PREFILL_TOKENS = 4096
MAX_STREAMS = 32


@dataclass(slots=True)
class Completion:
    """Generated ids (without the stop token) and why generation ended."""

    token_ids: list[int] = field(default_factory=list)
    finish_reason: Literal["stop", "length"] = "length"


def generate(
    decoder: CausalModel, prompts: Sequence[Sequence[int]], sampling: Sampling,
    progress: Callable[[int], None] = lambda finished: None,
) -> list[Completion]:  # fmt: skip
    """Complete every prompt; ``progress`` hears how many have finished. Stream i draws with seed + i."""
    _check_fits(decoder, prompts)
    completions = [Completion() for _ in prompts]
    prepared = prepare(decoder)
    order = sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i))
    finished = 0
    for start in range(0, len(order), MAX_STREAMS):
        group = order[start : start + MAX_STREAMS]
        _run_group(prepared, prompts, group, completions, sampling)
        finished += len(group)
        progress(finished)
    return completions


def stream(decoder: CausalModel, prompt: Sequence[int], sampling: Sampling) -> Iterator[int]:
    """One prompt's tokens as they come; ends at a stop token, the token limit or the end of the context."""
    _check_fits(decoder, [prompt])
    limit = _limit(decoder, len(prompt), sampling)
    sampler, prepared = Sampler(sampling, 0), prepare(decoder)
    with torch.inference_mode():
        cache = prepared.new_cache(1, len(prompt) + limit)
        logits_NV = _prefill(prepared, [prompt], cache)
    for number in range(limit):
        with torch.inference_mode():
            (token,) = sample(logits_NV, [sampler])
        if token in sampling.stop_token_ids:
            return
        yield token
        if number + 1 == limit:
            return
        with torch.inference_mode():
            logits_NV = prepared.logits(prepared.decode(torch.tensor([token], device=logits_NV.device), cache))


@torch.inference_mode()
def _run_group(
    decoder: PreparedModel,
    prompts: Sequence[Sequence[int]],
    group: list[int],
    completions: list[Completion],
    sampling: Sampling,
) -> None:
    chosen = [prompts[i] for i in group]
    limits = {i: _limit(decoder, len(prompts[i]), sampling) for i in group}
    samplers = {i: Sampler(sampling, i) for i in group}
    cache = decoder.new_cache(len(group), max(len(prompts[i]) + limits[i] for i in group))
    logits_NV = _prefill(decoder, chosen, cache)
    active = list(group)
    while active:
        tokens = sample(logits_NV, [samplers[i] for i in active])
        going = [row for row, i in enumerate(active) if _take(completions[i], tokens[row], limits[i], sampling)]
        if len(going) < len(active):
            active = [active[row] for row in going]
            cache.keep(torch.tensor(going, dtype=torch.long, device=logits_NV.device))
        if active:
            next_N = torch.tensor([tokens[row] for row in going], device=logits_NV.device)
            logits_NV = decoder.logits(decoder.decode(next_N, cache))


def _take(completion: Completion, token: int, limit: int, sampling: Sampling) -> bool:
    """Note the token; → whether this stream goes on."""
    if token in sampling.stop_token_ids:
        completion.finish_reason = "stop"
        return False
    completion.token_ids.append(token)
    return len(completion.token_ids) < limit


def _prefill(decoder: PreparedModel, prompts: Sequence[Sequence[int]], cache: KVCache) -> Tensor:
    """Fill the cache with the prompts; → logits_NV after each prompt's last token."""
    device = decoder.device
    last: list[Tensor | None] = [None] * len(prompts)
    for row in pack([len(p) for p in prompts], PREFILL_TOKENS):
        lengths = [len(prompts[i]) for i in row]
        tokens_T = torch.tensor([token for i in row for token in prompts[i]], device=device)
        hidden_TH = decoder.prefill(tokens_T, Borders.of(lengths, device), cache, row)
        ends = torch.tensor(lengths, device=device).cumsum(0) - 1
        for i, hidden in zip(row, hidden_TH.index_select(0, ends), strict=True):
            last[i] = hidden
    cache.lengths_N = torch.tensor([len(p) for p in prompts], device=device)
    return decoder.logits(torch.stack([hidden for hidden in last if hidden is not None]))


def _limit(decoder: CausalModel | PreparedModel, prompt_tokens: int, sampling: Sampling) -> int:
    return min(sampling.max_new_tokens, decoder.config.max_position_embeddings - prompt_tokens)


def _check_fits(decoder: CausalModel, prompts: Sequence[Sequence[int]]) -> None:
    context = decoder.config.max_position_embeddings
    for prompt in prompts:
        if not prompt:
            raise UserError("The prompt is empty.", "write something")
        if len(prompt) >= context:
            raise UserError(
                f"The prompt has {len(prompt):,} tokens; this model's context holds {context:,} with the answer.",
                "shorten the conversation",
            )
