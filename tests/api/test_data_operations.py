"""Operations on data files over HTTP: asked for, refused with all that is wrong, their lists paged."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from tests.api.conftest import make_job_row, put_blob
from tests.api.test_file_reports import Caller

from tunesmith.store import files, models, operations
from tunesmith.store.blob_references import BlobRef
from tunesmith.worker.data_operation import PLACE


@pytest.fixture
def caller(server: Any) -> Caller:
    return Caller(server)


def ask(caller: Caller, *file_ids: str, kind: str = "split", **settings: Any) -> httpx2.Response:
    return caller.post("/data/operations", {"kind": kind, "input_file_ids": list(file_ids), "settings": settings})


def new_file(caller: Caller) -> str:
    return caller.upload([{"prompt": f"p{n}", "completion": "c"} for n in range(12)])


def test_an_operation_is_queued_with_every_setting_written_out(caller: Caller) -> None:
    file_id = new_file(caller)
    made = ask(caller, file_id, share=0.25)
    assert made.status_code == 200
    body = made.json()
    assert body["settings"] == {"share": 0.25, "seed": 42, "by_group": None, "stratify": None}
    assert (body["object"], body["status"], body["input_file_ids"]) == ("data.operation", "queued", [file_id])
    assert (body["output_file_ids"], body["error"], body["progress"]) == ([], None, 0.0)
    assert caller.get(f"/data/operations/{body['id']}").json() == body
    assert caller.get("/data/operations").json()["data"] == [body]


def test_everything_that_is_wrong_with_a_request_is_told_at_once(caller: Caller) -> None:
    refused = ask(caller, new_file(caller), share=3, seeds=1)
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (400, "settings.share")
    assert "settings.share: input should be less than 1" in error["message"]
    assert "settings.seeds: there is no such setting (did you mean seed?)" in error["message"]
    unknown = ask(caller, new_file(caller), kind="splitt").json()["error"]
    assert unknown["message"] == "kind: an unknown kind (did you mean split?)"
    assert caller.get("/data/operations").json()["data"] == []


def test_files_that_are_not_there_are_all_named(caller: Caller) -> None:
    refused = ask(caller, "file-none")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_file")
    too_many = ask(caller, new_file(caller), new_file(caller)).json()["error"]
    assert too_many["message"] == "split takes 1 file."


def test_the_same_idempotency_key_makes_one_operation(caller: Caller) -> None:
    body = {"kind": "split", "input_file_ids": [new_file(caller)]}
    headers = {**caller.headers, "Idempotency-Key": "once"}
    url = f"{caller.server.base_url}/v1/data/operations"
    first, again = (httpx2.post(url, json=body, headers=headers).json() for _ in range(2))
    assert first == again
    assert len(caller.get("/data/operations").json()["data"]) == 1
    other = httpx2.post(url, json={**body, "settings": {"seed": 9}}, headers=headers)
    assert (other.status_code, len(caller.get("/data/operations").json()["data"])) == (400, 1)


def test_a_cancelled_operation_stays_cancelled(caller: Caller) -> None:
    made = ask(caller, new_file(caller)).json()
    cancelled = caller.post(f"/data/operations/{made['id']}/cancel", {})
    assert cancelled.json()["status"] == "cancelled"
    again = caller.post(f"/data/operations/{made['id']}/cancel", {})
    assert (again.status_code, again.json()) == (200, cancelled.json())


def test_what_has_ended_cannot_be_cancelled_and_is_given_as_it_is(caller: Caller) -> None:
    made = ask(caller, new_file(caller)).json()
    finish(caller, [{"found": "Ann"}])
    cancelled = caller.post(f"/data/operations/{made['id']}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "succeeded")
    assert caller.get(f"/data/operations/{made['id']}/items").json()["total"] == 1
    assert caller.post("/data/operations/dataop-none/cancel", {}).status_code == 404


def test_a_list_is_paged_from_any_place(caller: Caller) -> None:
    made = ask(caller, new_file(caller)).json()
    assert caller.get(f"/data/operations/{made['id']}/items").status_code == 409
    finish(caller, [{"number": n, "text": "größe" * n} for n in range(25)])
    page = caller.get(f"/data/operations/{made['id']}/items", offset=7, limit=3).json()
    assert ([each["number"] for each in page["data"]], page["total"], page["has_more"]) == ([7, 8, 9], 25, True)
    last = caller.get(f"/data/operations/{made['id']}/items", offset=23).json()
    assert ([each["number"] for each in last["data"]], last["has_more"]) == ([23, 24], False)
    assert caller.get(f"/data/operations/{made['id']}/items", offset=99).json()["data"] == []


def test_a_list_of_one_kind_is_paged_as_if_there_were_no_other(caller: Caller) -> None:
    made = ask(caller, new_file(caller)).json()
    finish(caller, [{"number": n, "kind": "name" if n % 3 else "email", "text": "größe" * n} for n in range(25)])
    page = caller.get(f"/data/operations/{made['id']}/items", offset=2, limit=3, kind="email").json()
    assert ([each["number"] for each in page["data"]], page["total"], page["has_more"]) == ([6, 9, 12], 9, True)
    assert caller.get(f"/data/operations/{made['id']}/items", kind="phone").json()["data"] == []


def test_what_was_found_in_a_file_goes_with_the_file(caller: Caller) -> None:
    kept, gone = new_file(caller), caller.upload([{"prompt": "x", "completion": "y"}] * 12)
    lists = [ask(caller, file_id).json()["id"] for file_id in (kept, gone)]
    for _ in lists:
        finish(caller, [{"found": "Ann"}])
    caller.server.client().files.delete(gone)
    totals = [caller.get(f"/data/operations/{each}/items").json()["total"] for each in lists]
    assert totals == [1, 0]
    assert caller.get(f"/data/operations/{lists[1]}").json()["status"] == "succeeded"


def finish(caller: Caller, items: list[dict[str, Any]]) -> None:
    """As a worker does."""
    lines = [json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items]
    content, places, at = b"".join(lines), b"", 0
    for line in lines:
        places, at = places + PLACE.pack(at), at + len(line)
    refs = [
        BlobRef(name, put_blob(caller.server, each), len(each))
        for name, each in (("items", content), ("index", places))
    ]
    with caller.server.database.write() as connection:
        mine = operations.claim(connection, worker_id="w", now=time.time())
        assert mine is not None
        operations.succeed(
            connection, mine, counts={}, problems=[], made=[], items=refs, num_items=len(items), now=time.time()
        )


def test_an_uploaded_file_is_made_of_nothing_else(caller: Caller) -> None:
    file_id = new_file(caller)
    version = caller.get(f"/files/{file_id}/version").json()
    assert (version["file_id"], version["parents"], version["operations"], version["num_rows"]) == (
        file_id,
        [],
        [],
        None,
    )
    assert caller.get("/files/file-none/version").status_code == 404


def test_a_corrected_copy_says_what_it_was_made_from(caller: Caller) -> None:
    file_id = new_file(caller)
    edits = [{"line": 2, "text": '{"prompt": "a", "completion": "b"}'}, {"line": 3, "text": None}]
    fixed = caller.post(f"/files/{file_id}/revisions", {"edits": edits}).json()["file"]
    version = caller.get(f"/files/{fixed['id']}/version").json()
    parent = {
        "name": "a.jsonl",
        "sha256": version["parents"][0]["sha256"],
        "file_id": file_id,
        "is_training_data": True,
    }
    assert (version["num_rows"], version["parents"]) == (11, [parent])
    assert version["operations"] == [
        {"name": "revise", "parameters": {}, "counts": {"rows_edited": 1, "rows_dropped": 1}}
    ]


def test_a_models_lineage_tells_what_its_data_was_made_of(caller: Caller) -> None:
    server, project = caller.server, caller.server.project()
    fixed = caller.post(f"/files/{new_file(caller)}/revisions", {"edits": [{"line": 3, "text": None}]}).json()["file"]
    job = make_job_row(server, project, training_file_id=fixed["id"])
    with server.database.write() as connection:
        model = models.register(connection, job, time.time(), "starter").name
        assert files.delete(connection, project.id, fixed["id"], time.time())
    (data,) = caller.get(f"/models/{model}/lineage").json()["data"]
    assert (data["file_id"], data["filename"]) == (fixed["id"], "a.fixed.jsonl")
    assert [each["name"] for each in data["operations"]] == ["revise"]


def test_examples_may_be_written_about_a_document_and_added_to_training_data_alone(caller: Caller) -> None:
    document = caller.upload([{"text": "A lamp."}], purpose="user_data")
    assert ask(caller, document, kind="generate_examples", mode="documents").status_code == 200
    rows = [{"question": "Why?", "answer": "So."}]
    assert ask(caller, document, kind="add_examples", rows=rows, only_new=True).status_code == 200
    refused = ask(caller, document, kind="add_examples", rows=rows).json()["error"]
    assert "add_examples reads training data" in refused["message"]
    empty = ask(caller, new_file(caller), kind="add_examples", rows=[{"question": "", "answer": "So."}]).json()["error"]
    assert empty["param"] == "settings.rows.0.question"


def test_an_installation_names_the_model_of_its_endpoint_but_neither_url_nor_key(
    caller: Caller, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert caller.get("/installation").json()["synthesis_model"] is None
    given = {"synthesis_url": "https://models.example/v1", "synthesis_model": "big", "synthesis_key": SecretStr("sk-1")}
    settings = server.services.settings.model_copy(update=given)
    monkeypatch.setattr(type(server.services), "settings", settings)
    told = caller.get("/installation")
    assert told.json()["synthesis_model"] == "big"
    assert "models.example" not in told.text
    assert "sk-1" not in told.text
