import math
import random

import pytest

from tunesmith.core.errors import UserError
from tunesmith.evaluate.statistics import Score, bootstrap_interval, paired_difference, ratio_interval


def test_interval_holds_the_truth_about_19_times_in_20() -> None:
    rng = random.Random(0)
    samples = [[float(rng.random() < 0.7) for _ in range(80)] for _ in range(400)]
    scores = [bootstrap_interval(sample, seed=1, resamples=400) for sample in samples]
    assert 0.91 <= sum(score.low <= 0.7 <= score.high for score in scores) / len(scores) <= 0.98


def test_ratio_interval_holds_the_truth_about_19_times_in_20() -> None:
    rng = random.Random(0)
    covered = 0
    for _ in range(300):
        counts = [rng.randint(1, 20) for _ in range(80)]
        score = ratio_interval([count * rng.gauss(2.0, 0.5) for count in counts], counts, seed=1, resamples=400)
        covered += score.low <= 2.0 <= score.high
    assert 0.90 <= covered / 300 <= 0.98


def test_same_seed_gives_the_same_interval() -> None:
    values = [0.1, 0.4, 0.9, 0.3, 0.7]
    assert bootstrap_interval(values, seed=7) == bootstrap_interval(values, seed=7)
    assert bootstrap_interval(values, seed=7) != bootstrap_interval(values, seed=8)


def test_interval_lies_around_the_mean() -> None:
    score = bootstrap_interval([1.0, 2.0, 3.0, 4.0], seed=0)
    assert score.value == 2.5
    assert 1.0 <= score.low < 2.5 < score.high <= 4.0
    assert score.n == 4


def test_all_right_or_all_wrong_gets_wilsons_width() -> None:
    right, wrong = bootstrap_interval([1.0] * 20, seed=0), bootstrap_interval([0.0] * 20, seed=0)
    assert (right.value, right.high, wrong.value, wrong.low) == (1.0, 1.0, 0.0, 0.0)
    assert right.low == pytest.approx(0.8389, abs=1e-4)
    assert wrong.high == pytest.approx(0.1611, abs=1e-4)


def test_one_example_proves_little() -> None:
    assert bootstrap_interval([1.0], seed=0).low == pytest.approx(0.2065, abs=1e-4)
    assert bootstrap_interval([2.5], seed=0) == Score(2.5, 2.5, 2.5, 1)


def test_difference_is_taken_in_pairs() -> None:
    a = [float(index) for index in range(50)]
    score = paired_difference([x + 0.5 + 0.01 * (x % 3) for x in a], a, seed=0)
    assert score.value == pytest.approx(0.5098)
    assert score.high - score.low < 0.01


def test_equal_answers_are_not_proven_equal() -> None:
    score = paired_difference([1.0, 0.0] * 10, [1.0, 0.0] * 10, seed=0)
    assert score.value == 0.0
    assert score.low == pytest.approx(-0.1611, abs=1e-4)
    assert score.high == pytest.approx(0.1611, abs=1e-4)


def test_difference_of_all_right_and_all_wrong_stays_within_one() -> None:
    score = paired_difference([1.0] * 20, [0.0] * 20, seed=0)
    assert (score.value, score.high) == (1.0, 1.0)
    assert score.low == pytest.approx(1 - 2 * 0.1611, abs=1e-4)


def test_ratio_weighs_examples_by_their_tokens() -> None:
    assert ratio_interval([10.0, 1.0], [10, 1], seed=0).value == 1.0
    assert ratio_interval([30.0, 1.0], [10, 1], seed=0).value == pytest.approx(31 / 11)


def test_example_without_tokens_is_left_out() -> None:
    assert ratio_interval([4.0, 0.0, 2.0], [2, 0, 1], seed=0) == Score(2.0, 2.0, 2.0, 2)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_nothing_or_no_number_is_refused(values: list[float]) -> None:
    with pytest.raises(UserError):
        bootstrap_interval(values, seed=0)


def test_lists_that_do_not_pair_are_refused() -> None:
    with pytest.raises(UserError, match="do not pair"):
        paired_difference([1.0, 0.0], [1.0], seed=0)
    with pytest.raises(UserError, match="negative"):
        ratio_interval([1.0], [-1], seed=0)
    with pytest.raises(UserError, match="No example has a token"):
        ratio_interval([0.0], [0], seed=0)


def test_score_as_json_names_its_bounds() -> None:
    assert Score(0.5, 0.4, 0.6, 100).as_json() == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}
