"""The wire's words for a job → FineTuneSpec: what OpenAI's body has under another name, and our keys beside it.

``WIRE_KEYS`` are the fields that OpenAI's and Azure's bodies have; every other key of the body must be one
of ``EXTENSION_KEYS``: the YAML file's keys that the wire lacks, with the meaning and the limits that
FineTuneSpec gives them. Problems carry the wire's names.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tunesmith.core.errors import Problem, Problems
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.yaml_file import FOREIGN_KEYS, parse_spec

WIRE_KEYS = (
    "model", "training_file", "validation_file", "method", "hyperparameters", "suffix", "seed", "integrations",
    "metadata", "trainingType",
)  # fmt: skip
# Hyperparameter of the wire → setting of the spec.
SETTINGS = {
    "n_epochs": "num_epochs",
    "batch_size": "batch_size",
    "learning_rate_multiplier": "learning_rate_multiplier",
    "prompt_loss_weight": "prompt_loss_weight",
}
EXTENSION_KEYS = tuple(key for key in FineTuneSpec.model_fields if key not in (*WIRE_KEYS, "base_model"))


def parse_wire_job(
    *, base_model: str, training_file: str, validation_file: str | None, seed: int,
    hyperparameters: Mapping[str, Any], extensions: Mapping[str, Any],
) -> FineTuneSpec:  # fmt: skip
    """Raises Problems with all that is wrong, told by the wire's names. A null extension is as good as absent."""
    given = {key: value for key, value in extensions.items() if value is not None}
    unknown = [unknown_key(key) for key in given if key not in EXTENSION_KEYS]
    values = {key: value for key, value in given.items() if key in EXTENSION_KEYS}
    problems = [*unknown, *_disagreements(hyperparameters, values)]
    for name, value in hyperparameters.items():
        if not (value == "auto" and SETTINGS[name] == "num_epochs"):
            values.setdefault(SETTINGS[name], value)
    values |= {"base_model": base_model, "training_file": training_file, "seed": seed}
    if validation_file is not None:
        values["validation_file"] = validation_file
    try:
        spec = parse_spec(values)
    except Problems as error:
        problems += [_on_wire(problem, hyperparameters) for problem in error.problems]
    if problems:
        raise Problems("The job cannot be created:", problems)
    return spec


def unknown_key(key: str, within: str = "", known: Sequence[str] = (*WIRE_KEYS, *EXTENSION_KEYS)) -> Problem:
    """``within`` is the object that holds it, such as ``hyperparameters``."""
    path = f"{within}.{key}" if within else key
    meant = {"base_model": "model"}.get(key) or FOREIGN_KEYS.get(key)
    near = [meant] if meant in known else difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}"
    return Problem("unknown_key", f"Unrecognized request argument supplied: {path}", hint, path=path)


def _disagreements(hyperparameters: Mapping[str, Any], extensions: Mapping[str, Any]) -> list[Problem]:
    """A setting that is given under both its names must have one value."""
    return [
        Problem(
            "two_values",
            f"hyperparameters.{name} is {hyperparameters[name]!r} but {setting} is {extensions[setting]!r}",
            "give one of them",
            path=setting,
        )
        for name, setting in SETTINGS.items()
        if name in hyperparameters and setting in extensions and hyperparameters[name] != extensions[setting]
    ]


def _on_wire(problem: Problem, hyperparameters: Mapping[str, Any]) -> Problem:
    if problem.path == "base_model":
        return replace(problem, path="model")
    for name, setting in SETTINGS.items():
        if problem.path == setting and name in hyperparameters:
            return replace(problem, path=f"hyperparameters.{name}")
    return problem
