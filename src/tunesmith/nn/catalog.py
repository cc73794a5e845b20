"""What a base model is, before any tensor is read: where its folder lies and what its config says.

Takes the words of a spec (``starter``, a local folder, a hub id) and gives a ``BaseModel``. A foreign
``config.json`` is parsed into a closed schema: known architectures, known keys, no code paths at any
depth; what is not known is refused or said aloud. No torch here.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tunesmith.core import durable
from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.core.offline import is_offline, quieten_libraries
from tunesmith.nn.architectures import ARCHITECTURES, Architecture, LinearRope, Llama3Rope, RopeScaling, YarnRope

STARTER_FOLDER = Path(__file__).resolve().parent.parent / "starter"
# Llamas under other names of keys and tensors; read, and written, as Llama.
RENAMED_ARCHITECTURES = ("InternLM2ForCausalLM", "InternLM3ForCausalLM")
# Published with their authors' code beside the weights. It is never loaded: the implementation is ours or the library's.
_PUBLISHED_WITH_CODE = ("InternLM2ForCausalLM", "InternLM3ForCausalLM", "Phi3ForCausalLM")
# Beyond any model there is: what a hostile config could make the engine build before a tensor is read.
MAX_SIZE, MAX_LAYERS, MAX_CONTEXT = 1 << 24, 1 << 12, 1 << 24
WEIGHTS_FILE = "model.safetensors"
WEIGHTS_INDEX = "model.safetensors.index.json"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_ARCHITECTURE_NAME = re.compile(r"[A-Za-z0-9_]{1,80}")
_ROPE_KINDS = ("default", LinearRope.kind, Llama3Rope.kind, YarnRope.kind)
_LAYER_TYPES = ("full_attention", "sliding_attention")
_NONE: Mapping[str, int] = MappingProxyType({})
# Keys that say nothing about the mathematics of a decoder.
_HARMLESS_KEYS = frozenset(
    "_name_or_path torch_dtype dtype transformers_version use_cache bos_token_id eos_token_id pad_token_id "
    "initializer_range attention_dropout pretraining_tp architectures output_attentions output_hidden_states "
    "return_dict is_encoder_decoder id2label label2id chunk_size_feed_forward problem_type tie_encoder_decoder "
    "unsloth_version unsloth_fixed sep_token_id decoder_start_token_id cross_attention_hidden_size".split()
)

_TOKEN_KEYS = frozenset("bos_token_id eos_token_id pad_token_id initializer_range".split())
_ROPE_KEYS = ("rope_scaling", "rope_parameters")
# Real files nest four deep.
_MOST_DEPTH = 32
_THETAS = ("rope_theta", "rope_local_base_freq")
_CODE_KEYS = frozenset(
    "auto_map custom_code trust_remote_code quantization_config custom_pipelines code_revision _target_".split()
)


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The shape of a decoder. One function of this config is every architecture the engine knows."""

    architecture: str
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope_theta: float
    tie_word_embeddings: bool
    attention_bias: bool = False
    mlp_bias: bool = False
    rope_scaling: RopeScaling | None = None
    sliding_window: int | None = None
    windowed_layers: tuple[int, ...] = ()

    @property
    def qkv_bias(self) -> bool:
        return self.attention_bias or ARCHITECTURES[self.architecture].bias == "qkv"

    @property
    def o_bias(self) -> bool:
        return self.attention_bias

    @property
    def qk_norm(self) -> bool:
        return ARCHITECTURES[self.architecture].qk_norm

    def window_of(self, layer: int) -> int | None:
        """How many tokens, itself among them, a token of this layer sees; None: all before it."""
        return self.sliding_window if layer in self.windowed_layers else None

    @property
    def num_parameters(self) -> int:
        hidden, inner, out_width = self.hidden_size, self.intermediate_size, self.num_heads * self.head_dim
        qkv_width = out_width + 2 * self.num_kv_heads * self.head_dim
        layer = hidden * (qkv_width + out_width) + 3 * hidden * inner + 2 * hidden
        layer += self.qkv_bias * qkv_width + self.o_bias * hidden + self.mlp_bias * (2 * inner + hidden)
        layer += self.qk_norm * 2 * self.head_dim
        embeddings = self.vocab_size * self.hidden_size * (1 if self.tie_word_embeddings else 2)
        return self.num_layers * layer + embeddings + self.hidden_size


