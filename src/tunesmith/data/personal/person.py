"""The rows that speak of one person: found, left out or redacted. Takes any number of files, so that whoever knows the
files of jobs and models can ask for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from tunesmith.data.cleaning import object_rows, refuse_output
from tunesmith.data.findings import Row
from tunesmith.data.personal.decisions import place_text
from tunesmith.data.personal.leaves import Leaf, leaves, with_leaves
from tunesmith.data.personal.variants import Variant, variants
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version

Erasure = Literal["drop", "redact"]
TAG = "[PERSON]"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row that speaks of the person: where in its file, in which texts, and in what forms."""

    file: str
    line: int
    places: tuple[str, ...]
    forms: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, "line": self.line, "places": list(self.places), "forms": list(self.forms)}


@dataclass(frozen=True, slots=True)
class Erased:
    rows_read: int
    rows_erased: int
    places: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        return {
            "rows_read": self.rows_read,
            "rows_erased": self.rows_erased,
            "places": self.places,
            "sha256": self.sha256,
        }


def find_person(said: Sequence[str], files: Iterable[Path]) -> Iterator[PersonRow]:
    """``said``: names, e-mail addresses, phone numbers of one person."""
    looked_for = variants(said)
    for file in files:
        for row in object_rows(file, lambda _: None):
            if matches := _matches(row.value, looked_for):
                forms = {how: None for _, spans in matches for _, _, how in spans}
                yield PersonRow(str(file), row.line, tuple(place_text(leaf) for leaf, _ in matches), tuple(forms))


def erase_person(
    said: Sequence[str], file: Path, out: Path, erasure: Erasure = "drop", *, overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Erased:  # fmt: skip
    """Writes ``out`` without the person's rows, or with the person's forms redacted in them. What the file's version then
    says of the erasure does not name the person."""
    refuse_output(file, out, overwrite=overwrite)
    looked_for, digest = variants(said), sha256()
    num_read = num_erased = num_places = 0

    def read(content: bytes) -> None:
        digest.update(content)
        if progress:
            progress(len(content))

    with RowWriter(out) as writer:
        for row in object_rows(file, read):
            num_read += 1
            matches = _matches(row.value, looked_for)
            num_places += sum(len(spans) for _, spans in matches)
            num_erased += bool(matches)
            if not matches and "\n" not in row.text:
                writer.write_line(row.text.encode())
            elif not matches or erasure == "redact":
                writer.write(with_leaves(row.value, {leaf: _without(leaf, spans) for leaf, spans in matches}))
    parent = read_version(file)
    counts = {"rows_read": num_read, "rows_erased": num_erased, "places": num_places}
    write_version(
        out,
        Version(
            writer.sha256, writer.num_rows, writer.num_bytes, (Parent(file.name, digest.hexdigest()),),
            (Operation("erase_person", {"erasure": erasure}, counts),),
            parent.licence if parent else None, parent.source if parent else None,
        ),
    )  # fmt: skip
    return Erased(num_read, num_erased, num_places, writer.sha256)


_Match = tuple[int, int, str]


def _matches(row: Row, looked_for: Sequence[Variant]) -> list[tuple[Leaf, list[_Match]]]:
    found = []
    for leaf in leaves(row):
        spans = [
            (match.start(), match.end(), variant.how) for variant in looked_for for match in variant.pattern.finditer(leaf.text)
        ]  # fmt: skip
        if spans:
            found.append((leaf, _merged(spans)))
    return found


def _merged(spans: list[_Match]) -> list[_Match]:
    """Overlapping ones as one."""
    merged: list[_Match] = []
    for start, end, how in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
        else:
            merged.append((start, end, how))
    return merged


def _without(leaf: Leaf, spans: Sequence[_Match]) -> str:
    changed, end = "", 0
    for start, stop, _ in spans:
        changed += leaf.text[end:start] + (TAG.strip("[]") if leaf.is_message_name else TAG)
        end = stop
    return changed + leaf.text[end:]
