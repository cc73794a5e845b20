"""The worker's rounds: what they ask of the machine and the database, and that no job stands in others' way."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select, update

from tunesmith.core.machine import Memory
from tunesmith.store import blob_references, checkpoints, queue
from tunesmith.store.jobs import State
from tunesmith.store.tables import checkpoints as checkpoint_rows
from tunesmith.store.tables import jobs, resume_states
from tunesmith.worker import artifacts, fitting
from tunesmith.worker.attempt import Stop, make_folder
from tunesmith.worker.fine_tune import Record
from tunesmith.worker.preparing import spec_of

GIB = 1 << 30
FACTS = {"num_examples": 8, "longest_example_tokens": 40, "total_tokens": 200, "has_validation": False}


def queue_up(world: Any, **spec: Any) -> str:
    """A job whose files were judged."""
    job_id = world.new_job(**spec)
    with world.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=State.QUEUED, facts=FACTS))
    return str(job_id)


def copy_job(world: Any, job_id: str, num: int) -> None:
    """As many more, behind it in the queue."""
    with world.database.write() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
        same = {name: value for name, value in row.items() if name != "seq"}
        connection.execute(jobs.insert(), [{**same, "id": f"{job_id[:-6]}{number:06d}"} for number in range(num)])


def test_a_worker_that_finds_nothing_holds_up_no_writer(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, stop, written = world.worker(lease_seconds=600.0), Stop(), []
    worker._done_at["tidy"] = worker._clock()
    worker.tend(stop)
    write = world.database.write

    @contextmanager
    def counted() -> Any:
        written.append(1)
        with write() as connection:
            yield connection

    monkeypatch.setattr(world.database, "write", counted)
    worker.tend(stop)
    assert written == []


def test_memory_is_asked_for_once_a_round_however_many_jobs_wait(world: Any) -> None:
    for _ in range(3):
        queue_up(world)
    worker, asked = world.worker(), []
    worker._memory = lambda: asked.append(1) or Memory(8 * GIB, 1 << 20)
    worker._fill_slots(Stop())
    assert asked == [1]


@pytest.mark.parametrize(("num_large", "num_rounds"), [(100, 1), (200, 3)])
def test_a_job_that_fits_starts_however_many_stand_before_it(
    world: Any, monkeypatch: pytest.MonkeyPatch, num_large: int, num_rounds: int
) -> None:
    def estimate_bytes(job: Any, *_: Any, **__: Any) -> int:
        looked_at.append(job.id)
        return 2 * GIB if job.spec["max_steps"] > 1 else 1 << 20

    monkeypatch.setattr(fitting, "estimate_bytes", estimate_bytes)
    monkeypatch.setattr(fitting, "resident_bytes", lambda pid: 0)
    copy_job(world, queue_up(world, max_steps=6), num_large - 1)
    small = queue_up(world, max_steps=1)
    copy_job(world, queue_up(world, max_steps=6), 2 * queue.WINDOW)
    worker, begun = world.worker(), []
    worker._memory = lambda: Memory(8 * GIB, GIB)
    worker._begin = lambda lane, job, *_: begun.append(job.id)
    for _ in range(num_rounds):
        looked_at: list[str] = []
        worker._needs.clear()
        worker._fill_slots(Stop())
        assert len(looked_at) <= 2 * queue.WINDOW
    assert begun == [small]
    assert world.job(small).state is State.RUNNING


def test_every_waiting_job_comes_up_again_and_again(world: Any) -> None:
    copy_job(world, queue_up(world), 3 * queue.WINDOW)
    worker = world.worker()
    rounds = [[job.seq for job in worker._waiting()] for _ in range(6)]
    everyone = {seq for seqs in rounds[:3] for seq in seqs}
    assert len(everyone) == 3 * queue.WINDOW + 1
    assert {seq for seqs in rounds[3:] for seq in seqs} == everyone
    assert all(seqs == sorted(seqs) and seqs[: queue.WINDOW] == rounds[0][: queue.WINDOW] for seqs in rounds)


def test_a_job_whose_need_cannot_be_told_stands_in_nobodys_way(world: Any) -> None:
    job_id = queue_up(world, max_seq_len=10**9)  # a base model that was exchanged meanwhile, say
    assert fitting.estimate_bytes(world.job(job_id), world.place().known_models, is_gpu=False) is None


def test_a_folder_that_cannot_be_made_fails_the_job_and_is_not_tried_for_ever(world: Any) -> None:
    job_id = queue_up(world)
    (world.home / "jobs").write_text("in the way")
    job = world.do(job_id, max_attempts=1)
    assert job.state is State.FAILED
    assert "could not be written" in job.error["message"]


def test_a_checkpoint_that_is_gone_becomes_no_resume_state(world: Any) -> None:
    attempt = world.claim(queue_up(world))
    make_folder(attempt.folder)
    folder = attempt.folder / "run/checkpoints/step-000002"
    record = Record(attempt, None)
    for name in ("metrics.csv", "resolved.json", "spec.yaml"):
        folder.parent.mkdir(parents=True, exist_ok=True)
        (attempt.folder / "run" / name).write_text("x\n")
    record.keep_resume_state(2, "run/checkpoints/step-000002")
    folder.mkdir()
    (folder / "random.safetensors").write_bytes(b"the others were deleted already")
    record.keep_resume_state(2, "run/checkpoints/step-000002")
    (folder / "manifest.json").write_text(
        json.dumps({"sha256": {"random.safetensors": "0", "weights.safetensors": "0"}})
    )
    record.keep_resume_state(2, "run/checkpoints/step-000002")
    with world.database.read() as connection:
        assert connection.execute(select(resume_states)).all() == []
    with pytest.raises(artifacts.Gone):
        artifacts.put_file(world.blobs, folder / "absent", "absent")


def test_a_deleted_checkpoint_that_a_later_attempt_passes_again_holds_no_files(world: Any) -> None:
    attempt = world.claim(queue_up(world))
    record = Record(attempt, None)
    metrics = {
        "step": 2, "train_loss": 1.0, "train_mean_token_accuracy": 0.5, "valid_loss": float("inf"),
        "valid_mean_token_accuracy": None,
    }  # fmt: skip
    for _ in range(2):
        (attempt.folder / "model").mkdir(parents=True)
        (attempt.folder / "model/weights").write_bytes(b"weights")
        record.publish(metrics, "model")
        with world.database.write() as connection:
            (row,) = connection.execute(select(checkpoint_rows)).all()
            checkpoints.delete(connection, row.project_id, row.name, 1.0)
            found = blob_references.of(connection, "checkpoint", row.id)
            blob_references.drop(connection, "checkpoint", row.id)
    assert found == ()
    assert row.metrics == {"step": 2, "train_loss": 1.0, "train_mean_token_accuracy": 0.5}


def test_a_warning_of_the_child_is_a_warning_of_the_job(world: Any) -> None:
    attempt = world.claim(queue_up(world))
    record = Record(attempt, None)
    record.say("It goes on uncompiled.", "warn")
    record.say("Going on after step 2.")
    record.flush()
    assert world.events(attempt.job.id) == [("warn", "It goes on uncompiled."), ("info", "Going on after step 2.")]


@pytest.mark.parametrize(("asked", "ordered"), [("auto", "auto"), (True, True), (False, False)])
def test_whether_layers_are_compiled_is_not_pinned_to_the_first_machine(world: Any, asked: Any, ordered: Any) -> None:
    job_id = queue_up(world, compile=asked, learning_rate="auto")
    resolved = {name: {"value": value, "reason": ""} for name, value in (("compile", True), ("learning_rate", 0.5))}
    with world.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(resolved=resolved))
    spec = spec_of(world.job(job_id), "training.jsonl", None)
    assert (spec.compile, spec.learning_rate) == (ordered, 0.5)


def test_long_sentences_that_begin_alike_are_all_kept(world: Any) -> None:
    attempt = world.claim(queue_up(world))
    record = Record(attempt, None)
    for end in ("one", "two", "two"):
        record.say("x" * 120 + end)
    record.flush()
    assert [message[120:] for message in world.messages(attempt.job.id)] == ["one", "two"]
