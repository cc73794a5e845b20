"""The wire's words for a job to a spec, or every problem under the wire's names."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.core.errors import Problem, Problems
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.wire_job import EXTENSION_KEYS, SETTINGS, WIRE_KEYS, parse_wire_job
from tunesmith.specs.yaml_file import parse_spec


def job(
    hyperparameters: dict[str, Any] | None = None, validation_file: str | None = None, **extensions: Any
) -> FineTuneSpec:
    return parse_wire_job(
        base_model="starter", training_file="file-1", validation_file=validation_file, seed=3,
        hyperparameters=hyperparameters or {}, extensions=extensions,
    )  # fmt: skip


def problems(hyperparameters: dict[str, Any] | None = None, **extensions: Any) -> dict[str | None, Problem]:
    with pytest.raises(Problems) as raised:
        job(hyperparameters, **extensions)
    return {problem.path: problem for problem in raised.value.problems}


def test_a_bare_job_asks_for_the_defaults() -> None:
    assert job().model_dump(exclude_defaults=True) == {"base_model": "starter", "training_file": "file-1", "seed": 3}


def test_hyperparameters_become_the_settings_they_mean() -> None:
    asked = {"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5, "prompt_loss_weight": 0.01}
    spec = job(asked)
    assert {name: getattr(spec, SETTINGS[name]) for name in asked} == asked


def test_auto_hyperparameters_stay_auto() -> None:
    spec = job({"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"})
    assert spec == job()


def test_every_key_of_the_yaml_file_travels_under_one_name() -> None:
    elsewhere = {"base_model": "model", "training_file": "training_file", "validation_file": "validation_file",
                 "method": "method", "seed": "seed"}  # fmt: skip
    assert set(EXTENSION_KEYS) | set(elsewhere) == set(FineTuneSpec.model_fields)
    assert set(elsewhere.values()) <= set(WIRE_KEYS)
    assert not set(EXTENSION_KEYS) & set(WIRE_KEYS)


def test_an_extension_of_null_is_absent() -> None:
    assert job(lora_rank=None, over_length=None, no_such_key=None) == job()


@pytest.mark.parametrize(
    ("key", "meant"),
    [("lora_r", "lora_rank"), ("base_model", "model"), ("n_epochs", "num_epochs"), ("validation_fil", "validation_file"),
     ("sufix", "suffix"), ("overlength", "over_length")],
)  # fmt: skip
def test_an_unknown_key_is_named_with_the_key_that_was_meant(key: str, meant: str) -> None:
    problem = problems(**{key: 1})[key]
    assert problem.message == f"Unrecognized request argument supplied: {key}"
    assert problem.hint == f"did you mean {meant}?"


def test_an_unknown_key_like_none_is_told_all_keys() -> None:
    hint = problems(zzzz=1)["zzzz"].hint
    assert [key for key in (*WIRE_KEYS, *EXTENSION_KEYS) if key not in hint] == []


def test_a_value_is_refused_in_the_words_of_the_yaml_file() -> None:
    with pytest.raises(Problems) as raised:
        parse_spec({"base_model": "b", "training_file": "f", "lora_rank": 0, "over_length": "cut"})
    said = {problem.path: problem for problem in raised.value.problems}
    assert problems(lora_rank=0, over_length="cut") == said


def test_all_problems_come_at_once() -> None:
    found = problems({"n_epochs": 3}, lora_r=1, lora_rank=0, num_epochs=2, adapter="qlora")
    assert set(found) == {"lora_r", "lora_rank", "num_epochs", "adapter"}


def test_one_setting_under_two_names_must_agree() -> None:
    assert job({"n_epochs": 2}, num_epochs=2).num_epochs == 2
    found = problems({"n_epochs": 2}, num_epochs=3)
    assert found["num_epochs"].message == "hyperparameters.n_epochs is 2 but num_epochs is 3"


@pytest.mark.parametrize(
    ("asked", "extensions", "path"),
    [
        ({"n_epochs": 1}, {"max_steps": 2}, "max_steps"),
        ({"learning_rate_multiplier": 2}, {"learning_rate": 1e-3}, "hyperparameters.learning_rate_multiplier"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    asked: dict[str, Any], extensions: dict[str, Any], path: str
) -> None:
    assert "not both" in problems(asked, **extensions)[path].message
