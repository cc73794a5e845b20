"""FineTuneSpec: what the user asked for, typed. A field lives here only: name, type, default, meaning.

Validators judge; they never change a value. ``auto`` stays ``auto`` here and is resolved in
``specs.resolve``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

Auto = Literal["auto"]
# Counts stay within what a database column and the engine's own counters hold.
PositiveInt = Annotated[int, Field(ge=1, le=2**31 - 1)]
# The settings that true and false are values of.
SWITCHES = frozenset({"activation_checkpointing", "compile"})
OverLengthPolicy = Literal["error", "drop", "truncate_left", "truncate_right"]


class FineTuneSpec(BaseModel):
    """One fine-tuning job, as the YAML file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    base_model: Annotated[str, Field(min_length=1)]
    """The weights to start from: ``starter``, a local folder in the Hugging Face layout, or a hub id."""
    initialization: Literal["pretrained", "random"] = "pretrained"
    """``random`` trains from random weights in the shape of the base model's config (pre-training)."""
    training_file: Annotated[str, Field(min_length=1)]
    """Examples to train on, relative to this file: chat JSONL, prompt/completion JSONL or Alpaca JSON."""
    validation_file: Annotated[str, Field(min_length=1)] | None = None
    """Held-out examples, in the same format as the training file."""
    validation_split: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the training file to hold out instead, chosen by the seed."""
    leakage: Literal["error", "warn"] = "error"
    """What happens where validation examples are in the training file too, exactly or nearly: the job is refused, or
    trains with a warning. ``validation_split`` keeps such examples on one side by itself."""
    file_format: Literal["auto", "chat", "prompt_completion", "alpaca"] = "auto"
    """The files' format; ``auto`` detects it."""
    method: Literal["supervised", "dpo", "reinforcement"] = "supervised"
    """How to learn. Only ``supervised`` exists so far; the others are refused."""
    adapter: Literal["lora", "none", "qlora"] = "lora"
    """``lora`` trains low-rank pairs, ``none`` every weight; ``qlora`` arrives later and is refused."""
    lora_rank: Annotated[int, Field(ge=1, le=1024)] = 16
    """Width of the low-rank pairs."""
    lora_alpha: Annotated[float, Field(gt=0)] | Auto = "auto"
    """Strength of the pairs: the change is scaled by ``lora_alpha / lora_rank``."""
    lora_target_modules: list[str] | Literal["auto", "all-linear"] = "auto"
    """Which projections carry a pair, by name (``q_proj``, …, ``lm_head``)."""
    num_epochs: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Passes over the training examples; 3 when ``max_steps`` is not given either."""
    max_steps: PositiveInt | None = None
    """Optimizer steps, instead of ``num_epochs``."""
    batch_size: Annotated[int, Field(ge=1, le=65536)] | Auto = "auto"
    """Examples in one optimizer step, packed or not."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] | Auto = "auto"
    """The highest learning rate, reached after warm-up."""
    learning_rate_multiplier: Annotated[float, Field(gt=0, le=100)] | Auto = "auto"
    """Scales the learning rate that ``auto`` would choose; ``auto`` leaves that as it is."""
    lr_schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after warm-up."""
    warmup_ratio: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Share of the steps in which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """AdamW's decoupled weight decay, on matrices only."""
    adam_beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """AdamW's memory of the gradient."""
    adam_beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """AdamW's memory of the squared gradient."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are scaled down to this norm."""
    prompt_loss_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Weight of the prompt's tokens in the loss; 0 trains on the assistant's tokens alone."""
    max_seq_len: Annotated[int, Field(ge=8)] | Auto = "auto"
    """Longest example in tokens."""
    over_length: OverLengthPolicy = "error"
    """What happens to longer examples. Nothing is ever cut silently."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Number type of the computation; trained weights and the optimizer are always fp32."""
    micro_batch_tokens: PositiveInt | Auto = "auto"
    """Tokens computed at once: changes memory and speed, never the result."""
    activation_checkpointing: StrictBool | Auto = "auto"
    """``true`` computes activations again in the backward pass instead of keeping them: less memory, a third more time."""
    compile: StrictBool | Auto = "auto"
    """Compile the layers before training (``torch.compile``): some seconds at the start, faster steps."""
    eval_every_steps: PositiveInt | Auto = "auto"
    """How often the validation loss is measured."""
    eval_examples: Annotated[int, Field(ge=0)] | Auto = "auto"
    """Validation examples answered by base, few-shot and tuned model at the end; 0 leaves that out.
    ``tunesmith train`` on this machine only: jobs on a server hold no such comparison."""
    save_every_steps: PositiveInt | Auto = "auto"
    """How often a checkpoint is saved."""
    keep_checkpoints: PositiveInt = 3
    """How many of the newest checkpoints stay on disk."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42
    """Decides the order of examples, the split and the adapter's first values."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_switches(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and info.field_name not in SWITCHES:
            raise PydanticCustomError("bool", "true and false are no values here")
        return value

    @field_validator("method")
    @classmethod
    def _method_exists(cls, method: str) -> str:
        if method != "supervised":
            raise PydanticCustomError("method", f"method {method} does not exist yet; supervised does")
        return method

    @field_validator("adapter")
    @classmethod
    def _adapter_exists(cls, adapter: str) -> str:
        if adapter == "qlora":
            raise PydanticCustomError("adapter", "adapter qlora arrives later; use lora, or none to train every weight")
        return adapter

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.validation_file is not None and self.validation_split is not None:
            raise PydanticCustomError("validation_split", "give validation_file or validation_split, not both")
        if self.num_epochs is not None and self.max_steps is not None:
            raise PydanticCustomError("max_steps", "give num_epochs or max_steps, not both")
        if self.learning_rate != "auto" and self.learning_rate_multiplier != "auto":
            raise PydanticCustomError(
                "learning_rate_multiplier", "give learning_rate or learning_rate_multiplier, not both"
            )
        if self.initialization == "random" and self.adapter != "none":
            raise PydanticCustomError(
                "initialization", "initialization random trains every weight: set adapter to none"
            )
        return self
