"""What a training would cost, by rules that others published."""

from __future__ import annotations

import pytest

from tunesmith.specs.costs import cookbook_epochs, operations_per_token
from tunesmith.specs.memory import ModelShape


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [(1, 25), (5, 20), (10, 10), (33, 3), (34, 3), (8_333, 3), (8_334, 2), (12_500, 2), (25_000, 1), (10**6, 1)],
)
def test_passes_are_those_of_the_cookbook(examples: int, epochs: int) -> None:
    assert cookbook_epochs(examples) == epochs


def test_frozen_weights_need_two_thirds_of_the_arithmetic() -> None:
    shape = ModelShape(1_000_000, 2, 64, 256, 64, 64, 1_000)
    lora, full = (operations_per_token(shape, trains_all=trains_all, trained_share=1.0) for trains_all in (False, True))
    assert (lora, full) == (4_000_000, 6_000_000)


def test_head_works_for_trained_tokens_alone() -> None:
    shape = ModelShape(164_000, 2, 64, 256, 64, 64, 1_000)
    assert operations_per_token(shape, trains_all=False, trained_share=0.0) == 4 * 100_000
