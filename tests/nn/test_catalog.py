"""A foreign config is parsed into a closed schema; what is not known is refused or said aloud."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tunesmith.core.errors import Problems, UserError
from tunesmith.nn import catalog
from tunesmith.nn.architectures import ARCHITECTURES
from tunesmith.nn.catalog import (
    RENAMED_ARCHITECTURES,
    BaseModel,
    config_as_json,
    find_folder,
    locate,
    parse_config,
    read_folder,
)
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import load_decoder, named_weights, read_tensors, write_tensors

PLAIN: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


def parse(**changed: Any) -> tuple[Any, tuple[str, ...]]:
    return parse_config({**PLAIN, **changed}, "config.json")


def bad_keys(**changed: Any) -> list[str | None]:
    with pytest.raises(Problems) as caught:
        parse(**changed)
    return [problem.path for problem in caught.value.problems]


def folder_with(tmp_path: Path, **changed: Any) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({**PLAIN, **changed}))
    return tmp_path


def test_defaults_are_those_of_a_llama_config() -> None:
    config, remarks = parse()
    assert (config.num_kv_heads, config.head_dim, config.max_position_embeddings) == (4, 8, 2048)
    assert (config.rms_norm_eps, config.rope_theta) == (1e-6, 10000.0)
    assert not any((config.tie_word_embeddings, config.attention_bias, config.mlp_bias))
    assert remarks == ()


def test_config_survives_a_round_trip_through_json() -> None:
    config, _ = parse(num_key_value_heads=2, head_dim=16, rope_theta=5e5, attention_bias=True, tie_word_embeddings=True)
    again, remarks = parse_config(json.loads(json.dumps(config_as_json(config, "bfloat16"))), "config.json")
    assert again == config
    assert remarks == ()


def test_unknown_architecture_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="MambaForCausalLM is not supported") as caught:
        parse(architectures=["MambaForCausalLM"])
    assert "LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM" in caught.value.hint
    assert "pip install 'tunesmith[transformers]'" in caught.value.hint


def test_model_type_of_another_architecture_is_refused() -> None:
    with pytest.raises(Problems, match="model_type is 'mistral'; that of LlamaForCausalLM is 'llama'"):
        parse(model_type="mistral")


@pytest.mark.parametrize(
    "names", [None, [], "LlamaForCausalLM", [7], [["LlamaForCausalLM"]], {"a": 1}, ["\x1b[2J"], ["L" * 81]]
)
def test_architecture_that_is_no_name_is_refused(names: object) -> None:
    with pytest.raises(UserError, match="names no architecture"):
        parse(architectures=names)


@pytest.mark.parametrize("key", ["auto_map", "quantization_config"])
def test_config_that_asks_for_code_or_another_weight_format_is_refused(key: str) -> None:
    assert bad_keys(**{key: {"AutoModelForCausalLM": "modeling.Evil"}}) == [key]


def test_all_bad_keys_are_named_at_once() -> None:
    keys = bad_keys(
        vocab_size="many", hidden_size=-1, num_hidden_layers=True, rms_norm_eps=float("nan"), tie_word_embeddings="yes",
        hidden_act="gelu", pretraining_tp=2, auto_map={},
    )  # fmt: skip
    assert set(keys) >= {
        "vocab_size", "hidden_size", "num_hidden_layers", "rms_norm_eps", "tie_word_embeddings", "hidden_act",
        "pretraining_tp", "auto_map",
    }  # fmt: skip


def test_missing_keys_are_all_named() -> None:
    with pytest.raises(Problems) as caught:
        parse_config({"architectures": ["LlamaForCausalLM"]}, "config.json")
    required = set(PLAIN) - {"architectures"}
    assert required <= {problem.path for problem in caught.value.problems}


def test_heads_that_do_not_divide_are_refused() -> None:
    assert bad_keys(num_key_value_heads=3) == ["num_key_value_heads"]


def test_odd_head_width_is_refused() -> None:
    assert bad_keys(head_dim=7) == ["head_dim"]


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
@pytest.mark.parametrize("value", [{"rope_type": "dynamic", "factor": 8}, {"type": "longrope", "factor": 2}, "yarn", 4])
def test_rope_scaling_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(Problems) as caught:
        parse(**{key: value})
    kind = next(iter(value.values())) if isinstance(value, dict) else value
    assert [p.path for p in caught.value.problems] == [key]
    assert repr(kind) in caught.value.problems[0].message


def test_rope_theta_is_read_from_rope_parameters() -> None:
    config, remarks = parse(rope_parameters={"rope_type": "default", "rope_theta": 500000.0}, rope_scaling=None)
    assert config.rope_theta == 500000.0
    assert remarks == ()


@pytest.mark.parametrize("theta", [-1.0, 0, True, "1e4", float("nan"), float("inf")])
def test_impossible_rope_theta_is_refused_wherever_it_stands(theta: object) -> None:
    assert bad_keys(rope_theta=theta) == ["rope_theta"]
    assert bad_keys(rope_parameters={"rope_type": "default", "rope_theta": theta})


@pytest.mark.parametrize("value", ["default", [], 3, {"rope_type": []}, {"rope_type": {"rope_type": "default"}}])
def test_rope_parameters_of_another_shape_are_refused(value: object) -> None:
    assert bad_keys(rope_parameters=value) == ["rope_parameters"]


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
@pytest.mark.parametrize(
    "value, bad",
    [
        ({"rope_type": "linear"}, "factor"),
        ({"rope_type": "linear", "factor": 0}, "factor"),
        ({"rope_type": "llama3", "factor": 8, "high_freq_factor": 4}, "low_freq_factor"),
        ({"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}, "high_freq_factor"),
        ({"rope_type": "yarn", "factor": "4"}, "factor"),
        ({"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 0.5}, "original_max_position_embeddings"),
        ({"rope_type": "yarn", "factor": 4, "beta_fast": -1}, "beta_fast"),
        ({"rope_type": "yarn", "factor": 4, "truncate": "no"}, "truncate"),
        ({"rope_type": "default", "partial_rotary_factor": 0.5}, "partial_rotary_factor"),
    ],
)  # fmt: skip
def test_bad_figures_of_scaled_positions_are_named(key: str, value: dict[str, Any], bad: str) -> None:
    assert bad_keys(**{key: value}) == [f"{key}.{bad}"]


def test_yarn_needs_a_base_above_one() -> None:
    assert bad_keys(rope_theta=1.0, rope_scaling={"type": "yarn", "factor": 4}) == ["rope_theta"]


def test_positions_of_each_kind_of_layer_are_refused() -> None:
    assert bad_keys(rope_parameters={"full_attention": {"rope_type": "default"}}) == ["rope_parameters"]


def test_unknown_keys_of_scaled_positions_are_said() -> None:
    _, remarks = parse(rope_scaling={"type": "linear", "factor": 2, "finetuned": True}, rope_parameters={"factor": 3})
    assert remarks == ("config.json: not read: rope_parameters, rope_scaling.finetuned",)


def test_original_context_beside_scaled_positions_wins() -> None:
    scaling = {"type": "yarn", "factor": 4, "original_max_position_embeddings": 64}
    inside, beside = parse(rope_scaling=scaling)[0], parse(rope_scaling=scaling, original_max_position_embeddings=32)[0]
    absent = parse(rope_scaling={"type": "yarn", "factor": 4}, max_position_embeddings=512)[0]
    originals = [c.rope_scaling.original_max_position_embeddings for c in (inside, beside, absent)]
    assert originals == [64, 32, 512]


@pytest.mark.parametrize("given, factor", [({}, 1.1386294), ({"attention_factor": 0.9}, 0.9), ({"mscale": 2.0, "mscale_all_dim": 0.5}, 1.1944649)])  # fmt: skip
def test_attention_factor_of_yarn_is_given_or_follows(given: dict[str, float], factor: float) -> None:
    config, remarks = parse(rope_scaling={"type": "yarn", "factor": 4.0, **given})
    assert config.rope_scaling.attention_factor == pytest.approx(factor, rel=1e-6)
    assert remarks == ()


SIBLING: dict[str, Any] = {**PLAIN, "num_key_value_heads": 4, "num_hidden_layers": 4}


def sibling(name: str, **changed: Any) -> Any:
    return parse_config({**SIBLING, "architectures": [f"{name}ForCausalLM"], **changed}, "config.json")


def window(name: str, **changed: Any) -> tuple[int | None, tuple[int, ...]]:
    config, _ = sibling(name, **changed)
    return config.sliding_window, config.windowed_layers


def test_silent_mistral_config_means_a_window_of_4096_and_null_none() -> None:
    assert window("Mistral") == (4096, (0, 1, 2, 3))
    assert window("Mistral", sliding_window=16) == (16, (0, 1, 2, 3))
    assert window("Mistral", sliding_window=None) == (None, ())


@pytest.mark.parametrize("name", ["Qwen2", "Qwen3"])
def test_window_of_qwen_is_used_only_where_the_config_says_so(name: str) -> None:
    assert window(name, sliding_window=16, max_window_layers=2, use_sliding_window=False) == (None, ())
    assert window(name, sliding_window=16, max_window_layers=2, use_sliding_window=True) == (16, (2, 3))
    assert window(name, sliding_window=16, max_window_layers=0, use_sliding_window=True) == (16, (0, 1, 2, 3))
    assert window(name, sliding_window=16, max_window_layers=4, use_sliding_window=True) == (None, ())
    assert window(name, sliding_window=None, use_sliding_window=True) == (None, ())


def test_named_layers_come_before_the_first_window_layer() -> None:
    kinds = ["sliding_attention", "full_attention", "full_attention", "sliding_attention"]
    given = {"sliding_window": 16, "use_sliding_window": True, "max_window_layers": 1, "layer_types": kinds}
    assert window("Qwen3", **given) == (16, (0, 3))


@pytest.mark.parametrize(
    "kinds", ["full_attention", [], ["full_attention"] * 3, ["chunked_attention"] * 4, [{}] * 4, ["sliding_attention"] * 4]
)  # fmt: skip
def test_layer_types_that_cannot_be_are_refused(kinds: object) -> None:
    with pytest.raises(Problems) as caught:
        sibling("Qwen2", layer_types=kinds)
    assert [problem.path for problem in caught.value.problems] == ["layer_types"]


@pytest.mark.parametrize("given", [0, -1, 2.5, True, "16", 1 << 40])
def test_impossible_window_is_refused(given: object) -> None:
    with pytest.raises(Problems) as caught:
        sibling("Mistral", sliding_window=given)
    assert [problem.path for problem in caught.value.problems] == ["sliding_window"]


def test_keys_of_another_architecture_are_said() -> None:
    assert sibling("Mistral", attention_bias=True)[1] == ("config.json: not read: attention_bias",)
    assert sibling("Qwen2", mlp_bias=True)[1] == ("config.json: not read: mlp_bias",)


def test_silent_qwen3_config_means_heads_of_128() -> None:
    assert sibling("Qwen3")[0].head_dim == 128
    assert sibling("Qwen2")[0].head_dim == 8


# Of the published configs, what the number of weights depends on: vocabulary, width, inner width, layers, heads, groups.
PUBLISHED = {
    "SmolLM2-135M": ("Llama", (49152, 576, 1536, 30, 9, 3), {"tie_word_embeddings": True}, 134_515_008),
    "Llama-3.2-1B": ("Llama", (128256, 2048, 8192, 16, 32, 8), {"tie_word_embeddings": True}, 1_235_814_400),
    "Mistral-7B-v0.1": ("Mistral", (32000, 4096, 14336, 32, 32, 8), {}, 7_241_732_096),
    "Qwen2.5-0.5B": ("Qwen2", (151936, 896, 4864, 24, 14, 2), {"tie_word_embeddings": True}, 494_032_768),
    "Qwen3-0.6B": ("Qwen3", (151936, 1024, 3072, 28, 16, 8), {"tie_word_embeddings": True}, 596_049_920),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_number_of_parameters_of_a_published_model_is_exact(name: str) -> None:
    keys = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")  # fmt: skip
    family, sizes, more, count = PUBLISHED[name]
    config, _ = sibling(family, **dict(zip(keys, sizes, strict=True)), **more)
    assert config.num_parameters == count


def test_unknown_keys_are_said() -> None:
    _, remarks = parse(sliding_window=4096, zeta=1, torch_dtype="bfloat16")
    assert remarks == ("config.json: not read: sliding_window, zeta",)


def test_remarks_hold_no_control_characters() -> None:
    _, remarks = parse(**{"\x1b[2Jevil\n": 1})
    assert len(remarks) == 1
    assert remarks[0].isprintable()


@pytest.mark.parametrize("key", ["num_hidden_layers", "max_position_embeddings"])
def test_sizes_that_no_memory_could_hold_are_refused(key: str) -> None:
    assert bad_keys(**{key: 1 << 31}) == [key]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"[1]", b"null", b'"config"']
)
def test_config_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UserError, match=r"config\.json"):
        read_folder(tmp_path, "it")


def test_deeply_nested_values_are_refused_not_followed(tmp_path: Path) -> None:
    nested: Any = {}
    for _ in range(300):
        nested = {"rope_type": nested, "auto_map": "code.Evil"}
    assert bad_keys(rope_parameters=nested) == ["rope_parameters"]


def test_missing_config_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json is missing"):
        read_folder(tmp_path, "it")


def test_end_tokens_come_from_the_generation_config_first(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, eos_token_id=2)
    assert read_folder(folder, "it").stop_token_ids == (2,)
    (folder / "generation_config.json").write_text('{"eos_token_id": [5, true, "6", 7]}')
    assert read_folder(folder, "it").stop_token_ids == (5, 7)


def test_number_of_parameters_is_that_of_the_decoder(tiny_base: Path) -> None:
    for flag in (True, False):
        config, _ = parse(
            num_key_value_heads=2, head_dim=16, tie_word_embeddings=flag, attention_bias=flag, mlp_bias=flag
        )
        with torch.device("meta"):
            decoder = Decoder(config)
        assert config.num_parameters == sum(weight.numel() for weight in decoder.parameters())


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(UserError, match=r"pickled weights only \(pytorch_model\.bin\)"):
        _ = read_folder(folder, "it").weight_files


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no model\.safetensors"):
        _ = read_folder(folder_with(tmp_path), "it").weight_files


FIRST_SHARD = "model-00001-of-00002.safetensors"


def sharded(tiny_base: Path, folder: Path) -> Path:
    """The tiny base with its weights in two files and an index."""
    shutil.copyfile(tiny_base / "config.json", folder / "config.json")
    tensors = read_tensors(tiny_base / "model.safetensors")
    names = sorted(tensors)
    weight_map = {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-0000{number}-of-00002.safetensors"
        write_tensors(folder / file, {name: tensors[name] for name in part})
        weight_map |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return folder


def test_sharded_weights_are_read_by_their_index(tiny_base: Path, tmp_path: Path) -> None:
    base = read_folder(sharded(tiny_base, tmp_path), "it")
    assert [path.name for path in base.weight_files] == [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    whole = dict(named_weights(load_decoder(read_folder(tiny_base, "it"), torch.float32)))
    parts = dict(named_weights(load_decoder(base, torch.float32)))
    assert parts.keys() == whole.keys()
    assert all(torch.equal(parts[name], whole[name]) for name in whole)


def with_index(folder: Path, weight_map: object) -> BaseModel:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return read_folder(folder, "it")


@pytest.fixture
def inner(tiny_base: Path, tmp_path: Path) -> Path:
    """A sharded model in a folder, and a whole one's weights beside that folder."""
    (tmp_path / "inner").mkdir()
    shutil.copyfile(tiny_base / "model.safetensors", tmp_path / "model.safetensors")
    return sharded(tiny_base, tmp_path / "inner")


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/hostname", "a/b.safetensors", "./model.safetensors"])
def test_index_cannot_name_files_outside_its_folder(inner: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"lie outside its folder: '{name}'"):
        _ = with_index(inner, {"model.norm.weight": name}).weight_files


