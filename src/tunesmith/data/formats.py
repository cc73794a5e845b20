"""The shapes a training file can have, and how one row of each becomes an Example.

Takes a row's JSON object, gives an Example or the findings that stand in its way; keeps nothing.
Where the row stands in its file is `validate`'s affair: a finding only knows its path inside the row.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, get_args

import msgspec

from tunesmith.core.errors import Severity
from tunesmith.data.examples import ChatExample, CompletionExample, Example, FileFormat, Message, Role, ToolCall

Row = Mapping[str, Any]
RowPath = tuple[str | int, ...]

COMMON_CONTROL_TOKENS: Final = (
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|endofprompt|>"),
    *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>"),
    *("<|python_tag|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    *("<|start|>", "<|message|>", "<|channel|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[AVAILABLE_TOOLS]", "[TOOL_CALLS]"),
)

_ROW_KEYS: Final[dict[FileFormat, frozenset[str]]] = {
    "chat": frozenset({"messages", "tools", "parallel_tool_calls"}),
    "prompt_completion": frozenset({"prompt", "completion"}),
    "alpaca": frozenset({"instruction", "input", "output", "system", "history"}),
}
_SIGNATURES: Final[dict[FileFormat, frozenset[str]]] = {
    "chat": frozenset({"messages"}),
    "prompt_completion": frozenset({"prompt", "completion"}),
    "alpaca": frozenset({"instruction", "output"}),
}
_SHAREGPT_HINT: Final = (
    "convert it to chat rows: name the list messages, from role (human → user, gpt → assistant), and value content"
)
_FOREIGN: Final = (
    ({"chosen", "rejected"}, "preference", "supervised training takes one answer: write the chosen one as chat rows"),
    ({"conversations"}, "ShareGPT", _SHAREGPT_HINT),
    ({"conversation"}, "ShareGPT", _SHAREGPT_HINT),
    ({"query", "response"}, "query/response", "rename query to instruction and response to output"),
    ({"instruction", "response"}, "Dolly", "rename response to output, and context to input"),
    ({"question", "answer"}, "question/answer", "rename question to instruction and answer to output"),
    ({"text"}, "plain text", 'write {"prompt": "", "completion": "…"} to train on whole texts'),
)
_ROLES: Final = frozenset(get_args(Role))
_ROLE_NAMES_ELSEWHERE: Final[dict[str, Role]] = {
    **dict.fromkeys(("human", "prompter"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "bot", "ai", "model"), "assistant"),
    **dict.fromkeys(("function", "observation"), "tool"),
}
_MESSAGE_KEYS: Final = frozenset({"role", "content", "name", "weight", "tool_calls", "tool_call_id", "refusal"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a row. ``at_key`` points at the key of ``path`` instead of at its value."""

    rule: str
    message: str
    hint: str
    path: RowPath = ()
    severity: Severity = "error"
    at_key: bool = False


def detect_format(rows: Iterable[Row]) -> FileFormat | None:
    """The format that most of ``rows`` have, or None where no row has the keys of any."""
    shapes = Counter(shape for shape in map(shape_of, rows) if shape is not None)
    return shapes.most_common(1)[0][0] if shapes else None


def shape_of(row: Row) -> FileFormat | None:
    return next((name for name, keys in _SIGNATURES.items() if keys <= row.keys()), None)


def describe_unknown(row: Row) -> Finding:
    """Which keys were found in a row of no known format, and which were looked for."""
    _, name, hint = next((known for known in _FOREIGN if known[0] <= row.keys()), (None, None, _FORMATS_HINT))
    looks = f", as in {name} data" if name else ""
    return Finding(
        "unknown_format", f"the format is not recognized: the row has {quoted(row) or 'no keys'}{looks}", hint
    )


_FORMATS_HINT: Final = (
    "use rows with messages (chat), with prompt and completion, or with instruction and output (Alpaca)"
)


def read_row(row: Row, line: int, format: FileFormat, control_tokens: re.Pattern[str]) -> tuple[Example, list[Finding]]:
    """The row's Example (to be used only when no finding is an error) and what was found."""
    findings: list[Finding] = []
    example = _READERS[format](row, line, findings)
    findings += _control_token_findings(example, format, control_tokens)
    return example, findings


