"""Continuous batching: whatever joins, leaves, waits or fails beside it, a stream's tokens are those it makes alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import MachineError, TunesmithError, UserError
from tunesmith.infer import scheduler as scheduling
from tunesmith.infer.engine import generate
from tunesmith.infer.sampling import Sampler, Sampling
from tunesmith.infer.scheduler import GenerationRequest, Scheduler, TokenStep, run
from tunesmith.nn.attention import Borders
from tunesmith.nn.lora import load_adapter
from tunesmith.nn.prepared import PreparedDecoder
from tunesmith.nn.transformer import Decoder

# Of the tiny model: 2 layers of keys and values, 2 heads, 8 numbers of 4 bytes.
TOKEN_BYTES = 2 * 2 * 2 * 8 * 4
PLENTY = 64 * 256 * TOKEN_BYTES
GREEDY = Sampling(max_new_tokens=12)
WARM = Sampling(max_new_tokens=12, temperature=1.0, top_p=0.9, seed=3)


@dataclass
class Heard:
    """A listener that keeps what it hears."""

    steps: list[TokenStep] = field(default_factory=list)
    end: str | None = None
    error: Exception | None = None

    def token(self, step: TokenStep) -> None:
        self.steps.append(step)

    def finished(self, reason: str) -> None:
        assert not self.has_ended
        self.end = reason

    def failed(self, error: Exception) -> None:
        assert not self.has_ended
        self.error = error

    @property
    def has_ended(self) -> bool:
        return self.end is not None or self.error is not None

    @property
    def ids(self) -> list[int]:
        return [step.token_id for step in self.steps]


def prompt_of(length: int, seed: int = 0) -> tuple[int, ...]:
    return tuple(torch.randint(3, 384, (length,), generator=torch.Generator().manual_seed(seed)).tolist())


def make(decoder: Decoder, adapters: dict[str, Path] | None = None, **options: Any) -> Scheduler:
    made = Scheduler(decoder, **{"max_streams": 8, "max_cache_bytes": PLENTY, **options})
    for name, folder in (adapters or {}).items():
        made.add_adapter(name, folder)
    return made


def finish(scheduler: Scheduler, most_steps: int = 5000) -> int:
    """Step until there is nothing to do; → how many steps that took."""
    for number in range(most_steps):
        if not scheduler.step():
            return number
    raise AssertionError("the scheduler never comes to an end")


def answers(scheduler: Scheduler, requests: Sequence[GenerationRequest]) -> list[Heard]:
    heard = [Heard() for _ in requests]
    for request, listener in zip(requests, heard, strict=True):
        scheduler.submit(request, listener)
    finish(scheduler)
    return heard


@pytest.fixture(scope="session")
def base_decoder(make_decoder: Callable[[], Decoder]) -> Decoder:
    return make_decoder()


@pytest.fixture(scope="session")
def alone(
    make_decoder: Callable[[], Decoder], base_decoder: Decoder, adapters: dict[str, Path]
) -> Callable[[GenerationRequest], list[int]]:
    """The tokens of a request by itself, on a decoder that holds its adapter in its own projections."""
    decoders: dict[str | None, Decoder] = {None: base_decoder}
    known: dict[GenerationRequest, list[int]] = {}
    for name, folder in adapters.items():
        decoders[name] = make_decoder()
        load_adapter(decoders[name], folder)

    def tokens(request: GenerationRequest) -> list[int]:
        if request not in known:
            known[request] = generate(decoders[request.adapter], [request.prompt_ids], request.sampling)[0].token_ids
        return known[request]

    return tokens


LENGTHS = (1, 2, 5, 17, 40, 41, 90, 130, 200)
NAMES = (None, "all", "some", "head")
KINDS = (GREEDY, WARM, replace(WARM, max_new_tokens=60, seed=9), replace(GREEDY, max_new_tokens=100))
REQUESTS = [
    GenerationRequest(
        prompt_of(length, seed), KINDS[(place + seed) % len(KINDS)], NAMES[(place + 2 * seed) % 4], None, "o"
    )
    for place, length in enumerate(LENGTHS)
    for seed in (0, 1)
]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    events=st.lists(
        st.tuples(st.lists(st.integers(0, len(REQUESTS) - 1), max_size=4), st.lists(st.integers(0, 40), max_size=2)),
        max_size=14,
    ),
    max_streams=st.integers(1, 6),
    room=st.integers(400, 1500),
    beside=st.sampled_from((3, 16, 64)),
    is_shared=st.booleans(),
)
def test_whatever_joins_and_leaves_each_stream_makes_the_tokens_it_makes_alone(
    base_decoder: Decoder, adapters: dict[str, Path], alone: Callable[[GenerationRequest], list[int]],
    events: list[tuple[list[int], list[int]]], max_streams: int, room: int, beside: int, is_shared: bool,
) -> None:  # fmt: skip
    bound = room * TOKEN_BYTES
    scheduler = make(
        base_decoder, adapters, max_streams=max_streams, max_cache_bytes=bound,
        prompt_tokens_beside=beside, prompt_tokens_alone=4 * beside,
    )  # fmt: skip
    handed: list[tuple[GenerationRequest, Heard, Any]] = []
    cancelled = set()
    for new, leaving in events:
        for number in new:
            request = REQUESTS[number] if is_shared else replace(REQUESTS[number], owner=None)
            heard = Heard()
            handed.append((request, heard, scheduler.submit(request, heard)))
        for place in leaving:
            if place < len(handed):
                handed[place][2].cancel()
                cancelled.add(place)
        scheduler.step()
        stats = scheduler.stats()
        assert stats.streams <= max_streams
        assert stats.cache_bytes <= stats.peak_cache_bytes <= bound
    finish(scheduler)
    assert scheduler.stats().cache_bytes == scheduler.stats().cache_tokens == 0
    for place, (request, heard, _) in enumerate(handed):
        expected = alone(replace(request, owner="o"))
        assert heard.error is None
        if place in cancelled and heard.end == "cancelled":
            assert heard.ids == expected[: len(heard.ids)]
        else:
            assert (heard.ids, heard.end) == (expected, "length")


def test_adapters_mixed_in_one_batch_answer_as_each_alone(
    base_decoder: Decoder, adapters: dict[str, Path], alone: Callable[[GenerationRequest], list[int]]
) -> None:
    requests = [GenerationRequest(prompt_of(9 + n, n), replace(WARM, seed=n), NAMES[n % 4]) for n in range(8)]
    heard = answers(make(base_decoder, adapters), requests)
    assert [each.ids for each in heard] == [alone(request) for request in requests]
    same_prompt = [alone(replace(requests[0], adapter=name, sampling=GREEDY)) for name in NAMES]
    assert len({tuple(ids) for ids in same_prompt}) == 4


def test_stop_token_ends_a_stream_and_is_not_given_out(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    request = GenerationRequest(prompt_of(7), GREEDY)
    free = alone(request)
    sampling = replace(GREEDY, stop_token_ids=frozenset({free[5]}))
    stopped, other = answers(make(base_decoder), [replace(request, sampling=sampling), request])
    assert (stopped.ids, stopped.end) == (free[: free.index(free[5])], "stop")
    assert (other.ids, other.end) == (free, "length")


def reference_logprobs(decoder: Decoder, tokens: Sequence[int]) -> torch.Tensor:
    """Log-probabilities [T, V] after each token, read in one plain pass."""
    with torch.no_grad():
        return decoder.logits(decoder(torch.tensor(tokens), Borders.of([len(tokens)]))).log_softmax(-1)


@pytest.mark.parametrize("number", [0, 3, 20])
def test_logprobs_are_the_models_own_whatever_the_sampling(base_decoder: Decoder, number: int) -> None:
    sampling = replace(WARM, temperature=1.7, frequency_penalty=1.5, presence_penalty=-1, logit_bias=((5, 3.0),))
    requests = [GenerationRequest(prompt_of(n + 3, n), replace(sampling, seed=n), None, number) for n in range(3)]
    for request, heard in zip(requests, answers(make(base_decoder), requests), strict=True):
        expected_TV = reference_logprobs(base_decoder, [*request.prompt_ids, *heard.ids])[len(request.prompt_ids) - 1 :]
        for step, expected_V in zip(heard.steps, expected_TV, strict=False):
            assert step.logprob == pytest.approx(float(expected_V[step.token_id]), abs=1e-4)
            best = expected_V.topk(number) if number else None
            assert [token for token, _ in step.top] == ([] if best is None else best.indices.tolist())
            assert [p for _, p in step.top] == pytest.approx([] if best is None else best.values.tolist(), abs=1e-4)


def test_logprobs_are_given_to_those_who_asked(base_decoder: Decoder) -> None:
    asked, other = answers(
        make(base_decoder),
        [GenerationRequest(prompt_of(4), GREEDY, num_logprobs=2), GenerationRequest(prompt_of(5), WARM)],
    )
    assert all(step.logprob is not None and len(step.top) == 2 for step in asked.steps)
    assert all(step.logprob is None and step.top == () for step in other.steps)


@pytest.mark.parametrize("adapter", NAMES)
def test_logprobs_of_a_given_text_equal_the_plain_pass(
    base_decoder: Decoder, adapters: dict[str, Path], make_decoder: Callable[[], Decoder], adapter: str | None
) -> None:
    text = prompt_of(200)
    decoder = make_decoder()
    if adapter is not None:
        load_adapter(decoder, adapters[adapter])
    expected_TV = reference_logprobs(decoder, text)
    expected = expected_TV[:-1].gather(1, torch.tensor(text[1:])[:, None])[:, 0].tolist()
    assert make(base_decoder, adapters).logprobs(text, adapter) == pytest.approx(expected, abs=1e-4)


def test_cancelled_stream_frees_its_place_before_the_next_step(base_decoder: Decoder) -> None:
    scheduler = make(base_decoder, max_streams=1)
    first, second = Heard(), Heard()
    ticket = scheduler.submit(GenerationRequest(prompt_of(5), GREEDY), first)
    scheduler.submit(GenerationRequest(prompt_of(6), GREEDY), second)
    scheduler.step()
    assert (len(first.ids), len(second.ids)) == (1, 0)
    ticket.cancel()
    scheduler.step()
    assert (first.end, len(first.ids), len(second.ids)) == ("cancelled", 1, 1)


def test_request_cancelled_while_it_waits_never_starts(base_decoder: Decoder) -> None:
    scheduler = make(base_decoder, max_streams=1)
    first, second = Heard(), Heard()
    scheduler.submit(GenerationRequest(prompt_of(5), GREEDY), first)
    scheduler.step()
    scheduler.submit(GenerationRequest(prompt_of(6), GREEDY), second).cancel()
    finish(scheduler)
    assert (second.ids, second.end, first.end) == ([], "cancelled", "length")


def test_cancelling_what_has_ended_changes_nothing(base_decoder: Decoder) -> None:
    scheduler, heard = make(base_decoder), Heard()
    ticket = scheduler.submit(GenerationRequest(prompt_of(5), GREEDY), heard)
    finish(scheduler)
    ticket.cancel()
    assert not scheduler.step()
    assert heard.end == "length"


def test_stream_that_gave_its_room_up_goes_on_where_it_was(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    """Two answers grow beyond what the cache holds of both: the younger waits, without a token lost or made twice."""
    sampling = replace(WARM, max_new_tokens=150, frequency_penalty=0.5)
    requests = [GenerationRequest(prompt_of(20 + n, n), replace(sampling, seed=n)) for n in range(2)]
    scheduler = make(base_decoder, max_cache_bytes=450 * TOKEN_BYTES)
    heard = [Heard(), Heard()]
    for request, listener in zip(requests, heard, strict=True):
        scheduler.submit(request, listener)
    has_given_up = False
    while scheduler.step():
        stats = scheduler.stats()
        has_given_up |= (stats.streams, stats.waiting) == (1, 1) and len(heard[1].ids) > 0
    assert has_given_up
    assert [each.ids for each in heard] == [alone(request) for request in requests]


def test_stream_that_gave_its_room_up_comes_before_those_that_never_started(base_decoder: Decoder) -> None:
    scheduler = make(base_decoder, max_cache_bytes=450 * TOKEN_BYTES, max_streams=2)
    _, second, third = heard = [Heard(), Heard(), Heard()]
    for number, listener in enumerate(heard):
        sampling = replace(WARM, max_new_tokens=150 if number < 2 else 20)
        scheduler.submit(GenerationRequest(prompt_of((5, 60, 7)[number]), sampling), listener)
    num_made = 0
    while scheduler.step():
        if not num_made and second.ids and scheduler.stats().streams == 1:
            num_made = len(second.ids)
        assert not third.ids or len(second.ids) > num_made > 0
    assert num_made


def test_long_request_is_not_passed_by_shorter_ones_behind_it(base_decoder: Decoder) -> None:
    scheduler = make(base_decoder, max_cache_bytes=420 * TOKEN_BYTES)
    first, long = Heard(), Heard()
    scheduler.submit(GenerationRequest(prompt_of(30), replace(GREEDY, max_new_tokens=60)), first)
    scheduler.step()
    scheduler.submit(GenerationRequest(prompt_of(200), replace(GREEDY, max_new_tokens=20)), long)
    behind = []
    while not long.has_ended:
        behind.append(Heard())
        scheduler.submit(GenerationRequest(prompt_of(4), GREEDY), behind[-1])
        scheduler.step()
        assert long.ids or not any(each.ids for each in behind)
    assert long.end == "length"
    assert first.end == "length"


def test_long_prompt_does_not_stall_running_streams(base_decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each iteration gives every running stream its token and reads no more of the prompt than it may."""
    sizes = count_tokens(monkeypatch)
    scheduler = make(base_decoder, prompt_tokens_beside=16)
    running, long = Heard(), Heard()
    scheduler.submit(GenerationRequest(prompt_of(5), replace(GREEDY, max_new_tokens=40)), running)
    scheduler.step()
    scheduler.submit(GenerationRequest(prompt_of(200), GREEDY), long)
    sizes.clear()
    while not long.ids:
        before = len(running.ids)
        scheduler.step()
        assert len(running.ids) == before + 1
    assert sizes == [17] * 12 + [9]


