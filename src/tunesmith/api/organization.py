"""Projects, their members and keys, and the audit log, for whoever administers the installation.

Projects and keys look as the SDK's ``client.admin.organization.projects`` expects; members answer under
``/users`` too, its word for them. The creation of a key is an extension, and the only answer that shows one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import IdOf, NoId, RequestId, permit
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import RequestBody, Wire, absent, answer
from tunesmith.store import audit, keys, members, projects
from tunesmith.store.paging import Page
from tunesmith.store.principals import Action, Principal, Role

router = APIRouter(tags=["organization"])

Administrator = Annotated[Principal, permit(Action.ADMINISTER)]
AuditReader = Annotated[Principal, permit(Action.AUDIT_READ)]
ProjectId = Annotated[str, IdOf("project")]
MemberId = Annotated[str, IdOf("member")]
KeyId = Annotated[str, IdOf("key")]
Limit = Annotated[int, Query(ge=1, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class ProjectBody(RequestBody):
    name: Annotated[str, Field(pattern=projects.NAME_PATTERN, examples=["team-a"])]
    """Lower-case letters, digits and hyphens: part of the names of the project's models."""


class NewMemberBody(RequestBody):
    """``email`` for somebody new or known, or ``user_id`` for somebody known."""

    email: Annotated[str, Field(max_length=254, examples=["ada@example.com"])] | None = None
    user_id: MemberId | None = None
    name: Name | None = None
    role: Role


class RoleBody(RequestBody):
    role: Role


class NewKeyBody(RequestBody):
    """The key acts for the member, with at most ``role``."""

    user_id: MemberId
    name: Name
    role: Role = Role.MEMBER
    is_admin: bool = False


class ProjectWire(Wire):
    id: str
    object: Literal["organization.project"] = "organization.project"
    name: str
    created_at: int
    archived_at: int | None
    status: Literal["active", "archived"]


class MemberWire(Wire):
    id: str
    object: Literal["organization.project.user"] = "organization.project.user"
    name: str
    email: str
    role: Role
    added_at: int


class OwnerUser(Wire):
    id: str
    name: str
    email: str
    role: Role
    created_at: int


class KeyOwner(Wire):
    type: Literal["user"] = "user"
    user: OwnerUser


class KeyWire(Wire):
    id: str
    object: Literal["organization.project.api_key"] = "organization.project.api_key"
    name: str
    redacted_value: str
    created_at: int
    last_used_at: int | None
    role: Role
    is_admin: bool
    owner: KeyOwner
    owner_project_access: Literal["active"] = "active"
    value: str | None = absent()
    """The key itself, in the answer to its creation only."""


class Deleted(Wire):
    id: str
    object: str
    deleted: Literal[True] = True


class AuditActor(Wire):
    type: Literal["api_key", "operator"]
    api_key: dict[str, Any] | None


class AuditEntry(Wire):
    id: str
    object: Literal["organization.audit_log"] = "organization.audit_log"
    type: str
    effective_at: int
    actor: AuditActor
    project: dict[str, str] | None
    object_id: str | None
    request_id: str | None
    detail: dict[str, Any] | None


class _Listed(Wire):
    object: Literal["list"] = "list"
    first_id: str | None
    last_id: str | None
    has_more: bool


class ProjectList(_Listed):
    data: list[ProjectWire]


class MemberList(_Listed):
    data: list[MemberWire]


class KeyList(_Listed):
    data: list[KeyWire]


class AuditList(_Listed):
    data: list[AuditEntry]


@router.get("/v1/organization/projects", responses={200: {"model": ProjectList}})
def list_projects(
    principal: Administrator, services: ServicesOf, after: Annotated[str | None, IdOf("project"), Query()] = None,
    limit: Limit = 20, include_archived: bool = False,
) -> Response:  # fmt: skip
    with services.database.read() as connection:
        page = projects.list_projects(connection, after=after, limit=limit, include_archived=include_archived)
    return answer(ProjectList(data=[_project_wire(project) for project in page.items], **_ends(page)))


