"""``/v1/fine_tuning/checkpoints/{name}/permissions``: which other projects may chat with a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import IdOf, NoId, RequestId, permit
from tunesmith.api.errors import bad_request, not_found
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import ListOf, RequestBody, Wire, answer
from tunesmith.store import audit, checkpoint_permissions, checkpoints
from tunesmith.store.checkpoint_permissions import CheckpointPermission
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Fine-tuning"])

_PATH = "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"
CheckpointName = Annotated[str, IdOf("checkpoint_name")]
Owner = Annotated[Principal, permit(Action.CHECKPOINT_SHARE)]
# Whoever owns a checkpoint may name any project: to share is to name somebody else's.
AnyProject = NoId("a project to share with, which is another one's by nature")


class PermissionCreate(RequestBody):
    project_ids: Annotated[list[Annotated[str, AnyProject]], AnyProject, Field(min_length=1, max_length=100)]


class PermissionWire(Wire):
    object: Literal["checkpoint.permission"] = "checkpoint.permission"
    id: Annotated[str, IdOf("permission")]
    created_at: int
    project_id: Annotated[str, AnyProject]

    @classmethod
    def of(cls, permission: CheckpointPermission) -> PermissionWire:
        return cls(id=permission.id, created_at=permission.created_at, project_id=permission.granted_project_id)


class PermissionList(ListOf[PermissionWire]):
    first_id: str | None
    last_id: str | None

    @classmethod
    def of(cls, permissions: Sequence[CheckpointPermission], has_more: bool) -> PermissionList:
        data = [PermissionWire.of(permission) for permission in permissions]
        ends = (data[0].id, data[-1].id) if data else (None, None)
        return cls(data=data, has_more=has_more, first_id=ends[0], last_id=ends[1])


class PermissionDeleted(Wire):
    object: Literal["checkpoint.permission"] = "checkpoint.permission"
    id: str
    deleted: Literal[True] = True


@router.post(_PATH, response_model=PermissionList)
def create_checkpoint_permissions(
    fine_tuned_model_checkpoint: CheckpointName, body: PermissionCreate, principal: Owner, services: ServicesOf,
    request_id: RequestId,
) -> Response:  # fmt: skip
    """A project that has the permission already keeps it."""
    now, project_ids = services.now(), list(dict.fromkeys(body.project_ids))
    with services.database.write() as connection:
        _check(connection, principal, fine_tuned_model_checkpoint)
        unknown = checkpoint_permissions.unknown_projects(connection, project_ids)
        if unknown:
            raise bad_request(f"There is no project {', '.join(unknown)}.", "project_ids", "invalid_value")
        granted = [
            checkpoint_permissions.grant(connection, principal.project_id, fine_tuned_model_checkpoint, each, now)
            for each in project_ids
        ]
        detail = {"project_ids": project_ids}
        audit.record(
            connection, principal, "checkpoint.share", fine_tuned_model_checkpoint, now, request_id, detail
        )  # fmt: skip
    return answer(PermissionList.of(granted, has_more=False))


@router.get(_PATH, response_model=PermissionList)
def list_checkpoint_permissions(
    fine_tuned_model_checkpoint: CheckpointName, principal: Owner, services: ServicesOf,
    after: Annotated[str | None, IdOf("permission")] = None, limit: Annotated[int, Query(ge=1, le=100)] = 10,
    order: Literal["ascending", "descending", "asc", "desc"] = "descending",
    project_id: Annotated[str | None, AnyProject] = None,
) -> Response:  # fmt: skip
    with services.database.read() as connection:
        _check(connection, principal, fine_tuned_model_checkpoint)
        page = checkpoint_permissions.list_page(
            connection, principal.project_id, fine_tuned_model_checkpoint, after=after, limit=limit,
            newest_first=order.startswith("desc"), granted_project_id=project_id,
        )  # fmt: skip
    return answer(PermissionList.of(page.items, page.has_more))


@router.delete(_PATH + "/{permission_id}", response_model=PermissionDeleted)
def delete_checkpoint_permission(
    fine_tuned_model_checkpoint: CheckpointName, permission_id: Annotated[str, IdOf("permission")], principal: Owner,
    services: ServicesOf, request_id: RequestId,
) -> Response:  # fmt: skip
    now = services.now()
    with services.database.write() as connection:
        _check(connection, principal, fine_tuned_model_checkpoint)
        place = checkpoint_permissions.revoke(
            connection, principal.project_id, fine_tuned_model_checkpoint, permission_id
        )
        if place is None:
            raise not_found(f"Could not find checkpoint permission: {permission_id}", param="permission_id")
        detail, action = {"permission_id": permission_id, "place": place}, checkpoint_permissions.REVOKE
        audit.record(
            connection, principal, action, fine_tuned_model_checkpoint, now, request_id, detail
        )  # fmt: skip
    return answer(PermissionDeleted(id=permission_id))


def _check(connection: Connection, principal: Principal, name: str) -> None:
    """Raises ApiError 404 unless it is a checkpoint of the caller's own project."""
    if checkpoints.get(connection, principal.project_id, name) is None:
        raise not_found(f"The checkpoint '{name}' does not exist", param="model", code="model_not_found")
