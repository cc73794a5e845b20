"""A chat row → ChatExample: its messages, one by one and as a conversation."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, get_args

from tunesmith.data.examples import ChatExample, Message, Role
from tunesmith.data.findings import Finding, Row, RowPath, quoted, shorten
from tunesmith.data.row_shapes import CONVERT_HINT, shape_of
from tunesmith.data.tool_calls import judge_tool_calls, read_tool_calls, read_tools

_ROLES: Final = frozenset(get_args(Role))
_ROLE_NAMES_ELSEWHERE: Final[dict[str, Role]] = {
    **dict.fromkeys(("human", "prompter"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "bot", "ai", "model"), "assistant"),
    **dict.fromkeys(("function", "observation"), "tool"),
}
_LONGEST_TYPED: Final = 40
_MESSAGE_KEYS: Final = frozenset({"role", "content", "name", "weight", "tool_calls", "tool_call_id", "refusal"})


def read_chat(row: Row, line: int, findings: list[Finding]) -> ChatExample:
    messages = read_messages(row, (), findings)
    if not messages:
        return ChatExample(line, ())
    tools = read_tools(row, findings)
    if not any(map(blurs_the_conversation, findings)):
        _judge_conversation(messages, findings)
    judge_tool_calls(messages, row, tools, findings)
    return ChatExample(line, messages, tools)


def read_messages(holder: Row, path: RowPath, findings: list[Finding]) -> tuple[Message, ...]:
    """Those under ``messages`` of the object at ``path``; none, with a finding, where there is no such list."""
    raw = holder.get("messages")
    if not isinstance(raw, list) or not raw:
        findings.append(_no_messages(holder, path))
        return ()
    return tuple(read_message(item, (*path, "messages", index), findings) for index, item in enumerate(raw))


def blurs_the_conversation(finding: Finding) -> bool:
    """Who speaks last, or is trained on, is not to be judged where a role or a weight could not be read."""
    return finding.rule == "not_an_object" or finding.path[-1:] in {("role",), ("weight",)}


def _no_messages(row: Row, path: RowPath) -> Finding:
    if "messages" in row:
        what = "an empty list" if row["messages"] == [] else shorten(row["messages"])
        return Finding("missing_messages_list", f"messages is {what}", _MESSAGES_HINT, (*path, "messages"))
    if path:
        message = f"{path[-1]} has no messages but {quoted(row) or 'no keys'}"
        return Finding("missing_messages_list", message, _MESSAGES_HINT, path)
    other = shape_of(row)
    looks = f"; it looks like a {other} row, and a file holds one format" if other else ""
    return Finding(
        "missing_messages_list", f"the row has no messages but {quoted(row) or 'no keys'}{looks}", _MESSAGES_HINT
    )


_MESSAGES_HINT: Final = 'write {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'


def read_message(item: Any, path: RowPath, findings: list[Finding]) -> Message:
    if not isinstance(item, dict):
        hint = 'write {"role": "user", "content": "…"}'
        findings.append(Finding("not_an_object", f"the message is {shorten(item)}, not an object", hint, path))
        return Message("user", None)
    if not item.keys() <= _MESSAGE_KEYS:
        findings += [_unrecognized_key(key, path) for key in item if key not in _MESSAGE_KEYS]
    role = _read_role(item, path, findings)
    calls = read_tool_calls(item["tool_calls"], role, path, findings) if item.get("tool_calls") is not None else ()
    return Message(
        role=role,
        content=_read_content(item, role, path, findings),
        weight=_read_weight(item["weight"], role, path, findings) if "weight" in item else 1,
        name=_read_name(item, "name", path, findings),
        tool_calls=calls,
        tool_call_id=_read_tool_call_id(item, role, path, findings),
    )


def _unrecognized_key(key: str, path: RowPath) -> Finding:
    if key == "function_call":
        hint = "write it as tool_calls, and declare the function in the row's tools"
        return Finding(
            "message_unrecognized_key", "function_call is no longer supported", hint, (*path, key), at_key=True
        )
    near = _key_like(key) if len(key) <= _LONGEST_TYPED else None
    hint = f"did you mean {near}?" if near else f"remove it; a message may have {', '.join(sorted(_MESSAGE_KEYS))}"
    return Finding("message_unrecognized_key", f"a message has no key {shorten(key)}", hint, (*path, key), at_key=True)


@lru_cache(maxsize=256)
def _key_like(key: str) -> str | None:
    """Kept, for what is wrong in one row is often wrong in all."""
    return next(iter(difflib.get_close_matches(key.lower(), _MESSAGE_KEYS, n=1)), None)


def _read_role(item: Row, path: RowPath, findings: list[Finding]) -> Role:
    if "role" not in item:
        hint = f"add a role: {', '.join(get_args(Role))}"
        findings.append(Finding("message_missing_key", "the message has no role", hint, (*path, "role")))
        return "user"
    role = item["role"]
    if isinstance(role, str) and role in _ROLES:
        return role  # type: ignore[return-value]
    lowered = role.strip().lower() if isinstance(role, str) else ""
    meant = lowered if lowered in _ROLES else _ROLE_NAMES_ELSEWHERE.get(lowered)
    hint = f'did you mean "{meant}"?' if meant else f"use one of {', '.join(get_args(Role))}"
    findings.append(Finding("unrecognized_role", f"the role is {shorten(role)}", hint, (*path, "role")))
    return "user"


def _read_content(item: Row, role: Role, path: RowPath, findings: list[Finding]) -> str | None:
    content = item.get("content")
    if isinstance(content, str) and (content or role != "assistant"):
        return content
    if isinstance(content, list):
        return _join_parts(content, (*path, "content"), findings)
    if role == "assistant" and not content:
        return _read_absent_content(item, path, findings)
    if "content" not in item:
        findings.append(Finding("message_missing_key", "the message has no content", 'add "content": "…"', path))
    else:
        hint = 'write the content as text, in quotes: "content": "…"'
        findings.append(
            Finding("missing_content", f"the content is {shorten(content)}, not text", hint, (*path, "content"))
        )
    return None


def _read_absent_content(item: Row, path: RowPath, findings: list[Finding]) -> str | None:
    """An assistant may say nothing where it calls tools, or where its refusal is what it says."""
    refusal = item.get("refusal")
    if isinstance(refusal, str) and refusal:
        return refusal
    if item.get("tool_calls"):
        return item.get("content") or None
    if "content" not in item:
        hint = 'add "content": "…" (only an assistant that calls tools may say nothing)'
        findings.append(Finding("message_missing_key", "the assistant's message has no content", hint, path))
    else:
        what = "empty" if item["content"] == "" else shorten(item["content"])
        hint = (
            "write what the assistant answers, or remove the example: an empty answer teaches the model to say nothing"
        )
        findings.append(Finding("missing_content", f"the assistant's content is {what}", hint, (*path, "content")))
    return None


def _join_parts(parts: list[Any], path: RowPath, findings: list[Finding]) -> str | None:
    texts: list[str] = []
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(kind, str) and kind != "text":
            hint = _OTHER_PARTS.get(kind, "only text can be trained on: remove the part, or the example")
            message = f"a content part of type {shorten(kind)} is not supported"
            findings.append(Finding("unsupported_content_part", message, hint, (*path, index)))
        else:
            hint = 'write a part as {"type": "text", "text": "…"}'
            hint = CONVERT_HINT if kind == "text" and isinstance(part.get("value"), str) else hint
            message = f"a content part is {shorten(part)}"
            findings.append(Finding("missing_content", message, hint, (*path, index)))
    if not parts:
        findings.append(Finding("missing_content", "the content is an empty list", 'write "content": "…"', path))
    return "".join(texts)


_OTHER_PARTS: Final = dict.fromkeys(
    ("reasoning", "thinking", "think", "tool_call", "tool_calls", "function_call"), CONVERT_HINT
)
"""Which `data convert` makes messages and calls of."""


def _read_weight(weight: Any, role: Role, path: RowPath, findings: list[Finding]) -> int:
    at = (*path, "weight")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or weight not in (0, 1):
        hint = "write 1 to train on the message, 0 to leave it out of the loss"
        findings.append(Finding("invalid_weight", f"the weight is {shorten(weight)}, not 0 or 1", hint, at))
        return 1
    if role != "assistant":
        hint = "remove it: only assistant messages are trained on"
        findings.append(Finding("invalid_weight", f"a weight on a {role} message has no effect", hint, at, "warning"))
    return int(weight)


def _read_name(item: Row, key: str, path: RowPath, findings: list[Finding]) -> str | None:
    name = item.get(key)
    if name is None or isinstance(name, str):
        return name
    findings.append(Finding("invalid_name", f"{key} is {shorten(name)}, not text", "write it in quotes", (*path, key)))
    return None


def _read_tool_call_id(item: Row, role: Role, path: RowPath, findings: list[Finding]) -> str | None:
    if role == "tool" and item.get("tool_call_id") is None:
        hint = 'add "tool_call_id", the id of the call that this message answers'
        findings.append(Finding("message_missing_key", "the tool message has no tool_call_id", hint, path))
        return None
    return _read_name(item, "tool_call_id", path, findings)


def _judge_conversation(messages: Sequence[Message], findings: list[Finding]) -> None:
    spoken = [message for message in messages if message.role == "assistant"]
    if not spoken:
        hint = "add the assistant's message that the model should learn to write"
        message = "no message is the assistant's: there is nothing to train on"
        findings.append(Finding("example_missing_assistant_message", message, hint, ("messages",)))
    elif messages[-1].role != "assistant":
        hint = "end the example with the assistant's message, or remove what follows it"
        message = f"the last message is the {messages[-1].role}'s, not the assistant's"
        findings.append(Finding("last_message_not_assistant", message, hint, ("messages", len(messages) - 1)))
    elif not any(message.weight for message in spoken):
        hint = "give at least one assistant message the weight 1, or remove the example"
        message = "every assistant message has weight 0: there is nothing to train on"
        findings.append(Finding("no_trainable_assistant", message, hint, ("messages",)))
