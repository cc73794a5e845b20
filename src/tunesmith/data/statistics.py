"""What a dataset looks like in figures, and what each over-length policy would cost.

Takes a Dataset and, if it is tokenized already, its TokenizedExamples; gives one frozen value. ``Tally`` takes
them one by one, for a file that shall not be held in memory.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tunesmith.data.clean_lines import CleanRow, num_characters, who_speaks
from tunesmith.data.examples import (
    AnyExample,
    CompletionExample,
    Dataset,
    Message,
    PreferenceExample,
    TokenizedExample,
)
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
    mean: float


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
    """``turns`` are assistant messages (or completions), ``num_without_user`` rows in which nobody asks;
    ``duplicates`` repeat an earlier example exactly."""

    num_rows: int
    num_characters: int
    num_turns: int
    num_with_system: int
    num_without_user: int
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
    tally = Tally(max_seq_len, keep_first_token=keep_first_token)
    seen: set[bytes] = set()
    for example in dataset.examples:
        said = fingerprint(example)
        tally.add(example)
        tally.add_duplicates(said in seen)
        seen.add(said)
    for example_tokens in tokenized or ():
        tally.add_tokens(example_tokens)
    return tally.statistics()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a Tally has counted, to be added to another one. ``messages`` of each row, and its ``lengths`` in tokens where
    they were counted, are 32-bit integers."""

    messages: bytes
    num_characters: int
    num_turns: int
    num_with_system: int
    num_without_user: int
    lengths: bytes
    num_trained_tokens: int


class Tally:
    """The same figures, one example at a time: of each, a few numbers are kept."""

    def __init__(self, max_seq_len: int | None = None, *, keep_first_token: bool = False) -> None:
        self.keep_first_token = keep_first_token
        self._max_seq_len = max_seq_len
        self._num_characters = self._num_turns = self._num_with_system = self._num_without_user = 0
        self._num_duplicates = 0
        self._messages = array("I")
        self._lengths = array("I")
        self._trained_tokens = 0
        self._costs = {policy: OverLengthCost(policy, 0, 0, 0, 0) for policy in POLICIES}

    @property
    def num_rows(self) -> int:
        return len(self._messages)

    def add_duplicates(self, count: int) -> None:
        self._num_duplicates += count

    def add_clean(self, rows: Sequence[CleanRow]) -> None:
        """Chat rows, many at once."""
        self._messages.extend([len(row.messages) for row in rows])
        self._num_characters += num_characters(rows)
        num_turns, num_with_system, num_without_user = who_speaks(rows)
        self._num_turns += num_turns
        self._num_with_system += num_with_system
        self._num_without_user += num_without_user

    def add(self, example: AnyExample) -> None:
        self._num_characters += _num_characters(example)
        self._num_turns += _num_turns(example)
        messages = _messages(example)
        self._num_with_system += any(message.role in ("system", "developer") for message in messages)
        self._num_without_user += bool(messages) and not any(message.role == "user" for message in messages)
        self._messages.append(_num_messages(example))

    def add_counts(self, counts: Counts) -> None:
        """Those of other examples."""
        self._messages.frombytes(counts.messages)
        self._num_characters += counts.num_characters
        self._num_turns += counts.num_turns
        self._num_with_system += counts.num_with_system
        self._num_without_user += counts.num_without_user
        self._lengths.frombytes(counts.lengths)
        self._trained_tokens += counts.num_trained_tokens

    def counts(self) -> Counts:
        """Without duplicates, and without what rows that are too long cost."""
        return Counts(
            self._messages.tobytes(), self._num_characters, self._num_turns, self._num_with_system, self._num_without_user,
            self._lengths.tobytes(), self._trained_tokens,
        )  # fmt: skip

    def add_tokens(self, example: TokenizedExample) -> None:
        self.add_lengths(len(example.token_ids), example.num_trained_tokens)
        if self._max_seq_len and len(example.token_ids) > self._max_seq_len:
            for policy in POLICIES:
                self._costs[policy] = self._raised(self._costs[policy], example, self._max_seq_len)

    def add_lengths(self, num_tokens: int, num_trained_tokens: int) -> None:
        """Of a row that fits, whose tokens are not needed themselves."""
        self._lengths.append(num_tokens)
        self._trained_tokens += num_trained_tokens

    def statistics(self) -> DataStatistics:
        return DataStatistics(
            num_rows=len(self._messages),
            num_characters=self._num_characters,
            num_turns=self._num_turns,
            num_with_system=self._num_with_system,
            num_without_user=self._num_without_user,
            num_duplicates=self._num_duplicates,
            messages_per_row=spread(self._messages),
            tokens=self._token_statistics() if self._lengths else None,
        )

    def _raised(self, cost: OverLengthCost, example: TokenizedExample, max_seq_len: int) -> OverLengthCost:
        more = apply_over_length([example], max_seq_len, cost.policy, keep_first_token=self.keep_first_token)
        return OverLengthCost(
            cost.policy,
            cost.rows_dropped + more.rows_dropped,
            cost.tokens_cut + more.tokens_cut,
            cost.trained_tokens_lost + more.trained_tokens_lost,
            cost.end_tokens_lost + more.end_tokens_lost,
        )

    def _token_statistics(self) -> TokenStatistics:
        edges = _bucket_edges(max(self._lengths))
        counts = [0] * (len(edges) - 1)
        for length in self._lengths:
            counts[length // edges[1]] += 1
        limit = self._max_seq_len
        num_over_length = sum(length > limit for length in self._lengths) if limit else 0
        return TokenStatistics(
            total_tokens=sum(self._lengths),
            trained_tokens=self._trained_tokens,
            lengths=spread(self._lengths),
            bucket_edges=edges,
            bucket_counts=tuple(counts),
            max_seq_len=limit,
            num_over_length=num_over_length,
            over_length_costs=tuple(self._costs.values()) if num_over_length else (),
        )


def spread(counts: Iterable[int]) -> Spread:
    """Nearest ranks, so that each figure is one of the counts; all 0 where there are none."""
    ranked = sorted(counts) or [0]
    return Spread(ranked[0], _at_share(ranked, 0.5), _at_share(ranked, 0.95), ranked[-1], sum(ranked) / len(ranked))


def _at_share(ranked: Sequence[int], share: float) -> int:
    return ranked[math.ceil(share * len(ranked)) - 1]


def _messages(example: AnyExample) -> tuple[Message, ...]:
    if isinstance(example, CompletionExample):
        return ()
    if isinstance(example, PreferenceExample):
        return (*example.messages, *example.preferred, *example.non_preferred)
    return example.messages


def _num_characters(example: AnyExample) -> int:
    if isinstance(example, CompletionExample):
        return len(example.prompt) + len(example.completion)
    return sum(len(message.content or "") for message in _messages(example))


def _num_turns(example: AnyExample) -> int:
    if isinstance(example, CompletionExample):
        return 1
    return sum(message.role == "assistant" for message in _messages(example))


def _num_messages(example: AnyExample) -> int:
    return 2 if isinstance(example, CompletionExample) else len(_messages(example))


def _bucket_edges(longest: int) -> tuple[int, ...]:
    """Equal buckets from 0, their width 1, 2 or 5 times a power of ten."""
    widths = (step * 10**power for power in range(12) for step in (1, 2, 5))
    width = next(width for width in widths if longest // width < _MOST_BUCKETS)
    return tuple(range(0, (longest // width + 1) * width + 1, width))
