"""What is different between two versions of a data file, and how a file came to be: its chain of versions.

Rows are matched in three passes: those that are the same to the byte of what they say, in order; of the rest, those
that stand between the same neighbours and those that are most alike. Memory: about 200 bytes a row of each file, and
260 more for each row that has no equal.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from tunesmith.core.durable import sha256_of
from tunesmith.data.differences import Difference, differences
from tunesmith.data.duplicates import fingerprint_of
from tunesmith.data.near_index import Sketches
from tunesmith.data.row_file import RowFile
from tunesmith.data.similarity import Said, said_by_row, similarity, tokens
from tunesmith.data.versions import Parent, Version, read_version

ALIKE: Final = 0.5
"""From here on two rows are one that was changed, wherever they stand."""
_MOST_COMPARED: Final = 100
_NOWHERE: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the one file and the row that it became in the other."""

    before_line: int
    after_line: int
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Diff:
    """``added`` are lines of the file after, ``removed`` of the one before. ``num_moved`` rows are the same and stand in
    another order. ``changed`` pairs row numbers: ``changes`` reads what differs."""

    num_before: int
    num_after: int
    num_same: int
    num_moved: int
    added: array[int]
    removed: array[int]
    changed: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One file of a chain: its version, and where the file was found; None where it is no longer there, or changed."""

    name: str
    sha256: str
    path: Path | None
    version: Version | None

    def as_json(self) -> dict[str, Any]:
        version = self.version.as_json() if self.version else None
        return {"name": self.name, "sha256": self.sha256, "is_found": self.path is not None, "version": version}


def diff(before: RowFile, after: RowFile) -> Diff:
    matches, num_same = _same(before, after)
    num_moved = num_same - _longest_rise(matches)
    left_before = _unmatched(matches, len(before))
    left_after = array("Q", (number for number, match in enumerate(matches) if match == _NOWHERE))
    pairs = _became(before, after, left_before, left_after, matches)
    taken_before, taken_after = {one for one, _ in pairs}, {other for _, other in pairs}
    return Diff(
        len(before),
        len(after),
        num_same,
        num_moved,
        array("Q", (after.lines[number] for number in left_after if number not in taken_after)),
        array("Q", (before.lines[number] for number in left_before if number not in taken_before)),
        tuple(sorted(pairs, key=lambda pair: pair[1])),
    )


def changes(before: RowFile, after: RowFile, found: Diff) -> Iterator[Change]:
    for one, other in found.changed:
        apart = differences(before.row(one), after.row(other))
        yield Change(before.lines[one], after.lines[other], tuple(apart))


def chain(path: Path, most: int = 100) -> Iterator[Link]:
    """The file, its first parent, that one's, …, as far as they are found beside one another."""
    version = read_version(path)
    seen: set[tuple[str, str]] = set()
    link: Link | None = Link(path.name, version.sha256 if version else "", path, version)
    while link is not None and len(seen) < most and (link.name, link.sha256) not in seen:
        yield link
        seen.add((link.name, link.sha256))
        parents = link.version.parents if link.version else ()
        link = _found(link.path.parent, parents[0]) if parents and link.path is not None else None


def between(before: Path, after: Path) -> list[Link] | None:
    """The chain from ``after`` back to ``before``, the latter left out; None where it does not lead there."""
    wanted = sha256_of(before)
    links: list[Link] = []
    for link in chain(after):
        if links and link.sha256 == wanted:
            return links
        links.append(link)
    return None


def _found(folder: Path, parent: Parent) -> Link:
    """A parent whose bytes are no longer those of its version is as good as gone."""
    path = folder / parent.name
    version = read_version(path) if path.is_file() else None
    if version is not None and version.sha256 == parent.sha256:
        return Link(parent.name, parent.sha256, path, version)
    is_there = path.is_file() and sha256_of(path) == parent.sha256
    return Link(parent.name, parent.sha256, path if is_there else None, None)


