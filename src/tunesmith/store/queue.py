"""Who does which job: claims, leases, fencing tokens. Every move is one guarded UPDATE, the same on both databases.

A claim raises ``jobs.attempt``, the fencing token, and every write of a worker begins with ``fenced``, which
finds the row only while that token holds: whoever was stopped, cut off or cancelled changes nothing afterwards.
A lease has no instant at which it ends, as clocks jump: it is over when ``heartbeats`` has stood still for as
long as the lease on the clock of whoever looks (worker.leases), who then seizes the job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, and_, case, exists, or_, select, update

from tunesmith.store.jobs import Job, State
from tunesmith.store.tables import blob_references, jobs, resume_states

# A worker has the job in these.
HELD_STATES = (State.VALIDATING_FILES, State.RUNNING, State.PAUSING)
# The longest wait after a failure; what waits longer was put off by a clock that has since been set back.
MAX_BACKOFF_SECONDS = 60.0
# So many waiting jobs are looked at together.
WINDOW = 64


class Order(StrEnum):
    """What a heartbeat tells the worker."""

    GO_ON = "go_on"
    PAUSE = "pause"
    """Save, let go, and let it rest until somebody resumes it."""
    STOP = "stop"
    """The job is no longer this worker's: cancelled, or taken by another one. Nothing may be written any more."""


class Fenced(Exception):
    """The job is no longer the caller's; its transaction must not write anything."""


@dataclass(frozen=True, slots=True)
class Held:
    """A job in a worker's hands, as an observer sees it."""

    job_id: str
    attempt: int
    heartbeats: int
    worker_id: str


# --- claims -----------------------------------------------------------------------------------------


def claim_validation(connection: Connection, *, worker_id: str, now: float) -> Job | None:
    """The oldest job whose files wait to be judged, now the caller's."""
    for job in _free(connection, State.VALIDATING_FILES, now):
        claimed = _claim(connection, job.id, State.VALIDATING_FILES, worker_id, now, {})
        if claimed is not None:
            return claimed
    return None


def is_validation_due(connection: Connection, *, now: float) -> bool:
    """Whether ``claim_validation`` may find something: asked first, because a claim holds up SQLite's other writers."""
    return bool(_free(connection, State.VALIDATING_FILES, now, limit=1))


def waiting_jobs(connection: Connection, *, now: float, after: int = 0) -> tuple[Job, ...]:
    """A window of the jobs that wait for a slot, oldest first, behind that ``seq``; ``claim_training`` takes one."""
    return _free(connection, State.QUEUED, now, after=after)


def claim_training(connection: Connection, job_id: str, *, worker_id: str, now: float) -> Job | None:
    """The job, now running in the caller's hands; None where somebody else was faster or it waits no longer."""
    started = case((jobs.c.started_at.is_(None), int(now)), else_=jobs.c.started_at)
    values = {"state": State.RUNNING, "waiting_reason": None, "started_at": started}
    return _claim(connection, job_id, State.QUEUED, worker_id, now, values)


def explain_waiting(connection: Connection, job_id: str, reason: str | None) -> None:
    """Say why a queued job is not begun; None where nothing hinders it."""
    differs = jobs.c.waiting_reason.is_distinct_from(reason)
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == State.QUEUED, jobs.c.worker_id.is_(None), differs)
        .values(waiting_reason=reason)
    )


# --- while a worker has it --------------------------------------------------------------------------


def heartbeat(connection: Connection, job_id: str, attempt: int) -> Order:
    """Say that the worker is alive, and learn what the job shall do."""
    statement = _by_owner(job_id, attempt).values(heartbeats=jobs.c.heartbeats + 1).returning(jobs.c.state)
    state = connection.execute(statement).scalar_one_or_none()
    if state is None:
        return Order.STOP
    return Order.PAUSE if state == State.PAUSING else Order.GO_ON


def fenced(connection: Connection, job_id: str, attempt: int) -> Job:
    """The job, held still until the transaction ends; raises Fenced where it is no longer the caller's.

    Every transaction of a worker begins with this. It is a heartbeat too.
    """
    return _one(connection, _by_owner(job_id, attempt).values(heartbeats=jobs.c.heartbeats + 1))


