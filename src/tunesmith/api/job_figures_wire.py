"""What the API says of a job beyond OpenAI's fields: curves, certificates, and what a job would become. Extensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from tunesmith.api.auth import IdOf, NoId
from tunesmith.api.file_report_wire import ProblemWire
from tunesmith.api.job_wire import SettingWire
from tunesmith.api.wire import Wire


class SeriesWire(Wire):
    """One figure over the steps, at most as many points as were asked for. Each point stands for the steps from its own
    up to the next one's: ``mean`` of them, and the ``min`` and ``max``, so that no spike is lost. Where nothing was
    measured there is no point."""

    name: Literal[
        "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy", "learning_rate", "grad_norm",
        "tokens_per_second",
    ]  # fmt: skip
    steps: Sequence[int]
    mean: Sequence[float]
    min: Sequence[float]
    max: Sequence[float]


class JobMetricsWire(Wire):
    object: Literal["fine_tuning.job.metrics"] = "fine_tuning.job.metrics"
    job_id: Annotated[str, IdOf("job")]
    first_step: int
    last_step: int
    """The steps that the points cover; 0 and 0 before the first. Step 0 is the validation before training."""
    num_steps: int
    """How many of them there are."""
    series: Sequence[SeriesWire]


class StepMetricsWire(Wire):
    """What was measured of one step, as a live stream tells it; null where nothing was."""

    step: int
    train_loss: float | None
    train_mean_token_accuracy: float | None
    valid_loss: float | None
    valid_mean_token_accuracy: float | None
    learning_rate: float | None
    grad_norm: float | None
    tokens_per_second: float | None


class FigureWire(Wire):
    """One measured number of a certificate and the most that it may be."""

    name: str
    value: float
    most: float | None


class CertificateWire(Wire):
    """One promise about a job. ``passed`` and ``failed`` rest on figures; ``pending``: not measured yet."""

    name: Literal["data_accounted", "loss_mask", "template", "resume_exact", "adapter_applied", "same_tokens"]
    state: Literal["passed", "failed", "pending", "not_applicable"]
    sentence: str
    figures: Sequence[FigureWire]


class CertificateList(Wire):
    object: Literal["list"] = "list"
    data: Sequence[CertificateWire]


class MemoryEstimateWire(Wire):
    needed_bytes: int
    free_bytes: int | None
    """The largest slot of a worker that is there; None where no worker is."""
    fits: bool | None


class TimeEstimateWire(Wire):
    """Of the training steps alone, at the speed of an earlier job of the same base model in this project."""

    least_seconds: float
    most_seconds: float
    job_id: Annotated[str, NoId("the earlier job")]


class JobPreviewWire(Wire):
    """What ``POST /v1/fine_tuning/jobs`` with the same body would make; nothing is made."""

    object: Literal["fine_tuning.job.preview"] = "fine_tuning.job.preview"
    is_ready: bool
    """Whether the job could be created and its files used as they are."""
    problems: Sequence[ProblemWire]
    """All that is wrong, by the request's names (``path``)."""
    model: Annotated[str, NoId("the base model or tuned model that the request means")] | None
    resolved: Mapping[str, SettingWire]
    """Every setting with its value and reason, as if the wrong values had not been given; these settings are left out. Empty
    while the files' figures are not known."""
    is_waiting_for_report: bool
    num_examples: int | None
    num_validation_examples: int | None
    trained_tokens: int | None
    """Of one pass, and of all passes."""
    total_trained_tokens: int | None
    memory: MemoryEstimateWire | None
    time: TimeEstimateWire | None = None
    """None where no job of this base model has been trained in this project."""
    yaml: str
    """The same job as a file for ``tunesmith train``."""
    body: Mapping[str, Any]
    """The same job as the body of ``POST /v1/fine_tuning/jobs``, without what is absent."""


class ParentWire(Wire):
    """A file that another one was made from. ``file_id`` is null where the project has no such file any more."""

    name: str
    sha256: str
    file_id: Annotated[str, NoId("said, not asked")] | None = None
    is_training_data: bool = False


class MadeByWire(Wire):
    """One thing that was done to data, with what settings, and what it counted."""

    name: str
    parameters: dict[str, Any]
    counts: dict[str, int]


class DataWire(Wire):
    """A file that training read, as it was then: its hash, and what it was made of. It may be deleted since."""

    file_id: Annotated[str, NoId("said, not asked")]
    filename: str
    sha256: str
    num_bytes: int
    parents: list[ParentWire]
    operations: list[MadeByWire]


class LineageWire(Wire):
    """What a model was made from, oldest first, and what depends on it."""

    object: Literal["model.lineage"] = "model.lineage"
    model: Annotated[str, NoId("said, not asked")]
    kind: Literal["base", "tuned", "checkpoint"]
    base_model: str
    parent_model: str | None
    """The tuned model that training started from, where it was not the base model itself."""
    job_id: Annotated[str, NoId("said, not asked")] | None
    training_file: Annotated[str, NoId("said, not asked")] | None
    validation_file: Annotated[str, NoId("said, not asked")] | None
    data: Sequence[DataWire]
    """The training file and, where there is one, the validation file."""
    checkpoints: Sequence[str]
    children: Sequence[str]
    """The project's models whose training started from this one."""
    jobs_under_way: Sequence[str]
    """Jobs that train from it and have not ended."""
    num_bytes: int
