"""Which rows may be near duplicates: MinHash sketches, cut into bands; rows that share a band are candidates.

Takes each row's tokens, keeps 256 bytes a row, gives pairs; whoever takes them compares the rows themselves. While
pairs are looked for, one band at a time, about 150 bytes a row more are held.
Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from operator import eq
from typing import Final

from rensa import RMinHash

NUM_PERM: Final = 64
_SEED: Final = 1
_SKETCH_BYTES: Final = 4 * NUM_PERM
_BATCH: Final = 1_000
# A sketch tells a similarity of 0.8 with a standard deviation of 0.05.
_ESTIMATE_SLACK: Final = 0.25
_MOST_IN_BAND: Final = 16
_MOST_MET: Final = 64


class Sketches:
    """Numbered in the order in which they were added. A row without tokens has no candidates."""

    def __init__(self) -> None:
        self._slots = array("I")
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
        """Pairs of ``numbers``, the earlier first, that may reach ``threshold``, band by band; some come twice.

        ``is_out`` has a byte for each number: where whoever takes the pairs sets it, the number is met no more.
        Of rows that share a band each is paired with the first 16 only.
        """
        self._work()
        slots = memoryview(self._slots)
        content = slots.cast("B")
        least = (threshold - _ESTIMATE_SLACK) * NUM_PERM
        width = 4 * rows_per_band(threshold)
        taken = array("Q", (number for number in numbers if not self._is_empty[number]))
        for start in range(0, _SKETCH_BYTES, width):
            first: dict[bytes, int] = {}
            more: dict[bytes, list[int]] = {}
            for number in taken:
                if is_out[number]:
                    continue
                begin = number * _SKETCH_BYTES + start
                key = content[begin : begin + width].tobytes()
                one = first.setdefault(key, number)
                if one == number:
                    continue
                members = more.setdefault(key, [one])
                own = slots[number * NUM_PERM : (number + 1) * NUM_PERM]
                for member in members:
                    if is_out[member]:
                        continue
                    other = slots[member * NUM_PERM : (member + 1) * NUM_PERM]
                    if sum(map(eq, own, other)) >= least:
                        yield member, number
                        if is_out[number]:
                            break
                if not is_out[number]:
                    _join(members, number, is_out)

    def pairs_with(self, others: Sketches, threshold: float, is_out: bytearray) -> Iterator[tuple[int, int]]:
        """The same between these, of which ``is_out`` tells, and ``others``: a number of each. Of these, those that
        share a band are met up to 64 at a time."""
        self._work()
        others._work()
        slots, other_slots = memoryview(self._slots), memoryview(others._slots)
        content, other_content = slots.cast("B"), other_slots.cast("B")
        least = (threshold - _ESTIMATE_SLACK) * NUM_PERM
        width = 4 * rows_per_band(threshold)
        for start in range(0, _SKETCH_BYTES, width):
            members: dict[bytes, list[int]] = {}
            for number, is_empty in enumerate(self._is_empty):
                if not is_empty and not is_out[number]:
                    begin = number * _SKETCH_BYTES + start
                    found = members.setdefault(content[begin : begin + width].tobytes(), [])
                    if len(found) < _MOST_MET:
                        found.append(number)
            for other, is_empty in enumerate(others._is_empty):
                begin = other * _SKETCH_BYTES + start
                if is_empty or (met := members.get(other_content[begin : begin + width].tobytes())) is None:
                    continue
                theirs = other_slots[other * NUM_PERM : (other + 1) * NUM_PERM]
                for number in met:
                    own = slots[number * NUM_PERM : (number + 1) * NUM_PERM]
                    if not is_out[number] and sum(map(eq, own, theirs)) >= least:
                        yield number, other

    def _work(self) -> None:
        if self._waiting:
            for digest in RMinHash.digests_from_token_sets(self._waiting, NUM_PERM, _SEED):
                self._slots.fromlist(digest)
            self._waiting.clear()


def rows_per_band(threshold: float) -> int:
    """So that of rows as alike as the threshold no more than 2 in 100 share no band."""
    return 4 if threshold >= 0.7 else 2


def _join(members: list[int], number: int, is_out: bytearray) -> None:
    if len(members) >= _MOST_IN_BAND:
        members[:] = [member for member in members if not is_out[member]]
    if len(members) < _MOST_IN_BAND:
        members.append(number)
