"""What a job's body may say, and how a body is refused: the field in ``param``, everything at once, nothing made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.wire_job import EXTENSION_KEYS, WIRE_KEYS
from tunesmith.store import tables

Make = Callable[..., Any]


@pytest.fixture
def post(server: Any, make_file: Make) -> Callable[..., httpx2.Response]:
    """``post(**changes)``: a good body with changes; a change to ``...`` takes a field away."""
    file = make_file()

    def post(**changes: Any) -> httpx2.Response:
        body = {"model": "starter", "training_file": file, **changes}
        return httpx2.post(
            f"{server.base_url}/v1/fine_tuning/jobs", timeout=30, headers={"authorization": f"Bearer {server.key}"},
            json={key: value for key, value in body.items() if value is not ...},
        )  # fmt: skip

    return post


def error(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 400, answer.text
    found: dict[str, Any] = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["type"] == "invalid_request_error"
    return found


BAD = [
    ({"model": ...}, "model", "Missing required parameter"),
    ({"training_file": ...}, "training_file", "Missing required parameter"),
    ({"model": None}, "model", "should be a valid string"),
    ({"model": ""}, "model", "at least 1 character"),
    ({"model": 3}, "model", "should be a valid string"),
    ({"model": "llama-9"}, "model", "Model llama-9 is not available for fine-tuning"),
    ({"model": "gpt-4o-miny"}, "model", "Did you mean gpt-4o-mini?"),
    ({"training_file": "file-nope"}, "training_file", "there is no file file-nope"),
    ({"validation_file": "file-nope"}, "validation_file", "there is no file file-nope"),
    ({"validation_file": 4}, "validation_file", "should be a valid string"),
    ({"method": {"type": "dpo"}}, "method.type", "method dpo does not exist here yet; supervised does"),
    ({"method": {"type": "reinforcement", "reinforcement": {"grader": {}}}}, "method.type", "does not exist here yet"),
    ({"method": {"type": "magic"}}, "method.type", "there is no method magic"),
    ({"max_steps": 2**31}, "max_steps", "less than or equal to 2147483647"),
    ({"max_step": 3}, "max_step", "did you mean max_steps?"),
    ({"method": {}}, "method.type", "Missing required parameter"),
    ({"method": "supervised"}, "method", ""),
    ({"method": {"type": "supervised", "supervise": {}}}, "method.supervise", "Unrecognized request argument"),
    ({"method": {"type": "supervised", "supervised": {"hyperparameters": {"beta": 1}}}},
     "method.supervised.hyperparameters.beta", "Unrecognized request argument"),
    ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters.n_epochs", "greater than or equal to 1"),
    ({"hyperparameters": {"n_epochs": 51}}, "hyperparameters.n_epochs", "less than or equal to 50"),
    ({"hyperparameters": {"n_epochs": "three"}}, "hyperparameters.n_epochs", "a number or auto"),
    ({"hyperparameters": {"n_epochs": "3"}}, "hyperparameters.n_epochs", "a number or auto"),
    ({"hyperparameters": {"n_epochs": True}}, "hyperparameters.n_epochs", "a number or auto"),
    ({"hyperparameters": {"n_epochs": 2.5}}, "hyperparameters.n_epochs", ""),
    ({"hyperparameters": {"batch_size": 257}}, "hyperparameters.batch_size", "less than or equal to 256"),
    ({"hyperparameters": {"learning_rate_multiplier": 0}}, "hyperparameters.learning_rate_multiplier", "greater than 0"),
    ({"hyperparameters": {"prompt_loss_weight": 2}}, "hyperparameters.prompt_loss_weight", "less than or equal to 1"),
    ({"hyperparameters": {"lr": 1}}, "hyperparameters.lr", "Unrecognized request argument"),
    ({"hyperparameters": 5}, "hyperparameters", ""),
    ({"suffix": ""}, "suffix", "at least 1 character"),
    ({"suffix": "x" * 65}, "suffix", "at most 64 characters"),
    ({"suffix": "a:b"}, "suffix", "match pattern"),
    ({"suffix": "a b"}, "suffix", "match pattern"),
    ({"suffix": "a\n"}, "suffix", "match pattern"),
    ({"seed": -1}, "seed", "greater than or equal to 0"),
    ({"seed": 2**31}, "seed", "less than 2147483648"),
    ({"seed": "7"}, "seed", "valid integer"),
    ({"seed": True}, "seed", "valid integer"),
    ({"metadata": {str(i): "v" for i in range(17)}}, "metadata", "at most 16"),
    ({"metadata": {"k" * 65: "v"}}, "metadata." + "k" * 65, "at most 64 characters"),
    ({"metadata": {"k": "v" * 513}}, "metadata.k", "at most 512 characters"),
    ({"metadata": {"k": 1}}, "metadata.k", "valid string"),
    ({"metadata": {"k": None}}, "metadata.k", "valid string"),
    ({"metadata": ["k"]}, "metadata", "valid dict"),
    ({"integrations": [{"type": "mlflow", "wandb": {"project": "p"}}]}, "integrations.0.type", "'wandb'"),
    ({"integrations": [{"type": "wandb"}]}, "integrations.0.wandb", "Missing required parameter"),
    ({"integrations": [{"type": "wandb", "wandb": {}}]}, "integrations.0.wandb.project", "Missing required"),
    ({"integrations": [{"type": "wandb", "wandb": {"project": "p"}}] * 6}, "integrations", "at most 5"),
    ({"lora_rank": 0}, "lora_rank", "greater than or equal to 1"),
    ({"lora_rank": "many"}, "lora_rank", "lora_rank"),
    ({"lora_r": 8}, "lora_r", "Unrecognized request argument supplied: lora_r; did you mean lora_rank?"),
    ({"base_model": "starter"}, "base_model", "did you mean model?"),
    ({"over_length": "cut"}, "over_length", "choose one of error, drop, truncate_left, truncate_right"),
    ({"adapter": "qlora"}, "adapter", "adapter qlora arrives later"),
    ({"max_steps": 3, "hyperparameters": {"n_epochs": 2}}, "max_steps", "give num_epochs or max_steps, not both"),
    ({"num_epochs": 3, "hyperparameters": {"n_epochs": 2}}, "num_epochs", "n_epochs is 2 but num_epochs is 3"),
    ({"learning_rate": 1e-3, "hyperparameters": {"learning_rate_multiplier": 2}},
     "hyperparameters.learning_rate_multiplier", "not both"),
    ({"initialization": "random"}, "initialization", "set adapter to none"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "param", "sentence"), BAD, ids=lambda value: str(value)[:60])
def test_a_bad_field_is_named(post: Make, changes: dict[str, Any], param: str, sentence: str) -> None:
    found = error(post(**changes))
    assert (found["param"], sentence in found["message"]) == (param, True), found


def test_everything_that_is_wrong_is_told_at_once(post: Make) -> None:
    found = error(post(model=..., seed=-1, lora_r=3, over_length="cut", hyperparameters={"n_epochs": 99}))
    expected = ["'model'", "'seed'", "lora_r", "over_length", "n_epochs"]
    assert [word for word in expected if word not in found["message"]] == []


def test_an_unknown_model_and_unknown_files_are_told_at_once(post: Make) -> None:
    found = error(post(model="nope", training_file="file-a", validation_file="file-b"))
    assert [word for word in ("nope", "file-a", "file-b") if word not in found["message"]] == []
    assert (found["param"], found["code"]) == ("model", "model_not_available")


def test_two_places_of_hyperparameters_that_disagree_are_refused(post: Make) -> None:
    found = error(
        post(
            hyperparameters={"n_epochs": 2, "batch_size": 1},
            method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3, "batch_size": 1}}},
        )
    )
    assert (found["param"], "disagree about n_epochs;" in found["message"]) == ("hyperparameters.n_epochs", True)


def test_nulls_are_as_good_as_absent(post: Make) -> None:
    nulls = dict.fromkeys([*WIRE_KEYS[2:], *EXTENSION_KEYS])
    answer = post(**nulls)
    assert answer.status_code == 200, answer.text
    assert (
        post(hyperparameters={"n_epochs": None}, method={"type": "supervised", "supervised": None}).status_code == 200
    )


def test_blocks_of_other_methods_may_be_there(post: Make) -> None:
    method = {"type": "supervised", "dpo": {"hyperparameters": {"beta": 0.1}}, "reinforcement": {"grader": {}}}
    assert post(method=method).status_code == 200


@pytest.mark.parametrize("epochs", [1, 50, 3.0, "auto"])
def test_epochs_of_the_wire(post: Make, epochs: object) -> None:
    assert post(hyperparameters={"n_epochs": epochs}).json()["hyperparameters"]["n_epochs"] == epochs


@pytest.mark.parametrize("purpose", ["batch", "evals", "fine-tune-results"])
def test_a_file_of_another_purpose_is_refused(post: Make, make_file: Make, purpose: str) -> None:
    file = make_file(purpose=purpose)
    found = error(post(training_file=file))
    assert (found["param"], f"has the purpose {purpose}" in found["message"]) == ("training_file", True)
    assert error(post(validation_file=file))["param"] == "validation_file"


def test_a_strangers_file_is_as_unknown_as_none(post: Make, make_file: Make) -> None:
    said = []
    for file in (make_file("other"), "file-AAAAAAAAAAAAAAAAAAAAAAAA"):
        said.append([post(**{slot: file}).text.replace(file, "F") for slot in ("training_file", "validation_file")])
    assert said[0] == said[1]


def test_mass_assignment_changes_nothing(server: Any, post: Make, make_job: Make) -> None:
    """Every column of the table that the body does not have a field for is refused by name."""
    fields = {"model", "training_file", "validation_file", "suffix", "seed", "metadata", *EXTENSION_KEYS}
    for column in tables.jobs.c:
        if column.name in fields:
            continue
        found = error(post(**{column.name: make_job().project_id if column.name == "project_id" else "x"}))
        assert (found["param"], found["code"]) == (column.name, "unknown_parameter"), column.name
    with server.database.read() as connection:
        states = connection.execute(select(tables.jobs.c.state)).scalars().all()
    assert set(states) == {"validating_files"}


def test_control_calls_take_nothing_from_their_bodies(server: Any, make_job: Make) -> None:
    columns: dict[str, Any] = {column.name: "x" for column in tables.jobs.c}
    for verb, state in (("cancel", "cancelled"), ("pause", "pausing")):
        job = make_job(state="running", step=2)
        httpx2.post(
            f"{server.base_url}/v1/fine_tuning/jobs/{job.id}/{verb}", json=columns, timeout=30,
            headers={"authorization": f"Bearer {server.key}"},
        )  # fmt: skip
        with server.database.read() as connection:
            row = connection.execute(select(tables.jobs).where(tables.jobs.c.id == job.id)).one()
        assert (row.state, row.project_id, row.model, row.seed) == (state, job.project_id, job.model, job.seed)


def test_the_description_names_every_extension(server: Any) -> None:
    schema = httpx2.get(f"{server.base_url}/openapi.json", timeout=30).json()["components"]["schemas"]["JobCreate"]
    assert set(schema["properties"]) == set(WIRE_KEYS) | set(EXTENSION_KEYS)
    assert schema["properties"]["lora_rank"]["maximum"] == 1024
    assert set(FineTuneSpec.model_fields) - set(schema["properties"]) == {"base_model"}
