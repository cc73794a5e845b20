"""Generation: with a cache or without, alone or beside others, here or in ``transformers``, the same tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tunesmith.core.errors import UserError
from tunesmith.data.examples import TokenizedExample
from tunesmith.infer import engine
from tunesmith.infer.engine import generate, stream
from tunesmith.infer.sampling import Sampling
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import read_folder
from tunesmith.nn.lora import AdapterConfig, add_adapter, target_kinds
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, load_decoder
from tunesmith.train.batches import make_batch
from tunesmith.train.losses import backward

CONTEXT = 256
GREEDY = Sampling(max_new_tokens=12)
WARM = Sampling(max_new_tokens=12, temperature=1.0, seed=3)


@pytest.fixture(scope="session")
def decoder(tiny_base: Path) -> Decoder:
    return load_decoder(read_folder(tiny_base, "tiny"), torch.float32)


def prompts_of(lengths: Sequence[int], seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, 384, (length,), generator=generator).tolist() for length in lengths]


PROMPTS = prompts_of((5, 1, 40, 17, 5, 33, 2, 100))


def without_cache(decoder: Decoder, prompt: list[int], num_tokens: int) -> list[int]:
    """Greedy, the whole text read anew for each token."""
    tokens = list(prompt)
    with torch.no_grad():
        for _ in range(num_tokens):
            hidden_TH = decoder(torch.tensor(tokens), Borders.of([len(tokens)]))
            tokens.append(int(decoder.logits(hidden_TH[-1:]).argmax()))
    return tokens[len(prompt) :]


def ids(decoder: Decoder, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[list[int]]:
    return [completion.token_ids for completion in generate(decoder, prompts, sampling)]


def test_cache_changes_no_token(decoder: Decoder) -> None:
    expected = [without_cache(decoder, prompt, 12) for prompt in PROMPTS]
    assert ids(decoder, PROMPTS, GREEDY) == expected
    assert len({tuple(tokens) for tokens in expected}) > 1


def test_prompts_together_give_what_each_gives_alone(decoder: Decoder) -> None:
    assert ids(decoder, PROMPTS, GREEDY) == [ids(decoder, [prompt], GREEDY)[0] for prompt in PROMPTS]


def test_streamed_tokens_equal_generated_ones(decoder: Decoder) -> None:
    assert [list(stream(decoder, prompt, GREEDY)) for prompt in PROMPTS] == ids(decoder, PROMPTS, GREEDY)
    assert list(stream(decoder, PROMPTS[0], WARM)) == ids(decoder, PROMPTS[:1], WARM)[0]


@pytest.mark.parametrize("max_streams, prefill_tokens", [(1, 4096), (3, 4096), (32, 1), (3, 50)])
def test_sizes_of_groups_and_prefill_rows_change_no_token(
    decoder: Decoder, max_streams: int, prefill_tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, warm = ids(decoder, PROMPTS, GREEDY), ids(decoder, PROMPTS, WARM)
    monkeypatch.setattr(engine, "MAX_STREAMS", max_streams)
    monkeypatch.setattr(engine, "PREFILL_TOKENS", prefill_tokens)
    assert ids(decoder, PROMPTS, GREEDY) == expected
    assert ids(decoder, PROMPTS, WARM) == warm


def test_greedy_tokens_equal_those_of_transformers(decoder: Decoder, tiny_base: Path) -> None:
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM.from_pretrained(tiny_base, dtype=torch.float32)
    expected = []
    for prompt in PROMPTS:
        text = torch.tensor([prompt])
        mask = torch.ones_like(text)
        out = model.generate(
            text, attention_mask=mask, do_sample=False, max_new_tokens=12, eos_token_id=None, pad_token_id=0
        )
        expected.append(out[0, len(prompt) :].tolist())
    assert ids(decoder, PROMPTS, GREEDY) == expected


@pytest.mark.parametrize("place", [0, 1, 5])
def test_stop_token_ends_the_answer_and_is_not_given_out(decoder: Decoder, place: int) -> None:
    free = ids(decoder, PROMPTS, GREEDY)
    stop = free[2][place]
    sampling = replace(GREEDY, stop_token_ids=frozenset({stop}))
    completions = generate(decoder, PROMPTS, sampling)
    for tokens, completion in zip(free, completions, strict=True):
        stopped = stop in tokens
        assert completion.token_ids == (tokens[: tokens.index(stop)] if stopped else tokens)
        assert completion.finish_reason == ("stop" if stopped else "length")
    assert list(stream(decoder, PROMPTS[2], sampling)) == completions[2].token_ids
    assert completions[2].finish_reason == "stop"


def test_any_of_several_stop_tokens_ends_the_answer(decoder: Decoder) -> None:
    free = ids(decoder, PROMPTS[:1], GREEDY)[0]
    (completion,) = generate(decoder, PROMPTS[:1], replace(GREEDY, stop_token_ids=frozenset(free[3:])))
    first = min(free.index(token) for token in free[3:])
    assert completion.token_ids == free[:first]


@pytest.mark.parametrize("limit", [1, 2, 12])
def test_answer_ends_at_the_token_limit(decoder: Decoder, limit: int) -> None:
    completions = generate(decoder, PROMPTS, replace(GREEDY, max_new_tokens=limit))
    assert {(len(c.token_ids), c.finish_reason) for c in completions} == {(limit, "length")}


def test_answer_ends_where_the_context_does(decoder: Decoder) -> None:
    prompts = prompts_of((CONTEXT - 1, CONTEXT - 7, 10))
    sampling = replace(GREEDY, max_new_tokens=20)
    assert [len(tokens) for tokens in ids(decoder, prompts, sampling)] == [1, 7, 20]
    assert len(list(stream(decoder, prompts[1], sampling))) == 7


@pytest.mark.parametrize("length", [CONTEXT, CONTEXT + 1])
def test_prompt_that_fills_the_context_is_refused(decoder: Decoder, length: int) -> None:
    prompts = prompts_of((3, length))
    with pytest.raises(UserError, match=f"The prompt has {length:,} tokens; this model's context holds 256"):
        generate(decoder, prompts, GREEDY)
    with pytest.raises(UserError, match="context holds 256"):
        next(stream(decoder, prompts[1], GREEDY))


def test_empty_prompt_is_refused(decoder: Decoder) -> None:
    with pytest.raises(UserError, match="The prompt is empty"):
        generate(decoder, [[1], []], GREEDY)


def test_no_prompts_give_no_completions(decoder: Decoder) -> None:
    assert generate(decoder, [], GREEDY) == []


def test_progress_is_heard_up_to_the_last_prompt(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_STREAMS", 3)
    heard: list[int] = []
    generate(decoder, PROMPTS, GREEDY, heard.append)
    assert heard == [3, 6, 8]


def test_same_seed_gives_the_same_tokens(decoder: Decoder) -> None:
    assert ids(decoder, PROMPTS, WARM) == ids(decoder, PROMPTS, WARM)
    assert ids(decoder, PROMPTS, WARM) != ids(decoder, PROMPTS, replace(WARM, seed=4))


def test_same_prompt_twice_is_answered_in_two_ways(decoder: Decoder) -> None:
    one, other = ids(decoder, [PROMPTS[0], PROMPTS[0]], WARM)
    assert one != other


def test_neighbours_do_not_change_a_streams_draws(decoder: Decoder) -> None:
    """Other prompts beside it, longer and shorter, one of them ended at once by a stop token."""
    first = ids(decoder, PROMPTS[:4], WARM)
    others = prompts_of((80, 3, 9), seed=8)
    beside = ids(decoder, [others[0], PROMPTS[1], others[1], others[2]], WARM)
    assert beside[1] == first[1]
    assert beside[0] != first[0]
    ended = generate(decoder, PROMPTS[:4], replace(WARM, stop_token_ids=frozenset({first[2][1]})))
    assert first[2][1] not in first[1]
    assert len(ended[2].token_ids) < 12
    assert ended[1].token_ids == first[1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("tie", [True, False])
def test_adapted_decoder_streams_what_it_generates(
    make_base: Callable[..., Path], tmp_path: Path, dtype: torch.dtype, tie: bool
) -> None:
    decoder = adapted(load_decoder(read_folder(make_base(tmp_path / "base", tie=tie), "tiny"), dtype))
    for sampling in (GREEDY, WARM):
        assert list(stream(decoder, PROMPTS[0], sampling)) == ids(decoder, PROMPTS[:1], sampling)[0]


def test_adapters_greedy_tokens_equal_the_plain_passes(tiny_base: Path) -> None:
    base = load_decoder(read_folder(tiny_base, "tiny"), torch.float32)
    unadapted = ids(base, PROMPTS, GREEDY)
    decoder = adapted(base)
    expected = [without_cache(decoder, prompt, 12) for prompt in PROMPTS]
    assert ids(decoder, PROMPTS, GREEDY) == expected
    assert expected != unadapted


def adapted(decoder: Decoder) -> Decoder:
    """With a pair on every projection that changes the answers."""
    add_adapter(decoder, AdapterConfig(4, 8.0, target_kinds(decoder)), seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in linear_layers(decoder).values():
            assert layer.lora_B is not None
            layer.lora_B.normal_(0.0, 0.1, generator=generator)
    return decoder


def test_training_goes_on_after_generation(tiny_base: Path, make_fresh: Callable[[], Decoder]) -> None:
    """Tables made while generating are used by a later backward pass."""
    (micro,) = make_batch([TokenizedExample(0, tuple(PROMPTS[3]), (1.0,) * 17)], 100).micro_batches
    expected, used = make_fresh(), make_fresh()
    generate(used, prompts_of((17, 9)), GREEDY)
    losses = [backward(each, micro, 16.0).loss for each in (expected, used)]
    assert losses[0] == losses[1]
    pairs = zip(expected.parameters(), used.parameters(), strict=True)
    assert all(
        one.grad is not None and other.grad is not None and torch.equal(one.grad, other.grad) for one, other in pairs
    )


@pytest.fixture
def make_fresh(tiny_base: Path) -> Callable[[], Decoder]:
    return lambda: load_decoder(read_folder(tiny_base, "tiny"), torch.float32, train_all=True)
