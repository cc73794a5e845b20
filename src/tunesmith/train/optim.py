"""AdamW over the trained weights (all fp32), its learning-rate schedule, clipping, and its state as tensors.

Source: Loshchilov & Hutter 2019 (decoupled weight decay). Weight decay falls on matrices only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tunesmith.specs.resolve import ResolvedSpec


class Optimizer:
    """Owns the moments of every trained weight; ``parameters`` maps name → weight in a fixed order."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], settings: ResolvedSpec) -> None:
        self._names = list(parameters)
        self._parameters = [parameters[name] for name in self._names]
        self._settings = settings
        decayed = [p for p in self._parameters if p.dim() >= 2]
        others = [p for p in self._parameters if p.dim() < 2]
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        betas = (settings.adam_beta1, settings.adam_beta2)
        self._adamw = torch.optim.AdamW([g for g in groups if g["params"]], lr=0.0, betas=betas, eps=1e-8, fused=True)

    def clip(self) -> float:
        """Scale all gradients down to ``max_grad_norm``; → their norm before. Deterministic: one by one, in order."""
        return float(torch.nn.utils.clip_grad_norm_(self._parameters, self._settings.max_grad_norm, foreach=False))

    def step(self, step: int) -> float:
        """Update the weights and forget the gradients; → the learning rate."""
        rate = learning_rate(step, self._settings)
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._adamw.step()
        self.forget_gradients()
        return rate

    def forget_gradients(self) -> None:
        self._adamw.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """The moments and step counts by weight name; empty before the first step."""
        state: dict[str, Tensor] = {}
        for name, parameter in zip(self._names, self._parameters, strict=True):
            for key, value in self._adamw.state[parameter].items():
                state[f"{name}.{key}"] = value
        return state

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for name, parameter in zip(self._names, self._parameters, strict=True):
            prefix = f"{name}."
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            moments = {k: own[k].to(parameter.device) for k in ("exp_avg", "exp_avg_sq")}
            self._adamw.state[parameter] = {"step": own["step"].to(parameter.device), **moments}


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
