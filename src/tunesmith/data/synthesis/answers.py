"""What a model wrote → questions with answers, or questions alone; and what of it cannot be read.

Takes JSON in every manner that models write it (in a fence, after a sentence, in an object, one a line, cut off at the
end) and numbered lists with questions and answers named. What fits none of these is malformed; nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

LONGEST_TEXT: Final = 200_000
_MOST_FAILURES: Final = 64

_QUESTION_KEYS: Final = (
    "question",
    "instruction",
    "prompt",
    "input",
    "query",
    "user",
    "q",
    "问题",
    "提问",
    "指令",
    "问",
)
_ANSWER_KEYS: Final = ("answer", "output", "response", "completion", "assistant", "a", "答案", "回答", "答")


@dataclass(frozen=True, slots=True)
class Pair:
    """``answer`` is None where only questions were asked for."""

    question: str
    answer: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """``num_malformed`` counts the pieces that hold no pair beside those that do; ``reason`` says why there is none."""

    pairs: tuple[Pair, ...]
    num_malformed: int = 0
    reason: str | None = None


def read_answer(text: str, *, with_answers: bool, was_cut: bool = False) -> Read:
    """``was_cut``: the model ran out of tokens, so that a list's last item may be half an item."""
    if len(text) > LONGEST_TEXT:
        return Read((), 1, f"longer than {LONGEST_TEXT:,} characters")
    said = _without_thoughts(text).strip()
    if not said:
        return Read((), 1, "empty")
    items = _json_items(said)
    if items:
        pairs = [_pair(item, with_answers) for item in items]
    else:
        pairs = list(_listed(said, with_answers))
        if was_cut and pairs:
            pairs[-1] = None
    found = tuple(pair for pair in pairs if pair is not None)
    num_malformed = len(pairs) - len(found)
    if not found:
        return Read((), max(num_malformed, 1), "neither JSON nor a numbered list of what was asked for")
    return Read(found, num_malformed)


_THOUGHTS: Final = re.compile(r"\A\s*+<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


def _without_thoughts(text: str) -> str:
    return _THOUGHTS.sub("", text, count=1)


# ---- JSON ----------------------------------------------------------------------------------------


def _json_items(text: str) -> list[Any]:
    """The elements of the array that holds something, or the objects that stand in the text, in their order."""
    for value in _values(text, "["):
        if isinstance(value, list) and value and any(isinstance(item, dict | str) for item in value):
            return value
    return [inner for value in _values(text, "{") for inner in _unwrapped(value)]


def _values(text: str, opening: str) -> Iterator[Any]:
    """The JSON values that begin with ``opening``, one after another; gives up after some that cannot be read."""
    decoder, at, failures = json.JSONDecoder(), text.find(opening), 0
    while at >= 0 and failures < _MOST_FAILURES:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            failures, end = failures + 1, at + 1
        else:
            yield value
        at = text.find(opening, end)


def _unwrapped(value: Any) -> list[Any]:
    """``{"examples": [{…}, …]}`` → its elements; any other value is one."""
    if isinstance(value, dict) and len(value) == 1:
        (inner,) = value.values()
        if isinstance(inner, list) and inner:
            return inner
    return [value]


def _pair(item: Any, with_answers: bool) -> Pair | None:
    if isinstance(item, str) and not with_answers:
        return Pair(item.strip(), None) if item.strip() and _can_be_written(item) else None
    if not isinstance(item, dict):
        return None
    lowered = {str(key).strip().lower(): value for key, value in item.items()}
    question, answer = _text(lowered, _QUESTION_KEYS), _text(lowered, _ANSWER_KEYS)
    if question is None or (with_answers and answer is None):
        return None
    return Pair(question, answer if with_answers else None)


def _text(item: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of the keys that holds a text; a number is one, for a sum may be the answer."""
    for key in keys:
        value = item.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value.strip() if _can_be_written(value) else None
    return None


def _can_be_written(text: str) -> bool:
    """Not with half of a surrogate pair, which an escape in JSON can make."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# ---- numbered lists ------------------------------------------------------------------------------

_NUMBER: Final = re.compile(
    r"^[ \t]{0,8}(?:#{1,4} {0,2})?\**(?:\d{1,3}|[一二三四五六七八九十]{1,3})\**[.)、．:：][ \t]*", re.MULTILINE
)
_QUESTION: Final = re.compile(
    r"^[\s>*#\d.)、-]{0,12}(?:question|instruction|q|问题|问)\**(?: ?\d{1,3})?\**[:：]\**[ \t]*", re.I | re.M
)
_ANSWER: Final = re.compile(
    r"^[ \t>*#-]{0,8}(?:answer|response|output|a|答案|回答|答)\**(?: ?\d{1,3})?\**[:：]\**[ \t]*", re.I | re.M
)


def _listed(text: str, with_answers: bool) -> Iterator[Pair | None]:
    if not with_answers:
        yield from (Pair(item, None) if item else None for item in map(_one_line, _pieces(text, _NUMBER)))
        return
    for piece in _pieces(text, _QUESTION):
        answer = _ANSWER.search(piece)
        question, said = (piece[: answer.start()].strip(), piece[answer.end() :].strip()) if answer else ("", "")
        yield Pair(_one_line(question), _without_next_number(said)) if question and said else None


def _pieces(text: str, start: re.Pattern[str]) -> list[str]:
    found = list(start.finditer(text))
    if not found:
        return []
    ends = [*(one.start() for one in found[1:]), len(text)]
    return [text[one.end() : end] for one, end in zip(found, ends, strict=True)]


_LAST_NUMBER: Final = re.compile(r"\n\s{0,40}(?:#{1,4} {0,2})?\**\d{1,3}\**[.)、．]?\**\Z")


def _without_next_number(text: str) -> str:
    """``…it is.\n\n2.`` where the next question's number stands on a line of its own."""
    return _LAST_NUMBER.sub("", text).rstrip()


def _one_line(text: str) -> str:
    return text.strip().strip("*").strip()
