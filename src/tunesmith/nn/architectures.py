"""The architectures that the decoder knows, and what tells them apart. No torch here.

Each is a class of ``transformers``. Where a config is silent, the class's default holds, so the defaults
stand here too. Sources: Touvron et al. 2023 (Llama), Jiang et al. 2023 (Mistral), Yang et al. 2024 and
2025 (Qwen2, Qwen3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Architecture:
    """How one class of decoders differs from the others.

    ``bias``: which projections of attention carry one (``asked``: all four, if the key attention_bias is
    true). ``window``: whether all layers have a sliding window, those that the config names, or none.
    ``defaults``: what an absent key means, where that is not the same in all classes.
    """

    model_type: str
    defaults: Mapping[str, int]
    bias: Literal["none", "qkv", "asked"] = "none"
    can_have_mlp_bias: bool = False
    qk_norm: bool = False
    window: Literal["none", "all layers", "some layers"] = "none"


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({
    "LlamaForCausalLM": Architecture(
        "llama", {"max_position_embeddings": 2048}, bias="asked", can_have_mlp_bias=True
    ),
    "MistralForCausalLM": Architecture(
        "mistral", {"max_position_embeddings": 131072, "num_key_value_heads": 8, "sliding_window": 4096},
        window="all layers",
    ),
    "Qwen2ForCausalLM": Architecture(
        "qwen2", {"max_position_embeddings": 32768, "num_key_value_heads": 32, "sliding_window": 4096},
        bias="qkv", window="some layers",
    ),
    "Qwen3ForCausalLM": Architecture(
        "qwen3", {"max_position_embeddings": 32768, "num_key_value_heads": 32, "sliding_window": 4096, "head_dim": 128},
        bias="asked", qk_norm=True, window="some layers",
    ),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinearRope:
    """All positions pressed together by ``factor`` (Chen et al. 2023, position interpolation)."""

    kind: ClassVar[str] = "linear"
    factor: float


@dataclass(frozen=True, slots=True)
class Llama3Rope:
    """Llama 3.1: waves longer than the original context are stretched, short ones kept, a ramp between.

    A wave counts as long where the original context holds fewer than ``low_freq_factor`` of it, as
    short where more than ``high_freq_factor``.
    """

    kind: ClassVar[str] = "llama3"
    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_position_embeddings: int


@dataclass(frozen=True, slots=True)
class YarnRope:
    """YaRN (Peng et al. 2023): waves that turn fewer than ``beta_slow`` times in the original context are
    stretched, those that turn more than ``beta_fast`` times kept, a ramp over the dimensions between;
    queries and keys are scaled by ``attention_factor``."""

    kind: ClassVar[str] = "yarn"
    factor: float
    original_max_position_embeddings: int
    beta_fast: float
    beta_slow: float
    attention_factor: float
    truncate: bool


RopeScaling = LinearRope | Llama3Rope | YarnRope
