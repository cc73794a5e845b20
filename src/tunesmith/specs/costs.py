"""What a training would cost, before it begins: passes by the cookbook's rule, arithmetic a token. Pure."""

from __future__ import annotations

from typing import Final

from tunesmith.specs.memory import ModelShape

TARGET_EPOCHS: Final = 3
MIN_TARGET_EXAMPLES: Final = 100
MAX_TARGET_EXAMPLES: Final = 25_000
MIN_DEFAULT_EPOCHS: Final = 1
MAX_DEFAULT_EPOCHS: Final = 25


def cookbook_epochs(num_examples: int) -> int:
    """Passes that OpenAI's cookbook ("Data preparation and analysis for chat model fine-tuning") reckons with: three,
    more where there are few examples, fewer where there are very many."""
    if num_examples * TARGET_EPOCHS < MIN_TARGET_EXAMPLES:
        return min(MAX_DEFAULT_EPOCHS, MIN_TARGET_EXAMPLES // max(1, num_examples))
    if num_examples * TARGET_EPOCHS > MAX_TARGET_EXAMPLES:
        return max(MIN_DEFAULT_EPOCHS, MAX_TARGET_EXAMPLES // num_examples)
    return TARGET_EPOCHS


def operations_per_token(shape: ModelShape, *, trains_all: bool, trained_share: float) -> float:
    """Multiplications and additions of one token, forward and backward: two a weight and pass; frozen weights need no
    gradient of their own. The output head works for the ``trained_share`` of the tokens alone. Attention's own products
    are left out: they matter for long rows only."""
    head = shape.vocab_size * shape.hidden_size
    blocks = max(0, shape.num_parameters - head)
    return (6 if trains_all else 4) * (blocks + head * trained_share)
