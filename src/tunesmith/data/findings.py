"""What is found wrong in a row, and how a message spells the row's keys and values.

A finding only knows its path inside the row; where the row stands in its file is `validate`'s affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tunesmith.core.errors import Severity

Row = Mapping[str, Any]
RowPath = tuple[str | int, ...]

_LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a row. ``at_key`` points at the key of ``path`` instead of at its value; what is
    ``is_counted_only`` stands for another finding that says it for many rows."""

    rule: str
    message: str
    hint: str
    path: RowPath = ()
    severity: Severity = "error"
    at_key: bool = False
    is_counted_only: bool = False


def path_text(path: RowPath) -> str | None:
    """``("messages", 1, "content")`` → ``messages[1].content``."""
    text = ""
    for part in path:
        name = f"[{part}]" if isinstance(part, int) else _key_text(part)
        text += name if isinstance(part, int) or not text else f".{name}"
    return text or None


def _key_text(key: str) -> str:
    """As it is; a long one, or one with what cannot be printed (no database keeps a zero byte), as ``shorten`` has it."""
    return key if len(key) <= _LONGEST_KEY and key.isprintable() else shorten(key, _LONGEST_KEY)


def quoted(names: Iterable[str], most: int = 8) -> str:
    """Names as a list for a message, the long tail left out."""
    shown = [shorten(name) for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def shorten(value: object, most: int = 60) -> str:
    """A value as it would stand in JSON, cut for a message."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"