def test_index_cannot_name_an_absolute_path_even_of_its_own_folder(inner: Path) -> None:
    with pytest.raises(UserError, match="lie outside its folder"):
        _ = with_index(inner, {"model.norm.weight": str(inner / FIRST_SHARD)}).weight_files


def test_index_cannot_name_a_link_out_of_its_folder(inner: Path) -> None:
    (inner / FIRST_SHARD).unlink()
    (inner / FIRST_SHARD).symlink_to(inner.parent / "model.safetensors")
    with pytest.raises(UserError, match=f"lie outside its folder: '{FIRST_SHARD}'"):
        _ = read_folder(inner, "it").weight_files


def test_links_of_the_hub_cache_to_its_blobs_are_followed(tiny_base: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--org--name"
    (repository / "blobs").mkdir(parents=True)
    (repository / "snapshots" / "abc").mkdir(parents=True)
    folder = sharded(tiny_base, repository / "snapshots" / "abc")
    for number, shard in enumerate(folder.glob("*.safetensors")):
        shutil.move(shard, repository / "blobs" / str(number))
        shard.symlink_to(Path("../../blobs") / str(number))
    assert len(dict(named_weights(load_decoder(read_folder(folder, "it"), torch.float32)))) == 20


@pytest.mark.parametrize("name", ["..", "", "absent.safetensors", "a\0b"])
def test_index_that_names_no_file_is_refused(inner: Path, name: str) -> None:
    with pytest.raises(UserError, match="names files that are not there"):
        _ = with_index(inner, {"model.norm.weight": name}).weight_files


def test_missing_shard_is_named(inner: Path) -> None:
    (inner / FIRST_SHARD).unlink()
    with pytest.raises(UserError, match=rf"not there: '{FIRST_SHARD}' \(1 of 2 are missing\)"):
        _ = read_folder(inner, "it").weight_files


@pytest.mark.parametrize(
    "index",
    [{}, {"weight_map": {}}, {"weight_map": []}, {"weight_map": "x"}, {"weight_map": None}, {"weight_map": {"a": 7}}],
)
def test_index_without_a_map_is_refused(tmp_path: Path, index: object) -> None:
    folder = folder_with(tmp_path)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match="index"):
        _ = read_folder(folder, "it").weight_files


