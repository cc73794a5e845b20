"""Every architecture that the decoder knows, against the class of ``transformers`` it is named after.

The models are tiny, made and saved by those classes, with random norms and biases. Everything is fp32 on
one thread. An error is the norm of a difference over the norm of the reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tunesmith.data.examples import TokenizedExample
from tunesmith.infer.engine import generate
from tunesmith.infer.sampling import Sampling
from tunesmith.nn import attention
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import BaseModel, config_as_json, parse_config, read_folder
from tunesmith.nn.lora import AdapterConfig, add_adapter, load_adapter, merge_adapter, save_adapter, target_kinds
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, load_decoder, named_weights, write_tensors
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, ResolvedSpec, resolve
from tunesmith.train.batches import make_batch
from tunesmith.train.losses import backward
from tunesmith.train.optim import Optimizer

VOCABULARY, CONTEXT, WINDOW, NUM_LAYERS = 96, 128, 7, 3
COMMON: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": NUM_LAYERS,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": CONTEXT, "head_dim": 16,
    "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
}  # fmt: skip
# A small base, so that waves of all lengths occur in a context this short.
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
YARN = {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0, "original_max_position_embeddings": 32}
SOME_LAYERS = {"use_sliding_window": True, "sliding_window": WINDOW}
# Family → the class's name without "Config" and "ForCausalLM", and what differs from COMMON.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {}),
    "llama with biases": ("Llama", {"attention_bias": True, "mlp_bias": True}),
    "llama 3 rope": ("Llama", {"rope_parameters": LLAMA3}),
    "llama linear rope": ("Llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0}}),
    "llama yarn rope": ("Llama", {"rope_parameters": {**YARN, "original_max_position_embeddings": 1024, "truncate": False}}),
    "smollm2": ("Llama", {"num_attention_heads": 3, "num_key_value_heads": 1, "hidden_size": 48, "tie_word_embeddings": True}),
    "mistral": ("Mistral", {"sliding_window": None}),
    "mistral with window": ("Mistral", {"sliding_window": WINDOW}),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen2 with window": ("Qwen2", {**SOME_LAYERS, "max_window_layers": 1}),
    "qwen2 yarn rope": ("Qwen2", {"rope_parameters": {**YARN, "beta_fast": 4.0}}),
    "qwen3": ("Qwen3", {"tie_word_embeddings": True}),
    "qwen3 with biases": ("Qwen3", {"attention_bias": True}),
    "qwen3 with window": ("Qwen3", {**SOME_LAYERS, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}),
}  # fmt: skip
SCALED = [family for family in FAMILIES if "rope" in family]
WINDOWED = [family for family in FAMILIES if "window" in family]
LENGTHS = (3, 37, 1, 90, 37, 9)


@dataclass(frozen=True)
class Pair:
    """One model, twice: ``base`` is read by us from the folder that ``theirs`` was saved to."""

    base: BaseModel
    theirs: Any

    def ours(self, *, train_all: bool = False) -> Decoder:
        return load_decoder(self.base, torch.float32, train_all=train_all)


@pytest.fixture(scope="session")
def pair_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    made: dict[str, Pair] = {}

    def pair(family: str) -> Pair:
        if family not in made:
            made[family] = make_pair(tmp_path_factory.mktemp("family"), *FAMILIES[family])
        made[family].theirs.zero_grad(set_to_none=True)
        return made[family]

    return pair


@pytest.fixture(params=FAMILIES)
def pair(request: pytest.FixtureRequest, pair_of: Callable[[str], Pair]) -> Pair:
    return pair_of(request.param)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_pair(folder: Path, name: str, changes: Mapping[str, Any]) -> Pair:
    import transformers

    config = getattr(transformers, f"{name}Config")(**{**COMMON, **changes})
    model = getattr(transformers, f"{name}ForCausalLM")(config)
    generator = torch.Generator().manual_seed(5)
    for weight_name, weight in model.named_parameters():
        spread = 0.15 if weight.dim() > 1 else 0.3
        centre = 1.0 if weight_name.endswith("norm.weight") else 0.0
        weight.data.normal_(centre, spread, generator=generator)
    model.save_pretrained(folder)
    return Pair(read_folder(folder, str(folder)), model.eval())


def documents(lengths: Sequence[int], seed: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(VOCABULARY, (length,), generator=generator) for length in lengths]


def packed_logits(decoder: Decoder, texts: Sequence[Tensor]) -> list[Tensor]:
    lengths = [len(text) for text in texts]
    with torch.no_grad():
        return list(decoder.logits(decoder(torch.cat(list(texts)), Borders.of(lengths))).split(lengths))


def logits_of_each(model: Any, texts: Sequence[Tensor]) -> list[Tensor]:
    with torch.no_grad():
        return [model(text[None]).logits[0] for text in texts]


def error(ours: Tensor, reference: Tensor) -> float:
    return float((ours.double() - reference.double()).norm() / reference.double().norm())


def worst(ours: Mapping[str, Tensor], reference: Mapping[str, Tensor]) -> float:
    assert ours.keys() == reference.keys()
    return max(error(ours[name], reference[name]) for name in ours)


@pytest.mark.parametrize("kernel", ["products", "fused"])
def test_packed_logits_equal_those_of_each_document_alone_in_transformers(
    pair: Pair, kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", 512 if kernel == "products" else 0)
    monkeypatch.setattr(attention, "WINDOW_RUN", 16)
    monkeypatch.setattr(attention, "BLOCK_TOKENS", 16)
    texts = documents(LENGTHS)
    expected = logits_of_each(pair.theirs, texts)
    for own, theirs in zip(packed_logits(pair.ours(), texts), expected, strict=True):
        assert theirs.std() > 0.1
        assert error(own, theirs) < 1e-5


def test_packed_logits_equal_our_own_of_each_document_alone(pair: Pair) -> None:
    decoder, texts = pair.ours(), documents(LENGTHS)
    for text, own in zip(texts, packed_logits(decoder, texts), strict=True):
        assert error(own, packed_logits(decoder, [text])[0]) < 1e-5


def examples() -> list[TokenizedExample]:
    return [
        TokenizedExample(line, tuple(text.tolist()), tuple(float((place + line) % 3 > 0) for place in range(len(text))))
        for line, text in enumerate(documents((5, 33, 12, 70, 33)))
    ]


def our_gradients(decoder: Decoder) -> dict[str, Tensor]:
    """Of the mean loss of packed micro-batches, left in ``grad`` and returned by name."""
    batch = make_batch(examples(), 64)
    for micro in batch.micro_batches:
        backward(decoder, micro, batch.total_weight)
    trained = {name: weight.grad for name, weight in decoder.named_parameters() if weight.requires_grad}
    return {name: gradient for name, gradient in trained.items() if gradient is not None}


def their_gradients(model: Any) -> dict[str, Tensor]:
    """The same mean loss, one example after another, unpacked and unpadded."""
    total = sum(sum(example.loss_weights[1:]) for example in examples())
    for example in examples():
        tokens, weights = torch.tensor(example.token_ids), torch.tensor(example.loss_weights)
        losses = F.cross_entropy(model(tokens[None]).logits[0, :-1], tokens[1:], reduction="none")
        ((losses * weights[1:]).sum() / total).backward()
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("kernel", ["products", "fused"])
def test_gradients_of_all_weights_equal_transformers(pair: Pair, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "PRODUCTS_MAX_LENGTH", 512 if kernel == "products" else 0)
    monkeypatch.setattr(attention, "WINDOW_RUN", 16)
    monkeypatch.setattr(attention, "BLOCK_TOKENS", 16)
    ours, theirs = our_gradients(pair.ours(train_all=True)), their_gradients(pair.theirs)
    assert len(ours) == len(dict(pair.theirs.named_parameters()))
    assert worst(ours, theirs) < 1e-5


def settings() -> ResolvedSpec:
    spec = FineTuneSpec(base_model="b", training_file="t", max_steps=10, learning_rate=1e-2, lr_schedule="constant")
    facts = Facts(
        num_examples=10, longest_example_tokens=10, mean_example_tokens=10.0, has_validation=False,
        context_length=CONTEXT, hidden_size=32, num_parameters=1000, linear_kinds=("q_proj",), device="cpu",
        has_fast_bf16=False, can_compile=False,
    )  # fmt: skip
    return replace(resolve(spec, facts), warmup_steps=0, weight_decay=0.1)


def test_weights_after_a_step_of_adamw_equal_transformers(pair: Pair) -> None:
    """The first step moves a weight by its gradient's sign: compared where rounding cannot turn that sign."""
    decoder, chosen = pair.ours(train_all=True), settings()
    before = {name: weight.detach().clone() for name, weight in named_weights(decoder)}
    our_gradients(decoder)
    Optimizer(dict(decoder.named_parameters()), chosen).step(0)
    expected = after_one_step(pair.theirs, chosen)
    clear = {name: has_a_clear_sign(weight.grad) for name, weight in pair.theirs.named_parameters()}
    assert sum(int(c.sum()) for c in clear.values()) > 0.99 * sum(c.numel() for c in clear.values())
    for name, weight in named_weights(decoder):
        moved, reference = weight.detach() - before[name], expected[name] - before[name]
        assert float(reference.abs().min()) > 0
        assert error(moved[clear[name]], reference[clear[name]]) < 1e-5