@dataclass(frozen=True, slots=True)
class ForeignConfig:
    """A causal model that goes through the ``transformers`` library (``nn.foreign``).

    ``settings`` is the checked ``config.json`` as canonical JSON; nn.foreign hands it to the library's own
    config class. ``max_position_embeddings`` is the longest context that is used.
    """

    architecture: str
    model_type: str
    vocab_size: int
    hidden_size: int
    num_layers: int
    max_position_embeddings: int
    tie_word_embeddings: bool
    settings: str


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A folder in the Hugging Face layout with its parsed config. ``name`` is what the user wrote.

    ``stop_token_ids`` are the end tokens that the folder's generation config names.
    """

    name: str
    folder: Path
    config: DecoderConfig | ForeignConfig
    stop_token_ids: tuple[int, ...]
    remarks: tuple[str, ...]

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """The safetensors files. Raises UserError where there are none (pickled weights are refused)."""
        return _weight_files(self.folder)

    @property
    def shards(self) -> Mapping[str, str]:
        """Where the index of a sharded model says that each tensor lies; empty where one file holds all."""
        return {} if (self.folder / WEIGHTS_FILE).is_file() else _weight_map(self.folder / WEIGHTS_INDEX)

    def sha256(self) -> str:
        """One hash over the config and all weights: the same for the same model, wherever it lies."""
        files = [self.folder / "config.json"]
        files += self.weight_files if _has_weights(self.folder) else ()
        hashes = [f"{path.name} {durable.sha256_of(path)}" for path in files]
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def locate(base_model: str, *, offline: bool = False) -> BaseModel:
    """Find ``starter``, a local folder or a hub id, and read its config."""
    return read_folder(find_folder(base_model, offline=offline), name=base_model)


def find_folder(base_model: str, *, offline: bool = False) -> Path:
    if base_model == "starter":
        return STARTER_FOLDER
    folder = _local_path(base_model)
    if folder is not None and folder.is_dir():
        return folder
    if folder is not None and folder.is_file():
        raise UserError(
            f"base_model: {base_model} is a file.",
            "name the folder that holds config.json, tokenizer.json and model.safetensors",
        )
    if _HUB_ID.fullmatch(base_model) and not _is_local(base_model, folder):
        return _download(base_model, offline)
    near = _near_by_name(base_model, folder)
    raise UserError(
        f"base_model: there is no folder {base_model}.",
        f"did you mean {' or '.join(near)}?"
        if near
        else "write starter, the path of a folder in the Hugging Face layout, or a hub id such as org/name",
    )


def _is_local(name: str, folder: Path | None) -> bool:
    """Whether ``org/name`` is rather meant as a path: of a run, or below a folder that is there."""
    return name.startswith("runs/") or (folder is not None and folder.parent.is_dir())


def _near_by_name(name: str, folder: Path | None) -> list[str]:
    """The folders beside it that are called nearly so, written as ``name`` is."""
    if folder is None:
        return []
    try:
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return []
    near = difflib.get_close_matches(folder.name, beside, n=3, cutoff=0.6)
    start = name.rstrip("/").rpartition("/")[:2]
    return ["".join((*start, each)) for each in near]


def _local_path(name: str) -> Path | None:
    """The path that a name could mean; None where no file system would take it."""
    try:
        path = Path(os.path.expanduser(name))
        path.exists()
    except (OSError, ValueError):
        return None
    return path if name.strip() else None


def read_folder(folder: Path, name: str) -> BaseModel:
    """Parse the folder's config into the closed schema, with all that is wrong at once."""
    if not (folder / "config.json").is_file():
        _refuse_gguf(folder)
    config, remarks = parse_config(_read_json(folder / "config.json"), str(folder / "config.json"))
    return BaseModel(name, folder, config, _stop_token_ids(folder), remarks)