@router.post("/v1/organization/projects", responses={200: {"model": ProjectWire}})
def create_project(
    principal: Administrator, services: ServicesOf, request_id: RequestId, body: ProjectBody
) -> Response:
    now = services.now()
    with services.database.write() as connection:
        project = projects.create_project(connection, name=body.name, now=now)
        audit.record(connection, principal, "project.create", project.id, now, request_id, {"name": body.name})
    return answer(_project_wire(project))


@router.get("/v1/organization/projects/{project_id}", responses={200: {"model": ProjectWire}})
def retrieve_project(principal: Administrator, services: ServicesOf, project_id: ProjectId) -> Response:
    with services.database.read() as connection:
        return answer(_project_wire(_project(connection, project_id)))


@router.post("/v1/organization/projects/{project_id}", responses={200: {"model": ProjectWire}})
def update_project(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId, body: ProjectBody
) -> Response:
    """Models keep the names they have."""
    now = services.now()
    with services.database.write() as connection:
        _project(connection, project_id)
        project = projects.rename_project(connection, project_id, body.name)
        audit.record(connection, principal, "project.update", project_id, now, request_id, {"name": body.name})
    return answer(_project_wire(project or _no_project(project_id)))


@router.post("/v1/organization/projects/{project_id}/archive", responses={200: {"model": ProjectWire}})
def archive_project(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId
) -> Response:
    """Its keys die; what it holds stays."""
    now = services.now()
    with services.database.write() as connection:
        _project(connection, project_id)
        _check_not_own(project_id == principal.project_id, "archive the project of your own key")
        project = projects.archive_project(connection, project_id, now)
        audit.record(connection, principal, "project.archive", project_id, now, request_id)
    return answer(_project_wire(project or _no_project(project_id)))


@router.get("/v1/organization/projects/{project_id}/members", responses={200: {"model": MemberList}})
@router.get("/v1/organization/projects/{project_id}/users", responses={200: {"model": MemberList}})
def list_members(
    principal: Administrator, services: ServicesOf, project_id: ProjectId,
    after: Annotated[str | None, IdOf("member"), Query()] = None, limit: Limit = 20,
) -> Response:  # fmt: skip
    with services.database.read() as connection:
        _project(connection, project_id)
        page = members.list_project_members(connection, project_id, after=after, limit=limit)
    wires = [_member_wire(member) for member in page.items]
    return answer(MemberList(data=wires, **_ends(Page(wires, page.has_more))))


@router.post("/v1/organization/projects/{project_id}/members", responses={200: {"model": MemberWire}})
@router.post("/v1/organization/projects/{project_id}/users", responses={200: {"model": MemberWire}})
def add_member(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId, body: NewMemberBody
) -> Response:
    now = services.now()
    with services.database.write() as connection:
        _open_project(connection, project_id)
        member = _whom(connection, body, now)
        added = members.add_to_project(connection, project_id, member.id, body.role, now)
        detail = {"project": project_id, "role": body.role}
        audit.record(connection, principal, "member.add", member.id, now, request_id, detail)
    return answer(_member_wire(added))


@router.get("/v1/organization/projects/{project_id}/members/{member_id}", responses={200: {"model": MemberWire}})
@router.get("/v1/organization/projects/{project_id}/users/{member_id}", responses={200: {"model": MemberWire}})
def retrieve_member(
    principal: Administrator, services: ServicesOf, project_id: ProjectId, member_id: MemberId
) -> Response:
    with services.database.read() as connection:
        return answer(_member_wire(_membership(connection, project_id, member_id)))


@router.post("/v1/organization/projects/{project_id}/members/{member_id}", responses={200: {"model": MemberWire}})
@router.post("/v1/organization/projects/{project_id}/users/{member_id}", responses={200: {"model": MemberWire}})
def set_role(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId, member_id: MemberId,
    body: RoleBody,
) -> Response:  # fmt: skip
    """It bounds the member's keys from now on."""
    now = services.now()
    with services.database.write() as connection:
        _membership(connection, project_id, member_id)
        changed = members.set_role(connection, project_id, member_id, body.role)
        detail = {"project": project_id, "role": body.role}
        audit.record(connection, principal, "member.set_role", member_id, now, request_id, detail)
    return answer(_member_wire(changed or _no_member(member_id)))


