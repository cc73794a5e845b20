"""Batches → StepMetrics: the one training loop.

Takes a decoder with trainable weights, an optimizer and a plan of batches; gives the state after the
last step through ``save``, every step's metrics through ``report``, and models fit to answer through ``publish``. Signals are read at step
borders only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunesmith.core.errors import Interrupted, TrainingStopped
from tunesmith.data.examples import TokenizedExample
from tunesmith.nn.transformer import CausalModel
from tunesmith.specs.resolve import ResolvedSpec
from tunesmith.train import losses
from tunesmith.train.batches import Batch, BatchPlan, in_order
from tunesmith.train.optim import Optimizer
from tunesmith.train.run_folder import StepMetrics


@dataclass(frozen=True, slots=True)
class LoopHooks:
    """The loop's only ways out: metrics, checkpoints, the question whether to stop, and a clock in seconds."""

    report: Callable[[StepMetrics], None]
    save: Callable[[int], None]
    stop_requested: Callable[[], bool]
    clock: Callable[[], float]
    publish: Callable[[StepMetrics], None] = lambda metrics: None
    """Called before ``save`` with the metrics of a step in ``publish_steps``, so that no resume forgets one."""
    publish_steps: frozenset[int] = frozenset()


def run_loop(
    decoder: CausalModel,
    optimizer: Optimizer,
    plan: BatchPlan,
    validation: Sequence[TokenizedExample],
    settings: ResolvedSpec,
    first_step: int,
    hooks: LoopHooks,
) -> None:
    """Run the steps from ``first_step`` (counted from 0) to the last; a row of metrics carries step + 1.

    Raises Interrupted after saving when asked to stop, TrainingStopped when a loss is not finite.
    """
    device = decoder.device
    if first_step == 0 and validation:
        loss, accuracy = validate(decoder, validation, settings)
        hooks.report(StepMetrics(step=0, valid_loss=loss, valid_mean_token_accuracy=accuracy))
    saved = first_step
    for step in range(first_step, settings.total_steps):
        if hooks.stop_requested():
            if step == 0:
                raise Interrupted("Stopped before the first step; there was nothing to save yet.")
            if saved != step:
                hooks.save(step)
            raise Interrupted(f"Stopped after step {step:,} of {settings.total_steps:,}; a checkpoint is saved.")
        started = hooks.clock()
        batch = plan.batch(step, device)
        loss, accuracy = _accumulate(decoder, batch, step)
        norm = optimizer.clip()
        _check_finite(norm, "gradient", step, batch.lines)
        rate = optimizer.step(step)
        seconds = hooks.clock() - started
        done = step + 1
        valid_loss: float | None = None
        valid_accuracy: float | None = None
        is_published = done in hooks.publish_steps
        if validation and (done % settings.eval_every_steps == 0 or done == settings.total_steps or is_published):
            valid_loss, valid_accuracy = validate(decoder, validation, settings)
        speed = round(batch.num_tokens / seconds, 1) if seconds > 0 else None
        row = StepMetrics(done, loss, accuracy, valid_loss, valid_accuracy, rate, norm, batch.num_tokens, speed)
        hooks.report(row)
        if is_published:
            hooks.publish(row)
        if done % settings.save_every_steps == 0 or done == settings.total_steps:
            hooks.save(done)
            saved = done


def validate(decoder: CausalModel, examples: Sequence[TokenizedExample], settings: ResolvedSpec) -> tuple[float, float]:
    """Mean loss in nats and mean accuracy over all trained tokens of the examples."""
    device = decoder.device
    loss = weight = 0.0
    right = count = 0
    for _, micro in in_order(examples, settings.micro_batch_tokens, device):
        tokens = losses.token_losses(decoder, micro)
        loss += float((tokens.losses_M * micro.weights_M.cpu()).sum())
        weight += float(micro.weights_M.sum())
        right += int(tokens.right_M.sum())
        count += tokens.right_M.numel()
    return loss / max(weight, 1e-9), right / max(count, 1)


def _accumulate(decoder: CausalModel, batch: Batch, step: int) -> tuple[float, float]:
    """Gradients of the step's mean loss over all micro-batches; → mean loss, accuracy."""
    loss = 0.0
    right = count = 0
    for micro in batch.micro_batches:
        sums = losses.backward(decoder, micro, batch.total_weight)
        _check_finite(sums.loss, "loss", step, micro.lines)
        loss, right, count = loss + sums.loss, right + sums.num_right, count + sums.num_tokens
    return loss / batch.total_weight, right / max(count, 1)


def _check_finite(value: float, what: str, step: int, lines: Sequence[int]) -> None:
    if math.isfinite(value):
        return
    named = ", ".join(str(line) for line in sorted(lines)[:20]) + (" …" if len(lines) > 20 else "")
    raise TrainingStopped(
        f"The {what} of step {step + 1:,} is not a finite number; its examples are lines {named} of the training file.",
        "lower learning_rate, look at those lines, or set precision: fp32; earlier checkpoints are kept",
    )
