"""Validation examples that are in the training data too, exactly or nearly: a model is not tested on what it was shown.

Every training example is looked at once; against the validation examples, which are few, each is compared by sketch
(`near_index`), and by the texts themselves where sketches agree. Memory: 256 bytes a training example.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tunesmith.core.errors import Problem, Problems, Severity
from tunesmith.data.duplicates import DEFAULT_THRESHOLD, sampled
from tunesmith.data.examples import Dataset, Example
from tunesmith.data.formats import fingerprint
from tunesmith.data.near_index import Sketches
from tunesmith.data.similarity import Shingles, asked_key, said_by_example, similarity, template_of, tokens

LeakagePolicy = Literal["error", "warn"]

NEAR: Final = DEFAULT_THRESHOLD
"""From here on two examples are told as near."""
SURE: Final = 0.9
"""From here on they say the same: below it, questions that differ in the one word that matters are met too."""
_MOST_LISTED: Final = 1_000
# A validation example that so many training examples resemble, none of them enough, is left at that.
_MOST_COMPARED: Final = 200
_HINT: Final = "remove it from one of the files: a model is not tested on what it was shown"
HOW_TO_GO_ON: Final = (
    "Make both files anew with `tunesmith data split`, which keeps what is alike on one side; or remove these rows from "
    "one of the files; or set leakage: warn to train all the same"
)


@dataclass(frozen=True, slots=True)
class Leak:
    """``line`` of the validation file says what ``training_line`` says; ``similarity`` is None for an exact copy."""

    line: int
    training_line: int
    similarity: float | None


def refuse_leakage(training: Dataset, validation: Dataset, policy: LeakagePolicy) -> tuple[Problem, ...]:
    """The warnings; raises Problems with all that is found where ``policy`` is ``error`` and an example is leaked."""
    problems = leakage(training, validation, policy)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise Problems(leakage_sentence(validation, errors), errors, HOW_TO_GO_ON)
    return tuple(problems)


def leakage_sentence(validation: Dataset, errors: list[Problem]) -> str:
    """How much of it is leaked; ``errors`` are those of ``leakage``."""
    if errors[0].line is None:
        return "Every validation example is in the training data too."
    number, of = len({problem.line for problem in errors}), len(validation.examples)
    return f"{number:,} of {of:,} validation examples are in the training data too, exactly or nearly."


def leakage(training: Dataset, validation: Dataset, policy: LeakagePolicy = "error") -> list[Problem]:
    """By the validation file's lines. Of warnings the first 1,000; what is less than surely the same is a warning."""
    severity: Severity = "error" if policy == "error" else "warning"
    if training.sha256 == validation.sha256 and training.examples == validation.examples:
        return [Problem("leaked_example", "the validation file is the training file", _HINT, severity, validation.path)]
    leaks = find_leaks(training, validation)
    problems = [_problem(leak, training, validation, severity) for leak in leaks]
    known = {leak.line for leak in leaks}
    for count, problem in enumerate(_answered_differently(training, validation, known)):
        if count == _MOST_LISTED:
            break
        problems.append(problem)
    return sorted(problems, key=lambda problem: problem.line or 0)


def find_leaks(training: Dataset, validation: Dataset) -> list[Leak]:
    """At most one for each validation example: an exact copy before the most alike."""
    said = [fingerprint(example) for example in training.examples]
    first: dict[bytes, int] = {}
    for example, print_of_it in zip(training.examples, said, strict=True):
        first.setdefault(print_of_it, example.line)
    found: list[Leak] = []
    left: list[Example] = []
    for example in validation.examples:
        line = first.get(fingerprint(example))
        if line is None:
            left.append(example)
        else:
            found.append(Leak(example.line, line, None))
    return sorted([*found, *_near(training, left, said)], key=lambda leak: leak.line)


def _near(training: Dataset, validation: list[Example], said: list[bytes]) -> Iterator[Leak]:
    if not validation:
        return
    sample = sampled(range(len(said)), said.__getitem__)
    template = template_of(said_by_example(training.examples[number]) for number in sample)
    best: dict[int, tuple[float, int]] = {}
    num_compared = array("I", [0]) * len(validation)
    is_out = bytearray(len(validation))
    with Sketches() as held_out, Sketches() as trained_on:
        _sketch(validation, template, held_out)
        _sketch(training.examples, template, trained_on)
        for number, other in held_out.pairs_with(trained_on, NEAR, is_out):
            example = training.examples[other]
            alike = similarity(said_by_example(validation[number]), said_by_example(example), template)
            num_compared[number] += 1
            if alike >= NEAR and alike > best.get(number, (0.0, 0))[0]:
                best[number] = alike, example.line
            is_out[number] = alike >= SURE or num_compared[number] >= _MOST_COMPARED
    for number, (alike, line) in best.items():
        yield Leak(validation[number].line, line, alike)


def _sketch(examples: list[Example] | tuple[Example, ...], template: Shingles, sketches: Sketches) -> None:
    for example in examples:
        sketches.add(tokens(said_by_example(example), template))


def _problem(leak: Leak, training: Dataset, validation: Dataset, severity: Severity) -> Problem:
    path, line = training.path, leak.training_line
    if leak.similarity is None:
        rule, message = "leaked_example", f"the validation example is in the training data too: {path}, line {line}"
    else:
        rule = "nearly_leaked_example"
        alike = f"{leak.similarity:.0%}"
        message = f"the validation example is nearly in the training data too, {alike} alike: {path}, line {line}"
        severity = severity if leak.similarity >= SURE else "warning"
    return Problem(rule, message, _HINT, severity, validation.path, leak.line)


def _answered_differently(training: Dataset, validation: Dataset, known: set[int]) -> Iterator[Problem]:
    asked = {asked_key(example): 0 for example in validation.examples if example.line not in known}
    for example in training.examples:
        key = asked_key(example)
        if key and asked.get(key) == 0:
            asked[key] = example.line
    for example in validation.examples:
        line = asked.get(asked_key(example), 0)
        if line and example.line not in known:
            yield Problem(
                "answered_differently",
                f"the question is in the training data too, with another answer: {training.path}, line {line}",
                "see which answer is right: both cannot be learnt",
                "warning",
                validation.path,
                example.line,
            )
