"""A job begins only where it fits; otherwise it waits and says why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tunesmith.core.machine import Memory, read_memory, resident_bytes
from tunesmith.nn.catalog import locate
from tunesmith.nn.shapes import shape_of
from tunesmith.store.jobs import State
from tunesmith.worker import fitting
from tunesmith.worker.attempt import Stop
from tunesmith.worker.fitting import Reserved

GIB = 1 << 30


def test_a_job_that_fits_has_no_reason_to_wait() -> None:
    assert fitting.why_not(3 * GIB, Memory(8 * GIB, 4 * GIB), []) is None


def test_a_job_that_does_not_fit_now_says_what_it_needs_and_what_is_free() -> None:
    reason = fitting.why_not(int(5.1 * GIB), Memory(8 * GIB, int(3.2 * GIB)), [])
    assert reason == "needs about 5.1 GiB, 3.2 GiB are free on this machine"


def test_a_job_that_never_fits_says_what_would_help() -> None:
    reason = fitting.why_not(20 * GIB, Memory(8 * GIB, 7 * GIB), [])
    assert reason is not None
    assert reason.startswith("needs about 20.0 GiB, this machine has 8.0 GiB in all: a larger one may take it")


def test_what_jobs_at_work_have_not_taken_yet_is_not_free() -> None:
    mine = resident_bytes(os.getpid())
    assert mine > 10 << 20
    free = fitting.free_bytes(Memory(64 * GIB, 10 * GIB), [Reserved(4 * GIB, os.getpid()), Reserved(GIB, None)])
    assert free == 10 * GIB - (4 * GIB - mine) - GIB or abs(free - (5 * GIB + mine)) < 64 << 20


def test_this_machines_memory_is_known() -> None:
    memory = read_memory()
    assert 256 << 20 < memory.free_bytes <= memory.total_bytes


def test_a_job_waits_with_its_reason_until_memory_is_free(world: Any) -> None:
    job_id = world.new_job(max_steps=1)
    free = [GIB // 8]
    worker, stop = world.worker(), Stop()
    worker._memory = lambda: Memory(8 * GIB, free[0])
    world.wait_for(lambda: worker.tend(stop) or world.job(job_id).waiting_reason)
    job = world.job(job_id)
    assert job.state is State.QUEUED
    assert job.waiting_reason == "needs about 0.4 GiB, 0.1 GiB are free on this machine"
    other = world.new_job(max_steps=1)
    world.wait_for(lambda: worker.tend(stop) or world.job(other).waiting_reason)
    free[0] = 4 * GIB
    world.wait_for(lambda: worker.tend(stop) or world.job(job_id).state is State.SUCCEEDED)
    assert world.job(job_id).waiting_reason is None
    world.wait_for(lambda: worker.tend(stop) or world.job(other).state is State.SUCCEEDED)


def test_a_foreign_models_size_is_taken_from_its_files(tmp_path: Path, tiny_base: Path) -> None:
    shape = shape_of(locate(str(tiny_base)))
    assert (shape.num_layers, shape.hidden_size, shape.key_value_width, shape.is_foreign) == (2, 32, 16, False)
    assert shape.num_parameters == locate(str(tiny_base)).config.num_parameters  # type: ignore[union-attr]
