"""A new job's first stop: its files are judged, in a child process, before it waits for a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from tunesmith.core.certificates import Certificate
from tunesmith.core.errors import Problem
from tunesmith.store import job_certificates, job_events, queue
from tunesmith.store.jobs import Job
from tunesmith.worker import endings
from tunesmith.worker.attempt import Attempt
from tunesmith.worker.border import attempt_border
from tunesmith.worker.preparing import make_order
from tunesmith.worker.process import describe_end, until_told

CHILD = "tunesmith.worker.check_files"
# Warnings that are kept with the job.
_MAX_WARNINGS = 50
_LISTEN_SECONDS = 0.2


def judge_files(attempt: Attempt) -> None:
    """Move the job on to the queue, or end it with every problem that its files have."""
    stop = attempt.stop
    with attempt_border(attempt), attempt:
        _say_what_is_judged(attempt)
        word: Mapping[str, Any] | None = None
        with attempt.child(CHILD, make_order(attempt)) as child:
            for message in until_told(child, _LISTEN_SECONDS):
                word = message or word
                if stop.draining.is_set():  # it is quick to do again
                    child.kill()
            code, said = child.end(), child.last_line
        if word is None and stop.draining.is_set():
            attempt.write(lambda c, job: queue.release(c, job.id, job.attempt))
        elif word is None:
            error_code, cause = describe_end(code, said, "validation")
            attempt.write(lambda c, job: _crashed(attempt, c, job, error_code, cause))
        else:
            told = word
            attempt.write(lambda c, job: _conclude(attempt, c, job, told))


def _say_what_is_judged(attempt: Attempt) -> None:
    job = attempt.job
    also = f" and validation file: {job.validation_file_id}" if job.validation_file_id else ""
    text, now = f"Validating training file: {job.training_file_id}{also}", attempt.place.now()
    attempt.write(lambda c, job: job_events.add(c, job.id, message=text, once="validating", now=now))


def _conclude(attempt: Attempt, connection: Connection, job: Job, word: Mapping[str, Any]) -> None:
    now = attempt.place.now()
    if word["type"] == "sound":
        for raw in word["warnings"][:_MAX_WARNINGS]:
            warning = Problem(**raw)
            job_events.add(connection, job.id, message=str(warning), level="warn", data=raw, now=now)
        job_certificates.put(connection, job.id, [Certificate.of(raw) for raw in word["certificates"]], now)
        queue.files_validated(connection, job.id, job.attempt, word["facts"])
        text = "Files validated, moving job to queued state"
        job_events.add(connection, job.id, message=text, once="validated", now=now)
    elif word["type"] == "unfit":
        problems = [Problem(**raw) for raw in word["problems"]]
        endings.fail(
            connection, job, code=word["code"], message=word["message"], param=word["param"], now=now,
            problems=problems, num_problems=word["num_problems"],
        )  # fmt: skip
    else:
        endings.refuse(connection, job, word, max_attempts=attempt.place.max_attempts, now=now)


def _crashed(attempt: Attempt, connection: Connection, job: Job, code: str, cause: str) -> None:
    limit, now = attempt.place.max_attempts, attempt.place.now()
    endings.fail_attempt(connection, job, code=code, cause=cause, max_attempts=limit, now=now)