def unrecognized_row_keys(row: Row, format: FileFormat) -> list[str]:
    """Keys of the row that its format does not know: they are ignored, which the user should hear."""
    return [] if row.keys() <= _ROW_KEYS[format] else [key for key in row if key not in _ROW_KEYS[format]]


def control_token_pattern(control_tokens: Collection[str] = ()) -> re.Pattern[str]:
    """Matches the common families' control tokens and those given."""
    tokens = {token for token in control_tokens if token.strip()} | set(COMMON_CONTROL_TOKENS)
    return re.compile("|".join(re.escape(token) for token in sorted(tokens, key=lambda token: (-len(token), token))))


def fingerprint(example: Example) -> bytes:
    """Equal for two examples that say the same, whatever their lines; 16 bytes."""
    said = (
        (example.messages, example.tools) if isinstance(example, ChatExample) else (example.prompt, example.completion)
    )
    return blake2b(_CANONICAL.encode(said), digest_size=16).digest()


def path_text(path: RowPath) -> str | None:
    """``("messages", 1, "content")`` → ``messages[1].content``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or None


def quoted(names: Iterable[str], most: int = 8) -> str:
    """Names as a list for a message, the long tail left out."""
    shown = [shorten(name) for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def shorten(value: object, most: int = 60) -> str:
    """A value as it would stand in JSON, cut for a message."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


# ---- chat ----------------------------------------------------------------------------------------


def _read_chat(row: Row, line: int, findings: list[Finding]) -> ChatExample:
    raw = row.get("messages")
    if not isinstance(raw, list) or not raw:
        findings.append(_no_messages(row))
        return ChatExample(line, ())
    messages = [_read_message(item, ("messages", index), findings) for index, item in enumerate(raw)]
    tools = _read_tools(row, findings)
    if not any(map(_blurs_the_conversation, findings)):
        _judge_conversation(messages, findings)
    _judge_tool_calls(messages, row, tools, findings)
    return ChatExample(line, tuple(messages), tools)


def _blurs_the_conversation(finding: Finding) -> bool:
    """Who speaks last, or is trained on, is not to be judged where a role or a weight could not be read."""
    return finding.rule == "not_an_object" or finding.path[-1:] in {("role",), ("weight",)}


def _no_messages(row: Row) -> Finding:
    if "messages" in row:
        what = "an empty list" if row["messages"] == [] else shorten(row["messages"])
        return Finding("missing_messages_list", f"messages is {what}", _MESSAGES_HINT, ("messages",))
    other = shape_of(row)
    looks = f"; it looks like a {other} row, and a file holds one format" if other else ""
    return Finding(
        "missing_messages_list", f"the row has no messages but {quoted(row) or 'no keys'}{looks}", _MESSAGES_HINT
    )


_MESSAGES_HINT: Final = 'write {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'


def _read_message(item: Any, path: RowPath, findings: list[Finding]) -> Message:
    if not isinstance(item, dict):
        hint = 'write {"role": "user", "content": "…"}'
        findings.append(Finding("not_an_object", f"the message is {shorten(item)}, not an object", hint, path))
        return Message("user", None)
    if not item.keys() <= _MESSAGE_KEYS:
        findings += [_unrecognized_key(key, path) for key in item if key not in _MESSAGE_KEYS]
    role = _read_role(item, path, findings)
    calls = _read_tool_calls(item["tool_calls"], role, path, findings) if item.get("tool_calls") is not None else ()
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
    near = difflib.get_close_matches(key.lower(), _MESSAGE_KEYS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"remove it; a message may have {', '.join(sorted(_MESSAGE_KEYS))}"
    return Finding("message_unrecognized_key", f"a message has no key {shorten(key)}", hint, (*path, key), at_key=True)


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
            hint = "only text can be trained on: remove the part, or the example"
            message = f"a content part of type {shorten(kind)} is not supported"
            findings.append(Finding("unsupported_content_part", message, hint, (*path, index)))
        else:
            hint = 'write a part as {"type": "text", "text": "…"}'
            message = f"a content part is {shorten(part)}"
            findings.append(Finding("missing_content", message, hint, (*path, index)))
    if not parts:
        findings.append(Finding("missing_content", "the content is an empty list", 'write "content": "…"', path))
    return "".join(texts)


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


def _judge_conversation(messages: list[Message], findings: list[Finding]) -> None:
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


# ---- tools ---------------------------------------------------------------------------------------


def _read_tools(row: Row, findings: list[Finding]) -> tuple[dict[str, Any], ...]:
    parallel = row.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        message = f"parallel_tool_calls is {shorten(parallel)}"
        findings.append(Finding("invalid_tools", message, "write true or false", ("parallel_tool_calls",)))
    tools = row.get("tools")
    if tools is None:
        return ()
    if not isinstance(tools, list):
        findings.append(Finding("invalid_tools", f"tools is {shorten(tools)}, not a list", _TOOLS_HINT, ("tools",)))
        return ()
    findings += [
        Finding(
            "invalid_tools", f"the tool {shorten(tool)} is not a function with a name", _TOOLS_HINT, ("tools", index)
        )
        for index, tool in enumerate(tools)
        if _tool_name(tool) is None
    ]
    return tuple(tool for tool in tools if isinstance(tool, dict))


_TOOLS_HINT: Final = 'write "tools": [{"type": "function", "function": {"name": "…", "parameters": {…}}}]'


def _tool_name(tool: Any) -> str | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) and name else None


