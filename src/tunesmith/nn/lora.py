"""LoRA: low-rank pairs beside chosen projections, on disk in PEFT's format.

``y = W x + (alpha / r) · B A x``, with A random and B zero, so that an adapter starts as the base
model exactly. Source: Hu et al. 2021 (LoRA). The scale is PEFT's ``lora_alpha / r``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from tunesmith.core import durable
from tunesmith.core.errors import UserError
from tunesmith.nn.transformer import CausalModel, Linear
from tunesmith.nn.weights import PLAIN_DTYPES, linear_layers, owned, read_tensors, write_tensors

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_OTHER_MATHEMATICS = (
    "use_dora", "use_rslora", "use_qalora", "modules_to_save", "rank_pattern", "alpha_pattern", "alora_invocation_tokens",
    "layers_to_transform",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """What PEFT's ``adapter_config.json`` says: rank, alpha, and the kinds of layer that carry a pair."""

    rank: int
    alpha: float
    target_modules: tuple[str, ...]

    @property
    def scale(self) -> float:
        return self.alpha / self.rank


def target_kinds(decoder: CausalModel) -> tuple[str, ...]:
    """Short names of the projections there are, in the decoder's order: q_proj, …, lm_head."""
    return tuple(dict.fromkeys(name.rpartition(".")[2] for name in linear_layers(decoder)))


def add_adapter(decoder: CausalModel, config: AdapterConfig, seed: int) -> None:
    """Put fresh pairs on the targets and freeze everything else. A pure function of the seed."""
    decoder.requires_grad_(False)
    generator = torch.Generator().manual_seed(seed)
    for layer in _targets(decoder, config.target_modules).values():
        num_out, num_in = layer.weight.shape
        bound = num_in**-0.5
        down = torch.empty(config.rank, num_in).uniform_(-bound, bound, generator=generator)
        _attach(layer, down, torch.zeros(num_out, config.rank), config.scale)


def adapter_tensors(decoder: CausalModel) -> dict[str, Tensor]:
    """The pairs under PEFT's names, fp32."""
    tensors: dict[str, Tensor] = {}
    for name, layer in linear_layers(decoder).items():
        if layer.lora_A is not None and layer.lora_B is not None:
            tensors[f"{_PREFIX}{name}.lora_A.weight"] = layer.lora_A.detach()
            tensors[f"{_PREFIX}{name}.lora_B.weight"] = layer.lora_B.detach()
    return tensors


def save_adapter(folder: Path, decoder: CausalModel, config: AdapterConfig, base_model: str) -> None:
    write_tensors(folder / ADAPTER_WEIGHTS, adapter_tensors(decoder))
    durable.write_json(folder / ADAPTER_CONFIG, _peft_config(config, base_model))


@dataclass(frozen=True, slots=True)
class Adapter:
    """A saved adapter that was found to fit a base model: A [r, in] and B [out, r] by the names of its projections."""

    config: AdapterConfig
    pairs: Mapping[str, tuple[Tensor, Tensor]]

    @property
    def changes_something(self) -> bool:
        return any(bool(up.any()) and bool(down.any()) for down, up in self.pairs.values())


def load_adapter(decoder: CausalModel, folder: Path) -> AdapterConfig:
    """Put a saved adapter on the decoder. Every tensor must find its module, and every target its tensors."""
    adapter = read_adapter(decoder, folder)
    attach_adapter(decoder, adapter)
    return adapter.config


def attach_adapter(decoder: CausalModel, adapter: Adapter) -> None:
    layers = linear_layers(decoder)
    decoder.requires_grad_(False)
    for name, (down, up) in adapter.pairs.items():
        _attach(layers[name], down.float(), up.float(), adapter.config.scale)


def read_adapter(decoder: CausalModel, folder: Path) -> Adapter:
    """A saved adapter, checked against the decoder, which stays as it is. Every tensor must find its module, and every
    target its tensors."""
    config = read_adapter_config(folder / ADAPTER_CONFIG)
    tensors = read_tensors(folder / ADAPTER_WEIGHTS)
    layers = _targets(decoder, config.target_modules)
    wanted = {f"{_PREFIX}{name}.lora_{half}.weight" for name in layers for half in "AB"}
    tensors = {name: tensor for name, tensor in tensors.items() if not _is_copy_of_base(name, tensor, layers)}
    lost, missing = sorted(set(tensors) - wanted), sorted(wanted - set(tensors))
    if lost or missing:
        raise UserError(
            f"{folder}: the adapter does not fit this base model: {len(lost)} tensors found no module"
            f"{_example(lost)}, {len(missing)} are missing{_example(missing)}.",
            "use the base model that the adapter was trained on",
        )
    pairs = {
        name: (tensors[f"{_PREFIX}{name}.lora_A.weight"], tensors[f"{_PREFIX}{name}.lora_B.weight"]) for name in layers
    }
    for name, layer in layers.items():
        _check_pair(folder, name, layer, config.rank, *pairs[name])
    return Adapter(config, pairs)


