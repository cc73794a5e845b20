"""Rows are matched as plain dictionaries and lists of all would match them, in bounded parts."""

from __future__ import annotations

import gc
import json
import tempfile
import warnings
from collections import defaultdict, deque
from collections.abc import Iterator
from operator import eq
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tunesmith.data import alike_pairs, near_index, row_matching
from tunesmith.data.alike_pairs import AlikePairs
from tunesmith.data.duplicates import Options, find_duplicates, fingerprint_of, near_groups
from tunesmith.data.near_index import NUM_PERM, Sketches, rows_per_band
from tunesmith.data.row_file import RowFile
from tunesmith.data.similarity import said_by_row, similarity, tokens
from tunesmith.data.version_diff import diff

Rows = list[dict[str, Any]]
Pair = tuple[int, int]


def plain_diff(before: Rows, after: Rows) -> tuple[list[Pair], list[Pair]]:
    """Pairs that are the same, and pairs that were changed, both by the row after."""
    waiting: dict[bytes, deque[int]] = defaultdict(deque)
    for number, row in enumerate(before):
        waiting[fingerprint_of({**row, "\0metadata": row.get("metadata")})].append(number)
    same: dict[int, int] = {}
    for number, row in enumerate(after):
        if held := waiting[fingerprint_of({**row, "\0metadata": row.get("metadata")})]:
            same[number] = held.popleft()
    changed = dict(plain_in_place(before, after, same))
    ones = [number for number in range(len(before)) if number not in {*same.values(), *changed.values()}]
    others = [number for number in range(len(after)) if number not in {*same, *changed}]
    alike = plain_alike([before[one] for one in ones], [after[other] for other in others])
    for _, one, other in sorted((-nearness, ones[one], others[other]) for nearness, one, other in alike):
        if other not in changed and one not in changed.values():
            changed[other] = one
    return sorted(same.items()), sorted(changed.items())


def plain_in_place(before: Rows, after: Rows, same: dict[int, int]) -> Iterator[Pair]:
    gaps_before = gaps([number for number in range(len(before)) if number not in same.values()])
    by_start = {gap[0]: gap for gap in gaps_before}
    for gap in gaps([number for number in range(len(after)) if number not in same]):
        found = by_start.get(0 if gap[0] == 0 else same[gap[0] - 1] + 1, [])
        for one, other in zip(found, gap, strict=False) if len(found) == len(gap) else ():
            (asked, told), (asks, tells) = said_by_row(before[one]), said_by_row(after[other])
            if asked & asks or told & tells:
                yield other, one


def gaps(numbers: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] + 1 == number:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def plain_alike(ones: Rows, others: Rows) -> list[tuple[float, int, int]]:
    with Sketches() as index, Sketches() as queries:
        for sketches, rows in ((index, ones), (queries, others)):
            for row in rows:
                sketches.add(tokens(said_by_row(row)))
        found, num_compared = [], [0] * len(ones)
        is_out = bytearray(len(ones))
        for one, other in plain_pairs(index, queries, 0.5, is_out):
            num_compared[one] += 1
            is_out[one] = num_compared[one] >= 100
            nearness = similarity(said_by_row(ones[one]), said_by_row(others[other]))
            found += [(nearness, one, other)] if nearness >= 0.5 else []
    return found


