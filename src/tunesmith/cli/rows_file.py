"""A JSON array of rows as JSON lines, which is how the fine-tuning API takes them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tunesmith.core.errors import UserError

_BOM = b"\xef\xbb\xbf"


@contextmanager
def as_lines(path: Path) -> Iterator[tuple[Path, str]]:
    """The file to send, and its name there: itself, unless it holds an array. What is no JSON is sent as it is."""
    try:
        with path.open("rb") as file:
            is_array = file.read(4096).removeprefix(_BOM).lstrip().startswith(b"[")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "check its name and its permissions") from None
    name = path.name if path.name.endswith(".jsonl") else f"{path.stem}.jsonl"
    lines = _lines(path.read_bytes()) if is_array else None
    if lines is None:
        yield path, name
        return
    with tempfile.NamedTemporaryFile(prefix="tunesmith-", suffix=".jsonl") as copy:
        copy.writelines(lines)
        copy.flush()
        yield Path(copy.name), name


def _lines(content: bytes) -> Iterator[bytes] | None:
    """Each element on a line, otherwise as it was: a line feed in JSON is never part of a text."""
    try:
        elements = msgspec.json.decode(content.removeprefix(_BOM), type=list[msgspec.Raw])
    except (ValueError, RecursionError):
        return None
    return (bytes(element).replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" for element in elements)