def _read_tool_calls(raw: Any, role: Role, path: RowPath, findings: list[Finding]) -> tuple[ToolCall, ...]:
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


def _judge_tool_calls(
    messages: list[Message], row: Row, tools: tuple[dict[str, Any], ...], findings: list[Finding]
) -> None:
    if any(message.tool_calls for message in messages):
        _judge_declared(messages, {_tool_name(tool) for tool in tools}, row.get("tools") is not None, findings)
    if any(message.tool_calls or message.role == "tool" for message in messages):
        _judge_answered(messages, findings)


def _judge_declared(
    messages: list[Message], declared: set[str | None], has_tools: bool, findings: list[Finding]
) -> None:
    severity: Severity = "error" if has_tools else "warning"
    for index, message in enumerate(messages):
        for call_index, call in enumerate(message.tool_calls):
            if call.name not in declared:
                near = difflib.get_close_matches(call.name, [name for name in declared if name], n=1)
                hint = (
                    f"did you mean {near[0]}?" if near else "declare it in the row's tools, as requests will do later"
                )
                path = ("messages", index, "tool_calls", call_index, "function", "name")
                what = f"the tool {shorten(call.name)} is called, but not declared in tools"
                findings.append(Finding("tool_not_declared", what, hint, path, severity))


def _judge_answered(messages: list[Message], findings: list[Finding]) -> None:
    """The calls of the last message may stay open: they are what the model is to learn."""
    open_calls: dict[str, RowPath] = {}
    for index, message in enumerate(messages):
        if message.role == "tool" and message.tool_call_id is not None:
            if open_calls.pop(message.tool_call_id, None) is None:
                what = (
                    f"the tool message answers {shorten(message.tool_call_id)}, which no call just before has as its id"
                )
                at = ("messages", index, "tool_call_id")
                findings.append(Finding("tool_call_not_answered", what, _ANSWER_HINT, at, "warning"))
            continue
        findings += [_unanswered(call_id, path) for call_id, path in open_calls.items()]
        open_calls = {
            call.id: ("messages", index, "tool_calls", call_index, "id")
            for call_index, call in enumerate(message.tool_calls)
        }
    if messages[-1].role == "tool":
        findings += [_unanswered(call_id, path) for call_id, path in open_calls.items()]


_ANSWER_HINT: Final = "follow each call with a tool message whose tool_call_id is the call's id"


def _unanswered(call_id: str, path: RowPath) -> Finding:
    what = f"the tool call {shorten(call_id)} is not answered"
    return Finding("tool_call_not_answered", what, _ANSWER_HINT, path, "warning")


# ---- prompt and completion, Alpaca ---------------------------------------------------------------


def _read_prompt_completion(row: Row, line: int, findings: list[Finding]) -> CompletionExample:
    if (other := _other_shape(row, "prompt_completion")) is not None:
        findings.append(_mixed(row, other, "prompt_completion"))
        return CompletionExample(line, "", "")
    prompt = _text(row, "prompt", "prompt_completion_types", findings, required=True)
    completion = _text(row, "completion", "prompt_completion_types", findings, required=True)
    if prompt == "":
        message, hint = "the prompt is empty", "fine for plain text; otherwise write the prompt"
        findings.append(Finding("empty_prompt", message, hint, ("prompt",), "warning"))
    if completion == "":
        message, hint = "the completion is empty: there is nothing to train on", "write it, or remove the row"
        findings.append(Finding("empty_completion", message, hint, ("completion",)))
    return CompletionExample(line, prompt or "", completion or "")


