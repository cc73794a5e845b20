"""One chat request, from its line to its last word: prompt, streams of the scheduler, pieces, usage.

Takes a ``Resident`` and the request; sends words through ``send``. Cancelled, it frees its places at once and
still says what was used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tunesmith.core.errors import UserError
from tunesmith.data.tokenizer import Tokenizer
from tunesmith.infer.protocol import Alternative, Began, Chat, Done, Ended, Piece, Refused, Reply, TokenLogprob
from tunesmith.infer.sampling import Sampling
from tunesmith.infer.scheduler import FinishReason, GenerationRequest, Ticket, TokenStep
from tunesmith.serve.chat import Answer, AnswerRules
from tunesmith.serve.engine import Engine
from tunesmith.serve.residents import Resident

# What JSON has instead of minus infinity; OpenAI's servers send the same.
LEAST_LOGPROB = -9999.0
# The nucleus of one token: top_p 0 is allowed on the wire.
LEAST_TOP_P = 1e-9


class Refusal(Exception):
    """The request cannot be answered; the caller hears why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Failed:
    """What ends a stream that broke."""

    error: Exception


class Stream:
    """One choice: the scheduler's listener, in the engine's thread, and its answer, in the event loop."""

    def __init__(self, answer: Answer, inbox: Inbox, engine: Engine) -> None:
        self.answer, self.inbox = answer, inbox
        self.ticket: Ticket | None = None
        self.is_over = False
        self._note = engine.note

    def token(self, step: TokenStep) -> None:
        self._note((self, step))

    def finished(self, reason: FinishReason) -> None:
        self._note((self, reason))

    def failed(self, error: Exception) -> None:
        self._note((self, Failed(error)))


Event = tuple[Stream, TokenStep | FinishReason | Failed]


class Inbox:
    """Events of one request, put in by the event loop, taken by the task that answers."""

    def __init__(self, freed: Callable[[], None]) -> None:
        self._events: list[Event] = []
        self._has_some = asyncio.Event()
        self._freed = freed

    def put(self, event: Event) -> None:
        """A stream that ends frees its place, whoever still listens."""
        if not isinstance(event[1], TokenStep):
            self._freed()
        self._events.append(event)
        self._has_some.set()

    async def take(self) -> list[Event]:
        await self._has_some.wait()
        self._has_some.clear()
        events, self._events = self._events, []
        return events


def distribute(events: Iterable[Event]) -> None:
    """In the event loop: every event to the request that it belongs to."""
    for event in events:
        event[0].inbox.put(event)


class Answering:
    """``run`` to the end, or until it is cancelled; then ``usage`` says what was made."""

    def __init__(self, chat: Chat, resident: Resident, engine: Engine, freed: Callable[[], None]) -> None:
        self._chat, self._resident, self._engine = chat, resident, engine
        self._inbox = Inbox(freed)
        self._streams: list[Stream] = []
        self._held: dict[int, list[Piece]] = {}
        self._num_prompt, self._has_begun = 0, False

    @property
    def num_submitted(self) -> int:
        return len(self._streams)

    async def run(self, prompt_ids: Sequence[int], send: Callable[[Sequence[Reply]], Any]) -> None:
        """Raises Refusal where a stream breaks."""
        self._num_prompt = len(prompt_ids)
        self._submit(prompt_ids)
        while not all(stream.is_over for stream in self._streams):
            replies = [reply for event in await self._inbox.take() for reply in self._replies(*event)]
            if replies:
                await send(replies)
        await send([self.usage()])

    def usage(self) -> Done:
        made = sum(stream.answer.num_tokens for stream in self._streams)
        cached = min((s.ticket.num_cached_tokens for s in self._streams[:1] if s.ticket), default=0)
        return Done(self._num_prompt if self._has_begun else 0, made, cached)

    def cancel(self) -> None:
        """Every place is free before the engine's next step."""
        for stream in self._streams:
            if stream.ticket is not None and not stream.is_over:
                stream.ticket.cancel()

    def _submit(self, prompt_ids: Sequence[int]) -> None:
        chat, resident = self._chat, self._resident
        prompting, scheduler = resident.prompting, resident.base.scheduler
        rules = AnswerRules(chat.stop, resident.syntax if tools_of(chat) else None, not chat.parallel_tool_calls)
        for index in range(chat.n):
            answer = Answer(index, prompting.renderer.tokenizer, prompt_ids, rules)
            stream = Stream(answer, self._inbox, self._engine)
            request = GenerationRequest(
                tuple(prompt_ids), sampling_of(chat, index, resident, len(prompt_ids)), resident.adapter,
                chat.num_logprobs, chat.owner,
            )  # fmt: skip
            try:
                stream.ticket = scheduler.submit(request, stream)
            except UserError as error:
                self.cancel()
                raise Refusal(Refused(400, error.message)) from error
            self._streams.append(stream)
        self._engine.do(lambda: self._engine.wake(scheduler))

    def _replies(self, stream: Stream, event: TokenStep | FinishReason | Failed) -> Iterable[Reply]:
        if stream.is_over:  # a stop string ended it before the scheduler did
            return
        if isinstance(event, Failed):
            self.cancel()
            raise Refusal(Refused(500, "The model could not go on with the answer.", retry_after_seconds=1.0))
        if not self._has_begun:
            self._has_begun = True
            yield Began(self._num_prompt, self._resident.fingerprint)
        if isinstance(event, TokenStep):
            yield from self._given(stream, [stream.answer.push(event.token_id, self._logprob(event))])
            if not stream.answer.is_stopped:
                return
            if stream.ticket is not None:
                stream.ticket.cancel()
        yield from self._given(stream, [stream.answer.finish()], is_last=True)
        stream.is_over = True
        yield Ended(stream.answer.index, stream.answer.reason("length" if event == "length" else "stop"))

    def _given(self, stream: Stream, pieces: Sequence[Piece | None], *, is_last: bool = False) -> Iterable[Piece]:
        """As they come, or all of a choice in one."""
        found = [piece for piece in pieces if piece is not None]
        if not self._chat.whole:
            yield from found
            return
        held = self._held.setdefault(stream.answer.index, [])
        held += found
        if is_last:
            tokens = [token for piece in held for token in piece.tokens]
            calls = [call for piece in held for call in piece.calls]
            yield Piece(stream.answer.index, "".join(piece.text for piece in held), tokens, calls)

    def _logprob(self, step: TokenStep) -> TokenLogprob | None:
        if self._chat.num_logprobs is None or step.logprob is None:
            return None
        tokenizer = self._resident.prompting.renderer.tokenizer
        tops = [Alternative(*_spelled(tokenizer, token, logprob)) for token, logprob in step.top]
        token, logprob, data = _spelled(tokenizer, step.token_id, step.logprob)
        return TokenLogprob(token, logprob, data, tops)


