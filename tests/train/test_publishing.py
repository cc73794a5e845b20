"""Models handed over while training goes on, and the check file by which a server sees that it computes the same."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tunesmith.core.errors import Interrupted, UserError
from tunesmith.data.render import Renderer
from tunesmith.data.split import split
from tunesmith.data.validate import read_dataset
from tunesmith.infer.loaded import load_model
from tunesmith.nn.catalog import locate
from tunesmith.nn.lora import adapter_tensors
from tunesmith.nn.models import load_causal_model
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, resolve
from tunesmith.train import serving_check
from tunesmith.train.fine_tune import Job, fine_tune, publish_steps
from tunesmith.train.run_folder import StepMetrics, read_metrics


class Keeper:
    """A reporter and publisher that remembers."""

    def __init__(self, wants_model: bool = False) -> None:
        self.published_rows: list[StepMetrics] = []
        self.folders: list[Path] = []
        self.saved: list[int] = []
        self.machines: list[tuple[object, object]] = []
        self.wants_model = wants_model

    def say(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def begin(self, settings: object, first_step: int) -> None: ...
    def step(self, metrics: StepMetrics) -> None: ...

    def checkpoint(self, step: int, folder: Path) -> None:
        assert (folder / "manifest.json").is_file()
        self.saved.append(step)

    def published(self, metrics: StepMetrics, folder: Path) -> None:
        self.published_rows.append(metrics)
        self.folders.append(folder)

    def wants_model_when_stopped(self) -> bool:
        return self.wants_model

    def runs_on(self, fingerprint: Mapping[str, str | int], saved: Mapping[str, str | int] | None) -> None:
        self.machines.append((fingerprint, saved))

    @property
    def steps(self) -> list[int]:
        return [row.step for row in self.published_rows]


Run = Callable[..., Keeper]


@pytest.fixture
def run(tiny_base: Path, tiny_file: Path, tmp_path: Path) -> Run:
    def run(
        name: str = "run", *, keeper: Keeper | None = None, publishes: bool = True, resume: bool = False,
        stop: Callable[[], bool] = lambda: False, adapter: Path | None = None, **given: Any,
    ) -> Keeper:  # fmt: skip
        files = {"base_model": str(tiny_base), "training_file": str(tiny_file), "precision": "fp32", "batch_size": 8}
        spec = FineTuneSpec.model_validate({**files, "validation_split": 0.2, **given})
        training, _ = read_dataset(tiny_file, None, ())
        training, validation = split(training, 0.2, spec.seed)
        keeper = keeper or Keeper()
        job = Job(spec, locate(str(tiny_base)), training, validation, tmp_path / name, resume, adapter)
        fine_tune(job, keeper, stop, publisher=keeper if publishes else None)
        return keeper

    return run


def bits(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("num_epochs", "steps"), [(1.0, {4}), (2.0, {4, 8}), (5.0, {12, 16, 20}), (2.5, {4, 8, 10}), (0.5, {2})]
)
def test_models_are_published_at_the_ends_of_the_last_three_epochs_and_the_end(
    num_epochs: float, steps: set[int]
) -> None:
    facts = Facts(32, 20, 10.0, False, 256, 32, 30_000, ("q_proj", "lm_head"), "cpu", False, False)
    spec = FineTuneSpec.model_validate(
        {"base_model": "b", "training_file": "t", "num_epochs": num_epochs, "batch_size": 8}
    )
    assert publish_steps(resolve(spec, facts), 4) == steps


def test_publishing_changes_no_bit_of_the_result(run: Run, tmp_path: Path) -> None:
    run("loud", num_epochs=3)
    run("quiet", num_epochs=3, publishes=False)
    assert bits(tmp_path / "loud" / "model") == bits(tmp_path / "quiet" / "model")
    rows = [read_metrics(tmp_path / name / "metrics.csv") for name in ("loud", "quiet")]
    assert [row.train_loss for row in rows[0]] == [row.train_loss for row in rows[1]]


def test_a_published_model_was_validated_and_the_last_one_is_the_result(run: Run, tmp_path: Path) -> None:
    keeper = run(num_epochs=2, eval_every_steps=100)
    assert keeper.steps == [4, 8]
    assert all(row.valid_loss is not None for row in keeper.published_rows)
    assert bits(keeper.folders[-1]) == bits(tmp_path / "run" / "model") != bits(keeper.folders[0])


@pytest.mark.parametrize("at", range(1, 8))
def test_a_run_stopped_at_any_step_and_resumed_publishes_the_same_models(run: Run, tmp_path: Path, at: int) -> None:
    whole = run("whole", num_epochs=2)
    answers = iter([False] * at + [True])
    first = Keeper()
    with pytest.raises(Interrupted):
        run("run", keeper=first, num_epochs=2, stop=lambda: next(answers))
    second = run("run", num_epochs=2, resume=True)
    models = {
        row.step: bits(folder)
        for one in (first, second)
        for row, folder in zip(one.published_rows, one.folders, strict=True)
    }
    assert models == {row.step: bits(folder) for row, folder in zip(whole.published_rows, whole.folders, strict=True)}
    assert first.saved[-1] == at


def test_whoever_pauses_gets_a_model_of_that_step_with_its_validation(run: Run, tmp_path: Path) -> None:
    answers = iter([False, False, False, True])
    keeper = Keeper(wants_model=True)
    with pytest.raises(Interrupted):
        run("run", keeper=keeper, num_epochs=2, eval_every_steps=100, stop=lambda: next(answers))
    assert keeper.steps == [3]
    assert keeper.published_rows[0].valid_loss is not None
    run("run", num_epochs=2, eval_every_steps=100, resume=True)
    run("whole", num_epochs=2, eval_every_steps=100)
    assert bits(tmp_path / "run" / "model") == bits(tmp_path / "whole" / "model")
    rows = [
        [replace(row, tokens_per_second=None) for row in read_metrics(tmp_path / name / "metrics.csv")]
        for name in ("run", "whole")
    ]
    assert rows[0] == rows[1], "the pause's validation is no row"


def test_training_goes_on_from_a_trained_adapter_and_only_from_that_one(run: Run, tmp_path: Path) -> None:
    run("first", num_epochs=1)
    adapter = tmp_path / "first" / "model"
    run("second", num_epochs=1, learning_rate=1e-9, adapter=adapter)
    before, after = (serving_check.read(tmp_path / name / "model").cases[0] for name in ("first", "second"))
    assert serving_check.mean_difference(before.logprobs, after.logprobs) < 1e-4
    assert before.base_logprobs == after.base_logprobs
    run("other", num_epochs=1, seed=1)
    with pytest.raises(UserError, match="initial_adapter"):
        run("second", num_epochs=1, learning_rate=1e-9, adapter=tmp_path / "other" / "model", resume=True)


# --- the check file ---------------------------------------------------------------------------------


@pytest.fixture
def trained(run: Run, tmp_path: Path) -> Path:
    run("run", num_epochs=2, learning_rate=1e-2)
    return tmp_path / "run" / "model"


def test_the_loaded_model_computes_what_the_trainer_wrote(trained: Path, tiny_base: Path) -> None:
    check = serving_check.read(trained)
    assert (check.dtype, check.is_chat, len(check.cases)) == ("fp32", True, 5)
    loaded = load_model(str(trained), torch.float32)
    for case in check.cases:
        assert serving_check.tokens_of(case.messages, loaded.renderer, is_chat=True) == case.token_ids
    served = [serving_check.logprobs_of(loaded.decoder, case.token_ids) for case in check.cases]
    agreement = serving_check.compare(check, served, "fp32")
    assert agreement.is_close
    assert agreement.difference < 1e-5 < agreement.moved


def test_the_base_without_its_adapter_is_found_out(trained: Path, tiny_base: Path) -> None:
    check = serving_check.read(trained)
    base = load_causal_model(locate(str(tiny_base)), torch.float32)
    served = [serving_check.logprobs_of(base, case.token_ids) for case in check.cases]
    assert [list(case.base_logprobs or ()) for case in check.cases] == [pytest.approx(row, abs=2e-6) for row in served]
    for dtype in ("fp32", "bf16"):
        assert not serving_check.compare(check, served, dtype).is_close


def test_an_adapter_that_is_half_as_strong_is_found_out(trained: Path) -> None:
    from tunesmith.nn.transformer import Linear

    check, loaded = serving_check.read(trained), load_model(str(trained), torch.float32)
    for module in loaded.decoder.modules():
        if isinstance(module, Linear):
            module.lora_scale /= 2
    served = [serving_check.logprobs_of(loaded.decoder, case.token_ids) for case in check.cases]
    assert not serving_check.compare(check, served, "fp32").is_close


def test_another_template_gives_other_tokens(trained: Path) -> None:
    check = serving_check.read(trained)
    template = trained / "chat_template.jinja"
    template.write_text(template.read_text().replace("<|im_start|>", "<|im_end|>"))
    renderer = Renderer.load(trained)
    assert serving_check.tokens_of(check.cases[0].messages, renderer, is_chat=True) != check.cases[0].token_ids


def test_measuring_leaves_the_model_as_it_was(trained: Path) -> None:
    loaded = load_model(str(trained), torch.float32)
    before = {name: tensor.clone() for name, tensor in adapter_tensors(loaded.decoder).items()}
    first = serving_check.measure(loaded.decoder, loaded.renderer, is_chat=True)
    assert serving_check.measure(loaded.decoder, loaded.renderer, is_chat=True) == first
    assert all(torch.equal(before[name], tensor) for name, tensor in adapter_tensors(loaded.decoder).items())


def test_every_figure_is_a_finite_number_and_survives_the_file(trained: Path, tmp_path: Path) -> None:
    check = serving_check.read(trained)
    assert all(math.isfinite(value) and value <= 0 for case in check.cases for value in case.logprobs)
    assert all(len(case.logprobs) == len(case.token_ids) - 1 for case in check.cases)
    serving_check.write(tmp_path, check)
    assert serving_check.read(tmp_path) == check


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dtype": "fp32", "prompt": "chat", "cases": [3]}'])
def test_a_damaged_check_file_is_refused_by_its_name(trained: Path, content: str) -> None:
    (trained / serving_check.FILE).write_text(content)
    with pytest.raises(UserError, match=r"serving_check\.json is damaged"):
        serving_check.read(trained)


def test_the_file_has_the_format_that_servers_read(trained: Path) -> None:
    raw = json.loads((trained / serving_check.FILE).read_bytes())
    assert set(raw) == {"format", "dtype", "prompt", "cases"}
    assert raw["format"] == 1
    assert set(raw["cases"][0]) == {"messages", "token_ids", "logprobs", "base_logprobs"}
    assert raw["cases"][0]["messages"] == [{"role": "user", "content": "What is the capital of France?"}]
