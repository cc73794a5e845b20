"""What changed between two files, and the chain of versions behind one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.durable import sha256_of
from tunesmith.data.duplicates import Options, find_duplicates, write_without
from tunesmith.data.row_file import RowFile
from tunesmith.data.version_diff import Change, Diff, between, chain, changes, diff
from tunesmith.data.versions import Version, write_version

Rows = list[dict[str, Any]]


def row(question: str, answer: str = "Yes.", **metadata: str) -> dict[str, Any]:
    return {"prompt": question, "completion": answer, **({"metadata": metadata} if metadata else {})}


def written(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def compared(folder: Path, before: Rows, after: Rows) -> tuple[Diff, list[Change]]:
    with RowFile(written(folder / "a.jsonl", before)) as one, RowFile(written(folder / "b.jsonl", after)) as other:
        found = diff(one, other)
        return found, list(changes(one, other, found))


TEN = [row(f"what does word{number} mean in this long sentence about word{number + 50}") for number in range(10)]


def test_added_removed_and_moved_rows_are_told_by_line(tmp_path: Path) -> None:
    found, _ = compared(tmp_path, TEN, [*TEN[3:], TEN[0], row("quite another one")])
    assert (list(found.removed), list(found.added), found.num_same, found.num_moved) == ([2, 3], [9], 8, 1)
    assert len(found.changed) == 0


def test_changed_row_is_shown_with_what_differs(tmp_path: Path) -> None:
    mended = {**TEN[4], "completion": "Yes, of course."}
    found, (change,) = compared(tmp_path, TEN, [*TEN[:4], mended, *TEN[5:]])
    assert (found.num_same, list(found.added), list(found.removed)) == (9, [], [])
    assert (change.before_line, change.after_line) == (5, 5)
    (what,) = change.differences
    assert (what.path, what.before, what.after) == ("completion", "Yes.", "Yes, of course.")


def test_changed_row_is_found_where_it_moved_too(tmp_path: Path) -> None:
    mended = {**TEN[4], "prompt": TEN[4]["prompt"].replace("long", "short")}
    found, (change,) = compared(tmp_path, TEN, [mended, *TEN[:4], *TEN[5:]])
    assert (change.before_line, change.after_line, len(found.added), len(found.removed)) == (5, 1, 0, 0)


def test_other_metadata_is_a_change(tmp_path: Path) -> None:
    _, (change,) = compared(tmp_path, [row("a b c", author="ann")], [row("a b c", author="bob")])
    assert [(one.path, one.before, one.after) for one in change.differences] == [("metadata.author", "ann", "bob")]


def test_diff_of_a_file_without_its_duplicates_is_what_was_removed(tmp_path: Path) -> None:
    rows = [*TEN, *TEN[2:5], {**TEN[0], "completion": "YES!"}]
    with RowFile(written(tmp_path / "a.jsonl", rows)) as one:
        duplicates = find_duplicates(one)
        write_without(one, duplicates, Options(), tmp_path / "b.jsonl")
        with RowFile(tmp_path / "b.jsonl") as other:
            found = diff(one, other)
    assert len(found.removed) == len(duplicates.removed()) == 4
    assert (found.num_moved, len(found.added), len(found.changed)) == (0, 0, 0)
    links = between(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert links is not None
    assert [operation.name for link in links if link.version for operation in link.version.operations] == ["duplicates"]


def test_chain_leads_to_the_first_file_and_licence_is_inherited(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [*TEN, TEN[0]])
    write_version(path, Version(sha256_of(path), 11, path.stat().st_size, licence="CC0-1.0", source="own work"))
    for one, other in (("a", "b"), ("b", "c")):
        with RowFile(tmp_path / f"{one}.jsonl") as file:
            write_without(file, find_duplicates(file), Options(), tmp_path / f"{other}.jsonl")
    links = list(chain(tmp_path / "c.jsonl"))
    assert [link.name for link in links] == ["c.jsonl", "b.jsonl", "a.jsonl"]
    assert {link.version.licence for link in links if link.version} == {"CC0-1.0"}


def test_chain_ends_at_a_parent_that_was_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", TEN)
    with RowFile(path) as file:
        write_without(file, find_duplicates(file), Options(), tmp_path / "b.jsonl")
    written(path, TEN[:5])
    assert [(link.name, link.path is None) for link in chain(tmp_path / "b.jsonl")] == [
        ("b.jsonl", False),
        ("a.jsonl", True),
    ]
    assert between(path, tmp_path / "b.jsonl") is None


TEXTS = st.lists(st.sampled_from([f"{a} {b} {c}" for a in "abc" for b in "abc" for c in "de"]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(before=TEXTS, after=TEXTS)
def test_every_row_of_both_files_has_one_place_in_the_diff(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    found, _ = compared(tmp_path_factory.mktemp("rows"), [row(text) for text in before], [row(text) for text in after])
    assert found.num_same + len(found.changed) + len(found.removed) == len(before)
    assert found.num_same + len(found.changed) + len(found.added) == len(after)
    assert found.num_moved <= found.num_same
    if before == after:
        assert (found.num_same, found.num_moved) == (len(before), 0)
