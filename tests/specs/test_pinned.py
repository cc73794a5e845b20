"""A spec with the values that its first attempt resolved means the same on every machine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.pinned import pinned
from tunesmith.specs.resolve import Facts, resolve

HERE = Facts(
    num_examples=500, longest_example_tokens=200, mean_example_tokens=80.0, has_validation=True, context_length=2048,
    hidden_size=576, num_parameters=135_000_000, linear_kinds=("q_proj", "v_proj", "lm_head"), device="cpu",
    has_fast_bf16=True, can_compile=True,
)  # fmt: skip
THERE = replace(HERE, device="cuda", has_fast_bf16=False, can_compile=False)


def spec(**given: Any) -> FineTuneSpec:
    return FineTuneSpec.model_validate({"base_model": "starter", "training_file": "t.jsonl", **given})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"lora_target_modules": "all-linear"},
        {"adapter": "none", "max_steps": 7},
        {"learning_rate_multiplier": 2.0, "num_epochs": 1.5, "batch_size": 3},
        {"eval_examples": 0, "micro_batch_tokens": 77, "lora_alpha": 3.0},
    ],
)
def test_another_machine_comes_to_the_same_values(given: dict[str, Any]) -> None:
    first = resolve(spec(**given), HERE)
    later = resolve(pinned(spec(**given), first.as_json()["settings"]), THERE)
    assert later.values() == first.values()


def test_without_pinning_another_machine_would_choose_otherwise() -> None:
    assert resolve(spec(), THERE).values() != resolve(spec(), HERE).values()


def test_what_was_given_stays_as_it_was_given() -> None:
    given = spec(batch_size=3)
    assert (
        pinned(
            given, {"batch_size": {"value": 9, "reason": "as given"}, "num_epochs": {"value": 3.0, "reason": ""}}
        ).batch_size
        == 3
    )
