"""Where a person's rows went: files, what was made of them, the jobs and models that saw any of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.api.conftest import make_job_row
from tests.api.test_file_reports import Caller

from tunesmith.store import checkpoints, file_versions, files, models, operations

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


@pytest.fixture
def caller(server: Any) -> Caller:
    return Caller(server)


def new_file(caller: Caller, name: str) -> str:
    return caller.upload([{"prompt": f"{name} {n}", "completion": "c"} for n in range(12)], f"{name}.jsonl")


def derive(caller: Caller, parent_id: str, name: str, operation: str) -> str:
    """A file that an operation made of another one."""
    content = [{"prompt": f"{name} {n}", "completion": "made"} for n in range(12)]
    made = caller.upload(content, f"{name}.jsonl")
    project, now = caller.server.project().id, time.time()
    with caller.server.database.write() as connection:
        parent = files.get(connection, project, parent_id, now)
        own = files.get(connection, project, made, now)
        assert parent is not None
        assert own is not None
        version = {
            "sha256": own.sha256, "num_rows": 12, "num_bytes": own.num_bytes, "licence": None, "source": None,
            "parents": [{"name": parent.filename, "sha256": parent.sha256}],
            "operations": [{"name": operation, "parameters": {}, "counts": {}}], "format": 1,
        }  # fmt: skip
        file_versions.put(connection, made, None, version)
    return made


def search(caller: Caller, found: dict[str, int]) -> str:
    """An operation that has found so many rows in each file."""
    body = {"kind": "find_person", "input_file_ids": list(found), "settings": {"said": ["Ann Example"]}}
    made = caller.post("/data/operations", body).json()["id"]
    with caller.server.database.write() as connection:
        mine = operations.claim(connection, worker_id="w", now=time.time())
        assert mine is not None
        assert mine.id == made
        operations.succeed(
            connection, mine, counts={}, problems=[], made=[], result={"rows_of_inputs": list(found.values())},
            now=time.time(),
        )  # fmt: skip
    return str(made)


def job(caller: Caller, training: str, model: str = "starter", validation: str | None = None) -> tuple[str, str, str]:
    """→ its id, its model's name and its checkpoint's."""
    project = caller.server.project()
    made = make_job_row(
        caller.server, project, training_file_id=training, validation_file_id=validation, model=model,
    )  # fmt: skip
    with caller.server.database.write() as connection:
        name = models.register(connection, made, time.time(), "starter").name
        at = checkpoints.add(connection, made, step_number=2, metrics={"step": 2, "train_loss": 1.0}, now=time.time())
    return made.id, name, at.name


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_jobs_and_models_that_saw_the_rows_are_told_over_any_number_of_steps(caller: Caller) -> None:
    mail, other = new_file(caller, "mail"), new_file(caller, "other")
    clean = derive(caller, mail, "clean", "clean")
    split = derive(caller, clean, "train", "split")
    elsewhere = derive(caller, other, "away", "clean")
    on_mail, on_split, _ = job(caller, mail), job(caller, split), job(caller, elsewhere)
    validated, went_on = job(caller, elsewhere, validation=clean), job(caller, elsewhere, model=on_split[2])
    told = caller.get(f"/data/operations/{search(caller, {mail: 3, other: 0})}/affected").json()
    assert told["files"] == [{"file_id": mail, "filename": "mail.jsonl", "num_rows": 3, "is_deleted": False}]
    assert [(each["file_id"], each["made_by"]) for each in told["files_made"]] == [
        (clean, ["clean"]),
        (split, ["clean", "split"]),
    ]
    assert [(each["job_id"], each["models"], each["checkpoints"], each["started_from"]) for each in told["jobs"]] == [
        (on_mail[0], [on_mail[1]], [on_mail[2]], None),
        (on_split[0], [on_split[1]], [on_split[2]], None),
        (validated[0], [validated[1]], [validated[2]], None),
        (went_on[0], [went_on[1]], [went_on[2]], on_split[2]),
    ]


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_the_same_bytes_under_another_name_and_deleted_copies_count_too(caller: Caller) -> None:
    server, project = caller.server, caller.server.project()
    mail = new_file(caller, "mail")
    rows = [{"prompt": f"mail {n}", "completion": "c"} for n in range(12)]
    again, gone = caller.upload(rows, "again.jsonl"), caller.upload(rows, "gone.jsonl")
    ids = [job(caller, file_id) for file_id in (again, gone)]
    operation = search(caller, {mail: 2})
    with server.database.write() as connection:
        assert files.delete(connection, project.id, gone, time.time())
        assert models.delete(connection, project.id, ids[1][1], time.time())
    told = caller.get(f"/data/operations/{operation}/affected").json()
    assert [(each["file_id"], each["num_rows"], each["is_deleted"]) for each in told["files"]] == [
        (mail, 2, False),
        (again, 2, False),
        (gone, 2, True),
    ]
    assert [(each["job_id"], each["models"]) for each in told["jobs"]] == [(ids[0][0], [ids[0][1]]), (ids[1][0], [])]


def test_nothing_of_the_person_is_told(caller: Caller) -> None:
    operation = search(caller, {new_file(caller, "mail"): 1})
    assert "Ann" not in caller.get(f"/data/operations/{operation}/affected").text
    assert "said" not in caller.get(f"/data/operations/{operation}").json()["settings"]


def test_other_projects_files_of_the_same_bytes_are_not_told(caller: Caller) -> None:
    theirs = Caller(caller.server, caller.server.new_key("owner", "theirs").secret)
    new_file(theirs, "mail")
    mail = new_file(caller, "mail")
    told = caller.get(f"/data/operations/{search(caller, {mail: 1})}/affected").json()
    assert [each["file_id"] for each in told["files"]] == [mail]


def test_what_cannot_say_it_says_so(caller: Caller) -> None:
    mail = new_file(caller, "mail")
    split = caller.post("/data/operations", {"kind": "split", "input_file_ids": [mail]}).json()["id"]
    refused = caller.get(f"/data/operations/{split}/affected")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "operation_id")
    caller.post(f"/data/operations/{split}/cancel", {})
    body = {"kind": "find_person", "input_file_ids": [mail], "settings": {"said": ["Ann Example"]}}
    waiting = caller.post("/data/operations", body).json()["id"]
    assert caller.get(f"/data/operations/{waiting}/affected").json()["error"]["code"] == "operation_not_succeeded"
    caller.post(f"/data/operations/{waiting}/cancel", {})
    operation = search(caller, {mail: 1})
    caller.server.client().files.delete(mail)
    assert caller.get(f"/data/operations/{operation}/affected").json()["error"]["code"] == "result_is_gone"