def parse_config(raw: Mapping[str, Any], file: str) -> tuple[DecoderConfig | ForeignConfig, tuple[str, ...]]:
    """``config.json`` → the config and what a person should hear about it, or Problems naming every bad key."""
    architecture = _architecture(raw, file)
    remarks: tuple[str, ...] = ()
    if architecture in _PUBLISHED_WITH_CODE and _names_own_code(raw.get("auto_map")):
        raw = {key: value for key, value in raw.items() if key != "auto_map"}
        remarks = (f"{file}: auto_map names code of the model's authors; it is not loaded.",)
    if architecture in ARCHITECTURES:
        return _decoder_config(raw, file, architecture)
    if architecture in RENAMED_ARCHITECTURES:
        config, more = _decoder_config(_internlm_as_llama(raw, architecture), file, "LlamaForCausalLM")
        text = f"{file}: {architecture} is a Llama under other names; it is read, and the result is written, as Llama."
        return config, (*remarks, text, *more)
    foreign = _foreign_config(raw, file, architecture)
    remarks = (*remarks, f"{architecture} goes through transformers.")
    if (context := foreign.max_position_embeddings) < raw["max_position_embeddings"]:
        remarks = (
            *remarks,
            f"The context ends at {context:,} tokens: beyond, the model counts positions in another way.",
        )
    return foreign, remarks


def _names_own_code(auto_map: object) -> bool:
    """Files that lie beside the config; not those of another repository (``org/name--file.Class``)."""
    return isinstance(auto_map, dict) and all(
        isinstance(value, str) and re.fullmatch(r"\w+\.\w+", value) for value in auto_map.values()
    )


