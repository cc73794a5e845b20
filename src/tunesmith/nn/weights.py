"""Weights between safetensors files and the decoder. Nothing is ever unpickled.

Every tensor is copied into storage of its own: a view into a mapped file can lie off its alignment,
and that changes bits of a matrix product.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tunesmith.core.errors import MachineError, UserError, is_out_of_memory
from tunesmith.nn.catalog import BaseModel, DecoderConfig
from tunesmith.nn.transformer import CausalModel, Decoder, Linear

PLAIN_DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
# Tables that old checkpoints carry and that follow from the config.
DERIVED_BUFFERS = (".rotary_emb.inv_freq",)
_INTERNLM2_NAMES = (
    ("model.tok_embeddings.", "model.embed_tokens."), (".attention.wo.", ".self_attn.o_proj."),
    (".feed_forward.w1.", ".mlp.gate_proj."), (".feed_forward.w3.", ".mlp.up_proj."),
    (".feed_forward.w2.", ".mlp.down_proj."), (".attention_norm.", ".input_layernorm."),
    (".ffn_norm.", ".post_attention_layernorm."),
)  # fmt: skip


def load_decoder(
    base: BaseModel, compute_dtype: torch.dtype, device: torch.device | str = "cpu", *, train_all: bool = False
) -> Decoder:
    """The base model's weights, in fp32 where all of them are trained, in the compute type otherwise."""
    if not isinstance(base.config, DecoderConfig):
        raise TypeError(f"{base.config.architecture} is not a model of our own decoder")
    decoder = _empty_decoder(base.config, compute_dtype)
    storage = torch.float32 if train_all else compute_dtype
    tensors = base_tensors(base)
    if "model.tok_embeddings.weight" in tensors:
        tensors = internlm2_as_llama(tensors, base.config)
    if base.config.tie_word_embeddings:
        head = tensors.pop("lm_head.weight", None)
        embeddings = tensors.get("model.embed_tokens.weight")
        if head is not None and embeddings is not None and not torch.equal(head, embeddings):
            raise UserError(
                f"{base.folder}: the config says that the output head is tied, and the file holds another one.",
                "set tie_word_embeddings to false in config.json, or take a complete model",
            )
    elif "lm_head.weight" not in tensors and "model.embed_tokens.weight" in tensors:
        raise UserError(
            f"{base.folder}: the config says that the output head is not tied, and the files hold no lm_head.weight.",
            "if the model shares its embeddings with the head, set tie_word_embeddings to true in config.json; "
            "otherwise take a complete model",
        )
    fill(decoder, tensors, str(base.folder), storage, device)
    decoder.requires_grad_(train_all)
    return decoder


def internlm2_as_llama(tensors: Mapping[str, Tensor], config: DecoderConfig) -> dict[str, Tensor]:
    """InternLM2's tensors under Llama's names; its fused projection holds, for each key/value head, the query
    heads that share it, the key head and the value head. Source: Cai et al. 2024 (InternLM2)."""
    renamed: dict[str, Tensor] = {}
    group, width = config.num_heads // config.num_kv_heads, config.head_dim
    for name, tensor in tensors.items():
        if ".attention.wqkv." not in name:
            renamed[_llama_name(name)] = tensor
            continue
        if tensor.dim() == 0 or tensor.shape[0] != config.num_kv_heads * (group + 2) * width:
            raise UserError(f"{name} has shape {tuple(tensor.shape)}.", "take a complete model whose config fits")
        heads = tensor.unflatten(0, (config.num_kv_heads, group + 2, width))
        parts = {"q_proj": heads[:, :group], "k_proj": heads[:, group:-1], "v_proj": heads[:, -1:]}
        for projection, part in parts.items():
            renamed[name.replace("attention.wqkv", f"self_attn.{projection}")] = owned(part.flatten(0, 2))
    return renamed


def _llama_name(name: str) -> str:
    if name.startswith("output."):
        return "lm_head." + name.removeprefix("output.")
    for theirs, ours in _INTERNLM2_NAMES:
        name = name.replace(theirs, ours)
    return name


def base_tensors(base: BaseModel) -> dict[str, Tensor]:
    """All tensors of the base model's files, each found once and where the index says."""
    tensors: dict[str, Tensor] = {}
    found: dict[str, str] = {}
    faults: list[str] = []
    for path in base.weight_files:
        for name, tensor in read_tensors(path).items():
            if name in found:
                faults.append(f"{name} is in {found[name]} and in {path.name}")
            found[name] = path.name
            if not name.endswith(DERIVED_BUFFERS):
                tensors[name] = tensor
    faults += [
        f"{name} is not in {file}, where the index says"
        for name, file in base.shards.items()
        if found.get(name) != file
    ]
    if faults:
        raise UserError(
            f"{base.folder}: the files and their index do not agree: {_first_five(faults)}.", "download the model again"
        )
    return tensors


