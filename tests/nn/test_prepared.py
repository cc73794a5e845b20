"""The decoder laid out for generation is the decoder: same logits in fp32, close ones in bf16, never stale."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from tunesmith.nn import prepared
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import DecoderConfig
from tunesmith.nn.lora import AdapterConfig, add_adapter, target_kinds
from tunesmith.nn.prepared import Chunk, PreparedAdapter, PreparedDecoder, Steps, can_pack, prepare
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, random_decoder

LENGTHS = [[1], [9], [5, 5, 5], [7, 1, 12, 3]]
NEW = 6
# What may change in a log-probability (nats) when all is computed in bf16, whose numbers have 8 bits.
BF16_NATS = 0.1

needs_packing = pytest.mark.skipif(
    not can_pack(torch.bfloat16, torch.device("cpu")), reason="this torch or CPU has no packed bf16 products"
)


def make(
    dtype: torch.dtype, *, tie: bool = True, bias: bool = False, adapter: Sequence[str] = (),
    architecture: str = "LlamaForCausalLM", windowed_layers: tuple[int, ...] = (),
) -> Decoder:  # fmt: skip
    config = DecoderConfig(
        architecture=architecture, vocab_size=96, hidden_size=32, intermediate_size=48, num_layers=3,
        num_heads=6, num_kv_heads=2, head_dim=8, max_position_embeddings=64, rms_norm_eps=1e-5,
        rope_theta=10000.0, tie_word_embeddings=tie, attention_bias=bias, mlp_bias=bias,
        sliding_window=6 if windowed_layers else None, windowed_layers=windowed_layers,
    )  # fmt: skip
    decoder = random_decoder(config, dtype, seed=5)
    generator = torch.Generator().manual_seed(6)
    for name, parameter in decoder.named_parameters():
        if name.endswith(("bias", "q_norm.weight", "k_norm.weight")):
            parameter.data.normal_(0.0, 0.3, generator=generator)
    if adapter:
        add_adapter(decoder, AdapterConfig(3, 5.0, tuple(adapter)), seed=1)
        for layer in linear_layers(decoder).values():
            if layer.lora_B is not None:
                layer.lora_B.data.normal_(0.0, 0.1, generator=generator)
    return decoder.requires_grad_(False)


def texts(lengths: Sequence[int]) -> list[list[int]]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(0, 96, (length + NEW,), generator=generator).tolist() for length in lengths]


def expected(decoder: Decoder, lengths: Sequence[int]) -> Tensor:
    """Log-probabilities [N, NEW + 1, V] after the prompt and after each new token, read in one plain pass."""
    rows = []
    with torch.inference_mode():
        for tokens, length in zip(texts(lengths), lengths, strict=True):
            hidden_TH = decoder(torch.tensor(tokens), Borders.of([len(tokens)]))
            rows.append(decoder.logits(hidden_TH[length - 1 :]).float().log_softmax(-1))
    return torch.stack(rows)


def found(made: PreparedDecoder, lengths: Sequence[int]) -> Tensor:
    """The same, through prefill and decode steps of all streams together."""
    with torch.inference_mode():
        cache = made.new_cache(len(lengths), max(lengths) + NEW)
        tokens_T = torch.tensor([t for text, n in zip(texts(lengths), lengths, strict=True) for t in text[:n]])
        hidden_TH = made.prefill(tokens_T, Borders.of(lengths), cache, range(len(lengths)))
        cache.lengths_N = torch.tensor(lengths)
        steps = [made.logits(hidden_TH[torch.tensor(lengths).cumsum(0) - 1])]
        for step in range(NEW):
            news = [text[n + step] for text, n in zip(texts(lengths), lengths, strict=True)]
            steps.append(made.logits(made.decode(torch.tensor(news), cache)))
    return torch.stack(steps, 1).float().log_softmax(-1)


KINDS = {
    "plain": {},
    "untied": {"tie": False},
    "biases": {"bias": True},
    "adapter": {"adapter": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")},
    "norms of heads": {"architecture": "Qwen3ForCausalLM"},
    "windows in some layers": {"architecture": "Qwen2ForCausalLM", "windowed_layers": (0, 2)},
    "adapter of some": {"adapter": ("q_proj", "v_proj", "up_proj"), "bias": True},
}


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_logits_equal_the_decoders_in_fp32(kind: str, lengths: list[int]) -> None:
    decoder = make(torch.float32, **KINDS[kind])  # type: ignore[arg-type]
    torch.testing.assert_close(found(prepare(decoder), lengths), expected(decoder, lengths), rtol=0, atol=5e-6)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_log_probabilities_are_close_to_the_decoders_in_bf16(kind: str, lengths: list[int]) -> None:
    decoder = make(torch.bfloat16, **KINDS[kind])  # type: ignore[arg-type]
    torch.testing.assert_close(found(prepare(decoder), lengths), expected(decoder, lengths), rtol=0, atol=BF16_NATS)


@pytest.mark.parametrize("kind", ["plain", "adapter", "adapter of some"])
def test_bf16_is_as_near_to_fp32_as_the_decoder_is(kind: str) -> None:
    exact = expected(make(torch.float32, **KINDS[kind]), LENGTHS[3])  # type: ignore[arg-type]
    decoder = make(torch.bfloat16, **KINDS[kind])  # type: ignore[arg-type]
    ours = (found(prepare(decoder), LENGTHS[3]) - exact).square().mean()
    plain = (expected(decoder, LENGTHS[3]) - exact).square().mean()
    assert ours < 1.5 * plain


@needs_packing
@pytest.mark.parametrize("kind", KINDS)
def test_packed_products_equal_the_projections_side_by_side(kind: str) -> None:
    decoder = make(torch.bfloat16, **KINDS[kind])  # type: ignore[arg-type]
    mlp = decoder.model.layers[0].mlp
    x = torch.randn(5, 32, generator=torch.Generator().manual_seed(2)).bfloat16()
    together, apart = (
        prepared._product([mlp.gate_proj, mlp.up_proj], torch.bfloat16, packed) for packed in (True, False)
    )
    with torch.inference_mode():
        torch.testing.assert_close(together(x), apart(x), rtol=0, atol=0.02)


def in_chunks(made: PreparedDecoder, lengths: Sequence[int], size: int) -> Tensor:
    """As ``found``, the prompts read in pieces, one text's next to another's step."""
    with torch.inference_mode():
        cache = made.new_cache(len(lengths) + 1, max(lengths) + NEW)
        rows = []
        for stream, (tokens, length) in enumerate(zip(texts(lengths), lengths, strict=True)):
            for start in range(0, length, size):
                piece = tokens[start : min(start + size, length)]
                hidden_TH = made.run(torch.tensor(piece), [], [Chunk(cache, stream, start, len(piece))])
            rows.append(made.logits(hidden_TH[-1:])[0])
        steps = [torch.stack(rows)]
        cache.lengths_N = torch.tensor(lengths)
        other = torch.tensor(texts([20])[0][:NEW])
        for step in range(NEW):
            news = [text[n + step] for text, n in zip(texts(lengths), lengths, strict=True)]
            last = [Chunk(cache, len(lengths), step, 1)]
            both = torch.cat((torch.tensor(news), other[step : step + 1]))
            hidden_TH = made.run(both, [Steps(cache, tuple(range(len(lengths))))], last)
            steps.append(made.logits(hidden_TH[:-1]))
            cache.lengths_N = cache.lengths_N + 1
    return torch.stack(steps, 1).float().log_softmax(-1)


@pytest.mark.parametrize("size", [1, 4, 5, 64])
@pytest.mark.parametrize("kind", ["plain", "adapter", "windows in some layers"])
def test_prompt_read_in_chunks_gives_the_same_logits(kind: str, size: int) -> None:
    decoder = make(torch.float32, **KINDS[kind])  # type: ignore[arg-type]
    ours = in_chunks(prepare(decoder), LENGTHS[3], size)  # type: ignore[arg-type]
    torch.testing.assert_close(ours, expected(decoder, LENGTHS[3]), rtol=0, atol=5e-6)


def test_step_of_some_streams_leaves_the_others_as_they_were() -> None:
    decoder, lengths = make(torch.float32), LENGTHS[3]
    made = prepare(decoder)
    assert isinstance(made, PreparedDecoder)
    with torch.inference_mode():
        cache = made.new_cache(len(lengths) + 2, max(lengths) + NEW)
        tokens_T = torch.tensor([t for text, n in zip(texts(lengths), lengths, strict=True) for t in text[:n]])
        made.prefill(tokens_T, Borders.of(lengths), cache, range(len(lengths)))
        cache.lengths_N = torch.tensor(lengths)
        before = cache.layers[0].clone()
        news = [texts(lengths)[stream][lengths[stream]] for stream in (1, 3)]
        logits_NV = made.logits(made.run(torch.tensor(news), [Steps(cache, (1, 3))], []))
    torch.testing.assert_close(logits_NV.log_softmax(-1), expected(decoder, lengths)[[1, 3], 1], rtol=0, atol=5e-6)
    changed = (cache.layers[0] != before).flatten(2).any(-1)
    assert changed.any(0).tolist() == [False, True, False, True, False, False]


SIDES = {"wide": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"), "few": ("v_proj", "up_proj"),
         "head": ("q_proj", "lm_head")}  # fmt: skip


def sides(dtype: torch.dtype) -> dict[str | None, Decoder]:
    """One base, bare and with each of three adapters in its own projections."""
    return {None: make(dtype), **{name: make(dtype, adapter=kinds) for name, kinds in SIDES.items()}}


def side_adapter(made: PreparedDecoder, decoder: Decoder) -> PreparedAdapter:
    layers = linear_layers(decoder).items()
    pairs = {
        n: (layer.lora_A, layer.lora_B) for n, layer in layers if layer.lora_A is not None and layer.lora_B is not None
    }
    return made.adapter(pairs, 5.0 / 3)


@pytest.mark.parametrize("dtype, nats", [(torch.float32, 5e-6), (torch.bfloat16, BF16_NATS)], ids=str)
@pytest.mark.parametrize("repeats", [1, 40], ids=["few rows of each", "many rows of each"])
@pytest.mark.parametrize(
    "names", [("wide",), ("wide", None), ("few", "wide", None, "head"), (None, "head", None, "few")], ids=str
)
def test_adapters_beside_each_other_give_what_each_gives_alone(
    names: tuple[str | None, ...], repeats: int, dtype: torch.dtype, nats: float
) -> None:
    decoders = sides(dtype)
    made = prepare(decoders[None])
    assert isinstance(made, PreparedDecoder)
    known = {name: side_adapter(made, decoder) for name, decoder in decoders.items() if name is not None}
    text = texts([repeats])[0][:repeats]
    with torch.inference_mode():
        cache = made.new_cache(len(names), repeats)
        chunks = [Chunk(cache, stream, 0, repeats) for stream in range(len(names))]
        rows = [known[name] if name is not None else None for name in names for _ in range(repeats)]
        logits_TV = made.logits(made.run(torch.tensor(text * len(names)), [], chunks, rows), rows)
        for name, ours_TV in zip(names, logits_TV.split(repeats), strict=True):
            plain_TV = decoders[name].logits(decoders[name](torch.tensor(text), Borders.of([repeats])))
            torch.testing.assert_close(
                ours_TV.float().log_softmax(-1), plain_TV.float().log_softmax(-1), rtol=0, atol=nats
            )


def test_adapter_of_a_projection_that_is_not_there_is_refused() -> None:
    made = prepare(make(torch.float32))
    assert isinstance(made, PreparedDecoder)
    with pytest.raises(ValueError, match="there is no projection elsewhere"):
        made.adapter({"elsewhere": (torch.ones(1, 32), torch.ones(32, 1))}, 1.0)


def test_unchanged_decoder_is_prepared_once() -> None:
    decoder = make(torch.bfloat16)
    assert prepare(decoder) is prepare(decoder)


def test_changed_weights_and_adapters_are_never_missed() -> None:
    decoder = make(torch.bfloat16)
    before = found(prepare(decoder), [9])
    with torch.no_grad():
        decoder.model.layers[1].mlp.up_proj.weight.mul_(2)
    changed = found(prepare(decoder), [9])
    add_adapter(decoder, AdapterConfig(2, 2.0, target_kinds(decoder)), seed=0)
    same = found(prepare(decoder), [9])
    with torch.no_grad():
        for layer in linear_layers(decoder).values():
            assert layer.lora_B is not None
            layer.lora_B.fill_(0.1)
    adapted = found(prepare(decoder), [9])
    assert not torch.equal(before, changed)
    torch.testing.assert_close(same, changed, rtol=0, atol=BF16_NATS)
    torch.testing.assert_close(adapted, expected(decoder, [9]), rtol=0, atol=0.2)
    assert float((adapted - changed).abs().max()) > 1


def test_another_scale_of_the_adapter_is_never_missed() -> None:
    decoder = make(torch.bfloat16, adapter=("q_proj", "up_proj"))
    before = prepare(decoder)
    for layer in linear_layers(decoder).values():
        layer.lora_scale *= 3
    torch.testing.assert_close(found(prepare(decoder), [9]), expected(decoder, [9]), rtol=0, atol=0.2)
    assert prepare(decoder) is not before


def test_adapters_put_where_others_were_are_never_missed() -> None:
    """Memory that an adapter leaves is given to the next one: neither ids nor addresses tell them apart."""
    decoder, layer = make(torch.bfloat16, adapter=("lm_head",)), "lm_head"
    for seed in range(20):
        before = prepare(decoder)
        linear_layers(decoder)[layer].lora_A = linear_layers(decoder)[layer].lora_B = None
        add_adapter(decoder, AdapterConfig(3, 5.0, (layer,)), seed=seed)
        assert prepare(decoder) is not before


def test_trained_weights_kept_in_fp32_run_in_the_compute_type() -> None:
    decoder = make(torch.bfloat16)
    assert decoder.model.layers[0].mlp.up_proj.weight.dtype == torch.float32
    made = prepare(decoder)
    with torch.inference_mode():
        assert made.logits(torch.ones(1, 32, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_prepared_form_goes_with_its_decoder() -> None:
    decoder = make(torch.bfloat16)
    made = weakref.ref(prepare(decoder))
    del decoder
    gc.collect()
    assert made() is None
