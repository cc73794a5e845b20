"""One choice as it grows: token ids in, pieces of text and calls of tools out.

Text never splits a character; stop strings end it, across the borders of tokens too, and are not given
out; calls in a syntax that we know become calls, and what cannot be read as one stays text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from tunesmith.core.ids import new_id
from tunesmith.data.render import Renderer
from tunesmith.data.tokenizer import TextStream, Tokenizer
from tunesmith.infer.protocol import Call, FinishReason, Piece, TokenLogprob


@dataclass(frozen=True, slots=True)
class CallSyntax:
    """The tokens around a call, which is the JSON of its name and arguments. ``closing`` None: up to the next
    opening, or the end."""

    opening: int
    closing: int | None


# The starter's, and that of Hermes 2 Pro, which Qwen 2.5 and 3 took over.
_SYNTAXES = (("<|tool_call|>", None), ("<tool_call>", "</tool_call>"))


def call_syntax(renderer: Renderer) -> CallSyntax | None:
    """How this model calls tools; None where its template has no place for them, or writes calls in another way."""
    if not renderer.template.renders_tools:
        return None
    for opening, closing in _SYNTAXES:
        opening_id = renderer.tokenizer.control_id(opening)
        closing_id = renderer.tokenizer.control_id(closing) if closing else None
        if opening in renderer.template.source and opening_id is not None and (closing_id is None) == (closing is None):
            return CallSyntax(opening_id, closing_id)
    return None


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """What a request asks of each choice. ``syntax`` None: no calls are looked for."""

    stop: tuple[str, ...] = ()
    syntax: CallSyntax | None = None
    is_one_call: bool = False


class Answer:
    """Feed it ``push`` until ``is_stopped``, then ``finish`` once; ``num_tokens`` counts what was fed."""

    def __init__(self, index: int, tokenizer: Tokenizer, prompt_ids: Sequence[int], rules: AnswerRules) -> None:
        self.index, self.num_tokens, self.is_stopped = index, 0, False
        self._tokenizer, self._rules = tokenizer, rules
        self._text = _CutText(TextStream(tokenizer, prompt_ids), rules.stop)
        self._call: list[tuple[int, TokenLogprob | None]] | None = None
        self._num_calls, self._is_blank = 0, False

    def push(self, token_id: int, logprob: TokenLogprob | None = None) -> Piece | None:
        """What this token makes final."""
        self.num_tokens += 1
        syntax = self._rules.syntax
        if syntax and token_id == syntax.opening:
            return self._open_call(token_id, logprob)
        if self._call is not None:
            if syntax and token_id == syntax.closing:
                return self._close_call(token_id, logprob)
            self._call.append((token_id, logprob))
            return None
        return self._said(*self._text.push(token_id, logprob))

    def finish(self) -> Piece | None:
        """What was held back until the end."""
        if self.is_stopped:
            return None
        if self._call is not None:
            return self._close_call(None, None)
        return self._said(*self._text.finish())

    def reason(self, ended: Literal["stop", "length"]) -> FinishReason:
        if self.is_stopped or ended == "stop":
            return "tool_calls" if self._num_calls else "stop"
        return "length"

    def _open_call(self, token_id: int, logprob: TokenLogprob | None) -> Piece | None:
        if self._call is not None:
            before = self._close_call(None, None)
        else:
            before = self._said(*self._text.finish())
        self.is_stopped |= self._rules.is_one_call and self._num_calls > 0
        if not self.is_stopped:
            self._call = [(token_id, logprob)]
        return before

    def _close_call(self, token_id: int | None, logprob: TokenLogprob | None) -> Piece | None:
        tokens, self._call = self._call or [], None
        written = self._tokenizer.decode([token for token, _ in tokens[1:]])
        call = _read_call(written)
        self._text = _CutText(TextStream(self._tokenizer), self._rules.stop)
        if call is None:
            end = [(token_id, logprob)] if token_id is not None else []
            ids = [token for token, _ in (*tokens, *end)]
            kept = [each for _, each in (*tokens, *end) if each is not None]
            return self._said(self._tokenizer.decode(ids, show_control=True), kept)
        self._num_calls, self._is_blank = self._num_calls + 1, True
        if self._rules.is_one_call and token_id is not None:
            self.is_stopped = True
        return Piece(self.index, calls=[call])

    def _said(self, text: str, tokens: list[TokenLogprob]) -> Piece | None:
        self.is_stopped |= self._text.is_cut
        if self._is_blank:  # the blanks between two calls belong to their syntax
            text = text.lstrip()
            self._is_blank = not text
            tokens = tokens if text else []
        return Piece(self.index, text, tokens) if text or tokens else None


class _CutText:
    """Text up to the first stop string, with the tokens that it was made of; holds back what may begin one."""

    def __init__(self, stream: TextStream, stops: tuple[str, ...]) -> None:
        self.is_cut = False
        self._stream, self._stops = stream, stops
        self._held = ""
        # Tokens not given out yet, and where their text begins within what is held.
        self._tokens: list[tuple[int, TokenLogprob]] = []

    def push(self, token_id: int, logprob: TokenLogprob | None) -> tuple[str, list[TokenLogprob]]:
        if logprob is not None:
            self._tokens.append((len(self._held), logprob))
        return self._add(self._stream.push(token_id))

    def finish(self) -> tuple[str, list[TokenLogprob]]:
        text, tokens = self._add(self._stream.finish())
        if self.is_cut:
            return text, tokens
        rest, self._held = self._held, ""
        last = [token for _, token in self._tokens]
        self._tokens = []
        return text + rest, tokens + last

    def _add(self, piece: str) -> tuple[str, list[TokenLogprob]]:
        held = self._held + piece
        places = [place for place in (held.find(stop) for stop in self._stops) if place >= 0]
        if places:
            self.is_cut = True
            return self._give(held, min(places))
        beginnings = (stop[:n] for stop in self._stops for n in range(1, min(len(stop), len(held) + 1)))
        keep = max((len(begun) for begun in beginnings if held.endswith(begun)), default=0)
        return self._give(held, len(held) - keep)

    def _give(self, held: str, end: int) -> tuple[str, list[TokenLogprob]]:
        given = [token for start, token in self._tokens if start < end]
        self._tokens = [(start - end, token) for start, token in self._tokens if start >= end]
        self._held = held[end:]
        return held[:end], given


def _read_call(text: str) -> Call | None:
    """The call that the model wrote; None where it is none."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    name = value.get("name") if isinstance(value, dict) else None
    arguments = value.get("arguments", {}) if isinstance(value, dict) else None
    if not isinstance(name, str) or not isinstance(arguments, dict):
        return None
    return Call(new_id("call_"), name, msgspec.json.encode(arguments).decode())
