"""What judging a job's files measures: that no row is lost, and how much of them is trained on. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from tunesmith.core.certificates import Certificate, Measured
from tunesmith.data.over_length import OverLengthResult


def data_accounted(
    training_rows: int, validation_rows: int | None, training: OverLengthResult, held_out: OverLengthResult | None
) -> Certificate:
    """The files' rows, as they were counted while reading, against what is trained on, held out and dropped.

    ``validation_rows`` is None where the held-out rows are a part of the training file.
    """
    rows = training_rows + (validation_rows or 0)
    results = [training] if held_out is None else [training, held_out]
    dropped = sum(result.rows_dropped for result in results)
    cut = sum(result.tokens_cut for result in results)
    num_kept, num_held_out = len(training.kept), len(held_out.kept) if held_out else 0
    lost = rows - num_kept - num_held_out - dropped
    parts = [f"{num_kept:,} to train on"]
    parts += [f"{num_held_out:,} held out for validation"] if held_out else []
    parts += [f"{dropped:,} dropped as too long"] if dropped else []
    sentence = f"Of {rows:,} rows: {_listed(parts)}; {'none' if lost == 0 else f'{abs(lost):,}'} unaccounted for."
    if cut:
        sentence += f" {cut:,} tokens were cut off."
    figures = (
        Measured("rows", rows),
        Measured("rows_to_train_on", num_kept),
        Measured("rows_held_out", num_held_out),
        Measured("rows_dropped", dropped),
        Measured("tokens_cut", cut),
        Measured("rows_unaccounted", abs(lost), 0),
    )
    return Certificate("data_accounted", "failed" if lost else "passed", sentence, figures)


def loss_mask(training: OverLengthResult, prompt_loss_weight: float) -> Certificate:
    """How many tokens count in the loss, and that every row has some."""
    kept = training.kept
    tokens = sum(len(example.token_ids) for example in kept)
    trained = sum(example.num_trained_tokens for example in kept)
    empty = sum(example.num_trained_tokens == 0 for example in kept)
    share = trained / tokens if tokens else 0.0
    prompts = "prompts have no weight" if prompt_loss_weight == 0 else f"prompts weigh {prompt_loss_weight:g}"
    sentence = f"{trained:,} of {tokens:,} tokens are trained on ({share:.1%}); {prompts}."
    if empty:
        sentence += f" {empty:,} rows have nothing to train on."
    figures = (
        Measured("tokens", tokens),
        Measured("trained_tokens", trained),
        Measured("trained_share", share, 1),
        Measured("prompt_loss_weight", prompt_loss_weight, 1),
        Measured("rows_without_trained_tokens", empty, 0),
        Measured("end_tokens_lost", training.end_tokens_lost),
    )
    return Certificate("loss_mask", "passed" if trained and not empty else "failed", sentence, figures)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
