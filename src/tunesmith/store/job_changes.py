"""What became of jobs since somebody looked last: few columns of their rows, and what was added behind a position.

Every write of a worker raises ``heartbeats`` and every move of a person changes the state or the attempt, so a row that
stands still has nothing new behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from tunesmith.store.checkpoints import Checkpoint
from tunesmith.store.job_events import JobEvent
from tunesmith.store.job_metrics import newest_step
from tunesmith.store.jobs import Job, State
from tunesmith.store.tables import checkpoints, job_events, jobs

_OPEN = [state.value for state in State if not state.is_final]


class Shown(NamedTuple):
    """What of a job's row changes and is shown on the wire."""

    state: str
    attempt: int
    step: int
    total_steps: int | None
    waiting_reason: str | None
    estimated_finish_at: int | None
    is_resolved: bool

    @property
    def is_final(self) -> bool:
        return State(self.state).is_final


class Mark(NamedTuple):
    """A job's row at a glance."""

    seq: int
    heartbeats: int
    shown: Shown


class Position(NamedTuple):
    """How far somebody has heard: the last event and checkpoint by their ``seq``, and the last step."""

    event_seq: int
    step: int
    checkpoint_seq: int


_MARK = select(
    jobs.c.id,
    jobs.c.seq,
    jobs.c.heartbeats,
    jobs.c.state,
    jobs.c.attempt,
    jobs.c.step,
    jobs.c.total_steps,
    jobs.c.waiting_reason,
    jobs.c.estimated_finish_at,
    jobs.c.resolved.is_not(None).label("is_resolved"),
)


def marks(connection: Connection, job_ids: Sequence[str]) -> Mapping[str, Mark]:
    """Of jobs of any project; those that are not there are missing."""
    rows = connection.execute(_MARK.where(jobs.c.id.in_(job_ids)))
    return {id: Mark(seq, heartbeats, Shown(*shown)) for id, seq, heartbeats, *shown in rows}


def open_marks(connection: Connection, project_id: str, newer_than: int) -> Mapping[str, Mark]:
    """Of the project's jobs that have not ended, or were made after ``newer_than``, a ``seq``; oldest first."""
    found = _MARK.where(jobs.c.project_id == project_id, or_(jobs.c.state.in_(_OPEN), jobs.c.seq > newer_than))
    rows = connection.execute(found.order_by(jobs.c.seq))
    return {id: Mark(seq, heartbeats, Shown(*shown)) for id, seq, heartbeats, *shown in rows}


def newest_seq(connection: Connection, project_id: str) -> int:
    """Of the project's jobs; 0 where it has none."""
    found = select(func.max(jobs.c.seq)).where(jobs.c.project_id == project_id)
    return connection.execute(found).scalar_one() or 0


def get_all(connection: Connection, job_ids: Sequence[str]) -> Sequence[Job]:
    return [Job.of(row) for row in connection.execute(select(jobs).where(jobs.c.id.in_(job_ids)))]


def newest_position(connection: Connection, job_id: str) -> Position:
    event = connection.execute(select(func.max(job_events.c.seq)).where(job_events.c.job_id == job_id)).scalar_one()
    made = select(func.max(checkpoints.c.seq)).where(checkpoints.c.job_id == job_id)
    return Position(event or 0, newest_step(connection, job_id), connection.execute(made).scalar_one() or 0)


def position_of(connection: Connection, job_id: str, event_id: str) -> Position | None:
    """Where somebody is who heard of everything up to this event; None where the job has no such event."""
    query = select(job_events.c.seq, job_events.c.created_at)
    event = connection.execute(query.where(job_events.c.job_id == job_id, job_events.c.id == event_id)).one_or_none()
    if event is None:
        return None
    told = (
        select(job_events.c.data)
        .where(job_events.c.job_id == job_id, job_events.c.type == "metrics", job_events.c.seq <= event.seq)
        .order_by(job_events.c.seq.desc())
        .limit(1)
    )
    data: Mapping[str, Any] | None = connection.execute(told).scalar_one_or_none()
    made = select(func.max(checkpoints.c.seq)).where(
        checkpoints.c.job_id == job_id, checkpoints.c.created_at < event.created_at
    )
    step = -1 if data is None else int(data["step"])
    return Position(event.seq, step, connection.execute(made).scalar_one() or 0)


def events_after(connection: Connection, job_id: str, seq: int, limit: int) -> Sequence[JobEvent]:
    """Oldest first. What one job says is written by whoever holds its row, so no number appears behind a later one."""
    query = select(job_events).where(job_events.c.job_id == job_id, job_events.c.seq > seq)
    return [JobEvent.of(row) for row in connection.execute(query.order_by(job_events.c.seq).limit(limit))]


def checkpoints_after(connection: Connection, job_id: str, seq: int, limit: int) -> Sequence[Checkpoint]:
    """Oldest first, without deleted ones."""
    query = select(checkpoints).where(
        checkpoints.c.job_id == job_id, checkpoints.c.seq > seq, checkpoints.c.deleted_at.is_(None)
    )
    return [Checkpoint.of(row) for row in connection.execute(query.order_by(checkpoints.c.seq).limit(limit))]
