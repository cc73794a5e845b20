"""Which examples say what an earlier one says: a key of 64 bits and a place are kept of each, in arrays, not objects."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import Final

_AT_ONCE: Final = 500_000
Place = tuple[int, int, int]
"""Line, column and byte column."""


class SaidBefore:
    def __init__(
        self, keys: array[int] | None = None, starts: array[int] | None = None, lines: array[int] | None = None
    ) -> None:
        """From the arrays of another one, whose examples all begin their lines."""
        self.keys = array("q") if keys is None else keys
        # Where lines follow each other, the first of them is noted: the index of its key, and its number.
        self.starts = array("Q") if starts is None else starts
        self.lines = array("Q") if lines is None else lines
        self._columns: dict[int, tuple[int, int]] | tuple[array[int], array[int]] = {}

    def add_lines(self, keys: list[int] | array[int], first_line: int) -> None:
        """Examples that begin their lines, which follow each other."""
        if keys:
            self._begin(first_line)
            self.keys.extend(keys)

    def add(self, key: int, line: int, column: int, byte_column: int) -> None:
        if (column, byte_column) != (1, 1):
            self._note(len(self.keys), column, byte_column)
        self._begin(line)
        self.keys.append(key)

    def add_those_of(self, other: SaidBefore, start: int, end: int, num_lines_before: int) -> None:
        """Its examples from one index up to, not including, another."""
        run = bisect_right(other.starts, start) - 1
        while start < end:
            stop = min(other.starts[run + 1] if run + 1 < len(other.starts) else end, end)
            self.add_lines(other.keys[start:stop], num_lines_before + other.lines[run] + start - other.starts[run])
            start, run = stop, run + 1

    def _begin(self, line: int) -> None:
        index = len(self.keys)
        if not self.lines or self.lines[-1] + index - self.starts[-1] != line:
            self.starts.append(index)
            self.lines.append(line)

    def _line(self, index: int) -> int:
        run = bisect_right(self.starts, index) - 1
        return self.lines[run] + index - self.starts[run]

    def repetitions(self) -> Iterator[tuple[int, Place]]:
        """The line of the first that said it, and the place of the one that says it again; in the file's order."""
        again = repeated(self.keys)
        if not again:
            return
        first: dict[int, int] = {}
        for index, key in enumerate(self.keys):
            if key in again:
                line = self._line(index)
                if key in first:
                    yield first[key], (line, *self._column(index))
                else:
                    first[key] = line

    def _note(self, index: int, column: int, byte_column: int) -> None:
        """The columns of a few are noted one by one; those of an array's elements for all."""
        if isinstance(self._columns, dict) and len(self._columns) < 2:
            self._columns[index] = (column, byte_column)
            return
        if isinstance(self._columns, dict):
            noted = self._columns
            self._columns = (array("Q"), array("Q"))
            for at, (each, its_bytes) in noted.items():
                self._note(at, each, its_bytes)
        for columns, value in zip(self._columns, (column, byte_column), strict=True):
            columns.extend([1] * (index - len(columns)))
            columns.append(value)

    def _column(self, index: int) -> tuple[int, int]:
        if isinstance(self._columns, dict):
            return self._columns.get(index, (1, 1))
        columns, byte_columns = self._columns
        return (columns[index], byte_columns[index]) if index < len(columns) else (1, 1)


def repeated(keys: array[int]) -> set[int]:
    """Those that stand more than once; looked for in parts, so that a set of all keys is never held."""
    num_parts = len(keys) // _AT_ONCE + 1
    found: set[int] = set()
    for part in range(num_parts):
        chosen = keys if num_parts == 1 else [key for key in keys if key % num_parts == part]
        if len(set(chosen)) < len(chosen):
            found.update(key for key, count in Counter(chosen).items() if count > 1)
    return found
