"""The shapes a training file can have, and how one row of each becomes an Example.

Takes a row's JSON object, gives an Example or the findings that stand in its way; keeps nothing.
Chat rows are read in `chat_rows`, preference and reinforcement rows in files of their own; the smaller formats here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from typing import Any, Final

import msgspec

from tunesmith.data.chat_rows import read_chat
from tunesmith.data.examples import (
    AnyExample,
    ChatExample,
    CompletionExample,
    FileFormat,
    Message,
    PreferenceExample,
    ReinforcementExample,
)
from tunesmith.data.findings import Finding, Row, RowPath, path_text, quoted, shorten
from tunesmith.data.preference_rows import read_preference
from tunesmith.data.reinforcement_rows import read_reinforcement
from tunesmith.data.row_shapes import describe_unknown, detect_format, other_shape, shape_of, unrecognized_row_keys

__all__ = [
    "COMMON_CONTROL_TOKENS",
    "Finding",
    "control_token_pattern",
    "describe_unknown",
    "detect_format",
    "fingerprint",
    "path_text",
    "quoted",
    "read_row",
    "shape_of",
    "shorten",
    "unrecognized_row_keys",
]


COMMON_CONTROL_TOKENS: Final = (
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|endofprompt|>"),
    *("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>"),
    *("<|python_tag|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
    *("<|start|>", "<|message|>", "<|channel|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"),
    *("<s>", "</s>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[AVAILABLE_TOOLS]", "[TOOL_CALLS]"),
)


def read_row(
    row: Row, line: int, format: FileFormat, control_tokens: re.Pattern[str]
) -> tuple[AnyExample, list[Finding]]:
    """The row's Example (to be used only when no finding is an error) and what was found."""
    findings: list[Finding] = []
    example = _READERS[format](row, line, findings)
    if "metadata" in row:
        _judge_metadata(row["metadata"], findings)
    findings += _control_token_findings(example, format, control_tokens)
    return example, findings


def control_token_pattern(control_tokens: Collection[str] = ()) -> re.Pattern[str]:
    """Matches the common families' control tokens and those given."""
    return _any_of(_all_tokens(control_tokens))


def control_token_searches(control_tokens: Collection[str] = ()) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The same, by their first character: most texts hold none of these, which is quickly told."""
    tokens = _all_tokens(control_tokens)
    return tuple(
        (first, _any_of({each for each in tokens if each[0] == first})) for first in {each[0] for each in tokens}
    )


def _all_tokens(control_tokens: Collection[str]) -> set[str]:
    return {token for token in control_tokens if token.strip()} | set(COMMON_CONTROL_TOKENS)


def _any_of(tokens: Collection[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(token) for token in sorted(tokens, key=lambda token: (-len(token), token))))


def fingerprint(example: AnyExample) -> bytes:
    """Equal for two examples that say the same, whatever their lines; 16 bytes."""
    return blake2b(canonical(example), digest_size=16).digest()


def canonical(example: AnyExample) -> bytes:
    """What the example says, as JSON; equal bytes for equal examples."""
    return _CANONICAL.encode(_said(example))


def _said(example: AnyExample) -> tuple[object, ...]:
    match example:
        case ChatExample():
            return example.messages, example.tools
        case CompletionExample():
            return example.prompt, example.completion
        case PreferenceExample():
            return example.messages, example.preferred, example.non_preferred, example.tools
        case ReinforcementExample():
            return example.messages, example.tools, example.graded


_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


def _read_prompt_completion(row: Row, line: int, findings: list[Finding]) -> CompletionExample:
    if (mixed := other_shape(row, "prompt_completion")) is not None:
        findings.append(mixed)
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
    if (mixed := other_shape(row, "alpaca")) is not None:
        findings.append(mixed)
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


_READERS: Final[dict[FileFormat, Callable[[Row, int, list[Finding]], AnyExample]]] = {
    "chat": read_chat,
    "prompt_completion": _read_prompt_completion,
    "alpaca": _read_alpaca,
    "preference": read_preference,
    "reinforcement": read_reinforcement,
}


def _judge_metadata(metadata: Any, findings: list[Finding]) -> None:
    hint = 'write {"metadata": {"source": "…"}}, or remove it: it is not trained on'
    if not isinstance(metadata, dict):
        message = f"metadata is {shorten(metadata)}, not an object of texts"
        findings.append(Finding("invalid_metadata", message, hint, ("metadata",), "warning"))
        return
    for key, value in metadata.items():
        if not isinstance(value, str):
            message = f"metadata holds {shorten(value)}, not text"
            findings.append(Finding("invalid_metadata", message, hint, ("metadata", key), "warning"))


def _control_token_findings(example: AnyExample, format: FileFormat, tokens: re.Pattern[str]) -> list[Finding]:
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


def _texts(example: AnyExample, format: FileFormat) -> Iterable[tuple[RowPath, str]]:
    if isinstance(example, CompletionExample):
        return ((("prompt",), example.prompt), (("completion",), example.completion))
    if isinstance(example, PreferenceExample):
        return (
            *_contents(("input", "messages"), example.messages),
            *_contents(("preferred_output",), example.preferred),
            *_contents(("non_preferred_output",), example.non_preferred),
        )
    if format == "alpaca":
        return (((), message.content) for message in example.messages if message.content)
    return _contents(("messages",), example.messages)


def _contents(path: RowPath, messages: Iterable[Message]) -> Iterable[tuple[RowPath, str]]:
    return (((*path, index, "content"), message.content) for index, message in enumerate(messages) if message.content)
