"""Conversations in every spelling → chat rows: OpenAI's own, and ShareGPT's with its relatives.

Roles, systems, tools and their calls, weights, names and parts are kept. Reasoning is kept as <think>…</think> before
the answer. What a message says beside is noted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tunesmith.data.findings import shorten
from tunesmith.data.importers.making import Note, Refused, Row, with_metadata
from tunesmith.data.importers.tool_texts import CallIds, Message, tools_of

_ROLES: Final = {
    **{role: role for role in ("system", "developer", "user", "assistant", "tool")},
    **dict.fromkeys(("human", "prompter", "question"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "bot", "ai", "model", "bing", "bard", "answer"), "assistant"),
    **dict.fromkeys(("function_call", "tool_call", "tool_calls"), "call"),
    **dict.fromkeys(("observation", "function", "function_response", "tool_response", "ipython", "tool_result"), "tool"),
}  # fmt: skip
_STANDARD: Final = frozenset({"role", "content", "name", "weight", "tool_calls", "tool_call_id", "refusal"})
_PLAIN: Final = frozenset({"role", "content"})
_PLAIN_ROLES: Final = frozenset({"system", "developer", "user", "assistant"})
_ROLE_KEYS: Final = ("role", "from", "speaker")
_TEXT_KEYS: Final = ("content", "value", "text")
_WEIGHT_KEYS: Final = ("weight", "loss_weight", "train", "trainable", "loss")
_REASONING_KEYS: Final = ("reasoning_content", "reasoning", "thinking")
_UNDERSTOOD: Final = frozenset({*_STANDARD, *_ROLE_KEYS, *_TEXT_KEYS, *_WEIGHT_KEYS, *_REASONING_KEYS, "function_call"})
LISTS: Final = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "items")
"""Keys under which a conversation stands."""
BESIDE: Final = frozenset({"system", "system_prompt", "tools", "functions", "parallel_tool_calls"})
"""Keys beside a conversation that ``chat_row`` takes along."""


def make_chat(value: Mapping[str, Any], note: Note) -> list[Row]:
    """A row with ``messages``."""
    messages = messages_of(value.get("messages"), note)
    if not any(message["role"] == "assistant" for message in messages):
        hint = "add the assistant's message; where a grader judges by the answer alone, say --format reinforcement"
        what = "no message is the assistant's: there is nothing to train on"
        raise Refused("example_missing_assistant_message", what, hint, "messages")
    return [with_metadata(chat_row(messages, value), value, BESIDE | {"messages"}, note)]


def make_sharegpt(value: Mapping[str, Any], note: Note) -> list[Row]:
    """A row with ``conversations`` or its like. A last question that nobody answers is left away, and noted."""
    key = conversation_key(value) or "conversations"
    messages = messages_of(value.get(key), note, key)
    num_answered = len(messages)
    while num_answered and messages[num_answered - 1]["role"] != "assistant":
        num_answered -= 1
    if num_answered == 0:
        hint = "add the assistant's message that the model should learn to write"
        raise Refused("example_missing_assistant_message", "nobody answers in this conversation", hint, key)
    if num_answered < len(messages):
        note("unanswered_end", "what nobody answers at the end of a conversation is left away")
    return [with_metadata(chat_row(messages[:num_answered], value), value, BESIDE | {key}, note)]


def conversation_key(value: Mapping[str, Any]) -> str | None:
    return next((key for key in LISTS if isinstance(value.get(key), list)), None)


def chat_row(messages: list[Message], value: Mapping[str, Any]) -> Row:
    """The messages as a row, with the system message and the tools that stand beside them in ``value``."""
    row: Row = {"messages": [*system_of(value, messages), *messages]}
    tools = tools_of(value)
    if tools:
        row["tools"] = tools
    if value.get("parallel_tool_calls") is not None:
        row["parallel_tool_calls"] = value["parallel_tool_calls"]
    return row


def system_of(value: Mapping[str, Any], messages: list[Message]) -> list[Message]:
    """The system message that stands beside a conversation, unless the conversation begins with it."""
    system = value.get("system") or value.get("system_prompt")
    if not system:
        return []
    if not isinstance(system, str):
        raise Refused("not_text", f"system is {shorten(system)}, not text", "write it as text, in quotes", "system")
    message = {"role": "system", "content": system}
    return [] if messages and messages[0] == message else [message]


def messages_of(items: Any, note: Note, key: str = "messages") -> list[Message]:
    """Messages as the wire has them. Raises Refused where one cannot be understood."""
    if not isinstance(items, list) or not items:
        what = "an empty list" if items == [] else shorten(items)
        raise Refused("missing_messages_list", f"{key} is {what}", _MESSAGES_HINT, key)
    if all(map(_is_plain, items)):
        return items
    if (messages := _plain_sharegpt(items)) is not None:
        return messages
    ids = CallIds({*_ids_of(items)})
    messages = []
    for index, item in enumerate(items):
        path = f"{key}[{index}]"
        if not isinstance(item, dict):
            hint = 'write {"role": "user", "content": "…"}'
            raise Refused("not_an_object", f"the message is {shorten(item)}, not an object", hint, path)
        if not any(role in item for role in _ROLE_KEYS) and (pair := _pair(item)):
            messages += pair
            continue
        is_last_answer = index + 1 == len(items) or _role(items[index + 1], path) != "tool"
        _add(messages, item, ids, note, path, is_last_answer=is_last_answer)
    return messages


_MESSAGES_HINT: Final = 'write {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'


def _is_plain(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and item.keys() == _PLAIN
        and isinstance(item["content"], str)
        and isinstance(item["role"], str)
        and item["role"] in _PLAIN_ROLES
    )


def _plain_sharegpt(items: list[Any]) -> list[Message] | None:
    """The messages, where each is a role of the commonest and a text."""
    messages = []
    for item in items:
        if not isinstance(item, dict) or item.keys() != {"from", "value"} or not isinstance(item["value"], str):
            return None
        role = _COMMONEST.get(item["from"]) if isinstance(item["from"], str) else None
        if role is None:
            return None
        messages.append({"role": role, "content": item["value"]})
    return messages


_COMMONEST: Final = {"human": "user", "gpt": "assistant", "system": "system", "user": "user", "assistant": "assistant"}


def _ids_of(items: list[Any]) -> Iterator[str]:
    for item in items:
        calls = item.get("tool_calls") if isinstance(item, dict) else None
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                yield call["id"]


def _pair(item: Message) -> list[Message]:
    """``{"human": …, "assistant": …}``: two messages."""
    texts = {_ROLES.get(key.lower()): text for key, text in item.items() if isinstance(text, str)}
    if len(texts) != len(item) or texts.keys() - {"system", "user", "assistant"} or "assistant" not in texts:
        return []
    return [{"role": role, "content": texts[role]} for role in ("system", "user", "assistant") if role in texts]


def _add(messages: list[Message], item: Message, ids: CallIds, note: Note, path: str, *, is_last_answer: bool) -> None:
    role = _role(item, path)
    if role != item.get("role", role) and role != "call":
        note("role_renamed", f"the role {shorten(item['role'])} is written as {role}")
    message = _message(item, role, ids, note, path)
    last = messages[-1] if messages else {}
    if role == "tool":
        messages += ids.answers_at_once(message, path) if is_last_answer else ids.answers(message, path)
    elif role == "call" and last.get("role") == "assistant" and last.get("tool_calls") and "content" not in message:
        last["tool_calls"] = [*last["tool_calls"], *message["tool_calls"]]
    else:
        messages.append(message)
    if isinstance(message.get("tool_calls"), list):
        ids.began(message["tool_calls"])


def _role(item: Any, path: str) -> str:
    key = next((key for key in _ROLE_KEYS if isinstance(item, dict) and key in item), None)
    if key is None:
        hint = "add a role: system, developer, user, assistant or tool"
        raise Refused("message_missing_key", f"the message has no role: {shorten(item)}", hint, path)
    said = item[key]
    role = _ROLES.get(said.strip().lower()) if isinstance(said, str) else None
    if role is None:
        hint = "use one of system, developer, user, assistant, tool"
        raise Refused("unrecognized_role", f"the role is {shorten(said)}", hint, f"{path}.{key}")
    return role


def _message(item: Message, role: str, ids: CallIds, note: Note, path: str) -> Message:
    message: Message = {"role": "assistant" if role == "call" else role}
    key = next((key for key in _TEXT_KEYS if key in item), "content")
    content = item.get(key)
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    if role == "call" and not item.get("tool_calls"):
        content, calls = None, ids.calls_of(content, f"{path}.{key}")
    elif isinstance(content, list):
        content, reasoning, calls = _of_parts(content, ids, f"{path}.{key}")
    reasoning += [item[name] for name in _REASONING_KEYS if isinstance(item.get(name), str) and item[name].strip()]
    if reasoning:
        note("reasoning_kept", "reasoning is kept in the answer, as <think>…</think>")
        content = f"<think>\n{chr(10).join(reasoning)}\n</think>\n\n{_joined(content)}"
    is_said = key in item and not (calls or item.get("tool_calls") or item.get("function_call") or item.get("refusal"))
    if content is not None or is_said:
        message["content"] = content
    if item.get("function_call"):
        calls = ids.calls_of([item["function_call"]], f"{path}.function_call")
        note("function_call_rewritten", "function_call is written as tool_calls")
    if calls:
        message["tool_calls"] = calls
    _add_others(message, item, note, path)
    return message


def _add_others(message: Message, item: Message, note: Note, path: str) -> None:
    for key in ("name", "tool_calls", "tool_call_id", "refusal"):
        if item.get(key) is not None:
            message[key] = item[key]
    _add_weight(message, item, note, path)
    for key, value in item.items():
        if key in _UNDERSTOOD or value is None or value in ("", [], {}):
            continue
        near = difflib.get_close_matches(key.lower(), _STANDARD, n=1, cutoff=0.75)
        if near:
            hint = f"did you mean {near[0]}?"
            raise Refused("message_unrecognized_key", f"a message has no key {shorten(key)}", hint, f"{path}.{key}")
        note("key_not_taken", f"the key {shorten(key)} of messages is not taken along")


def _add_weight(message: Message, item: Message, note: Note, path: str) -> None:
    key = next((key for key in _WEIGHT_KEYS if item.get(key) is not None), None)
    if key is None:
        return
    weight = int(item[key]) if isinstance(item[key], bool) and key != "weight" else item[key]
    if message["role"] == "assistant":
        if key == "weight" or weight != 1:
            message["weight"] = weight
    elif weight != 0:
        note("weight_not_taken", "a weight on a message that is not the assistant's is not taken along")


def _joined(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part["text"] for part in content)
    return content if isinstance(content, str) else ""


def _of_parts(parts: list[Any], ids: CallIds, path: str) -> tuple[Any, list[str], list[dict[str, Any]]]:
    """A list of parts → the content, the reasoning, and the calls in it."""
    texts: list[str] = []
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    for index, part in enumerate(parts):
        at = f"{path}[{index}]"
        kind = part.get("type") if isinstance(part, dict) else "text"
        said = part if isinstance(part, str) else _text_of_part(part)
        if kind in ("tool_call", "tool_calls", "function_call"):
            calls += ids.calls_of(said, at)
        elif not isinstance(said, str) or kind not in _TEXT_PARTS:
            rule = "missing_content" if kind == "text" else "unsupported_content_part"
            raise Refused(rule, f"a content part is {shorten(part)}", "only text can be trained on", at)
        else:
            (reasoning if kind in _REASONING_PARTS else texts).append(said)
    is_standard = all(isinstance(part, dict) and part.keys() == {"type", "text"} for part in parts)
    if is_standard and texts and len(texts) == len(parts):
        return parts, [], []
    return ("".join(texts) if texts or not calls else None), reasoning, calls


_REASONING_PARTS: Final = frozenset({"reasoning", "thinking", "think"})
_TEXT_PARTS: Final = frozenset({"text", "input_text", "output_text", *_REASONING_PARTS})


def _text_of_part(part: Any) -> Any:
    keys = ("text", "value", "thinking", "content")
    return next((part[key] for key in keys if key in part), None) if isinstance(part, dict) else None
