"""Every pair that a model wrote is kept, or refused for a reason that is counted.

Takes pairs in the order of their requests, so that the same answers give the same rows; knows all that was kept before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tunesmith.core.errors import UserError
from tunesmith.data.formats import COMMON_CONTROL_TOKENS
from tunesmith.data.synthesis.answers import Pair
from tunesmith.data.synthesis.similarity import KeptTexts
from tunesmith.data.synthesis.support import SupportedBy
from tunesmith.data.synthesis.tokens import num_units, words

REASONS: Final = {
    "malformed": "not in the form that was asked for",
    "too_short": "shorter than the shortest that is wanted",
    "too_long": "longer than the longest that is wanted",
    "refusal": "the model refuses, or speaks of itself",
    "leaked_prompt": "repeats the prompt's own instructions",
    "control_token": "holds a control token of a chat template",
    "copy_of_seed": "a seed, word for word",
    "near_duplicate": "too like a seed, or a row that was kept",
    "unsupported": "too few of its words stand in the passage",
    "unsupported_number": "a number that is not in the passage",
    "speaks_of_passage": "speaks of a passage that nobody sees",
    "surplus": "came when there were enough",
}
"""Every reason for which something is refused."""


@dataclass(frozen=True, slots=True)
class Standards:
    """What is asked of a pair. Lengths in words, where a Chinese character is one; shares from 0 to 1."""

    min_question_words: int = 2
    max_question_words: int = 400
    min_answer_words: int = 1
    max_answer_words: int = 2_000
    max_similarity: float = 0.7
    """Of a question to any other (ROUGE-L)."""
    min_support: float = 0.5
    """Of an answer by its passage."""

    def __post_init__(self) -> None:
        for name, value in (("--max-similarity", self.max_similarity), ("--min-support", self.min_support)):
            if not 0 <= value <= 1:
                raise UserError(f"{name} is {value:g}, which is no share.", "give one from 0 to 1")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is None for a pair that is kept; ``detail`` says more, with the figure."""

    reason: str | None
    detail: str = ""
    similarity: float = 0.0
    support: float | None = None


class Judge:
    """Keeps every question that it lets pass. ``prompt`` is the template's own text, without what is filled in."""

    def __init__(self, standards: Standards, prompt: str) -> None:
        self._standards = standards
        self._runs = {run for line in prompt.splitlines() for run in _runs(line)}
        self._kept = KeptTexts()
        self._seeds: dict[tuple[str, ...], str] = {}

    def know(self, name: str, question: str) -> None:
        """A question that was there before: a seed, a row to be added to."""
        self._kept.add(name, question)
        self._seeds.setdefault(tuple(words(question)), name)

    def judge(self, name: str, pair: Pair, passage: str | None = None) -> Verdict:
        """Under ``name`` the pair's question is known from now on, if it passes."""
        verdict = self._by_itself(pair) or (self._by_passage(pair, passage) if passage is not None else Verdict(None))
        if verdict.reason is not None:
            return verdict
        verdict = self._by_others(pair.question, verdict.support)
        if verdict.reason is None:
            self._kept.add(name, pair.question)
        return verdict

    def _by_itself(self, pair: Pair) -> Verdict | None:
        asked = self._standards
        limits = [("question", pair.question, asked.min_question_words, asked.max_question_words)]
        if pair.answer is not None:
            limits.append(("answer", pair.answer, asked.min_answer_words, asked.max_answer_words))
        for part, text, fewest, most in limits:
            if not fewest <= (length := num_units(text)) <= most:
                bound = f"fewer than {fewest}" if length < fewest else f"more than {most}"
                return Verdict(
                    "too_short" if length < fewest else "too_long", f"the {part} has {length} words, {bound}"
                )
            if token := next((token for token in COMMON_CONTROL_TOKENS if token in text), None):
                return Verdict("control_token", f"{token} in the {part}")
            if self._runs and (run := next((run for run in _runs(text) if run in self._runs), None)):
                return Verdict("leaked_prompt", f"“{' '.join(run)}” in the {part}")
            if phrase := refusal(text):
                return Verdict("refusal", f"“{phrase}” in the {part}")
        return None

    def _by_passage(self, pair: Pair, passage: str) -> Verdict:
        for text in (pair.question, pair.answer or ""):
            if (phrase := _PASSAGE.search(text)) and phrase[0].lower() not in passage.lower():
                return Verdict("speaks_of_passage", f"“{phrase[0]}”")
        support = SupportedBy(passage).judge(pair.answer or "")
        if support.numbers:
            return Verdict(
                "unsupported_number", f"not in the passage: {', '.join(support.numbers[:5])}", 0, support.share
            )
        if support.share < self._standards.min_support:
            detail = f"{support.share:.2f} of the answer's words stand in the passage"
            return Verdict("unsupported", detail, 0, support.share)
        return Verdict(None, "", 0, support.share)

    def _by_others(self, question: str, support: float | None) -> Verdict:
        if seed := self._seeds.get(tuple(words(question))):
            return Verdict("copy_of_seed", seed, 1.0, support)
        nearest = self._kept.nearest(question)
        if nearest.similarity >= self._standards.max_similarity and nearest.name is not None:
            return Verdict(
                "near_duplicate", f"{nearest.similarity:.2f} like {nearest.name}", nearest.similarity, support
            )
        return Verdict(None, "", nearest.similarity, support)


_RUN_WORDS: Final = 9


def _runs(text: str) -> list[tuple[str, ...]]:
    """Every run of nine words."""
    said = words(text)
    return [tuple(said[at : at + _RUN_WORDS]) for at in range(len(said) - _RUN_WORDS + 1)]


_HEAD: Final = 240
_REFUSALS: Final = (
    "as an ai language model", "as an ai model", "as an ai assistant", "as an ai,", "as a language model",
    "as a large language model", "i am an ai", "i'm an ai", "i'm just an ai", "i am just an ai", "i'm sorry, but i can",
    "i am sorry, but i can", "sorry, i can't", "sorry, but i can", "i'm unable to", "i am unable to", "i cannot assist",
    "i can't assist", "i cannot help with", "i can't help with", "i cannot fulfill", "i can't fulfill", "i cannot provide",
    "i can't provide", "my knowledge cutoff", "作为一个人工智能", "作为人工智能", "作为一个ai", "作为一名ai", "作为ai", "作为一个语言模型",
    "作为语言模型", "作为一个大型语言模型", "我是一个ai", "我是一个人工智能", "很抱歉,我无法", "抱歉,我无法", "对不起,我无法", "很抱歉,我不能",
    "抱歉,我不能", "对不起,我不能", "我无法提供", "我无法回答", "我不能提供",
)  # fmt: skip


def refusal(text: str) -> str | None:
    """The words by which a model refuses or names itself, at the beginning of ``text``."""
    head = " ".join(text[:_HEAD].lower().replace("’", "'").replace("，", ",").split())
    return next((phrase for phrase in _REFUSALS if phrase in head), None)


_PASSAGE: Final = re.compile(
    r"\b(?:the|this) (?:given |provided |above )?(?:passage|excerpt)\b|\b(?:given|provided|above) text\b"
    r"|according to the (?:passage|text|document)|(?:这段|上述|以上|该段)(?:文字|文本|段落|内容)|本文中?(?:提到|指出|所述)|根据(?:文中|本文|原文)",
    re.IGNORECASE,
)
