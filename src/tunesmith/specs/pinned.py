"""A spec with the values that its first attempt resolved, so that a later one, on another machine too, has the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunesmith.specs.fine_tune import FineTuneSpec


def pinned(spec: FineTuneSpec, resolved: Mapping[str, Any]) -> FineTuneSpec:
    """``resolved`` is setting → {value, reason}, as kept with a job. What was given stays as it was given."""
    values = {name: entry["value"] for name, entry in resolved.items()}
    changes = {
        name: values[name]
        for name in type(spec).model_fields
        if name in values and getattr(spec, name) in ("auto", "all-linear") and values[name] != []
    }
    if spec.num_epochs is None and spec.max_steps is None:
        changes["num_epochs"] = values["num_epochs"]
    if "learning_rate" in changes:  # the multiplier is in it
        changes["learning_rate_multiplier"] = "auto"
    return type(spec).model_validate({**spec.model_dump(), **changes})
