"""Tests that can fail: each story holds as the worker is, and fails once a defect is planted in the worker."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, select

from tunesmith.store import blob_references, job_events, queue, resume_states
from tunesmith.store.blobs import LocalBlobs
from tunesmith.store.jobs import State
from tunesmith.store.tables import jobs as job_rows
from tunesmith.store.tables import models
from tunesmith.worker import artifacts, endings
from tunesmith.worker.attempt import Stop
from tunesmith.worker.fine_tune import run_job

Plant = Callable[[pytest.MonkeyPatch], None]

_whole: dict[str, Any] = {}


def whole(world: Any) -> dict[str, Any]:
    """The bits of an undisturbed job, the same in every world."""
    if not _whole:
        job_id = world.new_job()
        world.do(job_id)
        _whole.update(world.outcome(job_id))
    return _whole


# --- stories, each with what must hold ------------------------------------------------------------------


def killed_once_it_ends_the_same(world: Any) -> None:
    expected = whole(world)
    job_id = world.new_job()
    do_with_deaths(world, job_id, at_steps=(6,))
    assert_same(world, job_id, expected)


def killed_often_but_getting_further_it_ends_the_same(world: Any) -> None:
    expected = whole(world)
    job_id = world.new_job()
    do_with_deaths(world, job_id, at_steps=(3, 5), max_attempts=2)
    assert_same(world, job_id, expected)


def with_a_damaged_state_it_ends_the_same(world: Any) -> None:
    expected = whole(world)
    job_id = world.new_job()
    do_with_deaths(world, job_id, at_steps=(6,), between=lambda: damage_newest_state(world, job_id))
    assert_same(world, job_id, expected)
    assert any("is damaged and was left out" in text for text in world.messages(job_id))


def fenced_off_it_writes_nothing(world: Any) -> None:
    job_id = world.new_job()
    with world.database.write() as connection:
        job = queue.claim_validation(connection, worker_id="old", now=time.time())
        queue.files_validated(connection, job.id, job.attempt, {})
    old = world.claim(job_id, "old")
    with world.database.write() as connection:
        (held,) = [one for one in queue.held_jobs(connection) if one.job_id == job_id]
        assert queue.seize(connection, held, worker_id="new") is not None
    before = everything(world, job_id)
    run_job(old)
    assert everything(world, job_id) == before


def a_poisonous_job_is_tried_twice(world: Any) -> None:
    job_id = world.new_job()
    world.faults(kill_at_step=1)
    tend(world, lambda: world.job(job_id).state.is_final or world.job(job_id).num_failures > 2, max_attempts=2)
    world.faults()
    job = world.job(job_id)
    assert (job.state, job.num_failures) == (State.FAILED, 2)


def what_has_ended_holds_nothing(world: Any) -> None:
    job_id = world.new_job()
    world.do(job_id)
    assert world.resume_steps(job_id) == []
    with world.database.read() as connection:
        assert blob_references.of(connection, "job", job_id) == ()


# --- defects --------------------------------------------------------------------------------------------


def owners_are_not_told_apart(patch: pytest.MonkeyPatch) -> None:
    """Fencing without its token: whoever once held the job may write."""

    def is_owner(job_id: str, attempt: int, states: Any) -> ColumnElement[bool]:
        return job_rows.c.id == job_id

    patch.setattr(queue, "_is_owner", is_owner)


def events_are_said_again(patch: pytest.MonkeyPatch) -> None:
    real = job_events.add
    patch.setattr(job_events, "add", lambda *given, **named: real(*given, **{**named, "once": None}))


def bytes_are_not_verified(patch: pytest.MonkeyPatch) -> None:
    def fetch(self: LocalBlobs, sha256: str, to: Path) -> None:
        shutil.copyfile(self._path(sha256), to)

    patch.setattr(LocalBlobs, "fetch", fetch)


def figures_are_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The resume state holds the weights alone, and an empty file for the figures so far."""
    real = artifacts.put_file

    def put_file(blobs: Any, path: Path, name: str, *, grows: bool = False) -> Any:
        return artifacts.put_bytes(blobs, b"", name) if name == "metrics.csv" else real(blobs, path, name, grows=grows)

    patch.setattr(artifacts, "put_file", put_file)


