"""Adapters: exact at the start, the same merged or beside the weights, the same in PEFT, refused where they do not fit."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tunesmith.core.errors import UserError
from tunesmith.data.render import Renderer
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import BaseModel, read_folder
from tunesmith.nn.lora import (
    AdapterConfig,
    adapter_tensors,
    add_adapter,
    load_adapter,
    merge_adapter,
    read_adapter_config,
    save_adapter,
    target_kinds,
)
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, load_decoder, named_weights, read_tensors, write_tensors
from tunesmith.train.result import save_model

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ALL_KINDS = (*PROJECTIONS, "lm_head")
TEXT = torch.randint(384, (50,), generator=torch.Generator().manual_seed(4))


@pytest.fixture(scope="session")
def base(tiny_base: Path) -> BaseModel:
    return read_folder(tiny_base, str(tiny_base))


@pytest.fixture(scope="session")
def untied_base(make_base: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    folder = make_base(tmp_path_factory.mktemp("untied"), tie=False)
    return read_folder(folder, str(folder))


def adapted(
    base: BaseModel, targets: tuple[str, ...] = ALL_KINDS, dtype: torch.dtype = torch.float32
) -> tuple[Decoder, AdapterConfig]:
    """A decoder whose adapter moves its logits."""
    decoder, config = load_decoder(base, dtype), AdapterConfig(4, 8, targets)
    add_adapter(decoder, config, seed=2)
    generator = torch.Generator().manual_seed(9)
    for layer in linear_layers(decoder).values():
        if layer.lora_B is not None:
            layer.lora_B.data.normal_(0, 0.1, generator=generator)
    return decoder, config


def logits(decoder: Decoder) -> Tensor:
    with torch.no_grad():
        return decoder.logits(decoder(TEXT, Borders.of([20, 30])))


def error(ours: Tensor, reference: Tensor) -> float:
    return float((ours.double() - reference.double()).norm() / reference.double().norm())


def saved(folder: Path, base: BaseModel, **changed: Any) -> Path:
    """An adapter on disk whose config has other values."""
    decoder, config = adapted(base)
    save_adapter(folder, decoder, config, base.name)
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changed}))
    return folder


def rewritten(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Path:
    path = folder / "adapter_model.safetensors"
    write_tensors(path, change(read_tensors(path)))
    return folder


def test_fresh_adapter_changes_no_bit(base: BaseModel) -> None:
    decoder = load_decoder(base, torch.float32)
    before = logits(decoder)
    add_adapter(decoder, AdapterConfig(8, 16, ALL_KINDS), seed=1)
    assert torch.equal(logits(decoder), before)
    assert not torch.equal(logits(adapted(base)[0]), before)


def test_fresh_adapter_is_a_function_of_the_seed(base: BaseModel) -> None:
    tensors = []
    for seed in (1, 1, 2):
        decoder = load_decoder(base, torch.float32)
        add_adapter(decoder, AdapterConfig(8, 16, ALL_KINDS), seed)
        tensors.append(adapter_tensors(decoder))
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])
    assert all(torch.equal(tensors[0][name], tensors[2][name]) == ("lora_B" in name) for name in tensors[0])


def test_only_the_pairs_are_trained(base: BaseModel) -> None:
    decoder = load_decoder(base, torch.bfloat16, train_all=True)
    add_adapter(decoder, AdapterConfig(2, 4, ("q_proj", "down_proj")), seed=1)
    trained = {name: weight.dtype for name, weight in decoder.named_parameters() if weight.requires_grad}
    assert len(trained) == 2 * 2 * 2
    assert all("lora_" in name and ("q_proj" in name or "down_proj" in name) for name in trained)
    assert set(trained.values()) == {torch.float32}


def test_unknown_target_is_named_with_the_known_ones(base: BaseModel) -> None:
    decoder = load_decoder(base, torch.float32)
    with pytest.raises(UserError, match="no layer qkv_proj, w1") as caught:
        add_adapter(decoder, AdapterConfig(4, 8, ("q_proj", "qkv_proj", "w1")), seed=1)
    assert all(kind in caught.value.hint for kind in ALL_KINDS)
    assert target_kinds(decoder) == ALL_KINDS


def test_empty_list_of_targets_is_refused(base: BaseModel) -> None:
    with pytest.raises(UserError, match="the list is empty"):
        add_adapter(load_decoder(base, torch.float32), AdapterConfig(4, 8, ()), seed=1)


def test_one_layer_can_be_targeted_by_its_full_name(base: BaseModel) -> None:
    decoder = load_decoder(base, torch.float32)
    add_adapter(decoder, AdapterConfig(4, 8, ("model.layers.1.mlp.up_proj",)), seed=1)
    assert [name for name in linear_layers(decoder) if linear_layers(decoder)[name].lora_A is not None] == [
        "model.layers.1.mlp.up_proj"
    ]


@pytest.mark.parametrize("dtype, bound", [(torch.float32, 1e-6), (torch.bfloat16, 2e-2)], ids=str)
@pytest.mark.parametrize("targets", [ALL_KINDS, PROJECTIONS, ("lm_head",)], ids=len)
def test_merged_weights_equal_the_adapter(
    base: BaseModel, targets: tuple[str, ...], dtype: torch.dtype, bound: float
) -> None:
    decoder, _ = adapted(base, targets, dtype)
    before = logits(decoder)
    merge_adapter(decoder)
    assert adapter_tensors(decoder) == {}
    assert error(logits(decoder), before) < bound


def test_merging_a_tied_head_unties_it(base: BaseModel) -> None:
    decoder, _ = adapted(base)
    embeddings = decoder.model.embed_tokens.weight.clone()
    merge_adapter(decoder)
    assert torch.equal(decoder.model.embed_tokens.weight, embeddings)
    assert not torch.equal(decoder.lm_head.weight, embeddings)


def test_head_without_a_pair_stays_tied_after_merging(base: BaseModel) -> None:
    decoder, _ = adapted(base, PROJECTIONS)
    merge_adapter(decoder)
    assert decoder.lm_head.weight is decoder.model.embed_tokens.weight
    assert decoder.config.tie_word_embeddings


@pytest.mark.parametrize("targets", [ALL_KINDS, PROJECTIONS], ids=len)
def test_merged_model_is_the_same_after_saving(base: BaseModel, targets: tuple[str, ...], tmp_path: Path) -> None:
    decoder, _ = adapted(base, targets)
    merge_adapter(decoder)
    save_model(tmp_path / "model", decoder, None, base, Renderer.load(base.folder), is_chat=True)
    again = load_decoder(read_folder(tmp_path / "model", "it"), torch.float32)
    assert torch.equal(logits(again), logits(decoder))


@pytest.mark.parametrize("targets", [ALL_KINDS, PROJECTIONS, ("lm_head",)], ids=len)
def test_saved_adapter_is_loaded_bit_for_bit(base: BaseModel, targets: tuple[str, ...], tmp_path: Path) -> None:
    decoder, config = adapted(base, targets)
    save_adapter(tmp_path, decoder, config, base.name)
    again = load_decoder(base, torch.float32)
    assert load_adapter(again, tmp_path) == replace(config, target_modules=tuple(sorted(targets)))
    assert torch.equal(logits(again), logits(decoder))


def test_adapter_with_wrong_prefix_is_refused(base: BaseModel, tmp_path: Path) -> None:
    folder = rewritten(saved(tmp_path, base), lambda ts: {f"module.{name}": t for name, t in ts.items()})
    with pytest.raises(UserError, match="does not fit") as caught:
        load_adapter(load_decoder(base, torch.float32), folder)
    assert "30 tensors found no module (such as module.base_model.model.lm_head.lora_A.weight)" in caught.value.message
    assert "30 are missing (such as base_model.model.lm_head.lora_A.weight)" in caught.value.message


def test_adapter_in_a_quantized_number_type_is_refused_by_name(base: BaseModel, tmp_path: Path) -> None:
    folder = rewritten(saved(tmp_path, base), lambda ts: {n: t.to(torch.float8_e4m3fn) for n, t in ts.items()})
    with pytest.raises(UserError, match=r"q_proj are kept as torch\.float8_e4m3fn"):
        load_adapter(load_decoder(base, torch.float32), folder)


def test_adapter_with_a_missing_tensor_is_refused_by_name(base: BaseModel, tmp_path: Path) -> None:
    name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
    folder = rewritten(saved(tmp_path, base), lambda ts: {n: t for n, t in ts.items() if n != name})
    with pytest.raises(UserError, match=f"0 tensors found no module, 1 are missing \\(such as {name}\\)"):
        load_adapter(load_decoder(base, torch.float32), folder)


def test_adapter_of_a_deeper_model_is_refused(base: BaseModel, tmp_path: Path) -> None:
    folder = saved(tmp_path, base)
    shallow = replace(base.config, num_layers=1)
    with torch.device("meta"):
        decoder = Decoder(shallow)
    with pytest.raises(UserError, match=r"14 tensors found no module .*layers\.1"):
        load_adapter(decoder, folder)


@pytest.mark.parametrize("half, shape", [("A", (4, 31)), ("A", (5, 32)), ("B", (48, 5)), ("B", (1, 4))])
def test_adapter_of_another_shape_is_refused_by_name(
    base: BaseModel, tmp_path: Path, half: str, shape: tuple[int, int]
) -> None:
    name = f"base_model.model.model.layers.1.mlp.up_proj.lora_{half}.weight"
    folder = rewritten(saved(tmp_path, base), lambda ts: ts | {name: torch.zeros(shape)})
    with pytest.raises(UserError, match=r"model\.layers\.1\.mlp\.up_proj have shapes .* 48 × 32 and the rank 4"):
        load_adapter(load_decoder(base, torch.float32), folder)


def test_adapter_that_does_not_fit_leaves_the_model_as_it_was(base: BaseModel, tmp_path: Path) -> None:
    name = "base_model.model.lm_head.lora_B.weight"
    folder = rewritten(saved(tmp_path, base), lambda ts: ts | {name: torch.zeros(3, 4)})
    decoder = load_decoder(base, torch.float32)
    before = logits(decoder)
    with pytest.raises(UserError, match="lm_head have shapes"):
        load_adapter(decoder, folder)
    assert torch.equal(logits(decoder), before)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_adapter_that_is_not_finite_is_refused_by_name(base: BaseModel, tmp_path: Path, value: float) -> None:
    name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
    folder = rewritten(saved(tmp_path, base), lambda ts: ts | {name: torch.full((48, 4), value)})
    with pytest.raises(UserError, match=r"layers\.1\.mlp\.up_proj.*not finite"):
        load_adapter(load_decoder(base, torch.float32), folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"use_rslora": True},
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"rank_pattern": {"q_proj": 2}},
        {"alpha_pattern": {"q_proj": 2}},
        {"init_lora_weights": "pissa"},
        {"alora_invocation_tokens": [5, 6]},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_kind_of_adapter_with_other_mathematics_is_refused_by_name(
    base: BaseModel, tmp_path: Path, changed: Any
) -> None:
    with pytest.raises(UserError, match=next(iter(changed))):
        load_adapter(load_decoder(base, torch.float32), saved(tmp_path, base, **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"peft_type": "IA3"}, {"peft_type": None}, {"target_modules": "all-linear"}, {"target_modules": None},
        {"target_modules": 3}, {"r": 0}, {"r": -4}, {"r": "many"}, {"r": None}, {"r": float("inf")},
        {"lora_alpha": None}, {"lora_alpha": float("nan")}, {"lora_alpha": 0}, {"layers_to_transform": [0]},
    ],
    ids=str,
)  # fmt: skip
def test_config_that_is_no_lora_config_is_refused(base: BaseModel, tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"adapter_config\.json"):
        read_adapter_config(saved(tmp_path, base, **changed) / "adapter_config.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_damaged_adapter_config_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "adapter_config.json").write_bytes(content)
    with pytest.raises(UserError, match="is not a LoRA config"):
        read_adapter_config(tmp_path / "adapter_config.json")


def test_missing_adapter_config_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"adapter_config\.json is missing"):
        read_adapter_config(tmp_path / "adapter_config.json")


def test_adapter_without_safetensors_is_the_users_mistake(base: BaseModel, tmp_path: Path) -> None:
    folder = saved(tmp_path, base)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(UserError, match=r"adapter_model\.safetensors"):
        load_adapter(load_decoder(base, torch.float32), folder)


@pytest.fixture(scope="session")
def llama() -> Callable[[BaseModel], Any]:
    """The same base model in transformers."""
    from transformers import LlamaForCausalLM

    return lambda base: LlamaForCausalLM.from_pretrained(base.folder, dtype=torch.float32)


def their_logits(model: Any) -> Tensor:
    with torch.no_grad():
        return torch.cat([model(input_ids=text[None]).logits[0] for text in TEXT.split([20, 30])])


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("targets", [ALL_KINDS, PROJECTIONS, ("lm_head",)], ids=len)
@pytest.mark.parametrize("tie", [True, False])
def test_peft_gives_our_adapter_the_same_logits(
    request: Any, llama: Any, targets: Any, tie: bool, tmp_path: Path
) -> None:
    from peft import PeftModel

    base = request.getfixturevalue("base" if tie else "untied_base")
    decoder, config = adapted(base, targets)
    save_adapter(tmp_path, decoder, config, base.name)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(llama(base), tmp_path)
    assert not [w for w in heard if "missing" in str(w.message).lower()]
    assert error(logits(decoder), their_logits(model)) < 1e-6
    assert error(logits(decoder), logits(load_decoder(base, torch.float32))) > 0.01


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("targets", [ALL_KINDS, PROJECTIONS, ("q_proj", "v_proj")], ids=len)
@pytest.mark.parametrize("tie", [True, False])
def test_adapter_saved_by_peft_gives_the_same_logits(
    request: Any, llama: Any, targets: Any, tie: bool, tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model

    base = request.getfixturevalue("base" if tie else "untied_base")
    torch.manual_seed(0)
    settings = LoraConfig(
        r=4, lora_alpha=12, target_modules=list(targets), init_lora_weights=False, task_type="CAUSAL_LM"
    )
    model = get_peft_model(llama(base), settings).eval()
    model.save_pretrained(tmp_path)
    decoder = load_decoder(base, torch.float32)
    assert load_adapter(decoder, tmp_path).scale == 3
    assert error(logits(decoder), their_logits(model)) < 1e-6


def test_weights_that_are_saved_are_those_of_the_layout_only(base: BaseModel) -> None:
    decoder, _ = adapted(base)
    assert set(dict(named_weights(decoder))) == set(read_tensors(base.folder / "model.safetensors"))