def test_where_more_short_prompts_wait_than_streams_run_they_begin_together(
    base_decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts that no pass could hold do not count: they would stall the others again and again."""
    sizes = count_tokens(monkeypatch)
    scheduler = make(base_decoder, prompt_tokens_beside=16, prompt_tokens_alone=64)
    running, long, short = [Heard(), Heard()], [Heard(), Heard()], [Heard() for _ in range(6)]
    for heard in running:
        scheduler.submit(GenerationRequest(prompt_of(5), replace(GREEDY, max_new_tokens=40)), heard)
    scheduler.step()
    for heard in long:
        scheduler.submit(GenerationRequest(prompt_of(100), GREEDY), heard)
    scheduler.step()
    assert sizes.pop() == 2 + 16
    sizes.clear()
    for heard in short:
        scheduler.submit(GenerationRequest(prompt_of(8), GREEDY), heard)
    while not all(heard.ids for heard in short):
        scheduler.step()
    assert sizes[0] == 2 + 3 * 16


def count_tokens(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each pass over the model takes, as it happens."""
    sizes: list[int] = []
    original = PreparedDecoder.run

    def counted(self: PreparedDecoder, tokens_T: torch.Tensor, *rest: Any) -> torch.Tensor:
        sizes.append(len(tokens_T))
        return original(self, tokens_T, *rest)

    monkeypatch.setattr(PreparedDecoder, "run", counted)
    return sizes


def test_prompt_of_several_choices_is_read_once(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [GenerationRequest(prompt_of(50), replace(WARM, seed=n), owner="project") for n in range(5)]
    expected = [alone(request) for request in requests]
    sizes = count_tokens(monkeypatch)
    scheduler, heard = make(base_decoder), [Heard() for _ in requests]
    tickets = [scheduler.submit(request, each) for request, each in zip(requests, heard, strict=True)]
    finish(scheduler)
    assert [each.ids for each in heard] == expected
    assert len({tuple(ids) for ids in expected}) == 5
    assert [ticket.num_cached_tokens for ticket in tickets] == [0, 49, 49, 49, 49]
    # The prompt, then for each other choice its last token, then 11 more tokens of each.
    assert sum(sizes) == 50 + 4 + 5 * 11


@pytest.mark.parametrize("other", [{"owner": "b"}, {"owner": None}, {"owner": "a", "adapter": "all"}])
def test_other_owners_and_other_adapters_share_nothing(
    base_decoder: Decoder, adapters: dict[str, Path], other: dict[str, Any]
) -> None:
    scheduler = make(base_decoder, adapters)
    request = GenerationRequest(prompt_of(50), GREEDY, owner="a")
    tickets = [scheduler.submit(each, Heard()) for each in (request, replace(request, **other))]
    finish(scheduler)
    assert [ticket.num_cached_tokens for ticket in tickets] == [0, 0]


def test_beginning_that_a_running_stream_has_read_is_copied(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    scheduler = make(base_decoder)
    first = GenerationRequest(prompt_of(60), replace(GREEDY, max_new_tokens=30), owner="a")
    one, other = Heard(), Heard()
    scheduler.submit(first, one)
    for _ in range(4):
        scheduler.step()
    second = GenerationRequest((*first.prompt_ids[:40], *prompt_of(30, 5)), GREEDY, owner="a")
    ticket = scheduler.submit(second, other)
    finish(scheduler)
    assert ticket.num_cached_tokens == 40
    assert (one.ids, other.ids) == (alone(first), alone(second))


def test_model_output_that_is_no_number_fails_its_own_request_and_nobody_elses(
    base_decoder: Decoder, adapters: dict[str, Path], make_adapter: Callable[..., Path], tmp_path: Path,
    alone: Callable[[GenerationRequest], list[int]],
) -> None:  # fmt: skip
    """Its keys and values are not numbers either, and the place that they lay in is given to the next stream."""
    scheduler = make(
        base_decoder, {**adapters, "damaged": make_adapter(tmp_path / "damaged", size=3e37)}, max_streams=3
    )
    good = [
        GenerationRequest(prompt_of(30 + n, n), replace(GREEDY, max_new_tokens=5 + n), NAMES[n % 4]) for n in range(8)
    ]
    bad = GenerationRequest(prompt_of(100), GREEDY, "damaged")
    heard = answers(scheduler, [good[0], bad, *good[1:4], bad, *good[4:]])
    failed = [heard.pop(5), heard.pop(1)]
    assert [each.ids for each in heard] == [alone(request) for request in good]
    for each in failed:
        assert isinstance(each.error, TunesmithError)
        assert "after 100 tokens is not a number" in each.error.message
        assert each.ids == []


def test_error_while_choosing_fails_its_own_request_and_nobody_elses(
    base_decoder: Decoder, monkeypatch: pytest.MonkeyPatch, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    original = Sampler.adjust

    def adjust(self: Sampler, logits_V: torch.Tensor) -> None:
        if self.sampling.logit_bias:
            raise RuntimeError("no bias today")
        original(self, logits_V)

    monkeypatch.setattr(Sampler, "adjust", adjust)
    requests = [GenerationRequest(prompt_of(n + 4, n), replace(GREEDY, presence_penalty=0.5)) for n in range(3)]
    biased = replace(requests[1], sampling=replace(GREEDY, logit_bias=((7, 2.0),)))
    heard = answers(make(base_decoder), [requests[0], biased, requests[2]])
    assert str(heard[1].error) == "no bias today"
    assert [heard[0].ids, heard[2].ids] == [alone(requests[0]), alone(requests[2])]


def test_listener_that_raises_loses_its_own_stream_alone(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    class Gone(Heard):
        def token(self, step: TokenStep) -> None:
            super().token(step)
            raise BrokenPipeError

    requests = [GenerationRequest(prompt_of(5), GREEDY), GenerationRequest(prompt_of(6), GREEDY)]
    scheduler, gone, other = make(base_decoder), Gone(), Heard()
    scheduler.submit(requests[0], gone)
    scheduler.submit(requests[1], other)
    finish(scheduler)
    assert len(gone.ids) == 1
    assert isinstance(gone.error, BrokenPipeError)
    assert other.ids == alone(requests[1])


def test_pass_that_fails_fails_its_streams_and_the_next_ones_are_right(
    base_decoder: Decoder, monkeypatch: pytest.MonkeyPatch, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    scheduler, heard = make(base_decoder), [Heard(), Heard()]
    request = GenerationRequest(prompt_of(30), GREEDY)
    scheduler.submit(request, heard[0])
    scheduler.step()
    with monkeypatch.context() as patch:
        patch.setattr(PreparedDecoder, "logits", lambda *_: (_ for _ in ()).throw(MemoryError("no memory")))
        scheduler.step()
    assert isinstance(heard[0].error, MemoryError)
    assert scheduler.stats().cache_bytes == 0
    scheduler.submit(request, heard[1])
    finish(scheduler)
    assert heard[1].ids == alone(request)


def test_every_request_hears_of_the_end_though_slots_cannot_be_cleared(base_decoder: Decoder) -> None:
    scheduler, heard = make(base_decoder), [Heard(), Heard()]
    for each in heard:
        scheduler.submit(GenerationRequest(prompt_of(5), GREEDY), each)
    scheduler.step()
    scheduler._slots.release = lambda slot: 1 / 0  # type: ignore[assignment, return-value]
    scheduler.close()
    assert [type(each.error).__name__ for each in heard] == ["MachineError", "MachineError"]
    assert scheduler.stats().cache_bytes == 0


@pytest.mark.parametrize(
    "request_, message",
    [
        (GenerationRequest((), GREEDY), "The prompt is empty"),
        (GenerationRequest(prompt_of(256), GREEDY), "The prompt has 256 tokens; this model's context holds 256"),
        (GenerationRequest((3, 384), GREEDY), "There is no token 384: the model has 384"),
        (GenerationRequest((3, -1), GREEDY), "There is no token -1"),
        (GenerationRequest((3,), replace(GREEDY, logit_bias=((999, 1.0),))), "There is no token 999"),
        (GenerationRequest((3,), GREEDY, "nobody"), "There is no adapter nobody here"),
        (GenerationRequest((3,), GREEDY, None, 21), "21 alternatives are out of range"),
        (
            GenerationRequest(prompt_of(100), replace(GREEDY, max_new_tokens=101)),
            "The prompt has 100 tokens and the answer may have 101; the memory for keys and values holds 200 of one",
        ),
    ],
)
def test_request_that_can_never_be_answered_is_refused(
    base_decoder: Decoder, request_: GenerationRequest, message: str
) -> None:
    scheduler = make(base_decoder, max_cache_bytes=300 * TOKEN_BYTES)
    with pytest.raises(UserError, match=message):
        scheduler.submit(request_, Heard())
    assert not scheduler.step()


def test_longest_text_that_is_taken_is_answered_within_the_bound(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    scheduler = make(base_decoder, max_cache_bytes=300 * TOKEN_BYTES)
    assert scheduler.max_tokens == 200
    request = GenerationRequest(prompt_of(100), replace(GREEDY, max_new_tokens=100))
    (heard,) = answers(scheduler, [request])
    assert (heard.ids, heard.end) == (alone(request), "length")
    assert scheduler.stats().peak_cache_bytes <= 300 * TOKEN_BYTES


def test_adapter_that_changes_nothing_is_refused(
    base_decoder: Decoder, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    scheduler = make(base_decoder)
    with pytest.raises(UserError, match="The adapter idle changes nothing"):
        scheduler.add_adapter("idle", make_adapter(tmp_path / "idle", size=0.0))
    with pytest.raises(UserError, match="no adapter idle"):
        scheduler.submit(GenerationRequest((3,), GREEDY, "idle"), Heard())


def test_adapter_of_another_base_is_refused(base_decoder: Decoder, adapters: dict[str, Path], tmp_path: Path) -> None:
    import json
    import shutil

    folder = Path(shutil.copytree(adapters["all"], tmp_path / "odd"))
    settings = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**settings, "r": 3}))
    with pytest.raises(UserError, match="have shapes"):
        make(base_decoder).add_adapter("odd", folder)


def test_removed_adapter_serves_those_that_run_on_it_and_no_others(
    base_decoder: Decoder, adapters: dict[str, Path], alone: Callable[[GenerationRequest], list[int]]
) -> None:
    scheduler, heard = make(base_decoder, adapters), Heard()
    request = GenerationRequest(prompt_of(9), GREEDY, "some")
    scheduler.submit(request, heard)
    scheduler.step()
    scheduler.remove_adapter("some")
    with pytest.raises(UserError, match="no adapter some"):
        scheduler.submit(request, Heard())
    finish(scheduler)
    assert heard.ids == alone(request)


def test_name_that_is_given_to_another_adapter_means_the_new_one(
    base_decoder: Decoder, adapters: dict[str, Path], alone: Callable[[GenerationRequest], list[int]]
) -> None:
    scheduler, (old, new) = make(base_decoder, adapters), (Heard(), Heard())
    request = GenerationRequest(prompt_of(9), GREEDY, "all")
    scheduler.submit(request, old)
    scheduler.submit(replace(request, adapter=None), Heard())
    scheduler.step()
    scheduler.add_adapter("all", adapters["head"])
    scheduler.submit(request, new)
    finish(scheduler)
    assert (old.ids, new.ids) == (alone(request), alone(replace(request, adapter="head")))


def test_loop_answers_requests_of_many_threads_and_fails_what_is_left_when_it_stops(
    base_decoder: Decoder, alone: Callable[[GenerationRequest], list[int]]
) -> None:
    scheduler, stop = make(base_decoder), threading.Event()
    loop = threading.Thread(target=run, args=(scheduler, stop))
    loop.start()
    requests = [GenerationRequest(prompt_of(5 + n % 7, n), replace(WARM, seed=n)) for n in range(24)]
    heard = [Heard() for _ in requests]
    senders = [
        threading.Thread(target=lambda part=part: [scheduler.submit(requests[i], heard[i]) for i in part])
        for part in (range(8), range(8, 16), range(16, 24))
    ]
    for sender in senders:
        sender.start()
    wait_for(lambda: all(each.has_ended for each in heard))
    endless = Heard()
    scheduler.submit(GenerationRequest(prompt_of(3), replace(GREEDY, max_new_tokens=250)), endless)
    stop.set()
    scheduler.wake()
    loop.join(30)
    assert not loop.is_alive()
    assert [each.ids for each in heard] == [alone(request) for request in requests]
    assert isinstance(endless.error, MachineError) or endless.end == "length"
    with pytest.raises(MachineError, match="has stopped"):
        scheduler.submit(requests[0], Heard())


def test_loop_that_is_idle_sleeps(base_decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "IDLE_SECONDS", 3600.0)
    scheduler, stop, steps = make(base_decoder), threading.Event(), []
    original = scheduler.step
    monkeypatch.setattr(scheduler, "step", lambda: [steps.append(1), original()][1])
    loop = threading.Thread(target=run, args=(scheduler, stop))
    loop.start()
    heard = Heard()
    scheduler.submit(GenerationRequest((3,), replace(GREEDY, max_new_tokens=4)), heard)
    wait_for(lambda: heard.has_ended)
    stop.set()
    scheduler.wake()
    loop.join(30)
    assert len(steps) <= 7


def wait_for(is_done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.005)