def progress_does_not_clear_failures(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queue, "note_saved", lambda *_: None)


def attempts_have_no_limit(patch: pytest.MonkeyPatch) -> None:
    real = queue.fail_attempt
    patch.setattr(queue, "fail_attempt", lambda *given, **named: real(*given, **{**named, "max_attempts": 10**6}))


def inputs_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endings, "let_go_of_inputs", lambda *_: None)


@pytest.mark.parametrize(
    ("story", "plant"),
    [
        (fenced_off_it_writes_nothing, owners_are_not_told_apart),
        (killed_once_it_ends_the_same, events_are_said_again),
        (killed_once_it_ends_the_same, figures_are_not_saved),
        (killed_often_but_getting_further_it_ends_the_same, progress_does_not_clear_failures),
        (with_a_damaged_state_it_ends_the_same, bytes_are_not_verified),
        (a_poisonous_job_is_tried_twice, attempts_have_no_limit),
        (what_has_ended_holds_nothing, inputs_are_kept),
    ],
)
def test_a_planted_defect_is_caught(
    world: Any, story: Callable[[Any], None], plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    story(world)
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        story(world)


# --- what the stories are made of -----------------------------------------------------------------------


def do_with_deaths(
    world: Any, job_id: str, *, at_steps: tuple[int, ...], max_attempts: int = 3,
    between: Callable[[], None] = lambda: None,
) -> None:  # fmt: skip
    """Its process dies at those steps, one after another; then it lives well."""
    for step in at_steps:
        world.faults(kill_at_step=step)
        attempt = world.job(job_id).attempt
        tend(world, lambda attempt=attempt: was_lost(world, job_id, attempt), max_attempts=max_attempts)
        between()
    world.faults()
    tend(world, lambda: world.job(job_id).state.is_final, max_attempts=max_attempts)


def was_lost(world: Any, job_id: str, attempt: int) -> bool:
    """The next attempt after that one trained, and is over."""
    job = world.job(job_id)
    return job.state.is_final or (job.state is State.QUEUED and job.num_failures > 0 and job.attempt > attempt)


def tend(world: Any, until: Callable[[], bool], **changes: Any) -> None:
    """A worker at work until then; no thread of its is left behind."""
    worker, stop = world.worker(**changes), Stop()
    deadline = time.monotonic() + 60
    while not until() and time.monotonic() < deadline:
        if not worker._training:
            worker.tend(stop)
        worker._forget_ended(worker._training)
        world.nap()
    stop.ask()
    stop.ask()
    for busy in (*worker._training.values(), *worker._judging.values()):
        busy.thread.join(60)


def assert_same(world: Any, job_id: str, expected: dict[str, Any]) -> None:
    job = world.job(job_id)
    assert job.state is State.SUCCEEDED, (job.state, job.error)
    assert world.outcome(job_id) == expected


def damage_newest_state(world: Any, job_id: str) -> None:
    with world.database.read() as connection:
        state = resume_states.newest_first(connection, job_id)[0]
        ref = next(ref for ref in blob_references.of(connection, "resume_state", state.id) if "weights" in ref.name)
    path = world.blobs._path(ref.sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.unlink()  # the child's own checkpoint may be a link to it
    path.write_bytes(bytes(content))


def everything(world: Any, job_id: str) -> list[Any]:
    with world.database.read() as connection:
        made = connection.execute(select(models).where(models.c.job_id == job_id)).all()
    return [world.job(job_id), world.events(job_id), world.checkpoints(job_id), world.resume_steps(job_id), made]
