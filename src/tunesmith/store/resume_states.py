"""What a later attempt of a job goes on from: the newest training checkpoints, as blobs, with the run's files.

The files themselves are blob references of ("resume_state", id).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from tunesmith.core.ids import new_id
from tunesmith.store.tables import resume_states


@dataclass(frozen=True, slots=True)
class ResumeState:
    """The state after ``step_number`` steps, saved by ``attempt``."""

    id: str
    job_id: str
    attempt: int
    step_number: int


def add(connection: Connection, job_id: str, *, attempt: int, step_number: int, now: float) -> ResumeState:
    state = ResumeState(new_id("resume-"), job_id, attempt, step_number)
    connection.execute(
        insert(resume_states).values(
            id=state.id, job_id=job_id, attempt=attempt, step_number=step_number, created_at=int(now)
        )
    )
    return state


def newest_first(connection: Connection, job_id: str) -> tuple[ResumeState, ...]:
    table = resume_states.c
    query = select(table.id, table.job_id, table.attempt, table.step_number).where(table.job_id == job_id)
    rows = connection.execute(query.order_by(table.step_number.desc(), table.seq.desc()))
    return tuple(ResumeState(row.id, row.job_id, row.attempt, row.step_number) for row in rows)


def remove(connection: Connection, state_id: str) -> None:
    """The row; the caller drops its blob references."""
    connection.execute(delete(resume_states).where(resume_states.c.id == state_id))
