"""What a base model is, before any tensor is read: where its folder lies and what its config says.

Takes the words of a spec (``starter``, a local folder, a hub id) and gives a ``BaseModel``. A foreign
``config.json`` is parsed into a closed schema: known architectures, known keys, no code paths at any
depth; what is not known is refused or said aloud. No torch here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tunesmith.core import durable
from tunesmith.core.errors import Problem, Problems, UserError

STARTER_FOLDER = Path(__file__).resolve().parent.parent / "starter"
ARCHITECTURES = ("LlamaForCausalLM",)
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
# Keys that say nothing about the mathematics of a Llama decoder.
_HARMLESS_KEYS = frozenset(
    "_name_or_path model_type torch_dtype dtype transformers_version use_cache bos_token_id eos_token_id pad_token_id "
    "initializer_range attention_dropout pretraining_tp architectures output_attentions output_hidden_states "
    "return_dict is_encoder_decoder id2label label2id chunk_size_feed_forward problem_type tie_encoder_decoder "
    "unsloth_version unsloth_fixed sep_token_id decoder_start_token_id cross_attention_hidden_size".split()
)

_TOKEN_KEYS = frozenset("bos_token_id eos_token_id pad_token_id initializer_range".split())
_ROPE_KEYS = ("rope_scaling", "rope_parameters")
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

    @property
    def num_parameters(self) -> int:
        attention = self.hidden_size * self.head_dim * (2 * self.num_heads + 2 * self.num_kv_heads)
        layer = attention + 3 * self.hidden_size * self.intermediate_size + 2 * self.hidden_size
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
    if _HUB_ID.fullmatch(base_model) and not base_model.startswith((".", "/", "~")):
        return _download(base_model, offline)
    raise UserError(
        f"base_model: there is no folder {base_model}.",
        "write starter, the path of a folder in the Hugging Face layout, or a hub id such as org/name",
    )


def _local_path(name: str) -> Path | None:
    """The path that a name could mean; None where no file system would take it."""
    try:
        path = Path(name).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError):
        return None
    return path if name.strip() else None


def read_folder(folder: Path, name: str) -> BaseModel:
    """Parse the folder's config into the closed schema, with all that is wrong at once."""
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
        config, more = _decoder_config(_internlm_as_llama(raw), file, "LlamaForCausalLM")
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


