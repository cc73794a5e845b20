"""Jobs on the wire: the unmodified SDK, and the raw answers judged by the SDK's own types."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from sqlalchemy import func, select

from tunesmith.store import blob_references, checkpoints, files, job_events, models, tables, webhooks
from tunesmith.store.jobs import Job

Make = Callable[..., Any]
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
both = pytest.mark.parametrize("server_database_url", BOTH, indirect=True)


def post(server: Any, path: str, body: Any = None, **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{server.base_url}/v1/fine_tuning/jobs{path}", json=body, timeout=30,
        headers={"authorization": f"Bearer {server.key}", **headers},
    )  # fmt: skip


def get(server: Any, path: str = "", **params: Any) -> httpx2.Response:
    return httpx2.get(
        f"{server.base_url}/v1/fine_tuning/jobs{path}", params=params, timeout=30,
        headers={"authorization": f"Bearer {server.key}"},
    )  # fmt: skip


def messages(client: OpenAI, job_id: str) -> list[str]:
    """Oldest first."""
    return [event.message for event in client.fine_tuning.jobs.list_events(job_id)][::-1]


def num_rows(server: Any, *names: str) -> dict[str, int]:
    with server.database.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one()
            for name in names
        }


# --- create ---------------------------------------------------------------------------------------------


@both
def test_a_job_is_created_with_its_events_references_and_audit(server: Any, client: OpenAI, make_file: Make) -> None:
    file, other = make_file(), make_file()
    job = client.fine_tuning.jobs.create(model="starter", training_file=file, validation_file=other)
    assert messages(client, job.id) == [f"Created fine-tuning job: {job.id}"]
    with server.database.read() as connection:
        refs = blob_references.of(connection, "job", job.id)
        audited = connection.execute(select(tables.audit_log).where(tables.audit_log.c.object_id == job.id)).one()
    assert [ref.name for ref in refs] == ["training_file", "validation_file"]
    assert (audited.action, audited.member_id) == ("job.create", server.principal().member_id)
    assert audited.request_id.startswith("req_")


def test_golden_wire_json_of_a_new_job(server: Any, make_file: Make, validate: Make) -> None:
    file = make_file()
    body = {
        "model": "gpt-4o-mini", "training_file": file, "suffix": "mine", "seed": 7, "metadata": {"k": "v"},
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}}, "lora_rank": 8,
        "integrations": [{"type": "wandb", "wandb": {"project": "p", "tags": ["a"]}}],
    }  # fmt: skip
    job = validate(FineTuningJob, post(server, "", body).content)
    resolved = job.pop("resolved")
    hyperparameters = {"n_epochs": 2, "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert job == {
        "object": "fine_tuning.job", "id": job["id"], "model": "starter", "created_at": job["created_at"],
        "finished_at": None, "fine_tuned_model": None, "organization_id": job["organization_id"], "result_files": [],
        "status": "validating_files", "validation_file": None, "training_file": file,
        "hyperparameters": hyperparameters, "trained_tokens": None, "error": None, "user_provided_suffix": "mine",
        "seed": 7, "estimated_finish": None,
        "integrations": [{"type": "wandb", "wandb": {"project": "p", "tags": ["a"]}}],
        "metadata": {"k": "v"}, "usage_metrics": None, "shared_with_openai": False,
        "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
        "requested_model": "gpt-4o-mini", "requested_settings": {"num_epochs": 2, "lora_rank": 8, "seed": 7},
        "waiting_reason": None, "step": 0, "total_steps": None,
    }  # fmt: skip
    assert job["organization_id"].startswith("org-")
    assert resolved["lora_rank"] == {"value": 8, "reason": "as given"}
    assert resolved["lr_schedule"] == {"value": "cosine", "reason": "the default"}
    assert resolved["learning_rate"] == {"value": "auto", "reason": "chosen when training starts"}


def test_a_job_says_what_was_asked_and_can_be_asked_again(server: Any, make_file: Make) -> None:
    asked = {"validation_split": 0.2, "warmup_ratio": 0.1, "max_steps": 5, "file_format": "chat", "compile": False}
    same = {"lora_rank": 16, "lr_schedule": "cosine", "batch_size": "auto"}
    body = {"model": "starter", "training_file": make_file()}
    job = post(server, "", {**body, **asked, **same}).json()
    assert job["requested_settings"] == asked
    assert post(server, "", {**body, **job["requested_settings"]}).json()["requested_settings"] == asked


def test_an_alias_says_what_really_runs(client: OpenAI, make_file: Make) -> None:
    job = client.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=make_file())
    assert job.model == "starter"
    assert messages(client, job.id)[1:] == [
        "gpt-4o-mini-2024-07-18 is served here by starter; training starts from starter"
    ]


def test_an_integration_is_echoed_and_warned_about(client: OpenAI, make_file: Make) -> None:
    job = client.fine_tuning.jobs.create(
        model="starter", training_file=make_file(), integrations=[{"type": "wandb", "wandb": {"project": "p"}}]
    )
    assert [each.to_dict() for each in job.integrations or []] == [{"type": "wandb", "wandb": {"project": "p"}}]
    newest = next(iter(client.fine_tuning.jobs.list_events(job.id)))
    assert (newest.level, "nothing is sent" in newest.message) == ("warn", True)


@pytest.mark.parametrize("is_copy", [False, True])
def test_validating_with_the_training_file_is_refused_unless_asked_for(
    client: OpenAI, make_file: Make, *, is_copy: bool
) -> None:
    file = make_file(sha256="ab" * 32)
    same = make_file(sha256="ab" * 32) if is_copy else file
    with pytest.raises(BadRequestError, match="not tested on what it was shown") as refused:
        client.fine_tuning.jobs.create(model="starter", training_file=file, validation_file=same)
    assert (refused.value.param, refused.value.code) == ("validation_file", "leaked_example")
    job = client.fine_tuning.jobs.create(
        model="starter", training_file=file, validation_file=same, extra_body={"leakage": "warn"}
    )
    events = [(event.level, event.message) for event in client.fine_tuning.jobs.list_events(job.id)]
    level, message = events[0]
    assert level == "warn"
    assert message.startswith("The validation file is the training file: ")


def test_a_job_says_what_its_files_are_made_of(server: Any, client: OpenAI) -> None:
    content = b"".join(b'{"prompt": "%d", "completion": "b"}\n' % n for n in range(12))
    uploaded = client.files.create(file=("a.jsonl", content), purpose="fine-tune").id
    edits = {"edits": [{"line": 1, "text": '{"prompt": "a", "completion": "b"}'}]}
    made: Any = client.post(f"/files/{uploaded}/revisions", body=edits, cast_to=object)
    file_id, name = made["file"]["id"], made["file"]["filename"]
    with server.database.read() as connection:
        sha256 = connection.execute(select(tables.files.c.sha256).where(tables.files.c.id == file_id)).scalar_one()
    job = client.fine_tuning.jobs.create(model="starter", training_file=file_id, validation_file=uploaded)
    assert messages(client, job.id)[1:] == [f"Training file: {name} (sha256 {sha256[:8]}…, made by revise)"]


def test_a_seed_is_made_and_kept_where_none_is_given(client: OpenAI, make_file: Make) -> None:
    file = make_file()
    made = [client.fine_tuning.jobs.create(model="starter", training_file=file) for _ in range(4)]
    assert all(0 <= job.seed < 2**31 for job in made)
    assert len({job.seed for job in made}) > 1
    reason = made[0].to_dict()["resolved"]["seed"]  # type: ignore[index]
    assert reason == {"value": made[0].seed, "reason": "drawn by chance, as none was given"}
    assert client.fine_tuning.jobs.retrieve(made[0].id) == made[0]


def test_older_and_newer_places_of_hyperparameters_mean_the_same(client: OpenAI, make_file: Make) -> None:
    asked: Any = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.5}
    file = make_file()
    older = client.fine_tuning.jobs.create(model="starter", training_file=file, hyperparameters=asked)
    newer = client.fine_tuning.jobs.create(
        model="starter", training_file=file, method={"type": "supervised", "supervised": {"hyperparameters": asked}}
    )
    both = client.fine_tuning.jobs.create(
        model="starter", training_file=file, hyperparameters={"n_epochs": 3, "batch_size": 4},
        method={"type": "supervised", "supervised": {"hyperparameters": asked}},
    )  # fmt: skip
    assert {job.hyperparameters.model_dump_json() for job in (older, newer, both)} == {json.dumps(
        {"batch_size": 4, "learning_rate_multiplier": 0.5, "n_epochs": 3}, separators=(",", ":")
    )}  # fmt: skip


def test_extensions_travel_in_extra_body_and_come_back(server: Any, client: OpenAI, make_file: Make) -> None:
    job = client.fine_tuning.jobs.create(
        model="starter", training_file=make_file(), hyperparameters={"prompt_loss_weight": 0.01},  # type: ignore[typeddict-unknown-key]
        extra_body={"adapter": "none", "over_length": "drop", "max_steps": 7, "validation_split": 0.2},
    )  # fmt: skip
    with server.database.read() as connection:
        spec = connection.execute(select(tables.jobs.c.spec).where(tables.jobs.c.id == job.id)).scalar_one()
    asked = {
        "adapter": "none",
        "over_length": "drop",
        "max_steps": 7,
        "validation_split": 0.2,
        "prompt_loss_weight": 0.01,
    }
    assert {name: spec[name] for name in asked} == asked
    assert job.to_dict()["resolved"]["over_length"] == {"value": "drop", "reason": "as given"}  # type: ignore[index]


def test_azures_training_type_is_tolerated(server: Any, make_file: Make) -> None:
    for value in ("Standard", "globalstandard", None, 1):
        body = {"model": "starter", "training_file": make_file(), "trainingType": value}
        assert post(server, "?api-version=2025-04-01-preview", body).status_code == 200


@both
def test_the_same_idempotency_key_makes_one_job(server: Any, client: OpenAI, make_file: Make) -> None:
    body = {"model": "starter", "training_file": make_file(), "seed": None}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(server, "", body, **{"idempotency-key": "k1"}), range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert num_rows(server, "jobs", "job_events", "blob_references") == {
        "jobs": 1, "job_events": 1, "blob_references": 2,
    }  # fmt: skip
    other = post(server, "", {**body, "suffix": "x"}, **{"idempotency-key": "k1"})
    assert (other.status_code, "another request" in other.json()["error"]["message"]) == (400, True)


def test_without_an_idempotency_key_every_request_makes_a_job(server: Any, client: OpenAI, make_file: Make) -> None:
    file = make_file()
    made = {client.fine_tuning.jobs.create(model="starter", training_file=file).id for _ in range(2)}
    assert len(made) == 2


def test_a_refused_request_leaves_nothing(server: Any, make_file: Make) -> None:
    tables_of_a_job = ("jobs", "job_events", "blob_references", "audit_log", "idempotency_keys")
    file = make_file()
    before = num_rows(server, *tables_of_a_job)
    for body in ({"model": "starter", "training_file": "file-nope"}, {"model": "no", "training_file": file}):
        assert post(server, "", body, **{"idempotency-key": "k"}).status_code == 400
    assert num_rows(server, *tables_of_a_job) == before


def test_deleting_its_files_does_not_take_them_from_the_job(server: Any, client: OpenAI, make_file: Make) -> None:
    file = make_file()
    job = client.fine_tuning.jobs.create(model="starter", training_file=file)
    project_id = server.project().id
    with server.database.write() as connection:
        assert files.delete(connection, project_id, file, 2e9)
        assert [ref.name for ref in blob_references.of(connection, "job", job.id)] == ["training_file"]


# --- training from a tuned model ------------------------------------------------------------------------

RESOLVED_LORA = {
    "adapter": {"value": "lora", "reason": "r"}, "lora_rank": {"value": 4, "reason": "r"},
    "lora_alpha": {"value": 8.0, "reason": "r"}, "lora_target_modules": {"value": ["q_proj", "v_proj"], "reason": "r"},
    "num_epochs": {"value": 2.5, "reason": "r"}, "batch_size": {"value": 4, "reason": "r"},
}  # fmt: skip


def tuned(server: Any, job: Job, *, as_checkpoint: bool = False) -> str:
    """Its model or checkpoint, with files."""
    refs = [
        blob_references.BlobRef("adapter_config.json", "cd" * 32, 3),
        blob_references.BlobRef("tunesmith.json", "ef" * 32, 4),
    ]
    with server.database.write() as connection:
        for ref in refs:
            blob_references.announce(connection, ref.sha256, ref.num_bytes, 5)
        if as_checkpoint:
            checkpoint = checkpoints.add(connection, job, step_number=3, metrics={"step": 3}, now=5)
            blob_references.refer(connection, "checkpoint", checkpoint.id, refs, 5)
            return checkpoint.name
        model = models.register(connection, job, 5, "starter")
        blob_references.refer(connection, "model", model.id, refs, 5)
        return model.name


@pytest.mark.parametrize("as_checkpoint", [False, True])
def test_training_goes_on_from_a_tuned_model_even_if_that_is_deleted(
    server: Any, client: OpenAI, make_file: Make, make_job: Make, as_checkpoint: bool
) -> None:
    name = tuned(server, make_job(resolved=RESOLVED_LORA), as_checkpoint=as_checkpoint)
    job = client.fine_tuning.jobs.create(model=name, training_file=make_file())
    assert job.model == name
    client.models.delete(name)
    with server.database.read() as connection:
        names = [ref.name for ref in blob_references.of(connection, "job", job.id)]
        spec = connection.execute(select(tables.jobs.c.spec).where(tables.jobs.c.id == job.id)).scalar_one()
    assert names == ["start/adapter_config.json", "start/tunesmith.json", "training_file"]
    assert (spec["base_model"], spec["lora_rank"], spec["lora_alpha"]) == ("starter", 4, 8.0)
    assert spec["lora_target_modules"] == ["q_proj", "v_proj"]


def test_a_preview_of_going_on_from_a_tuned_model_names_that_model(
    server: Any, make_file: Make, make_job: Make
) -> None:  # fmt: skip
    name = tuned(server, make_job(resolved=RESOLVED_LORA))
    told = post(server, "/preview", {"model": name, "training_file": make_file()}).json()
    assert told["model"] == name
    assert f"base_model: {name}\n" in told["yaml"]


def test_an_adapter_that_is_trained_on_keeps_its_shape(
    server: Any, client: OpenAI, make_file: Make, make_job: Make
) -> None:
    name, file = tuned(server, make_job(resolved=RESOLVED_LORA)), make_file()
    agreeing = {"adapter": "lora", "lora_rank": 4, "lora_alpha": "auto", "lora_target_modules": ["v_proj", "q_proj"]}
    assert client.fine_tuning.jobs.create(model=name, training_file=file, extra_body=agreeing).model == name
    differing = {"adapter": "none", "lora_rank": 8, "lora_alpha": 1, "lora_target_modules": ["q_proj"]}
    with pytest.raises(BadRequestError) as raised:
        client.fine_tuning.jobs.create(model=name, training_file=file, extra_body=differing)
    message = str(raised.value)
    assert [word for word in differing if f"{word} is " not in message] == []
    assert "was trained with 4" in message


def test_a_whole_model_takes_a_new_adapter(server: Any, client: OpenAI, make_file: Make, make_job: Make) -> None:
    name = tuned(server, make_job(resolved={"adapter": {"value": "none", "reason": "r"}}))
    extra = {"adapter": "lora", "lora_rank": 2}
    assert client.fine_tuning.jobs.create(model=name, training_file=make_file(), extra_body=extra).model == name


def test_random_weights_and_a_tuned_model_contradict(
    server: Any, client: OpenAI, make_file: Make, make_job: Make
) -> None:
    name = tuned(server, make_job(resolved={"adapter": {"value": "none", "reason": "r"}}))
    with pytest.raises(BadRequestError, match="has weights to start from"):
        client.fine_tuning.jobs.create(
            model=name, training_file=make_file(), extra_body={"initialization": "random", "adapter": "none"}
        )


def test_a_strangers_model_is_as_unknown_as_none(
    server: Any, other_client: OpenAI, make_file: Make, make_job: Make
) -> None:
    name = tuned(server, make_job(resolved=RESOLVED_LORA))
    file = make_file("other")
    said = []
    for wanted in (name, "ft:starter:default::AAAAAAAAAAAA"):
        with pytest.raises(BadRequestError) as raised:
            other_client.fine_tuning.jobs.create(model=wanted, training_file=file)
        said.append(json.dumps(raised.value.body).replace(wanted, "NAME"))
    assert said[0] == said[1]
    assert '"code": "model_not_available"' in said[0]


# --- list and retrieve ----------------------------------------------------------------------------------


@both
def test_the_sdk_walks_through_all_jobs_newest_first(client: OpenAI, make_job: Make) -> None:
    made = [make_job().id for _ in range(7)]
    make_job("other")
    assert [job.id for job in client.fine_tuning.jobs.list(limit=3)] == made[::-1]


@pytest.mark.parametrize("query", ["metadata=x", "metadata[run=x", "metadata.run=x"])
def test_filter_that_would_be_ignored_is_refused(server: Any, query: str) -> None:
    answer = httpx2.get(
        f"{server.base_url}/v1/fine_tuning/jobs?{query}", headers={"authorization": f"Bearer {server.key}"}
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "metadata")


@both
def test_jobs_are_filtered_by_metadata(server: Any, client: OpenAI, make_job: Make, validate_list: Make) -> None:
    wanted = make_job(metadata={"run": "a b", "k[]": "ü"})
    make_job(metadata={"run": "a"})
    bare = [make_job(metadata={}), make_job()][::-1]
    assert [job.id for job in client.fine_tuning.jobs.list(metadata={"run": "a b"})] == [wanted.id]
    assert [job.id for job in client.fine_tuning.jobs.list(metadata={"k[]": "ü", "run": "a b"})] == [wanted.id]
    assert list(client.fine_tuning.jobs.list(metadata={"run": "nothing"})) == []
    page = validate_list(FineTuningJob, get(server, metadata="null").content)
    assert [job["id"] for job in page["data"]] == [job.id for job in bare]


@both
def test_jobs_are_filtered_by_status_and_searched(server: Any, client: OpenAI, make_job: Make) -> None:
    made = [make_job(suffix=f"support-{number}").id for number in range(4)]
    other = make_job(suffix="other").id
    for job in (made[0], made[2]):
        client.fine_tuning.jobs.cancel(job)

    def found(**query: Any) -> list[str]:
        return [job.id for job in client.fine_tuning.jobs.list(limit=1, extra_query=query)]

    assert found(search="UPPORT") == made[::-1]
    assert found(search="support", status="cancelled") == [made[2], made[0]]
    assert found(status=["cancelled", "paused"]) == found(status="cancelled,paused") == [made[2], made[0]]
    assert found(model="starter", search="other") == [other]
    assert found(model="star") == found(search="%") == []
    again = get(server, status=["cancelled", "validating_files"], limit=100).json()
    assert [job["id"] for job in again["data"]] == [other, *made[::-1]]


@pytest.mark.parametrize("status", ["done", "pausing", "cancelled,nonsense", "", ","])
def test_a_status_that_is_none_is_refused(server: Any, status: str) -> None:
    answer = get(server, status=status)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "status")
    assert "validating_files" in answer.json()["error"]["message"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5"])
def test_a_limit_out_of_range_is_refused(server: Any, limit: str) -> None:
    answer = get(server, limit=limit)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")


@both
@pytest.mark.parametrize("after", ["ftjob-nope", "%00", "' OR ''='"])
def test_an_unknown_cursor_is_refused(server: Any, after: str, make_job: Make) -> None:
    answer = get(server, after=after)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "after")


@both
@pytest.mark.parametrize("name", ["after", "metadata[k]", "metadata[\0]"])
def test_a_null_character_is_refused(server: Any, name: str, make_job: Make) -> None:
    assert get(server, **{name: "\0"}).status_code == 400


def test_the_answer_of_a_running_job_has_numbers(server: Any, client: OpenAI, make_job: Make, validate: Make) -> None:
    job = make_job(state="running", resolved=RESOLVED_LORA, step=3, total_steps=10, trained_tokens=5,
                   estimated_finish_at=99, waiting_reason=None)  # fmt: skip
    wire = validate(FineTuningJob, get(server, f"/{job.id}").content)
    assert wire["hyperparameters"] == {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 1.0}
    assert wire["method"]["supervised"]["hyperparameters"] == wire["hyperparameters"]
    assert (wire["estimated_finish"], wire["trained_tokens"], wire["step"], wire["total_steps"]) == (99, None, 3, 10)
    assert wire["resolved"]["num_epochs"] == {"value": 2.5, "reason": "r"}


def test_the_answer_of_a_finished_job(server: Any, make_job: Make, validate: Make) -> None:
    job = make_job(state="succeeded", fine_tuned_model="ft:starter:default::x", result_file_id="file-r",
                   trained_tokens=12, finished_at=200)  # fmt: skip
    wire = validate(FineTuningJob, get(server, f"/{job.id}").content)
    assert (wire["fine_tuned_model"], wire["result_files"]) == ("ft:starter:default::x", ["file-r"])
    assert (wire["trained_tokens"], wire["finished_at"], wire["error"]) == (12, 200, None)


def test_the_answer_of_a_failed_job_says_why(server: Any, make_job: Make, validate: Make) -> None:
    error = {"code": "invalid_training_file", "message": "Line 3 …", "param": "training_file"}
    job = make_job(state="failed", error=error, finished_at=5)
    assert validate(FineTuningJob, get(server, f"/{job.id}").content)["error"] == error


@pytest.mark.parametrize("state", ["pausing", "paused"])
def test_a_pausing_job_is_paused_on_the_wire(server: Any, make_job: Make, validate: Make, state: str) -> None:
    job = make_job(state=state)
    assert validate(FineTuningJob, get(server, f"/{job.id}").content)["status"] == "paused"


def test_a_waiting_job_says_why(server: Any, make_job: Make, validate: Make) -> None:
    job = make_job(state="queued", waiting_reason="It needs 9 GiB; 2 are free.")
    assert validate(FineTuningJob, get(server, f"/{job.id}").content)["waiting_reason"] == "It needs 9 GiB; 2 are free."


@pytest.mark.parametrize("call", ["retrieve", "cancel", "pause", "resume", "list_events", "checkpoints"])
def test_a_missing_job_and_a_strangers_are_told_alike(
    client: OpenAI, other_client: OpenAI, make_job: Make, call: str
) -> None:
    jobs = other_client.fine_tuning.jobs
    ask: Any = jobs.checkpoints.list if call == "checkpoints" else getattr(jobs, call)
    stranger = make_job(state="running", step=1).id
    said = []
    for job_id in (stranger, "ftjob-nope"):
        with pytest.raises(NotFoundError) as raised:
            ask(job_id)
        said.append(json.dumps(raised.value.body).replace(job_id, "ID"))
    assert said[0] == said[1]
    assert json.loads(said[0]) == {
        "message": "Could not find fine tune: ID", "type": "invalid_request_error", "param": "fine_tune_id",
        "code": "fine_tune_not_found",
    }  # fmt: skip
    assert client.fine_tuning.jobs.retrieve(stranger).status == "running"


# --- cancel, pause, resume ------------------------------------------------------------------------------


@both
def test_cancel_ends_the_job_and_tells_everybody(server: Any, client: OpenAI, make_job: Make, validate: Make) -> None:
    project_id = server.project().id
    with server.database.write() as connection:
        webhooks.create(
            connection, project_id, name="n", url="https://example.com/x",
            event_types=["fine_tuning.job.cancelled"], now=1,
        )  # fmt: skip
    job = make_job(state="running", attempt=2, worker_id="w")
    raw = client.fine_tuning.jobs.with_raw_response.cancel(job.id)
    wire = validate(FineTuningJob, raw.content)
    assert wire["status"] == "cancelled"
    assert wire["finished_at"] >= wire["created_at"]
    assert messages(client, job.id) == ["Fine-tuning job cancelled"]
    with server.database.read() as connection:
        delivery = connection.execute(select(tables.deliveries)).one()
        actions = connection.execute(select(tables.audit_log.c.action)).scalars().all()
        attempt = connection.execute(select(tables.jobs.c.attempt)).scalar_one()
    assert (delivery.event_type, delivery.payload["data"]) == ("fine_tuning.job.cancelled", {"id": job.id})
    assert (actions, attempt) == (["job.cancel"], 3)


@both
def test_of_many_cancels_at_once_one_counts(server: Any, make_job: Make) -> None:
    job = make_job(state="running")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: post(server, f"/{job.id}/cancel"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert num_rows(server, "job_events", "audit_log") == {"job_events": 1, "audit_log": 1}


def test_pause_and_resume(client: OpenAI, make_job: Make, validate: Make) -> None:
    job = make_job(state="running", step=1)
    jobs = client.fine_tuning.jobs.with_raw_response
    assert validate(FineTuningJob, jobs.pause(job.id).content)["status"] == "paused"
    assert validate(FineTuningJob, jobs.resume(job.id).content)["status"] == "queued"
    assert messages(client, job.id) == ["Pausing the fine-tuning job", "Resuming the fine-tuning job"]


@pytest.mark.parametrize(
    ("verb", "columns", "sentence"),
    [
        ("cancel", {"state": "succeeded"}, "has status succeeded and cannot be cancelled."),
        ("cancel", {"state": "cancelled"}, "has status cancelled and cannot be cancelled."),
        ("pause", {"state": "queued"}, "has status queued and cannot be paused."),
        ("pause", {"state": "paused"}, "has status paused and cannot be paused."),
        ("pause", {"state": "running", "step": 0}, "cannot be paused before its first step is done."),
        ("resume", {"state": "running"}, "has status running and cannot be resumed."),
    ],
)
def test_a_move_from_the_wrong_state_is_a_400_and_leaves_nothing(
    server: Any, make_job: Make, verb: str, columns: dict[str, Any], sentence: str
) -> None:
    job = make_job(**columns)
    answer = post(server, f"/{job.id}/{verb}")
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, f"Job {job.id} {sentence}")
    assert num_rows(server, "job_events", "audit_log", "deliveries") == {
        "job_events": 0, "audit_log": 0, "deliveries": 0,
    }  # fmt: skip


def test_viewers_look_and_do_not_touch(viewer_client: OpenAI, make_job: Make, make_file: Make) -> None:
    from openai import PermissionDeniedError

    job = make_job(state="running", step=1)
    jobs = viewer_client.fine_tuning.jobs
    assert jobs.retrieve(job.id).id == job.id
    file = make_file()
    calls: list[Callable[[], Any]] = [
        lambda: jobs.cancel(job.id), lambda: jobs.pause(job.id), lambda: jobs.resume(job.id),
        lambda: jobs.create(model="starter", training_file=file),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(PermissionDeniedError):
            call()
    assert jobs.retrieve(job.id).status == "running"


# --- events and checkpoints -----------------------------------------------------------------------------


def add_events(server: Any, job: Job, count: int) -> None:
    with server.database.write() as connection:
        for number in range(count):
            data = {"step": number, "total_steps": count, "train_loss": 0.5, "train_mean_token_accuracy": 0.25}
            job_events.add(connection, job.id, message=f"Step {number}", now=100, type="metrics", data=data)


@both
def test_the_sdk_walks_through_all_events_newest_first(server: Any, client: OpenAI, make_job: Make) -> None:
    job = make_job()
    add_events(server, job, 45)
    walked = [event.message for event in client.fine_tuning.jobs.list_events(job.id)]
    assert walked == [f"Step {number}" for number in range(45)][::-1]
    assert len(client.fine_tuning.jobs.list_events(job.id).data) == 20


def test_golden_wire_json_of_an_event(server: Any, make_job: Make, validate_list: Make) -> None:
    job = make_job()
    add_events(server, job, 1)
    page = validate_list(FineTuningJobEvent, get(server, f"/{job.id}/events").content)
    assert page == {
        "object": "list",
        "data": [
            {
                "object": "fine_tuning.job.event", "id": page["data"][0]["id"], "created_at": 100, "level": "info",
                "message": "Step 0", "type": "metrics",
                "data": {"step": 0, "total_steps": 1, "train_loss": 0.5, "train_mean_token_accuracy": 0.25},
            }
        ],
        "has_more": False,
    }  # fmt: skip
    assert page["data"][0]["id"].startswith("ftevent-")


def test_golden_wire_json_of_a_checkpoint(server: Any, make_job: Make, validate_list: Make) -> None:
    job = make_job(suffix="mine")
    metrics = {"step": 8, "train_loss": 0.5, "valid_loss": None, "full_valid_loss": 0.25, "learning_rate": 1e-3}
    with server.database.write() as connection:
        checkpoints.add(connection, job, step_number=8, metrics=metrics, now=100.5)  # type: ignore[arg-type]
    page = validate_list(FineTuningJobCheckpoint, get(server, f"/{job.id}/checkpoints").content)
    assert page == {
        "object": "list",
        "data": [
            {
                "object": "fine_tuning.job.checkpoint", "id": page["data"][0]["id"], "created_at": 100,
                "fine_tuned_model_checkpoint": f"ft:starter:default:mine:{job.id[6:18]}:ckpt-step-8",
                "fine_tuning_job_id": job.id, "metrics": {"step": 8.0, "train_loss": 0.5, "full_valid_loss": 0.25},
                "step_number": 8,
            }
        ],
        "has_more": False,
    }  # fmt: skip


def test_the_sdk_walks_through_all_checkpoints_newest_first(server: Any, client: OpenAI, make_job: Make) -> None:
    job = make_job()
    with server.database.write() as connection:
        for step in range(1, 14):
            checkpoints.add(connection, job, step_number=step, metrics={"step": step}, now=100)
    page = client.fine_tuning.jobs.checkpoints.list(job.id)
    assert len(page.data) == 10
    assert [checkpoint.step_number for checkpoint in page] == list(range(13, 0, -1))


def test_golden_wire_json_of_an_error(server: Any) -> None:
    answer = get(server, "/ftjob-nope")
    assert (answer.status_code, answer.json()) == (
        404,
        {
            "error": {
                "message": "Could not find fine tune: ftjob-nope", "type": "invalid_request_error",
                "param": "fine_tune_id", "code": "fine_tune_not_found",
            }
        },
    )  # fmt: skip
