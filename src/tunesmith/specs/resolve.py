"""``auto`` → a value and its reason, in one function. Pure: what it needs to know comes in as Facts.

Gives a ``ResolvedSpec``; both value and reason are printed first and saved with the run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tunesmith.core.errors import UserError
from tunesmith.specs.fine_tune import FineTuneSpec, OverLengthPolicy

# Up to this many weights the output head is cheap enough to carry a pair by default.
SMALL_MODEL_PARAMETERS = 100_000_000
# Compiling takes half a minute and wins a tenth.
COMPILE_FROM_MINUTES = 10
_CANNOT_COMPILE = "there is no C++ compiler here, or the base model goes through transformers"


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``auto`` depends on: the data, the base model, the machine."""

    num_examples: int
    longest_example_tokens: int
    mean_example_tokens: float
    has_validation: bool
    context_length: int
    hidden_size: int
    num_parameters: int
    linear_kinds: tuple[str, ...]
    device: Literal["cpu", "cuda"]
    has_fast_bf16: bool
    can_compile: bool
    """Whether there is a C++ compiler and the decoder is our own."""


@dataclass(frozen=True, slots=True)
class ResolvedSpec:
    """Every setting of the run as a value; ``reasons`` says why for those that were ``auto``."""

    adapter: Literal["lora", "none"]
    lora_rank: int
    lora_alpha: float
    lora_target_modules: tuple[str, ...]
    num_epochs: float
    total_steps: int
    batch_size: int
    learning_rate: float
    lr_schedule: Literal["cosine", "linear", "constant"]
    warmup_steps: int
    weight_decay: float
    adam_beta1: float
    adam_beta2: float
    max_grad_norm: float
    prompt_loss_weight: float
    max_seq_len: int
    over_length: OverLengthPolicy
    precision: Literal["bf16", "fp32"]
    micro_batch_tokens: int
    activation_checkpointing: bool
    compile: bool
    eval_every_steps: int
    eval_examples: int
    save_every_steps: int
    keep_checkpoints: int
    seed: int
    reasons: Mapping[str, str]

    def values(self) -> dict[str, Any]:
        """Setting → value, without the reasons; JSON-ready."""
        values = asdict(self)
        del values["reasons"]
        values["lora_target_modules"] = list(self.lora_target_modules)
        return values

    def as_json(self) -> dict[str, Any]:
        settings = {k: {"value": v, "reason": self.reasons.get(k, "as given")} for k, v in self.values().items()}
        return {"format": 1, "settings": settings}


def resolve(spec: FineTuneSpec, facts: Facts) -> ResolvedSpec:
    """Every ``auto`` of the spec, decided. Raises UserError where a given value cannot work."""
    reasons: dict[str, str] = {}

    def chosen(name: str, value: tuple[Any, str]) -> Any:
        given = getattr(spec, name)
        if given not in ("auto", None):
            return given
        reasons[name] = value[1]
        return value[0]

    batch_size = chosen("batch_size", _batch_size(facts))
    num_epochs, total_steps = _duration(spec, facts, batch_size, reasons)
    rank = spec.lora_rank
    return ResolvedSpec(
        adapter="lora" if spec.adapter == "lora" else "none",
        lora_rank=rank,
        lora_alpha=float(chosen("lora_alpha", (2.0 * rank, "twice the rank, the usual strength"))),
        lora_target_modules=_targets(spec, facts, reasons),
        num_epochs=num_epochs,
        total_steps=total_steps,
        batch_size=batch_size,
        learning_rate=chosen("learning_rate", _learning_rate(spec, facts)),
        lr_schedule=spec.lr_schedule,
        warmup_steps=_noted(
            reasons, "warmup_steps", round(spec.warmup_ratio * total_steps), f"{spec.warmup_ratio:g} of the steps"
        ),
        weight_decay=spec.weight_decay,
        adam_beta1=spec.adam_beta1,
        adam_beta2=spec.adam_beta2,
        max_grad_norm=spec.max_grad_norm,
        prompt_loss_weight=spec.prompt_loss_weight,
        max_seq_len=_max_seq_len(spec, facts, reasons),
        over_length=spec.over_length,
        precision=chosen("precision", _precision(facts)),
        micro_batch_tokens=chosen("micro_batch_tokens", _micro_batch_tokens(facts)),
        activation_checkpointing=chosen(
            "activation_checkpointing", (False, "keeping activations is a third faster; set true where memory runs out")
        ),
        compile=chosen("compile", _compile(spec, facts, batch_size * total_steps)),
        eval_every_steps=chosen("eval_every_steps", _eval_every(facts, total_steps)),
        eval_examples=chosen("eval_examples", _eval_examples(facts)),
        save_every_steps=chosen(
            "save_every_steps", (max(20, math.ceil(total_steps / 10)), "ten times a run, at most every 20 steps")
        ),
        keep_checkpoints=spec.keep_checkpoints,
        seed=spec.seed,
        reasons=reasons,
    )


def resolve_max_seq_len(spec: FineTuneSpec, context_length: int) -> int:
    """The longest example that may be trained on; needed before the examples' lengths are final."""
    if spec.max_seq_len == "auto":
        return context_length
    if spec.max_seq_len > context_length:
        raise UserError(
            f"max_seq_len {spec.max_seq_len:,} is more than the base model's context of {context_length:,} tokens.",
            f"set max_seq_len to {context_length} or less",
        )
    return spec.max_seq_len


def _noted(reasons: dict[str, str], name: str, value: int, reason: str) -> int:
    reasons[name] = reason
    return value


