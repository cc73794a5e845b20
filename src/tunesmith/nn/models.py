"""A base model's weights behind the one call, whichever engine computes them: ours, or the library's."""

from __future__ import annotations

import torch

from tunesmith.core.errors import UserError
from tunesmith.nn.catalog import BaseModel, DecoderConfig, ForeignConfig
from tunesmith.nn.foreign import empty_foreign, load_foreign
from tunesmith.nn.transformer import CausalModel, Decoder
from tunesmith.nn.weights import load_decoder, random_decoder


def load_causal_model(
    base: BaseModel, compute_dtype: torch.dtype, device: torch.device | str = "cpu", *, train_all: bool = False
) -> CausalModel:
    """In fp32 where all weights are trained, in the compute type otherwise."""
    load = load_foreign if isinstance(base.config, ForeignConfig) else load_decoder
    return load(base, compute_dtype, device, train_all=train_all)


def random_causal_model(
    config: DecoderConfig | ForeignConfig, compute_dtype: torch.dtype, seed: int, device: torch.device | str = "cpu"
) -> CausalModel:
    if isinstance(config, ForeignConfig):
        raise UserError(
            f"initialization: random is for models of our own decoder, not for {config.architecture}.",
            "start from its weights, or from a Llama",
        )
    return random_decoder(config, compute_dtype, seed, device)


def empty_causal_model(config: DecoderConfig | ForeignConfig) -> CausalModel:
    """The model's shape without weights: what it would be made of."""
    if isinstance(config, ForeignConfig):
        return empty_foreign(config)
    with torch.device("meta"):
        return Decoder(config)
