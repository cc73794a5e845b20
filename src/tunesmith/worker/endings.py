"""How an attempt ends, each as one fenced transaction: state, events, references and notices together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tunesmith.core.errors import Problem, TunesmithError
from tunesmith.core.log import redacted
from tunesmith.store import blob_references, deliveries, job_events, queue, resume_states
from tunesmith.store.jobs import Job, State
from tunesmith.worker.protocol import Refusal

PUT_OFF_SECONDS = 30.0
_CODES: Mapping[Refusal, str] = {
    Refusal.USER: "invalid_job",
    Refusal.DIVERGED: "training_diverged",
    Refusal.MEMORY: "out_of_memory",
    Refusal.MACHINE: "training_failed",
}


def fail(
    connection: Connection, job: Job, *, code: str, message: str, now: float, param: str | None = None,
    problems: Sequence[Problem] = (), num_problems: int = 0,
) -> Job:  # fmt: skip
    """It cannot go on. Every problem becomes an event, so that all of them can be read, not the first alone."""
    failed = queue.fail(connection, job.id, job.attempt, code=code, message=message, param=param, now=now)
    for problem in problems:
        job_events.add(
            connection, job.id, message=str(problem), level="error", data=problem.as_json(), now=now
        )  # fmt: skip
    if num_problems > len(problems):
        more = f"{num_problems - len(problems):,} more problems are not listed."
        job_events.add(connection, job.id, message=more, level="error", now=now)
    _ended(connection, failed, message, now)
    return failed


def fail_attempt(connection: Connection, job: Job, *, code: str, cause: str, max_attempts: int, now: float) -> Job:
    """It ended without a word: the job is tried again, or has failed by now."""
    after = queue.fail_attempt(
        connection, job.id, job.attempt, code=code, cause=cause, max_attempts=max_attempts, now=now
    )
    if after.state is State.FAILED:
        _ended(connection, after, str((after.error or {}).get("message")), now)
    else:
        text = (
            f"{cause}. It is tried again from its newest checkpoint (failure {after.num_failures} of {max_attempts})."
        )
        job_events.add(connection, job.id, message=text, level="warn", now=now)
    return after


def refuse(connection: Connection, job: Job, word: Mapping[str, Any], *, max_attempts: int, now: float) -> Job:
    """The child's last word, that it cannot go on, as a move of the job."""
    why, message = Refusal(word["why"]), str(word["message"])
    if why is Refusal.DISK_FULL:
        return rest(connection, job, reason=f"{message} Make room, then resume the job.", now=now)
    if why in (Refusal.USER, Refusal.DIVERGED):
        problems = [Problem(**raw) for raw in word["problems"]]
        text = f"{message} {word['hint']}".strip()
        return fail(
            connection, job, code=_CODES[why], message=text, now=now, problems=problems,
            num_problems=int(word["num_problems"]),
        )  # fmt: skip
    cause = "There was not enough memory" if why is Refusal.MEMORY else message.rstrip(".")
    return fail_attempt(connection, job, code=_CODES[why], cause=cause, max_attempts=max_attempts, now=now)


def give_up(connection: Connection, job: Job, error: Exception, *, max_attempts: int, now: float) -> Job:
    """The worker itself met an error that it can only name."""
    said = error.message if isinstance(error, TunesmithError) else redacted(f"{type(error).__name__}: {error}")
    return fail_attempt(
        connection, job, code="worker_failed", cause=said.rstrip("."), max_attempts=max_attempts, now=now
    )


def rest(connection: Connection, job: Job, *, reason: str | None, now: float) -> Job:
    """It is saved and waits for somebody to resume it. Files that are still being judged are judged again later."""
    if job.state is State.VALIDATING_FILES:
        at = now + PUT_OFF_SECONDS
        return queue.put_off(connection, job.id, job.attempt, reason=reason or "", not_before_at=at)
    paused = queue.pause(connection, job.id, job.attempt, reason=reason)
    text = f"Fine-tuning job paused after step {paused.step}" if reason is None else f"Fine-tuning job paused: {reason}"
    job_events.add(connection, job.id, message=text, level="info" if reason is None else "warn", now=now)
    return paused


def let_go_of_inputs(connection: Connection, job: Job) -> None:
    """A job that has ended needs neither its files' bytes nor its resume states."""
    blob_references.drop(connection, "job", job.id)
    for state in resume_states.newest_first(connection, job.id):
        blob_references.drop(connection, "resume_state", state.id)
        resume_states.remove(connection, state.id)


def _ended(connection: Connection, job: Job, message: str, now: float) -> None:
    job_events.add(connection, job.id, message=message, level="error", now=now)
    let_go_of_inputs(connection, job)
    deliveries.enqueue_job_ended(connection, job, "fine_tuning.job.failed", now)
