"""What ``specs`` needs to know of a base model, from its config alone: the sizes behind ``auto`` and the memory formula."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from tunesmith.nn.catalog import BaseModel, DecoderConfig
from tunesmith.specs.memory import DataFacts, ModelShape
from tunesmith.specs.resolve import Facts

_KINDS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")


def shape_of(base: BaseModel) -> ModelShape:
    config = base.config
    if isinstance(config, DecoderConfig):
        return ModelShape(
            config.num_parameters, config.num_layers, config.hidden_size, config.intermediate_size,
            config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim, config.vocab_size,
        )  # fmt: skip
    # Weights are two bytes each, or more; widths as most models have them.
    num_parameters = weight_bytes(base) // 2
    hidden = config.hidden_size
    return ModelShape(
        num_parameters, config.num_layers, hidden, 4 * hidden, hidden, hidden, config.vocab_size, is_foreign=True
    )


def facts_of(
    base: BaseModel, data: DataFacts, device: Literal["cpu", "cuda"], *, has_fast_bf16: bool, can_compile: bool
) -> Facts:
    """What ``resolve`` decides by, before the model itself is there."""
    shape = shape_of(base)
    return Facts(
        num_examples=data.num_examples,
        longest_example_tokens=data.longest_example_tokens,
        mean_example_tokens=data.total_tokens / max(1, data.num_examples),
        has_validation=data.has_validation,
        context_length=base.config.max_position_embeddings,
        hidden_size=shape.hidden_size,
        num_parameters=shape.num_parameters,
        linear_kinds=_KINDS,
        device=device,
        has_fast_bf16=has_fast_bf16,
        can_compile=can_compile and isinstance(base.config, DecoderConfig),
    )


def weight_bytes(base: BaseModel) -> int:
    """Of the files with the weights."""
    return sum(_size(path) for path in base.weight_files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
