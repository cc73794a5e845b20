"""Held-out examples → Scores with intervals: base model, base with few-shot prompt, tuned model.

Every contestant answers the same questions with the same prompt but for the examples shown to
``few_shot``: as many of the nearest training examples as fit the context, the nearest last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from tunesmith.data.examples import ChatExample, CompletionExample, Example, Message, TokenizedExample
from tunesmith.data.render import Renderer, render, render_prompt, render_raw_prompt
from tunesmith.evaluate.graders import exact_match
from tunesmith.evaluate.retrieval import NearestExamples
from tunesmith.evaluate.statistics import Score, bootstrap_interval, ratio_interval
from tunesmith.infer.engine import generate
from tunesmith.infer.loaded import LoadedModel, load_model, of_base
from tunesmith.infer.sampling import Sampling
from tunesmith.nn.catalog import BaseModel
from tunesmith.nn.lora import ADAPTER_CONFIG, load_adapter
from tunesmith.nn.models import load_causal_model
from tunesmith.nn.transformer import CausalModel
from tunesmith.train.batches import in_order
from tunesmith.train.losses import token_losses

MAX_SHOTS = 16
MAX_ANSWER_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Result:
    """One contestant on the held-out examples: its answers, which were right, and the loss on the references."""

    answers: tuple[str, ...]
    is_right: tuple[bool, ...]
    exact_match: Score
    valid_loss: Score


@dataclass(frozen=True, slots=True)
class Contest:
    """The three contestants, loaded and ready; ``few_shot`` shares the base model's decoder."""

    base: BaseModel
    tuned: Path
    is_chat: bool
    dtype: torch.dtype
    device: torch.device
    shots: Sequence[Example]


def hold_contest(
    contest: Contest, held_out: Sequence[Example], seed: int, say: Callable[[str], None]
) -> dict[str, Result]:
    """``base``, ``few_shot`` and ``tuned`` on the same held-out examples."""
    decoder = load_causal_model(contest.base, contest.dtype, contest.device)
    base = of_base(contest.base, decoder, is_chat=contest.is_chat)
    budget = _answer_budget(base.renderer, held_out)
    say(f"asking the base model {len(held_out)} held-out questions")
    results = {"base": _judge(base, held_out, held_out, budget, seed)}
    say("asking it again with the nearest training examples in the prompt")
    results["few_shot"] = _judge(base, _with_shots(base, contest.shots, held_out, budget), held_out, budget, seed)
    say("asking the tuned model")
    if (contest.tuned / ADAPTER_CONFIG).is_file():
        load_adapter(decoder, contest.tuned)
        tuned = replace(base, name=str(contest.tuned))
    else:
        tuned = load_model(str(contest.tuned), contest.dtype, contest.device)
    results["tuned"] = _judge(tuned, held_out, held_out, budget, seed)
    return results


def ask(model: LoadedModel, examples: Sequence[Example], max_new_tokens: int) -> list[str]:
    """Greedy answers to the examples' questions, without their references."""
    prompts = [_prompt(model.renderer, example) for example in examples]
    sampling = Sampling(max_new_tokens=max_new_tokens, stop_token_ids=model.stop_token_ids)
    completions = generate(model.decoder, prompts, sampling)
    return [model.renderer.tokenizer.decode(completion.token_ids) for completion in completions]


def question_of(example: Example) -> str:
    """What is asked last, for display and for finding similar examples."""
    if isinstance(example, CompletionExample):
        return example.prompt
    asked = [m.content or "" for m in example.messages[:-1] if m.role in ("user", "tool")]
    return asked[-1] if asked else (example.messages[0].content or "")


def reference_of(example: Example) -> str:
    return example.completion if isinstance(example, CompletionExample) else (example.messages[-1].content or "")


def can_be_asked(example: Example) -> bool:
    """Whether the example ends in a text answer that can be compared."""
    return isinstance(example, CompletionExample) or bool(example.messages[-1].content and len(example.messages) > 1)


