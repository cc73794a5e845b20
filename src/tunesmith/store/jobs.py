"""Fine-tuning jobs: their states, the moves between them, their rows, and what a person may do to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, bindparam, cast, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from tunesmith.core.ids import new_id
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import jobs

# A job that goes on from a tuned model holds that model's files under this prefix, as ("job", id, "start/…").
START_PREFIX = "start/"


class State(StrEnum):
    """Where a job is in its life."""

    VALIDATING_FILES = "validating_files"
    """Its files are read and judged, or wait for that."""
    QUEUED = "queued"
    """It waits for a free device slot."""
    RUNNING = "running"
    """A worker trains it."""
    PAUSING = "pausing"
    """It was asked to pause; the worker saves a checkpoint. The wire says ``paused``."""
    PAUSED = "paused"
    """It waits for somebody to resume it."""
    SUCCEEDED = "succeeded"
    """Its model is registered."""
    FAILED = "failed"
    """It cannot go on; ``error`` says why."""
    CANCELLED = "cancelled"
    """Somebody cancelled it."""

    @property
    def is_final(self) -> bool:
        return not MOVES[self]

    @property
    def on_wire(self) -> str:
        return "paused" if self is State.PAUSING else self.value


# From each state, where a job may go. A worker's moves carry its fencing token (store.queue).
MOVES: Mapping[State, frozenset[State]] = {
    State.VALIDATING_FILES: frozenset({State.QUEUED, State.FAILED, State.CANCELLED}),
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.PAUSING, State.PAUSED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.PAUSING: frozenset({State.RUNNING, State.PAUSED, State.QUEUED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.PAUSED: frozenset({State.QUEUED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One row; store.tables says what the columns mean."""

    seq: int
    id: str
    project_id: str
    member_id: str | None
    model: str
    requested_model: str
    training_file_id: str
    validation_file_id: str | None
    spec: Mapping[str, Any]
    request: Mapping[str, Any]
    suffix: str | None
    seed: int
    metadata: Mapping[str, str] | None
    resolved: Mapping[str, Any] | None
    facts: Mapping[str, Any] | None
    state: State
    waiting_reason: str | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    estimated_finish_at: int | None
    trained_tokens: int | None
    step: int
    total_steps: int | None
    error: Mapping[str, Any] | None
    fine_tuned_model: str | None
    result_file_id: str | None
    attempt: int
    num_failures: int
    worker_id: str | None
    heartbeats: int
    not_before_at: float

    @classmethod
    def of(cls, row: Row[Any]) -> Job:
        values = row._asdict()
        return cls(**{name: values[name] for name in _NAMES if name != "state"}, state=State(row.state))

    @property
    def base_model(self) -> str:
        """The base model whose weights it needs, also where it starts from a tuned model."""
        return str(self.spec["base_model"])


# What a search looks into; all of it is ASCII, for which both databases fold case alike.
_SEARCHED = (jobs.c.id, jobs.c.suffix, jobs.c.fine_tuned_model, jobs.c.model, jobs.c.requested_model)
_NAMES = tuple(field.name for field in fields(Job))
# Built once: it is the read that followers of a job repeat.
_ONE = select(jobs).where(jobs.c.id == bindparam("job"), jobs.c.project_id == bindparam("project"))


class MoveRefused(Exception):
    """The job is in a state from which this cannot be done; nothing has changed."""

    def __init__(self, job: Job, sentence: str) -> None:
        super().__init__(sentence)
        self.job = job
        self.sentence = sentence


def create(
    connection: Connection, project_id: str, *, member_id: str | None, model: str, requested_model: str,
    training_file_id: str, validation_file_id: str | None, spec: Mapping[str, Any], request: Mapping[str, Any],
    suffix: str | None, seed: int, metadata: Mapping[str, str] | None, now: float,
) -> Job:  # fmt: skip
    """A new job in its first state."""
    row = {
        "id": new_id("ftjob-"), "project_id": project_id, "member_id": member_id, "model": model,
        "requested_model": requested_model, "training_file_id": training_file_id,
        "validation_file_id": validation_file_id, "spec": dict(spec), "request": dict(request), "suffix": suffix,
        "seed": seed, "metadata": null() if metadata is None else dict(metadata),
        "state": State.VALIDATING_FILES, "created_at": int(now),
    }  # fmt: skip
    return Job.of(connection.execute(jobs.insert().values(row).returning(*jobs.c)).one())