def test_hash_is_of_the_content_not_of_the_place(tiny_base: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_base, tmp_path / "copy"))
    original = read_folder(tiny_base, "it").sha256()
    assert read_folder(copy, "other").sha256() == original
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert read_folder(copy, "it").sha256() != original


def test_local_folder_is_found(tiny_base: Path) -> None:
    base = locate(str(tiny_base))
    assert isinstance(base, BaseModel)
    assert (base.folder, base.config.vocab_size) == (tiny_base, 384)


@pytest.mark.parametrize(
    "name",
    ["no-such-folder", "./org/name", "/no/such/folder", "a/b/c", "~no-such-user/x", "a\0b", "x" * 300, "", "a/../b"],
)
def test_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="base_model"):
        find_folder(name, offline=True)


def test_file_in_place_of_a_folder_is_refused(tiny_base: Path) -> None:
    with pytest.raises(UserError, match="is a file"):
        find_folder(str(tiny_base / "model.safetensors"))


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, and a process that says it is offline."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TUNESMITH_OFFLINE", "1")
    return tmp_path / "hub"


@pytest.mark.parametrize("hub_id", ["org/name", "org/na--me", "org/na..me", "org/name.git", "org/名字"])
def test_hub_id_that_cannot_be_had_is_a_clear_error(hub_cache: Path, hub_id: str) -> None:
    with pytest.raises(UserError, match=f"base_model: .*{hub_id}"):
        locate(hub_id)


