"""``GET /v1/me``: whose key it is and what it may do, so that a client need not offer what would be refused."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from tunesmith.api.auth import permit
from tunesmith.api.installation_wire import MeWire
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import answer
from tunesmith.store import members
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["installation"])


@router.get("/v1/me", response_model=MeWire)
def get_me(principal: Annotated[Principal, permit(Action.MODEL_READ)], services: ServicesOf) -> Response:
    with services.database.read() as connection:
        member = members.get_member(connection, principal.member_id)
    return answer(
        MeWire(
            key_id=principal.key_id,
            member_id=principal.member_id,
            member_name=member.name if member else "",
            email=member.email if member else "",
            project_id=principal.project_id,
            project_name=principal.project_name,
            role=principal.role.value,
            is_admin=principal.is_admin,
            may=[action.value for action in Action if principal.may(action)],
        )
    )