def _read_alpaca(row: Row, line: int, findings: list[Finding]) -> ChatExample:
    if (other := _other_shape(row, "alpaca")) is not None:
        findings.append(_mixed(row, other, "alpaca"))
        return ChatExample(line, ())
    instruction = _text(row, "instruction", "alpaca_types", findings, required=True)
    more = _text(row, "input", "alpaca_types", findings)
    output = _text(row, "output", "alpaca_types", findings, absent_is_empty=True)
    system = _text(row, "system", "alpaca_types", findings)
    if instruction == "" and not more:
        message, hint = "instruction and input are empty", "write the instruction"
        findings.append(Finding("empty_prompt", message, hint, ("instruction",), "warning"))
    if output == "":
        message, hint = "the output is empty: there is nothing to train on", "write it, or remove the row"
        findings.append(Finding("empty_output", message, hint, ("output",)))
    messages = [Message("system", system)] if system else []
    messages += _read_history(row.get("history"), findings)
    messages.append(Message("user", "\n\n".join(part for part in (instruction, more) if part)))
    return ChatExample(line, (*messages, Message("assistant", output)))


def _other_shape(row: Row, expected: FileFormat) -> FileFormat | None:
    return None if _SIGNATURES[expected] <= row.keys() else shape_of(row)


def _mixed(row: Row, found: FileFormat, expected: FileFormat) -> Finding:
    message = f"a {found} row in a {expected} file: it has {quoted(row)}"
    return Finding("mixed_formats", message, "keep one format in a file: move these rows to a file of their own")


def _text(
    row: Row, key: str, rule: str, findings: list[Finding], required: bool = False, absent_is_empty: bool = False
) -> str | None:
    """The text at ``key``; None, with a finding, where it is missing or of another type."""
    value = row.get(key)
    if isinstance(value, str):
        return value
    if value is None and absent_is_empty:
        return ""
    if key not in row and required:
        findings.append(Finding(rule, f"the row has no {key} but {quoted(row)}", f'add "{key}": "…"'))
    elif value is not None or required:
        findings.append(Finding(rule, f"{key} is {shorten(value)}, not text", "write it as text, in quotes", (key,)))
    return None


def _read_history(history: Any, findings: list[Finding]) -> list[Message]:
    if history is None:
        return []
    hint = 'write "history": [["question", "answer"], …]'
    if not isinstance(history, list):
        findings.append(Finding("alpaca_types", f"history is {shorten(history)}, not a list", hint, ("history",)))
        return []
    messages: list[Message] = []
    for index, pair in enumerate(history):
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair):
            messages += [Message("user", pair[0]), Message("assistant", pair[1])]
        else:
            message = f"a turn of the history is {shorten(pair)}, not two texts"
            findings.append(Finding("alpaca_types", message, hint, ("history", index)))
    return messages


_READERS: Final[dict[FileFormat, Callable[[Row, int, list[Finding]], Example]]] = {
    "chat": _read_chat,
    "prompt_completion": _read_prompt_completion,
    "alpaca": _read_alpaca,
}


# ---- control tokens typed as text ----------------------------------------------------------------


def _control_token_findings(example: Example, format: FileFormat, tokens: re.Pattern[str]) -> list[Finding]:
    return [
        Finding(
            "special_token_warning",
            f"{shorten(match[0])} stands in the text: it will be encoded as plain text, not as a control token",
            "remove it if it comes from a template: the chat template adds the control tokens itself",
            path,
            "warning",
        )
        for path, text in _texts(example, format)
        if (match := tokens.search(text)) is not None
    ]


def _texts(example: Example, format: FileFormat) -> Iterable[tuple[RowPath, str]]:
    if isinstance(example, CompletionExample):
        return ((("prompt",), example.prompt), (("completion",), example.completion))
    paths: Iterable[RowPath] = (("messages", index, "content") for index in range(len(example.messages)))
    if format == "alpaca":
        paths = (() for _ in example.messages)
    return ((path, message.content) for path, message in zip(paths, example.messages, strict=False) if message.content)
