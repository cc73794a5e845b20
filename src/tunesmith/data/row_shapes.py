"""Which format a row has, told by its keys alone."""

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
}
_ROW_KEYS: Final[dict[FileFormat, frozenset[str]]] = {
    "chat": frozenset({"messages", "tools", "parallel_tool_calls"}),
    "prompt_completion": frozenset({"prompt", "completion"}),
    "alpaca": frozenset({"instruction", "input", "output", "system", "history"}),
}
_SHAREGPT_HINT: Final = (
    "convert it to chat rows: name the list messages, from role (human → user, gpt → assistant), and value content"
)
_FOREIGN: Final = (
    ({"chosen", "rejected"}, "preference", "supervised training takes one answer: write the chosen one as chat rows"),
    ({"conversations"}, "ShareGPT", _SHAREGPT_HINT),
    ({"conversation"}, "ShareGPT", _SHAREGPT_HINT),
    ({"query", "response"}, "query/response", "rename query to instruction and response to output"),
    ({"instruction", "response"}, "Dolly", "rename response to output, and context to input"),
    ({"question", "answer"}, "question/answer", "rename question to instruction and answer to output"),
    ({"text"}, "plain text", 'write {"prompt": "", "completion": "…"} to train on whole texts'),
)


def detect_format(rows: Iterable[Row]) -> FileFormat | None:
    """The format that most of ``rows`` have, or None where no row has the keys of any."""
    shapes = Counter(shape for shape in map(shape_of, rows) if shape is not None)
    return shapes.most_common(1)[0][0] if shapes else None


def shape_of(row: Row) -> FileFormat | None:
    return next((name for name, keys in _SIGNATURES.items() if keys <= row.keys()), None)


def has_shape(row: Row, format: FileFormat) -> bool:
    return _SIGNATURES[format] <= row.keys()


def describe_unknown(row: Row) -> Finding:
    """Which keys were found in a row of no known format, and which were looked for."""
    _, name, hint = next((known for known in _FOREIGN if known[0] <= row.keys()), (None, None, _FORMATS_HINT))
    looks = f", as in {name} data" if name else ""
    return Finding(
        "unknown_format", f"the format is not recognized: the row has {quoted(row) or 'no keys'}{looks}", hint
    )


_FORMATS_HINT: Final = (
    "use rows with messages (chat), with prompt and completion, or with instruction and output (Alpaca)"
)


def unrecognized_row_keys(row: Row, format: FileFormat) -> list[str]:
    """Keys of the row that its format does not know: they are ignored, which the user should hear."""
    return [] if row.keys() <= _ROW_KEYS[format] else [key for key in row if key not in _ROW_KEYS[format]]
