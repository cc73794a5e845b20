"""The supervised loss: cross-entropy at trained tokens only, the output head computed in chunks.

The loss of a step is the weighted mean over all its trained tokens, so a micro-batch's share is known
before it is computed, and its gradient can be taken chunk by chunk: the logits of one chunk are the
most that is ever held.

Shapes: T tokens of a micro-batch, M trained ones, H hidden width, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tunesmith.nn.transformer import CausalModel
from tunesmith.train.batches import MicroBatch

# Logits of one chunk: rows × vocabulary.
CHUNK_ELEMENTS = 1 << 23


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
    hidden_MH = decoder(micro.tokens_T, micro.borders).index_select(0, micro.at_M)
    leaf_MH = hidden_MH.detach().requires_grad_()
    loss, right = 0.0, 0
    for chunk in _chunks(decoder, micro):
        losses, is_right = _cross_entropy(decoder, leaf_MH[chunk], micro.targets_M[chunk])
        chunk_loss = (losses * micro.weights_M[chunk]).sum()
        (chunk_loss / total_weight).backward()
        loss += float(chunk_loss.detach())
        right += int(is_right.sum())
    hidden_MH.backward(leaf_MH.grad)
    return LossSums(loss, float(micro.weights_M.sum()), right, micro.at_M.numel())


@torch.no_grad()
def token_losses(decoder: CausalModel, micro: MicroBatch) -> TokenLosses:
    """Loss and correctness of every trained token, without gradients."""
    hidden_MH = decoder(micro.tokens_T, micro.borders).index_select(0, micro.at_M)
    parts = [_cross_entropy(decoder, hidden_MH[c], micro.targets_M[c]) for c in _chunks(decoder, micro)]
    if not parts:
        return TokenLosses(torch.zeros(0), torch.zeros(0, dtype=torch.bool))
    return TokenLosses(torch.cat([p[0] for p in parts]).cpu(), torch.cat([p[1] for p in parts]).cpu())


def _cross_entropy(decoder: CausalModel, hidden_CH: Tensor, targets_C: Tensor) -> tuple[Tensor, Tensor]:
    logits_CV = decoder.logits(hidden_CH).float()
    losses_C = F.cross_entropy(logits_CV, targets_C, reduction="none")
    return losses_C, logits_CV.detach().argmax(-1) == targets_C


def _chunks(decoder: CausalModel, micro: MicroBatch) -> list[slice]:
    rows = max(1, CHUNK_ELEMENTS // decoder.config.vocab_size)
    return [slice(start, start + rows) for start in range(0, micro.at_M.numel(), rows)]
