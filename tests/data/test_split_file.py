"""A file split in two: every row once, groups whole, labels alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import UserError
from tunesmith.data.row_file import RowFile
from tunesmith.data.split_file import Split, SplitOptions, split_rows, value_at, write_split
from tunesmith.data.versions import read_version


def row(question: str, answer: str = "Yes.", **metadata: str) -> dict[str, Any]:
    return {"prompt": question, "completion": answer, "metadata": metadata}


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def split(folder: Path, rows: list[dict[str, Any]], options: SplitOptions) -> Split:
    with RowFile(written(folder / "rows.jsonl", rows)) as file:
        return split_rows(file, options)


def held_back(done: Split) -> list[int]:
    return [number for number, is_held in enumerate(done.validation) if is_held]


def test_both_files_hold_every_row_once_in_order_with_their_versions(tmp_path: Path) -> None:
    rows = [row(f"q{number}") for number in range(50)]
    options = SplitOptions(0.2, seed=3)
    with RowFile(written(tmp_path / "rows.jsonl", rows)) as file:
        done = split_rows(file, options)
        write_split(file, done, options, tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    parts = [
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()] for name in ("a.jsonl", "b.jsonl")
    ]
    assert [len(part) for part in parts] == [40, 10]
    assert sorted((one["prompt"] for part in parts for one in part), key=lambda text: int(text[1:])) == [
        one["prompt"] for one in rows
    ]
    version = read_version(tmp_path / "b.jsonl")
    assert version is not None
    assert (version.operations[0].parameters["part"], version.operations[0].parameters["seed"]) == ("validation", 3)


def test_labels_have_their_share_on_both_sides(tmp_path: Path) -> None:
    rows = [row(f"q{number}", label="rare" if number % 10 == 0 else "common") for number in range(200)]
    done = split(tmp_path, rows, SplitOptions(0.1, stratify="label"))
    assert done.labels == {"common": (162, 18), "rare": (18, 2)}


def test_short_answer_is_the_label_of_rows_without_one(tmp_path: Path) -> None:
    rows = [row(f"q{number}", "spam" if number % 4 == 0 else "ham") for number in range(80)]
    assert split(tmp_path, rows, SplitOptions(0.25, stratify="label")).labels == {"ham": (45, 15), "spam": (15, 5)}


def test_split_depends_on_the_seed_and_not_on_the_order(tmp_path: Path) -> None:
    rows = [row(f"q{number}") for number in range(60)]

    def chosen(rows: list[dict[str, Any]], seed: int) -> set[str]:
        return {rows[number]["prompt"] for number in held_back(split(tmp_path, rows, SplitOptions(0.2, seed)))}

    assert chosen(rows, 1) == chosen(rows[::-1], 1) != chosen(rows, 2)


def test_near_copies_stay_on_one_side(tmp_path: Path) -> None:
    texts = [
        f"please tell me when train {number} to town {number} leaves from platform {number} today"
        for number in range(40)
    ]
    rows = [row(text + end) for text in texts for end in ("", "!")]
    done = split(tmp_path, rows, SplitOptions(0.25))
    assert (done.num_groups, done.num_joined) == (40, 40)
    assert all(done.validation[number] == done.validation[number + 1] for number in range(0, 80, 2))


def test_rows_without_the_key_stand_for_themselves_and_are_counted(tmp_path: Path) -> None:
    rows = [row(f"q{number}", **({"thread": "t"} if number < 5 else {})) for number in range(20)]
    done = split(tmp_path, rows, SplitOptions(0.2, by_group="thread"))
    assert (done.num_ungrouped, done.num_groups) == (15, 16)


@pytest.mark.parametrize("options", [SplitOptions(0.1, by_group="auhtor"), SplitOptions(0.1, stratify="auhtor")])
def test_key_that_no_row_has_is_refused_with_those_that_are_there(tmp_path: Path, options: SplitOptions) -> None:
    with pytest.raises(UserError) as refused:
        split(tmp_path, [row("a", author="x"), row("b", author="y")], options)
    assert "auhtor" in refused.value.message
    assert "author" in refused.value.hint


def test_rows_that_all_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="belong together"):
        split(tmp_path, [row("a", thread="x"), row("b", thread="x")], SplitOptions(0.5, by_group="thread"))


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan")])
def test_share_outside_0_and_1_is_refused(share: float) -> None:
    with pytest.raises(UserError, match="not between 0 and 1"):
        SplitOptions(share)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("author", "ann"),
        ("kind", "k"),
        ("messages[0].content", "hi"),
        ("metadata.author", "ann"),
        ("messages[3]", None),
    ],
)
def test_value_is_found_by_key_or_path(name: str, value: str | None) -> None:
    one = {"messages": [{"content": "hi"}], "kind": "k", "metadata": {"author": "ann"}}
    assert value_at(one, name) == value


ROWS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("rstuvw"), st.sampled_from("xyz")), min_size=2)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, share=st.floats(0.01, 0.99), seed=st.integers(), is_stratified=st.booleans())
def test_groups_are_never_split_and_neither_side_is_empty(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, str]],
    share: float,
    seed: int,
    is_stratified: bool,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    made = [row(text, thread=thread, label=label) for text, thread, label in rows]
    options = SplitOptions(share, seed, "thread", "label" if is_stratified else None)
    try:
        done = split(folder, made, options)
    except UserError:  # all rows belong together
        return
    sides: dict[str, set[int]] = {}
    for (text, thread, _), side in zip(rows, done.validation, strict=True):
        sides.setdefault(f"thread {thread}", set()).add(side)
        sides.setdefault(f"text {text}", set()).add(side)
    assert all(len(found) == 1 for found in sides.values())
    assert 0 < sum(done.validation) == done.num_validation < len(rows)