@router.delete("/v1/organization/projects/{project_id}/members/{member_id}", responses={200: {"model": Deleted}})
@router.delete("/v1/organization/projects/{project_id}/users/{member_id}", responses={200: {"model": Deleted}})
def remove_member(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId, member_id: MemberId
) -> Response:
    """The member's keys in the project die."""
    now = services.now()
    with services.database.write() as connection:
        _membership(connection, project_id, member_id)
        is_self = (project_id, member_id) == (principal.project_id, principal.member_id)
        _check_not_own(is_self, "remove yourself from the project of your own key")
        members.remove_from_project(connection, project_id, member_id, now)
        audit.record(connection, principal, "member.remove", member_id, now, request_id, {"project": project_id})
    return answer(Deleted(id=member_id, object="organization.project.user.deleted"))


@router.get("/v1/organization/projects/{project_id}/api_keys", responses={200: {"model": KeyList}})
def list_keys(
    principal: Administrator, services: ServicesOf, project_id: ProjectId,
    after: Annotated[str | None, IdOf("key"), Query()] = None, limit: Limit = 20,
    owner_project_access: Literal["active", "any"] = "active",
) -> Response:  # fmt: skip
    """Live keys only; each one's owner is in the project, or the key would be dead."""
    with services.database.read() as connection:
        _project(connection, project_id)
        page = keys.list_keys(connection, project_id, after=after, limit=limit)
        wires = [_key_wire(connection, key) for key in page.items]
    return answer(KeyList(data=wires, **_ends(page)))


@router.post("/v1/organization/projects/{project_id}/api_keys", responses={200: {"model": KeyWire}})
def create_key(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId, body: NewKeyBody
) -> Response:
    now = services.now()
    with services.database.write() as connection:
        _open_project(connection, project_id)
        _membership(connection, project_id, body.user_id)
        made = keys.create_key(
            connection, project_id=project_id, member_id=body.user_id, name=body.name, role=body.role,
            is_admin=body.is_admin, now=now,
        )  # fmt: skip
        detail = {"project": project_id, "member": body.user_id, "role": body.role, "is_admin": body.is_admin}
        audit.record(connection, principal, "key.create", made.key.id, now, request_id, detail)
        wire = _key_wire(connection, made.key, made.secret)
    return answer(wire)


@router.get("/v1/organization/projects/{project_id}/api_keys/{key_id}", responses={200: {"model": KeyWire}})
def retrieve_key(principal: Administrator, services: ServicesOf, project_id: ProjectId, key_id: KeyId) -> Response:
    with services.database.read() as connection:
        return answer(_key_wire(connection, _live_key(connection, project_id, key_id)))


@router.delete("/v1/organization/projects/{project_id}/api_keys/{key_id}", responses={200: {"model": Deleted}})
def revoke_key(
    principal: Administrator, services: ServicesOf, request_id: RequestId, project_id: ProjectId, key_id: KeyId
) -> Response:
    now = services.now()
    with services.database.write() as connection:
        _live_key(connection, project_id, key_id)
        _check_not_own(key_id == principal.key_id, "revoke the key that you call with")
        keys.revoke_key(connection, project_id, key_id, now)
        audit.record(connection, principal, "key.revoke", key_id, now, request_id, {"project": project_id})
    return answer(Deleted(id=key_id, object="organization.project.api_key.deleted"))


