"""Frequent phrases are found in a stream far longer than what is kept of it."""

from __future__ import annotations

from tunesmith.data.content.labels import Conflicts, Labels
from tunesmith.data.content.phrases import FrequentPhrases, Sampler


def test_phrase_in_a_twentieth_of_many_answers_survives_the_evictions() -> None:
    phrases = FrequentPhrases()
    for number in range(30_000):
        text = "Our shop is open every day." if number % 20 == 0 else f"Sentence number {number} stands alone."
        phrases.add(text, number, 1)
    (found,) = phrases.most_frequent(0.04, 10, 5)
    assert found.phrase == "Our shop is open every day."
    assert abs(found.share - 0.05) < 0.002


def test_sample_stands_for_all_and_grows_slowly() -> None:
    sampler = Sampler()
    weights = [weight for _ in range(100_000) if (weight := sampler.weight())]
    assert len(weights) < 15_000
    assert abs(sum(weights) - 100_000) < 5_000


def test_conflicts_are_estimated_within_bounded_memory() -> None:
    conflicts = Conflicts()
    for number in range(120_000):
        conflicts.add([f"question {number}"], "one", number)
        if number % 10 == 0:
            conflicts.add([f"question {number}"], "two", number)
    count, _ = conflicts.found()
    assert conflicts.is_estimate
    assert abs(count - 12_000) < 1_200


def test_many_different_answers_are_no_labels() -> None:
    labels = Labels()
    for number in range(1_000):
        labels.add(f"answer {number}")
    assert not labels.are_labels(1_000)
