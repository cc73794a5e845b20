"""What a job would be: problems at their fields, every setting with its reason, figures; and nothing is made."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from ruamel.yaml import YAML

from tunesmith.store import job_metrics, models, workers


def rows(count: int, words: int = 3, **first: Any) -> bytes:
    said = [
        {
            "messages": [
                {"role": "user", "content": f"Say {i} " + "word " * words},
                {"role": "assistant", "content": f"{i}!"},
            ]
        }
        for i in range(count)
    ]
    return b"".join(json.dumps({**row, **(first if i == 0 else {})}).encode() + b"\n" for i, row in enumerate(said))


def upload(client: Any, content: bytes) -> str:
    return str(client.files.create(file=("rows ä.jsonl", content), purpose="fine-tune").id)


def preview(client: Any, **body: Any) -> dict[str, Any]:
    """Asked until the files' reports are there."""
    deadline = time.monotonic() + 60
    while True:
        told: dict[str, Any] = client.post("/fine_tuning/jobs/preview", body=body, cast_to=dict)
        if not told["is_waiting_for_report"]:
            return told
        assert time.monotonic() < deadline
        time.sleep(0.05)


def paths(told: dict[str, Any], severity: str = "error") -> dict[str | None, str]:
    return {problem["path"]: problem["rule"] for problem in told["problems"] if problem["severity"] == severity}


def test_settings_are_those_of_the_job_that_is_made(client: Any, server: Any) -> None:
    file = upload(client, rows(40))
    told = preview(client, model="starter", training_file=file, lora_rank=4, validation_split=0.25)
    assert (told["is_ready"], paths(told), told["model"]) == (True, {}, "starter")
    resolved = told["resolved"]
    assert resolved["lora_rank"] == {"value": 4, "reason": "as given"}
    assert resolved["lora_alpha"]["value"] == 8.0
    assert resolved["lora_alpha"]["reason"] != "as given"
    assert resolved["weight_decay"]["reason"] == "the default"
    assert resolved["seed"]["value"] == "auto"
    assert (told["num_examples"], told["num_validation_examples"]) == (30, 10)
    assert told["total_trained_tokens"] == pytest.approx(3 * told["trained_tokens"], abs=2)
    assert told["memory"]["needed_bytes"] > 100 << 20
    assert told["memory"]["fits"] is None  # no worker is there
    assert [job.id for job in client.fine_tuning.jobs.list()] == []


def test_a_worker_says_whether_it_fits(client: Any, server: Any) -> None:
    file = upload(client, rows(12))
    for memory, fits in ((1 << 20, False), (64 << 30, True)):
        with server.services.database.write() as connection:
            facts = {"memory_bytes": memory, "is_gpu": False, "has_fast_bf16": True}
            workers.register(connection, "w", host="h", facts=facts, now=server.services.now())
        told = preview(client, model="starter", training_file=file)
        assert told["memory"]["fits"] is fits
        assert told["resolved"]["precision"]["value"] == "bf16"


def test_time_is_told_by_the_speed_of_an_earlier_job_of_the_same_base_model(client: Any, server: Any) -> None:
    file = upload(client, rows(40))
    asked = {"model": "starter", "training_file": file, "max_steps": 10}
    assert preview(client, **asked)["time"] is None
    job = client.fine_tuning.jobs.create(model="starter", training_file=file, suffix="before")
    figures = [{"step": step, "tokens_per_second": 5.0 if step < 3 else 100.0 * step} for step in range(1, 13)]
    with server.services.database.write() as connection:
        job_metrics.put(connection, job.id, figures)
    told = preview(client, **asked)["time"]
    assert told["job_id"] == job.id
    assert told["most_seconds"] == pytest.approx(told["least_seconds"] * 1000 / 500)
    assert preview(client, **asked, adapter="none")["time"] is None


def test_everything_wrong_is_told_at_its_field(client: Any) -> None:
    told = preview(client, model="starter", lora_rank=0, n_epoch=3, over_length="shrink", suffix="no blanks")
    found = paths(told)
    assert {"training_file", "lora_rank", "n_epoch", "over_length", "suffix"} <= found.keys()
    assert (told["is_ready"], told["resolved"]) == (False, {})


def test_settings_are_resolved_beside_wrong_values(client: Any) -> None:
    file = upload(client, rows(40))
    good = preview(client, model="starter", training_file=file)["resolved"]
    wrong = {
        "lora_rank": 0, "n_epoch": 3, "suffix": "no blanks", "max_seq_len": 10**6, "validation_file": "file-of-nobody",
        "lora_target_modules": [1], "hyperparameters": {"batch_size": "many"}, "metadata": {"": "x"},
    }  # fmt: skip
    told = preview(client, model="starter", training_file=file, weight_decay=0.5, **wrong)
    assert told["is_ready"] is False
    assert paths(told).keys() >= {
        "lora_rank",
        "n_epoch",
        "suffix",
        "validation_file",
        "max_seq_len",
        "hyperparameters.batch_size",
    }
    left_out = good.keys() - told["resolved"].keys()
    assert left_out == {"lora_rank", "max_seq_len", "lora_target_modules", "batch_size"}
    assert told["resolved"]["weight_decay"] == {"value": 0.5, "reason": "as given"}
    same = told["resolved"].keys() - {"weight_decay"}
    assert {name: told["resolved"][name] for name in same} == {name: good[name] for name in same}
    assert told["body"]["lora_rank"] == 0


