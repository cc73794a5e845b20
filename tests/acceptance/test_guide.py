"""OpenAI's guide in its six steps, with their unmodified SDK against `tunesmith up` on the starter.

The client validates strictly: an answer that its types do not allow raises.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai import NotFoundError, OpenAI
from openai.types.fine_tuning import FineTuningJob

ROOT = Path(__file__).parent.parent.parent
QUESTION = [{"role": "user", "content": "Say red 0."}]


@pytest.fixture(scope="module")
def client(platform) -> OpenAI:
    return platform.client()


@pytest.fixture(scope="module")
def job(client: OpenAI, rows_file: Path) -> FineTuningJob:
    """Steps 1 to 3: uploaded, created, followed to its end. Three epochs of two steps."""
    file = client.files.create(file=rows_file, purpose="fine-tune")
    client.files.wait_for_processing(file.id)
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini", training_file=file.id, validation_file=file.id, suffix="guide", seed=7,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 10}}},
        metadata={"for": "the guide"}, extra_body={"lora_rank": 4, "eval_every_steps": 2, "leakage": "warn"},
    )  # fmt: skip
    deadline = time.monotonic() + 200
    while job.status not in ("succeeded", "failed", "cancelled"):
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
        job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "succeeded", job.error
    return job


def test_file_comes_back_as_it_was_sent(client: OpenAI, job: FineTuningJob, rows_file: Path) -> None:
    file = client.files.retrieve(job.training_file)
    assert (file.filename, file.bytes, file.purpose, file.status) == (
        "rows.jsonl", rows_file.stat().st_size, "fine-tune", "processed",
    )  # fmt: skip
    assert client.files.content(file.id).read() == rows_file.read_bytes()
    assert file.id in [listed.id for listed in client.files.list(purpose="fine-tune")]


def test_job_says_what_it_did(job: FineTuningJob) -> None:
    assert job.model == "starter"
    assert (job.hyperparameters.n_epochs, job.hyperparameters.batch_size) == (3, 10)
    assert job.seed == 7
    assert job.metadata == {"for": "the guide"}
    assert (job.error, job.trained_tokens is not None, len(job.result_files)) == (None, True, 1)
    assert job.fine_tuned_model is not None
    assert job.fine_tuned_model.startswith("ft:starter:default:guide:")


def test_every_setting_comes_back_with_its_reason(job: FineTuningJob) -> None:
    resolved = (job.model_extra or {})["resolved"]
    assert resolved["lora_rank"]["value"] == 4
    assert resolved["learning_rate"]["value"] > 0
    assert all(setting["reason"] for setting in resolved.values())


def test_job_is_found_by_its_metadata(client: OpenAI, job: FineTuningJob) -> None:
    assert [found.id for found in client.fine_tuning.jobs.list(metadata={"for": "the guide"})] == [job.id]
    assert list(client.fine_tuning.jobs.list(metadata={"for": "nothing"})) == []


def test_events_tell_the_story_newest_first(client: OpenAI, job: FineTuningJob) -> None:
    events = list(client.fine_tuning.jobs.list_events(job.id, limit=3))
    told = [event.message for event in reversed(events)]
    expected = [
        f"Created fine-tuning job: {job.id}",
        f"Validating training file: {job.training_file} and validation file: {job.validation_file}",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Checkpoint created at step 6",
        f"New fine-tuned model created: {job.fine_tuned_model}",
        "The job has successfully completed",
    ]
    assert [sentence for sentence in told if sentence in expected] == expected
    assert any("gpt-4o-mini is served here by starter" in sentence for sentence in told)
    assert len({event.id for event in events}) == len(events)


def test_metrics_are_events_and_a_file(client: OpenAI, job: FineTuningJob) -> None:
    events = [event for event in client.fine_tuning.jobs.list_events(job.id, limit=100) if event.type == "metrics"]
    rows = list(csv.DictReader(io.StringIO(client.files.content(job.result_files[0]).text)))
    steps = [int(row["step"]) for row in rows if row["train_loss"]]
    assert steps == [1, 2, 3, 4, 5, 6] == sorted(event.data["step"] for event in events)  # type: ignore[index]
    assert {"step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy"} <= rows[0].keys()
    assert float(rows[-1]["train_loss"]) < float(next(row["train_loss"] for row in rows if row["train_loss"]))
    assert client.files.retrieve(job.result_files[0]).purpose == "fine-tune-results"


def test_tuned_model_answers_and_streams_the_same(client: OpenAI, job: FineTuningJob) -> None:
    asked = {"model": job.fine_tuned_model, "messages": QUESTION, "temperature": 0, "max_completion_tokens": 12}
    whole = client.chat.completions.create(**asked)
    streamed = client.chat.completions.create(**asked, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in streamed if chunk.choices]
    assert whole.model == job.fine_tuned_model
    assert whole.choices[0].message.content == "".join(pieces)
    assert whole.usage is not None
    assert whole.usage.completion_tokens <= 12


def test_every_checkpoint_answers_at_once(client: OpenAI, job: FineTuningJob) -> None:
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(job.id))
    assert [checkpoint.step_number for checkpoint in checkpoints] == [6, 4, 2]
    for checkpoint in checkpoints:
        assert checkpoint.metrics.train_loss is not None
        answer = client.chat.completions.create(
            model=checkpoint.fine_tuned_model_checkpoint, messages=QUESTION, max_completion_tokens=4
        )
        assert answer.choices[0].finish_reason in ("stop", "length")


def test_alias_says_what_really_ran(client: OpenAI, job: FineTuningJob) -> None:
    answer = client.chat.completions.with_raw_response.create(
        model="gpt-3.5-turbo-0613", messages=QUESTION, max_completion_tokens=2
    )
    assert "starter" in " ".join(value for name, value in answer.headers.items() if name.startswith("x-tunesmith"))


def test_deleted_model_is_gone_everywhere_and_its_job_stays(client: OpenAI, platform, rows_file: Path) -> None:
    file = client.files.create(file=rows_file, purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id, extra_body={"max_steps": 1})
    deadline = time.monotonic() + 200
    while job.status not in ("succeeded", "failed"):
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
        job = client.fine_tuning.jobs.retrieve(job.id)
    name = str(job.fine_tuned_model)
    assert name in [model.id for model in client.models.list()]
    assert client.models.delete(name).deleted
    with pytest.raises(NotFoundError):
        client.models.retrieve(name)
    with pytest.raises(NotFoundError):
        client.chat.completions.create(model=name, messages=QUESTION)
    with pytest.raises(NotFoundError):
        client.models.delete(name)
    assert name not in [model.id for model in client.models.list()]
    assert client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model == name


def test_example_of_the_readme_runs(platform) -> None:
    environment = {**os.environ, "OPENAI_BASE_URL": f"{platform.url}/v1", "OPENAI_API_KEY": str(platform.key)}
    command = [sys.executable, str(ROOT / "examples" / "fine_tune.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[0] for line in done.stdout.splitlines() if line[0] != "3"] == ["1", "2", "4", "4", "5", "5", "6"]
    assert "The job has successfully completed" in done.stdout


def test_every_log_is_free_of_keys(platform, job: FineTuningJob) -> None:
    logs = [path.read_text() for path in (platform.home / "logs").glob("*.log*")]
    assert logs
    assert str(platform.key) not in "".join(logs) + platform.said()