def exact_score(model: LoadedModel, examples: Sequence[Example], seed: int) -> Score:
    """Exact match alone, for a side score."""
    answers = ask(model, examples, _answer_budget(model.renderer, examples))
    right = [exact_match(a, reference_of(e)) for a, e in zip(answers, examples, strict=True)]
    return bootstrap_interval([float(r) for r in right], seed)


def _judge(model: LoadedModel, asked: Sequence[Example], held_out: Sequence[Example], budget: int, seed: int) -> Result:
    answers = ask(model, asked, budget)
    right = [exact_match(a, reference_of(e)) for a, e in zip(answers, held_out, strict=True)]
    losses, counts = _losses(model.decoder, [_only_last_answer(render(e, model.renderer)) for e in asked])
    return Result(
        tuple(answers),
        tuple(right),
        bootstrap_interval([float(r) for r in right], seed),
        ratio_interval(losses, counts, seed),
    )


def _losses(decoder: CausalModel, examples: Sequence[TokenizedExample]) -> tuple[list[float], list[float]]:
    """Summed loss and number of trained tokens, example by example."""
    device = decoder.device
    sums, counts = [0.0] * len(examples), [0.0] * len(examples)
    for positions, micro in in_order(examples, 8192, device):
        losses: Tensor = token_losses(decoder, micro).losses_M
        for document, loss in zip(micro.document_M.tolist(), losses.tolist(), strict=True):
            sums[positions[document]] += loss
            counts[positions[document]] += 1
    return sums, counts


def _only_last_answer(example: TokenizedExample) -> TokenizedExample:
    """Weight on the last answer alone, so that shown examples do not count."""
    weights = list(example.loss_weights)
    start = len(weights)
    while start > 0 and weights[start - 1] > 0:
        start -= 1
    return replace(example, loss_weights=tuple([0.0] * start + weights[start:]))


def _with_shots(
    model: LoadedModel, shots: Sequence[Example], held_out: Sequence[Example], budget: int
) -> list[Example]:
    usable = [shot for shot in shots if can_be_asked(shot)]
    if not usable:
        return list(held_out)
    index = NearestExamples([question_of(shot) for shot in usable])
    context = model.decoder.config.max_position_embeddings
    return [
        _fitting(model.renderer, [usable[i] for i in index.nearest(question_of(e), MAX_SHOTS)], e, budget, context)
        for e in held_out
    ]


def _fitting(renderer: Renderer, nearest: Sequence[Example], example: Example, budget: int, context: int) -> Example:
    """The example with as many shots before its question as fit, the nearest last."""
    best = example
    limit = context - max(budget, _answer_tokens(renderer, example))
    for count in range(1, len(nearest) + 1):
        candidate = _prefixed(list(reversed(nearest[:count])), example)
        if len(_prompt(renderer, candidate)) >= limit:
            break
        best = candidate
    return best


def _prefixed(shots: Sequence[Example], example: Example) -> Example:
    if isinstance(example, CompletionExample):
        shown = "".join(f"{s.prompt}{s.completion}\n\n" for s in shots if isinstance(s, CompletionExample))
        return replace(example, prompt=shown + example.prompt)
    system = [m for m in example.messages if m.role in ("system", "developer")]
    rest = [m for m in example.messages if m.role not in ("system", "developer")]
    turns = [
        replace(m, weight=0)
        for s in shots
        if isinstance(s, ChatExample)
        for m in s.messages
        if m.role in ("user", "assistant")
    ]
    return replace(example, messages=(*system, *turns, *rest))


def _prompt(renderer: Renderer, example: Example) -> list[int]:
    if isinstance(example, CompletionExample):
        return render_raw_prompt(example.prompt, renderer)
    asked: Sequence[Message] = example.messages[:-1]
    return render_prompt(asked, renderer, example.tools)


def _answer_budget(renderer: Renderer, examples: Sequence[Example]) -> int:
    """Room for every reference answer and a quarter more."""
    longest = max(_answer_tokens(renderer, example) for example in examples)
    return max(16, min(MAX_ANSWER_TOKENS, longest + longest // 4))


def _answer_tokens(renderer: Renderer, example: Example) -> int:
    return len(render(example, renderer).token_ids) - len(_prompt(renderer, example))
