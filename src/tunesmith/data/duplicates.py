"""The duplicates of a file, exact and near, in clusters: a row that stays, and the rows that say the same.

The row that stays is the first in the file. Every other row of its cluster is an exact copy of it or, by
``similarity``, at least as near to it as the threshold: nothing goes because it is like something that is like something.
What is left holds no duplicates: looking again finds none. Memory: about 60 bytes a row, and a bounded rest; the texts
stay in the file, the sketches in a temporary one.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.data.derived import write_derived
from tunesmith.data.findings import Row
from tunesmith.data.near_index import Sketches
from tunesmith.data.row_file import RowFile
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.said_before import repeated
from tunesmith.data.similarity import Compared, Said, Shingles, said_by_row, similarity, template_of, tokens
from tunesmith.data.versions import Operation, Version

DEFAULT_THRESHOLD: Final = 0.8
LEAST_THRESHOLD: Final = 0.5
_FINGERPRINT_BYTES: Final = 16
_SAMPLE: Final = 2_000
_REMEMBERED: Final = 1_024
_MOST_ROUNDS: Final = 50
# From this round on the template stays as it is, so that the rounds end.
_SETTLED_ROUND: Final = 4

Decision = Literal["accept", "reject"]
Decisions = Mapping[str, Decision]
"""Of clusters, by id; a cluster without one is accepted: its copies go."""
Progress = Callable[[str, int, int], None]
"""What is done now, how many rows of it are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Options:
    """``near`` False finds exact copies only. ``compared`` says which text counts for near ones."""

    threshold: float = DEFAULT_THRESHOLD
    compared: Compared = "both"
    near: bool = True

    def __post_init__(self) -> None:
        if not LEAST_THRESHOLD <= self.threshold <= 1:
            raise UserError(
                f"The threshold is {self.threshold}, not between {LEAST_THRESHOLD} and 1.",
                f"{DEFAULT_THRESHOLD} finds texts with 5 % of their words changed; 1 those that differ in spelling only",
            )


@dataclass(frozen=True, slots=True)
class Copy:
    """A row that says what another one says. ``similarity`` is 1 for an exact copy, and may be for a near one."""

    number: int
    line: int
    similarity: float
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """``id`` depends on what the rows say, not on where they stand. ``number`` and ``line`` are the kept row's."""

    id: str
    number: int
    line: int
    copies: tuple[Copy, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """All clusters of a file, in its order."""

    num_rows: int
    clusters: tuple[Cluster, ...]
    template_size: int = 0

    def removed(self, decisions: Decisions | None = None) -> dict[int, Copy]:
        """The rows that go, by number."""
        chosen = decisions or {}
        accepted = (cluster for cluster in self.clusters if chosen.get(cluster.id) != "reject")
        return {copy.number: copy for cluster in accepted for copy in cluster.copies}


def find_duplicates(rows: RowFile, options: Options | None = None, progress: Progress | None = None) -> Duplicates:
    options = options or Options()
    tell = progress or (lambda *_: None)
    search = _Search(rows, options, tell)
    search.find_exact()
    if options.near:
        search.find_near()
    return Duplicates(len(rows), tuple(search.clusters()), len(search.template))


def write_without(
    rows: RowFile, found: Duplicates, options: Options, out: Path, decisions: Decisions | None = None
) -> Version:
    """The file without the copies of the clusters that are not rejected, as a new file with its version."""
    removed = found.removed(decisions)
    with RowWriter(out) as written:
        for number in range(len(rows)):
            if number not in removed:
                written.write_line(rows.line_bytes(number))
    num_exact = sum(copy.is_exact for copy in removed.values())
    counts = {
        "read": found.num_rows,
        "written": written.num_rows,
        "exact_duplicates": num_exact,
        "near_duplicates": len(removed) - num_exact,
        "clusters": len(found.clusters),
        "rejected_clusters": len({cluster.id for cluster in found.clusters} & _rejected(decisions or {})),
    }
    parameters = {"threshold": options.threshold, "compared": options.compared, "near": options.near, "kept": "first"}
    return write_derived(out, written, [rows.path], Operation("duplicates", parameters, counts))


def _rejected(decisions: Decisions) -> set[str]:
    return {cluster for cluster, decision in decisions.items() if decision == "reject"}


def read_decisions(path: Path) -> dict[str, Decision]:
    """A JSON object, ``{"<cluster>": "accept" | "reject"}``. Raises UserError."""
    try:
        decisions: dict[str, Decision] = msgspec.json.decode(path.read_bytes(), type=dict[str, Decision])
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "check its name and its permissions") from None
    except (ValueError, RecursionError) as error:
        hint = 'write {"<the cluster\'s id>": "accept" or "reject", …}'
        raise UserError(f"{path} holds no decisions: {error}.", hint) from None
    return decisions


