"""Duplicates: what is found, what is not, what stays."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.duplicates import Duplicates, Options, find_duplicates, read_decisions, write_without
from tunesmith.data.row_file import RowFile
from tunesmith.data.similarity import said_by_row, similarity
from tunesmith.data.versions import read_version

WORDS = "river stone cloud ember lantern meadow copper thistle harbour violet".split()
LONG = "When the parcel has not come after ten days please write to us with the number that stands on the bill you got"
LONG_ZH = "包裹如果十天之后还没有送到，请您把账单上的订单号写信告诉我们，我们会在两个工作日之内查清楚它现在到了哪里"


def row(question: str, answer: str = "Yes.", **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, **more}


def written(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows), encoding="utf-8")
    return path


def found(path: Path, rows: Sequence[Any], options: Options | None = None) -> Duplicates:
    with RowFile(written(path, rows)) as file:
        return find_duplicates(file, options)


def lines(duplicates: Duplicates) -> list[list[int]]:
    return [[cluster.line, *(copy.line for copy in cluster.copies)] for cluster in duplicates.clusters]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def test_copy_with_other_key_order_and_metadata_is_exact(path: Path) -> None:
    first = {"prompt": "a", "completion": "b", "metadata": {"author": "x"}}
    (cluster,) = found(path, [first, {"completion": "b", "prompt": "a"}]).clusters
    assert (cluster.line, cluster.copies[0].line, cluster.copies[0].is_exact) == (1, 2, True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LONG, LONG.replace("parcel", "letter")),
        (LONG, LONG.upper() + "!"),
        (LONG_ZH, LONG_ZH.replace("告诉", "通知")),
        (LONG_ZH, LONG_ZH.replace("，", ",")),
    ],
    ids=["a word", "case and punctuation", "two Chinese characters", "full-width punctuation"],
)
def test_near_copy_is_found(path: Path, one: str, other: str) -> None:
    duplicates = found(path, [row(one), row("Something else."), row(other)])
    assert lines(duplicates) == [[1, 3]]
    assert not duplicates.clusters[0].copies[0].is_exact


@pytest.mark.parametrize(
    "rows",
    [
        [row("Is it raining?", LONG), row("May I bring my dog?", LONG)],
        [row(LONG, "billing"), row(LONG, "delivery")],
        [row("Switch the kitchen light on"), row("Switch the bedroom light on")],
        [row("What is 2 + 3 + 4 + 5 + 6?"), row("What is 2 * 3 * 4 * 5 * 6?")],
        [row("😀"), row("😡")],
    ],
    ids=["same answer", "same question", "another word that matters", "other signs", "other emoji"],
)
def test_rows_that_say_other_things_are_no_copies(path: Path, rows: list[dict[str, Any]]) -> None:
    assert found(path, rows).clusters == ()


def test_instruction_in_every_row_makes_no_copies(path: Path) -> None:
    rows = [row(f"{LONG}. Classify this text: {a} {b}", "pleasant") for a in WORDS for b in WORDS if a < b]
    assert found(path, rows).clusters == ()


def test_only_what_is_compared_counts(path: Path) -> None:
    rows = [row(LONG, "billing"), row(LONG, "delivery")]
    assert found(path, rows, Options(compared="answer")).clusters == ()
    assert lines(found(path, rows, Options(compared="question"))) == [[1, 2]]


def test_near_is_not_looked_for_where_exact_is_asked_for(path: Path) -> None:
    assert lines(found(path, [row(LONG), row(LONG.upper()), row(LONG)], Options(near=False))) == [[1, 3]]


def test_row_that_is_like_a_copy_but_not_like_the_kept_row_stays(path: Path) -> None:
    words = [f"{word}{number}" for number in range(4) for word in WORDS]
    steps = [" ".join([f"new{n}" for n in range(start)] + words[start:]) for start in (0, 4, 8)]
    assert similarity(*(said_by_row(row(text)) for text in (steps[0], steps[2]))) < 0.8
    assert lines(found(path, [row(text) for text in steps])) == [[1, 2]]


def test_cluster_keeps_its_id_where_rows_move(path: Path) -> None:
    rows = [row(LONG), row("Something else."), row(LONG.upper())]
    (one,), (other,) = (found(path, chosen).clusters for chosen in (rows, [rows[1], rows[0], rows[2]]))
    assert (one.id, one.line) != (other.id, other.line)
    assert one.id == other.id


def test_rejected_cluster_keeps_its_rows_and_the_version_counts(path: Path) -> None:
    rows = [row(LONG), row(LONG), row("Hello there"), row("hello there!"), row("Bye")]
    out = path.with_name("out.jsonl")
    with RowFile(written(path, rows)) as file:
        duplicates = find_duplicates(file)
        write_without(file, duplicates, Options(), out, {duplicates.clusters[1].id: "reject"})
    assert [json.loads(line) for line in out.read_text().splitlines()] == [rows[0], *rows[2:]]
    version = read_version(out)
    assert version is not None
    counts = version.operations[0].counts
    assert (counts["read"], counts["written"], counts["exact_duplicates"], counts["rejected_clusters"]) == (5, 4, 1, 1)
    assert version.parents[0].name == "rows.jsonl"


def test_rows_of_an_array_are_rows(path: Path) -> None:
    path.write_text(json.dumps([row(LONG), row("Other"), row(LONG)], indent=2))
    with RowFile(path) as file:
        ((cluster),) = find_duplicates(file).clusters
        assert (cluster.number, cluster.line, cluster.copies[0].number) == (0, 2, 2)


def test_rows_that_cannot_be_read_are_named_with_their_lines(path: Path) -> None:
    path.write_bytes(b'\xef\xbb\xbf{"prompt": "a"}\n\n{"prompt": \n[1]\n{"prompt": "b"}')
    with pytest.raises(Problems) as refused, RowFile(path):
        pass
    assert [problem.line for problem in refused.value.problems] == [3, 4]


def test_threshold_out_of_range_is_refused() -> None:
    with pytest.raises(UserError, match=r"not between 0\.5 and 1"):
        Options(threshold=0.2)


@pytest.mark.parametrize("content", ["[]", '{"a": "keep"}', "{", ""])
def test_decisions_of_another_shape_are_refused(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(UserError, match="holds no decisions"):
        read_decisions(path)


def test_copies_with_five_percent_of_their_words_changed_are_found(path: Path) -> None:
    chance = random.Random(1)
    texts = [[f"w{chance.randrange(5_000)}" for _ in range(100)] for _ in range(200)]
    edited = []
    for text in texts:
        copy = list(text)
        for place in chance.sample(range(100), 5):
            copy[place] = f"x{chance.randrange(5_000)}"
        edited.append(copy)
    duplicates = found(path, [row(" ".join(text), "Yes.") for text in (*texts, *edited)])
    assert len(duplicates.clusters) >= 195
    assert all(cluster.copies[0].number == cluster.number + 200 for cluster in duplicates.clusters)


@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.lists(st.sampled_from(WORDS[:4]), min_size=1, max_size=12), min_size=1, max_size=25),
    threshold=st.sampled_from([0.5, 0.6, 0.8]),
)
def test_what_is_left_has_no_duplicates_and_every_copy_is_near_its_kept_row(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], threshold: float
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    options = Options(threshold)
    with RowFile(written(folder / "in.jsonl", [row(" ".join(text)) for text in texts])) as file:
        duplicates = find_duplicates(file, options)
        for cluster in duplicates.clusters:
            for copy in cluster.copies:
                alike = similarity(*(said_by_row(file.row(number)) for number in (cluster.number, copy.number)))
                assert copy.is_exact or alike >= threshold
        write_without(file, duplicates, options, folder / "out.jsonl")
    with RowFile(folder / "out.jsonl") as left:
        assert len(left) == len(texts) - len(duplicates.removed())
        assert find_duplicates(left, options).clusters == ()
