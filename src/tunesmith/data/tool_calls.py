"""The tools of a chat row: those declared, those called, and whether each call is answered."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Severity
from tunesmith.data.examples import Message, Role, ToolCall
from tunesmith.data.findings import Finding, Row, RowPath, shorten


def read_tools(row: Row, findings: list[Finding], path: RowPath = ()) -> tuple[dict[str, Any], ...]:
    """Those under ``tools`` of the object at ``path``."""
    parallel = row.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        message = f"parallel_tool_calls is {shorten(parallel)}"
        findings.append(Finding("invalid_tools", message, "write true or false", (*path, "parallel_tool_calls")))
    tools = row.get("tools")
    if tools is None:
        return ()
    if not isinstance(tools, list):
        findings.append(
            Finding("invalid_tools", f"tools is {shorten(tools)}, not a list", _TOOLS_HINT, (*path, "tools"))
        )
        return ()
    for index, tool in enumerate(tools):
        if _tool_name(tool) is None:
            message = f"the tool {shorten(tool)} is not a function with a name"
            findings.append(Finding("invalid_tools", message, _TOOLS_HINT, (*path, "tools", index)))
    return tuple(tool for tool in tools if isinstance(tool, dict))


_TOOLS_HINT: Final = 'write "tools": [{"type": "function", "function": {"name": "…", "parameters": {…}}}]'


def _tool_name(tool: Any) -> str | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) and name else None


def read_tool_calls(raw: Any, role: Role, path: RowPath, findings: list[Finding]) -> tuple[ToolCall, ...]:
    at = (*path, "tool_calls")
    if not isinstance(raw, list) or (role != "assistant" and raw):
        what = f"tool_calls is {shorten(raw)}, not a list" if role == "assistant" else f"a {role} message calls a tool"
        hint = _CALL_HINT if role == "assistant" else "only the assistant calls tools"
        findings.append(Finding("invalid_tool_call", what, hint, at))
        return ()
    calls = (_read_tool_call(call, (*at, index), findings) for index, call in enumerate(raw))
    return tuple(call for call in calls if call is not None)


_CALL_HINT: Final = 'write {"id": "call_1", "type": "function", "function": {"name": "…", "arguments": "{…}"}}'


def _read_tool_call(call: Any, path: RowPath, findings: list[Finding]) -> ToolCall | None:
    name, identifier = _tool_name(call), call.get("id") if isinstance(call, dict) else None
    if name is None or not isinstance(identifier, str):
        lacks = "name of its function" if name is None else "id"
        findings.append(
            Finding("invalid_tool_call", f"the tool call has no {lacks}: {shorten(call)}", _CALL_HINT, path)
        )
        return None
    arguments = call["function"].get("arguments")
    fault = _fault_of_arguments(arguments)
    if fault is not None:
        hint = r'write the arguments as JSON text of one object, encoded once: "arguments": "{\"city\": \"Paris\"}"'
        message = f"the arguments of {shorten(name)} {fault}"
        findings.append(Finding("tool_arguments_not_object", message, hint, (*path, "function", "arguments")))
        return None
    return ToolCall(identifier, name, arguments)


def _fault_of_arguments(arguments: Any) -> str | None:
    if not isinstance(arguments, str):
        return f"are {shorten(arguments)}, not text"
    try:
        value = msgspec.json.decode(arguments)
    except (ValueError, RecursionError) as error:
        return f"are not JSON: {shorten(arguments)} ({error})"
    if isinstance(value, str):
        return f"are a JSON string, encoded twice: {shorten(arguments)}"
    return None if isinstance(value, dict) else f"are {shorten(value)}, not an object"


PathOf = Callable[[int], RowPath]
"""Where in the row the message with this index stands."""


def _in_messages(index: int) -> RowPath:
    return ("messages", index)


def judge_tool_calls(
    messages: Sequence[Message], holder: Row, tools: tuple[dict[str, Any], ...], findings: list[Finding],
    path_of: PathOf = _in_messages,
) -> None:  # fmt: skip
    """``holder`` is the object whose tools they are."""
    if any(message.tool_calls for message in messages):
        has_tools = holder.get("tools") is not None
        _judge_declared(messages, {_tool_name(tool) for tool in tools}, has_tools, findings, path_of)
    if any(message.tool_calls or message.role == "tool" for message in messages):
        _judge_answered(messages, findings, path_of)


def _judge_declared(
    messages: Sequence[Message], declared: set[str | None], has_tools: bool, findings: list[Finding], path_of: PathOf
) -> None:
    severity: Severity = "error" if has_tools else "warning"
    for index, message in enumerate(messages):
        for call_index, call in enumerate(message.tool_calls):
            if call.name not in declared:
                near = difflib.get_close_matches(call.name, [name for name in declared if name], n=1)
                hint = (
                    f"did you mean {near[0]}?" if near else "declare it in the row's tools, as requests will do later"
                )
                path = (*path_of(index), "tool_calls", call_index, "function", "name")
                what = f"the tool {shorten(call.name)} is called, but not declared in tools"
                findings.append(Finding("tool_not_declared", what, hint, path, severity))


def _judge_answered(messages: Sequence[Message], findings: list[Finding], path_of: PathOf) -> None:
    """The calls of the last message may stay open: they are what the model is to learn."""
    open_calls: dict[str, RowPath] = {}
    for index, message in enumerate(messages):
        if message.role == "tool" and message.tool_call_id is not None:
            if open_calls.pop(message.tool_call_id, None) is None:
                what = (
                    f"the tool message answers {shorten(message.tool_call_id)}, which no call just before has as its id"
                )
                at = (*path_of(index), "tool_call_id")
                findings.append(Finding("tool_call_not_answered", what, _ANSWER_HINT, at, "warning"))
            continue
        findings += [_unanswered(call_id, path) for call_id, path in open_calls.items()]
        open_calls = {
            call.id: (*path_of(index), "tool_calls", call_index, "id")
            for call_index, call in enumerate(message.tool_calls)
        }
    if messages[-1].role == "tool":
        findings += [_unanswered(call_id, path) for call_id, path in open_calls.items()]


_ANSWER_HINT: Final = "follow each call with a tool message whose tool_call_id is the call's id"


def _unanswered(call_id: str, path: RowPath) -> Finding:
    what = f"the tool call {shorten(call_id)} is not answered"
    return Finding("tool_call_not_answered", what, _ANSWER_HINT, path, "warning")
