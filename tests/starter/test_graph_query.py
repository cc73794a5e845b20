"""The graph questions: sizes, balance, and that the splits share neither names nor sentence frames."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tunesmith.starter import graph_query
from tunesmith.starter.graph_query import Example, Row, frame_of, is_weft, names_in
from tunesmith.starter.graph_query_frames import HELD_OUT, RELATIONS, SHAPES, SLOT, TRAINING, Frames
from tunesmith.starter.names import is_reserved

TRAINING_ROWS = graph_query.training_rows()
HELD_OUT_ROWS = graph_query.held_out_rows()
UNSEEN_ROWS = graph_query.unseen_relation_rows()
ALL_ROWS = TRAINING_ROWS + HELD_OUT_ROWS + UNSEEN_ROWS

TRAINING_EXAMPLES = graph_query.training_examples()
HELD_OUT_EXAMPLES = graph_query.held_out_examples()
UNSEEN_EXAMPLES = graph_query.unseen_relation_examples()


def question(row: Row) -> str:
    return str(row["messages"][1]["content"])


def answer(row: Row) -> str:
    return str(row["messages"][2]["content"])


FUNCTION_WORDS = {"{is}": "is", "{be}": "is", "{that}": "that", "{who}": "who", "{name}": "name"}


def bare(frame: str) -> str:
    """A frame with every slot, relation words included, as one mark; runs of marks count as one."""
    for slot, word in FUNCTION_WORDS.items():
        frame = frame.replace(slot, word)
    words = re.findall(r"[a-z']+|_", SLOT.sub(" _ ", frame).lower())
    return re.sub(r"_( _)+", "_", " ".join(words))


def cores_of(frames: Frames) -> set[str]:
    return {core for modes in frames.cores.values() for cores in modes.values() for core in cores}


def openings_of(frames: Frames) -> set[str]:
    return {
        " ".join(re.findall(r"[a-z']+", opening.lower())) for group in frames.openings.values() for opening in group
    }


def skeleton(row: Row) -> tuple[str, str]:
    asked, told = question(row), answer(row)
    names = re.findall(r'"([^"]*)"', told)
    for place, name in enumerate(names):
        asked = re.sub(rf"\b{name}\b", f"_{place}", asked)
    return re.sub(r"\d{4}", "#", asked), re.sub(r'"[^"]*"', '""', re.sub(r"\d{4}", "#", told))


def test_sizes_and_form() -> None:
    assert [len(TRAINING_ROWS), len(HELD_OUT_ROWS), len(UNSEEN_ROWS)] == [2000, 200, 100]
    for row in ALL_ROWS:
        assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant"]
        assert row["messages"][0]["content"] == graph_query.SYSTEM


def test_the_same_every_time() -> None:
    assert graph_query.training_rows() == TRAINING_ROWS
    assert graph_query.held_out_rows() == HELD_OUT_ROWS
    assert graph_query.unseen_relation_rows() == UNSEEN_ROWS
    assert graph_query.training_rows(seed=1) != TRAINING_ROWS


def test_the_system_message_is_short_ascii() -> None:
    assert graph_query.SYSTEM.isascii()
    assert len(graph_query.SYSTEM) <= 100


def test_no_question_twice() -> None:
    assert max(Counter(question(row).lower() for row in ALL_ROWS).values()) == 1


def test_a_wording_has_one_answer() -> None:
    answers: dict[str, set[str]] = {}
    for row in ALL_ROWS:
        wording, query = skeleton(row)
        answers.setdefault(wording, set()).add(query)
    assert {wording: queries for wording, queries in answers.items() if len(queries) > 1} == {}


def test_splits_share_no_name_word() -> None:
    training, held_out, unseen = names_in(TRAINING_ROWS), names_in(HELD_OUT_ROWS), names_in(UNSEEN_ROWS)
    assert not training & held_out
    assert not training & unseen
    assert not held_out & unseen
    assert all(is_reserved(word) and len(word) >= 5 for word in training | held_out | unseen)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_other_seeds_stay_apart_too(seed: int) -> None:
    rows = graph_query.training_rows(seed=seed)
    others = HELD_OUT_ROWS + UNSEEN_ROWS
    assert not names_in(rows) & names_in(others)
    assert not {frame_of(row) for row in rows} & {frame_of(row) for row in others}


def test_splits_share_no_wording() -> None:
    assert not {frame_of(row) for row in TRAINING_ROWS} & {frame_of(row) for row in HELD_OUT_ROWS + UNSEEN_ROWS}


def test_splits_share_no_frame_even_with_relation_words_removed() -> None:
    training = {bare(example.frame) for example in TRAINING_EXAMPLES}
    assert not training & {bare(example.frame) for example in HELD_OUT_EXAMPLES + UNSEEN_EXAMPLES}


def test_splits_share_no_core_opening_or_closing() -> None:
    assert not cores_of(TRAINING) & cores_of(HELD_OUT)
    assert openings_of(TRAINING) & openings_of(HELD_OUT) <= {""}
    assert set(TRAINING.closings) & set(HELD_OUT.closings) == {"{end}"}


def test_held_out_words_are_known_from_training() -> None:
    known = {word for row in TRAINING_ROWS for word in frame_of(row).split()}
    assert {word for row in HELD_OUT_ROWS for word in frame_of(row).split()} <= known


def test_unseen_relation_words_never_occur_in_training() -> None:
    phrases = [phrase for relation in RELATIONS for phrase in relation.unseen]
    texts = [text for phrase in phrases for text in (phrase.base, phrase.form, phrase.by, *phrase.nouns)]
    words = {word for text in texts for word in text.split()} - {"in", "by", "from", "of"}
    assert not words & {word for row in TRAINING_ROWS + HELD_OUT_ROWS for word in frame_of(row).split()}
    assert all(words & set(frame_of(row).split()) for row in UNSEEN_ROWS)


def test_every_answer_parses_and_copies_from_its_question() -> None:
    for row in ALL_ROWS:
        assert is_weft(answer(row))
        for part in re.findall(r'"([^"]*)"|(\d+)', answer(row)):
            assert re.search(rf"\b{''.join(part)}\b", question(row))


@pytest.mark.parametrize("examples", [TRAINING_EXAMPLES, HELD_OUT_EXAMPLES, UNSEEN_EXAMPLES])
def test_shapes_are_balanced(examples: list[Example]) -> None:
    counts = Counter(example.shape for example in examples)
    assert set(counts) == set(SHAPES)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_every_relation_occurs_often() -> None:
    edges = Counter(edge for row in TRAINING_ROWS for edge in re.findall(r"(?:<~|~>) ([a-z]+)", answer(row)))
    assert set(edges) == {relation.label for relation in RELATIONS}
    assert min(edges.values()) >= 60


def test_many_frames() -> None:
    for shape in SHAPES:
        assert len({example.frame for example in TRAINING_EXAMPLES if example.shape == shape}) >= 100
        assert len({example.frame for example in HELD_OUT_EXAMPLES if example.shape == shape}) >= 15


@pytest.mark.parametrize(
    "line",
    [
        "",
        "seek",
        "Seek film <~ directed \"Mara\"",
        "Which films did Mara direct?",
        "We seek a film.",
        "seek film ~> directed \"Mara\"",
        "seek book <~ directed \"Mara\"",
        "seek film <~ acted company ~> published \"Mara\"",
        "seek film <~ directed Mara",
        "seek film <~ directed \"Mara\" year 1990",
        "seek film <~ directed \"Mara\" ",
        "seek film <~ directed \"Mara\"\n",
        "SELECT name FROM film",
        graph_query.SYSTEM,
    ],
)  # fmt: skip
def test_not_weft(line: str) -> None:
    assert not is_weft(line)


@pytest.mark.parametrize(
    "line",
    [
        'seek film <~ directed "Mara Velunde"',
        'seek count person ~> lives "Karst"',
        'seek city <~ born person ~> wrote "Karst Velunde"',
        'seek book <~ published "Karst" year > 1990',
        'seek person ~> owns "Karst" & "Velunde"',
    ],
)
def test_weft(line: str) -> None:
    assert is_weft(line)


def test_questions_are_not_weft() -> None:
    assert not any(is_weft(question(row)) for row in ALL_ROWS)


def test_write_rows(tmp_path: Path) -> None:
    graph_query.write_rows(tmp_path / "rows.jsonl", HELD_OUT_ROWS)
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == HELD_OUT_ROWS