def _internlm_as_llama(raw: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    """InternLM2's or 3's keys under Llama's names: where 3 has biases, its MLP has them too.

    Source: Cai et al. 2024 (InternLM2); the config class of InternLM3.
    """
    own = ("bias", "qkv_bias", "attn_implementation", "model_type")
    renamed = {key: value for key, value in raw.items() if key not in own}
    is_third = architecture == "InternLM3ForCausalLM"
    renamed["attention_bias"] = (
        raw.get("qkv_bias", raw.get("attention_bias", False)) if is_third else raw.get("bias", True)
    )
    renamed["mlp_bias"] = raw.get("bias", raw.get("mlp_bias", False)) if is_third else False
    if renamed["attention_bias"] != renamed["mlp_bias"] and is_third:
        renamed["attention_bias"] = "qkv_bias and bias that differ"
    scaling = raw.get("rope_scaling")
    if isinstance(scaling, dict) and "dynamic" in (scaling.get("type"), scaling.get("rope_type")):
        del renamed["rope_scaling"]  # acts beyond max_position_embeddings only, which is where our context ends
    return renamed


def _decoder_config(raw: Mapping[str, Any], file: str, architecture: str) -> tuple[DecoderConfig, tuple[str, ...]]:
    rules = ARCHITECTURES[architecture]
    reader = _ConfigReader(raw, file, defaults=rules.defaults)
    reader.check_model_type(architecture, rules)
    heads = reader.integer("num_attention_heads")
    hidden = reader.integer("hidden_size")
    num_layers = reader.integer("num_hidden_layers", most=MAX_LAYERS)
    context = reader.integer("max_position_embeddings", most=MAX_CONTEXT)
    rope_theta, rope_scaling = reader.rope(context)
    sliding_window, windowed_layers = reader.window(rules, num_layers)
    reader.must_be("hidden_act", "silu", default="silu")
    reader.must_be("pretraining_tp", 1, default=1)
    config = DecoderConfig(
        architecture=architecture,
        vocab_size=reader.integer("vocab_size"),
        hidden_size=hidden,
        intermediate_size=reader.integer("intermediate_size"),
        num_layers=num_layers,
        num_heads=heads,
        num_kv_heads=reader.integer("num_key_value_heads", default=heads),
        head_dim=reader.integer("head_dim", default=hidden // max(heads, 1)),
        max_position_embeddings=context,
        rms_norm_eps=reader.number("rms_norm_eps", default=1e-6),
        rope_theta=rope_theta,
        tie_word_embeddings=reader.boolean("tie_word_embeddings", default=False),
        attention_bias=rules.bias == "asked" and reader.boolean("attention_bias", default=False),
        mlp_bias=rules.can_have_mlp_bias and reader.boolean("mlp_bias", default=False),
        rope_scaling=rope_scaling,
        sliding_window=sliding_window,
        windowed_layers=windowed_layers,
    )
    if config.num_kv_heads and config.num_heads % config.num_kv_heads:
        reader.problem("num_key_value_heads", f"{config.num_kv_heads} does not divide {config.num_heads} heads")
    if config.head_dim % 2:
        reader.problem("head_dim", f"{config.head_dim} is odd; rotary positions need an even width")
    if config.num_heads * config.head_dim > MAX_SIZE:
        reader.problem("head_dim", f"{config.head_dim:,} for each of {config.num_heads:,} heads is beyond any model")
    reader.finish()
    unread = sorted(reader.unread())
    remarks = (f"{file}: not read: {', '.join(_printable(key) for key in unread)}",) if unread else ()
    return config, remarks


def _foreign_config(raw: Mapping[str, Any], file: str, architecture: str) -> ForeignConfig:
    if find_spec("transformers") is None:
        raise UserError(
            f"{file}: our own decoder does not know the architecture {architecture}.",
            f"it knows {', '.join((*ARCHITECTURES, *RENAMED_ARCHITECTURES))}; others go through transformers: "
            "pip install 'tunesmith[transformers]'",
        )
    reader = _ConfigReader(raw, file)
    model_type = reader.library_model_type()
    reader.check_depth()
    not_settings = _HARMLESS_KEYS - _TOKEN_KEYS | {"model_type"}
    config = ForeignConfig(
        architecture=architecture,
        model_type=model_type,
        vocab_size=reader.integer("vocab_size"),
        hidden_size=reader.integer("hidden_size"),
        num_layers=reader.integer("num_hidden_layers", most=MAX_LAYERS),
        max_position_embeddings=_context(reader),
        tie_word_embeddings=reader.boolean("tie_word_embeddings", default=True),
        settings=json.dumps({k: v for k, v in raw.items() if k not in not_settings}, sort_keys=True),
    )
    reader.finish()
    return config


def _context(reader: _ConfigReader) -> int:
    """Where positions change with the longest text of a pass (dynamic, longrope), the context ends before they do."""
    context = reader.integer("max_position_embeddings", most=MAX_CONTEXT)
    ropes = [rope for rope in (reader.raw.get(key) for key in _ROPE_KEYS) if isinstance(rope, dict)]
    ropes += [nested for rope in ropes for nested in rope.values() if isinstance(nested, dict)]
    for rope in ropes:
        if rope.get("rope_type", rope.get("type")) in ("dynamic", "longrope", "su"):
            original = rope.get("original_max_position_embeddings", reader.raw.get("original_max_position_embeddings"))
            context = min(context, original if isinstance(original, int) and original > 0 else context)
    return context


def _printable(key: str) -> str:
    return key if key.isprintable() and len(key) <= 80 else _brief(key)


def config_as_json(config: DecoderConfig | ForeignConfig, dtype: str) -> dict[str, Any]:
    """The config in the Hugging Face layout, rebuilt from what was understood."""
    if isinstance(config, ForeignConfig):
        own = {"architectures": [config.architecture], "model_type": config.model_type, "torch_dtype": dtype}
        return {**json.loads(config.settings), **own, "tie_word_embeddings": config.tie_word_embeddings}
    rules = ARCHITECTURES[config.architecture]
    return {
        "architectures": [config.architecture],
        "model_type": rules.model_type,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.max_position_embeddings,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tie_word_embeddings,
        "hidden_act": "silu",
        "torch_dtype": dtype,
        **({"attention_bias": config.attention_bias} if rules.bias == "asked" else {}),
        **({"mlp_bias": config.mlp_bias} if rules.can_have_mlp_bias else {}),
        **_rope_scaling_as_json(config),
        **_window_as_json(config, rules),
    }


def _rope_scaling_as_json(config: DecoderConfig) -> dict[str, Any]:
    scaling = config.rope_scaling
    return {} if scaling is None else {"rope_scaling": {"rope_type": scaling.kind, **asdict(scaling)}}


def _window_as_json(config: DecoderConfig, rules: Architecture) -> dict[str, Any]:
    if rules.window == "none":
        return {}
    if rules.window == "all layers":
        return {"sliding_window": config.sliding_window}
    kinds = [_LAYER_TYPES[config.window_of(layer) is not None] for layer in range(config.num_layers)]
    return {
        "use_sliding_window": config.sliding_window is not None,
        "sliding_window": config.sliding_window,
        "max_window_layers": min(config.windowed_layers, default=config.num_layers),
        "layer_types": kinds,
    }


def _architecture(raw: Mapping[str, Any], file: str) -> str:
    names = raw.get("architectures")
    name = names[0] if isinstance(names, list) and names else None
    if not isinstance(name, str) or not _ARCHITECTURE_NAME.fullmatch(name):
        raise UserError(
            f"{file} names no architecture.", 'it needs a line such as "architectures": ["LlamaForCausalLM"]'
        )
    return name


class _ConfigReader:
    """Reads typed keys from one JSON object and collects every problem before it raises."""

    def __init__(self, raw: Mapping[str, Any], file: str, path: str = "", defaults: Mapping[str, int] = _NONE) -> None:
        self.raw, self.file, self.path, self.defaults = raw, file, path, defaults
        self.seen: set[str] = set()
        self.unread_within: list[str] = []
        self.problems: list[Problem] = []
        if "auto_map" in raw or "quantization_config" in raw:
            for key in ("auto_map", "quantization_config"):
                if key in raw:
                    self.seen.add(key)
                    self.problem(key, "asks for code or a weight format that is never loaded")

    def integer(self, key: str, default: int | None = None, most: int = MAX_SIZE, least: int = 1) -> int:
        """``default`` stands for null, and for an absent key where the architecture has no default of its own."""
        value = self._get(key, default if key in self.raw else self.defaults.get(key, default))
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problem(key, f"must be a whole number from {least} to {most:,}, found {_brief(value)}")
            return 1
        return value

    def number(self, key: str, default: float | None) -> float:
        value = self._get(key, default)
        return self._positive(key, value, default)

    def boolean(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, found {_brief(value)}")
            return default
        return value

    def must_be(self, key: str, wanted: object, default: object) -> None:
        value = self._get(key, default)
        if value != wanted:
            self.problem(key, f"is {_brief(value)}; only {wanted!r} is supported")

    def library_model_type(self) -> str:
        """The library's name for the architecture's family."""
        value = self._get("model_type", None)
        if not isinstance(value, str) or not _ARCHITECTURE_NAME.fullmatch(value.replace("-", "_")):
            raise UserError(
                f"{self.file}: the architecture {_architecture(self.raw, self.file)} is not supported: "
                "it is none of ours, and there is no model_type to look for in transformers.",
                f"our own: {', '.join((*ARCHITECTURES, *RENAMED_ARCHITECTURES))}; others need a model_type and "
                "pip install 'tunesmith[transformers]'",
            )
        return value

    def check_depth(self) -> None:
        """Values at any depth: plain ones of bounded size; objects only where positions are scaled."""
        for key, value in self.raw.items():
            if key in self.seen or key in _HARMLESS_KEYS - _TOKEN_KEYS:
                continue
            if key in _CODE_KEYS:
                self.problem(key, "asks for code that is never loaded")
            elif isinstance(value, dict) and key not in _ROPE_KEYS:
                self.problem(key, "is an object; only plain values are read from a config")
            elif not _is_plain(value, key, depth=3):
                self.problem(key, "holds code, a path, or a value beyond any model")

    def check_model_type(self, architecture: str, rules: Architecture) -> None:
        value = self._get("model_type", rules.model_type)
        if value != rules.model_type:
            self.problem("model_type", f"is {_brief(value)}; that of {architecture} is {rules.model_type!r}")

    def rope(self, context: int) -> tuple[float, RopeScaling | None]:
        """``rope_theta`` and ``rope_scaling`` of old configs, or ``rope_parameters`` of newer ones.

        As in transformers, the old key wins where both are there.
        """
        theta = self.number("rope_theta", default=10000.0)
        self.must_be("partial_rotary_factor", 1, default=1)
        keys = ("rope_scaling", "rope_parameters")
        self.seen.update(key for key in keys if not self.raw.get(key))
        key = keys[0] if self.raw.get(keys[0]) else keys[1]
        value = self._get(key, {})
        if not isinstance(value, dict):
            self.problem(key, f"must be an object; {_brief(value)} is not supported")
            return theta, None
        kind = value.get("rope_type", value.get("type", "default"))
        inner = _ConfigReader(value, self.file, f"{key}.")
        inner.seen.update(("rope_type", "type"))
        theta = inner.number("rope_theta", default=theta)
        inner.must_be("partial_rotary_factor", 1, default=1)
        scaling = None
        if kind in _ROPE_KINDS and not any(isinstance(entry, dict) for entry in value.values()):
            scaling = self._rope_scaling(kind, inner, theta, context)
            self.problems += inner.problems
        else:
            what = _brief(kind) if kind not in _ROPE_KINDS else "of each kind of layer on its own"
            self.problem(key, f"the position scaling {what} is not supported; {', '.join(_ROPE_KINDS)} are")
        self.unread_within += [f"{key}.{name}" for name in inner.unread()]
        return theta, scaling

    def _rope_scaling(self, kind: str, inner: _ConfigReader, theta: float, context: int) -> RopeScaling | None:
        if kind == "default":
            return None
        factor = inner.number("factor", default=None)
        if kind == "linear":
            return LinearRope(factor)
        # One old layout names the original context beside the object, and there it wins.
        place = self if self.raw.get("original_max_position_embeddings") is not None else inner
        original = place.integer("original_max_position_embeddings", default=context, most=MAX_CONTEXT)
        inner.seen.add("original_max_position_embeddings")
        if kind == "llama3":
            low = inner.number("low_freq_factor", default=None)
            high = inner.number("high_freq_factor", default=None)
            if high <= low and not inner.problems:
                inner.problem("high_freq_factor", f"{high:g} must be more than low_freq_factor {low:g}")
            return Llama3Rope(factor, low, high, original)
        if theta <= 1:
            self.problem("rope_theta", f"{theta:g} must be more than 1 for yarn")
        return YarnRope(
            factor, original,
            beta_fast=inner.number("beta_fast", default=32.0),
            beta_slow=inner.number("beta_slow", default=1.0),
            attention_factor=inner.yarn_attention_factor(factor),
            truncate=inner.boolean("truncate", default=True),
        )  # fmt: skip

    def yarn_attention_factor(self, factor: float) -> float:
        """The one given, or that of the paper: 0.1 ln(factor) + 1; two ``mscale`` keys make it a ratio."""

        def magnitude(scale: float) -> float:
            return 0.1 * scale * math.log(factor) + 1.0 if factor > 1 else 1.0

        derived = magnitude(1.0)
        if self.raw.get("mscale") and self.raw.get("mscale_all_dim"):
            derived = magnitude(self.number("mscale", None)) / magnitude(self.number("mscale_all_dim", None))
        self.seen.update(("mscale", "mscale_all_dim"))
        return self.number("attention_factor", default=derived)

    def window(self, rules: Architecture, num_layers: int) -> tuple[int | None, tuple[int, ...]]:
        """The sliding window in tokens and the layers that have it; (None, ()) where no layer has one."""
        if rules.window == "none":
            return None, ()
        is_used = rules.window == "all layers" or self.boolean("use_sliding_window", default=False)
        is_null = "sliding_window" in self.raw and self.raw["sliding_window"] is None
        self.seen.add("sliding_window")
        width = self.integer("sliding_window", most=1 << 31) if is_used and not is_null else None
        layers = tuple(range(num_layers)) if rules.window == "all layers" else self._windowed_layers(width, num_layers)
        return (width, layers) if width is not None and layers else (None, ())

    def _windowed_layers(self, width: int | None, num_layers: int) -> tuple[int, ...]:
        first = self.integer("max_window_layers", default=28, least=0)
        kinds = self._get("layer_types", None)
        if kinds is None:
            return tuple(range(first, num_layers)) if width is not None else ()
        full, sliding = _LAYER_TYPES
        if (
            not isinstance(kinds, list)
            or len(kinds) != num_layers
            or any(kind not in (full, sliding) for kind in kinds)
        ):
            self.problem("layer_types", f"must name {full} or {sliding} for each of {num_layers} layers")
            return ()
        if width is None and sliding in kinds:
            self.problem("layer_types", f"names {sliding}, and no sliding_window is in use")
        return tuple(layer for layer, kind in enumerate(kinds) if kind == sliding)

    def unread(self) -> list[str]:
        return [*(set(self.raw) - self.seen - _HARMLESS_KEYS), *self.unread_within]

    def problem(self, key: str, message: str) -> None:
        self.problems.append(
            Problem(
                "config",
                f"{self.path}{key} {message}",
                "choose another base model or mend its config",
                file=self.file,
                path=f"{self.path}{key}",
            )
        )

    def finish(self) -> None:
        if self.problems:
            raise Problems(f"{self.file} cannot be used:", self.problems)

    def _positive(self, key: str, value: object, default: float | None) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
            self.problem(key, f"must be a positive number, found {_brief(value)}")
            return 1.0 if default is None else default
        return float(value)

    def _get(self, key: str, default: object) -> Any:
        self.seen.add(key)
        value = self.raw.get(key)
        return default if value is None else value


def _is_plain(value: object, key: str, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(k not in _CODE_KEYS and _is_plain(v, k, depth - 1) for k, v in value.items())
    if isinstance(value, list):
        return depth > 0 and len(value) <= MAX_LAYERS and all(_is_plain(v, key, 0) for v in value)
    if isinstance(value, str):
        return re.fullmatch(r"\w{0,80}", value) is not None
    return value is None or (isinstance(value, int | float) and abs(value) <= (1e12 if key in _THETAS else MAX_SIZE))


def _brief(value: object) -> str:
    """A foreign value in a message: quoted, and never longer than a line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _has_weights(folder: Path) -> bool:
    return (folder / WEIGHTS_FILE).is_file() or (folder / WEIGHTS_INDEX).is_file()


def _weight_files(folder: Path) -> tuple[Path, ...]:
    index = folder / WEIGHTS_INDEX
    if (folder / WEIGHTS_FILE).is_file():
        return (folder / WEIGHTS_FILE,)
    if index.is_file():
        return _shards(folder, index)
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLE_SUFFIXES)
    if pickled:
        raise UserError(
            f"{folder} holds pickled weights only ({', '.join(pickled[:3])}); loading a pickle can run code, so it is refused.",
            "convert the model to safetensors, or take a revision that has model.safetensors",
        )
    _refuse_gguf(folder)
    raise UserError(f"{folder} has no {WEIGHTS_FILE}.", "name a folder that holds the model's weights as safetensors")


def _refuse_gguf(folder: Path) -> None:
    if found := sorted(path.name for path in folder.glob("*.gguf")):
        raise UserError(
            f"{folder} holds GGUF weights only ({', '.join(map(_brief, found[:3]))}), which are made for answering, not for training.",
            "take the model that they were made from: a folder or a hub id with config.json and safetensors",
        )


def _shards(folder: Path, index: Path) -> tuple[Path, ...]:
    """The files that the index names, each once. They must lie in the folder itself."""
    names = sorted(set(_weight_map(index).values()))
    missing = [name for name in names if Path(name).name == name and not (folder / name).is_file()]
    outside = [name for name in names if name not in missing and not _lies_in(folder, name)]
    if outside:
        raise UserError(
            f"{index} names files that lie outside its folder: {', '.join(map(_brief, outside[:5]))}.",
            "an index may name files beside itself only: copy them into the folder, or download the model again",
        )
    if missing:
        raise UserError(
            f"{index} names files that are not there: {', '.join(map(_brief, missing[:5]))}"
            f" ({len(missing)} of {len(names)} are missing).",
            "download the model again",
        )
    return tuple(folder / name for name in names)


def _lies_in(folder: Path, name: str) -> bool:
    """A plain name whose file, links followed, is in the folder. In the hub's cache, links lead to ``blobs``."""
    homes = [folder.resolve()]
    if folder.parent.name == "snapshots":
        homes.append(folder.parent.parent.resolve() / "blobs")
    return Path(name).name == name and any((folder / name).resolve().is_relative_to(home) for home in homes)


def _weight_map(index: Path) -> dict[str, str]:
    weight_map = _read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map or not all(isinstance(v, str) for v in weight_map.values()):
        raise UserError(f"{index} does not say which file holds which tensor.", "download the model again")
    return weight_map


def _stop_token_ids(folder: Path) -> tuple[int, ...]:
    path = folder / "generation_config.json"
    value = _read_json(path).get("eos_token_id") if path.is_file() else None
    if value is None:
        value = _read_json(folder / "config.json").get("eos_token_id")
    values = value if isinstance(value, list) else [value]
    return tuple(v for v in values if isinstance(v, int) and not isinstance(v, bool))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(
            f"{path} is missing.", "a model's folder holds config.json, tokenizer.json and safetensors"
        ) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON: {error}.", "download the file again") from error
    if _is_deeper(value, _MOST_DEPTH):
        raise UserError(f"{path} is nested more than {_MOST_DEPTH} deep.", "download the file again")
    if not isinstance(value, dict):
        raise UserError(f"{path} must hold a JSON object.", "download the file again")
    return value


def _is_deeper(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            part
            for parent in level
            if isinstance(parent, dict | list)
            for part in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return bool(level)


def _download(repo_id: str, offline: bool) -> Path:
    offline = offline or is_offline()
    quieten_libraries(offline)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise UserError(
            f"base_model: {repo_id} is a hub id, and huggingface_hub is missing.", "pip install 'tunesmith[train]'"
        ) from None
    patterns = ["*.json", "*.safetensors", "*.jinja"]
    try:
        return Path(snapshot_download(repo_id, allow_patterns=patterns, local_files_only=offline))
    except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
        why = (
            "this process is offline and the model is not in the local cache" if offline else f"{type(error).__name__}"
        )
        raise UserError(
            f"base_model: there is no folder {repo_id}, and the model hub did not give it: {why}.",
            "check the name and the connection, or download the model and name its folder",
        ) from error
