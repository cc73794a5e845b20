"""Every auto becomes a value with a reason."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, ResolvedSpec, resolve

KINDS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")
FACTS = Facts(
    num_examples=1000,
    longest_example_tokens=180,
    mean_example_tokens=90.0,
    has_validation=True,
    context_length=2048,
    hidden_size=576,
    num_parameters=135_000_000,
    linear_kinds=KINDS,
    device="cpu",
    has_fast_bf16=True,
    can_compile=True,
)
# A multiplier has no value of its own: it shows in the learning rate and its reason.
OWN = {"file_format", "learning_rate_multiplier"}
AUTO = [n for n, field in FineTuneSpec.model_fields.items() if field.default == "auto" and n not in OWN]


def spec(**changes: Any) -> FineTuneSpec:
    return FineTuneSpec.model_validate({"base_model": "b", "training_file": "t.jsonl", **changes})


def resolved(facts: Facts = FACTS, **changes: Any) -> ResolvedSpec:
    return resolve(spec(**changes), facts)


@pytest.mark.parametrize("adapter", ["lora", "none"])
@pytest.mark.parametrize("facts", [FACTS, replace(FACTS, has_validation=False, device="cuda", num_parameters=10**7)])
def test_every_auto_gets_a_value_and_a_reason(adapter: str, facts: Facts) -> None:
    settings = resolved(facts, adapter=adapter)
    assert "auto" not in settings.values().values()
    assert {name for name in AUTO if not settings.reasons.get(name)} == set()
    assert settings.reasons["num_epochs"]


def test_what_was_given_is_kept_and_called_given() -> None:
    given: dict[str, Any] = {
        "lora_alpha": 8.0,
        "lora_target_modules": ["q_proj"],
        "batch_size": 3,
        "learning_rate": 1e-4,
        "max_seq_len": 100,
        "precision": "fp32",
        "micro_batch_tokens": 77,
        "activation_checkpointing": True,
        "compile": False,
        "eval_every_steps": 5,
        "eval_examples": 0,
        "save_every_steps": 6,
        "num_epochs": 2.0,
    }
    assert set(AUTO) <= given.keys()
    settings = resolved(**given)
    entries = settings.as_json()["settings"]
    assert {name: entries[name] for name in given} == {n: {"value": v, "reason": "as given"} for n, v in given.items()}


def test_json_has_value_and_reason_for_each_setting() -> None:
    settings = resolved()
    entry = json.loads(json.dumps(settings.as_json()))
    assert entry["format"] == 1
    assert set(entry["settings"]) == {field.name for field in fields(ResolvedSpec)} - {"reasons"}
    assert all(set(s) == {"value", "reason"} and s["reason"] for s in entry["settings"].values())


def test_golden_values_for_a_model_of_135_million_weights() -> None:
    settings = resolved()
    assert settings.values() == {
        "adapter": "lora",
        "lora_rank": 16,
        "lora_alpha": 32.0,
        "lora_target_modules": list(KINDS[:-1]),
        "num_epochs": 3.0,
        "total_steps": 189,
        "batch_size": 16,
        "learning_rate": 0.0013,
        "lr_schedule": "cosine",
        "warmup_steps": 6,
        "weight_decay": 0.0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "max_grad_norm": 1.0,
        "prompt_loss_weight": 0.0,
        "max_seq_len": 2048,
        "over_length": "error",
        "precision": "bf16",
        "micro_batch_tokens": 4096,
        "activation_checkpointing": False,
        "compile": True,
        "eval_every_steps": 38,
        "eval_examples": 100,
        "save_every_steps": 20,
        "keep_checkpoints": 3,
        "seed": 42,
    }


@pytest.mark.parametrize(
    ("num_examples", "batch_size"), [(1, 1), (40, 1), (64, 2), (100, 2), (256, 8), (1023, 16), (1024, 32), (10**6, 32)]
)
def test_batch_size_leaves_thirty_two_steps_in_a_pass(num_examples: int, batch_size: int) -> None:
    assert resolved(replace(FACTS, num_examples=num_examples)).batch_size == batch_size


@pytest.mark.parametrize(
    ("changes", "rate"),
    [
        ({}, 0.00050),
        ({"adapter": "none"}, 5e-5),
        ({"adapter": "none", "initialization": "random"}, 5e-4),
    ],
)
def test_learning_rate_at_the_width_it_was_measured_at(changes: dict[str, Any], rate: float) -> None:
    assert resolved(replace(FACTS, hidden_size=2000), **changes).learning_rate == pytest.approx(rate)


@pytest.mark.parametrize("multiplier", [0.1, 1, 2.0])
def test_a_multiplier_scales_the_learning_rate_that_auto_chooses(multiplier: float) -> None:
    settings = resolved(learning_rate_multiplier=multiplier)
    assert settings.learning_rate == pytest.approx(0.0013 * multiplier)
    assert settings.reasons["learning_rate"].startswith("0.0013 for LoRA at hidden width 576")
    assert settings.reasons["learning_rate"].endswith(f"; times learning_rate_multiplier {multiplier:g}")


def test_random_weights_never_get_more_than_three_thousandths() -> None:
    settings = resolved(replace(FACTS, hidden_size=16), adapter="none", initialization="random")
    assert settings.learning_rate == 3e-3


def test_small_models_carry_a_pair_on_the_output_head() -> None:
    assert resolved(replace(FACTS, num_parameters=100_000_000)).lora_target_modules == KINDS
    assert resolved(replace(FACTS, num_parameters=100_000_001)).lora_target_modules == KINDS[:-1]
    assert resolved(lora_target_modules="all-linear").lora_target_modules == KINDS[:-1]
    assert resolved(adapter="none").lora_target_modules == ()


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"num_epochs": 1}, 100),
        ({"num_epochs": 1.005}, 101),
        ({"num_epochs": 0.001}, 1),
        ({"num_epochs": 1.1}, 110),
        ({"num_epochs": 0.07}, 7),
        ({"max_steps": 7}, 7),
        ({}, 300),
    ],
)
def test_steps_of_a_run(changes: dict[str, Any], steps: int) -> None:
    assert resolved(batch_size=10, **changes).total_steps == steps


def test_max_steps_is_said_in_passes() -> None:
    settings = resolved(batch_size=10, max_steps=250)
    assert settings.num_epochs == 2.5
    assert settings.reasons["num_epochs"] == "250 steps of 10 among 1,000 examples"


def test_max_seq_len_above_the_context_is_refused() -> None:
    assert resolved(max_seq_len=2048).max_seq_len == 2048
    with pytest.raises(
        UserError, match=r"max_seq_len 2,049 is more than the base model's context of 2,048 tokens"
    ) as e:
        resolved(max_seq_len=2049)
    assert "2048" in e.value.hint


def test_precision_follows_the_machine() -> None:
    assert resolved(replace(FACTS, has_fast_bf16=False)).precision == "fp32"
    assert resolved().precision == "bf16"
    assert "CUDA" in resolved(replace(FACTS, device="cuda")).reasons["precision"]


@pytest.mark.parametrize(
    ("facts", "changes", "compiles"),
    [
        (FACTS, {}, True),
        (FACTS, {"max_steps": 10}, False),
        (replace(FACTS, can_compile=False), {}, False),
        (replace(FACTS, device="cuda"), {}, False),
        (FACTS, {"max_steps": 10, "compile": True}, True),
        (FACTS, {"compile": False}, False),
    ],
)
def test_layers_are_compiled_for_long_jobs_or_as_asked(facts: Facts, changes: dict[str, Any], compiles: bool) -> None:
    assert resolved(facts, **changes).compile is compiles


def test_compiling_where_it_cannot_work_is_refused() -> None:
    with pytest.raises(UserError, match="compile: true cannot work"):
        resolved(replace(FACTS, can_compile=False), compile=True)


def test_without_validation_nothing_is_evaluated() -> None:
    settings = resolved(replace(FACTS, has_validation=False))
    assert (settings.eval_examples, settings.eval_every_steps) == (0, settings.total_steps)
    assert settings.reasons["eval_examples"] == "there is no validation data"


def test_warm_up_is_a_share_of_the_steps() -> None:
    assert resolved(max_steps=100, warmup_ratio=0.25).warmup_steps == 25
    assert resolved(max_steps=100, warmup_ratio=0).warmup_steps == 0
