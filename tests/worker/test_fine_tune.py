"""The platform's story: what a job leaves in the store, and what it takes there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tunesmith.data.versions import Operation, Parent, Version, read_version
from tunesmith.nn.weights import read_tensors, write_tensors
from tunesmith.store import blob_references, file_versions
from tunesmith.store.jobs import State
from tunesmith.store.tables import checkpoints, deliveries, files, jobs, models, webhook_endpoints
from tunesmith.train import serving_check
from tunesmith.worker.preparing import make_order

CSV_COLUMNS = (
    "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,train_mean_token_accuracy,"
    "validation_mean_token_accuracy,full_valid_loss,full_valid_mean_token_accuracy"
)


def result_rows(world: Any, job: Any) -> list[dict[str, str]]:
    with world.database.read() as connection:
        row = connection.execute(select(files).where(files.c.id == job.result_file_id)).one()
        assert (row.purpose, row.filename, row.project_id) == ("fine-tune-results", "step_metrics.csv", job.project_id)
        content = b"".join(world.blobs.read(row.sha256)).decode()
    assert content.splitlines()[0] == CSV_COLUMNS
    return list(csv.DictReader(io.StringIO(content)))


def model_folder(world: Any, job_id: str, to: Path) -> Path:
    with world.database.read() as connection:
        model = connection.execute(select(models).where(models.c.job_id == job_id)).one()
        for ref in blob_references.of(connection, "model", model.id):
            world.blobs.fetch(ref.sha256, to / ref.name)
    return to


def test_a_job_becomes_a_model_with_events_checkpoints_and_a_result_file(world_on_each: Any, tmp_path: Path) -> None:
    world = world_on_each
    with world.database.write() as connection:
        endpoint = {
            "id": "we_1", "project_id": "proj_one", "name": "n", "url": "https://example.com", "created_at": 0,
            "event_types": ["fine_tuning.job.succeeded"], "secret": "whsec_x", "updated_at": 0,
        }  # fmt: skip
        connection.execute(webhook_endpoints.insert().values(endpoint))
    job_id = world.new_job(validation=world.rows[:6], leakage="warn", max_steps=None, num_epochs=2, batch_size=20)
    job = world.do(job_id)
    assert (job.state, job.error) == (State.SUCCEEDED, None), world.events(job_id)
    name = f"ft:tiny:one::{job_id.removeprefix('ftjob-')[:12]}"
    messages = [text for level, text in world.events(job_id) if level == "info"]
    losses = [row["train_loss"] for row in result_rows(world, job)]
    valid = [row["valid_loss"] for row in result_rows(world, job)]
    assert messages[:3] == [
        "Validating training file: file-training and validation file: file-validation",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
    ]
    assert messages[4].startswith("Validation loss before training: ")
    assert messages[5:] == [
        f"Step 1/4: training loss={float(losses[0]):.2f}, validation loss={float(valid[0]):.2f}, full validation loss={float(valid[0]):.2f}",
        f"Step 2/4: training loss={float(losses[1]):.2f}, validation loss={float(valid[1]):.2f}, full validation loss={float(valid[1]):.2f}",
        "Checkpoint created at step 2",
        f"Step 3/4: training loss={float(losses[2]):.2f}, validation loss={float(valid[2]):.2f}, full validation loss={float(valid[2]):.2f}",
        f"Step 4/4: training loss={float(losses[3]):.2f}, validation loss={float(valid[3]):.2f}, full validation loss={float(valid[3]):.2f}",
        "Checkpoint created at step 4",
        f"New fine-tuned model created: {name}",
        "The job has successfully completed",
    ]
    assert (job.fine_tuned_model, job.step, job.total_steps, job.estimated_finish_at) == (name, 4, 4, None)
    assert job.resolved["batch_size"] == {"value": 20, "reason": "as given"}
    assert job.resolved["lora_alpha"] == {"value": 32.0, "reason": "twice the rank, the usual strength"}
    made = world.checkpoints(job_id)
    assert [(row.name, row.step_number) for row in made] == [(f"{name}:ckpt-step-{n}", n) for n in (2, 4)]
    assert made[0].metrics["full_valid_loss"] == pytest.approx(float(valid[1]))
    folder = model_folder(world, job_id, tmp_path / "model")
    assert json.loads((folder / "tunesmith.json").read_bytes())["base_model"] == "tiny"
    assert json.loads((folder / "adapter_config.json").read_bytes())["base_model_name_or_path"] == "tiny"
    assert len(serving_check.read(folder).cases) >= 4
    with world.database.read() as connection:
        assert blob_references.of(connection, "job", job_id) == ()
        last = blob_references.of(connection, "checkpoint", made[-1].id)
        model = connection.execute(select(models)).one()
        assert blob_references.of(connection, "model", model.id) == last
        (told,) = connection.execute(select(deliveries)).all()
        assert told.payload["data"] == {"id": job_id}
    assert world.resume_steps(job_id) == []
    assert list(world.home.joinpath("jobs").rglob("*")) == []


def test_only_the_last_three_epochs_leave_a_model_of_the_way(world: Any) -> None:
    job_id = world.new_job(max_steps=None, num_epochs=5, batch_size=40)
    assert world.do(job_id).state is State.SUCCEEDED
    assert [row.step_number for row in world.checkpoints(job_id)] == [3, 4, 5]


def test_a_result_file_leaves_blank_what_was_not_measured(world: Any) -> None:
    job = world.do(world.new_job(max_steps=2))
    rows = result_rows(world, job)
    assert [row["step"] for row in rows] == ["1", "2"]
    assert rows[0]["train_accuracy"] == rows[0]["train_mean_token_accuracy"] != ""
    assert {rows[0][name] for name in CSV_COLUMNS.split(",") if "valid" in name} == {""}


def test_tokens_trained_on_are_counted_over_all_epochs(world: Any) -> None:
    once = world.do(world.new_job(max_steps=None, num_epochs=1))
    twice = world.do(world.new_job(max_steps=None, num_epochs=2))
    assert twice.trained_tokens == 2 * once.trained_tokens > 0


def test_a_tuned_adapter_is_trained_further_under_its_original_base(world: Any, tmp_path: Path) -> None:
    first = world.do(world.new_job(lora_rank=4, lora_target_modules=["q_proj", "v_proj"]))
    job_id = world.new_job(start_from=first.fine_tuned_model, learning_rate=1e-9, max_steps=1)
    assert world.do(job_id).state is State.SUCCEEDED, world.events(job_id)
    second = model_folder(world, job_id, tmp_path / "second")
    config = json.loads((second / "adapter_config.json").read_bytes())
    assert (config["r"], config["target_modules"]) == (4, ["q_proj", "v_proj"])
    assert json.loads((second / "tunesmith.json").read_bytes())["base_model"] == "tiny"
    before = serving_check.read(model_folder(world, first.id, tmp_path / "first")).cases[0]
    after = serving_check.read(second).cases[0]
    assert serving_check.mean_difference(before.logprobs, after.logprobs) < 1e-4
    assert serving_check.mean_difference(after.base_logprobs, after.logprobs) > 1e-3


def test_a_tuned_whole_model_is_trained_further_under_its_original_base(world: Any, tmp_path: Path) -> None:
    first = world.do(world.new_job(adapter="none", max_steps=3))
    job_id = world.new_job(start_from=first.fine_tuned_model, adapter="none", learning_rate=1e-9, max_steps=1)
    assert world.do(job_id).state is State.SUCCEEDED, world.events(job_id)
    second = model_folder(world, job_id, tmp_path / "second")
    assert json.loads((second / "tunesmith.json").read_bytes())["base_model"] == "tiny"
    before = serving_check.read(model_folder(world, first.id, tmp_path / "first")).cases[0]
    assert serving_check.mean_difference(before.logprobs, serving_check.read(second).cases[0].logprobs) < 1e-3


def test_a_loss_that_is_not_finite_fails_the_job_and_names_the_step(
    world: Any, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    world.base_models["odd"] = str(make_base(tmp_path / "odd"))
    weights = read_tensors(tmp_path / "odd" / "model.safetensors")
    weights["model.norm.weight"] *= 3e38
    write_tensors(tmp_path / "odd" / "model.safetensors", weights)
    job = world.do(world.new_job(base_model="odd"))
    assert job.state is State.FAILED
    assert job.error["code"] == "training_diverged"
    assert "The loss of step 1 is not a finite number" in job.error["message"]
    assert "lower learning_rate" in job.error["message"]
    assert (job.num_failures, world.events(job.id)[-1][0]) == (0, "error")


def test_what_a_user_gave_that_cannot_work_fails_the_job_with_the_reason(world: Any) -> None:
    job = world.do(world.new_job(lora_target_modules=["nonsense"]))
    assert (job.state, job.error["code"]) == (State.FAILED, "invalid_job")
    assert "there is no layer nonsense" in job.error["message"]


def test_a_job_whose_file_was_deleted_ends_well(world: Any) -> None:
    job_id = world.new_job()
    with world.database.write() as connection:
        assert not connection.execute(select(files)).all(), "the job holds the bytes by itself"
    assert world.do(job_id).state is State.SUCCEEDED


def test_no_secret_of_the_worker_reaches_a_child(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunesmith.worker.process import child_environment

    for name in (
        "TUNESMITH_ADMIN_KEY",
        "TUNESMITH_DATABASE_URL",
        "AWS_SECRET_ACCESS_KEY",
        "PGPASSWORD",
        "OPENAI_API_KEY",
    ):
        monkeypatch.setenv(name, "hidden")
    environment = child_environment(3, offline=True)
    assert "hidden" not in environment.values()
    assert (environment["OMP_NUM_THREADS"], environment["OMP_WAIT_POLICY"]) == ("3", "PASSIVE")
    assert environment["HF_HUB_OFFLINE"] == "1"


def test_no_place_of_this_machine_is_told_to_users(world: Any) -> None:
    refused = world.do(world.new_job(rows=b"{not json}\n" * 20))
    done = world.do(world.new_job(max_steps=2))
    with world.database.read() as connection:
        rows = [str(row) for table in (checkpoints, models) for row in connection.execute(select(table))]
    said = [*world.messages(refused.id), *world.messages(done.id), json.dumps(refused.error), *rows]
    assert [text for text in said if str(world.home) in text or str(world.base) in text] == []


def test_training_is_told_what_its_files_are_made_of(world_on_each: Any) -> None:
    world = world_on_each
    job_id = world.new_job()
    with world.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(state=State.QUEUED))
        (ref,) = blob_references.of(connection, "job", job_id)
        row = {
            "id": "file-training", "project_id": "proj_one", "filename": "a.clean.jsonl", "purpose": "fine-tune",
            "num_bytes": ref.num_bytes, "sha256": ref.sha256, "status": "processed", "created_at": 0,
        }  # fmt: skip
        connection.execute(files.insert().values(row))
        clean = Operation("clean", {"policy": "redact"}, {"rows_read": 40})
        version = Version(ref.sha256, 40, ref.num_bytes, (Parent("a.jsonl", "0" * 64),), (clean,), source="our desk")
        file_versions.put(connection, "file-training", None, version.as_json())
    with world.claim(job_id) as attempt:
        order = make_order(attempt)
        assert read_version(attempt.folder / order.training_file) == version
