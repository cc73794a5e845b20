"""The fast way for what most files hold: chat rows that are right as they stand are passed on byte for byte.

A line is plain where a typed reader takes it whole, its keys stand once each, and nothing in it asks for a closer look.
Whatever is not plain goes the long way, whose judgement is the one that counts.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

import msgspec


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, msgspec.Meta(min_length=1)]


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1)]
    metadata: dict[str, str] | None = None


_DECODER: Final = msgspec.json.Decoder(_Row)
_OPEN_NAME: Final = re.compile(rb"<[A-Z][A-Z_]{1,40}>")
_ESCAPE: Final = re.compile(rb"\\.")


def is_plain_chat(line: bytes) -> bool:
    """Whether the line may be written as it stands."""
    try:
        row = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return False
    if row.messages[-1].role != "assistant":
        return False
    num_objects, num_texts = 1 + len(row.messages), 1 + 4 * len(row.messages)
    if row.metadata is not None:
        num_objects, num_texts = num_objects + 1, num_texts + 1 + 2 * len(row.metadata)
    return _num_quotes(line) == 2 * num_texts and not _asks_for_a_look(line, num_objects)


def _num_quotes(line: bytes) -> int:
    """Those that begin or end a text. A key that stands twice adds to them, and the reader keeps only its last value."""
    return (_ESCAPE.sub(b"", line) if b'\\"' in line else line).count(b'"')


def _asks_for_a_look(line: bytes, num_objects: int) -> bool:
    """Names left open, null characters, and characters that were lost before. Looks for one byte first, for that is fast."""
    if line.count(b"{") > num_objects and b"{{" in line:
        return True
    if b"\xef" in line and b"\xef\xbf\xbd" in line:
        return True
    if b"\\" in line and (b"\\u0000" in line or b"\\ufffd" in line.lower()):
        return True
    return b"<" in line and _OPEN_NAME.search(line) is not None
