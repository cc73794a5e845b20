"""A cleaned file and its vault → a file with the originals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tunesmith.data.cleaning import object_rows, refuse_output
from tunesmith.data.personal.leaves import leaves, with_leaves
from tunesmith.data.personal.vault import Vault, automaton_of, restored
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, write_version


@dataclass(frozen=True, slots=True)
class Restored:
    """``ambiguous``: surrogates of the vault that stand for more than one value, which stay."""

    rows_read: int
    rows_changed: int
    ambiguous: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def restore_file(
    file: Path, out: Path, vault: Vault, *, overwrite: bool = False, progress: Callable[[int], None] | None = None
) -> Restored:
    refuse_output(file, out, overwrite=overwrite)
    originals = vault.certain()
    automaton = automaton_of(originals) if originals else None
    digest, num_read, num_changed = sha256(), 0, 0

    def read(content: bytes) -> None:
        digest.update(content)
        if progress:
            progress(len(content))

    with RowWriter(out) as writer:
        for row in object_rows(file, read):
            num_read += 1
            changed = {}
            for leaf in leaves(row.value):
                text = restored(leaf.text, originals, automaton) if automaton else leaf.text
                if text != leaf.text:
                    changed[leaf] = text
            num_changed += bool(changed)
            if changed or "\n" in row.text:
                writer.write(with_leaves(row.value, changed))
            else:
                writer.write_line(row.text.encode())
    counts = {"rows_read": num_read, "rows_changed": num_changed}
    parents = (Parent(file.name, digest.hexdigest()),)
    write_version(
        out, Version(writer.sha256, writer.num_rows, writer.num_bytes, parents, (Operation("restore", {}, counts),))
    )
    return Restored(num_read, num_changed, len(vault.entries) - len(originals))
