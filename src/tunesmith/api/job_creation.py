"""A body becomes a job: what it names is looked up, and everything is written in one transaction or nothing is."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from tunesmith.api.errors import ApiError, Refusals, bad_request
from tunesmith.api.job_request import JobCreate, refusal
from tunesmith.core.errors import Problem
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import (
    audit,
    blob_references,
    checkpoints,
    file_versions,
    files,
    idempotency,
    job_events,
    jobs,
    models,
)
from tunesmith.store.files import File
from tunesmith.store.jobs import Job
from tunesmith.store.principals import Principal

PURPOSE = "fine-tune"
_ADAPTER_SETTINGS = ("lora_rank", "lora_alpha", "lora_target_modules")
_SAYS_NOTHING = (None, "auto")
_LEAKED = (
    "The validation file is the training file: a model is not tested on what it was shown. Split the file (kind split of "
    "/v1/data/operations), set validation_split instead, or set leakage to warn to train all the same."
)
_Event = tuple[Literal["info", "warn"], str]


@dataclass(frozen=True, slots=True)
class Start:
    """Where training begins. ``owner_type`` and ``owner_id`` hold the files of a tuned model, None for a base model.

    ``settings`` are those that the tuned model brings along: its adapter's.
    """

    model: str
    base_model: str
    alias: str | None = None
    owner_type: Literal["model", "checkpoint"] | None = None
    owner_id: str = ""
    settings: Mapping[str, Any] | None = None


def create_job(
    connection: Connection, known_models: KnownModels, principal: Principal, body: JobCreate, *, now: float,
    request_id: str | None, idempotency_key: str | None,
) -> Job:  # fmt: skip
    """Raises ApiError 400 with everything that is wrong. The same Idempotency-Key gives the same job again."""
    project_id = principal.project_id
    request_hash = hashlib.sha256(f"POST /v1/fine_tuning/jobs {body.fingerprint()}".encode()).hexdigest()
    if idempotency_key is not None:
        made = idempotency.find(connection, project_id, idempotency_key, request_hash)
        existing = None if made is None else jobs.get(connection, project_id, made)
        if existing is not None:
            return existing
    start = judge(connection, known_models, project_id, body, now)
    job = _write(connection, principal, body, start, now)
    audit.record(connection, principal, "job.create", job.id, now, request_id)
    if idempotency_key is not None:
        idempotency.remember(connection, project_id, idempotency_key, request_hash, job.id, now)
    return job


def judge(
    connection: Connection, known_models: KnownModels, project_id: str, body: JobCreate, now: float
) -> Start:  # fmt: skip
    """Raises ApiError 400 with all that is wrong with what the body names."""
    refusals: list[ApiError] = []
    start = None
    try:
        start = find_start(connection, known_models, project_id, body.model)
        _check_settings(start, body.extensions())
    except ApiError as error:
        refusals.append(error)
    refusals += _files_problems(connection, project_id, body, now)
    if start is None or refusals:
        raise Refusals(refusals)
    return start


def find_start(connection: Connection, known_models: KnownModels, project_id: str, name: str) -> Start:
    """Raises ApiError 400 where the project cannot train from what is called so."""
    known = known_models.resolve(name)
    if known is not None:
        return Start(known.name, known.name, known.alias)
    model = models.get(connection, project_id, name)
    checkpoint = checkpoints.get(connection, project_id, name) if model is None else None
    found = model or checkpoint
    trained_by = None if found is None else jobs.get(connection, project_id, found.job_id)
    if found is None or trained_by is None:
        near = known_models.nearest(name)
        hint = f" Did you mean {near}?" if near else f" The base models are {', '.join(known_models.locations)}."
        raise bad_request(
            f"Model {name} is not available for fine-tuning or does not exist.{hint}", "model", "model_not_available"
        )
    if known_models.resolve(trained_by.base_model) is None:
        raise bad_request(
            f"Model {name} needs the base model {trained_by.base_model}, which is no longer offered here.",
            "model", "model_not_available",
        )  # fmt: skip
    kind: Literal["model", "checkpoint"] = "checkpoint" if model is None else "model"
    return Start(name, trained_by.base_model, None, kind, found.id, _adapter_settings(trained_by))


def _adapter_settings(trained_by: Job) -> dict[str, Any]:
    """What an adapter's training goes on with; nothing for a model whose weights were all trained."""
    resolved = trained_by.resolved or {}
    if resolved.get("adapter", {}).get("value") != "lora":
        return {}
    return {"adapter": "lora", **{name: resolved[name]["value"] for name in _ADAPTER_SETTINGS if name in resolved}}