def _internlm_as_llama(raw: Mapping[str, Any]) -> dict[str, Any]:
    """InternLM2's or 3's keys under Llama's names: where 3 has biases, its MLP has them too.

    Source: Cai et al. 2024 (InternLM2); the config class of InternLM3.
    """
    own = ("bias", "qkv_bias", "attn_implementation", "model_type")
    renamed = {key: value for key, value in raw.items() if key not in own}
    is_third = raw.get("architectures") == ["InternLM3ForCausalLM"]
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
    reader = _ConfigReader(raw, file)
    heads = reader.integer("num_attention_heads")
    hidden = reader.integer("hidden_size")
    reader.must_be("hidden_act", "silu", default="silu")
    reader.must_be("pretraining_tp", 1, default=1)
    config = DecoderConfig(
        architecture=architecture,
        vocab_size=reader.integer("vocab_size"),
        hidden_size=hidden,
        intermediate_size=reader.integer("intermediate_size"),
        num_layers=reader.integer("num_hidden_layers", most=MAX_LAYERS),
        num_heads=heads,
        num_kv_heads=reader.integer("num_key_value_heads", default=heads),
        head_dim=reader.integer("head_dim", default=hidden // max(heads, 1)),
        max_position_embeddings=reader.integer("max_position_embeddings", default=2048, most=MAX_CONTEXT),
        rms_norm_eps=reader.number("rms_norm_eps", default=1e-6),
        rope_theta=reader.rope_theta(),
        tie_word_embeddings=reader.boolean("tie_word_embeddings", default=False),
        attention_bias=reader.boolean("attention_bias", default=False),
        mlp_bias=reader.boolean("mlp_bias", default=False),
    )
    if config.num_kv_heads and config.num_heads % config.num_kv_heads:
        reader.problem("num_key_value_heads", f"{config.num_kv_heads} does not divide {config.num_heads} heads")
    if config.head_dim % 2:
        reader.problem("head_dim", f"{config.head_dim} is odd; rotary positions need an even width")
    reader.finish()
    unread = sorted(set(raw) - reader.seen - _HARMLESS_KEYS)
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
    model_type = reader.model_type()
    reader.check_depth()
    config = ForeignConfig(
        architecture=architecture,
        model_type=model_type,
        vocab_size=reader.integer("vocab_size"),
        hidden_size=reader.integer("hidden_size"),
        num_layers=reader.integer("num_hidden_layers", most=MAX_LAYERS),
        max_position_embeddings=_context(reader),
        tie_word_embeddings=reader.boolean("tie_word_embeddings", default=True),
        settings=json.dumps({k: v for k, v in raw.items() if k not in _HARMLESS_KEYS - _TOKEN_KEYS}, sort_keys=True),
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
    return {
        "architectures": [config.architecture],
        "model_type": "llama",
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
        "attention_bias": config.attention_bias,
        "mlp_bias": config.mlp_bias,
        "hidden_act": "silu",
        "torch_dtype": dtype,
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

    def __init__(self, raw: Mapping[str, Any], file: str) -> None:
        self.raw, self.file = raw, file
        self.seen: set[str] = set()
        self.problems: list[Problem] = []
        if "auto_map" in raw or "quantization_config" in raw:
            for key in ("auto_map", "quantization_config"):
                if key in raw:
                    self.seen.add(key)
                    self.problem(key, "asks for code or a weight format that is never loaded")

    def integer(self, key: str, default: int | None = None, most: int = MAX_SIZE) -> int:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
            self.problem(key, f"must be a whole number from 1 to {most:,}, found {_brief(value)}")
            return 1
        return value

    def number(self, key: str, default: float) -> float:
        value = self._get(key, default)
        return self._positive(key, value, default)

    def boolean(self, key: str, default: bool) -> bool:
        value = self._get(key, default)
        if not isinstance(value, bool):
            self.problem(key, f"must be true or false, found {value!r}")
            return default
        return value

    def must_be(self, key: str, wanted: object, default: object) -> None:
        value = self._get(key, default)
        if value != wanted:
            self.problem(key, f"is {value!r}; only {wanted!r} is supported")

    def model_type(self) -> str:
        """The library's name for the architecture's family."""
        value = self._get("model_type", None)
        if not isinstance(value, str) or not _ARCHITECTURE_NAME.fullmatch(value.replace("-", "_")):
            raise UserError(
                f"{self.file}: the architecture {_architecture(self.raw, self.file)} is not supported: "
                "it is none of ours, and there is no model_type to look for in transformers.",
                f"our own: {', '.join((*ARCHITECTURES, *RENAMED_ARCHITECTURES))}",
            )
        return value

    def check_depth(self) -> None:
        """Values at any depth: plain ones of bounded size; objects only where positions are scaled."""
        for key, value in self.raw.items():
            if key in self.seen or key in _HARMLESS_KEYS:
                continue
            if key in _CODE_KEYS:
                self.problem(key, "asks for code that is never loaded")
            elif isinstance(value, dict) and key not in _ROPE_KEYS:
                self.problem(key, "is an object; only plain values are read from a config")
            elif not _is_plain(value, key, depth=3):
                self.problem(key, "holds code, a path, or a value beyond any model")

    def rope_theta(self) -> float:
        """``rope_theta`` of old configs, or ``rope_parameters`` of newer ones; scaled positions are refused."""
        theta = self.number("rope_theta", default=10000.0)
        for key in ("rope_scaling", "rope_parameters"):
            value = self._get(key, None)
            if value is None:
                continue
            kind = value.get("rope_type", value.get("type", "default")) if isinstance(value, dict) else value
            if not isinstance(value, dict) or kind != "default":
                self.problem(key, f"the position scaling {_brief(kind)} is not supported yet")
            elif value.get("rope_theta") is not None:
                theta = self._positive(key, value["rope_theta"], theta)
        return theta

    def problem(self, key: str, message: str) -> None:
        self.problems.append(
            Problem(
                "config", f"{key} {message}", "choose another base model or mend its config", file=self.file, path=key
            )
        )

    def finish(self) -> None:
        if self.problems:
            raise Problems(f"{self.file} cannot be used:", self.problems)

    def _positive(self, key: str, value: object, default: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
            self.problem(key, f"must be a positive number, found {_brief(value)}")
            return default
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
        weight_map = _read_json(index).get("weight_map")
        names = sorted({str(name) for name in weight_map.values()}) if isinstance(weight_map, dict) else []
        missing = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
        if missing or not names:
            raise UserError(
                f"{index} names files that are not there: {', '.join(missing) or 'none'}.", "download the model again"
            )
        return tuple(folder / name for name in names)
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLE_SUFFIXES)
    if pickled:
        raise UserError(
            f"{folder} holds pickled weights only ({', '.join(pickled[:3])}); loading a pickle can run code, so it is refused.",
            "convert the model to safetensors, or take a revision that has model.safetensors",
        )
    raise UserError(f"{folder} has no {WEIGHTS_FILE}.", "name a folder that holds the model's weights as safetensors")


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
    if not isinstance(value, dict):
        raise UserError(f"{path} must hold a JSON object.", "download the file again")
    return value


def _download(repo_id: str, offline: bool) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise UserError(
            f"base_model: {repo_id} is a hub id, and huggingface_hub is missing.", "pip install 'tunesmith[train]'"
        ) from None
    offline = offline or os.environ.get("TUNESMITH_OFFLINE", "") not in ("", "0")
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
