"""What the validation losses of a whole run say of it: nothing where they fell, else one sentence with what to try."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunesmith.train.run_folder import StepMetrics

# Less than this above the lowest is chance, as a share of it and in nats.
_SLIGHTLY: Final = 0.05
_SLIGHTLY_NATS: Final = 0.02


def note_on(rows: Sequence[StepMetrics]) -> str | None:
    """A sentence where the last loss is above the one before training, or well above the lowest."""
    losses = {row.step: row.valid_loss for row in rows if row.valid_loss is not None}
    if not losses or (end := max(losses)) == 0:
        return None
    start, last = losses.get(0), losses[end]
    best = min(losses, key=losses.__getitem__)
    lowest = losses[best]
    is_above_start = start is not None and last > start
    if not is_above_start and last - lowest <= max(_SLIGHTLY * lowest, _SLIGHTLY_NATS):
        return None
    if start is not None and best == 0:
        return (
            f"The validation loss ended at {_figure(last)}; it was {_figure(start)} before training, and never lower. "
            "Try fewer epochs, a lower learning rate, or more examples."
        )
    advice = f"too many passes. Try fewer epochs, or a checkpoint near step {best}."
    if start is None:
        return f"The validation loss ended at {_figure(last)}; it was {_figure(lowest)} at step {best}: {advice}"
    return (
        f"The validation loss ended at {_figure(last)}; it was {_figure(lowest)} at step {best} and {_figure(start)} "
        f"before training: {advice}"
    )


def _figure(loss: float) -> str:
    return f"{loss:.2f}" if loss >= 0.1 else f"{loss:.2g}"
