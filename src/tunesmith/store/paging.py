"""One page of a list, and its cursor: ``after`` is an item's id, order is the order of creation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Select, Table

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: Sequence[Item]
    has_more: bool


class UnknownCursor(LookupError):
    """``after`` names nothing that the caller can see."""


def fetch_page(
    connection: Connection, query: Select[Any], table: Table, *, after: str | None, limit: int, newest_first: bool,
    cursors: Select[Any] | None = None, values: Mapping[str, Any] | None = None,
    place_of_deleted: Callable[[str], int | None] = lambda _: None,
) -> Page[Any]:  # fmt: skip
    """Rows of ``query`` (which is scoped already) behind ``after``; raises UnknownCursor.

    The cursor must be a row that ``cursors`` could give (the query itself, unless given), so a stranger's id tells
    nothing. A client may delete as it pages: where rows stay behind after deletion, ``cursors`` has those too, and
    where none does, ``place_of_deleted`` tells what its ``seq`` was.
    ``values`` are those of the queries' bound parameters.
    """
    if after is not None:
        if "\0" in after:  # PostgreSQL takes no such text, not even to compare with
            raise UnknownCursor(after)
        rows = query if cursors is None else cursors
        cursor = rows.with_only_columns(table.c.seq).where(table.c.id == after)
        place = connection.execute(cursor, values or {}).scalar_one_or_none()
        if place is None:
            place = place_of_deleted(after)
        if place is None:
            raise UnknownCursor(after)
        query = query.where(table.c.seq < place if newest_first else table.c.seq > place)
    order = table.c.seq.desc() if newest_first else table.c.seq.asc()
    found = connection.execute(query.order_by(order).limit(limit + 1), values or {}).all()
    return Page(found[:limit], len(found) > limit)
