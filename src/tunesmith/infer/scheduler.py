"""Continuous batching: requests join and leave between steps, adapters mixed in one batch, memory bounded.

Takes a decoder and requests; tells each request's listener its tokens as they come. ``step`` is one iteration:
cancelled streams leave, waiting ones are admitted in the order in which they came, and one pass over the model gives
every running stream its next token and reads a bounded piece of the prompts that are still being read, so that a long
prompt never stalls the others for long.

A stream is its tokens and how many of them are in the cache. One token missing is a step, more are a prompt to be
read; there is no other state. So a stream that had to give its slot up, because older ones needed the room, simply
waits and is read again; the oldest stream never gives up its own, so every stream ends. A prompt whose beginning
another stream of the same owner has read is copied from there.

``step`` and ``close`` are for one thread; everything else may be called from any.
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, Protocol

import torch
from torch import Tensor

from tunesmith.core.errors import MachineError, TunesmithError, UserError
from tunesmith.infer.sampling import Sampler, Sampling, sample, top_logprobs
from tunesmith.infer.slots import Slot, Slots
from tunesmith.nn.lora import Adapter, attach_adapter, read_adapter
from tunesmith.nn.prepared import Chunk, PreparedAdapter, PreparedDecoder, PreparedModel, Steps, prepare
from tunesmith.nn.transformer import CausalModel

# Prompt tokens that one iteration reads while streams are running, and while none is: the more, the fewer passes, and
# the longer whoever is running waits (135M on two cores: a tenth of a second for 256). When more short prompts wait
# than streams run, as many times more are read beside them: sixteen requests at once begin a third sooner.
PROMPT_TOKENS_BESIDE = 256
PROMPT_TOKENS_ALONE = 1024
# A beginning that two texts share is copied from this many tokens on.
SHARED_FROM_TOKENS = 8
# Room beyond its text that a stream is given at first, so that short answers never move.
HEADROOM = 32
MAX_TOP_LOGPROBS = 20
# Rows whose logits are held at once when a whole text is judged.
LOGIT_ROWS = 256
# How long the loop sleeps at most when nobody wakes it.
IDLE_SECONDS = 1.0

FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """``num_logprobs``: None for none; else the chosen token's is given, and that many alternatives (up to 20).

    ``owner``: requests of one owner may share the reading of a prompt's beginning; None shares with nobody. (How soon
    an answer starts tells that its prompt had been read, so owners who must not know of each other differ.)
    """

    prompt_ids: tuple[int, ...]
    sampling: Sampling
    adapter: str | None = None
    num_logprobs: int | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class TokenStep:
    """One token of an answer. ``top`` are the most likely tokens with their log-probabilities, in falling order."""

    token_id: int
    logprob: float | None
    top: tuple[tuple[int, float], ...] = ()


class Listener(Protocol):
    """Hears of one request, from the engine's thread: tokens, then one of the two ends. It must not block."""

    def token(self, step: TokenStep) -> None: ...
    def finished(self, reason: FinishReason) -> None: ...
    def failed(self, error: Exception) -> None: ...


class Ticket:
    """A request that was handed in. ``num_cached_tokens`` of its prompt did not have to be read."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.is_cancelled = False
        self.num_cached_tokens = 0

    def cancel(self) -> None:
        """Its place is free before the next step. A request that has ended stays as it ended."""
        self.is_cancelled = True
        self._wake()


@dataclass(frozen=True, slots=True)
class Stats:
    streams: int = 0
    waiting: int = 0
    cache_tokens: int = 0
    cache_bytes: int = 0
    peak_cache_bytes: int = 0


@dataclass(slots=True, eq=False)
class _Stream:
    """``tokens``: prompt and answer; of them ``slot.length`` are in the cache. Without a slot it waits."""

    request: GenerationRequest
    listener: Listener
    ticket: Ticket
    model: PreparedModel
    adapter: PreparedAdapter | None
    sampler: Sampler
    tokens: list[int]
    max_tokens: int
    slot: Slot | None = None

    @property
    def num_cached(self) -> int:
        return 0 if self.slot is None else self.slot.length

    @property
    def num_pending(self) -> int:
        return len(self.tokens) - self.num_cached


@dataclass(frozen=True, slots=True)
class _Adapter:
    """What an adapter's streams run on: the shared model and the pairs, or a model of its own."""

    model: PreparedModel
    pairs: PreparedAdapter | None


