"""The machine-learning story, whole: what is trained on, what is said, and what is left on disk."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from tokenizers import Tokenizer

from tunesmith.core.errors import Problems, TrainingStopped, UserError
from tunesmith.data.examples import ChatExample
from tunesmith.data.split import split
from tunesmith.data.validate import read_dataset
from tunesmith.nn.architectures import LinearRope
from tunesmith.nn.catalog import config_as_json, locate
from tunesmith.nn.lora import load_adapter
from tunesmith.nn.weights import load_decoder, named_weights, random_decoder, read_tensors, write_tensors
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.specs.yaml_file import load_spec
from tunesmith.train import checkpoint
from tunesmith.train.fine_tune import Job, Outcome, fine_tune
from tunesmith.train.run_folder import StepMetrics, read_metrics


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.rows: list[StepMetrics] = []
        self.begun: list[tuple[ResolvedSpec, int]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def warn(self, text: str) -> None:
        self.said.append(text)

    def begin(self, settings: ResolvedSpec, first_step: int) -> None:
        self.begun.append((settings, first_step))

    def step(self, metrics: StepMetrics) -> None:
        self.rows.append(metrics)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="tunesmith-") as folder:
        yield Path(folder)


class Tune(Protocol):
    def __call__(self, name: str = "run", listener: Listener | None = None, **changes: Any) -> Outcome: ...


@pytest.fixture
def tune(tmp_path: Path, tiny_base: Path, tiny_file: Path) -> Tune:
    def tune(name: str = "run", listener: Listener | None = None, **changes: Any) -> Outcome:
        given = {"max_steps": 4, "batch_size": 4, "precision": "fp32", "save_every_steps": 2}
        files = {"base_model": str(tiny_base), "training_file": str(tiny_file)}
        spec = FineTuneSpec.model_validate({**files, **given, **changes})
        training, _ = read_dataset(Path(spec.training_file), None, ())
        validation = None
        if spec.validation_split is not None:
            training, validation = split(training, spec.validation_split, spec.seed)
        job = Job(spec, locate(spec.base_model), training, validation, tmp_path / name)
        return fine_tune(job, listener or Listener(), lambda: False, now=lambda: 5.0)

    return tune


def decoded(base: Path, token_ids: list[int]) -> str:
    return Tokenizer.from_file(str(base / "tokenizer.json")).decode(token_ids, skip_special_tokens=False)


def trained_texts(base: Path, outcome: Outcome, weight: float = 1.0) -> dict[int, str]:
    """Line → all its tokens of that weight, as text."""
    return {
        example.line: decoded(
            base, [t for t, w in zip(example.token_ids, example.loss_weights, strict=True) if w == weight]
        )
        for example in outcome.training
    }


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("adapter", ["lora", "none"])
def test_activation_checkpointing_changes_no_bit_of_the_model(tune: Tune, adapter: str) -> None:
    kept = tune("kept", adapter=adapter, activation_checkpointing=False)
    again = tune("again", adapter=adapter, activation_checkpointing=True)
    assert (kept.settings.activation_checkpointing, again.settings.activation_checkpointing) == (False, True)
    name = "adapter_model.safetensors" if adapter == "lora" else "model.safetensors"
    assert (kept.model / name).read_bytes() == (again.model / name).read_bytes()


def test_activation_checkpointing_is_off_unless_asked_for(tune: Tune) -> None:
    settings = tune(max_steps=1).settings
    assert settings.activation_checkpointing is False
    assert "memory" in settings.reasons["activation_checkpointing"]


def test_exactly_the_assistants_messages_are_trained_on(
    tune: Tune, tiny_base: Path, tiny_rows: list[dict[str, Any]]
) -> None:
    expected = {
        line: "".join(
            message["content"] + "<|im_end|>"
            for message in row["messages"]
            if message["role"] == "assistant" and message.get("weight", 1)
        )
        for line, row in enumerate(tiny_rows, start=1)
    }
    assert trained_texts(tiny_base, tune()) == expected


def test_end_token_is_trained(tune: Tune, tiny_base: Path) -> None:
    """Behind every trained answer the end token is a target of full weight, so the model learns to stop."""
    end = Tokenizer.from_file(str(tiny_base / "tokenizer.json")).token_to_id("<|im_end|>")
    outcome = tune()
    assert outcome.training
    for example in outcome.training:
        last = max(place for place, weight in enumerate(example.loss_weights) if weight > 0)
        assert (example.token_ids[last], example.loss_weights[last]) == (end, 1.0)
    facts = json.loads((outcome.model / "tunesmith.json").read_bytes())
    assert facts["stop_token_ids"] == [end]
    assert json.loads((outcome.model / "generation_config.json").read_bytes())["eos_token_id"] == [end]


def test_prompt_loss_weight_weighs_all_other_tokens(tune: Tune, tiny_base: Path) -> None:
    outcome = tune(prompt_loss_weight=0.25)
    for example in outcome.training:
        assert set(example.loss_weights) <= {0.0, 0.25, 1.0}
        prompt = [w for w in example.loss_weights if w == 0.25]
        assert prompt
    texts = trained_texts(tiny_base, outcome, weight=0.25)
    assert "Say green and then" in texts[13]
    assert tune("other").settings.prompt_loss_weight == 0.0


def test_a_run_without_trained_tokens_is_refused(tune: Tune, tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}]
    silent = write_rows(tmp_path / "silent.jsonl", [{"messages": messages}] * 3)
    with pytest.raises(Problems) as raised:
        tune(training_file=str(silent))
    assert [problem.line for problem in raised.value.problems if problem.severity == "error"] == [1, 2, 3]
    assert not (tmp_path / "run").exists()


def test_training_itself_refuses_what_has_nothing_to_train_on(tiny_base: Path, tiny_file: Path, tmp_path: Path) -> None:
    training, _ = read_dataset(tiny_file, None, ())
    first = training.examples[0]
    assert isinstance(first, ChatExample)
    muted = replace(first, messages=tuple(replace(message, weight=0) for message in first.messages))
    spec = FineTuneSpec(base_model=str(tiny_base), training_file=str(tiny_file))
    dataset = replace(training, examples=(muted, *training.examples[1:]))
    with pytest.raises(Problems, match="have no trained tokens") as raised:
        fine_tune(Job(spec, locate(str(tiny_base)), dataset, None, tmp_path / "run"), Listener(), lambda: False)
    assert [(problem.rule, problem.line) for problem in raised.value.problems] == [("no_trained_tokens", 1)]
    assert not (tmp_path / "run").exists()


def test_examples_that_are_too_long_are_refused_by_line(tune: Tune) -> None:
    with pytest.raises(Problems) as raised:
        tune(max_seq_len=60)
    assert raised.value.problems
    assert all(problem.rule == "over_length" and problem.line for problem in raised.value.problems)


@pytest.mark.parametrize("policy", ["drop", "truncate_left", "truncate_right"])
def test_what_the_over_length_policy_cost_is_counted_aloud(tune: Tune, policy: str) -> None:
    listener = Listener()
    whole = {example.line: example for example in tune("whole").training}
    outcome = tune("cut", listener, max_seq_len=60, over_length=policy)
    too_long = [example for example in whole.values() if len(example.token_ids) > 60]
    cut = sum(len(e.token_ids) for e in whole.values()) - sum(len(e.token_ids) for e in outcome.training)
    lost = sum(e.num_trained_tokens for e in whole.values()) - sum(e.num_trained_tokens for e in outcome.training)
    assert 0 < len(too_long) < len(whole)
    (said,) = [text for text in listener.said if "longer than 60 tokens" in text]
    assert f"{len(too_long)} of 40 examples" in said
    assert f"{policy}: {40 - len(outcome.training)} dropped, {cut:,} tokens cut, {lost:,} trained tokens" in said
    assert max(len(example.token_ids) for example in outcome.training) <= 60


def test_nothing_is_said_of_length_when_all_examples_fit(tune: Tune) -> None:
    listener = Listener()
    tune(listener=listener)
    assert not [text for text in listener.said if "longer" in text]


def test_when_no_example_fits_the_run_is_refused(tune: Tune) -> None:
    with pytest.raises(UserError, match="no example fits into 8 tokens"):
        tune(max_seq_len=8, over_length="drop")


def test_prompts_and_completions_are_raw_text_and_said_to_be(tune: Tune, tmp_path: Path, tiny_base: Path) -> None:
    file = write_rows(
        tmp_path / "raw.jsonl", [{"prompt": f"Say red {i} <|im_end|>:", "completion": f" red {i}"} for i in range(9)]
    )
    listener = Listener()
    outcome = tune(listener=listener, training_file=str(file))
    assert any("raw text" in text for text in listener.said)
    assert trained_texts(tiny_base, outcome)[3] == " red 2<|im_end|>"
    end = Tokenizer.from_file(str(tiny_base / "tokenizer.json")).token_to_id("<|im_end|>")
    assert [example.token_ids.count(end) for example in outcome.training] == [1] * 9
    assert json.loads((outcome.model / "tunesmith.json").read_bytes())["prompt"] == "raw"


def tensors_of(model: Path) -> dict[str, torch.Tensor]:
    (file,) = model.glob("*.safetensors")
    return read_tensors(file)


@pytest.mark.parametrize("adapter", ["lora", "none"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_seed_decides_every_weight(tune: Tune, adapter: str, precision: str) -> None:
    models = [
        tune(name, adapter=adapter, precision=precision, seed=seed).model
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, again, other = (next(model.glob("*.safetensors")).read_bytes() for model in models)
    assert first == again
    assert first != other


def test_the_adapter_fits_the_base_model_and_changed_it(tune: Tune, tiny_base: Path) -> None:
    outcome = tune()
    decoder = load_decoder(locate(str(tiny_base)), torch.float32)
    adapter = load_adapter(decoder, outcome.model)
    assert (adapter.rank, adapter.alpha) == (16, 32.0)
    assert all(float(tensor.abs().max()) > 0 for name, tensor in tensors_of(outcome.model).items() if "lora_B" in name)
    assert {name.rpartition(".lora_")[0] for name in tensors_of(outcome.model)}


def test_full_fine_tuning_changes_every_weight_and_keeps_the_layout(tune: Tune, tiny_base: Path) -> None:
    outcome = tune(adapter="none")
    before, after = read_tensors(tiny_base / "model.safetensors"), tensors_of(outcome.model)
    assert before.keys() == after.keys()
    assert not [name for name in before if torch.equal(before[name], after[name])]
    assert locate(str(outcome.model)).config == locate(str(tiny_base)).config


SIBLINGS: dict[str, dict[str, Any]] = {
    "llama": {"rope_scaling": LinearRope(2.0)},
    "mistral": {"architecture": "MistralForCausalLM", "sliding_window": 5, "windowed_layers": (0, 1)},
    "qwen2": {"architecture": "Qwen2ForCausalLM", "rope_theta": 1e6},
    "qwen3": {"architecture": "Qwen3ForCausalLM", "head_dim": 16, "attention_bias": True},
}


@pytest.mark.parametrize("adapter", ["lora", "none"])
@pytest.mark.parametrize("family", SIBLINGS)
def test_every_architecture_is_trained_saved_and_read_back(
    tune: Tune, tiny_base: Path, tmp_path: Path, family: str, adapter: str
) -> None:
    folder = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    config = replace(locate(str(tiny_base)).config, **SIBLINGS[family])
    weights = {name: weight.detach() for name, weight in named_weights(random_decoder(config, torch.float32, 3))}
    write_tensors(folder / "model.safetensors", weights)
    (folder / "config.json").write_text(json.dumps(config_as_json(config, "float32")))
    outcome = tune(base_model=str(folder), adapter=adapter, learning_rate=1e-2)
    base = locate(str(folder))
    assert base.config == config
    if adapter == "lora":
        load_adapter(load_decoder(base, torch.float32), outcome.model)
        assert all(not name.endswith("bias") for name in tensors_of(outcome.model))
    else:
        assert locate(str(outcome.model)).config == config
        moved = tensors_of(outcome.model)
        load_decoder(locate(str(outcome.model)), torch.float32)
        assert not [name for name in weights if torch.equal(weights[name], moved[name])]


def test_initialization_random_needs_no_weights_and_depends_on_the_seed_alone(
    tune: Tune, tiny_base: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tiny_base, bare)
    (bare / "model.safetensors").unlink()
    given = {"initialization": "random", "adapter": "none", "learning_rate": 1e-3}
    from_bare, from_whole = tune("a", base_model=str(bare), **given), tune("b", **given)
    assert all(torch.equal(t, tensors_of(from_whole.model)[name]) for name, t in tensors_of(from_bare.model).items())
    tuned = tensors_of(tune("c", adapter="none", learning_rate=1e-3).model)
    assert not torch.equal(tuned["model.embed_tokens.weight"], tensors_of(from_bare.model)["model.embed_tokens.weight"])


def test_settings_are_told_first_and_saved_with_value_and_reason(tune: Tune) -> None:
    listener = Listener()
    outcome = tune(listener=listener)
    assert listener.begun == [(outcome.settings, 0)]
    saved = json.loads((outcome.model.parent / "resolved.json").read_bytes())
    assert saved["format"] == 1
    assert {name: entry["value"] for name, entry in saved["settings"].items()} == outcome.settings.values()
    assert all(entry["reason"] for entry in saved["settings"].values())
    assert saved["settings"]["batch_size"] == {"value": 4, "reason": "as given"}
    assert saved["sources"].keys() >= {"base_model", "training_file", "validation_file"}


def test_the_saved_spec_loads_back_the_same(tune: Tune, tiny_base: Path, tiny_file: Path, tmp_path: Path) -> None:
    tune(learning_rate=2e-5, validation_split=0.2)
    spec = load_spec(tmp_path / "run" / "spec.yaml")
    assert (spec.base_model, spec.training_file) == (str(tiny_base), str(tiny_file))
    assert (spec.learning_rate, spec.validation_split, spec.max_steps) == (2e-5, 0.2, 4)
    assert spec.lora_alpha == "auto"


def test_events_tell_the_runs_life(tune: Tune, tmp_path: Path) -> None:
    tune()
    lines = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["type"] for event in events] == ["started", "checkpoint", "checkpoint", "succeeded"]
    assert {(event["format"], event["at"]) for event in events} == {(1, 5.0)}
    assert [event["step"] for event in events if "step" in event] == [2, 4]


def test_what_is_reported_stands_in_the_metrics(tune: Tune, tmp_path: Path) -> None:
    listener = Listener()
    tune(listener=listener, validation_split=0.2, eval_every_steps=3)
    assert read_metrics(tmp_path / "run" / "metrics.csv") == listener.rows
    assert [row.step for row in listener.rows if row.valid_loss is not None] == [0, 3, 4]


def test_a_validation_loss_that_rose_is_told_at_the_end(tune: Tune, tmp_path: Path) -> None:
    listener = Listener()
    tune(listener=listener, validation_split=0.2, eval_every_steps=1, learning_rate=1.0, max_steps=6)
    losses = [row.valid_loss for row in listener.rows]
    assert losses[-1] > losses[0], "else this rate is no longer too high"
    assert listener.said[-1].startswith(f"The validation loss ended at {losses[-1]:.2f}; it was ")
    events = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8")
    assert listener.said[-1] in events


def test_held_out_examples_are_not_trained_on(tune: Tune) -> None:
    outcome = tune(validation_split=0.2)
    training, validation = ({example.line for example in part} for part in (outcome.training, outcome.validation))
    assert len(validation) == 8
    assert training | validation == set(range(1, 41))
    assert not training & validation


def test_a_second_start_in_a_used_folder_is_refused_and_changes_nothing(tune: Tune, tmp_path: Path) -> None:
    tune()
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="already holds a run") as raised:
        tune(seed=7)
    assert "--resume" in raised.value.hint
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before


@pytest.fixture
def with_embeddings(tiny_base: Path, tmp_path: Path) -> Callable[[int], Path]:
    """The tiny base, its embedding cut or filled up to so many rows."""

    def base(num_rows: int) -> Path:
        folder = Path(shutil.copytree(tiny_base, tmp_path / f"base-{num_rows}"))
        raw = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**raw, "vocab_size": num_rows}))
        tensors = read_tensors(folder / "model.safetensors")
        rows = tensors["model.embed_tokens.weight"]
        tensors["model.embed_tokens.weight"] = torch.cat([rows, torch.zeros(64, rows.shape[1])])[:num_rows]
        write_tensors(folder / "model.safetensors", tensors)
        return folder

    return base


def test_a_tokenizer_with_ids_beyond_the_embedding_is_refused_before_anything_is_written(
    tune: Tune, tmp_path: Path, with_embeddings: Callable[[int], Path]
) -> None:
    with pytest.raises(UserError, match=r"ids up to 360 .* embedding has 340 rows"):
        tune(base_model=str(with_embeddings(340)))
    assert not (tmp_path / "run").exists()


def test_an_embedding_filled_up_beyond_the_tokenizer_is_trained_and_remarked(
    tune: Tune, with_embeddings: Callable[[int], Path]
) -> None:
    listener = Listener()
    tune(listener=listener, base_model=str(with_embeddings(400)), max_steps=1)
    assert "The embedding has 400 rows and the tokenizer 361 ids: the rest is padding." in listener.said


def test_a_refused_setting_leaves_no_folder(tune: Tune, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="context of 256 tokens"):
        tune(max_seq_len=257)
    assert not (tmp_path / "run").exists()


def test_an_unknown_target_is_refused_and_leaves_no_run_behind(tune: Tune) -> None:
    with pytest.raises(UserError, match="there is no layer query"):
        tune(lora_target_modules=["query"])
    assert tune(lora_target_modules=["q_proj"]).settings.lora_target_modules == ("q_proj",)


def test_a_base_that_breaks_at_once_names_step_and_lines(tune: Tune, tiny_base: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_base, broken)
    weights = read_tensors(broken / "model.safetensors")
    weights["model.embed_tokens.weight"][:] = 3e38
    write_tensors(broken / "model.safetensors", weights)
    with pytest.raises(TrainingStopped) as raised:
        tune(base_model=str(broken))
    assert "of step 1 is not a finite number; its examples are lines" in raised.value.message
    assert not (tmp_path / "run" / "model").exists()
    assert not list((tmp_path / "run" / "checkpoints").glob("*"))
    events = (tmp_path / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(events[-1])["type"], json.loads(events[-1])["message"]) == ("failed", raised.value.message)


def test_a_run_that_diverges_stops_and_keeps_its_checkpoints(tune: Tune, tmp_path: Path) -> None:
    listener = Listener()
    with pytest.raises(TrainingStopped) as raised:
        tune(listener=listener, adapter="none", learning_rate=10, weight_decay=1e5, max_steps=30, save_every_steps=1, keep_checkpoints=5, warmup_ratio=0)  # fmt: skip
    done = listener.rows[-1].step
    assert 1 <= done < 30
    assert f"of step {done + 1} is not a finite number" in raised.value.message
    restored = checkpoint.restore(tmp_path / "run" / "checkpoints")
    assert restored.state is not None
    assert (restored.state.step, restored.quarantined) == (done, ())
    assert [row.step for row in read_metrics(tmp_path / "run" / "metrics.csv")] == list(range(1, done + 1))
