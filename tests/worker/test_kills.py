"""Killed, stopped, paused, cancelled, cut off: the job ends as if nothing had been, once, or as somebody asked.

Processes are forked from one that has torch already (fork_server.py); test_cold.py starts them as they start in life.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tunesmith.store import blob_references, jobs, queue, resume_states
from tunesmith.store.jobs import State
from tunesmith.store.tables import jobs as job_rows
from tunesmith.store.tables import models
from tunesmith.worker import run
from tunesmith.worker.attempt import Stop
from tunesmith.worker.fine_tune import run_job

LONG: dict[str, Any] = {
    "max_steps": 60,
    "batch_size": 4,
    "save_every_steps": 5,
    "validation_split": 0.2,
    "eval_every_steps": 20,
}


_whole: dict[str, Any] = {}


@pytest.fixture
def whole(world: Any) -> dict[str, Any]:
    """The bits of an uninterrupted job, the same in every world."""
    if not _whole:
        job_id = world.new_job(**LONG)
        world.do(job_id)
        _whole.update(world.outcome(job_id))
    return dict(_whole)


def is_running(world: Any, job_id: str, step: int = 1) -> bool:
    job = world.job(job_id)
    return (job.state is State.RUNNING and job.step >= step) or job.state.is_final


def live_child(world: Any) -> Any:
    return world.launcher.started[-1]


# --- kill -9 ----------------------------------------------------------------------------------------


def test_a_child_killed_at_random_moments_leads_to_the_same_end(world: Any, whole: dict[str, Any]) -> None:
    choose, killed = random.Random(1), 0
    job_id = world.new_job(**LONG)
    world.faults(step_seconds=0.1)
    worker, stop = world.worker(max_attempts=100), Stop()
    deadline = time.monotonic() + 100
    while not world.job(job_id).state.is_final and time.monotonic() < deadline:
        worker.tend(stop)
        child = live_child(world) if world.launcher.started else None
        if child is not None and killed < 5 and child.poll() is None and choose.random() < 0.2:
            child.kill()
            killed += 1
            if killed == 5:
                world.faults()
        world.nap()
    assert killed == 5
    assert world.outcome(job_id) == whole
    assert world.job(job_id).attempt >= 4


def test_a_worker_killed_is_found_dead_at_once_and_another_goes_on(world: Any, whole: dict[str, Any]) -> None:
    job_id = world.new_job(**LONG)
    world.faults(waits_at_step=12)
    first = world.start_worker("first", lease_seconds=3600.0)
    world.wait_for(lambda: world.resume_steps(job_id))
    first.kill()
    first.wait(10)
    world.faults()
    at_step = world.resume_steps(job_id)[0]
    assert world.do(job_id, lease_seconds=3600.0, max_attempts=100).state is State.SUCCEEDED
    assert world.outcome(job_id) == whole
    texts = world.messages(job_id)
    assert f"Going on after step {at_step}." in texts
    assert any(text.startswith("The worker died. It is tried again") for text in texts)
    assert list(world.home.joinpath("run").glob("worker-first*")) == []


def test_a_child_ends_when_its_worker_is_killed(world: Any) -> None:
    job_id = world.new_job(**{**LONG, "max_steps": 100_000})
    worker = world.start_worker("first")
    world.wait_for(lambda: is_running(world, job_id))
    folder = world.home / "jobs" / job_id / "attempts" / str(world.job(job_id).attempt)
    metrics = folder / "run" / "metrics.csv"
    worker.kill()
    worker.wait(10)
    world.wait_for(lambda: is_unlocked(folder / "run"))
    size = metrics.stat().st_size
    for _ in range(10):
        world.nap()
    assert metrics.stat().st_size == size


def test_a_child_ends_when_its_worker_is_stopped_beyond_the_lease(world: Any) -> None:
    job_id = world.new_job(**{**LONG, "max_steps": 100_000})
    worker = world.start_worker("first", lease_seconds=1.0)
    world.wait_for(lambda: is_running(world, job_id))
    folder = world.home / "jobs" / job_id / "attempts" / str(world.job(job_id).attempt)
    worker.send_signal(signal.SIGSTOP)
    world.wait_for(lambda: is_unlocked(folder / "run"))
    worker.kill()


def test_a_worker_stopped_beyond_its_lease_changes_nothing_afterwards(world: Any, whole: dict[str, Any]) -> None:
    job_id = world.new_job(**LONG)
    world.faults(waits_at_step=20)
    first = world.start_worker("first", lease_seconds=1.5)
    world.wait_for(lambda: is_running(world, job_id))
    stop_between_writes(world, first)
    world.faults()
    assert not world.job(job_id).state.is_final
    assert world.do(job_id, worker_id="second", lease_seconds=1.5).state is State.SUCCEEDED
    assert any(text.startswith("The worker said nothing for 1.5 seconds") for text in world.messages(job_id))
    before = everything(world, job_id)
    first.send_signal(signal.SIGCONT)
    other = world.new_job(max_steps=1)
    world.wait_for(lambda: world.job(other).state is State.SUCCEEDED)  # the first one is at work again
    assert world.job(other).worker_id is None
    assert everything(world, job_id) == before
    assert world.outcome(job_id) == whole


def test_what_a_fenced_attempt_writes_is_refused_rows_checkpoints_and_files(world_on_each: Any) -> None:
    """Two workers believe that the job is theirs; both go through the whole story."""
    world = world_on_each
    job_id = world.new_job()
    old = claimed(world, job_id, "old")
    with world.database.write() as connection:
        (held,) = queue.held_jobs(connection)
        queue.seize(connection, held, worker_id="new")
        queue.release(connection, job_id, held.attempt + 1)
    new = claimed(world, job_id, "new")
    run_job(new)
    before = everything(world, job_id)
    run_job(old)
    assert everything(world, job_id) == before
    assert world.job(job_id).state is State.SUCCEEDED
    assert old.is_lost.is_set()
    assert not old.folder.exists()


def test_a_job_that_always_kills_its_process_stops_after_exactly_so_many_tries(world: Any) -> None:
    poison, sound = world.new_job(max_steps=3), world.new_job(max_steps=2)
    world.faults(kill_at_step=3)
    job = world.do(poison, max_attempts=3)
    assert (job.state, job.num_failures, job.attempt) == (State.FAILED, 3, 4)
    assert job.error == {
        "code": "out_of_memory", "param": None,
        "message": "The training process was killed by signal 9 (probably out of memory) 3 times without getting further.",
    }  # fmt: skip
    assert world.do(sound).state is State.SUCCEEDED
    steps = [text for text in world.messages(poison) if text.startswith("Step ")]
    assert len(steps) == len(set(steps)) == 2


def test_a_crash_names_its_signal(world: Any) -> None:
    world.faults(kill_at_step=1, signal=int(signal.SIGSEGV))
    job = world.do(world.new_job(), max_attempts=1)
    assert job.error["code"] == "training_process_crashed"
    assert job.error["message"] == "The training process was killed by signal 11 (Segmentation fault) once."


def test_too_little_memory_is_tried_again_and_then_named(world: Any) -> None:
    world.faults(memory_error=True)
    job = world.do(world.new_job(), max_attempts=2)
    assert job.error["code"] == "out_of_memory"
    assert job.error["message"] == "There was not enough memory 2 times without getting further."


# --- asked to end, to pause, to stop ----------------------------------------------------------------


def test_a_worker_asked_to_end_saves_and_gives_the_job_back_uncounted(world: Any, whole: dict[str, Any]) -> None:
    job_id = world.new_job(**LONG)
    world.faults(waits_at_step=20)
    worker = world.start_worker("first")
    world.wait_for(lambda: is_running(world, job_id, 2))
    world.faults()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    job = world.job(job_id)
    assert (job.state, job.worker_id, job.num_failures) == (State.QUEUED, None, 0)
    assert world.resume_steps(job_id)[0] == job.step >= 2
    assert not [row for row in world.checkpoints(job_id) if row.step_number < 32]
    world.do(job_id)
    assert world.outcome(job_id) == whole


def test_a_second_signal_breaks_off_and_still_nothing_is_lost(world: Any, whole: dict[str, Any]) -> None:
    job_id = world.new_job(**LONG)
    world.faults(waits_at_step=20)
    worker = world.start_worker("first")
    world.wait_for(lambda: is_running(world, job_id, 2))
    world.faults()
    for _ in range(2):
        worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert world.job(job_id).num_failures == 0
    world.do(job_id)
    assert world.outcome(job_id) == whole


def test_a_paused_job_leaves_a_model_and_resumed_it_ends_the_same(world: Any, whole: dict[str, Any]) -> None:
    job_id = world.new_job(**LONG)
    world.faults(waits_at_step=20)
    world.start_worker("first")
    world.wait_for(lambda: is_running(world, job_id))
    world.faults()
    with world.database.write() as connection:
        jobs.pause(connection, "proj_one", job_id, time.time())
    world.wait_for(lambda: world.job(job_id).state is State.PAUSED)
    job = world.job(job_id)
    (made,) = [row for row in world.checkpoints(job_id) if row.step_number == job.step]
    assert made.metrics["full_valid_loss"] > 0
    with world.database.read() as connection:
        names = {ref.name for ref in blob_references.of(connection, "checkpoint", made.id)}
    assert {"adapter_config.json", "adapter_model.safetensors", "tunesmith.json", "serving_check.json"} <= names
    with world.database.write() as connection:
        jobs.resume(connection, "proj_one", job_id, time.time())
    world.wait_for(lambda: world.job(job_id).state.is_final)
    outcome = world.outcome(job_id)
    outcome.pop(f"checkpoint {job.step}", None)
    assert outcome == {name: bits for name, bits in whole.items() if name != f"checkpoint {job.step}"}


def test_a_cancelled_job_stops_within_a_step_and_leaves_nothing_more(world: Any) -> None:
    job_id = world.new_job(**{**LONG, "max_steps": 100_000})
    world.start_worker("first")
    world.wait_for(lambda: is_running(world, job_id))
    folder = world.home / "jobs" / job_id
    with world.database.write() as connection:
        jobs.cancel(connection, "proj_one", job_id, time.time())
    before = everything(world, job_id)
    world.wait_for(lambda: not folder.exists(), seconds=30)
    assert everything(world, job_id) == before
    assert world.job(job_id).state is State.CANCELLED


def test_what_a_cancelled_job_held_is_let_go_when_the_house_is_tidied(world: Any) -> None:
    job_id = world.new_job()
    with world.database.write() as connection:
        jobs.cancel(connection, "proj_one", job_id, time.time())
        resume_states.add(connection, job_id, attempt=1, step_number=2, now=0)
    litter = world.home / "jobs" / job_id / "attempts" / "1"
    litter.mkdir(parents=True)
    run.tidy(world.place())
    assert world.resume_steps(job_id) == []
    assert not litter.exists()
    with world.database.read() as connection:
        assert blob_references.of(connection, "job", job_id) == ()


# --- a full disk, damaged blobs ---------------------------------------------------------------------


def test_a_full_disk_pauses_the_job_with_the_reason_and_resumed_it_ends_the_same(
    world: Any, whole: dict[str, Any]
) -> None:
    job_id = world.new_job(**LONG)
    world.faults(disk_full_at_step=20)
    job = world.do(job_id)
    assert (job.state, job.num_failures, job.error) == (State.PAUSED, 0, None)
    assert job.waiting_reason.startswith("The disk is full: ")
    assert job.waiting_reason.endswith("Make room, then resume the job.")
    assert str(world.home) not in job.waiting_reason
    world.faults()
    with world.database.write() as connection:
        jobs.resume(connection, "proj_one", job_id, time.time())
    world.do(job_id)
    assert world.outcome(job_id) == whole


def test_a_full_blob_store_pauses_the_job_too(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    job_id = world.new_job()
    monkeypatch.setattr(world.blobs, "put_file", full)
    job = world.do(job_id)
    assert (job.state, job.waiting_reason) == (State.PAUSED, "The disk is full. Make room, then resume the job.")


def test_after_a_damaged_resume_state_the_one_before_leads_to_the_same_end(world: Any, whole: dict[str, Any]) -> None:
    job_id = world.new_job(**LONG)
    world.faults(waits_at_step=18)
    worker = world.start_worker("first")
    world.wait_for(lambda: len(world.resume_steps(job_id)) == 2)
    worker.kill()
    worker.wait(10)
    world.faults()
    newest, before = world.resume_steps(job_id)
    with world.database.read() as connection:
        state = resume_states.newest_first(connection, job_id)[0]
        ref = next(r for r in blob_references.of(connection, "resume_state", state.id) if "weights" in r.name)
    path = world.blobs._path(ref.sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    world.do(job_id, max_attempts=100)
    assert world.outcome(job_id) == whole
    texts = world.messages(job_id)
    assert any(text.startswith(f"The saved state of step {newest} is damaged and was left out") for text in texts)
    assert f"Going on after step {before}." in texts


def test_a_job_goes_on_with_the_settings_of_its_first_attempt(world: Any) -> None:
    """What auto chose on the first machine stays, though the second would choose otherwise."""
    job_id = world.new_job(**{**LONG, "precision": "auto"})
    world.faults(waits_at_step=12)
    worker = world.start_worker("first")
    world.wait_for(lambda: world.resume_steps(job_id))
    worker.kill()
    worker.wait(10)
    world.faults()
    resolved = world.job(job_id).resolved
    with world.database.write() as connection:
        other = {**resolved, "learning_rate": {"value": 1e-5, "reason": "another machine"}}
        connection.execute(update(job_rows).where(job_rows.c.id == job_id).values(resolved=other))
    job = world.do(job_id, max_attempts=5)
    assert job.state is State.FAILED, "the spec is pinned to what is kept, and the run's own record differs from it"
    assert "learning_rate" in job.error["message"]


# --- what everything is -----------------------------------------------------------------------------


def claimed(world: Any, job_id: str, worker_id: str) -> Any:
    """An attempt at a job whose files count as judged."""
    with world.database.write() as connection:
        job = queue.claim_validation(connection, worker_id=worker_id, now=time.time())
        if job is not None:
            queue.files_validated(connection, job.id, job.attempt, {})
    return world.claim(job_id, worker_id)


def everything(world: Any, job_id: str) -> str:
    """All that the store says about a job, as text."""
    with world.database.read() as connection:
        rows = connection.execute(select(models).where(models.c.job_id == job_id)).all()
    found = [world.job(job_id), world.events(job_id), world.checkpoints(job_id), world.resume_steps(job_id), rows]
    return "\n".join(map(repr, found))


def stop_between_writes(world: Any, worker: Any) -> None:
    """SIGSTOP; stopped in the middle of a write, it would hold all of SQLite."""
    while True:
        worker.send_signal(signal.SIGSTOP)
        world.wait_for(lambda: is_stopped(worker.pid))
        connection = sqlite3.connect(world.home / "tunesmith.db", timeout=0.05, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            worker.send_signal(signal.SIGCONT)
        else:
            return
        finally:
            connection.close()


def is_stopped(pid: int) -> bool:
    """Every thread of it: a signal takes a moment to reach them all."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(path.read_text().rpartition(")")[2].split()[0] == "T" for path in threads)


def is_unlocked(folder: Any) -> bool:
    """Whether the process that worked there is gone."""
    import fcntl

    try:
        with (folder / ".lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