class Scheduler:
    """``max_streams`` run at once and their keys and values take at most ``max_cache_bytes``; the others wait."""

    def __init__(
        self, decoder: CausalModel, *, max_streams: int, max_cache_bytes: int,
        prompt_tokens_beside: int = PROMPT_TOKENS_BESIDE, prompt_tokens_alone: int = PROMPT_TOKENS_ALONE,
    ) -> None:  # fmt: skip
        self.decoder, self._model = decoder, prepare(decoder)
        self._max_streams = max_streams
        self._prompt_tokens = prompt_tokens_beside, prompt_tokens_alone
        self._slots = Slots(max_cache_bytes)
        self._adapters: dict[str, _Adapter] = {}
        self._running: list[_Stream] = []
        self._waiting: deque[_Stream] = deque()
        self._changed = threading.Condition()
        self._submitted: list[_Stream] = []
        self._has_news = False
        self._closed: Exception | None = None
        self._stats = Stats()

    # Any thread

    @property
    def max_tokens(self) -> int:
        """The longest text, prompt and answer, that a request may ask for."""
        return self._slots.longest(self._model)

    def add_adapter(self, name: str, adapter: Path | Adapter) -> None:
        """Make it answerable, checked against the base; one that changes nothing is refused. On a model that goes
        through ``transformers`` each adapter runs in batches of its own, on the same weights."""
        if isinstance(adapter, Path):
            adapter = read_adapter(self.decoder, adapter)
        if not adapter.changes_something:
            raise UserError(
                f"The adapter {name} changes nothing: all its B are zero.", "train it, or use the base model"
            )
        if isinstance(self._model, PreparedDecoder):
            made = _Adapter(self._model, self._model.adapter(adapter.pairs, adapter.config.scale))
        else:
            made = _Adapter(prepare(_with_own_pairs(self.decoder, adapter)), None)
        with self._changed:
            self._adapters[name] = made

    @torch.inference_mode()
    def logprobs(self, token_ids: Sequence[int], adapter: str | None = None) -> list[float]:
        """Of each token but the first, its log-probability after those before it, as ``step`` would compute it.

        A pass of its own, beside whatever runs; its keys and values come on top of ``max_cache_bytes`` and go at once.
        """
        with self._changed:
            chosen = self._adapter(adapter)
        self._check_tokens(token_ids)
        check_prompt(len(token_ids) - 1, self._model.config.max_position_embeddings)
        model, pairs, num_read = chosen.model, chosen.pairs, len(token_ids) - 1
        tokens_T = torch.tensor(token_ids, device=model.device)
        chunk = Chunk(model.new_cache(1, num_read), 0, 0, num_read)
        hidden_TH = model.run(tokens_T[:-1], [], [chunk], [pairs] * num_read)
        found: list[float] = []
        for part_TH, next_T in zip(hidden_TH.split(LOGIT_ROWS), tokens_T[1:].split(LOGIT_ROWS), strict=True):
            logits_TV = model.logits(part_TH, [pairs] * len(part_TH)).float()
            found += logits_TV.log_softmax(-1).gather(1, next_T[:, None])[:, 0].tolist()
        return found

    def remove_adapter(self, name: str) -> None:
        """No new request may name it; those that run on it end as they would have."""
        with self._changed:
            self._adapters.pop(name, None)

    def submit(self, request: GenerationRequest, listener: Listener) -> Ticket:
        """Hand in a request. Raises UserError where it could never be answered."""
        max_tokens = self._checked_length(request)
        ticket = Ticket(self.wake)
        sampler = Sampler(request.sampling, 0)
        with self._changed:
            if self._closed is not None:
                raise MachineError("The engine has stopped.", "start it again")
            adapter = self._adapter(request.adapter)
            stream = _Stream(
                request, listener, ticket, adapter.model, adapter.pairs, sampler, list(request.prompt_ids), max_tokens
            )
            self._submitted.append(stream)
            self._has_news = True
            self._changed.notify_all()
        return ticket

    def stats(self) -> Stats:
        with self._changed:
            known = self._stats
            waiting = known.waiting + len(self._submitted)
        return Stats(known.streams, waiting, known.cache_tokens, known.cache_bytes, known.peak_cache_bytes)

    def wake(self) -> None:
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def wait(self, timeout_seconds: float) -> None:
        """Until something was submitted or cancelled, or somebody called ``wake``."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_news, timeout_seconds)

    @torch.inference_mode()
    def close(self) -> None:
        """Fail what is left and take nothing more. Called by the thread that steps, or after its last step."""
        error = MachineError("The engine has stopped before the answer was complete.", "ask again")
        with self._changed:
            self._closed = error
        self._take_submitted()
        left = [*self._running, *self._waiting]
        self._running.clear()
        self._waiting.clear()
        self._slots.drop_all()  # at once: what broke a step may break the clearing of a slot too
        for stream in left:
            stream.slot = None
            with suppress(Exception):  # it has ended, whoever hears it
                stream.listener.failed(error)
        self._note_stats()

    # The engine's thread

    @torch.inference_mode()
    def step(self) -> bool:
        """One iteration; → False when there is nothing to do."""
        self._take_submitted()
        self._drop_cancelled()
        self._admit()
        if self._running:
            pieces = self._pieces()
            for model in dict.fromkeys(stream.model for stream, _ in pieces):
                self._advance(model, [piece for piece in pieces if piece[0].model is model])
        self._note_stats()
        return bool(self._running or self._waiting)

    def _adapter(self, name: str | None) -> _Adapter:
        found = _Adapter(self._model, None) if name is None else self._adapters.get(name)
        if found is None:
            raise UserError(f"There is no adapter {name} here.", "add it first")
        return found

    def _take_submitted(self) -> None:
        with self._changed:
            self._waiting.extend(self._submitted)
            self._submitted.clear()
            self._has_news = False

    def _drop_cancelled(self) -> None:
        for stream in [*self._running, *self._waiting]:
            if stream.ticket.is_cancelled:
                self._end(stream, "cancelled")

    def _admit(self) -> None:
        """First come, first served: who does not fit yet holds up those behind, or a long one would wait for ever."""
        prompt_tokens = self._prompt_budget() - sum(s.num_pending for s in self._running if s.num_pending > 1)
        while self._waiting and len(self._running) < self._max_streams and prompt_tokens > 0:
            stream = self._waiting[0]
            source, num_shared = self._best_source(stream)
            num_there = 0 if source is None else min(num_shared, source.num_cached)
            if num_there < num_shared and 2 * num_shared >= len(stream.tokens):
                return  # most of it is being read right now
            length = len(stream.tokens)
            stream.slot = self._slots.take(stream.model, length + min(stream.max_tokens - length, HEADROOM))
            if stream.slot is None:
                return
            self._waiting.popleft()
            self._running.append(stream)
            if source is not None and source.slot is not None and num_there:
                self._slots.copy(source.slot, stream.slot, num_there)
                stream.ticket.num_cached_tokens = min(num_there, len(stream.request.prompt_ids))
            prompt_tokens -= stream.num_pending

    def _prompt_budget(self) -> int:
        beside, alone = self._prompt_tokens
        num_running = sum(stream.num_pending == 1 for stream in self._running)
        num_short = sum(1 < s.num_pending <= beside for s in (*self._running, *self._waiting))
        return min(alone, beside * max(1, num_short // num_running)) if num_running else alone

    def _best_source(self, stream: _Stream) -> tuple[_Stream | None, int]:
        """The running stream that has, or will have read, the longest beginning of this one, and how long that is."""
        best, longest = None, 0
        if stream.request.owner is None or not stream.model.reads_chunks:
            return best, longest
        for other in self._running:
            if (other.request.owner, other.adapter) == (stream.request.owner, stream.adapter):
                # The last token is always read: its logits are wanted.
                num_shared = min(_num_equal(stream.tokens, other.tokens), len(stream.tokens) - 1, len(other.tokens) - 1)
                if num_shared > max(longest, SHARED_FROM_TOKENS - 1):
                    best, longest = other, num_shared
        return best, longest

    def _pieces(self) -> list[tuple[_Stream, int]]:
        """What each stream takes in this pass. Older streams come first, with room as with prompt tokens."""
        pieces = []
        prompt_tokens = self._prompt_budget()
        for stream in list(self._running):
            num_tokens = stream.num_pending
            if num_tokens > 1:
                num_tokens = min(num_tokens, max(prompt_tokens, 0)) if stream.model.reads_chunks else num_tokens
                prompt_tokens -= num_tokens
            if num_tokens and stream.slot is not None and self._make_room(stream, stream.slot, num_tokens):
                pieces.append((stream, num_tokens))
        return [piece for piece in pieces if piece[0].slot is not None]

    def _make_room(self, stream: _Stream, slot: Slot, num_tokens: int) -> bool:
        """Room for the stream's next tokens; the youngest streams give theirs up. → False if it was the youngest."""
        while not self._slots.extend(slot, slot.length + num_tokens):
            youngest = self._running.pop()
            if youngest.slot is not None:
                self._slots.release(youngest.slot)
            youngest.slot = None
            self._waiting.appendleft(youngest)
            if youngest is stream:
                return False
        return True

    def _advance(self, model: PreparedModel, pieces: Sequence[tuple[_Stream, int]]) -> None:
        """One pass for all streams of a model, then a token for each whose text is read to its end."""
        try:
            streams, logits_NV = self._run(model, pieces)
            tokens = self._choose(logits_NV, streams) if streams else []
            steps = _token_steps(logits_NV, streams, tokens)
        except Exception as error:  # noqa: BLE001 - the border between the requests of a pass and the engine
            for stream, _ in pieces:
                self._fail(stream, error)
            return
        for stream, step in zip(streams, steps, strict=True):
            if isinstance(step, TokenStep):
                self._take(stream, step)
            else:
                self._fail(stream, step)

    def _run(self, model: PreparedModel, pieces: Sequence[tuple[_Stream, int]]) -> tuple[list[_Stream], Tensor]:
        """→ the streams whose next token is due, and its logits."""
        work = _work(self._slots, pieces)
        for (
            stream,
            num_tokens,
        ) in pieces:  # before the pass: should it fail, what it has written is cleared with the rest
            if stream.slot is not None:
                stream.slot.length += num_tokens
        hidden_TH = model.run(torch.tensor(work.tokens, device=model.device), work.steps, work.chunks, work.adapters)
        due_MH = hidden_TH if len(work.due) == len(hidden_TH) else hidden_TH[list(work.due)]
        streams = list(work.due.values())
        return streams, model.logits(due_MH, [stream.adapter for stream in streams])

    def _choose(self, logits_NV: Tensor, streams: Sequence[_Stream]) -> list[int | Exception]:
        """A token for each, or why there is none: what goes wrong with one stream is not the others' loss."""
        try:
            chosen = sample(logits_NV, [stream.sampler for stream in streams])
        except Exception as error:  # noqa: BLE001 - one request's fault
            if len(streams) == 1:
                return [error]
            rows = zip(logits_NV.split(1), streams, strict=True)
            return [token for row, stream in rows for token in self._choose(row, [stream])]
        return [_not_finite(stream) if token is None else token for token, stream in zip(chosen, streams, strict=True)]

    def _take(self, stream: _Stream, step: TokenStep) -> None:
        """Give the token out, unless it is the one that ends the answer."""
        if step.token_id in stream.request.sampling.stop_token_ids:
            self._end(stream, "stop")
            return
        stream.tokens.append(step.token_id)
        try:
            stream.listener.token(step)
        except Exception as error:  # noqa: BLE001 - whoever listens is no longer there, and the others are
            self._fail(stream, error)
            return
        if len(stream.tokens) == stream.max_tokens:
            self._end(stream, "length")

    def _end(self, stream: _Stream, reason: FinishReason) -> None:
        self._leave(stream)
        with suppress(Exception):  # it has ended, whoever hears it
            stream.listener.finished(reason)

    def _fail(self, stream: _Stream, error: Exception) -> None:
        self._leave(stream)
        with suppress(Exception):  # it has ended, whoever hears it
            stream.listener.failed(error)

    def _leave(self, stream: _Stream) -> None:
        if stream.slot is None:
            self._waiting.remove(stream)
            return
        self._running.remove(stream)
        self._slots.release(stream.slot)
        stream.slot = None

    def _note_stats(self) -> None:
        slots = self._slots
        stats = Stats(len(self._running), len(self._waiting), slots.num_tokens, slots.num_bytes, slots.peak_bytes)
        with self._changed:
            self._stats = stats

    def _checked_length(self, request: GenerationRequest) -> int:
        """Tokens of the prompt and the longest answer."""
        config, num_prompt = self._model.config, len(request.prompt_ids)
        check_prompt(num_prompt, config.max_position_embeddings)
        self._check_tokens([*request.prompt_ids, *(token for token, _ in request.sampling.logit_bias)])
        if request.num_logprobs is not None and not 0 <= request.num_logprobs <= MAX_TOP_LOGPROBS:
            raise UserError(f"{request.num_logprobs} alternatives are out of range.", "ask for 0 to 20")
        wanted = min(num_prompt + request.sampling.max_new_tokens, config.max_position_embeddings)
        if wanted > self.max_tokens:
            raise UserError(
                f"The prompt has {num_prompt:,} tokens and the answer may have {wanted - num_prompt:,}; the memory for "
                f"keys and values holds {self.max_tokens:,} of one request.",
                "ask for a shorter answer, shorten the conversation, or give the engine more memory",
            )
        return wanted

    def _check_tokens(self, token_ids: Sequence[int]) -> None:
        num_known = self._model.config.vocab_size
        if unknown := [token for token in token_ids if not 0 <= token < num_known]:
            raise UserError(f"There is no token {unknown[0]}: the model has {num_known:,}.", "name one that it has")