def test_offline_process_says_so(hub_cache: Path) -> None:
    with pytest.raises(UserError, match="offline and the model is not in the local cache") as caught:
        locate("org/name")
    assert "name its folder" in caught.value.hint


def test_hub_id_is_found_in_the_local_cache(hub_cache: Path, tiny_base: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = hub_cache / "models--org--name"
    shutil.copytree(tiny_base, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    base = locate("org/name")
    assert base.name == "org/name"
    assert base.sha256() == read_folder(tiny_base, "it").sha256()


# ---- strangers' configs --------------------------------------------------------------------------

HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1 << 24, 1 << 62, 10**40, 0.5, -0.0, float("nan"), float("inf"), "", "32", "../../evil", "\ud800",
    "os.system('x')", "evil\nimport os", [], [[]], {}, {"auto_map": "evil.Model"}, {"rope_type": "yarn", "factor": 1e300},
    {"rope_type": ["linear"], "factor": -1}, {"type": "llama3", "factor": "x", "low_freq_factor": None},
    {"full_attention": {"trust_remote_code": True}}, ["sliding_attention"], [{"a": {"b": {"c": {}}}}], "x" * 10_000,
)  # fmt: skip
HOSTILE_KEYS = (
    *PLAIN, "model_type", "num_key_value_heads", "head_dim", "rope_theta", "rope_scaling", "rope_parameters", "bias",
    "sliding_window", "use_sliding_window", "max_window_layers", "layer_types", "auto_map", "eos_token_id", "hidden_act",
    "max_position_embeddings", "original_max_position_embeddings", "tie_word_embeddings", "attention_bias", "text_config",
    "qkv_bias", "mlp_bias", "partial_rotary_factor", "rms_norm_eps", "attn_implementation", "_attn_implementation",
)  # fmt: skip
EXECUTED = (
    "import",
    "exec",
    "compile",
    "open",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "socket.connect",
    "ctypes.dlopen",
)


def test_no_config_runs_anything_or_ends_in_a_traceback() -> None:
    """Two thousand of them, each a config or a refusal that fits a screen."""
    events: list[str] = []
    watching = False

    def hook(event: str, _: Any) -> None:
        if watching and event in EXECUTED:
            events.append(event)

    sys.addaudithook(hook)
    draw = random.Random(8)
    names = [*ARCHITECTURES, *RENAMED_ARCHITECTURES, "Phi3ForCausalLM"]
    read: list[Any] = []
    refused: list[str] = []
    for number in range(2_000):
        name = draw.choice(names)
        raw = {**PLAIN, "max_position_embeddings": 64, "architectures": [name]}
        raw |= {"model_type": "phi3"} if name == "Phi3ForCausalLM" else {}
        for _ in range(draw.choice((0, 1, 1, 3))):
            raw[draw.choice(HOSTILE_KEYS)] = draw.choice(HOSTILE_VALUES)
        watching = number >= 50  # what is imported once, at first use, is ours
        try:
            config, _ = parse_config(raw, "config.json")
            read.append(config)
        except UserError as error:
            refused.append(str(error))
        watching = False
    assert events == []
    assert min(len(read), len(refused)) > 200
    sizes = [(c.vocab_size, c.hidden_size, c.num_layers, c.max_position_embeddings) for c in read]
    assert all(1 <= size <= 1 << 24 for model in sizes for size in model)
    assert max(len(line) for text in refused for line in text.splitlines()) < 600
    assert [text for text in refused if not text.encode()] == []


def test_heads_whose_product_no_memory_could_hold_are_refused() -> None:
    """The sizes are possible one by one; their product overflows what torch can count."""
    size = 1 << 24
    assert bad_keys(num_attention_heads=size, num_key_value_heads=size, head_dim=size, hidden_size=size) == ["head_dim"]


@pytest.mark.parametrize("depth", [33, 200, 900, 950, 960, 970, 980, 100_000])
def test_config_nested_deeper_than_any_is_refused(depth: int, tmp_path: Path) -> None:
    text = json.dumps(PLAIN)[:-1] + ', "hidden_act": ' + "[" * depth + "]" * depth + "}"
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UserError, match=r"config\.json is (nested|not valid JSON)") as caught:
        read_folder(tmp_path, "it")
    assert len(str(caught.value)) < 600


