"""Forward and backward written by hand where autograd's own are slow on a CPU: norm and rotation.

Autograd runs a root-mean-square norm and a rotary rotation as a dozen passes over memory. These make
two or three, in tiles that stay in the cache. Values and gradients are those of the plain formulas.

Shapes: T tokens, H hidden width, D head width.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

# Rows of one tile: in fp32 it fits the cache of a core at the widths of small models (measured: 512 of 64 … 4,096).
TILE_ROWS = 512


def rms_norm(x_TH: Tensor, weight_H: Tensor, eps: float) -> Tensor:
    """``x / sqrt(mean(x²) + eps) · weight``, computed in fp32 (Zhang & Sennrich 2019)."""
    if torch.is_grad_enabled() and x_TH.device.type == "cpu" and not torch.compiler.is_compiling():
        normed: Tensor = _RMSNorm.apply(x_TH, weight_H, eps)  # type: ignore[no-untyped-call]
        return normed
    return F.rms_norm(x_TH, (x_TH.shape[-1],), weight_H.to(x_TH.dtype), eps)


def rotate(x_THD: Tensor, cos_TD: Tensor, sin_TD: Tensor) -> Tensor:
    """Rotary positions: the halves of every head turned by its token's angles; ``cos`` and ``sin`` are [T, 1, D / 2]."""
    if torch.compiler.is_compiling():
        first, second = x_THD.chunk(2, dim=-1)
        return torch.cat((first * cos_TD - second * sin_TD, second * cos_TD + first * sin_TD), dim=-1)
    if torch.is_grad_enabled() and x_THD.requires_grad:
        rotated: Tensor = _Rotation.apply(x_THD, cos_TD, sin_TD)  # type: ignore[no-untyped-call]
        return rotated
    return _rotated(x_THD, cos_TD, sin_TD)


def gated(gate_TI: Tensor, up_TI: Tensor) -> Tensor:
    """``silu(gate) · up`` (Shazeer 2020), whose backward pass computes ``silu(gate)`` again instead of keeping it."""
    if torch.is_grad_enabled() and gate_TI.requires_grad and not torch.compiler.is_compiling():
        product: Tensor = _Gated.apply(gate_TI, up_TI)  # type: ignore[no-untyped-call]
        return product
    return F.silu(gate_TI) * up_TI


def backward_from(tensor: Tensor, grad: Tensor) -> None:
    """``tensor.backward(grad)``, which would first import the compiler's symbolic mathematics (half a second)."""
    _Start.apply(tensor, grad).backward()  # type: ignore[no-untyped-call]


class _Start(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor, grad: Tensor) -> Tensor:
        ctx.save_for_backward(grad)
        return tensor.new_zeros(())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor, None]:
        (grad,) = ctx.saved_tensors
        return grad, None


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        wide = torch.promote_types(x.dtype, torch.float32)
        scale = weight.to(x.dtype).to(wide)
        y, inverse = torch.empty_like(x), torch.empty(x.shape[0], 1, dtype=wide)
        for tile in _tiles(x):
            rows = x[tile].to(wide)
            norm = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
            inverse[tile] = norm.square_().div_(x.shape[-1]).add_(eps).rsqrt_()
            y[tile] = (rows * inverse[tile]).mul_(scale)
        ctx.save_for_backward(x, scale, inverse)
        ctx.weight_dtype = weight.dtype
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:
        (grad,) = grads
        x, scale, inverse = ctx.saved_tensors
        grad_x = torch.empty_like(x)
        grad_weight = torch.zeros_like(scale) if ctx.needs_input_grad[1] else None
        for tile in _tiles(x):
            rows, flow, inv = x[tile].to(scale.dtype), grad[tile] * scale, inverse[tile]
            along = (flow * rows).sum(-1, keepdim=True).mul_(inv.pow(3)).div_(-x.shape[-1])
            grad_x[tile] = flow.mul_(inv).addcmul_(rows, along)
            if grad_weight is not None:
                grad_weight += (rows * inv).mul_(grad[tile]).sum(0)
        return grad_x, None if grad_weight is None else grad_weight.to(ctx.weight_dtype), None


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return F.silu(gate).mul_(up)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        grad_gate: Tensor = torch.ops.aten.silu_backward(grads[0] * up, gate)
        return grad_gate, F.silu(gate).mul_(grads[0])


class _Rotation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _rotated(x, cos, sin)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _rotated(grads[0], cos, -sin), None, None


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    out = torch.empty_like(x)
    out_first, out_second = out.chunk(2, dim=-1)
    torch.mul(first, cos, out=out_first)
    out_first.addcmul_(second, sin, value=-1)
    torch.mul(second, cos, out=out_second)
    out_second.addcmul_(first, sin)
    return out


def _tiles(x: Tensor) -> list[slice]:
    return [slice(start, start + TILE_ROWS) for start in range(0, x.shape[0], TILE_ROWS)]