def run(scheduler: Scheduler, stop: threading.Event) -> None:
    """Step while there is work, sleep while there is none, until ``stop`` is set (and ``wake`` called, to be heard at
    once). What is left then fails."""
    try:
        while not stop.is_set():
            if not scheduler.step():
                scheduler.wait(IDLE_SECONDS)
    finally:
        scheduler.close()


def check_prompt(num_tokens: int, context: int) -> None:
    if not num_tokens:
        raise UserError("The prompt is empty.", "write something")
    if num_tokens >= context:
        raise UserError(
            f"The prompt has {num_tokens:,} tokens; this model's context holds {context:,} with the answer.",
            "shorten the conversation",
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """One pass: its tokens and their adapters, row by row; ``due`` are the rows after which a token is chosen."""

    tokens: list[int]
    adapters: list[PreparedAdapter | None]
    steps: list[Steps]
    chunks: list[Chunk]
    due: dict[int, _Stream]


def _work(slots: Slots, pieces: Sequence[tuple[_Stream, int]]) -> _Work:
    """Single tokens first, cache by cache and place by place; then the pieces of prompts."""
    placed = [(stream, stream.slot, num_tokens) for stream, num_tokens in pieces if stream.slot is not None]
    singles = sorted((p for p in placed if p[2] == 1), key=lambda p: (p[1].capacity, p[1].index))
    work = _Work([], [], [], [], {})
    for _, run_of_cache in groupby(singles, lambda p: p[1].capacity):
        of_cache = list(run_of_cache)
        work.steps.append(slots.steps([slot for _, slot, _ in of_cache]))
    longer = [p for p in placed if p[2] > 1]
    work.chunks.extend(slots.chunk(slot, num_tokens) for _, slot, num_tokens in longer)
    for stream, slot, num_tokens in [*singles, *longer]:
        work.tokens.extend(stream.tokens[slot.length : slot.length + num_tokens])
        work.adapters.extend([stream.adapter] * num_tokens)
        if num_tokens == stream.num_pending:
            work.due[len(work.tokens) - 1] = stream
    return work


def _token_steps(
    logits_NV: Tensor, streams: Sequence[_Stream], tokens: Sequence[int | Exception]
) -> list[TokenStep | Exception]:
    """The tokens, with log-probabilities for those who asked."""
    steps = [TokenStep(token, None) if isinstance(token, int) else token for token in tokens]
    asked = [(row, token, streams[row].request.num_logprobs) for row, token in enumerate(tokens)]
    wanted = [(row, token, num) for row, token, num in asked if isinstance(token, int) and num is not None]
    if wanted:
        rows, chosen, nums = zip(*wanted, strict=True)
        for row, token, (logprob, top) in zip(
            rows, chosen, top_logprobs(logits_NV[list(rows)], chosen, nums), strict=True
        ):
            steps[row] = TokenStep(token, logprob, top)
    return steps


def _not_finite(stream: _Stream) -> TunesmithError:
    return TunesmithError(
        f"The model's output after {len(stream.tokens):,} tokens is not a number, so no token can be chosen.",
        "the weights or the adapter are damaged, or bf16 is too narrow for them: train or download them again",
    )


def _num_equal(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the two begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _with_own_pairs(decoder: CausalModel, adapter: Adapter) -> CausalModel:
    """The same weights, not copied, with the adapter beside them."""
    shared: dict[int, object] = {id(tensor): tensor for tensor in (*decoder.parameters(), *decoder.buffers())}
    own = copy.deepcopy(decoder, shared)
    attach_adapter(own, adapter)
    return own
