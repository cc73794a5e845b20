"""What a tuned model was made from, what was made from it, and what a project keeps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from tunesmith.store.jobs import Job, State
from tunesmith.store.tables import blob_references, checkpoints, files, jobs, models


@dataclass(frozen=True, slots=True)
class Descent:
    """``children`` are tuned models, ``jobs_under_way`` ids of jobs; both start from the model that was asked for."""

    children: Sequence[str]
    jobs_under_way: Sequence[str]


def checkpoints_of(connection: Connection, job: Job) -> list[str]:
    """The job's checkpoints by name, earliest step first."""
    own = select(checkpoints.c.name).where(checkpoints.c.job_id == job.id, checkpoints.c.deleted_at.is_(None))
    return list(connection.execute(own.order_by(checkpoints.c.step_number)).scalars())


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that a job has read, deleted since or not."""

    id: str
    filename: str
    sha256: str
    num_bytes: int


def files_of(connection: Connection, job: Job) -> list[DataFile]:
    """The training file, then the validation file, if there is one."""
    ids = [file_id for file_id in (job.training_file_id, job.validation_file_id) if file_id is not None]
    columns = (files.c.id, files.c.filename, files.c.sha256, files.c.num_bytes)
    query = select(*columns).where(files.c.project_id == job.project_id, files.c.id.in_(ids))
    found = {row.id: DataFile(*row) for row in connection.execute(query)}
    return [found[file_id] for file_id in dict.fromkeys(ids) if file_id in found]


@dataclass(frozen=True, slots=True)
class Taught:
    """A job that has read files, or started from a model of one that has (``started_from``), with what it made and is still
    there."""

    job_id: str
    state: State
    training_file_id: str
    validation_file_id: str | None
    started_from: str | None
    models: Sequence[str]
    checkpoints: Sequence[str]


def taught_by(connection: Connection, project_id: str, file_ids: Collection[str]) -> list[Taught]:
    """The jobs that trained or validated on these files, and those that went on from what they made, oldest first."""
    made: dict[str, dict[str, list[tuple[str, bool]]]] = {}
    for table in (models, checkpoints):
        query = select(table.c.job_id, table.c.name, table.c.deleted_at).where(table.c.project_id == project_id)
        for job_id, name, deleted_at in connection.execute(query.order_by(table.c.seq)):
            made.setdefault(job_id, {}).setdefault(table.name, []).append((name, deleted_at is None))
    columns = (jobs.c.id, jobs.c.state, jobs.c.training_file_id, jobs.c.validation_file_id, jobs.c.model)
    found: list[Taught] = []
    names: set[str] = set()
    for row in connection.execute(select(*columns).where(jobs.c.project_id == project_id).order_by(jobs.c.seq)):
        has_read = row.training_file_id in file_ids or row.validation_file_id in file_ids
        if not has_read and row.model not in names:
            continue
        own = made.get(row.id, {})
        names.update(name for each in own.values() for name, _ in each)
        models_left, checkpoints_left = (
            [name for name, is_left in own.get(table.name, ()) if is_left] for table in (models, checkpoints)
        )
        started_from = row.model if row.model in names else None
        found.append(
            Taught(
                row.id, State(row.state), row.training_file_id, row.validation_file_id, started_from, models_left,
                checkpoints_left,
            )
        )  # fmt: skip
    return found


def descent(connection: Connection, project_id: str, name: str) -> Descent:
    """Of a base model, a tuned one or a checkpoint, within the project."""
    starts_here = (jobs.c.project_id == project_id, jobs.c.model == name)
    children = select(models.c.name).join(jobs, jobs.c.id == models.c.job_id)
    children = children.where(*starts_here, models.c.deleted_at.is_(None)).order_by(models.c.seq)
    open_states = [state.value for state in State if not state.is_final]
    under_way = select(jobs.c.id).where(*starts_here, jobs.c.state.in_(open_states)).order_by(jobs.c.seq)
    return Descent(list(connection.execute(children).scalars()), list(connection.execute(under_way).scalars()))


def owned_bytes(connection: Connection, owner_type: str, owner_id: str) -> int:
    own = (blob_references.c.owner_type == owner_type, blob_references.c.owner_id == owner_id)
    return int(
        connection.execute(select(func.coalesce(func.sum(blob_references.c.num_bytes), 0)).where(*own)).scalar_one()
    )


def stored_bytes(connection: Connection, project_id: str) -> int:
    """What the project's files, models and checkpoints take; bytes that several share count once."""
    owners = [
        select(table.c.id).where(table.c.project_id == project_id, table.c.deleted_at.is_(None))
        for table in (files, models, checkpoints)
    ]
    refs = blob_references.c
    of_project = or_(
        *((refs.owner_type == kind) & refs.owner_id.in_(owned) for kind, owned in zip(_KINDS, owners, strict=True))
    )
    each = select(refs.sha256, func.max(refs.num_bytes).label("num_bytes")).where(of_project).group_by(refs.sha256)
    return int(connection.execute(select(func.coalesce(func.sum(each.subquery().c.num_bytes), 0))).scalar_one())


_KINDS = ("file", "model", "checkpoint")
