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
from types import TracebackType
from typing import Final, Literal, Self

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
_KEYS_AT_ONCE: Final = 200_000
NOWHERE: Final = 2**32 - 1
"""The number of no row."""


class Sketches:
    """Numbered in the order in which they were added. A row without tokens has no candidates. The temporary file is gone
    at the end of a ``with``."""

    def __init__(self, most_held_bytes: int | None = None) -> None:
        """From ``most_held_bytes`` on (32 MiB if not given) they lie in a file."""
        self._kept = _Kept(_MOST_HELD_BYTES if most_held_bytes is None else most_held_bytes)
        self._is_empty = bytearray()
        self._waiting: list[list[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()

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
        return ((number, other) for number, other, _ in self.meetings(others, threshold, is_out))

    def meetings(self, others: Sketches, threshold: float, is_out: bytearray) -> Iterator[tuple[int, int, bool]]:
        """`pairs_with`, and whether it is known that the pair came before."""
        self._work()
        others._work()
        least, width = (threshold - _ESTIMATE_SLACK) * NUM_PERM, rows_per_band(threshold)
        was_cut = bytearray(len(self))
        for band in range(NUM_PERM // width):
            first_of, following = self._chains(others, band, width, is_out, was_cut)
            for other, number in enumerate(first_of):
                if number == NOWHERE or others._is_empty[other]:
                    continue
                theirs = others._kept.slots(other)
                while number != NOWHERE:
                    if not is_out[number] and sum(map(eq, own := self._kept.slots(number), theirs)) >= least:
                        yield number, other, not was_cut[number] and _share(own, theirs, band, width)
                    number = following[number]

    def _chains(
        self, others: Sketches, band: int, width: int, is_out: bytearray, was_cut: bytearray
    ) -> tuple[array[int], array[int]]:
        """For each of ``others`` the first of these that it shares the band with, and for each of these the next one with
        its key. Keys are looked up in parts, so that a dictionary of all is never held."""
        keys, their_keys = self._kept.keys(band, width), others._kept.keys(band, width)
        first_of = array("I", [NOWHERE]) * len(others)
        following = array("I", [NOWHERE]) * len(self)
        num_parts = len(self) // _KEYS_AT_ONCE + 1
        for part in range(num_parts):
            first: dict[int, int] = {}
            for number in range(len(self) - 1, -1, -1):
                key = keys[number]
                if key % num_parts == part and not self._is_empty[number] and not is_out[number]:
                    following[number] = first.get(key, NOWHERE)
                    first[key] = number
            for number in first.values():
                if following[number] != NOWHERE:
                    _cut(number, following, was_cut)
            for other, key in enumerate(their_keys):
                if key in first:
                    first_of[other] = first[key]
        return first_of, following

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

    def __init__(self, most_held_bytes: int) -> None:
        self._most_held_bytes = most_held_bytes
        self._held = bytearray()
        self._file = -1
        self._num_written = 0

    def add(self, sketches: bytes) -> None:
        self._held += sketches
        if len(self._held) > self._most_held_bytes:
            with durable.disk_errors(Path(tempfile.gettempdir())):
                self._write()

    def _write(self) -> None:
        if self._file < 0:
            self._opened = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of a with
            self._file = self._opened.fileno()
        self._num_written += self._opened.write(self._held)
        self._opened.flush()
        self._held.clear()

    def close(self) -> None:
        if self._file >= 0:
            self._opened.close()

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


def _cut(number: int, following: array[int], was_cut: bytearray) -> None:
    """A chain ends after so many; those that stood behind are noted."""
    for _ in range(_MOST_MET - 1):
        if following[number] == NOWHERE:
            return
        number = following[number]
    rest, following[number] = following[number], NOWHERE
    while rest != NOWHERE:
        was_cut[rest] = 1
        rest = following[rest]


def _share(one: memoryview, other: memoryview, num_bands: int, width: int) -> bool:
    """Whether two sketches share one of the first bands."""
    return any(one[at : at + width] == other[at : at + width] for at in range(0, num_bands * width, width))
