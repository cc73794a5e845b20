"""Who is alive: by a lock on the same machine, by heartbeats on the observer's own clock everywhere."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tunesmith.store import queue
from tunesmith.store.jobs import State
from tunesmith.store.queue import Held
from tunesmith.worker import leases
from tunesmith.worker.attempt import Stop

ONE = Held("ftjob-1", 1, 10, "w1")
YEAR = 365 * 86_400.0


def test_a_heartbeat_that_stands_still_for_the_lease_ends_it() -> None:
    watch = leases.LeaseWatch(10)
    assert [watch.overdue([ONE], instant) for instant in (0, 4, 8, 9.9)] == [()] * 4
    assert watch.overdue([ONE], 10) == (ONE,)


def test_every_heartbeat_begins_the_lease_anew() -> None:
    watch = leases.LeaseWatch(10)
    for number in range(12):
        assert watch.overdue([Held("ftjob-1", 1, number, "w1")], number * 4.0) == ()


def test_whoever_did_not_look_for_a_while_robs_nobody() -> None:
    """A laptop that slept, a process that was stopped, a database that was away: the others may have been as deaf."""
    watch = leases.LeaseWatch(10)
    watch.overdue([ONE], 0)
    assert watch.overdue([ONE], 1000) == ()
    assert [watch.overdue([ONE], 1000 + s) for s in (4, 8)] == [(), ()]
    assert watch.overdue([ONE], 1010) == (ONE,)


def test_a_lock_is_held_until_its_process_ends(tmp_path: Path) -> None:
    with leases.signed_in(tmp_path, "w1"):
        assert leases.dead_workers(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_is_known_dead_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tunesmith.worker.leases import signed_in\n"
        "with signed_in(Path(sys.argv[1]), 'w1'):\n    print('in', flush=True)\n    time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"in\n"
    assert leases.dead_workers(tmp_path) == ()
    process.kill()
    process.wait()
    process.stdout.close()
    assert leases.dead_workers(tmp_path) == ("w1",)
    leases.forget(tmp_path, "w1")
    assert leases.dead_workers(tmp_path) == ()


def test_500_jumps_of_the_wall_clock_take_no_job_from_a_living_worker(world_on_each: Any) -> None:
    """What people read as the time jumps by up to a year, both ways; the worker goes on saying that it lives."""
    world, choose = world_on_each, random.Random(3)
    job_id = world.new_job()
    with world.database.write() as connection:
        job = queue.claim_validation(connection, worker_id="w1", now=time.time())
        assert job is not None
    jumped = [time.time()]
    observer = world.worker(worker_id="observer", now=lambda: jumped[0], lease_seconds=60.0)
    num_jumps = 500 if world.database.is_sqlite else 50
    for _ in range(num_jumps):
        jumped[0] += choose.choice([-1, 1]) * choose.choice([1.0, 3600.0, 86_400.0, YEAR])
        with world.database.write() as connection:
            assert queue.heartbeat(connection, job_id, 1) is queue.Order.GO_ON
        observer._rescue()
        observer._fill_lane(Stop())
    assert (world.job(job_id).worker_id, world.job(job_id).attempt) == ("w1", 1)


def test_an_observer_takes_a_silent_workers_job_when_its_own_clock_says_so(world: Any) -> None:
    job_id = world.new_job()
    with world.database.write() as connection:
        queue.claim_validation(connection, worker_id="w1", now=time.time())
    instants = iter([0.0, 1.0, 2.0, 2.9, 3.1])
    worker = world.worker(worker_id="observer")
    worker._clock = lambda: next(instants)
    for _ in range(5):
        before = world.job(job_id)
        worker._rescue()
    assert before.worker_id == "w1"
    job = world.job(job_id)
    assert (job.state, job.worker_id, job.num_failures) == (State.VALIDATING_FILES, None, 1)
    assert world.messages(job_id)[-1].startswith("The worker said nothing for 3 seconds. It is tried again")


def test_a_claim_whose_answer_was_lost_is_found_again_and_counts_as_no_failure(world: Any) -> None:
    """The commit was made and the connection broke: the job is this worker's, and no thread knows of it."""
    job_id = world.new_job(max_steps=1)
    with world.database.write() as connection:
        queue.claim_validation(connection, worker_id="here", now=time.time())
    job = world.do(job_id, lease_seconds=3600.0)
    assert (job.state, job.num_failures) == (State.SUCCEEDED, 0)


@pytest.mark.needs("postgres")
def test_a_worker_stopped_in_the_middle_of_a_transaction_holds_its_row_for_a_while_only(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, make_world: Any
) -> None:
    from tunesmith.store import db

    monkeypatch.setattr(db, "HELD_SECONDS", 0.3)
    stopped, other = db.Database(postgres_url), db.Database(postgres_url)
    world = make_world(other)
    job_id = world.new_job()
    with other.write() as connection:
        queue.claim_validation(connection, worker_id="w1", now=time.time())
    connection = stopped.engine.connect()
    queue.heartbeat(connection, job_id, 1)
    with other.write() as writer:
        (held,) = queue.held_jobs(writer)
        assert queue.seize(writer, held, worker_id="w2") is not None
    connection.invalidate()
    stopped.close()
    other.close()
