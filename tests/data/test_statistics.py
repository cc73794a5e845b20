"""The figures of a dataset, and the price of each over-length policy."""

from __future__ import annotations

import json

from tunesmith.data.examples import ChatExample, CompletionExample, Dataset, Message, TokenizedExample
from tunesmith.data.statistics import OverLengthCost, Spread, compute_statistics, spread

TURN = (Message("user", "Hi"), Message("assistant", "Hello"))
CHAT = Dataset(
    "train.jsonl",
    "chat",
    "0" * 64,
    (
        ChatExample(1, TURN),
        ChatExample(2, (Message("system", "Be kind."), *TURN, *TURN)),
        ChatExample(3, TURN),
    ),
)
TOKENIZED = [
    TokenizedExample(1, tuple(range(4)), (0, 0, 1, 1)),
    TokenizedExample(2, tuple(range(12)), (0,) * 6 + (1,) * 6),
    TokenizedExample(3, tuple(range(4)), (0, 0, 1, 1)),
]


def test_chat_is_counted() -> None:
    found = compute_statistics(CHAT)
    assert (found.num_rows, found.num_turns, found.num_with_system, found.num_duplicates) == (3, 4, 1, 1)
    assert found.num_characters == 7 + 22 + 7
    assert found.messages_per_row == Spread(2, 2, 5, 5, 3.0)
    assert found.tokens is None


def test_completions_count_as_one_turn() -> None:
    data = Dataset("a.jsonl", "prompt_completion", "", (CompletionExample(1, "ab", "c"),))
    found = compute_statistics(data)
    assert (found.num_turns, found.num_characters, found.messages_per_row.max) == (1, 3, 2)


def test_tokens_are_counted() -> None:
    tokens = compute_statistics(CHAT, TOKENIZED).tokens
    assert tokens is not None
    assert (tokens.total_tokens, tokens.trained_tokens) == (20, 10)
    assert tokens.lengths == Spread(4, 4, 12, 12, 20 / 3)
    assert tokens.bucket_edges == tuple(range(14))
    assert tokens.bucket_counts == (0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1)
    assert (tokens.num_over_length, tokens.over_length_costs) == (0, ())


def test_every_policy_has_its_price() -> None:
    tokens = compute_statistics(CHAT, TOKENIZED, max_seq_len=8).tokens
    assert tokens is not None
    assert tokens.num_over_length == 1
    assert tokens.over_length_costs == (
        OverLengthCost("drop", 1, 12, 6, 0),
        OverLengthCost("truncate_left", 0, 4, 0, 0),
        OverLengthCost("truncate_right", 0, 4, 4, 1),
    )


def test_histogram_has_few_round_buckets_for_any_length() -> None:
    for longest in (1, 19, 20, 21, 399, 4096, 131_072):
        tokens = compute_statistics(CHAT, [TokenizedExample(1, (0,) * longest, (1.0,) * longest)]).tokens
        assert tokens is not None
        assert len(tokens.bucket_counts) <= 20
        assert sum(tokens.bucket_counts) == 1
        assert tokens.bucket_edges[-2] <= longest < tokens.bucket_edges[-1]


def test_spread_names_counts_that_occur() -> None:
    assert spread(range(1, 101)) == Spread(1, 50, 95, 100, 50.5)
    assert spread([]) == Spread(0, 0, 0, 0, 0.0)


def test_statistics_are_json() -> None:
    said = json.loads(json.dumps(compute_statistics(CHAT, TOKENIZED, 8).as_json()))
    assert said["format"] == 1
    assert said["tokens"]["over_length_costs"][2]["end_tokens_lost"] == 1
