"""How much memory a training process takes at most: a formula of shapes and settings, tested against measured peaks.

Pure, like everything here; it may ask for more than is taken in the end, never for less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from tunesmith.specs.resolve import ResolvedSpec

GIB: Final = 1 << 30
# An interpreter with torch, its thread pools and what the allocator keeps.
FIXED_BYTES: Final = 420 << 20
# With transformers beside it.
LIBRARY_BYTES: Final = 350 << 20
# With the compiler's own processes beside it.
COMPILER_BYTES: Final = 1 << 30
# Of train.losses: logits of one chunk, and those worked on in fp32 at a time.
_CHUNK_ELEMENTS: Final = 1 << 25
_TILE_ELEMENTS: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What the formula needs of a base model. Widths are of all heads together."""

    num_parameters: int
    num_layers: int
    hidden_size: int
    intermediate_size: int
    query_width: int
    key_value_width: int
    vocab_size: int
    is_foreign: bool = False
    """Whether it goes through transformers, which keeps more activations."""


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What was counted when a job's files were judged; kept with the job."""

    num_examples: int
    longest_example_tokens: int
    total_tokens: int
    has_validation: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> DataFacts:
        num, longest, total = (int(raw[name]) for name in ("num_examples", "longest_example_tokens", "total_tokens"))
        return cls(num, longest, total, bool(raw["has_validation"]))


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes by what they hold; ``total_bytes`` is what must be free before the process starts."""

    fixed_bytes: int
    weights_bytes: int
    optimizer_bytes: int
    activations_bytes: int
    logits_bytes: int

    @property
    def total_bytes(self) -> int:
        return sum(asdict(self).values())

    @property
    def total_gib(self) -> float:
        return self.total_bytes / GIB


def estimate(shape: ModelShape, spec: ResolvedSpec, data: DataFacts) -> Estimate:
    """For training with these settings, validation and export included."""
    size = 2 if spec.precision == "bf16" else 4
    trains_all = spec.adapter == "none"
    trained = shape.num_parameters if trains_all else _adapter_parameters(shape, spec.lora_rank)
    # Frozen weights are kept in the compute type, and read from a mapped file beside it; trained ones in fp32.
    weights = shape.num_parameters * 4 if trains_all else shape.num_parameters * size + trained * 4
    passing = _largest_matrix(shape) * (4 + size)
    # Gradients and two moments in fp32, and one copy in the compute type for the export.
    optimizer = trained * (4 + 8) + trained * size
    tokens = tokens_at_once(data, spec)
    return Estimate(
        fixed_bytes=_fixed(shape, spec) + data.total_tokens * _BYTES_OF_AN_EXAMPLE_TOKEN,
        weights_bytes=weights + passing,
        optimizer_bytes=optimizer,
        activations_bytes=_activations(shape, spec, tokens, size),
        logits_bytes=_logits(shape, tokens, size),
    )


def tokens_at_once(data: DataFacts, spec: ResolvedSpec) -> int:
    """The most tokens of one micro-batch: its budget or one longer example, but no more than there are."""
    most = max(spec.micro_batch_tokens, data.longest_example_tokens)
    in_a_step = data.total_tokens if data.has_validation else spec.batch_size * data.longest_example_tokens
    return min(most, in_a_step)


# Python's integers and floats in tuples: token ids are shared up to 256 only.
_BYTES_OF_AN_EXAMPLE_TOKEN: Final = 120


def _fixed(shape: ModelShape, spec: ResolvedSpec) -> int:
    fixed = FIXED_BYTES + (LIBRARY_BYTES if shape.is_foreign else 0)
    return fixed + (COMPILER_BYTES if spec.compile else 0)


def _adapter_parameters(shape: ModelShape, rank: int) -> int:
    """Pairs on every projection and the output head, the most that an adapter may carry."""
    qkv_out = shape.query_width + 2 * shape.key_value_width
    block = 3 * shape.hidden_size + qkv_out + shape.query_width + shape.hidden_size
    block += 3 * (shape.hidden_size + shape.intermediate_size)
    return rank * (shape.num_layers * block + shape.hidden_size + shape.vocab_size)


def _largest_matrix(shape: ModelShape) -> int:
    return shape.hidden_size * max(shape.vocab_size, shape.intermediate_size)


def _activations(shape: ModelShape, spec: ResolvedSpec, tokens: int, size: int) -> int:
    """Kept for the backward pass: per layer the inputs of both norms, of every product and of attention."""
    heads = 3 * shape.query_width + 2 * shape.key_value_width
    layer = 6 * shape.hidden_size + heads + 4 * shape.intermediate_size
    pairs = 0 if spec.adapter == "none" else 7 * spec.lora_rank
    kept = (
        shape.num_layers * shape.hidden_size + layer
        if spec.activation_checkpointing
        else shape.num_layers * (layer + pairs)
    )
    at_work = 2 * layer + 4 * shape.hidden_size
    more = 3 if shape.is_foreign else 1
    return tokens * (kept * size * more + at_work * max(size, 4))


def _logits(shape: ModelShape, tokens: int, size: int) -> int:
    """Two chunks and their gradients in the compute type, and a tile of each in fp32."""
    elements = min(_CHUNK_ELEMENTS + shape.vocab_size, tokens * shape.vocab_size)
    tile = min(_TILE_ELEMENTS + shape.vocab_size, elements)
    return elements * size * 4 + tile * 4 * 4
