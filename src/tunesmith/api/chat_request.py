"""A chat request's body → what the serving process is asked; every field is judged, none is dropped in silence.

Raises ApiError 400 that names the field.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from tunesmith.api.auth import IdOf
from tunesmith.api.errors import ApiError, bad_request
from tunesmith.api.wire import RequestBody
from tunesmith.data.examples import Message, Role, ToolCall
from tunesmith.infer.protocol import Chat, Served

MOST_SEED = 1 << 63
_ROLES: Mapping[str, Role] = {
    "system": "system", "developer": "developer", "user": "user", "assistant": "assistant", "tool": "tool",
    "function": "tool",
}  # fmt: skip
_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MESSAGE_KEYS = frozenset(
    "role content name tool_calls tool_call_id function_call refusal audio annotations weight".split()
)


class StreamOptions(RequestBody):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ChatBody(RequestBody):
    """What ``POST /chat/completions`` takes. The last block is accepted and changes nothing here."""

    model_config = ConfigDict(strict=True)

    model: Annotated[str, IdOf("model"), Field(max_length=300)]
    messages: Annotated[list[dict[str, Any]], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    seed: Annotated[int, Field(ge=-MOST_SEED, lt=MOST_SEED)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    response_format: dict[str, Any] | None = None
    tools: Annotated[list[dict[str, Any]], Field(max_length=128)] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: str | dict[str, Any] | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None

    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: Literal["in_memory", "in-memory", "24h"] | None = None
    prompt_cache_options: dict[str, Any] | None = None
    service_tier: Literal["auto", "default", "flex", "scale", "priority", "fast"] | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None
    moderation: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A judged request, but for the model. ``estimated_tokens`` is what the rate limit reserves."""

    body: ChatBody
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...]
    stop: tuple[str, ...]
    logit_bias: Mapping[int, float]
    max_tokens: int | None
    has_functions: bool

    @property
    def n(self) -> int:
        return self.body.n or 1

    @property
    def streams(self) -> bool:
        return bool(self.body.stream)

    @property
    def includes_usage(self) -> bool:
        return bool(self.body.stream_options and self.body.stream_options.include_usage)

    @property
    def estimated_tokens(self) -> int:
        said = sum(len(message.content or "") for message in self.messages)
        return said // 4 + (self.max_tokens or 0) * self.n

    def chat(self, model: Served, owner: str) -> Chat:
        body = self.body
        return Chat(
            model=model,
            messages=self.messages,
            owner=owner,
            seed=secrets.randbelow(MOST_SEED) if body.seed is None else body.seed % MOST_SEED,
            tools=json.dumps(self.tools, ensure_ascii=False),
            parallel_tool_calls=body.parallel_tool_calls is not False and not self.has_functions,
            max_tokens=self.max_tokens,
            n=self.n,
            temperature=1.0 if body.temperature is None else body.temperature,
            top_p=1.0 if body.top_p is None else body.top_p,
            presence_penalty=body.presence_penalty or 0.0,
            frequency_penalty=body.frequency_penalty or 0.0,
            logit_bias=dict(self.logit_bias),
            stop=self.stop,
            num_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
            whole=not self.streams,
        )


def judge(body: ChatBody) -> Asked:
    """Raises ApiError at the first field that cannot be honoured."""
    _check_together(body)
    _check_format(body.response_format)
    check_metadata(body.metadata)
    messages = read_messages(body.messages)
    tools = _tools(body)
    return Asked(
        body=body,
        messages=messages,
        tools=tools if _are_tools_offered(body) else (),
        stop=_stop(body.stop),
        logit_bias=_logit_bias(body.logit_bias or {}),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        has_functions=bool(body.functions),
    )


def _check_together(body: ChatBody) -> None:
    """What only makes sense together, or only apart."""
    if body.max_tokens and body.max_completion_tokens and body.max_tokens != body.max_completion_tokens:
        raise bad_request(
            "Setting 'max_tokens' and 'max_completion_tokens' to different values is not possible.", "max_tokens"
        )
    if body.top_logprobs is not None and not body.logprobs:
        raise bad_request("'top_logprobs' needs 'logprobs' to be true.", "top_logprobs")
    if body.stream_options is not None and not body.stream:
        raise bad_request("'stream_options' is only allowed when 'stream' is true.", "stream_options")
    if body.modalities and "audio" in body.modalities:
        raise bad_request("Models here answer in text only: audio is not supported.", "modalities")
    if body.functions and body.tools:
        raise bad_request("'functions' (deprecated) and 'tools' cannot be used together.", "functions")
    if body.functions is None and body.function_call is not None:
        raise bad_request("'function_call' is only allowed when 'functions' are specified.", "function_call")
    if body.tools is None and body.tool_choice not in (None, "none"):
        raise bad_request("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")


