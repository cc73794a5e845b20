"""What the serving process says → what the wire says: a completion, or the chunks of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from tunesmith.api.wire import Wire, absent
from tunesmith.infer.protocol import Began, Call, Done, Ended, Piece, Reply, TokenLogprob

_encode = msgspec.json.Encoder().encode


class FunctionOfCall(Wire):
    name: str
    arguments: str


class ToolCallOfMessage(Wire):
    id: str
    type: Literal["function"] = "function"
    function: FunctionOfCall


class AnswerMessage(Wire):
    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: None = None
    annotations: Sequence[Any] = ()
    tool_calls: list[ToolCallOfMessage] | None = absent()
    function_call: FunctionOfCall | None = absent()


class AlternativeOnWire(Wire):
    token: str
    logprob: float
    bytes: list[int] | None


class TokenOnWire(AlternativeOnWire):
    top_logprobs: list[AlternativeOnWire]


class LogprobsOnWire(Wire):
    content: list[TokenOnWire] | None
    refusal: None = None


class Choice(Wire):
    index: int
    message: AnswerMessage
    logprobs: LogprobsOnWire | None
    finish_reason: Literal["stop", "length", "tool_calls", "function_call"]


class PromptTokensDetails(Wire):
    cached_tokens: int = 0
    audio_tokens: int = 0


class CompletionTokensDetails(Wire):
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class Usage(Wire):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails = PromptTokensDetails()
    completion_tokens_details: CompletionTokensDetails = CompletionTokensDetails()

    @classmethod
    def of(cls, done: Done) -> Usage:
        total = done.prompt_tokens + done.completion_tokens
        return cls(
            prompt_tokens=done.prompt_tokens,
            completion_tokens=done.completion_tokens,
            total_tokens=total,
            prompt_tokens_details=PromptTokensDetails(cached_tokens=done.cached_tokens),
        )


class ChatCompletion(Wire):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    service_tier: Literal["default"] = "default"
    system_fingerprint: str
    metadata: dict[str, str] | None = absent()


@dataclass(slots=True)
class _Said:
    """One choice so far."""

    text: str = ""
    tokens: list[TokenLogprob] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    reason: str = "stop"


class Collected:
    """A whole answer, gathered from replies. ``has_functions``: calls go out under their old name."""

    def __init__(self, id: str, created: int, model: str, *, with_logprobs: bool, has_functions: bool) -> None:
        self.id, self.created, self.model = id, created, model
        self.with_logprobs, self.has_functions = with_logprobs, has_functions
        self.fingerprint, self.prompt_tokens = "", 0
        self.done: Done | None = None
        self._said: dict[int, _Said] = {}

    def add(self, reply: Reply) -> None:
        if isinstance(reply, Piece):
            said = self._said.setdefault(reply.index, _Said())
            said.text += reply.text
            said.tokens += reply.tokens
            said.calls += reply.calls
        elif isinstance(reply, Ended):
            self._said.setdefault(reply.index, _Said()).reason = reply.reason
        elif isinstance(reply, Began):
            self.fingerprint, self.prompt_tokens = reply.fingerprint, reply.prompt_tokens
        elif isinstance(reply, Done):
            self.done = reply

    def completion(self, metadata: dict[str, str] | None = None) -> ChatCompletion:
        done = self.done or Done(self.prompt_tokens, 0)
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[self._choice(index, self._said[index]) for index in sorted(self._said)],
            usage=Usage.of(done),
            system_fingerprint=self.fingerprint,
            metadata=metadata,
        )

    def _choice(self, index: int, said: _Said) -> Choice:
        calls = [FunctionOfCall(name=call.name, arguments=call.arguments) for call in said.calls]
        message = AnswerMessage(
            content=said.text if said.text or not calls else None,
            tool_calls=None if self.has_functions else _tool_calls(said.calls),
            function_call=calls[0] if calls and self.has_functions else None,
        )
        tokens = [TokenOnWire.model_validate(msgspec.to_builtins(token)) for token in said.tokens]
        return Choice(
            index=index,
            message=message,
            logprobs=LogprobsOnWire(content=tokens) if self.with_logprobs else None,
            finish_reason=finish_reason(said.reason, self.has_functions),
        )


def finish_reason(reason: str, has_functions: bool) -> Any:
    return "function_call" if has_functions and reason == "tool_calls" else reason


def _tool_calls(calls: Sequence[Call]) -> list[ToolCallOfMessage] | None:
    called = [
        ToolCallOfMessage(id=call.id, function=FunctionOfCall(name=call.name, arguments=call.arguments))
        for call in calls
    ]
    return called or None


class Chunks:
    """A stream's lines, made from replies with as little work as possible: the frame of a chunk is written once."""

    def __init__(self, collected: Collected, *, n: int, includes_usage: bool) -> None:
        self._collected, self._n, self._includes_usage = collected, n, includes_usage
        self._num_calls = [0] * n

    def first(self) -> bytes:
        """The role of every choice. Call it when ``Began`` was added."""
        frame = {
            "id": self._collected.id,
            "object": "chat.completion.chunk",
            "created": self._collected.created,
            "model": self._collected.model,
            "service_tier": "default",
            "system_fingerprint": self._collected.fingerprint,
        }
        self._before = b"data: " + _encode(frame)[:-1] + b',"choices":['
        self._after = (b'],"usage":null}' if self._includes_usage else b"]}") + b"\n\n"
        role = {"role": "assistant", "content": "", "refusal": None}
        return b"".join(self._chunk(index, role) for index in range(self._n))

    def piece(self, piece: Piece) -> bytes:
        lines = b""
        if piece.text or piece.tokens:
            lines = self._chunk(piece.index, {"content": piece.text}, piece.tokens)
        for call in piece.calls:
            lines += self._call(piece.index, call)
        return lines

    def ended(self, ended: Ended) -> bytes:
        return self._chunk(ended.index, {}, reason=finish_reason(ended.reason, self._collected.has_functions))

    def last(self, done: Done) -> bytes:
        if not self._includes_usage:
            return b"data: [DONE]\n\n"
        usage = Usage.of(done).model_dump_json().encode()
        return self._before + b'],"usage":' + usage + b"}\n\ndata: [DONE]\n\n"

    def _call(self, index: int, call: Call) -> bytes:
        """First who is called, then with what."""
        if self._collected.has_functions:
            named: dict[str, Any] = {"function_call": {"name": call.name, "arguments": ""}}
            given: dict[str, Any] = {"function_call": {"arguments": call.arguments}}
            return self._chunk(index, named) + self._chunk(index, given)
        number = self._num_calls[index]
        self._num_calls[index] += 1
        function = {"name": call.name, "arguments": ""}
        named = {"tool_calls": [{"index": number, "id": call.id, "type": "function", "function": function}]}
        given = {"tool_calls": [{"index": number, "function": {"arguments": call.arguments}}]}
        return self._chunk(index, named) + self._chunk(index, given)

    def _chunk(
        self, index: int, delta: dict[str, Any], tokens: Sequence[TokenLogprob] = (), reason: str | None = None
    ) -> bytes:
        logprobs = {"content": tokens, "refusal": None} if self._collected.with_logprobs and tokens else None
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return self._before + _encode(choice) + self._after