def note_settings(
    connection: Connection, job_id: str, attempt: int, resolved: Mapping[str, Any], total_steps: int
) -> None:
    """Keep what the first attempt resolved; later ones go on with it."""
    first = case((jobs.c.resolved.is_(None), True), else_=False)
    connection.execute(_by_owner(job_id, attempt).where(first).values(resolved=dict(resolved)))
    connection.execute(_by_owner(job_id, attempt).values(total_steps=total_steps))


def note_progress(
    connection: Connection,
    job_id: str,
    attempt: int,
    *,
    step: int,
    trained_tokens: int,
    estimated_finish_at: int | None,
) -> None:
    values = {"step": step, "trained_tokens": trained_tokens, "estimated_finish_at": estimated_finish_at}
    connection.execute(_by_owner(job_id, attempt).values(**values))


def note_saved(connection: Connection, job_id: str, attempt: int) -> None:
    """It got further than before: failures up to here no longer count."""
    connection.execute(_by_owner(job_id, attempt).values(num_failures=0))


# --- letting go -------------------------------------------------------------------------------------


def files_validated(connection: Connection, job_id: str, attempt: int, facts: Mapping[str, Any]) -> Job:
    """Its files are sound: it waits for a slot. ``facts`` are what its memory is estimated from."""
    values = {"state": State.QUEUED, "worker_id": None, "num_failures": 0, "facts": dict(facts), "waiting_reason": None}
    return _one(connection, _by_owner(job_id, attempt, (State.VALIDATING_FILES,)).values(**values))


def release(connection: Connection, job_id: str, attempt: int) -> Job:
    """Let go of it with nothing lost, as a worker does that is asked to end: no failure is counted."""
    return _one(connection, _by_owner(job_id, attempt).values(worker_id=None, state=_WAITING_AGAIN))


def put_off(connection: Connection, job_id: str, attempt: int, *, reason: str, not_before_at: float) -> Job:
    """Let go of a job that this machine cannot serve now; it says why it waits."""
    values = {"worker_id": None, "state": _WAITING_AGAIN, "waiting_reason": reason, "not_before_at": not_before_at}
    return _one(connection, _by_owner(job_id, attempt).values(**values))


def fail_attempt(
    connection: Connection, job_id: str, attempt: int, *, code: str, cause: str, max_attempts: int, now: float
) -> Job:
    """An attempt ended without a word. The job waits for another one, or has failed after ``max_attempts``.

    ``cause`` is a sentence without its full stop, such as "The training process was killed by signal 9".
    """
    job = fenced(connection, job_id, attempt)
    failures = job.num_failures + 1
    if failures >= max_attempts:
        times = "once" if failures == 1 else f"{failures} times without getting further"
        connection.execute(_by_owner(job_id, attempt).values(num_failures=failures))
        return fail(connection, job_id, attempt, code=code, message=f"{cause} {times}.", param=None, now=now)
    values = {"num_failures": failures, "worker_id": None, "state": _WAITING_AGAIN}
    return _one(connection, _by_owner(job_id, attempt).values(**values, not_before_at=now + _backoff(failures)))


def fail(
    connection: Connection, job_id: str, attempt: int, *, code: str, message: str, param: str | None, now: float
) -> Job:
    """It cannot go on: the reason stands in ``error``."""
    error = {"code": code, "message": message, "param": param}
    values = {"state": State.FAILED, "error": error, "finished_at": int(now), "worker_id": None}
    return _one(connection, _by_owner(job_id, attempt).values(**values, **_NOTHING_EXPECTED))


def pause(connection: Connection, job_id: str, attempt: int, *, reason: str | None = None) -> Job:
    """It is saved and rests until somebody resumes it; ``reason`` where nobody asked for that."""
    values = {"state": State.PAUSED, "worker_id": None, "waiting_reason": reason, "estimated_finish_at": None}
    return _one(connection, _by_owner(job_id, attempt, (State.RUNNING, State.PAUSING)).values(**values))


def succeed(
    connection: Connection, job_id: str, attempt: int, *, fine_tuned_model: str, result_file_id: str | None,
    trained_tokens: int, now: float,
) -> Job:  # fmt: skip
    values = {
        "state": State.SUCCEEDED, "fine_tuned_model": fine_tuned_model, "result_file_id": result_file_id,
        "trained_tokens": trained_tokens, "finished_at": int(now), "worker_id": None,
    }  # fmt: skip
    statement = _by_owner(job_id, attempt, (State.RUNNING, State.PAUSING))
    return _one(connection, statement.values(**values, **_NOTHING_EXPECTED))


