"""The machine-learning story ★: the same for the command line, a worker and a cluster.

Examples, rendered and masked; over-length ones handled as asked; every setting resolved and said;
model; adapter; batches; loop; checkpoints; the trained model saved.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from tunesmith.core import durable
from tunesmith.core.errors import Interrupted, Problem, Problems, TrainingStopped, UserError
from tunesmith.data.examples import Dataset, TokenizedExample
from tunesmith.data.over_length import OverLengthResult, apply_over_length
from tunesmith.data.render import Renderer, render_all
from tunesmith.nn.catalog import BaseModel, DecoderConfig
from tunesmith.nn.lora import AdapterConfig, add_adapter, load_adapter, target_kinds
from tunesmith.nn.models import empty_causal_model, load_causal_model, random_causal_model
from tunesmith.nn.transformer import CausalModel, Decoder
from tunesmith.nn.weights import owned
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, ResolvedSpec, resolve, resolve_max_seq_len
from tunesmith.specs.yaml_file import spec_as_yaml
from tunesmith.train import checkpoint, device, serving_check
from tunesmith.train.batches import BatchPlan
from tunesmith.train.loop import LoopHooks, run_loop, validate
from tunesmith.train.optim import Optimizer
from tunesmith.train.result import data_versions, save_model, source_hashes
from tunesmith.train.run_folder import RunFolder, StepMetrics, read_metrics
from tunesmith.train.validation_note import note_on


class Reporter(Protocol):
    """How training tells the world; its only way out beside the run's folder."""

    def say(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def begin(self, settings: ResolvedSpec, first_step: int) -> None: ...
    def step(self, metrics: StepMetrics) -> None: ...


class Publisher(Protocol):
    """Who takes checkpoints and models away while training goes on, as a worker does for its platform."""

    def checkpoint(self, step: int, folder: Path) -> None:
        """Everything to resume lies in ``folder``; it stays until newer ones replace it."""

    def published(self, metrics: StepMetrics, folder: Path) -> None:
        """A model fit to answer lies in ``folder``; it is the publisher's from now on."""

    def wants_model_when_stopped(self) -> bool: ...

    def runs_on(self, fingerprint: Mapping[str, str | int], saved: Mapping[str, str | int] | None) -> None:
        """What equality of bits depends on here, and where the state was saved that training goes on from."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to train, on what, and where the run's folder lies. ``resume`` goes on from its newest checkpoint.

    ``initial_adapter`` is the folder of a trained adapter on the base model, whose pairs are trained on.
    """

    spec: FineTuneSpec
    base: BaseModel
    training: Dataset
    validation: Dataset | None
    folder: Path
    resume: bool = False
    initial_adapter: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: its model's folder, its settings, its rendered examples and what was dropped or cut."""

    model: Path
    settings: ResolvedSpec
    training: tuple[TokenizedExample, ...]
    validation: tuple[TokenizedExample, ...]
    cut_validation_lines: frozenset[int]
    over_length: OverLengthResult
    seconds: float


def fine_tune(
    job: Job, reporter: Reporter, stop_requested: Callable[[], bool], *, publisher: Publisher | None = None,
    clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time,
) -> Outcome:  # fmt: skip
    """Train, save, and say what happened. Raises UserError, TrainingStopped, Interrupted or MachineError."""
    spec, base = job.spec, job.base
    started = clock()
    renderer = Renderer.load(base.folder, spec.prompt_loss_weight)
    _say_what_is_special(job, renderer, reporter)
    over_length = _rendered(job.training, job, renderer, reporter)
    training = tuple(over_length.kept)
    held_out = _rendered(job.validation, job, renderer, reporter) if job.validation else None
    validation = held_out.kept if held_out else ()
    cut_lines = frozenset(p.line for p in held_out.problems if p.line is not None) if held_out else frozenset()

    place = device.choose_device()
    facts = _facts(job, training, bool(validation), place)
    settings = resolve(spec, facts)
    if job.resume:
        settings = _compile_as_begun(settings, job)
    sources = source_hashes(spec, base, job.training, job.validation, job.initial_adapter)
    identity = {**settings.as_json(), "sources": sources}
    run = _open_run(job, identity, now)
    restored = checkpoint.restore(run.checkpoints) if job.resume else checkpoint.Restored(None, ())
    state = restored.state
    _say_restored(job, restored, run, reporter)
    device.prepare(int(state.fingerprint["num_threads"]) if state else None)
    if settings.compile and not facts.can_compile:
        settings = _uncompiled(settings, run, reporter)
    fingerprint = device.fingerprint(place, settings.precision)
    if publisher is not None:
        publisher.runs_on(fingerprint, state.fingerprint if state else None)
    if state and dict(state.fingerprint) != fingerprint:
        _say_not_equal(state.fingerprint, fingerprint, run, reporter)

    decoder, adapter = _model(job, settings, place)
    for remark in decoder.remarks:
        reporter.say(remark)
    if settings.compile:
        decoder.compile_layers()
    _set_activation_checkpointing(decoder, settings)
    if not job.resume:
        _write_what_was_asked(run, job, identity)
    trained = {name: weight for name, weight in decoder.named_parameters() if weight.requires_grad}
    optimizer = Optimizer(trained, settings)
    torch.manual_seed(settings.seed)
    if state:
        load_state(state, trained, optimizer)
    plan = BatchPlan(training, settings.batch_size, settings.micro_batch_tokens, settings.seed)
    first_step = state.step if state else 0
    run.cut_metrics(first_step if state else -1)
    reporter.begin(settings, first_step)

    def report(metrics: StepMetrics) -> None:
        run.add_metrics(metrics)
        reporter.step(metrics)

    def save(step: int) -> None:
        run.sync_metrics()
        weights = {name: weight.detach() for name, weight in trained.items()}
        random_state = torch.get_rng_state()
        saved = checkpoint.TrainState(step, weights, optimizer.state(), random_state, fingerprint)
        checkpoint.save(run.checkpoints, saved, settings.keep_checkpoints)
        run.event("checkpoint", f"Checkpoint created at step {step}", step=step)
        if publisher is not None:
            publisher.checkpoint(step, run.checkpoints / f"step-{step:06d}")

    def export(folder: Path) -> None:
        is_chat = job.training.is_chat
        check = serving_check.measure(decoder, renderer, is_chat=is_chat, is_compiled=settings.compile)
        save_model(folder, decoder, adapter, job.base, renderer, is_chat=is_chat, check=check)

    def publish(metrics: StepMetrics) -> None:
        if publisher is not None:
            folder = run.published / f"step-{metrics.step:06d}"
            export(folder)
            publisher.published(metrics, folder)

    steps = publish_steps(settings, plan.steps_per_epoch) if publisher is not None else frozenset()
    hooks = LoopHooks(report, save, stop_requested, clock, publish, steps)
    try:
        run_loop(decoder, optimizer, plan, validation, settings, first_step, hooks)
    except (Interrupted, TrainingStopped) as stopped:
        run.event("interrupted" if isinstance(stopped, Interrupted) else "failed", stopped.message)
        if isinstance(stopped, Interrupted) and publisher is not None and publisher.wants_model_when_stopped():
            publish_last_step(decoder, validation, settings, run, publish)
        raise
    _say_how_validation_went(run, reporter)
    export(run.model)
    run.event("succeeded", "The job has successfully completed")
    return Outcome(run.model, settings, training, validation, cut_lines, over_length, clock() - started)


def _say_how_validation_went(run: RunFolder, reporter: Reporter) -> None:
    text = note_on(read_metrics(run.metrics)) if run.metrics.exists() else None
    if text is not None:
        run.event("warning", text)
        reporter.warn(text)


def publish_steps(settings: ResolvedSpec, steps_per_epoch: int) -> frozenset[int]:
    """The ends of the last three epochs and the end; steps are counted from 1."""
    ends = range(steps_per_epoch, settings.total_steps, steps_per_epoch)
    return frozenset([*ends, settings.total_steps][-3:])


def publish_last_step(
    decoder: CausalModel, validation: Sequence[TokenizedExample], settings: ResolvedSpec, run: RunFolder,
    publish: Callable[[StepMetrics], None],
) -> None:  # fmt: skip
    """Publish the model of the step at which training was stopped; its validation is no row of metrics.csv, as an
    uninterrupted run would not have it."""
    rows = read_metrics(run.metrics) if run.metrics.exists() else []
    if not rows or rows[-1].step == 0:
        return
    row = rows[-1]
    if validation and row.valid_loss is None:
        loss, accuracy = validate(decoder, validation, settings)
        row = replace(row, valid_loss=loss, valid_mean_token_accuracy=accuracy)
    publish(row)


def _say_what_is_special(job: Job, renderer: Renderer, reporter: Reporter) -> None:
    for remark in (*job.base.remarks, renderer.tokenizer.check_fits(job.base.config.vocab_size)):
        if remark is not None:
            reporter.say(remark)
    if not job.training.is_chat:
        reporter.say("Prompt and completion are raw text: no template, the end token after each completion.")
    elif renderer.template.is_plain:
        reporter.say("The base model has no chat template: the plain one is used and saved with the result.")


def _rendered(dataset: Dataset, job: Job, renderer: Renderer, reporter: Reporter) -> OverLengthResult:
    """Rendered examples that fit, with what the over-length policy cost said aloud."""
    rendered = render_all(dataset.examples, renderer, dataset.path)
    limit = resolve_max_seq_len(job.spec, job.base.config.max_position_embeddings)
    bos = renderer.tokenizer.bos_id
    result = apply_over_length(
        rendered, limit, job.spec.over_length, file=dataset.path,
        keep_first_token=bool(rendered) and bos is not None and rendered[0].token_ids[0] == bos,
    )  # fmt: skip
    if result.num_over_length:
        reporter.say(
            f"{dataset.path}: {result.num_over_length:,} of {len(rendered):,} examples are longer than {limit:,} tokens; "
            f"{job.spec.over_length}: {result.rows_dropped:,} dropped, {result.tokens_cut:,} tokens cut, "
            f"{result.trained_tokens_lost:,} trained tokens and {result.end_tokens_lost:,} end tokens lost."
        )
    if not result.kept:
        raise UserError(
            f"{dataset.path}: no example fits into {limit:,} tokens.", "raise max_seq_len or shorten the examples"
        )
    empty = [e for e in result.kept if e.num_trained_tokens == 0]
    if empty:
        hint = "give at least one assistant message weight 1"
        problems = [
            Problem("no_trained_tokens", "nothing to train on", hint, file=dataset.path, line=e.line) for e in empty
        ]
        raise Problems(f"{dataset.path}: {len(empty)} examples have no trained tokens:", problems)
    return result


def _facts(job: Job, training: tuple[TokenizedExample, ...], has_validation: bool, place: torch.device) -> Facts:
    config = job.base.config
    model = empty_causal_model(config)
    return Facts(
        num_examples=len(training),
        longest_example_tokens=max(len(example.token_ids) for example in training),
        mean_example_tokens=sum(len(example.token_ids) for example in training) / len(training),
        has_validation=has_validation,
        context_length=config.max_position_embeddings,
        hidden_size=config.hidden_size,
        num_parameters=sum(weight.numel() for weight in model.parameters()),
        linear_kinds=target_kinds(model),
        device=device.kind(place),
        has_fast_bf16=device.has_fast_bf16(place),
        can_compile=device.can_compile() and isinstance(config, DecoderConfig),
    )


def _compile_as_begun(settings: ResolvedSpec, job: Job) -> ResolvedSpec:
    """Where ``auto`` decides, it has decided when the run began: another machine's choice is no change of the job."""
    if job.spec.compile != "auto":
        return settings
    try:
        saved = json.loads(RunFolder(job.folder, time.time).resolved.read_bytes())["settings"]["compile"]["value"]
    except (OSError, ValueError, KeyError, TypeError):  # _check_same_job says so
        return settings
    return replace(settings, compile=saved) if isinstance(saved, bool) else settings


def _uncompiled(settings: ResolvedSpec, run: RunFolder, reporter: Reporter) -> ResolvedSpec:
    """Nobody asked for compiled layers, and they change no number beyond rounding: the run goes on without."""
    text = (
        "The run began with compiled layers, and there is no C++ compiler here: it goes on uncompiled, which is slower, "
        "and the result is not promised to be equal to the last bit."
    )
    run.event("warning", text)
    reporter.warn(text)
    reasons = {**settings.reasons, "compile": "there is no C++ compiler on this machine"}
    return replace(settings, compile=False, reasons=reasons)


def _open_run(job: Job, identity: Mapping[str, object], now: Callable[[], float]) -> RunFolder:
    """The run's folder: free, or holding the same job when resuming."""
    run = RunFolder(job.folder, now)
    if job.resume:
        _check_same_job(run, identity)
        durable.sweep(run.path)
        run.event("resumed", "Fine-tuning job resumed")
        return run
    if run.resolved.exists() or run.checkpoints.exists():
        raise UserError(
            f"{job.folder} already holds a run.", "go on with --resume, or choose another folder with --out"
        )
    return run


def _write_what_was_asked(run: RunFolder, job: Job, identity: Mapping[str, object]) -> None:
    """Once the model is there: a job that cannot start leaves nothing that looks like a run."""
    durable.sweep(run.path)
    durable.write_text(run.spec, spec_as_yaml(job.spec))
    durable.write_json(run.resolved, {**identity, "data": data_versions(job.training, job.validation)})
    run.event("started", "Fine-tuning job started")


def _check_same_job(run: RunFolder, identity: Mapping[str, object]) -> None:
    if not run.resolved.is_file():
        raise UserError(f"{run.path} holds no run to resume.", "start it without --resume")
    try:
        saved = json.loads(run.resolved.read_bytes())
        changed = _differences(saved["settings"], identity["settings"]) + _differences(
            saved["sources"], identity["sources"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{run.resolved} is damaged: {error}.", "start a new run in another folder") from error
    if changed:
        raise UserError(
            f"{run.path} was started with other settings or data: {'; '.join(changed)}.",
            "undo the change, or start a new run in another folder",
        )


def _differences(saved: object, given: object) -> list[str]:
    if not isinstance(saved, Mapping) or not isinstance(given, Mapping):
        raise TypeError("settings and sources must be objects")

    def value(entry: object) -> object:
        return entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry

    keys = [*given, *(key for key in saved if key not in given)]
    return [
        f"{k}: {value(saved.get(k))!r} → {value(given.get(k))!r}"
        for k in keys
        if value(saved.get(k)) != value(given.get(k))
    ]


def _say_restored(job: Job, restored: checkpoint.Restored, run: RunFolder, reporter: Reporter) -> None:
    for damaged in restored.quarantined:
        run.event("warning", f"A damaged checkpoint was set aside: {damaged}")
        reporter.warn(f"A damaged checkpoint was set aside in checkpoints/quarantine: {damaged}.")
    if restored.state:
        reporter.say(f"Going on after step {restored.state.step:,}.")
    elif job.resume:
        text = "There is no sound checkpoint: training starts again from the beginning."
        run.event("warning", text)
        reporter.warn(text)


def _say_not_equal(
    before: Mapping[str, str | int], after: Mapping[str, str | int], run: RunFolder, reporter: Reporter
) -> None:
    changed = "; ".join(f"{k} was {before.get(k)}, is {after[k]}" for k in after if before.get(k) != after[k])
    text = f"This machine differs from the one that saved the checkpoint ({changed}), so the result is not promised to be equal to the last bit."
    run.event("warning", text)
    reporter.warn(text)


def _model(job: Job, settings: ResolvedSpec, place: torch.device) -> tuple[CausalModel, AdapterConfig | None]:
    dtype = device.DTYPES[settings.precision]
    if job.spec.initialization == "random":
        return random_causal_model(job.base.config, dtype, settings.seed, place), None
    if settings.adapter == "none":
        return load_causal_model(job.base, dtype, place, train_all=True), None
    decoder = load_causal_model(job.base, dtype, place)
    if job.initial_adapter is not None:
        return decoder, load_adapter(decoder, job.initial_adapter)
    adapter = AdapterConfig(settings.lora_rank, settings.lora_alpha, settings.lora_target_modules)
    add_adapter(decoder, adapter, settings.seed)
    return decoder, adapter


def _set_activation_checkpointing(decoder: CausalModel, settings: ResolvedSpec) -> None:
    if settings.activation_checkpointing and not isinstance(decoder, Decoder):
        raise UserError(
            f"activation_checkpointing: true does not work with {decoder.config.architecture}, which goes through transformers.",
            "lower micro_batch_tokens instead",
        )
    decoder.activation_checkpointing = settings.activation_checkpointing


def load_state(state: checkpoint.TrainState, trained: Mapping[str, nn.Parameter], optimizer: Optimizer) -> None:
    """Put weights, moments and random state back. Raises UserError where the checkpoint holds other weights."""
    if set(state.weights) != set(trained):
        raise UserError("The checkpoint holds other weights than this job trains.", "start a new run in another folder")
    for name, weight in trained.items():
        weight.data = owned(state.weights[name], weight.dtype, weight.device)
    optimizer.load_state(state.optimizer)
    torch.set_rng_state(state.random)
