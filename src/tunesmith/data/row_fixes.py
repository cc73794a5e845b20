"""What can be mended in a row without asking: names of roles, the shape of tool calls, characters that nobody sees.

Takes a row as JSON has it, gives the mended one and what was done to it, each with its path. What is done says the same
as before to anybody who could read it; whatever would be a guess is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from tunesmith.data.content.characters import without_invisible
from tunesmith.data.findings import Row, RowPath
from tunesmith.data.loose_json import read_loosely
from tunesmith.data.row_texts import texts, with_texts

Done = tuple[str, RowPath]
"""Which fix, and where in the row."""

_ROLES: Final = {
    **{role: role for role in ("system", "developer", "user", "assistant", "tool")},
    **dict.fromkeys(("human", "prompter"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "bot", "ai", "model"), "assistant"),
}
_MESSAGE_LISTS: Final[tuple[RowPath, ...]] = (
    ("messages",), ("input", "messages"), ("preferred_output",), ("non_preferred_output",),
)  # fmt: skip
_MOST_ROUNDS: Final = 5


def fix_row(row: Row) -> tuple[dict[str, Any], list[Done]]:
    """A copy where something was done; the row itself is never changed. To mend the result again does nothing."""
    done: list[Done] = []
    mended = dict(row)
    for _ in range(_MOST_ROUNDS):  # what one fix brings to light, another may mend
        now: list[Done] = []
        mended = _without_invisible(mended, now)
        if any(_needs_care(message) for _, message in _messages(mended)) or "functions" in mended:
            mended = _copied(mended)
            _fix_functions(mended, now)
            for path, messages in _message_lists(mended):
                _fix_messages(messages, path, now)
        if not now:
            break
        done += now
    return mended, done


def _without_invisible(row: dict[str, Any], done: list[Done]) -> dict[str, Any]:
    changed: dict[RowPath, str] = {}
    for path, text in texts(row):
        if not text.isascii():
            mended, count = without_invisible(text)
            if count:
                changed[path] = mended
    done += [("invisible_characters", path) for path in changed]
    return with_texts(row, changed) if changed else row


def _message_lists(row: Row) -> Iterator[tuple[RowPath, list[Any]]]:
    for path in _MESSAGE_LISTS:
        value: Any = row
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, list):
            yield path, value


def _messages(row: Row) -> Iterator[tuple[RowPath, dict[str, Any]]]:
    for path, messages in _message_lists(row):
        for index, message in enumerate(messages):
            if isinstance(message, dict):
                yield (*path, index), message


def _needs_care(message: dict[str, Any]) -> bool:
    role = message.get("role")
    return (
        not isinstance(role, str) or _ROLES.get(role) != role or "function_call" in message or "tool_calls" in message
    )


def _fix_messages(messages: list[Any], path: RowPath, done: list[Done]) -> None:
    ids = {call.get("id") for message in messages if isinstance(message, dict) for call in _calls(message)}
    for index, message in enumerate(messages):
        if isinstance(message, dict):
            _fix_role(message, (*path, index), done)
            _fix_function_call(messages, index, (*path, index), ids, done)
            for number, call in enumerate(_calls(message)):
                _fix_arguments(call, (*path, index, "tool_calls", number, "function", "arguments"), done)


def _calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _fix_role(message: dict[str, Any], path: RowPath, done: list[Done]) -> None:
    role = message.get("role")
    if isinstance(role, str) and role not in _ROLES.values():
        meant = _ROLES.get(without_invisible(role)[0].strip().lower())
        if meant is not None:
            message["role"] = meant
            done.append(("role_names", (*path, "role")))


def _fix_functions(row: dict[str, Any], done: list[Done]) -> None:
    """``functions`` of the older API → ``tools``."""
    functions = row.get("functions")
    if isinstance(functions, list) and "tools" not in row and all(isinstance(one, dict) for one in functions):
        row["tools"] = [{"type": "function", "function": function} for function in functions]
        del row["functions"]
        done.append(("function_call", ("functions",)))


def _fix_function_call(
    messages: list[Any], index: int, path: RowPath, ids: set[Any], done: list[Done]
) -> None:  # fmt: skip
    """``function_call`` of the older API → ``tool_calls``, and the message that answers it gets the call's id."""
    message = messages[index]
    call = message.get("function_call", ...)
    if call is None:
        del message["function_call"]
        done.append(("function_call", (*path, "function_call")))
    if not isinstance(call, dict) or message.get("tool_calls") or not isinstance(call.get("name"), str):
        return
    call_id = next(name for number in range(1, len(ids) + 2) if (name := f"call_{number}") not in ids)
    ids.add(call_id)
    del message["function_call"]
    message["tool_calls"] = [{"id": call_id, "type": "function", "function": call}]
    done.append(("function_call", (*path, "function_call")))
    answer = messages[index + 1] if index + 1 < len(messages) else None
    if isinstance(answer, dict) and answer.get("role") == "function" and answer.get("name") == call["name"]:
        answer["role"], answer["tool_call_id"] = "tool", call_id


def _fix_arguments(call: dict[str, Any], path: RowPath, done: list[Done]) -> None:
    function = call.get("function")
    if not isinstance(function, dict) or "arguments" not in function:
        return
    arguments = function["arguments"]
    if isinstance(arguments, dict):
        function["arguments"] = _encoded(arguments)
        done.append(("arguments_as_object", path))
    elif isinstance(arguments, str):
        inner = _decoded(arguments)
        if isinstance(inner, str) and isinstance(_decoded(inner), dict):
            function["arguments"] = inner
            done.append(("arguments_encoded_twice", path))
        elif inner is ... and isinstance(loose := read_loosely(arguments), dict):
            function["arguments"] = _encoded(loose)
            done.append(("arguments_nearly_json", path))


def _decoded(text: str) -> Any:
    """``...`` where it is no JSON."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return ...


def _encoded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
