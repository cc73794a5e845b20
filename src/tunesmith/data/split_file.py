"""A file of rows → a training and a validation file: by the seed, grouped and stratified where asked.

Rows that say the same, exactly or nearly, stay on one side; so do rows of one group, such as a thread or an author.
With labels each part has its share of every label, as far as whole groups allow. Memory: about 400 bytes a row.
"""

from __future__ import annotations

import heapq
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from tunesmith.core.errors import UserError
from tunesmith.data.derived import write_derived
from tunesmith.data.duplicates import Joined, fingerprint_of, first_of_each, near_groups
from tunesmith.data.findings import Row, shorten
from tunesmith.data.row_file import RowFile
from tunesmith.data.row_texts import answers
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.similarity import said_by_row
from tunesmith.data.versions import Operation, Version

LABEL: Final = "label"
_LONGEST_LABEL: Final = 64
_MOST_KEYS_NAMED: Final = 12
_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """``share`` of the rows goes to the validation file. ``by_group`` and ``stratify`` name a key of ``metadata``, a key
    of the row, or a path such as ``messages[0].content``; the label of a row without one is its answer, if short."""

    share: float
    seed: int = 42
    by_group: str | None = None
    stratify: str | None = None
    near: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise UserError(
                f"The share is {self.share}, not between 0 and 1.", "choose 0.1 to hold back a tenth of the rows"
            )


@dataclass(frozen=True, slots=True)
class Split:
    """``validation`` holds a byte for each row, 1 where it is held back. ``labels`` has, for each label, the rows in
    training and in validation. ``num_groups`` counts what stays together, ``num_ungrouped`` rows without a group's key."""

    num_rows: int
    num_validation: int
    num_groups: int
    num_exact: int
    num_joined: int
    num_ungrouped: int
    labels: dict[str, tuple[int, int]]
    validation: bytes

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "validation"}


def split_rows(rows: RowFile, options: SplitOptions) -> Split:
    """Raises UserError where the rows cannot be shared out, or no row has the key of a group or a label."""
    joined = Joined(len(rows))
    prints, first_of, num_ungrouped, labels = _read(rows, options, joined)
    distinct = array("Q", (number for number, first in enumerate(first_of) if first == number))
    num_joined = _join_near(rows, prints, distinct, joined) if options.near else 0
    groups = _Groups(joined, len(rows))
    if len(groups.roots) < 2:
        raise UserError(
            f"All {len(rows):,} rows of {rows.path} belong together, so none can be held back.",
            "add rows, or group them by something else",
        )
    chosen = _choose(groups, prints, labels, options)
    validation = bytearray(len(rows))
    for number in chosen:
        validation[number] = 1
    counts = _label_counts(labels, validation) if options.stratify else {}
    return Split(
        len(rows), len(chosen), len(groups.roots), len(rows) - len(distinct), num_joined, num_ungrouped, counts, bytes(validation)
    )  # fmt: skip


def write_split(
    rows: RowFile, split: Split, options: SplitOptions, out_train: Path, out_validation: Path
) -> tuple[Version, Version]:
    """Both files, in the order of the rows, with their versions."""
    with RowWriter(out_train) as training, RowWriter(out_validation) as validation:
        for number in range(len(rows)):
            (validation if split.validation[number] else training).write_line(rows.line_bytes(number))

    def version(out: Path, written: RowWriter, part: str) -> Version:
        counts = {"read": split.num_rows, "written": written.num_rows, "groups": split.num_groups}
        operation = Operation("split", {**asdict(options), "part": part}, counts)
        return write_derived(out, written, [rows.path], operation)

    return version(out_train, training, "training"), version(out_validation, validation, "validation")


