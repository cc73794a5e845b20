"""AdamW as published, its schedule by hand, and a state that goes through a file."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tunesmith.nn.weights import read_tensors, write_tensors
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, ResolvedSpec, resolve
from tunesmith.train.optim import Optimizer, learning_rate


def settings(**changes: Any) -> ResolvedSpec:
    spec = FineTuneSpec(base_model="b", training_file="t", max_steps=10, learning_rate=0.1, lr_schedule="constant")
    facts = Facts(10, 10, 8.0, False, 64, 32, 1000, ("q_proj",), "cpu", False, False)
    return replace(resolve(spec, facts), **{"warmup_steps": 0, **changes})


def rates(**changes: Any) -> list[float]:
    given = settings(**changes)
    return [learning_rate(step, given) for step in range(given.total_steps)]


def weights() -> dict[str, nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return {
        "matrix": nn.Parameter(torch.randn(4, 3, generator=generator)),
        "vector": nn.Parameter(torch.randn(5, generator=generator)),
        "matrix.more": nn.Parameter(torch.randn(2, 2, generator=generator)),
    }


def give_gradients(parameters: dict[str, nn.Parameter], step: int) -> None:
    generator = torch.Generator().manual_seed(100 + step)
    for parameter in parameters.values():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def test_constant_rate_with_warm_up() -> None:
    assert rates(warmup_steps=4, total_steps=7) == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1, 0.1])


def test_linear_rate_falls_evenly_to_zero_after_the_last_step() -> None:
    found = rates(lr_schedule="linear", warmup_steps=2, total_steps=6)
    assert found == pytest.approx([0.05, 0.1, 0.1, 0.075, 0.05, 0.025])


def test_cosine_rate_is_half_in_the_middle() -> None:
    found = rates(lr_schedule="cosine", warmup_steps=2, total_steps=6)
    middle = [0.1, 0.05 * (1 + math.sqrt(0.5)), 0.05, 0.05 * (1 - math.sqrt(0.5))]
    assert found == pytest.approx([0.05, 0.1, *middle])


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_without_warm_up_the_first_rate_is_the_highest(schedule: str) -> None:
    found = rates(lr_schedule=schedule)
    assert found[0] == 0.1 == max(found)


def test_a_run_of_warm_up_alone_reaches_the_highest_rate() -> None:
    assert rates(lr_schedule="cosine", warmup_steps=3, total_steps=3)[-1] == pytest.approx(0.1)


def test_one_step_uses_the_whole_rate() -> None:
    assert rates(lr_schedule="cosine", total_steps=1) == [0.1]


def test_steps_equal_torchs_reference() -> None:
    given = settings(weight_decay=0.1, adam_beta1=0.8, adam_beta2=0.95, lr_schedule="linear")
    ours, theirs = weights(), weights()
    optimizer = Optimizer(ours, given)
    matrices = [p for p in theirs.values() if p.dim() > 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": [theirs["vector"]], "weight_decay": 0.0}]
    reference = torch.optim.AdamW(groups, betas=(0.8, 0.95), eps=1e-8, fused=False, foreach=False)
    for step in range(5):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        for group in reference.param_groups:
            group["lr"] = 0.1 * (1 - step / 10)
        reference.step()
        assert optimizer.step(step) == pytest.approx(0.1 * (1 - step / 10))
        for name, weight in ours.items():
            torch.testing.assert_close(weight, theirs[name], rtol=0, atol=1e-7)


def test_steps_equal_torchs_fused_kernel_to_the_last_bit() -> None:
    given = settings(weight_decay=0.1, lr_schedule="cosine")
    ours, theirs = weights(), weights()
    optimizer = Optimizer(ours, given)
    groups = [
        {"params": [p for p in theirs.values() if p.dim() > 1], "weight_decay": 0.1},
        {"params": [theirs["vector"]], "weight_decay": 0.0},
    ]
    reference = torch.optim.AdamW(groups, betas=(given.adam_beta1, given.adam_beta2), eps=1e-8, fused=True)
    for step in range(5):
        give_gradients(ours, step)
        give_gradients(theirs, step)
        for group in reference.param_groups:
            group["lr"] = learning_rate(step, given)
        reference.step()
        optimizer.step(step)
    state = optimizer.state()
    for name, weight in theirs.items():
        assert torch.equal(ours[name], weight)
        for key, value in reference.state[weight].items():
            assert torch.equal(state[f"{name}.{key}"], value)
            assert state[f"{name}.{key}"].dtype == value.dtype


def test_one_step_by_hand() -> None:
    weight = nn.Parameter(torch.tensor([[2.0]]))
    optimizer = Optimizer({"w": weight}, settings(weight_decay=0.5))
    weight.grad = torch.tensor([[3.0]])
    optimizer.step(0)
    # The first step moves by the rate in the gradient's direction, after decay by rate × weight_decay.
    assert float(weight.detach()) == pytest.approx(2.0 * (1 - 0.1 * 0.5) - 0.1, abs=1e-6)


def test_weight_decay_falls_on_matrices_only() -> None:
    parameters = weights()
    before = {name: p.detach().clone() for name, p in parameters.items()}
    optimizer = Optimizer(parameters, settings(weight_decay=0.5))
    for parameter in parameters.values():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(0)
    for name in ("matrix", "matrix.more"):
        torch.testing.assert_close(parameters[name].detach(), before[name] * 0.95)
    assert torch.equal(parameters["vector"], before["vector"])


def test_gradients_are_scaled_down_to_the_norm_and_never_up() -> None:
    parameters = weights()
    optimizer = Optimizer(parameters, settings(max_grad_norm=2.0))
    give_gradients(parameters, 0)
    norm = math.sqrt(sum(float((p.grad.double() ** 2).sum()) for p in parameters.values() if p.grad is not None))
    assert norm > 2.0
    assert optimizer.clip() == pytest.approx(norm, rel=1e-6)
    assert optimizer.clip() == pytest.approx(2.0, rel=1e-5)
    before = {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}
    small = Optimizer(parameters, settings(max_grad_norm=100.0))
    assert small.clip() == pytest.approx(2.0, rel=1e-5)
    assert all(torch.equal(p.grad, before[name]) for name, p in parameters.items() if p.grad is not None)


def test_a_step_forgets_the_gradients() -> None:
    parameters = weights()
    optimizer = Optimizer(parameters, settings())
    give_gradients(parameters, 0)
    optimizer.step(0)
    assert all(parameter.grad is None for parameter in parameters.values())


def test_the_state_goes_through_a_file_without_changing_a_bit(tmp_path: Path) -> None:
    def run(optimizer: Optimizer, parameters: dict[str, nn.Parameter], steps: range) -> None:
        for step in steps:
            give_gradients(parameters, step)
            optimizer.clip()
            optimizer.step(step)

    given = settings(weight_decay=0.1, lr_schedule="cosine")
    straight = weights()
    run(Optimizer(straight, given), straight, range(6))

    first, second = weights(), weights()
    before = Optimizer(first, given)
    run(before, first, range(3))
    write_tensors(tmp_path / "weights.safetensors", first)
    write_tensors(tmp_path / "optimizer.safetensors", before.state())
    after = Optimizer(second, given)
    for name, saved in read_tensors(tmp_path / "weights.safetensors").items():
        second[name].data = saved
    after.load_state(read_tensors(tmp_path / "optimizer.safetensors"))
    run(after, second, range(3, 6))
    assert all(torch.equal(second[name], straight[name]) for name in straight)


def test_a_weight_that_no_gradient_has_reached_starts_anew_after_a_resume() -> None:
    parameters, given = weights(), settings()
    before = Optimizer(parameters, given)
    give_gradients(parameters, 0)
    parameters["vector"].grad = None
    before.step(0)
    after = Optimizer(parameters, given)
    after.load_state(before.state())
    give_gradients(parameters, 1)
    after.step(1)
    assert (float(after.state()["matrix.step"]), float(after.state()["vector.step"])) == (2.0, 1.0)


def test_the_state_names_each_weights_moments() -> None:
    parameters = weights()
    optimizer = Optimizer(parameters, settings())
    assert optimizer.state() == {}
    give_gradients(parameters, 0)
    optimizer.step(0)
    assert set(optimizer.state()) == {
        f"{name}.{key}" for name in parameters for key in ("step", "exp_avg", "exp_avg_sq")
    }
    assert float(optimizer.state()["matrix.step"]) == 1.0
