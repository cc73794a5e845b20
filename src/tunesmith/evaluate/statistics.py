"""Scores with intervals: one number per example → a mean and how far it can be trusted.

The intervals are percentile bootstraps (Efron & Tibshirani 1993, *An Introduction to the Bootstrap*,
chapter 13): the examples are drawn again with replacement, and the middle 95 % of the means are kept.
Same values, same seed: same interval.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TypeVar

from tunesmith.core.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Score:
    """A mean over ``n`` examples, and the interval from ``low`` to ``high`` that it is known within."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int]:
        return asdict(self)


def bootstrap_interval(values: Sequence[float], seed: int, resamples: int = 2000, confidence: float = 0.95) -> Score:
    """The mean of ``values`` with its percentile bootstrap interval.

    A bootstrap of values that are all equal has no width, which would claim certainty after three
    right answers out of three. If they are all 0 or all 1, the Wilson score interval (Wilson 1927)
    stands in for it. Equal values of any other kind keep an interval without width: they say
    nothing about their spread.
    """
    _check(values, "values")
    if _all_equal(values):
        value = float(values[0])
        unseen = _wilson_unseen(len(values), confidence) if value in (0.0, 1.0) else 0.0
        low, high = (value - unseen, value) if value == 1.0 else (value, value + unseen)
        return Score(value, low, high, len(values))
    return _percentile_score(values, _mean, seed, resamples, confidence)


def paired_difference(
    a: Sequence[float], b: Sequence[float], seed: int, resamples: int = 2000, confidence: float = 0.95
) -> Score:
    """The mean of ``a − b`` over the same examples, which are drawn in pairs.

    Where ``a`` and ``b`` hold 0s and 1s only and every pair differs by the same amount, the bootstrap has no
    width; then the share of other pairs is bounded by Wilson's interval, and the difference with it.
    """
    _check_pairs(a, b, "a", "b")
    differences = [x - y for x, y in zip(a, b, strict=True)]
    if not _all_equal(differences):
        return _percentile_score(differences, _mean, seed, resamples, confidence)
    value = float(differences[0])
    if not all(x in (0, 1) for x in (*a, *b)):
        return Score(value, value, value, len(a))
    # An unseen pair is off by 1 from a difference of 0, but by up to 2 from −1 or 1.
    reach = _wilson_unseen(len(a), confidence) * (1 + abs(value))
    return Score(value, max(-1.0, value - reach), min(1.0, value + reach), len(a))


def ratio_interval(
    numerators: Sequence[float],
    denominators: Sequence[float],
    seed: int,
    resamples: int = 2000,
    confidence: float = 0.95,
) -> Score:
    """The sum of ``numerators`` over the sum of ``denominators``, one pair an example: summed losses
    over token counts make a mean loss per token. Whole examples are drawn, since the tokens of one
    example resemble each other.

    An example with a denominator of 0 (nothing trained on) carries no information: it is left out,
    and ``n`` does not count it.
    """
    _check_pairs(numerators, denominators, "numerators", "denominators")
    if min(denominators) < 0:
        raise UserError("A denominator is negative.", "give a count or a weight of 0 or more for each example")
    pairs = [pair for pair in zip(numerators, denominators, strict=True) if pair[1] > 0]
    if not pairs:
        raise UserError(
            "No example has a token that counts, so there is no mean loss.", "give validation examples with an answer"
        )
    return _percentile_score(pairs, _ratio, seed, resamples, confidence)


def _percentile_score(
    items: Sequence[T], statistic: Callable[[Sequence[T]], float], seed: int, resamples: int, confidence: float
) -> Score:
    draw = random.Random(seed).choices
    ordered = sorted(statistic(draw(items, k=len(items))) for _ in range(resamples))
    tail = (1 - confidence) / 2
    return Score(statistic(items), _quantile(ordered, tail), _quantile(ordered, 1 - tail), len(items))


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The quantile at ``share``, on the straight line between the two values around it."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _wilson_unseen(n: int, confidence: float) -> float:
    """Wilson's upper bound on the share of what was met 0 times in ``n``."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return z * z / (n + z * z)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return math.fsum(top for top, _ in pairs) / math.fsum(bottom for _, bottom in pairs)


def _all_equal(values: Sequence[float]) -> bool:
    return min(values) == max(values)


def _check_pairs(a: Sequence[float], b: Sequence[float], name_a: str, name_b: str) -> None:
    _check(a, name_a)
    _check(b, name_b)
    if len(a) != len(b):
        raise UserError(
            f"{len(a):,} {name_a} do not pair with {len(b):,} {name_b}.", "score both on the same held-out examples"
        )


def _check(values: Sequence[float], name: str) -> None:
    if not values:
        raise UserError(f"There is nothing to score: no {name}.", "give at least one held-out example")
    if not all(map(math.isfinite, values)):
        raise UserError(
            f"The {name} hold a number that is not finite, so they have no mean.",
            "look for a loss of inf or nan in the answers that were scored",
        )