def _same(before: RowFile, after: RowFile) -> tuple[array[int], int]:
    """For each row after, the row before that is equal to it, ``metadata`` included; each row is taken once."""
    waiting: dict[bytes, deque[int] | int] = {}
    for number, row in enumerate(before):
        own = _whole(row)
        held = waiting.get(own)
        if held is None:
            waiting[own] = number
        elif isinstance(held, int):
            waiting[own] = deque((held, number))
        else:
            held.append(number)
    matches = array("Q")
    for row in after:
        own = _whole(row)
        held = waiting.get(own)
        if held is None:
            matches.append(_NOWHERE)
        elif isinstance(held, int):
            matches.append(held)
            del waiting[own]
        else:
            matches.append(held.popleft())
            if not held:
                del waiting[own]
    return matches, sum(match != _NOWHERE for match in matches)


def _whole(row: dict[str, Any]) -> bytes:
    return fingerprint_of({**row, "\0metadata": row.get("metadata")})


def _unmatched(matches: Sequence[int], count: int) -> array[int]:
    is_matched = bytearray(count)
    for match in matches:
        if match != _NOWHERE:
            is_matched[match] = 1
    return array("Q", (number for number in range(count) if not is_matched[number]))


def _became(
    before: RowFile, after: RowFile, left_before: Sequence[int], left_after: Sequence[int], matches: Sequence[int]
) -> list[tuple[int, int]]:
    """Rows before and what they became: by place between the same neighbours where gaps are of one size and the rows
    have something in common; then by similarity, the most alike first."""
    said_before = lru_cache(maxsize=4_096)(lambda number: said_by_row(before.row(number)))
    said_after = lru_cache(maxsize=4_096)(lambda number: said_by_row(after.row(number)))
    pairs = [
        (one, other)
        for one, other in _in_place(left_before, left_after, matches)
        if _shares(said_before(one), said_after(other))
    ]
    taken_before, taken_after = {one for one, _ in pairs}, {other for _, other in pairs}
    ones = array("Q", (number for number in left_before if number not in taken_before))
    others = array("Q", (number for number in left_after if number not in taken_after))
    index, queries = Sketches(), Sketches()
    for number in ones:
        index.add(tokens(said_by_row(before.row(number))))
    for number in others:
        queries.add(tokens(said_by_row(after.row(number))))
    alike: list[tuple[float, int, int]] = []
    num_compared = array("I", [0]) * len(ones)
    is_out = bytearray(len(ones))
    for one, other in index.pairs_with(queries, ALIKE, is_out):
        nearness = similarity(said_before(ones[one]), said_after(others[other]))
        num_compared[one] += 1
        is_out[one] = num_compared[one] >= _MOST_COMPARED
        if nearness >= ALIKE:
            alike.append((-nearness, ones[one], others[other]))
    for _, one, other in sorted(alike):
        if one not in taken_before and other not in taken_after:
            taken_before.add(one)
            taken_after.add(other)
            pairs.append((one, other))
    return pairs


def _in_place(
    left_before: Sequence[int], left_after: Sequence[int], matches: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Rows of gaps between equal neighbours, one by one, where the gap holds as many rows before as after."""
    gaps_before, gaps_after = _gaps(left_before), _gaps(left_after)
    by_start = {gap[0]: gap for gap in gaps_before}
    for gap in gaps_after:
        first = gap[0]
        start = 0 if first == 0 else matches[first - 1] + 1
        found = by_start.get(start)
        if found is not None and len(found) == len(gap):
            yield from zip(found, gap, strict=True)


def _gaps(numbers: Sequence[int]) -> list[list[int]]:
    """Runs of neighbouring numbers."""
    gaps: list[list[int]] = []
    for number in numbers:
        if gaps and gaps[-1][-1] + 1 == number:
            gaps[-1].append(number)
        else:
            gaps.append([number])
    return gaps


def _shares(one: Said, other: Said) -> bool:
    """Whether the question or the answer has any two words in common."""
    return bool(one[0] & other[0]) or bool(one[1] & other[1])


def _longest_rise(matches: Sequence[int]) -> int:
    """How many of the matches are in order: the longest increasing subsequence (Fredman 1975)."""
    ends = array("Q")
    for match in matches:
        if match != _NOWHERE:
            place = bisect_left(ends, match)
            if place == len(ends):
                ends.append(match)
            else:
                ends[place] = match
    return len(ends)
