"""The decoder against ``transformers``: logits and gradients; packing and slicing change neither.

Everything here is fp32 on one thread. An error is the norm of a difference over the norm of the reference.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tunesmith.data.examples import TokenizedExample
from tunesmith.nn import attention
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import BaseModel, DecoderConfig, config_as_json, read_folder
from tunesmith.nn.lora import AdapterConfig, add_adapter, save_adapter
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, load_decoder, named_weights, random_decoder, write_tensors
from tunesmith.train import losses
from tunesmith.train.batches import make_batch
from tunesmith.train.losses import backward, token_losses

Gradients = dict[str, Tensor]

SHAPES: dict[str, dict[str, Any]] = {
    "grouped heads, tied head": {},
    "untied head": {"tie_word_embeddings": False},
    "one key/value head": {"num_kv_heads": 1},
    "no groups": {"num_kv_heads": 4},
    "wide heads": {"head_dim": 16},
    "biases": {"attention_bias": True, "mlp_bias": True},
    "other constants": {"rope_theta": 500000.0, "rms_norm_eps": 1e-2},
}
ALL_KINDS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")
LENGTHS = (3, 17, 1, 40, 17, 9)


@pytest.fixture(scope="session")
def base_of_shape(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], BaseModel]:
    """A base model like ``tiny_base`` with another shape and large weights, written once a session."""
    written: dict[str, BaseModel] = {}

    def base(shape: str) -> BaseModel:
        if shape not in written:
            config = replace(read_folder(tiny_base, "tiny").config, **SHAPES[shape])
            written[shape] = write_base(tmp_path_factory.mktemp("base"), config)
        return written[shape]

    return base


def write_base(folder: Path, config: DecoderConfig) -> BaseModel:
    weights = named_weights(random_decoder(config, torch.float32, seed=5))
    write_tensors(folder / "model.safetensors", {name: enlarged(name, weight.detach()) for name, weight in weights})
    (folder / "config.json").write_text(json.dumps(config_as_json(config, "float32")))
    return read_folder(folder, str(folder))


def enlarged(name: str, weight: Tensor) -> Tensor:
    """Weights large enough that a wrong one shows: matrices of deviation 0.12, norms around 1, biases around 0."""
    if weight.dim() > 1:
        return weight * 0.68
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(len(name)))
    return weight + 0.2 * noise


@pytest.fixture(scope="session")
def llama() -> Callable[[BaseModel], Any]:
    """The same base model in transformers."""
    from transformers import LlamaForCausalLM

    return lambda base: LlamaForCausalLM.from_pretrained(base.folder, dtype=torch.float32)


@pytest.fixture(scope="session")
def base(base_of_shape: Callable[[str], BaseModel]) -> BaseModel:
    return base_of_shape("grouped heads, tied head")


@pytest.fixture(scope="session")
def examples() -> list[TokenizedExample]:
    """Eight examples of different lengths, with weights of 0, ½, 1 and 2 and one trained token at least."""
    draw = random.Random(3)
    made = []
    for line, length in enumerate((5, 33, 12, 2, 21, 60, 12, 8)):
        weights = [draw.choice((0.0, 0.0, 0.5, 1.0, 2.0)) for _ in range(length - 1)] + [1.0]
        made.append(TokenizedExample(line, tuple(draw.randrange(384) for _ in range(length)), tuple(weights)))
    return made


def documents(lengths: Sequence[int]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(384, (length,), generator=generator) for length in lengths]


def our_logits(decoder: Decoder, texts: Sequence[Tensor]) -> list[Tensor]:
    """Logits of several documents in one stream."""
    with torch.no_grad():
        logits_TV = decoder.logits(decoder(torch.cat(list(texts)), Borders.of([len(text) for text in texts])))
    return list(logits_TV.split([len(text) for text in texts]))


def their_logits(model: Any, texts: Sequence[Tensor]) -> list[Tensor]:
    """Logits of each document alone."""
    with torch.no_grad():
        return [model(text[None]).logits[0] for text in texts]


def error(ours: Tensor, reference: Tensor) -> float:
    return float((ours.double() - reference.double()).norm() / reference.double().norm())


def worst(ours: Gradients, reference: Mapping[str, Tensor]) -> tuple[float, str]:
    """The largest error of any one weight's gradient, with its name."""
    assert ours.keys() == reference.keys()
    return max((error(ours[name], reference[name]), name) for name in ours)