def _check_pair(folder: Path, name: str, layer: Linear, rank: int, down: Tensor, up: Tensor) -> None:
    num_out, num_in = layer.weight.shape
    if down.shape != (rank, num_in) or up.shape != (num_out, rank):
        raise UserError(
            f"{folder}: the adapter's tensors for {name} have shapes {tuple(down.shape)} and {tuple(up.shape)}; "
            f"the base model's layer is {num_out} × {num_in} and the rank {rank}.",
            "use the base model that the adapter was trained on",
        )
    if not {down.dtype, up.dtype} <= set(PLAIN_DTYPES):
        raise UserError(
            f"{folder}: the adapter's tensors for {name} are kept as {down.dtype} and {up.dtype}.",
            "save the adapter in fp32, bf16 or fp16",
        )
    if not bool(torch.isfinite(down).all() and torch.isfinite(up).all()):
        raise UserError(f"{folder}: the adapter's tensors for {name} are not finite.", "train the adapter again")


def merge_adapter(decoder: CausalModel) -> None:
    """Add the pairs into the weights. A tied output head with a pair of its own becomes untied."""
    for layer in linear_layers(decoder).values():
        if layer.lora_A is None or layer.lora_B is None:
            continue
        change = layer.lora_scale * (layer.lora_B.detach() @ layer.lora_A.detach())
        merged = (layer.weight.detach().float() + change).to(layer.weight.dtype)
        layer.weight = nn.Parameter(merged, requires_grad=False)
        layer.lora_A = layer.lora_B = None
    if decoder.lm_head.weight is not decoder.embedding_weight:
        decoder.config = replace(decoder.config, tie_word_embeddings=False)


def read_adapter_config(path: Path) -> AdapterConfig:
    try:
        raw = json.loads(path.read_bytes())
        targets = raw["target_modules"]
        config = AdapterConfig(int(raw["r"]), float(raw["lora_alpha"]), tuple(sorted(str(t) for t in targets)))
    except FileNotFoundError:
        raise UserError(f"{path} is missing.", "name a folder that holds an adapter in PEFT's format") from None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise UserError(f"{path} is not a LoRA config: {error}.", "train or download the adapter again") from error
    unsupported = [key for key in _OTHER_MATHEMATICS if raw.get(key)]
    if raw.get("init_lora_weights", True) not in (True, False, "gaussian", "eva", "orthogonal"):
        unsupported.append(f"init_lora_weights {raw['init_lora_weights']!r:.40}")  # these change the base's weights
    if config.alpha == 0:
        unsupported.append("lora_alpha 0, with which the adapter changes nothing,")
    odd = isinstance(targets, str) or config.rank < 1 or not math.isfinite(config.alpha)
    if raw.get("peft_type") != "LORA" or unsupported or odd:
        raise UserError(
            f"{path}: {', '.join(unsupported) or 'this kind of adapter'} is not supported yet.",
            "plain LoRA with a list of target modules is",
        )
    return config


def _is_copy_of_base(name: str, tensor: Tensor, layers: Mapping[str, Linear]) -> bool:
    """PEFT saves the base's own head beside its pair; where it is the same, it says nothing."""
    layer = layers.get(name.removeprefix(_PREFIX).removesuffix(".base_layer.weight"))
    return (
        layer is not None and name.endswith(".base_layer.weight") and torch.equal(tensor.to(layer.weight), layer.weight)
    )


def _attach(layer: Linear, down: Tensor, up: Tensor, scale: float) -> None:
    device = layer.weight.device
    layer.lora_A = nn.Parameter(owned(down, torch.float32, device))
    layer.lora_B = nn.Parameter(owned(up, torch.float32, device))
    layer.lora_scale = scale


def _targets(decoder: CausalModel, kinds: Sequence[str]) -> Mapping[str, Linear]:
    layers = linear_layers(decoder)
    known = target_kinds(decoder)
    unknown = [kind for kind in kinds if kind not in known and kind not in layers]
    if unknown or not kinds:
        raise UserError(
            f"lora_target_modules: there is no layer {', '.join(unknown) or '(the list is empty)'}.",
            f"choose from {', '.join(known)}, or write all-linear",
        )
    return {name: layer for name, layer in layers.items() if name in kinds or name.rpartition(".")[2] in kinds}


def _example(names: Sequence[str]) -> str:
    return f" (such as {names[0]})" if names else ""


def _peft_config(config: AdapterConfig, base_model: str) -> dict[str, object]:
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_model,
        "r": config.rank,
        "lora_alpha": int(config.alpha) if float(config.alpha).is_integer() else config.alpha,
        "lora_dropout": 0.0,
        "target_modules": sorted(config.target_modules),
        "bias": "none",
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "inference_mode": True,
        "use_dora": False,
        "use_rslora": False,
        "modules_to_save": None,
    }
