"""The figures that a job leaves: steps as numbers, attempts, certificates; the same after a resume."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tunesmith.core.certificates import Certificate
from tunesmith.data.examples import TokenizedExample
from tunesmith.data.over_length import apply_over_length
from tunesmith.store import blob_references, job_certificates, job_metrics
from tunesmith.store.jobs import State
from tunesmith.store.tables import models
from tunesmith.worker.attempt import Stop
from tunesmith.worker.file_certificates import data_accounted, loss_mask


def figures_of(world: Any, job_id: str) -> dict[str, Certificate]:
    with world.database.read() as connection:
        return {certificate.name: certificate for certificate in job_certificates.of(connection, job_id)}


def steps_of(world: Any, job_id: str) -> list[Any]:
    with world.database.read() as connection:
        return list(job_metrics.after(connection, job_id, -1, 1_000))


def values(certificate: Certificate) -> dict[str, float]:
    return {figure.name: figure.value for figure in certificate.figures}


def test_every_step_leaves_its_figures(world_on_each: Any) -> None:
    world = world_on_each
    job_id = world.new_job(validation=world.rows[:6], leakage="warn", max_steps=4)
    assert world.do(job_id).state is State.SUCCEEDED
    rows = steps_of(world, job_id)
    assert [row.step for row in rows] == [0, 1, 2, 3, 4]
    assert rows[0].valid_loss > 0
    assert rows[0].train_loss is None
    for row in rows[1:]:
        assert min(row.train_loss, row.learning_rate, row.grad_norm, row.tokens_per_second) > 0


def test_a_job_is_certified_by_what_was_measured(world_on_each: Any) -> None:
    world = world_on_each
    job_id = world.new_job(validation=world.rows[:6], leakage="warn", max_steps=3)
    assert world.do(job_id).state is State.SUCCEEDED
    found = figures_of(world, job_id)
    assert {name: each.state for name, each in found.items()} == {
        "data_accounted": "passed", "loss_mask": "passed", "template": "passed", "same_tokens": "passed",
        "adapter_applied": "pending",
    }  # fmt: skip
    num_rows = len(world.rows)
    accounted = values(found["data_accounted"])
    assert (accounted["rows"], accounted["rows_to_train_on"], accounted["rows_held_out"]) == (num_rows + 6, num_rows, 6)
    assert accounted["rows_unaccounted"] == 0
    assert 0 < values(found["loss_mask"])["trained_share"] < 1
    assert values(found["same_tokens"])["conversations"] >= 4
    assert values(found["adapter_applied"])["moved_by_training"] > 0


def test_a_validation_loss_that_rose_is_a_warning_of_the_job(world: Any) -> None:
    job_id = world.new_job(
        validation=world.rows[:6], leakage="warn", max_steps=6, learning_rate=1.0, eval_every_steps=1
    )
    assert world.do(job_id).state is State.SUCCEEDED
    warnings = [message for level, message in world.events(job_id) if level == "warn"]
    assert sum(message.startswith("The validation loss ended at ") for message in warnings) == 1


def test_a_job_without_an_adapter_or_a_template_says_so(world: Any) -> None:
    rows = [{"prompt": f"{n} plus one is", "completion": f" {n + 1}"} for n in range(20)]
    job_id = world.new_job(rows, adapter="none", max_steps=2)
    assert world.do(job_id).state is State.SUCCEEDED, world.events(job_id)
    found = figures_of(world, job_id)
    assert (found["adapter_applied"].state, found["template"].state) == ("not_applicable", "not_applicable")
    assert found["same_tokens"].state == "passed"


def test_rows_that_are_too_long_are_accounted_for(world: Any) -> None:
    long = {"messages": [{"role": "user", "content": "much " * 500}, {"role": "assistant", "content": "no"}]}
    job_id = world.new_job([*world.rows, long], over_length="drop", max_seq_len=200, validation_split=0.2, max_steps=1)
    assert world.do(job_id).state is State.SUCCEEDED, world.events(job_id)
    found = values(figures_of(world, job_id)["data_accounted"])
    assert found["rows"] == len(world.rows) + 1
    assert found["rows_dropped"] >= 1
    assert found["rows"] == found["rows_to_train_on"] + found["rows_held_out"] + found["rows_dropped"]


def test_a_row_that_went_missing_fails_the_certificate() -> None:
    kept = apply_over_length([TokenizedExample(1, (1, 2, 3), (0.0, 1.0, 1.0))], 8, "error")
    certificate = data_accounted(2, None, kept, None)
    assert (certificate.state, values(certificate)["rows_unaccounted"]) == ("failed", 1)
    assert data_accounted(1, None, kept, None).state == "passed"


def test_a_row_without_trained_tokens_fails_the_certificate() -> None:
    empty = apply_over_length(
        [TokenizedExample(1, (1, 2), (0.0, 0.0)), TokenizedExample(2, (1, 2), (0.0, 1.0))], 8, "error"
    )
    certificate = loss_mask(empty, 0.0)
    assert (certificate.state, values(certificate)["rows_without_trained_tokens"]) == ("failed", 1)
    assert values(certificate)["trained_share"] == 0.25


def test_a_job_that_went_on_elsewhere_keeps_one_row_a_step_and_all_its_attempts(world: Any) -> None:
    job_id = world.new_job(max_steps=16, save_every_steps=2)
    stop = Stop()
    world.faults(waits_at_step=8)

    def interrupt() -> None:
        world.wait_for(lambda: len(steps_of(world, job_id)) >= 2)
        stop.ask()

    thread = threading.Thread(target=interrupt)
    thread.start()
    world.do(job_id, stop)
    thread.join()
    assert world.job(job_id).state is State.QUEUED
    world.faults()
    assert world.do(job_id).state is State.SUCCEEDED
    assert [row.step for row in steps_of(world, job_id)] == list(range(1, 17))
    with world.database.read() as connection:
        first, second = job_certificates.attempts(connection, job_id)
    assert (first.first_step, first.is_same_machine) == (0, None)
    assert second.first_step >= 2
    assert second.is_same_machine is True


def test_a_template_that_was_changed_on_the_way_fails(world: Any, tmp_path: Path) -> None:
    from tunesmith.worker.model_certificates import of_model

    job, folder = world.do(world.new_job(max_steps=1)), tmp_path / "model"
    with world.database.read() as connection:
        model_id = connection.execute(select(models.c.id).where(models.c.job_id == job.id)).scalar_one()
        for ref in blob_references.of(connection, "model", model_id):
            world.blobs.fetch(ref.sha256, folder / ref.name)
    assert [each.state for each in of_model(folder, world.base)] == ["passed", "passed", "pending"]
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "{{ 'x' }}")
    found = {each.name: each.state for each in of_model(folder, world.base)}
    assert found == {"template": "failed", "same_tokens": "failed", "adapter_applied": "pending"}
    (folder / "serving_check.json").write_text("{")
    assert [(each.name, each.state) for each in of_model(folder, world.base)] == [("same_tokens", "failed")]