def _max_seq_len(spec: FineTuneSpec, facts: Facts, reasons: dict[str, str]) -> int:
    value = resolve_max_seq_len(spec, facts.context_length)
    if spec.max_seq_len == "auto":
        reasons["max_seq_len"] = (
            f"the base model's context; the longest example has {facts.longest_example_tokens:,} tokens"
        )
    return value


def _batch_size(facts: Facts) -> tuple[int, str]:
    size = max(1, min(32, facts.num_examples // 32, facts.num_examples))
    power = 1 << (size.bit_length() - 1)
    return power, f"a power of two up to 32 that leaves 32 steps or more in a pass over {facts.num_examples:,} examples"


def _duration(spec: FineTuneSpec, facts: Facts, batch_size: int, reasons: dict[str, str]) -> tuple[float, int]:
    steps_per_epoch = math.ceil(facts.num_examples / batch_size)
    if spec.max_steps is not None:
        reasons["total_steps"] = "max_steps as given"
        reasons["num_epochs"] = f"{spec.max_steps:,} steps of {batch_size} among {facts.num_examples:,} examples"
        return round(spec.max_steps / steps_per_epoch, 4), spec.max_steps
    if spec.num_epochs is None:
        reasons["num_epochs"] = "three passes, the usual start"
    epochs = 3.0 if spec.num_epochs is None else spec.num_epochs
    reasons["total_steps"] = f"{epochs:g} passes of {steps_per_epoch:,} steps"
    return epochs, max(1, math.ceil(round(epochs * steps_per_epoch, 6)))


def _targets(spec: FineTuneSpec, facts: Facts, reasons: dict[str, str]) -> tuple[str, ...]:
    if spec.adapter != "lora":
        reasons["lora_target_modules"] = "every weight is trained, so there is no adapter"
        return ()
    block = tuple(kind for kind in facts.linear_kinds if kind != "lm_head")
    if isinstance(spec.lora_target_modules, list):
        return tuple(spec.lora_target_modules)
    if spec.lora_target_modules == "all-linear":
        return block
    if facts.num_parameters <= SMALL_MODEL_PARAMETERS and "lm_head" in facts.linear_kinds:
        reasons["lora_target_modules"] = (
            "every projection and the output head: a small base model must learn to write tokens that it hardly wrote "
            "before, and without the head it cannot"
        )
        return (*block, "lm_head")
    reasons["lora_target_modules"] = "every projection in the blocks; a large base model's output head needs no change"
    return block


def _learning_rate(spec: FineTuneSpec, facts: Facts) -> tuple[float, str]:
    rate, reason = _usual_learning_rate(spec, facts)
    if spec.learning_rate_multiplier == "auto":
        return rate, reason
    multiplier = spec.learning_rate_multiplier
    return rate * multiplier, f"{rate:g} {reason}; times learning_rate_multiplier {multiplier:g}"


def _usual_learning_rate(spec: FineTuneSpec, facts: Facts) -> tuple[float, str]:
    # Thinking Machines 2025, "LoRA Without Regret": the best rate falls with the hidden width, LoRA's is ten times full's.
    full = 5e-5 * (2000 / facts.hidden_size) ** 0.781
    if spec.initialization == "random":
        rate = min(3e-3, 10 * full)
        return _rounded(rate), "from random weights a small model bears a high rate"
    if spec.adapter == "lora":
        return _rounded(10 * full), f"for LoRA at hidden width {facts.hidden_size}: narrow models bear higher rates"
    return _rounded(full), f"for full fine-tuning at hidden width {facts.hidden_size}: a tenth of LoRA's"


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")


def _precision(facts: Facts) -> tuple[str, str]:
    if facts.has_fast_bf16:
        return "bf16", f"this {facts.device.upper()} multiplies bf16 at twice the speed of fp32 or more"
    return "fp32", f"this {facts.device.upper()} has no fast bf16 arithmetic"


def _micro_batch_tokens(facts: Facts) -> tuple[int, str]:
    tokens = 8192 if facts.num_parameters < 30_000_000 else 4096 if facts.num_parameters < 500_000_000 else 2048
    if facts.device == "cuda":
        tokens *= 2
    return tokens, "large enough for full matrix products, small enough for memory at this model's size"


def _compile(spec: FineTuneSpec, facts: Facts, num_examples: int) -> tuple[bool, str]:
    if spec.compile is True and not facts.can_compile:
        raise UserError(
            f"compile: true cannot work: {_CANNOT_COMPILE}.", "set compile to auto or false, or install g++ or clang++"
        )
    # 6 operations a weight and token, at a rate that a laptop's two cores reach: an estimate that only the spec,
    # the data and the model decide, so that a resumed run decides alike.
    minutes = 6 * facts.num_parameters * facts.mean_example_tokens * num_examples / 2e11 / 60
    if facts.device == "cuda":
        return False, "compiled layers have been measured on CPUs only"
    if not facts.can_compile:
        return False, _CANNOT_COMPILE
    if minutes < COMPILE_FROM_MINUTES:
        return False, f"the job is short (about {max(1, round(minutes))} min on two cores); compiling would not pay"
    return True, f"the job is long (about {round(minutes):,} min on two cores), so compiling pays"


def _eval_every(facts: Facts, total_steps: int) -> tuple[int, str]:
    if not facts.has_validation:
        return total_steps, "there is no validation data"
    return max(1, math.ceil(total_steps / 5)), "five times a run"


def _eval_examples(facts: Facts) -> tuple[int, str]:
    if not facts.has_validation:
        return 0, "there is no validation data"
    return 100, "enough for an interval of about ten points"
