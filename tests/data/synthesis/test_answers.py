"""What a model wrote is read in every manner that models have, and what cannot be read is counted, quickly."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.data.synthesis.answers import Pair, read_answer

A, B = Pair("What is it?", "A lamp."), Pair("这是什么？", "一盏灯。")
OBJECTS = [{"question": A.question, "answer": A.answer}, {"question": B.question, "answer": B.answer}]
ARRAY = json.dumps(OBJECTS)


@pytest.mark.parametrize(
    "text",
    [
        ARRAY,
        f"Sure, here they are [2 of them]:\n```json\n{json.dumps(OBJECTS, indent=2, ensure_ascii=False)}\n```\nEnjoy!",
        "\n".join(json.dumps(one) for one in OBJECTS),
        json.dumps({"examples": OBJECTS}),
        f"<think>two {{things}} [1]</think>\n{ARRAY}",
        json.dumps([{"Instruction": one["question"], "OUTPUT": one["answer"]} for one in OBJECTS]),
        "1. Question: What is it?\n   Answer: A lamp.\n\n2. 问题：这是什么？\n   答案：一盏灯。",
        "1.\n**Q:** What is it?\n**A:** A lamp.\n\n2.\n**问题：** 这是什么？\n**答案：** 一盏灯。",
        "问题1：What is it?\n答案1：A lamp.\n问题2：这是什么？\n答案2：一盏灯。",
    ],
)
def test_two_pairs_are_read(text: str) -> None:
    assert read_answer(text, with_answers=True).pairs == (A, B)


@pytest.mark.parametrize(
    "text",
    [
        '["What is it?", "这是什么？"]',
        "1. What is it?\n2) 这是什么？",
        json.dumps([{"question": "What is it?"}, {"问题": "这是什么？"}]),
    ],
)
def test_two_questions_are_read(text: str) -> None:
    assert read_answer(text, with_answers=False).pairs == (Pair(A.question, None), Pair(B.question, None))


def test_array_that_was_cut_keeps_its_whole_objects() -> None:
    read = read_answer(ARRAY[: ARRAY.rindex(":")], with_answers=True, was_cut=True)
    assert read.pairs == (A,)


def test_list_that_was_cut_loses_its_last_item() -> None:
    read = read_answer("1. Q: one?\nA: yes\n2. Q: two?\nA: no, bec", with_answers=True, was_cut=True)
    assert (read.pairs, read.num_malformed) == ((Pair("one?", "yes"),), 1)


def test_pieces_that_are_no_pairs_are_counted() -> None:
    read = read_answer(
        json.dumps([*OBJECTS, {"question": "no answer?"}, 7, {"question": " ", "answer": "x"}]), with_answers=True
    )
    assert (len(read.pairs), read.num_malformed) == (2, 3)


@pytest.mark.parametrize(
    "text", ["", "  \n", "I would rather not.", "[]", "{}", "[[1, 2]]", '{"question": "q?"}', "<think>hm</think>"]
)
def test_answer_without_a_pair_is_malformed(text: str) -> None:
    read = read_answer(text, with_answers=True)
    assert (read.pairs, read.num_malformed) == ((), 1)
    assert read.reason


def test_half_of_a_surrogate_pair_is_malformed() -> None:
    read = read_answer(
        '[{"question": "\\ud800?", "answer": "a"}, {"question": "q?", "answer": "a"}]', with_answers=True
    )
    assert (read.pairs, read.num_malformed) == ((Pair("q?", "a"),), 1)


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"a":' * 40_000, '[{"a":"' * 28_000, "1." * 100_000, "Q:\n" * 60_000, " " * 199_999, "*" * 199_999,
     "\n" * 199_999, "#" * 199_999, "<think>" * 28_000, "\n1" * 99_000, '{"question": "a", "answer": "b"} {' * 5_000],
    ids=lambda text: repr(text[:8]),
)  # fmt: skip
@pytest.mark.timeout(30)
def test_hostile_answer_is_read_at_once(text: str) -> None:
    for with_answers in (True, False):
        read = read_answer(text, with_answers=with_answers)
        assert read.pairs or read.num_malformed


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=1, max_size=5))
def test_every_pair_that_was_written_as_json_is_read(said: list[tuple[str, str]]) -> None:
    read = read_answer(json.dumps([{"question": q, "answer": a} for q, a in said]), with_answers=True)
    can_be_read = [Pair(q.strip(), a.strip()) for q, a in said if q.strip() and a.strip()]
    assert list(read.pairs) == can_be_read
    assert len(read.pairs) + read.num_malformed == max(len(said), 1)
