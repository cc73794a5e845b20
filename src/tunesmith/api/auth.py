"""Keys → principals, and the labels that every route carries: what it does, and what its ids name.

A route takes ``principal: Annotated[Principal, permit(Action.FILE_READ)]``; an id in its path, query or
body is annotated ``IdOf("file")``. A test builds the matrix of all routes, callers and ids from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request

from tunesmith.api.errors import ApiError
from tunesmith.api.services import Services
from tunesmith.store.principals import Action, Principal


@dataclass(frozen=True, slots=True)
class IdOf:
    """Marks a string that names an object of this kind."""

    kind: str


class Permit:
    """The dependency that lets a request through, or not."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal:
        services: Services = request.app.state.services
        principal = await principal_of(request, services)
        if not principal.may(self.action):
            raise ApiError(403, f"Your role {principal.role} may not do this ({self.action}).")
        request.state.principal = principal
        return principal


def permit(action: Action) -> Any:
    return Depends(Permit(action))


async def principal_of(request: Request, services: Services) -> Principal:
    """Whose key it is; raises ApiError 401."""
    raise ApiError(401, "No key is known yet.", code="invalid_api_key")
