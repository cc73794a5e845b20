"""Training's figures in the wire's words: metrics events, checkpoints' metrics, and the result file.

Validation always measures the whole validation file, so ``valid_loss`` and ``full_valid_loss`` are the same
figure here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from tunesmith.train.run_folder import StepMetrics

# OpenAI's columns, then Azure's; blank where nothing was measured.
RESULT_COLUMNS: Mapping[str, str] = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
    "train_mean_token_accuracy": "train_mean_token_accuracy",
    "validation_mean_token_accuracy": "valid_mean_token_accuracy",
    "full_valid_loss": "valid_loss",
    "full_valid_mean_token_accuracy": "valid_mean_token_accuracy",
}


def result_table(rows: Sequence[StepMetrics]) -> str:
    """The result file of a job: one line of CSV a step. What was measured before the first is left to the events."""
    lines = [",".join(RESULT_COLUMNS)]
    for row in rows:
        if row.step > 0:
            values = (getattr(row, name) for name in RESULT_COLUMNS.values())
            lines.append(",".join("" if value is None else repr(value) for value in values))
    return "\n".join(lines) + "\n"


def checkpoint_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """A checkpoint's metrics as the wire has them; what was not measured, or is no number, is left out."""
    names = ("step", "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy")
    known = {name: metrics[name] for name in names if metrics[name] is not None and isfinite(metrics[name])}
    full = {f"full_{name}": value for name, value in known.items() if name.startswith("valid_")}
    return {**known, **full}


def metrics_event(metrics: Mapping[str, Any], total_steps: int) -> dict[str, Any]:
    """The event of one step; of the validation before the first step, an ordinary message."""
    step, valid_loss = metrics["step"], metrics["valid_loss"]
    if step == 0:
        return {"message": f"Validation loss before training: {valid_loss:.2f}", "once": "metrics:0"}
    text = f"Step {step}/{total_steps}: training loss={metrics['train_loss']:.2f}"
    if valid_loss is not None:
        text += f", validation loss={valid_loss:.2f}, full validation loss={valid_loss:.2f}"
    data = {**checkpoint_metrics(metrics), "total_steps": total_steps}
    return {"message": text, "type": "metrics", "data": data, "once": f"metrics:{step}"}
