"""A run whose validation loss went up is told so, with figures; one whose loss fell is told nothing."""

from __future__ import annotations

import pytest

from tunesmith.train.run_folder import StepMetrics
from tunesmith.train.validation_note import note_on


def rows(**losses: float) -> list[StepMetrics]:
    """``s75=5.2``: the validation loss of step 75, among steps without one."""
    measured = {int(name[1:]): loss for name, loss in losses.items()}
    return [StepMetrics(step, valid_loss=measured.get(step)) for step in range(max(measured) + 1)]


def test_a_rise_names_the_end_the_lowest_and_the_start() -> None:
    assert note_on(rows(s0=5.85, s75=5.2, s150=5.9, s200=6.47)) == (
        "The validation loss ended at 6.47; it was 5.20 at step 75 and 5.85 before training: too many passes. "
        "Try fewer epochs, or a checkpoint near step 75."
    )


def test_a_rise_that_stays_below_the_start_is_told_too() -> None:
    assert "it was 2.00 at step 5 and 9.00 before training" in (note_on(rows(s0=9.0, s5=2.0, s9=2.2)) or "")


def test_a_loss_that_never_fell_blames_more_than_the_passes() -> None:
    told = note_on(rows(s0=1.0, s5=1.5, s9=1.2)) or ""
    assert told.startswith("The validation loss ended at 1.20; it was 1.00 before training, and never lower.")
    assert "checkpoint" not in told


def test_without_a_measure_before_training_the_lowest_alone_is_named() -> None:
    assert "it was 2.00 at step 5: too many passes" in (note_on(rows(s5=2.0, s9=3.0)) or "")


@pytest.mark.parametrize(
    "losses",
    [{"s0": 5.0, "s5": 4.0, "s9": 3.0}, {"s0": 5.0, "s5": 4.0, "s9": 4.1}, {"s0": 4.0, "s5": 0.004, "s9": 0.009}, {"s0": 5.0}],
)  # fmt: skip
def test_a_loss_that_fell_or_wavers_is_no_trouble(losses: dict[str, float]) -> None:
    assert note_on(rows(**losses)) is None


def test_without_validation_there_is_nothing_to_say() -> None:
    assert note_on([StepMetrics(1, train_loss=2.0)]) is None
