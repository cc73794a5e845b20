"""The supervised loss: cross-entropy at trained tokens only, the output head computed in chunks.

The loss of a step is the weighted mean over all its trained tokens, so a micro-batch's share is known
before it is computed, and the gradient of the logits is written down with the loss, chunk by chunk:
the logits of two chunks and their gradients, in the compute type, are the most that is ever held. In
fp32 only a tile of them exists at a time.

Shapes: T tokens of a micro-batch, M trained ones, H hidden width, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tunesmith.nn.gradients import backward_from
from tunesmith.nn.transformer import CausalModel
from tunesmith.train.batches import MicroBatch

# Logits of one chunk, rows × vocabulary: few chunks make good products.
CHUNK_ELEMENTS = 1 << 25
# Of these, what is worked on in fp32 at a time; on a CPU it stays near the cache.
TILE_ELEMENTS = 1 << 22


@dataclass(frozen=True, slots=True)
class LossSums:
    """Sums over trained tokens: weighted loss, their weight, right guesses (by the most likely token), count."""

    loss: float
    weight: float
    num_right: int
    num_tokens: int


@dataclass(frozen=True, slots=True)
class TokenLosses:
    """Per trained token, on the CPU: its loss (fp32), whether the most likely token was right."""

    losses_M: Tensor
    right_M: Tensor


def backward(decoder: CausalModel, micro: MicroBatch, total_weight: float) -> LossSums:
    """Add the micro-batch's gradient of the step's mean loss; → its sums."""
    if micro.at_M.numel() == 0:
        return LossSums(0.0, 0.0, 0, 0)
    hidden_MH = decoder(micro.tokens_T, micro.borders, at_M=micro.at_M)
    leaf_MH = hidden_MH.detach().requires_grad_(hidden_MH.requires_grad)  # not where the head alone is trained
    scale_M, loss, right = micro.weights_M / total_weight, 0.0, 0
    # Under a frozen head the scale of a row may wait until the row is short: H numbers, not V.
    waits = not any(weight.requires_grad for weight in decoder.lm_head.parameters())
    for chunk in _chunks(decoder, micro):
        logits_CV = decoder.logits(leaf_MH[chunk])
        scored = _scored(logits_CV.detach(), micro.targets_M[chunk], None if waits else scale_M[chunk])
        backward_from(logits_CV, scored.grad_CV)
        loss += float((scored.losses_C * micro.weights_M[chunk]).sum())
        right += int(scored.right_C.sum())
    if leaf_MH.grad is not None:
        backward_from(hidden_MH, leaf_MH.grad.mul_(scale_M[:, None].to(leaf_MH.dtype)) if waits else leaf_MH.grad)
    return LossSums(loss, float(micro.weights_M.sum()), right, micro.at_M.numel())


@torch.no_grad()
def token_losses(decoder: CausalModel, micro: MicroBatch) -> TokenLosses:
    """Loss and correctness of every trained token, without gradients."""
    hidden_MH = decoder(micro.tokens_T, micro.borders, at_M=micro.at_M)
    parts = [
        _scored(decoder.logits(hidden_MH[c]), micro.targets_M[c], None, with_gradient=False)
        for c in _chunks(decoder, micro)
    ]
    if not parts:
        return TokenLosses(torch.zeros(0), torch.zeros(0, dtype=torch.bool))
    return TokenLosses(torch.cat([p.losses_C for p in parts]).cpu(), torch.cat([p.right_C for p in parts]).cpu())


@dataclass(frozen=True, slots=True)
class _Scored:
    """Losses in fp32, whether the most likely token was right, and the gradient of Σ scale · loss if asked for."""

    losses_C: Tensor
    right_C: Tensor
    grad_CV: Tensor


@torch.no_grad()
def _scored(logits_CV: Tensor, targets_C: Tensor, scale_C: Tensor | None, *, with_gradient: bool = True) -> _Scored:
    """Cross-entropy and its gradient ``scale · (softmax − one-hot)``, tile by tile.

    At the target the gradient is ``expm1(−loss)``: where the model is nearly sure, a softmax rounded
    to bf16 before the subtraction would give none.
    """
    wide = torch.promote_types(logits_CV.dtype, torch.float32)
    losses_C = torch.empty(len(targets_C), dtype=wide, device=logits_CV.device)
    right_C = torch.empty(len(targets_C), dtype=torch.bool, device=logits_CV.device)
    grad_CV = torch.empty_like(logits_CV if with_gradient else logits_CV[:0])
    rows = max(1, TILE_ELEMENTS // logits_CV.shape[-1])
    buffer = torch.empty(min(rows, len(targets_C)), logits_CV.shape[-1], dtype=wide, device=logits_CV.device)
    for start in range(0, len(targets_C), rows):
        tile = slice(start, start + rows)
        targets = targets_C[tile, None]
        chances = buffer[: len(targets)].copy_(logits_CV[tile])
        best, place = chances.max(-1, keepdim=True)
        torch.softmax(chances, -1, out=chances)
        # The sum of all exponentials, told from the likeliest token: its chance never vanishes.
        loss = best - chances.gather(1, place).log() - logits_CV[tile].gather(1, targets).to(wide)
        losses_C[tile], right_C[tile] = loss[:, 0], (place == targets)[:, 0]
        if with_gradient:
            chances.scatter_(1, targets, torch.expm1(-loss))
            grad_CV[tile] = chances if scale_C is None else chances.mul_(scale_C[tile, None].to(wide))
    return _Scored(losses_C, right_C, grad_CV)


def _chunks(decoder: CausalModel, micro: MicroBatch) -> list[slice]:
    rows = max(1, CHUNK_ELEMENTS // decoder.config.vocab_size)
    return [slice(start, start + rows) for start in range(0, micro.at_M.numel(), rows)]
