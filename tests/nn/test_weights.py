"""Weights on disk: damaged, incomplete and foreign ones are refused; what is loaded owns its memory."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tunesmith.core.errors import MachineError, UserError
from tunesmith.nn.catalog import read_folder
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import (
    linear_layers,
    load_decoder,
    named_weights,
    owned,
    random_decoder,
    read_tensors,
    write_tensors,
)

LoadWith = Callable[[dict[str, Tensor]], Decoder]


@pytest.fixture
def tensors(tiny_base: Path) -> dict[str, Tensor]:
    return read_tensors(tiny_base / "model.safetensors")


@pytest.fixture
def load_with(tiny_base: Path, tmp_path: Path) -> LoadWith:
    """Load the tiny base with other tensors in its file."""

    def load(tensors: dict[str, Tensor]) -> Decoder:
        shutil.copyfile(tiny_base / "config.json", tmp_path / "config.json")
        write_tensors(tmp_path / "model.safetensors", tensors)
        return load_decoder(read_folder(tmp_path, "it"), torch.float32)

    return load


def test_written_tensors_are_read_back_bit_for_bit(tmp_path: Path) -> None:
    tensors = {"a": torch.randn(3, 5).t(), "b": torch.arange(7, dtype=torch.int64), "c": torch.randn(4).bfloat16()}
    write_tensors(tmp_path / "t.safetensors", tensors)
    read = read_tensors(tmp_path / "t.safetensors")
    assert {name: (t.dtype, t.tolist()) for name, t in read.items()} == {
        n: (t.dtype, t.tolist()) for n, t in tensors.items()
    }


def test_loaded_tensors_are_aligned_and_own_their_storage(tmp_path: Path) -> None:
    # One byte first, so that nothing behind it lies aligned in the file.
    tensors = {
        "a": torch.zeros(1, dtype=torch.uint8),
        "b": torch.randn(5, 3).bfloat16(),
        "c": torch.randn(7),
        "d": torch.randn(9),
    }
    write_tensors(tmp_path / "t.safetensors", tensors)
    read = read_tensors(tmp_path / "t.safetensors")
    assert len({t.untyped_storage().data_ptr() for t in read.values()}) == len(read)
    for t in read.values():
        assert t.data_ptr() % 64 == 0
        assert (t.storage_offset(), t.untyped_storage().nbytes()) == (0, t.nbytes)


def test_weights_of_a_decoder_are_aligned_and_own_their_storage(tiny_base: Path) -> None:
    for dtype in (torch.float32, torch.bfloat16):
        decoder = load_decoder(read_folder(tiny_base, "it"), dtype)
        weights = dict(named_weights(decoder))
        assert all(w.data_ptr() % 64 == 0 and w.is_contiguous() for w in weights.values())
        assert len({w.untyped_storage().data_ptr() for w in weights.values()}) == len(weights)


def test_a_slice_becomes_a_tensor_of_its_own() -> None:
    whole = torch.randn(8, 8)
    part = owned(whole[1:, 1:], torch.float32)
    assert torch.equal(part, whole[1:, 1:])
    assert part.untyped_storage().nbytes() == part.nbytes


def test_weights_survive_a_rewrite_of_their_file(tiny_base: Path, tmp_path: Path) -> None:
    file = Path(shutil.copyfile(tiny_base / "model.safetensors", tmp_path / "t.safetensors"))
    tensors = read_tensors(file)
    before = {name: t.clone() for name, t in tensors.items()}
    with file.open("r+b") as handle:
        handle.seek(-4096, 2)
        handle.write(b"\x7f" * 4096)
    assert all(torch.equal(tensors[name], before[name]) for name in tensors)


@pytest.mark.parametrize("cut", [0, 4, 100, -1, -4000])
def test_truncated_file_is_refused(tiny_base: Path, tmp_path: Path, cut: int) -> None:
    (tmp_path / "t.safetensors").write_bytes((tiny_base / "model.safetensors").read_bytes()[:cut])
    with pytest.raises(UserError, match="is not a readable safetensors file"):
        read_tensors(tmp_path / "t.safetensors")


@pytest.mark.parametrize(
    "content", [b"\x80\x04pickle", b"\xff" * 64, (1 << 62).to_bytes(8, "little") + b"{}", b"version https://git-lfs"]
)
def test_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="is not a readable safetensors file"):
        read_tensors(tmp_path / "t.safetensors")


def test_header_that_lies_about_offsets_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 1 << 40]}}).encode()
    (tmp_path / "t.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
    with pytest.raises(UserError, match="is not a readable safetensors file"):
        read_tensors(tmp_path / "t.safetensors")


def test_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises((UserError, MachineError), match=r"t\.safetensors"):
        read_tensors(tmp_path / "t.safetensors")


def test_missing_unknown_and_misshapen_tensors_are_all_named(tensors: dict[str, Tensor], load_with: LoadWith) -> None:
    del tensors["model.norm.weight"]
    tensors["model.layers.9.mlp.up_proj.weight"] = torch.ones(2)
    tensors["model.embed_tokens.weight"] = torch.ones(3, 32)
    with pytest.raises(UserError) as caught:
        load_with(tensors)
    assert "model.norm.weight is missing" in caught.value.message
    assert "model.layers.9.mlp.up_proj.weight is not part of this architecture" in caught.value.message
    assert "model.embed_tokens.weight has shape (3, 32), expected (384, 32)" in caught.value.message


def test_long_list_of_faults_is_counted(load_with: LoadWith) -> None:
    with pytest.raises(UserError, match=r"and 14 more"):
        load_with({"model.norm.weight": torch.ones(32)})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_refused(tensors: dict[str, Tensor], load_with: LoadWith, value: float) -> None:
    tensors["model.layers.1.mlp.up_proj.weight"][3, 4] = value
    with pytest.raises(UserError, match=r"model\.layers\.1\.mlp\.up_proj\.weight holds values that are not finite"):
        load_with(tensors)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.float8_e4m3fn])
def test_quantized_weights_are_refused_by_name(
    tensors: dict[str, Tensor], load_with: LoadWith, dtype: torch.dtype
) -> None:
    tensors["model.layers.0.mlp.up_proj.weight"] = torch.ones(48, 32).to(dtype)
    with pytest.raises(UserError, match=r"model\.layers\.0\.mlp\.up_proj\.weight"):
        load_with(tensors)


def test_rotary_buffers_of_old_checkpoints_are_left_out(tensors: dict[str, Tensor], load_with: LoadWith) -> None:
    decoder = load_with(tensors | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(4)})
    assert "model.layers.0.self_attn.rotary_emb.inv_freq" not in dict(named_weights(decoder))


def test_copy_of_a_tied_head_is_left_out(tensors: dict[str, Tensor], load_with: LoadWith) -> None:
    decoder = load_with(tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()})
    assert decoder.lm_head.weight is decoder.model.embed_tokens.weight


@pytest.mark.parametrize(
    "kind, width", [("F4", 4), ("F6_E2M3", 6), ("F8_E8M0", 8), ("F8_E4M3", 8), ("C64", 64), ("I8", 8)]
)
def test_number_types_that_are_no_weights_are_refused(kind: str, width: int, tiny_base: Path, tmp_path: Path) -> None:
    shutil.copyfile(tiny_base / "config.json", tmp_path / "config.json")
    header = json.dumps({"model.norm.weight": {"dtype": kind, "shape": [8], "data_offsets": [0, width]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(width))
    with pytest.raises(UserError):
        load_decoder(read_folder(tmp_path, "it"), torch.float32)


def test_memory_that_is_not_there_is_not_a_damaged_file(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes.")

    monkeypatch.setattr("tunesmith.nn.weights.owned", no_memory)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        read_tensors(tiny_base / "model.safetensors")


def test_untied_head_that_is_missing_is_said_with_both_ways_out(
    tensors: dict[str, Tensor], tiny_base: Path, tmp_path: Path
) -> None:
    raw = json.loads((tiny_base / "config.json").read_text())
    write_tensors(tmp_path / "model.safetensors", tensors)
    (tmp_path / "config.json").write_text(json.dumps({**raw, "tie_word_embeddings": False}))
    with pytest.raises(UserError, match=r"output head is not tied.*no lm_head\.weight") as caught:
        load_decoder(read_folder(tmp_path, "it"), torch.float32)
    assert "set tie_word_embeddings to true" in caught.value.hint
    assert "take a complete model" in caught.value.hint


@pytest.fixture
def load_shards(tensors: dict[str, Tensor], tiny_base: Path, tmp_path: Path) -> Callable[..., Decoder]:
    """The tiny base in two shards, ``model.norm.weight`` where the test says; the index puts it into the second."""

    def load(*holders: str) -> Decoder:
        norm = tensors.pop("model.norm.weight")
        shards = {"one": dict(list(tensors.items())[:9]), "two": dict(list(tensors.items())[9:])}
        index = {name: f"{shard}.safetensors" for shard in shards for name in shards[shard]}
        index["model.norm.weight"] = "two.safetensors"
        for holder in holders:
            shards[holder]["model.norm.weight"] = norm
        for shard, held in shards.items():
            write_tensors(tmp_path / f"{shard}.safetensors", held)
        shutil.copyfile(tiny_base / "config.json", tmp_path / "config.json")
        (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
        return load_decoder(read_folder(tmp_path, "it"), torch.float32)

    return load


def test_shards_that_agree_with_their_index_are_read(load_shards: Callable[..., Decoder], tiny_base: Path) -> None:
    whole = dict(named_weights(load_decoder(read_folder(tiny_base, "it"), torch.float32)))
    assert all(torch.equal(weight, whole[name]) for name, weight in named_weights(load_shards("two")))


@pytest.mark.parametrize(
    "holders, fault",
    [
        ((), r"model\.norm\.weight is not in two\.safetensors, where the index says"),
        (("one",), r"model\.norm\.weight is not in two\.safetensors, where the index says"),
        (("one", "two"), r"model\.norm\.weight is in one\.safetensors and in two\.safetensors"),
    ],
    ids=["missing", "in another shard", "twice"],
)
def test_tensor_that_is_not_once_where_the_index_says_is_named(
    load_shards: Callable[..., Decoder], holders: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(UserError, match=fault):
        load_shards(*holders)


def test_untied_head_is_a_weight_of_its_own(make_base: Callable[..., Path], tmp_path: Path) -> None:
    decoder = load_decoder(read_folder(make_base(tmp_path, tie=False), "it"), torch.float32)
    assert "lm_head.weight" in dict(named_weights(decoder))
    assert not torch.equal(decoder.lm_head.weight, decoder.model.embed_tokens.weight)


def test_trained_weights_are_kept_in_fp32_and_frozen_ones_in_the_compute_type(tiny_base: Path) -> None:
    base = read_folder(tiny_base, "it")
    trained, frozen = load_decoder(base, torch.bfloat16, train_all=True), load_decoder(base, torch.bfloat16)
    assert {(w.dtype, w.requires_grad) for w in trained.parameters()} == {(torch.float32, True)}
    assert {(w.dtype, w.requires_grad) for w in frozen.parameters()} == {(torch.bfloat16, False)}


def test_random_weights_are_a_function_of_the_seed(tiny_base: Path) -> None:
    config = read_folder(tiny_base, "it").config
    one, same, other = (dict(named_weights(random_decoder(config, torch.float32, seed))) for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert all(torch.equal(one[name], other[name]) == name.endswith("norm.weight") for name in one)


def test_every_projection_is_listed_with_the_head(tiny_base: Path) -> None:
    names = list(linear_layers(load_decoder(read_folder(tiny_base, "it"), torch.float32)))
    assert len(names) == 2 * 7 + 1
    assert names[0] == "model.layers.0.self_attn.q_proj"
    assert names[-1] == "lm_head"
