"""The rows that speak of one person: found, left out or redacted. Takes any number of files, so that whoever knows the
files of jobs and models can ask for all of them at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from tunesmith.data.cleaning import encoded_row, object_rows, refuse_output
from tunesmith.data.findings import Row
from tunesmith.data.personal.decisions import place_text
from tunesmith.data.personal.folding import folded, places_before
from tunesmith.data.personal.leaves import Leaf, leaves, with_leaves
from tunesmith.data.personal.variants import Variant, parts, variants
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version

Erasure = Literal["drop", "redact"]
TAG = "[PERSON]"
_MOST_LINES = 50


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
    """``rows_with_a_part``: rows that stayed as they are though a given or a family name of the person stands in them alone;
    ``lines_with_a_part``: where in the file, the first fifty."""

    rows_read: int
    rows_erased: int
    places: int
    sha256: str
    rows_with_a_part: int = 0
    lines_with_a_part: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "rows_read": self.rows_read,
            "rows_erased": self.rows_erased,
            "places": self.places,
            "sha256": self.sha256,
            "rows_with_a_part": self.rows_with_a_part,
            "lines_with_a_part": list(self.lines_with_a_part),
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
    """Writes ``out`` without the person's rows, or with the person's forms redacted in them: in a row that speaks of the
    person, a given or a family name alone is the person's too. What the file's version then says of the erasure does not name
    the person."""
    refuse_output(file, out, overwrite=overwrite)
    looked_for, of_names, digest = variants(said), parts(said), sha256()
    num_read = num_erased = num_places = num_with_a_part = 0
    lines_with_a_part: list[int] = []

    def read(content: bytes) -> None:
        digest.update(content)
        if progress:
            progress(len(content))

    with RowWriter(out) as writer:
        for row in object_rows(file, read):
            num_read += 1
            matches = _matches(row.value, looked_for)
            if matches:
                matches = _matches(row.value, (*looked_for, *of_names))
            elif of_names and _matches(row.value, of_names):
                num_with_a_part += 1
                lines_with_a_part += [row.line] if len(lines_with_a_part) < _MOST_LINES else []
            num_places += sum(len(spans) for _, spans in matches)
            num_erased += bool(matches)
            if not matches and "\n" not in row.text:
                writer.write_line(row.text.encode())
            elif not matches or erasure == "redact":
                without = with_leaves(row.value, {leaf: _without(leaf, spans) for leaf, spans in matches})
                writer.write_line(encoded_row(without))
    parent = read_version(file)
    counts = {
        "rows_read": num_read,
        "rows_erased": num_erased,
        "places": num_places,
        "rows_with_a_part": num_with_a_part,
    }
    write_version(
        out,
        Version(
            writer.sha256, writer.num_rows, writer.num_bytes, (Parent(file.name, digest.hexdigest()),),
            (Operation("erase_person", {"erasure": erasure}, counts),),
            parent.licence if parent else None, parent.source if parent else None,
        ),
    )  # fmt: skip
    return Erased(num_read, num_erased, num_places, writer.sha256, num_with_a_part, tuple(lines_with_a_part))


_Match = tuple[int, int, str]


def _matches(row: Row, looked_for: Sequence[Variant]) -> list[tuple[Leaf, list[_Match]]]:
    found = []
    for leaf in leaves(row):
        text = folded(leaf.text)
        spans = [
            (match.start(), match.end(), variant.how) for variant in looked_for for match in variant.pattern.finditer(text)
        ]  # fmt: skip
        if spans and text is not leaf.text:
            spans = _unfolded(spans, places_before(leaf.text))
        if spans:
            found.append((leaf, _merged(spans)))
    return found


def _unfolded(spans: Sequence[_Match], before: Sequence[int]) -> list[_Match]:
    """Places in the folded text → those in the text, marks behind the last letter with it."""
    return [
        (bisect_right(before, start) - 1, max(bisect_left(before, end), bisect_right(before, end) - 1), how)
        for start, end, how in spans
    ]


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
