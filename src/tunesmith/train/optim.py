"""AdamW over the trained weights (all fp32), its learning-rate schedule, clipping, and its state as tensors.

Source: Loshchilov & Hutter 2019 (decoupled weight decay). Weight decay falls on matrices only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tunesmith.specs.resolve import ResolvedSpec


class Optimizer:
    """Owns the moments of every trained weight; ``parameters`` maps name → weight in a fixed order.

    A step calls the kernel of ``torch.optim.AdamW(fused=True)``, so its bits are the same. The class itself
    is left out: making one imports torch's compiler, which takes as long as torch.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], settings: ResolvedSpec) -> None:
        self._parameters = dict(parameters)
        self._settings = settings
        self._moments: dict[str, _Moments] = {}

    def clip(self) -> float:
        """Scale all gradients down to ``max_grad_norm``; → their norm before. Deterministic: one by one, in order."""
        weights = list(self._parameters.values())
        return float(torch.nn.utils.clip_grad_norm_(weights, self._settings.max_grad_norm, foreach=False))

    @torch.no_grad()
    def step(self, step: int) -> float:
        """Update the weights and forget the gradients; → the learning rate."""
        rate = learning_rate(step, self._settings)
        trained = {name: weight for name, weight in self._parameters.items() if weight.grad is not None}
        for name, weight in trained.items():
            if name not in self._moments:
                self._moments[name] = _Moments.zero(weight)
        self._update([name for name, weight in trained.items() if weight.dim() >= 2], rate, self._settings.weight_decay)
        self._update([name for name, weight in trained.items() if weight.dim() < 2], rate, 0.0)
        self.forget_gradients()
        return rate

    def forget_gradients(self) -> None:
        for weight in self._parameters.values():
            weight.grad = None

    def state(self) -> dict[str, Tensor]:
        """The moments and step counts by weight name; nothing of weights that no gradient has reached yet."""
        return {
            f"{name}.{key}": getattr(self._moments[name], key)
            for name in self._parameters
            if name in self._moments
            for key in ("step", "exp_avg", "exp_avg_sq")
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        known = {name: weight for name, weight in self._parameters.items() if f"{name}.step" in state}
        for name, weight in known.items():
            step, average, squares = (state[f"{name}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq"))
            self._moments[name] = _Moments(*(part.to(weight.device) for part in (step, average, squares)))

    def _update(self, names: Sequence[str], rate: float, weight_decay: float) -> None:
        if not names:
            return
        settings, moments = self._settings, [self._moments[name] for name in names]
        weights: list[Tensor] = [self._parameters[name] for name in names]
        steps = [own.step for own in moments]
        torch._foreach_add_(steps, 1)
        torch._fused_adamw_(
            weights,
            [weight.grad for weight in weights if weight.grad is not None],
            [own.exp_avg for own in moments],
            [own.exp_avg_sq for own in moments],
            [],
            steps,
            lr=rate, beta1=settings.adam_beta1, beta2=settings.adam_beta2, weight_decay=weight_decay, eps=1e-8,
            amsgrad=False, maximize=False,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Moments:
    """Adam's running means of a weight's gradient and of its square, and how many steps they have seen."""

    step: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor

    @staticmethod
    def zero(weight: Tensor) -> _Moments:
        step = torch.zeros((), dtype=torch.float32, device=weight.device)
        kept = (torch.zeros_like(weight, memory_format=torch.preserve_format) for _ in range(2))
        return _Moments(step, *kept)


def learning_rate(step: int, settings: ResolvedSpec) -> float:
    """The rate of ``step``, counted from 0: a linear rise over the warm-up, then the schedule."""
    peak, warmup, total = settings.learning_rate, settings.warmup_steps, settings.total_steps
    if step < warmup:
        return peak * (step + 1) / warmup
    if settings.lr_schedule == "constant":
        return peak
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    if settings.lr_schedule == "linear":
        return peak * (1 - progress)
    return peak * 0.5 * (1 + math.cos(math.pi * progress))
