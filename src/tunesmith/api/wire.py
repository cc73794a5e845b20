"""The base of all bodies. A request refuses keys that it does not know; a response omits what is absent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

Item = TypeVar("Item")


class RequestBody(BaseModel):
    """Unknown keys are errors; null means absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Wire(BaseModel):
    """A response. Null is sent for fields that the wire requires; ``absent()`` ones are left out where None."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def absent() -> Any:
    """The default of a field that is left out where it has no value."""
    return Field(default=None, exclude_if=lambda value: value is None)


class ListOf(Wire, Generic[Item]):
    object: Literal["list"] = "list"
    data: Sequence[Item]
    has_more: bool


def answer(body: BaseModel, status: int = 200) -> Response:
    return Response(body.model_dump_json(), status, media_type="application/json")
