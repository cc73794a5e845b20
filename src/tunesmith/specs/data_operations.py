"""What may be asked to be done to data files: each kind with its settings.

``parse_settings`` takes a kind and settings as JSON, gives the typed value; every problem is told at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tunesmith.core.errors import Problem, Problems


class Settings(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


class SplitSettings(Settings):
    """A training and a validation part of one file."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """The validation part's share of the rows."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """The same seed gives the same parts."""


KINDS: Final[Mapping[str, type[Settings]]] = {
    "split": SplitSettings,
}
MOST_INPUTS: Final[Mapping[str, int]] = {"split": 1}


def parse_settings(kind: str, raw: Mapping[str, Any]) -> Settings:
    """Raises Problems: an unknown kind, unknown keys, and values out of their range, each with its path."""
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(KINDS)}"
        raise Problems(
            f"There is no operation {kind[:60]!r}.",
            [Problem("unknown_kind", "an unknown kind", hint, path="kind")],
            hint,
        )
    try:
        return KINDS[kind].model_validate(raw)
    except ValidationError as error:
        found = [_problem(each, KINDS[kind]) for each in error.errors(include_url=False, include_input=False)]
        told = "; ".join(f"{problem.path}: {problem.message} ({problem.hint})" for problem in found[:5])
        raise Problems(f"The settings of {kind} cannot be used: {told}.", found) from None


def _problem(error: Any, kind: type[Settings]) -> Problem:
    path = ".".join(["settings", *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(error["loc"][-1]), kind.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(kind.model_fields)}"
        return Problem("unknown_setting", "there is no such setting", hint, path=path)
    message = str(error["msg"])
    return Problem("invalid_setting", message[:1].lower() + message[1:], "change the value", path=path)
