"""Rows → Batch: the tensors of one optimizer step, a pure function of (seed, step).

``batch_size`` counts examples; a step's micro-batches are token-budget slices of it. Nothing is kept
between steps, so a run resumes anywhere by asking for its next step.

Shapes: T tokens of a micro-batch, M of them trained on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tunesmith.data.examples import TokenizedExample
from tunesmith.data.packing import pack
from tunesmith.nn.attention import Borders


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """One row as tensors. ``at_M`` are the positions whose next token is trained on.

    ``document_M`` numbers the example of each target within the row, and ``lines`` names its line.
    """

    tokens_T: Tensor
    borders: Borders
    at_M: Tensor
    targets_M: Tensor
    weights_M: Tensor
    document_M: Tensor
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """All micro-batches of one step. The loss is the mean over ``total_weight``, the sum of all weights."""

    micro_batches: tuple[MicroBatch, ...]
    total_weight: float
    num_tokens: int
    lines: tuple[int, ...]


class BatchPlan:
    """The order of all steps: examples shuffled once per pass by (seed, pass)."""

    def __init__(self, examples: Sequence[TokenizedExample], batch_size: int, budget_tokens: int, seed: int) -> None:
        self._examples, self._batch_size, self._budget, self._seed = examples, batch_size, budget_tokens, seed
        self.steps_per_epoch = -(-len(examples) // batch_size)
        self._pass: tuple[int, list[int]] = (-1, [])

    def batch(self, step: int, device: torch.device | str = "cpu") -> Batch:
        """The batch of ``step``, counted from 0."""
        number, within = divmod(step, self.steps_per_epoch)
        order = self._order(number)
        chosen = order[within * self._batch_size : (within + 1) * self._batch_size]
        return make_batch([self._examples[i] for i in chosen], self._budget, device)

    def _order(self, number: int) -> list[int]:
        if self._pass[0] != number:
            order = list(range(len(self._examples)))
            random.Random(f"{self._seed}:{number}").shuffle(order)
            self._pass = (number, order)
        return self._pass[1]


def make_batch(examples: Sequence[TokenizedExample], budget_tokens: int, device: torch.device | str = "cpu") -> Batch:
    rows = pack([len(example.token_ids) for example in examples], budget_tokens)
    micro_batches = tuple(_micro_batch([examples[i] for i in row], device) for row in rows)
    return Batch(
        micro_batches,
        total_weight=sum(sum(example.loss_weights[1:]) for example in examples),
        num_tokens=sum(len(example.token_ids) for example in examples),
        lines=tuple(example.line for example in examples),
    )


def in_order(
    examples: Sequence[TokenizedExample], budget_tokens: int, device: torch.device | str = "cpu"
) -> Iterator[tuple[list[int], MicroBatch]]:
    """Micro-batches over all examples once, each with the positions of its examples (for validation)."""
    for row in pack([len(example.token_ids) for example in examples], budget_tokens):
        yield row, _micro_batch([examples[i] for i in row], device)


def _micro_batch(examples: Sequence[TokenizedExample], device: torch.device | str) -> MicroBatch:
    tokens = [token for example in examples for token in example.token_ids]
    at, targets, weights, documents = [], [], [], []
    start = 0
    for document, example in enumerate(examples):
        for position in range(1, len(example.token_ids)):
            if example.loss_weights[position] > 0:
                at.append(start + position - 1)
                targets.append(example.token_ids[position])
                weights.append(example.loss_weights[position])
                documents.append(document)
        start += len(example.token_ids)
    return MicroBatch(
        tokens_T=torch.tensor(tokens, device=device),
        borders=Borders.of([len(example.token_ids) for example in examples], device),
        at_M=torch.tensor(at, dtype=torch.long, device=device),
        targets_M=torch.tensor(targets, dtype=torch.long, device=device),
        weights_M=torch.tensor(weights, dtype=torch.float32, device=device),
        document_M=torch.tensor(documents, dtype=torch.long, device=device),
        lines=tuple(example.line for example in examples),
    )
