"""What a dataset looks like in figures, and what each over-length policy would cost.

Takes a Dataset and, if it is tokenized already, its TokenizedExamples; gives one frozen value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tunesmith.data.examples import ChatExample, Dataset, Example, TokenizedExample
from tunesmith.data.formats import fingerprint
from tunesmith.data.over_length import OverLengthPolicy, apply_over_length

POLICIES: Final[tuple[OverLengthPolicy, ...]] = ("drop", "truncate_left", "truncate_right")
_MOST_BUCKETS: Final = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """How some counts are spread. ``p95``: 95 % of them are no larger."""

    min: int
    median: int
    p95: int
    max: int


@dataclass(frozen=True, slots=True)
class OverLengthCost:
    """What a policy costs: rows dropped, tokens and trained tokens lost, rows whose end token is cut off."""

    policy: OverLengthPolicy
    rows_dropped: int
    tokens_cut: int
    trained_tokens_lost: int
    end_tokens_lost: int


@dataclass(frozen=True, slots=True)
class TokenStatistics:
    """Lengths in tokens. Bucket i of the histogram holds lengths from ``bucket_edges[i]`` up to, not
    including, ``bucket_edges[i + 1]``. ``over_length_costs`` is empty where every row fits."""

    total_tokens: int
    trained_tokens: int
    lengths: Spread
    bucket_edges: tuple[int, ...]
    bucket_counts: tuple[int, ...]
    max_seq_len: int | None
    num_over_length: int
    over_length_costs: tuple[OverLengthCost, ...]


@dataclass(frozen=True, slots=True)
class DataStatistics:
    """``turns`` are assistant messages (or completions); ``duplicates`` repeat an earlier example exactly."""

    num_rows: int
    num_characters: int
    num_turns: int
    num_with_system: int
    num_duplicates: int
    messages_per_row: Spread
    tokens: TokenStatistics | None

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, **asdict(self)}


def compute_statistics(
    dataset: Dataset,
    tokenized: Sequence[TokenizedExample] | None = None,
    max_seq_len: int | None = None,
    *,
    keep_first_token: bool = False,
) -> DataStatistics:
    """Figures of a dataset; ``keep_first_token`` says how ``truncate_left`` would cut (see over_length)."""
    examples = dataset.examples
    return DataStatistics(
        num_rows=len(examples),
        num_characters=sum(_num_characters(example) for example in examples),
        num_turns=sum(_num_turns(example) for example in examples),
        num_with_system=sum(_has_system(example) for example in examples),
        num_duplicates=len(examples) - len({fingerprint(example) for example in examples}),
        messages_per_row=spread(_num_messages(example) for example in examples),
        tokens=_token_statistics(tokenized, max_seq_len, keep_first_token) if tokenized else None,
    )


def spread(counts: Iterable[int]) -> Spread:
    """Nearest ranks, so that each figure is one of the counts; all 0 where there are none."""
    ranked = sorted(counts) or [0]
    return Spread(ranked[0], _at_share(ranked, 0.5), _at_share(ranked, 0.95), ranked[-1])


def _at_share(ranked: Sequence[int], share: float) -> int:
    return ranked[math.ceil(share * len(ranked)) - 1]


def _num_characters(example: Example) -> int:
    if isinstance(example, ChatExample):
        return sum(len(message.content or "") for message in example.messages)
    return len(example.prompt) + len(example.completion)


def _num_turns(example: Example) -> int:
    return sum(m.role == "assistant" for m in example.messages) if isinstance(example, ChatExample) else 1


def _has_system(example: Example) -> bool:
    return isinstance(example, ChatExample) and any(m.role in ("system", "developer") for m in example.messages)


def _num_messages(example: Example) -> int:
    return len(example.messages) if isinstance(example, ChatExample) else 2


def _token_statistics(
    tokenized: Sequence[TokenizedExample], max_seq_len: int | None, keep_first_token: bool
) -> TokenStatistics:
    lengths = [len(example.token_ids) for example in tokenized]
    edges = _bucket_edges(max(lengths))
    counts = [0] * (len(edges) - 1)
    for length in lengths:
        counts[length // edges[1]] += 1
    num_over_length = sum(length > max_seq_len for length in lengths) if max_seq_len else 0
    return TokenStatistics(
        total_tokens=sum(lengths),
        trained_tokens=sum(example.num_trained_tokens for example in tokenized),
        lengths=spread(lengths),
        bucket_edges=edges,
        bucket_counts=tuple(counts),
        max_seq_len=max_seq_len,
        num_over_length=num_over_length,
        over_length_costs=_costs(tokenized, max_seq_len, keep_first_token) if max_seq_len and num_over_length else (),
    )


def _bucket_edges(longest: int) -> tuple[int, ...]:
    """Equal buckets from 0, their width 1, 2 or 5 times a power of ten."""
    widths = (step * 10**power for power in range(12) for step in (1, 2, 5))
    width = next(width for width in widths if longest // width < _MOST_BUCKETS)
    return tuple(range(0, (longest // width + 1) * width + 1, width))


def _costs(
    tokenized: Sequence[TokenizedExample], max_seq_len: int, keep_first_token: bool
) -> tuple[OverLengthCost, ...]:
    results = (
        (policy, apply_over_length(tokenized, max_seq_len, policy, keep_first_token=keep_first_token))
        for policy in POLICIES
    )
    return tuple(
        OverLengthCost(policy, cost.rows_dropped, cost.tokens_cut, cost.trained_tokens_lost, cost.end_tokens_lost)
        for policy, cost in results
    )
