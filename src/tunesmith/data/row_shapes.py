"""Which format a row has, told by its keys; chat and reinforcement rows also by who speaks last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from tunesmith.data.examples import FileFormat
from tunesmith.data.findings import Finding, Row, quoted

_SIGNATURES: Final[dict[FileFormat, frozenset[str]]] = {
    "chat": frozenset({"messages"}),
    "prompt_completion": frozenset({"prompt", "completion"}),
    "alpaca": frozenset({"instruction", "output"}),
    "preference": frozenset({"preferred_output", "non_preferred_output"}),
    "reinforcement": frozenset({"messages"}),
}
REINFORCEMENT_KEYS: Final = frozenset({"messages", "tools", "parallel_tool_calls", "metadata"})
"""Those that are not for a grader."""
_ROW_KEYS: Final[dict[FileFormat, frozenset[str]]] = {
    "chat": frozenset({"messages", "tools", "parallel_tool_calls", "metadata"}),
    "prompt_completion": frozenset({"prompt", "completion", "metadata"}),
    "alpaca": frozenset({"instruction", "input", "output", "system", "history", "metadata"}),
    "preference": frozenset({"input", "preferred_output", "non_preferred_output", "metadata"}),
}
CONVERT_HINT: Final = "convert it: tunesmith data convert FILE --out NEW.jsonl"
_FOREIGN: Final = (
    ({"chosen", "rejected"}, "preference"),
    ({"conversations"}, "ShareGPT"),
    ({"conversation"}, "ShareGPT"),
    ({"query", "response"}, "query/response"),
    ({"instruction", "response"}, "Dolly"),
    ({"question", "answer"}, "question/answer"),
    ({"text"}, "plain text"),
)


def detect_format(rows: Iterable[Row]) -> FileFormat | None:
    """The format that most of ``rows`` have (of several, the one that stands first in the list of formats), or None where
    no row has the keys of any."""
    shapes = Counter(shape for shape in map(shape_of, rows) if shape is not None)
    return max((name for name in _SIGNATURES if shapes[name]), key=shapes.__getitem__, default=None)


def shape_of(row: Row) -> FileFormat | None:
    if _waits_for_an_answer(row):
        return "reinforcement"
    return next((name for name, keys in _SIGNATURES.items() if keys <= row.keys()), None)


def _waits_for_an_answer(row: Row) -> bool:
    """Whether its messages end before the assistant's turn, and a grader finds keys of its own beside them."""
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages or row.keys() <= REINFORCEMENT_KEYS:
        return False
    last = messages[-1]
    return isinstance(last, dict) and last.get("role") in ("user", "developer", "system", "tool")


def foreign_shape(row: Row, expected: FileFormat) -> FileFormat | None:
    """The format whose keys the row has, where it has not those of the one expected."""
    return None if _SIGNATURES[expected] <= row.keys() else shape_of(row)


def other_shape(row: Row, expected: FileFormat) -> Finding | None:
    """What is wrong with a row that has the keys of another format, and not those of the one expected."""
    if (found := foreign_shape(row, expected)) is None:
        return None
    message = f"a {found} row in a {expected} file: it has {quoted(row)}"
    return Finding("mixed_formats", message, "keep one format in a file: move these rows to a file of their own")


def describe_unknown(row: Row) -> Finding:
    """Which keys were found in a row of no known format, and which were looked for."""
    name = next((name for keys, name in _FOREIGN if keys <= row.keys()), None)
    looks, hint = (f", as in {name} data", CONVERT_HINT) if name else ("", _FORMATS_HINT)
    return Finding(
        "unknown_format", f"the format is not recognized: the row has {quoted(row) or 'no keys'}{looks}", hint
    )


_FORMATS_HINT: Final = (
    "use rows with messages (chat), with prompt and completion, with instruction and output (Alpaca), or with input,"
    " preferred_output and non_preferred_output (preference); of most others they are made by: tunesmith data convert"
)


def unrecognized_row_keys(row: Row, format: FileFormat) -> list[str]:
    """Keys of the row that its format does not know: they are ignored, which the user should hear. A grader may read any."""
    known = _ROW_KEYS.get(format)
    return [] if known is None or row.keys() <= known else [key for key in row if key not in known]
