"""Tools as other formats write them, texts of JSON in a conversation, → tools and tool calls with ids, as the wire has
them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tunesmith.data.findings import shorten
from tunesmith.data.importers.making import Refused

Message = dict[str, Any]


def tools_of(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The row's ``tools`` or ``functions``: a list or its JSON text, of functions bare or wrapped."""
    key = "functions" if value.get("functions") and not value.get("tools") else "tools"
    tools = value.get(key)
    if isinstance(tools, str):
        tools = _decoded(tools, "bad_tools", f"{key} is a text that is no JSON", key) if tools.strip() else None
    if isinstance(tools, dict):
        tools = [tools]
    if tools is not None and not isinstance(tools, list):
        raise Refused("bad_tools", f"{key} is {shorten(tools)}, not a list", _TOOLS_HINT, key)
    return [_tool(tool, f"{key}[{index}]") for index, tool in enumerate(tools or [])]


_TOOLS_HINT: Final = 'write "tools": [{"type": "function", "function": {"name": "…", "parameters": {…}}}]'


def _tool(tool: Any, path: str) -> dict[str, Any]:
    if isinstance(tool, str):
        tool = _decoded(tool, "bad_tools", "a tool is a text that is no JSON", path)
    function = tool.get("function", tool) if isinstance(tool, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
        raise Refused("bad_tools", f"the tool {shorten(tool)} is not a function with a name", _TOOLS_HINT, path)
    return tool if function is not tool else {"type": "function", "function": tool}


class CallIds:
    """Gives ids to the calls of one row that have none, and finds which call a tool's message answers."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._num_given = 0
        self._open: list[str] = []

    def calls_of(self, text: Any, path: str) -> list[dict[str, Any]]:
        """``{"name": …, "arguments": …}``, one or a list, as text or as JSON."""
        value = _decoded(text, "bad_tool_call", "the tool call is no JSON", path) if isinstance(text, str) else text
        calls = value if isinstance(value, list) else [value]
        if not calls:
            raise Refused("bad_tool_call", "no tool is called", _CALL_HINT, path)
        return [self._call(call, path) for call in calls]

    def began(self, calls: Any) -> None:
        """These calls await their answers."""
        ids = [call["id"] for call in calls if isinstance(call, dict) and isinstance(call.get("id"), str)]
        self._open = [*self._open, *ids]

    def answers(self, message: Message, path: str) -> list[Message]:
        """The tool's message with the id of the call that it answers; several, where one list answers several calls."""
        if isinstance(message.get("tool_call_id"), str):
            self._open = [id for id in self._open if id != message["tool_call_id"]]
            return [message]
        if not self._open:
            what, hint = "a tool answers, and no call is open", "put the call before its answer"
            raise Refused("tool_answer_without_call", what, hint, path)
        return [{**message, "tool_call_id": self._open.pop(0)}]

    def answers_at_once(self, message: Message, path: str) -> list[Message]:
        """The same for a message that answers every call that is open: a list of as many results."""
        results = _list_of(message.get("content"), len(self._open))
        if len(self._open) < 2 or results is None:
            return self.answers(message, path)
        return [{**message, "tool_call_id": self._open.pop(0), "content": result} for result in results]

    def _call(self, call: Any, path: str) -> dict[str, Any]:
        function = call.get("function", call) if isinstance(call, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not isinstance(function, dict):
            raise Refused("bad_tool_call", f"the tool call has no name: {shorten(call)}", _CALL_HINT, path)
        arguments = function.get("arguments", function.get("parameters", {}))
        if not isinstance(arguments, str):
            arguments = msgspec.json.encode(arguments if arguments is not None else {}).decode()
        identifier = call.get("id") if isinstance(call.get("id"), str) else self._new_id()
        return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments or "{}"}}

    def _new_id(self) -> str:
        self._num_given += 1
        while f"call_{self._num_given}" in self._taken:
            self._num_given += 1
        return f"call_{self._num_given}"


_CALL_HINT: Final = 'write {"name": "…", "arguments": {…}}'


def _list_of(content: Any, size: int) -> list[str] | None:
    try:
        value = msgspec.json.decode(content) if isinstance(content, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or len(value) != size:
        return None
    return [item if isinstance(item, str) else msgspec.json.encode(item).decode() for item in value]


def _decoded(text: str, rule: str, message: str, path: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        hint = "write it with a JSON library, such as json.dumps"
        raise Refused(rule, f"{message}: {shorten(text)} ({error})", hint, path) from error
