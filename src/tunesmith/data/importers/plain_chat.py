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
_CLOSER_LOOK: Final = re.compile(rb"\{\{|\xef\xbf\xbd|\\ufffd|\\uFFFD|<[A-Z_]{2,40}>|<(?:img|audio|video)>")


def is_plain_chat(line: bytes) -> bool:
    """Whether the line may be written as it stands."""
    try:
        row = _DECODER.decode(line)
    except (ValueError, RecursionError):
        return False
    messages, metadata = row.messages, row.metadata
    if messages[-1].role != "assistant":
        return False
    num_keys = 1 + 2 * len(messages)
    num_escaped = line.count(b'\\":')
    if metadata is not None:
        num_keys += 1 + len(metadata)
        if num_escaped:
            return False
    if line.count(b'":') - num_escaped != num_keys or b" :" in line or b"\t:" in line or b"\r:" in line:
        return False
    return _CLOSER_LOOK.search(line) is None
