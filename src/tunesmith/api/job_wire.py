"""A job, an event, a checkpoint as OpenAI's wire has them; what we add to a job stands at its end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal

from tunesmith.api.auth import IdOf, NoId
from tunesmith.api.wire import Wire, absent
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.specs.wire_job import EXTENSION_KEYS
from tunesmith.store.checkpoints import Checkpoint
from tunesmith.store.job_events import JobEvent
from tunesmith.store.jobs import Job

_Auto = Literal["auto"]
_WIRE_METRICS = (
    "step", "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy", "full_valid_loss",
    "full_valid_mean_token_accuracy",
)  # fmt: skip
_DEFAULTS = {name: field.default for name, field in FineTuneSpec.model_fields.items() if not field.is_required()}
_CHOSEN_LATER = "chosen when training starts"
# What a job's ``resolved`` holds before it runs: the settings that will have a value then.
_SETTINGS = tuple(field.name for field in fields(ResolvedSpec) if field.name != "reasons")


class HyperparametersWire(Wire):
    """``auto`` until the job runs, then numbers."""

    n_epochs: int | _Auto
    batch_size: int | _Auto
    learning_rate_multiplier: float | _Auto


class SupervisedWire(Wire):
    hyperparameters: HyperparametersWire


class MethodWire(Wire):
    type: Literal["supervised"] = "supervised"
    supervised: SupervisedWire


class JobErrorWire(Wire):
    code: str
    message: str
    param: str | None


class SettingWire(Wire):
    value: Any
    reason: str


class JobWire(Wire):
    object: Literal["fine_tuning.job"] = "fine_tuning.job"
    id: Annotated[str, IdOf("job")]
    model: str
    created_at: int
    finished_at: int | None
    fine_tuned_model: str | None
    organization_id: str
    result_files: Sequence[str]
    status: Literal["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
    validation_file: str | None
    training_file: str
    hyperparameters: HyperparametersWire
    trained_tokens: int | None
    error: JobErrorWire | None
    user_provided_suffix: str | None
    seed: int
    estimated_finish: int | None
    integrations: Sequence[Mapping[str, Any]] | None
    metadata: Mapping[str, str] | None
    usage_metrics: None = None
    shared_with_openai: Literal[False] = False
    method: MethodWire
    requested_model: str
    """The name that the request used, where ``model`` says what it meant."""
    requested_settings: Mapping[str, Any]
    """The settings that the request gave, by their names as extensions; none that is as it would have been anyway."""
    waiting_reason: str | None
    """Why it is not running yet, where something hinders it."""
    step: int
    total_steps: int | None
    resolved: Mapping[str, SettingWire]
    """Every setting with its value and the reason for it; before the job runs, what was asked."""

    @classmethod
    def of(cls, job: Job, organization_id: str) -> JobWire:
        hyperparameters = _hyperparameters(job)
        return cls(
            id=job.id,
            model=job.model,
            created_at=job.created_at,
            finished_at=job.finished_at,
            fine_tuned_model=job.fine_tuned_model,
            organization_id=organization_id,
            result_files=[job.result_file_id] if job.result_file_id else [],
            status=job.state.on_wire,
            validation_file=job.validation_file_id,
            training_file=job.training_file_id,
            hyperparameters=hyperparameters,
            trained_tokens=job.trained_tokens if job.state.is_final else None,
            error=None if job.error is None else JobErrorWire(**job.error),
            user_provided_suffix=job.suffix,
            seed=job.seed,
            estimated_finish=job.estimated_finish_at,
            integrations=job.request.get("integrations"),
            metadata=job.metadata,
            method=MethodWire(supervised=SupervisedWire(hyperparameters=hyperparameters)),
            requested_model=job.requested_model,
            requested_settings=_requested(job),
            waiting_reason=job.waiting_reason,
            step=job.step,
            total_steps=job.total_steps,
            resolved=_resolved(job),
        )


class JobEventWire(Wire):
    object: Literal["fine_tuning.job.event"] = "fine_tuning.job.event"
    id: Annotated[str, IdOf("job_event")]
    created_at: int
    level: Literal["info", "warn", "error"]
    message: str
    data: Mapping[str, Any]
    type: Literal["message", "metrics"]

    @classmethod
    def of(cls, event: JobEvent) -> JobEventWire:
        return cls(
            id=event.id, created_at=event.created_at, level=event.level, message=event.message, data=event.data or {},
            type=event.type,
        )  # fmt: skip


class CheckpointMetricsWire(Wire):
    step: float | None = absent()
    train_loss: float | None = absent()
    train_mean_token_accuracy: float | None = absent()
    valid_loss: float | None = absent()
    valid_mean_token_accuracy: float | None = absent()
    full_valid_loss: float | None = absent()
    full_valid_mean_token_accuracy: float | None = absent()


class CheckpointWire(Wire):
    object: Literal["fine_tuning.job.checkpoint"] = "fine_tuning.job.checkpoint"
    id: Annotated[str, IdOf("checkpoint")]
    created_at: int
    fine_tuned_model_checkpoint: str
    fine_tuning_job_id: Annotated[str, NoId("said, not asked")]
    metrics: CheckpointMetricsWire
    step_number: int

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> CheckpointWire:
        metrics = {name: checkpoint.metrics[name] for name in _WIRE_METRICS if checkpoint.metrics.get(name) is not None}
        return cls(
            id=checkpoint.id,
            created_at=checkpoint.created_at,
            fine_tuned_model_checkpoint=checkpoint.name,
            fine_tuning_job_id=checkpoint.job_id,
            metrics=CheckpointMetricsWire(**metrics),
            step_number=checkpoint.step_number,
        )


def _hyperparameters(job: Job) -> HyperparametersWire:
    values = {name: setting["value"] for name, setting in (job.resolved or {}).items()}
    epochs = values.get("num_epochs", job.spec.get("num_epochs"))
    multiplier = job.spec.get("learning_rate_multiplier", "auto")
    return HyperparametersWire(
        # The wire counts whole passes; ``resolved`` has the exact number.
        n_epochs="auto" if epochs is None else max(1, math.ceil(epochs)),
        batch_size=values.get("batch_size", job.spec.get("batch_size", "auto")),
        learning_rate_multiplier=1.0 if multiplier == "auto" and job.resolved is not None else multiplier,
    )


def _requested(job: Job) -> dict[str, Any]:
    """With these and the same files, another request asks for the same job."""
    given = {name: job.spec[name] for name in EXTENSION_KEYS if name in job.spec and job.spec[name] != _DEFAULTS[name]}
    return given if job.request.get("seed") is None else {**given, "seed": job.seed}


def _resolved(job: Job) -> dict[str, SettingWire]:
    if job.resolved is not None:
        return {name: SettingWire(**setting) for name, setting in job.resolved.items()}
    return {**_UNASKED, **{name: _asked(job, name) for name in _SETTINGS if name in job.spec or name == "seed"}}


def _unasked(name: str) -> SettingWire:
    """A setting that the request left out."""
    value = _DEFAULTS[name] if name in FineTuneSpec.model_fields else None
    if value in ("auto", None):
        return SettingWire(value="auto", reason=_CHOSEN_LATER)
    return SettingWire(value=value, reason="the default")


def _asked(job: Job, name: str) -> SettingWire:
    if name not in FineTuneSpec.model_fields:
        return SettingWire(value="auto", reason=_CHOSEN_LATER)
    if name == "seed" and job.request.get("seed") is None:
        return SettingWire(value=job.seed, reason="drawn by chance, as none was given")
    value = job.spec.get(name, _DEFAULTS[name])
    if value in ("auto", None):
        return SettingWire(value="auto", reason=_CHOSEN_LATER)
    return SettingWire(value=value, reason="the default" if value == _DEFAULTS[name] else "as given")


# The same for all jobs: made once, because a list of jobs shows it for each.
_UNASKED = {name: _unasked(name) for name in _SETTINGS}
