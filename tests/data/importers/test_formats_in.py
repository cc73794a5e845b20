"""Each format's rows become the rows that they mean; what they cannot take along is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tunesmith.data.importers.conversations import make_chat, make_sharegpt
from tunesmith.data.importers.detect import format_of
from tunesmith.data.importers.making import Make, Refused
from tunesmith.data.importers.pairs import make_labelled, make_pair, make_prompt_completion, make_seed_task, make_text
from tunesmith.data.importers.preferences import make_preference, make_rated
from tunesmith.data.importers.reinforcement import make_reinforcement

Row = dict[str, Any]


def user(text: str) -> Row:
    return {"role": "user", "content": text}


def assistant(text: str) -> Row:
    return {"role": "assistant", "content": text}


def system(text: str) -> Row:
    return {"role": "system", "content": text}


def made(make: Make, value: Row) -> tuple[list[Row], set[str]]:
    notes: set[str] = set()
    return make(value, lambda rule, message: notes.add(rule)), notes


def row_of(make: Make, value: Row) -> Row:
    [row], _ = made(make, value)
    return row


def refusal(make: Make, value: Row) -> str:
    with pytest.raises(Refused) as refused:
        make(value, lambda rule, message: None)
    return refused.value.rule


HI = [user("你好"), assistant("您好")]


@pytest.mark.parametrize(
    "value",
    [
        {"conversations": [{"from": "human", "value": "你好"}, {"from": "gpt", "value": "您好"}]},
        {"conversations": [{"from": "user", "value": "你好"}, {"from": "assistant", "value": "您好"}]},
        {"conversations": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "您好"}]},
        {"messages": [{"from": "human", "value": "你好"}, {"from": "gpt", "value": "您好"}]},
        {"conversation": [{"human": "你好", "assistant": "您好"}]},
        {"items": [{"from": "human", "value": "你好"}, {"from": "chatgpt", "value": "您好"}]},
    ],
)
def test_every_spelling_of_sharegpt_is_read(value: Row) -> None:
    found = format_of([value])
    assert found is not None
    assert found[0] == "sharegpt"
    assert row_of(make_sharegpt, value) == {"messages": HI}


def test_system_beside_a_conversation_goes_first() -> None:
    value = {"system": "Be terse.", "conversation": [{"human": "a", "assistant": "b"}]}
    assert row_of(make_sharegpt, value)["messages"] == [system("Be terse."), user("a"), assistant("b")]


def test_last_question_that_nobody_answers_is_left_away_and_said() -> None:
    value = {
        "conversations": [
            {"from": "human", "value": "a"},
            {"from": "gpt", "value": "b"},
            {"from": "human", "value": "c"},
        ]
    }
    [row], notes = made(make_sharegpt, value)
    assert row["messages"] == [user("a"), assistant("b")]
    assert notes == {"unanswered_end"}


def glaive(*turns: tuple[str, Any]) -> Row:
    tools = json.dumps([{"name": "find", "parameters": {"type": "object"}}])
    return {"conversations": [{"from": who, "value": said} for who, said in turns], "tools": tools}


def test_tool_texts_become_calls_that_their_answers_name() -> None:
    call = json.dumps({"name": "find", "arguments": {"q": "水"}}, ensure_ascii=False)
    row = row_of(make_sharegpt, glaive(("human", "?"), ("function_call", call), ("observation", "[]"), ("gpt", "none")))
    assert row["tools"] == [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
    [_, called, answered, _] = row["messages"]
    [only] = called["tool_calls"]
    assert json.loads(only["function"]["arguments"]) == {"q": "水"}
    assert only["id"] == answered["tool_call_id"]


def test_several_calls_are_answered_one_by_one_or_at_once() -> None:
    calls = json.dumps([{"name": "find", "arguments": {}}, {"name": "find", "arguments": "{}"}])
    apart = glaive(("human", "?"), ("function_call", calls), ("observation", "1"), ("observation", "2"), ("gpt", "ok"))
    at_once = glaive(("human", "?"), ("function_call", calls), ("observation", '["1", 2]'), ("gpt", "ok"))
    for value in (apart, at_once):
        messages = row_of(make_sharegpt, value)["messages"]
        answers = [(message["tool_call_id"], message["content"]) for message in messages if message["role"] == "tool"]
        assert answers == [("call_1", "1"), ("call_2", "2")]


def test_answer_without_a_call_and_a_call_that_is_no_json_are_refused() -> None:
    assert (
        refusal(make_sharegpt, glaive(("human", "?"), ("observation", "1"), ("gpt", "a"))) == "tool_answer_without_call"
    )
    assert refusal(make_sharegpt, glaive(("human", "?"), ("function_call", "find(1)"))) == "bad_tool_call"


def test_reasoning_parts_and_weights_are_kept() -> None:
    parts = [{"type": "reasoning", "value": "hm"}, {"type": "text", "value": "yes"}]
    value = {"messages": [user("?"), {"role": "assistant", "content": parts, "loss_weight": 0.0}, assistant("b")]}
    [row], notes = made(make_chat, value)
    assert row["messages"][1] == {"role": "assistant", "content": "<think>\nhm\n</think>\n\nyes", "weight": 0.0}
    assert notes == {"reasoning_kept"}


def test_chat_row_keeps_all_that_the_wire_knows() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "x", "name": "Ana"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "assistant", "content": "y", "weight": 0},
        {"role": "assistant", "content": None, "refusal": "no"},
    ]
    row = row_of(make_chat, {"messages": messages, "parallel_tool_calls": False})
    assert row["messages"][:5] == messages[:5]
    assert row["messages"][5]["refusal"] == "no"
    assert row["parallel_tool_calls"] is False


def test_old_function_calls_become_tool_calls() -> None:
    value = {
        "messages": [user("?"), {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}],
        "functions": [{"name": "f"}],
    }  # fmt: skip
    row = row_of(make_chat, value)
    assert row["messages"][1]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert row["tools"] == [{"type": "function", "function": {"name": "f"}}]


def test_key_that_nobody_knows_is_said_and_a_misspelt_one_refused() -> None:
    _, notes = made(make_chat, {"messages": [{**user("a"), "rating": 5}, assistant("b")], "score": 3})
    assert notes == {"key_not_taken"}
    assert refusal(make_chat, {"messages": [user("a"), {**assistant("b"), "weigth": 0}]}) == "message_unrecognized_key"


def test_pictures_are_refused() -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    assert (
        refusal(make_chat, {"messages": [{"role": "user", "content": [image]}, assistant("b")]})
        == "unsupported_content_part"
    )
    assert refusal(make_pair, {"query": "a", "response": "b", "images": ["x.png"]}) == "not_text"
    assert refusal(make_pair, {"query": "<img>x.png</img>a", "response": "b"}) == "not_text"


def test_alpaca_keeps_system_history_and_input() -> None:
    value = {"system": "s", "history": [["a", "b"]], "instruction": "i", "input": "x", "output": "o"}
    assert row_of(make_pair, value)["messages"] == [
        system("s"), user("a"), assistant("b"), user("i\n\nx"), assistant("o"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        {"instruction": "q", "context": "c", "response": "a"},
        {"question": "q", "context": "c", "answer": "a"},
        {"query": "q", "context": "c", "response": "a"},
    ],
)
def test_question_goes_before_its_context(value: Row) -> None:
    assert row_of(make_pair, value)["messages"] == [user("q\n\nc"), assistant("a")]


def test_what_a_row_says_of_itself_becomes_metadata() -> None:
    value = {"question": "q", "answer": "a", "category": "billing", "id": 7, "score": None}
    assert row_of(make_pair, value)["metadata"] == {"label": "billing", "id": "7"}


@pytest.mark.parametrize(
    "given", [{"messages": HI}, {"prompt": "a", "completion": "b"}, {"question": "a", "answer": "b"}]
)
def test_metadata_stays_as_text(given: Row) -> None:
    make = {"messages": make_chat, "prompt": make_prompt_completion, "question": make_pair}[next(iter(given))]
    row = row_of(make, {**given, "metadata": {"thread": "7", "year": 2025, "tags": ["x"]}})
    assert row["metadata"] == {"thread": "7", "year": "2025", "tags": '["x"]'}


def test_second_label_keeps_its_name() -> None:
    row = row_of(make_labelled, {"text": "t", "label": "a", "category": "b", "metadata": {"by": "me"}})
    assert row["metadata"] == {"by": "me", "label": "a", "category": "b"}


def test_numbers_become_text_and_say_so() -> None:
    [row], notes = made(make_pair, {"question": "1.5 + 1.5", "answer": 3})
    assert row["messages"][1] == assistant("3")
    assert notes == {"number_as_text"}


def test_row_that_asks_or_answers_nothing_is_refused() -> None:
    assert refusal(make_pair, {"instruction": " ", "output": "a"}) == "empty_prompt"
    assert refusal(make_pair, {"instruction": "a", "output": ""}) == "empty_output"
    assert refusal(make_pair, {"colour": "red"}) == "missing_keys"


def test_seed_task_gives_a_row_for_each_instance() -> None:
    rows, _ = made(make_seed_task, {"instruction": "i", "instances": [{"input": "x", "output": "1"}, {"output": "2"}]})
    assert [row["messages"] for row in rows] == [[user("i\n\nx"), assistant("1")], [user("i"), assistant("2")]]


def test_texts_and_labels_and_completions() -> None:
    assert row_of(make_text, {"text": "水"}) == {"prompt": "", "completion": "水"}
    assert row_of(make_labelled, {"text": "hi", "label": "greet"}) == {
        "messages": [user("hi"), assistant("greet")], "metadata": {"label": "greet"},
    }  # fmt: skip
    assert row_of(make_prompt_completion, {"prompt": "a", "completion": " b"}) == {"prompt": "a", "completion": " b"}
    assert row_of(make_prompt_completion, {"prompt": [user("a")], "completion": [assistant("b")]})["messages"][
        1
    ] == assistant("b")


PAIR = {
    "input": {"messages": [user("q")]},
    "preferred_output": [assistant("good")],
    "non_preferred_output": [assistant("bad")],
}


@pytest.mark.parametrize(
    "value",
    [
        PAIR,
        {"prompt": "q", "chosen": "good", "rejected": "bad"},
        {"prompt": [user("q")], "chosen": [assistant("good")], "rejected": [assistant("bad")]},
        {"prompt": "q", "chosen": [user("q"), assistant("good")], "rejected": [user("q"), assistant("bad")]},
        {"chosen": [user("q"), assistant("good")], "rejected": [user("q"), assistant("bad")]},
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "good"},
            "rejected": {"from": "gpt", "value": "bad"},
        },
        {"instruction": "q", "input": "", "output": ["good", "bad"]},
        {"instruction": "q", "chosen": "good", "rejected": "bad"},
        {"chosen_messages": [user("q"), assistant("good")], "rejected_messages": [user("q"), assistant("bad")]},
    ],
)
def test_every_shape_of_a_preference_is_the_same_row(value: Row) -> None:
    found = format_of([value])
    assert found is not None
    assert found[0] == "preference"
    assert row_of(make_preference, value) == PAIR


def test_whole_conversations_share_their_start() -> None:
    start = [system("s"), user("a"), assistant("b"), user("c")]
    row = row_of(make_preference, {"chosen": [*start, assistant("x")], "rejected": [*start, assistant("y")]})
    assert row["input"] == {"messages": start}
    assert row["non_preferred_output"] == [assistant("y")]


def test_what_stands_beside_whole_conversations_is_taken_or_said() -> None:
    pair = {"chosen": [user("q"), assistant("good")], "rejected": [user("q"), assistant("bad")]}
    [row], notes = made(make_preference, {**pair, "system": "s", "prompt": "q", "messages": pair["chosen"]})
    assert (row["input"]["messages"], notes) == ([system("s"), user("q")], set())
    _, notes = made(make_preference, {**pair, "prompt": "something else"})
    assert notes == {"key_not_taken"}


def test_second_conversation_of_a_row_is_said() -> None:
    value = {"messages": HI, "conversations": [{"from": "human", "value": "x"}]}
    assert made(make_chat, value)[1] == {"key_not_taken"}


def test_ranked_answers_give_the_first_over_each_other() -> None:
    rows, notes = made(make_preference, {"instruction": "q", "output": ["1", "2", "3"]})
    assert [row["non_preferred_output"] for row in rows] == [[assistant("2")], [assistant("3")]]
    assert notes == {"ranked_answers"}


def test_pairs_that_prefer_nothing_or_answer_different_questions_are_refused() -> None:
    assert refusal(make_preference, {"prompt": "q", "chosen": "same", "rejected": "same"}) == "same_answers"
    different = {"chosen": [user("a"), assistant("x")], "rejected": [user("b"), assistant("y")]}
    assert refusal(make_preference, different) == "different_questions"
    assert refusal(make_preference, {"chosen": "a", "rejected": "b"}) == "nothing_asked"


def test_thumbs_up_are_examples_and_thumbs_down_are_told() -> None:
    assert row_of(make_rated, {"messages": HI, "label": True}) == {"messages": HI}
    assert row_of(make_rated, {"prompt": "你好", "completion": "您好", "label": True}) == {"messages": HI}
    assert refusal(make_rated, {"messages": HI, "label": False}) == "thumbs_down"


def test_reinforcement_keeps_what_the_grader_reads() -> None:
    value = {"messages": [user("2+2")], "target": 4, "nums": [2, 2]}
    found = format_of([value])
    assert found is not None
    assert found[0] == "reinforcement"
    assert row_of(make_reinforcement, value) == value
    assert refusal(make_reinforcement, {"messages": HI, "target": 4}) == "last_message_not_user"


def test_reason_counts_the_rows_that_tell() -> None:
    rows: list[Row] = [{"instruction": "a", "output": "b"}] * 9 + [{"colour": "red"}]
    assert format_of(rows) == ("alpaca", "9 of the first 10 rows have instruction and output")
