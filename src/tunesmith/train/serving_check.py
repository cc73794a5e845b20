"""``serving_check.json``, beside every trained model: what the trainer itself computes for a few fixed conversations.

Whoever serves the model renders the same messages and computes the same log-probabilities: other tokens mean
another template or tokenizer; figures like the base's mean that the adapter was not applied. The
conversations are fixed ones; nothing of the user's data is in them.

Shapes: T tokens of a conversation; log-probabilities are T − 1, of each token but the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.data.examples import ChatExample, Message
from tunesmith.data.render import Renderer, render, render_prompt, render_raw_prompt
from tunesmith.nn.attention import Borders
from tunesmith.nn.transformer import CausalModel, Linear

FILE: Final = "serving_check.json"
# Mean difference of log-probabilities, in nats a token, that other kernels and roundings may make.
TOLERANCE: Final[Mapping[str, float]] = {"fp32": 2e-3, "bf16": 6e-2}

_CONVERSATIONS: Final[tuple[tuple[tuple[str, str], ...], ...]] = (
    (("user", "What is the capital of France?"),),
    (("system", "You answer in one word."), ("user", "Is water wet?"), ("assistant", "Yes.")),
    (
        ("user", "Add 17 and 25."),
        ("assistant", "17 + 25 = 42."),
        ("user", "And 8 more?\nShow the sum, please."),
        ("assistant", "42 + 8 = 50."),
    ),
    (("user", "Übersetze „good morning“ ins Deutsche und ins 中文 🙂"),),
    (("user", "  Two  spaces, a tab\tand <|im_end|> as mere text.  "), ("assistant", "def f(x):\n    return x ** 2\n")),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation as the trainer saw it; ``base_logprobs`` are there where an adapter was trained."""

    messages: tuple[Message, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    base_logprobs: tuple[float, ...] | None

    @property
    def moved(self) -> float:
        """By how much training changed the log-probabilities, on average."""
        return 0.0 if self.base_logprobs is None else mean_difference(self.logprobs, self.base_logprobs)


@dataclass(frozen=True, slots=True)
class ServingCheck:
    """``dtype`` is the one that training computed in, bf16 or fp32; ``is_chat`` as in tunesmith.json."""

    dtype: str
    is_chat: bool
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a server's log-probabilities compare with the trainer's, in nats a token."""

    difference: float
    moved: float
    tolerance: float

    @property
    def is_close(self) -> bool:
        """As near as roundings allow and, where training changed more than they do, nearer to it than to the base."""
        if self.difference > max(self.tolerance, self.moved / 4):
            return False
        return self.moved <= 2 * self.tolerance or self.difference <= self.moved / 2


def write(folder: Path, check: ServingCheck) -> None:
    cases = [
        {
            "messages": [{"role": m.role, "content": m.content} for m in case.messages],
            "token_ids": list(case.token_ids),
            "logprobs": list(case.logprobs),
            "base_logprobs": None if case.base_logprobs is None else list(case.base_logprobs),
        }
        for case in check.cases
    ]
    prompt = "chat" if check.is_chat else "raw"
    durable.write_json(folder / FILE, {"format": 1, "dtype": check.dtype, "prompt": prompt, "cases": cases})


def read(folder: Path) -> ServingCheck:
    """Raises UserError where the file is missing or damaged."""
    path = folder / FILE
    try:
        raw = json.loads(path.read_bytes())
        return ServingCheck(str(raw["dtype"]), raw["prompt"] == "chat", tuple(_case(case) for case in raw["cases"]))
    except FileNotFoundError:
        raise UserError(f"{path} is missing.", "train the model again") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is damaged: {error}.", "train the model again") from error


def tokens_of(messages: Sequence[Message], renderer: Renderer, *, is_chat: bool) -> tuple[int, ...]:
    """What is computed on: the prompt before an answer or, where the last message is the assistant's, all of it."""
    if not is_chat:
        return tuple(render_raw_prompt("".join(m.content or "" for m in messages), renderer))
    if messages[-1].role == "assistant":
        return render(ChatExample(0, tuple(messages)), renderer).token_ids
    return tuple(render_prompt(messages, renderer))


def compare(check: ServingCheck, served: Sequence[Sequence[float]], dtype: str) -> Agreement:
    """The worst case; ``served`` holds each case's log-probabilities, computed in ``dtype``."""
    tolerance = max(TOLERANCE[check.dtype], TOLERANCE[dtype])
    pairs = zip(check.cases, served, strict=True)
    found = [Agreement(mean_difference(case.logprobs, row), case.moved, tolerance) for case, row in pairs]
    return max(found, key=lambda agreement: (not agreement.is_close, agreement.difference))


def mean_difference(first: Sequence[float], second: Sequence[float]) -> float:
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / max(1, len(first))


def measure(decoder: CausalModel, renderer: Renderer, *, is_chat: bool, is_compiled: bool = False) -> ServingCheck:
    """Compute the figures with the trainer's own model, which is left as it was."""
    dtype = "bf16" if decoder.compute_dtype == torch.bfloat16 else "fp32"
    with _uncompiled(is_compiled):
        return ServingCheck(dtype, is_chat, tuple(_cases(decoder, renderer, is_chat)))


def logprobs_of(decoder: CausalModel, token_ids: Sequence[int]) -> tuple[float, ...]:
    tokens_T = torch.tensor(token_ids, device=decoder.device)
    with torch.no_grad():
        hidden_TH = decoder(tokens_T, Borders.of([len(token_ids)], decoder.device))
        logprobs_TV = decoder.logits(hidden_TH[:-1]).float().log_softmax(-1)
        return tuple(round(float(value), 6) for value in logprobs_TV.gather(1, tokens_T[1:, None])[:, 0])


def _cases(decoder: CausalModel, renderer: Renderer, is_chat: bool) -> Iterator[Case]:
    pairs = [m for m in decoder.modules() if isinstance(m, Linear) and m.lora_A is not None]
    for conversation in _CONVERSATIONS:
        messages = tuple(Message(role, content) for role, content in conversation)  # type: ignore[arg-type]
        try:
            token_ids = tokens_of(messages, renderer, is_chat=is_chat)
        except UserError:  # a template that knows no system message, say
            continue
        if not 2 <= len(token_ids) <= decoder.config.max_position_embeddings:
            continue
        base = None
        if pairs:
            with _without_adapter(pairs):
                base = logprobs_of(decoder, token_ids)
        yield Case(messages, token_ids, logprobs_of(decoder, token_ids), base)


@contextmanager
def _without_adapter(pairs: Sequence[Linear]) -> Iterator[None]:
    scales = [layer.lora_scale for layer in pairs]
    try:
        for layer in pairs:
            layer.lora_scale = 0.0
        yield
    finally:
        for layer, scale in zip(pairs, scales, strict=True):
            layer.lora_scale = scale


@contextmanager
def _uncompiled(is_compiled: bool) -> Iterator[None]:
    """Compiled layers would be compiled once more for a scale of zero."""
    if not is_compiled:
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


def _case(raw: Mapping[str, Any]) -> Case:
    base = raw["base_logprobs"]
    return Case(
        tuple(Message(m["role"], m["content"]) for m in raw["messages"]),
        tuple(int(token) for token in raw["token_ids"]),
        tuple(float(value) for value in raw["logprobs"]),
        None if base is None else tuple(float(value) for value in base),
    )