def _check_settings(start: Start, extensions: Mapping[str, Any]) -> None:
    """Raises ApiError where the body asks for another adapter than the one that is trained on."""
    if start.settings is None:
        return
    problems = [
        Problem(
            "fixed_by_model", f"{name} is {value!r}, but {start.model} was trained with {start.settings[name]!r}",
            "leave it out: training goes on with the same adapter", path=name,
        )
        for name, value in extensions.items()
        if name in start.settings and value not in _SAYS_NOTHING and not _same(value, start.settings[name])
    ]  # fmt: skip
    if extensions.get("initialization") == "random":
        problems.append(
            Problem(
                "fixed_by_model", f"initialization is random, but {start.model} has weights to start from",
                "leave it out, or name a base model", path="initialization",
            )
        )  # fmt: skip
    if problems:
        raise refusal(*problems)


def _same(given: object, trained: object) -> bool:
    if isinstance(given, list) and isinstance(trained, Sequence):
        return sorted(map(str, given)) == sorted(map(str, trained))
    return given == trained


def _files_problems(connection: Connection, project_id: str, body: JobCreate, now: float) -> list[ApiError]:
    asked = {"training_file": body.training_file, "validation_file": body.validation_file}
    found = {param: files.get(connection, project_id, file_id, now) for param, file_id in asked.items() if file_id}
    problems = [
        problem
        for param, file in found.items()
        if (problem := _file_problem(param, asked[param] or "", file)) is not None
    ]
    if not problems and _is_leaked(found) and body.extensions().get("leakage") != "warn":
        problems.append(bad_request(_LEAKED, "validation_file", "leaked_example"))
    return problems


def _file_problem(param: str, file_id: str, file: File | None) -> ApiError | None:
    if file is None:
        return bad_request(f"Invalid {param}: there is no file {file_id}.", param, "invalid_file")
    if file.purpose != PURPOSE:
        return bad_request(
            f"Invalid {param}: file {file_id} has the purpose {file.purpose}; upload it with {PURPOSE}.",
            param, "invalid_file",
        )  # fmt: skip
    return None


def _is_leaked(found: Mapping[str, File | None]) -> bool:
    """Whether the validation file is the training file, perhaps uploaded twice."""
    training, validation = found.get("training_file"), found.get("validation_file")
    return training is not None and validation is not None and training.sha256 == validation.sha256


def _write(connection: Connection, principal: Principal, body: JobCreate, start: Start, now: float) -> Job:
    seed = secrets.randbelow(2**31) if body.seed is None else body.seed
    spec = body.spec(start.base_model, seed, start.settings or {})
    integrations = [each.model_dump(mode="json", exclude_none=True) for each in body.integrations or ()]
    job = jobs.create(
        connection, principal.project_id, member_id=principal.member_id, model=start.model,
        requested_model=body.model, training_file_id=body.training_file, validation_file_id=body.validation_file,
        spec=spec.model_dump(mode="json", exclude_none=True), request={"integrations": integrations or None, "seed": body.seed},
        suffix=body.suffix, seed=seed, metadata=body.metadata, now=now,
    )  # fmt: skip
    _copy_references(connection, job, start)
    found = {
        param: files.get(connection, principal.project_id, file_id, now)
        for param, file_id in (("training_file", job.training_file_id), ("validation_file", job.validation_file_id))
        if file_id is not None
    }
    said = _first_events(job, start, bool(integrations)) + _about_files(connection, principal.project_id, found)
    for level, message in said:
        job_events.add(connection, job.id, message=message, now=now, level=level)
    return job


def _copy_references(connection: Connection, job: Job, start: Start) -> None:
    """The job needs nobody else from here on: files and models that are deleted meanwhile do not hurt it."""
    copies = [("training_file", job.training_file_id), ("validation_file", job.validation_file_id)]
    for name, file_id in copies:
        if file_id is not None:
            blob_references.copy(connection, "file", file_id, files.CONTENT, "job", job.id, name)
    if start.owner_type is not None:
        for ref in blob_references.of(connection, start.owner_type, start.owner_id):
            blob_references.copy(
                connection, start.owner_type, start.owner_id, ref.name, "job", job.id, jobs.START_PREFIX + ref.name
            )


def _first_events(job: Job, start: Start, has_integrations: bool) -> list[_Event]:
    events: list[_Event] = [("info", f"Created fine-tuning job: {job.id}")]
    if start.alias is not None:
        sentence = f"{start.alias} is served here by {start.model}; training starts from {start.model}"
        events.append(("info", sentence))
    if has_integrations:
        events.append(
            ("warn", "The integration wandb is noted only: nothing is sent to Weights & Biases from here")
        )  # fmt: skip
    return events


def _about_files(connection: Connection, project_id: str, found: Mapping[str, File | None]) -> list[_Event]:
    """What each is made of, where that is known."""
    events: list[_Event] = []
    for param, what in (("training_file", "Training"), ("validation_file", "Validation")):
        file = found.get(param)
        made_by = [] if file is None else file_versions.made_by(connection, project_id, file.id)
        if file is not None and made_by:
            made = f"made by {', '.join(made_by)}"
            events.append(("info", f"{what} file: {file.filename} (sha256 {file.sha256[:8]}…, {made})"))
    if _is_leaked(found):
        events.append(
            ("warn", "The validation file is the training file: its loss says nothing about examples not seen")
        )  # fmt: skip
    return events
