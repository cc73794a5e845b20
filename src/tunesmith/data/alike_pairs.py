"""Pairs of rows by how alike they are, sorted: in memory as long as they are few, else in a temporary file.

Sorted runs are merged (Knuth, The Art of Computer Programming, volume 3, 5.4), 16 bytes a pair.
"""

from __future__ import annotations

import heapq
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from tunesmith.core import durable

_MOST_HELD: Final = 200_000
_READ_BYTES: Final = 1 << 16
# Bytes whose order is that of the pairs: the bits of a positive number grow with it.
_PAIR: Final = struct.Struct(">QII")
_NEARNESS: Final = struct.Struct(">d")
_BITS: Final = struct.Struct(">Q")
_MOST_BITS: Final = 2**64 - 1


class AlikePairs:
    """Gone at the end of a ``with``."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._file: BinaryIO | None = None
        self._ends = [0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, nearness: float, one: int, other: int) -> None:
        """``nearness`` is positive."""
        (bits,) = _BITS.unpack(_NEARNESS.pack(nearness))
        self._held.append(_PAIR.pack(_MOST_BITS - bits, one, other))
        if len(self._held) >= _MOST_HELD:
            with durable.disk_errors(Path(tempfile.gettempdir())):
                self._write()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The most alike first, of those the one with the lowest numbers; a pair that was added twice may come twice."""
        runs = [self._read(start, end) for start, end in zip(self._ends, self._ends[1:], strict=False)]
        for packed in heapq.merge(*runs, sorted(self._held)):
            _, one, other = _PAIR.unpack(packed)
            yield one, other

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of a with
        self._file.write(b"".join(sorted(set(self._held))))
        self._file.flush()
        self._ends.append(self._file.tell())
        self._held.clear()

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        descriptor = -1 if self._file is None else self._file.fileno()
        for at in range(start, end, _READ_BYTES):
            block = os.pread(descriptor, min(_READ_BYTES, end - at), at)
            for place in range(0, len(block), _PAIR.size):
                yield block[place : place + _PAIR.size]
