"""Cells of JSON text: a spreadsheet has no other way to hold a conversation in one cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

_NESTED_COLUMNS: Final = frozenset(
    (
        *("messages", "conversations", "conversation", "history", "tools"),
        *("preferred_output", "non_preferred_output", "metadata"),
    )
)


def nested_columns(columns: Iterable[str]) -> list[str]:
    """Those whose names say that lists or objects are in them, never plain text."""
    return [column for column in columns if column in _NESTED_COLUMNS]


def open_cells(cells: dict[str, Any], nested: Iterable[str]) -> dict[str, Any]:
    """The row with its JSON texts in these columns as what they hold; empty ones are no key at all."""
    for column in nested:
        text = cells.get(column)
        if isinstance(text, str):
            if text.strip():
                cells[column] = decode_json(text)
            else:
                del cells[column]
    return cells


def decode_json(text: str) -> Any:
    """The list or object that the text holds; the text itself where it holds none."""
    if text.lstrip()[:1] not in ("[", "{"):
        return text
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text