def has_a_clear_sign(gradient: Tensor) -> Tensor:
    """Exactly 0, or more than a thousandth of the tensor's usual size."""
    return (gradient == 0) | (gradient.abs() > 1e-3 * gradient.square().mean().sqrt())


def after_one_step(model: Any, chosen: ResolvedSpec) -> dict[str, Tensor]:
    """AdamW of torch over the model of transformers; matrices decay. The model itself is left as it was."""
    weights = {name: weight.detach().clone().requires_grad_() for name, weight in model.named_parameters()}
    for name, gradient in their_gradients(model).items():
        weights[name].grad = gradient.clone()
    groups = [
        {"params": [w for w in weights.values() if w.dim() > 1], "weight_decay": chosen.weight_decay},
        {"params": [w for w in weights.values() if w.dim() < 2], "weight_decay": 0.0},
    ]
    betas = (chosen.adam_beta1, chosen.adam_beta2)
    torch.optim.AdamW(groups, lr=chosen.learning_rate, betas=betas, eps=1e-8).step()
    return {name: weight.detach() for name, weight in weights.items()}


def test_greedy_generation_equals_transformers(pair: Pair) -> None:
    """Prompts shorter and longer than the window, beside each other; the answers pass it too."""
    prompts = [text.tolist() for text in documents((5, 1, 40, 7, 6, 23), seed=3)]
    decoder, expected = pair.ours(), []
    for prompt in prompts:
        out = pair.theirs.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
            max_new_tokens=24, eos_token_id=None, pad_token_id=0,
        )  # fmt: skip
        expected.append(out[0, len(prompt) :].tolist())
    assert [c.token_ids for c in generate(decoder, prompts, Sampling(max_new_tokens=24))] == expected
    assert len({tuple(answer) for answer in expected}) > 1