def random_decoder(
    config: DecoderConfig, compute_dtype: torch.dtype, seed: int, device: torch.device | str = "cpu"
) -> Decoder:
    """A decoder with random weights: normal with deviation hidden^-1/2, which keeps attention scores of
    order one at any width (a fixed 0.02 leaves attention of narrow models flat), smaller where a layer
    adds to the residual stream (Radford et al. 2019). A pure function of the config and the seed."""
    decoder = _empty_decoder(config, compute_dtype)
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for name, parameter in named_weights(decoder):
        if name.endswith("norm.weight"):
            tensors[name] = torch.ones(parameter.shape)
        elif name.endswith("bias"):
            tensors[name] = torch.zeros(parameter.shape)
        else:
            residual = name.endswith(("o_proj.weight", "down_proj.weight"))
            deviation = config.hidden_size**-0.5 / ((2 * config.num_layers) ** 0.5 if residual else 1.0)
            tensors[name] = torch.empty(parameter.shape).normal_(0.0, deviation, generator=generator)
    fill(decoder, tensors, "random weights", torch.float32, device)
    return decoder


def fill(
    decoder: CausalModel, tensors: Mapping[str, Tensor], source: str, dtype: torch.dtype, device: torch.device | str
) -> None:
    """Give every weight of the decoder its tensor; missing, unknown and misshapen ones are all named."""
    wanted = dict(named_weights(decoder))
    faults = [f"{name} is missing" for name in wanted if name not in tensors]
    faults += [f"{name} is not part of this architecture" for name in tensors if name not in wanted]
    faults += [
        f"{name} has shape {tuple(tensors[name].shape)}, expected {tuple(wanted[name].shape)}"
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    ]
    plain = {name: tensor for name, tensor in tensors.items() if tensor.dtype in PLAIN_DTYPES}
    faults += [
        f"{name} is kept as {tensor.dtype}, a quantized format" for name, tensor in tensors.items() if name not in plain
    ]
    faults += [f"{n} holds values that are not finite" for n, t in plain.items() if not bool(torch.isfinite(t).all())]
    if faults:
        raise UserError(f"{source}: the weights do not fit the config: {_first_five(faults)}.", "take a complete model")
    for name, tensor in tensors.items():
        owner, _, leaf = name.rpartition(".")
        module = decoder.get_submodule(owner)
        setattr(module, leaf, nn.Parameter(_placed(tensor, dtype, torch.device(device))))
    if decoder.config.tie_word_embeddings:
        decoder.tie_head()


def _first_five(faults: list[str]) -> str:
    more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
    return f"{'; '.join(faults[:5])}{more}"


def named_weights(decoder: CausalModel) -> Iterable[tuple[str, nn.Parameter]]:
    """The weights in the Hugging Face layout; tied ones once, adapters left out."""
    for name, parameter in decoder.named_parameters():
        if not name.endswith(("lora_A", "lora_B")):
            yield name, parameter


def owned(tensor: Tensor, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> Tensor:
    """A copy in fresh, aligned, contiguous storage."""
    return torch.empty(tensor.shape, dtype=dtype or tensor.dtype, device=device).copy_(tensor)


def _placed(tensor: Tensor, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The tensor itself where it fits already (its reader gave it storage of its own), else a copy."""
    fits = tensor.dtype == dtype and tensor.device.type == device.type == "cpu" and tensor.is_contiguous()
    return tensor if fits else owned(tensor, dtype, device)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of one safetensors file, in storage of their own."""
    try:
        with safe_open(path, framework="pt") as file:
            return {name: owned(file.get_tensor(name)) for name in file.keys()}
    except (SafetensorError, ValueError, TypeError, AttributeError, KeyError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise UserError(
            f"{path} is not a readable safetensors file: {error}.", "download or copy the file again"
        ) from error
    except FileNotFoundError:
        raise UserError(f"{path} is missing.", "name a folder that holds the weights as safetensors") from None
    except OSError as error:
        raise MachineError(
            f"{path} could not be read: {error.strerror or error}.", "check the disk and the path"
        ) from error


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """One safetensors file; call it inside ``core.durable`` so that it appears whole or not at all."""
    try:
        save_file(
            {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}, path, {"format": "pt"}
        )
        path.chmod(0o644)
    except SafetensorError as error:
        _raise_disk_error(error)


def _raise_disk_error(error: SafetensorError) -> None:
    # safetensors wraps the operating system's error in its text, code included.
    if code := re.search(r"os error (\d+)\)", str(error)):
        raise OSError(int(code[1]), os.strerror(int(code[1]))) from error
    raise error


def _empty_decoder(config: DecoderConfig, compute_dtype: torch.dtype) -> Decoder:
    with torch.device("meta"):
        return Decoder(config, compute_dtype)


def linear_layers(decoder: CausalModel) -> dict[str, Linear]:
    """Every projection by its full name, the output head included."""
    return {name: module for name, module in decoder.named_modules() if isinstance(module, Linear)}
