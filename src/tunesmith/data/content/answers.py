"""Answers that teach nothing: blank ones, placeholders, a model's refusals, the question again."""

from __future__ import annotations

import re
from typing import Final

_PLACEHOLDERS: Final = frozenset(
    {
        *(
            "n/a",
            "na",
            "none",
            "null",
            "nil",
            "nan",
            "todo",
            "tbd",
            "fixme",
            "xxx",
            "undefined",
            "-",
            "--",
            "...",
            "…",
            "?",
        ),
        *("[deleted]", "[removed]", "<deleted>", "<blank>", "lorem ipsum", "placeholder", "no answer", "no response"),
        *("[object object]", "#n/a", "#value!", "#ref!", "无", "暂无", "略", "待补充", "待定", "未知", "空"),
    }
)
_LONGEST_PLACEHOLDER: Final = 20
_BOILERPLATE: Final = (
    *("as an ai language model", "as an ai assistant", "as a large language model", "as a language model", "i'm an ai"),
    *("i am an ai", "i'm sorry, but i can", "i’m sorry, but i can", "i cannot assist with", "i can't assist with"),
    *("my knowledge cutoff", "my last knowledge update", "作为一个人工智能", "作为人工智能", "作为ai", "作为一个ai"),
    *("作为一名ai", "作为语言模型", "作为一个语言模型", "我是一个人工智能", "很抱歉，我无法", "抱歉，我不能"),
)
_HEAD: Final = 200


def is_placeholder(answer: str) -> bool:
    """It stands for an answer that nobody wrote."""
    return len(answer) <= _LONGEST_PLACEHOLDER and answer.strip().lower() in _PLACEHOLDERS


def may_hold_boilerplate(block: str) -> bool:
    """Whether any answer of the block needs ``boilerplate_in``."""
    lowered = block.lower()
    return any(phrase in lowered for phrase in _BOILERPLATE)


def boilerplate_in(answer: str) -> str | None:
    """A phrase by which an assistant speaks of itself or refuses, near the answer's beginning."""
    head = answer[:_HEAD].lower()
    return next((phrase for phrase in _BOILERPLATE if phrase in head), None)


_LONG_QUESTION: Final = 20
_SPACES: Final = re.compile(r"\s+")


def repeats(question: str, answer: str) -> bool:
    """The answer is the question again, or begins with all of it. Short questions may well be part of an answer."""
    asked = question.strip()
    if (
        len(asked) < _LONG_QUESTION
        or len(answer) < len(asked)
        or not answer.lstrip().startswith(asked[:_LONG_QUESTION])
    ):
        return False
    return _SPACES.sub(" ", answer.strip()).startswith(_SPACES.sub(" ", asked))
