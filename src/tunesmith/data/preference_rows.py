"""A preference row → PreferenceExample: a conversation, the answer that is preferred, and the one that is not."""

from __future__ import annotations

from typing import Any, Final

from tunesmith.data.chat_rows import blurs_the_conversation, read_message, read_messages
from tunesmith.data.examples import Message, PreferenceExample
from tunesmith.data.findings import Finding, Row, RowPath, quoted, shorten
from tunesmith.data.row_shapes import other_shape
from tunesmith.data.tool_calls import judge_tool_calls, read_tools

OUTPUTS: Final = ("preferred_output", "non_preferred_output")
_INPUT_KEYS: Final = frozenset({"messages", "tools", "parallel_tool_calls"})


def read_preference(row: Row, line: int, findings: list[Finding]) -> PreferenceExample:
    if (mixed := other_shape(row, "preference")) is not None:
        findings.append(mixed)
        return PreferenceExample(line, (), (), ())
    asked = _read_input(row, findings)
    messages = read_messages(asked, ("input",), findings) if asked is not None else ()
    tools = read_tools(asked, findings, ("input",)) if asked is not None else ()
    preferred, rejected = (_read_output(row, key, findings) for key in OUTPUTS)
    if messages and not any(map(blurs_the_conversation, findings)):
        _judge_sides(messages, preferred, rejected, findings)
    for key, output in zip(OUTPUTS, (preferred, rejected), strict=True):
        if asked is not None and (messages or output):
            _judge_tool_calls(messages, output, key, asked, tools, findings)
    return PreferenceExample(line, messages, preferred, rejected, tools)


def _read_input(row: Row, findings: list[Finding]) -> Row | None:
    asked = row.get("input")
    if isinstance(asked, dict):
        for key in asked:
            if key not in _INPUT_KEYS:
                hint = f"remove it; input has {', '.join(sorted(_INPUT_KEYS))}"
                message = f"the key {shorten(key)} of input is ignored"
                findings.append(Finding("unrecognized_key", message, hint, ("input", key), "warning", at_key=True))
        return asked
    if "input" in row:
        findings.append(Finding("invalid_input", f"input is {shorten(asked)}, not an object", _INPUT_HINT, ("input",)))
    else:
        findings.append(Finding("invalid_input", f"the row has no input but {quoted(row)}", _INPUT_HINT))
    return None


_INPUT_HINT: Final = 'write "input": {"messages": [{"role": "user", "content": "…"}]}'


def _read_output(row: Row, key: str, findings: list[Finding]) -> tuple[Message, ...]:
    raw = row.get(key)
    if not isinstance(raw, list) or not raw:
        findings.append(_no_output(row, key, raw))
        return ()
    output = tuple(read_message(item, (key, index), findings) for index, item in enumerate(raw))
    if not any(finding.path[:1] == (key,) and blurs_the_conversation(finding) for finding in findings):
        _judge_roles(output, key, findings)
    return output


def _no_output(row: Row, key: str, raw: Any) -> Finding:
    hint = f'write "{key}": [{{"role": "assistant", "content": "…"}}]'
    if key not in row:
        return Finding("missing_output", f"the row has no {key} but {quoted(row)}", hint)
    what = "an empty list: there is no answer to compare" if raw == [] else f"{shorten(raw)}, not a list of messages"
    return Finding("missing_output", f"{key} is {what}", hint, (key,))


def _judge_roles(output: tuple[Message, ...], key: str, findings: list[Finding]) -> None:
    for index, message in enumerate(output):
        if message.role not in ("assistant", "tool"):
            what = f"a {message.role} message stands in {key}"
            hint = "move it to the messages of input: an output is the assistant's, and the answers of its tools"
            findings.append(Finding("output_not_assistant", what, hint, (key, index, "role")))
            return
    if output[-1].role != "assistant":
        what = f"the last message of {key} is a tool's, not the assistant's"
        findings.append(
            Finding("output_not_assistant", what, "end the output with the assistant's message", (key, len(output) - 1))
        )


def _judge_sides(
    messages: tuple[Message, ...], preferred: tuple[Message, ...], rejected: tuple[Message, ...],
    findings: list[Finding],
) -> None:  # fmt: skip
    if messages[-1].role == "assistant":
        what = "the last message of input is the assistant's: there is nothing left to answer"
        hint = "end the input with the message that is answered, and put the answers into the two outputs"
        findings.append(Finding("last_message_assistant", what, hint, ("input", "messages", len(messages) - 1)))
    if preferred and preferred == rejected:
        what = "both outputs are equal: there is nothing to prefer"
        findings.append(
            Finding("equal_outputs", what, "write another answer on one side, or remove the row", OUTPUTS[1:])
        )


def _judge_tool_calls(
    messages: tuple[Message, ...], output: tuple[Message, ...], key: str, asked: Row,
    tools: tuple[dict[str, Any], ...], findings: list[Finding],
) -> None:  # fmt: skip
    """Each side continues the input; what is wrong with the input itself is said once."""

    def path(index: int) -> RowPath:
        return ("input", "messages", index) if index < len(messages) else (key, index - len(messages))

    found: list[Finding] = []
    judge_tool_calls((*messages, *output), asked, tools, found, path)
    findings += [finding for finding in found if finding not in findings]
