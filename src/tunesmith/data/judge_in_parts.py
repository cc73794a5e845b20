"""A large file's lines, judged in several processes at once, with the findings that one process has.

Children judge parts of the file, each row by itself. Rows of which anything is to be said, and those that only make
sense beside their neighbours, they leave to the one ``Judge``, which takes the parts in the file's order. Texts are
hashed alike in a forked child, so that rows of two parts that say the same have the same key.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tunesmith.data.encoding import BadBytes
from tunesmith.data.examples import FileFormat
from tunesmith.data.file_parts import in_parts
from tunesmith.data.file_rows import LineBatch
from tunesmith.data.findings import Finding
from tunesmith.data.judge import Judge, judge_row
from tunesmith.data.row_shapes import foreign_shape
from tunesmith.data.said_before import Place, SaidBefore
from tunesmith.data.statistics import Counts, Tally

_PART_BYTES: Final = 4 << 20
LEAST_BYTES: Final = 16 << 20
"""Of a file that is worth several processes."""


def judge_in_parts(path: Path, judge: Judge, update: Callable[[bytes], None] | None, processes: int) -> None:
    """``judge``, which knows the format, is given all lines; ``update`` all bytes in order."""

    def work(batches: Iterator[LineBatch]) -> bytes:
        apart = _PartJudge(judge.format, judge.control_tokens, is_counted=judge.tally is not None)
        for batch in batches:
            apart.lines(batch)
            apart.num_lines += len(batch.lines)
        return msgspec.msgpack.encode(apart.part())

    bad_bytes, first_line = BadBytes(path), 1
    for answer in in_parts(path, work, processes, _PART_BYTES, update):
        part = msgspec.msgpack.decode(answer, type=_Part)
        _take(judge, part, first_line, bad_bytes)
        first_line += part.num_lines


class _Left(msgspec.Struct, array_like=True, frozen=True):
    """A line left to be judged with the others; before it, in its part, so many rows and so many examples."""

    line: int
    content: bytes
    bom_bytes: int
    num_rows: int
    num_examples: int


class _Part(msgspec.Struct, array_like=True, frozen=True):
    """What was found in a part of a file; its lines are numbered from 1 on. The arrays are those of SaidBefore."""

    num_lines: int
    num_rows: int
    said: tuple[bytes, bytes, bytes]
    ignored_keys: dict[str, int]
    first_ignored: dict[str, Place]
    counts: Counts | None
    left: list[_Left]


class _PartJudge(Judge):
    def __init__(self, format: FileFormat | None, control_tokens: Collection[str], *, is_counted: bool) -> None:
        super().__init__(format, control_tokens, _Anything(), None, Tally() if is_counted else None)
        self.num_lines = 0
        self._left: list[_Left] = []

    def line(self, number: int, line: bytes, batch: LineBatch) -> None:
        if (row := batch.row(number, line)) is None:
            return
        found = _Anything()
        example = judge_row(row, self.format, self.pattern, found)
        is_foreign = self.format is None or (isinstance(row.value, dict) and foreign_shape(row.value, self.format))
        if example is None or self.format is None or is_foreign or found.is_any or row.byte_column > 1:
            bom_bytes = batch.bom_bytes if number == 1 else 0
            self._left.append(_Left(number, line, bom_bytes, self.num_rows, len(self.said.keys)))
        else:
            self.use(example, row, self.format)
        self.num_rows += 1

    def part(self) -> _Part:
        said, ignored = self.said, self.ignored_keys
        return _Part(
            self.num_lines, self.num_rows, (said.keys.tobytes(), said.starts.tobytes(), said.lines.tobytes()),
            dict(ignored.num_rows), ignored.first, None if self.tally is None else self.tally.counts(), self._left,
        )  # fmt: skip


def _take(judge: Judge, part: _Part, first_line: int, bad_bytes: BadBytes) -> None:
    """In the file's order: rows of the part, and between them those that it left."""
    num_rows_before, num_taken = judge.num_rows, 0
    said = SaidBefore(*(_array(code, content) for code, content in zip("qQQ", part.said, strict=True)))
    for left in part.left:
        judge.said.add_those_of(said, num_taken, left.num_examples, first_line - 1)
        num_taken, judge.num_rows = left.num_examples, num_rows_before + left.num_rows
        number = first_line + left.line - 1
        judge.line(number, left.content, LineBatch(number, [left.content], left.bom_bytes, bad_bytes))
    judge.said.add_those_of(said, num_taken, len(said.keys), first_line - 1)
    judge.num_rows = num_rows_before + part.num_rows
    first = {key: (line + first_line - 1, column, at) for key, (line, column, at) in part.first_ignored.items()}
    judge.ignored_keys.add(part.ignored_keys, first)
    if judge.tally is not None and part.counts is not None:
        judge.tally.add_counts(part.counts)


def _array(code: str, content: bytes) -> array[int]:
    numbers: array[int] = array(code)
    numbers.frombytes(content)
    return numbers


@dataclass(slots=True)
class _Anything:
    """Findings of which only is asked whether there are any."""

    is_any: bool = False
    has_errors: bool = False

    def wants(self, finding: Finding) -> bool:
        return False

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None:
        self.is_any = True

    def note(self, finding: Finding, line: int | None) -> None:
        self.is_any = True