@pytest.mark.parametrize("place", ["hyperparameters", "method"])
def test_a_wrong_number_of_epochs_leaves_the_other_settings(client: Any, place: str) -> None:
    given: dict[str, Any] = {"n_epochs": -1, "batch_size": 4}
    block = given if place == "hyperparameters" else {"type": "supervised", "supervised": {"hyperparameters": given}}
    told = preview(client, model="starter", training_file=upload(client, rows(12)), **{place: block})
    assert [path.split(".")[-1] for path in paths(told) if path] == ["n_epochs"]
    assert "num_epochs" not in told["resolved"]
    assert told["resolved"]["batch_size"] == {"value": 4, "reason": "as given"}


def test_nothing_is_resolved_without_a_model_that_is_there(client: Any) -> None:
    file = upload(client, rows(12))
    for model in ("nobody", ""):
        told = preview(client, model=model, training_file=file, lora_rank=0)
        assert (paths(told).keys() >= {"model"}, told["resolved"], told["model"]) == (True, {}, None)


def test_another_adapter_than_the_tuned_models_is_refused_beside_the_rest(
    client: Any, server: Any, make_job: Any
) -> None:
    trained_by = make_job(
        resolved={name: {"value": value, "reason": ""} for name, value in (("adapter", "lora"), ("lora_rank", 4))}
    )
    with server.database.write() as connection:
        name = models.register(connection, trained_by, 5, "starter").name
    told = preview(client, model=name, training_file=upload(client, rows(12)), lora_rank=8, initialization="random")
    assert paths(told).keys() == {"lora_rank", "initialization"}
    assert told["model"] == name
    assert told["resolved"]["lora_alpha"]["value"] == 8.0  # twice the rank that the model was trained with
    assert preview(client, model=name)["model"] == name


def test_unknown_names_are_told_where_they_stand(client: Any, other_client: Any) -> None:
    theirs = upload(other_client, rows(12))
    told = preview(client, model="nobody", training_file=theirs, validation_file="file-of-nobody")
    assert paths(told).keys() == {"model", "training_file", "validation_file"}


def test_the_training_file_as_validation_file_is_refused_unless_asked_for(client: Any) -> None:
    asked = {"model": "starter", "training_file": upload(client, rows(12)), "validation_file": upload(client, rows(12))}
    told = preview(client, **asked)
    assert (told["is_ready"], paths(told)) == (False, {"validation_file": "leaked_example"})
    assert told["num_examples"] == 12  # of the training file, as without the other one
    assert preview(client, **asked, leakage="warn")["is_ready"] is True


def test_without_a_file_the_rest_is_judged(client: Any) -> None:
    told = preview(client, model="gpt-4o-mini")
    assert paths(told) == {"training_file": "missing"}
    assert told["model"] == "starter"


def test_bad_rows_are_counted_and_stop_it(client: Any) -> None:
    told = preview(client, model="starter", training_file=upload(client, rows(12) + b'{"messages": 3}\n{"a"\n'))
    assert paths(told) == {"training_file": "file_errors"}
    assert told["is_ready"] is False


def test_long_rows_ask_for_a_choice_and_each_choice_has_its_price(client: Any) -> None:
    file = upload(client, rows(30) + rows(5, words=400))
    asked = {"model": "starter", "training_file": file, "max_seq_len": 128}
    asking = preview(client, **asked)
    assert (asking["is_ready"], paths(asking)) == (False, {"over_length": "over_length"})
    assert asking["resolved"]["lora_rank"]["reason"] == "the default"
    dropped = preview(client, **asked, over_length="drop")
    assert (dropped["is_ready"], dropped["num_examples"]) == (True, 30)
    assert dropped["resolved"]["max_seq_len"]["value"] == 128


def test_too_few_examples_are_refused_before_the_job_is(client: Any) -> None:
    assert paths(preview(client, model="starter", training_file=upload(client, rows(9)))) == {
        "training_file": "invalid_n_examples"
    }


def test_yaml_and_body_say_the_same_job(client: Any) -> None:
    file = upload(client, rows(12))
    body = {
        "model": "starter", "training_file": file, "seed": 7, "suffix": "x", "lora_rank": 4,
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
    }  # fmt: skip
    told = preview(client, **body)
    assert told["body"] == body
    spec = YAML(typ="safe", pure=True).load(told["yaml"])
    assert spec == {
        "base_model": "starter", "training_file": "rows ä.jsonl", "lora_rank": 4, "num_epochs": 2, "seed": 7,
    }  # fmt: skip


def test_viewer_may_look(viewer_client: Any, client: Any) -> None:
    assert preview(viewer_client, model="starter", training_file=upload(client, rows(12)))["is_ready"] is True