@router.get("/v1/organization/audit_logs", responses={200: {"model": AuditList}})
def list_audit_logs(
    principal: AuditReader, services: ServicesOf, after: Annotated[str | None, IdOf("audit_entry"), Query()] = None,
    limit: Limit = 20,
    event_types: Annotated[list[str] | None, NoId("what was done"), Query(alias="event_types[]", max_length=100)] = None,
) -> Response:  # fmt: skip
    """Newest first; an administrator's key reads every project's, others their own project's."""
    scope = None if principal.is_admin else principal.project_id
    with services.database.read() as connection:
        page = audit.list_entries(connection, scope, actions=event_types, after=after, limit=limit)
    return answer(AuditList(data=[_entry_wire(entry) for entry in page.items], **_ends(page)))


def _project(connection: Connection, project_id: str) -> projects.Project:
    return projects.get_project(connection, project_id) or _no_project(project_id)


def _open_project(connection: Connection, project_id: str) -> projects.Project:
    project = _project(connection, project_id)
    if project.archived_at is not None:
        raise bad_request(f"The project {project.name} is archived.", "project_id")
    return project


def _membership(connection: Connection, project_id: str, member_id: str) -> members.Membership:
    _project(connection, project_id)
    return members.get_membership(connection, project_id, member_id) or _no_member(member_id)


def _live_key(connection: Connection, project_id: str, key_id: str) -> keys.Key:
    _project(connection, project_id)
    key = keys.get_key(connection, project_id, key_id)
    if key is None or key.revoked_at is not None:
        raise not_found(f"No such API key: {key_id}.", param="key_id")
    return key


def _no_project(project_id: str) -> Any:
    raise not_found(f"No such project: {project_id}.", param="project_id")


def _no_member(member_id: str) -> Any:
    raise not_found(f"No such member of the project: {member_id}.", param="member_id")


def _whom(connection: Connection, body: NewMemberBody, now: float) -> members.Member:
    if (body.email is None) == (body.user_id is None):
        raise bad_request("Give either 'email' or 'user_id'.", "email")
    if body.email is not None:
        return members.find_or_create_member(connection, name=body.name, email=body.email, now=now)
    member = members.get_member(connection, body.user_id or "")
    if member is None or member.removed_at is not None:
        raise not_found(f"No such member: {body.user_id}.", param="user_id")
    return member


def _check_not_own(is_own: bool, act: str) -> None:
    """An administrator cannot lock the door from outside."""
    if is_own:
        raise ApiError(400, f"You cannot {act}; use another administrator's key, or the command line on the server.")


def _project_wire(project: projects.Project) -> ProjectWire:
    return ProjectWire(
        id=project.id, name=project.name, created_at=project.created_at, archived_at=project.archived_at,
        status="archived" if project.archived_at is not None else "active",
    )  # fmt: skip


def _member_wire(member: members.Membership) -> MemberWire:
    return MemberWire(
        id=member.member_id, name=member.name, email=member.email, role=member.role, added_at=member.added_at
    )


def _key_wire(connection: Connection, key: keys.Key, secret: str | None = None) -> KeyWire:
    owner = members.get_membership(connection, key.project_id, key.member_id) or _no_member(key.member_id)
    user = OwnerUser(id=owner.member_id, name=owner.name, email=owner.email, role=owner.role, created_at=owner.added_at)
    return KeyWire(
        id=key.id, name=key.name, redacted_value=key.hint, created_at=key.created_at, last_used_at=key.last_used_at,
        role=key.role, is_admin=key.is_admin, owner=KeyOwner(user=user), value=secret,
    )  # fmt: skip


def _entry_wire(entry: audit.Entry) -> AuditEntry:
    api_key = {"id": entry.key_id, "type": "user", "user": {"id": entry.member_id}} if entry.key_id else None
    return AuditEntry(
        id=entry.id, type=entry.action, effective_at=entry.at,
        actor=AuditActor(type="api_key" if api_key else "operator", api_key=api_key),
        project={"id": entry.project_id} if entry.project_id else None,
        object_id=entry.object_id, request_id=entry.request_id, detail=dict(entry.detail) if entry.detail else None,
    )  # fmt: skip


def _ends(page: Page[Any]) -> Mapping[str, Any]:
    ids = [item.id for item in page.items]
    return {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None, "has_more": page.has_more}
