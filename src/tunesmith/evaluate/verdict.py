"""Scores → the verdict: whether tuning paid, in a sentence, and against whom the tuned model was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tunesmith.evaluate.report_nouns import CONTESTANTS, ContestantScores
from tunesmith.evaluate.statistics import Score
from tunesmith.evaluate.words import counted, loss_figure, low_to_high, percent

Outcome = Literal["better", "worse", "unclear", "unmeasured"]
Metric = Literal["exact_match", "valid_loss"]
FORMATS: dict[Metric, Callable[[float], str]] = {"exact_match": percent, "valid_loss": loss_figure}


def verdict(scores: Mapping[str, ContestantScores]) -> str:
    """Whether tuning paid, in a sentence; judged by exact match, or by the loss where nothing else is known.

    The tuned model meets the baseline with the best value. A difference counts when their intervals
    do not touch.
    """
    comparison = compare(scores)
    if comparison is None:
        return "The tuned model was not tested on held-out examples, so nothing is known about its quality."
    measured = _measured(comparison.metric, comparison.tuned)
    if comparison.rival is None or comparison.theirs is None:
        return f"The tuned model has no baseline to compare with: {measured}."
    rival = in_sentence(comparison.rival)
    show = FORMATS[comparison.metric]
    theirs = f"{show(comparison.theirs.value)} ({low_to_high(comparison.theirs, show)})"
    compared = (
        f"{measured}, {rival} {theirs}" if comparison.metric == "exact_match" else f"{measured}, with {rival} {theirs}"
    )
    match comparison.outcome:
        case "better":
            return f"The tuned model is better than the best baseline, {rival}: {compared}."
        case "worse":
            return f"The tuned model is worse than the best baseline, {rival}: {compared}."
        case _:
            return (
                f"There is no clear difference between the tuned model and the best baseline, {rival}, "
                f"because their intervals overlap: {compared}."
            )


@dataclass(frozen=True, slots=True)
class Comparison:
    metric: Metric
    tuned: Score
    rival: str | None
    theirs: Score | None

    @property
    def outcome(self) -> Outcome:
        if self.theirs is None:
            return "unmeasured"
        higher = self.tuned.low > self.theirs.high
        lower = self.tuned.high < self.theirs.low
        if not higher and not lower:
            return "unclear"
        return "better" if higher == (self.metric == "exact_match") else "worse"


def compare(scores: Mapping[str, ContestantScores]) -> Comparison | None:
    """The tuned model against the best baseline, by the first metric that knows both, or the tuned one alone."""
    alone = None
    for metric in ("exact_match", "valid_loss"):
        measured = scores_by(metric, scores)
        tuned = measured.pop("tuned", None)
        if tuned is None:
            continue
        if measured:
            best = max if metric == "exact_match" else min
            rival = best(measured, key=lambda name: measured[name].value)
            return Comparison(metric, tuned, rival, measured[rival])
        alone = alone or Comparison(metric, tuned, None, None)
    return alone


def scores_by(metric: Metric, scores: Mapping[str, ContestantScores]) -> dict[str, Score]:
    found = {name: getattr(scores[name], metric) for name in CONTESTANTS if name in scores}
    return {name: score for name, score in found.items() if score is not None}


def _measured(metric: Metric, score: Score) -> str:
    show = FORMATS[metric]
    interval = f"(95 % interval {low_to_high(score, show)})"
    if metric == "exact_match":
        return f"it answers {show(score.value)} of {counted(score.n, 'held-out question')} exactly {interval}"
    return f"its loss on {counted(score.n, 'held-out example')} is {show(score.value)} {interval}"


def in_sentence(contestant: str) -> str:
    return "the base model" if contestant == "base" else CONTESTANTS[contestant][0].lower()
