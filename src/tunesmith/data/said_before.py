"""Which examples say what an earlier one says: a key of 64 bits and a place are kept of each, in arrays, not objects."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

_AT_ONCE: Final = 500_000
Place = tuple[int, int, int]
"""Line, column and byte column."""


class SaidBefore:
    def __init__(self) -> None:
        self._keys = array("q")
        self._lines = array("Q")
        self._columns: dict[int, tuple[int, int]] | tuple[array[int], array[int]] = {}

    def add_lines(self, keys: Sequence[int], lines: Sequence[int]) -> None:
        """Examples that begin their lines."""
        self._keys.extend(keys)
        self._lines.extend(lines)

    def add(self, key: int, line: int, column: int, byte_column: int) -> None:
        if (column, byte_column) != (1, 1):
            self._note(len(self._keys), column, byte_column)
        self._keys.append(key)
        self._lines.append(line)

    def repetitions(self) -> Iterator[tuple[int, Place]]:
        """The line of the first that said it, and the place of the one that says it again; in the file's order."""
        repeated = self._repeated()
        if not repeated:
            return
        first: dict[int, int] = {}
        for index, key in enumerate(self._keys):
            if key in repeated:
                line = self._lines[index]
                if key in first:
                    yield first[key], (line, *self._column(index))
                else:
                    first[key] = line

    def _repeated(self) -> set[int]:
        """Looked for in parts, so that a set of all keys is never held."""
        num_parts = len(self._keys) // _AT_ONCE + 1
        repeated: set[int] = set()
        for part in range(num_parts):
            keys = self._keys if num_parts == 1 else [key for key in self._keys if key % num_parts == part]
            if len(set(keys)) < len(keys):
                repeated.update(key for key, count in Counter(keys).items() if count > 1)
        return repeated

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
