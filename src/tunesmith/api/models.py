"""``/v1/models``: the base models, and the project's tuned ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from starlette.responses import Response

from tunesmith.api.auth import IdOf, RequestId, permit
from tunesmith.api.errors import ApiError, not_found
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import Wire, absent, answer
from tunesmith.store import audit, blob_references, checkpoints, models
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Models"])

ModelName = Annotated[str, IdOf("model")]
Reader = Annotated[Principal, permit(Action.MODEL_READ)]
# Nobody has noted when a base model was made; the wire wants an instant.
_UNKNOWN_INSTANT = 0


class ModelWire(Wire):
    id: Annotated[str, IdOf("model")]
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    """``tunesmith`` for base models, the project for tuned ones."""
    alias_of: str | None = absent()
    """The base model that answers to this name."""
    base_model: str | None = absent()
    """The base model that a tuned one was made from."""


class ModelList(Wire):
    object: Literal["list"] = "list"
    data: Sequence[ModelWire]


class ModelDeleted(Wire):
    id: str
    object: Literal["model"] = "model"
    deleted: Literal[True] = True


@router.get("/v1/models", response_model=ModelList)
def list_models(principal: Reader, services: ServicesOf) -> Response:
    """Base models first, then the project's own, oldest first; aliases and checkpoints are not listed."""
    with services.database.read() as connection:
        own = models.list_all(connection, principal.project_id)
    data = [_base(model.name) for model in services.known_models.base_models()]
    data += [_tuned(model.name, model.created_at, model.project_id, model.base_model) for model in own]
    return answer(ModelList(data=data))


@router.get("/v1/models/{model}", response_model=ModelWire)
def retrieve_model(model: ModelName, principal: Reader, services: ServicesOf) -> Response:
    known = services.known_models.resolve(model)
    if known is not None:
        return answer(_base(model, alias_of=known.name if known.alias else None))
    with services.database.read() as connection:
        found = models.find_servable(connection, principal.project_id, model)
    if found is None:
        raise _no_model(model)
    return answer(_tuned(found.name, found.created_at, found.project_id, found.base_model))


@router.delete("/v1/models/{model}", response_model=ModelDeleted)
def delete_model(
    model: ModelName, principal: Annotated[Principal, permit(Action.MODEL_DELETE)], services: ServicesOf,
    request_id: RequestId,
) -> Response:  # fmt: skip
    """Takes checkpoints by name too. Jobs that start from it hold its files themselves."""
    if services.known_models.resolve(model) is not None:
        raise ApiError(403, f"{model} is a base model of this installation; only tuned models can be deleted.")
    now = services.now()
    with services.database.write() as connection:
        tuned = models.delete(connection, principal.project_id, model, now)
        if tuned is not None:
            blob_references.drop(connection, "model", tuned.id)
        else:
            checkpoint = checkpoints.delete(connection, principal.project_id, model, now)
            if checkpoint is None:
                raise _no_model(model)
            blob_references.drop(connection, "checkpoint", checkpoint.id)
        audit.record(connection, principal, "model.delete", model, now, request_id)
    return answer(ModelDeleted(id=model))


def _base(name: str, alias_of: str | None = None) -> ModelWire:
    return ModelWire(id=name, created=_UNKNOWN_INSTANT, owned_by="tunesmith", alias_of=alias_of)


def _tuned(name: str, created_at: int, project_id: str, base_model: str) -> ModelWire:
    return ModelWire(id=name, created=created_at, owned_by=project_id, base_model=base_model)


def _no_model(name: str) -> ApiError:
    return not_found(f"The model '{name}' does not exist", param="model", code="model_not_found")
