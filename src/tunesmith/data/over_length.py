"""What becomes of examples longer than ``max_seq_len``: refused, dropped or cut, and always counted.

Takes TokenizedExamples, gives those to train on and the price of it; keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.examples import TokenizedExample

OverLengthPolicy = Literal["error", "drop", "truncate_left", "truncate_right"]


@dataclass(frozen=True, slots=True)
class OverLengthResult:
    """The examples that fit, and what that cost.

    ``rows_dropped`` includes examples that had nothing left to train on after the cut; their tokens
    count as cut. ``end_tokens_lost`` counts kept examples that no longer end as they should, so that
    they teach the model not to stop. ``problems`` holds one warning for each over-length example.
    """

    kept: tuple[TokenizedExample, ...]
    num_over_length: int
    rows_dropped: int
    tokens_cut: int
    trained_tokens_lost: int
    end_tokens_lost: int
    problems: tuple[Problem, ...]


def apply_over_length(
    examples: Sequence[TokenizedExample],
    max_seq_len: int,
    policy: OverLengthPolicy,
    *,
    keep_first_token: bool = False,
    file: str | None = None,
) -> OverLengthResult:
    """Make every example fit. ``error`` raises Problems that name each line too long, with its length.

    ``keep_first_token`` keeps the BOS where ``truncate_left`` cuts what follows it.
    """
    if max_seq_len < 2:
        raise UserError(f"max_seq_len is {max_seq_len}: nothing can be learned from less than 2 tokens.", "raise it")
    too_long = [example for example in examples if len(example.token_ids) > max_seq_len]
    if too_long and policy == "error":
        raise _refusal(too_long, max_seq_len, file)
    cuts = {id(example): _cut(example, max_seq_len, policy, keep_first_token) for example in too_long}
    kept = tuple(fitting for example in examples if (fitting := cuts.get(id(example), example)) is not None)
    outcomes = [(example, cuts[id(example)]) for example in too_long]
    return OverLengthResult(
        kept=kept,
        num_over_length=len(too_long),
        rows_dropped=len(examples) - len(kept),
        tokens_cut=sum(len(example.token_ids) - _num_tokens(cut) for example, cut in outcomes),
        trained_tokens_lost=sum(_trained_tokens_lost(example, cut) for example, cut in outcomes),
        end_tokens_lost=sum(policy == "truncate_right" and _loses_its_end(example, cut) for example, cut in outcomes),
        problems=tuple(_warning(example, cut, max_seq_len, policy, file) for example, cut in outcomes),
    )


def _refusal(too_long: Sequence[TokenizedExample], max_seq_len: int, file: str | None) -> Problems:
    longest = max(len(example.token_ids) for example in too_long)
    hint = f"raise max_seq_len to {longest} if the base model allows it, shorten the row, or choose what to do: drop, truncate_left, truncate_right"
    problems = [
        Problem("over_length", f"{len(example.token_ids):,} tokens", hint, file=file, line=example.line)
        for example in too_long
    ]
    rows = f"{len(too_long):,} row{'s are' if len(too_long) > 1 else ' is'}"
    return Problems(f"{rows} longer than max_seq_len, {max_seq_len:,} tokens.", problems, hint)


def _cut(
    example: TokenizedExample, max_seq_len: int, policy: OverLengthPolicy, keep_first_token: bool
) -> TokenizedExample | None:
    """The example cut to length, or None where it is dropped or has nothing left to train on."""
    if policy == "drop":
        return None
    length = len(example.token_ids)
    if policy == "truncate_right":
        places = [slice(0, max_seq_len)]
    elif keep_first_token:
        places = [slice(0, 1), slice(length - max_seq_len + 1, length)]
    else:
        places = [slice(length - max_seq_len, length)]
    cut = replace(
        example,
        token_ids=tuple(token for place in places for token in example.token_ids[place]),
        loss_weights=tuple(weight for place in places for weight in example.loss_weights[place]),
    )
    return cut if cut.num_trained_tokens else None


def _num_tokens(cut: TokenizedExample | None) -> int:
    return len(cut.token_ids) if cut else 0


def _trained_tokens_lost(example: TokenizedExample, cut: TokenizedExample | None) -> int:
    return example.num_trained_tokens - (cut.num_trained_tokens if cut else 0)


def _loses_its_end(example: TokenizedExample, cut: TokenizedExample | None) -> bool:
    """Cut at the right, a kept example ends in the middle of a sentence."""
    return cut is not None and example.loss_weights[-1] > 0


def _warning(
    example: TokenizedExample,
    cut: TokenizedExample | None,
    max_seq_len: int,
    policy: OverLengthPolicy,
    file: str | None,
) -> Problem:
    over = len(example.token_ids) - max_seq_len
    if cut is not None:
        side = "oldest" if policy == "truncate_left" else "last"
        lost = _trained_tokens_lost(example, cut)
        done = f"its {side} {over:,} were cut, {lost:,} of them trained on"
    elif policy == "drop":
        done = "it was dropped"
    else:
        done = "it was dropped, as nothing to train on was left after the cut"
    message = f"{len(example.token_ids):,} tokens, and max_seq_len is {max_seq_len:,}: {done}"
    return Problem("over_length", message, "raise max_seq_len, or shorten the row", "warning", file, example.line)
