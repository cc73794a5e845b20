"""Tuned models: the results of jobs, by the names that chat calls them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, exists, or_, select, update

from tunesmith.core.ids import new_id
from tunesmith.store.jobs import Job
from tunesmith.store.tables import checkpoint_permissions, checkpoints, jobs, models, projects

_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Model:
    """One row; store.tables says what the columns mean. Its files are the references of ("model", id)."""

    seq: int
    id: str
    project_id: str
    name: str
    job_id: str
    base_model: str
    created_at: int

    @classmethod
    def of(cls, row: Row[Any]) -> Model:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Servable:
    """What a name in a chat request stands for. Its files are the references of (``owner_type``, ``owner_id``)."""

    owner_type: Literal["model", "checkpoint"]
    owner_id: str
    name: str
    base_model: str
    project_id: str
    created_at: int


def model_name(base: str, project_name: str, suffix: str, id: str) -> str:
    return f"ft:{base}:{project_name}:{suffix}:{id}"


def name_of_job(connection: Connection, job: Job) -> str:
    """What the job's model is called: the same at every attempt, because the id is a part of the job's own."""
    project_name = connection.execute(select(projects.c.name).where(projects.c.id == job.project_id)).scalar_one()
    return model_name(job.base_model, project_name, job.suffix or "", job.id.removeprefix("ftjob-")[:_ID_LENGTH])


def register(connection: Connection, job: Job, now: float, base_model: str) -> Model:
    """The job's model, callable from the end of the transaction on."""
    row = {
        "id": new_id("model_"), "project_id": job.project_id, "name": name_of_job(connection, job),
        "job_id": job.id, "base_model": base_model, "created_at": int(now),
    }  # fmt: skip
    return Model.of(connection.execute(models.insert().values(row).returning(*models.c)).one())


def list_all(connection: Connection, project_id: str) -> list[Model]:
    """Oldest first."""
    own = select(models).where(models.c.project_id == project_id, models.c.deleted_at.is_(None))
    return [Model.of(row) for row in connection.execute(own.order_by(models.c.seq))]


def get(connection: Connection, project_id: str, name: str) -> Model | None:
    row = connection.execute(
        select(models).where(models.c.name == name, models.c.project_id == project_id, models.c.deleted_at.is_(None))
    ).one_or_none()
    return None if row is None else Model.of(row)


def delete(connection: Connection, project_id: str, name: str, now: float) -> Model | None:
    """The model that was deleted; None where the project has none of this name. Its checkpoints stay."""
    row = connection.execute(
        update(models)
        .where(models.c.name == name, models.c.project_id == project_id, models.c.deleted_at.is_(None))
        .values(deleted_at=int(now))
        .returning(*models.c)
    ).one_or_none()
    return None if row is None else Model.of(row)


def find_servable(connection: Connection, project_id: str, name: str) -> Servable | None:
    """The project's own model or checkpoint of this name, or a checkpoint that it was given permission for."""
    model = get(connection, project_id, name)
    if model is not None:
        return Servable("model", model.id, model.name, model.base_model, model.project_id, model.created_at)
    is_granted = exists().where(
        checkpoint_permissions.c.checkpoint_name == checkpoints.c.name,
        checkpoint_permissions.c.granted_project_id == project_id,
    )
    row = connection.execute(
        select(checkpoints, jobs.c.spec)
        .join(jobs, jobs.c.id == checkpoints.c.job_id)
        .where(
            checkpoints.c.name == name,
            checkpoints.c.deleted_at.is_(None),
            or_(checkpoints.c.project_id == project_id, is_granted),
        )
    ).one_or_none()
    if row is None:
        return None
    return Servable("checkpoint", row.id, row.name, str(row.spec["base_model"]), row.project_id, row.created_at)