def get(connection: Connection, project_id: str, job_id: str) -> Job | None:
    row = connection.execute(_ONE, {"job": job_id, "project": project_id}).one_or_none()
    return None if row is None else Job.of(row)


def list_page(
    connection: Connection, project_id: str, *, after: str | None = None, limit: int = 20,
    metadata: Mapping[str, str] | None = None, without_metadata: bool = False,
    states: Collection[State] = (), model: str | None = None, search: str = "",
) -> Page[Job]:  # fmt: skip
    """Newest first; only those with all the pairs of ``metadata``, or with none at all, in one of ``states`` where any
    are given, of this ``model``, and with ``search`` in a name; raises UnknownCursor."""
    query = select(jobs).where(jobs.c.project_id == project_id)
    for key, value in (metadata or {}).items():
        query = query.where(_has_pair(connection, key, value))
    if without_metadata:
        query = query.where(or_(jobs.c.metadata.is_(None), cast(jobs.c.metadata, Text) == "{}"))
    # A job goes on while its list is paged: one that has left these is a cursor all the same.
    cursors = query
    if states:
        query = query.where(jobs.c.state.in_(states))
    if model is not None:
        query = query.where(jobs.c.model == model)
    if search:
        query = query.where(or_(*(column.icontains(search, autoescape=True) for column in _SEARCHED)))
    page = fetch_page(connection, query, jobs, after=after, limit=limit, newest_first=True, cursors=cursors)
    return Page([Job.of(row) for row in page.items], page.has_more)


def _has_pair(connection: Connection, key: str, value: str) -> ColumnElement[bool]:
    """Both travel as bound values: a key may hold quotes, which a JSON path would not survive."""
    if connection.dialect.name == "postgresql":
        return cast(jobs.c.metadata, JSONB).contains({key: value})
    pair = func.json_each(jobs.c.metadata).table_valued("key", "value")
    return exists().where(pair.c.key == key, pair.c.value == value)


def cancel(connection: Connection, project_id: str, job_id: str, now: float) -> Job | None:
    """Ends it, whoever works on it: the raised fencing token refuses all that its worker still writes.

    None where the project has no such job; raises MoveRefused where it has ended.
    """
    sources = [state for state, targets in MOVES.items() if State.CANCELLED in targets]
    return _move(
        connection, project_id, job_id, sources, "cancelled",
        state=State.CANCELLED, finished_at=int(now), attempt=jobs.c.attempt + 1, worker_id=None,
        waiting_reason=None, estimated_finish_at=None,
    )  # fmt: skip


def pause(connection: Connection, project_id: str, job_id: str, now: float) -> Job | None:
    """Asks its worker to save a checkpoint and stop; the worker then moves it to ``paused``.

    None where the project has no such job; raises MoveRefused unless it runs and has made a step.
    """
    return _move(
        connection, project_id, job_id, [State.RUNNING], "paused", at_least_step=1,
        state=State.PAUSING, estimated_finish_at=None,
    )  # fmt: skip


def resume(connection: Connection, project_id: str, job_id: str, now: float) -> Job | None:
    """Back into the queue, to go on from its newest checkpoint.

    A worker that is still busy with pausing loses the job: the raised fencing token refuses what it writes.
    None where the project has no such job; raises MoveRefused unless it is paused.
    """
    return _move(
        connection, project_id, job_id, [State.PAUSED, State.PAUSING], "resumed",
        state=State.QUEUED, attempt=jobs.c.attempt + 1, worker_id=None, waiting_reason=None, not_before_at=0.0,
    )  # fmt: skip


def _move(
    connection: Connection, project_id: str, job_id: str, sources: list[State], word: str,
    *, at_least_step: int = 0, **values: Any,
) -> Job | None:  # fmt: skip
    """One guarded UPDATE: of two that race, the second sees what the first has done."""
    own = (jobs.c.id == job_id, jobs.c.project_id == project_id)
    changed = connection.execute(
        update(jobs)
        .where(*own, jobs.c.state.in_(sources), jobs.c.step >= at_least_step)
        .values(values)
        .returning(*jobs.c)
    ).one_or_none()
    if changed is not None:
        return Job.of(changed)
    job = get(connection, project_id, job_id)
    if job is None:
        return None
    if job.state in sources:
        raise MoveRefused(job, f"Job {job.id} cannot be {word} before its first step is done.")
    raise MoveRefused(job, f"Job {job.id} has status {job.state.on_wire} and cannot be {word}.")
