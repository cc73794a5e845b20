"""The platform's story: what a job leaves in the store."""

from __future__ import annotations

from typing import Any

from tunesmith.store.jobs import State


def test_a_job_becomes_a_model_with_events_checkpoints_and_a_result_file(world_on_each: Any) -> None:
    world = world_on_each
    job_id = world.new_job(validation=world.rows[:6], max_steps=None, num_epochs=2, batch_size=20)
    job = world.do(job_id)
    assert (job.state, job.error) == (State.SUCCEEDED, None), world.events(job_id)
    assert world.messages(job_id) == []