def test_logits_of_decoding_equal_those_of_one_pass(pair: Pair) -> None:
    decoder, texts = pair.ours(), documents((30, 50), seed=4)
    passes = packed_logits(decoder, texts)
    with torch.no_grad():
        cache = decoder.new_cache(2, CONTEXT)
        decoder(torch.cat([text[:20] for text in texts]), Borders.of([20, 20]), cache, [0, 1])
        cache.lengths_N = torch.tensor([20, 20])
        for place in range(20, 30):
            logits = decoder.logits(decoder.decode(torch.stack([text[place] for text in texts]), cache))
            for own, whole in zip(logits, passes, strict=True):
                assert error(own, whole[place]) < 1e-5


def test_number_of_parameters_is_that_of_transformers(pair: Pair) -> None:
    assert pair.base.config.num_parameters == pair.theirs.num_parameters()


def test_saved_config_is_read_without_remarks(pair: Pair) -> None:
    assert pair.base.remarks == ()


def test_config_that_we_write_is_the_same_model_to_us_and_to_transformers(pair: Pair, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    written = json.loads(json.dumps(config_as_json(pair.base.config, "float32")))
    assert parse_config(written, "config.json") == (pair.base.config, ())
    (tmp_path / "config.json").write_text(json.dumps(written))
    write_tensors(tmp_path / "model.safetensors", {name: w.detach() for name, w in named_weights(pair.ours())})
    again, texts = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32), documents((90,))
    assert type(again) is type(pair.theirs)
    assert torch.equal(logits_of_each(again, texts)[0], logits_of_each(pair.theirs, texts)[0])


