"""Which rows may be near duplicates: MinHash sketches, cut into bands; rows that share a band are candidates.

Takes each row's tokens, gives pairs; whoever takes them compares the rows themselves. A sketch has 64 slots, of which the
lower 16 bits are kept (Li and König, b-Bit Minwise Hashing, 2010): 128 bytes a row, in a temporary file once there are
many. While pairs are looked for, one band at a time, 8 bytes a row are held and a bounded number of keys.
Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

import os
import sys
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from operator import eq
from pathlib import Path
from typing import Final, Literal

from rensa import RMinHash

from tunesmith.core import durable
from tunesmith.data.said_before import repeated

NUM_PERM: Final = 64
_SEED: Final = 1
_SKETCH_BYTES: Final = 2 * NUM_PERM
_BATCH: Final = 1_000
_MOST_HELD_BYTES: Final = 32 << 20
_READ_SKETCHES: Final = 8_192
# A sketch tells a similarity of 0.8 with a standard deviation of 0.05.
_ESTIMATE_SLACK: Final = 0.25
_MOST_IN_BAND: Final = 16
_MOST_MET: Final = 64
_MOST_SEEN: Final = 500_000


class Sketches:
    """Numbered in the order in which they were added. A row without tokens has no candidates."""

    def __init__(self) -> None:
        self._kept = _Kept()
        self._is_empty = bytearray()
        self._waiting: list[list[bytes]] = []

    def __len__(self) -> int:
        return len(self._is_empty)

    def add(self, tokens: list[bytes]) -> None:
        self._is_empty.append(not tokens)
        self._waiting.append(tokens)
        if len(self._waiting) >= _BATCH:
            self._work()

    def pairs(self, numbers: Iterable[int], threshold: float, is_out: bytearray) -> Iterator[tuple[int, int]]:
        """Pairs of ``numbers``, the earlier first, that may reach ``threshold``, band by band; of very many some come twice.

        ``is_out`` has a byte for each number: where whoever takes the pairs sets it, the number is met no more.
        Of rows that share a band each is paired with the first 16 only.
        """
        self._work()
        least = (threshold - _ESTIMATE_SLACK) * NUM_PERM
        seen = _Seen(len(self))
        taken = array("Q", (number for number in numbers if not self._is_empty[number]))
        for band in range(NUM_PERM // rows_per_band(threshold)):
            keys = self._kept.keys(band, rows_per_band(threshold))
            shared = repeated(keys)
            members: dict[int, list[int]] = {}
            for number in taken if shared else ():
                if keys[number] not in shared or is_out[number]:
                    continue
                met = members.setdefault(keys[number], [])
                own = self._kept.slots(number) if met else None
                for member in met:
                    if is_out[member] or seen(member, number):
                        continue
                    if sum(map(eq, own or (), self._kept.slots(member))) >= least:
                        yield member, number
                        if is_out[number]:
                            break
                if not is_out[number]:
                    _join(met, number, is_out)

    def pairs_with(self, others: Sketches, threshold: float, is_out: bytearray) -> Iterator[tuple[int, int]]:
        """The same between these, of which ``is_out`` tells, and ``others``: a number of each. Of these, those that
        share a band are met up to 64 at a time."""
        self._work()
        others._work()
        least = (threshold - _ESTIMATE_SLACK) * NUM_PERM
        for band in range(NUM_PERM // rows_per_band(threshold)):
            members: dict[int, list[int]] = {}
            for number, key in enumerate(self._kept.keys(band, rows_per_band(threshold))):
                if not self._is_empty[number] and not is_out[number]:
                    found = members.setdefault(key, [])
                    if len(found) < _MOST_MET:
                        found.append(number)
            for other, key in enumerate(others._kept.keys(band, rows_per_band(threshold))):
                if others._is_empty[other] or (met := members.get(key)) is None:
                    continue
                theirs = others._kept.slots(other)
                for number in met:
                    if not is_out[number] and sum(map(eq, self._kept.slots(number), theirs)) >= least:
                        yield number, other

    def _work(self) -> None:
        if self._waiting:
            slots = array("I")
            for digest in RMinHash.digests_from_token_sets(self._waiting, NUM_PERM, _SEED):
                slots.fromlist(digest)
            self._kept.add(_lower_halves(slots))
            self._waiting.clear()


class _Seen:
    """Whether a pair was met before, as far as is remembered: pairs that share several bands come several times."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pairs: set[int] = set()

    def __call__(self, one: int, other: int) -> bool:
        pair = one * self._count + other
        if pair in self._pairs:
            return True
        if len(self._pairs) >= _MOST_SEEN:
            self._pairs.clear()
        self._pairs.add(pair)
        return False


class _Kept:
    """The sketches, as bytes: here, or in a file that is gone when they are."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._file = -1
        self._num_written = 0

    def add(self, sketches: bytes) -> None:
        self._held += sketches
        if len(self._held) > _MOST_HELD_BYTES:
            with durable.disk_errors(Path(tempfile.gettempdir())):
                self._write()

    def _write(self) -> None:
        if self._file < 0:
            self._opened = tempfile.TemporaryFile()  # noqa: SIM115 - closed with these sketches
            self._file = self._opened.fileno()
        self._num_written += self._opened.write(self._held)
        self._opened.flush()
        self._held.clear()

    def slots(self, number: int) -> memoryview:
        """Of one row."""
        start = number * _SKETCH_BYTES
        if start < self._num_written:
            return memoryview(os.pread(self._file, _SKETCH_BYTES, start)).cast("H")
        start -= self._num_written
        return memoryview(bytes(self._held[start : start + _SKETCH_BYTES])).cast("H")

    def keys(self, band: int, width: int) -> array[int]:
        """Of one band, of ``width`` slots, for every row."""
        code: Literal["Q", "I"] = "Q" if width == 4 else "I"
        keys = array(code)
        for start in range(0, self._num_written, _READ_SKETCHES * _SKETCH_BYTES):
            size = min(_READ_SKETCHES * _SKETCH_BYTES, self._num_written - start)
            keys.extend(memoryview(os.pread(self._file, size, start)).cast(code)[band :: NUM_PERM // width])
        keys.extend(memoryview(bytes(self._held)).cast(code)[band :: NUM_PERM // width])
        return keys


def _lower_halves(slots: array[int]) -> bytes:
    whole, halves = slots.tobytes(), bytearray(2 * len(slots))
    low = 0 if sys.byteorder == "little" else 2
    halves[0::2], halves[1::2] = whole[low::4], whole[low + 1 :: 4]
    return bytes(halves)


def rows_per_band(threshold: float) -> int:
    """So that of rows as alike as the threshold no more than 2 in 100 share no band."""
    return 4 if threshold >= 0.7 else 2


def _join(members: list[int], number: int, is_out: bytearray) -> None:
    if len(members) >= _MOST_IN_BAND:
        members[:] = [member for member in members if not is_out[member]]
    if len(members) < _MOST_IN_BAND:
        members.append(number)
