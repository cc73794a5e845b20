"""Sharing a checkpoint with other projects, by the SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI, PermissionDeniedError
from openai.types.fine_tuning.checkpoints import (
    PermissionCreateResponse,
    PermissionDeleteResponse,
    PermissionListResponse,
    PermissionRetrieveResponse,
)

from tunesmith.store import models

Make = Callable[..., Any]


@pytest.fixture
def name(make_checkpoint: Make) -> str:
    found: str = make_checkpoint().name
    return found


def permissions(client: OpenAI) -> Any:
    return client.fine_tuning.checkpoints.permissions


def test_a_shared_checkpoint_is_found_by_the_other_project(
    server: Any, client: OpenAI, other_client: OpenAI, name: str
) -> None:
    other = server.project("other").id
    with pytest.raises(NotFoundError):
        other_client.models.retrieve(name)
    (permission,) = permissions(client).create(name, project_ids=[other])
    assert (permission.project_id, permission.object) == (other, "checkpoint.permission")
    assert other_client.models.retrieve(name).id == name
    with server.database.read() as connection:
        assert models.find_servable(connection, other, name) is not None
    deleted = permissions(client).delete(permission.id, fine_tuned_model_checkpoint=name)
    assert (deleted.id, deleted.deleted) == (permission.id, True)
    with pytest.raises(NotFoundError):
        other_client.models.retrieve(name)
    with server.database.read() as connection:
        assert models.find_servable(connection, other, name) is None


def test_golden_wire_json(server: Any, client: OpenAI, name: str, validate: Make, validate_list: Make) -> None:
    raw = permissions(client).with_raw_response
    other = server.project("other").id
    created = validate_list(PermissionCreateResponse, raw.create(name, project_ids=[other, other]).content)
    (permission,) = created["data"]
    assert permission == {
        "object": "checkpoint.permission", "id": permission["id"], "created_at": permission["created_at"],
        "project_id": other,
    }  # fmt: skip
    assert permission["id"].startswith("cp_")
    listed = validate_list(PermissionListResponse, raw.list(name).content)
    ends = {"first_id": permission["id"], "last_id": permission["id"]}
    assert listed == {"object": "list", "data": [permission], "has_more": False, **ends}
    with pytest.warns(DeprecationWarning, match="Retrieve is deprecated"):
        validate(PermissionRetrieveResponse, raw.retrieve(name).content)
    gone = raw.delete(permission["id"], fine_tuned_model_checkpoint=name).content
    assert validate(PermissionDeleteResponse, gone) == {
        "object": "checkpoint.permission", "id": permission["id"], "deleted": True,
    }  # fmt: skip
    empty = validate_list(PermissionListResponse, raw.list(name).content)
    assert empty == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}


def test_the_sdk_walks_in_both_orders_and_by_project(server: Any, client: OpenAI, name: str) -> None:
    ids = [server.project(f"team-{number}").id for number in range(5)]
    permissions(client).create(name, project_ids=ids)
    listed = [each.project_id for each in permissions(client).list(name, limit=2)]
    assert listed == ids[::-1]
    assert [each.project_id for each in permissions(client).list(name, limit=2, order="ascending")] == ids
    assert [each.project_id for each in permissions(client).list(name, project_id=ids[2])] == [ids[2]]


def test_granting_again_keeps_the_permission(server: Any, client: OpenAI, name: str) -> None:
    other = server.project("other").id
    first, again = (permissions(client).create(name, project_ids=[other]).data[0] for _ in range(2))
    assert first == again


def test_an_unknown_project_is_refused_and_nobody_is_granted(server: Any, client: OpenAI, name: str) -> None:
    with pytest.raises(BadRequestError) as raised:
        permissions(client).create(name, project_ids=[server.project("other").id, "proj_nope"])
    assert raised.value.param == "project_ids"
    assert "proj_nope" in str(raised.value)
    assert permissions(client).list(name).data == []


@pytest.mark.parametrize("body", [{}, {"project_ids": []}, {"project_ids": "p"}, {"project_ids": [1]}, {"x": 1}, []])
def test_a_bad_body_is_refused(server: Any, name: str, body: Any) -> None:
    answer = httpx2.post(
        f"{server.base_url}/v1/fine_tuning/checkpoints/{quote(name, safe='')}/permissions", json=body, timeout=30,
        headers={"authorization": f"Bearer {server.key}"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_members_may_not_share(make_client: Make, name: str, server: Any) -> None:
    member = make_client("member")
    calls: list[Callable[[], Any]] = [
        lambda: permissions(member).create(name, project_ids=[server.project("other").id]),
        lambda: permissions(member).list(name),
        lambda: permissions(member).delete("cp_x", fine_tuned_model_checkpoint=name),
    ]
    for call in calls:
        with pytest.raises(PermissionDeniedError):
            call()


def test_a_strangers_checkpoint_is_as_unknown_as_none(
    server: Any, client: OpenAI, other_client: OpenAI, name: str
) -> None:
    own = server.project("other").id
    permissions(client).create(name, project_ids=[own])  # may chat with it, not share it on
    said = []
    for wanted in (name, "ft:starter:default::AAAAAAAAAAAA:ckpt-step-3"):
        calls: list[Callable[[], Any]] = [
            lambda wanted=wanted: permissions(other_client).create(wanted, project_ids=[own]),
            lambda wanted=wanted: permissions(other_client).list(wanted),
            lambda wanted=wanted: permissions(other_client).delete("cp_x", fine_tuned_model_checkpoint=wanted),
        ]
        for call in calls:
            with pytest.raises(NotFoundError) as raised:
                call()
            said.append(json.dumps(raised.value.body).replace(wanted, "NAME"))
    assert len(set(said)) == 1


def test_a_client_may_revoke_as_it_pages(server: Any, client: OpenAI, name: str, make_checkpoint: Make) -> None:
    shared = [server.project(other).id for other in ("one", "two", "three", "four")]
    permissions(client).create(name, project_ids=shared)
    seen, ids = [], []
    page = permissions(client).list(name, limit=2, order="ascending")
    while page.data:
        for permission in page.data:
            seen.append(permission.project_id)
            ids.append(permission.id)
            permissions(client).delete(permission.id, fine_tuned_model_checkpoint=name)
        page = permissions(client).list(name, limit=2, order="ascending", after=ids[-1])
    assert seen == shared
    with pytest.raises(BadRequestError, match="to list after"):
        permissions(client).list(make_checkpoint().name, after=ids[0])


def test_an_unknown_permission_is_not_found(client: OpenAI, name: str) -> None:
    with pytest.raises(NotFoundError, match="Could not find checkpoint permission: cp_nope"):
        permissions(client).delete("cp_nope", fine_tuned_model_checkpoint=name)


def test_a_base_model_of_a_name_with_slashes_is_reached(
    server: Any, client: OpenAI, make_job: Make, make_object: Make
) -> None:
    from tunesmith.store import checkpoints

    job = make_job(spec={"base_model": "org/base", "training_file": "f"})
    with server.database.write() as connection:
        name = checkpoints.add(connection, job, step_number=2, metrics={}, now=1).name
    assert name.startswith("ft:org/base:default::")
    assert permissions(client).list(name).data == []