# --- what observers see -----------------------------------------------------------------------------


def held_jobs(connection: Connection) -> tuple[Held, ...]:
    """Every job that a worker holds, whoever it is."""
    query = select(jobs.c.id, jobs.c.attempt, jobs.c.heartbeats, jobs.c.worker_id)
    rows = connection.execute(query.where(jobs.c.state.in_(HELD_STATES), jobs.c.worker_id.is_not(None)))
    return tuple(Held(row.id, row.attempt, row.heartbeats, row.worker_id) for row in rows)


def seize(connection: Connection, held: Held, *, worker_id: str) -> Job | None:
    """Take a job from a worker that is dead; None where it gave a sign of life after all."""
    statement = (
        _by_owner(held.job_id, held.attempt)
        .where(jobs.c.heartbeats == held.heartbeats)
        .values(attempt=held.attempt + 1, worker_id=worker_id)
    )
    row = connection.execute(statement.returning(jobs)).one_or_none()
    return None if row is None else Job.of(row)


def ended_jobs_with_states(connection: Connection) -> tuple[Job, ...]:
    """Jobs that ended, cancelled ones say, and still hold files or resume states."""
    holds_state = exists().where(resume_states.c.job_id == jobs.c.id)
    holds_file = exists().where(blob_references.c.owner_type == "job", blob_references.c.owner_id == jobs.c.id)
    ended = [state for state in State if state.is_final]
    rows = connection.execute(select(jobs).where(jobs.c.state.in_(ended), or_(holds_state, holds_file)).limit(1_000))
    return tuple(Job.of(row) for row in rows)


def token_of(connection: Connection, job_id: str) -> int:
    """Attempts before this one are over; of an ended or unknown job, all of them."""
    row = connection.execute(select(jobs.c.attempt, jobs.c.state).where(jobs.c.id == job_id)).one_or_none()
    return 2**63 if row is None or State(row.state).is_final else int(row.attempt)


# --- statements -------------------------------------------------------------------------------------

_NOTHING_EXPECTED: Mapping[str, None] = {"waiting_reason": None, "estimated_finish_at": None}
# A job whose pause was asked for rests; the files of one that was being checked are checked again.
_WAITING_AGAIN = case(
    (jobs.c.state == State.RUNNING, State.QUEUED.value),
    (jobs.c.state == State.PAUSING, State.PAUSED.value),
    else_=jobs.c.state,
)


def _free(connection: Connection, state: State, now: float, limit: int = WINDOW, after: int = 0) -> tuple[Job, ...]:
    is_due = or_(jobs.c.not_before_at <= now, jobs.c.not_before_at > now + MAX_BACKOFF_SECONDS)
    query = select(jobs).where(jobs.c.state == state, jobs.c.worker_id.is_(None), is_due)
    rows = connection.execute(query.where(jobs.c.seq > after).order_by(jobs.c.seq).limit(limit))
    return tuple(Job.of(row) for row in rows)


def _claim(
    connection: Connection, job_id: str, state: State, worker_id: str, now: float, values: Mapping[str, Any]
) -> Job | None:
    statement = (
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state == state, jobs.c.worker_id.is_(None))
        .values(worker_id=worker_id, attempt=jobs.c.attempt + 1, heartbeats=jobs.c.heartbeats + 1, **values)
    )
    row = connection.execute(statement.returning(jobs)).one_or_none()
    return None if row is None else Job.of(row)


def _by_owner(job_id: str, attempt: int, states: Sequence[State] = HELD_STATES) -> Update:
    return update(jobs).where(_is_owner(job_id, attempt, states))


def _is_owner(job_id: str, attempt: int, states: Sequence[State]) -> ColumnElement[bool]:
    return and_(jobs.c.id == job_id, jobs.c.attempt == attempt, jobs.c.state.in_(states), jobs.c.worker_id.is_not(None))


def _one(connection: Connection, statement: Update) -> Job:
    row = connection.execute(statement.returning(jobs)).one_or_none()
    if row is None:
        raise Fenced
    return Job.of(row)


def _backoff(failures: int) -> float:
    """The first time at once, then seconds, as memory or a disk may need a moment."""
    return 0.0 if failures == 1 else min(MAX_BACKOFF_SECONDS, 2.0 ** (failures - 2))