def adapted(pair: Pair) -> tuple[Decoder, AdapterConfig]:
    decoder = pair.ours()
    config = AdapterConfig(4, 8, target_kinds(decoder)[:-1])
    add_adapter(decoder, config, seed=2)
    generator = torch.Generator().manual_seed(9)
    for layer in linear_layers(decoder).values():
        if layer.lora_B is not None:
            layer.lora_B.data.normal_(0, 0.1, generator=generator)
    return decoder, config


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
def test_adapter_is_the_same_to_us_and_to_peft(pair: Pair, tmp_path: Path) -> None:
    from peft import PeftModel

    decoder, config = adapted(pair)
    save_adapter(tmp_path, decoder, config, pair.base.name)
    fresh = type(pair.theirs).from_pretrained(pair.base.folder, dtype=torch.float32)
    model, texts = PeftModel.from_pretrained(fresh, tmp_path, is_trainable=True), documents((90,))
    logits = packed_logits(decoder, texts)[0]
    assert error(logits, logits_of_each(model, texts)[0]) < 1e-5
    assert error(logits, packed_logits(pair.ours(), texts)[0]) > 1e-2
    expected = {
        name.removeprefix("base_model.model.").removesuffix(".default.weight"): gradient
        for name, gradient in their_gradients(model).items()
    }
    assert worst(our_gradients(decoder), expected) < 1e-5


def test_merged_adapter_has_the_logits_of_the_adapter_and_the_biases_of_the_base(pair: Pair, tmp_path: Path) -> None:
    (decoder, config), texts, merged = adapted(pair), documents((40,)), pair.ours()
    save_adapter(tmp_path, decoder, config, pair.base.name)
    load_adapter(merged, tmp_path)
    merge_adapter(merged)
    assert error(packed_logits(merged, texts)[0], packed_logits(decoder, texts)[0]) < 1e-5
    base = dict(named_weights(pair.ours()))
    vectors = {name: weight for name, weight in named_weights(merged) if weight.dim() == 1}
    assert all(torch.equal(weight, base[name]) for name, weight in vectors.items())


@pytest.mark.parametrize("family", WINDOWED)
def test_window_hides_what_lies_further_back(pair_of: Callable[[str], Pair], family: str) -> None:
    decoder, (text,) = pair_of(family).ours(), documents((60,))
    wide = replace(decoder.config, sliding_window=None, windowed_layers=())
    open_decoder = Decoder(wide)
    open_decoder.load_state_dict(decoder.state_dict())
    windowed, full = packed_logits(decoder, [text])[0], packed_logits(open_decoder, [text])[0]
    assert error(windowed[:WINDOW], full[:WINDOW]) < 1e-5
    assert all(error(windowed[place], full[place]) > 1e-3 for place in range(WINDOW, 60))


def test_mistral_sees_one_window_further_back_a_layer(pair_of: Callable[[str], Pair]) -> None:
    decoder, (text,) = pair_of("mistral with window").ours(), documents((60,))
    other = torch.cat([(text[:1] + 1) % VOCABULARY, text[1:]])
    before, after = packed_logits(decoder, [text])[0], packed_logits(decoder, [other])[0]
    reach = NUM_LAYERS * (WINDOW - 1)
    assert bool((before[: reach + 1] != after[: reach + 1]).any(1).all())
    assert torch.equal(before[reach + 1 :], after[reach + 1 :])


@pytest.mark.parametrize("family", SCALED)
def test_scaled_positions_change_the_logits(pair_of: Callable[[str], Pair], family: str) -> None:
    decoder, (text,) = pair_of(family).ours(), documents((60,))
    plain = Decoder(replace(decoder.config, rope_scaling=None))
    plain.load_state_dict(decoder.state_dict())
    assert error(packed_logits(plain, [text])[0], packed_logits(decoder, [text])[0]) > 1e-2


@pytest.mark.parametrize("family", SCALED)
def test_old_keys_of_scaled_positions_mean_the_same(pair_of: Callable[[str], Pair], family: str) -> None:
    """``rope_scaling`` with ``type`` beside ``rope_theta``, as before transformers 5."""
    pair = pair_of(family)
    raw = json.loads((pair.base.folder / "config.json").read_text())
    scaling = raw.pop("rope_parameters")
    old = {
        **raw,
        "rope_theta": scaling.pop("rope_theta"),
        "rope_scaling": {"type": scaling.pop("rope_type"), **scaling},
    }
    assert parse_config(old, "config.json") == (pair.base.config, ())
