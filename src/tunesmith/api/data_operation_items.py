"""``GET /v1/data/operations/{operation_id}/items``: what an operation has found, a part at a time. An extension.

A list is two blobs: its items, one JSON object a line, and where each line begins. Any part of it is read alone; those of
one kind are looked for in the whole.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from tunesmith.api.auth import permit
from tunesmith.api.data_operations import OperationId, find_operation
from tunesmith.api.errors import ApiError
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import Wire, answer
from tunesmith.store import blob_references
from tunesmith.store.blobs import DamagedBlob
from tunesmith.store.operations import INDEX, ITEMS, State
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Data"])

_PLACE: Final = struct.Struct("<Q")


class OperationItemsWire(Wire):
    """A part of an operation's list, in its order; what an item holds depends on the kind."""

    object: Literal["list"] = "list"
    data: list[dict[str, Any]]
    total: int
    has_more: bool


@router.get("/v1/data/operations/{operation_id}/items", response_model=OperationItemsWire)
def list_data_operation_items(
    operation_id: OperationId, principal: Annotated[Principal, permit(Action.FILE_READ)], services: ServicesOf,
    offset: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    kind: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:  # fmt: skip
    """What it has found, where people decide what becomes of each: personal data, duplicates, drafts. With ``kind``, those of
    one kind of personal data."""
    with services.database.read() as connection:
        operation = find_operation(connection, principal, operation_id)
        refs = {ref.name: ref for ref in blob_references.of(connection, "operation", operation.id)}
    if operation.state is not State.SUCCEEDED:
        raise ApiError(409, "The operation has no list until it has succeeded.", code="operation_not_succeeded")
    total = operation.num_items
    if ITEMS not in refs or INDEX not in refs or offset >= total:
        return answer(OperationItemsWire(data=[], total=total, has_more=False))
    if kind is not None:
        data, total = _items_of_kind(services, refs[ITEMS].sha256, kind, offset, limit)
        return answer(OperationItemsWire(data=data, total=total, has_more=offset + len(data) < total))
    end = min(offset + limit, total)
    data = _items(services, refs[INDEX].sha256, refs[ITEMS].sha256, refs[ITEMS].num_bytes, offset, end, total)
    return answer(OperationItemsWire(data=data, total=total, has_more=end < total))


def _items(
    services: Services, index: str, items: str, num_bytes: int, start: int, end: int, total: int
) -> list[dict[str, Any]]:
    """Those from ``start`` up to, not including, ``end``."""
    blobs = services.blobs
    try:
        after = min(end + 1, total)
        places = b"".join(blobs.read(index, start * _PLACE.size, after * _PLACE.size))
        first, *_ = offsets = [place for (place,) in _PLACE.iter_unpack(places)]
        last = offsets[end - start] if end < total else num_bytes
        content = b"".join(blobs.read(items, first, last))
    except DamagedBlob as damage:
        raise _damaged_list(damage) from None
    return [msgspec.json.decode(line) for line in content.splitlines()]


class _Kind(msgspec.Struct):
    """All that is read of an item to choose it by."""

    kind: str = ""


def _items_of_kind(services: Services, items: str, kind: str, offset: int, limit: int) -> tuple[list[Any], int]:
    """Those asked for, and how many there are in the whole list."""
    found: list[Any] = []
    num_found = 0
    decoder = msgspec.json.Decoder(_Kind)
    for line in _lines(services, items):
        if decoder.decode(line).kind != kind:
            continue
        if offset <= num_found < offset + limit:
            found.append(msgspec.json.decode(line))
        num_found += 1
    return found, num_found


def _lines(services: Services, items: str) -> Iterator[bytes]:
    rest = b""
    try:
        for piece in services.blobs.read(items):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
    except DamagedBlob as damage:
        raise _damaged_list(damage) from None


def _damaged_list(damage: DamagedBlob) -> ApiError:
    message = f"The operation's list is damaged or lost: {damage.message}"
    return ApiError(500, message, headers={"x-should-retry": "false"})