def plain_pairs(index: Sketches, queries: Sketches, threshold: float, is_out: bytearray) -> Iterator[Pair]:
    index._work()
    queries._work()
    width = rows_per_band(threshold)
    for band in range(NUM_PERM // width):
        members: dict[int, list[int]] = defaultdict(list)
        for number, key in enumerate(index._kept.keys(band, width)):
            if not index._is_empty[number] and not is_out[number] and len(members[key]) < 64:
                members[key].append(number)
        for other, key in enumerate(queries._kept.keys(band, width)):
            for number in members.get(key, []) if not queries._is_empty[other] else []:
                slots = (index._kept.slots(number), queries._kept.slots(other))
                if not is_out[number] and sum(map(eq, *slots)) >= (threshold - 0.25) * NUM_PERM:
                    yield number, other


def two_files(random: Random) -> tuple[Rows, Rows]:
    """Rows of which many are equal, edited, moved, new, empty or alike by a template."""
    words = [f"词{number} w{number}" for number in range(random.choice([6, 60]))]
    templates = [random.choices(words, k=12) for _ in range(random.choice([1, 5]))]
    before = [fresh_row(random, words, templates) for _ in range(random.randrange(300))]
    after: Rows = []
    for row in before:
        kind = random.random()
        if kind < 0.3:
            after.append({**row, "completion": row["completion"] + " " + random.choice(words)})
        elif kind < 0.4:
            after.append({**row, "metadata": {"by": random.choice("ab")}})
        elif kind < 0.9:
            after.append(row)
        if kind < 0.1:
            after.insert(random.randrange(len(after)), fresh_row(random, words, templates))
    if random.random() < 0.3:
        random.shuffle(after)
    return before, after


def fresh_row(random: Random, words: list[str], templates: list[list[str]]) -> dict[str, Any]:
    if random.random() < 0.1:
        return {"prompt": random.choice(["", "?"]), "completion": ""}
    asked = random.choice(templates) + random.choices(words, k=random.randrange(6))
    return {"prompt": " ".join(asked), "completion": " ".join(random.choices(words, k=random.randrange(1, 9)))}


def written(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def matched(folder: Path, before: Rows, after: Rows) -> tuple[list[Pair], list[Pair]]:
    with RowFile(written(folder / "a.jsonl", before)) as one, RowFile(written(folder / "b.jsonl", after)) as other:
        found = diff(one, other)
        same = row_matching.same_rows(one, other)
    assert found.num_same + len(found.changed) + len(found.removed) == len(before)
    assert found.num_same + len(found.changed) + len(found.added) == len(after)
    pairs = [(number, match) for number, match in enumerate(same) if match != near_index.NOWHERE]
    return pairs, [(after, before) for before, after in found.changed]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (row_matching, "_FINGERPRINTS_AT_ONCE", 20), (row_matching, "_MOST_HELD_BYTES", 500),
        (row_matching, "_MOST_REMEMBERED", 30), (near_index, "_KEYS_AT_ONCE", 20), (near_index, "_BATCH", 10),
        (alike_pairs, "_MOST_HELD", 50), (alike_pairs, "_READ_BYTES", 160),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


@pytest.mark.parametrize("seed", range(12))
def test_rows_are_matched_as_a_plain_dictionary_matches_them(tmp_path: Path, seed: int) -> None:
    before, after = two_files(Random(seed))
    assert matched(tmp_path, before, after) == plain_diff(before, after)


@pytest.mark.parametrize("seed", range(12, 30))
@pytest.mark.usefixtures("small_parts")
def test_rows_are_matched_alike_in_many_parts_and_files(tmp_path: Path, seed: int) -> None:
    before, after = two_files(Random(seed))
    assert matched(tmp_path, before, after) == plain_diff(before, after)


@pytest.mark.usefixtures("small_parts")
def test_rows_that_are_alike_by_the_hundred_are_matched_alike(tmp_path: Path) -> None:
    random, same = Random(1), "what does this long sentence about one thing mean to you"
    before = [{"prompt": f"{same} w{random.randrange(9)}", "completion": f"so {number}"} for number in range(250)]
    after = [{"prompt": f"{same} w{random.randrange(9)}", "completion": f"so {number}"} for number in range(400, 560)]
    assert matched(tmp_path, before, after) == plain_diff(before, after)


@pytest.mark.usefixtures("small_parts")
def test_pair_that_came_before_is_told(tmp_path: Path) -> None:
    random = Random(2)
    made = [[b"%d" % random.randrange(99) for _ in range(40)] for _ in range(300)]
    with Sketches() as index, Sketches(300) as queries:
        for sketches, token_sets in ((index, made), (queries, [one[:36] for one in made])):
            for one in token_sets:
                sketches.add(one)
        met = list(index.meetings(queries, 0.5, bytearray(300)))
        assert [(one, other) for one, other, _ in met] == list(plain_pairs(index, queries, 0.5, bytearray(300)))
    seen: set[Pair] = set()
    for one, other, is_again in met:
        assert is_again == ((one, other) in seen)
        seen.add((one, other))


@pytest.mark.usefixtures("small_parts")
def test_pairs_come_sorted_from_a_file() -> None:
    random = Random(3)
    added = [(random.choice([0.5, 0.75, 1.0]), random.randrange(2**32), random.randrange(9)) for _ in range(1_234)]
    with AlikePairs() as alike:
        for one in added:
            alike.add(*one)
        assert list(alike) == [
            (one, other) for _, one, other in sorted((-near, one, other) for near, one, other in added)
        ]


def leave_files(folder: Path) -> None:
    """Everything that lays sketches or pairs out in temporary files."""
    before, after = two_files(Random(14))
    matched(folder, before, after)
    with RowFile(folder / "a.jsonl") as rows:
        find_duplicates(rows, Options())
    near_groups(range(len(before)), lambda number: said_by_row(before[number]), lambda number: b"%d" % number)


@pytest.mark.usefixtures("small_parts")
def test_temporary_files_are_closed_on_every_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_index, "_MOST_HELD_BYTES", 500)
    opened: list[Any] = []
    make = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: opened.append(make()) or opened[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        leave_files(tmp_path)
        monkeypatch.setattr("tunesmith.data.duplicates.similarity", lambda *_: 1 / 0)
        monkeypatch.setattr("tunesmith.data.row_matching.similarity", lambda *_: 1 / 0)
        for again in (lambda: matched(tmp_path, *two_files(Random(14))), lambda: leave_files(tmp_path)):
            with pytest.raises(ZeroDivisionError):
                again()
        gc.collect()
    assert len(opened) > 6
    assert all(file.closed for file in opened)
