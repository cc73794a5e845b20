"""Projects, members and keys through the SDK's admin resources, and what happens to keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from openai import AuthenticationError, BadRequestError, NotFoundError, OpenAI, PermissionDeniedError


@pytest.fixture
def admin(server: Any) -> OpenAI:
    return OpenAI(base_url=f"{server.base_url}/v1", api_key=server.key, admin_api_key=server.key, max_retries=0)


def test_project_lives_from_creation_to_its_archive(admin: OpenAI) -> None:
    projects = admin.admin.organization.projects
    made = projects.create(name="team-a")
    assert (made.object, made.name, made.status, made.archived_at) == ("organization.project", "team-a", "active", None)
    assert projects.retrieve(made.id) == made
    assert projects.update(made.id, name="team-b").name == "team-b"
    assert [project.name for project in projects.list()] == ["default", "team-b"]
    assert projects.archive(made.id).status == "archived"
    assert [project.name for project in projects.list()] == ["default"]
    assert [project.name for project in projects.list(include_archived=True)] == ["default", "team-b"]


def test_lists_are_paged_through_whole(admin: OpenAI) -> None:
    projects = admin.admin.organization.projects
    names = ["default", *(projects.create(name=f"p{number}").name for number in range(7))]
    assert [project.name for project in projects.list(limit=3)] == names


def test_names_are_unique_and_fit_into_models_names(admin: OpenAI) -> None:
    projects = admin.admin.organization.projects
    projects.create(name="team-a")
    with pytest.raises(BadRequestError, match="exists already"):
        projects.create(name="team-a")
    with pytest.raises(BadRequestError) as raised:
        projects.create(name="Team A")
    assert raised.value.param == "name"


def test_key_is_shown_once_and_works(server: Any, admin: OpenAI) -> None:
    project = admin.admin.organization.projects.create(name="team-a")
    member = admin.post(
        f"/organization/projects/{project.id}/members",
        cast_to=dict,
        body={"email": "Ada@Example.com", "role": "member"},
    )
    assert (member["email"], member["name"]) == ("ada@example.com", "Ada")
    body = {"user_id": member["id"], "name": "laptop"}
    made = admin.post(f"/organization/projects/{project.id}/api_keys", cast_to=dict, body=body)
    listed = admin.admin.organization.projects.api_keys.list(project.id).data[0]
    assert (listed.id, listed.redacted_value[:3], "value" in listed.to_dict()) == (made["id"], "sk-", False)
    assert listed.owner.user is not None
    assert listed.owner.user.email == "ada@example.com"
    with pytest.raises(NotFoundError):
        server.client(made["value"]).get("/nothing", cast_to=dict)
    gone = admin.admin.organization.projects.api_keys.delete(made["id"], project_id=project.id)
    assert gone.deleted
    assert is_dead(server, made["value"])


def test_key_never_has_more_than_its_members_role(server: Any, admin: OpenAI) -> None:
    made = server.new_key("owner", "team-a")
    project, member = made.key.project_id, made.key.member_id
    users = admin.admin.organization.projects.users
    assert users.update(member, project_id=project, role="viewer").role == "viewer"
    assert server.principal(made.secret).role == "viewer"
    body = {"user_id": member, "name": "more", "role": "owner"}
    with pytest.raises(BadRequestError, match="above its member's"):
        admin.post(f"/organization/projects/{project}/api_keys", cast_to=dict, body=body)


@pytest.mark.parametrize("end", ["remove the member", "archive the project"])
def test_keys_die_with_membership_and_project(server: Any, admin: OpenAI, end: str) -> None:
    made = server.new_key("owner", "team-a")
    assert not is_dead(server, made.secret, at_once=True)
    if end == "remove the member":
        admin.admin.organization.projects.users.delete(made.key.member_id, project_id=made.key.project_id)
    else:
        admin.admin.organization.projects.archive(made.key.project_id)
    assert is_dead(server, made.secret)


@pytest.mark.parametrize(
    "server_database_url", [pytest.param("postgres", marks=pytest.mark.needs("postgres"))], indirect=True
)
def test_long_address_gives_a_name_that_fits(server: Any) -> None:
    email = f"{'a' * 240}@example.com"
    path = f"{server.base_url}/v1/organization/projects/{server.project().id}/members"
    headers = {"authorization": f"Bearer {server.key}"}
    answer = httpx2.post(path, json={"email": email, "role": "member"}, headers=headers)
    assert (answer.status_code, answer.json()["email"]) == (200, email)


def test_administrator_cannot_lock_the_door_from_outside(server: Any, admin: OpenAI) -> None:
    principal = server.principal()
    projects = admin.admin.organization.projects
    with pytest.raises(BadRequestError, match="your own key"):
        projects.archive(principal.project_id)
    with pytest.raises(BadRequestError, match="yourself"):
        projects.users.delete(principal.member_id, project_id=principal.project_id)
    with pytest.raises(BadRequestError, match="call with"):
        projects.api_keys.delete(principal.key_id, project_id=principal.project_id)


def test_owner_who_is_no_administrator_may_not_manage(server: Any) -> None:
    made = server.new_key("owner")
    owner = OpenAI(base_url=f"{server.base_url}/v1", api_key="x", admin_api_key=made.secret, max_retries=0)
    with pytest.raises(PermissionDeniedError, match="administrator"):
        owner.admin.organization.projects.list()


def test_audit_log_tells_who_did_what_to_whom(server: Any, admin: OpenAI, make_client: Callable[..., OpenAI]) -> None:
    with httpx2.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {server.key}"}) as caller:
        answer = caller.post("/v1/organization/projects", json={"name": "team-a"})
        entry = caller.get("/v1/organization/audit_logs").json()["data"][0]
        asked = {"event_types[]": ["project.create", "project.archive"]}
        caller.post(f"/v1/organization/projects/{entry['object_id']}/archive")
        acts = caller.get("/v1/organization/audit_logs", params=asked).json()["data"]
    assert [act["type"] for act in acts] == ["project.archive", "project.create"]
    assert (entry["type"], entry["object_id"]) == ("project.create", answer.json()["id"])
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["actor"]["api_key"]["id"] == server.principal().key_id
    other = make_client("owner", "other").get("/organization/audit_logs", cast_to=dict)
    assert other["data"] == []


def test_audit_log_holds_no_key(server: Any, admin: OpenAI) -> None:
    made = server.new_key("owner", "team-a")
    body = {"user_id": made.key.member_id, "name": "laptop"}
    value = admin.post(f"/organization/projects/{made.key.project_id}/api_keys", cast_to=dict, body=body)["value"]
    log = admin.get(
        "/organization/audit_logs", cast_to=dict, options={"headers": {"Authorization": f"Bearer {server.key}"}}
    )
    assert log["data"][0]["type"] == "key.create"
    assert value not in str(log)


def is_dead(server: Any, secret: str, *, at_once: bool = False) -> bool:
    """Within the second that a revoked key may still live."""
    deadline = time.monotonic() + 1.0
    while True:
        try:
            server.client(secret).get("/nothing", cast_to=dict)
        except AuthenticationError:
            return True
        except NotFoundError:
            if at_once or time.monotonic() > deadline:
                return False
