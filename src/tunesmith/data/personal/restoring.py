"""A cleaned file and its vault → a file with the originals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tunesmith.data.cleaning import encoded_row, object_rows, refuse_output
from tunesmith.data.findings import Row
from tunesmith.data.personal.leaves import leaves, with_leaves
from tunesmith.data.personal.vault import TextEdits, Vault, automaton_of, restored
from tunesmith.data.row_texts import texts, with_texts
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, write_version


@dataclass(frozen=True, slots=True)
class Restored:
    """``unknown``: rows that the vault does not know as they are now, in which only what each surrogate stands for was put
    back. ``doubtful``: rows that different originals were cleaned to; they stayed. ``ambiguous``: surrogates that stand for more
    than one value; they stayed in unknown rows."""

    rows_read: int
    rows_changed: int
    unknown: int
    doubtful: int
    ambiguous: int

    @property
    def is_exact(self) -> bool:
        """Whether every row says again, to the letter, what it said."""
        return not self.unknown and not self.doubtful

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"is_exact": self.is_exact}


def restore_file(
    file: Path, out: Path, vault: Vault, *, overwrite: bool = False, progress: Callable[[int], None] | None = None
) -> Restored:
    refuse_output(file, out, overwrite=overwrite)
    way_back = _WayBack(vault)
    digest, num_read, num_changed = sha256(), 0, 0

    def read(content: bytes) -> None:
        digest.update(content)
        if progress:
            progress(len(content))

    with RowWriter(out) as writer:
        for row in object_rows(file, read):
            num_read += 1
            restored_row = way_back.of(row.value)
            num_changed += restored_row is not row.value
            if restored_row is not row.value or "\n" in row.text:
                writer.write_line(encoded_row(restored_row))
            else:
                writer.write_line(row.text.encode())
    counts = {
        "rows_read": num_read,
        "rows_changed": num_changed,
        "rows_unknown": way_back.unknown,
        "rows_doubtful": way_back.doubtful,
    }
    parents = (Parent(file.name, digest.hexdigest()),)
    write_version(
        out, Version(writer.sha256, writer.num_rows, writer.num_bytes, parents, (Operation("restore", {}, counts),))
    )
    ambiguous = sum(len(originals) > 1 for _, originals in vault.entries.values())
    return Restored(num_read, num_changed, way_back.unknown, way_back.doubtful, ambiguous)


class _WayBack:
    """Row by row, with a count of those that it cannot know for sure."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._originals = vault.certain()
        self._automaton = automaton_of(self._originals) if self._originals else None
        self.unknown = self.doubtful = 0

    def of(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row itself where nothing is to be put back."""
        ways = self._vault.ways_back(row)
        if len(ways) == 1:
            return _edited(row, ways[0]) if ways[0] else row
        if ways:
            self.doubtful += 1
            return row
        return self._by_surrogates(row)

    def _by_surrogates(self, row: dict[str, Any]) -> dict[str, Any]:
        self.unknown += 1
        changed = {}
        for leaf in leaves(row) if self._automaton else ():
            text = restored(leaf.text, self._originals, self._automaton)
            if text != leaf.text:
                changed[leaf] = text
        return with_leaves(row, changed) if changed else row


def _edited(row: Row, edits: list[TextEdits]) -> dict[str, Any]:
    now = dict(texts(row))
    return with_texts(row, {path: _with_edits(now[path], of_text) for path, of_text in edits})


def _with_edits(text: str, edits: list[tuple[int, int, str]]) -> str:
    changed, end = "", 0
    for start, stop, original in edits:
        changed += text[end:start] + original
        end = stop
    return changed + text[end:]
