"""Tokens → tokens: whole prompts to whole answers, many at once, or one as it comes.

Each call runs a scheduler of its own until its prompts are answered; memory for keys and values is not bounded here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tunesmith.infer.sampling import Sampling
from tunesmith.infer.scheduler import FinishReason, GenerationRequest, Scheduler, TokenStep, check_prompt
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
    for prompt in prompts:
        check_prompt(len(prompt), decoder.config.max_position_embeddings)
    answers = [_Answer() for _ in prompts]
    scheduler = _scheduler(decoder)
    for i in sorted(range(len(prompts)), key=lambda i: (-len(prompts[i]), i)):
        own = replace(sampling, seed=sampling.seed + i)
        scheduler.submit(GenerationRequest(tuple(prompts[i]), own), answers[i])
    num_finished = 0
    while num_finished < len(prompts):
        scheduler.step()
        if (now := sum(answer.has_ended() for answer in answers)) > num_finished:
            num_finished = now
            progress(num_finished)
    return [answer.completion for answer in answers]


def stream(decoder: CausalModel, prompt: Sequence[int], sampling: Sampling) -> Iterator[int]:
    """One prompt's tokens as they come; ends at a stop token, the token limit or the end of the context."""
    check_prompt(len(prompt), decoder.config.max_position_embeddings)
    answer, scheduler = _Answer(), _scheduler(decoder)
    scheduler.submit(GenerationRequest(tuple(prompt), sampling), answer)
    given = 0
    while not answer.has_ended():
        scheduler.step()
        yield from answer.completion.token_ids[given:]
        given = len(answer.completion.token_ids)


class _Answer:
    """Hears one request's tokens."""

    def __init__(self) -> None:
        self.completion = Completion()
        self._is_finished = False
        self._error: Exception | None = None

    def token(self, step: TokenStep) -> None:
        self.completion.token_ids.append(step.token_id)

    def finished(self, reason: FinishReason) -> None:
        self._is_finished = True
        if reason == "stop":
            self.completion.finish_reason = "stop"

    def failed(self, error: Exception) -> None:
        self._error = error

    def has_ended(self) -> bool:
        if self._error is not None:
            raise self._error
        return self._is_finished


def _scheduler(decoder: CausalModel) -> Scheduler:
    return Scheduler(
        decoder, max_streams=MAX_STREAMS, max_cache_bytes=sys.maxsize,
        prompt_tokens_beside=PREFILL_TOKENS, prompt_tokens_alone=PREFILL_TOKENS,
    )  # fmt: skip
