"""A tiny decoder in fp32 and adapters that fit it, each of another rank and on other projections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tunesmith.nn.catalog import BaseModel, read_folder
from tunesmith.nn.lora import AdapterConfig, add_adapter, save_adapter, target_kinds
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, load_decoder


@pytest.fixture(scope="session")
def varied_model(make_base: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    """Untied: its greedy answers are not one token again and again."""
    folder = make_base(tmp_path_factory.mktemp("varied_base"), tie=False)
    return read_folder(folder, str(folder))


@pytest.fixture(scope="session")
def make_adapter(varied_model: BaseModel) -> Callable[..., Path]:
    """``make_adapter(folder, rank=4, targets=None, seed=0, size=0.1)``: a saved adapter that changes the answers."""

    def make(
        folder: Path, rank: int = 4, targets: tuple[str, ...] | None = None, seed: int = 0, size: float = 0.1
    ) -> Path:
        decoder = load_decoder(varied_model, torch.float32)
        config = AdapterConfig(rank, 2.0 * rank, targets or target_kinds(decoder))
        add_adapter(decoder, config, seed)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in linear_layers(decoder).values():
                if layer.lora_B is not None:
                    layer.lora_B.normal_(0.0, size, generator=generator)
        folder.mkdir(parents=True)
        save_adapter(folder, decoder, config, varied_model.name)
        return folder

    return make


@pytest.fixture(scope="session")
def adapters(make_adapter: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("adapters")
    return {
        "all": make_adapter(folder / "all", rank=4),
        "some": make_adapter(folder / "some", rank=2, targets=("q_proj", "v_proj", "down_proj"), seed=1),
        "head": make_adapter(folder / "head", rank=8, targets=("k_proj", "up_proj", "lm_head"), seed=2),
    }


@pytest.fixture(scope="session")
def make_decoder(varied_model: BaseModel) -> Callable[[], Decoder]:
    return lambda: load_decoder(varied_model, torch.float32)
