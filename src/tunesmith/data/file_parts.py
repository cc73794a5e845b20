"""A large file's lines, worked on in several processes at once, with the answers in the file's order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from tunesmith.core.forked import MOST_PARTS, in_order
from tunesmith.core.machine import num_cores
from tunesmith.data.file_rows import LineBatch, batches_between, has_lines

_MOST_PROCESSES: Final = 8
_PARTS_OF_EACH: Final = 4
_SMALLEST: Final = 16
"""The last parts are no smaller than this share of the first ones."""
_READ_BYTES: Final = 1 << 20


def num_processes(path: Path, least_bytes: int) -> int:
    """How many work on the file; 1 where it is small or holds no lines, or where a process cannot be forked safely."""
    if sys.platform != "linux" or path.stat().st_size < least_bytes or not has_lines(path):
        return 1
    return min(num_cores(), _MOST_PROCESSES)


def in_parts(
    path: Path, work: Callable[[Iterator[LineBatch]], bytes], processes: int, part_bytes: int,
    update: Callable[[bytes], None] | None = None, meanwhile: Callable[[int], bool] = lambda part: False,
    *, is_numbered: bool = False,
) -> Iterator[bytes]:  # fmt: skip
    """What ``work``, in a forked child, answers to the lines of each part. ``update`` is given all bytes, in order, not
    far before the answers; for ``meanwhile`` see ``core.forked``. The lines of a part are numbered from 1 on, or,
    where ``is_numbered``, as in the file."""
    starts = _starts(path.stat().st_size, processes, part_bytes)
    numbers = _first_lines(path, starts) if is_numbered else [1] * len(starts)
    ahead = processes * _PARTS_OF_EACH * part_bytes

    def work_on(part: int) -> bytes:
        return work(batches_between(path, starts[part], starts[part + 1], numbers[part]))

    with path.open("rb", buffering=0) as file:

        def read_on(part: int) -> bool:
            if update is None or file.tell() > starts[part] + ahead or not (content := file.read(_READ_BYTES)):
                return meanwhile(part)
            update(content)
            return True

        yield from in_order(len(starts) - 1, work_on, processes, read_on)


def _starts(num_bytes: int, processes: int, most_bytes: int) -> list[int]:
    """Where parts begin, and where the last one ends. They become smaller towards the end of the file, so that all
    processes end together (guided self-scheduling, Polychronopoulos and Kuck 1987)."""
    most_bytes = max(most_bytes, -(-2 * num_bytes // MOST_PARTS))
    starts = [0]
    while (left := num_bytes - starts[-1]) > 0:
        size = max(min(most_bytes, left // (2 * processes)), most_bytes // _SMALLEST, 1)
        starts.append(min(num_bytes, starts[-1] + size))
    return starts


def _first_lines(path: Path, starts: Sequence[int]) -> list[int]:
    """The number of the first line that begins at each of these bytes or later."""
    numbers, number = [1], 1
    with path.open("rb") as file:
        for start, end in pairwise(starts):
            # A line begins at a byte where a line feed stands before it: those before the next start count.
            number += _num_feeds(file, end - start - (start == 0))
            numbers.append(number + 1)
    return numbers


def _num_feeds(file: BinaryIO, num_bytes: int) -> int:
    count = 0
    while num_bytes > 0 and (content := file.read(min(num_bytes, _READ_BYTES))):
        count += content.count(b"\n")
        num_bytes -= len(content)
    return count
