"""The trained model on disk: an adapter in PEFT's format or a whole model in the Hugging Face layout.

Beside the weights lie the tokenizer, the template that was trained with, and ``tunesmith.json``, which
says how the model is to be prompted (chat or raw), where it stops, and which base it belongs to, and
``serving_check.json``, by which a server sees that it computes the same.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from tunesmith.core import durable
from tunesmith.data.examples import Dataset
from tunesmith.data.render import Renderer
from tunesmith.data.versions import read_version
from tunesmith.nn.catalog import BaseModel, config_as_json
from tunesmith.nn.lora import ADAPTER_WEIGHTS, AdapterConfig, save_adapter
from tunesmith.nn.transformer import CausalModel
from tunesmith.nn.weights import named_weights, write_tensors
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.train import serving_check
from tunesmith.train.serving_check import ServingCheck

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


def save_model(
    folder: Path,
    decoder: CausalModel,
    adapter: AdapterConfig | None,
    base: BaseModel,
    renderer: Renderer,
    *,
    is_chat: bool,
    check: ServingCheck | None = None,
) -> None:
    """Publish the result as ``folder``, whole or not at all."""

    def write(temporary: Path) -> None:
        _write(temporary, decoder, adapter, base, renderer, is_chat)
        if check is not None:
            serving_check.write(temporary, check)

    durable.write_folder(folder, write)


def source_hashes(
    spec: FineTuneSpec, base: BaseModel, training: Dataset, validation: Dataset | None, initial_adapter: Path | None
) -> dict[str, str | float | None]:
    """What a run was made from, by content."""
    return {
        "initialization": spec.initialization,
        "base_model": base.sha256(),
        "initial_adapter": durable.sha256_of(initial_adapter / ADAPTER_WEIGHTS) if initial_adapter else None,
        "tokenizer": _tokenizer_hash(base.folder),
        "training_file": training.sha256,
        "validation_file": validation.sha256 if validation else None,
        "validation_split": spec.validation_split,
        "file_format": training.format,
    }


def data_versions(training: Dataset, validation: Dataset | None) -> dict[str, dict[str, Any] | None]:
    """What the run's files were made of: the version beside each, or its hash alone where there is none."""
    return {
        "training_file": _data_version(training),
        "validation_file": _data_version(validation) if validation and validation.path != training.path else None,
    }


def _data_version(dataset: Dataset) -> dict[str, Any]:
    version = read_version(Path(dataset.path))
    if version is None or version.sha256 != dataset.sha256:
        return {"name": Path(dataset.path).name, "sha256": dataset.sha256}
    return {"name": Path(dataset.path).name, **version.as_json()}


def _tokenizer_hash(folder: Path) -> str:
    files = [folder / name for name in (*TOKENIZER_FILES, "chat_template.jinja")]
    hashes = [f"{path.name} {durable.sha256_of(path)}" for path in files if path.is_file()]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _write(
    folder: Path,
    decoder: CausalModel,
    adapter: AdapterConfig | None,
    base: BaseModel,
    renderer: Renderer,
    is_chat: bool,
) -> None:
    stops = renderer.chat_end_ids() if is_chat else (renderer.raw_end_id,)
    if adapter is not None:
        save_adapter(folder, decoder, adapter, base.name)
    else:
        weights = {name: weight.detach().to(decoder.compute_dtype) for name, weight in named_weights(decoder)}
        write_tensors(folder / "model.safetensors", weights)
        config = config_as_json(decoder.config, str(decoder.compute_dtype).removeprefix("torch."))
        durable.write_json(folder / "config.json", {**config, **_token_ids(renderer, stops)})
    durable.write_json(folder / "generation_config.json", _token_ids(renderer, stops))
    for name in TOKENIZER_FILES:
        if (base.folder / name).is_file():
            shutil.copyfile(base.folder / name, folder / name)
    _one_template(folder, renderer)
    kind = "model" if adapter is None else "adapter"
    facts = {"format": 1, "kind": kind, "prompt": "chat" if is_chat else "raw", "stop_token_ids": list(stops)}
    durable.write_json(folder / "tunesmith.json", {**facts, "base_model": base.name, "base_sha256": base.sha256()})


def _token_ids(renderer: Renderer, stops: tuple[int, ...]) -> dict[str, object]:
    return {"bos_token_id": renderer.tokenizer.bos_id, "eos_token_id": list(stops)}


def _one_template(folder: Path, renderer: Renderer) -> None:
    """The template that was trained with, and no other one beside it; nor a word of code that is not there.

    Authors who publish code name their tokenizer's class too. tokenizer.json says all that it does.
    """
    (folder / "chat_template.jinja").write_text(renderer.template.source, encoding="utf-8")
    path = folder / "tokenizer_config.json"
    if path.is_file():
        settings = json.loads(path.read_bytes())
        if not isinstance(settings, dict):  # read as empty
            settings = {}
        if settings.pop("auto_map", None) is not None:
            settings["tokenizer_class"] = "PreTrainedTokenizerFast"
        settings.pop("chat_template", None)
        durable.write_json(path, settings)