@pytest.mark.parametrize("shape", SHAPES)
def test_logits_equal_transformers(base_of_shape: Any, llama: Any, shape: str) -> None:
    base, texts = base_of_shape(shape), documents(LENGTHS)
    ours = our_logits(load_decoder(base, torch.float32), texts)
    for own, theirs in zip(ours, their_logits(llama(base), texts), strict=True):
        assert theirs.std() > 0.1
        assert error(own, theirs) < 1e-6


@pytest.mark.parametrize("shape", ["grouped heads, tied head", "one key/value head", "no groups"])
def test_both_kernels_of_attention_give_the_same_logits(
    base_of_shape: Any, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, texts = load_decoder(base_of_shape(shape), torch.float32), documents((200, 5, 60))
    logits = []
    for limit in (512, 50, 1):
        monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", limit)
        logits.append(torch.cat(our_logits(decoder, texts)))
    assert not torch.equal(logits[0], logits[2])
    assert error(logits[1], logits[0]) < 1e-6
    assert error(logits[2], logits[0]) < 1e-6


def test_one_long_document_equals_transformers(base: BaseModel, llama: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", 100)
    texts = documents((base.config.max_position_embeddings,))
    assert error(our_logits(load_decoder(base, torch.float32), texts)[0], their_logits(llama(base), texts)[0]) < 1e-6


def test_packed_examples_do_not_attend_to_each_other(base: BaseModel) -> None:
    decoder, texts = load_decoder(base, torch.float32), documents(LENGTHS)
    others = [texts[0], *(383 - text for text in texts[1:])]
    packed, changed = our_logits(decoder, texts), our_logits(decoder, others)
    assert torch.equal(packed[0], changed[0])
    assert not torch.equal(packed[1], changed[1])
    for text, own in zip(texts, packed, strict=True):
        assert error(own, our_logits(decoder, [text])[0]) < 1e-6


def test_later_tokens_do_not_change_earlier_logits(base: BaseModel) -> None:
    decoder, (text,) = load_decoder(base, torch.float32), documents((30,))
    other = torch.cat([text[:20], 383 - text[20:]])
    before, after = our_logits(decoder, [text])[0], our_logits(decoder, [other])[0]
    assert torch.equal(before[:20], after[:20])
    assert bool((before[20:] != after[20:]).any(1).all())


def test_bf16_logits_stay_near_fp32(base: BaseModel) -> None:
    texts = documents(LENGTHS)
    exact = torch.cat(our_logits(load_decoder(base, torch.float32), texts))
    rough = torch.cat(our_logits(load_decoder(base, torch.bfloat16), texts))
    assert rough.dtype == torch.bfloat16
    assert error(rough, exact) < 0.03


def gradients(decoder: Decoder, examples: Sequence[TokenizedExample], budget_tokens: int) -> tuple[float, Gradients]:
    """The step's mean loss and the gradient of every trained weight."""
    decoder.zero_grad(set_to_none=True)
    batch = make_batch(examples, budget_tokens)
    sums = [backward(decoder, micro, batch.total_weight) for micro in batch.micro_batches]
    trained = {name: weight.grad for name, weight in decoder.named_parameters() if weight.requires_grad}
    return sum(s.loss for s in sums) / batch.total_weight, {
        name: g.clone() for name, g in trained.items() if g is not None
    }


def padded_reference(model: Any, examples: Sequence[TokenizedExample]) -> tuple[float, Gradients]:
    """One padded batch, full logits, autograd: the weighted mean loss and every gradient."""
    longest = max(len(example.token_ids) for example in examples)
    tokens, weights = torch.zeros(len(examples), longest, dtype=torch.long), torch.zeros(len(examples), longest)
    mask = torch.zeros_like(tokens)
    for row, example in enumerate(examples):
        length = len(example.token_ids)
        tokens[row, :length], mask[row, :length] = torch.tensor(example.token_ids), 1
        weights[row, :length] = torch.tensor(example.loss_weights)
    logits = model(input_ids=tokens, attention_mask=mask).logits[:, :-1]
    token_losses = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    loss = (token_losses * weights[:, 1:].flatten()).sum() / weights[:, 1:].sum()
    loss.backward()
    return loss.item(), {name: w.grad for name, w in model.named_parameters() if w.grad is not None}


def adapted(
    base: BaseModel, targets: Sequence[str] = ALL_KINDS, *, zero_b: bool = False
) -> tuple[Decoder, AdapterConfig]:
    decoder, config = load_decoder(base, torch.float32), AdapterConfig(4, 8, tuple(targets))
    add_adapter(decoder, config, seed=2)
    generator = torch.Generator().manual_seed(9)
    for layer in linear_layers(decoder).values():
        if layer.lora_B is not None and not zero_b:
            layer.lora_B.data.normal_(0, 0.1, generator=generator)
    return decoder, config


@pytest.mark.parametrize("shape", ["grouped heads, tied head", "untied head", "biases"])
def test_gradients_equal_a_padded_transformers_reference(
    base_of_shape: Any, llama: Any, examples: Any, shape: str
) -> None:
    base = base_of_shape(shape)
    loss, ours = gradients(load_decoder(base, torch.float32, train_all=True), examples, budget_tokens=64)
    expected_loss, expected = padded_reference(llama(base), examples)
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert worst(ours, expected)[0] < 1e-5


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("targets", [ALL_KINDS, ALL_KINDS[:-1], ("q_proj", "v_proj")], ids="-".join)
def test_adapter_gradients_equal_a_padded_peft_reference(
    base: BaseModel, llama: Any, examples: Any, targets: tuple[str, ...], tmp_path: Path
) -> None:
    from peft import PeftModel

    decoder, config = adapted(base, targets)
    save_adapter(tmp_path, decoder, config, base.name)
    loss, ours = gradients(decoder, examples, budget_tokens=64)
    model = PeftModel.from_pretrained(llama(base), tmp_path, is_trainable=True)
    expected_loss, theirs = padded_reference(model, examples)
    expected = {name.removeprefix("base_model.model.").removesuffix(".default.weight"): g for name, g in theirs.items()}
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert worst(ours, expected)[0] < 1e-5


@pytest.fixture(params=["full", "adapter"])
def trained(request: pytest.FixtureRequest, base: BaseModel) -> Decoder:
    return load_decoder(base, torch.float32, train_all=True) if request.param == "full" else adapted(base)[0]


@pytest.mark.parametrize("budget_tokens", [1, 20, 64, 100])
def test_packing_changes_neither_loss_nor_gradients(trained: Decoder, examples: Any, budget_tokens: int) -> None:
    expected_loss, expected = gradients(trained, examples, budget_tokens=10**9)
    loss, ours = gradients(trained, examples, budget_tokens)
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert worst(ours, expected)[0] < 1e-6


def test_loss_does_not_change_with_accumulation(trained: Decoder, examples: Any) -> None:
    """Eight micro-batches of one example, and one of eight: a mean over trained tokens, not of means."""
    assert [len(make_batch(examples, budget).micro_batches) for budget in (1, 10**9)] == [8, 1]
    eight, one = gradients(trained, examples, 1), gradients(trained, examples, 10**9)
    assert eight[0] == pytest.approx(one[0], rel=1e-6)
    assert worst(eight[1], one[1])[0] < 1e-6


def test_chunks_of_the_output_head_change_neither_loss_nor_gradients(
    trained: Decoder, examples: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected_loss, expected = gradients(trained, examples, 64)
    monkeypatch.setattr(losses, "CHUNK_ELEMENTS", 3 * 384)
    loss, ours = gradients(trained, examples, 64)
    assert loss == pytest.approx(expected_loss, rel=1e-6)
    assert worst(ours, expected)[0] < 1e-6


def test_recomputed_activations_give_the_same_bits(trained: Decoder, examples: Any) -> None:
    kept = gradients(trained, examples, 64)
    trained.activation_checkpointing = True
    again = gradients(trained, examples, 64)
    assert kept[0] == again[0]
    assert kept[1].keys() == again[1].keys()
    assert all(torch.equal(kept[1][name], again[1][name]) for name in kept[1])


@pytest.mark.parametrize(("is_recomputed", "passes"), [(False, 1), (True, 2)])
def test_activation_checkpointing_computes_each_layer_twice(
    trained: Decoder, examples: Any, is_recomputed: bool, passes: int
) -> None:
    calls: list[int] = []
    for number, layer in enumerate(trained.model.layers):
        layer.mlp.register_forward_pre_hook(lambda *_, number=number: calls.append(number))
    trained.activation_checkpointing = is_recomputed
    gradients(trained, examples, 10**9)
    assert sorted(calls) == sorted([*range(len(trained.model.layers))] * passes)


def test_order_of_examples_changes_neither_loss_nor_gradients(trained: Decoder, examples: Any) -> None:
    one, other = gradients(trained, examples, 64), gradients(trained, examples[::-1], 64)
    assert other[0] == pytest.approx(one[0], rel=1e-6)
    assert worst(other[1], one[1])[0] < 1e-6


def test_same_batch_gives_the_same_bits(trained: Decoder, examples: Any) -> None:
    one, same = gradients(trained, examples, 64), gradients(trained, examples, 64)
    assert one[0] == same[0]
    assert all(torch.equal(one[1][name], same[1][name]) for name in one[1])


def test_fresh_adapter_has_the_loss_of_the_base(base: BaseModel, examples: Any) -> None:
    plain, fresh = load_decoder(base, torch.float32), adapted(base, zero_b=True)[0]
    (micro,) = make_batch(examples, 10**9).micro_batches
    assert torch.equal(token_losses(fresh, micro).losses_M, token_losses(plain, micro).losses_M)


def test_weights_count_relative_to_each_other(base: BaseModel, examples: Any) -> None:
    decoder = load_decoder(base, torch.float32, train_all=True)
    doubled = [replace(e, loss_weights=tuple(2 * w for w in e.loss_weights)) for e in examples]
    one, other = gradients(decoder, examples, 64), gradients(decoder, doubled, 64)
    assert other[0] == pytest.approx(one[0], rel=1e-6)
    assert worst(other[1], one[1])[0] < 1e-6


def test_only_tokens_with_a_weight_are_targets(examples: Any) -> None:
    last_only = [replace(e, loss_weights=(*[0.0] * (len(e.loss_weights) - 1), 1.0)) for e in examples]
    (micro,) = make_batch(last_only, 10**9).micro_batches
    assert sorted(micro.targets_M.tolist()) == sorted(e.token_ids[-1] for e in examples)


def test_only_what_is_trained_gets_a_gradient(base: BaseModel, examples: Any) -> None:
    decoder = adapted(base, ("q_proj",))[0]
    names = set(gradients(decoder, examples, 64)[1])
    assert names == {f"model.layers.{i}.self_attn.q_proj.lora_{half}" for i in range(2) for half in "AB"}
    assert all(weight.grad is None for _, weight in named_weights(decoder))


def test_gradients_of_a_bf16_decoder_are_kept_in_fp32(base: BaseModel, examples: Any) -> None:
    decoder = load_decoder(base, torch.bfloat16, train_all=True)
    exact = gradients(load_decoder(base, torch.float32, train_all=True), examples, 64)[1]
    rough = gradients(decoder, examples, 64)[1]
    assert {g.dtype for g in rough.values()} == {torch.float32}
    assert worst(rough, exact)[0] < 0.1


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
