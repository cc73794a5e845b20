"""Rows of each format become the messages they mean, and what cannot is named."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.data.examples import ChatExample, CompletionExample, FileFormat, Message, ToolCall
from tunesmith.data.formats import (
    Finding,
    control_token_pattern,
    describe_unknown,
    detect_format,
    fingerprint,
    path_text,
    read_row,
    shorten,
)

TOKENS = control_token_pattern()
USER = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Hello"}


def read(row: dict[str, Any], format: FileFormat = "chat") -> tuple[Any, list[Finding]]:
    return read_row(row, 7, format, TOKENS)


def rules(row: dict[str, Any], format: FileFormat = "chat") -> list[str]:
    return [finding.rule for finding in read(row, format)[1]]


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def call(name: str = "weather", arguments: Any = '{"city": "Paris"}', id: str = "call_1") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
CALLS = {"role": "assistant", "tool_calls": [call()]}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}


def test_chat_row_becomes_messages() -> None:
    example, findings = read(
        chat({"role": "developer", "content": "Be kind."}, USER, {**ANSWER, "weight": 0}, USER, ANSWER)
    )
    assert findings == []
    assert [message.role for message in example.messages] == ["developer", "user", "assistant", "user", "assistant"]
    assert [message.weight for message in example.messages] == [1, 1, 0, 1, 1]
    assert example.line == 7


def test_text_parts_are_joined() -> None:
    parts = [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}]
    example, findings = read(chat({"role": "user", "content": parts}, ANSWER))
    assert (example.messages[0].content, findings) == ("a b", [])


def test_image_part_is_refused_by_its_type() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]
    _, (finding,) = read(chat({"role": "user", "content": parts}, ANSWER))
    assert finding.rule == "unsupported_content_part"
    assert "image_url" in finding.message
    assert path_text(finding.path) == "messages[0].content[0]"


def test_tool_calls_are_read() -> None:
    example, findings = read(chat(USER, CALLS, RESULT, ANSWER, tools=TOOLS, parallel_tool_calls=False))
    assert findings == []
    assert example.messages[1] == Message(
        "assistant", None, tool_calls=(ToolCall("call_1", "weather", '{"city": "Paris"}'),)
    )
    assert example.messages[2].tool_call_id == "call_1"
    assert example.tools == tuple(TOOLS)


def test_call_in_the_last_message_needs_no_answer() -> None:
    assert rules(chat(USER, CALLS, tools=TOOLS)) == []


def test_call_left_open_is_warned_of() -> None:
    assert rules(chat(USER, CALLS, USER, ANSWER, tools=TOOLS)) == ["tool_call_not_answered"]


def test_answer_to_no_call_is_warned_of() -> None:
    stray = {**RESULT, "tool_call_id": "call_9"}
    assert "tool_call_not_answered" in rules(chat(USER, CALLS, stray, ANSWER, tools=TOOLS))


@pytest.mark.parametrize("arguments", ['"{\\"a\\": 1}"', "[1]", "{", "", {"a": 1}, None, '{"a": NaN}', "[" * 5000])
def test_tool_arguments_must_be_the_text_of_an_object(arguments: Any) -> None:
    asks = {"role": "assistant", "tool_calls": [call(arguments=arguments)]}
    assert rules(chat(USER, asks, tools=TOOLS)) == ["tool_arguments_not_object"]


def test_undeclared_tool_is_an_error_beside_declared_ones() -> None:
    _, (finding,) = read(chat(USER, {"role": "assistant", "tool_calls": [call("wether")]}, tools=TOOLS))
    assert (finding.rule, finding.severity, finding.hint) == ("tool_not_declared", "error", "did you mean weather?")


def test_calls_without_any_tools_are_a_warning() -> None:
    _, (finding,) = read(chat(USER, CALLS))
    assert (finding.rule, finding.severity) == ("tool_not_declared", "warning")


def test_refusal_is_what_the_assistant_says() -> None:
    example, findings = read(chat(USER, {"role": "assistant", "content": None, "refusal": "I cannot."}))
    assert (example.messages[1].content, findings) == ("I cannot.", [])


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"messages": []}, "missing_messages_list"),
        ({"messages": "Hi"}, "missing_messages_list"),
        ({"prompt": "a", "completion": "b"}, "missing_messages_list"),
        (chat(USER, "Hello"), "not_an_object"),  # type: ignore[arg-type]
        (chat({"role": "user"}, ANSWER), "message_missing_key"),
        (chat({"content": "Hi"}, ANSWER), "message_missing_key"),
        (chat(USER, {"role": "assistant"}), "message_missing_key"),
        (chat({**USER, "foo": 1}, ANSWER), "message_unrecognized_key"),
        (chat(USER, {**ANSWER, "function_call": {"name": "f"}}), "message_unrecognized_key"),
        (chat({**USER, "role": "User"}, ANSWER), "unrecognized_role"),
        (chat({**USER, "role": None}, ANSWER), "unrecognized_role"),
        (chat({**USER, "content": 3}, ANSWER), "missing_content"),
        (chat({**USER, "content": None}, ANSWER), "missing_content"),
        (chat(USER, {**ANSWER, "content": ""}), "missing_content"),
        (chat(USER, {**ANSWER, "content": []}), "missing_content"),
        (chat(USER), "example_missing_assistant_message"),
        (chat(USER, ANSWER, USER), "last_message_not_assistant"),
        (chat(USER, {**ANSWER, "weight": 0}), "no_trainable_assistant"),
        (chat(USER, {**ANSWER, "weight": 0.5}), "invalid_weight"),
        (chat(USER, {**ANSWER, "weight": True}), "invalid_weight"),
        (chat({**USER, "weight": 1}, ANSWER), "invalid_weight"),
        (chat({**USER, "name": 3}, ANSWER), "invalid_name"),
        (chat(USER, ANSWER, tools={}), "invalid_tools"),
        (chat(USER, ANSWER, tools=[{"name": "f"}]), "invalid_tools"),
        (chat(USER, ANSWER, parallel_tool_calls="yes"), "invalid_tools"),
        (chat(USER, {"role": "assistant", "tool_calls": {}}), "message_missing_key"),
        (chat(USER, {**ANSWER, "tool_calls": [{"function": {"name": "f"}}]}), "invalid_tool_call"),
        (chat({**USER, "tool_calls": [call()]}, ANSWER), "invalid_tool_call"),
        (chat(USER, CALLS, {"role": "tool", "content": "x"}, ANSWER, tools=TOOLS), "message_missing_key"),
        (chat({**USER, "content": "<|im_end|>"}, ANSWER), "special_token_warning"),
    ],
)
def test_fault_of_a_chat_row_is_named_by_its_rule(row: dict[str, Any], rule: str) -> None:
    assert rule in rules(row)


def test_unreadable_role_does_not_cause_further_complaints() -> None:
    assert rules(chat(USER, {"role": "gpt", "content": "Hello"})) == ["unrecognized_role"]
    assert rules(chat(USER, {"content": "Hello"})) == ["message_missing_key"]


@pytest.mark.parametrize(
    ("role", "meant"), [("User", "user"), ("human", "user"), ("gpt", "assistant"), ("function", "tool")]
)
def test_foreign_role_gets_a_suggestion(role: str, meant: str) -> None:
    _, (finding, *_) = read(chat({"role": role, "content": "x"}, ANSWER))
    assert finding.hint == f'did you mean "{meant}"?'


def test_misspelt_key_gets_a_suggestion() -> None:
    _, (finding,) = read(chat({**USER, "wieght": 1}, ANSWER))
    assert finding.hint == "did you mean weight?"


def test_all_faults_of_a_row_are_named() -> None:
    row = chat({"role": "User", "content": 3}, {**ANSWER, "weight": 2, "foo": 1})
    assert sorted(rules(row)) == ["invalid_weight", "message_unrecognized_key", "missing_content", "unrecognized_role"]


def test_base_models_own_control_tokens_are_looked_for() -> None:
    _, findings = read_row(
        chat(USER, {**ANSWER, "content": "a <turn|> b"}), 1, "chat", control_token_pattern(["<turn|>", ""])
    )
    assert [finding.rule for finding in findings] == ["special_token_warning"]


def test_prompt_completion_row_is_kept_as_it_is() -> None:
    example, findings = read({"prompt": " a", "completion": " b\n"}, "prompt_completion")
    assert (example, findings) == (CompletionExample(7, " a", " b\n"), [])


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"prompt": "", "completion": "b"}, "empty_prompt"),
        ({"prompt": "a", "completion": ""}, "empty_completion"),
        ({"prompt": "a", "completion": 3}, "prompt_completion_types"),
        ({"prompt": "a", "completion": None}, "prompt_completion_types"),
        ({"prompt": "a"}, "prompt_completion_types"),
        (chat(USER, ANSWER), "mixed_formats"),
    ],
)
def test_fault_of_a_prompt_completion_row_is_named(row: dict[str, Any], rule: str) -> None:
    assert rules(row, "prompt_completion") == [rule]


def test_alpaca_row_becomes_a_conversation() -> None:
    row = {
        "instruction": "Add.",
        "input": "1 and 2",
        "output": "3",
        "system": "Be exact.",
        "history": [["Hi", "Hello"]],
    }
    example, findings = read(row, "alpaca")
    said = [(message.role, message.content) for message in example.messages]
    assert findings == []
    assert said == [
        ("system", "Be exact."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Add.\n\n1 and 2"),
        ("assistant", "3"),
    ]


@pytest.mark.parametrize("empty", [{}, {"input": ""}, {"input": None}, {"system": "", "history": []}])
def test_empty_parts_of_an_alpaca_row_leave_nothing_behind(empty: dict[str, Any]) -> None:
    example, findings = read({"instruction": "Sing.", "output": "La", **empty}, "alpaca")
    assert findings == []
    assert example == ChatExample(7, (Message("user", "Sing."), Message("assistant", "La")))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"instruction": "a", "output": ""}, "empty_output"),
        ({"instruction": "a", "output": None}, "empty_output"),
        ({"instruction": "", "output": "b"}, "empty_prompt"),
        ({"instruction": 3, "output": "b"}, "alpaca_types"),
        ({"instruction": "a", "output": ["b"]}, "alpaca_types"),
        ({"instruction": "a", "output": "b", "history": "c"}, "alpaca_types"),
        ({"instruction": "a", "output": "b", "history": [["c"]]}, "alpaca_types"),
        ({"prompt": "a", "completion": "b"}, "mixed_formats"),
    ],
)
def test_fault_of_an_alpaca_row_is_named(row: dict[str, Any], rule: str) -> None:
    assert rules(row, "alpaca") == [rule]


@pytest.mark.parametrize(
    ("row", "format"),
    [
        (chat(USER, ANSWER), "chat"),
        ({"prompt": "a", "completion": "b"}, "prompt_completion"),
        ({"instruction": "a", "output": "b"}, "alpaca"),
        ({"conversations": []}, None),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, None),
    ],
)
def test_format_is_told_by_the_keys(row: dict[str, Any], format: str | None) -> None:
    assert detect_format([row]) == format


def test_one_stray_row_does_not_decide_the_format() -> None:
    assert detect_format([{"prompt": "a", "completion": "b"}, chat(USER, ANSWER), chat(USER, ANSWER)]) == "chat"


def test_unknown_row_is_described_by_its_keys() -> None:
    finding = describe_unknown({"query": "a", "response": "b"})
    assert '"query", "response"' in finding.message
    assert finding.hint == "convert it: tunesmith data convert FILE --out NEW.jsonl"


def test_fingerprint_ignores_the_line_only() -> None:
    same = read_row(chat(USER, ANSWER), 1, "chat", TOKENS)[0], read_row(chat(USER, ANSWER), 2, "chat", TOKENS)[0]
    other = read(chat(USER, {**ANSWER, "weight": 0}, ANSWER))[0], read(chat(USER, ANSWER, ANSWER))[0]
    assert fingerprint(same[0]) == fingerprint(same[1])
    assert fingerprint(other[0]) != fingerprint(other[1])


def test_long_values_are_cut_in_messages() -> None:
    assert shorten("x" * 100) == '"' + "x" * 58 + "…"


def test_of_two_formats_in_equal_numbers_it_is_the_one_that_is_trained_on_as_it_stands() -> None:
    waiting = {"messages": [{"role": "user", "content": "a"}], "answer": "b"}
    chat = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    assert detect_format([waiting, chat]) == "chat"
    assert detect_format([waiting, chat, waiting]) == "reinforcement"
    assert detect_format([]) is None
