"""What a spec may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tunesmith.specs.fine_tune import FineTuneSpec


def spec(**changes: Any) -> FineTuneSpec:
    return FineTuneSpec.model_validate({"base_model": "starter", "training_file": "train.jsonl", **changes})


def messages(**changes: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        spec(**changes)
    return "\n".join(error["msg"] for error in raised.value.errors())


def test_two_lines_are_a_spec() -> None:
    assert spec().model_dump(exclude_defaults=True) == {"base_model": "starter", "training_file": "train.jsonl"}


def test_defaults() -> None:
    assert spec().model_dump(exclude={"base_model", "training_file"}) == {
        "initialization": "pretrained",
        "validation_file": None,
        "validation_split": None,
        "leakage": "error",
        "file_format": "auto",
        "method": "supervised",
        "adapter": "lora",
        "lora_rank": 16,
        "lora_alpha": "auto",
        "lora_target_modules": "auto",
        "num_epochs": None,
        "max_steps": None,
        "batch_size": "auto",
        "learning_rate": "auto",
        "learning_rate_multiplier": "auto",
        "lr_schedule": "cosine",
        "warmup_ratio": 0.03,
        "weight_decay": 0.0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "max_grad_norm": 1.0,
        "prompt_loss_weight": 0.0,
        "max_seq_len": "auto",
        "over_length": "error",
        "precision": "auto",
        "micro_batch_tokens": "auto",
        "activation_checkpointing": "auto",
        "compile": "auto",
        "eval_every_steps": "auto",
        "eval_examples": "auto",
        "save_every_steps": "auto",
        "keep_checkpoints": 3,
        "seed": 42,
    }


def test_a_spec_cannot_be_changed_and_takes_no_unknown_key() -> None:
    with pytest.raises(ValidationError):
        spec().seed = 3  # type: ignore[misc]
    assert "Extra inputs are not permitted" in messages(lora_r=8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_model", ""),
        ("training_file", ""),
        ("validation_split", 0),
        ("validation_split", 1),
        ("leakage", "ignore"),
        ("file_format", "csv"),
        ("lora_rank", 0),
        ("lora_rank", 1025),
        ("lora_alpha", 0),
        ("lora_target_modules", "q_proj"),
        ("num_epochs", 0),
        ("max_steps", 0),
        ("max_steps", 1.5),
        ("batch_size", 0),
        ("batch_size", "big"),
        ("learning_rate", 0),
        ("learning_rate", -1e-3),
        ("learning_rate", 11),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate_multiplier", 0),
        ("learning_rate_multiplier", 101),
        ("learning_rate_multiplier", "twice"),
        ("lr_schedule", "step"),
        ("warmup_ratio", 1.1),
        ("weight_decay", -0.1),
        ("adam_beta1", 1),
        ("max_grad_norm", 0),
        ("prompt_loss_weight", 1.01),
        ("max_seq_len", 7),
        ("over_length", "cut"),
        ("precision", "fp16"),
        ("micro_batch_tokens", 0),
        ("eval_examples", -1),
        ("save_every_steps", 0),
        ("keep_checkpoints", 0),
        ("seed", -1),
        ("seed", 2**31),
    ],
)
def test_a_value_out_of_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        spec(**{name: value})
    assert {error["loc"][0] for error in raised.value.errors()} == {name}


@pytest.mark.parametrize("name", ["learning_rate", "seed", "batch_size", "max_steps", "weight_decay"])
def test_true_is_not_a_number(name: str) -> None:
    with pytest.raises(ValidationError):
        spec(**{name: True})


@pytest.mark.parametrize("value", [True, False, "auto"])
def test_a_switch_takes_true_and_false(value: object) -> None:
    assert spec(activation_checkpointing=value).activation_checkpointing is value


@pytest.mark.parametrize("value", ["true", "yes", 1, 0, None, [True]])
def test_a_switch_takes_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        spec(activation_checkpointing=value)


@pytest.mark.parametrize("method", ["dpo", "reinforcement"])
def test_methods_to_come_are_refused_saying_so(method: str) -> None:
    assert f"method {method} does not exist yet; supervised does" in messages(method=method)


def test_qlora_is_refused_saying_so() -> None:
    assert "adapter qlora arrives later" in messages(adapter="qlora")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"num_epochs": 1, "max_steps": 10}, "give num_epochs or max_steps, not both"),
        ({"validation_file": "v.jsonl", "validation_split": 0.1}, "give validation_file or validation_split, not both"),
        (
            {"learning_rate": 1e-3, "learning_rate_multiplier": 2},
            "give learning_rate or learning_rate_multiplier, not both",
        ),
        ({"initialization": "random"}, "set adapter to none"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(given: dict[str, Any], sentence: str) -> None:
    assert sentence in messages(**given)


def test_initialization_random_trains_every_weight() -> None:
    assert spec(initialization="random", adapter="none").initialization == "random"
