"""A reinforcement row → ReinforcementExample: a conversation that waits for an answer, and what a grader reads."""

from __future__ import annotations

from typing import Final

from tunesmith.data.chat_rows import blurs_the_conversation, read_messages
from tunesmith.data.examples import ReinforcementExample
from tunesmith.data.findings import Finding, Row
from tunesmith.data.row_shapes import REINFORCEMENT_KEYS, other_shape
from tunesmith.data.tool_calls import judge_tool_calls, read_tools

_ANSWERS_LAST: Final = "the last message is the assistant's: the model is to write it, and a grader to judge it"


def read_reinforcement(row: Row, line: int, findings: list[Finding]) -> ReinforcementExample:
    if (mixed := other_shape(row, "reinforcement")) is not None:
        findings.append(mixed)
        return ReinforcementExample(line, ())
    messages = read_messages(row, (), findings)
    tools = read_tools(row, findings)
    if messages and not any(map(blurs_the_conversation, findings)) and messages[-1].role == "assistant":
        hint = "end the example with the user's message, and put the answer under a key of its own for the grader"
        findings.append(Finding("last_message_assistant", _ANSWERS_LAST, hint, ("messages", len(messages) - 1)))
    if messages:
        judge_tool_calls(messages, row, tools, findings)
    graded = {key: value for key, value in row.items() if key not in REINFORCEMENT_KEYS}
    return ReinforcementExample(line, messages, tools, graded)
