"""What a report tells: its nouns. What a run did not measure is None or empty.

Keeps no behaviour: `run` and the command line fill these in, `report` writes them down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tunesmith.evaluate.statistics import Score

Curve = Sequence[tuple[int, float]]
"""(step, value), in the order of the steps."""
CONTESTANTS = {
    "base": ("Base model", "the base model, given the question alone"),
    "few_shot": ("Few-shot prompting", "the base model, shown the nearest training examples first"),
    "tuned": ("Tuned model", "the model of this run, given the question alone"),
}
"""Who takes part, in the order of the page: key → name, and what it is."""


@dataclass(frozen=True, slots=True)
class ContestantScores:
    exact_match: Score | None = None
    """Share of held-out questions answered exactly, 0 to 1."""

    valid_loss: Score | None = None
    """Mean cross-entropy per trained token of the held-out examples, in nats; lower is better."""


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataSummary:
    """One split's size, and what was odd about it."""

    split: str
    num_examples: int
    num_tokens: int
    num_trained_tokens: int
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TokenHistogram:
    """How long the examples are: ``counts[i]`` of them have ``edges[i]`` to ``edges[i + 1]`` tokens."""

    edges: Sequence[int]
    counts: Sequence[int]
    max_seq_len: int


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One held-out question and what each contestant answered (None: was not asked)."""

    question: str
    reference: str
    base: str | None
    few_shot: str | None
    tuned: str
    tuned_is_right: bool


@dataclass(frozen=True, slots=True)
class NextCommand:
    """A command line to type next, and what it is good for."""

    purpose: str
    line: str


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    verdict: str
    """One sentence, see :func:`verdict`."""

    run: Mapping[str, str] = field(default_factory=dict)
    """What was run: label → value."""

    scores: Mapping[str, ContestantScores] = field(default_factory=dict)
    """Contestant (a key of ``CONTESTANTS``) → its scores."""

    extra_scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    """Label → contestant → share answered exactly, for a part of the held-out questions."""

    answers: Sequence[AnswerRow] = ()
    """The best and worst answers; the page puts the wrong ones first."""

    loss_curves: Mapping[str, Curve] = field(default_factory=dict)
    """``train_loss`` and ``valid_loss``."""

    learning_rates: Curve = ()
    data: Sequence[DataSummary] = ()
    token_histogram: TokenHistogram | None = None
    settings: Sequence[Setting] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Stage → seconds, in the order of the stages."""

    model: str | None = None
    """Where the tuned model lies."""

    next_commands: Sequence[NextCommand] = ()
