"""How an attempt begins: in a folder of its own, or with a sentence about why not."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import update

from tunesmith.core.errors import MachineError
from tunesmith.store import queue
from tunesmith.store.jobs import State
from tunesmith.store.queue import Held
from tunesmith.store.tables import jobs
from tunesmith.worker.attempt import make_folder
from tunesmith.worker.border import attempt_border
from tunesmith.worker.leases import LeaseWatch


def test_a_folder_is_made_while_earlier_attempts_take_those_above_away(tmp_path: Path) -> None:
    above, is_over = tmp_path / "ftjob-x" / "attempts", threading.Event()

    def end_earlier_attempts() -> None:
        while not is_over.wait(0.0005):
            with suppress(OSError):
                above.rmdir()
                above.parent.rmdir()

    other = threading.Thread(target=end_earlier_attempts)
    other.start()
    try:
        for number in range(1000):
            make_folder(above / str(number))
            (above / str(number)).rmdir()
    finally:
        is_over.set()
        other.join()


def test_an_attempt_that_finds_no_place_for_its_folder_is_counted_and_named(world: Any) -> None:
    job_id = world.new_job()
    (world.home / "jobs").mkdir()
    (world.home / "jobs" / job_id).write_text("in the way")
    job = world.do(job_id, max_attempts=1)
    assert (job.state, job.error["code"]) == (State.FAILED, "worker_failed")
    assert "could not be written: Not a directory" in job.error["message"]


def test_heartbeats_go_on_until_the_ending_is_written(world_on_each: Any) -> None:
    """Or else a slow database would have the job taken by another worker, and the reason lost."""
    world, lease_seconds = world_on_each, 0.4
    attempt = claimed(world, lease_seconds=lease_seconds, max_attempts=1)
    watch, write, robbed = LeaseWatch(lease_seconds), attempt.write, []

    def held() -> tuple[Held, ...]:
        with world.database.read() as connection:
            found: tuple[Held, ...] = queue.held_jobs(connection)
        return found

    def write_late(do: Any) -> Any:
        until = time.monotonic() + 3 * lease_seconds
        world.wait_for(lambda: robbed.extend(watch.overdue(held(), time.monotonic())) or time.monotonic() > until)
        return write(do)

    attempt.write = write_late
    with attempt_border(attempt), attempt:
        raise MachineError("The disk went away.")
    assert robbed == []
    job = world.job(attempt.job.id)
    assert (job.state, job.error["message"]) == (State.FAILED, "The disk went away once.")
    assert not attempt._pulse.is_alive()


def claimed(world: Any, **changes: Any) -> Any:
    job_id = world.new_job()
    with world.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=State.QUEUED))
    return world.claim(job_id, **changes)