def _check_format(wanted: Mapping[str, Any] | None) -> None:
    kind = "text" if wanted is None else wanted.get("type")
    if kind in ("json_object", "json_schema"):
        raise bad_request(
            f"'response_format' of type '{kind}' is not supported here yet: answers are not forced into a format. "
            "Ask for JSON in a message instead.",
            "response_format",
            "unsupported_value",
        )
    if kind != "text":
        raise bad_request(
            f"Invalid value: {_shown(kind)}. Supported values are: 'text'.", "response_format.type", "invalid_value"
        )


def check_metadata(metadata: Mapping[str, str] | None) -> None:
    """At most 16 pairs, keys of 64 and values of 512 characters."""
    if metadata is None:
        return
    if len(metadata) > 16:
        raise bad_request(f"'metadata' has {len(metadata)} pairs; at most 16 are possible.", "metadata")
    for key, value in metadata.items():
        if not 1 <= len(key) <= 64:
            raise bad_request("A key of 'metadata' has from 1 to 64 characters.", "metadata")
        if len(value) > 512:
            raise bad_request(f"The value of 'metadata[{key}]' has more than 512 characters.", f"metadata.{key}")
        _check_text(key + value, "metadata")


def _stop(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    stops = () if stop is None else (stop,) if isinstance(stop, str) else tuple(stop)
    for index, each in enumerate(stops):
        if not each:
            raise bad_request("A stop sequence cannot be empty.", "stop" if isinstance(stop, str) else f"stop[{index}]")
        _check_text(each, "stop")
    return stops


def _logit_bias(wanted: Mapping[str, float]) -> dict[int, float]:
    for key in wanted:
        if not re.fullmatch(r"[0-9]{1,9}", key):
            raise bad_request(f"'logit_bias' maps token ids to numbers; {_shown(key)} is no token id.", "logit_bias")
    return {int(key): float(value) for key, value in wanted.items()}


# --- messages --------------------------------------------------------------------------------------------------------


def read_messages(raw: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(_message(item, f"messages[{index}]") for index, item in enumerate(raw))


def _message(item: Mapping[str, Any], at: str) -> Message:
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise bad_request(
            f"Invalid value: {_shown(role)}. Supported values are: {', '.join(repr(name) for name in _ROLES)}.",
            f"{at}.role",
            "invalid_value",
        )
    for key in item:
        if key not in _MESSAGE_KEYS:
            raise bad_request(f"Unrecognized request argument supplied: {_shown(key)}", f"{at}.{key[:80]}")
    if item.get("audio") is not None:
        raise bad_request("Models here read text only: audio is not supported.", f"{at}.audio")
    _optional_text(item, "refusal", at)
    calls = _calls(item, role, at)
    return Message(
        role=_ROLES[role],
        content=_content(item, role, bool(calls), at),
        name=_optional_text(item, "name", at),
        tool_calls=calls,
        tool_call_id=_tool_call_id(item, role, at),
    )


def _content(item: Mapping[str, Any], role: str, has_calls: bool, at: str) -> str | None:
    content = item.get("content")
    if isinstance(content, list):
        return _parts(content, role, f"{at}.content")
    if isinstance(content, str):
        _check_text(content, f"{at}.content")
        return content
    if content is not None:
        raise bad_request(
            f"Invalid type for '{at}.content': expected text or a list of parts.", f"{at}.content", "invalid_type"
        )
    if role == "assistant" and (has_calls or item.get("refusal") is not None):
        return _optional_text(item, "refusal", at)
    raise bad_request(f"Invalid value for 'content': expected a string, got null. ({at})", f"{at}.content")


def _parts(parts: Sequence[Any], role: str, at: str) -> str:
    """The text of all parts, one behind the other, as in training."""
    if not parts:
        raise bad_request("The content is an empty list.", at)
    texts = []
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        key = "refusal" if kind == "refusal" and role == "assistant" else "text"
        if kind not in ("text", key):
            raise bad_request(
                f"Models here read text only: a content part of type {_shown(kind)} is not supported.",
                f"{at}[{index}].type",
                "invalid_value",
            )
        texts.append(_text(part.get(key), f"{at}[{index}].{key}"))
    return "".join(texts)


def _calls(item: Mapping[str, Any], role: str, at: str) -> tuple[ToolCall, ...]:
    raw, legacy = item.get("tool_calls"), item.get("function_call")
    if not isinstance(raw, list | None):
        raise bad_request("'tool_calls' is a list.", f"{at}.tool_calls", "invalid_type")
    if raw and legacy:
        raise bad_request("A message has 'tool_calls' or 'function_call', not both.", f"{at}.function_call")
    if (raw or legacy) and role != "assistant":
        raise bad_request(
            f"Only the assistant calls tools, not the {role}.", f"{at}.{'tool_calls' if raw else 'function_call'}"
        )
    if legacy is not None:
        name, arguments = _function(legacy, f"{at}.function_call")
        return (ToolCall(f"call_{name}", name, arguments),)
    return tuple(_call(call, f"{at}.tool_calls[{index}]") for index, call in enumerate(raw or ()))


def _call(call: Any, at: str) -> ToolCall:
    if not isinstance(call, dict) or call.get("type", "function") != "function":
        raise bad_request('A tool call is {"id": …, "type": "function", "function": {…}}.', f"{at}.type")
    identifier = _text(call.get("id"), f"{at}.id")
    return ToolCall(identifier, *_function(call.get("function"), f"{at}.function"))


def _function(function: Any, at: str) -> tuple[str, str]:
    if not isinstance(function, dict):
        raise bad_request('A call names its function: {"name": …, "arguments": "{…}"}.', at)
    name = _text(function.get("name"), f"{at}.name")
    arguments = _text(function.get("arguments"), f"{at}.arguments")
    try:
        is_object = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise bad_request("The arguments of a call are the JSON text of one object.", f"{at}.arguments")
    return name, arguments


def _tool_call_id(item: Mapping[str, Any], role: str, at: str) -> str | None:
    if role == "function":
        return f"call_{_text(item.get('name'), f'{at}.name')}"
    if role == "tool":
        return _text(item.get("tool_call_id"), f"{at}.tool_call_id")
    return _optional_text(item, "tool_call_id", at)


# --- tools -----------------------------------------------------------------------------------------------------------


def _tools(body: ChatBody) -> tuple[dict[str, Any], ...]:
    if body.functions:
        return tuple(
            {"type": "function", "function": _declared(function, f"functions[{index}]")}
            for index, function in enumerate(body.functions)
        )
    return tuple(_tool(tool, f"tools[{index}]") for index, tool in enumerate(body.tools or ()))


def _tool(tool: Mapping[str, Any], at: str) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise bad_request(
            f"Tools of type {_shown(tool.get('type'))} are not supported here; functions are.",
            f"{at}.type",
            "invalid_value",
        )
    return {"type": "function", "function": _declared(tool.get("function"), f"{at}.function")}


def _declared(function: Any, at: str) -> dict[str, Any]:
    if not isinstance(function, dict):
        raise bad_request("A function is an object with a name.", at)
    if not _FUNCTION_NAME.fullmatch(_text(function.get("name"), f"{at}.name")):
        raise bad_request(
            "A function's name has 1 to 64 letters, digits, underscores and hyphens.", f"{at}.name", "invalid_value"
        )
    if not isinstance(function.get("parameters") or {}, dict):
        raise bad_request("A function's parameters are a JSON schema.", f"{at}.parameters", "invalid_type")
    if function.get("strict"):
        raise bad_request(
            "'strict' is not supported here yet: arguments are not forced into a schema.",
            f"{at}.strict",
            "unsupported_value",
        )
    _check_text(json.dumps(function, ensure_ascii=False), at)
    return {key: value for key, value in function.items() if value is not None and key != "strict"}


def _are_tools_offered(body: ChatBody) -> bool:
    param, choice = ("function_call", body.function_call) if body.functions else ("tool_choice", body.tool_choice)
    if choice not in (None, "auto", "none"):
        raise bad_request(
            f"'{param}' can be none or auto here; a call cannot be forced yet.", param, "unsupported_value"
        )
    return choice != "none"


# --- text ------------------------------------------------------------------------------------------------------------


def _optional_text(item: Mapping[str, Any], key: str, at: str) -> str | None:
    return None if item.get(key) is None else _text(item[key], f"{at}.{key}")


def _text(value: Any, param: str) -> str:
    if not isinstance(value, str):
        found = "null or nothing" if value is None else type(value).__name__
        raise bad_request(f"Invalid type for '{param}': expected a string, found {found}.", param, "invalid_type")
    _check_text(value, param)
    return value


def _check_text(text: str, param: str) -> None:
    """Half a surrogate pair is no text: nothing could encode it."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _not_text(param) from error


def _not_text(param: str) -> ApiError:
    return bad_request(f"'{param}' holds half of a surrogate pair, which is no character.", param, "invalid_value")


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 80 else repr(value)[:80] + "…"
