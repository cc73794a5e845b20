"""The one training loop: what it reports, saves, and when it stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from tunesmith.core.errors import Interrupted, TrainingStopped
from tunesmith.data.examples import TokenizedExample
from tunesmith.nn.catalog import locate
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import load_decoder
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, ResolvedSpec, resolve
from tunesmith.train.batches import BatchPlan
from tunesmith.train.loop import LoopHooks, run_loop, validate
from tunesmith.train.optim import Optimizer, learning_rate
from tunesmith.train.run_folder import StepMetrics


def examples(number: int) -> list[TokenizedExample]:
    rows = []
    for line in range(1, number + 1):
        tokens = tuple(3 + (line * 5 + place * (1 + line % 3)) % 60 for place in range(6 + line % 4))
        rows.append(TokenizedExample(line, tokens, tuple(float(place > 2) for place in range(len(tokens)))))
    return rows


def settings(**changes: Any) -> ResolvedSpec:
    spec = FineTuneSpec(base_model="b", training_file="t", adapter="none", max_steps=6, batch_size=4, precision="fp32")
    facts = Facts(12, 10, 8.0, False, 256, 32, 30_000, ("q_proj",), "cpu", False, False)
    given = {"learning_rate": 1e-2, "save_every_steps": 3, "eval_every_steps": 2, "warmup_steps": 0, **changes}
    return replace(resolve(spec, facts), **given)


@dataclass
class World:
    """Remembers what the loop reported and saved; ``stop`` says before which step it is asked to stop."""

    decoder: Decoder
    stop: Callable[[int], bool] = lambda step: False
    rows: list[StepMetrics] = field(default_factory=list)
    saved: list[int] = field(default_factory=list)

    def run(self, given: ResolvedSpec, *, first_step: int = 0, validation: Sequence[TokenizedExample] = ()) -> None:
        trained = dict(self.decoder.named_parameters())
        plan = BatchPlan(examples(12), given.batch_size, given.micro_batch_tokens, given.seed)
        steps, ticks = count(first_step), count()
        hooks = LoopHooks(
            self.rows.append, self.saved.append, lambda: self.stop(next(steps)), lambda: float(next(ticks))
        )
        run_loop(self.decoder, Optimizer(trained, given), plan, validation, given, first_step, hooks)

    def weights(self) -> dict[str, torch.Tensor]:
        return {name: weight.detach().clone() for name, weight in self.decoder.named_parameters()}


@pytest.fixture
def world(tiny_base: Path) -> Callable[[], World]:
    return lambda: World(load_decoder(locate(str(tiny_base)), torch.float32, train_all=True))


def test_every_step_has_a_row_with_its_figures(world: Callable[[], World]) -> None:
    it, given = world(), settings(lr_schedule="linear")
    it.run(given)
    assert [row.step for row in it.rows] == [1, 2, 3, 4, 5, 6]
    assert [row.learning_rate for row in it.rows] == [learning_rate(step, given) for step in range(6)]
    plan = BatchPlan(examples(12), 4, 1000, given.seed)
    assert [row.num_tokens for row in it.rows] == [plan.batch(step).num_tokens for step in range(6)]
    assert [row.tokens_per_second for row in it.rows] == [row.num_tokens for row in it.rows]  # the clock ticks seconds
    for row in it.rows:
        assert (row.train_loss or 0) > 0
        assert (row.grad_norm or 0) > 0
        assert 0 <= (-1 if row.train_mean_token_accuracy is None else row.train_mean_token_accuracy) <= 1
        assert row.valid_loss is None


def test_what_is_shown_often_is_learned(world: Callable[[], World]) -> None:
    it = world()
    it.run(settings(total_steps=60, save_every_steps=60))
    first, last = it.rows[0].train_loss, it.rows[-1].train_loss
    assert first is not None
    assert last is not None
    assert last < 0.5 * first


def test_validation_is_measured_at_the_start_at_each_interval_and_at_the_end(world: Callable[[], World]) -> None:
    it = world()
    it.run(settings(eval_every_steps=4), validation=examples(3))
    assert [row.step for row in it.rows if row.valid_loss is not None] == [0, 4, 6]
    assert it.rows[0] == StepMetrics(
        0, valid_loss=it.rows[0].valid_loss, valid_mean_token_accuracy=it.rows[0].valid_mean_token_accuracy
    )


def test_a_resumed_loop_measures_no_start(world: Callable[[], World]) -> None:
    it = world()
    it.run(settings(), first_step=4, validation=examples(3))
    assert [row.step for row in it.rows] == [5, 6]


def test_the_validation_loss_is_the_mean_over_all_trained_tokens(world: Callable[[], World]) -> None:
    it, rows = world(), examples(5)
    together = validate(it.decoder, rows, settings(micro_batch_tokens=16))
    each = [(validate(it.decoder, [row], settings()), row.num_trained_tokens) for row in rows]
    total = sum(number for _, number in each)
    assert together[0] == pytest.approx(sum(loss * number for (loss, _), number in each) / total, rel=1e-6)
    assert together[1] == pytest.approx(sum(right * number for (_, right), number in each) / total)


def test_validation_changes_no_weight(world: Callable[[], World]) -> None:
    with_it, without = world(), world()
    with_it.run(settings(), validation=examples(3))
    without.run(settings())
    assert all(torch.equal(with_it.weights()[name], weight) for name, weight in without.weights().items())


def test_checkpoints_come_at_each_interval_and_at_the_end(world: Callable[[], World]) -> None:
    for every, saved in ((4, [4, 6]), (3, [3, 6]), (100, [6])):
        it = world()
        it.run(settings(save_every_steps=every))
        assert it.saved == saved


def test_micro_batches_change_no_figure_of_a_step(world: Callable[[], World]) -> None:
    whole, slices = world(), world()
    whole.run(settings(micro_batch_tokens=1000, learning_rate=1e-4))
    slices.run(settings(micro_batch_tokens=9, learning_rate=1e-4))
    for one, other in zip(whole.rows, slices.rows, strict=True):
        assert one.num_tokens == other.num_tokens
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-4)
        assert one.grad_norm == pytest.approx(other.grad_norm, rel=1e-3)


def test_asked_to_stop_it_saves_and_says_where(world: Callable[[], World]) -> None:
    it = world()
    it.stop = lambda step: step == 2
    with pytest.raises(Interrupted, match=r"Stopped after step 2 of 6; a checkpoint is saved\."):
        it.run(settings())
    assert it.saved == [2]
    assert [row.step for row in it.rows] == [1, 2]


def test_asked_to_stop_right_after_a_checkpoint_it_saves_no_second_one(world: Callable[[], World]) -> None:
    it = world()
    it.stop = lambda step: step == 3
    with pytest.raises(Interrupted):
        it.run(settings())
    assert it.saved == [3]


def test_asked_to_stop_before_the_first_step_it_claims_no_checkpoint(world: Callable[[], World]) -> None:
    it = world()
    it.stop = lambda step: True
    with pytest.raises(Interrupted) as raised:
        it.run(settings())
    assert it.rows == []
    assert ("a checkpoint is saved" in raised.value.message) == bool(it.saved)


def test_asked_to_stop_during_the_last_step_the_run_is_finished(world: Callable[[], World]) -> None:
    it = world()
    it.stop = lambda step: step == 6
    it.run(settings())
    assert it.saved == [3, 6]


def test_a_loss_that_is_not_finite_stops_and_names_step_and_lines(world: Callable[[], World]) -> None:
    it = world()
    it.decoder.model.embed_tokens.weight.data[:] = 1e30
    with pytest.raises(TrainingStopped) as raised:
        it.run(settings())
    named = sorted(BatchPlan(examples(12), 4, 1000, 42).batch(0).lines)
    assert "of step 1 is not a finite number" in raised.value.message
    assert f"lines {', '.join(map(str, named))} of the training file" in raised.value.message
    assert "learning_rate" in raised.value.hint
    assert (it.rows, it.saved) == ([], [])


def test_a_diverging_run_stops_after_the_step_that_broke_it(world: Callable[[], World]) -> None:
    it = world()
    with pytest.raises(TrainingStopped, match=r"of step 2 is not a finite number"):
        it.run(settings(learning_rate=1e30, save_every_steps=1))
    assert it.saved == [1]
    assert [row.step for row in it.rows] == [1]
