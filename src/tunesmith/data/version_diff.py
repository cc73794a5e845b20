"""What is different between two versions of a data file, and how a file came to be: its chain of versions.

Rows are matched in three passes: those that are the same to the byte of what they say, in order; of the rest, those
that stand between the same neighbours and those that are most alike (`row_matching`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tunesmith.core.durable import sha256_of
from tunesmith.data.differences import Difference, differences
from tunesmith.data.near_index import NOWHERE
from tunesmith.data.row_file import RowFile
from tunesmith.data.row_matching import changed_rows, same_rows
from tunesmith.data.versions import Parent, Version, read_version


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the one file and the row that it became in the other."""

    before_line: int
    after_line: int
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Row numbers, side by side."""

    before: array[int]
    after: array[int]

    def __len__(self) -> int:
        return len(self.after)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.before, self.after, strict=True)


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
    changed: Pairs


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
    matches = same_rows(before, after)
    num_same = sum(match != NOWHERE for match in matches)
    num_moved = num_same - _longest_rise(matches)
    became = changed_rows(before, after, matches)
    is_kept = bytearray(len(before))
    for match in (matches, became):
        for number in match:
            if number != NOWHERE:
                is_kept[number] = 1
    changed = array("I", (number for number, one in enumerate(became) if one != NOWHERE))
    return Diff(
        len(before),
        len(after),
        num_same,
        num_moved,
        array(
            "Q", (line for line, *one in zip(after.lines, matches, became, strict=True) if one == [NOWHERE, NOWHERE])
        ),
        array("Q", (line for line, kept in zip(before.lines, is_kept, strict=True) if not kept)),
        Pairs(array("I", (became[number] for number in changed)), changed),
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


def _longest_rise(matches: Sequence[int]) -> int:
    """How many of the matches are in order: the longest increasing subsequence (Fredman 1975)."""
    ends = array("I")
    for match in matches:
        if match != NOWHERE:
            place = bisect_left(ends, match)
            if place == len(ends):
                ends.append(match)
            else:
                ends[place] = match
    return len(ends)