def fingerprint_of(row: Row) -> bytes:
    """Equal for rows that say the same, whatever the order of their keys and their ``metadata``; 16 bytes."""
    said = {key: value for key, value in row.items() if key != "metadata"}
    return blake2b(_CANONICAL.encode(said), digest_size=_FINGERPRINT_BYTES).digest()


_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


def first_of_each(fingerprints: bytearray) -> array[int]:
    """For each row, of 16 bytes, the number of the first that says the same: of most rows their own."""
    first_of = array("Q", range(len(fingerprints) // _FINGERPRINT_BYTES))
    # Rows of which no other has the first half are told apart without a dictionary of all.
    halves = array("Q", memoryview(fingerprints).cast("Q")[::2])
    shared, first = repeated(halves), dict[bytes, int]()
    for number, half in enumerate(halves if shared else ()):
        if half in shared:
            start = number * _FINGERPRINT_BYTES
            first_of[number] = first.setdefault(bytes(fingerprints[start : start + _FINGERPRINT_BYTES]), number)
    return first_of


@dataclass(slots=True)
class _Search:
    """``joined_to[number]`` is the row that it is a copy of, or itself; ``alike[number]`` how alike the two are."""

    rows: RowFile
    options: Options
    tell: Progress
    template: Shingles = frozenset()
    fingerprints: bytearray = field(default_factory=bytearray)
    joined_to: array[int] = field(default_factory=lambda: array("Q"))
    alike: array[float] = field(default_factory=lambda: array("f"))
    is_exact: bytearray = field(default_factory=bytearray)
    is_out: bytearray = field(default_factory=bytearray)

    def find_exact(self) -> None:
        for number, row in enumerate(self.rows):
            self.fingerprints += fingerprint_of(row)
            if number % 1_000 == 0:
                self.tell("reading", number, len(self.rows))
        self.joined_to = first_of_each(self.fingerprints)
        self.is_exact = bytearray(self.joined_to[number] != number for number in range(len(self.rows)))
        self.is_out = bytearray(self.is_exact)
        self.alike = array("f", [1.0]) * len(self.rows)

    def find_near(self) -> None:
        """In rounds: what a copy was joined to may turn out to be a copy itself, and then its own are looked at again."""
        sketches: Sketches | None = None
        with ExitStack() as in_use:
            for number in range(_MOST_ROUNDS):
                template = self._template() if number < _SETTLED_ROUND else self.template
                if sketches is None or template != self.template:
                    in_use.close()
                    self.template, sketches = template, in_use.enter_context(Sketches())
                    self._sketch(sketches)
                if not self._join(sketches):
                    return

    def clusters(self) -> Iterator[Cluster]:
        members: dict[int, list[int]] = {}
        for number in range(len(self.joined_to)):
            if self.is_out[number]:
                members.setdefault(self._kept(number), []).append(number)
        for kept in sorted(members):
            yield self._cluster(kept, members[kept])

    def _kept(self, number: int) -> int:
        """An exact copy of a near copy belongs to the cluster of what that one is near to."""
        while self.joined_to[number] != number:
            number = self.joined_to[number]
        return number

    def _cluster(self, kept: int, members: Sequence[int]) -> Cluster:
        copies = [self._copy(number, kept) for number in members]
        said = sorted(self._fingerprint(number) for number in (kept, *members))
        return Cluster(blake2b(b"".join(said), digest_size=6).hexdigest(), kept, self.rows.lines[kept], tuple(copies))

    def _copy(self, number: int, kept: int) -> Copy:
        target = self.joined_to[number]
        near = number if target == kept else target
        is_exact = bool(self.is_exact[number]) and target == kept
        return Copy(number, self.rows.lines[number], round(self.alike[near], 4), is_exact)

    def _fingerprint(self, number: int) -> bytes:
        return bytes(self.fingerprints[number * _FINGERPRINT_BYTES : (number + 1) * _FINGERPRINT_BYTES])

    def _template(self) -> Shingles:
        """Of the rows with the lowest fingerprints: they would be the same if the file held nothing else."""
        kept = (number for number in range(len(self.rows)) if not self.is_out[number])
        return template_of(self._said(number) for number in sampled(kept, self._fingerprint))

    def _said(self, number: int) -> Said:
        return said_by_row(self.rows.row(number), self.options.compared)

    def _sketch(self, sketches: Sketches) -> None:
        """Every row, so that a row keeps its number; exact copies get none."""
        for number in range(len(self.rows)):
            sketches.add([] if self.is_exact[number] else tokens(self._said(number), self.template))
            if number % 1_000 == 0:
                self.tell("sketching", number, len(self.rows))

    def _join(self, sketches: Sketches) -> bool:
        """One round; whether any row was found to be a copy."""
        said = lru_cache(maxsize=_REMEMBERED)(self._said)
        candidates = (number for number in range(len(self.rows)) if not self.is_out[number])
        found = False
        for earlier, number in sketches.pairs(candidates, self.options.threshold, self.is_out):
            alike = similarity(said(earlier), said(number), self.template)
            if alike >= self.options.threshold:
                self.joined_to[number], self.alike[number], self.is_out[number] = earlier, alike, True
                found = True
        self._free_those_without_a_kept_row()
        return found

    def _free_those_without_a_kept_row(self) -> None:
        orphans = [
            number
            for number, target in enumerate(self.joined_to)
            if not self.is_exact[number] and target != number and self.is_out[target]
        ]
        for number in orphans:
            self.joined_to[number], self.alike[number], self.is_out[number] = number, 1.0, False


def near_groups(
    numbers: Sequence[int], said: Callable[[int], Said], fingerprint: Callable[[int], bytes],
    threshold: float = DEFAULT_THRESHOLD,
) -> list[tuple[int, int]]:  # fmt: skip
    """Pairs of ``numbers`` that join what is near: who follows them finds each group whole. No pair says what others
    do. Shingles are made anew when they are needed: memory is that of the sketches."""
    template = template_of(said(number) for number in sampled(numbers, fingerprint))
    joined = Joined(len(numbers))
    remembered = lru_cache(maxsize=_REMEMBERED)(said)
    pairs = []
    with Sketches() as sketches:
        for number in numbers:
            sketches.add(tokens(said(number), template))
        for one, other in sketches.pairs(range(len(numbers)), threshold, bytearray(len(numbers))):
            if joined.root(one) == joined.root(other):
                continue
            if similarity(remembered(numbers[one]), remembered(numbers[other]), template) >= threshold:
                joined.join(one, other)
                pairs.append((numbers[one], numbers[other]))
    return pairs


class Joined:
    """Numbers in groups that grow together; a group's root is its least number. Tarjan 1975, with path halving."""

    def __init__(self, count: int) -> None:
        self._first = array("Q", range(count))

    def root(self, number: int) -> int:
        first = self._first
        while first[number] != number:
            first[number] = first[first[number]]
            number = first[number]
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._first[high] = low


def sampled(numbers: Iterable[int], fingerprint: Callable[[int], bytes]) -> list[int]:
    """Those with the lowest fingerprints, enough of them to tell a template by; in order."""
    return sorted(heapq.nsmallest(_SAMPLE, numbers, key=fingerprint))
