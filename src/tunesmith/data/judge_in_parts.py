"""A large file's lines, judged in several processes at once, with the findings that one process has.

Children judge parts of the file, each row by itself. Rows of which anything is to be said, and those that only make
sense beside their neighbours, they leave to the one ``Judge``, which takes the parts in the file's order. Texts are
hashed alike in a forked child, so that rows of two parts that say the same have the same key.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tunesmith.data.clean_lines import CleanRow
from tunesmith.data.encoding import BadBytes
from tunesmith.data.examples import AnyExample
from tunesmith.data.file_parts import in_parts
from tunesmith.data.file_rows import LineBatch
from tunesmith.data.findings import Finding
from tunesmith.data.judge import Judge, Measures, judge_row
from tunesmith.data.row_shapes import foreign_shape
from tunesmith.data.said_before import Place, SaidBefore
from tunesmith.data.statistics import Counts, Tally

_PART_BYTES: Final = 16 << 20
_MEASURED_PART_BYTES: Final = 4 << 20
_FEW_LEFT: Final = 100
LEAST_BYTES: Final = 16 << 20
"""Of a file that is worth several processes."""
LEAST_MEASURED_BYTES: Final = 4 << 20
"""The same where its rows are measured."""


def judge_in_parts(
    path: Path, judge: Judge, update: Callable[[bytes], None] | None, processes: int, measures: Measures | None = None
) -> None:
    """``judge``, which knows the format, is given all lines; ``update`` all bytes in order. Whether examples fit is asked
    of ``measures`` in the children; those that do not are judged, and kept, here."""

    def work(batches: Iterator[LineBatch]) -> bytes:
        apart = _PartJudge(judge, measures)
        for batch in batches:
            apart.lines(batch)
            apart.num_lines += len(batch.lines)
        return msgspec.msgpack.encode(apart.part())

    bad_bytes, first_line = BadBytes(path), 1
    part_bytes = _PART_BYTES if measures is None else _MEASURED_PART_BYTES
    for answer in in_parts(path, work, processes, part_bytes, update):
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
    def __init__(self, judge: Judge, measures: Measures | None) -> None:
        tally = None if judge.tally is None else Tally()
        super().__init__(judge.format, judge.control_tokens, _Anything(), None, tally)
        self.num_lines = 0
        self._measures = measures
        self._left: list[_Left] = []

    def clean(self, rows: list[CleanRow], first_line: int, batch: LineBatch) -> None:
        if self._measures is None:
            super().clean(rows, first_line, batch)
            return
        start = 0
        for index, row in enumerate(rows):
            number = first_line + index
            if not self._fits(row.example(number)):
                super().clean(rows[start:index], first_line + start, batch)
                self._leave(number, batch.lines[number - batch.first_line], batch)
                start = index + 1
        super().clean(rows[start:], first_line + start, batch)

    def line(self, number: int, line: bytes, batch: LineBatch) -> None:
        if len(self._left) > _FEW_LEFT and 2 * len(self._left) > self.num_rows:  # most rows are judged anew anyway
            if line and not line.isspace():
                self._leave(number, line, batch)
            return
        if (row := batch.row(number, line)) is None:
            return
        found, format = _Anything(), self.format
        example = judge_row(row, format, self.pattern, found)
        if (
            example is None or format is None or found.is_any or row.byte_column > 1
            or foreign_shape(row.value, format) or not self._fits(example)
        ):  # fmt: skip
            self._leave(number, line, batch)
        else:
            self.use(example, row, format)
            self.num_rows += 1

    def _fits(self, example: AnyExample) -> bool:
        if self._measures is None:
            return True
        fitting = self._measures.fits(example)
        if fitting is not None and fitting[0] and self.tally is not None:
            self.tally.add_lengths(*fitting)
        return fitting is not None

    def _leave(self, number: int, line: bytes, batch: LineBatch) -> None:
        bom_bytes = batch.bom_bytes if number == 1 else 0
        self._left.append(_Left(number, line, bom_bytes, self.num_rows, len(self.said.keys)))
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
