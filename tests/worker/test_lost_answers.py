"""A database that fails before a commit, or after one: every write of a worker bears being done again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection

from tunesmith.store import queue
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.jobs import State
from tunesmith.worker.attempt import Stop


class Unreliable(Database):
    """One write in ``one_in`` fails: half of these before anything was done, half after the commit."""

    def __init__(self, url: str, seed: int, one_in: int) -> None:
        super().__init__(url)
        self._choose, self._one_in = random.Random(seed), one_in
        self.num_lost = 0

    @contextmanager
    def write(self) -> Iterator[Connection]:
        fault = self._choose.randrange(2 * self._one_in)
        self.num_lost += fault < 2
        if fault == 0:
            raise DatabaseUnavailable("before")
        with super().write() as connection:
            yield connection
        if fault == 1:
            raise DatabaseUnavailable("after")


def test_a_job_ends_once_though_a_fifth_of_all_writes_fail_before_or_after_their_commit(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunesmith.worker import attempt

    monkeypatch.setattr(attempt, "_RETRY_SECONDS", 0.01)
    kind = {"max_steps": 12, "save_every_steps": 2, "validation_split": 0.2}
    reference = world.new_job(**kind)
    world.do(reference)
    for seed in range(2):
        unreliable = Unreliable(world.database.url, seed, one_in=5)
        job_id = world.new_job(**kind)
        job = world.do(job_id, database=unreliable)
        assert (job.state, job.num_failures) == (State.SUCCEEDED, 0), (seed, world.events(job_id))
        assert world.outcome(job_id) == world.outcome(reference), seed
        texts = [text for text in world.messages(job_id) if not text.startswith("Going on")]
        assert len(texts) == len(set(texts)), seed
        assert unreliable.num_lost >= 2, seed
        unreliable.close()


def test_a_failure_whose_answer_was_lost_is_counted_once(world: Any) -> None:
    """The commit was made; the second try is refused by the fence."""
    from tunesmith.worker import endings

    job_id = world.new_job()
    with world.database.write() as connection:
        job = queue.claim_validation(connection, worker_id="here", now=time.time())
    assert job is not None
    given = {"code": "c", "cause": "It died", "max_attempts": 3, "now": time.time()}
    with world.database.write() as connection:
        endings.fail_attempt(connection, job, **given)
    with pytest.raises(queue.Fenced), world.database.write() as connection:
        endings.fail_attempt(connection, job, **given)
    assert world.job(job_id).num_failures == 1


def test_a_disk_that_is_full_while_files_are_judged_puts_the_job_off_and_says_so(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    job_id = world.new_job(max_steps=1)
    with monkeypatch.context() as patch:
        patch.setattr(world.blobs, "fetch", full)
        worker, stop = world.worker(), Stop()
        world.wait_for(lambda: worker.tend(stop) or world.job(job_id).waiting_reason)
    job = world.job(job_id)
    assert (job.state, job.num_failures) == (State.VALIDATING_FILES, 0)
    assert job.waiting_reason == "The disk is full. Make room, then resume the job."
    assert job.not_before_at > time.time() + 20
    later = world.do(job_id, now=lambda: time.time() + 31)
    assert (later.state, later.waiting_reason) == (State.SUCCEEDED, None)
