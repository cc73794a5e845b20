"""The attempt's border: whatever goes wrong around a job becomes a move of that job, and never harms another one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection

from tunesmith.core.errors import TunesmithError, UserError, is_disk_full
from tunesmith.store import queue
from tunesmith.store.db import DatabaseUnavailable
from tunesmith.store.jobs import Job
from tunesmith.store.queue import Fenced
from tunesmith.worker import endings
from tunesmith.worker.attempt import Attempt

log = logging.getLogger(__name__)


@contextmanager
def attempt_border(attempt: Attempt) -> Iterator[None]:
    with attempt.heartbeat():  # until the ending is written, however slow the database is
        try:
            yield
        except Fenced:
            log.info("%s is no longer this worker's", attempt.job.id)
        except DatabaseUnavailable:  # asked to end while it is away: another worker will find the job
            log.warning("%s was left where it is: the database does not answer", attempt.job.id)
        except Exception as error:
            if not isinstance(error, TunesmithError):
                log.exception("%s: attempt %d ended by an error", attempt.job.id, attempt.job.attempt)
            with suppress(Fenced, DatabaseUnavailable):
                met = error
                attempt.write(lambda connection, job: _end(attempt, connection, job, met))


def _end(attempt: Attempt, connection: Connection, job: Job, error: Exception) -> None:
    now, limit = attempt.place.now(), attempt.place.max_attempts
    if attempt.stop.broken_off.is_set():
        queue.release(connection, job.id, job.attempt)
    elif is_disk_full(error):
        reason = "The disk is full. Make room, then resume the job."
        endings.rest(connection, job, reason=reason, now=now)
    elif isinstance(error, UserError):
        endings.fail(connection, job, code="invalid_job", message=f"{error.message} {error.hint}".strip(), now=now)
    else:
        endings.give_up(connection, job, error, max_attempts=limit, now=now)
