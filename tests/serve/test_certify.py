"""A model that does not answer here as it was trained does not answer at all, and says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from sqlalchemy import select

from tunesmith.nn.weights import read_tensors, write_tensors
from tunesmith.store import job_certificates
from tunesmith.store.tables import models
from tunesmith.train import serving_check


def changed(folder: Path, to: Path, change: Callable[[Path], object]) -> Path:
    shutil.copytree(folder, to)
    change(to)
    return to


def test_adapter_answers_otherwise_than_its_base_and_shows_its_figures(home: Any, tiny_adapter: Path) -> None:
    model = home.keep(tiny_adapter)
    assert home.text(model) != home.text(home.base_model())
    (report,) = [each for each in home.serving.server.residents.reports() if each.owner_type == "model"]
    assert report.state == "loaded"
    figures = {figure.name: figure for figure in report.figures}
    assert figures["conversations whose tokens differ"].value == 0
    agreement = figures["mean difference of log-probabilities, nats"]
    assert 0 < agreement.value <= agreement.most
    assert figures["largest change by the adapter, nats"].value > agreement.most


def noted(home: Any, model: Any) -> dict[str, Any]:
    """What the job that made the model was told."""
    with home.database.read() as connection:
        job_id = connection.execute(select(models.c.job_id).where(models.c.id == model.owner_id)).scalar_one()
        return {each.name: each for each in job_certificates.of(connection, job_id)}


def test_the_job_hears_how_its_model_answered(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    model = home.keep(tiny_adapter)
    home.text(model)
    told = noted(home, model)
    assert {name: each.state for name, each in told.items()} == {"same_tokens": "passed", "adapter_applied": "passed"}
    difference = told["same_tokens"].figures[1]
    assert difference.name == "logprob_difference"
    assert 0 < difference.value <= difference.most
    assert told["adapter_applied"].figures[0].value > 0


def test_the_job_hears_why_its_model_does_not_answer(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    scaled = home.keep(changed(tiny_adapter, tmp_path / "scale", _halve_alpha))
    refused = home.refusal(scaled)
    told = noted(home, scaled)
    assert told["adapter_applied"].state == "failed"
    assert told["adapter_applied"].sentence in refused.message
    other = home.keep(changed(tiny_adapter, tmp_path / "template", _change_template))
    home.refusal(other)
    assert {name: each.state for name, each in noted(home, other).items()} == {"same_tokens": "failed"}


def test_whole_tuned_model_is_certified_too(home: Any, tiny_full: Path) -> None:
    model = home.keep(tiny_full)
    assert home.text(model) != home.text(home.base_model())
    (report,) = [each for each in home.serving.server.residents.reports() if each.owner_type == "model"]
    assert "same tokens and log-probabilities" in report.certificate


def _rename_tensors(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    write_tensors(path, {name.replace("base_model.model.", "base_model."): t for name, t in read_tensors(path).items()})


def test_adapter_with_wrong_prefix_is_refused(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    """The server that answered with the base model and no word of warning."""
    model = home.keep(changed(tiny_adapter, tmp_path / "wrong", _rename_tensors))
    refused = home.refusal(model)
    assert (refused.status, refused.code) == (503, "model_not_certified")
    assert "found no module" in refused.message
    assert refused.retry_after_seconds is None


def _zero_pairs(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    write_tensors(path, {n: torch.zeros_like(t) if "lora_B" in n else t for n, t in read_tensors(path).items()})


@pytest.mark.parametrize("with_check_file", [True, False])
def test_adapter_that_changes_nothing_is_refused(
    home: Any, tiny_adapter: Path, tmp_path: Path, with_check_file: bool
) -> None:
    def change(folder: Path) -> None:
        _zero_pairs(folder)
        if not with_check_file:
            (folder / serving_check.FILE).unlink()

    refused = home.refusal(home.keep(changed(tiny_adapter, tmp_path / "zero", change)))
    assert refused.code == "model_not_certified"
    assert "changes nothing" in refused.message


def _other_weights(other: Path) -> Callable[[Path], object]:
    return lambda folder: shutil.copy(other / "adapter_model.safetensors", folder / "adapter_model.safetensors")


def test_weights_of_another_training_are_refused(
    home: Any, tiny_adapter: Path, train_tiny: Callable[..., Path], tmp_path: Path
) -> None:
    """Loads without a fault, answers fluently, is another model."""
    other = train_tiny(seed=9)
    refused = home.refusal(home.keep(changed(tiny_adapter, tmp_path / "mixed", _other_weights(other))))
    assert refused.code == "model_not_certified"
    assert "log-probabilities differ from the trainer's by" in refused.message


def _halve_alpha(folder: Path) -> None:
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "lora_alpha": config["lora_alpha"] / 8}))


def test_adapter_with_another_scale_is_refused(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    refused = home.refusal(home.keep(changed(tiny_adapter, tmp_path / "scale", _halve_alpha)))
    assert refused.code == "model_not_certified"


def _change_template(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("'<|im_end|>' + '\n'", "'<|im_end|>'"))


def test_template_that_differs_is_refused(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    """82 % right through the API, 0 % after export: the template was another one."""
    refused = home.refusal(home.keep(changed(tiny_adapter, tmp_path / "template", _change_template)))
    assert refused.code == "model_not_certified"
    assert "gives other tokens here than in training" in refused.message
    assert "the first difference at token" in refused.message


def _second_bos(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    path.write_text("{{- bos_token -}}" + path.read_text())


def test_second_bos_is_refused(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    refused = home.refusal(home.keep(changed(tiny_adapter, tmp_path / "bos", _second_bos)))
    assert refused.code == "model_not_certified"


def _other_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    raw = json.loads(path.read_text())
    raw["model"]["merges"] = raw["model"]["merges"][: len(raw["model"]["merges"]) // 2]
    path.write_text(json.dumps(raw))


def test_tokenizer_that_differs_is_refused(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    refused = home.refusal(home.keep(changed(tiny_adapter, tmp_path / "tokenizer", _other_tokenizer)))
    assert refused.code == "model_not_certified"


def test_damaged_check_file_is_refused(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    path = changed(tiny_adapter, tmp_path / "damaged", lambda f: (f / serving_check.FILE).write_text("{"))
    assert home.refusal(home.keep(path)).code == "model_not_certified"


def test_base_model_that_was_replaced_is_refused(
    home: Any, tiny_adapter: Path, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    model = home.keep(tiny_adapter)
    home.base = make_base(tmp_path / "another", seed=8)
    refused = home.refusal(home.keep(tiny_adapter))
    assert refused.code == "model_not_certified"
    assert "was trained on another" in refused.message
    assert home.text(model)


def test_model_without_a_check_file_answers_and_says_so(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    model = home.keep(changed(tiny_adapter, tmp_path / "older", lambda f: (f / serving_check.FILE).unlink()))
    assert home.text(model)
    (report,) = [each for each in home.serving.server.residents.reports() if each.owner_type == "model"]
    assert "no check file" in report.certificate


def test_refused_model_is_reported_with_its_reason(home: Any, tiny_adapter: Path, tmp_path: Path) -> None:
    model = home.keep(changed(tiny_adapter, tmp_path / "template", _change_template))
    home.refusal(model)
    (report,) = home.serving.server.residents.reports()
    assert (report.state, report.name) == ("refused", model.name)
    assert "other tokens" in report.certificate
