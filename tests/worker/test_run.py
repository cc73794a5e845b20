"""The worker's rounds: what they ask of the machine and the database, and that no job stands in others' way."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select, update

from tunesmith.core.machine import Memory
from tunesmith.store import blob_references, checkpoints
from tunesmith.store.jobs import State
from tunesmith.store.tables import checkpoints as checkpoint_rows
from tunesmith.store.tables import jobs, resume_states
from tunesmith.worker import artifacts, fitting
from tunesmith.worker.attempt import Stop, make_folder
from tunesmith.worker.fine_tune import Record

GIB = 1 << 30
FACTS = {"num_examples": 8, "longest_example_tokens": 40, "total_tokens": 200, "has_validation": False}


def queue_up(world: Any, **spec: Any) -> str:
    """A job whose files were judged."""
    job_id = world.new_job(**spec)
    with world.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=State.QUEUED, facts=FACTS))
    return str(job_id)


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


def test_long_sentences_that_begin_alike_are_all_kept(world: Any) -> None:
    attempt = world.claim(queue_up(world))
    record = Record(attempt, None)
    for end in ("one", "two", "two"):
        record.say("x" * 120 + end)
    record.flush()
    assert [message[120:] for message in world.messages(attempt.job.id)] == ["one", "two"]
