"""The deployable models of a job's way: the last epochs, a pause, the end. Each is callable by its name at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, select, update

from tunesmith.core.ids import new_id
from tunesmith.store.jobs import Job
from tunesmith.store.models import name_of_job
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import checkpoints


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One row; store.tables says what the columns mean. Its files are the references of ("checkpoint", id)."""

    seq: int
    id: str
    project_id: str
    job_id: str
    name: str
    step_number: int
    metrics: Mapping[str, float]
    created_at: int

    @classmethod
    def of(cls, row: Row[Any]) -> Checkpoint:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def name_of(connection: Connection, job: Job, step_number: int) -> str:
    """``ft:<base>:<project>:<suffix>:<id>:ckpt-step-<n>``."""
    return f"{name_of_job(connection, job)}:ckpt-step-{step_number}"


def add(connection: Connection, job: Job, *, step_number: int, metrics: Mapping[str, float], now: float) -> Checkpoint:
    """The checkpoint of this step; the one that is there already where a later attempt comes by again.

    One that was deleted meanwhile stays so: ``is_deleted`` says that it needs no files.
    """
    there = connection.execute(
        select(checkpoints).where(checkpoints.c.job_id == job.id, checkpoints.c.step_number == step_number)
    ).one_or_none()
    if there is not None:
        return Checkpoint.of(there)
    row = {
        "id": new_id("ftckpt_"), "project_id": job.project_id, "job_id": job.id,
        "name": name_of(connection, job, step_number), "step_number": step_number, "metrics": dict(metrics),
        "created_at": int(now),
    }  # fmt: skip
    return Checkpoint.of(connection.execute(checkpoints.insert().values(row).returning(*checkpoints.c)).one())


def is_deleted(connection: Connection, checkpoint: Checkpoint) -> bool:
    """Locked, so that it is not deleted between this look and the end of the transaction."""
    found = select(checkpoints.c.deleted_at).where(checkpoints.c.id == checkpoint.id).with_for_update()
    return connection.execute(found).scalar_one() is not None


def list_page(
    connection: Connection, project_id: str, job_id: str, *, after: str | None = None, limit: int = 10
) -> Page[Checkpoint]:
    """Newest first, without deleted ones; raises UnknownCursor. Empty for another project's job."""
    made = select(checkpoints).where(checkpoints.c.job_id == job_id, checkpoints.c.project_id == project_id)
    query = made.where(checkpoints.c.deleted_at.is_(None))
    page = fetch_page(connection, query, checkpoints, after=after, limit=limit, newest_first=True, cursors=made)
    return Page([Checkpoint.of(row) for row in page.items], page.has_more)


def get(connection: Connection, project_id: str, name: str) -> Checkpoint | None:
    """By the name that chat calls it."""
    row = connection.execute(
        select(checkpoints).where(
            checkpoints.c.name == name, checkpoints.c.project_id == project_id, checkpoints.c.deleted_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else Checkpoint.of(row)


def delete(connection: Connection, project_id: str, name: str, now: float) -> Checkpoint | None:
    """The checkpoint that was deleted; None where the project has none of this name."""
    row = connection.execute(
        update(checkpoints)
        .where(checkpoints.c.name == name, checkpoints.c.project_id == project_id, checkpoints.c.deleted_at.is_(None))
        .values(deleted_at=int(now))
        .returning(*checkpoints.c)
    ).one_or_none()
    return None if row is None else Checkpoint.of(row)
