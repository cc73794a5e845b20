"""Templates over a table's row: a column's name alone, or text with names in braces.

``question`` gives its cell as it stands; ``{context}\n\n{question}`` gives both, without the blanks at the ends; a brace
that is meant is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec


def fill(template: str, cells: Mapping[str, Any]) -> str:
    """The text that a template gives for a row. A column's name alone gives its cell as it stands."""
    if template in cells:
        return text_of(cells[template])
    filled = _FIELD.sub(lambda match: _field(match, cells), template)
    return filled.strip()


def columns_in(template: str, columns: Sequence[str]) -> list[str]:
    """The columns that a template reads."""
    if template in columns:
        return [template]
    return [name for name in _PLACEHOLDER.findall(template.replace("{{", "").replace("}}", "")) if name]


def text_of(value: Any) -> str:
    """A cell as a person would write it; nothing for what is missing, JSON for what has parts."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, Mapping | list | tuple):
        return msgspec.json.encode(value).decode()
    return str(value)


def escaped(text: str) -> str:
    """Text that gives itself as a template."""
    return text.replace("{", "{{").replace("}", "}}")


_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_FIELD: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def _field(match: re.Match[str], cells: Mapping[str, Any]) -> str:
    return match[0][0] if match[1] is None else text_of(cells.get(match[1])).strip()
