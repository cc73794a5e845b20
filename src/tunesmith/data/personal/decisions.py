"""What a person accepted and rejected of the findings, in a small JSON file:

{"format": 1, "decisions": [{"id": "6f…", "decision": "reject"}, {"value": "Falcon", "kind": "name", "decision": "accept"}]}

By id a decision is about the place of one row that was found, and with it about that value wherever it stands in that row; by
value about every row. What is rejected stays in the data. A value that is accepted is taken out wherever it stands, found or not. What nobody decided is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.data.findings import path_text
from tunesmith.data.personal.leaves import Leaf
from tunesmith.data.personal.spans import Span, without_overlaps

Decision = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True)
class Decisions:
    by_id: dict[str, Decision] = field(default_factory=dict)
    by_value: dict[str, Decision] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """Of the values."""

    @property
    def added(self) -> dict[str, str]:
        """value → kind of what is to be taken out, found or not."""
        return {value: self.kinds.get(value, "name") for value, said in self.by_value.items() if said == "accept"}

    def spares(self, row_id: str, leaf: Leaf, span: Span) -> bool:
        said = self.by_id.get(finding_id(row_id, leaf, span)) or self.by_value.get(leaf.text[span.start : span.end])
        return said == "reject"


def row_id(line: int, text: str) -> str:
    """Of a row of a file: files are never changed, so that it stays the same."""
    return blake2b(f"{line}\0{text}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def finding_id(row: str, leaf: Leaf, span: Span) -> str:
    where = f"{row}\0{place_text(leaf)}\0{span.start}\0{span.end}\0{span.kind}"
    return blake2b(where.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def place_text(leaf: Leaf) -> str:
    """``messages[1].tool_calls[0].function.arguments → to.city`` inside the JSON of a text."""
    outer = path_text(leaf.path) or ""
    return f"{outer} → {path_text(leaf.inside)}" if leaf.inside else outer


def with_added(text: str, spans: Sequence[Span], added: dict[str, str]) -> list[Span]:
    """The spans, and every place of the values that a person named."""
    more = [span for value, kind in added.items() for span in _places(text, value, kind)]
    return without_overlaps([*spans, *more]) if more else list(spans)


def _places(text: str, value: str, kind: str) -> Iterator[Span]:
    if value and value in text:
        for found in re.finditer(re.escape(value), text):
            yield Span(kind, found.start(), found.end(), "decision", 1.0)


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    decision: Decision
    id: str | None = None
    value: str | None = None
    kind: str | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    decisions: list[_Entry]
    format: Literal[1] = 1


def read_decisions(path: Path) -> Decisions:
    """Raises UserError where the file cannot be read as one."""
    try:
        return decisions_from(msgspec.json.decode(path.read_bytes(), type=_File).decisions)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "check the path") from None
    except msgspec.DecodeError as error:
        raise UserError(
            f"{path} is no file of decisions: {error}.",
            'write {"format": 1, "decisions": [{"id": "…", "decision": "reject"}]}; ids are those of --list --json',
        ) from None


def decisions_from(entries: Sequence[Any]) -> Decisions:
    """From entries that have ``decision`` and ``id`` or ``value``."""
    decisions = Decisions()
    for number, entry in enumerate(entries, start=1):
        if entry.id:
            decisions.by_id[entry.id] = entry.decision
        elif entry.value:
            decisions.by_value[entry.value] = entry.decision
            if entry.kind:
                decisions.kinds[entry.value] = entry.kind
        else:
            raise UserError(f"Decision {number} names neither an id nor a value.", "give one of them")
    return decisions
