"""One YAML file → FineTuneSpec. Unknown keys are errors with a suggestion; all problems at once, with lines."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.specs.fine_tune import FineTuneSpec

# What people who come from other trainers write.
FOREIGN_KEYS = {
    "datasets": "training_file",
    "train_file": "training_file",
    "dataset": "training_file",
    "val_file": "validation_file",
    "val_set_size": "validation_split",
    "test_size": "validation_split",
    "lora_r": "lora_rank",
    "r": "lora_rank",
    "lora_target_linear": "lora_target_modules",
    "target_modules": "lora_target_modules",
    "n_epochs": "num_epochs",
    "epochs": "num_epochs",
    "num_train_epochs": "num_epochs",
    "lr": "learning_rate",
    "lr_scheduler": "lr_schedule",
    "lr_scheduler_type": "lr_schedule",
    "micro_batch_size": "micro_batch_tokens",
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation_steps": "batch_size",
    "sequence_len": "max_seq_len",
    "cutoff_len": "max_seq_len",
    "max_length": "max_seq_len",
    "max_seq_length": "max_seq_len",
    "save_steps": "save_every_steps",
    "eval_steps": "eval_every_steps",
    "warmup_steps": "warmup_ratio",
    "bf16": "precision",
    "fp16": "precision",
    "model": "base_model",
    "model_name_or_path": "base_model",
    "stage": "method",
    "gradient_clip": "max_grad_norm",
}


def load_spec(path: Path) -> FineTuneSpec:
    """Read and judge the file; raises UserError or Problems naming the file and every bad line."""
    values = _read(path)
    lines = (
        {str(key): place[0] + 1 for key, place in (values.lc.data or {}).items()}
        if isinstance(values, CommentedMap)
        else {}
    )
    return parse_spec(values, str(path), lines)


def parse_spec(
    values: Mapping[str, Any], file: str | None = None, lines: Mapping[str, int] | None = None
) -> FineTuneSpec:
    try:
        return FineTuneSpec.model_validate(dict(values))
    except ValidationError as error:
        problems = [_problem(detail, file, lines or {}) for detail in error.errors(include_url=False)]
        unique = list({(p.path, p.message): p for p in problems}.values())
        raise Problems(f"{file or 'The spec'} cannot be used:", unique) from None


def spec_as_yaml(spec: FineTuneSpec) -> str:
    """The spec as a file that ``load_spec`` reads back; settings that were not given are left out."""
    from io import StringIO

    stream = StringIO()
    YAML(typ="safe", pure=True).dump(spec.model_dump(exclude_none=True), stream)
    return stream.getvalue()


def _read(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"There is no file {path}.", "name the YAML file that describes the job") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder.", "name the YAML file that describes the job") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start + 1}).", "save the file as UTF-8") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "check the file's permissions") from None
    try:
        values = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        spot = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise UserError(
            f"{path}{spot} is not valid YAML: {error.problem or error.context}.", "mend that line"
        ) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise UserError(f"{path} is not valid YAML: {error}.", "mend the file") from None
    if not isinstance(values, Mapping):
        raise UserError(
            f"{path} must hold keys and values, such as base_model: starter.", "see the README for an example"
        )
    return values


def _problem(detail: ErrorDetails, file: str | None, lines: Mapping[str, int]) -> Problem:
    place = [
        part for part in detail["loc"] if not str(part).startswith(("literal[", "constrained-", "list[", "function-"))
    ]
    key = str(place[0]) if place else str(detail["type"])
    line = lines.get(key)
    if detail["type"] == "extra_forbidden":
        return Problem("unknown_key", f"there is no key {key!r}", _suggestion(key), file=file, line=line, path=key)
    if detail["type"] == "missing":
        return Problem("missing_key", f"{key} is missing", f"add a line {key}: …", file=file, path=key)
    found = "" if not place else f" (found {detail['input']!r})"
    hint = _meaning(key)
    return Problem("invalid_value", f"{key}: {_sentence(detail)}{found}", hint, file=file, line=line, path=key)


def _sentence(detail: ErrorDetails) -> str:
    message = detail["msg"]
    return message[0].lower() + message[1:]


def _suggestion(key: str) -> str:
    fields = list(FineTuneSpec.model_fields)
    if key in FOREIGN_KEYS:
        return f"did you mean {FOREIGN_KEYS[key]}?"
    near = difflib.get_close_matches(key, fields, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"the keys are {', '.join(fields)}"


def _meaning(key: str) -> str:
    field = FineTuneSpec.model_fields.get(key)
    if field is None:
        return "docs/config.md has every key"
    kind = str(field.annotation).replace("typing.", "")
    choices = ", ".join(c for c in re.findall(r"'(\w[\w-]*)'", kind) if c not in ("dpo", "reinforcement", "qlora"))
    is_closed = choices and "Literal" in kind and "Annotated" not in kind
    return f"choose one of {choices}" if is_closed else "docs/config.md says what it may be"
