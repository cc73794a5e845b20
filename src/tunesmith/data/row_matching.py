"""The rows of one file matched with those of another: those that are the same, and of the rest what became of them.

A match is an array: for each row after, the number of the row before, or ``NOWHERE``. Memory: at most 40 bytes a row of
each file while the same are looked for, and 25 while those that changed are; texts stay in the files, sketches and what
is alike in temporary ones.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from tunesmith.data.alike_pairs import AlikePairs
from tunesmith.data.duplicates import fingerprint_of
from tunesmith.data.near_index import NOWHERE, Sketches
from tunesmith.data.row_file import RowFile
from tunesmith.data.similarity import Said, said_by_row, similarity, tokens

ALIKE: Final = 0.5
"""From here on two rows are one that was changed, wherever they stand."""
_MOST_COMPARED: Final = 100
_FINGERPRINTS_AT_ONCE: Final = 200_000
_MOST_HELD_BYTES: Final = 8 << 20
_MOST_REMEMBERED: Final = 100_000


def same_rows(before: RowFile, after: RowFile) -> array[int]:
    """Equal rows, ``metadata`` included, each taken once and in order."""
    ours, theirs = _fingerprints(before), _fingerprints(after)
    matches = array("I", [NOWHERE]) * len(after)
    following = array("I", [NOWHERE]) * len(before)
    num_parts = len(before) // _FINGERPRINTS_AT_ONCE + 1
    for part in range(num_parts):
        # The first row of each fingerprint that is not taken; `following` leads to the next.
        waiting: dict[bytes, int] = {}
        for number, own in _of_part(ours, part, num_parts, is_backwards=True):
            following[number] = waiting.get(own, NOWHERE)
            waiting[own] = number
        for number, own in _of_part(theirs, part, num_parts):
            found = waiting.get(own, NOWHERE)
            if found != NOWHERE:
                matches[number], waiting[own] = found, following[found]
    return matches


def changed_rows(before: RowFile, after: RowFile, matches: array[int]) -> array[int]:
    """Of rows without an equal, what each was before: by place between the same neighbours where gaps are of one size
    and the rows have something in common; then by similarity, the most alike first."""
    is_left = bytearray(b"\1") * len(before)
    for match in matches:
        if match != NOWHERE:
            is_left[match] = 0
    found = array("I", [NOWHERE]) * len(after)
    for one, other in _in_place(is_left, matches):
        if _shares(said_by_row(before.row(one)), said_by_row(after.row(other))):
            found[other], is_left[one] = one, 0
    ones = array("I", (number for number in range(len(before)) if is_left[number]))
    others = array("I", (number for number, match in enumerate(matches) if match == NOWHERE == found[number]))
    with AlikePairs() as alike:
        _compare(ones, others, _Remembered(before), _Remembered(after), alike)
        for one, other in alike:
            if is_left[one] and found[other] == NOWHERE:
                found[other], is_left[one] = one, 0
    return found


def _fingerprints(rows: RowFile) -> bytearray:
    """16 bytes of each."""
    found = bytearray()
    for row in rows:
        found += fingerprint_of({**row, "\0metadata": row.get("metadata")})
    return found


def _of_part(
    fingerprints: bytearray, part: int, num_parts: int, *, is_backwards: bool = False
) -> Iterator[tuple[int, bytes]]:
    halves = memoryview(fingerprints).cast("Q")
    numbers = range(len(halves) // 2)
    for number in reversed(numbers) if is_backwards else numbers:
        if halves[2 * number] % num_parts == part:
            yield number, bytes(fingerprints[16 * number : 16 * number + 16])


def _in_place(is_left: bytearray, matches: array[int]) -> Iterator[tuple[int, int]]:
    """Rows of gaps between equal neighbours, one by one, where the gap holds as many rows before as after. ``is_left``
    may be set to 0 for pairs that were given."""
    number, count = 0, len(matches)
    while number < count:
        if matches[number] != NOWHERE:
            number += 1
            continue
        start = 0 if number == 0 else matches[number - 1] + 1
        first = number
        while number < count and matches[number] == NOWHERE:
            number += 1
        if start < len(is_left) and is_left[start]:
            end = is_left.find(0, start)
            if (len(is_left) if end < 0 else end) - start == number - first:
                yield from zip(range(start, start + number - first), range(first, number), strict=True)


def _shares(one: Said, other: Said) -> bool:
    """Whether the question or the answer has any two words in common."""
    return bool(one[0] & other[0]) or bool(one[1] & other[1])


def _compare(
    ones: array[int], others: array[int], said_before: _Remembered, said_after: _Remembered, alike: AlikePairs
) -> None:
    num_compared = array("I", [0]) * len(ones)
    is_out = bytearray(len(ones))
    with Sketches(_MOST_HELD_BYTES) as index, Sketches(_MOST_HELD_BYTES) as queries:
        for sketches, numbers, said in ((index, ones, said_before), (queries, others, said_after)):
            for number in numbers:
                sketches.add(tokens(said(number)))
        for one, other, is_again in index.meetings(queries, ALIKE, is_out):
            num_compared[one] += 1
            is_out[one] = num_compared[one] >= _MOST_COMPARED
            if is_again:
                continue
            nearness = similarity(said_before(ones[one]), said_after(others[other]))
            if nearness >= ALIKE:
                alike.add(nearness, ones[one], others[other])


class _Remembered:
    """What rows say; the latest are kept, up to a number of shingles."""

    def __init__(self, rows: RowFile) -> None:
        self._rows = rows
        self._kept: OrderedDict[int, Said] = OrderedDict()
        self._num_shingles = 0

    def __call__(self, number: int) -> Said:
        if (known := self._kept.get(number)) is not None:
            self._kept.move_to_end(number)
            return known
        said = said_by_row(self._rows.row(number))
        self._kept[number] = said
        self._num_shingles += len(said[0]) + len(said[1])
        while self._num_shingles > _MOST_REMEMBERED and len(self._kept) > 1:
            _, (asked, answered) = self._kept.popitem(last=False)
            self._num_shingles -= len(asked) + len(answered)
        return said