def test_home_of_nobody_is_a_folder_that_is_not_there() -> None:
    with pytest.raises(UserError, match="there is no folder ~nobody-of-this-name/model"):
        locate("~nobody-of-this-name/model", offline=True)


def test_internlm3_is_known_by_its_first_name() -> None:
    config, _ = parse(architectures=["InternLM3ForCausalLM", "Other"], model_type="internlm3", qkv_bias=True, bias=True)
    assert (config.attention_bias, config.mlp_bias) == (True, True)


@pytest.mark.parametrize(
    "name", ["runs/quickstrat", "./runs/quickstrat", "mine/quickstrat", "/nowhere/at-all", "~/nowhere-at-all"]
)
def test_a_path_that_is_not_there_is_never_asked_of_the_hub(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("runs/quickstart", "runs/other", "mine/quickstart"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "_download", lambda *_: pytest.fail("the hub was asked"))
    with pytest.raises(UserError, match=f"there is no folder {name}") as refused:
        find_folder(name)
    assert ("did you mean" in refused.value.hint) == ("quickstrat" in name)
    if "quickstrat" in name:
        assert f"did you mean {name.replace('rat', 'art')}?" in refused.value.hint


def test_a_run_is_local_even_where_no_run_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "_download", lambda *_: pytest.fail("the hub was asked"))
    with pytest.raises(UserError, match="there is no folder runs/nothing"):
        find_folder("runs/nothing")