def prompt_of(chat: Chat, resident: Resident) -> list[int]:
    """The request's tokens. Raises Refusal where the model has no place for what is asked, or the text is too long."""
    tools = tools_of(chat)
    if tools:
        _check_tools(resident)
    _check_bias(chat, resident)
    try:
        prompt_ids = resident.prompting.prompt_ids(chat.messages, tools)
    except UserError as error:
        raise Refusal(Refused(400, error.message, param="messages")) from error
    context, asked = resident.context, chat.max_tokens or 1
    if len(prompt_ids) + asked > context:
        raise Refusal(
            Refused(
                400,
                f"This model's maximum context length is {context} tokens. However, you requested "
                f"{len(prompt_ids) + asked} tokens ({len(prompt_ids)} in the messages, {asked} in the completion). "
                "Please reduce the length of the messages or completion.",
                code="context_length_exceeded",
                param="messages",
            )
        )
    return prompt_ids


def tools_of(chat: Chat) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = json.loads(chat.tools)
    return tools


def sampling_of(chat: Chat, index: int, resident: Resident, num_prompt: int) -> Sampling:
    return Sampling(
        max_new_tokens=chat.max_tokens or resident.context - num_prompt,
        temperature=chat.temperature,
        top_p=max(chat.top_p, LEAST_TOP_P),
        seed=chat.seed + index,
        stop_token_ids=resident.prompting.stop_token_ids,
        frequency_penalty=chat.frequency_penalty,
        presence_penalty=chat.presence_penalty,
        logit_bias=tuple(chat.logit_bias.items()),
    )


def _check_tools(resident: Resident) -> None:
    if resident.syntax is not None:
        return
    name = resident.served.name
    if resident.prompting.is_chat and resident.prompting.renderer.template.renders_tools:
        message = f"The model `{name}` writes calls of tools in a way that cannot be read here yet."
    else:
        message = f"The model `{name}` has no place for tools in its chat template: they would be lost."
    raise Refusal(Refused(400, message, code="unsupported_parameter", param="tools"))


def _check_bias(chat: Chat, resident: Resident) -> None:
    vocab_size = resident.base.model.config.vocab_size
    unknown = [token for token in chat.logit_bias if not 0 <= token < vocab_size]
    if unknown:
        message = f"'logit_bias' names the token {unknown[0]}; this model's tokens are 0 to {vocab_size - 1}."
        raise Refusal(Refused(400, message, param="logit_bias"))


def _spelled(tokenizer: Tokenizer, token_id: int, logprob: float) -> tuple[str, float, list[int] | None]:
    text, data = _spelling(tokenizer, token_id)
    return text, max(logprob, LEAST_LOGPROB), data


@lru_cache(maxsize=1 << 16)
def _spelling(tokenizer: Tokenizer, token_id: int) -> tuple[str, list[int] | None]:
    """A token that is no whole text is spelled by its bytes, as OpenAI's servers do."""
    data = tokenizer.token_bytes(token_id)
    if data is None:
        return tokenizer.token_text(token_id), None
    try:
        return data.decode(), list(data)
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data), list(data)
