"""The texts of a row: all that people or models wrote in it, each with its path; and the row with some of them changed.

Takes a row of any shape as JSON has it. What only holds it together (roles, types, ids) is no text; tool arguments are
one text each, the JSON as it stands; ``metadata`` holds texts too, for names stand there as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tunesmith.data.findings import Row, RowPath

_HOLDS_TOGETHER: Final = frozenset({"role", "type", "id", "tool_call_id"})
_ANSWER_KEYS: Final = frozenset({"completion", "output", "preferred_output", "non_preferred_output"})


def texts(row: Row) -> Iterator[tuple[RowPath, str]]:
    """Every text of the row, in its order."""
    return _texts(row, ())


def answers(row: Row) -> Iterator[tuple[RowPath, str]]:
    """Those that are an answer: the assistant's messages, completions, outputs."""
    for path, text in texts(row):
        if path[0] in _ANSWER_KEYS or (path[0] == "messages" and _role(row, path) == "assistant"):
            yield path, text


def with_texts(row: Row, changed: Mapping[RowPath, str]) -> dict[str, Any]:
    """A copy of the row in which the texts at these paths read otherwise."""
    copy: dict[str, Any] = _copied(row)
    for path, text in changed.items():
        parent: Any = copy
        for part in path[:-1]:
            parent = parent[part]
        parent[path[-1]] = text
    return copy


def _texts(value: Any, path: RowPath) -> Iterator[tuple[RowPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        is_part = "role" in value or "type" in value
        for key, item in value.items():
            if not (is_part and key in _HOLDS_TOGETHER and isinstance(item, str)) and key != "tool_call_id":
                yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


def _role(row: Row, path: RowPath) -> Any:
    message = row["messages"][path[1]] if len(path) > 1 else None
    return message.get("role") if isinstance(message, dict) else None


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
