"""`tunesmith train` on models that go through transformers: trained, scored, saved, opened again by everyone."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tunesmith.cli.main import run
from tunesmith.core.errors import Interrupted
from tunesmith.data.validate import read_dataset
from tunesmith.infer.loaded import load_model
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import locate
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.train.fine_tune import Job, fine_tune

SIZES: dict[str, Any] = {
    "vocab_size": 384, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 2,
}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "gemma2": {"head_dim": 8, "sliding_window": 16, "query_pre_attn_scalar": 8},
    "phi3": {},
}
TEXT = torch.arange(3, 60)


@pytest.fixture(scope="session")
def base_of(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Callable[[str], Path]:
    """A random model of the family beside the tiny base's tokenizer and template."""
    from transformers import AutoConfig, AutoModelForCausalLM

    def base(family: str) -> Path:
        folder = tmp_path_factory.mktemp(family)
        torch.manual_seed(3)
        config = AutoConfig.for_model(family, **SIZES, **FAMILIES[family], initializer_range=0.15)
        AutoModelForCausalLM.from_config(config, attn_implementation="eager").save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
            shutil.copyfile(tiny_base / name, folder / name)
        return folder

    return base


def train(folder: Path, base: Path, rows: list[dict[str, Any]], **settings: Any) -> str:
    """→ what was said. The run lies in ``folder/run``."""
    (folder / "training.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    spec = {
        "base_model": str(base), "training_file": "training.jsonl", "num_epochs": 4, "batch_size": 8,
        "validation_split": 0.2, "eval_examples": 3, **settings,
    }  # fmt: skip
    (folder / "job.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in spec.items()))
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.setenv("COLUMNS", "250")
        patch.setenv("TUNESMITH_OFFLINE", "1")
        code = run(["train", str(folder / "job.yaml"), "--out", str(folder / "run")])
    assert code == 0, said.getvalue()
    return said.getvalue()


def valid_losses(folder: Path) -> list[float]:
    rows = csv.DictReader((folder / "run" / "metrics.csv").open())
    return [float(row["valid_loss"]) for row in rows if row["valid_loss"]]


def our_logits(folder: Path) -> Tensor:
    decoder = load_model(str(folder / "run"), torch.float32).decoder
    with torch.no_grad():
        return decoder.logits(decoder(TEXT, Borders.of([len(TEXT)])))


def their_logits(model: Any) -> Tensor:
    with torch.no_grad():
        logits: Tensor = model.eval()(TEXT[None]).logits[0]
    return logits


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_adapter_is_trained_scored_and_opened_by_peft(
    base_of: Any, family: str, tmp_path: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = base_of(family)
    said = train(tmp_path, base, tiny_rows, learning_rate=0.01, lora_rank=4)
    assert "ForCausalLM goes through transformers." in said
    losses = valid_losses(tmp_path)
    assert losses[-1] < losses[0] - 0.2
    assert (tmp_path / "run" / "report.json").is_file()
    theirs = AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager", dtype=torch.float32)
    before = their_logits(theirs)
    reference = their_logits(PeftModel.from_pretrained(theirs, tmp_path / "run" / "model"))
    assert torch.allclose(our_logits(tmp_path), reference, atol=1e-4)
    assert not torch.allclose(before, reference, atol=0.1)


@pytest.mark.parametrize("family", FAMILIES)
def test_whole_model_is_trained_and_opened_by_the_library(
    base_of: Any, family: str, tmp_path: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    from transformers import AutoModelForCausalLM

    train(tmp_path, base_of(family), tiny_rows, adapter="none", learning_rate=0.005, precision="fp32")
    losses = valid_losses(tmp_path)
    assert losses[-1] < losses[0] - 0.2
    model, facts = AutoModelForCausalLM.from_pretrained(
        tmp_path / "run" / "model", attn_implementation="eager", dtype=torch.float32, output_loading_info=True
    )
    assert not any(facts.values())
    assert torch.allclose(our_logits(tmp_path), their_logits(model), atol=1e-4)


class Silent:
    """A reporter that keeps nothing."""

    def say(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def begin(self, settings: object, first_step: int) -> None: ...
    def step(self, metrics: object) -> None: ...


def test_resumed_run_equals_an_uninterrupted_one_to_the_last_bit(
    base_of: Any, tmp_path: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    file = tmp_path / "training.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in tiny_rows), encoding="utf-8")
    given = {"max_steps": 4, "batch_size": 4, "precision": "bf16", "adapter": "none"}
    spec = FineTuneSpec.model_validate({"base_model": str(base_of("gemma2")), "training_file": str(file), **given})
    job = Job(spec, locate(spec.base_model), read_dataset(file, None, ())[0], None, tmp_path / "whole")
    whole = fine_tune(job, Silent(), lambda: False)
    halves = replace(job, folder=tmp_path / "halves")
    asked = iter((False, False, True))
    with pytest.raises(Interrupted):
        fine_tune(halves, Silent(), lambda: next(asked))
    resumed = fine_tune(replace(halves, resume=True), Silent(), lambda: False)
    files = [outcome.model / "model.safetensors" for outcome in (whole, resumed)]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes() != (Path(spec.base_model) / "model.safetensors").read_bytes()