def value_at(row: Row, name: str) -> str | None:
    """What stands in ``metadata`` under this key, else in the row under this key or path; None where nothing does."""
    metadata = row.get("metadata")
    if isinstance(metadata, dict) and name in metadata:
        return _text(metadata[name])
    value: Any = row
    for key, index in _PART.findall(name):
        if key and isinstance(value, dict):
            value = value.get(key)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return _text(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None if value is None else shorten(value, 200)


class _Groups:
    """Rows that stay together, under the first of them; a row by itself takes no more than its number."""

    def __init__(self, joined: Joined, num_rows: int) -> None:
        self.roots = array("Q")
        self._more: dict[int, array[int]] = {}
        for number in range(num_rows):
            if (root := joined.root(number)) == number:
                self.roots.append(number)
            else:
                self._more.setdefault(root, array("Q", [root])).append(number)

    def members(self, root: int) -> Sequence[int]:
        return self._more.get(root) or (root,)


def _read(rows: RowFile, options: SplitOptions, joined: Joined) -> tuple[bytearray, array[int], int, list[str]]:
    """Every row's fingerprint, 16 bytes each; the first row that says what it says; how many are in no group; every row's
    label."""
    prints, first_of_group = bytearray(), dict[bytes, int]()
    labels: list[str] = []
    known_labels: dict[str, str] = {}
    num_ungrouped = num_unlabelled = 0
    metadata_keys: Counter[str] = Counter()
    for number, row in enumerate(rows):
        prints += fingerprint_of(row)
        metadata = row.get("metadata")
        metadata_keys.update(metadata if isinstance(metadata, dict) else ())
        if options.by_group is not None:
            group = value_at(row, options.by_group)
            num_ungrouped += group is None
            if group is not None:
                key = blake2b(group.encode(errors="replace"), digest_size=16).digest()
                joined.join(first_of_group.setdefault(key, number), number)
        if options.stratify is not None:
            label = _label(row, options.stratify)
            num_unlabelled += label is None
            labels.append(known_labels.setdefault(label or "", label or ""))
    if options.by_group is not None and num_ungrouped == len(rows):
        raise _no_such_key(rows, options.by_group, metadata_keys)
    if options.stratify is not None and num_unlabelled == len(rows):
        raise _no_such_key(rows, options.stratify, metadata_keys)
    first_of = first_of_each(prints)
    for number, first in enumerate(first_of):
        if first != number:
            joined.join(first, number)
    return prints, first_of, num_ungrouped if options.by_group else 0, labels


def _no_such_key(rows: RowFile, name: str, found: Mapping[str, int]) -> UserError:
    named = ", ".join(list(found)[:_MOST_KEYS_NAMED]) or "no keys"
    return UserError(
        f"No row of {rows.path} has {shorten(name)}.",
        f"name a key of metadata (the rows have {named}), or a path such as messages[0].content",
    )


def _label(row: Row, name: str) -> str | None:
    label = value_at(row, name)
    if label is not None or name != LABEL:
        return label
    last = next(reversed([text for _, text in answers(row)]), None)
    return last.strip() if last is not None and len(last.strip()) <= _LONGEST_LABEL else None


def _join_near(rows: RowFile, prints: bytearray, distinct: array[int], joined: Joined) -> int:
    """How many rows were found near to one that says something else."""
    pairs = near_groups(
        distinct,
        lambda number: said_by_row(rows.row(number)),
        lambda number: bytes(prints[16 * number : 16 * number + 16]),
    )
    for one, other in pairs:
        joined.join(one, other)
    return len(pairs)


def _choose(groups: _Groups, prints: bytearray, labels: Sequence[str], options: SplitOptions) -> list[int]:
    """The rows of whole groups, drawn by the seed: first those that every label still has room for, then those that
    exceed it least. The smallest where none fits; one group always stays behind."""
    num_rows = len(prints) // 16
    wanted = max(1, round(options.share * num_rows))
    salt = str(options.seed).encode()
    drawn = _drawn(groups, prints, salt)
    room = _room(labels, wanted, num_rows, salt)
    chosen: list[Sequence[int]] = []
    num_chosen = 0

    def excess(group: Sequence[int]) -> int:
        counts = Counter(labels[number] if labels else "" for number in group)
        return sum(max(0, count - room[label]) for label, count in counts.items())

    # In the drawn order, those without an excess; the others wait. Room only shrinks, so that what is due next is known
    # once the least excess is that of now.
    waiting: list[tuple[int, int]] = []
    place = 0
    while (place < len(drawn) or waiting) and len(chosen) < len(drawn) - 1 and num_chosen < wanted:
        if place < len(drawn):
            before, this, place = 0, place, place + 1
        else:
            before, this = heapq.heappop(waiting)
        group = groups.members(drawn[this])
        now = excess(group)
        if now > before:
            heapq.heappush(waiting, (now, this))
        elif num_chosen + len(group) <= wanted:
            chosen.append(group)
            num_chosen += len(group)
            room.subtract(labels[number] if labels else "" for number in group)
    if not chosen:
        chosen = [groups.members(min(drawn, key=lambda root: len(groups.members(root))))]
    return [number for group in chosen for number in group]


def _drawn(groups: _Groups, prints: bytearray, salt: bytes) -> array[int]:
    """The groups' roots in an order that the seed decides, wherever the rows stand in the file."""
    keys = array("Q")
    for root in groups.roots:
        digest = blake2b(salt + b":" + _print_of(prints, groups.members(root))).digest()
        keys.append(int.from_bytes(digest[:8], "big"))
    return array("Q", map(groups.roots.__getitem__, sorted(range(len(keys)), key=keys.__getitem__)))


def _print_of(prints: bytearray, group: Sequence[int]) -> bytes:
    """The least of its fingerprints: the same wherever the group's rows stand."""
    return bytes(min(prints[16 * number : 16 * number + 16] for number in group))


def _room(labels: Sequence[str], wanted: int, num_rows: int, salt: bytes) -> Counter[str]:
    """How many rows of each label shall be held back: ``wanted`` in all, by the largest remainders."""
    counts = Counter(labels) if labels else Counter({"": num_rows})
    exact = {label: wanted * count / num_rows for label, count in counts.items()}
    room = Counter({label: math.floor(number) for label, number in exact.items()})

    def remainder(label: str) -> tuple[float, bytes]:
        return room[label] - exact[label], blake2b(salt + label.encode(errors="replace")).digest()

    for label in sorted(exact, key=remainder)[: wanted - room.total()]:
        room[label] += 1
    return room


def _label_counts(labels: Sequence[str], validation: bytearray) -> dict[str, tuple[int, int]]:
    def count() -> Iterator[tuple[str, tuple[int, int]]]:
        held_back = Counter(label for label, is_held in zip(labels, validation, strict=True) if is_held)
        for label, number in Counter(labels).most_common():
            yield label, (number - held_back[label], held_back[label])

    return dict(count())
